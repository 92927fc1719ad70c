# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kerberos realm of our own on loopback, for system tests: any user, any port, gone afterwards.

The KDC's log is the witness: it says how often somebody tried a password, whatever the programs
under test say of themselves.
"""
import glob
import itertools
import os
import pathlib
import re
import select
import shutil
import socket
import subprocess
import time
from typing import NamedTuple

from latchkey_rig import Failure

READY_SECONDS = 20
TOOL_SECONDS = 120
ENCRYPTION = "aes256-cts-hmac-sha1-96"
KEYTAB_CHUNK = 100
PROGRAMS = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit")
LINE = re.compile(r" (AS|TGS)_REQ \(.*?\) \S+: ([A-Z_ ]+): (?:authtime \d+, )?"
                  r"(?:etypes \{.*?\},? ?)?(<unknown client>|\S+) for (\S+?)(?:, (.*))?$")
CONFIG = """\
[libdefaults]
    default_realm = {realm}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_uri_lookup = false
    dns_canonicalize_hostname = false
    qualify_shortname = ""
    rdns = false
    permitted_enctypes = {encryption}
    default_ccache_name = FILE:{folder}/cache
    default_keytab_name = FILE:{folder}/http.keytab
    default_client_keytab_name = FILE:{folder}/client.keytab
    ticket_lifetime = 1h
    udp_preference_limit = {udp_limit}
    kdc_timesync = {timesync}
    forwardable = false
[realms]
    {realm} = {{
        kdc = 127.0.0.1:{port}
    }}
[domain_realm]
    .{domain} = {realm}
    {domain} = {realm}
"""
# [logging] stands in this one only: in both, every line would be written twice.
KDC_CONFIG = """\
[kdcdefaults]
    kdc_listen = 127.0.0.1:{port}
    kdc_tcp_listen = 127.0.0.1:{port}
[realms]
    {realm} = {{
        database_name = {folder}/principal
        key_stash_file = {folder}/stash
        acl_file = {folder}/no.acl
        supported_enctypes = {encryption}:normal
        master_key_type = {encryption}
        max_life = 10h
        max_renewable_life = 1d
    }}
[logging]
    kdc = FILE:{folder}/{log}
"""


def find_program(name):
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def missing():
    """What a machine lacks for a realm, in words; empty when nothing is. For loud skipping."""
    return ", ".join(name for name in PROGRAMS if not find_program(name))


def find_faketime():
    # The MT build is made for programs with threads.
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    return found[0] if found else None


def skewed(seconds):
    """An environment in which a program believes that it is so many seconds later, or earlier.

    Set by hand rather than by the program “faketime”, which is a parent with a pid of its own.
    """
    if not seconds:
        return {}
    library = find_faketime()
    if library is None:
        raise Failure("libfaketime is not installed (package faketime)")
    return {"LD_PRELOAD": library, "FAKETIME": f"{seconds:+d}",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def free_port():
    """A port that is free for UDP and TCP; whoever takes it must be ready to try again."""
    for _ in range(50):
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
            stream.bind(("127.0.0.1", 0))
            try:
                datagram.bind(stream.getsockname())
            except OSError:
                continue
            return stream.getsockname()[1]
    raise Failure("no port is free for UDP and TCP")


class Request(NamedTuple):
    """One line of the KDC's log."""
    kind: str       # AS: somebody logs in; TGS: somebody asks for a ticket of a service
    outcome: str    # ISSUE, NEEDED_PREAUTH, PREAUTH_FAILED, LOCKED_OUT, LOOKING_UP_SERVER, ...
    client: str
    service: str
    words: str


