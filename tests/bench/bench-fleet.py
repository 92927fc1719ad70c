#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads and activates a whole practice fleet with latchkeyctl.
   bench-fleet.py BUILD BENCH-READ [MACHINES]"""
import sys

import bench_rig
import figures


def main():
    build, n = sys.argv[1], int((sys.argv + ["10000"])[3])
    with bench_rig.open_rig(build, n) as rig:
        rig.start_lab()
        bench_rig.add_gateway(rig)
        bench_rig.set_up(rig)
        before = bench_rig.read_cpu(rig.lab)
        read = bench_rig.time_ctl(rig, "refresh", "--all")
        lab = bench_rig.read_cpu(rig.lab) - before
        n_read = rig.rows("fleet.db", "SELECT count (DISTINCT machine_id) FROM product")[0][0]
        figures.say("fleet: machines read", n_read, "")
        figures.say_at_most(f"fleet: reading {n} machines", read[0], "s", 15 * n / 10000)
        figures.say("fleet: CPU of latchkeyctl, reading", read[1], "s")
        figures.say("fleet: CPU of the lab, reading", lab, "s")
        figures.say_at_most("fleet: memory of latchkeyctl, reading", read[2], "MB", 200)

        before = bench_rig.read_cpu(rig.lab)
        before_gateway = bench_rig.read_cpu(rig.gateway)
        done = bench_rig.time_ctl(rig, "activate", "--proxy", "--all", "--key", "1", "--yes")
        lab = bench_rig.read_cpu(rig.lab) - before
        spends = rig.rows("gateway.db", "SELECT count (*) FROM spend WHERE state = 'confirmed'")
        figures.say("fleet: confirmation IDs given", spends[0][0], "")
        figures.say_at_most(f"fleet: activating {n} machines", done[0], "s", 90 * n / 10000)
        figures.say("fleet: CPU of latchkeyctl, activating", done[1], "s")
        figures.say("fleet: CPU of the lab, activating", lab, "s")
        figures.say("fleet: CPU of the gateway, activating",
                    bench_rig.read_cpu(rig.gateway) - before_gateway, "s")
        figures.say_at_most("fleet: memory of latchkeyctl, activating", done[2], "MB", 200)
        if n_read != n or spends[0][0] < n // 2:
            sys.exit("not everything was done")
    figures.finish()


main()
