#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Address ranges: 65,536 addresses of which 200 answer, probed at a set rate, with few descriptors
and little memory; and what a person may write. Prints TAP."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

from latchkey_rig import Failure, Rig

MACHINES = 200
ADDRESSES = 65536
RATE = 2000
LIMIT_SECONDS = 60
MAX_DESCRIPTORS = 1000
MAX_MEMORY_KB = 65536


def watch(pid, most):
    """Notes the most descriptors and memory that a process had."""
    try:
        while True:
            most["descriptors"] = max(most["descriptors"], len(os.listdir(f"/proc/{pid}/fd")))
            with open(f"/proc/{pid}/status", encoding="ascii") as status:
                peak = [line for line in status if line.startswith("VmHWM")]
            most["memory"] = max(most["memory"], int(peak[0].split()[1])) if peak \
                else most["memory"]
            time.sleep(0.02)
    except OSError:
        return


def count_sockets_of_the_walk(rig):
    port = rig.lab_ports["port"]
    most = {"descriptors": 0, "memory": 0}
    started = time.monotonic()
    process = subprocess.Popen(
        rig.ctl_command("discover", "range", "127.1.0.0/16", "--ports", port, "--rate", RATE,
                        "--identify", "--json"),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=rig.environment({}))
    watcher = threading.Thread(target=watch, args=(process.pid, most))
    watcher.start()
    out, err = process.communicate(timeout=240)
    seconds = time.monotonic() - started
    watcher.join()
    if process.returncode != 0:
        raise Failure(f"exit {process.returncode}: {err[-500:]}")
    answer = json.loads(out)
    print(f"# {seconds:.1f} s, {ADDRESSES / seconds:.0f} a second, {most['descriptors']} "
          f"descriptors, {most['memory']} KB")
    probes = answer["probes"]
    if answer["machines"] != MACHINES or answer["added"] != MACHINES or \
            probes["winrm"] != MACHINES or probes["closed"] != ADDRESSES - MACHINES:
        raise Failure(f"{answer['machines']} machines, {answer['added']} added, {probes}")
    if not (ADDRESSES - RATE / 2) / RATE <= seconds <= LIMIT_SECONDS:
        raise Failure(f"{seconds:.1f} s at {RATE} a second")
    if most["descriptors"] > MAX_DESCRIPTORS or most["memory"] > MAX_MEMORY_KB:
        raise Failure(str(most))


def a_second_scan_adds_nobody(rig):
    answer = json.loads(rig.ctl("discover", "range", "127.1.0.0/24", "--ports",
                                rig.lab_ports["port"], "--rate", RATE, "--identify",
                                "--json").stdout)
    if answer["added"] != 0 or answer["known"] != MACHINES:
        raise Failure(f"{answer['added']} added, {answer['known']} known")


def parts_are_told_by_number(rig):
    done = rig.ctl("discover", "range", "127.1.0.1,10.0.0.0/8", "127.1.0.1-2", "127.1.0.2",
                   "127.1.0.300", "fe80::/64", "localhost", "--ports", rig.lab_ports["port"],
                   "--identify", "--dry-run", "--json", check=False)
    answer = json.loads(done.stdout)
    parts = [fault["part"] for fault in answer["faults"]]
    names = sorted(row["name"] for row in answer["found"])
    if done.returncode != 2 or parts != [2, 4, 5, 6] or names != ["127.1.0.1", "127.1.0.2"]:
        raise Failure(f"exit {done.returncode}, {answer['faults']}, {names}")
    if "262144" not in answer["faults"][0]["reason"]:
        raise Failure(f"the limit is not named: {answer['faults'][0]}")
    if answer["added"] != 0:
        raise Failure("--dry-run added machines")
    for args in [["--rate", "-1", "127.1.0.1"], ["--ports", "0", "127.1.0.1"],
                 ["--ports", "5985/ssl", "127.1.0.1"], ["10.0.0.0/8"], []]:
        done = rig.ctl("discover", "range", *args, "--json", check=False)
        if done.returncode != 2:
            raise Failure(f"{args}: exit {done.returncode}")


def what_came_is_kept_when_it_is_stopped(rig):
    """Ctrl+C after the first machines were streamed: they are in the store."""
    process = subprocess.Popen(
        [rig.program("latchkeyctl"), f"--db={rig.folder / 'stopped.db'}", "discover", "range",
         "127.1.0.1-200", "127.9.0.0/16", "--ports", str(rig.lab_ports["port"]), "--rate", "400",
         "--identify", "--stream"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=rig.environment({}))
    seen = [json.loads(process.stdout.readline()) for _ in range(5)]
    process.send_signal(2)
    rest = [json.loads(line) for line in process.stdout]
    process.wait(60)
    rows = json.loads(rig.run("latchkeyctl", f"--db={rig.folder / 'stopped.db'}", "list",
                              "--json").stdout)["rows"]
    streamed = {line["name"] for line in seen + rest if line["type"] == "found"}
    if process.returncode != 130 or rest[-1]["type"] != "summary":
        raise Failure(f"exit {process.returncode}, {rest[-1:]}")
    if len(streamed) < 5 or {row["name"] for row in rows} != streamed:
        raise Failure(f"{len(rows)} machines in the store, {len(streamed)} streamed")


CASES = [count_sockets_of_the_walk, a_second_scan_adds_nobody, parts_are_told_by_number,
         what_came_is_kept_when_it_is_stopped]


def main():
    with tempfile.TemporaryDirectory(prefix="latchkey-scan-") as folder:
        rig = Rig(pathlib.Path(sys.argv[1]), folder, MACHINES, seed=3)
        print(f"1..{len(CASES)}")
        try:
            rig.start_lab()
            for number, case in enumerate(CASES, 1):
                try:
                    case(rig)
                    print(f"ok {number} {case.__name__}", flush=True)
                except Failure as failure:
                    print(f"not ok {number} {case.__name__}\n# {failure}", flush=True)
        finally:
            rig.stop()


if __name__ == "__main__":
    main()
