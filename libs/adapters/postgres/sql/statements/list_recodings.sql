SELECT b.bucket_id, b.name, coalesce(b.k, s.default_k), coalesce(b.m, s.default_m), (extract(epoch FROM r.changed) * 1000)::int8,
       r.bodies, r.bytes
FROM recode r JOIN bucket b ON b.bucket = r.bucket, site_self s ORDER BY b.name