class Kdc:
    """One process with configuration files of its own, which may have a clock of its own."""

    def __init__(self, realm, name, skew=0, port=0):
        self.realm, self.name, self.skew, self.port = realm, name, skew, port
        self.process = None

    def environment(self):
        folder = self.realm.folder
        return {"KRB5_CONFIG": str(folder / f"{self.name}.krb5.conf"),
                "KRB5_KDC_PROFILE": str(folder / f"{self.name}.kdc.conf"),
                "KRB5CCNAME": f"FILE:{folder}/cache", "KRB5RCACHEDIR": str(folder)}

    def configure(self):
        values = {"realm": self.realm.name, "domain": self.realm.name.lower(), "port": self.port,
                  "folder": self.realm.folder, "encryption": ENCRYPTION, "log": f"{self.name}.log",
                  "udp_limit": 1465 if self.realm.udp else 1,
                  "timesync": int(self.realm.timesync)}
        for suffix, template in (("krb5.conf", CONFIG), ("kdc.conf", KDC_CONFIG)):
            (self.realm.folder / f"{self.name}.{suffix}").write_text(template.format(**values))

    def start(self):
        """Keeps its port when it is started again, so that configurations stay true."""
        fixed = self.port
        for _ in range(1 if fixed else 5):
            self.port = fixed or free_port()
            self.configure()
            if self.try_to_start():
                return
        raise Failure(f"the KDC did not start: {self.log_text()[-1000:]}")

    def try_to_start(self):
        # setpriv becomes the KDC, which then ends with us even if we are killed.
        setpriv = find_program("setpriv")
        guard = [setpriv, "--pdeathsig", "TERM"] if setpriv else []
        self.process = subprocess.Popen(
            [*guard, find_program("krb5kdc"), "-n"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env=self.realm.tool_environment(self, self.skew))
        said, deadline = b"", time.monotonic() + READY_SECONDS
        try:
            while b"starting..." not in said:
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([self.process.stderr], [], [], left)[0]:
                    break
                piece = os.read(self.process.stderr.fileno(), 4096)
                if not piece:
                    break
                said += piece
        except BaseException:
            self.stop()
            raise
        if b"starting..." in said:
            return True
        self.stop()
        return False

    def stop(self):
        process, self.process = self.process, None
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        process.stderr.close()

    def log_text(self):
        path = self.realm.folder / f"{self.name}.log"
        return path.read_text(errors="replace") if path.exists() else ""


class Realm:
    """Use it in a “with”, or call start() and, whatever happens, stop().

    udp: ask by UDP first, as MIT does by itself. timesync: clients forgive a KDC's wrong clock, as
    MIT does by itself; without it they say that the clocks differ.
    """

    def __init__(self, folder, name="LAB.TEST", udp=True, skew=0, timesync=True):
        self.folder, self.name, self.udp = pathlib.Path(folder), name, udp
        self.timesync = timesync
        self.folder.mkdir(parents=True, exist_ok=True)
        self.keytab = self.folder / "http.keytab"
        self.kdc = Kdc(self, "kdc", skew)
        self.number = itertools.count(1)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self, skew=None):
        """Makes the database at the first time. skew: how wrong the KDC's clock is, in seconds."""
        if self.kdc.process is not None:
            raise Failure("the KDC runs already")
        if skew is not None:
            self.kdc.skew = skew
        if not (self.folder / "principal").exists():
            self.kdc.configure()
            self.run(["kdb5_util", "create", "-s", "-r", self.name], stdin="master\nmaster\n")
        self.kdc.start()

    def stop(self):
        self.kdc.stop()

    @property
    def pid(self):
        return self.kdc.process.pid

    # Environments

    def environment(self, cache=None, skew=0):
        """For a client: nothing of the machine's own Kerberos shines through."""
        env = {key: value for key, value in self.kdc.environment().items()
               if key != "KRB5_KDC_PROFILE"}
        if cache is not None:
            env["KRB5CCNAME"] = f"FILE:{cache}"
        env.update(skewed(skew))
        return env

    def service_environment(self, keytab=None, skew=0):
        """For what accepts tickets."""
        return {**self.environment(skew=skew), "KRB5_KTNAME": f"FILE:{keytab or self.keytab}"}

    def tool_environment(self, kdc, skew=0):
        env = {key: value for key, value in os.environ.items()
               if not key.startswith(("KRB5", "FAKETIME")) and key != "LD_PRELOAD"}
        env.update(kdc.environment(), LC_ALL="C")
        env.update(skewed(skew))
        return env

    def run(self, command, stdin="", kdc=None, skew=0):
        done = subprocess.run([find_program(command[0]) or command[0], *command[1:]], input=stdin,
                              text=True, capture_output=True, timeout=TOOL_SECONDS, check=False,
                              env=self.tool_environment(kdc or self.kdc, skew))
        if done.returncode != 0:
            raise Failure(f"{command[0]}: {done.stderr.strip() or done.stdout.strip()}")
        return done

    # Accounts

    def kadmin(self, *lines):
        """Many commands in one process. It ends with 0 even if none worked: its words tell."""
        done = self.run(["kadmin.local", "-r", self.name], "".join(f"{line}\n" for line in lines))
        errors = [line for line in done.stderr.splitlines()
                  if line.strip() and "; defaulting to no policy" not in line]
        if errors:
            raise Failure(f"kadmin.local: {errors[0]} ({len(errors)} errors)")
        return done.stdout

    @staticmethod
    def quote(text):
        return '"' + text.replace('"', '""') + '"'

    def add_users(self, passwords, options=""):
        """{name: password}; all must prove the password, as in Active Directory."""
        self.kadmin(*(f"addprinc +requires_preauth {options} -pw {self.quote(password)} "
                      f"{self.quote(name)}" for name, password in passwords.items()))

    def add_short_lived_user(self, name, password, seconds):
        """None of this user's tickets lives longer."""
        self.add_users({name: password}, f'-maxlife "{int(seconds)} seconds"')

    def add_expired_user(self, name, password):
        """The password is right and has to be changed first."""
        self.add_users({name: password}, "-pwexpire yesterday")

    def add_lockout_user(self, name, password, failures=3, seconds=600):
        """Locked for so long after so many wrong passwords."""
        policy = f"lockout-{next(self.number)}"
        self.kadmin(f'addpol -maxfailure {failures} -failurecountinterval "{seconds} seconds" '
                    f'-lockoutduration "{seconds} seconds" {policy}')
        self.add_users({name: password}, f"-policy {policy}")

    def disable(self, name):
        self.kadmin(f"modprinc -allow_tix {self.quote(name)}")

    def enable(self, name):
        self.kadmin(f"modprinc +allow_tix {self.quote(name)}")

    def unlock(self, name):
        self.kadmin(f"modprinc -unlock {self.quote(name)}")

    def expire_account(self, name):
        self.kadmin(f"modprinc -expire yesterday {self.quote(name)}")

    def set_password(self, name, password):
        self.kadmin(f"cpw -pw {self.quote(password)} {self.quote(name)}")

    def add_services(self, names, service="HTTP", keytab=None):
        """Random keys for service/name, all in one keytab, by a single kadmin.local.

        kadmin.local reads a keytab to its end for each key that it adds, so it is given many small
        ones. A keytab is two bytes and entries.
        """
        names = [f"{service}/{name}" for name in names]
        lines = [f"addprinc -randkey {name}" for name in names]
        parts = []
        for start in range(0, len(names), KEYTAB_CHUNK):
            parts.append(self.folder / f"part-{next(self.number)}.keytab")
            lines.append(f"ktadd -norandkey -k {parts[-1]} "
                         f"{' '.join(names[start:start + KEYTAB_CHUNK])}")
        self.kadmin(*lines)
        target = pathlib.Path(keytab or self.keytab)
        whole = target.read_bytes() if target.exists() else b"\x05\x02"
        for part in parts:
            data = part.read_bytes()
            if data[:2] != b"\x05\x02":
                raise Failure("kadmin.local wrote a keytab of an unknown format")
            whole += data[2:]
            part.unlink()
        target.touch(0o600)
        target.write_bytes(whole)
        return target

    def add_services_of_one_key(self, names, service="HTTP"):
        """As add_services(), for a fleet that one key stands for: whoever accepts tickets of any
        name tries each key of its keytab on each ticket, and of a thousand that takes 8 ms.

        The key is made once; the others are copies of its line in a dump of the database.
        """
        one = f"{service}/one-key.{self.name.lower()}"
        dump = self.folder / f"dump-{next(self.number)}"
        if not self.keytab.exists():
            self.kadmin(f"addprinc -randkey {one}", f"ktadd -norandkey -k {self.keytab} {one}")
        self.run(["kdb5_util", "dump", str(dump), f"{one}@{self.name}"])
        head, line = dump.read_text().splitlines()
        fields = line.split("\t")
        if fields[6] != f"{one}@{self.name}" or int(fields[2]) != len(fields[6]):
            raise Failure(f"kdb5_util wrote a dump of an unknown format: {head}")
        lines = [head]
        for name in names:
            fields[6] = f"{service}/{name}@{self.name}"
            fields[2] = str(len(fields[6]))
            lines.append("\t".join(fields))
        dump.write_text("\n".join(lines) + "\n")
        self.run(["kdb5_util", "load", "-update", str(dump)])
        dump.unlink()

    def change_service_key(self, name, service="HTTP"):
        """The KDC's key is a new one, the keytab's is not: what a machine that lost its place in
        the domain looks like."""
        self.kadmin(f"cpw -randkey {service}/{name}")

    @staticmethod
    def last_key(keytab):
        """The last key in a keytab, which is as good as the password that it was made from: before
        it stands its length, and after it the long form of its number."""
        data = pathlib.Path(keytab).read_bytes()
        if data[-38:-36] != b"\0\x20":
            raise Failure("a keytab of an unknown format")
        return data[-36:-4]

    # Tickets

    def kinit(self, user, password, lifetime="1h", cache=None, skew=0, kdc=None):
        """password: a text, or a pathlib.Path of a file with it. Returns the cache's path; says in
        a Failure what kinit said. skew: how wrong the client's clock is."""
        if isinstance(password, pathlib.Path):
            password = password.read_text().rstrip("\n")
        cache = pathlib.Path(cache or self.folder / "cache")
        # An expired password makes kinit ask for a new one; there is none to read then.
        self.run(["kinit", "-c", f"FILE:{cache}", "-l", lifetime, user], f"{password}\n", kdc, skew)
        return cache

    def kinit_in_the_past(self, user, password, age, lifetime="1h", cache=None):
        """A ticket got so many seconds ago: expired without anybody having to wait for it. Comes
        from a second KDC with a slow clock, so it is not in this one's log."""
        past = Kdc(self, f"past-{next(self.number)}", -age)
        past.start()
        try:
            return self.kinit(user, password, lifetime, cache, skew=-age, kdc=past)
        finally:
            past.stop()

    # The truth

    def log_text(self):
        return self.kdc.log_text()

    def requests(self):
        """All that was asked of the KDC; a line is written before its answer is sent."""
        found = [LINE.search(line) for line in self.log_text().splitlines()]
        return [Request(*(part or "" for part in match.groups())) for match in found if match]

    def count_requests(self, kind=None, outcome=None, client=None, service=None):
        """client and service may leave out the realm."""
        def fits(wanted, found):
            return wanted in (None, found, found.rsplit("@", 1)[0])
        return sum(kind in (None, request.kind) and outcome in (None, request.outcome) and
                   fits(client, request.client) and fits(service, request.service)
                   for request in self.requests())

    def count_failures(self, client=None):
        """How often a wrong password was tried."""
        return self.count_requests("AS", "PREAUTH_FAILED", client)
