# SPDX-License-Identifier: GPL-3.0-or-later
"""A session bus and a real gnome-keyring-daemon in a folder of their own, for system tests."""
import pathlib
import shutil
import signal
import subprocess
import time

from latchkey_rig import Failure

READY_SECONDS = 20
# Nothing is started by itself on this bus: a keyring that is gone stays gone.
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>
"""


def is_installed():
    return shutil.which("gnome-keyring-daemon") and shutil.which("dbus-daemon")


class Keyring:
    """Has a login keyring whose password is always the same."""

    def __init__(self, rig):
        self.rig = rig
        self.daemon = None
        socket = rig.folder / "bus"
        config = rig.folder / "bus.conf"
        config.write_text(BUS.format(socket))
        self.address = f"unix:path={socket}"
        self.environment = {"DBUS_SESSION_BUS_ADDRESS": self.address}
        with open(rig.folder / "bus.err", "wb") as err:
            self.bus = subprocess.Popen(["dbus-daemon", f"--config-file={config}", "--nofork"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=err, env=rig.environment(self.environment))
        self.wait_for(socket.exists, "the bus")

    def wait_for(self, condition, what):
        end = time.monotonic() + READY_SECONDS
        while not condition():
            if time.monotonic() > end:
                raise Failure(f"{what} did not start")
            time.sleep(0.02)

    def call(self, path, method, *args):
        return subprocess.run(
            ["gdbus", "call", "--session", "--timeout", "5", "--dest", "org.freedesktop.secrets",
             "--object-path", path, "--method", method, *args], capture_output=True, text=True,
            env=self.rig.environment(self.environment), check=False)

    def start(self):
        with open(self.rig.folder / "keyring.err", "ab") as err:
            self.daemon = subprocess.Popen(
                ["gnome-keyring-daemon", "--unlock", "--components=secrets", "--foreground"],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=err,
                env=self.rig.environment(self.environment))
        self.daemon.stdin.write(b"keyring-password\n")
        self.daemon.stdin.close()
        self.wait_for(lambda: "collection/login" in self.call(
            "/org/freedesktop/secrets", "org.freedesktop.Secret.Service.ReadAlias",
            "default").stdout, "the keyring")

    def lock(self):
        done = self.call("/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock",
                         "[objectpath '/org/freedesktop/secrets/collection/login']")
        if done.returncode != 0:
            raise Failure(f"the keyring cannot be locked: {done.stderr}")

    def hang(self):
        self.daemon.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.daemon.send_signal(signal.SIGCONT)

    def items(self):
        """Attributes of all items of ours, as text."""
        done = subprocess.run(["secret-tool", "search", "--all", "--unlock", "xdg:schema",
                               "org.latchkey.Store"], capture_output=True, text=True, timeout=20,
                              env=self.rig.environment(self.environment), check=False)
        return [line.split("= ")[1] for line in (done.stdout + done.stderr).splitlines()
                if line.startswith("attribute.vault")]

    def stop(self):
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.send_signal(signal.SIGCONT)
            self.daemon.kill()
            self.daemon.wait()
        self.daemon = None

    def close(self):
        self.stop()
        self.bus.kill()
        self.bus.wait()


def key_id(rig, name="vault.id"):
    rows = rig.rows("fleet.db", f"SELECT value FROM setting WHERE name = '{name}'")
    return rows[0][0] if rows else None


def key_files(rig):
    return sorted(path.name for path in pathlib.Path(rig.folder).glob("fleet.db.key*"))
