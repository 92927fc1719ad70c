-- Machines that turned out to be another row's, as both were before, so that they can be split again.
CREATE TABLE merged (
  id         INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: what was moved carries it
  machine_id INTEGER NOT NULL REFERENCES machine (id) ON DELETE CASCADE, -- the row that was kept
  carried_by INTEGER,                           -- the later merge that it came here with, or NULL
  former_id  INTEGER NOT NULL,                  -- of the row that is gone
  at         INTEGER NOT NULL,
  reason     TEXT NOT NULL
) STRICT;
CREATE INDEX merged_machine ON merged (machine_id);

CREATE TABLE machine_was (
  merged_id       INTEGER NOT NULL REFERENCES merged (id) ON DELETE CASCADE,
  is_kept         INTEGER NOT NULL,
  name            TEXT NOT NULL COLLATE NOCASE,
  listed_as       TEXT NOT NULL COLLATE NOCASE,
  address         TEXT,
  port            INTEGER NOT NULL,
  tls             INTEGER NOT NULL,
  pin             TEXT,
  certificate     BLOB,
  pinned_at       INTEGER NOT NULL,
  domain          TEXT COLLATE NOCASE,
  fqdn            TEXT COLLATE NOCASE,
  is_member       INTEGER NOT NULL,
  uuid            TEXT COLLATE NOCASE,
  cmid            TEXT COLLATE NOCASE,
  os_version      TEXT,
  stack           TEXT,
  rearm_left      INTEGER NOT NULL,
  is_subscription INTEGER NOT NULL,
  has_oem_key     INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  read_at         INTEGER NOT NULL,
  tried_at        INTEGER NOT NULL,
  last_result     TEXT,
  last_code       INTEGER NOT NULL,
  last_ok         INTEGER NOT NULL,
  PRIMARY KEY (merged_id, is_kept)
) STRICT, WITHOUT ROWID;

-- With which merge it came; NULL: it was always this machine's.
ALTER TABLE product ADD COLUMN merged_id INTEGER;
ALTER TABLE item ADD COLUMN merged_id INTEGER;
ALTER TABLE event ADD COLUMN merged_id INTEGER;
ALTER TABLE machine_alias ADD COLUMN merged_id INTEGER;

-- Pairs that a person split: never merged by themselves again.
CREATE TABLE machine_apart (
  first_id  INTEGER NOT NULL REFERENCES machine (id) ON DELETE CASCADE, -- the lower of both
  second_id INTEGER NOT NULL REFERENCES machine (id) ON DELETE CASCADE,
  PRIMARY KEY (first_id, second_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX machine_apart_second ON machine_apart (second_id);

-- Searches that are kept under a name, to be run again. No secret is among the parameters.
CREATE TABLE source (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE COLLATE NOCASE,
  kind       TEXT NOT NULL,                     -- file, range, workgroup, …
  created_at INTEGER NOT NULL,
  run_at     INTEGER NOT NULL DEFAULT 0         -- when it last came to its end
) STRICT;

CREATE TABLE source_parameter (
  source_id INTEGER NOT NULL REFERENCES source (id) ON DELETE CASCADE,
  name      TEXT NOT NULL,
  place     INTEGER NOT NULL,                   -- of several values, their order
  value     TEXT NOT NULL,
  PRIMARY KEY (source_id, name, place)
) STRICT, WITHOUT ROWID;

-- What the last run found, by the name it has there.
CREATE TABLE source_machine (
  source_id  INTEGER NOT NULL REFERENCES source (id) ON DELETE CASCADE,
  name       TEXT NOT NULL COLLATE NOCASE,
  facts      TEXT NOT NULL,                     -- address, port, domain: to see that they changed
  seen_at    INTEGER NOT NULL,
  PRIMARY KEY (source_id, name)
) STRICT, WITHOUT ROWID;
