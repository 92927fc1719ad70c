#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong with Kerberos and certificates: each trouble ends with the right exit status, and
with the words that a person needs to end it."""
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import latchkey_realm
from domain_rig import PASSWORD, Domain, DomainRig, contains, expect
from latchkey_realm import Realm, skewed
from latchkey_rig import Failure

MACHINES = 3
DENIED, UNREACHABLE = 6, 5
REFRESH = ("refresh", "--all", "--give-up-after", "1s")


def expect_trouble(rig, status, *words, environment=None):
    """A refresh of all and a look at one machine end as they should and say what a person needs."""
    items = rig.items(*REFRESH, status=status, environment=environment)
    for item in items:
        contains(item["message"], *words)
    done = rig.ctl("check", "-v", rig.names[0], environment=environment, check=False)
    expect("exit of check", done.returncode, status)
    contains(" ".join(done.stdout.split()), *words)
    return items, done.stdout


def expect_cause(rig, cause, script):
    """What the check of one machine names as the cause, and what its script does about it."""
    done = rig.ctl("check", "--json", rig.names[0], check=False)
    last = json.loads(done.stdout)["stages"][-1]
    expect("stage and cause", (last["stage"], last["cause"]), ("authentication", cause))
    if script is None:
        expect("script", last["script"], None)
    else:
        contains(last["script"], script)


def ways(text):
    """The ways that “check -v” shows, in their order."""
    lines = text.split("in the order in which they are tried:\n")[1].splitlines()
    return [line.strip().partition(": ")[::2] for line in lines if line.startswith("  ")]


class Tests:
    def __init__(self, rig, realm):
        self.rig, self.realm = rig, realm

    def drop_ticket(self):
        self.rig.cache.unlink(missing_ok=True)

    def use(self, user="alice@lab.test", password=PASSWORD, scheme="auto"):
        self.rig.add_credential("domain", "--user", user, "--scheme", scheme, password=password)

    def forget(self):
        self.rig.ctl("credential", "remove", "domain", "--yes", check=False)
        self.drop_ticket()

    # The cases, in the order of the list; each begins without a ticket and without a set.

    def no_ticket(self):
        items = self.rig.items(*REFRESH, status=DENIED)
        for item in items:
            contains(item["message"], "latchkeyctl credential add", "there is no Kerberos ticket",
                     "kinit")
        done = self.rig.ctl("check", self.rig.names[0], check=False)
        expect("exit of check", done.returncode, DENIED)
        contains(done.stdout, "kinit")
        self.rig.ctl("credential", "add", "domain", "--ticket")
        expect_trouble(self.rig, DENIED, "there is no Kerberos ticket", "kinit")

    def expired_ticket(self):
        self.realm.kinit_in_the_past("alice", PASSWORD, 7200, "1h", self.rig.cache)
        self.rig.ctl("credential", "add", "domain", "--ticket")
        expect_trouble(self.rig, DENIED, "the ticket has expired", "kinit")
        contains(self.rig.credential("domain")["state"], "expired")

    def ticket_ends_soon(self):
        """Said before work begins, which then goes on."""
        self.rig.kinit("30m")
        done = self.rig.ctl(*REFRESH)
        contains(done.stderr, "The Kerberos ticket of alice@LAB.TEST ends on", "kinit")
        self.rig.kinit("4h")
        if "ends on" in self.rig.ctl(*REFRESH).stderr:
            raise Failure("a warning, although the ticket lives for hours")

    def slow_client(self):
        """This computer's clock is wrong, and the domain says so."""
        self.use(scheme="kerberos")
        for seconds in (-900, 900):
            expect_trouble(self.rig, DENIED, "differ by more than five minutes", "NTP",
                           environment=skewed(seconds))
        expect("stopped for it", self.rig.credential("domain")["stopped"], False)
        self.rig.ctl(*REFRESH)

    def wrong_clock_of_domain(self):
        self.use(scheme="kerberos")
        self.realm.stop()
        self.realm.start(skew=900)
        try:
            expect_trouble(self.rig, DENIED, "differ by more than five minutes", "NTP")
        finally:
            self.realm.stop()
            self.realm.start(skew=0)
        self.rig.ctl(*REFRESH)

    def wrong_clock_of_machine(self):
        self.use()
        self.rig.restart_lab(skewed(900))
        try:
            _, text = expect_trouble(self.rig, DENIED, "the clocks differ", "NTP")
            # Measured: a quarter of an hour, give or take what the check itself took.
            contains(text, "the machine's clock is 0:1", "ahead of this computer's")
            expect_cause(self.rig, "clock", "w32tm /resync")
        finally:
            self.rig.restart_lab()
        expect("stopped for it", self.rig.credential("domain")["stopped"], False)
        self.rig.ctl(*REFRESH)

    def unknown_name(self):
        """The machine has no service principal."""
        self.realm.kadmin(*(f"delprinc -force HTTP/{name}" for name in self.rig.names))
        try:
            self.rig.kinit()
            expect_trouble(self.rig, DENIED, "the domain does not know this machine", "full name",
                           "setspn")
            expect_cause(self.rig, "spn", "Test-ComputerSecureChannel")
        finally:
            self.realm.add_services_of_one_key(self.rig.names)
        self.rig.ctl(*REFRESH)

    def no_domain_controller(self):
        self.rig.kinit()
        self.realm.stop()
        try:
            expect_trouble(self.rig, UNREACHABLE, "no domain controller (KDC) answers", "DNS",
                           "krb5.conf")
            expect_cause(self.rig, "no-kdc", None)
            self.use(scheme="kerberos")
            expect_trouble(self.rig, UNREACHABLE, "no domain controller (KDC) answers")
            # Nobody took or refused the password: it is not to blame.
            expect("stopped for it", self.rig.credential("domain")["stopped"], False)
        finally:
            self.realm.start()
        self.rig.ctl(*REFRESH)

    def locked_account(self):
        self.realm.add_lockout_user("locked", PASSWORD, failures=1)
        try:
            self.realm.kinit("locked", "wrong", cache=self.realm.folder / "none")
        except Failure:
            pass
        self.use("locked@lab.test")
        expect_trouble(self.rig, DENIED, "the account is locked or disabled", "unlock it")
        expect("stopped", self.rig.credential("domain")["stopped"], True)
        self.realm.unlock("locked")
        self.rig.ctl("credential", "test", "domain")
        self.rig.ctl(*REFRESH)

    def disabled_account(self):
        self.realm.add_users({"disabled": PASSWORD})
        self.realm.disable("disabled")
        self.use("disabled@lab.test")
        expect_trouble(self.rig, DENIED, "the account is locked or disabled")

    def expired_password(self):
        self.realm.add_expired_user("aged", PASSWORD)
        self.use("aged@lab.test")
        expect_trouble(self.rig, DENIED, "the password has expired", "kpasswd")

    def expired_account(self):
        self.realm.add_users({"gone": PASSWORD})
        self.realm.expire_account("gone")
        self.use("gone@lab.test")
        expect_trouble(self.rig, DENIED, "the account has expired")

    def unknown_account(self):
        """Perhaps the machines know it: then NTLM is left, and refuses it."""
        self.use("nobody@lab.test", scheme="kerberos")
        expect_trouble(self.rig, DENIED, "the domain does not know this account")

    def bad_keytab(self):
        table = self.realm.folder / "none.keytab"
        for spoil, words in ((lambda: table.write_bytes(self.realm.keytab.read_bytes()),
                              "the keytab has no key of this account"),
                             (table.unlink, "the keytab is not there")):
            table.write_bytes(b"\5\2")
            self.rig.ctl("credential", "add", "domain", "--user", "alice@lab.test", "--keytab",
                         table)
            spoil()
            expect_trouble(self.rig, DENIED, words)

    def order_of_ways(self):
        """“check -v” shows what was tried, in the order of the rule."""
        self.use()
        good = self.rig.ctl("check", "-v", self.rig.names[0]).stdout
        expect("ways of a good one", ways(good),
               [("Kerberos (Negotiate)", "signed in with domain, messages are sealed")])
        self.use("LAB\\administrator")
        self.realm.stop()
        try:
            text = self.rig.ctl("check", "-v", self.rig.names[0]).stdout
        finally:
            self.realm.start()
        tried = ways(text)
        expect("ways without a domain controller", [way for way, _ in tried],
               ["Kerberos (Negotiate)", "NTLM (Negotiate)"])
        contains(tried[0][1], "KDC")
        contains(tried[1][1], "signed in with domain, messages are sealed")
        done = self.rig.ctl("check", "--json", "-v", self.rig.names[0])
        contains(json.loads(done.stdout)["stages"][-1]["tried"] or done.stdout, "Kerberos")


