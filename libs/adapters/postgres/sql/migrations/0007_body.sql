CREATE TABLE body (
  body_id uuid PRIMARY KEY,
  state int2 NOT NULL DEFAULT 1 CHECK (state IN (1, 3)),      -- 1 live, 3 purging (absorbing)
  bucket int4 NOT NULL,
  key_epoch int4 NOT NULL,
  header bytea NOT NULL,
  ct_root bytea,                                              -- NULL in crc32c mode
  wrapped_dek bytea NOT NULL,
  scheme int2 NOT NULL, k int2 NOT NULL, n int2 NOT NULL,
  encoding_id uuid,                                           -- NULL: inline
  pg int2 GENERATED ALWAYS AS (  -- pg_of(encoding_id), written out (see extent.cls)
    (((get_byte(uuid_send(encoding_id), 14) & 15) << 8) | get_byte(uuid_send(encoding_id), 15))::int2) STORED,
  missing int8 NOT NULL DEFAULT 0,                            -- bit j: shard j is not durable
  inline_ct bytea,
  created timestamptz NOT NULL DEFAULT now(),
  CHECK ((encoding_id IS NULL) = (inline_ct IS NOT NULL))
) WITH (fillfactor = 85);
ALTER TABLE body ALTER inline_ct SET STORAGE EXTERNAL;        -- ciphertext does not compress
-- An inline body stays in its row: moved out, each is three more rows and index entries to write, and a search to read.
ALTER TABLE body SET (toast_tuple_target = 8160);
CREATE UNIQUE INDEX body_enc ON body (pg, encoding_id) WHERE encoding_id IS NOT NULL;   -- repair pages, sweep look-ups
CREATE INDEX body_purging ON body (body_id) WHERE state = 3;
-- What is to be repaired: fewest margins first; and of one group, if any.
CREATE INDEX body_degraded ON body (((n - k - bit_count(missing::bit(64)))::int2), body_id) WHERE missing <> 0 AND state = 1;
CREATE INDEX body_degraded_group ON body (pg) WHERE missing <> 0 AND state = 1;
CREATE INDEX body_epoch ON body (bucket, key_epoch, body_id);

-- "Look at this body": not before the grace is over, nor before every peer has read our journal up to hold (I23).
CREATE TABLE garbage (
  seq int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  body_id uuid NOT NULL,
  since timestamptz NOT NULL,
  hold xid8 NOT NULL DEFAULT pg_snapshot_xmax(pg_current_snapshot())
);
CREATE INDEX garbage_since ON garbage (since);

-- Encodings whose fragments contradict each other, and a look without keys could not tell which is wrong.
CREATE TABLE suspect (encoding_id uuid PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());

-- Encodings replaced by a re-encode.
CREATE TABLE retired (encoding_id uuid PRIMARY KEY, body_id uuid NOT NULL, n int2 NOT NULL, since timestamptz NOT NULL);

-- Tombstones of encoding ids (format, section 10): marked; armed when horizon is set; confirmed: stores may delete.
CREATE TABLE swept (
  encoding_id uuid PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  horizon xid8,
  confirmed bool NOT NULL DEFAULT false
);
CREATE INDEX swept_todo ON swept (at) WHERE NOT confirmed;
