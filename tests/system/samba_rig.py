# SPDX-License-Identifier: GPL-3.0-or-later
"""A Samba Active Directory controller of our own, in a network namespace of our own.

enter() runs a script again where it can do no harm: its loopback, host name and resolv.conf are its
own, so that the controller has the ports and the DNS that a real one has. All of it is gone when
the script ends. What takes long, the provisioned database with its computers, is kept as a tar
beside the build.
"""
import contextlib
import hashlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

from latchkey_rig import Failure

REALM, DOMAIN, HOST, ADDRESS = "LAB.TEST", "lab.test", "dc1", "10.77.0.10"
FULL = f"{HOST}.{DOMAIN}"
PASSWORD = "Plant-of-a-domain-77"
ADMIN = f"Administrator@{REALM}"
MARK = "LK_TEST_NAMESPACE"
PORTS = (53, 88, 389, 636, 3268, 3269)
READY_SECONDS = 300
TOOL_SECONDS = 900
CHUNK = 1000
MADE_AS = "1"  # to be changed with what make() does: then an older cache does not count
DAY = 86400
PROGRAMS = ("samba", "samba-tool", "ldbadd", "unshare", "ip", "kinit", "kvno", "tar")


def find(name):
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def missing():
    return ", ".join(name for name in PROGRAMS if not find(name))


def enter():
    """Starts this script again in namespaces of its own, and ends with its status. Gives a reason
    when that cannot be done here."""
    if os.environ.get(MARK):
        return None
    if missing():
        return f"not installed: {missing()}"
    wrap = [find("unshare"), "--net", "--uts", "--mount", "--kill-child", "--fork"]
    if os.geteuid() != 0:
        return "a controller needs root for its ports and its database"
    if subprocess.run([*wrap, "true"], capture_output=True, check=False).returncode != 0:
        return "this machine allows no namespaces"
    done = subprocess.run([*wrap, sys.executable, *sys.argv], check=False,
                          env={**os.environ, MARK: "1"})
    sys.exit(done.returncode if done.returncode >= 0 else 1)


def run(*command, environment=None, stdin=None, check=True, seconds=TOOL_SECONDS):
    done = subprocess.run([find(command[0]) or command[0], *map(str, command[1:])], text=True,
                          input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
                          capture_output=True, timeout=seconds, check=False,
                          env={**os.environ, "LC_ALL": "C", **(environment or {})})
    if check and done.returncode != 0:
        raise Failure(f"{command[0]}: {done.stderr[-1500:]}{done.stdout[-500:]}")
    return done


