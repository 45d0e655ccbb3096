-- Bodies are coded anew when their bucket's scheme is changed (docs/design/repair.md).

-- Buckets whose scheme was ever changed.
CREATE TABLE recode (
  bucket int4 PRIMARY KEY,
  changed timestamptz NOT NULL,
  n int2 NOT NULL, m int2 NOT NULL,                           -- the widest that its bodies may have, and the fewest they may lose
  bodies int8, bytes int8                                     -- coded otherwise, as counted last; NULL: not since the change
);
CREATE INDEX retired_since ON retired (since);

-- Bytes of plaintext: the fifth field of a body header (format, section 5.1), below 2^27.
CREATE FUNCTION body_length(h bytea) RETURNS int8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT get_byte(h, 8)::int8 + 256 * get_byte(h, 9)::int8 + 65536 * get_byte(h, 10)::int8 + 16777216 * get_byte(h, 11)::int8
$$;

-- Both functions as in 0024, but the row that is changed must have the encoding that was meant: a body may get another one while
-- this waits for its lock, and bit j of that is another shard.
CREATE OR REPLACE FUNCTION mark_missing(p_encodings uuid[], p_shards int2[]) RETURNS void
LANGUAGE sql AS $$
  UPDATE body b SET missing = b.missing | w.bits
  FROM (SELECT t.body_id, t.encoding_id, bit_or(1::int8 << u.shard) AS bits
        FROM unnest(p_encodings, p_shards) u(encoding_id, shard)
        JOIN body t ON t.pg = pg_of(u.encoding_id) AND t.encoding_id = u.encoding_id AND t.state = 1 AND u.shard < t.n
        GROUP BY t.body_id, t.encoding_id ORDER BY t.body_id) w
  WHERE b.body_id = w.body_id AND b.encoding_id = w.encoding_id AND b.state = 1 AND b.missing & w.bits <> w.bits
$$;
CREATE OR REPLACE FUNCTION clear_missing(p_encodings uuid[], p_shards int2[], p_vers int8[]) RETURNS void
LANGUAGE sql AS $$
  UPDATE body b SET missing = b.missing & ~w.bits
  FROM (SELECT t.body_id, t.encoding_id, bit_or(1::int8 << u.shard) AS bits
        FROM unnest(p_encodings, p_shards, p_vers) u(encoding_id, shard, ver)
        JOIN body t ON t.pg = pg_of(u.encoding_id) AND t.encoding_id = u.encoding_id AND t.state = 1 AND u.shard < t.n
        JOIN pgroup g ON g.pg = t.pg AND g.ver = u.ver
        GROUP BY t.body_id, t.encoding_id ORDER BY t.body_id) w
  WHERE b.body_id = w.body_id AND b.encoding_id = w.encoding_id AND b.state = 1 AND b.missing & w.bits <> 0
$$;

-- As in 0021, but what was committed meanwhile may be retired by now: its fragments have their time still.
CREATE OR REPLACE FUNCTION sweep_confirm(p_limit int4) RETURNS SETOF uuid
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM must_be_thawed();
  DELETE FROM swept w
  WHERE NOT w.confirmed
    AND (EXISTS (SELECT FROM body b WHERE b.pg = pg_of(w.encoding_id) AND b.encoding_id = w.encoding_id)
         OR EXISTS (SELECT FROM retired r WHERE r.encoding_id = w.encoding_id));
  RETURN QUERY
  UPDATE swept w SET confirmed = true
  WHERE w.encoding_id IN (SELECT z.encoding_id FROM swept z
                          WHERE NOT z.confirmed AND z.horizon <= pg_snapshot_xmin(pg_current_snapshot())
                          ORDER BY z.at LIMIT p_limit)
    AND NOT EXISTS (SELECT FROM body b WHERE b.pg = pg_of(w.encoding_id) AND b.encoding_id = w.encoding_id)
    AND NOT EXISTS (SELECT FROM retired r WHERE r.encoding_id = w.encoding_id)
  RETURNING w.encoding_id;
END $$;

-- Encodings whose readers' leases are over (I19). Their fragments are deleted upon this answer, so I25 holds for it.
CREATE FUNCTION list_retired(p_grace interval, p_limit int4) RETURNS TABLE (encoding_id uuid, n int2)
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM must_be_thawed();
  RETURN QUERY SELECT r.encoding_id, r.n FROM retired r WHERE r.since < clock_timestamp() - p_grace ORDER BY r.since LIMIT p_limit;
END $$;
