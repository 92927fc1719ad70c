#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The products page: products.py BUILD. What it shows is compared with what the command line says
of the same store."""
import json
import re
import sys

from desk_rig import (Desk, Person, await_node, await_that, await_text, check_names, click, find,
                      get_count, get_names, press_keys, start, steady, walk)
from latchkey_rig import Rig


def list_rows(rig, selection):
    """The rows that the command line finds."""
    return json.loads(rig.ctl("list", "--select", selection, "--json", check=False).stdout)["rows"]


def search(text):
    await_node("Search products").queryEditableText().setTextContents(text)


def await_same(rig, selection):
    """The page shows what the command line lists. The lab's machines may still be being read."""
    def look_at_both():
        rows = list_rows(rig, selection)
        names = get_names()
        return rows if get_count() == (len(rows), 0) and names and set(names) <= {
            row["name"] for row in rows} else None

    return await_that(f"the same for “{selection}”", look_at_both)


def check_search(rig):
    n_all = len(await_same(rig, ""))

    for selection in ("srv", "state=grace", "state=licensed,app=windows"):
        search(selection)
        assert 0 < len(await_same(rig, selection)) < n_all, selection
    print("ok the search finds what the command line finds")

    search("days<many")
    await_node("“many” is not a whole number")
    search("nowhere at all")
    await_node("Nothing Matches")
    check_names()
    Person().press("Show All")
    await_same(rig, "")
    print("ok what is wrong is said, and so is that nothing matches")


def click_header(title):
    """GTK 4.8 has no action for a header: the mouse does it."""
    header = next(node for node in walk(find("Products", "tree table"))
                  if node.name == title and node.getRoleName() == "label")
    click(header)


def list_drawn():
    """The rows that there are widgets for."""
    return [node for node in find("Products", "tree table") if node.getRoleName() == "list"][0]


def get_label(row):
    return next(part for part in walk(row) if part.getRoleName() == "label")


def click_first_row():
    """So that the keyboard goes to the list. A row that was scrolled away keeps its place in AT-SPI,
    so that this is a click on the row that is there now."""
    click(get_label(list_drawn()[0]))


@steady
def get_selected():
    import pyatspi

    return [get_label(row).name for row in list_drawn()
            if row.getState().contains(pyatspi.STATE_SELECTED)]


def go_to_end():
    click_first_row()
    press_keys("End")
    await_that("the end is in view", lambda: get_selected() == get_names()[-1:])


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

    search("")
    await_that("more than the window holds", lambda: get_count()[0] > 60)
    up = get_names()
    go_to_end()
    click_header("Machine")
    await_that("sorted from the end", lambda: get_names() == sorted(up, reverse=True))
    click_first_row()
    await_that("the first of another order is in view", lambda: get_selected() == [max(up)])
    go_to_end()
    search("srv")
    await_that("other rows", lambda: all("SRV" in name for name in get_names()))
    click_first_row()
    await_that("the first of other rows is in view", lambda: get_selected() == get_names()[:1])
    click_header("Machine")
    print("ok who asks for other rows sees the first ones")


def check_details(rig):
    search("name=pc-0001")
    rows = await_same(rig, "name=pc-0001")
    press_keys("F9")
    await_node("No Selection")
    click_first_row()
    press_keys("ctrl+a")
    await_that("all are selected", lambda: get_count() == (len(rows), len(rows)))
    await_that("the machine's UUID", lambda: find(rows[0]["uuid"], "label"))
    await_node("Read the machine", "label")
    check_names()
    groups = " ".join(re.findall("." * (len(rows[0]["iid"]) // 9), rows[0]["iid"]))
    await_node(groups, "label")
    press_keys("F9")
    await_that("the details close", lambda: not find(groups, "label"))
    print("ok the details show the machine")


def check_menu():
    search("name=pc-0001")
    await_that("some rows", lambda: 0 < (get_count() or (0, 0))[0] < 5)
    click_first_row()
    press_keys("shift+F10")
    await_node("Install Key…", "menu item")
    press_keys("Escape")
    print("ok the keyboard opens the row's menu")


def check_survival():
    """A selection is of rows, not of places."""
    search("name=pc-000*")
    await_that("some rows", lambda: (get_count() or (0, 0))[0] > 2)
    click_first_row()
    press_keys("ctrl+a")
    await_that("all are selected", lambda: get_count()[1] > 2 and get_count()[0] == get_count()[1])
    n = get_count()[1]
    click_header("Machine")
    await_that("they stay selected", lambda: get_count() == (n, n))
    search("name=pc-0001")
    await_that("fewer are selected", lambda: 0 < get_count()[1] == get_count()[0] < n)
    print("ok the selection survives sorting, and leaves what is not shown")


def main(build, scratch):
    rig = Rig(build, scratch / "fleet", machines=60, seed=7)
    try:
        rig.set_up()
        with Desk(build, scratch, "--db", rig.folder / "fleet.db"):
            Person().show_page("Products")
            await_node("Products", "tree table")
            check_search(rig)
            check_sort()
            check_details(rig)
            check_survival()
            check_menu()
    finally:
        rig.stop()


sys.exit(start(main))
