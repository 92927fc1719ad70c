#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A check of many machines with a fault each: the step that failed first, and the right remedy."""
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

from domain_rig import contains, expect
from latchkey_rig import Failure, Rig

# fault, stage, cause, what the remedy says, what the script says (None: there is none)
CASES = (
    (None, "licensing", "ready", None, None),
    ("dead", "tcp", "firewall", "firewall", "New-NetFirewallRule"),
    ("silent", "http", "no-answer", "restart", "Restart-Service -Name WinRM"),
    ("refusing", "http", "no-answer", "restart", "Restart-Service -Name WinRM"),
    ("garbage", "http", "not-winrm", "Something else answers", "winrm enumerate"),
    ("wrong-password", "authentication", "password", "password", None),
    ("filtered-token", "rights", "local-rights", "LocalAccountTokenFilterPolicy",
     "LocalAccountTokenFilterPolicy -Type DWord -Value 1"),
    ("namespace-denied", "rights", "namespace", "Remote Enable", "wmimgmt.msc"),
    ("no-licensing", "licensing", "no-licensing", "sppsvc", "sppsvc"),
    ("bad-xml", "ws-man", "not-winrm", "Something else answers", "winrm enumerate"),
)
READY, SOME_FAILED, UNREACHABLE, DENIED, NOTHING = 0, 4, 5, 6, 3


def set_faults(rig):
    """The names of the machines, in the order of CASES; the rest are ready."""
    names = sorted(machine["name"] for machine in rig.control("/machines"))
    for name, case in zip(names, CASES):
        if case[0] is not None:
            rig.order(name, f"fault?name={case[0]}")
    return names


def check_many(rig, names):
    done = rig.ctl("check", "--all", "--json", check=False)
    if not done.stdout:
        raise Failure(f"no answer, exit {done.returncode}: {done.stderr}")
    answer = json.loads(done.stdout)
    rows = {row["machine"].split(".")[0].upper(): row for row in answer["machines"]}
    expect("machines", len(rows), rig.machines)
    for name, (fault, stage, cause, remedy, script) in zip(names, CASES):
        row = rows[name.split(".")[0].upper()]
        # Whether a reset comes before or after the connection stands is a matter of time.
        found = "http" if fault == "refusing" and row["stage"] == "tcp" else row["stage"]
        expect(f"{name} with {fault}", (found, row["cause"], row["ready"]),
               (stage, cause, cause == "ready"))
        if remedy is None:
            expect(f"remedy of {name}", row["remedy"], None)
        else:
            contains(row["remedy"], remedy)
        if script is None:
            expect(f"script of {name}", row["script"], None)
        else:
            contains(row["script"], script)
    expect("exit", done.returncode, SOME_FAILED)
    summary = {row["cause"]: row["machines"] for row in answer["summary"]}
    expect("summary", summary, {
        "ready": rig.machines - len(CASES) + 1, "firewall": 1, "no-answer": 2, "not-winrm": 2,
        "password": 1, "local-rights": 1, "namespace": 1, "no-licensing": 1})


def check_statuses(rig, names):
    def status(*arguments):
        return rig.ctl("check", *arguments, check=False).returncode
    expect("ready", status(names[0], names[-1]), READY)
    expect("unreachable", status(names[1]), UNREACHABLE)
    expect("denied", status(names[5]), DENIED)
    expect("nothing", status("--select", "name=nobody"), NOTHING)
    expect("no choice", status(), 2)
    expect("closed", status("127.0.0.1:1"), UNREACHABLE)


def check_stages(rig, names):
    """Every stage of one machine, with its time."""
    stages = json.loads(rig.ctl("check", "--json", names[0]).stdout)["stages"]
    expect("stages", [stage["stage"] for stage in stages],
           ["name", "tcp", "http", "authentication", "ws-man", "rights", "licensing"])
    for stage in stages:
        if stage["stage"] in ("name", "tcp", "rights", "licensing") and stage["ms"] is None:
            raise Failure(f"{stage['stage']} does not say how long it took")
    text = rig.ctl("check", "--all", check=False)
    contains(text.stderr, f"{rig.machines - len(CASES) + 1} of {rig.machines} ready", "Firewall: 1")


def check_scripts(rig, names):
    alone = rig.ctl("check", names[6], "--script", check=False).stdout
    contains(alone, "Set-ItemProperty", "LocalAccountTokenFilterPolicy")
    if not alone.isascii():
        raise Failure("a script is not plain ASCII")
    firewall = rig.ctl("check", names[1], "--script", check=False).stdout
    port = rig.lab_ports["port"]
    contains(firewall, f"-LocalPort {port}", "-RemoteAddress '127.0.0.0/8'")
    closed = rig.ctl("check", "127.0.0.1:1", "--script", check=False).stdout
    contains(closed, "winrm quickconfig", "-LocalPort 1 ")
    if "@" in firewall + closed:
        raise Failure("a script has a blank that was not filled in")
    many = rig.ctl("check", "--all", "--script", check=False).stdout
    for name in (names[2], names[3]):
        contains(many, f"# {name}")
    expect("restarts", len(re.findall("Restart-Service", many)), 1)
    contains(rig.ctl("check", names[0], "--script").stderr, "nothing that a script")


def check_stream(rig, names):
    done = rig.ctl("check", "--all", "--stream", check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    expect("last line", lines[-1]["type"], "summary")
    lines = [line for line in lines if line["type"] == "check"]
    expect("lines", len(lines), rig.machines)
    expect("causes", {line["cause"] for line in lines}, {case[2] for case in CASES})


def check_cancel(rig, names):
    """Interrupted while machines are silent, it ends at once with what was found."""
    rig.ctl("config", "set", "runner.answer-timeout", "60s")
    process = subprocess.Popen(rig.ctl_command("check", "--all", "--stream"),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=rig.environment({}))
    for _ in range(rig.machines - len(CASES) + 1):
        json.loads(process.stdout.readline())
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=50)
    expect("exit when interrupted", process.returncode, 130)
    if time.monotonic() - begun > 40:
        raise Failure("it went on after the interruption")


def main():
    print("1..1", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(sys.argv[1], pathlib.Path(folder), machines=30)
        try:
            rig.start_lab()
            rig.ctl("config", "set", "runner.connect-timeout", "3s")
            rig.ctl("config", "set", "runner.answer-timeout", "6s")
            rig.ctl("credential", "add", "lab", "--user", "administrator", "--password-file",
                    rig.secret("machine-password"))
            rig.ctl("discover", "file", rig.folder / "hosts.csv")
            names = set_faults(rig)
            for test in (check_many, check_statuses, check_stages, check_scripts, check_stream,
                         check_cancel):
                test(rig, names)
                print(f"# {test.__name__}: good", flush=True)
            print("ok 1 - the first failed step of each machine")
        finally:
            rig.stop()


if __name__ == "__main__":
    main()
