INSERT INTO extent (object_id, lo, hi, hlc, wid, body_id, from_object, inner_off, op_id)
SELECT * FROM unnest($1::uuid[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::uuid[], $7::uuid[], $8::int8[], $9::uuid[])
