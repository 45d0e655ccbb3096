SELECT t.name, t.hlc, t.wid, t.object_id, p.record, t.current, t.gone, t.versioning, NULL::bytea
FROM (SELECT name, hlc, wid, object_id, op_object, op_id, versioning, true AS current, 0::int8 AS gone
      FROM binding WHERE bucket = $1::int4 AND name = $2::text AND hlc > 0
      UNION ALL
      SELECT name, hlc, wid, object_id, op_object, op_id, versioning, false, coalesce(gone_hlc, 0)
      FROM binding_past WHERE bucket = $1::int4 AND name = $2::text AND NOT dropped) t
LEFT JOIN op p ON p.object_id = t.op_object AND p.op_id = t.op_id
ORDER BY t.current DESC, t.hlc DESC, t.wid DESC
