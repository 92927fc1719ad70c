#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Across the air gap and back, in the window: transfer.py BUILD. The window of an isolated lab saves
a sealed request; the window of a store that has a gateway and no machines answers it; the lab's
window takes the answer and deposits. What came of it is asked of the simulated machines and of the
gateway's records. Then what must not happen: the same request answered again, a broken answer."""
import json
import sys

from desk_rig import (JOB_PATIENCE, Desk, Person, await_mark, await_node, await_that, await_text,
                      check_names, find, find_text, get_count, is_blocked, press_keys, start, type_text)
from latchkey_rig import Rig

MACHINES = 8
PASSPHRASE = "over the gap"


def set_up(rig):
    """A lab whose machines have installation IDs, in a store that knows of no backend; and a store
    that knows a gateway, and no machine."""
    rig.start_lab()
    rig.start_gateway()
    rig.run("latchkey-lab", "--practice-key", "mak:1", "--key-file", rig.folder / "mak")
    rig.ctl("key", "add", "--key-file", rig.folder / "mak")
    rig.ctl("credential", "add", "lab", "--user", "administrator", "--password-file",
            rig.secret("machine-password"))
    rig.ctl("discover", "file", rig.folder / "hosts.csv")
    rig.ctl("refresh", "--all", "--give-up-after", "20s", check=False)
    rig.ctl("install-key", "--all", "--key", "1", "--yes", "--give-up-after", "20s", check=False)

    rig.ctl("store", "backup", rig.folder / "twin.db")

    core = ("--db", rig.folder / "core.db")
    rig.run("latchkeyctl", *core, "config", "set", "backend.url",
            f"http://127.0.0.1:{rig.gateway_port}/")
    rig.run("latchkeyctl", *core, "config", "set", "backend.digest-key", "--file",
            rig.secret("digest-key"))
    rig.run("latchkeyctl", *core, "config", "set", "backend.token", "--file", rig.folder / "token")
    return core[1]


def list_spends(rig):
    return rig.rows("gateway.db", "SELECT key_identity, iid, state FROM spend")


def list_products(rig):
    """The simulated machines' products, as they are."""
    return [product for machine in rig.control("/machines") for product in machine["products"]]


def list_licensed(rig):
    return {(product["key-identity"], product["iid"]) for product in list_products(rig)
            if product["status"] == "licensed"}


def unseal(person):
    await_text("The File Is Sealed")
    check_names()
    assert is_blocked("Open"), "nothing is typed yet"
    person.write("Passphrase", "a wrong one")
    person.press("Open", is_whole=True)
    await_mark("Passphrase", "passphrase")
    person.write("Passphrase", PASSPHRASE)
    person.press("Open", is_whole=True)


def check_saving(path):
    person = Person()
    person.show_page("Transfer")
    await_node("Next: Save a Request")
    await_node("No file was written or read yet")
    check_names()
    person.press("Save request")
    go = await_that("what goes in is said", lambda: find("Save ") if find_text(
        "go into the request") else None)
    n = int(await_text("go into the request").name.split()[0])
    assert n >= MACHINES // 2, go.name
    check_names()
    person.write("File", str(path))
    person.click(await_node("Seal with a passphrase"))
    person.press(f"Save {n} Rows")
    await_mark("Passphrase", "Type a passphrase")
    person.write("Passphrase", PASSPHRASE)
    person.write("The same once more", "something else")
    person.press(f"Save {n} Rows")
    await_mark("The same once more", "The two are not the same")
    assert not path.exists(), "nothing is written while something is wrong"
    person.write("The same once more", PASSPHRASE)
    person.press(f"Save {n} Rows")
    await_that("the file", path.exists)
    await_node("Next: Open the Answer")
    await_text(path.name)
    await_node(f"Back in the lab: open an answer: {n}")
    written = path.read_bytes()
    assert written.startswith(b"LATCHKEY SEALED TRANSFER ") and b"iid" not in written, "it is sealed"
    print(f"ok the lab saves a sealed request of {n} rows")
    return n


