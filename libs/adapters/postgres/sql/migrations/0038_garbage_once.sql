-- A body that lost many rows at once is queued once: DISTINCT would count the clock, which is read for each row.

-- Past extents at or below their bucket's floor go, up to p_limit of each bucket; their bodies are queued. Returns how many.
CREATE OR REPLACE FUNCTION history_expire(p_limit int4) RETURNS int8
LANGUAGE plpgsql AS $$
DECLARE
  removed int8;
BEGIN
  PERFORM must_be_thawed();
  WITH gone AS (
    DELETE FROM extent_past WHERE ctid = ANY (ARRAY(
      SELECT e.ctid FROM bucket b, LATERAL (
        SELECT p.ctid FROM extent_past p WHERE p.bucket = b.bucket AND p.gone_hlc <= b.history_floor_hlc LIMIT p_limit) e))
    RETURNING body_id),
  queued AS (
    INSERT INTO garbage (body_id, since)
      SELECT body_id, clock_timestamp() FROM gone WHERE body_id IS NOT NULL GROUP BY body_id)
  SELECT count(*) INTO removed FROM gone;
  RETURN removed;
END $$;

-- Removes up to p_limit extents, present and past, of one reaped object, and queues their bodies; when there are none left, its
-- region heads and its content ops, which no repeat can mean any more after a day (I15). Records of names stay: registers point
-- at them. Returns how many extents went, and -1 if no reaped object has any left.
CREATE OR REPLACE FUNCTION drop_rows(p_limit int4) RETURNS int4
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
    INSERT INTO garbage (body_id, since)
      SELECT body_id, clock_timestamp() FROM gone WHERE body_id IS NOT NULL GROUP BY body_id)
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
