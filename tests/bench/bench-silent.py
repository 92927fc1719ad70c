#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""1,000 machines with HTTPS and some more that accept a connection, and the handshake, and then stay
silent: the healthy ones must not wait for those.
   bench-silent.py BUILD BENCH-READ [MACHINES]"""
import subprocess
import sys
import time

import bench_rig
import figures

BAR = 2  # times what the healthy ones take without the silent
LOOK = 0.02
PATIENCE = 300


def write_list(rig, machines):
    """These, by the port with TLS."""
    rows = [f"{machine['name']},{machine['address']},{rig.lab_ports['tls']},yes,lab.test\n"
            for machine in machines]
    path = rig.folder / f"machines-{len(rows)}.csv"
    path.write_text("name,address,port,tls,domain\n" + "".join(rows))
    return path


def prepare(rig, path, pin):
    """A new store which trusts the machines of this list and has read none."""
    for old in rig.folder.glob("fleet.db*"):
        old.unlink()
    rig.ctl("credential", "add", "lab", "--user", "administrator", "--password-file",
            rig.secret("machine-password"))
    rig.ctl("discover", "file", path)
    rig.ctl("trust", "accept", "--all", "--fingerprint", pin)


def count_read(rig):
    return rig.rows("fleet.db", "SELECT count (*) FROM item WHERE state = 'done'")[0][0]


def read(rig, n_healthy):
    """Seconds until so many machines were read; then nobody waits for the others."""
    with open(rig.folder / "ctl.out", "wb") as out, open(rig.folder / "ctl.err", "wb") as err:
        start = time.monotonic()
        process = subprocess.Popen(rig.ctl_command("refresh", "--all"), stdin=subprocess.DEVNULL,
                                   stdout=out, stderr=err, env=rig.environment({}))
    while (n_read := count_read(rig)) < n_healthy and process.poll() is None:
        if time.monotonic() > start + PATIENCE:
            break
        time.sleep(LOOK)
    wall = time.monotonic() - start
    if process.poll() is None:
        process.terminate()
        process.wait()
    if n_read != n_healthy:
        sys.exit(f"{n_read} of {n_healthy} healthy machines were read: "
                 f"{(rig.folder / 'ctl.err').read_text()[-1000:]}")
    return wall


def main():
    build, n = sys.argv[1], int((sys.argv + ["1040"])[3])
    walls = {False: [], True: []}
    with bench_rig.open_rig(build, n, faults="silent=4%") as rig:
        pin = bench_rig.make_certificate(rig, "server")
        rig.lab_options = bench_rig.tls_options(rig, "server")
        rig.start_lab()
        machines = rig.control("/machines")
        healthy = [machine for machine in machines if machine["healthy"]]
        lists = {False: write_list(rig, healthy), True: write_list(rig, machines)}
        for _ in range(figures.ROUNDS):
            for with_silent, path in lists.items():
                prepare(rig, path, pin)
                walls[with_silent].append(read(rig, len(healthy)))
    alone, together = (figures.median(walls[key]) for key in (False, True))
    figures.say("silent: healthy machines", len(healthy), "")
    figures.say("silent: silent machines", len(machines) - len(healthy), "")
    figures.say("silent: the healthy ones without the silent", alone, "s")
    figures.say("silent: the healthy ones among the silent", together, "s")
    figures.expect_at_most("silent: among over without", together / alone, "", BAR)
    figures.finish()


main()
