#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives the window as a person would, through AT-SPI: window.py BUILD. Starts itself again below
Xvfb and a session bus of its own."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PATIENCE = 60
CONTROLS = {"push button", "toggle button", "check box", "entry", "password text", "spin button",
            "combo box", "menu", "list item"}


def start_below_xvfb():
    if not shutil.which("xvfb-run") or not shutil.which("dbus-run-session"):
        print("xvfb or dbus is missing", file=sys.stderr)
        return 77
    with tempfile.TemporaryDirectory() as scratch:
        environment = dict(os.environ, LATCHKEY_TEST_SCRATCH=scratch)
        for name in ("RUNTIME_DIR", "CONFIG_HOME", "DATA_HOME", "CACHE_HOME"):
            folder = pathlib.Path(scratch, name.lower())
            folder.mkdir(mode=0o700)
            environment["XDG_" + name] = str(folder)
        environment.update(GSETTINGS_BACKEND="memory", GSK_RENDERER="cairo",
                           G_DEBUG="fatal-criticals", LC_ALL="C.UTF-8")
        for name in ("DBUS_SESSION_BUS_ADDRESS", "GTK_A11Y", "NO_AT_BRIDGE"):
            environment.pop(name, None)
        return subprocess.run(
            ["xvfb-run", "-a", "-s", "-screen 0 1400x1000x24", "dbus-run-session", "--",
             sys.executable, *sys.argv], env=environment).returncode


def await_that(what, look):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            found = look()
        except Exception:  # what we look at may go away while we do
            found = None
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited in vain: {what}")


def walk(node):
    """What is not hidden; GTK 4.8 does not tell what is showing."""
    import pyatspi

    yield node
    for child in node:
        if child is not None and child.getState().contains(pyatspi.STATE_VISIBLE):
            yield from walk(child)


def get_application():
    import pyatspi

    for application in pyatspi.Registry.getDesktop(0):
        if application is not None and "latchkey" in application.name.lower():
            return application
    return None


def find(name, role=None):
    """The first node whose name begins so."""
    application = get_application()
    for node in walk(application) if application else ():
        if node.name.startswith(name) and (role is None or node.getRoleName() == role):
            return node
    return None


def await_node(name, role=None):
    return await_that(name, lambda: find(name, role))


def press(name, role):
    """What a menu button is called so, is the button inside of it, too: the one that acts."""
    def look():
        for node in walk(get_application()):
            if node.name.startswith(name) and node.getRoleName() == role:
                if "click" in (node.queryAction().getName(n)
                               for n in range(node.queryAction().nActions)):
                    return node
        return None

    await_that(name, look).queryAction().doAction(0)


def is_nameless(node):
    """GTK names what has no name after its class."""
    if node.name == "GtkSearchEntry":
        return False  # libadwaita's own in the preferences, which is switched off
    return node.getRoleName() in CONTROLS and (not node.name or node.name[:3] in ("Gtk", "Adw"))


def check_names():
    """Every control that can be seen has a name."""
    nameless = []
    for node in walk(get_application()):
        if is_nameless(node):
            parent = node.parent
            if parent is not None and parent.name:
                continue  # a part of a named row
            nameless.append(f"{node.getRoleName()} in {parent.name if parent else '?'}")
    assert not nameless, nameless


def write(name, text):
    """Into the text inside of the row of that name."""
    for node in walk(await_node(name)):
        try:
            node.queryEditableText().setTextContents(text)
            return
        except NotImplementedError:
            continue
    raise AssertionError(f"{name} takes no text")


def check_preferences():
    press("Main menu", "push button")
    press("Preferences", "menu item")
    await_node("Machines at the same time")
    check_names()
    press("Backend", "page tab")
    await_node("Digest key – set, not shown")
    press("Test connection", "push button")
    await_node("The backend can be used")
    write("Address", "ftp://nowhere.test/")
    await_that("the mark", lambda: [node for node in walk(get_application())
                                    if "https" in node.name and "ftp" not in node.name
                                    and node.getRoleName() == "label"])
    check_names()
    write("Address", "")
    press("Close", "push button")


def get_children(pid):
    return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().split(")")[-1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def main():
    program = pathlib.Path(sys.argv[1], "app/window/latchkey").resolve()
    scratch = pathlib.Path(os.environ["LATCHKEY_TEST_SCRATCH"])
    log = open(scratch / "log", "w+")
    window = subprocess.Popen([program], stderr=log)

    await_node("Welcome to Latchkey")
    check_names()
    print("ok the first run offers two ways")

    second = subprocess.run([program], timeout=PATIENCE, stderr=log)
    assert second.returncode == 0, second
    print("ok a second start raises the window and ends")

    press("Open the practice lab", "push button")
    await_node("Not read yet, ")
    await_node("Licensed, ")
    await_that("machines are read", lambda: not find("Licensed, 0") and find("Licensed, "))
    await_that("the empty window closes", lambda: not find("Welcome to Latchkey"))
    check_names()
    print("ok one click opens the practice lab, and its states appear")

    check_preferences()
    print("ok the preferences test the backend, and mark what is wrong")

    children = get_children(window.pid)
    assert len(children) >= 2, children

    other = subprocess.run([program, "--db", scratch / "other.db"], timeout=PATIENCE, stderr=log)
    assert other.returncode == 0, other
    await_node("Welcome to Latchkey")
    print("ok another store has a window of its own")

    window.send_signal(signal.SIGKILL)
    window.wait()
    await_that("the children end", lambda: not any(is_alive(pid) for pid in children))
    print("ok the lab and the gateway end with a killed window")

    log.seek(0)
    said = [line for line in log if "CRITICAL" in line or "WARNING" in line]
    assert not said, said
    print("ok no warnings")
    return 0


if __name__ == "__main__":
    sys.exit(main() if "LATCHKEY_TEST_SCRATCH" in os.environ else start_below_xvfb())
