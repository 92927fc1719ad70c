-- What is known of the fleet, and the work that is promised to it.
CREATE TABLE machine (
  id              INTEGER PRIMARY KEY,
  name            TEXT NOT NULL COLLATE NOCASE, -- as it names itself, once it was read
  listed_as       TEXT NOT NULL COLLATE NOCASE, -- as the list named it, to know it there again
  address         TEXT,                        -- where to connect; NULL: by name
  port            INTEGER NOT NULL DEFAULT 5985,
  tls             INTEGER NOT NULL DEFAULT 0,
  pin             TEXT,                        -- SHA-256 of the accepted certificate
  domain          TEXT COLLATE NOCASE,         -- AD domain or workgroup
  fqdn            TEXT COLLATE NOCASE,
  is_member       INTEGER NOT NULL DEFAULT 0,
  uuid            TEXT COLLATE NOCASE,
  cmid            TEXT COLLATE NOCASE,
  os_version      TEXT,
  stack           TEXT,
  rearm_left      INTEGER NOT NULL DEFAULT -1,
  is_subscription INTEGER NOT NULL DEFAULT 0,
  has_oem_key     INTEGER NOT NULL DEFAULT 0,
  created_at      INTEGER NOT NULL,
  read_at         INTEGER NOT NULL DEFAULT 0,  -- last successful read
  tried_at        INTEGER NOT NULL DEFAULT 0,
  last_result     TEXT,                        -- of the last step, in words
  last_code       INTEGER NOT NULL DEFAULT 0,
  last_ok         INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE INDEX machine_name ON machine (name);
CREATE INDEX machine_listed_as ON machine (listed_as);
CREATE INDEX machine_fqdn ON machine (fqdn);
CREATE INDEX machine_uuid ON machine (uuid);
CREATE INDEX machine_cmid ON machine (cmid);

CREATE TABLE product (
  id             INTEGER PRIMARY KEY,
  machine_id     INTEGER NOT NULL REFERENCES machine (id) ON DELETE CASCADE,
  application_id TEXT NOT NULL,
  activation_id  TEXT NOT NULL,
  name           TEXT,
  description    TEXT,
  edition        TEXT,
  key_kind       TEXT NOT NULL DEFAULT 'unknown',
  partial_key    TEXT,
  epid           TEXT,
  key_identity   TEXT,
  iid            TEXT,
  status         INTEGER NOT NULL,
  status_reason  INTEGER NOT NULL DEFAULT 0,
  grace_minutes  INTEGER NOT NULL DEFAULT 0,
  is_addon       INTEGER NOT NULL DEFAULT 0,
  kms_machine    TEXT,
  kms_port       INTEGER NOT NULL DEFAULT 0,
  read_at        INTEGER NOT NULL,
  hidden         INTEGER NOT NULL DEFAULT 0    -- lost its key; kept for its history
) STRICT;

CREATE UNIQUE INDEX product_identity ON product (machine_id, application_id, activation_id);
CREATE INDEX product_pair ON product (key_identity, iid);

CREATE TABLE product_key (
  id           INTEGER PRIMARY KEY,
  ciphertext   BLOB NOT NULL,
  fingerprint  TEXT NOT NULL UNIQUE,           -- keyed hash, so that a key is owned once
  last_five    TEXT NOT NULL COLLATE NOCASE,
  kind         TEXT NOT NULL,
  key_identity TEXT,                           -- NULL until an extended PID tells
  epid         TEXT,
  edition      TEXT,
  is_practice  INTEGER NOT NULL DEFAULT 0,
  remarks      TEXT,
  created_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX product_key_identity ON product_key (key_identity);

CREATE TABLE credential (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE COLLATE NOCASE,
  user       TEXT NOT NULL,
  scope      TEXT NOT NULL DEFAULT '*',        -- glob over name, FQDN or domain
  ciphertext BLOB NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- One command over a set of rows.
CREATE TABLE job (
  id            INTEGER PRIMARY KEY,
  plan          TEXT NOT NULL,
  selection     TEXT NOT NULL,
  state         TEXT NOT NULL DEFAULT 'open'
                CHECK (state IN ('open', 'paused', 'cancelled', 'done')),
  key_id        INTEGER REFERENCES product_key (id),
  allow_unknown INTEGER NOT NULL DEFAULT 0,    -- spend although the pool is unknown
  max_attempts  INTEGER NOT NULL DEFAULT 0,    -- of one step; 0: until give_up_after
  give_up_after INTEGER NOT NULL,              -- ms after the first failure in a row
  priority      INTEGER NOT NULL DEFAULT 0,    -- a waiting person is 0, a service 1
  requested_by  TEXT,
  created_at    INTEGER NOT NULL,
  finished_at   INTEGER NOT NULL DEFAULT 0
) STRICT;

-- One row of a job: where it stands in its plan.
CREATE TABLE item (
  id             INTEGER PRIMARY KEY,
  job_id         INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  machine_id     INTEGER NOT NULL REFERENCES machine (id) ON DELETE CASCADE,
  plan           TEXT NOT NULL,
  application_id TEXT,
  partial_key    TEXT,
  step           TEXT NOT NULL,
  state          TEXT NOT NULL DEFAULT 'ready'
                 CHECK (state IN ('ready', 'running', 'parked', 'paused', 'done', 'failed',
                                  'cancelled')),
  attempt        INTEGER NOT NULL DEFAULT 0,   -- of this step
  priority       INTEGER NOT NULL DEFAULT 0,
  due_at         INTEGER NOT NULL,
  failing_since  INTEGER NOT NULL DEFAULT 0,
  again          INTEGER NOT NULL DEFAULT 0,   -- a person ordered another try
  key_identity   TEXT,                         -- learnt by read-iid
  iid            TEXT,
  epid           TEXT,
  message        TEXT,
  code           INTEGER NOT NULL DEFAULT 0,
  error          TEXT,                         -- the error's word
  updated_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX item_ready ON item (priority, due_at, id) WHERE state = 'ready';
CREATE INDEX item_job_ready ON item (job_id, due_at, id) WHERE state = 'ready';
CREATE INDEX item_due ON item (due_at) WHERE state = 'ready';
CREATE INDEX item_running ON item (machine_id) WHERE state = 'running';
CREATE INDEX item_parked ON item (key_identity, iid) WHERE state = 'parked';
CREATE INDEX item_job ON item (job_id, state);
CREATE INDEX item_machine ON item (machine_id);
-- An identical open job is refused: the index is the last word on it.
CREATE UNIQUE INDEX item_open ON item (machine_id, plan, coalesce (application_id, ''),
                                       coalesce (partial_key, ''))
  WHERE state IN ('ready', 'running', 'parked', 'paused');

-- The timeline: what was done, by whom, what was answered. Keys masked.
CREATE TABLE event (
  id         INTEGER PRIMARY KEY,
  at         INTEGER NOT NULL,
  machine_id INTEGER,
  job_id     INTEGER,
  step       TEXT NOT NULL,
  outcome    TEXT NOT NULL,
  message    TEXT,
  code       INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX event_machine ON event (machine_id, at);
CREATE INDEX event_at ON event (at);

CREATE TABLE setting (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Secrets that are no product keys: digest key, gateway token. Ciphertext only.
CREATE TABLE sealed (
  name       TEXT PRIMARY KEY,
  ciphertext BLOB NOT NULL
) STRICT, WITHOUT ROWID;
