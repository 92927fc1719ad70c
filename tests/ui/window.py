#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window as a program: window.py BUILD. One instance, a window for each store, preferences that
test the backend and mark what is wrong, a practice lab that ends with its window."""
import pathlib
import sys

from desk_rig import (Desk, Person, await_node, await_that, await_text, check_names, find,
                      find_text, start)


def check_preferences():
    person = Person()
    person.press("Main menu")
    person.press("Preferences", "menu item")
    await_node("Machines at the same time")
    check_names()
    person.press("Backend", "page tab")
    await_node("Digest key – set, not shown")
    person.press("Test connection")
    await_node("The backend can be used")
    person.write("Address", "ftp://nowhere.test/")
    await_that("the mark", lambda: find_text("https") and "ftp" not in find_text("https").name)
    check_names()
    person.write("Address", "")
    for page, there in (("Credentials", "practice"), ("Trust", "")):
        person.press(page, "page tab")
        await_text(there)
        check_names()
    person.press("Close")


def get_children(pid):
    return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().split(")")[-1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def main(build, scratch):
    with Desk(build, scratch) as desk:
        await_node("Welcome to Latchkey")
        check_names()
        print("ok the first run offers two ways")

        desk.run_again()
        print("ok a second start raises the window and ends")

        person = Person()
        person.press("Open the practice lab")
        await_that("machines are read", lambda: not find("Licensed, 0") and find("Licensed, "))
        await_that("the empty window closes", lambda: not find("Welcome to Latchkey"))
        check_names()
        print("ok one click opens the practice lab, and its states appear")

        check_preferences()
        print("ok the preferences test the backend, and mark what is wrong")

        children = get_children(desk.process.pid)
        assert len(children) >= 2, children

        desk.run_again("--db", scratch / "other.db")
        await_node("Welcome to Latchkey")
        print("ok another store has a window of its own")

        desk.kill()
        await_that("the children end", lambda: not any(is_alive(pid) for pid in children))
        print("ok the lab and the gateway end with a killed window")


sys.exit(start(main))