CASES = [value for name, value in vars(Tests).items()
         if callable(value) and not name.startswith("_")
         and name not in ("drop_ticket", "use", "forget")]


# TLS and the end of a login need labs of their own.

def make_certificate(folder, name, days, *names):
    """By an authority of our own; days may be in the past."""
    authority = folder / "ca.pem"
    if not authority.exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", folder / "ca.key",
                        "-out", authority, "-days", "30", "-subj", "/CN=Test authority"],
                       check=True, capture_output=True)
    subprocess.run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr",
                    "-subj", f"/CN={names[0]}"], check=True, capture_output=True)
    extensions = folder / f"{name}.ext"
    extensions.write_text("subjectAltName=" + ",".join(f"DNS:{each}" for each in names) + "\n")
    # openssl x509 knows no beginning in the past, so that its clock is what is wrong.
    environment = {"PATH": "/usr/bin:/bin", **skewed(-86400 * 10)}
    subprocess.run(["openssl", "x509", "-req", "-in", folder / f"{name}.csr", "-CA", authority,
                    "-CAkey", folder / "ca.key", "-CAcreateserial", "-out", folder / f"{name}.pem",
                    "-days", str(days + 10), "-extfile", extensions], check=True,
                   capture_output=True, env=environment)
    return ["--tls-certificate", folder / f"{name}.pem", "--tls-key", folder / f"{name}.key"]


