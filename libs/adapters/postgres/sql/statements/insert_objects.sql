-- Rows to lock for objects that a Commit may create. Returns those that are new; what stays unused is deleted again.
INSERT INTO object (object_id, bucket)
SELECT u.object_id, u.bucket FROM unnest($1::uuid[], $2::int4[]) u(object_id, bucket)
WHERE NOT EXISTS (SELECT FROM object o WHERE o.object_id = u.object_id)  -- see insert_heads
ORDER BY 1
ON CONFLICT (object_id) DO NOTHING
RETURNING object_id
