#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten thousand computers in nested units of a real Active Directory (Samba), found in every way.

directory-ad.py BUILD [COMPUTERS]
"""
import base64
import json
import pathlib
import sys
import tempfile
import time

import samba_rig
from latchkey_rig import Failure, Rig
from samba_rig import DAY, DOMAIN, FULL, REALM, Controller

COMPUTERS = 10000
SITES, FLOORS = 10, 5
ALICE, ALICE_PASSWORD = f"alice@{REALM}", "Plant-of-alice-31"
MONTH = time.strftime("%Y-%m")  # a cached directory is one month old at most


def is_disabled(i):
    return i % 10 == 3


def is_stale(i):
    return i % 97 != 0 and i % 7 == 0


def is_server(i):
    return i % 2 == 0


def records(count):
    """LDIF of the units, of one person, and of the computers."""
    month = time.mktime(time.strptime(MONTH, "%Y-%m"))
    quoted = base64.b64encode(f'"{ALICE_PASSWORD}"'.encode("utf-16-le")).decode()
    yield f"dn: OU=Sites,DC=lab,DC=test\nobjectClass: organizationalUnit\n"
    yield (f"dn: CN=alice,CN=Users,DC=lab,DC=test\nobjectClass: user\nsAMAccountName: alice\n"
           f"userPrincipalName: {ALICE}\nunicodePwd:: {quoted}\nuserAccountControl: 512\n")
    for site in range(SITES):
        yield f"dn: OU=Site{site:02},OU=Sites,DC=lab,DC=test\nobjectClass: organizationalUnit\n"
        for floor in range(FLOORS):
            yield (f"dn: OU=Floor{floor},OU=Site{site:02},OU=Sites,DC=lab,DC=test\n"
                   "objectClass: organizationalUnit\n")
    for i in range(count):
        name = f"PC{i:05}"
        lines = [f"dn: CN={name},OU=Floor{i // 10 % FLOORS},OU=Site{i % SITES:02},OU=Sites,"
                 "DC=lab,DC=test", "objectClass: computer", f"sAMAccountName: {name}$",
                 f"userAccountControl: {4096 | (2 if is_disabled(i) else 0)}",
                 f"dNSHostName: {name.lower()}.{DOMAIN}",
                 "operatingSystem: Windows " + ("Server 2022 Standard" if is_server(i) else
                                                "11 Enterprise"),
                 "operatingSystemVersion: 10.0 " + ("(20348)" if is_server(i) else "(22631)")]
        if i % 97:  # the others have never signed in
            seen = month - (200 if is_stale(i) else -40) * DAY
            lines.append(f"lastLogonTimestamp: {samba_rig.filetime(seen)}")
        yield "\n".join(lines) + "\n"


def expect(what, found, wanted):
    if found != wanted:
        raise Failure(f"{what}: {found!r}, not {wanted!r}")


def contains(text, *words):
    for word in words:
        if word not in text:
            raise Failure(f"“{word}” is not in: {text[-1500:]}")


class DirectoryRig(Rig):
    def __init__(self, build, folder, controller, count):
        super().__init__(build, folder)
        self.controller, self.count = controller, count
        self.ticket = None

    def environment(self, extra):
        return {**super().environment({}), **self.controller.environment(self.ticket), **extra}

    def password(self, name, user, password, *options):
        path = self.folder / f"{name}.password"
        path.touch(0o600)
        path.write_text(password + "\n")
        self.ctl("credential", "add", name, "--user", user, *options, "--password-file", path)

    def discover(self, *options, status=0):
        """What --json says, and the seconds it took."""
        started = time.monotonic()
        done = self.ctl("discover", "ldap", "--json", *options, check=False)
        seconds = time.monotonic() - started
        if done.returncode != status:
            raise Failure(f"discover ldap {options} ended with {done.returncode}, not {status}:"
                          f" {done.stderr[-1500:]}")
        answer = json.loads(done.stdout)
        answer["said"], answer["seconds"] = done.stderr, seconds
        return answer

    def look(self, *options, status=0):
        """The names that would be added."""
        answer = self.discover("--dry-run", *options, status=status)
        names = [machine["name"] for machine in answer["found"]]
        expect("names that come twice", len(names) - len(set(names)), 0)
        return set(names)

    def names(self, wanted=lambda i: True, disabled=False):
        return {f"PC{i:05}" for i in range(self.count)
                if wanted(i) and (disabled or not is_disabled(i))}

    def secure(self):
        return "--server", FULL, "--ca", self.controller.ca


def ldaps_simple(rig):
    """A password inside TLS; what is found is in the store, and a second time known."""
    rig.password("corp", ALICE, ALICE_PASSWORD)
    answer = rig.discover(*rig.secure(), "--credential", "corp")
    expect("by", answer["server"], f"{FULL}:636 (TLS)")
    wanted = rig.names() | {"DC1"}
    expect("counts", (answer["machines"], answer["added"], answer["known"]), (len(wanted),) * 2 + (0,))
    expect("stale", answer["stale"], len(rig.names(is_stale)))
    rows = json.loads(rig.ctl("list", "--json").stdout)["rows"]
    found = {row["name"]: row for row in rows}
    expect("names in the store", set(found), wanted)
    expect("PC00042 in the store", [found["PC00042"][key] for key in ("address", "domain")],
           [f"pc00042.{DOMAIN}", DOMAIN])
    print(f"# LDAPS, simple bind, {len(wanted)} machines added: {answer['seconds']:.1f} s")
    answer = rig.discover(*rig.secure(), "--credential", "corp")
    expect("the second time", (answer["added"], answer["known"]), (0, len(wanted)))
    print(f"# the same again: {answer['seconds']:.1f} s")


def gssapi_ticket(rig):
    """The ticket in the cache; the controller by DNS; disabled and stale ones told apart."""
    rig.ticket = rig.folder / "ticket"
    rig.controller.kinit(rig.ticket, ALICE, ALICE_PASSWORD)
    answer = rig.discover("--domain", DOMAIN, "--disabled", "--dry-run")
    rig.ticket = None
    expect("by", answer["server"], f"{FULL}:389")
    found = {machine["name"]: machine for machine in answer["found"]}
    expect("names", set(found), rig.names(disabled=True) | {"DC1"})
    expect("disabled", {name for name, machine in found.items() if machine["disabled"]},
           rig.names(is_disabled, True))
    expect("stale", {name for name, machine in found.items() if machine["stale"]},
           rig.names(is_stale, True))
    expect("never signed in", {name for name, machine in found.items() if not machine["logon"]} -
           {"DC1"}, rig.names(lambda i: i % 97 == 0, True))
    expect("PC00041", {key: found["PC00041"][key] for key in ("address", "os", "os_version")},
           {"address": f"pc00041.{DOMAIN}", "os": "Windows 11 Enterprise",
            "os_version": "10.0.22631"})
    expect("in the store", json.loads(rig.ctl("list", "--json").stdout)["rows"], [])
    print(f"# GSSAPI with a ticket, {len(found)} machines looked at: {answer['seconds']:.1f} s")


def filters(rig):
    """Place, depth, pattern, filter: each finds exactly its machines."""
    rig.password("corp", ALICE, ALICE_PASSWORD)
    ways = [*rig.secure(), "--credential", "corp"]
    site = "OU=Site04,OU=Sites,DC=lab,DC=test"
    expect("a site", rig.look(*ways, "--base", site), rig.names(lambda i: i % SITES == 4))
    expect("one level of a site", rig.look(*ways, "--base", site, "--scope", "one", status=3), set())
    expect("a floor", rig.look(*ways, "--base", f"OU=Floor2,{site}", "--scope", "one"),
           rig.names(lambda i: i % SITES == 4 and i // 10 % FLOORS == 2))
    expect("one machine", rig.look(*ways, "--scope", "base", "--base", f"CN=PC00004,OU=Floor0,{site}"),
           {"PC00004"})
    expect("a pattern", rig.look(*ways, "--name", "pc0012*"), rig.names(lambda i: i // 10 == 12))
    expect("a pattern that is no filter", rig.look(*ways, "--name", "*)(cn=*", status=3), set())
    expect("servers", rig.look(*ways, "--filter", "operatingSystem=*Server*"),
           rig.names(is_server))
    expect("users are no machines", rig.look(*ways, "--filter", "(objectClass=user)", "--name",
                                             "alice", status=3), set())
    expect("at most", len(rig.look(*ways, "--max", "100")), 100)
    answer = rig.discover(*ways, "--filter", "(&(cn=a)(x=)))", status=2)
    contains(answer["error"]["message"], "character 14")
    answer = rig.discover(*ways, "--base", "OU=Nowhere,DC=lab,DC=test", status=1)
    contains(answer["error"]["message"], "searching", "no such place", "--base")


def every_way(rig):
    """All ways of signing in and of protecting the connection find the same."""
    rig.password("corp", ALICE, ALICE_PASSWORD)
    wanted = rig.names(lambda i: i // 10 == 12)
    few = ["--name", "PC0012*", "--ca", rig.controller.ca]
    corp = ["--credential", "corp", "--server", FULL]
    for words in (["--tls", "starttls"], ["--tls", "ldaps"], ["--bind", "gssapi"],
                  ["--bind", "spnego"], ["--global-catalog"],
                  ["--global-catalog", "--bind", "gssapi"]):
        expect(f"by {words}", rig.look(*few, *corp, *words), wanted)
    expect("by DNS", rig.look(*few, "--credential", "corp", "--domain", DOMAIN, "--global-catalog",
                              "--bind", "gssapi"), wanted)
    expect("the scope of the set", rig.look(*few, "--server", FULL, "--bind", "simple"), wanted)
    contains(rig.ctl("credential", "test", "corp").stdout, "The domain accepts")


def trouble(rig):
    """What goes wrong names the step and what helps."""
    answer = rig.discover("--server", FULL, status=6)
    contains(answer["error"]["message"], "no Kerberos ticket", "kinit")
    rig.password("corp", ALICE, ALICE_PASSWORD)
    few = ["--name", "PC0012*", "--credential", "corp", "--dry-run"]
    answer = rig.discover(*few, "--server", FULL, status=6)
    message = answer["error"]["message"]
    expect("step", answer["stage"], "tls")
    contains(message, "not trusted", "--fingerprint", "--ca FILE")
    pin = next(word for word in message.replace(";", " ").split() if word.count(":") == 31)
    expect("with the fingerprint", rig.discover(*few, "--server", FULL, "--fingerprint",
                                                pin)["machines"], 10 - 1)
    answer = rig.discover(*few, "--server", FULL, "--fingerprint", "0" * 64, status=6)
    contains(answer["error"]["message"], "changed")
    answer = rig.discover(*few, "--server", FULL, "--tls", "none", "--bind", "simple", status=6)
    contains(answer["error"]["message"], "signing in", "over the wire", "--tls ldaps")
    answer = rig.discover(*few, "--server", FULL, "--tls", "none", "--bind", "simple",
                          "--allow-clear-password", status=6)
    contains(answer["error"]["message"], "wants the sign-in protected")
    answer = rig.discover("--server", FULL, "--bind", "anonymous", "--tls", "none", status=1)
    contains(answer["error"]["message"], "nobody signed in")
    answer = rig.discover(*few, "--server", samba_rig.ADDRESS, "--bind", "gssapi", status=6)
    contains(answer["error"]["message"], "give the name")


def tried(rig):
    done = samba_rig.run("ldbsearch", "-H", rig.controller.data / "private/sam.ldb",
                         "(sAMAccountName=alice)", "badPwdCount")
    return int(next((line.split()[1] for line in done.stdout.splitlines()
                     if line.startswith("badPwdCount:")), "0"))


def lockout(rig):
    """A wrong password is tried once, by either way of signing in, and then never again."""
    before = tried(rig)
    rig.password("wrong", ALICE, "not-the-password")
    for attempt in range(3):
        answer = rig.discover(*rig.secure(), "--credential", "wrong", status=6)
        contains(answer["error"]["message"], "user name or the password is wrong" if attempt == 0
                 else "so that the account is not locked")
    expect("attempts by simple bind", tried(rig) - before, 1)
    rig.password("wrong", ALICE, "not-the-password-either")
    before = tried(rig)
    for attempt in range(3):
        rig.discover("--server", FULL, "--bind", "gssapi", "--credential", "wrong", status=6)
    expect("attempts by Kerberos", tried(rig) - before, 1)
    rig.password("wrong", ALICE, ALICE_PASSWORD)  # a success sets the count back
    rig.look(*rig.secure(), "--credential", "wrong", "--name", "PC0001*")


def by_ntlm(rig):
    """A password by NTLM within GSS-SPNEGO, sealed; a wrong one is tried once."""
    user = f"LAB\\{ALICE.split('@')[0]}"
    rig.password("ntlm", user, ALICE_PASSWORD, "--scheme", "ntlm")
    expect("by NTLM", rig.look("--server", FULL, "--credential", "ntlm", "--name", "PC0012*"),
           rig.names(lambda i: i // 10 == 12))
    rig.password("wrong-ntlm", user, "not-the-password", "--scheme", "ntlm")
    before = tried(rig)
    for attempt in range(2):
        answer = rig.discover("--server", FULL, "--credential", "wrong-ntlm", status=6)
        contains(answer["error"]["message"], "user name or the password is wrong" if attempt == 0
                 else "so that the account is not locked")
    expect("attempts by NTLM", tried(rig) - before, 1)
    rig.look("--server", FULL, "--credential", "ntlm", "--name", "PC0001*")


def ticket_in_tls(rig):
    """A ticket inside TLS, bound to its channel: Samba has to be told to take it, as Windows does."""
    rig.password("corp", ALICE, ALICE_PASSWORD)
    ways = ["--credential", "corp", *rig.secure(), "--name", "PC0012*", "--bind", "gssapi"]
    for tls in ("ldaps", "starttls"):
        answer = rig.discover("--dry-run", *ways, "--tls", tls, status=6)
        contains(answer["error"]["message"], "does not take Kerberos inside TLS", "--tls none")
    rig.controller.stop()
    rig.controller.set("ldap server require strong auth", "allow_sasl_over_tls")
    rig.controller.start()
    for tls in ("ldaps", "starttls"):
        expect(f"by {tls}", rig.look(*ways, "--tls", tls), rig.names(lambda i: i // 10 == 12))
    answer = rig.discover("--dry-run", *rig.secure(), "--credential", "corp", "--bind", "spnego",
                          "--tls", "ldaps", status=2)
    contains(answer["error"]["message"], "--tls none", "--bind gssapi")


CASES = [ldaps_simple, gssapi_ticket, filters, every_way, trouble, lockout, by_ntlm, ticket_in_tls]


def main():
    reason = samba_rig.enter()
    if reason:
        print(f"1..0 # SKIP {reason}")
        return
    build = pathlib.Path(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else COMPUTERS
    print(f"1..{len(CASES)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="latchkey-ad-") as folder:
        folder = pathlib.Path(folder)
        samba_rig.furnish(folder)
        controller = Controller(folder, build / "tests" / "cache", list(records(count)))
        print(f"# the directory was made in {controller.make():.0f} s", flush=True)
        try:
            controller.start()
            controller.kinit(folder / "first")
            for number, case in enumerate(CASES, 1):
                try:
                    case(DirectoryRig(build, folder / case.__name__, controller, count))
                    print(f"ok {number} {case.__name__}", flush=True)
                except Exception as failure:
                    print(f"not ok {number} {case.__name__} #", *str(failure).split(), flush=True)
        finally:
            controller.stop()


if __name__ == "__main__":
    main()
