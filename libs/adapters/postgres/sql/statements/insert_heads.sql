-- Rows to lock for regions never written to, of objects that exist. Returns those that are new. Asks first whether a row is
-- there: ON CONFLICT DO NOTHING alone would wait for whoever is updating it.
INSERT INTO region_head (object_id, region, max_hlc)
SELECT u.object_id, u.region, 0
FROM unnest($1::uuid[], $2::int4[]) u(object_id, region)
WHERE EXISTS (SELECT FROM object o WHERE o.object_id = u.object_id)
  AND NOT EXISTS (SELECT FROM region_head h WHERE h.object_id = u.object_id AND h.region = u.region)
ORDER BY 1, 2
ON CONFLICT (object_id, region) DO NOTHING
RETURNING object_id, region
