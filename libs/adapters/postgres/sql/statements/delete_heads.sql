-- Rows that this transaction inserted only to lock them.
DELETE FROM region_head h USING unnest($1::uuid[], $2::int4[]) u(object_id, region)
WHERE h.object_id = u.object_id AND h.region = u.region
