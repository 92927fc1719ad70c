#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines found in a workgroup by every means, against nmbd, wsdd and avahi-daemon on hosts in
network namespaces, and ports told apart there: closed, filtered, silent, nobody there. Prints TAP."""
import pathlib
import sys
import tempfile
import time
import traceback

import network_rig
from network_rig import Failure, Network

CTL = pathlib.Path(sys.argv[1]) / "app" / "ctl" / "latchkeyctl"
PATIENCE = 90  # seconds until nmbd has its names and its elections behind it

# What is to be found: name, workgroup, addresses, means that must be among those that found it.
HOSTS = {
    "PC-ALPHA": ("WORKGROUP", {"10.77.0.101", "10.77.0.111"}, {"NetBIOS", "WS-Discovery", "WinRM"}),
    "PC-BETA": ("WORKGROUP", {"10.77.0.102"}, {"NetBIOS", "WS-Discovery"}),
    "PC-GAMMA": ("OFFICE", {"10.77.0.103"}, {"NetBIOS"}),
    "PC-DELTA": ("OFFICE", {"10.77.0.104"}, {"WS-Discovery"}),
    "pc-epsilon.local": (None, {"10.77.0.105"}, {"mDNS"}),
    "PC-ZETA": ("OFFICE", {"10.77.0.106"}, {"NetBIOS", "WS-Discovery", "mDNS", "WinRM"}),
    "PC-ETA": ("OFFICE", set(), {"WS-Discovery"}),  # IPv6 alone
}


def build(network):
    for number, name in enumerate("abcdefg", 101):
        addresses = [f"10.77.0.{number}/24"] if name != "g" else []
        if name == "a":
            addresses.append("10.77.0.111/24")
        network.add_host(name, *addresses)
    network.add_host("silent", "10.77.0.120/24")
    network.add_host("drop", "10.77.0.121/24")
    network.add_host("reject", "10.77.0.122/24")
    network.add_host("closed", "10.77.0.123/24")
    network.add_host("client", "10.77.0.1/24")

    network.start_nmbd("a", "PC-ALPHA", "WORKGROUP", is_master=True)
    network.start_nmbd("b", "PC-BETA", "WORKGROUP")
    network.start_nmbd("c", "PC-GAMMA", "OFFICE", is_master=True)
    network.start_nmbd("f", "PC-ZETA", "OFFICE")
    network.start_wsdd("a", "PC-ALPHA", "WORKGROUP")
    network.start_wsdd("b", "PC-BETA", "WORKGROUP", "-4")
    network.start_wsdd("d", "PC-DELTA", "OFFICE", "-4")
    network.start_wsdd("f", "PC-ZETA", "OFFICE")
    network.start_wsdd("g", "PC-ETA", "OFFICE", "-6")
    network.start_avahi("e", "pc-epsilon")
    network.start_avahi("f", "pc-zeta")
    network.start_port("a", network_rig.WSMAN)
    network.start_port("f", network_rig.WSMAN)
    network.start_port("silent", network_rig.SILENT)
    network.filter_port("drop", "drop")
    network.filter_port("reject", "reject with icmp type admin-prohibited")


def describe(found):
    return {row["name"]: (row["domain"], {row["address"], *(row["also"] or "").split()},
                          set(row["means"].split(", "))) for row in found}


def faults(found):
    """What is not as it should be, in words."""
    names = [row["name"] for row in found]
    seen = describe(found)
    wrong = [f"{name} was found twice" for name in set(names) if names.count(name) > 1]
    wrong += [f"{name} is nobody" for name in sorted(set(names) - set(HOSTS))]
    for name, (group, addresses, means) in HOSTS.items():
        if name not in seen:
            wrong.append(f"{name} was not found")
        elif seen[name][0] != group:
            wrong.append(f"{name} is in {seen[name][0]}, not in {group}")
        elif not addresses <= seen[name][1] or not means <= seen[name][2]:
            wrong.append(f"{name}: {seen[name]}")
    return wrong


def discover(network, folder, *args, db="dry.db", expect=0):
    return network.ctl("client", CTL, "discover", "workgroup", *args, "--json", db=folder / db,
                       expect=expect)


def everybody_is_found_once(network, folder):
    """The daemons need a while; then one run must find all of them."""
    deadline = time.monotonic() + PATIENCE
    while True:
        started = time.monotonic()
        found = discover(network, folder, "--dry-run")["found"]
        wrong = faults(found)
        if not wrong:
            print(f"# {len(found)} machines in {time.monotonic() - started:.1f} s")
            return
        # A host with two addresses is one only once its nmbd answers for both.
        if all("twice" in text or "nobody" in text for text in wrong) or \
                time.monotonic() > deadline:
            raise Failure("; ".join(wrong) + f"; found: {describe(found)}")


def they_are_added_once(network, folder):
    first = discover(network, folder, db="fleet.db")
    second = discover(network, folder, db="fleet.db")
    rows = network.ctl("client", CTL, "list", "--json", db=folder / "fleet.db")["rows"]
    names = sorted(row["name"] for row in rows)
    if first["added"] != len(HOSTS) or second["added"] != 0 or second["known"] != len(HOSTS):
        raise Failure(f"{first['added']} added, then {second['added']} and {second['known']} known")
    if names != sorted(HOSTS):
        raise Failure(f"the store has {names}")
    shown = network.ctl("client", CTL, "show", "PC-ZETA", "--json", db=folder / "fleet.db")
    if "pc-zeta.local" not in shown["machines"][0]["also"].split():
        raise Failure(f"PC-ZETA is not known by its other name: {shown['machines'][0]['also']}")


def a_workgroup_and_a_pattern_choose(network, folder):
    office = {name for name, host in HOSTS.items() if host[0] == "OFFICE"}
    for args, expected in [(["office"], office), (["--pattern", "pc-?eta"], {"PC-BETA", "PC-ZETA"}),
                           (["OFFICE", "--pattern", "pc-z*"], {"PC-ZETA"})]:
        found = {row["name"] for row in discover(network, folder, *args, "--dry-run")["found"]}
        if found != expected:
            raise Failure(f"{args}: {found}")
    if discover(network, folder, "NOWHERE", "--dry-run", expect=3)["found"]:
        raise Failure("somebody is in a workgroup that is not there")
    discover(network, folder, "--interface", "eth7", "--dry-run", expect=2)


def names_stream(network, folder):
    lines = network.ctl("client", CTL, "discover", "workgroup", "--dry-run", "--stream",
                        db=folder / "dry.db")
    types = [line["type"] for line in lines]
    if types[-1] != "summary" or {line["name"] for line in lines[:-1]} != set(HOSTS):
        raise Failure(f"streamed: {lines}")


def ports_are_told_apart(network, folder):
    answer = network.ctl("client", CTL, "discover", "range", "10.77.0.100-130", "--ports", "5985",
                         "--identify", "--verbose", "--dry-run", "--json", db=folder / "dry.db")
    seen = {row["address"]: row["outcome"] for row in answer["probed"]}
    expected = {"10.77.0.101": "winrm", "10.77.0.106": "winrm", "10.77.0.120": "silent",
                "10.77.0.121": "filtered", "10.77.0.122": "filtered", "10.77.0.123": "closed",
                "10.77.0.102": "closed", "10.77.0.130": "absent", "10.77.0.100": "absent"}
    wrong = {address: seen.get(address) for address in expected
             if seen.get(address) != expected[address]}
    if wrong or len(seen) != 31:
        raise Failure(f"{wrong} of {seen}")
    if {row["name"] for row in answer["found"]} != {"PC-ALPHA", "PC-ZETA"}:
        raise Failure(f"found {answer['found']}")


CASES = [everybody_is_found_once, they_are_added_once, a_workgroup_and_a_pattern_choose,
         names_stream, ports_are_told_apart]


def main():
    obstacle = network_rig.obstacle("nmbd", "wsdd", "avahi-daemon", "nft")
    if obstacle is not None:
        print(f"1..0 # SKIP {obstacle}")
        return 0
    print(f"1..{len(CASES)}")
    with tempfile.TemporaryDirectory(prefix="latchkey-workgroup-") as name:
        folder = pathlib.Path(name)
        network = Network(folder)
        try:
            build(network)
            for number, case in enumerate(CASES, 1):
                try:
                    case(network, folder)
                    print(f"ok {number} {case.__name__}", flush=True)
                except Exception as failure:
                    print(f"not ok {number} {case.__name__}\n# {failure}", flush=True)
                    if not isinstance(failure, Failure):
                        traceback.print_exc()
        finally:
            network.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