def furnish(folder):
    """The inside of the namespaces: addresses, names, DNS."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "address", "add", f"{ADDRESS}/32", "dev", "lo")
    socket.sethostname(HOST)
    for name, text in (("resolv.conf", f"nameserver {ADDRESS}\noptions timeout:5 attempts:3\n"),
                       ("hosts", f"127.0.0.1 localhost\n{ADDRESS} {FULL} {HOST}\n")):
        path = folder / name
        path.write_text(text)
        run("mount", "--bind", path, f"/etc/{name}")


def filetime(seconds):
    return int((seconds + 11644473600) * 10_000_000)


class Controller:
    def __init__(self, folder, cache, records):
        """records: LDIF texts that fill it; cache: a folder that outlives the test."""
        self.folder, self.cache, self.records = pathlib.Path(folder), pathlib.Path(cache), records
        self.data = self.folder / "dc"
        self.process = None
        self.krb5 = self.folder / "krb5.conf"
        self.krb5.write_text(f"[libdefaults]\n default_realm = {REALM}\n dns_lookup_kdc = true\n"
                             " dns_lookup_realm = false\n rdns = false\n"
                             " dns_canonicalize_hostname = false\n"
                             f"[domain_realm]\n .{DOMAIN} = {REALM}\n")

    def make(self):
        """The database: from the cache, else provisioned and filled. Gives the seconds it took."""
        started = time.monotonic()
        text = "\n".join([MADE_AS, *self.records])
        kept = self.cache / f"samba-{hashlib.sha256(text.encode()).hexdigest()[:16]}.tar"
        if kept.exists():
            run("tar", "--acls", "--xattrs", "-xf", kept, "-C", self.folder)
            path = self.data / "etc/smb.conf"
            text = path.read_text()
            old = re.search(r"private dir = (.*)/private\n", text).group(1)
            path.write_text(text.replace(old, str(self.data)))
            return time.monotonic() - started
        run("samba-tool", "domain", "provision", f"--realm={REALM}", "--domain=LAB",
            "--server-role=dc", "--dns-backend=SAMBA_INTERNAL", f"--adminpass={PASSWORD}",
            f"--targetdir={self.data}", f"--host-name={HOST}", f"--host-ip={ADDRESS}",
            "--option=interfaces=lo")
        self.configure()
        # What a controller does for itself in the first minutes.
        run("ldbmodify", "-H", self.data / "private/sam.ldb", "/dev/stdin", stdin=(
            "dn: CN=DC1,OU=Domain Controllers,DC=lab,DC=test\nchangetype: modify\n"
            f"add: servicePrincipalName\nservicePrincipalName: ldap/{FULL}\n"
            f"servicePrincipalName: ldap/{FULL}/{DOMAIN}\n"))
        run("samba-tool", "domain", "passwordsettings", "set", "--account-lockout-threshold=20",
            "-s", self.data / "etc/smb.conf")
        self.fill()
        for old in self.cache.glob("samba-*.tar"):
            old.unlink()
        self.cache.mkdir(parents=True, exist_ok=True)
        run("tar", "--acls", "--xattrs", "-cf", f"{kept}.new", "-C", self.folder, "dc")
        os.replace(f"{kept}.new", kept)
        return time.monotonic() - started

    def configure(self):
        path = self.data / "etc/smb.conf"
        lines = path.read_text().split("[homes]")[0].splitlines()
        where = {name: self.data / name.split()[0] for name in
                 ("pid directory", "ncalrpc dir", "cache directory")}
        where.update({"ntp signd socket directory": self.data / "signd",
                      "winbindd socket directory": self.data / "wb",
                      "log file": self.data / "log.%m"})
        lines = [line for line in lines if line.split("=")[0].strip() not in where]
        lines += [f"\t{name} = {value}" for name, value in where.items()]
        lines += ["\tbind interfaces only = yes", "\tdisable spoolss = yes",
                  "\tload printers = no", "\tserver services = ldap, cldap, kdc, dns, rpc, drepl, kcc",
                  "[sysvol]", f"\tpath = {self.data}/state/sysvol", "\tread only = no"]
        path.write_text("\n".join(lines) + "\n")

    def set(self, name, value):
        """Of the section [global]; counts from the next start on."""
        path = self.data / "etc/smb.conf"
        path.write_text(path.read_text().replace("[sysvol]", f"\t{name} = {value}\n[sysvol]", 1))

    def fill(self):
        """In chunks: one large transaction is slower."""
        for at in range(0, len(self.records), CHUNK):
            run("ldbadd", "-H", self.data / "private/sam.ldb", "--nosync", "--relax", "/dev/stdin",
                stdin="\n".join(self.records[at:at + CHUNK]))

    def start(self):
        log = open(self.folder / "samba.log", "ab")
        self.process = subprocess.Popen(
            [find("samba"), "-i", "-M", "standard", "-s", self.data / "etc/smb.conf",
             "--debug-stdout"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env={**os.environ, "KRB5_CONFIG": str(self.krb5)}, start_new_session=True)
        log.close()
        deadline = time.monotonic() + READY_SECONDS
        for port in PORTS:
            while time.monotonic() < deadline:
                with contextlib.suppress(OSError), socket.create_connection((ADDRESS, port), 5):
                    break
                if self.process.poll() is not None:
                    raise Failure(f"samba ended: {self.log_text()}")
                time.sleep(0.1)
            else:
                raise Failure(f"samba does not listen on port {port}: {self.log_text()}")

    def stop(self):
        process, self.process = self.process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def log_text(self):
        return (self.folder / "samba.log").read_text(errors="replace")[-3000:]

    @property
    def ca(self):
        return self.data / "private/tls/ca.pem"

    def environment(self, cache=None):
        return {"KRB5_CONFIG": str(self.krb5),
                "KRB5CCNAME": f"FILE:{cache or self.folder / 'no-ticket'}"}

    def kinit(self, cache, user=ADMIN, password=PASSWORD):
        """The first one after the start waits until the KDC is there."""
        deadline = time.monotonic() + READY_SECONDS
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                done = run("kinit", user, environment=self.environment(cache), check=False,
                           stdin=password + "\n", seconds=60)
                if done.returncode == 0:
                    return
                if time.monotonic() > deadline:
                    raise Failure(f"kinit: {done.stderr}")
            time.sleep(0.5)
