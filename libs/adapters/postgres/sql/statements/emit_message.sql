-- A record in the WAL, so that the COMMIT of a batch of replays waits for the standby: REPLAY is an acknowledgement.
SELECT pg_logical_emit_message(true, 'pbfs', '')
