SELECT s.thawed_timeline, wal_timeline(), (SELECT system_identifier::text FROM pg_control_system()),
  (pg_current_wal_lsn() - '0/0'::pg_lsn)::int8
FROM site_self s
