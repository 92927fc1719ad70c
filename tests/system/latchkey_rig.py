# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the programs as a user would and reads the truth behind them: for system tests.

A Rig is one folder with a console's store, a gateway and a practice lab. It ends only processes
that it started itself, and always all of them.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
import urllib.request

READY_SECONDS = 60
CTL_SECONDS = 300


class Failure(Exception):
    """What a check found wrong, in words."""


class Server:
    """One of our servers. With keep_alive it is started again when it dies."""

    def __init__(self, rig, name, command, environment=None):
        self.rig, self.name, self.command = rig, name, command
        self.deaths = 0
        self.stopping = False
        self.process = None
        self.ports = {}
        self.lock = threading.Lock()
        self.start(environment or {})

    def start(self, environment):
        out = self.rig.folder / f"{self.name}.out"
        with open(out, "wb") as stdout, open(self.rig.folder / f"{self.name}.err", "ab") as stderr:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=stdout,
                                            stderr=stderr, env=self.rig.environment(environment))
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            text = out.read_text()
            if text.startswith("ready") and text.endswith("\n"):
                self.ports = {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", text)}
                return
            if self.process.poll() is not None:
                if environment and self.process.returncode == -signal.SIGKILL:
                    return  # the crash that was asked for came before it was ready
                break
            time.sleep(0.005)
        raise Failure(f"{self.name} did not start: {self.error_text()}")

    def error_text(self):
        return (self.rig.folder / f"{self.name}.err").read_text()[-2000:]

    def watch(self):
        """Starts it again, without its crash, whenever it was killed."""
        def run():
            while not self.stopping:
                if self.process.wait() == -signal.SIGKILL and not self.stopping:
                    with self.lock:
                        if self.stopping:
                            return
                        self.deaths += 1
                        self.start({})
                else:
                    return
        self.watcher = threading.Thread(target=run, daemon=True)
        self.watcher.start()

    def kill(self):
        with self.lock:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGKILL)

    def stop(self):
        with self.lock:
            self.stopping = True
            process = self.process
            if process.poll() is None:
                process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Failure(f"{self.name} did not end when it was told to")
        if process.returncode not in (0, -signal.SIGKILL, -signal.SIGTERM):
            raise Failure(f"{self.name} ended with {process.returncode}: {self.error_text()}")


