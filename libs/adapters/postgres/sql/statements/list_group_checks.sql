SELECT pg, ver, coalesce(horizon <= pg_snapshot_xmin(pg_current_snapshot()), false), (extract(epoch FROM checked) * 1000)::int8
FROM pgroup ORDER BY pg