def certificates(build, folder):
    """Expired, for another name, changed: the same words in check and in what a job says."""
    folder.mkdir()
    with DomainRig(build, folder, MACHINES, "basic", tls=True) as rig:
        base = rig.lab_options
        # The authority's own certificate begins today; what it signed may have ended before.
        old = [str(option) for option in make_certificate(folder, "old", -3, "*.lab.test")]
        rig.lab_options = base + old
        rig.names = [name for name in rig.open(heard=False) if "." in name]
        rig.add_credential("lab", "--user", "administrator", password=PASSWORD)
        rig.ctl("config", "set", "machines.ca", folder / "ca.pem")
        expect_trouble(rig, DENIED, "expired", "trust accept")

        for name, names, words in (("other", ["somebody.lab.test"], ("another name",)),
                                   ("good", ["*.lab.test", "good.lab.test"], None)):
            rig.lab.stop()
            options = make_certificate(folder, name, 30, *names)
            rig.lab_options = base + [str(option) for option in options]
            rig.lab_options[rig.lab_options.index("--tls-port") + 1] = str(rig.lab_ports["tls"])
            rig.start_lab()
            if words is not None:
                expect_trouble(rig, DENIED, *words, "trust accept")
                rig.ctl("trust", "accept", "--all", "--yes")
                rig.ctl(*REFRESH)
        expect_trouble(rig, DENIED, "its certificate changed", "trust accept")
        rig.ctl("trust", "forget", "--all", "--yes")
        rig.ctl(*REFRESH)


def ended_logins(domain, build, folder):
    """The lab forgets who signed in after 0.3 s and answers after 40 ms: connections have to sign
    in again in the middle, and what was done once is not done twice."""
    options = ["--login-life", 300, "--latency", 40]
    with DomainRig(build, folder, 40, "negotiate", domain, lab_options=options) as rig:
        rig.open()
        rig.kinit()
        rig.ctl("config", "set", "runner.workers", 8)  # so that the time is the lab's own
        begin = time.monotonic()
        rig.items("refresh", "--all", "--give-up-after", "20s", status=0)
        rig.items("activate", "--proxy", "--all", "--key", "1", "--yes", "--give-up-after", "60s",
                  status=0)
        n_licensed = rig.check()
        rig.proxy.wait_idle()
        # One leg is enough for Kerberos, so that each refusal is a login that has ended.
        n_ended = sum(record.received.count(b"HTTP/1.1 401 ") for record in rig.proxy.connections)
        print(f"# logins of 0.3 s: {n_licensed} of 40 machines licensed in"
              f" {time.monotonic() - begin:.1f} s; {n_ended} logins ended while they were used")
        if n_licensed < 30:
            raise Failure(f"only {n_licensed} machines were licensed")
        if n_ended < 20:
            raise Failure(f"only {n_ended} logins ended")


def main():
    if latchkey_realm.missing():
        print(f"1..0 # SKIP not installed: {latchkey_realm.missing()}")
        return
    build = pathlib.Path(sys.argv[1])
    print(f"1..{len(CASES) + 2}", flush=True)
    number = 0

    def run(name, call):
        nonlocal number
        number += 1
        try:
            call()
            print(f"ok {number} {name}", flush=True)
        except Exception as failure:
            print(f"not ok {number} {name} #", *str(failure).split(), flush=True)

    with tempfile.TemporaryDirectory(prefix="latchkey-trouble-") as folder:
        folder = pathlib.Path(folder)
        with Realm(folder / "realm", timesync=False) as realm:
            realm.add_users({"alice": PASSWORD})
            domain = Domain(realm)
            with DomainRig(build, folder / "rig", MACHINES, "negotiate", domain) as rig:
                rig.names = rig.open(heard=False)
                tests = Tests(rig, realm)
                for case in CASES:
                    tests.forget()
                    run(case.__name__, lambda case=case: case(tests))
            run("certificates", lambda: certificates(build, folder / "tls"))
            run("ended_logins", lambda: ended_logins(domain, build, folder / "logins"))


if __name__ == "__main__":
    main()
