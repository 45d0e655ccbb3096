-- The site, its clock and the version of the cluster map, and the buckets that are there: one row for each, at least one.
SELECT s.site_id, now_ms(), s.floor_hlc, s.max_age_ms, s.skew_ms, s.drift_ms, (SELECT version FROM cluster_map),
       b.bucket_id, b.versioning, b.history_ms > 0
FROM site_self s
LEFT JOIN (SELECT b.* FROM unnest($1::uuid[]) u(bucket_id) JOIN bucket b ON b.bucket_id = u.bucket_id) b ON true
