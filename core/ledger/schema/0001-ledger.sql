-- One spend for each (key identity, installation ID): the unique index is the promise.
CREATE TABLE spend (
  id           INTEGER PRIMARY KEY,
  key_identity TEXT NOT NULL,
  iid          TEXT NOT NULL,
  epid         TEXT NOT NULL,
  method       TEXT NOT NULL CHECK (method IN ('proxy', 'online', 'phone')),
  state        TEXT NOT NULL
               CHECK (state IN ('reserved', 'sent', 'confirmed', 'refused', 'unknown')),
  code         INTEGER NOT NULL DEFAULT 0,
  message      TEXT,
  attempts     INTEGER NOT NULL DEFAULT 0,
  due_at       INTEGER NOT NULL DEFAULT 0,
  created_at   INTEGER NOT NULL,
  sent_at      INTEGER NOT NULL DEFAULT 0,
  settled_at   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX spend_pair ON spend (key_identity, iid);
CREATE INDEX spend_due ON spend (method, due_at, id) WHERE state IN ('reserved', 'unknown');
CREATE INDEX spend_open ON spend (key_identity) WHERE state IN ('reserved', 'sent', 'unknown');
CREATE INDEX spend_settled ON spend (key_identity, settled_at) WHERE state = 'confirmed';

-- The confirmation ID that a spend bought, for ever; the first one is never replaced.
CREATE TABLE confirmation (
  key_identity TEXT NOT NULL,
  iid          TEXT NOT NULL,
  cid          TEXT NOT NULL,
  method       TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  PRIMARY KEY (key_identity, iid)
) STRICT, WITHOUT ROWID;

CREATE INDEX confirmation_iid ON confirmation (iid);

-- The last official figure of a key; -1 unknown. A code says that the service stopped the key.
CREATE TABLE pool (
  key_identity TEXT PRIMARY KEY,
  remaining    INTEGER NOT NULL DEFAULT -1,
  checked_at   INTEGER NOT NULL DEFAULT 0,
  blocked_code INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
