-- I7: what lies inside a new extent at a smaller order goes. One array element for each length class that can lie inside:
-- `cls = ANY` may be planned as a filter over the whole object.
WITH gone AS (
  DELETE FROM extent e
  USING unnest($1::uuid[], $2::int2[], $3::int8[], $4::int8[], $5::int8[], $6::int8[]) p(object_id, cls, lo, hi, hlc, wid)
  WHERE e.object_id = p.object_id AND e.cls = p.cls AND e.lo >= p.lo AND e.lo < p.hi AND e.hi <= p.hi
    AND (e.hlc, e.wid) < (p.hlc, p.wid)
  RETURNING e.body_id)
INSERT INTO garbage (body_id, since)
SELECT body_id, clock_timestamp() FROM gone WHERE body_id IS NOT NULL GROUP BY body_id
