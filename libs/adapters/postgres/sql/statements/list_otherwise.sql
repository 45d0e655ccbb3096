-- A page of a bucket's bodies: those coded otherwise than SchemeFor wants (libs/model/scheme.h), and the last of the page in any case.
-- The last columns: its place, whether it is one of them, how many were looked at.
WITH u AS MATERIALIZED (
  SELECT b.bucket, coalesce(b.k, s.default_k) AS k, coalesce(b.m, s.default_m) AS m FROM bucket b, site_self s WHERE b.bucket_id = $1::uuid),
page AS MATERIALIZED (
  SELECT body_id, encoding_id, scheme, k, n, header, ct_root, missing, key_epoch, state FROM body
  WHERE bucket = (SELECT bucket FROM u) AND (key_epoch, body_id) > ($2::int4, $3::uuid) ORDER BY key_epoch, body_id LIMIT $4::int4),
judged AS (
  SELECT p.*, p.encoding_id IS NOT NULL AND p.state = 1
              AND (p.k, p.n) <> (CASE WHEN body_length(p.header) < 4096 * u.k THEN 1 ELSE u.k END,
                                 CASE WHEN body_length(p.header) < 4096 * u.k THEN 1 ELSE u.k END + u.m) AS otherwise
  FROM page p, u)
SELECT body_id, encoding_id, scheme, k, n, header, ct_root, missing, key_epoch, otherwise, (SELECT count(*) FROM page)
FROM judged
WHERE otherwise OR (key_epoch, body_id) = (SELECT key_epoch, body_id FROM page ORDER BY key_epoch DESC, body_id DESC LIMIT 1)
ORDER BY key_epoch, body_id
