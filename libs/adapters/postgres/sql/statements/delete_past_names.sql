DELETE FROM binding_past t USING unnest($1::int4[], $2::text[], $3::int8[], $4::int8[]) u(bucket, name, hlc, wid)
WHERE t.bucket = u.bucket AND t.name = u.name AND t.hlc = u.hlc AND t.wid = u.wid
