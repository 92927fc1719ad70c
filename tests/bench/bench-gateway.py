#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches on new connections, each answered with a confirmation ID, leave no descriptor behind in
the gateway.
   bench-gateway.py BUILD"""
import subprocess
import sys
import time

import bench_rig
import figures

N = 5000
N_WARM = 50
SPARE = 5  # what a database may open meanwhile


def main():
    build = sys.argv[1]
    with bench_rig.open_rig(build, 1) as rig:
        rig.start_gateway()

        def send(count, first):
            out = subprocess.run([f"{build}/tests/bench/bench-batch",
                                  f"http://127.0.0.1:{rig.gateway_port}/", rig.secret("digest-key"),
                                  rig.folder / "token", str(count), str(first)],
                                 check=True, capture_output=True, text=True).stdout.split()
            return int(out[0]), float(out[1])

        send(N_WARM, 0)
        before = bench_rig.count_descriptors(rig.gateway)
        n_confirmed, wall = send(N, N_WARM)
        deadline = time.monotonic() + 10
        while (after := bench_rig.count_descriptors(rig.gateway)) > before:
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
    figures.say("gateway: batches on new connections, all confirmed", n_confirmed, "")
    figures.say("gateway: batches a second, one after another", N / wall, "1/s")
    figures.say("gateway: descriptors before", before, "")
    figures.say_at_most("gateway: descriptors after", after, "", before + SPARE)
    if after > before + SPARE:
        sys.exit("descriptors leak")
    figures.finish()


main()
