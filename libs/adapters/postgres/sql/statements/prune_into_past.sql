-- The same in a bucket with history (I26). Where several prunes take a row, the smallest `gone` counts.
WITH taken AS (
  SELECT e.ctid AS row, min(p.gone) AS gone, min(p.bucket) AS bucket
  FROM unnest($1::uuid[], $2::int2[], $3::int8[], $4::int8[], $5::int8[], $6::int8[], $7::int8[], $8::int4[])
       p(object_id, cls, lo, hi, hlc, wid, gone, bucket)
  JOIN extent e ON e.object_id = p.object_id AND e.cls = p.cls AND e.lo >= p.lo AND e.lo < p.hi AND e.hi <= p.hi
       AND (e.hlc, e.wid) < (p.hlc, p.wid)
  GROUP BY e.ctid),
removed AS (
  DELETE FROM extent e USING taken WHERE e.ctid = taken.row RETURNING e.*, taken.gone, taken.bucket)
INSERT INTO extent_past (object_id, lo, hi, hlc, wid, body_id, from_object, inner_off, op_id, gone_hlc, bucket)
SELECT object_id, lo, hi, hlc, wid, body_id, from_object, inner_off, op_id, gone, bucket FROM removed
