-- The first number above all that were given that no store has or had: the next, or the one behind a store that was put there by hand.
-- Behind lock_map: a snapshot from before the lock would not show the stores that were put there meanwhile.
UPDATE cluster_map SET last_store = (
  SELECT min(c.id)
  FROM (SELECT last_store::int8 + 1
        UNION ALL
        SELECT s.store_id::int8 + 1 FROM store s WHERE s.store_id > last_store) c (id)
  WHERE NOT EXISTS (SELECT FROM store s WHERE s.store_id = c.id))
RETURNING last_store
