#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders from the window, as a person gives them: orders.py BUILD. The practice lab is activated by
proxy; what came of it is asked of latchkeyctl and of the gateway's own records. Machines and keys
are added."""
import contextlib
import json
import os
import pathlib
import sqlite3
import subprocess
import sys

from desk_rig import Person, await_node, await_that, find, get_application, start_below_xvfb, walk

JOB_PATIENCE = 240
MAX_CLICKS = 6


class Rig:
    def __init__(self, build, scratch):
        self.build = build
        self.folder = pathlib.Path(os.environ["XDG_DATA_HOME"], "latchkey/practice")
        self.log = open(scratch / "log", "w+")
        self.window = subprocess.Popen([build / "app/window/latchkey", "--practice"],
                                       stderr=self.log)

    def ask(self, *words):
        done = subprocess.run(
            [self.build / "app/ctl/latchkeyctl", "--db", self.folder / "fleet.db", *words, "--json"],
            stdout=subprocess.PIPE, text=True, check=False)
        return json.loads(done.stdout)

    def list_spends(self):
        """The gateway's: one line for each activation that it gave."""
        with contextlib.closing(sqlite3.connect(
                f"file:{self.folder / 'gateway.db'}?mode=ro", uri=True)) as db:
            return db.execute("SELECT key_identity, iid, state FROM spend").fetchall()


def activate_window_action(name):
    """Of the window that was opened first, as its menu would do it."""
    subprocess.run(["gdbus", "call", "--session", "--dest", "org.latchkey.Latchkey", "--object-path",
                    "/org/latchkey/Latchkey/window/1", "--method", "org.gtk.Actions.Activate",
                    name, "[]", "{}"], check=True, stdout=subprocess.DEVNULL)


def find_text(text):
    for node in walk(get_application()):
        if text in node.name:
            return node
    return None


def await_jobs(rig):
    def are_closed():
        jobs = rig.ask("job", "list")["jobs"]
        return jobs if jobs and all(job["finished_at"] for job in jobs) else None

    return await_that("the jobs end", are_closed, JOB_PATIENCE)


def check_activation(rig):
    person = Person()
    person.done.append("click Open the practice lab")  # --practice did it for us
    await_node("Licensed, ")
    await_jobs(rig)

    # Until rows can be chosen, all of them are: two clicks of a person.
    person.done += ["select all", "click Activate"]
    activate_window_action("activate-all")
    await_node("By proxy")
    before = {row["machine"] for row in rig.ask("activate", "--proxy", "--all", "--key",
                                                   get_key(rig), "--dry-run")["preview"]["rows"]
              if row["included"]}
    assert len(before) > 30, before
    assert not find("Activate 0"), "the suggested key makes products ready"
    assert find_text("Installation IDs and extended PIDs of"), "what leaves the network is said"
    person.press(f"Activate {len(before)} Products")
    await_that("the toast names the job", lambda: find_text("activating"))
    jobs = await_jobs(rig)
    print("ok all products are activated from the dialog:", jobs[0])

    key = get_key(rig)
    licensed = {row["name"] for row in rig.ask("list", "--select", "app=windows")["rows"]
                if row["state"] == "licensed" and row["partial_key"] == key} & before
    failed = before - licensed
    # The lab's addresses that are dead or refuse are the only ones that may be left.
    assert len(failed) <= 4, sorted(failed)
    spends = rig.list_spends()
    pairs = [(key, iid) for key, iid, _ in spends]
    assert len(pairs) == len(set(pairs)), "one spend for each installation ID"
    assert len(pairs) == len(licensed), (len(pairs), len(licensed))
    print(f"ok {len(licensed)} licensed, {len(pairs)} spends, no installation ID twice")

    print(f"ok {len(person.done)} actions:", "; ".join(person.done))
    assert len(person.done) <= MAX_CLICKS, person.done


def show_page(title):
    """By the sidebar's row of that name."""
    def look():
        for node in walk(get_application()):
            if node.name.startswith(title) and node.getRoleName() == "list item":
                return node
        return None

    row = await_that(title, look)
    row.parent.querySelection().selectChild(row.getIndexInParent())


def get_key(rig):
    return rig.ask("key", "list")["keys"][0]["last_five"]


def check_adding(rig):
    person = Person()
    person.press("Main menu")
    person.press("Add Machines", "menu item")
    person.write("Names and addresses", "pc-901.lab.test\nnot a name\n192.0.2.77:5985\n\npc-901.lab.test")
    await_node("2 machines were found")
    await_node("2 lines are left out")
    await_that("the wrong line", lambda: find_text("Line 2: "))
    await_that("the same again", lambda: find_text("Line 5: "))
    person.press("Add 2 machines")
    await_node("2 Machines Added")
    names = {row["name"] for row in rig.ask("list")["rows"]}
    assert {"pc-901.lab.test", "192.0.2.77"} <= names, names
    person.press("Later")
    await_that("the dialog closes", lambda: not find("2 Machines Added"))
    print("ok machines are added by address, wrong lines by number")


def check_keys(rig):
    person = Person()
    show_page("Product Keys")
    await_that("the key is listed, masked", lambda: find_text("•••••-" + get_key(rig)))
    person.press("Add key")
    person.write("Product key", "BCDFG-HJ0")
    await_that("the mark", lambda: find_text("Group 2: character 3"))
    person.write("Product key", "W269N-WFGWX-YVC9B-4J6C9-T83GX")
    await_that("the mark goes", lambda: not find_text("Group 2"))
    person.press("Add", is_whole=True)
    await_that("the new key", lambda: find_text("•••••-T83GX"))
    print("ok a wrong character is marked in its group, a right key is listed masked")


def main():
    rig = Rig(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(os.environ["LATCHKEY_TEST_SCRATCH"]))
    try:
        check_activation(rig)
        check_adding(rig)
        check_keys(rig)
    finally:
        rig.window.terminate()
        rig.window.wait()
    rig.log.seek(0)
    said = [line for line in rig.log if "CRITICAL" in line or "WARNING" in line]
    assert not said, said
    print("ok no warnings")
    return 0


sys.exit(main() if "LATCHKEY_TEST_SCRATCH" in os.environ else start_below_xvfb())
