-- The WAL timeline of this server; it changes with every promotion.
CREATE FUNCTION wal_timeline() RETURNS int4
LANGUAGE sql VOLATILE AS $$
  SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int4
$$;

-- Destructive work runs only on the timeline thawed last (I25). Called when the site is made, and after a failover once it
-- is known that the promoted standby was synchronous.
CREATE FUNCTION thaw() RETURNS void
LANGUAGE sql AS $$
  UPDATE site_self SET thawed_timeline = wal_timeline()
$$;
