-- Ops, and what the journal says of them, in the order of the arrays: seq is taken row by row.
WITH new AS MATERIALIZED (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int2[], $4::int8[], $5::int8[], $6::bytea[], $7::bytea[], $8::int2[])
                u(object_id, op_id, kind, hlc, wid, record, digest, part)),
stored AS (
  INSERT INTO op (object_id, op_id, kind, hlc, wid, record, digest, origin)
  SELECT object_id, op_id, kind, hlc, wid, record, digest, $9::int2 FROM new)
INSERT INTO journal (part, kind, object_id, op_id) SELECT part, kind, object_id, op_id FROM new
