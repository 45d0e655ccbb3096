-- The last number that was given to a store. Whoever gives another holds the lock of the row, as whoever changes stores does.
ALTER TABLE cluster_map ADD COLUMN last_store int4 NOT NULL DEFAULT 0;
