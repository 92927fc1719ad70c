#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills the programs in the middle, starts them again, and checks what was promised.

  crash.py every BUILD [--machines N]          at every commit and every send of a run, one by one:
                                               console, gateway and lab each (needs crash hooks)
  crash.py kill BUILD --runs R --machines N    with SIGKILL at random moments, seeded

After each run every healthy machine is licensed, nothing was spent twice, no confirmation ID is
lost and no reservation is open: by the gateway's records and the lab's true state.
"""
import argparse
import concurrent.futures
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from latchkey_rig import Failure, Rig

POINTS = ("commit", "committed", "before-send", "after-send")
SLOTS = 3
PATIENCE_S = 60
# How often a person may press Activate again until nothing is left to do.
MAX_ROUNDS = 6


def count_jobs(rig):
    return rig.rows("fleet.db", "SELECT count (*) FROM job")[0][0]


def run_jobs(rig):
    """Until no outcome is unknown: "run --once" leaves alone what is to be asked again much later,
    which on a slow machine some questions are."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        rig.ctl("run", "--once", check=False)
        unknown = rig.rows("fleet.db", "SELECT count (*) FROM spend WHERE state = 'unknown'")[0][0]
        if unknown == 0 or time.monotonic() > deadline:
            return
        time.sleep(0.5)


def finish(rig):
    """What a person does after a crash: lets go on what was filed, and presses Activate again."""
    for _ in range(MAX_ROUNDS):
        run_jobs(rig)
        before = count_jobs(rig)
        done = rig.activate()
        if done.returncode in (0, 3) and count_jobs(rig) == before:
            return  # nothing that could be done was left
    raise Failure(f"there is still something to activate after {MAX_ROUNDS} rounds: "
                  f"exit {done.returncode}: {done.stderr[-600:]}")


def run_once(rig, victim, crash):
    """One run in which the victim dies as @crash says; gives whether it did die."""
    rig.start_lab({"LATCHKEY_CRASH": crash} if victim == "lab" else None)
    rig.start_gateway({"LATCHKEY_CRASH": crash} if victim == "gateway" else None)
    try:
        for server in (rig.lab, rig.gateway):
            server.watch()
        done = rig.activate(environment={"LATCHKEY_CRASH": crash} if victim == "console" else None)
        finish(rig)
        died = (done.returncode == -signal.SIGKILL if victim == "console"
                else (rig.lab if victim == "lab" else rig.gateway).deaths > 0)
        rig.check()
        return died
    finally:
        rig.stop()


class Template:
    """A fleet that is read and ready to be activated, one for each slot, since ports differ."""

    def __init__(self, build, folder, machines, seed, faults=None):
        self.rig = Rig(build, folder, machines, seed, faults)
        try:
            self.rig.set_up()
            self.rig.ctl("config", "set", "backend.batch-size", 4)  # several batches, not one
        finally:
            self.rig.stop()

    def copy(self, folder):
        self.rig.copy_to(folder)
        rig = Rig(self.rig.build, folder, self.rig.machines, self.rig.seed, self.rig.faults)
        rig.lab_ports, rig.gateway_port = self.rig.lab_ports, self.rig.gateway_port
        return rig


def count_points(template, folder):
    """How often each program comes past each point in a run without a crash."""
    counts = {}
    for victim in ("console", "gateway", "lab"):
        rig = template.copy(folder / f"count-{victim}")
        log = rig.folder / "passed"
        environment = {"LATCHKEY_CRASH_COUNT": str(log)}
        rig.start_lab(environment if victim == "lab" else None)
        rig.start_gateway(environment if victim == "gateway" else None)
        try:
            rig.activate(environment=environment if victim == "console" else None)
            rig.check()
        finally:
            rig.stop()
        lines = log.read_text().split() if log.exists() else []
        for point in POINTS:
            counts[victim, point] = lines.count(point)
    return counts


def report(results, started):
    failures = [text for text in results if text]
    for text in failures[:20]:
        print(f"  FAILED {text}")
    print(f"{len(results)} runs, {len(failures)} failed, {time.monotonic() - started:.0f} s")
    return 1 if failures or not results else 0


def every(options, folder):
    started = time.monotonic()
    templates = [Template(options.build, folder / f"template-{i}", options.machines, options.seed)
                 for i in range(SLOTS)]
    counts = count_points(templates[0], folder)
    for (victim, point), n in counts.items():
        print(f"  {victim:8} {point:12} {n} times")
    tasks = [(victim, f"{point}:{n}") for (victim, point), times in counts.items()
             for n in range(1, times + 1)]
    free = list(range(SLOTS))
    died = []

    def attempt(number):
        victim, crash = tasks[number]
        slot = free.pop()
        where = folder / f"run-{number}"
        try:
            if run_once(templates[slot].copy(where), victim, crash):
                died.append(number)
        except (Failure, subprocess.TimeoutExpired) as failure:
            return f"{victim} at {crash}, seed {options.seed}: {failure}"
        finally:
            free.append(slot)
        shutil.rmtree(where, ignore_errors=True)
        return None

    with concurrent.futures.ThreadPoolExecutor(SLOTS) as pool:
        results = list(pool.map(attempt, range(len(tasks))))
    # Threads make the last few passings of a run come or not; nearly all must have been reached.
    print(f"  {len(died)} of {len(tasks)} came to their crash")
    if len(died) < 0.8 * len(tasks):
        results.append("too few runs came to their crash")
    return report(results, started)


def kill_run(rig, chance):
    """Kills console, gateway or lab at random moments while a person keeps pressing Activate."""
    rig.lab.watch()
    rig.gateway.watch()
    for _ in range(chance.randint(2, 5)):
        console = subprocess.Popen(
            rig.ctl_command("activate", "--proxy", "--all", "--key", "1", "--yes",
                            "--give-up-after", "60s"),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=rig.environment({}))
        for _ in range(chance.randint(1, 3)):
            time.sleep(chance.uniform(0.01, 0.4))
            victim = chance.choice(("console", "gateway", "lab"))
            if victim == "console":
                console.send_signal(signal.SIGKILL)
                break
            (rig.lab if victim == "lab" else rig.gateway).kill()
        if console.poll() is None:
            console.send_signal(signal.SIGKILL)
        console.wait()
    finish(rig)
    rig.check()


def kill(options, folder):
    started = time.monotonic()
    results = []
    for number in range(options.runs):
        seed = options.seed + number
        where = folder / f"run-{number}"
        rig = Rig(options.build, where, options.machines, seed)
        try:
            rig.set_up()
            kill_run(rig, random.Random(seed))
            results.append(None)
            shutil.rmtree(where, ignore_errors=True)
        except (Failure, subprocess.TimeoutExpired) as failure:
            results.append(f"seed {seed}: {failure}")
        finally:
            try:
                rig.stop()
            except Failure as failure:
                results.append(f"seed {seed}: {failure}")
    return report(results, started)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=("every", "kill"))
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--machines", type=int, default=20)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="keep the folders of failed runs")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="latchkey-crash-"))
    try:
        return {"every": every, "kill": kill}[options.mode](options, folder)
    finally:
        if options.keep:
            print(f"  kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
