-- Inline ciphertext of patches, by the day (UTC) on which it was written: nearly all of it is merged into larger bodies within seconds, and
-- kept for a day then (I19). So a day goes as a whole, which costs next to nothing, while to delete its rows one by one costs the disks as
-- much as to write them (ADR 0021). What is still needed is put into its body's row before.
CREATE TABLE inline_ct (
  day date NOT NULL,
  body_id uuid NOT NULL,
  ct bytea NOT NULL,
  PRIMARY KEY (day, body_id)
) PARTITION BY LIST (day);
ALTER TABLE inline_ct ALTER ct SET STORAGE EXTERNAL;
CREATE TABLE inline_ct_default PARTITION OF inline_ct DEFAULT;

ALTER TABLE body ADD COLUMN inline_day date;  -- its ciphertext stands there in inline_ct; a body that goes leaves it behind
ALTER TABLE body DROP CONSTRAINT body_check,
  ADD CONSTRAINT body_check CHECK ((encoding_id IS NULL) = (num_nonnulls(inline_ct, inline_day) = 1));
CREATE INDEX body_inline_day ON body (inline_day) WHERE inline_day IS NOT NULL;

CREATE FUNCTION inline_partition(p_day date) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT 'inline_ct_' || to_char(p_day, 'YYYYMMDD')
$$;
-- Not vacuumed: it is dropped soon, and each page would be written once more for that.
-- As with the journal: if the clock was ahead for a while, the default has rows of the day, and the day has no partition.
CREATE FUNCTION make_inline_partition(p_day date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF to_regclass(inline_partition(p_day)) IS NULL THEN
    EXECUTE format('CREATE TABLE %I PARTITION OF inline_ct FOR VALUES IN (%L)
                    WITH (autovacuum_enabled = false, toast.autovacuum_enabled = false)', inline_partition(p_day), p_day);
  END IF;
EXCEPTION WHEN check_violation THEN
  NULL;
END $$;
SELECT make_inline_partition((now() AT TIME ZONE 'UTC')::date + d) FROM generate_series(0, 2) d;

-- Ciphertext from days before p_before: that of p_limit live bodies is put into their rows. Where none is left, the days go. A body that
-- is written beside this for such a day (by a clock that was set back) is waited for, or finds no partition and writes to the default.
-- Locks inline_ct alone for a moment; whoever uses it is waited for a second at most, and then that is left to the next time. Returns
-- how many bodies were moved: none, if there is nothing left to move.
CREATE FUNCTION inline_expire(p_before date, p_limit int4) RETURNS int4
LANGUAGE plpgsql AS $$
DECLARE
  old record;
  moved int4;
BEGIN
  PERFORM must_be_thawed();
  IF NOT pg_try_advisory_xact_lock(7526479234170883) THEN
    RETURN 0;
  END IF;
  PERFORM set_config('lock_timeout', '1s', true);
  PERFORM make_inline_partition((now() AT TIME ZONE 'UTC')::date + d) FROM generate_series(1, 2) d;
  WITH kept AS (SELECT b.body_id, b.inline_day FROM body b WHERE b.inline_day < p_before LIMIT p_limit FOR UPDATE SKIP LOCKED)
  UPDATE body b SET inline_ct = i.ct, inline_day = NULL
  FROM kept k JOIN inline_ct i ON i.day = k.inline_day AND i.body_id = k.body_id WHERE b.body_id = k.body_id;
  GET DIAGNOSTICS moved = ROW_COUNT;
  IF moved > 0 THEN
    RETURN moved;
  END IF;
  FOR old IN SELECT c.oid::regclass AS part, to_date(right(c.relname, 8), 'YYYYMMDD') AS day
             FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = 'inline_ct'::regclass AND c.relname ~ '^inline_ct_[0-9]{8}$' AND c.relname < inline_partition(p_before) LOOP
    LOCK TABLE inline_ct IN ACCESS EXCLUSIVE MODE;
    CONTINUE WHEN EXISTS (SELECT FROM body b WHERE b.inline_day = old.day);
    EXECUTE format('DROP TABLE %s', old.part);
  END LOOP;
  DELETE FROM inline_ct_default d WHERE d.day < p_before AND NOT EXISTS (SELECT FROM body b WHERE b.inline_day = d.day);
  RETURN 0;
EXCEPTION WHEN lock_not_available THEN
  RETURN 0;
END $$;
