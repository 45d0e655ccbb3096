-- I20's reasoning for placement: whoever takes a transaction id after this one loads the map as it is now.
UPDATE pgroup SET horizon = pg_current_xact_id() WHERE horizon IS NULL
