#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a practice fleet up to parsed rows, a connection for each machine: Latchkey's own client
against python3-winrm with xml.etree, by turns, on the same lab.
   bench-read.py BUILD BENCH-READ [MACHINES]"""
import concurrent.futures
import pathlib
import resource
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
import bench_rig
import figures
import foreign

PRODUCT = ("ID, Name, Description, ApplicationID, LicenseFamily, PartialProductKey, ProductKeyID, "
           "OfflineInstallationId, LicenseStatus, LicenseStatusReason, GracePeriodRemaining, "
           "LicenseIsAddon, KeyManagementServiceMachine, KeyManagementServicePort, "
           "DiscoveredKeyManagementServiceMachineName, "
           "DiscoveredKeyManagementServiceMachinePort, ProductKeyChannel")
SERVICE = ("Version, ClientMachineID, RemainingWindowsReArmCount, OA3xOriginalProductKeyPkPn, "
           "OA2xBiosMarkerStatus, SubscriptionType, SubscriptionStatus")
QUERIES = [
    f"SELECT {PRODUCT} FROM SoftwareLicensingProduct WHERE PartialProductKey IS NOT NULL",
    f"SELECT {SERVICE} FROM SoftwareLicensingService",
    "SELECT Name, DNSHostName, Domain, Workgroup, PartOfDomain FROM Win32_ComputerSystem",
    "SELECT Name, UUID FROM Win32_ComputerSystemProduct",
]
MIX = "10=1,2022=1"  # one age, so that both sides send the same messages


def read_machine(address, port, password):
    client = foreign.Client(address, port, "administrator", password)
    client.identify()
    rows = [client.enumerate("*", wql)[0] for wql in QUERIES]
    client.protocol.transport.session.close()
    return len(rows[0])


def read_by_winrm(hosts, password, threads):
    """Machines, products, seconds by the wall, seconds of the processor."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        counts = list(pool.map(lambda host: read_machine(host[1], host[2], password), hosts))
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - usage.ru_utime - usage.ru_stime
    return len(counts), sum(counts), wall, cpu


def read_by_latchkey(program, hosts, password_file):
    out = subprocess.run([program, hosts, password_file, "64"], check=True, capture_output=True,
                         text=True).stdout.split()
    return int(out[0]), int(out[1]), float(out[2]), float(out[3])


def main():
    build, reader, n = sys.argv[1], sys.argv[2], int((sys.argv + ["400"])[3])
    ours, theirs, lab_cpu = [], [], []
    with bench_rig.open_rig(build, n, mix=MIX) as rig:
        rig.start_lab()
        password_file = rig.folder / "machine-password"
        password = password_file.read_text().strip()
        hosts = bench_rig.read_hosts(rig)
        for _ in range(figures.ROUNDS):
            before = bench_rig.read_cpu(rig.lab)
            ours.append(read_by_latchkey(reader, rig.folder / "hosts.csv", password_file))
            lab_cpu.append((bench_rig.read_cpu(rig.lab) - before) / n)
            theirs.append(min((read_by_winrm(hosts, password, threads) for threads in (2, 64)),
                              key=lambda result: result[2]))
    for machines, products, *_ in ours + theirs:
        if (machines, products) != (n, ours[0][1]):
            sys.exit(f"not everything was read: {ours} {theirs}")

    our_cpu, their_cpu = (figures.median(run[3] / n for run in runs) for runs in (ours, theirs))
    our_rate, their_rate = (figures.median(n / run[2] for run in runs) for runs in (ours, theirs))
    figures.say("read: CPU for each machine, Latchkey", our_cpu * 1000, "ms")
    figures.say("read: CPU for each machine, python3-winrm", their_cpu * 1000, "ms")
    figures.say("read: CPU of the lab for each machine", figures.median(lab_cpu) * 1000, "ms")
    figures.say("read: machines a second, Latchkey, 64 threads", our_rate, "1/s")
    figures.say("read: machines a second, python3-winrm", their_rate, "1/s")
    figures.expect_at_most("read: CPU, Latchkey over python3-winrm", our_cpu / their_cpu, "", 1 / 5)
    figures.expect_at_least("read: rate, Latchkey over python3-winrm", our_rate / their_rate, "", 5)
    figures.finish()


main()
