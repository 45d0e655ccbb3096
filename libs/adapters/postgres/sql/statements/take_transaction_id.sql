-- The transaction id comes before every clock (I13, I20).
SELECT pg_current_xact_id()
