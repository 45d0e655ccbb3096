INSERT INTO bucket (bucket, bucket_id, name, integrity, etag, k, m, w, history_ms, versioning, keyring, keyring_ver)
VALUES (nextval('bucket_number'), $1::uuid, $2::text, $3::int2, $4::int2, $5::int2, $6::int2, $7::int2, $8::int8, $9::int2, $10::bytea, $11::int8)
ON CONFLICT DO NOTHING
