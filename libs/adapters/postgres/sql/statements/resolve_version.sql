-- The version of a name that was made at an order ($3, $4), a delete marker too.
SELECT t.name, t.hlc, t.wid, t.object_id, p.record, t.current, 0::int8, t.versioning, o.meta
FROM (SELECT name, hlc, wid, object_id, op_object, op_id, versioning, true AS current
      FROM binding WHERE bucket = $1::int4 AND name = $2::text AND hlc = $3::int8 AND wid = $4::int8
        AND (object_id IS NOT NULL OR versioning <> 0)
      UNION ALL
      SELECT name, hlc, wid, object_id, op_object, op_id, versioning, false
      FROM binding_past WHERE bucket = $1::int4 AND name = $2::text AND hlc = $3::int8 AND wid = $4::int8
        AND gone_hlc IS NULL AND NOT dropped) t
LEFT JOIN op p ON p.object_id = t.op_object AND p.op_id = t.op_id
LEFT JOIN object o ON o.object_id = t.object_id
