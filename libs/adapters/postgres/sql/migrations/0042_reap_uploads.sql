-- As before, and: an object that is part of an upload stays.
CREATE OR REPLACE FUNCTION may_reap(o object) RETURNS bool
LANGUAGE sql STABLE AS $$
  SELECT o.nbind = 0
    AND (o.state = 0 AND o.expires < now()
         OR o.state = 1 AND o.unbound_hlc <= frontier() AND NOT EXISTS (SELECT FROM peer WHERE NOT evicted)
            AND NOT EXISTS (SELECT FROM bucket b WHERE b.bucket = o.bucket AND b.history_ms > 0 AND b.history_floor_hlc < o.unbound_hlc))
    AND NOT EXISTS (SELECT FROM extent e WHERE e.from_object = o.object_id)
    AND NOT EXISTS (SELECT FROM extent_past e WHERE e.from_object = o.object_id)
    AND NOT EXISTS (SELECT FROM upload_part p WHERE p.object_id = o.object_id)
$$;

-- As before, with two things more. Uploads past their time go first, up to p_limit. And open objects that are held, up to p_limit,
-- are looked at again in a day: what was a part is held for as long as there is what was made of it, and nobody looks at all of
-- those each time.
CREATE OR REPLACE FUNCTION reap(p_limit int4) RETURNS int4
LANGUAGE plpgsql AS $$
DECLARE
  u uuid;
  o record;
  reaped int4 := 0;
BEGIN
  PERFORM must_be_thawed();
  FOR u IN SELECT t.upload_id FROM upload t WHERE t.expires < now() ORDER BY t.expires LIMIT p_limit FOR UPDATE SKIP LOCKED LOOP
    PERFORM forget_upload(u);
  END LOOP;
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
  UPDATE object t SET expires = now() + interval '1 day'
  WHERE t.object_id = ANY (ARRAY(
    SELECT h.object_id FROM object h WHERE h.state = 0 AND h.expires < now() AND h.nbind = 0 AND NOT may_reap(h)
    ORDER BY h.expires LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED));
  RETURN reaped;
END $$;
