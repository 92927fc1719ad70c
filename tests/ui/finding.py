#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines are found from the window: finding.py BUILD. By real searches: a range of addresses in
which a lab's machines answer, a directory, and a network of namespaces with real daemons. Rows of
one machine are merged, kept apart and split. What came of it is asked of the store."""
import json
import subprocess
import sys

from desk_rig import (Desk, Person, await_node, await_that, await_text, check_names, find, find_all,
                      find_first, find_text, is_sensitive, start)
from hostile_ldap import HostileServer, device
from latchkey_rig import Rig
import network_rig

MACHINES = 10
DEVICES = 12


def ctl(build, store, *words):
    done = subprocess.run([build / "app/ctl/latchkeyctl", "--db", store, *words, "--json"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    assert done.returncode in (0, 3), done
    return json.loads(done.stdout)


def list_names(build, store):
    return {row["name"] for row in ctl(build, store, "list")["rows"]}


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
        person.click(await_that(tab, lambda: find_first(
            lambda node: node.name == tab and node.getRoleName() != "label")))
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


def save_search(person, name):
    person.press("Save the search…")
    await_node("Name, like office")
    check_names()
    person.write("Name, like office", name)
    person.press("Save", is_whole=True)


def show_saved(person):
    person.click(await_that("the tab", lambda: find_first(
        lambda node: node.name == "Saved" and node.getRoleName() != "label")))


def check_saved(build, store, scratch, rig):
    """A search that was kept is run again, and tells what is otherwise."""
    hosts = scratch / "kept.csv"
    hosts.write_text("name,address\nkept-1,192.0.2.1\nkept-2,192.0.2.2\n")
    ctl(build, store, "discover", "file", hosts, "--save", "kept")
    hosts.write_text("name,address\nkept-1,192.0.2.9\nkept-3,192.0.2.3\n")
    person = Person()
    open_dialog(person, "Addresses")
    person.write("Names and addresses", "127.1.0.0/28")
    person.write("Ports to probe", str(rig.lab_ports["port"]))
    save_search(person, "kept")
    await_text("There is a saved source “kept” already")
    person.write("Name, like office", "lab range")
    person.press("Save", is_whole=True)
    await_text("“lab range” cannot name a saved source")
    person.write("Name, like office", "lab-range")
    person.press("Save", is_whole=True)
    await_that("it is kept", lambda: not find("Name, like office"))

    show_saved(person)
    await_node("kept", "list item")
    check_names()
    person.press("Search kept again")
    await_text("Since the last time: new 1, changed 1, gone 1")
    await_text("Changed: kept-1 (192.0.2.1:5985 → 192.0.2.9:5985)")
    await_text("Gone: kept-2")
    assert set(list_found()) == {"kept-1, 192.0.2.9", "kept-3, 192.0.2.3"}, list_found()
    person.press("Add 2 machines")
    await_node("2 Machines Added")
    close_dialog(person)

    open_dialog(person, "Addresses")
    show_saved(person)
    person.click(await_node("lab-range", "list item"))
    person.press("Search lab-range again")
    await_node(f"{MACHINES} machines were found")
    person.press("Remove the search kept")
    await_text("The machines that it found stay.")
    person.press("Remove", is_whole=True)
    await_that("it is gone", lambda: not find("kept", "list item"))
    sources = ctl(build, store, "discover", "saved")["sources"]
    assert [(s["name"], s["kind"], s["machines"]) for s in sources] == \
        [("lab-range", "range", MACHINES)], sources
    again = ctl(build, store, "discover", "saved", "lab-range")
    assert (again["new"], again["gone"], again["machines"]) == (0, 0, MACHINES), again
    person.press("Cancel")
    print("ok a search that is kept says what is new, changed and gone, in the window and outside")


def open_duplicates(person):
    person.press("Main menu")
    person.press("Possible Duplicates", "menu item")
    await_text("may be one machine")


def check_identity(build, scratch):
    store = scratch / "twins.db"
    twins = scratch / "twins.csv"
    twins.write_text("name,address\ntwin-1,192.0.2.31\ntwin-2,192.0.2.31\n"
                     "twin-3,192.0.2.33\ntwin-4,192.0.2.33\n")
    ctl(build, store, "discover", "file", twins)
    with Desk(build, scratch, "--db", store):
        settle_twins(build, store)


def settle_twins(build, store):
    person = Person()
    await_node("Overview", "list item")
    open_duplicates(person)
    await_text("2 pairs of rows may be one machine")
    check_names()
    person.press("twin-3 and twin-4 are not the same")
    await_text("1 pair of rows may be one machine")
    person.press("Merge twin-2 into twin-1")
    await_text("Merge twin-2 into twin-1?")
    person.press("Merge", is_whole=True)
    await_node("No Possible Duplicates")
    names = list_names(build, store)
    assert "twin-2" not in names and {"twin-1", "twin-3", "twin-4"} <= names, names
    person.press_keys("Escape")
    await_that("the window goes", lambda: not find("No Possible Duplicates"))

    person.show_page("Products")
    person.write("Search products", "twin-1")
    await_that("one row", lambda: find("1 row"))
    person.press_keys("ctrl+a")
    person.press_keys("F9")
    person.press("Split off twin-2")
    await_text("It is a row of its own again")
    person.press("Split Off", is_whole=True)
    await_that("it is back", lambda: "twin-2" in list_names(build, store))
    await_that("nothing is left to split off", lambda: not find("Split off twin-2"))
    assert ctl(build, store, "duplicates")["duplicates"] == []
    print("ok rows are merged, kept apart and split")


def check_network(build, scratch):
    """With wsdd on two hosts; they take a moment until they answer."""
    why = network_rig.obstacle("wsdd", "ss")
    if why is not None:
        print(f"ok the network tab # SKIP {why}")
        return
    network = network_rig.Network(scratch)
    try:
        network.add_host("a", "10.77.0.101/24")
        network.add_host("b", "10.77.0.102/24")
        network.add_host("client", "10.77.0.1/24")
        network.start_wsdd("a", "PC-ALPHA", "WORKGROUP", "-4")
        network.start_wsdd("b", "PC-BETA", "OFFICE", "-4")
        for name in "ab":
            await_that("wsdd listens", lambda host=name: b":3702" in network.run(
                host, "ss", "-lun", stdout=subprocess.PIPE).stdout)
        store = scratch / "network.db"
        with Desk(build, scratch, "--db", store, within=network.command("client")):
            search_network(build, store)
    finally:
        network.close()


def search_network(build, store):
    person = Person()
    await_node("Welcome to Latchkey")
    open_dialog(person, "Network")
    check_names()
    person.press("Search", is_whole=True)
    await_node("2 machines were found")
    await_text("The search is complete")
    found = list_found()
    assert any(name.startswith("PC-ALPHA") and "WORKGROUP" in name for name in found), found
    person.write("Workgroup or domain", "OFFICE")
    person.press("Search", is_whole=True)
    await_node("1 machine was found")
    await_text("The search is complete")
    person.press("Add 1 machine")
    await_node("1 Machine Added")
    assert list_names(build, store) == {"PC-BETA"}
    close_dialog(person)
    print("ok a network is searched, all of it or one workgroup")


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
            check_saved(build, store, scratch, rig)
        check_identity(build, scratch)
        check_network(build, scratch)
    finally:
        rig.stop()


sys.exit(start(main))
