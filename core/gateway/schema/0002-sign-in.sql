-- A client may sign in in several ways: by a token or a certificate, and for a while by its old one
-- as well as by its new one. Nothing refers to a client yet, so its table can be made anew.
ALTER TABLE client RENAME TO client_1;

CREATE TABLE client (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;

-- hash: BLAKE2b of a token, SHA-256 of a certificate's DER.
CREATE TABLE sign_in (
  id         INTEGER PRIMARY KEY,
  client_id  INTEGER NOT NULL REFERENCES client (id) ON DELETE CASCADE,
  kind       TEXT NOT NULL CHECK (kind IN ('token', 'certificate')),
  hash       BLOB NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  ends_at    INTEGER -- NULL: not before it is removed
) STRICT;

CREATE INDEX sign_in_client ON sign_in (client_id);

INSERT INTO client (id, name, created_at) SELECT id, name, created_at FROM client_1;
INSERT INTO sign_in (client_id, kind, hash, created_at)
  SELECT id, 'token', token_hash, created_at FROM client_1;
DROP TABLE client_1;
