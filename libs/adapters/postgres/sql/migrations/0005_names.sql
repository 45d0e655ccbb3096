-- A name is a register (hlc, wid, object or none). A row of order 0 was made only to be locked: it means nothing.
CREATE TABLE binding (
  bucket int4, name text COLLATE "C",
  hlc int8 NOT NULL, wid int8 NOT NULL,
  object_id uuid,                                             -- NULL: unbound or a delete marker
  op_object uuid NOT NULL, op_id uuid NOT NULL,               -- the record's row of op: an UNBIND names the object it unbinds
  PRIMARY KEY (bucket, name)
);

-- Versions, history, and drop tombstones.
CREATE TABLE binding_past (
  bucket int4, name text COLLATE "C", hlc int8, wid int8,
  object_id uuid, op_object uuid, op_id uuid,
  dropped bool NOT NULL DEFAULT false,
  gone_hlc int8,                                              -- NULL: a version, kept until it is dropped
  PRIMARY KEY (bucket, name, hlc, wid)
);
CREATE INDEX binding_past_gone ON binding_past (gone_hlc);

CREATE TABLE upload (
  upload_id uuid PRIMARY KEY,
  bucket int4 NOT NULL,
  name text COLLATE "C" NOT NULL,
  meta bytea,
  expires timestamptz NOT NULL
);
CREATE TABLE upload_part (
  upload_id uuid REFERENCES upload ON DELETE CASCADE,
  part_no int4,
  object_id uuid NOT NULL,
  size int8 NOT NULL,
  meta bytea,
  PRIMARY KEY (upload_id, part_no)
);
