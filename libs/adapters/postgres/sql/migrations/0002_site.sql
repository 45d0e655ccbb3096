-- This site: one row.
CREATE TABLE site_self (
  one bool PRIMARY KEY DEFAULT true CHECK (one),
  site_id int2 NOT NULL,
  fence_epoch int8 NOT NULL DEFAULT 1,                       -- in every token; raised after a restore from backup
  floor_hlc int8 NOT NULL DEFAULT 0,                         -- promise: this site originates nothing at or below it (I13)
  thawed_timeline int4 NOT NULL DEFAULT 0,                   -- destructive work runs only on this WAL timeline (I25)
  max_age_ms int8 NOT NULL DEFAULT 3600000,                  -- L
  margin_ms int8 NOT NULL DEFAULT 82800000,                  -- M
  skew_ms int8 NOT NULL DEFAULT 60000,                       -- B, how far in the future an id may lie
  rehome_hold interval NOT NULL DEFAULT '23.5 hours',        -- superseded bodies stay this long, beyond the grace
  drift_ms int8 NOT NULL DEFAULT 500,                        -- HLC drift bound (I4)
  default_k int2 NOT NULL DEFAULT 4,
  default_m int2 NOT NULL DEFAULT 2
);

CREATE TABLE peer (
  site_id int2 PRIMARY KEY,
  fence_epoch int8 NOT NULL,
  evicted bool NOT NULL DEFAULT false,
  sent_xid xid8 NOT NULL DEFAULT '0', sent_seq int8 NOT NULL DEFAULT 0,   -- it acknowledged our journal up to here
  recv_xid xid8 NOT NULL DEFAULT '0', recv_seq int8 NOT NULL DEFAULT 0,   -- we applied theirs up to here
  floor_hlc int8 NOT NULL DEFAULT 0                                       -- its promise, valid once recv passed it
);
