-- Bytes [lo, hi) of an object at order (hlc, wid) are at a body or a sealed object, from its byte inner_off; both NULL: zeros.
CREATE TABLE extent (
  object_id uuid NOT NULL,
  -- span_class(hi - lo), written out: a function's body is parsed anew by every statement that inserts.
  cls int2 NOT NULL GENERATED ALWAYS AS (
    (CASE WHEN hi - lo <= 16384 THEN 0 WHEN hi - lo <= 131072 THEN 1 WHEN hi - lo <= 1048576 THEN 2
          WHEN hi - lo <= 8388608 THEN 3 WHEN hi - lo <= 67108864 THEN 4 ELSE 5 END)::int2) STORED,
  lo int8 NOT NULL, hi int8 NOT NULL,
  hlc int8 NOT NULL, wid int8 NOT NULL,
  body_id uuid, from_object uuid,
  inner_off int8 NOT NULL DEFAULT 0,
  op_id uuid NOT NULL,
  CHECK (lo < hi AND (body_id IS NULL OR from_object IS NULL))
);
-- The overlap query by length class; hi is tested inside the index.
CREATE UNIQUE INDEX extent_ov ON extent (object_id, cls, lo, hi, hlc, wid, body_id) NULLS NOT DISTINCT;
-- A row here is what keeps a body or a sealed object alive (I18): there are no reference counters.
CREATE INDEX extent_body ON extent (body_id) WHERE body_id IS NOT NULL;
CREATE INDEX extent_from ON extent (from_object) WHERE from_object IS NOT NULL;

-- Removed, but still inside the history window of their bucket (I26).
CREATE TABLE extent_past (LIKE extent INCLUDING GENERATED, gone_hlc int8 NOT NULL, bucket int4 NOT NULL);
CREATE INDEX extent_past_ov ON extent_past (object_id, cls, lo, hi);
CREATE INDEX extent_past_gone ON extent_past (bucket, gone_hlc);
CREATE INDEX extent_past_body ON extent_past (body_id) WHERE body_id IS NOT NULL;
CREATE INDEX extent_past_from ON extent_past (from_object) WHERE from_object IS NOT NULL;
