#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills latchkeyctl at every commit, every file step and every send of each of the three hops, does
the hop again, and checks that nothing is lost and nothing was spent twice.

  crash-transfer.py BUILD [--machines N]     BUILD has crash hooks
"""
import argparse
import concurrent.futures
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from latchkey_rig import Failure, Rig
from transfer_rig import (Lab, call, check_cids, check_spends, expect, open_core, pair_of, read_rows)

SLOTS = 2
MAX_ROUNDS = 4


class Template:
    """A lab whose rows can be asked for, and a core network that can answer."""

    def __init__(self, build, folder, machines):
        self.build, self.folder = build, folder
        lab = Lab(build, folder / "lab", machines)
        core = None
        try:
            lab.set_up_lab()
            core = open_core(build, folder / "core")
            core.ctl("config", "set", "backend.batch-size", 4)  # several batches, not one
        finally:
            lab.stop()
            if core is not None:
                core.stop()
        self.ports = core.gateway_port

    def copy(self, folder):
        """The same in another folder; the lab's machines are not needed any more."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("*.lock", "*.out",
                                                                           "*.err"))
        lab, core = Lab(self.build, folder / "lab", 1), Rig(self.build, folder / "core", 1)
        core.gateway_port = self.ports
        core.start_gateway()
        return lab, core


HOPS = ("export", "answer", "import")


def run_hop(lab, core, hop, folder, environment=None):
    """One hop as a person types it; gives the exit status."""
    request = folder / "request.xml"
    if hop == "export":
        done = lab.ctl("export", request, "--all", "--yes", environment=environment, check=False)
    elif hop == "answer":
        done = core.ctl("answer", request, "--yes", "--give-up-after", "60s",
                        environment=environment, check=False)
    else:
        done = lab.ctl("import", folder / "request-answer.xml", environment=environment,
                       check=False)
    return done


def check_whole(folder):
    """A file is there whole, or not at all, and nothing else was left but what is swept up later."""
    for path in folder.glob("*.xml"):
        try:
            read_rows(path)
        except SyntaxError as error:
            raise Failure(f"{path.name} is there, and not whole: {error}") from error


def attempt(template, folder, hop, crash):
    """Dies as @crash says in @hop; then everything that is left is done. Whether it did die."""
    lab, core = template.copy(folder)
    died = False
    try:
        for each in HOPS:
            if each == hop:
                done = run_hop(lab, core, each, folder, {"LATCHKEY_CRASH": crash})
                died = done.returncode == -signal.SIGKILL
                check_whole(folder)
                if not died:
                    expect(f"exit of {each}", done.returncode, 0)
                    continue
            if each == "export" and died and (folder / "request.xml").exists():
                # The person looks whether the file is there, and finds it.
                call(lab, (0, 3), "transfer", "list")
                continue
            done = run_hop(lab, core, each, folder)
            expect(f"exit of {each}: {done.stderr[-300:]}", done.returncode, 0)
        rows = read_rows(folder / "request.xml")
        check_spends(core, len({pair_of(row) for row in rows}))
        expect("confirmation IDs that came home", check_cids(lab.confirmations()), len(rows))
        open_spends = core.rows("fleet.db", "SELECT count (*) FROM spend WHERE state <> 'confirmed'")
        expect("open spends of the core", open_spends, [(0,)])
        run_hop(lab, core, "answer", folder)
        check_spends(core, len({pair_of(row) for row in rows}))
        return died
    finally:
        core.stop()


def count_points(template, folder):
    """How often each hop comes past each point when nothing goes wrong."""
    lab, core = template.copy(folder)
    counts = {}
    try:
        for hop in HOPS:
            log = folder / f"passed-{hop}"
            done = run_hop(lab, core, hop, folder, {"LATCHKEY_CRASH_COUNT": str(log)})
            expect(f"exit of {hop}: {done.stderr[-300:]}", done.returncode, 0)
            for point in log.read_text().split() if log.exists() else ():
                counts[hop, point] = counts.get((hop, point), 0) + 1
    finally:
        core.stop()
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--machines", type=int, default=12)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="latchkey-crash-transfer-"))
    started = time.monotonic()
    try:
        templates = [Template(options.build, folder / f"template-{n}", options.machines)
                     for n in range(SLOTS)]
        counts = count_points(templates[0], folder / "count")
        for (hop, point), n in sorted(counts.items()):
            print(f"  {hop:8} {point:12} {n} times")
        tasks = [(hop, f"{point}:{n}") for (hop, point), times in sorted(counts.items())
                 for n in range(1, times + 1)]
        free = list(range(SLOTS))
        died = []

        def run(number):
            hop, crash = tasks[number]
            slot = free.pop()
            where = folder / f"run-{number}"
            try:
                if attempt(templates[slot], where, hop, crash):
                    died.append(number)
            except (Failure, subprocess.TimeoutExpired) as failure:
                return f"{hop} at {crash}: {failure}"
            finally:
                free.append(slot)
            shutil.rmtree(where, ignore_errors=True)
            return None

        with concurrent.futures.ThreadPoolExecutor(SLOTS) as pool:
            failures = [text for text in pool.map(run, range(len(tasks))) if text]
        missing = [hop for hop in HOPS if not any(task[0] == hop for task in tasks)]
        if missing:
            failures.append(f"no point to die at in {missing}")
        print(f"  {len(died)} of {len(tasks)} came to their crash")
        # Threads make the last few passings of a run come or not; nearly all must be reached.
        if len(died) < 0.8 * len(tasks):
            failures.append("too few runs came to their crash")
        for text in failures[:20]:
            print(f"  FAILED {text}")
        print(f"{len(tasks)} runs, {len(failures)} failed, {time.monotonic() - started:.0f} s")
        return 1 if failures else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
