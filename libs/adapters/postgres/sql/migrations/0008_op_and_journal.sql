-- Op records, verbatim. hlc is NULL for REHOME, whose runs have orders of their own.
CREATE TABLE op (
  object_id uuid, op_id uuid,
  kind int2 NOT NULL,
  hlc int8, wid int8,
  origin int2 NOT NULL,
  record bytea NOT NULL,
  digest bytea NOT NULL,                                      -- the record's MAC
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (op_id, object_id)                              -- op ids grow with time: new ones stand together
);
CREATE UNIQUE INDEX op_order ON op (object_id, hlc, wid);     -- I1
ALTER TABLE op ALTER record SET STORAGE EXTERNAL;             -- mostly ids and MACs: compressing it costs and gains nothing

-- What peers replay, read by (xid, seq) below the horizon of running transactions (I23). part is the Commit's number within
-- its transaction: (xid, part) is the unit of I16. One partition a day; what has none goes to the default.
CREATE TABLE journal (
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  seq int8 GENERATED ALWAYS AS IDENTITY,
  part int2 NOT NULL DEFAULT 0,
  kind int2 NOT NULL,
  object_id uuid, op_id uuid,
  payload bytea,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
) PARTITION BY RANGE (at);
CREATE TABLE journal_default PARTITION OF journal DEFAULT;
CREATE INDEX journal_cur ON journal (xid, seq);
