CREATE TABLE object (
  object_id uuid PRIMARY KEY,
  bucket int4 NOT NULL,
  state int2 NOT NULL DEFAULT 0 CHECK (state IN (0, 1, 2)),   -- 0 open (never bound), 1 bound once, 2 reaped (absorbing)
  sealed bool NOT NULL DEFAULT false,
  depth int2 NOT NULL DEFAULT 0 CHECK (depth <= 8),
  expires timestamptz DEFAULT now() + interval '24 hours',    -- of an open object; of a reaped one: rows to drop, and from when
  nbind int4 NOT NULL DEFAULT 0 CHECK (nbind >= 0),
  unbound_hlc int8,
  span_hlc int8 NOT NULL DEFAULT 0,                           -- greatest order of any TRUNC or span extent
  trunc_hlc int8 NOT NULL DEFAULT 0, trunc_wid int8 NOT NULL DEFAULT 0, trunc_len int8 NOT NULL DEFAULT 0,
  zero_floor int8 NOT NULL DEFAULT 0,                         -- greatest order of a dropped tombstone (I14)
  opset bit(128) NOT NULL DEFAULT 0::bit(128),                -- of span ops
  meta bytea, meta_hlc int8 NOT NULL DEFAULT 0, meta_wid int8 NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
CREATE INDEX object_open ON object (expires) WHERE state = 0;
CREATE INDEX object_draining ON object (expires) WHERE state = 2;
CREATE INDEX object_unbound ON object (unbound_hlc) WHERE state = 1 AND nbind = 0;

-- The newest order of each region (I2), locked by whoever writes there. Half-empty pages: every write updates one row,
-- and must find room for it on the same page (HOT).
CREATE TABLE region_head (
  object_id uuid, region int4,
  max_hlc int8 NOT NULL,
  opset bit(128) NOT NULL DEFAULT 0::bit(128),                -- XOR of op_bits over the content ops
  PRIMARY KEY (object_id, region)
) WITH (fillfactor = 50);
