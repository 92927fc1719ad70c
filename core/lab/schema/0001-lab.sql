-- SPDX-License-Identifier: GPL-3.0-or-later
CREATE TABLE lab (
  id    INTEGER PRIMARY KEY CHECK (id = 1),
  birth TEXT NOT NULL,
  born  INTEGER NOT NULL,               -- virtual minutes
  now   INTEGER NOT NULL
) STRICT;

-- Only machines that are no longer as they were born.
CREATE TABLE machine (
  id       INTEGER PRIMARY KEY,
  board    INTEGER NOT NULL,
  parts    INTEGER NOT NULL,
  image    INTEGER NOT NULL,
  triggers INTEGER NOT NULL
) STRICT;

CREATE TABLE product (
  machine_id         INTEGER NOT NULL,
  place              INTEGER NOT NULL,  -- in the machine, Windows is 0
  kind               INTEGER NOT NULL,
  key_group          INTEGER NOT NULL,
  key_serial         INTEGER NOT NULL,
  last_five          TEXT NOT NULL,
  status             INTEGER NOT NULL,
  reason             INTEGER NOT NULL,
  grace_until        INTEGER NOT NULL,
  valid_until        INTEGER NOT NULL,
  installed_at       INTEGER NOT NULL,
  key_kind           INTEGER NOT NULL,
  activated_by       INTEGER NOT NULL,
  genuine            INTEGER NOT NULL,
  pending            INTEGER NOT NULL,
  rearm_left         INTEGER NOT NULL,
  cmid_serial        INTEGER NOT NULL,
  reduced            INTEGER NOT NULL,
  watermark          INTEGER NOT NULL,
  checks_genuine     INTEGER NOT NULL,
  pending_validation INTEGER NOT NULL,
  tampered           INTEGER NOT NULL,
  key_blocked        INTEGER NOT NULL,
  PRIMARY KEY (machine_id, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE place (
  machine_id INTEGER PRIMARY KEY,
  place      INTEGER NOT NULL
) STRICT;

CREATE TABLE spend (
  key_identity TEXT NOT NULL,
  iid          TEXT NOT NULL,
  n            INTEGER NOT NULL,
  PRIMARY KEY (key_identity, iid)
) STRICT, WITHOUT ROWID;

CREATE TABLE effect (
  id         INTEGER PRIMARY KEY,
  at         INTEGER NOT NULL,          -- virtual minutes
  machine_id INTEGER NOT NULL,
  what       TEXT NOT NULL,
  code       INTEGER NOT NULL
) STRICT;
