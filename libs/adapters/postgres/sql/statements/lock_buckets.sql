-- Holds off DeleteBucket, which looks for names under the exclusive form of this lock. Never contended otherwise.
SELECT count(pg_advisory_xact_lock_shared(1, b)::text) FROM unnest($1::int4[]) b
