-- One rehome at a time takes sources of a region away: else each of two could rest on what the other takes.
SELECT pg_advisory_xact_lock(uuid_hash_extended($1::uuid, 2 + $2::int4))::text
