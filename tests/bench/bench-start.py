#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a command takes that has nothing to do.
   bench-start.py BUILD"""
import sys

import bench_rig
import figures

RUNS = 21


def main():
    with bench_rig.open_rig(sys.argv[1], 1) as rig:
        bench_rig.time_ctl(rig, "list", codes=(0, 3))  # makes the store
        for verb, command in (("--version", [rig.program("latchkeyctl"), "--version"]),
                              ("list", rig.ctl_command("list"))):
            runs = [bench_rig.time_command(rig, command, codes=(0, 3)) for _ in range(RUNS)]
            name = f"start: latchkeyctl {verb}"
            figures.say_at_most(name, figures.median(run[0] for run in runs) * 1000, "ms", 50)
            figures.say(name + ", CPU", figures.median(run[1] for run in runs) * 1000, "ms")
    figures.finish()


main()
