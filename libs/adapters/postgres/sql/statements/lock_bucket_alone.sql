-- Waits for Commits that touch names of the bucket, and holds new ones off.
SELECT pg_advisory_xact_lock(1, $1::int4)::text
