#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the window again and again and has it take pictures of itself.

    shots.py BUILD [FOLDER [PREFIX]]    of PREFIX, only those whose names begin so
    shots.py --few BUILD                one of each page and dialog, for the tests

Fails when a picture is missing or empty, when the program says anything on standard error, or when
it does not end by itself. The pictures are for people to look at."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

NARROW = ("--shot-size", "360x640")
DARK = {"ADW_DEBUG_COLOR_SCHEME": "prefer-dark"}
CONTRAST = {"ADW_DEBUG_HIGH_CONTRAST": "1"}
SEEN = ("--shot-after", "3000")

# Name, which store, options, environment.
PICTURES = [
    ("welcome", "empty", (), {}),
    ("welcome-dark", "empty", (), DARK),
    ("welcome-narrow", "empty", NARROW, {}),
    ("preferences-general", "empty", ("--shot-of", "preferences"), {}),
    ("preferences-backend", "empty", ("--shot-of", "preferences", "--shot-page", "1"), {}),
    ("preferences-dark", "empty", ("--shot-of", "preferences", "--shot-page", "1"), DARK),
    ("preferences-narrow", "empty",
     ("--shot-of", "preferences", "--shot-page", "1") + NARROW, {}),
    ("preferences-credentials", "practice",
     ("--shot-of", "preferences", "--shot-page", "2") + SEEN, {}),
    ("preferences-trust", "empty", ("--shot-of", "preferences", "--shot-page", "3"), {}),
    ("shortcuts", "empty", ("--shot-of", "shortcuts"), {}),
    ("help", "empty", ("--shot-of", "help"), {}),
    ("about", "empty", ("--shot-of", "about"), {}),
    ("practice", "practice", ("--shot-of", "overview") + SEEN, {}),
    ("practice-dark", "practice", ("--shot-of", "products") + SEEN, DARK),
    ("practice-contrast", "practice", ("--shot-of", "products") + SEEN, CONTRAST),
    ("practice-narrow", "practice", SEEN + NARROW, {}),
    ("products-details", "practice", ("--shot-of", "products", "--shot-do",
                                      "win.show-rows('state=attention') + page.details"
                                      " + page.select-all") + SEEN, {}),
    ("products-details-dark", "practice", ("--shot-of", "products", "--shot-do",
                                           "win.show-rows('state=licensed') + page.details"
                                           " + page.select-all") + SEEN, DARK),
    ("products-details-narrow", "practice", ("--shot-of", "products", "--shot-do",
                                             "page.details + page.select-all") + SEEN + NARROW,
     {}),
    ("products-check", "practice", ("--shot-of", "products", "--shot-do",
                                    "win.show-rows('name=pc-0030*') + page.select-all"
                                    " + page.check") + SEEN, {}),
    ("products-forget", "practice", ("--shot-of", "products", "--shot-do",
                                     "win.show-rows('name=pc-001*') + page.select-all"
                                     " + page.forget") + SEEN, {}),
    ("products-phone", "practice", ("--shot-of", "products", "--shot-do",
                                    "win.show-rows('kind=mak,state!=licensed|unread')"
                                    " + page.select-all + page.phone") + SEEN, {}),
    ("products-phone-dark", "practice", ("--shot-of", "products", "--shot-do",
                                         "win.show-rows('kind=mak,state!=licensed|unread')"
                                         " + page.select-all + page.phone") + SEEN, DARK),
    ("products-phone-narrow", "practice", ("--shot-of", "products", "--shot-do",
                                           "win.show-rows('kind=mak,state!=licensed|unread')"
                                           " + page.select-all + page.phone") + SEEN + NARROW, {}),
    ("products-narrow", "practice", ("--shot-of", "products") + SEEN + NARROW, {}),
    ("products-wrong", "listed", ("--shot-of", "products", "--shot-do",
                                  "win.show-rows('days<many')"), {}),
    ("products-nothing", "listed", ("--shot-of", "products", "--shot-do",
                                    "win.show-rows('nowhere')"), {}),
    ("overview", "practice", ("--shot-of", "overview") + SEEN, {}),
    ("overview-dark", "practice", ("--shot-of", "overview") + SEEN, DARK),
    ("overview-contrast", "practice", ("--shot-of", "overview") + SEEN, CONTRAST),
    ("overview-narrow", "practice", ("--shot-of", "overview") + SEEN + NARROW, {}),
    ("activations", "practice", ("--shot-of", "activations") + SEEN, {}),
    ("activations-dark", "practice", ("--shot-of", "activations") + SEEN, DARK),
    ("activations-contrast", "practice", ("--shot-of", "activations") + SEEN, CONTRAST),
    ("activations-narrow", "practice", ("--shot-of", "activations") + SEEN + NARROW, {}),
    ("jobs", "practice", ("--shot-of", "jobs") + SEEN, {}),
    ("jobs-dark", "practice", ("--shot-of", "jobs") + SEEN, DARK),
    ("jobs-contrast", "practice", ("--shot-of", "jobs") + SEEN, CONTRAST),
    ("jobs-narrow", "practice", ("--shot-of", "jobs") + SEEN + NARROW, {}),
    ("jobs-empty", "listed", ("--shot-of", "jobs"), {}),
    ("overview-unread", "listed", ("--shot-of", "overview"), {}),
    ("machines", "listed", ("--shot-of", "products"), {}),
    ("order", "practice", ("--shot-of", "products/win.activate-all") + SEEN, {}),
    ("order-dark", "practice", ("--shot-of", "products/win.activate-all") + SEEN, DARK),
    ("order-narrow", "practice", ("--shot-of", "products/win.activate-all") + SEEN + NARROW, {}),
    ("add-machines", "listed", ("--shot-of", "products/win.add-machines"), {}),
    ("add-machines-dark", "listed", ("--shot-of", "products/win.add-machines"), DARK),
    ("keys", "practice", ("--shot-of", "keys") + SEEN, {}),
    ("keys-dark", "practice", ("--shot-of", "keys") + SEEN, DARK),
    ("keys-none", "listed", ("--shot-of", "keys"), {}),
    ("add-key", "practice", ("--shot-of", "keys/page.add-key") + SEEN, {}),
]

