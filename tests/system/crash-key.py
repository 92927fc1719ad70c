#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills “config secrets” at every point of its way, and at random moments: crash-key.py BUILD

Needs a build with crash hooks. Between a file and another file, a file and a keyring, and two keys in
a keyring: after each death the store opens with a key that is there, the change can be made again,
and no other key is left anywhere.
"""
import collections
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from keyring_rig import Keyring, is_installed, key_files, key_id
from latchkey_rig import Failure, Rig

PASSWORD = "Plant-of-a-password-7731"
N_RANDOM = 12
FILE, SERVICE = "file", "secret-service"


class Case:
    def __init__(self, template, folder, keyring, start, target):
        shutil.copytree(template.folder, folder, ignore=shutil.ignore_patterns("bus*", "home"))
        self.rig = Rig(template.build, folder)
        self.keyring, self.target = keyring, target
        self.key = (folder / "mak").read_text().strip()
        if key_id(self.rig, "vault.provider") != start:
            self.ctl("config", "secrets", start, "--yes")

    def command(self, *args):
        return self.rig.ctl_command(*args)

    def environment(self, **extra):
        return self.rig.environment(dict(self.keyring.environment, **extra))

    def ctl(self, *args, status=0, **extra):
        done = subprocess.run(self.command(*args), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60, env=self.environment(**extra), check=False)
        if status is not None and done.returncode != status:
            raise Failure(f"{' '.join(args)}: exit {done.returncode}: {done.stderr}{done.stdout}")
        return done

    def check_opens(self):
        if self.ctl("key", "show", "1", "--reveal", "--yes").stdout.strip() != self.key:
            raise Failure("another key was shown")
        answer = self.ctl("key", "add", "--key-file", str(self.rig.folder / "mak"), "--json").stdout
        if '"new" : false' not in answer:
            raise Failure("its fingerprint is of another key")

    def check_tidy(self):
        """One key and no other, where the store says."""
        self.ctl("config", "secrets")
        provider, own = key_id(self.rig, "vault.provider"), key_id(self.rig)
        files, items = key_files(self.rig), self.keyring_items()
        expected = (["fleet.db.key"], []) if provider == FILE else ([], [own])
        if (files, items) != expected or key_id(self.rig, "vault.spare") is not None:
            raise Failure(f"{provider} {own}: files {files}, items {items}, noted"
                          f" {key_id(self.rig, 'vault.spare')}")

    def keyring_items(self):
        done = subprocess.run(["secret-tool", "search", "--all", "store",
                               str(self.rig.folder / "fleet.db")], capture_output=True, text=True,
                              timeout=20, env=self.environment(), check=False)
        return [line.split("= ")[1] for line in (done.stdout + done.stderr).splitlines()
                if line.startswith("attribute.vault")]

    def check(self):
        self.check_opens()
        self.check_tidy()
        self.ctl("config", "secrets", self.target, "--yes")
        self.check_opens()
        self.check_tidy()
        if key_id(self.rig, "vault.provider") != self.target:
            raise Failure("the change did not come about")


def count_points(case):
    log = case.rig.folder / "passed"
    case.ctl("config", "secrets", case.target, "--yes", LATCHKEY_CRASH_COUNT=str(log))
    return collections.Counter(log.read_text().split())


def run(template, keyring):
    n_runs, failures, points_seen = 0, [], set()
    chance = random.Random(7)
    for start, target in ((FILE, FILE), (FILE, SERVICE), (SERVICE, FILE), (SERVICE, SERVICE)):
        base = template.folder.parent / f"{start}-{target}"
        began = time.monotonic()
        points = count_points(Case(template, base / "count", keyring, start, target))
        took = time.monotonic() - began
        points_seen.update(points)
        plans = [f"{point}:{n}" for point, times in points.items() for n in range(1, times + 1)]
        plans += [chance.uniform(0, took) for _ in range(N_RANDOM)]
        for number, plan in enumerate(plans):
            case = Case(template, base / str(number), keyring, start, target)
            try:
                if isinstance(plan, str):
                    case.ctl("config", "secrets", target, "--yes", status=-signal.SIGKILL,
                             LATCHKEY_CRASH=plan)
                else:
                    process = subprocess.Popen(case.command("config", "secrets", target, "--yes"),
                                               stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                               stdout=subprocess.DEVNULL, env=case.environment())
                    time.sleep(plan)
                    process.kill()
                    process.wait()
                case.check()
            except (Failure, subprocess.TimeoutExpired) as failure:
                failures.append(f"{start} to {target}, {plan}: {failure}")
            n_runs += 1
            shutil.rmtree(case.rig.folder, ignore_errors=True)
    for failure in failures[:20]:
        print(f"  FAILED {failure}")
    missing = {"commit", "committed", "key-noted", "key-kept", "key-changed", "key-settled",
               "key-removed"} - points_seen
    if missing:
        failures.append(f"never passed: {missing}")
        print(f"  FAILED never passed: {', '.join(sorted(missing))}; has the build crash hooks?")
    print(f"{n_runs} runs, {len(failures)} failed")
    return 1 if failures or n_runs == 0 else 0


def main():
    if not is_installed():
        sys.exit("gnome-keyring-daemon and dbus-daemon are needed")
    with tempfile.TemporaryDirectory(prefix="latchkey-crash-key-") as folder:
        template = Rig(pathlib.Path(sys.argv[1]), pathlib.Path(folder) / "template")
        keyring = Keyring(template)
        try:
            keyring.start()
            template.run("latchkey-lab", "--practice-key", "mak:1", "--key-file",
                         template.folder / "mak")
            template.ctl("key", "add", "--key-file", template.folder / "mak")
            template.ctl("credential", "add", "lab", "--user", "u", "--password-file",
                         template.secret("machine-password", PASSWORD))
            template.ctl("config", "set", "backend.digest-key", "--file",
                         template.secret("digest-key"))
            return run(template, keyring)
        finally:
            keyring.close()


if __name__ == "__main__":
    sys.exit(main())
