INSERT INTO binding_past (bucket, name, hlc, wid, object_id, op_object, op_id, versioning, dropped, gone_hlc)
SELECT * FROM unnest($1::int4[], $2::text[], $3::int8[], $4::int8[], $5::uuid[], $6::uuid[], $7::uuid[], $8::int2[], $9::bool[], $10::int8[])
ON CONFLICT (bucket, name, hlc, wid) DO UPDATE SET object_id = excluded.object_id, op_object = excluded.op_object,
  op_id = excluded.op_id, versioning = excluded.versioning, dropped = excluded.dropped, gone_hlc = excluded.gone_hlc