def check_answering(rig, request, answer, n):
    person = Person()
    unseal(person)
    await_node(f"A Request for {n} Row")
    await_node(f"Activations that this uses: {n}")
    check_names()
    assert is_blocked(f"Answer {n} Rows"), "what is left is not known"
    assert not list_spends(rig), "nothing is asked for unasked"
    person.click(await_node("Spend although what is left is not known"))
    person.press(f"Answer {n} Rows")
    await_that("the answer", answer.exists, JOB_PATIENCE)
    await_text(answer.name)
    await_text(f"{n} done")
    spends = list_spends(rig)
    assert len(spends) == n and {state for _, _, state in spends} == {"confirmed"}, spends
    print(f"ok the core network answers it beside it, with {n} spends")


def check_answering_again(rig, n):
    person = Person()
    unseal(person)
    await_node(f"Answered from the records: {n}")
    person.press(f"Answer {n} Rows")
    await_that("the dialog closes", lambda: not find(f"Answer {n} Rows"))
    await_node("Transfer", "list item")
    assert len(list_spends(rig)) == n, "nothing is spent twice"
    print("ok the same request again costs nothing")


def check_import(rig, answer, n, before):
    person = Person()
    unseal(person)
    await_node(f"An Answer for {n} Row")
    await_node(f"Confirmation IDs that are new here: {n}")
    check_names()
    assert not rig.rows("fleet.db", "SELECT 1 FROM confirmation"), "looking changes nothing"
    person.press(f"Import {n} Rows")
    await_node(f"{n} Confirmation IDs Imported")
    check_names()
    assert len(rig.rows("fleet.db", "SELECT 1 FROM confirmation")) == n
    paid = {(key, iid) for key, iid, _ in list_spends(rig)}
    person.press("Deposit Now")
    person.press(f"Deposit {n} IDs")
    await_that("the machines are licensed",
               lambda: list_licensed(rig) - before == paid, JOB_PATIENCE)
    person.show_page("Transfer")
    await_node("Nothing Waits")
    for number in ("1", "2"):  # the request, and the answer to it
        rows = json.loads(rig.ctl("list", "--select", f"transfer={number}", "--json").stdout)["rows"]
        assert len(rows) == n, rows
    person.press(f"What to do with {answer.name}")
    person.press("Show the Rows in Products", "menu item")
    await_that("its rows", lambda: get_count() == (n, 0))
    print(f"ok the lab takes the answer, and {n} products are licensed")


def write_broken(rig, core, folder):
    """An answer that is not sealed, cut off on its way."""
    request, answer, broken = (folder / f"{name}.latchkey" for name in ("plain", "answer", "cut"))
    rig.run("latchkeyctl", "--db", rig.folder / "twin.db", "export", request, "--all", "--yes")
    rig.run("latchkeyctl", "--db", core, "answer", request, "-o", answer, "--yes")
    broken.write_bytes(answer.read_bytes()[:-200])
    return broken


def check_broken(broken):
    """By the keyboard: Ctrl+O, and the name typed."""
    person = Person()
    press_keys("ctrl+o")
    await_text("The File to Open")
    type_text(str(broken))
    press_keys("Return")
    await_text("The File Is Not Used")
    check_names()
    person.press("Salvage what can be used")
    await_text("Salvage What Can Be Used?")
    person.press("Salvage", is_whole=True)
    await_text("The file is not whole")
    check_names()
    press_keys("Escape")
    await_that("the dialog closes", lambda: not find_text("The file is not whole"))
    print("ok a file that was cut off is refused in words, and salvaged only when told to")


def main(build, scratch):
    request, answer = scratch / "lab.latchkey", scratch / "lab-answer.latchkey"
    rig = Rig(build, scratch / "fleet", machines=MACHINES)
    try:
        core = set_up(rig)
        before = list_licensed(rig)
        lab = rig.folder / "fleet.db"
        with Desk(build, scratch, "--db", lab):
            n = check_saving(request)
        with Desk(build, scratch, "--db", core, request):
            check_answering(rig, request, answer, n)
        with Desk(build, scratch, "--db", core, request):
            check_answering_again(rig, n)
        with Desk(build, scratch, "--db", lab, answer):
            check_import(rig, answer, n, before)
            check_broken(write_broken(rig, core, scratch))
    finally:
        rig.stop()


sys.exit(start(main))
