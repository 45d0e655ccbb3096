-- What is derived from an id or a length. All immutable: generated columns and indexes are made of them.

-- Length class of an extent. It bounds how far left of a range an overlapping extent can start, so that the overlap query
-- is six short index ranges (format, section 7).
CREATE FUNCTION span_class(n int8) RETURNS int2
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (CASE WHEN n <= 16384 THEN 0 WHEN n <= 131072 THEN 1 WHEN n <= 1048576 THEN 2
               WHEN n <= 8388608 THEN 3 WHEN n <= 67108864 THEN 4 ELSE 5 END)::int2
$$;

-- Placement group: the low 12 bits of an encoding id.
CREATE FUNCTION pg_of(e uuid) RETURNS int2
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (((get_byte(uuid_send(e), 14) & 15) << 8) | get_byte(uuid_send(e), 15))::int2
$$;

-- Milliseconds since 1970 of a UUIDv7.
CREATE FUNCTION uuid_ms(e uuid) RETURNS int8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ('x' || translate(left(e::text, 13), '-', ''))::bit(48)::int8
$$;

-- The share of one op in an opset (format, section 9.2).
CREATE FUNCTION op_bits(u uuid) RETURNS bit(128)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ('x' || left(encode(sha256(uuid_send(u)), 'hex'), 32))::bit(128)
$$;
