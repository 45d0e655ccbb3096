-- The rows of a batch's writes: its bodies; ops, and what the journal says of them, in the order of the arrays (seq is taken
-- row by row); extents; and the heads of their regions. In one statement, for each costs something whatever it does.
-- Heads by the places that lock_heads.sql found: the rows are locked, so they have not moved.
WITH bodies AS (
  INSERT INTO body (body_id, bucket, key_epoch, header, ct_root, wrapped_dek, scheme, k, n, encoding_id, missing, inline_ct)
  SELECT * FROM unnest($1::uuid[], $2::int4[], $3::int4[], $4::bytea[], $5::bytea[], $6::bytea[], $7::int2[], $8::int2[],
                       $9::int2[], $10::uuid[], $11::int8[], $12::bytea[])),
new AS MATERIALIZED (
  SELECT * FROM unnest($13::uuid[], $14::uuid[], $15::int2[], $16::int8[], $17::int8[], $18::bytea[], $19::bytea[], $20::int2[])
                u(object_id, op_id, kind, hlc, wid, record, digest, part)),
ops AS (
  INSERT INTO op (object_id, op_id, kind, hlc, wid, record, digest, origin)
  SELECT object_id, op_id, kind, hlc, wid, record, digest, $21::int2 FROM new),
extents AS (
  INSERT INTO extent (object_id, lo, hi, hlc, wid, body_id, from_object, inner_off, op_id)
  SELECT * FROM unnest($22::uuid[], $23::int8[], $24::int8[], $25::int8[], $26::int8[], $27::uuid[], $28::uuid[], $29::int8[],
                       $30::uuid[])),
heads AS (
  UPDATE region_head h SET max_hlc = greatest(h.max_hlc, u.max_hlc), opset = h.opset # u.opset
  FROM unnest($31::tid[], $32::uuid[], $33::int4[], $34::int8[], $35::varbit[]) u(place, object_id, region, max_hlc, opset)
  WHERE h.ctid = u.place AND h.object_id = u.object_id AND h.region = u.region)
INSERT INTO journal (part, kind, object_id, op_id) SELECT part, kind, object_id, op_id FROM new
