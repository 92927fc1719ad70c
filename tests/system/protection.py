#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that hold secrets: no core file of them, and their memory is closed to their own user."""
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from latchkey_rig import Failure, Rig

NOBODY = 65534
SECONDS = 30


def unlimited():
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def cores_are_files():
    """Whether this system writes a core file into the folder of who dies, as far as anyone knows."""
    try:
        pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
        limit = resource.getrlimit(resource.RLIMIT_CORE)[1]
    except OSError:
        return False
    return not pattern.startswith(("|", "/")) and limit == resource.RLIM_INFINITY


class Guarded:
    """A program of ours with a folder of its own, as another user where that can be had."""

    def __init__(self, rig, name, arguments, is_ready):
        self.folder = rig.folder / name
        self.folder.mkdir(exist_ok=True)
        self.user = NOBODY if os.geteuid() == 0 else None
        program = self.folder / "program"
        shutil.copy(rig.program(name), program)
        program.chmod(0o755)
        if self.user is not None:
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, self.user, self.user)
        self.log = self.folder / "said"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [str(program), *map(str, arguments(self.folder))], cwd=self.folder, stdout=log,
                stderr=log, stdin=subprocess.DEVNULL, preexec_fn=unlimited, user=self.user,
                group=self.user, extra_groups=None if self.user is None else [],
                env=rig.environment({"HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder),
                                     "XDG_CONFIG_HOME": str(self.folder),
                                     "XDG_RUNTIME_DIR": str(self.folder)}))
        self.is_checked = b"__asan_init" in program.read_bytes()
        end = time.monotonic() + SECONDS
        while is_ready not in self.log.read_text():
            if self.process.poll() is not None or time.monotonic() > end:
                raise Failure(f"{name} did not start: {self.log.read_text()}")
            time.sleep(0.02)

    def owner(self):
        return os.stat(f"/proc/{self.process.pid}/environ").st_uid

    def die(self):
        self.process.send_signal(signal.SIGABRT)
        self.process.wait(SECONDS)
        return [path.name for path in self.folder.glob("*core*")]

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def write(folder, name, text):
    path = folder / name
    path.write_text(text)
    path.chmod(0o600)
    os.chown(path, NOBODY if os.geteuid() == 0 else -1, -1)
    return path


PROGRAMS = {
    "latchkeyctl": (lambda folder: ["--db", folder / "fleet.db", "run"], "Running"),
    "latchkey-gateway": (lambda folder: ["--state", folder / "gateway.db", "serve", "--listen",
                                         "127.0.0.1:0", "--digest-key-file",
                                         write(folder, "digest", "ab" * 32), "--practice"],
                         "ready"),
    "latchkey-lab": (lambda folder: ["--machines", "3", "--hosts", folder / "hosts.csv",
                                     "--password-file", write(folder, "password", "Sesame"),
                                     "--port", "0"], "ready"),
}


def test(rig, name):
    guarded = Guarded(rig, name, *PROGRAMS[name])
    try:
        if not guarded.is_checked:  # the leak checker needs it open
            own = guarded.user if guarded.user is not None else os.geteuid()
            if guarded.owner() != 0 or own == 0:
                raise Failure(f"/proc shows the memory of {name} to its own user")
        cores = guarded.die()
        if cores:
            raise Failure(f"{name} left {cores}")
    finally:
        guarded.stop()


def test_control(rig):
    """The same of a program that is not guarded, or all the above would prove nothing."""
    folder = rig.folder / "control"
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    user = NOBODY if os.geteuid() == 0 else None
    process = subprocess.Popen(["sleep", "60"], cwd=folder, preexec_fn=unlimited, user=user,
                               group=user, extra_groups=None if user is None else [])
    time.sleep(0.2)
    owner = os.stat(f"/proc/{process.pid}/environ").st_uid
    process.send_signal(signal.SIGABRT)
    process.wait(SECONDS)
    if owner != (user if user is not None else os.geteuid()):
        raise Failure("/proc says nothing about who may look")
    if cores_are_files() and not list(folder.glob("*core*")):
        raise Failure("nobody leaves a core file here")


def main():
    tests = [("an unguarded program can be looked into", test_control)]
    tests += [(f"{name} is closed", lambda rig, name=name: test(rig, name)) for name in PROGRAMS]
    print(f"1..{len(tests)}")
    with tempfile.TemporaryDirectory(prefix="latchkey-protection-") as folder:
        os.chmod(folder, 0o755)
        rig = Rig(pathlib.Path(sys.argv[1]), folder)
        for number, (title, function) in enumerate(tests, 1):
            try:
                function(rig)
                print(f"ok {number} {title}", flush=True)
            except Failure as failure:
                print(f"not ok {number} {title} # {failure}", flush=True)


if __name__ == "__main__":
    main()
