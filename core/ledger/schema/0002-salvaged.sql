-- Confirmation IDs out of a file that was damaged or meant for another store: used as they are, and
-- replaced by the first one that comes in a way that can be trusted.
ALTER TABLE confirmation ADD COLUMN is_salvaged INTEGER NOT NULL DEFAULT 0;
