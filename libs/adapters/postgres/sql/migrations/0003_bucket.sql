-- Buckets. Rows elsewhere carry the small number, clients the id.
CREATE TABLE bucket (
  bucket int4 PRIMARY KEY,
  bucket_id uuid NOT NULL UNIQUE,
  name text COLLATE "C" NOT NULL UNIQUE,
  versioning bool NOT NULL DEFAULT false,
  integrity int2 NOT NULL DEFAULT 1 CHECK (integrity IN (1, 2)),          -- 1 crc32c, 2 sha256
  etag int2 NOT NULL DEFAULT 2 CHECK (etag IN (1, 2)),                    -- 1 opaque, 2 md5
  k int2, m int2, w int2,                                                 -- NULL: the site's default
  history_ms int8 NOT NULL DEFAULT 0,
  history_floor_hlc int8 NOT NULL DEFAULT 0,                              -- reads as of S need S >= floor
  keyring bytea NOT NULL,                                                 -- signed, opaque to servers
  keyring_ver int8 NOT NULL DEFAULT 1
);

-- A number is never used again: extents of a deleted bucket may outlive its row.
CREATE SEQUENCE bucket_number AS int4;
