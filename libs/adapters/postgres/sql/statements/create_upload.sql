-- Nothing if the bucket is gone, or if there is an upload of this id.
INSERT INTO upload (upload_id, bucket, name, meta)
SELECT $1::uuid, b.bucket, $3::text, $4::bytea FROM bucket b WHERE b.bucket = $2::int4
ON CONFLICT (upload_id) DO NOTHING
