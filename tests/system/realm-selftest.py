#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The realm of the Kerberos tests does what they rely on, with the KDC's log as the witness."""
import os
import pathlib
import select
import signal
import subprocess
import tempfile
import time

import latchkey_realm
from latchkey_realm import Realm
from latchkey_rig import Failure

PASSWORD = 'a "quoted" password'
SERVICES = [f"pc-{i:04}.lab.test" for i in range(1, 51)]


class Skip(Exception):
    """Why a check was not made."""


def expect(what, found, wanted):
    if found != wanted:
        raise Failure(f"{what}: {found!r}, not {wanted!r}")


def expect_failure(call, words):
    try:
        call()
    except Failure as failure:
        if words not in str(failure):
            raise
        return
    raise Failure(f"no failure, instead of “{words}”")


def need_faketime():
    if latchkey_realm.find_faketime() is None:
        raise Skip("libfaketime is not installed")


def times(realm, cache):
    """When the ticket-granting ticket begins and ends."""
    line = next(line for line in realm.run(["klist", "-c", str(cache)]).stdout.splitlines()
                if "krbtgt/" in line)
    words = line.split()
    return [time.mktime(time.strptime(" ".join(words[i:i + 2]), "%m/%d/%y %H:%M:%S"))
            for i in (0, 2)]


def kvno(realm, cache, *services, check_keytab=True):
    option = ["-k", str(realm.keytab)] if check_keytab else []
    return realm.run(["kvno", "-c", str(cache), *option, *(f"HTTP/{name}" for name in services)])


