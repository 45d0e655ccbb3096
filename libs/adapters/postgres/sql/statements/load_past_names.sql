-- Past bindings that DROPs name, and for each name the newest $3 that are not dropped: one of them becomes current.
SELECT t.bucket, t.name, t.hlc, t.wid, t.object_id, t.op_object, t.op_id, t.dropped, t.gone_hlc
FROM unnest($4::int4[], $5::text[], $6::int8[], $7::int8[]) d(bucket, name, hlc, wid)
JOIN binding_past t ON t.bucket = d.bucket AND t.name = d.name AND t.hlc = d.hlc AND t.wid = d.wid
UNION ALL
SELECT t.bucket, t.name, t.hlc, t.wid, t.object_id, t.op_object, t.op_id, t.dropped, t.gone_hlc
FROM unnest($1::int4[], $2::text[], $3::int8[]) u(bucket, name, newest),
LATERAL (SELECT * FROM binding_past p WHERE p.bucket = u.bucket AND p.name = u.name AND NOT p.dropped
         ORDER BY p.hlc DESC, p.wid DESC LIMIT u.newest) t
