-- Who may ask. Tokens are 256 random bits, so their plain hash gives nothing away.
CREATE TABLE client (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  token_hash BLOB NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;

-- What was asked and what became of it, for ever; a client's name outlives its row.
CREATE TABLE audit (
  id           INTEGER PRIMARY KEY,
  at           INTEGER NOT NULL,
  client       TEXT NOT NULL,
  batch        TEXT NOT NULL,
  key_identity TEXT NOT NULL,
  iid          TEXT NOT NULL,
  outcome      TEXT NOT NULL,
  code         INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX audit_iid ON audit (iid);

CREATE TABLE setting (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
