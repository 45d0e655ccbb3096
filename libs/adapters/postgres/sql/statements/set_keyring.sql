UPDATE bucket SET keyring = $3::bytea, keyring_ver = keyring_ver + 1 WHERE bucket_id = $1::uuid AND keyring_ver = $2::int8
