-- Which server this is, and since when: no other has the same, nor the same one after it was started or promoted.
SELECT wal_timeline()::text || ' ' || extract(epoch FROM pg_postmaster_start_time())::text
