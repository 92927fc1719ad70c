# SPDX-License-Identifier: GPL-3.0-or-later
"""Two isolated labs and a core network that answers them: for tests of the air gap."""
import hashlib
import json
import pathlib
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

from latchkey_rig import Failure, Rig

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(SOURCE / "tests" / "support"))
from practice import get_key_identity, make_practice_cid

NAMESPACE = "urn:latchkey:transfer:1"


class Lab(Rig):
    """Machines that no backend is reached from."""

    def set_up_lab(self):
        self.start_lab()
        self.run("latchkey-lab", "--practice-key", "mak:1", "--key-file", self.folder / "mak")
        self.ctl("key", "add", "--key-file", self.folder / "mak")
        for name in ("runner.first-back-off", "runner.longest-back-off"):
            self.ctl("config", "set", name, "50ms")
        self.ctl("credential", "add", "lab", "--user", "administrator", "--password-file",
                 self.secret("machine-password"))
        self.ctl("discover", "file", self.folder / "hosts.csv")
        self.ctl("refresh", "--all")
        self.ctl("install-key", "--key", "1", "--all", "--yes")

    def check_licensed(self):
        """Every machine that a person could have activated is, in truth."""
        n = 0
        for machine in self.control("/machines"):
            if not machine["healthy"] or machine["subscription"] or machine["oem"]:
                continue
            n += 1
            if machine["products"][0]["status"] != "licensed":
                raise Failure(f"{machine['name']} reads {machine['products'][0]['status']}")
        return n

    def confirmations(self, database="fleet.db"):
        return {(key, iid): (cid, salvaged) for key, iid, cid, salvaged in self.rows(
            database, "SELECT key_identity, iid, cid, is_salvaged FROM confirmation")}


def open_core(build, folder):
    core = Rig(build, folder, 1)
    core.start_gateway()
    core.configure()
    return core


def call(rig, expect, *args, database=None):
    """Runs a verb with --json; @expect: the exit statuses that are right."""
    where = rig.folder / "fleet.db" if database is None else database
    done = rig.run("latchkeyctl", f"--db={where}", *args, "--json", check=False)
    expect = expect if isinstance(expect, tuple) else (expect,)
    if done.returncode not in expect:
        raise Failure(f"{' '.join(map(str, args))}: exit {done.returncode} instead of {expect}: "
                      f"{done.stderr[-600:]}")
    answer = json.loads(done.stdout)
    if answer["error"] is not None and not answer["error"]["message"].strip():
        raise Failure(f"{' '.join(map(str, args))} says no and not why")
    return answer


def expect(what, was, should):
    if was != should:
        raise Failure(f"{what}: {was!r} instead of {should!r}")


def check_cids(confirmations):
    """No confirmation ID is wrong but one that is marked as salvaged; how many are right."""
    right = 0
    for (key, iid), (cid, salvaged) in confirmations.items():
        if cid == make_practice_cid(iid, key):
            right += 1
        elif not salvaged:
            raise Failure(f"a wrong confirmation ID for {iid} is on record as if it were right")
    return right


def check_spends(core, n):
    """The gateway spent once for each IID, and for @n of them."""
    spends = core.rows("gateway.db", "SELECT key_identity, iid, state FROM spend")
    expect("spends of the gateway", len(spends), n)
    expect("different pairs in them", len({(key, iid) for key, iid, _ in spends}), n)
    expect("states of them", {state for _, _, state in spends}, {"confirmed"} if n else set())
    audit = core.rows("gateway.db", "SELECT iid FROM audit WHERE outcome = 'confirmed'")
    expect("activations in the gateway's audit", len(set(audit)), n)


def check_schema(path):
    done = subprocess.run(["xmllint", "--noout", "--relaxng", SOURCE / "data" / "transfer.rng", path],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"the file is not as the schema says: {done.stderr[-600:]}")


def read_rows(path):
    return [dict(row.attrib) for row in ElementTree.parse(path).getroot()
            if row.tag == f"{{{NAMESPACE}}}row"]


def _digest(checksum, name, fields):
    def add(text):
        data = text.encode()
        checksum.update(len(data).to_bytes(4, "big") + data)
    add(name)
    checksum.update(len(fields).to_bytes(4, "big"))
    for field, value in sorted(fields.items()):
        add(field)
        add(value)


def forge(path, rows, target, **head):
    """Writes @path's head and these rows with a digest that is right for them."""
    root = dict(ElementTree.parse(path).getroot().attrib, records=str(len(rows)), **head)
    checksum = hashlib.sha256()
    _digest(checksum, "transfer", root)
    for row in rows:
        _digest(checksum, "row", row)
    new = ElementTree.Element("transfer", dict(root, xmlns=NAMESPACE))
    for row in rows:
        ElementTree.SubElement(new, "row", row)
    ElementTree.SubElement(new, "trailer", records=str(len(rows)), sha256=checksum.hexdigest())
    pathlib.Path(target).write_bytes(ElementTree.tostring(new, "utf-8", xml_declaration=True))
    return target


def pair_of(row):
    return get_key_identity(row["epid"]), row["iid"]
