-- I26: the floor of each bucket's history rises in a transaction of its own, before rows go.
CREATE FUNCTION history_advance() RETURNS void
LANGUAGE sql AS $$
  UPDATE bucket SET history_floor_hlc = greatest(history_floor_hlc, (now_ms() - history_ms) << 16) WHERE history_ms > 0
$$;

-- Past extents at or below their bucket's floor go, up to p_limit of each bucket; their bodies are queued. Returns how many.
CREATE FUNCTION history_expire(p_limit int4) RETURNS int8
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
    INSERT INTO garbage (body_id, since) SELECT DISTINCT body_id, clock_timestamp() FROM gone WHERE body_id IS NOT NULL)
  SELECT count(*) INTO removed FROM gone;
  RETURN removed;
END $$;
