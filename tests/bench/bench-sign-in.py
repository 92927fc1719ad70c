#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs to sign in: the same machines of one lab are read by turns with Basic, Basic inside
TLS, sealed Kerberos, sealed NTLM, and a client certificate.
   bench-sign-in.py BUILD BENCH-READ [MACHINES]"""
import os
import pathlib
import subprocess
import sys
from typing import NamedTuple

import bench_rig
import figures

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "system"))
import latchkey_realm  # noqa: E402

ACCOUNT = "administrator"
THREADS = "64"
BAR = 3  # times the plain figure, for Kerberos


class Way(NamedTuple):
    title: str
    options: tuple


class Run(NamedTuple):
    wall: float
    cpu: float
    lab: float  # seconds of the processor


def list_ways(rig, pin):
    tls = ("--tls-port", rig.lab_ports["tls"], "--pin", pin)
    return [
        Way("plain", ()),
        Way("TLS", tls),
        Way("Kerberos", ("--scheme", "kerberos", "--user", f"{ACCOUNT}@LAB.TEST")),
        Way("NTLM", ("--scheme", "ntlm", "--user", f"LAB\\{ACCOUNT}")),
        Way("certificate", ("--scheme", "certificate", *tls, "--certificate",
                            rig.folder / "client.pem", "--private-key",
                            rig.folder / "client.key")),
    ]


def read(rig, reader, way, n):
    before = bench_rig.read_cpu(rig.lab)
    done = subprocess.run([reader, *map(str, way.options), rig.folder / "members.csv",
                           rig.folder / "machine-password", THREADS],
                          check=True, capture_output=True, text=True)
    out = done.stdout.split()
    if int(out[0]) != n:
        sys.exit(f"{way.title}: {out[0]} of {n} machines were read: {done.stderr[-1000:]}")
    return Run(float(out[2]), float(out[3]), bench_rig.read_cpu(rig.lab) - before)


def write_members(rig):
    """The lab's list with machines of workgroups made members of the domain; gives the names."""
    head, *lines = (rig.folder / "hosts.csv").read_text().splitlines()
    rows = [line.split(",") for line in lines]
    for row in rows:
        row[0], row[3] = f"{row[0].lower().split('.')[0]}.lab.test", "lab.test"
    (rig.folder / "members.csv").write_text("\n".join([head, *map(",".join, rows), ""]))
    return [row[0] for row in rows]


def start_lab(rig, realm):
    """With every way of signing in. Its names, which the realm has to know, are the same ones each
    time."""
    rig.start_lab()
    names = write_members(rig)
    rig.lab.stop()
    realm.add_users({ACCOUNT: (rig.folder / "machine-password").read_text().strip()})
    realm.add_services(names)
    pin = bench_rig.make_certificate(rig, "server")
    bench_rig.make_certificate(rig, "client", purpose="clientAuth")
    rig.lab_options = ["--auth", "basic,negotiate,certificate", "--keytab", str(realm.keytab),
                       *bench_rig.tls_options(rig, "server"),
                       "--client-ca", str(rig.folder / "client.pem")]
    rig.start_lab()
    write_members(rig)
    return pin


def say(ways, runs, n):
    plain = ways[0].title
    medians = {way.title: Run(*(figures.median(run[i] for run in runs[way.title])
                                for i in range(3))) for way in ways}
    for title, run in medians.items():
        figures.say(f"sign-in: {title}, CPU for each machine", run.cpu / n * 1000, "ms")
        figures.say(f"sign-in: {title}, CPU of the lab for each machine", run.lab / n * 1000, "ms")
        figures.say(f"sign-in: {title}, machines a second", n / run.wall, "1/s")
    for title, run in medians.items():
        if title != plain:
            figures.say(f"sign-in: CPU, {title} over plain", run.cpu / medians[plain].cpu, "")
    for title, run in medians.items():
        ratio = run.wall / medians[plain].wall
        if title == "Kerberos":
            figures.expect_at_most("sign-in: time, Kerberos over plain", ratio, "", BAR)
        elif title != plain:
            figures.say(f"sign-in: time, {title} over plain", ratio, "")


def check_tickets(realm, n, times):
    """One ticket for each machine and read, one for the account and read, and no failure."""
    wanted = {"AS": times, "TGS": n * times}
    for kind, count in wanted.items():
        if (got := realm.count_requests(kind, "ISSUE")) != count:
            sys.exit(f"the KDC gave {got} tickets for {kind} requests, not {count}")
    if realm.count_requests("TGS") != n * times:
        sys.exit("the KDC was asked for tickets that it did not give")


def refresh_all(rig):
    """The whole console, by turns, each time with a store that has read nothing; seconds."""
    walls = {}
    for _ in range(figures.ROUNDS):
        for scheme, user in (("basic", ACCOUNT), ("kerberos", f"{ACCOUNT}@LAB.TEST")):
            for path in rig.folder.glob("fleet.db*"):
                path.unlink()
            rig.ctl("credential", "add", "lab", "--scheme", scheme, "--user", user,
                    "--password-file", rig.secret("machine-password"))
            rig.ctl("discover", "file", rig.folder / "members.csv")
            walls.setdefault(scheme, []).append(bench_rig.time_ctl(rig, "refresh", "--all",
                                                                   codes=(0,))[0])
    return {scheme: figures.median(runs) for scheme, runs in walls.items()}


def main():
    build, reader, n = sys.argv[1], sys.argv[2], int((sys.argv + ["2000"])[3])
    if latchkey_realm.missing():
        print(f"sign-in: skipped, not installed: {latchkey_realm.missing()}")
        sys.exit(77)
    runs = {}
    with bench_rig.open_rig(build, n) as rig, \
            latchkey_realm.Realm(rig.folder / "realm") as realm:
        os.environ.update(realm.environment())
        pin = start_lab(rig, realm)
        ways = list_ways(rig, pin)
        for _ in range(figures.ROUNDS):
            for way in ways:
                runs.setdefault(way.title, []).append(read(rig, reader, way, n))
        check_tickets(realm, n, figures.ROUNDS)
        console = refresh_all(rig)
        check_tickets(realm, n, 2 * figures.ROUNDS)
    say(ways, runs, n)
    for scheme, wall in console.items():
        figures.say(f"sign-in: refresh of {n} machines with {scheme}", wall, "s")
    figures.expect_at_most("sign-in: time, refresh with Kerberos over basic",
                           console["kerberos"] / console["basic"], "", BAR)
    figures.finish()


main()
