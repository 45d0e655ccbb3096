-- Registers of order 0 to lock. Returns those that are new.
INSERT INTO binding (bucket, name, hlc, wid, op_object, op_id)
SELECT u.bucket, u.name, 0, 0, '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000'
FROM unnest($1::int4[], $2::text[]) u(bucket, name)
WHERE NOT EXISTS (SELECT FROM binding t WHERE t.bucket = u.bucket AND t.name = u.name)  -- see insert_heads
ORDER BY 1, 2
ON CONFLICT (bucket, name) DO NOTHING
RETURNING bucket, name