# What a bus or X says, not we.
NOISE = ("dbus-daemon", "** Message", "discover_other_daemon", "X connection to", "gnome-keyring")


def make_environment(scratch):
    environment = dict(os.environ)
    for name in ("runtime", "config", "data", "cache"):
        (scratch / name).mkdir(mode=0o700)
    gtk = scratch / "config/gtk-4.0"
    gtk.mkdir()
    (gtk / "settings.ini").write_text("[Settings]\ngtk-font-name=Cantarell 11\n")
    environment.update(
        XDG_RUNTIME_DIR=str(scratch / "runtime"), XDG_CONFIG_HOME=str(scratch / "config"),
        XDG_DATA_HOME=str(scratch / "data"), XDG_CACHE_HOME=str(scratch / "cache"),
        GSETTINGS_BACKEND="memory", GSK_RENDERER="cairo", GTK_A11Y="none",
        G_DEBUG="fatal-criticals", LC_ALL="C.UTF-8")
    environment.pop("DBUS_SESSION_BUS_ADDRESS", None)
    return environment


def list_machines(build, scratch, environment):
    """A store of machines that nobody has read, and which need not be there."""
    hosts = scratch / "hosts.csv"
    hosts.write_text("name,address\n" + "".join(
        f"pc-{n:03}.lab.test,192.0.2.{n}\n" for n in range(1, 41)))
    subprocess.run([build / "app/ctl/latchkeyctl", "--db", scratch / "listed.db", "discover",
                    "file", hosts], check=True, stdout=subprocess.DEVNULL,
                   env=dict(environment, DBUS_SESSION_BUS_ADDRESS="disabled:"))


def take(build, scratch, folder, environment, picture):
    name, store, options, more = picture
    path = folder / f"{name}.png"
    where = ["--practice"] if store == "practice" else ["--db", scratch / f"{store}.db"]
    path.unlink(missing_ok=True)
    done = subprocess.run(
        ["xvfb-run", "-a", "-s", "-screen 0 1400x1000x24", "dbus-run-session", "--",
         build / "app/window/latchkey", *where, "--shot", path, *options],
        env=dict(environment, **more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=120)
    said = [line for line in done.stdout.splitlines()
            if line.strip() and not any(noise in line for noise in NOISE)]
    is_there = path.exists() and path.stat().st_size > 1000
    if done.returncode == 0 and is_there and not said:
        print(f"ok {name}: {path}")
        return True
    print(f"not ok {name}: status {done.returncode}, picture {is_there}", *said, sep="\n  ")
    return False


def is_wanted(name, prefix, few):
    looks = ("-dark", "-contrast", "-narrow")
    return name.startswith(prefix) and not (few and name.endswith(looks))


def main():
    few = "--few" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--few"]
    build = pathlib.Path(arguments[0]).resolve()
    folder = pathlib.Path(arguments[1]) if len(arguments) > 1 else build / "pictures"
    prefix = arguments[2] if len(arguments) > 2 else ""
    if not shutil.which("xvfb-run") or not shutil.which("dbus-run-session"):
        print("xvfb or dbus is missing", file=sys.stderr)
        return 77
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        environment = make_environment(pathlib.Path(scratch))
        list_machines(build, pathlib.Path(scratch), environment)
        results = [take(build, pathlib.Path(scratch), folder.resolve(), environment, picture)
                   for picture in PICTURES if is_wanted(picture[0], prefix, few)]
    return 0 if all(results) else 1


sys.exit(main())
