-- The site, its clock and the version of the cluster map, and the buckets that are there: one row for each, at least one.
-- The transaction id comes before the clock is read (I13, I20): x is a row below the select list.
WITH x AS MATERIALIZED (SELECT pg_current_xact_id() AS id)
SELECT s.site_id, now_ms(), s.floor_hlc, s.max_age_ms, s.skew_ms, s.drift_ms, (SELECT version FROM cluster_map),
       b.bucket_id, b.versioning, b.history_ms > 0
FROM x CROSS JOIN site_self s
LEFT JOIN (SELECT b.* FROM unnest($1::uuid[]) u(bucket_id) JOIN bucket b ON b.bucket_id = u.bucket_id) b ON true
WHERE x.id IS NOT NULL
