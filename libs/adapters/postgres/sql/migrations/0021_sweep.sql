-- The time fence (format, section 10) in three transactions, each durable before the next begins.

-- Mark: a tombstone for each encoding that is too old to be committed any more, by the clock at the start of this transaction,
-- and that no body has. Returns those of p_ids that are confirmed already: their fragments may go at once.
CREATE FUNCTION sweep_mark(p_ids uuid[]) RETURNS SETOF uuid
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM must_be_thawed();
  INSERT INTO swept (encoding_id)
  SELECT DISTINCT e.id FROM unnest(p_ids) e(id), site_self s
  WHERE uuid_ms(e.id) < (extract(epoch FROM now()) * 1000)::int8 - s.max_age_ms - s.margin_ms
    AND NOT EXISTS (SELECT FROM body b WHERE b.pg = pg_of(e.id) AND b.encoding_id = e.id)
    AND NOT EXISTS (SELECT FROM retired r WHERE r.encoding_id = e.id)
  ON CONFLICT (encoding_id) DO NOTHING;
  RETURN QUERY SELECT w.encoding_id FROM swept w WHERE w.encoding_id = ANY (p_ids) AND w.confirmed;
END $$;

-- Arm: the horizon is this transaction's own id. It sees the tombstone, so every transaction with a later id does; a snapshot's
-- xmax would not do, for it may equal a running id.
CREATE FUNCTION sweep_arm() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM must_be_thawed();
  UPDATE swept SET horizon = pg_current_xact_id() WHERE horizon IS NULL AND NOT confirmed;
END $$;

-- Confirm: every transaction with an id before the horizon has ended. What it committed meanwhile lives, and its tombstone goes.
CREATE FUNCTION sweep_confirm(p_limit int4) RETURNS SETOF uuid
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM must_be_thawed();
  DELETE FROM swept w
  WHERE NOT w.confirmed AND EXISTS (SELECT FROM body b WHERE b.pg = pg_of(w.encoding_id) AND b.encoding_id = w.encoding_id);
  RETURN QUERY
  UPDATE swept w SET confirmed = true
  WHERE w.encoding_id IN (SELECT z.encoding_id FROM swept z
                          WHERE NOT z.confirmed AND z.horizon <= pg_snapshot_xmin(pg_current_snapshot())
                          ORDER BY z.at LIMIT p_limit)
    AND NOT EXISTS (SELECT FROM body b WHERE b.pg = pg_of(w.encoding_id) AND b.encoding_id = w.encoding_id)
  RETURNING w.encoding_id;
END $$;
