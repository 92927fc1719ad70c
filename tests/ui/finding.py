#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines are found from the window: finding.py BUILD. By real searches: a range of addresses in
which a lab's machines answer, and a directory. What was added is asked of the store."""
import json
import subprocess
import sys

from desk_rig import (Desk, Person, await_node, await_that, await_text, check_names, find, find_all,
                      find_text, is_sensitive, start)
from hostile_ldap import HostileServer, device
from latchkey_rig import Rig

MACHINES = 10
DEVICES = 12


def list_names(build, store):
    done = subprocess.run([build / "app/ctl/latchkeyctl", "--db", store, "list", "--json"],
                          stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode in (0, 3), done
    return {row["name"] for row in json.loads(done.stdout)["rows"]}


def list_found():
    """Each machine of the list and whether it is chosen."""
    import pyatspi

    return {node.name: node.getState().contains(pyatspi.STATE_CHECKED)
            for node in find_all(lambda node: node.getRoleName() == "check box")
            if not node.name.startswith("Choose all")}


def open_dialog(person, tab):
    person.press_keys("ctrl+n")
    await_node("Names and addresses")
    if tab != "Addresses":
        person.click(await_that(tab, lambda: next(find_all(
            lambda node: node.name == tab and node.getRoleName() != "label"), None)))
        await_that(f"{tab} is shown", lambda: not find("Names and addresses"))


def close_dialog(person):
    person.press("Later")
    await_that("the dialog closes", lambda: not find("Later"))


def check_ranges(build, store, rig):
    person = Person()
    await_node("Welcome to Latchkey")
    open_dialog(person, "Addresses")
    person.write("Names and addresses", "pc-901.lab.test\n10.0.0.300-4\n127.1.0.0/28")
    await_node("1 machine was found")
    await_text("Line 2: “10.0.0.300-4”")
    person.write("Ports to probe", "no ports")
    person.press("Probe 16 addresses")
    await_text("“no ports” are not ports")
    person.write("Ports to probe", str(rig.lab_ports["port"]))
    person.press("Probe 16 addresses")
    await_text("The search is complete")
    await_node(f"{MACHINES + 1} machines were found")
    check_names()
    person.press(f"Add {MACHINES + 1} machines")
    await_node(f"{MACHINES + 1} Machines Added")
    names = list_names(build, store)
    assert len(names) == MACHINES + 1 and "pc-901.lab.test" in names, names
    close_dialog(person)
    print("ok who answers in a range is added, with the names beside it")


def check_known(build, store, rig):
    """Seen a second time, a machine is known and stays out unless it is chosen."""
    person = Person()
    before = list_names(build, store)
    open_dialog(person, "Addresses")
    person.write("Names and addresses", "127.1.0.0/28")
    person.write("Ports to probe", str(rig.lab_ports["port"]))
    person.press("Probe 16 addresses")
    await_node(f"{MACHINES} machines were found, {MACHINES} are known already")
    found = list_found()
    assert found and not any(found.values()), found
    assert all("Known already" in name for name in found), found
    assert not is_sensitive(find("Add", "push button")), "nothing is chosen"
    person.click(find("Choose all", "check box"))
    await_node(f"Add {MACHINES} machines")
    person.press("Cancel")
    await_that("the dialog closes", lambda: not find("Names and addresses"))
    assert list_names(build, store) == before
    print("ok what is known is marked, and left out unless somebody wants it")


def serve_some(connection, _):
    """Some machines, and then never the end of the list."""
    for i in range(DEVICES):
        connection.send(device(i))
    connection.done(cookie=b"more")
    connection.wait_for_end()


def check_directory(build, store):
    person = Person()
    with HostileServer(serve_some) as server:
        open_dialog(person, "Directory")
        person.press("Search", is_whole=True)
        await_text("Say which directory")
        person.write("Or one server", "ldap://127.0.0.1:1")
        person.click(await_node("Which computers, and how to sign in"))
        person.write("Filter", "(cn=h*")
        await_text("character")
        person.write("Filter", "(cn=h*)")
        await_that("the mark goes", lambda: not find_text("character"))
        choose_anonymous(person)
        person.press("Test", is_whole=True)
        await_text("127.0.0.1:1: connecting")
        check_names()
        person.write("Or one server", f"ldap://127.0.0.1:{server.port}")
        person.press("Test", is_whole=True)
        await_text("accepts the sign-in")
        person.click(find("Which computers, and how to sign in"))  # makes room for the list
        before = list_names(build, store)
        person.press("Search", is_whole=True)
        await_node(f"{DEVICES} machines were found")
        person.press("Stop", is_whole=True)
        await_text("Stopped; what was found until then can be added")
        assert list_names(build, store) == before, "nothing is added unasked"
        person.click(find("h0,", "check box"))
        person.press(f"Add {DEVICES - 1} machines")
        await_node(f"{DEVICES - 1} Machines Added")
        added = list_names(build, store) - before
        assert added == {f"h{i}" for i in range(1, DEVICES)}, added
        close_dialog(person)
    print("ok a directory is tested and searched, stopped, and what was chosen is added")


def choose_anonymous(person):
    """The second choice of the row, by its keys."""
    row = await_node("Sign in with")
    person.click(row)
    person.press_keys("Down", "Return")


def check_closing(build, store):
    """A search that nobody waits for ends with its dialog, and the next one is not kept waiting."""
    person = Person()
    ended = []

    def hang(connection, _):
        connection.send(device(99))
        connection.wait_for_end()
        ended.append(True)

    with HostileServer(hang) as server:
        open_dialog(person, "Directory")
        person.write("Or one server", f"ldap://127.0.0.1:{server.port}")
        person.click(await_node("Which computers, and how to sign in"))
        choose_anonymous(person)
        person.press("Search", is_whole=True)
        await_node("Stop", "push button")
        person.press("Cancel")
        await_that("the server is left", lambda: ended)
    assert "h99" not in list_names(build, store)
    print("ok closing the dialog ends the search")


def main(build, scratch):
    store = scratch / "finding.db"
    rig = Rig(build, scratch / "lab", machines=MACHINES)
    rig.start_lab()
    try:
        with Desk(build, scratch, "--db", store):
            check_ranges(build, store, rig)
            check_known(build, store, rig)
            check_directory(build, store)
            check_closing(build, store)
    finally:
        rig.stop()


sys.exit(start(main))
