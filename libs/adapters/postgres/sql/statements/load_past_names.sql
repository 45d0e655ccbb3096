-- Past bindings that DROPs name; for each such name its newest $3 versions, one of which becomes current; and the null versions of names.
SELECT t.bucket, t.name, t.hlc, t.wid, t.object_id, t.op_object, t.op_id, t.versioning, t.dropped, t.gone_hlc
FROM unnest($4::int4[], $5::text[], $6::int8[], $7::int8[]) d(bucket, name, hlc, wid)
JOIN binding_past t ON t.bucket = d.bucket AND t.name = d.name AND t.hlc = d.hlc AND t.wid = d.wid
UNION ALL
SELECT t.bucket, t.name, t.hlc, t.wid, t.object_id, t.op_object, t.op_id, t.versioning, t.dropped, t.gone_hlc
FROM unnest($1::int4[], $2::text[], $3::int8[]) u(bucket, name, newest),
LATERAL (SELECT * FROM binding_past p WHERE p.bucket = u.bucket AND p.name = u.name AND NOT p.dropped AND p.gone_hlc IS NULL
         ORDER BY p.hlc DESC, p.wid DESC LIMIT u.newest) t
UNION ALL
SELECT t.bucket, t.name, t.hlc, t.wid, t.object_id, t.op_object, t.op_id, t.versioning, t.dropped, t.gone_hlc
FROM unnest($8::int4[], $9::text[]) n(bucket, name)
JOIN binding_past t ON t.bucket = n.bucket AND t.name = n.name AND t.versioning <> 1 AND t.gone_hlc IS NULL AND NOT t.dropped
