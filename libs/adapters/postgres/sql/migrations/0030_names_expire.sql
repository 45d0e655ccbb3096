-- Past values of names go by bucket and the order at which they went.
DROP INDEX binding_past_gone;
CREATE INDEX binding_past_gone ON binding_past (bucket, gone_hlc) WHERE gone_hlc IS NOT NULL;

-- Past values of names that nobody can ask for any more, up to p_limit of each bucket: at or below the floor of its history (I26);
-- and what was dropped, which tells a second DROP of the same binding that it is done: until nothing can arrive below it. That takes
-- the word of every peer, so while there are any it stays. Versions have no gone_hlc and stay. Returns how many.
CREATE FUNCTION names_expire(p_limit int4) RETURNS int8
LANGUAGE plpgsql AS $$
DECLARE
  removed int8;
BEGIN
  PERFORM must_be_thawed();
  WITH site AS MATERIALIZED (SELECT frontier() AS f, EXISTS (SELECT FROM peer WHERE NOT evicted) AS peers),
  gone AS (
    DELETE FROM binding_past WHERE ctid = ANY (ARRAY(
      SELECT e.ctid FROM site s, bucket b, LATERAL (
        SELECT p.ctid FROM binding_past p
        WHERE p.bucket = b.bucket AND p.gone_hlc <= CASE WHEN b.history_ms > 0 THEN b.history_floor_hlc ELSE s.f END
          AND (NOT p.dropped OR NOT s.peers AND p.gone_hlc <= s.f)
        LIMIT p_limit) e))
    RETURNING 1)
  SELECT count(*) INTO removed FROM gone;
  RETURN removed;
END $$;
