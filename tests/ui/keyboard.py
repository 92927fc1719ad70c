#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window without a mouse: keyboard.py BUILD. Every action is reached with real key events, the
shortcuts window lists them, Tab goes round every control of a dialog, Escape closes it and Return
does what its default button says. In each dialog every control has a name."""
import sys

from desk_rig import (CONTROLS, Desk, await_node, await_that, await_text, check_names, find,
                      find_text, get_application, get_count, press_keys, start,
                      type_text, walk)
from latchkey_rig import Rig

N_MACHINES = 12
TITLE_BUTTONS = {"Close", "Maximize", "Minimize"}  # GTK leaves them to the keys of the desktop
# What the shortcuts window has to list.
SHORTCUTS = ["Search", "Add machines", "Open a file", "Main menu", "Preferences",
             "Keyboard shortcuts", "Help", "Close the window", "Quit",
             "Activate the selected machines by proxy", "Details",
             "Refresh the selected machines", "Menu of the row", "Select all", "Overview", "Products", "Product keys", "Activations", "Jobs", "Transfer"]


def get_focused():
    """In the window that came last."""
    import pyatspi

    return next((node for node in walk(get_dialog())
                 if node.getState().contains(pyatspi.STATE_FOCUSED)), None)


def await_focus(name):
    return await_that(f"the focus on {name}",
                      lambda: (get_focused() or get_application()).name.startswith(name))


def get_lengths(dialog):
    """Of what is typed into its entries."""
    return {node.name: node.queryText().characterCount for node in walk(dialog)
            if "EditableText" in node.get_interfaces()}


def get_reached(dialog):
    """Names of what has the focus. An entry row of libadwaita 1.2 does not say that it has, so a
    letter is typed to see where it goes."""
    import pyatspi

    found = {node.name for node in walk(dialog)
             if node.getState().contains(pyatspi.STATE_FOCUSED)}
    if not found:
        before = get_lengths(dialog)
        press_keys("End", "x")  # what is selected would be replaced
        try:
            await_that("a letter", lambda: get_lengths(dialog) != before, patience=1)
        except AssertionError:
            return found  # nothing has it that takes a letter
        found = {name for name, n in get_lengths(dialog).items() if n != before.get(name)}
        press_keys("BackSpace")
    return found


def await_entry(name):
    """It takes what is typed."""
    await_that(f"the focus in {name}",
               lambda: any(each.startswith(name) for each in get_reached(get_dialog())))


def await_gone(name):
    await_that(f"“{name}” goes", lambda: not find(name))


def check_pages():
    for keys, title in (("alt+6", "The way across the gap"), ("alt+5", "Jobs"),
                        ("alt+4", "Activations by proxy"), ("alt+3", "Product keys"),
                        ("alt+1", "Products in grace by days left"), ("alt+2", "Search products")):
        press_keys(keys)
        await_node(title)
        check_names()
    print("ok Alt and a number go to the pages")


def check_products():
    press_keys("ctrl+f")
    type_text("name=pc-0001")
    await_that("the search is typed", lambda: 0 < get_count()[0] < N_MACHINES)
    press_keys("ctrl+a")  # the text, of course
    press_keys("BackSpace")
    await_that("all rows", lambda: get_count()[0] >= N_MACHINES)
    press_keys("Tab")
    press_keys("ctrl+a")
    n = await_that("all are selected", lambda: get_count()[0] == get_count()[1] and get_count()[0])
    print(f"ok Ctrl+F searches, Ctrl+A selects all {n} rows")

    press_keys("F9")
    await_node("What was done to this machine")
    check_names()
    press_keys("F9")
    press_keys("F5")
    await_text("reading")
    print("ok F9 shows the details, F5 reads the selected machines again")


def check_menu():
    """Into the list with Tab, then the row's menu."""
    def is_in_list():
        press_keys("Tab")
        node = get_focused()
        while node is not None and node.getRoleName() != "tree table":
            node = node.parent
        return node is not None

    press_keys("ctrl+f")
    await_that("Tab reaches the list", is_in_list)
    press_keys("Down")
    press_keys("shift+F10")
    await_node("Install Key…", "menu item")
    check_names()
    press_keys("Down", "Return")
    await_node("Install ")
    check_dialog("the dialog that installs a key")
    press_keys("Menu")  # the list has the focus again
    await_node("Forget…", "menu item")
    press_keys("Up", "Up", "Return")
    await_text("What was read of them and their timeline are deleted here")
    check_names()
    press_keys("Return")  # the default is Cancel
    await_that("nothing is forgotten",
               lambda: not find_text("timeline are deleted here") and get_count()[0] >= N_MACHINES)
    press_keys("Menu")
    await_node("Install Key…", "menu item")
    press_keys("Escape")
    await_gone("Install Key…")
    print("ok Shift+F10 and Menu open the row's menu, and Return cancels what deletes")


