-- With nothing left, only what the bucket wants now is in use.
UPDATE recode r SET bodies = $3::int8, bytes = $4::int8,
  n = CASE WHEN $3::int8 = 0 THEN coalesce(b.k, s.default_k) + coalesce(b.m, s.default_m) ELSE r.n END,
  m = CASE WHEN $3::int8 = 0 THEN coalesce(b.m, s.default_m) ELSE r.m END
FROM bucket b, site_self s
WHERE b.bucket_id = $1::uuid AND r.bucket = b.bucket AND (extract(epoch FROM r.changed) * 1000)::int8 = $2::int8
