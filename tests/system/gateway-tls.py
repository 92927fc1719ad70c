#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""From nothing to a gateway with mutual TLS, typed as the manual says; then rotation, renewal while
connections are open, and what a console is told when it is not let in."""
import hashlib
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

import latchkey_rig
from latchkey_rig import Failure, Rig

latchkey_rig.CTL_SECONDS = 60  # a console that is not let in asks again without end

ASK = b"POST /elsewhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"


class Site:
    def __init__(self, rig):
        self.rig = rig
        self.tls = rig.folder / "tls"

    def gateway(self, *args, check=True):
        return self.rig.run("latchkey-gateway", "--state", self.rig.folder / "gateway.db", *args,
                            check=check)

    def set_up(self):
        """A lab, a gateway with a certificate of its own, and a console that has nothing yet."""
        said = self.rig.run("latchkey-gateway", "init", "--folder", self.tls, "--name", "localhost",
                            "--name", "127.0.0.1").stdout
        fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(
            (self.tls / "ca.pem").read_text())).hexdigest()
        expect(fingerprint in said.replace(":", ""), "init does not show the authority's SHA-256")
        for words in ("--tls-cert", "latchkeyctl config set backend.ca"):
            expect(words in said, f"init does not say “{words}”")
        self.rig.gateway_options = ["--tls-cert", str(self.tls / "server.pem"),
                                    "--tls-key", str(self.tls / "server-key.pem"),
                                    "--client-ca", str(self.tls / "ca.pem")]
        self.rig.set_up()
        self.rig.ctl("config", "unset", "backend.token")
        self.rig.ctl("config", "set", "backend.url", f"https://localhost:{self.rig.gateway_port}/")
        self.rig.ctl("config", "set", "backend.ca", self.tls / "ca.pem")

    def use(self, name):
        """The console takes a certificate over; its key leaves the disk."""
        key = self.rig.folder / f"{name}-key.pem"
        expect(key.stat().st_mode & 0o777 == 0o600, "others may read the client's key")
        self.rig.ctl("config", "set", "backend.certificate", self.rig.folder / f"{name}.pem")
        self.rig.ctl("config", "set", "backend.certificate-key", "--file", key)
        key.unlink()

    def ask(self):
        """Asks the gateway something that costs nothing."""
        return self.rig.ctl("key", "check", "1", check=False)

    def connect(self):
        context = ssl.create_default_context(cafile=self.tls / "ca.pem")
        plain = socket.create_connection(("127.0.0.1", self.rig.gateway_port), 10)
        return context.wrap_socket(plain, server_hostname="localhost")


def expect(condition, problem):
    if not condition:
        raise Failure(problem)


def answers(connection):
    connection.sendall(ASK)
    return connection.recv(65536).startswith(b"HTTP/1.1 404 ")


def fingerprint(connection):
    return hashlib.sha256(connection.getpeercert(binary_form=True)).hexdigest()


def wait_for(rig, words):
    deadline = time.monotonic() + 20
    while words not in rig.gateway.error_text():
        expect(time.monotonic() < deadline, f"the gateway never said “{words}”")
        time.sleep(0.02)


def mutual_tls(site):
    rig = site.rig
    site.set_up()
    done = rig.activate("--dry-run")
    expect(done.returncode == 0, f"the preview fails: {done.stderr}")
    site.gateway("client", "add", "console1", "--certificate", "--folder", site.tls, "--out",
                 rig.folder / "console1.pem")
    site.use("console1")
    done = rig.activate()
    expect(done.returncode == 0, f"activate ended with {done.returncode}: {done.stderr[-800:]}")
    expect(rig.check() > 0, "no machine was there to activate")
    clients = rig.rows("gateway.db", "SELECT DISTINCT client FROM audit")
    expect(clients == [("console1",)], f"the audit names {clients}")
    listed = site.gateway("client", "list", "--csv").stdout
    expect("console1,certificate," in listed and "console,token," in listed, listed)


def key_stays_sealed(site):
    key = (site.rig.folder / "console2-key.pem")
    site.gateway("client", "add", "console2", "--certificate", "--folder", site.tls, "--out",
                 site.rig.folder / "console2.pem")
    secret = key.read_bytes().split(b"\n")[1]
    site.use("console2")
    shown = site.rig.ctl("config", "list").stdout + site.rig.ctl("config", "get",
                                                                 "backend.certificate-key").stdout
    expect("sealed" in shown and secret.decode() not in shown, "config shows the key")
    for path in site.rig.folder.rglob("*"):
        expect(not path.is_file() or secret not in path.read_bytes(), f"the key is in {path.name}")
    done = site.rig.ctl("key", "check", "1", environment={"G_MESSAGES_DEBUG": "all"})
    expect(secret.decode() not in done.stdout + done.stderr, "the key is in the log")


def rotation(site):
    rig = site.rig
    site.gateway("client", "rotate", "console2", "--certificate", "--folder", site.tls, "--out",
                 rig.folder / "console2b.pem", "--overlap", "1h")
    expect(site.ask().returncode == 0, "the old certificate is refused in the overlap")
    rig.ctl("config", "set", "backend.certificate", rig.folder / "console2b.pem")
    done = site.ask()
    expect("does not belong" in done.stderr, f"a certificate with another's key: {done.stderr}")
    site.use("console2b")
    expect(site.ask().returncode == 0, "the new certificate is refused")
    token = rig.folder / "console2.token"
    site.gateway("client", "rotate", "console2", "--token-file", token, "--overlap", "0")
    done = site.ask()
    expect(done.returncode == 6 and "registered" in done.stderr and "rotate" in done.stderr,
           f"the old certificate after its end: {done.returncode} {done.stderr}")
    rig.ctl("config", "unset", "backend.certificate")
    done = site.ask()
    expect("backend.certificate" in done.stderr, f"half a certificate: {done.stderr}")
    rig.ctl("config", "unset", "backend.certificate-key")
    rig.ctl("config", "set", "backend.token", "--file", token)
    expect(site.ask().returncode == 0, "the token is refused")
    site.gateway("client", "remove", "console2")
    expect(site.ask().returncode == 6, "a removed client is let in")


def renewal(site):
    rig = site.rig
    old = site.connect()
    before = fingerprint(old)
    expect(answers(old), "the connection does not work")
    site.rig.run("latchkey-gateway", "renew", "--folder", site.tls, "--days", 20)
    expect((site.tls / "server.pem.old").exists(), "the old certificate is gone")
    rig.gateway.process.send_signal(signal.SIGHUP)
    wait_for(rig, "the TLS certificate expires on")
    new = site.connect()
    expect(fingerprint(new) != before, "a new connection sees the old certificate")
    expect(answers(new) and answers(old), "a connection did not go on")

    (site.tls / "server.pem").write_text("rubbish")
    rig.gateway.process.send_signal(signal.SIGHUP)
    wait_for(rig, "the old TLS certificate stays in use")
    third = site.connect()
    expect(fingerprint(third) == fingerprint(new), "a broken certificate is used")
    expect(answers(old) and answers(new) and answers(third), "a connection did not go on")
    for connection in (old, new, third):
        connection.close()


def main():
    tests = (mutual_tls, key_stays_sealed, rotation, renewal)
    with tempfile.TemporaryDirectory(prefix="latchkey-gateway-tls-") as folder:
        rig = Rig(pathlib.Path(sys.argv[1]), folder, 12, seed=5)
        site = Site(rig)
        print(f"1..{len(tests)}")
        try:
            for number, test in enumerate(tests, 1):
                name = test.__name__.replace("_", " ")
                try:
                    test(site)
                    print(f"ok {number} {name}", flush=True)
                except (Failure, subprocess.TimeoutExpired) as failure:
                    text = str(failure).replace("\n", " | ")
                    print(f"not ok {number} {name} # {text}", flush=True)
        finally:
            rig.stop()


if __name__ == "__main__":
    main()
