-- Takes the locks of objects, each at once in the strongest mode needed, in the order of the lock key, so that no two
-- transactions wait for each other (format, section 9.1 a).
CREATE FUNCTION wait_lock_objects(p_objects uuid[], p_alone bool[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE o record;
BEGIN
  FOR o IN SELECT uuid_hash_extended(u.object_id, 1) AS key, u.alone
           FROM unnest(p_objects, p_alone) u(object_id, alone) ORDER BY 1 LOOP
    IF o.alone THEN
      PERFORM pg_advisory_xact_lock(o.key);
    ELSE
      PERFORM pg_advisory_xact_lock_shared(o.key);
    END IF;
  END LOOP;
END $$;
