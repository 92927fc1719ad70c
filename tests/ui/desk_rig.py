# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of the window share: starting it below Xvfb and a session bus of its own, finding what
is in it through AT-SPI, and doing what a person does with the mouse and the keyboard. The truth
behind the window is the practice lab's and the gateway's, see Practice, or latchkey_rig's.

A script calls sys.exit(start(main)); main(build, scratch) says what is well, or raises."""
import contextlib
import functools
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))

PATIENCE = int(os.environ.get("LATCHKEY_TEST_PATIENCE", "60"))
JOB_PATIENCE = 240  # a silent machine is asked three times
CONTROLS = {"push button", "toggle button", "check box", "radio button", "entry", "password text",
            "text", "spin button", "combo box", "menu", "menu item", "list item", "page tab", "slider"}
# Where AT-SPI would have to be asked for hundreds of cells.
LONG = {"tree table"}
# Where the mouse rests. Above a row it would have a tooltip shown, which is a window of its own.
AWAY = ["mousemove", "1399", "999"]


# Starting

def start(main):
    if "LATCHKEY_TEST_SCRATCH" not in os.environ:
        return start_below_xvfb()
    subprocess.run(["xdotool", *AWAY], check=True)
    main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(os.environ["LATCHKEY_TEST_SCRATCH"]))
    return 0


def start_below_xvfb():
    for program in ("xvfb-run", "dbus-run-session", "xdotool"):
        if not shutil.which(program):
            print(f"{program} is missing", file=sys.stderr)
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
        # Without a reset, which puts the mouse back into the middle when a client was the last one.
        return subprocess.run(
            ["xvfb-run", "-a", "-s", "-noreset -screen 0 1400x1000x24", "dbus-run-session", "--",
             sys.executable, *sys.argv], env=environment).returncode


class Desk:
    """The program, which may be started again after its end. As a context it is ended, and must
    not have warned. @within: what it is started by."""

    def __init__(self, build, scratch, *options, within=()):
        self.command = [*within, build / "app/window/latchkey", *options]
        self.log = open(scratch / f"log{len(list(scratch.glob('log*')))}", "w+")
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stderr=self.log)

    def run_again(self, *options):
        """What a second start does while the first one runs."""
        done = subprocess.run([self.command[0], *options], timeout=PATIENCE, stderr=self.log)
        assert done.returncode == 0, done

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def await_end(self):
        assert self.process.wait(PATIENCE) == 0, self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(PATIENCE)
        self.log.seek(0)
        said = self.log.read()
        if kind is not None:
            print(said, file=sys.stderr)
            return
        said = [line for line in said.splitlines() if "CRITICAL" in line or "WARNING" in line]
        assert not said, said
        print("ok no warnings")


# Looking

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


def steady(look):
    """What we look at may go away while we do; then all of it is looked at again."""
    @functools.wraps(look)
    def look_again(*words, **named):
        from gi.repository import GLib

        end = time.monotonic() + PATIENCE
        while True:
            try:
                return look(*words, **named)
            except GLib.GError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    return look_again


def is_shown(node):
    """GTK 4.8 tells what is hidden, not what is showing."""
    import pyatspi

    return node is not None and node.getState().contains(pyatspi.STATE_VISIBLE)


def is_sensitive(node):
    """GTK says it of a menu button, and not of the button inside of it."""
    import pyatspi

    return all(each is None or each.getState().contains(pyatspi.STATE_SENSITIVE)
               for each in (node, node.parent))


def walk(node, leaves_out=()):
    yield node
    if node.getRoleName() in leaves_out:
        return
    for child in node:
        if is_shown(child):
            yield from walk(child, leaves_out)


def get_application():
    import pyatspi

    for application in pyatspi.Registry.getDesktop(0):
        if application is not None and "latchkey" in application.name.lower():
            return application
    return None


def walk_all():
    application = get_application()
    return walk(application, LONG) if application else ()


@steady
def find_all(is_wanted):
    return [node for node in walk_all() if is_wanted(node)]


@steady
def find_first(is_wanted):
    return next((node for node in walk_all() if is_wanted(node)), None)


def find(name, role=None):
    """The first node whose name begins so."""
    return find_first(lambda node: node.name.startswith(name)
                      and (role is None or node.getRoleName() == role))


def find_text(text):
    """The first node whose name has it somewhere."""
    return find_first(lambda node: text in node.name)


def await_node(name, role=None, patience=PATIENCE):
    return await_that(name, lambda: find(name, role), patience)


def await_text(text, patience=PATIENCE):
    return await_that(text, lambda: find_text(text), patience)


def is_nameless(node):
    """GTK names what has no name after its class, and says the underscore of a label."""
    if node.name == "GtkSearchEntry":
        return False  # libadwaita's own in the preferences, which is switched off
    return node.getRoleName() in CONTROLS and (not node.name or node.name[:3] in ("Gtk", "Adw")
                                               or re.search(r"(^|[ \w])_\w", node.name))


@steady
def check_names():
    """Every control that can be seen has a name."""
    nameless = []
    for node in find_all(is_nameless):
        parent = node.parent
        if parent is not None and parent.name and not is_nameless(parent):
            continue  # a part of a named row
        nameless.append(f"{node.getRoleName()} in {parent.name if parent else '?'}")
    assert not nameless, nameless


# Forms

def find_row(name):
    """The line of a form that has the entry of this name."""
    node = find_first(lambda node: node.name.startswith(name)
                      and "EditableText" in node.get_interfaces())
    while node.parent.getRoleName() != "list":
        node = node.parent
    return node


@steady
def get_mark(name):
    """The line below it, if it is a mark."""
    row = find_row(name)
    lines = [node for node in row.parent if is_shown(node)]
    below = lines[lines.index(row) + 1:][:1]
    return below[0].name if below and not any(
        "EditableText" in node.get_interfaces() for node in walk(below[0])) else ""


def await_mark(name, words):
    await_that(f"“{words}” below {name}", lambda: words in get_mark(name))


@steady
def is_blocked(name):
    """A button that cannot be pressed now."""
    return not is_sensitive(find_first(
        lambda node: node.getRoleName() == "push button" and node.name in (name, f"{name} {name}")))


def get_actions(node):
    action = node.queryAction()
    return {action.getName(n) for n in range(action.nActions)}


# Doing

def get_top_window():
    """The topmost of ours; there is no window manager."""
    found = subprocess.run(["xdotool", "search", "--onlyvisible", "--class", "latchkey"],
                           stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    return found[-1]


def press_keys(*keys):
    """Real key events, to the topmost window as a window manager would have it."""
    command = ["xdotool"]
    focused = subprocess.run(["xdotool", "getwindowfocus"], stdout=subprocess.PIPE, text=True,
                             stderr=subprocess.DEVNULL, check=False).stdout.strip()
    if focused != get_top_window():
        command += ["windowfocus", "--sync", get_top_window()]
    subprocess.run([*command, "key", *keys], check=True)


def type_text(text):
    subprocess.run(["xdotool", "type", "--delay", "5", text], check=True)


def click(node, button=1):
    """With the mouse; GTK 4.8 has no action for rows and headers. Where the node stays, not where it
    is while a list is still being laid out, and not where it would be if it were in view."""
    def look():
        extents = node.queryComponent().getExtents(1)  # of the window
        return extents.x, extents.y, extents.width, extents.height

    def stay():
        before = look()
        time.sleep(0.3)
        return before if look() == before and before[3] > 0 else None

    x, y, _, height = await_that("a node that stays where it is", stay)
    subprocess.run(["xdotool", "mousemove", "--window", get_top_window(), str(x + 10),
                    str(y + height // 2), "click", str(button), *AWAY], check=True)


class Person:
    """Does what a person does, and counts it."""

    def __init__(self):
        self.done = []

    def press(self, name, role="push button", is_whole=False):
        """What a menu button is called so, is the button inside of it, too: the one that acts.
        GTK 4.8 says a button's label after its name, so that a whole name may come twice."""
        def is_it(node):
            return (node.name.startswith(name) and node.getRoleName() == role
                    and (not is_whole or node.name in (name, f"{name} {name}"))
                    and {"click", "toggle"} & get_actions(node) and is_sensitive(node))

        await_that(name, lambda: find_first(is_it)).queryAction().doAction(0)
        self.done.append(f"click {name}")

    def write(self, name, text):
        """Into the text inside of what is called so."""
        def look():
            for outer in find_all(lambda node: node.name.startswith(name)):
                for node in walk(outer):
                    if "EditableText" in node.get_interfaces():
                        return node
            return None

        await_that(name, look).queryEditableText().setTextContents(text)
        self.done.append(f"write into {name}")

    def show_page(self, title):
        """By the sidebar's row of that name."""
        row = await_node(title, "list item")
        row.parent.querySelection().selectChild(row.getIndexInParent())
        self.done.append(f"click {title}")

    def press_keys(self, *keys):
        press_keys(*keys)
        self.done.append("press " + " ".join(keys))

    def click(self, node):
        click(node)
        self.done.append(f"click {node.name}")


