#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares what the pages show with what the command line says of the same store, and retries what
failed: pages.py BUILD. Starts itself again below Xvfb and a session bus of its own."""
import json
import os
import pathlib
import subprocess
import sys

from window import PATIENCE, await_node, await_that, check_names, find, get_application, press
from window import start_below_xvfb, walk

STORE = pathlib.Path("latchkey/practice/fleet.db")


def ask(*verb):
    done = subprocess.run(
        [pathlib.Path(sys.argv[1], "app/ctl/latchkeyctl").resolve(), "--db",
         pathlib.Path(os.environ["XDG_DATA_HOME"]) / STORE, *verb, "--json"],
        stdout=subprocess.PIPE, timeout=PATIENCE, check=False,
        env=dict(os.environ, DBUS_SESSION_BUS_ADDRESS="disabled:"))
    return json.loads(done.stdout)


def list_jobs():
    return ask("job", "list")["jobs"]


def show_page(title):
    """The sidebar's row of that title is chosen."""
    def look():
        for node in walk(get_application()):
            if node.getRoleName() not in ("list", "list box"):
                continue
            for i, row in enumerate(node):
                if row is not None and any(part.name == title for part in walk(row)):
                    return node.querySelection().selectChild(i)
        return False

    await_that(f"the page {title}", look)


def get_texts():
    return [node.name for node in walk(get_application()) if node.getRoleName() == "label"]


def describe(job):
    text = f"{job['done']:,} of {job['total']:,}".replace(",", "")
    return text + (f", {job['failed']} failed" if job["failed"] else "")


def await_failure():
    """The newest job that has a row which failed for good."""
    return await_that("a row fails", lambda: next(
        (job for job in list_jobs() if job["failed"]), None))


def check_jobs():
    job = await_failure()
    show_page("Jobs")
    await_that("the counts of all jobs", lambda: set(map(describe, list_jobs())) <= {
        text.split(" · ")[0] for text in get_texts()})
    check_names()
    print("ok the page shows the counts of the jobs", flush=True)

    items = ask("job", "show", str(job["id"]))["items"]
    failed = next(item for item in items if item["state"] == "failed")
    await_node(f"{failed['machine']}: failed in the step")
    await_that("its message", lambda: failed["message"] in get_texts())
    await_node("Copy the explanation", "push button")
    print("ok a row that failed is explained", flush=True)

    press("Retry Failed", "push button")
    await_that("it is tried again", lambda: next(
        item for item in ask("job", "show", str(job["id"]))["items"]
        if item["id"] == failed["id"])["updated_at"] != failed["updated_at"])
    print("ok what failed is tried again", flush=True)


def check_overview():
    """What fails changes no licence state, so these figures rest while the jobs go on."""
    show_page("Overview")
    await_node("Products in grace by days left", "image")
    rows = ask("report", "licenses")["rows"]
    assert rows
    for row in rows:
        if int(row["all"]) > 0:
            await_node(f"{row['state']}: {row['all']}", "push button")
    check_names()
    print("ok the overview has the figures of the report", flush=True)


def check_activations():
    show_page("Activations")
    await_node("Licensed: ", "push button")
    await_node("Asked of the Activation Service")
    check_names()
    print("ok the activations are shown step by step")


def main():
    program = pathlib.Path(sys.argv[1], "app/window/latchkey").resolve()
    log = open(pathlib.Path(os.environ["LATCHKEY_TEST_SCRATCH"], "log"), "w+")
    window = subprocess.Popen([program, "--practice"], stderr=log)

    await_that("machines are read", lambda: not find("Licensed, 0") and find("Licensed, "))
    check_jobs()
    check_overview()
    check_activations()

    window.terminate()
    window.wait(PATIENCE)
    log.seek(0)
    said = [line for line in log if "CRITICAL" in line or "WARNING" in line]
    assert not said, said
    print("ok no warnings")
    return 0


if __name__ == "__main__":
    sys.exit(main() if "LATCHKEY_TEST_SCRATCH" in os.environ else start_below_xvfb())
