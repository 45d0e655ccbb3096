-- I13: raises this site's promise and journals it. The transaction id comes before the clock: a commit with a smaller id
-- stands before the entry in the journal. Committed synchronously before anybody is told.
CREATE FUNCTION advance_floor() RETURNS int8
LANGUAGE plpgsql AS $$
DECLARE f int8;
BEGIN
  PERFORM pg_current_xact_id();
  UPDATE site_self SET floor_hlc = greatest(floor_hlc, (now_ms() - 60000) << 16) RETURNING floor_hlc INTO f;
  INSERT INTO journal (kind, payload) VALUES (12, int8send(f));
  RETURN f;
END $$;
