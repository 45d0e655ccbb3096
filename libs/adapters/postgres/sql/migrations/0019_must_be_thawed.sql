-- I25: destructive work runs only on a primary whose timeline is known, and sees what committed before each statement.
CREATE FUNCTION must_be_thawed() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE 'READ COMMITTED required';
  END IF;
  IF (SELECT thawed_timeline FROM site_self) <> wal_timeline() THEN
    RAISE 'the timeline changed' USING ERRCODE = 'PB025';
  END IF;
END $$;