# The practice lab of the window, and the truth behind it

class Practice:
    def __init__(self, build):
        self.build = build
        self.folder = pathlib.Path(os.environ["XDG_DATA_HOME"], "latchkey/practice")

    def ask(self, *words):
        """What the command line says of the same store; status 3 says that nothing matches."""
        done = subprocess.run(
            [self.build / "app/ctl/latchkeyctl", "--db", self.folder / "fleet.db", *words, "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=PATIENCE,
            check=False)
        assert done.returncode in (0, 3), done
        return json.loads(done.stdout)

    def list_rows(self, selection):
        return self.ask("list", "--select", selection)["rows"]

    def await_jobs(self):
        def are_closed():
            jobs = self.ask("job", "list")["jobs"]
            return jobs if jobs and all(job["finished_at"] for job in jobs) else None

        return await_that("the jobs end", are_closed, JOB_PATIENCE)

    def get_key(self):
        return self.ask("key", "list")["keys"][0]["last_five"]

    def list_spends(self):
        """The gateway's: one line for each activation that it gave."""
        with contextlib.closing(sqlite3.connect(
                f"file:{self.folder / 'gateway.db'}?mode=ro", uri=True, timeout=30)) as db:
            return db.execute("SELECT key_identity, iid, state FROM spend").fetchall()

    def ask_lab(self, path, method="GET"):
        port = int((self.folder / "control-port").read_text())
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def list_machines(self):
        """The simulated machines as they are, whatever anybody believes."""
        return self.ask_lab("/machines")


def get_count():
    """Rows and selected rows, as the products page says it."""
    for node in find_all(lambda node: node.name):
        match = re.fullmatch(r"([\d,]+) rows?(?:, ([\d,]+) selected)?", node.name)
        if match:
            return tuple(int((part or "0").replace(",", "")) for part in match.groups())
    return None


@steady
def get_names():
    """Of the machines that the products page draws, from above."""
    table = find("Products", "tree table")
    rows = [node for node in table if node.getRoleName() == "list"][0]
    names = [next(part.name for part in walk(row) if part.getRoleName() == "label")
             for row in rows]
    return [name for name in names if name]