class Rig:
    # How long a machine may take to connect and to answer, where some never do.
    patience = ("2s", "4s")

    def __init__(self, build, folder, machines=20, seed=1, faults=None, mix=None,
                 lab_options=()):
        self.build, self.folder = pathlib.Path(build), pathlib.Path(folder)
        self.machines, self.seed, self.faults, self.mix = machines, seed, faults, mix
        self.lab_options = [str(option) for option in lab_options]
        self.lab = self.gateway = None
        self.lab_ports = {"port": 0, "control": 0}
        self.gateway_port = 0
        self.gateway_options = []
        self.folder.mkdir(parents=True, exist_ok=True)

    def environment(self, extra):
        env = {k: v for k, v in os.environ.items() if not k.startswith("LATCHKEY_")}
        home, temporary = self.folder / "home", self.folder / "tmp"
        home.mkdir(exist_ok=True)
        temporary.mkdir(exist_ok=True)
        env.update(HOME=str(home), XDG_DATA_HOME=str(home), XDG_CONFIG_HOME=str(home),
                   TMPDIR=str(temporary),
                   XDG_RUNTIME_DIR=str(home), GIO_USE_PROXY_RESOLVER="dummy", LC_ALL="C.UTF-8",
                   G_DEBUG="fatal-criticals", DBUS_SESSION_BUS_ADDRESS="disabled:")
        env.update(extra)
        return env

    def program(self, name):
        folder = {"latchkeyctl": "ctl", "latchkey-lab": "lab", "latchkey-gateway": "gateway"}[name]
        return str(self.build / "app" / folder / name)

    def secret(self, name, text=None):
        path = self.folder / name
        if not path.exists():
            path.touch(0o600)
            path.write_text((text or os.urandom(32).hex()) + "\n")
        return str(path)

    def run(self, name, *args, environment=None, check=True):
        done = subprocess.run([self.program(name), *map(str, args)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=CTL_SECONDS,
                              env=self.environment(environment or {}), check=False)
        if check and done.returncode != 0:
            raise Failure(f"{name} {' '.join(map(str, args))}: exit {done.returncode}: "
                          f"{done.stderr[-1500:]}{done.stdout[-500:]}")
        return done

    def ctl_command(self, *args):
        return [self.program("latchkeyctl"), f"--db={self.folder / 'fleet.db'}", *map(str, args)]

    def ctl(self, *args, environment=None, check=True):
        return self.run("latchkeyctl", f"--db={self.folder / 'fleet.db'}", *args,
                        environment=environment, check=check)

    def start_lab(self, environment=None):
        def command():
            line = [self.program("latchkey-lab"), "--machines", str(self.machines),
                    "--seed", str(self.seed), "--state", str(self.folder / "lab.db"),
                    "--hosts", str(self.folder / "hosts.csv"),
                    "--password-file", self.secret("machine-password"),
                    "--port", str(self.lab_ports["port"]),
                    "--control-port", str(self.lab_ports["control"])]
            if self.faults:
                line += ["--faults", self.faults]
            if self.mix:
                line += ["--profile-mix", self.mix]
            return line + self.lab_options
        self.lab = Server(self, "lab", command, environment)
        if self.lab.ports:
            self.lab_ports = self.lab.ports

    def start_gateway(self, environment=None):
        def command():
            return [self.program("latchkey-gateway"), "--state", str(self.folder / "gateway.db"),
                    "serve", "--listen", f"127.0.0.1:{self.gateway_port}",
                    "--digest-key-file", self.secret("digest-key"), "--practice",
                    *self.gateway_options]
        if not (self.folder / "token").exists():
            self.run("latchkey-gateway", "--state", self.folder / "gateway.db", "client", "add",
                     "console", "--token-file", self.folder / "token")
        self.gateway = Server(self, "gateway", command, environment)
        self.gateway_port = self.gateway.ports.get("port", self.gateway_port)

    def stop(self):
        problems = []
        for server in (self.lab, self.gateway):
            if server is not None:
                try:
                    server.stop()
                except Failure as failure:
                    problems.append(str(failure))
        self.lab = self.gateway = None
        if problems:
            raise Failure("; ".join(problems))

    def configure(self, back_off="50ms"):
        """What a person says once: where the gateway is, how patient to be, and a key."""
        self.run("latchkey-lab", "--practice-key", "mak:1", "--key-file", self.folder / "mak")
        self.ctl("config", "set", "backend.url", f"http://127.0.0.1:{self.gateway_port}/")
        self.ctl("config", "set", "backend.digest-key", "--file", self.secret("digest-key"))
        self.ctl("config", "set", "backend.token", "--file", self.folder / "token")
        for name, value in (("runner.first-back-off", back_off), ("runner.longest-back-off", "1s"),
                            ("runner.connect-timeout", self.patience[0]),
                            ("runner.answer-timeout", self.patience[1])):
            self.ctl("config", "set", name, value)
        self.ctl("key", "add", "--key-file", self.folder / "mak")

    def set_up(self, back_off="50ms"):
        """Everything up to the point where a person would press Activate."""
        self.start_lab()
        self.start_gateway()
        self.configure(back_off)
        self.ctl("credential", "add", "lab", "--user", "administrator", "--password-file",
                 self.secret("machine-password"))
        self.ctl("discover", "file", self.folder / "hosts.csv")
        self.ctl("refresh", "--all", "--give-up-after", "20s", check=False)

    def activate(self, *options, environment=None):
        return self.ctl("activate", "--proxy", "--all", "--key", "1", "--yes", "--give-up-after",
                        "60s", *options, environment=environment, check=False)

    # The truth

    def control(self, path):
        url = f"http://127.0.0.1:{self.lab_ports['control']}{path}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return json.load(answer)

    def order(self, machine, what):
        """Lets something happen to a machine, as in order("PC-0001", "fault?name=dead")."""
        url = f"http://127.0.0.1:{self.lab_ports['control']}/machines/{machine}/{what}"
        with urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=30) as done:
            done.read()

    def rows(self, database, sql):
        connection = sqlite3.connect(f"file:{self.folder / database}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def check(self):
        """The lab's true state and the gateway's records, not the console's word."""
        machines = self.control("/machines")
        machines = machines["machines"] if isinstance(machines, dict) else machines
        spent = self.rows("gateway.db", "SELECT key_identity, iid, state FROM spend")
        pairs = {(key, iid) for key, iid, _ in spent}
        if len(pairs) != len(spent):
            raise Failure("the gateway spent one (key identity, installation ID) twice")
        not_done = [row for row in spent if row[2] != "confirmed"]
        if not_done:
            raise Failure(f"the gateway has {len(not_done)} spends that are not confirmed")
        pool = self.rows("gateway.db", "SELECT sum (n_confirmed), sum (n_open) FROM pool")[0]
        if (pool[0] or 0, pool[1] or 0) != (len(pairs), 0):
            raise Failure(f"the gateway's pools count {pool}, its records {len(pairs)}")
        online = self.control("/spends")
        online = online["spends"] if isinstance(online, dict) else online
        if online:
            raise Failure("machines activated online, which nobody asked for")

        on_record = set(self.rows("fleet.db", "SELECT key_identity, iid FROM confirmation"))
        lost = pairs - on_record
        if lost:
            raise Failure(f"{len(lost)} confirmation IDs that were paid for are not on record")
        open_spends = self.rows("fleet.db", "SELECT state, count (*) FROM spend WHERE state IN"
                                " ('reserved', 'sent', 'unknown') GROUP BY state")
        if open_spends:
            raise Failure(f"the console still has {open_spends}")
        n_expected = 0
        for machine in machines:
            if not machine["healthy"] or machine["subscription"] or machine["oem"]:
                continue  # the last two are left alone by design
            n_expected += 1
            windows = machine["products"][0]
            if windows["status"] != "licensed":
                raise Failure(f"{machine['name']} is healthy and reads {windows['status']}")
            if (windows["activated-by"] == "confirmation" and
                    (windows["key-identity"], windows["iid"]) not in pairs):
                raise Failure(f"{machine['name']} is licensed by proxy without a spend on record")
        return n_expected

    def copy_to(self, folder):
        """The same state in another folder, for a run of its own on other ports."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("*.lock", "*.out",
                                                                           "*.err"))
