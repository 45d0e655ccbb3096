-- The clock of this server, now and not when the transaction began.
CREATE FUNCTION now_ms() RETURNS int8
LANGUAGE sql VOLATILE AS $$
  SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8
$$;
