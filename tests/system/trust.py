#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that show certificates of their own: accepted once by a person, stopped when they change.

The lab shows one certificate for all of its machines, which no authority vouches for."""
import csv
import json
import os
import pathlib
import pty
import subprocess
import sys
import tempfile

from latchkey_rig import Failure, Rig

MACHINES = 20


def expect(what, got, wanted):
    if got != wanted:
        raise Failure(f"{what}: {got!r}, not {wanted!r}")


def contains(text, *words):
    for word in words:
        if word not in text:
            raise Failure(f"“{word}” is not in: {text[-1500:]}")


def make_certificate(rig, name):
    """One of its own for the whole lab; gives its SHA-256."""
    key, certificate = rig.folder / f"{name}.key", rig.folder / f"{name}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "30", "-subj", f"/CN={name}.lab.test",
                    "-addext", f"subjectAltName=DNS:{name}.lab.test"],
                   check=True, capture_output=True)
    done = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-fingerprint",
                           "-sha256"], check=True, capture_output=True, text=True)
    rig.lab_options = ["--tls-port", rig.lab_ports.get("tls", 0), "--tls-certificate", certificate,
                       "--tls-key", key]
    rig.lab_options = [str(option) for option in rig.lab_options]
    return done.stdout.strip().split("=")[1].lower()


def over_tls(rig):
    """The same machines, by the lab's second port."""
    with open(rig.folder / "hosts.csv", newline="") as table:
        rows = list(csv.DictReader(table))
    for row in rows:
        row.update(port=rig.lab_ports["tls"], tls="yes")
    with open(rig.folder / "tls.csv", "w", newline="") as table:
        writer = csv.DictWriter(table, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def restart(rig, name):
    rig.lab.stop()
    fingerprint = make_certificate(rig, name)
    rig.start_lab()
    return fingerprint


def set_up(rig):
    first = make_certificate(rig, "first")
    rig.start_lab()
    rig.start_gateway()
    rig.run("latchkey-lab", "--practice-key", "mak:1", "--key-file", rig.folder / "mak")
    over_tls(rig)
    for name, value in (("backend.url", f"http://127.0.0.1:{rig.gateway_port}/"),
                        ("runner.first-back-off", "20ms"), ("runner.longest-back-off", "1s"),
                        ("runner.connect-timeout", "2s"), ("runner.answer-timeout", "4s")):
        rig.ctl("config", "set", name, value)
    rig.ctl("config", "set", "backend.digest-key", "--file", rig.secret("digest-key"))
    rig.ctl("config", "set", "backend.token", "--file", rig.folder / "token")
    rig.ctl("credential", "add", "lab", "--user", "administrator", "--password-file",
            rig.secret("machine-password"))
    rig.ctl("key", "add", "--key-file", rig.folder / "mak")
    rig.ctl("discover", "file", rig.folder / "tls.csv")
    return first


def items(rig, *command, status):
    done = rig.ctl(*command, "--json", check=False)
    expect(f"exit of {command[0]}", done.returncode, status)
    return json.loads(done.stdout)["items"]


def certificates(rig, *arguments):
    done = rig.ctl("trust", *arguments, "--json", check=False)
    expect(f"exit of trust {arguments}: {done.stderr[-500:]}", done.returncode, 0)
    return json.loads(done.stdout)["certificates"]


def answer_on_terminal(rig, answer, *arguments):
    """As a person does it: the question comes on a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(rig.ctl_command(*arguments), stdin=theirs, stdout=subprocess.PIPE,
                               stderr=theirs, text=True, env=rig.environment({}))
    os.close(theirs)
    said = b""
    while b"[y/N]" not in said:
        said += os.read(ours, 4096)
    os.write(ours, answer.encode() + b"\n")
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    return process.returncode, out, said.decode()


def first_name(rig):
    return rig.rows("fleet.db", "SELECT name FROM machine ORDER BY id")[0][0]


def nothing_is_trusted_by_itself(rig, first):
    for item in items(rig, "refresh", "--all", status=6):
        expect("error", item["error"], "denied")
        contains(item["message"], "self-signed", f"SHA-256 {first}", "latchkeyctl trust accept")
    name = first_name(rig)
    checked = rig.ctl("check", name, check=False)
    expect("exit of check", checked.returncode, 6)
    contains(checked.stdout, "self-signed", first)


def a_person_looks_first(rig, first):
    shown = certificates(rig, "accept", "--all", "--dry-run")
    expect("machines shown", len(shown), MACHINES)
    for entry in shown:
        expect("what is shown", (entry["state"], entry["fingerprint"], entry["names"],
                                 entry["self_signed"], entry["ca_trusted"], entry["accepted"]),
               ("new", first.replace(":", ""), "first.lab.test", True, False, False))
    done = rig.ctl("trust", "accept", "--all", check=False)
    expect("exit without a terminal", done.returncode, 2)
    contains(done.stderr, "--yes")
    contains(done.stdout, f"SHA-256:     {first}", "Names:       first.lab.test", "Issuer:      itself",
             "Authorities: do not vouch for it")
    status, _, _ = answer_on_terminal(rig, "n", "trust", "accept", "--all")
    expect("exit after a no", status, 1)
    expect("pins", rig.rows("fleet.db", "SELECT count (pin) FROM machine"), [(0,)])


def a_given_fingerprint_decides(rig, first):
    name = first_name(rig)
    done = rig.ctl("trust", "accept", name, "--fingerprint", "ab:" * 31 + "ab", check=False)
    expect("exit for another fingerprint", done.returncode, 6)
    contains(done.stdout, "Refused", "refused: 1")
    expect("pins", rig.rows("fleet.db", "SELECT count (pin) FROM machine"), [(0,)])
    expect("exit for none", rig.ctl("trust", "accept", name, "--fingerprint", "12:34",
                                    check=False).returncode, 2)
    contains(rig.ctl("trust", "accept", name, "--fingerprint", first.upper()).stdout, "accepted: 1")


def accepting(rig, first):
    status, out, said = answer_on_terminal(rig, "y", "trust", "accept", "--all")
    expect("exit of accept", status, 0)
    contains(said, f"Accept all {MACHINES - 1}?")
    contains(out, f"accepted: {MACHINES - 1}", "trusted already: 1,")
    expect("pins", rig.rows("fleet.db", "SELECT count (*), count (certificate), min (pinned_at) > 0"
                            " FROM machine WHERE pin IS NOT NULL"), [(MACHINES, MACHINES, 1)])
    events = rig.rows("fleet.db", "SELECT message FROM event WHERE step = 'accept-certificate'")
    expect("events", len(events), MACHINES)
    contains(events[0][0], "@", first, "first.lab.test")
    listed = certificates(rig, "list")
    expect("list", [(c["fingerprint"], c["state"]) for c in listed],
           [(first.replace(":", ""), "valid")] * MACHINES)
    contains(rig.ctl("trust", "list").stdout, first)
    contains(rig.ctl("check", first_name(rig), check=False).stdout, "Its certificate is trusted")


def a_changed_one_stops_the_machine(rig, first, second):
    spent = rig.rows("gateway.db", "SELECT count (*) FROM spend")
    stopped = items(rig, "activate", "--proxy", "--all", "--key", "1", "--yes", status=6)
    done = rig.ctl("refresh", first_name(rig), check=False).stdout
    if "credential" in done:
        raise Failure(f"credentials have nothing to do with it: {done}")
    if not stopped:
        raise Failure("no machine was tried")
    for item in stopped:
        expect("state", (item["state"], item["error"], item["attempt"]), ("failed", "denied", 1))
        contains(item["message"], "its certificate changed: the one accepted on 2", "first.lab.test",
                 "another subject: it was CN=first.lab.test, now CN=second.lab.test", "a new key",
                 f"it was {first}, now {second}", "latchkeyctl trust accept")
    checked = rig.ctl("check", first_name(rig), check=False)
    expect("exit of check", checked.returncode, 6)
    contains(checked.stdout, "its certificate changed", "first.lab.test")
    expect("spends", rig.rows("gateway.db", "SELECT count (*) FROM spend"), spent)
    expect("open spends", rig.rows("fleet.db", "SELECT count (*) FROM spend WHERE state != "
                                   "'confirmed'"), [(0,)])


def going_on(rig, first, second):
    shown = certificates(rig, "accept", "--all", "--dry-run")
    expect("states", {(c["state"], c["accepted_fingerprint"]) for c in shown},
           {("changed", first.replace(":", ""))})
    out = rig.ctl("trust", "accept", "--all", "--yes").stdout
    contains(out, "CHANGED", f"Accepted:    {first}", f"SHA-256:     {second}", "a new key")
    rig.activate()
    if rig.check() == 0:
        raise Failure("no healthy machine")


def forgetting(rig):
    # What is not there is told and does not keep the others.
    rig.ctl("discover", "address", "127.0.0.1:1", "https://127.0.0.9:2")
    done = rig.ctl("trust", "accept", "--all", "--yes", check=False)
    expect("exit with one that is away", done.returncode, 4)
    contains(done.stdout, "accepted: 0",
             f"trusted already: {MACHINES}, without TLS: 1, refused: 0, without an answer: 1")
    expect("exit without TLS", rig.ctl("trust", "accept", "127.0.0.1:1", "--yes",
                                       check=False).returncode, 3)

    name = first_name(rig)
    rig.ctl("trust", "forget", name, "--yes")
    expect("the forgotten row", rig.rows("fleet.db", "SELECT pin, certificate, pinned_at FROM machine"
                                         " ORDER BY id LIMIT 1"), [(None, None, 0)])
    expect("exit for nothing", rig.ctl("trust", "forget", name, "--yes", check=False).returncode, 3)
    contains(rig.ctl("show", name).stdout, "Forget the certificate", "Accept the certificate")

    # An authority that vouches for it does as well; then nothing needs to be accepted.
    rig.ctl("config", "set", "machines.ca", rig.folder / "second.pem")
    contains(rig.ctl("check", name, check=False).stdout, "for another name: not for")
    expect("exit of all", rig.ctl("trust", "forget", "--all", "--yes").returncode, 0)
    expect("list", certificates(rig, "list"), [])


def test(rig):
    first = set_up(rig)
    nothing_is_trusted_by_itself(rig, first)
    a_person_looks_first(rig, first)
    a_given_fingerprint_decides(rig, first)
    accepting(rig, first)
    rig.ctl("refresh", "--all")

    second = restart(rig, "second")
    a_changed_one_stops_the_machine(rig, first, second)
    going_on(rig, first, second)
    forgetting(rig)


def main():
    with tempfile.TemporaryDirectory(prefix="latchkey-trust-") as folder:
        rig = Rig(pathlib.Path(sys.argv[1]), folder, MACHINES, seed=4)
        try:
            test(rig)
            print("1..1\nok 1 certificates are accepted once and a change stops the machine")
        except Failure as failure:
            print(f"1..1\nnot ok 1 certificates # {failure}")
        finally:
            rig.stop()


if __name__ == "__main__":
    main()
