SELECT p.object_id, p.hlc, p.wid
FROM unnest($1::uuid[], $2::int8[], $3::int8[]) u(object_id, hlc, wid)
JOIN op p ON p.object_id = u.object_id AND p.hlc = u.hlc AND p.wid = u.wid
