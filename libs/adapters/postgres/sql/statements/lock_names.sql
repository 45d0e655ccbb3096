SELECT t.bucket, t.name, t.hlc, t.wid, t.object_id, t.op_object, t.op_id, t.versioning
FROM unnest($1::int4[], $2::text[]) u(bucket, name)
JOIN binding t ON t.bucket = u.bucket AND t.name = u.name
ORDER BY t.bucket, t.name
FOR UPDATE OF t SKIP LOCKED
