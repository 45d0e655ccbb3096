CREATE TABLE store (
  store_id int4 PRIMARY KEY,
  addr text NOT NULL,
  domain text NOT NULL,                                       -- failure domain
  state int2 NOT NULL,                                        -- 1 joining, 2 up, 3 suspect, 4 down, 5 draining, 6 gone
  weight float4 NOT NULL
);

CREATE TABLE pgroup (
  pg int2 PRIMARY KEY,
  ver int8 NOT NULL,
  stores int4[] NOT NULL,                                     -- shard j of an encoding stands at the j-th place
  mstate int2[] NOT NULL,                                     -- 0 ACTIVE, 1 BACKFILL
  prev int4[] NOT NULL,                                       -- where shards may stand until all are ACTIVE again
  horizon xid8,                                               -- every transaction that used an older version has a smaller id
  checked timestamptz                                         -- when all shards of this version were looked for
);
CREATE INDEX pgroup_store ON pgroup USING gin (stores);

-- One row. Its lock serialises changes of membership, its version is what WatchMap waits for.
CREATE TABLE cluster_map (one bool PRIMARY KEY DEFAULT true CHECK (one), version int8 NOT NULL DEFAULT 0);
INSERT INTO cluster_map DEFAULT VALUES;
