-- Which row of another store a machine came from, so that a later inventory of that store finds it
-- again. Row numbers are used again there; when the row was made tells its successors apart.
CREATE TABLE origin (
  store_id   TEXT NOT NULL,
  row_id     INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  machine_id INTEGER NOT NULL REFERENCES machine (id) ON DELETE CASCADE,
  merged_id  INTEGER,                           -- with which merge it came to this machine
  PRIMARY KEY (store_id, row_id, created_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX origin_machine ON origin (machine_id);
