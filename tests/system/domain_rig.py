# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines of a Kerberos domain, with somebody who listens: for tests of how we sign in."""
import csv
import fcntl
import json
import os
import pty
import re
import select
import subprocess
import termios
import time

from latchkey_rig import Failure, Rig
from recording_proxy import RecordingProxy

PASSWORD = "Plant-of-a-password-4412"
# What everybody may read who listens to a conversation that nobody sealed. Written so that a
# hundred MiB are looked through in a second: each begins with a letter or one class of letters.
LICENCE_DATA = {
    "a SOAP envelope": rb":Envelope",
    "the licensing classes": rb"SoftwareLicensing",
    "a product's name": rb"Windows\(R\)",
    "an installation ID": rb"[0-9]{54,63}",
    "a confirmation ID": rb">[0-9]{48}<",
    "an extended PID": rb"[0-9]{5}-[0-9]{5}-[0-9]{3}-[0-9]{6}-",
}
KEY_END = re.compile(rb">([2-9A-Z]{5})<")


def expect(what, found, wanted):
    if found != wanted:
        raise Failure(f"{what}: {found!r}, not {wanted!r}")


def contains(text, *words):
    for word in words:
        if word not in text:
            raise Failure(f"“{word}” is not in: {text[-1500:]}")


class Domain:
    """A realm that gets a principal for each machine that is new to it."""

    def __init__(self, realm):
        self.realm = realm
        self.names = set()
        realm.add_services_of_one_key([])

    def add(self, names):
        new = sorted({name.lower() for name in names} - self.names)  # as libkrb5 asks for them
        if new:
            self.realm.add_services_of_one_key(new)
        self.names.update(new)


class DomainRig(Rig):
    """auth: what the lab offers. tls: whether the console goes by the TLS port. Without a domain
    the programs find no Kerberos at all."""

    patience = ("30s", "60s")  # every machine is well, however busy this computer is

    def __init__(self, build, folder, machines, auth, domain=None, tls=False, lab_options=(), seed=1,
                 **options):
        lab_options = ["--auth", auth, *lab_options]
        if domain is not None:
            lab_options += ["--keytab", domain.realm.keytab]
        if tls:
            lab_options += ["--tls-port", 0]
        super().__init__(build, folder, machines, seed, lab_options=lab_options, **options)
        self.domain, self.tls = domain, tls
        self.cache = self.folder / "ticket"
        self.skew = {}
        self.proxy = None
        self.secret("machine-password", PASSWORD)

    def environment(self, extra):
        env = {name: value for name, value in super().environment({}).items()
               if not name.startswith(("KRB5", "NTLM_", "FAKETIME"))}
        env["KRB5_CONFIG"] = "/dev/null"
        if self.domain is not None:
            env.update(self.domain.realm.environment(self.cache))
        env.update(extra)
        return env

    def open(self, heard=True, lab_environment=None):
        """The lab, the gateway, and all but the credential sets; returns the machines' names."""
        self.start_lab(lab_environment)
        self.start_gateway()
        port = self.lab_ports["tls" if self.tls else "port"]
        if heard:
            self.proxy = RecordingProxy(port)
            port = self.proxy.port
        with open(self.folder / "hosts.csv", newline="") as table:
            rows = list(csv.DictReader(table))
        for row in rows:
            row.update(port=port, tls="yes" if self.tls else "no")
        with open(self.folder / "fleet.csv", "w", newline="") as table:
            writer = csv.DictWriter(table, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
        names = [row["name"] for row in rows]
        if self.domain is not None:
            self.domain.add(names)
        self.configure()
        self.ctl("discover", "file", self.folder / "fleet.csv")
        return names

    def restart_lab(self, environment=None):
        """On the same ports, perhaps with another clock."""
        self.lab.stop()
        self.start_lab(environment)

    def stop(self):
        problems = []
        proxy, self.proxy = self.proxy, None
        for end in (proxy.stop if proxy is not None else None, super().stop):
            try:
                if end is not None:
                    end()
            except Failure as failure:
                problems.append(str(failure))
        if problems:
            raise Failure("; ".join(problems))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def kinit(self, lifetime="4h", user="alice", password=PASSWORD):
        self.domain.realm.kinit(user, password, lifetime, self.cache)

    def add_credential(self, name, *options, password=None):
        """password: a text, kept in a file as long as it is read."""
        if password is None:
            self.ctl("credential", "add", name, *options)
            return
        path = self.folder / f"{name}.password"
        path.touch(0o600)
        try:
            path.write_text(password + "\n")
            self.ctl("credential", "add", name, *options, "--password-file", path)
        finally:
            path.unlink()

    def items(self, *command, status=None, environment=None):
        """The rows of what a job did."""
        done = self.ctl(*command, "--json", environment=environment, check=False)
        items = json.loads(done.stdout)["items"] if done.stdout else []
        if status is not None and done.returncode != status:
            said = [item["message"] for item in items if item["state"] != "done"]
            raise Failure(f"{command[0]} ended with {done.returncode}, not {status}; {len(said)}"
                          f" messages: {said[:3]} {done.stderr[-800:]}")
        return items

    def credential(self, name):
        sets = json.loads(self.ctl("credential", "list", "--json").stdout)["credentials"]
        return next(row for row in sets if row["name"] == name)

    def listened(self):
        """What was heard of it in clear text: {what: on how many connections}."""
        self.proxy.wait_idle()
        return {what: len(self.proxy.find_pattern(pattern)) for what, pattern in
                LICENCE_DATA.items()}

    def key_ends(self):
        """The last five of all keys that the machines have, from the lab."""
        return {product["last-five"].encode() for machine in self.control("/machines")
                for product in machine["products"] if product["last-five"]}

    def find_key_ends(self, ends):
        """The connections on which one of them was readable."""
        return [record for record in self.proxy.whole()
                if ends.intersection(KEY_END.findall(record.sent + record.received))]


def type_answers(command, environment, answers, seconds=60):
    """Runs a program on a terminal of its own and types, as a person does. answers: [(what it asks,
    what is typed)]. Returns its exit status, its standard output, and all that the terminal
    showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs,
                               text=True, env=environment, start_new_session=True,
                               preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(theirs)
    said, asked = b"", 0
    deadline = time.monotonic() + seconds
    try:
        for question, answer in answers:
            while not re.search(question.encode(), said[asked:]):
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([ours], [], [], left)[0]:
                    raise Failure(f"it never asked “{question}”: {said.decode()[-500:]}")
                said += os.read(ours, 4096)
            asked = len(said)
            os.write(ours, answer.encode() + b"\n")
        out, _ = process.communicate(timeout=max(1, deadline - time.monotonic()))
        while select.select([ours], [], [], 0)[0]:
            try:
                said += os.read(ours, 4096)
            except OSError:
                break  # the other end is closed, and all of it read
    except OSError as error:
        raise Failure(f"it ended before it was answered: {said.decode()[-500:]}") from error
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(ours)
    return process.returncode, out, said.decode()
