-- The rows of a batch's writes: its bodies; ops, and what the journal says of them, in the order of the arrays (seq is taken
-- row by row); extents; and the heads of their regions. In one statement, for each costs something whatever it does. The ciphertext of
-- passing bodies goes to the table of the day.
-- Heads by the places that lock_heads.sql found: the rows are locked, so they have not moved.
WITH passing AS (
  INSERT INTO inline_ct (day, body_id, ct)
  SELECT (now() AT TIME ZONE 'UTC')::date, u.body_id, u.ct FROM unnest($37::uuid[], $38::bytea[]) u(body_id, ct)),
bodies AS (
  INSERT INTO body (body_id, bucket, key_epoch, header, ct_root, wrapped_dek, scheme, k, n, encoding_id, missing, inline_ct, inline_day)
  SELECT body_id, bucket, key_epoch, header, ct_root, wrapped_dek, scheme, k, n, encoding_id, missing, inline_ct,
         CASE WHEN passes THEN (now() AT TIME ZONE 'UTC')::date END
  FROM unnest($1::uuid[], $2::int4[], $3::int4[], $4::bytea[], $5::bytea[], $6::bytea[], $7::int2[], $8::int2[],
              $9::int2[], $10::uuid[], $11::int8[], $12::bytea[], $13::bool[])
       u(body_id, bucket, key_epoch, header, ct_root, wrapped_dek, scheme, k, n, encoding_id, missing, inline_ct, passes)),
new AS MATERIALIZED (
  SELECT * FROM unnest($14::uuid[], $15::uuid[], $16::int2[], $17::int8[], $18::int8[], $19::bytea[], $20::bytea[], $21::int2[])
                u(object_id, op_id, kind, hlc, wid, record, digest, part)),
ops AS (
  INSERT INTO op (object_id, op_id, kind, hlc, wid, record, digest, origin)
  SELECT object_id, op_id, kind, hlc, wid, record, digest, $22::int2 FROM new),
extents AS (
  INSERT INTO extent (object_id, lo, hi, hlc, wid, body_id, from_object, inner_off, op_id)
  SELECT * FROM unnest($23::uuid[], $24::int8[], $25::int8[], $26::int8[], $27::int8[], $28::uuid[], $29::uuid[], $30::int8[],
                       $31::uuid[])),
heads AS (
  UPDATE region_head h SET max_hlc = greatest(h.max_hlc, u.max_hlc), opset = h.opset # u.opset
  FROM unnest($32::tid[], $33::uuid[], $34::int4[], $35::int8[], $36::varbit[]) u(place, object_id, region, max_hlc, opset)
  WHERE h.ctid = u.place AND h.object_id = u.object_id AND h.region = u.region)
INSERT INTO journal (part, kind, object_id, op_id) SELECT part, kind, object_id, op_id FROM new
