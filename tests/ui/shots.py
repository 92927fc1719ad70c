#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the window again and again and has it take pictures of itself.

    shots.py BUILD [FOLDER [PREFIX]] [--look LOOK]...

of PREFIX, only those whose names begin so; without --look, each in every look. The tests take
`--look light`: one of each page and dialog.

Fails when a picture is missing or empty, when the program says anything on standard error, or when
it does not end by itself. The pictures are for people to look at."""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SEEN = ("--shot-after", "3000")


def of(page, *actions):
    return ("--shot-of", page, *(("--shot-do", " + ".join(actions)) if actions else ()))


def preferences(page):
    return ("--shot-of", "preferences", "--shot-page", str(page + 1))


def opening(name, ending="latchkey"):
    """A transfer file, see write_files()."""
    return ("--shot-of", "transfer", "--shot-after", "4000", f"FILES/{name}.{ending}")


# Name, which store, options.
PICTURES = [
    ("welcome", "empty", ()),
    ("preferences-general", "empty", preferences(0)),
    ("preferences-backend", "empty", preferences(1)),
    ("preferences-credentials", "practice", preferences(2)),
    ("credential", "practice", (*preferences(2), "--shot-press", "add")),
    ("preferences-trust", "empty", preferences(3)),
    ("shortcuts", "empty", of("shortcuts")),
    ("help", "empty", of("help")),
    ("about", "empty", of("about")),
    ("sidebar", "practice", ()),
    ("overview", "practice", of("overview")),
    ("overview-unread", "listed", of("overview")),
    ("products", "practice", of("products")),
    ("products-details", "practice", of("products", "win.show-rows('state=attention')",
                                        "page.details", "page.select-all")),
    ("products-licensed", "practice", of("products", "win.show-rows('state=licensed')",
                                         "page.details", "page.select-all")),
    ("products-check", "practice", ("--shot-wait", *of(
        "products", "win.show-rows('name=pc-0030*')", "page.select-all", "page.check"))),
    ("products-check-many", "practice", ("--shot-wait", *of(
        "products", "win.show-rows('name=pc-003*|pc-000*')", "page.select-all", "page.check"))),
    ("products-forget", "practice", of("products", "win.show-rows('name=pc-001*')",
                                       "page.select-all", "page.forget")),
    ("products-tags", "practice", of("products", "win.show-rows('name=pc-001*')",
                                     "page.select-all", "page.tags")),
    ("products-phone", "practice", of("products",
                                      "win.show-rows('kind=mak,state!=licensed|unread')",
                                      "page.select-all", "page.phone")),
    ("products-wrong", "listed", of("products", "win.show-rows('days<many')")),
    ("products-nothing", "listed", of("products", "win.show-rows('nowhere')")),
    ("products-unread", "listed", of("products")),
    ("activations", "practice", of("activations")),
    ("jobs", "practice", of("jobs")),
    ("jobs-empty", "listed", of("jobs")),
    ("order", "practice", ("--shot-of", "products/win.activate-all")),
    ("add-machines", "listed", ("--shot-of", "products/win.add-machines")),
    ("add-machines-directory", "listed", ("--shot-of", "products/win.add-machines",
                                          "--shot-page", "1")),
    ("save-search", "listed", ("--shot-of", "products/win.add-machines", "--shot-page", "2",
                               "--shot-press", "save")),
    ("add-machines-network", "listed", ("--shot-of", "products/win.add-machines",
                                        "--shot-page", "2")),
    ("add-machines-saved", "listed", ("--shot-of", "products/win.add-machines",
                                      "--shot-page", "5")),
    ("duplicates", "twins", ("--shot-of", "products/win.duplicates")),
    ("duplicates-none", "listed", ("--shot-of", "products/win.duplicates")),
    ("products-merged", "merged", of("products", "page.details", "page.select-all")),
    ("transfer-empty", "listed", of("transfer")),
    ("transfer-save", "practice", ("--shot-of", "transfer/page.save-request")),
    ("transfer-export", "practice", ("--shot-of", "transfer/page.export-everything")),
    ("transfer-request", "listed", opening("request")),
    ("transfer-sealed", "listed", opening("sealed")),
    ("transfer-broken", "listed", opening("broken")),
    ("transfer-answer", "practice", opening("answer")),
    ("transfer-answer-imported", "practice", (*opening("answer"), "--shot-press", "go")),
    ("transfer-inventory", "listed", opening("inventory")),
    ("transfer-vamt", "listed", opening("keys", "cilx")),
    ("transfer-vamt-imported", "listed", (*opening("keys", "cilx"), "--shot-press", "go")),
    ("transfer", "practice", of("transfer")),
    ("keys", "practice", of("keys")),
    ("keys-none", "listed", of("keys")),
    ("add-key", "practice", ("--shot-of", "keys/page.add-key")),
]

# Name: options, environment.
LOOKS = {
    "light": ((), {}),
    "dark": ((), {"ADW_DEBUG_COLOR_SCHEME": "prefer-dark"}),
    "contrast": ((), {"ADW_DEBUG_HIGH_CONTRAST": "1"}),
    "narrow": (("--shot-size", "360x640"), {}),
    "rtl": (("--shot-rtl",), {}),
    "large": (("--shot-text-scale", "2"), {}),
    "german": ((), {"LANGUAGE": "de"}),
}

# What a bus or X says, not we.
NOISE = ("dbus-daemon", "** Message", "discover_other_daemon", "X connection to", "gnome-keyring")


def make_environment(scratch):
    environment = dict(os.environ)
    for name in ("runtime", "config", "data", "cache"):
        (scratch / name).mkdir(mode=0o700)
    gtk = scratch / "config/gtk-4.0"
    gtk.mkdir()
    (gtk / "settings.ini").write_text("[Settings]\ngtk-font-name=Cantarell 11\n")
    (gtk / "gtk.css").write_text("toast { opacity: 0; }\n")  # it comes and goes, over what is below
    environment.update(
        XDG_RUNTIME_DIR=str(scratch / "runtime"), XDG_CONFIG_HOME=str(scratch / "config"),
        XDG_DATA_HOME=str(scratch / "data"), XDG_CACHE_HOME=str(scratch / "cache"),
        GSETTINGS_BACKEND="memory", GSK_RENDERER="cairo", GTK_A11Y="none",
        G_DEBUG="fatal-criticals", LC_ALL="C.UTF-8")
    environment.pop("DBUS_SESSION_BUS_ADDRESS", None)
    return environment


def run_ctl(build, scratch, environment, store, *arguments):
    subprocess.run([build / "app/ctl/latchkeyctl", "--db", scratch / store, *arguments],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env=dict(environment, DBUS_SESSION_BUS_ADDRESS="disabled:"))


def write_files(build, scratch, environment):
    """Requests of the practice lab, whole, sealed and cut off, and a first answer."""
    def ctl(store, *arguments):
        run_ctl(build, scratch, environment, store, *arguments)

    practice = "data/latchkey/practice/fleet.db"
    request, sealed, broken, answer, inventory = (
        scratch / f"{name}.latchkey"
        for name in ("request", "sealed", "broken", "answer", "inventory"))
    if request.exists():
        return
    passphrase = scratch / "passphrase"
    passphrase.touch(0o600)
    passphrase.write_text("a passphrase\n")
    ctl(practice, "export", request, "--all", "--yes")
    ctl(practice, "export", sealed, "--all", "--yes", "--again", "--seal", "--passphrase-file",
        passphrase)
    shutil.copy(SOURCE / "tests/data/vamt/keys.cilx", scratch)
    broken.write_bytes(request.read_bytes()[:-300])
    ctl("core.db", "answer", request, "--partial", "--yes", "-o", answer)
    ctl("twins.db", "export", inventory, "--inventory", "--yes")


def list_machines(build, scratch, environment):
    """A store of machines that nobody has read, and which need not be there."""
    def ctl(store, *arguments):
        run_ctl(build, scratch, environment, store, *arguments)

    hosts = scratch / "hosts.csv"
    hosts.write_text("name,address\n" + "".join(
        f"pc-{n:03}.lab.test,192.0.2.{n}\n" for n in range(1, 41)))
    twins = scratch / "twins.csv"
    twins.write_text("name,address\npc-001.lab.test,192.0.2.1\nold-001.lab.test,192.0.2.1\n"
                     "pc-002.lab.test,192.0.2.2\npc-002.other.test,192.0.2.77\n")
    ctl("listed.db", "discover", "file", hosts, "--save", "office")
    ctl("listed.db", "discover", "address", "--save", "two-servers", "srv-1.lab.test",
        "srv-2.lab.test")
    for store in ("twins.db", "merged.db"):
        ctl(store, "discover", "file", twins)
    ctl("merged.db", "merge", "#1", "#2", "--yes")


def take(build, scratch, folder, environment, picture, look):
    name, store, options = picture
    more, changes = LOOKS[look]
    path = folder / (f"{name}.png" if look == "light" else f"{name}-{look}.png")
    where = (["--practice", *SEEN] if store == "practice"
             else ["--db", scratch / f"{store}.db"])
    if any(option.startswith("FILES/") for option in options):
        write_files(build, scratch, environment)
    options = [option.replace("FILES", str(scratch)) for option in options]
    path.unlink(missing_ok=True)
    done = subprocess.run(
        ["xvfb-run", "-a", "-s", "-screen 0 1400x1000x24", "dbus-run-session", "--",
         build / "app/window/latchkey", *where, "--shot", path, *options, *more],
        env=dict(environment, **changes), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=120)
    said = [line for line in done.stdout.splitlines()
            if line.strip() and not any(noise in line for noise in NOISE)]
    is_there = path.exists() and path.stat().st_size > 1000
    if done.returncode == 0 and is_there and not said:
        print(f"ok {path.name}: {path}", flush=True)
        return True
    print(f"not ok {path.name}: status {done.returncode}, picture {is_there}", *said, sep="\n  ")
    return False


def read_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path, nargs="?")
    parser.add_argument("prefix", nargs="?", default="")
    parser.add_argument("--look", action="append", choices=sorted(LOOKS))
    return parser.parse_args()


def main():
    arguments = read_arguments()
    build = arguments.build.resolve()
    folder = (arguments.folder or build / "pictures").resolve()
    if not shutil.which("xvfb-run") or not shutil.which("dbus-run-session"):
        print("xvfb or dbus is missing", file=sys.stderr)
        return 77
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        environment = make_environment(scratch)
        list_machines(build, scratch, environment)
        results = [take(build, scratch, folder, environment, picture, look)
                   for picture in PICTURES if picture[0].startswith(arguments.prefix)
                   for look in arguments.look or LOOKS]
    return 0 if all(results) else 1


sys.exit(main())
