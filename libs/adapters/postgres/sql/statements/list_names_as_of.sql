-- The same as of $6: each name's value as resolve_name_as_of has it.
SELECT t.name, t.hlc, t.wid, t.object_id, p.record, t.current, t.gone
FROM (SELECT * FROM (
        SELECT DISTINCT ON (name) * FROM (
          SELECT name, hlc, wid, object_id, op_object, op_id, true AS current, 0::int8 AS gone FROM binding
          WHERE bucket = $1::int4 AND name >= $2::text AND name < $3::text AND name > $4::text AND hlc > 0 AND hlc <= $6::int8
          UNION ALL
          SELECT name, hlc, wid, object_id, op_object, op_id, false, coalesce(gone_hlc, 0) FROM binding_past
          WHERE bucket = $1::int4 AND name >= $2::text AND name < $3::text AND name > $4::text AND hlc <= $6::int8 AND NOT dropped
            AND (gone_hlc IS NULL OR gone_hlc > $6::int8)) v
        ORDER BY name, hlc DESC, wid DESC) w
      WHERE object_id IS NOT NULL ORDER BY name LIMIT $5::int8) t
LEFT JOIN op p ON p.object_id = t.op_object AND p.op_id = t.op_id
ORDER BY t.name
