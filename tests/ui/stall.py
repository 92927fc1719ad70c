#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window stays alive while its database sleeps and the network is dead:
stall.py BUILD SLOW-DISK.

Each reading of the database takes 200 ms and each sync two seconds (tests/support/lk-slow-disk.c),
the machines, their Kerberos KDC and the backend take connections and never say a word. Meanwhile the main loop is asked
every 20 ms for the window's actions; no answer may take BAR. What the main thread itself does with
the database or the network is noted by the library, whatever the time it takes."""
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time

from desk_rig import (Person, await_node, await_text, await_that, find_text, get_count, press_keys,
                      start_below_xvfb)

SLOW_MS = 200
BAR = 1.5  # s: less than one sync, more than a loaded machine's own pauses
N_MACHINES = 8
NAME = "org.latchkey.Latchkey"


class Silence:
    """Takes connections at an address and never answers."""

    def __init__(self, host):
        self.socket = socket.create_server((host, 0), backlog=128)
        self.port = self.socket.getsockname()[1]

    def was_asked(self):
        self.socket.settimeout(0)
        try:
            self.socket.accept()
        except BlockingIOError:
            return False
        return True


class Pulse(threading.Thread):
    """Asks the main loop, again and again; the longest answer counts."""

    def __init__(self):
        super().__init__(daemon=True)
        self.longest = 0
        self.n = 0
        self.is_over = False
        self.trouble = None

    def run(self):
        from gi.repository import Gio

        bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        while not self.is_over:
            began = time.monotonic()
            try:
                bus.call_sync(NAME, "/org/latchkey/Latchkey/window/1", "org.gtk.Actions", "List",
                              None, None, Gio.DBusCallFlags.NO_AUTO_START, 60000)
            except Exception as error:
                self.trouble = error
                return
            self.longest = max(self.longest, time.monotonic() - began)
            self.n += 1
            time.sleep(0.02)

    def judge(self, what):
        assert self.trouble is None, self.trouble
        print(f"{what}: {self.n} answers, the longest took {self.longest * 1000:.0f} ms", flush=True)
        assert self.longest < BAR, f"{what}: the main loop stood still for {self.longest:.2f} s"
        self.longest, self.n = 0, 0


def activate_window_action(name):
    subprocess.run(["gdbus", "call", "--session", "--dest", NAME, "--object-path",
                    "/org/latchkey/Latchkey/window/1", "--method", "org.gtk.Actions.Activate",
                    name, "[]", "{}"], check=True, stdout=subprocess.DEVNULL)


def use_keys(*keys):
    window = subprocess.run(["xdotool", "search", "--onlyvisible", "--class", "latchkey"],
                            stdout=subprocess.PIPE, text=True, check=True).stdout.split()[-1]
    subprocess.run(["xdotool", "windowfocus", window, "key", *keys], check=True)


def write_kerberos(scratch, kdc):
    """A realm whose KDC never answers, for one of the machines."""
    path = scratch / "krb5.conf"
    path.write_text("[libdefaults]\ndefault_realm = SILENT.TEST\ndns_lookup_kdc = false\n"
                    "[realms]\nSILENT.TEST = {\n"
                    f"  kdc = 127.0.0.1:{kdc.port}\n}}\n"
                    "[domain_realm]\n.lab.test = SILENT.TEST\n")
    return path


def fill(build, store, scratch, backend):
    """A store with machines that never answer, and a backend that does not either."""
    silences = [Silence(f"127.0.0.{n + 2}") for n in range(N_MACHINES)]
    (scratch / "hosts.csv").write_text("name,address,port\n" + "".join(
        f"pc-{n:02}.lab.test,127.0.0.{n + 2},{silence.port}\n"
        for n, silence in enumerate(silences)))
    (scratch / "password").write_text("never asked for\n")
    (scratch / "digest").write_text("30313233343536373839616263646566\n")
    (scratch / "password").chmod(0o600)
    (scratch / "digest").chmod(0o600)

    def ctl(*words):
        subprocess.run([build / "app/ctl/latchkeyctl", "--db", store, *map(str, words)], check=True,
                       stdout=subprocess.DEVNULL)

    ctl("discover", "file", scratch / "hosts.csv")
    ctl("credential", "add", "lab", "--user", "administrator", "--password-file",
        scratch / "password")
    ctl("credential", "add", "realm", "--user", "administrator@SILENT.TEST", "--scheme", "kerberos",
        "--scope", "pc-00*", "--password-file", scratch / "password")
    ctl("config", "set", "backend.url", f"http://127.0.0.1:{backend.port}/")
    ctl("config", "set", "backend.digest-key", "--file", scratch / "digest")
    return silences


def do_pages(pulse):
    for _ in range(3):
        for n in range(1, 6):
            use_keys(f"alt+{n}")
            time.sleep(0.3)
    pulse.judge("pages are switched")


def do_refresh(pulse):
    use_keys("alt+2")
    await_that("the rows are there", lambda: get_count()[0] == N_MACHINES, 240)
    person = Person()
    person.press("Select all")
    person.press("Refresh")
    time.sleep(6)
    pulse.judge("machines are refreshed that never answer")


def do_check(pulse):
    """One of them is asked after a ticket that never comes."""
    person = Person()
    person.press("Actions for the selected machines")
    person.press("Check…", "menu item")
    await_text(f"Check of {N_MACHINES} machines", patience=120)
    time.sleep(8)
    pulse.judge("machines are checked that never answer, with a KDC that does not either")
    press_keys("Escape")
    await_that("the check goes", lambda: not find_text(f"Check of {N_MACHINES} machines"))


def do_preview(pulse):
    activate_window_action("activate-all")
    await_node("By proxy", patience=120)
    time.sleep(4)
    pulse.judge("an activation is looked at")
    Person().press("Cancel")


def do_connection(pulse):
    person = Person()
    person.press("Main menu")
    person.press("Preferences", "menu item")
    person.press("Backend", "page tab")
    await_node("Test connection", patience=120)
    person.press("Test connection")
    time.sleep(6)
    pulse.judge("the connection to a silent backend is tested")


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    scratch = pathlib.Path(os.environ["LATCHKEY_TEST_SCRATCH"])
    store = scratch / "fleet.db"
    touched = scratch / "touched"
    backend = Silence("127.0.0.1")
    kdc = Silence("127.0.0.1")
    silences = fill(build, store, scratch, backend)
    log = open(scratch / "log", "w+")
    environment = dict(os.environ, LD_PRELOAD=str(pathlib.Path(sys.argv[2]).resolve()),
                       KRB5_CONFIG=str(write_kerberos(scratch, kdc)), LK_SLOW_MS=str(SLOW_MS), LK_SLOW_LOG=str(touched))
    window = subprocess.Popen([build / "app/window/latchkey", "--db", store], stderr=log,
                              env=environment)
    try:
        await_node("Overview", patience=240)
        pulse = Pulse()
        pulse.start()
        await_that("the pulse", lambda: pulse.n > 10)
        pulse.longest = 0
        for do in (do_pages, do_refresh, do_check, do_preview, do_connection):
            do(pulse)
        assert kdc.was_asked(), "nobody asked the KDC"
        pulse.is_over = True
        pulse.join()
    finally:
        window.kill()
        window.wait()
    touches = touched.read_text().splitlines() if touched.exists() else []
    assert not touches, f"the main thread itself: {sorted(set(touches))}"
    print("ok the main thread touches neither the database nor the network")
    log.seek(0)
    said = [line for line in log if "CRITICAL" in line or "WARNING" in line]
    assert not said, said
    assert silences
    return 0


sys.exit(main() if "LATCHKEY_TEST_SCRATCH" in os.environ else start_below_xvfb())
