# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of the window share: starting it below Xvfb, and finding and pressing what is in it."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

PATIENCE = 60


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


def await_that(what, look, patience=PATIENCE):
    end = time.monotonic() + patience
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


def await_node(name, role=None, patience=PATIENCE):
    return await_that(name, lambda: find(name, role), patience)


class Person:
    """Does what a person does, and counts it."""

    def __init__(self):
        self.done = []

    def press(self, name, role="push button", is_whole=False):
        """What a menu button is called so, is the button inside of it, too: the one that acts.
        GTK 4.8 says a button's label after its name, so that a whole name may come twice."""
        import pyatspi

        def look():
            for node in walk(get_application()):
                if (node.name.startswith(name) and (not is_whole or set(node.name.split()) == {name})
                        and node.getRoleName() == role
                        and node.getState().contains(pyatspi.STATE_SENSITIVE)):
                    if {"click", "toggle"} & {node.queryAction().getName(n)
                                              for n in range(node.queryAction().nActions)}:
                        return node
            return None

        await_that(name, look).queryAction().doAction(0)
        self.done.append(f"click {name}")

    def write(self, name, text):
        """Into the text inside of what is called so."""
        def look():
            for outer in walk(get_application()):
                for node in walk(outer) if outer.name.startswith(name) else ():
                    if "EditableText" in node.get_interfaces():
                        return node
            return None

        await_that(name, look).queryEditableText().setTextContents(text)
        self.done.append(f"write into {name}")
