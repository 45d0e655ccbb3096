-- A body may lose several rows, each at its time: every one is waited for.
ALTER TABLE garbage DROP COLUMN seq;  -- and its index: rows are found by body, and by time
CREATE INDEX garbage_body ON garbage (body_id);

-- I18, I19: looks at up to p_limit bodies that lost a row longer than p_grace ago, where every peer has read our journal past that. One
-- that lost another row, of which this is not so yet, is left to that. Of those that no row names the ones with fragments are marked;
-- inline ones go at once, for no store has to be told. The lock comes first (it waits for a clone in flight), the look second, in a
-- statement and so with a snapshot of its own: in one statement the look would be as old as the wait. Returns how many it has
-- looked at.
CREATE OR REPLACE FUNCTION purge_mark(p_grace interval, p_limit int4) RETURNS int4
LANGUAGE plpgsql AS $$
DECLARE
  g record;
  looked int4 := 0;
BEGIN
  PERFORM must_be_thawed();
  FOR g IN SELECT q.ctid AS place, q.body_id FROM garbage q
           WHERE q.since < now() - p_grace AND NOT EXISTS (SELECT FROM peer p WHERE NOT p.evicted AND p.sent_xid < q.hold)
           ORDER BY q.since LIMIT p_limit FOR UPDATE SKIP LOCKED LOOP
    PERFORM FROM body b WHERE b.body_id = g.body_id AND b.state = 1 FOR UPDATE;
    IF NOT EXISTS (SELECT FROM extent e WHERE e.body_id = g.body_id)
       AND NOT EXISTS (SELECT FROM extent_past e WHERE e.body_id = g.body_id)
       AND NOT EXISTS (SELECT FROM garbage y WHERE y.body_id = g.body_id
                       AND (y.since >= now() - p_grace
                            OR EXISTS (SELECT FROM peer p WHERE NOT p.evicted AND p.sent_xid < y.hold))) THEN
      DELETE FROM body b WHERE b.body_id = g.body_id AND b.state = 1 AND b.encoding_id IS NULL;
      UPDATE body b SET state = 3 WHERE b.body_id = g.body_id AND b.state = 1;
    END IF;
    DELETE FROM garbage q WHERE q.ctid = g.place;
    looked := looked + 1;
  END LOOP;
  RETURN looked;
END $$;
