-- What the garbage collector says of its last pass of each kind, and whether somebody asks for one.
CREATE TABLE collector_pass (
  kind text PRIMARY KEY,
  ended timestamptz NOT NULL,
  took_ms int8 NOT NULL,
  trouble text NOT NULL,                                      -- empty: none
  what text[] NOT NULL, counts int8[] NOT NULL                -- side by side
);
CREATE TABLE collector_request (
  one bool PRIMARY KEY DEFAULT true CHECK (one),
  asked timestamptz NOT NULL
);

-- Bytes of a body's fragments, or of its ciphertext where it is inline: its header has its length, little-endian (format, section 5).
CREATE FUNCTION stored_bytes(b body) RETURNS int8
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN octet_length(b.header) < 16 THEN 0 ELSE
    (get_byte(b.header, 8)::int8 + (get_byte(b.header, 9)::int8 << 8) + (get_byte(b.header, 10)::int8 << 16)
     + (get_byte(b.header, 11)::int8 << 24)) * (CASE WHEN b.encoding_id IS NULL THEN 1 ELSE b.n END) / greatest(b.k, 1) END
$$;
