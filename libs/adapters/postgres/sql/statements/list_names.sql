-- Bound names in [$2, $3) behind $4.
SELECT t.name, t.hlc, t.wid, t.object_id, p.record, true, 0::int8
FROM (SELECT * FROM binding
      WHERE bucket = $1::int4 AND name >= $2::text AND name < $3::text AND name > $4::text AND object_id IS NOT NULL
      ORDER BY name LIMIT $5::int8) t
LEFT JOIN op p ON p.object_id = t.op_object AND p.op_id = t.op_id
ORDER BY t.name
