-- The newest order of a region, and of all regions of an object.
SELECT coalesce(max(h.max_hlc) FILTER (WHERE h.region = $2::int4), 0), coalesce(max(h.max_hlc), 0)
FROM region_head h WHERE h.object_id = $1::uuid
