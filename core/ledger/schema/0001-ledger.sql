-- One spend for each (key identity, installation ID): the unique index is the promise.
CREATE TABLE spend (
  id           INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: a batch may be out with it
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

-- The last official figure of a key; -1 unknown. A code says that the service stopped the key. The
-- three counts are kept by the triggers below, so that a reservation need not count ten thousand
-- spends: open ones (reserved, sent, unknown), confirmed ones since the figure, and ever.
CREATE TABLE pool (
  key_identity      TEXT PRIMARY KEY,
  remaining         INTEGER NOT NULL DEFAULT -1,
  checked_at        INTEGER NOT NULL DEFAULT 0,
  blocked_code      INTEGER NOT NULL DEFAULT 0,
  n_open            INTEGER NOT NULL DEFAULT 0,
  n_confirmed_since INTEGER NOT NULL DEFAULT 0,
  n_confirmed       INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TRIGGER spend_counted AFTER INSERT ON spend BEGIN
  INSERT INTO pool (key_identity) VALUES (NEW.key_identity) ON CONFLICT DO NOTHING;
  UPDATE pool SET
    n_open = n_open + (NEW.state IN ('reserved', 'sent', 'unknown')),
    n_confirmed = n_confirmed + (NEW.state = 'confirmed'),
    n_confirmed_since = n_confirmed_since
      + (NEW.state = 'confirmed' AND NEW.settled_at > checked_at)
    WHERE key_identity = NEW.key_identity;
END;

CREATE TRIGGER spend_moved AFTER UPDATE OF state, settled_at ON spend BEGIN
  UPDATE pool SET
    n_open = n_open + (NEW.state IN ('reserved', 'sent', 'unknown'))
      - (OLD.state IN ('reserved', 'sent', 'unknown')),
    n_confirmed = n_confirmed + (NEW.state = 'confirmed') - (OLD.state = 'confirmed'),
    n_confirmed_since = n_confirmed_since
      + (NEW.state = 'confirmed' AND NEW.settled_at > checked_at)
      - (OLD.state = 'confirmed' AND OLD.settled_at > checked_at)
    WHERE key_identity = NEW.key_identity;
END;

CREATE TRIGGER spend_released AFTER DELETE ON spend BEGIN
  UPDATE pool SET
    n_open = n_open - (OLD.state IN ('reserved', 'sent', 'unknown')),
    n_confirmed = n_confirmed - (OLD.state = 'confirmed'),
    n_confirmed_since = n_confirmed_since
      - (OLD.state = 'confirmed' AND OLD.settled_at > checked_at)
    WHERE key_identity = OLD.key_identity;
END;

CREATE TRIGGER pool_checked AFTER UPDATE OF checked_at ON pool BEGIN
  UPDATE pool SET n_confirmed_since = (SELECT count (*) FROM spend
      WHERE key_identity = NEW.key_identity AND state = 'confirmed'
      AND settled_at > NEW.checked_at)
    WHERE key_identity = NEW.key_identity;
END;
