-- I8: max(length of the greatest TRUNC, greatest hi of what is newer than it). For each class but the longest, the extent
-- that starts last bounds where the one that ends last can start: no scan of the whole object. A row, not a value: to be used
-- in FROM, where its text becomes part of the statement's plan; a value's would be planned anew at each call.
CREATE FUNCTION object_size(p_obj uuid) RETURNS TABLE (size int8)
LANGUAGE sql STABLE ROWS 1 AS $$
  SELECT greatest(
    o.trunc_len,
    coalesce((SELECT max(m.hi)
      FROM (VALUES (0::int2, 16384::int8), (1::int2, 131072), (2::int2, 1048576), (3::int2, 8388608), (4::int2, 67108864)) c(cls, len),
      LATERAL (SELECT max(e.hi) AS hi FROM extent e
               WHERE e.object_id = p_obj AND e.cls = c.cls AND (e.hlc, e.wid) > (o.trunc_hlc, o.trunc_wid)
                 AND e.lo > (SELECT f.lo FROM extent f
                             WHERE f.object_id = p_obj AND f.cls = c.cls AND (f.hlc, f.wid) > (o.trunc_hlc, o.trunc_wid)
                             ORDER BY f.lo DESC LIMIT 1) - c.len) m), 0),
    coalesce((SELECT max(e.hi) FROM extent e
              WHERE e.object_id = p_obj AND e.cls = 5 AND e.hi < 4611686018427387904
                AND (e.hlc, e.wid) > (o.trunc_hlc, o.trunc_wid)), 0))
  FROM object o WHERE o.object_id = p_obj
$$;

-- The same as of an order, by I8 on the rows of list_as_of. Reads every row: history is rare.
CREATE FUNCTION object_size_as_of(p_obj uuid, p_hlc int8) RETURNS int8
LANGUAGE sql STABLE AS $$
  WITH e AS MATERIALIZED (SELECT * FROM list_as_of(p_obj, 0, 4611686018427387904, p_hlc)),
       t AS (SELECT lo, hlc, wid FROM e WHERE hi = 4611686018427387904 ORDER BY hlc DESC, wid DESC LIMIT 1)
  SELECT greatest(coalesce((SELECT lo FROM t), 0),
                  coalesce((SELECT max(e.hi) FROM e WHERE e.hi < 4611686018427387904
                            AND (e.hlc, e.wid) > (coalesce((SELECT hlc FROM t), 0), coalesce((SELECT wid FROM t), 0))), 0))
$$;
