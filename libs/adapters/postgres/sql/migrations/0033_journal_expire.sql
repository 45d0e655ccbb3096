-- A partition of the journal for each day (UTC), made before the day begins: then none of its rows are in the default. A clock that
-- was ahead for a while may have put some there: then they stay, and the day has no partition.
CREATE FUNCTION journal_partition(p_day date) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT 'journal_' || to_char(p_day, 'YYYYMMDD')
$$;
CREATE FUNCTION make_journal_partition(p_day date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF to_regclass(journal_partition(p_day)) IS NULL THEN
    EXECUTE format('CREATE TABLE %I PARTITION OF journal FOR VALUES FROM (%L) TO (%L)', journal_partition(p_day),
                   p_day || ' 00:00+00', p_day + 1 || ' 00:00+00');
  END IF;
EXCEPTION WHEN check_violation THEN
  NULL;
END $$;
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM journal) THEN
    PERFORM make_journal_partition((now() AT TIME ZONE 'UTC')::date);
  END IF;
  PERFORM make_journal_partition((now() AT TIME ZONE 'UTC')::date + d) FROM generate_series(1, 2) d;
END $$;

-- Every peer has read this part of the journal to its end (I23).
CREATE FUNCTION journal_was_read(p_part regclass) RETURNS bool
LANGUAGE plpgsql AS $$
DECLARE
  unread bool;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT FROM peer p WHERE NOT p.evicted AND EXISTS (
                    SELECT FROM %s j WHERE (j.xid, j.seq) > (p.sent_xid, p.sent_seq)))', p_part) INTO unread;
  RETURN NOT unread;
END $$;

-- Days that ended more than a day ago, and that all peers have read, go; what no partition was made for, once it is as old. Days to
-- come get theirs. All of that locks the journal alone for a moment: whoever commits is waited for a second at most, and then it is
-- left to the next time. Returns how many days went.
CREATE FUNCTION journal_expire() RETURNS int4
LANGUAGE plpgsql AS $$
DECLARE
  today date := (now() AT TIME ZONE 'UTC')::date;
  part regclass;
  gone int4 := 0;
BEGIN
  PERFORM must_be_thawed();
  IF NOT pg_try_advisory_xact_lock(7526479234170882) THEN
    RETURN 0;
  END IF;
  PERFORM set_config('lock_timeout', '1s', true);
  PERFORM make_journal_partition(today + d) FROM generate_series(1, 2) d;
  FOR part IN SELECT c.oid::regclass FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
              WHERE i.inhparent = 'journal'::regclass AND c.relname < journal_partition(today - 1) AND c.relname ~ '^journal_[0-9]{8}$'
              ORDER BY c.relname LOOP
    CONTINUE WHEN NOT journal_was_read(part);
    EXECUTE format('DROP TABLE %s', part);
    gone := gone + 1;
  END LOOP;
  IF (SELECT j.at < (today - 1)::timestamp AT TIME ZONE 'UTC' FROM journal_default j ORDER BY j.xid DESC, j.seq DESC LIMIT 1)
     AND journal_was_read('journal_default') THEN
    TRUNCATE journal_default;
    gone := gone + 1;
  END IF;
  RETURN gone;
EXCEPTION WHEN lock_not_available THEN
  RETURN 0;
END $$;
