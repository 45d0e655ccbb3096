-- Sets the bits of these shards, each (encoding, number), of live bodies. Rows are locked in the order of their ids.
CREATE FUNCTION mark_missing(p_encodings uuid[], p_shards int2[]) RETURNS void
LANGUAGE sql AS $$
  UPDATE body b SET missing = b.missing | w.bits
  FROM (SELECT t.body_id, bit_or(1::int8 << u.shard) AS bits
        FROM unnest(p_encodings, p_shards) u(encoding_id, shard)
        JOIN body t ON t.pg = pg_of(u.encoding_id) AND t.encoding_id = u.encoding_id AND t.state = 1 AND u.shard < t.n
        GROUP BY t.body_id ORDER BY t.body_id) w
  WHERE b.body_id = w.body_id AND b.state = 1 AND b.missing & w.bits <> w.bits
$$;

-- Clears them where the group still has the version by which somebody saw that they stand at their places. A group that changes at
-- the same time is checked anew after this transaction has ended (horizon), so nothing is forgotten.
CREATE FUNCTION clear_missing(p_encodings uuid[], p_shards int2[], p_vers int8[]) RETURNS void
LANGUAGE sql AS $$
  UPDATE body b SET missing = b.missing & ~w.bits
  FROM (SELECT t.body_id, bit_or(1::int8 << u.shard) AS bits
        FROM unnest(p_encodings, p_shards, p_vers) u(encoding_id, shard, ver)
        JOIN body t ON t.pg = pg_of(u.encoding_id) AND t.encoding_id = u.encoding_id AND t.state = 1 AND u.shard < t.n
        JOIN pgroup g ON g.pg = t.pg AND g.ver = u.ver
        GROUP BY t.body_id ORDER BY t.body_id) w
  WHERE b.body_id = w.body_id AND b.state = 1 AND b.missing & w.bits <> 0
$$;

-- Notes that all shards of these groups were looked for. Members are ACTIVE, and older places forgotten, where no shard is missing.
-- The lock of the map comes first: a change of membership writes whole groups.
CREATE FUNCTION groups_checked(p_pgs int2[], p_vers int8[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM cluster_map FOR UPDATE;
  UPDATE pgroup g SET checked = now() FROM unnest(p_pgs, p_vers) u(pg, ver) WHERE g.pg = u.pg AND g.ver = u.ver;
  UPDATE pgroup g SET mstate = array_fill(0::int2, ARRAY[cardinality(g.stores)]), prev = '{}'
  FROM unnest(p_pgs, p_vers) u(pg, ver)
  WHERE g.pg = u.pg AND g.ver = u.ver AND (1 = ANY (g.mstate) OR cardinality(g.prev) > 0)
    AND NOT EXISTS (SELECT FROM body b WHERE b.pg = g.pg AND b.missing <> 0 AND b.state = 1);
  IF FOUND THEN
    UPDATE cluster_map SET version = version + 1;
  END IF;
END $$;
