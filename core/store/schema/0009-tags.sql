-- Words that people give to machines, to find them again.
CREATE TABLE machine_tag (
  machine_id INTEGER NOT NULL REFERENCES machine (id) ON DELETE CASCADE,
  tag        TEXT NOT NULL COLLATE NOCASE,
  PRIMARY KEY (machine_id, tag)
) STRICT, WITHOUT ROWID;
