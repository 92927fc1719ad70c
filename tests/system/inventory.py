#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stores in one file: a lab with real readings moves into an empty store, with its product key and
without; what is written holds to the schema; VAMT's files bring what is known of them.

  inventory.py BUILD
"""
import pathlib
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

from latchkey_rig import Failure
from transfer_rig import SOURCE, Lab, call, check_schema, expect

MACHINES = 20


def count(lab, database, what):
    return lab.rows(database, what)[0][0]


def move(lab):
    """All of it, into an empty store; a second time nothing."""
    path = lab.folder / "lab.xml"
    done = call(lab, 0, "export", path, "--inventory")
    check_schema(path)
    expect("records", len(ElementTree.parse(path).getroot()) - 1, done["records"])
    if "<key " in path.read_text():
        raise Failure("product keys are in the file")

    other = lab.folder / "other.db"
    rehearsal = call(lab, 0, "import", path, "--dry-run", database=other)
    expect("machines after a rehearsal", count(lab, "other.db", "SELECT count (*) FROM machine"), 0)
    first = call(lab, 0, "import", path, database=other)
    expect("what the rehearsal said", {k: first[k] for k in rehearsal if k not in ("verb", "at")},
           {k: rehearsal[k] for k in rehearsal if k not in ("verb", "at")})
    expect("new machines", first["machines_new"], MACHINES)
    for what in ("SELECT name, uuid, cmid, read_at FROM machine ORDER BY id",
                 "SELECT machine_id, activation_id, iid, status, partial_key FROM product ORDER BY 1, 2",
                 "SELECT at, machine_id, step, outcome, message FROM event WHERE machine_id > 0"
                 " ORDER BY 1, 2, 3, 4, 5"):
        expect(what, lab.rows("other.db", what), lab.rows("fleet.db", what))

    second = call(lab, 0, "import", path, database=other)
    expect("machines of the second time", (second["machines_new"], second["machines_known"]),
           (0, MACHINES))
    entry = call(lab, 0, "transfer", "list", database=other)["transfers"][0]
    expect("the file in the list", (entry["kind"], entry["written"], entry["rows"]),
           ("inventory", False, done["records"]))


def move_keys(lab):
    """Product keys go only under a passphrase, and open in the other store."""
    path = lab.folder / "keys.lkt"
    secret = lab.secret("passphrase")
    call(lab, 2, "export", lab.folder / "no.xml", "--keys")
    call(lab, 0, "export", path, "--inventory", "--keys", "--passphrase-file", secret)
    key = (lab.folder / "mak").read_text().strip()
    if key.encode() in path.read_bytes() or b"<machine" in path.read_bytes():
        raise Failure("the file is not sealed")

    other = lab.folder / "keys.db"
    done = call(lab, 0, "import", path, "--passphrase-file", secret, database=other)
    expect("new keys", done["keys_new"], 1)
    shown = lab.run("latchkeyctl", f"--db={other}", "key", "show", "1", "--reveal", "--yes").stdout
    if key not in shown:
        raise Failure("the key is not the same in the other store")
    again = call(lab, 0, "import", path, "--passphrase-file", secret, database=other)
    expect("keys of the second time", again["keys_new"], 0)


def broken(lab):
    """A file that was changed is refused whole, and says why, also when it should be salvaged."""
    path = lab.folder / "lab.xml"
    text = path.read_bytes()
    bent = lab.folder / "bent.xml"
    other = lab.folder / "broken.db"
    for data in (text[:-300], text.replace(b'name="', b'name="x', 1)):
        bent.write_bytes(data)
        for options in ([], ["--salvage"]):
            answer = call(lab, 9, "import", bent, *options, database=other)
            if not answer["error"]:
                raise Failure("it does not say why")
    expect("machines", count(lab, "broken.db", "SELECT count (*) FROM machine"), 0)


def vamt(lab):
    """What is known of VAMT's files, and what was not taken is listed."""
    data = SOURCE / "tests" / "data" / "vamt"
    other = lab.folder / "vamt.db"
    done = call(lab, 4, "import", data / "computers.cil", database=other)
    expect("computers", (done["machines_new"], done["bad"]), (2, 3))
    if not any("Computer/Products/Product/Sku: 1" in words for words in done["remarks"]):
        raise Failure("what was not taken is not listed")
    expect("names", lab.rows("vamt.db", "SELECT name, domain FROM machine ORDER BY id"),
           [("PC-0001", "lab.test"), ("PC-0004", None)])

    done = call(lab, 4, "import", data / "keys.cilx", database=other)
    expect("keys", (done["keys_new"], done["bad"]), (2, 2))
    again = call(lab, 4, "import", data / "keys.cilx", database=other)
    expect("keys of the second time", (again["keys_new"], again["keys_known"]), (0, 2))
    if "AAAAA-AAAAA" in str(done):
        raise Failure("a key is shown")
    expect("remarks", lab.rows("vamt.db", "SELECT remarks FROM product_key ORDER BY id"),
           [("the <servers>",), (None,)])


def main():
    with tempfile.TemporaryDirectory(prefix="latchkey-") as folder:
        lab = Lab(sys.argv[1], folder, MACHINES)
        try:
            lab.set_up_lab()
            print(f"1..{4}")
            for n, check in enumerate((move, move_keys, broken, vamt), 1):
                try:
                    check(lab)
                    print(f"ok {n} - {check.__name__}", flush=True)
                except Failure as failure:
                    print(f"not ok {n} - {check.__name__}: {failure}", flush=True)
        finally:
            lab.stop()


main()
