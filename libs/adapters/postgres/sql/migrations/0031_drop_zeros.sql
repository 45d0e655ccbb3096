CREATE INDEX extent_zeros ON extent (object_id) WHERE body_id IS NULL AND from_object IS NULL;

-- I14: zeros of an object that change no byte and no size: at or below its last truncation, where nothing more can arrive (peers), and
-- nothing lies under or over them. Only those older than all bytes that are left: zero_floor would pass those, and a rehome of them
-- would be refused for good. In a bucket with history truncations stay, for as of then they say how long the object was. An object of
-- more than 20,000 extents keeps its zeros: reading all of it takes too long.
CREATE FUNCTION needless_zeros(p_obj uuid)
RETURNS TABLE (lo int8, hi int8, hlc int8, wid int8, op_id uuid, bucket int4, history bool)
LANGUAGE sql STABLE ROWS 10 AS $$
  SELECT z.lo, z.hi, z.hlc, z.wid, z.op_id, o.bucket, coalesce(b.history_ms > 0, false)
  FROM object o LEFT JOIN bucket b ON b.bucket = o.bucket
  CROSS JOIN LATERAL (
    SELECT count(*) AS extents, min(x.hlc) FILTER (WHERE x.body_id IS NOT NULL OR x.from_object IS NOT NULL) AS oldest
    FROM (SELECT e.hlc, e.body_id, e.from_object FROM extent e WHERE e.object_id = p_obj LIMIT 20001) x) a
  JOIN extent z ON z.object_id = p_obj AND z.body_id IS NULL AND z.from_object IS NULL
  WHERE o.object_id = p_obj AND o.state < 2 AND a.extents <= 20000
    AND (z.hlc, z.wid) <= (o.trunc_hlc, o.trunc_wid) AND (a.oldest IS NULL OR z.hlc < a.oldest)
    AND (NOT EXISTS (SELECT FROM peer) OR z.hlc <= frontier())
    AND (z.hi < 4611686018427387904 OR coalesce(b.history_ms, 0) = 0)
    AND NOT EXISTS (SELECT FROM list_extents(p_obj, z.lo, z.hi) x
                    WHERE (x.lo, x.hi, x.hlc, x.wid) <> (z.lo, z.hi, z.hlc, z.wid)
                       OR x.body_id IS NOT NULL OR x.from_object IS NOT NULL)
$$;

-- Drops them from up to p_limit objects, those after p_after. A first look tells which objects are worth their lock; who is writing
-- to one is not waited for. Returns how many went, and the last object that was looked at; NULL if there is none.
CREATE FUNCTION drop_zeros(p_after uuid, p_limit int4, OUT dropped int8, OUT last uuid)
LANGUAGE plpgsql AS $$
DECLARE
  o uuid;
  newest int8;
  went int8;
BEGIN
  PERFORM must_be_thawed();
  dropped := 0;
  FOR o IN SELECT DISTINCT e.object_id FROM extent e
           WHERE e.body_id IS NULL AND e.from_object IS NULL AND e.object_id > p_after ORDER BY e.object_id LIMIT p_limit LOOP
    last := o;
    CONTINUE WHEN NOT EXISTS (SELECT FROM needless_zeros(o));
    CONTINUE WHEN NOT pg_try_advisory_xact_lock(uuid_hash_extended(o, 1));
    SELECT greatest(t.span_hlc, (SELECT max(h.max_hlc) FROM region_head h WHERE h.object_id = o)) INTO newest
    FROM object t WHERE t.object_id = o FOR NO KEY UPDATE;
    WITH needless AS MATERIALIZED (SELECT * FROM needless_zeros(o)),
    gone AS (
      DELETE FROM extent e USING needless z
      WHERE e.object_id = o AND e.cls = span_class(z.hi - z.lo) AND e.lo = z.lo AND e.hi = z.hi AND e.hlc = z.hlc AND e.wid = z.wid
        AND e.body_id IS NULL AND e.from_object IS NULL
      RETURNING z.*),
    past AS (
      INSERT INTO extent_past (object_id, lo, hi, hlc, wid, inner_off, op_id, gone_hlc, bucket)
      SELECT o, g.lo, g.hi, g.hlc, g.wid, 0, g.op_id, newest, g.bucket FROM gone g WHERE g.history),
    raised AS (
      UPDATE object t SET zero_floor = greatest(t.zero_floor, g.hlc) FROM (SELECT max(hlc) AS hlc FROM gone) g
      WHERE t.object_id = o AND g.hlc IS NOT NULL)
    SELECT count(*) INTO went FROM gone;
    dropped := dropped + went;
  END LOOP;
END $$;
