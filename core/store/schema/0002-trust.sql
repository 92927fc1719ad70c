-- The certificate that a person accepted for a machine, whole, so that a changed one can be compared.
ALTER TABLE machine ADD COLUMN certificate BLOB;       -- DER
ALTER TABLE machine ADD COLUMN pinned_at INTEGER NOT NULL DEFAULT 0;

-- A credential set may be more than a stored password.
CREATE TABLE credential_2 (
  id          INTEGER PRIMARY KEY,
  name        TEXT NOT NULL UNIQUE COLLATE NOCASE,
  kind        TEXT NOT NULL DEFAULT 'password'
              CHECK (kind IN ('password', 'ask', 'ticket', 'keytab', 'certificate')),
  scheme      TEXT NOT NULL DEFAULT 'auto',
  user        TEXT NOT NULL,
  scope       TEXT NOT NULL DEFAULT '*',         -- glob over name, FQDN, address or domain
  file        TEXT,                              -- of a keytab
  certificate TEXT,                              -- the client's, PEM; its key is the ciphertext
  ciphertext  BLOB,                              -- NULL: nothing is kept
  created_at  INTEGER NOT NULL,
  stopped_at  INTEGER NOT NULL DEFAULT 0,        -- refused too often; 0: in use
  stopped_why TEXT
) STRICT;
INSERT INTO credential_2 (id, name, user, scope, ciphertext, created_at)
  SELECT id, name, user, scope, ciphertext, created_at FROM credential;
DROP TABLE credential;
ALTER TABLE credential_2 RENAME TO credential;
