CREATE INDEX swept_done ON swept (at) WHERE confirmed;

-- Confirmed tombstones stay 30 days (format, section 10). A fragment that a store reports later is marked anew.
CREATE FUNCTION sweep_forget(p_limit int4) RETURNS int8
LANGUAGE plpgsql AS $$
DECLARE
  forgotten int8;
BEGIN
  PERFORM must_be_thawed();
  WITH gone AS (
    DELETE FROM swept WHERE encoding_id IN (
      SELECT w.encoding_id FROM swept w WHERE w.confirmed AND w.at < now() - interval '30 days' ORDER BY w.at LIMIT p_limit)
    RETURNING 1)
  SELECT count(*) INTO forgotten FROM gone;
  RETURN forgotten;
END $$;
