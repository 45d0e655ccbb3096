-- The objects whose lock is not free now. Nothing here waits, so order does not matter.
SELECT q.object_id
FROM (SELECT u.object_id,
             CASE WHEN u.alone THEN pg_try_advisory_xact_lock(uuid_hash_extended(u.object_id, 1))
                  ELSE pg_try_advisory_xact_lock_shared(uuid_hash_extended(u.object_id, 1)) END AS got
      FROM unnest($1::uuid[], $2::bool[]) u(object_id, alone) OFFSET 0) q
WHERE NOT q.got
