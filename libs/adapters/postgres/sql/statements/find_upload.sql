SELECT u.upload_id, u.name, u.meta FROM upload u WHERE u.upload_id = $1::uuid AND u.bucket = $2::int4
