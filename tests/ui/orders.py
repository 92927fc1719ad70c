#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is entered by hand: orders.py BUILD. Machines and keys are added from a store with nothing
in it, and what is wrong is marked where it is typed, before anything happens."""
import json
import subprocess
import sys

from desk_rig import Desk, Person, await_node, await_that, await_text, find, find_text, start


def ask(build, store, *words):
    done = subprocess.run([build / "app/ctl/latchkeyctl", "--db", store, *words, "--json"],
                          stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def check_adding(build, store):
    person = Person()
    await_node("Welcome to Latchkey")
    person.press("Add machines")
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
    person.write("Product key", "BCDFG-HJ0")
    await_text("Group 2: character 3")
    person.write("Product key", "W269N-WFGWX-YVC9B-4J6C9-T83GX")
    await_that("the mark goes", lambda: not find_text("Group 2"))
    person.press("Add", is_whole=True)
    await_text("•••••-T83GX")
    assert [key["last_five"] for key in ask(build, store, "key", "list")["keys"]] == ["T83GX"]
    print("ok a wrong character is marked in its group, a right key is listed masked")


def main(build, scratch):
    store = scratch / "orders.db"
    with Desk(build, scratch, "--db", store):
        check_adding(build, store)
        check_keys(build, store)


sys.exit(start(main))
