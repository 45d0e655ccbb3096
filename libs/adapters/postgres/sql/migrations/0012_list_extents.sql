-- The extents of an object that overlap [p_lo, p_hi), in no order. An extent of a class starts less than the class's
-- greatest length before p_lo if it overlaps: one short range of extent_ov for each class.
CREATE FUNCTION list_extents(p_obj uuid, p_lo int8, p_hi int8)
RETURNS TABLE (lo int8, hi int8, hlc int8, wid int8, body_id uuid, from_object uuid, inner_off int8, op_id uuid)
LANGUAGE sql STABLE ROWS 50 AS $$
  SELECT e.lo, e.hi, e.hlc, e.wid, e.body_id, e.from_object, e.inner_off, e.op_id
  FROM (VALUES (0::int2, 16384::int8), (1::int2, 131072), (2::int2, 1048576), (3::int2, 8388608),
               (4::int2, 67108864), (5::int2, 9223372036854775807)) c(cls, len),
  LATERAL (SELECT * FROM extent e
           WHERE e.object_id = p_obj AND e.cls = c.cls AND e.lo > p_lo - c.len AND e.lo < p_hi AND e.hi > p_lo) e
$$;