class Tests:
    def __init__(self, realm):
        self.realm = realm
        self.alice = realm.folder / "alice"
        realm.add_users({name: PASSWORD for name in ("alice", "bob", "carol")})
        realm.add_services(SERVICES)

    def log_in(self):
        self.realm.kinit("alice", PASSWORD, cache=self.alice)
        expect("logins", self.realm.count_requests("AS", "ISSUE", "alice"), 1)
        expect("proofs asked for", self.realm.count_requests("AS", "NEEDED_PREAUTH", "alice"), 1)
        expect("failures", self.realm.count_failures(), 0)
        expect("the cache's mode", oct(self.alice.stat().st_mode & 0o777), "0o600")

    def password_from_file(self):
        path = self.realm.folder / "password"
        path.touch(0o600)
        path.write_text(PASSWORD + "\n")
        self.realm.kinit("bob", path, cache=self.realm.folder / "bob")
        expect("logins", self.realm.count_requests("AS", "ISSUE", "bob@LAB.TEST"), 1)

    def wrong_password(self):
        for n_wrong in (1, 2):
            expect_failure(lambda: self.realm.kinit("carol", "wrong"), "Password incorrect")
            expect("failures", self.realm.count_failures("carol"), n_wrong)
        expect("failures of all", self.realm.count_failures(), 2)

    def unknown_user(self):
        expect_failure(lambda: self.realm.kinit("nobody", PASSWORD), "not found in Kerberos")
        expect("requests", self.realm.count_requests("AS", "CLIENT_NOT_FOUND", "nobody"), 1)

    def services(self):
        """The keytab opens the ticket of each: kvno -k proves it."""
        kvno(self.realm, self.alice, *SERVICES)
        expect("tickets", self.realm.count_requests("TGS", "ISSUE", "alice"), len(SERVICES))
        expect("one service's", self.realm.count_requests("TGS", "ISSUE",
                                                          service=f"HTTP/{SERVICES[7]}"), 1)
        expect("the keytab's mode", oct(self.realm.keytab.stat().st_mode & 0o777), "0o600")

    def more_services(self):
        """Into the same keytab, and into one of their own."""
        self.realm.add_services(["later.lab.test"])
        own = self.realm.add_services(["own.lab.test"], keytab=self.realm.folder / "own.keytab")
        kvno(self.realm, self.alice, "later.lab.test", SERVICES[0])
        expect_failure(lambda: kvno(self.realm, self.alice, "own.lab.test"), "keytab")
        self.realm.run(["kvno", "-c", str(self.alice), "-k", str(own), "HTTP/own.lab.test"])

    def services_of_one_key(self):
        """Many names and one key: what one of them was given is opened with that of another."""
        names = ["one.lab.test", "two.lab.test"]
        realm = Realm(self.realm.folder / "one-key")
        with realm:
            realm.add_users({"alice": PASSWORD})
            realm.add_services_of_one_key(names)
            realm.add_services_of_one_key(["three.lab.test"])
            cache = realm.kinit("alice", PASSWORD)
            kvno(realm, cache, *names, "three.lab.test", check_keytab=False)
            expect("tickets", realm.count_requests("TGS", "ISSUE", "alice"), 3)
            listed = realm.run(["klist", "-k", str(realm.keytab)]).stdout
            expect("keys", listed.count("HTTP/"), 1)

    def unknown_service(self):
        expect_failure(lambda: kvno(self.realm, self.alice, "strange.lab.test"),
                       "not found in Kerberos database")

    def changed_service_key(self):
        self.realm.change_service_key(SERVICES[-1])
        self.realm.kinit("bob", PASSWORD, cache=self.realm.folder / "bob")
        expect_failure(lambda: kvno(self.realm, self.realm.folder / "bob", SERVICES[-1]),
                       "keytab")

    def lockout(self):
        self.realm.add_lockout_user("dave", PASSWORD, failures=3)
        for _ in range(3):
            expect_failure(lambda: self.realm.kinit("dave", "wrong"), "Password incorrect")
        expect_failure(lambda: self.realm.kinit("dave", PASSWORD), "have been revoked")
        expect("lockouts", self.realm.count_requests("AS", "LOCKED_OUT", "dave") > 0, True)
        expect("failures", self.realm.count_failures("dave"), 3)
        self.realm.unlock("dave")
        self.realm.kinit("dave", PASSWORD)

    def disabled(self):
        self.realm.add_users({"erin": PASSWORD})
        self.realm.disable("erin")
        expect_failure(lambda: self.realm.kinit("erin", PASSWORD), "have been revoked")
        self.realm.enable("erin")
        self.realm.kinit("erin", PASSWORD)

    def expired_password(self):
        self.realm.add_expired_user("frank", PASSWORD)
        expect_failure(lambda: self.realm.kinit("frank", PASSWORD), "Cannot read password")
        expect("requests", self.realm.count_requests("AS", "CLIENT KEY EXPIRED", "frank"), 1)

    def expired_account(self):
        self.realm.add_users({"grace": PASSWORD})
        self.realm.expire_account("grace")
        expect_failure(lambda: self.realm.kinit("grace", PASSWORD), "has expired")

    def changed_password(self):
        self.realm.set_password("carol", "another")
        expect_failure(lambda: self.realm.kinit("carol", PASSWORD), "Password incorrect")
        self.realm.kinit("carol", "another")

    def lifetimes(self):
        begin, end = times(self.realm, self.realm.kinit("alice", PASSWORD, "7s"))
        expect("the lifetime asked for", end - begin, 7)
        self.realm.add_short_lived_user("heidi", PASSWORD, 5)
        begin, end = times(self.realm, self.realm.kinit("heidi", PASSWORD))
        expect("the longest lifetime", end - begin, 5)

    def expired_ticket(self):
        need_faketime()
        before = len(self.realm.requests())
        old = self.realm.kinit_in_the_past("alice", PASSWORD, 7200, "1h",
                                           self.realm.folder / "old")
        _, end = times(self.realm, old)
        expect("expired an hour ago", 3500 < time.time() - end < 3700, True)
        expect_failure(lambda: kvno(self.realm, old, SERVICES[0]), "Ticket expired")
        expect("asked of this KDC", len(self.realm.requests()), before)

    def skewed_kdc(self):
        need_faketime()
        self.realm.stop()
        self.realm.start(skew=3600)
        try:
            begin, _ = times(self.realm, self.realm.kinit("alice", PASSWORD))
            expect("an hour ahead", 3500 < begin - time.time() < 3700, True)
        finally:
            self.realm.stop()
            self.realm.start(skew=0)

    def skew_told(self):
        """Without timesync, the client says what is wrong."""
        need_faketime()
        with Realm(self.realm.folder / "strict", timesync=False) as strict:
            strict.add_users({"alice": PASSWORD})
            strict.kinit("alice", PASSWORD)
            expect_failure(lambda: strict.kinit("alice", PASSWORD, skew=3600), "Clock skew")

    def no_kdc(self):
        """Gone by pid; back on the same port, with all that it knew."""
        port, pid = self.realm.kdc.port, self.realm.pid
        self.realm.stop()
        if pathlib.Path(f"/proc/{pid}").exists():
            raise Failure("the KDC did not end")
        expect_failure(lambda: self.realm.kinit("alice", PASSWORD), "Cannot contact any KDC")
        self.realm.start()
        expect("its port", self.realm.kdc.port, port)
        self.realm.kinit("alice", PASSWORD)

    def orphan(self):
        """A test that is killed leaves no KDC behind."""
        if latchkey_realm.find_program("setpriv") is None:
            raise Skip("setpriv is not installed")
        script = ("import sys\nsys.path.insert(0, sys.argv[1])\n"
                  "from latchkey_realm import Realm\nrealm = Realm(sys.argv[2])\n"
                  "realm.start()\nprint(realm.pid, flush=True)\nsys.stdin.read()\n")
        with subprocess.Popen(["/usr/bin/python3", "-c", script,
                               str(pathlib.Path(__file__).parent),
                               str(self.realm.folder / "orphan")],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            pid = int(child.stdout.readline())
            ending = os.pidfd_open(pid)
            child.send_signal(signal.SIGKILL)
        with open(ending, "rb") as fd:
            if not select.select([fd], [], [], 10)[0]:
                os.kill(pid, signal.SIGKILL)
                raise Failure("the KDC outlived a test that was killed")

    def bad_command(self):
        """kadmin.local ends with 0 whatever happens: the helper does not."""
        expect_failure(lambda: self.realm.kadmin("addprinc -randkey HTTP/" + SERVICES[0]),
                       "already exists")
        expect_failure(lambda: self.realm.kadmin("nonsense"), "Unknown request")


CASES = [value for value in vars(Tests).values()
         if callable(value) and not value.__name__.startswith("_")]


def main():
    if latchkey_realm.missing():
        print(f"1..0 # SKIP not installed: {latchkey_realm.missing()}")
        return
    print(f"1..{len(CASES)}", flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="latchkey-realm-") as folder, Realm(folder) as realm:
        tests = Tests(realm)
        for i, case in enumerate(CASES, 1):
            try:
                case(tests)
                print(f"ok {i} {case.__name__}", flush=True)
            except Skip as reason:
                print(f"ok {i} {case.__name__} # SKIP {reason}", flush=True)
            except Exception as failure:
                print(f"not ok {i} {case.__name__} #", *str(failure).split(), flush=True)
    print(f"# {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
