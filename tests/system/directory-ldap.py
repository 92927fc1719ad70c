#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories with another schema (slapd), and servers that are out of order: what is found, what is
kept, and what a person is told."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from hostile_ldap import HostileServer, device, entry, text, tlv
from latchkey_rig import Failure, Rig

HOSTS, PAGE = 3000, 500
SUFFIX, ADMIN, PASSWORD = "dc=plain,dc=test", "cn=admin,dc=plain,dc=test", "Plant-of-a-directory-5"
READY_SECONDS = 60
PROGRAMS = ("slapd", "slapadd", "certtool")
CONFIG = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/pid
TLSCACertificateFile {ca}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
TLSVerifyClient try
sizelimit size.soft={page} size.hard={page} size.pr={page} size.prtotal={total}
database mdb
maxsize 268435456
suffix "{suffix}"
rootdn "{admin}"
rootpw "{password}"
directory {folder}/db
{more}
"""


def find(name):
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def missing():
    return ", ".join(name for name in PROGRAMS if not find(name))


def run(*command):
    done = subprocess.run([find(command[0]), *map(str, command[1:])], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False, timeout=300)
    if done.returncode != 0:
        raise Failure(f"{command[0]}: {done.stderr[-1000:]}")


def expect(what, found, wanted):
    if found != wanted:
        raise Failure(f"{what}: {found!r}, not {wanted!r}")


def contains(words, *wanted):
    for word in wanted:
        if word not in words:
            raise Failure(f"“{word}” is not in: {words[-1500:]}")


def free_ports(n):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Authority:
    """A CA, and certificates for localhost that are good or over, and one for a client."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.ca = self.make("ca", "cn = Plant CA\nca\ncert_signing_key\nexpiration_days = 100\n")
        self.good = self.make("good", "expiration_days = 50\n", self.ca)
        self.expired = self.make("expired", 'activation_date = "2020-01-01 00:00:00"\n'
                                 'expiration_date = "2021-03-04 00:00:00"\n', self.ca)
        self.client = self.make("client", "cn = console\nsigning_key\ntls_www_client\n"
                                "expiration_days = 50\n", self.ca, is_server=False)
        self.client[1].chmod(0o600)

    def make(self, name, template, ca=None, is_server=True):
        path = self.folder / name
        if ca is not None and is_server:
            template += 'cn = localhost\ndns_name = localhost\nsigning_key\ntls_www_server\n'
        path.with_suffix(".cfg").write_text(template)
        key, certificate = path.with_suffix(".key"), path.with_suffix(".pem")
        run("certtool", "--generate-privkey", "--key-type=ecdsa", "--outfile", key)
        how = (["--generate-self-signed"] if ca is None else
               ["--generate-certificate", "--load-ca-certificate", ca[0], "--load-ca-privkey", ca[1]])
        run("certtool", *how, "--load-privkey", key, "--template", path.with_suffix(".cfg"),
            "--outfile", certificate)
        return certificate, key


