#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Overview, Activations and Jobs against a fleet of which every kind of row stands still:
pages.py BUILD. The figures are those of the command line, the drawn ones can be read aloud, and
behind each figure opens the list of exactly its rows."""
import json
import re
import sys

from desk_rig import (Desk, Person, await_node, await_that, await_text, check_names, find, find_first,
                      find_text, get_count, get_names, start, walk)
from latchkey_rig import Rig

N_MACHINES = 30
N_EARLY = 6
STAGES = {"Needs key": "needs-key", "Has IID": "has-iid", "Waiting for CID": "waiting",
          "Has CID": "has-cid", "Deposited": "deposited", "Licensed": "licensed"}
FIGURES = {"Lock out within 7 days": "state=grace,days<7",
           "Lock out within 30 days": "state=grace,days<30",
           "Need attention now": "state=attention"}
STATES = {"Licensed": "licensed", "Initial grace": "initial-grace", "Not read yet": "unread",
          "Notification": "notification", "Unlicensed": "unlicensed"}


def make_fleet(build, scratch):
    """Some are licensed, some wait for a gateway that is down, some refuse and are tried again."""
    rig = Rig(build, scratch / "fleet", machines=N_MACHINES)
    rig.set_up()
    rig.ctl("key", "set-remaining", "1", "1000")
    fresh = [machine["name"] for machine in rig.control("/machines")
             if not machine["subscription"] and not machine["oem"]
             and machine["products"][0]["status"] != "licensed"]
    rig.ctl("activate", "--proxy", *fresh[:N_EARLY], "--key", "1", "--yes")
    for name in fresh[-3:]:
        rig.order(name, "fault?name=refusing")
    # Two fail for good, so that there are failures to show.
    rig.ctl("refresh", *fresh[-3:-1], "--give-up-after", "1s", check=False)
    rig.gateway.stop()
    rig.ctl("activate", "--proxy", "--all", "--key", "1", "--yes", "--detach", check=False)  # 8: nobody runs
    return rig


def list_rows(rig, selection):
    done = rig.ctl("list", "--select", selection, "--json", check=False)
    return json.loads(done.stdout)["rows"]


def count(rig, selection):
    return len(list_rows(rig, selection))


def get_figure(name):
    """The number in the name of a button."""
    button = find_first(lambda node: re.match(re.escape(name) + r": [\d,]+", node.name)
                        and node.getRoleName() == "push button")
    return int(re.match(r".*?: ([\d,]+)", button.name)[1].replace(",", "")) if button else None


def await_list(rig, selection, n):
    """The products page shows what is behind the figure."""
    rows = list_rows(rig, selection)
    assert len(rows) == n, (selection, n, len(rows))
    await_that(f"{n} rows of {selection}", lambda: get_count() == (n, 0))
    if n:
        await_that("these rows", lambda: get_names()
                   and set(get_names()) <= {row["name"] for row in rows})
    else:
        await_node("Nothing Matches")


def open_figures(rig, page, figures):
    person = Person()
    for name, selection in figures.items():
        person.show_page(page)
        n = await_that(f"{name} is {count(rig, selection)}",
                       lambda: (get_figure(name), ) if get_figure(name) == count(rig, selection)
                       else None)[0]
        person.press(name + ":")
        await_list(rig, selection, n)
    print(f"ok {page}: the figures are the command line's, and open their lists:",
          ", ".join(figures))


def check_overview(rig):
    Person().show_page("Overview")
    await_text("products by state")
    check_names()
    there = {name: "state=" + word for name, word in STATES.items() if count(rig, "state=" + word)}
    assert "Licensed" in there and "Initial grace" in there, there
    open_figures(rig, "Overview", {**there, **FIGURES})

    Person().show_page("Overview")
    ring = await_text("products by state").name
    for name, selection in there.items():
        assert f"; {name}: {count(rig, selection)}" in ring, ring
    histogram = await_text("Products in grace by days left").name
    by_day = sum(int(n) for n in re.findall(r": (\d+) products?", histogram))
    assert by_day == count(rig, "state=grace"), histogram
    pool = json.loads(rig.ctl("key", "list", "--json").stdout)["keys"][0]
    meter = await_text("Activations of the key " + pool["last_five"])
    numbers = [int(n) for n in re.findall(r"\d+", meter.description)]
    assert numbers[:2] == [pool["used"], pool["in_flight"]], (meter.description, pool)
    print("ok what is drawn can be read:", ring, "–", histogram[:60], "… –", meter.description)

    jobs = json.loads(rig.ctl("job", "list", "--json").stdout)["jobs"]
    await_that("the running job",
               lambda: find(f"{jobs[0]['done']} of {jobs[0]['total']}", "label"))
    print("ok the running job and its counts are shown")


def check_activations(rig):
    Person().show_page("Activations")
    await_node("Activations by proxy, step by step")
    check_names()
    waiting = {stage: count(rig, "stage=" + word) for stage, word in STAGES.items()}
    assert min(waiting["Needs key"], waiting["Waiting for CID"], waiting["Licensed"]) > 0, waiting
    open_figures(rig, "Activations", {stage: "stage=" + word for stage, word in STAGES.items()})


def check_jobs(rig):
    person = Person()
    person.show_page("Jobs")
    jobs = json.loads(rig.ctl("job", "list", "--json").stdout)["jobs"]
    shown = await_that("all jobs", lambda: [row for row in await_node("Jobs", "list")
                                            if any(part.name for part in walk(row))])
    assert len(shown) == len(jobs), (len(shown), len(jobs))
    await_that("the first job's counts", lambda: find_text(
        f"Job {jobs[0]['id']}, filed: "))
    check_names()
    person.press("Pause")
    await_that("the job is paused",
               lambda: json.loads(rig.ctl("job", "list", "--json").stdout)["jobs"][0]["state"]
               == "paused")
    person.press("Resume")
    await_that("the job is open again",
               lambda: json.loads(rig.ctl("job", "list", "--json").stdout)["jobs"][0]["state"]
               == "open")
    rig.start_gateway()
    for machine in rig.control("/machines"):
        if not machine["healthy"]:
            rig.order(machine["name"], "fault?name=refusing&on=0")
    await_that("the job ends", lambda: json.loads(
        rig.ctl("job", "list", "--json").stdout)["jobs"][0]["finished_at"], 240)
    assert rig.check() > N_MACHINES / 2
    await_text("Done: ")
    print("ok a job is paused, resumed, and done when gateway and machines are back")



def main(build, scratch):
    rig = make_fleet(build, scratch)
    try:
        with Desk(build, scratch, "--db", rig.folder / "fleet.db"):
            check_overview(rig)
            check_activations(rig)
            check_jobs(rig)
    finally:
        rig.stop()


sys.exit(start(main))
