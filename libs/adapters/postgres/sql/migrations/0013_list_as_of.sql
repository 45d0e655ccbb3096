-- The same as of order (p_hlc, any writer): rows that are still here, and removed ones whose removal came later (I26).
-- The caller has checked p_hlc >= bucket.history_floor_hlc in the same snapshot.
CREATE FUNCTION list_as_of(p_obj uuid, p_lo int8, p_hi int8, p_hlc int8)
RETURNS TABLE (lo int8, hi int8, hlc int8, wid int8, body_id uuid, from_object uuid, inner_off int8, op_id uuid)
LANGUAGE sql STABLE ROWS 100 AS $$
  SELECT * FROM list_extents(p_obj, p_lo, p_hi) e WHERE e.hlc <= p_hlc
  UNION ALL
  SELECT e.lo, e.hi, e.hlc, e.wid, e.body_id, e.from_object, e.inner_off, e.op_id
  FROM (VALUES (0::int2, 16384::int8), (1::int2, 131072), (2::int2, 1048576), (3::int2, 8388608),
               (4::int2, 67108864), (5::int2, 9223372036854775807)) c(cls, len),
  LATERAL (SELECT * FROM extent_past e
           WHERE e.object_id = p_obj AND e.cls = c.cls AND e.lo > p_lo - c.len AND e.lo < p_hi AND e.hi > p_lo
             AND e.hlc <= p_hlc AND e.gone_hlc > p_hlc) e
$$;
