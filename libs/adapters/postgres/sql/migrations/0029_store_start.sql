-- The name of the last start of a store, which it keeps on its disk. Empty: it told none.
ALTER TABLE store ADD COLUMN start text NOT NULL DEFAULT '';
