SELECT now_ms(), s.thawed_timeline <> wal_timeline(), current_setting('synchronous_standby_names') <> '',
       pg_snapshot_xmin(pg_current_snapshot()), pg_snapshot_xmax(pg_current_snapshot())
FROM site_self s
