-- A bucket whose history was shortened to nothing keeps none of its past: its floor rises to now while there are rows of it.
CREATE OR REPLACE FUNCTION history_advance() RETURNS void
LANGUAGE sql AS $$
  UPDATE bucket b SET history_floor_hlc = greatest(history_floor_hlc, (now_ms() - history_ms) << 16)
  WHERE b.history_ms > 0 OR EXISTS (SELECT FROM extent_past p WHERE p.bucket = b.bucket)
$$;
