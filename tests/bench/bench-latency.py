#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that are slow to answer: what a read takes, against the arithmetic. A quarter as slow
and a fifth as many as the design has it, unless LATCHKEY_BENCH_FULL=1.
   bench-latency.py BUILD"""
import sys

import bench_rig
import figures

WORKERS = 64
MESSAGES = 5  # that a read waits for: Identify and four queries
CONNECT_TIMEOUT = 5


def main():
    n, latency = (200, 0.4) if bench_rig.SCALED else (1000, 2.0)
    with bench_rig.open_rig(sys.argv[1], n, faults="dead=1%",
                            lab_options=("--latency", int(latency * 1000))) as rig:
        rig.start_lab()
        bench_rig.set_up(rig)
        rig.ctl("config", "set", "runner.first-back-off", "50ms")
        rig.ctl("config", "set", "runner.longest-back-off", "50ms")
        n_dead = sum(not machine["healthy"] for machine in rig.control("/machines"))
        wall, *_ = bench_rig.time_ctl(rig, "refresh", "--all", f"--workers={WORKERS}",
                                      "--give-up-after", "1s")
        n_read = rig.rows("fleet.db", "SELECT count (DISTINCT machine_id) FROM product")[0][0]
        messages = rig.rows("fleet.db", "SELECT count (*) FROM event")[0][0]
    # All workers busy to the end with what is alive; a dead machine holds one of them for a while.
    rounds = -(-(n - n_dead) // WORKERS)
    ideal = rounds * MESSAGES * latency + n_dead * CONNECT_TIMEOUT / WORKERS
    figures.say("latency: machines", n, "")
    figures.say("latency: dead", n_dead, "")
    figures.say("latency: read", n_read, "")
    figures.say("latency: events", messages, "")
    figures.say("latency: by the arithmetic", ideal, "s")
    figures.say("latency: to the end", wall, "s")
    figures.expect_at_most("latency: measured over the arithmetic", wall / ideal, "", 1.5)
    if n_read != n - n_dead:
        sys.exit("not everything was read")
    figures.finish()


main()
