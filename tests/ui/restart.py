#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window ends during an activation and is started again: restart.py BUILD. Machines and
gateway stay, as real ones would. Killed, the job goes on by itself and that is said; closed, it is
asked first. At the end every machine is licensed and no activation was spent twice, by the word of
the machines and of the gateway."""
import json
import sys
import time

from desk_rig import (JOB_PATIENCE, Desk, Person, await_node, await_that, await_text, check_names,
                      find_text, get_count, press_keys, start)
from latchkey_rig import Rig

N_MACHINES = 200
LATENCY = 100  # ms, so that there is a midst of the job


def make_fleet(build, scratch):
    rig = Rig(build, scratch / "fleet", machines=N_MACHINES, lab_options=("--latency", LATENCY))
    rig.set_up()
    rig.ctl("key", "set-remaining", "1", "1000")
    rig.ctl("config", "set", "runner.workers", "8")
    return rig


def get_job(rig):
    """The newest."""
    return json.loads(rig.ctl("job", "list", "--json").stdout)["jobs"][0]


def await_midst(rig, plan, more_than=0):
    def look():
        job = get_job(rig)
        return (job if job["plan"] == plan and not job["finished_at"]
                and max(more_than, 10) < job["done"] < job["total"] * 0.8 else None)

    return await_that(f"the midst of {plan}", look)


def await_end_of_job(rig, job):
    def look():
        now = get_job(rig)
        return now if now["id"] == job["id"] and now["finished_at"] else None

    done = await_that("the job ends", look, JOB_PATIENCE)
    assert (done["failed"], done["done"]) == (0, done["total"]), done
    return done


def await_going_on(job):
    """What the window says of the job that it found."""
    said = await_text(f"Job {job['id']}, “").name
    assert ", goes on: " in said, said
    n_done = int(said.split("goes on: ")[1].split(" ")[0])
    assert job["done"] <= n_done < job["total"], (said, job)
    assert f" of {job['total']} were done" in said, said
    return said


def check_kill(rig, desk):
    person = Person()
    person.show_page("Products")
    person.press("Select all")
    person.press("Activate…")
    person.press("By Proxy", "menu item")
    person.press("Activate ")
    job = await_midst(rig, "activate-proxy")
    desk.kill()
    job = get_job(rig)
    assert not job["finished_at"], job
    desk.start()
    print("ok after a kill the window says:", await_going_on(job))
    await_end_of_job(rig, job)
    n = rig.check()
    assert n > N_MACHINES / 2, n
    print(f"ok the job went on by itself: {n} machines are licensed, nothing was spent twice")


def check_quiet_close(rig, desk):
    """With nothing to do it closes at once. It is opened again with fewer workers."""
    await_that("the window knows that the job ended", lambda: is_quiet(desk))
    rig.ctl("config", "set", "runner.workers", "3")
    desk.start()
    print("ok a window without jobs closes at once")


def is_quiet(desk):
    if find_text("goes on without a window"):
        press_keys("Escape")
    press_keys("ctrl+q")
    time.sleep(1)
    return desk.process.poll() == 0


def check_close(rig, desk):
    person = Person()
    person.show_page("Products")
    person.press("Select all")
    await_that("all are selected", lambda: get_count()[0] == get_count()[1] > N_MACHINES)
    press_keys("F5")
    job = await_midst(rig, "refresh")

    press_keys("ctrl+w")
    await_text("goes on without a window")
    check_names()
    press_keys("Escape")
    await_that("the question goes", lambda: not find_text("goes on without a window"))
    await_midst(rig, "refresh", job["done"])
    print("ok the window asks before it stops a job, and Escape keeps it open")

    press_keys("ctrl+w")
    await_text("goes on without a window")
    person.press("Stop and Close")
    desk.await_end()
    job = get_job(rig)
    assert not job["finished_at"] and job["done"] < job["total"], job
    desk.start()
    print("ok after a close the window says:", await_going_on(job))
    await_end_of_job(rig, job)



def main(build, scratch):
    rig = make_fleet(build, scratch)
    try:
        with Desk(build, scratch, "--db", rig.folder / "fleet.db") as desk:
            check_kill(rig, desk)
            check_quiet_close(rig, desk)
            check_close(rig, desk)
    finally:
        rig.stop()


sys.exit(start(main))