def get_dialog():
    """The window that came last."""
    return [node for node in get_application() if node is not None][-1]


def list_controls(dialog):
    import pyatspi

    return {node.name for node in walk(dialog)
            if node.getRoleName() in CONTROLS - {"menu item", "list item"}
            and node.name not in TITLE_BUTTONS
            and node.getState().contains(pyatspi.STATE_SENSITIVE)
            and node.getState().contains(pyatspi.STATE_FOCUSABLE)}


def check_dialog(what):
    """Tab goes round, every control has a name, Escape closes."""
    check_names()
    dialog = get_dialog()
    name = dialog.name  # it cannot be asked once it is gone
    wanted = list_controls(dialog)
    reached = set()
    for _ in range(3 * len(wanted) + 10):
        press_keys("Tab")
        reached |= get_reached(dialog)
        if wanted <= reached:
            break
    assert wanted <= reached, (what, wanted - reached, reached)
    press_keys("Escape")
    await_that(f"{what} closes", lambda: get_dialog().name != name)
    print(f"ok in {what} Tab reaches {len(wanted)} controls, and Escape closes it:",
          "; ".join(sorted(wanted)))


def check_dialogs():
    press_keys("ctrl+a")
    press_keys("ctrl+Return")
    await_node("By proxy")
    check_dialog("the dialog that activates")
    press_keys("ctrl+n")
    await_node("Names and addresses")
    assert not find("Choose a file") and not find("Later"), "what is not shown is read aloud"
    check_dialog("the dialog that adds machines")
    press_keys("ctrl+n")
    await_focus("Names and addresses")
    press_keys("shift+Tab", "Left", "space")
    await_node("Choose a file", "push button")
    assert not find("Names and addresses"), "what is not shown is read aloud"
    check_dialog("the dialog that adds machines from a file")
    press_keys("alt+3")
    await_node("Add key", "push button")
    press_keys("alt+a")
    await_node("Product key")
    await_entry("Product key")
    check_dialog("the dialog that adds a key")
    check_key_menu()
    press_keys("alt+2")


def check_key_menu():
    def is_at_key():
        press_keys("Tab")
        return get_focused().name.startswith("•")

    await_that("Tab reaches the key", is_at_key)
    press_keys("Return")
    await_node("Set What Is Left…", "menu item")
    check_names()
    press_keys("Down", "Return")
    await_text("How Many Activations Are Left?")
    await_entry("Activations that are left")
    check_dialog("the dialog that takes a figure")


def show_credentials():
    """The third page of the preferences, and its dialog."""
    def is_at(name):
        press_keys("Tab")
        return get_focused().name == name

    await_that("Tab reaches the page", lambda: is_at("Credentials"))
    press_keys("space")
    await_that("Tab reaches the button", lambda: is_at("Add a credential set"))
    press_keys("space")
    await_node("Name of the set")
    await_entry("Name of the set")
    check_dialog("the dialog that adds a credential set")


def check_windows():
    press_keys("ctrl+comma")
    await_node("Machines at the same time")
    check_names()
    show_credentials()
    press_keys("Escape")
    await_gone("Machines at the same time")
    press_keys("F1")
    await_that("the help", lambda: "without ever spending an activation twice" in
               find("Help", "text").queryText().getText(0, 1000))
    check_dialog("the help")
    press_keys("ctrl+question")
    await_text("Menu of the row")
    check_names()
    shown = " ".join(node.name for node in walk(get_dialog()))
    missing = [title for title in SHORTCUTS if title not in shown]
    assert not missing, missing
    press_keys("Escape")
    await_that("the shortcuts close", lambda: not find_text("Menu of the row"))
    press_keys("F10")
    await_node("About Latchkey", "menu item")
    press_keys("Up", "Return")
    await_node("Legal", "list item")
    check_names()
    press_keys("Escape")
    await_gone("Legal")
    print("ok preferences, help, shortcuts and the main menu are a key away")


def main(build, scratch):
    rig = Rig(build, scratch / "fleet", machines=N_MACHINES)
    try:
        rig.set_up()
        rig.ctl("key", "set-remaining", "1", "1000")
        with Desk(build, scratch, "--db", rig.folder / "fleet.db") as desk:
            await_node("Products", "list item")
            check_pages()
            check_products()
            check_menu()
            check_dialogs()
            check_windows()
            press_keys("ctrl+q")
            desk.await_end()
            print("ok Ctrl+Q ends it")
    finally:
        rig.stop()


sys.exit(start(main))
