#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first run, as a person does it who has never seen the window: first-run.py BUILD. From no
store at all to a practice fleet that is activated by proxy, with six clicks; then a failure is
opened, its advice read, the machine mended and the row retried. What came of it is asked of the
simulated machines and of the gateway's records, not of the window."""
import sys

from desk_rig import (Desk, Person, Practice, await_node, await_that, await_text, check_names, find,
                      find_text, start, walk)

MAX_CLICKS = 6
N_BROKEN = 2


def is_ours(machine):
    """What has a subscription or an OEM entitlement is left alone."""
    return not machine["subscription"] and not machine["oem"]


def is_activated(machine):
    windows = machine["products"][0]
    return windows["status"] == "licensed" and windows["activated-by"] == "confirmation"


def list_activated(practice):
    return [machine["name"] for machine in practice.list_machines() if is_activated(machine)]


def break_some(practice):
    """Machines that were read and now refuse; there is nothing to activate on those that never
    answered."""
    read = {row["name"].lower() for row in practice.list_rows("state!=unread")}
    chosen = [machine for machine in practice.list_machines()
              if machine["healthy"] and is_ours(machine) and machine["name"].lower() in read
              and machine["products"][0]["status"] != "licensed"][:N_BROKEN]
    assert len(chosen) == N_BROKEN, chosen
    for machine in chosen:
        practice.ask_lab(f"/machines/{machine['name']}/fault?name=refusing", "POST")
    return [machine["name"] for machine in chosen]


def check_truth(practice, before, but=()):
    """The lab's machines and the gateway's records agree with what was wanted."""
    machines = practice.list_machines()
    spends = practice.list_spends()
    pairs = {(key, iid) for key, iid, _ in spends}
    assert len(pairs) == len(spends), "one spend for each installation ID"
    assert {state for _, _, state in spends} <= {"confirmed"}, spends
    assert not practice.ask_lab("/spends"), "nobody was asked to activate online"
    paid = {(windows["key-identity"], windows["iid"]): machine["name"]
            for machine in machines if is_activated(machine)
            for windows in machine["products"][:1]}
    assert pairs <= set(paid), "what was paid for has come to a machine"
    free = {name for pair, name in paid.items() if pair not in pairs}
    assert free <= set(before), "what is activated was paid for"
    wrong = [machine["name"] for machine in machines
             if machine["healthy"] and is_ours(machine)
             and (machine["products"][0]["status"] == "licensed") == (machine["name"] in but)]
    assert not wrong, wrong
    return len(pairs), pairs


def check_six_clicks(practice, person):
    await_node("Welcome to Latchkey")
    check_names()
    person.press("Open the practice lab")
    await_that("machines are read", lambda: not find("Licensed, 0") and find("Licensed, "))
    await_that("the empty window closes", lambda: not find("Welcome to Latchkey"))
    # Those that are silent are asked for up to 70 s; nobody waits for them.
    await_that("nearly all machines are read",
               lambda: len(practice.list_rows("state=unread")) < 10)
    broken = break_some(practice)
    before = list_activated(practice)  # by phone, before our time

    person.show_page("Products")
    person.press("Select all")
    person.press("Activate…")
    person.press("By Proxy", "menu item")
    await_node("By proxy")
    assert not find("Activate 0"), "the suggested key makes products ready"
    assert find_text("Installation IDs and extended PIDs of"), "what leaves the network is said"
    check_names()
    person.press("Activate ")
    await_that("the lab says that the fleet is being activated",
               lambda: len(list_activated(practice)) > len(before))
    print(f"ok {len(person.done)} actions:", "; ".join(person.done))
    assert len(person.done) <= MAX_CLICKS, person.done
    return before, broken


def check_watching(practice, person):
    person.show_page("Jobs")
    await_node("Rows of the job", "list")
    check_names()
    jobs = practice.await_jobs()
    await_text("Ended with failures")
    print("ok the job is watched to its end:", jobs[0])


def check_advice(person, broken):
    """A failed row is opened, and says to whom what happened, where, and what to do."""
    def get_row():
        rows = await_node("Rows of the job", "list")
        for row in rows:
            if any(part.name == "Failed" for part in walk(row)):
                return row
        return None

    row = await_that("a failed row", get_row)
    name = next(part.name for part in walk(row) if part.getRoleName() == "label")
    person.click(next(part for part in walk(row) if part.getRoleName() == "label"))
    assert name.split(".")[0].lower() in {machine.lower() for machine in broken}, (name, broken)
    await_text(f"{name}: failed in the step “")
    advice = await_text("What to do next: ").name
    assert len(advice) > len("What to do next: ") + 20, advice
    print("ok the failure says:", find_text(f"{name}: failed").name, "–", advice)


def check_retry(practice, person, before, broken, paid):
    for name in broken:
        practice.ask_lab(f"/machines/{name}/fault?name=refusing&on=0", "POST")
    person.press("Retry failed")
    await_that("no row is left that failed",
               lambda: not practice.ask("job", "list")["jobs"][0]["failed"])
    jobs = practice.await_jobs()
    n, pairs = check_truth(practice, before)
    assert paid < pairs and len(pairs) == len(paid) + len(broken), (len(paid), len(pairs))
    print(f"ok mended and retried: {n} licensed, {len(pairs)} spends, none of them twice:", jobs[0])


def main(build, scratch):
    practice = Practice(build)
    person = Person()
    with Desk(build, scratch):
        before, broken = check_six_clicks(practice, person)
        check_watching(practice, person)
        n, paid = check_truth(practice, before, but=broken)
        print(f"ok {n} licensed, {len(paid)} spends, no installation ID twice")
        check_advice(person, broken)
        check_retry(practice, person, before, broken, paid)


sys.exit(start(main))
