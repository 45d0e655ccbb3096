SELECT u.upload_id, u.bucket, u.name
FROM unnest($1::uuid[]) x(upload_id) JOIN upload u ON u.upload_id = x.upload_id
ORDER BY u.upload_id
FOR UPDATE OF u SKIP LOCKED
