#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives the products page through AT-SPI against the practice lab: products.py BUILD. What the
page shows is compared with what the command line says of the same store."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys

from window import (await_that, check_names, find, get_application, press, start_below_xvfb,
                    walk)


def walk_page(node):
    """Everything but the cells, of which there are hundreds."""
    import pyatspi

    yield node
    if node.getRoleName() == "tree table":
        return
    for child in node:
        if child is not None and child.getState().contains(pyatspi.STATE_VISIBLE):
            yield from walk_page(child)


def look(name, role=None):
    for node in walk_page(get_application()):
        if node.name.startswith(name) and (role is None or node.getRoleName() == role):
            return node
    return None


def await_node(name, role=None):
    return await_that(name, lambda: look(name, role))


def list_rows(build, selection):
    """The rows that the command line finds; status 3 says that there are none."""
    store = pathlib.Path(os.environ["XDG_DATA_HOME"], "latchkey/practice/fleet.db")
    done = subprocess.run(
        [build / "app/ctl/latchkeyctl", "--db", store, "list", "--select", selection, "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60)
    assert done.returncode in (0, 3), done
    return json.loads(done.stdout)["rows"]


def get_count():
    """Rows and selected rows, as the page says it."""
    for node in walk_page(get_application()):
        match = re.fullmatch(r"([\d,]+) rows?(?:, ([\d,]+) selected)?", node.name or "")
        if match:
            return tuple(int((part or "0").replace(",", "")) for part in match.groups())
    return None


def get_names():
    """The first cell of each row that is drawn, from above."""
    table = look("Products", "tree table")
    rows = [node for node in table if node.getRoleName() == "list"][0]
    names = [next(part.name for part in walk(row) if part.getRoleName() == "label")
             for row in rows]
    return [name for name in names if name]


def search(text):
    await_node("Search products").queryEditableText().setTextContents(text)


def await_same(build, selection):
    """The page shows what the command line lists. The lab's machines may still be being read."""
    def look_at_both():
        rows = list_rows(build, selection)
        names = get_names()
        return rows if get_count() == (len(rows), 0) and names and set(names) <= {
            row["name"] for row in rows} else None

    return await_that(f"the same for “{selection}”", look_at_both)


def check_search(build):
    n_all = len(await_same(build, ""))

    for selection in ("srv", "state=grace", "state=licensed,app=windows"):
        search(selection)
        assert 0 < len(await_same(build, selection)) < n_all, selection
    print("ok the search finds what the command line finds")

    search("days<many")
    await_node("“many” is not a whole number")
    search("nowhere at all")
    await_node("Nothing Matches")
    check_names()
    press("Show All", "push button")
    await_same(build, "")
    print("ok what is wrong is said, and so is that nothing matches")


def click_header(title):
    """GTK 4.8 has no action for a header: the mouse does it."""
    header = next(node for node in walk(look("Products", "tree table"))
                  if node.name == title and node.getRoleName() == "label")
    click(header)


def click_first_row():
    """So that the keyboard goes to the list."""
    rows = [node for node in look("Products", "tree table") if node.getRoleName() == "list"][0]
    click(next(part for part in walk(rows[0]) if part.getRoleName() == "label"))


def click(node):
    box = node.queryComponent().getExtents(1)  # of the window
    window = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "Practice Lab"],
                            stdout=subprocess.PIPE, text=True, check=True).stdout.split()[-1]
    subprocess.run(["xdotool", "mousemove", "--window", window, str(box.x + 10),
                    str(box.y + box.height // 2), "click", "1"], check=True)


def check_sort():
    search("name=pc-*,state=grace")
    await_that("sorted by name", lambda: get_names() and get_names() == sorted(get_names()))
    up = get_names()
    click_header("Machine")
    await_that("sorted from the end", lambda: get_names()[0] != up[0]
               and get_names() == sorted(get_names(), reverse=True))
    click_header("Machine")
    await_that("sorted by name again", lambda: get_names() == up)
    print("ok a header sorts, and sorts the other way")


def check_details(build):
    search("name=pc-0001")
    rows = await_same(build, "name=pc-0001")
    subprocess.run(["xdotool", "key", "F9"], check=True)
    await_node("No Selection")
    click_first_row()
    subprocess.run(["xdotool", "key", "ctrl+a"], check=True)
    await_that("all are selected", lambda: get_count() == (len(rows), len(rows)))
    await_that("the machine's UUID", lambda: look(rows[0]["uuid"], "label"))
    await_node("Read the machine", "label")
    check_names()
    groups = " ".join(re.findall("." * (len(rows[0]["iid"]) // 9), rows[0]["iid"]))
    await_node(groups, "label")
    subprocess.run(["xdotool", "key", "F9"], check=True)
    await_that("the details close", lambda: not look(groups, "label"))
    print("ok the details show the machine")


def check_menu():
    search("name=pc-0001")
    await_that("some rows", lambda: 0 < (get_count() or (0, 0))[0] < 5)
    click_first_row()
    subprocess.run(["xdotool", "key", "shift+F10"], check=True)
    await_that("the menu", lambda: [node for node in walk_page(get_application())
                                    if node.name == "Install Key…"
                                    and node.getRoleName() == "menu item"])
    subprocess.run(["xdotool", "key", "Escape"], check=True)
    print("ok the keyboard opens the row's menu")


def check_survival():
    """A selection is of rows, not of places."""
    search("name=pc-000*")
    await_that("some rows", lambda: (get_count() or (0, 0))[0] > 2)
    click_first_row()
    subprocess.run(["xdotool", "key", "ctrl+a"], check=True)
    await_that("all are selected", lambda: get_count()[1] > 2 and get_count()[0] == get_count()[1])
    n = get_count()[1]
    click_header("Machine")
    await_that("they stay selected", lambda: get_count() == (n, n))
    search("name=pc-0001")
    await_that("fewer are selected", lambda: 0 < get_count()[1] == get_count()[0] < n)
    print("ok the selection survives sorting, and leaves what is not shown")


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    scratch = pathlib.Path(os.environ["LATCHKEY_TEST_SCRATCH"])
    log = open(scratch / "log", "w+")
    window = subprocess.Popen([build / "app/window/latchkey", "--practice"], stderr=log)
    try:
        await_that("machines are read", lambda: not find("Licensed, 0") and find("Licensed, "))
        await_that("nearly all machines are read", lambda: len(list_rows(build, "state=unread")) < 15)
        press_page("Products")
        check_search(build)
        check_sort()
        check_details(build)
        check_survival()
        check_menu()
    finally:
        window.send_signal(signal.SIGKILL)
        window.wait()
        log.seek(0)
        print(log.read(), file=sys.stderr)
    log.seek(0)
    said = [line for line in log if "CRITICAL" in line or "WARNING" in line]
    assert not said, said
    print("ok no warnings")
    return 0


def press_page(name):
    subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "Practice Lab",
                    "windowfocus", "--sync", "key", "alt+2"], check=True)
    await_node(name, "tree table")


if __name__ == "__main__":
    sys.exit(main() if "LATCHKEY_TEST_SCRATCH" in os.environ else start_below_xvfb())
