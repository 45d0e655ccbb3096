-- Whatever the schema holds unique and the ops of a batch would insert again: 1 ops, 2 orders, 3 bodies, 4 encodings that a
-- body has.
SELECT 1::int2, p.object_id, p.op_id, NULL::int8, NULL::int8, p.digest
FROM unnest($1::uuid[], $2::uuid[]) u(object_id, op_id) JOIN op p ON p.object_id = u.object_id AND p.op_id = u.op_id
UNION ALL
SELECT 2::int2, p.object_id, NULL, p.hlc, p.wid, NULL
FROM unnest($3::uuid[], $4::int8[], $5::int8[]) u(object_id, hlc, wid)
JOIN op p ON p.object_id = u.object_id AND p.hlc = u.hlc AND p.wid = u.wid
UNION ALL
SELECT 3::int2, NULL, b.body_id, NULL, NULL, NULL
FROM unnest($6::uuid[]) u(body_id) JOIN body b ON b.body_id = u.body_id
UNION ALL
SELECT 4::int2, NULL, b.encoding_id, NULL, NULL, NULL
FROM unnest($7::uuid[], $8::int2[]) u(encoding_id, pg) JOIN body b ON b.pg = u.pg AND b.encoding_id = u.encoding_id
