SELECT t.name, t.hlc, t.wid, t.object_id, p.record, true, 0::int8, t.versioning, o.meta
FROM binding t LEFT JOIN op p ON p.object_id = t.op_object AND p.op_id = t.op_id LEFT JOIN object o ON o.object_id = t.object_id
WHERE t.bucket = $1::int4 AND t.name = $2::text AND t.hlc > 0
