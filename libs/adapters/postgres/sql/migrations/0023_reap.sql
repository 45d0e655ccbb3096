-- May this object stop existing (I18, I24)? An open one past its time; one without a name since an order at or below the frontier
-- and the floor of its bucket's history. While there are peers none of the latter: that takes their word, which replication brings.
CREATE FUNCTION may_reap(o object) RETURNS bool
LANGUAGE sql STABLE AS $$
  SELECT o.nbind = 0
    AND (o.state = 0 AND o.expires < now()
         OR o.state = 1 AND o.unbound_hlc <= frontier() AND NOT EXISTS (SELECT FROM peer WHERE NOT evicted)
            AND NOT EXISTS (SELECT FROM bucket b WHERE b.bucket = o.bucket AND b.history_ms > 0 AND b.history_floor_hlc < o.unbound_hlc))
    AND NOT EXISTS (SELECT FROM extent e WHERE e.from_object = o.object_id)
    AND NOT EXISTS (SELECT FROM extent_past e WHERE e.from_object = o.object_id)
$$;

-- Reaps up to p_limit objects of each kind. Lock first, then look, as in purge_mark; the first look is for candidates only, so
-- that those which have to stay hold up nobody. Returns how many went.
CREATE FUNCTION reap(p_limit int4) RETURNS int4
LANGUAGE plpgsql AS $$
DECLARE
  o record;
  reaped int4 := 0;
BEGIN
  PERFORM must_be_thawed();
  FOR o IN (SELECT t.object_id FROM object t WHERE t.state = 0 AND t.expires < now() AND may_reap(t) ORDER BY t.expires LIMIT p_limit)
           UNION ALL
           (SELECT t.object_id FROM object t WHERE t.state = 1 AND t.nbind = 0 AND t.unbound_hlc <= frontier() AND may_reap(t)
            ORDER BY t.unbound_hlc LIMIT p_limit) LOOP
    CONTINUE WHEN NOT pg_try_advisory_xact_lock(uuid_hash_extended(o.object_id, 1));
    PERFORM FROM object t WHERE t.object_id = o.object_id FOR UPDATE;
    UPDATE object t SET state = 2, expires = now()  -- from now on: it has rows to be dropped
    WHERE t.object_id = o.object_id AND may_reap(t);
    CONTINUE WHEN NOT FOUND;
    INSERT INTO journal (kind, object_id) VALUES (13, o.object_id);
    reaped := reaped + 1;
  END LOOP;
  RETURN reaped;
END $$;

-- Removes up to p_limit extents, present and past, of one reaped object, and queues their bodies; when there are none left, its
-- region heads and its content ops, which no repeat can mean any more after a day (I15). Records of names stay: registers point
-- at them. Returns how many extents went, and -1 if no reaped object has any left.
CREATE FUNCTION drop_rows(p_limit int4) RETURNS int4
LANGUAGE plpgsql AS $$
DECLARE
  o uuid;
  removed int4;
BEGIN
  PERFORM must_be_thawed();
  SELECT object_id INTO o FROM object WHERE state = 2 AND expires < now() ORDER BY expires LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN -1;
  END IF;
  WITH here AS (
    DELETE FROM extent WHERE ctid = ANY (ARRAY(SELECT ctid FROM extent WHERE object_id = o LIMIT p_limit)) RETURNING body_id),
  past AS (
    DELETE FROM extent_past WHERE ctid = ANY (ARRAY(SELECT ctid FROM extent_past WHERE object_id = o LIMIT p_limit))
    RETURNING body_id),
  gone AS (SELECT body_id FROM here UNION ALL SELECT body_id FROM past),
  queued AS (
    INSERT INTO garbage (body_id, since) SELECT DISTINCT body_id, clock_timestamp() FROM gone WHERE body_id IS NOT NULL)
  SELECT count(*) INTO removed FROM gone;
  IF removed = 0 THEN
    DELETE FROM region_head WHERE object_id = o;
    DELETE FROM op WHERE object_id = o AND kind IN (1, 2, 3, 6, 7, 8, 9) AND at < now() - interval '24 hours';
    UPDATE object t
    SET expires = CASE WHEN EXISTS (SELECT FROM op p WHERE p.object_id = o AND p.kind IN (1, 2, 3, 6, 7, 8, 9))
                       THEN now() + interval '24 hours' END
    WHERE t.object_id = o;
  END IF;
  RETURN removed;
END $$;
