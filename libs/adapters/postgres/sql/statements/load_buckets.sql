SELECT b.bucket_id, b.bucket, b.versioning, b.history_ms > 0
FROM unnest($1::uuid[]) u(bucket_id) JOIN bucket b ON b.bucket_id = u.bucket_id
