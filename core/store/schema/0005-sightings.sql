-- What else a machine was called when it was found, and where else it was: names and addresses. An
-- address is that machine's where it was seen last.
CREATE TABLE machine_alias (
  alias      TEXT NOT NULL COLLATE NOCASE,
  machine_id INTEGER NOT NULL REFERENCES machine (id) ON DELETE CASCADE,
  PRIMARY KEY (alias, machine_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX machine_alias_machine ON machine_alias (machine_id);
CREATE INDEX machine_address ON machine (address);