class Slapd:
    def __init__(self, folder, authority, ldif, certificate=None, total="unlimited", ports=None,
                 more=""):
        folder.mkdir()
        (folder / "db").mkdir()
        certificate = certificate or authority.good
        (folder / "slapd.conf").write_text(CONFIG.format(
            folder=folder, page=PAGE, total=total, suffix=SUFFIX, admin=ADMIN, password=PASSWORD,
            more=more, ca=authority.ca[0], certificate=certificate[0], key=certificate[1]))
        (folder / "data.ldif").write_text(ldif)
        run("slapadd", "-q", "-f", folder / "slapd.conf", "-l", folder / "data.ldif")
        self.port, self.tls_port = ports or free_ports(2)
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                [find("slapd"), "-f", folder / "slapd.conf", "-d", "0", "-h",
                 f"ldap://127.0.0.1:{self.port} ldaps://127.0.0.1:{self.tls_port}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.tls_port), 5).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise Failure(f"slapd: {(folder / 'log').read_text()[-1000:]}") from None
                time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def tree(more=""):
    return (f"dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\no: plain\ndc: plain\n\n"
            f"dn: ou=hosts,{SUFFIX}\nobjectClass: organizationalUnit\nou: hosts\n\n{more}")


def hosts(first, count, unit="hosts"):
    return "".join(f"dn: cn=h{i:04},ou={unit},{SUFFIX}\nobjectClass: device\nobjectClass: ipHost\n"
                   f"cn: h{i:04}\nipHostNumber: 10.1.{i // 250}.{i % 250 + 1}\nl: host{i}.plain.test\n"
                   f"description: other words\n\n" for i in range(first, first + count))


def referral(name, url):
    return (f"dn: cn={name},{SUFFIX}\nobjectClass: referral\nobjectClass: extensibleObject\n"
            f"cn: {name}\nref: {url}\n\n")


class Console(Rig):
    def __init__(self, build, folder):
        super().__init__(build, folder)
        self.ctl("config", "set", "runner.answer-timeout", "20s")

    def environment(self, extra):
        return {**super().environment({}), "KRB5_CONFIG": "/dev/null",
                "KRB5CCNAME": f"FILE:{self.folder}/no-ticket", **extra}

    def password(self, name, user, password):
        path = self.folder / f"{name}.password"
        path.touch(0o600)
        path.write_text(password + "\n")
        self.ctl("credential", "add", name, "--user", user, "--password-file", path)

    def discover(self, *options, status=0):
        done = self.ctl("discover", "ldap", "--json", *options, check=False)
        if done.returncode != status:
            raise Failure(f"discover ldap {options} ended with {done.returncode}, not {status}:"
                          f" {done.stderr[-1500:]}")
        answer = json.loads(done.stdout)
        answer["words"] = (answer["error"] or {}).get("message", "")
        answer["said"] = done.stderr
        return answer

    def ask(self, port, *options, status=0):
        """An anonymous search without TLS."""
        return self.discover("--server", f"127.0.0.1:{port}", "--tls", "none", "--bind",
                             "anonymous", *options, status=status)

    def stored(self):
        return {row["name"] for row in json.loads(self.ctl("list", "--json").stdout)["rows"]}


def another_schema(rig, authority):
    """cosine and nis instead of AD's; more hosts than one answer may have."""
    with Slapd(rig.folder / "slapd", authority, tree(hosts(0, HOSTS))) as slapd:
        server = ["--server", f"ldaps://localhost:{slapd.tls_port}", "--ca", authority.ca[0]]
        rig.password("plain", ADMIN, PASSWORD)
        started = time.monotonic()
        answer = rig.discover(*server, "--credential", "plain")
        print(f"# slapd, {HOSTS} hosts: {time.monotonic() - started:.1f} s")
        expect("added", (answer["machines"], answer["added"]), (HOSTS, HOSTS))
        expect("in the store", rig.stored(), {f"h{i:04}" for i in range(HOSTS)})
        answer = rig.discover(*server, "--bind", "anonymous", "--dry-run", "--name", "h01*2")
        expect("by pattern", [machine["name"] for machine in answer["found"]],
               [f"h01{i}2" for i in range(10)])
        expect("address", answer["found"][0]["address"], "10.1.0.103")
        answer = rig.discover(*server, "--bind", "anonymous", "--dry-run", "--name", "h0007",
                              "--map", "name=cn,dns=l,os=description")
        expect("by another map", {key: answer["found"][0][key] for key in ("address", "os")},
               {"address": "host7.plain.test", "os": "other words"})
        answer = rig.discover("--server", f"localhost:{slapd.port}", "--tls", "starttls", "--ca",
                              authority.ca[0], "--credential", "plain", "--dry-run", "--name", "h0*")
        expect("StartTLS", answer["machines"], 1000)
        rig.password("plain", ADMIN, "not-the-password")
        for attempt in range(2):
            answer = rig.discover(*server, "--credential", "plain", status=6)
            contains(answer["words"], "password is wrong" if attempt == 0 else "not locked")
        for map_text in ("colour=cn", "address=ipHostNumber"):
            contains(rig.discover(*server, "--map", map_text, status=2)["words"], "map")


def size_limit(rig, authority):
    """What the server gives is kept, and the limit is named."""
    with Slapd(rig.folder / "slapd", authority, tree(hosts(0, HOSTS)), total="1000") as slapd:
        answer = rig.ask(slapd.port, status=4)
        contains(answer["words"], "searching", "limit", "--base")
        contains(answer["said"], "are kept")
        expect("kept", (answer["machines"], len(rig.stored())), (1000, 1000))


def certificates(rig, authority):
    """Expired, unknown, of another name, on the wrong port."""
    ca = ["--bind", "anonymous", "--ca", authority.ca[0]]
    with Slapd(rig.folder / "expired", authority, tree(hosts(0, 3)), authority.expired) as slapd:
        answer = rig.discover("--server", f"localhost:{slapd.tls_port}", *ca, status=6)
        expect("stage", answer["stage"], "tls")
        contains(answer["words"], "expired on 2021-03-04")
        pin = next(word for word in answer["words"].replace(";", " ").split()
                   if word.count(":") == 31)
        expect("by fingerprint", rig.discover("--server", f"localhost:{slapd.tls_port}", *ca,
                                              "--fingerprint", pin)["machines"], 3)
    with Slapd(rig.folder / "good", authority, tree(hosts(0, 3))) as slapd:
        answer = rig.discover("--server", f"127.0.0.1:{slapd.tls_port}", *ca, status=6)
        contains(answer["words"], "not for 127.0.0.1, but for localhost")
        answer = rig.discover("--server", f"localhost:{slapd.tls_port}", "--bind", "anonymous",
                              status=6)
        contains(answer["words"], "not trusted", "--ca FILE")
        answer = rig.discover("--server", f"localhost:{slapd.port}", *ca, status=5)
        expect("stage", answer["stage"], "tls")


def referrals(rig, authority):
    """Reported or followed as one chooses; two servers that refer to each other end."""
    a, a_tls, b, b_tls = free_ports(4)
    to_b = referral("to-b", f"ldap://127.0.0.1:{b}/{SUFFIX}??sub")
    to_a = referral("to-a", f"ldap://127.0.0.1:{a}/{SUFFIX}??sub")
    away = referral("away", "ldap://127.0.0.1:1/dc=nowhere")
    with Slapd(rig.folder / "a", authority, tree(hosts(0, 5) + to_b), ports=(a, a_tls)), \
            Slapd(rig.folder / "b", authority, tree(hosts(5, 7) + to_a + away), ports=(b, b_tls)):
        answer = rig.ask(a, "--dry-run")
        expect("reported", (answer["machines"], len(answer["referrals"])), (5, 1))
        contains(answer["referrals"][0]["text"], f"127.0.0.1:{b}")
        answer = rig.ask(a, "--dry-run", "--referrals", "follow", status=4)
        expect("followed", sorted(machine["name"] for machine in answer["found"]),
               [f"h{i:04}" for i in range(12)])
        contains(answer["referrals"][0]["text"], "127.0.0.1", "refused the connection")


def no_password_elsewhere(rig, _):
    """A directory cannot send a password on to whom it likes, nor into the clear."""
    def refer(connection, _):
        connection.send(tlv(0x73, text(f"ldap://localhost:{other.port}/dc=x??sub")))
        connection.send(tlv(0x73, text(f"ldaps://localhost:{other.port}/dc=x??sub")))
        connection.send(device(1))
        connection.done()
    with HostileServer(lambda connection, _: connection.done()) as other, \
            HostileServer(refer) as first:
        rig.password("plain", "cn=admin,dc=x", PASSWORD)
        answer = rig.discover("--server", f"127.0.0.1:{first.port}", "--tls", "none",
                              "--credential", "plain", "--bind", "simple",
                              "--allow-clear-password", "--referrals", "follow", status=4)
        expect("passwords for the one that was meant", [PASSWORD.encode() in bind for bind in
                                                       first.binds], [True])
        expect("binds elsewhere", other.binds, [])
        contains(answer["referrals"][0]["text"], "not sent there in the clear")
        contains(answer["referrals"][1]["text"], "another domain")


def broken_off(rig, _):
    """The connection breaks half-way, in all the ways there are: what came is kept."""
    def page(connection, n, rest):
        for i in range(300 * (n - 1), 300 * n):
            connection.send(device(i))
        if n == 1:
            connection.done(cookie=b"more")
        else:
            rest(connection)

    def leave(connection):
        connection.peer.close()

    def babble(connection):
        connection.peer.sendall(b"\x30\x84\xff\xff\xff\xff rubbish")
        connection.wait_for_end()

    def swell(connection):
        connection.send(device(9999, description="x" * 5_000_000))
        connection.wait_for_end()

    def fall_silent(connection):
        connection.wait_for_end()
    for name, rest, status, word in (("leave", leave, 5, "closed the connection"),
                                     ("babble", babble, 4, "no LDAP"),
                                     ("swell", swell, 4, "too large"),
                                     ("silent", fall_silent, 5, "no answer within 2 s")):
        with HostileServer(lambda connection, n, rest=rest: page(connection, n, rest)) as server:
            own = Console(rig.build, rig.folder / name)
            own.ctl("config", "set", "runner.answer-timeout", "2s")
            answer = own.ask(server.port, status=status)
            expect(f"{name}: step", answer["stage"], "search")
            contains(answer["words"], "not complete", "searching", word)
            contains(answer["said"], "600 machines were found before that, and are kept")
            expect(f"{name}: kept", len(own.stored()), 600)


def strange_answers(rig, _):
    """Entries that are no machines are left out and counted; endless ones end."""
    def odd(connection, _):
        connection.send(device(1))
        connection.send(entry("cn=bad,dc=x", cn="two words"))
        connection.send(entry("cn=none,dc=x", sn="nothing"))
        connection.send(entry("cn=long,dc=x", cn="y" * 2000))
        connection.send(entry("cn=bytes,dc=x", cn=b"\xff\xfe"))
        connection.send(entry("cn=nul,dc=x", cn=b"a\0b"))
        connection.send(entry("cn=h2,dc=x", **{"cn;range=0-1": ["h2", "alias"],
                                               "ipHostNumber": "10.0.0.2"}))
        connection.send(entry("cn=h3,dc=x", **{"cn": [], "cn;range=0-1499": ["h3"]}))
        connection.done()
    with HostileServer(odd) as server:
        answer = rig.ask(server.port)
        expect("counts", (answer["machines"], answer["left_out"], len(answer["faults"])), (3, 5, 5))
        expect("in the store", rig.stored(), {"h1", "h2", "h3"})
    with HostileServer(lambda connection, _: connection.done(cookie=b"again")) as server:
        contains(rig.ask(server.port, status=1)["words"], "one empty page after the other")
    with HostileServer(lambda connection, n: (connection.send(device(n)),
                                              connection.done(cookie=b"again"))) as server:
        expect("at most", rig.ask(server.port, "--max", "50", "--dry-run")["machines"], 50)
    for code, word in ((4, "size limit"), (3, "no more time"), (50, "may not read"),
                       (51, "busy"), (80, "(80)")):
        with HostileServer(lambda connection, _, code=code: connection.done(code, "so it is")) as \
                server:
            status = {50: 6, 51: 5}.get(code, 1)
            contains(rig.ask(server.port, status=status)["words"], word, "so it is")
    referral_result = tlv(0xA3, text("ldap://127.0.0.1:1/dc=y"))
    with HostileServer(lambda connection, _: connection.done(10, extra=referral_result)) as server:
        answer = rig.ask(server.port, status=3)
        contains(answer["said"], "ldap://127.0.0.1:1/dc=y", "--referrals follow")


def cancelled(rig, _):
    """Interrupted at a moment when the server says nothing: at once, and what came is kept."""
    def stop(connection, _):
        for i in range(500):
            connection.send(device(i))
        connection.wait_for_end()
    with HostileServer(stop) as server:
        process = subprocess.Popen(
            rig.ctl_command("discover", "ldap", "--server", f"127.0.0.1:{server.port}", "--tls",
                            "none", "--bind", "anonymous", "--stream"),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=rig.environment({}))
        lines = [json.loads(process.stdout.readline()) for _ in range(500)]
        expect("streamed", {line["type"] for line in lines}, {"found"})
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        expect("status", process.returncode, 130)
        if time.monotonic() - started > 15:
            raise Failure("it went on after it was cancelled")
        contains(err, "500 machines were found before that, and are kept")
        expect("summary", json.loads(out)["added"], 500)
        expect("kept", len(rig.stored()), 500)


def by_certificate(rig, authority):
    """SASL EXTERNAL: only who has the certificate may read."""
    rig.ctl("credential", "add", "console", "--certificate", authority.client[0], "--private-key",
            authority.client[1])
    rig.password("plain", ADMIN, PASSWORD)
    with Slapd(rig.folder / "slapd", authority, tree(hosts(0, 10)),
               more='access to * by dn.exact="cn=console" read by anonymous auth') as slapd:
        server = ["--server", f"localhost:{slapd.port}", "--ca", authority.ca[0], "--base", SUFFIX]
        answer = rig.discover(*server, "--credential", "console", "--dry-run")
        expect("by StartTLS", answer["machines"], 10)
        answer = rig.discover(*server[2:], "--server", f"ldaps://localhost:{slapd.tls_port}",
                              "--credential", "console", "--dry-run")
        expect("by LDAPS", answer["machines"], 10)
        answer = rig.discover(*server, "--bind", "anonymous", "--tls", "starttls", status=6)
        contains(answer["words"], "may not read this")
        answer = rig.discover(*server, "--credential", "console", "--tls", "none", status=2)
        contains(answer["words"], "a certificate is shown inside TLS only")
        answer = rig.discover(*server, "--credential", "plain", "--bind", "external", "--tls",
                              "starttls", status=6)
        contains(answer["words"], "is no certificate")


def saved_and_read(rig, _):
    """A search that is kept and what it finds read at once: by the way that is set for a machine, of
    which directories say nothing."""
    rig.machines = 3
    rig.start_lab()
    try:
        rig.ctl("discover", "file", rig.folder / "hosts.csv")
        rig.ctl("credential", "add", "lab", "--user", "administrator", "--password-file",
                rig.secret("machine-password"))
        listed = sorted(rig.stored())

        def serve(connection, _):
            for name in listed:
                connection.send(entry(f"cn={name},dc=lab,dc=test", cn=name))
            connection.done()
        with HostileServer(serve) as server:
            answer = rig.ask(server.port, "--save", "plant", "--read")
            expect("all of them are read", (answer["known"], answer["items_done"],
                                            answer["source"]), (3, 3, "plant"))
            gone, listed[0] = listed[0], "h-new"
            again = json.loads(rig.ctl("discover", "saved", "plant", "--json").stdout)
            expect("news", [(one["kind"], one["name"]) for one in again["news"]],
                   sorted([("new", "h-new"), ("gone", gone)], key=lambda one: one[1].lower()))
            saved = json.loads(rig.ctl("discover", "saved", "--json").stdout)["sources"]
            expect("kept", saved[0]["words"],
                   f"--server=127.0.0.1:{server.port} --bind=anonymous --tls=none")
    finally:
        rig.lab.stop()


CASES = [another_schema, size_limit, certificates, referrals, no_password_elsewhere, broken_off,
         strange_answers, by_certificate, saved_and_read, cancelled]


def main():
    if missing():
        print(f"1..0 # SKIP not installed: {missing()}")
        return
    build = pathlib.Path(sys.argv[1])
    print(f"1..{len(CASES)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="latchkey-ldap-") as folder:
        folder = pathlib.Path(folder)
        authority = Authority(folder / "ca")
        for number_of, case in enumerate(CASES, 1):
            try:
                case(Console(build, folder / case.__name__), authority)
                print(f"ok {number_of} {case.__name__}", flush=True)
            except Exception as failure:
                print(f"not ok {number_of} {case.__name__} #", *str(failure).split(), flush=True)


if __name__ == "__main__":
    main()
