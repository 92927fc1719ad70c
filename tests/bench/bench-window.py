#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window over 100,000 products, under Xvfb: bench-window.py BUILD FILL-FLEET. The window goes
through its list by itself ("--pace"), and says when it painted what."""
import os
import pathlib
import statistics
import subprocess
import sys
import time

import figures

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "ui"))
from desk_rig import await_that, start_below_xvfb  # noqa: E402

IDLE_S = 10
SETTLE_S = 6  # the reader looks closely for some seconds after the last change
FRAME_BAR_MS = 50


def read_notes(path):
    notes = {"frame": []}
    for line in path.read_text().splitlines():
        name, *numbers = line.split()
        if name == "frame":
            notes["frame"].append([int(number) / 1000 for number in numbers])
        else:
            notes[name] = int(numbers[0]) / 1000
    return notes


def count_wakes(pid):
    """How often all threads of a process went to sleep by themselves."""
    total = 0
    for status in pathlib.Path(f"/proc/{pid}/task").glob("*/status"):
        total += int(status.read_text().split("\nvoluntary_ctxt_switches:")[1].split()[0])
    return total


def read_memory(pid):
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


def run_once(program, store, path):
    path.unlink(missing_ok=True)
    began = time.monotonic() * 1000
    window = subprocess.Popen([program, "--db", store, "--pace", path])
    try:
        await_that("the window goes through its list",
                   lambda: "\nend " in path.read_text(), patience=300)
        notes = read_notes(path)
        notes["began"] = began
        notes["memory"] = read_memory(window.pid)
        time.sleep(SETTLE_S)
        before = count_wakes(window.pid)
        time.sleep(IDLE_S)
        notes["wakes"] = (count_wakes(window.pid) - before) / IDLE_S
        return notes
    finally:
        window.terminate()
        window.wait()


def percentile(values, share):
    return sorted(values)[int(share * (len(values) - 1))]


def say(runs, name, first, last, bar=None):
    value = figures.median(run[last] - run[first] for run in runs)
    if bar is None:
        figures.say(f"window: {name}", value, "ms")
    else:
        figures.say_at_most(f"window: {name}", value, "ms", bar)


def say_frames(runs, number, name):
    longest = figures.median(max(frame[number] for frame in run["frame"]) for run in runs)
    usual = figures.median(percentile([frame[number] for frame in run["frame"]], 0.99)
                           for run in runs)
    figures.say_at_most(f"window: longest frame while scrolling, {name}", longest, "ms",
                        FRAME_BAR_MS)
    figures.say_at_most(f"window: 99 of 100 frames, {name}", usual, "ms", FRAME_BAR_MS)


def main():
    program = pathlib.Path(sys.argv[1], "app/window/latchkey").resolve()
    scratch = pathlib.Path(os.environ["LATCHKEY_TEST_SCRATCH"])
    store = scratch / "fleet.db"
    subprocess.run([sys.argv[2], store], check=True)
    runs = [run_once(program, store, scratch / "pace") for _ in range(figures.ROUNDS)]

    say(runs, "start to the first frame", "began", "first-frame", 500)
    say(runs, "start to the overview with its figures", "began", "figures")
    say(runs, "from the overview to the products with rows", "figures", "rows")
    say(runs, "a word is typed until its rows are painted", "filter", "filtered")
    say(runs, "a header is pressed until the rows are painted", "sort", "sorted")
    say_frames(runs, 0, "by the wall")
    say_frames(runs, 1, "CPU of the main thread")
    figures.say("window: frames a second while scrolling",
                1000 / statistics.mean(frame[0] for frame in runs[0]["frame"]), "1/s")
    figures.say("window: resident memory", figures.median(run["memory"] for run in runs), "MB")
    figures.say_at_most("window: wake-ups while idle, all threads",
                        figures.median(run["wakes"] for run in runs), "1/s", 2)
    figures.finish()


if "LATCHKEY_TEST_SCRATCH" in os.environ:
    main()
else:
    sys.exit(start_below_xvfb())
