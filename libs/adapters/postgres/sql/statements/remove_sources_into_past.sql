-- The same in a bucket with history: $8 and $9 are gone_hlc of sources of at most a region, and of longer ones (I26).
WITH covered AS MATERIALIZED (
  SELECT e.ctid AS row
  FROM unnest($2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::uuid[], $7::uuid[]) s(lo, hi, hlc, wid, body_id, from_object)
  JOIN extent e ON e.object_id = $1::uuid AND e.cls = span_class(s.hi - s.lo) AND e.lo = s.lo AND e.hi = s.hi AND e.hlc = s.hlc
       AND e.wid = s.wid AND e.body_id IS NOT DISTINCT FROM s.body_id AND e.from_object IS NOT DISTINCT FROM s.from_object
  FOR UPDATE OF e SKIP LOCKED),
gone AS (
  DELETE FROM extent e USING covered WHERE e.ctid = covered.row RETURNING e.*)
INSERT INTO extent_past (object_id, lo, hi, hlc, wid, body_id, from_object, inner_off, op_id, gone_hlc, bucket)
SELECT object_id, lo, hi, hlc, wid, body_id, from_object, inner_off, op_id,
       CASE WHEN cls < 5 THEN $8::int8 ELSE $9::int8 END, (SELECT bucket FROM object o WHERE o.object_id = $1::uuid)
FROM gone
