#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is entered by hand: orders.py BUILD. Machines and keys are added from a store with nothing
in it, and what is wrong is marked in words beside each entry of the window, before anything
happens. The boxes of a confirmation ID are in deeds.py."""
import json
import subprocess
import sys

from desk_rig import (Desk, Person, await_mark, await_node, await_that, await_text, find, find_text,
                      get_application, get_mark, is_blocked, press_keys, start, walk)

# What may be typed into each entry of the preferences and is wrong, and words of the mark.
SETTINGS = {
    "General": {
        "Machines at the same time": ("5000", "a number from 1 to 512"),
        "Time to connect": ("soon", "like 500ms, 30s or 10m"),
        "Time to answer": ("-1", "like 500ms, 30s or 10m"),
    },
    "Backend": {
        "Address": ("ftp://nowhere.test/", "https"),
        "File of its certificate": ("/nowhere.pem", "“/nowhere.pem” is none"),
        "Digest key": ("not a key", "digest key"),
    },
    "Trust": {"File of the machines": ("authorities.pem", "“authorities.pem” is none")},
}
FREE = ["Token at the gateway"]  # may be anything
KEY = "W269N-WFGWX-YVC9B-4J6C9-T83GX"


def ask(build, store, *words):
    done = subprocess.run([build / "app/ctl/latchkeyctl", "--db", store, *words, "--json"],
                          stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def get_dialog():
    """The window that came last."""
    return [node for node in get_application() if node is not None][-1]


def check_wrong(person, name, text, words):
    person.write(name, text)
    await_mark(name, words)


def check_adding(build, store):
    person = Person()
    await_node("Welcome to Latchkey")
    person.press("Add machines")
    person.write("Names and addresses", "not a name")
    await_text("Line 1: ")
    assert is_blocked("Add")
    person.write("Names and addresses", "pc-901.lab.test\nnot a name\n192.0.2.77:5985\n\npc-901.lab.test")
    await_node("2 machines were found")
    await_node("2 lines are left out")
    await_text("Line 2: ")
    await_text("Line 5: ")
    person.press("Add 2 machines")
    await_node("2 Machines Added")
    names = {row["name"] for row in ask(build, store, "list")["rows"]}
    assert names == {"pc-901.lab.test", "192.0.2.77"}, names
    person.press("Later")
    await_that("the dialog closes", lambda: not find("2 Machines Added"))
    print("ok machines are added by address, wrong lines by number")


def check_keys(build, store):
    person = Person()
    person.show_page("Product Keys")
    person.press("Add a key")
    check_wrong(person, "Product key", "BCDFG-HJ0", "Group 2: character 3")
    check_wrong(person, "Product key", KEY.replace("T83", "T38"), "its checksum is wrong")
    assert is_blocked("Add")
    person.write("Product key", KEY)
    await_that("the mark goes", lambda: not get_mark("Product key"))
    check_wrong(person, "Remarks", "x" * 2000, "Remarks have at most")
    assert is_blocked("Add")
    person.write("Remarks", "")
    await_that("the mark goes", lambda: not get_mark("Remarks"))
    person.press("Add", is_whole=True)
    await_text("•••••-T83GX")
    assert [key["last_five"] for key in ask(build, store, "key", "list")["keys"]] == ["T83GX"]
    print("ok a wrong character is marked in its group, a right key is listed masked")

    person.press("What to do with the key")
    person.press("Set What Is Left…", "menu item")
    for wrong in ("many", "-1", "99999999999", "1.5", ""):
        check_wrong(person, "Activations that are left", wrong, f"“{wrong}” is not a number")
        assert is_blocked("Set"), wrong
    person.write("Activations that are left", "12")
    await_that("the mark goes", lambda: not get_mark("Activations that are left"))
    assert not is_blocked("Set")
    press_keys("Escape")
    await_that("the question goes", lambda: not find("Activations that are left"))
    print("ok a figure that is none is marked, and cannot be set")


def check_settings(build, store):
    person = Person()
    before = ask(build, store, "config", "list")
    press_keys("ctrl+comma")
    await_node("Machines at the same time")
    for page, entries in SETTINGS.items():
        person.press(page, "page tab")
        for name, (wrong, words) in entries.items():
            await_node(name)
            check_wrong(person, name, wrong, words)
    typed = [name for entries in SETTINGS.values() for name in entries] + FREE
    for node in walk(get_dialog()):
        if "EditableText" in node.get_interfaces() and node.name != "GtkSearchEntry":
            assert node.name.startswith(tuple(typed)), f"nothing wrong was typed into {node.name}"
    assert ask(build, store, "config", "list") == before
    print("ok each wrong setting is marked, and none is kept")


def check_credentials(build, store):
    person = Person()
    person.press("Credentials", "page tab")
    person.press("Add a credential set")
    await_node("Name of the set")
    person.press("Add", is_whole=True)
    await_mark("Name of the set", "A credential's name has letters")
    await_mark("User", "A user name has 1 to 256 characters")
    await_mark("Password", "The set needs a password")
    check_wrong(person, "Name of the set", "my set", "A credential's name has letters")
    check_wrong(person, "User", "x" * 300, "A user name has 1 to 256 characters")
    check_wrong(person, "For machines", "", "A scope is a pattern")
    person.press("Add", is_whole=True)
    await_mark("For machines", "A scope is a pattern")
    assert not ask(build, store, "credential", "list")["credentials"]
    press_keys("Escape")
    await_that("the dialog closes", lambda: not find("Name of the set"))
    press_keys("Escape")
    await_that("the preferences close", lambda: not find("Trust", "page tab"))
    print("ok a credential set is not added while something in it is wrong")


def check_search():
    person = Person()
    person.show_page("Products")
    person.write("Search products", "days<many")
    await_node("“many” is not a whole number")
    person.write("Search products", "")
    await_that("the mark goes", lambda: not find_text("is not a whole number"))
    print("ok a wrong search says what is wrong in it")


def main(build, scratch):
    store = scratch / "orders.db"
    with Desk(build, scratch, "--db", store):
        check_adding(build, store)
        check_keys(build, store)
        check_settings(build, store)
        check_credentials(build, store)
        check_search()


sys.exit(start(main))
