INSERT INTO binding (bucket, name, hlc, wid, object_id, op_object, op_id, versioning)
SELECT * FROM unnest($1::int4[], $2::text[], $3::int8[], $4::int8[], $5::uuid[], $6::uuid[], $7::uuid[], $8::int2[])
ON CONFLICT (bucket, name) DO UPDATE SET hlc = excluded.hlc, wid = excluded.wid, object_id = excluded.object_id,
  op_object = excluded.op_object, op_id = excluded.op_id, versioning = excluded.versioning
