-- Returns the newest committed state of what it locks, whatever its snapshot was: no second look is needed.
SELECT h.object_id, h.region, h.max_hlc, h.ctid
FROM unnest($1::uuid[], $2::int4[]) u(object_id, region)
JOIN region_head h ON h.object_id = u.object_id AND h.region = u.region
ORDER BY h.object_id, h.region
FOR UPDATE OF h SKIP LOCKED
