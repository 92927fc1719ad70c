-- Files that cross the air gap: each one that was written or read here.
CREATE TABLE transfer (
  id         INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: people write it down
  file_id    TEXT NOT NULL,                     -- of the very file, a UUID
  kind       TEXT NOT NULL,                     -- request, answer, inventory
  is_written INTEGER NOT NULL,                  -- else it was read
  path       TEXT NOT NULL,                     -- where it was then
  store_id   TEXT NOT NULL,                     -- of the store that wrote it
  request_id TEXT,                              -- of an answer, the file_id that it answers
  at         INTEGER NOT NULL,
  created_at INTEGER NOT NULL,                  -- as the file says
  n_rows     INTEGER NOT NULL,
  n_done     INTEGER NOT NULL DEFAULT 0,        -- of a request these three are counted anew from its
  n_failed   INTEGER NOT NULL DEFAULT 0,        -- rows
  n_open     INTEGER NOT NULL DEFAULT 0,
  is_sealed  INTEGER NOT NULL DEFAULT 0,
  is_dropped INTEGER NOT NULL DEFAULT 0,        -- nobody waits for this request any more
  note       TEXT
) STRICT;

CREATE UNIQUE INDEX transfer_file ON transfer (file_id, is_written);
CREATE INDEX transfer_request ON transfer (request_id) WHERE request_id IS NOT NULL;

-- The rows of requests that were written here and of those that were taken in to be answered.
CREATE TABLE transfer_row (
  transfer_id  INTEGER NOT NULL REFERENCES transfer (id) ON DELETE CASCADE,
  place        INTEGER NOT NULL,
  row_id       INTEGER NOT NULL,                -- the product's id in the store that asks
  iid          TEXT NOT NULL,
  epid         TEXT NOT NULL,
  key_identity TEXT,                            -- NULL: the row makes no sense
  is_wanted    INTEGER NOT NULL DEFAULT 0,      -- taken in here: the courier may send its spend
  state        TEXT NOT NULL DEFAULT 'open'     -- written here: what the newest answer said of it;
               CHECK (state IN ('open', 'refused', 'bad')), -- the CID itself is a confirmation
  code         INTEGER NOT NULL DEFAULT 0,
  message      TEXT,
  answered_at  INTEGER NOT NULL DEFAULT 0,      -- when that answer was made
  PRIMARY KEY (transfer_id, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX transfer_row_pair ON transfer_row (iid, key_identity);
CREATE INDEX transfer_row_id ON transfer_row (row_id);
