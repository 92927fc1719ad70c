#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store's key in a real keyring: made, read, locked, gone, hanging, moved to a file and back."""
import base64
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from keyring_rig import Keyring, is_installed, key_files, key_id
from latchkey_rig import Failure, Rig

PASSWORD = "Plant-of-a-password-7731"
LOUD = {"G_MESSAGES_DEBUG": "all", "G_DBUS_DEBUG": "all"}
# libsecret's own deadline is five seconds; a loaded machine may add to it.
LATEST = 12

said = []


class Shell:
    """latchkeyctl in the session of a keyring."""

    def __init__(self, rig, keyring):
        self.rig, self.keyring = rig, keyring

    def __call__(self, *args, expect=0, bus=True):
        environment = dict(LOUD, **(self.keyring.environment if bus else {}))
        done = self.rig.ctl(*args, environment=environment, check=False)
        said.append(done.stdout + done.stderr)  # GLib says its debug messages on stdout
        if done.returncode != expect:
            raise Failure(f"{' '.join(map(str, args))}: exit {done.returncode}, not {expect}: "
                          f"{done.stdout}{done.stderr[-3000:]}")
        return done

    def reveal(self, **more):
        """The key, wherever it is between the debug messages of the bus's own thread."""
        done = self("key", "show", "1", "--reveal", "--yes", **more)
        found = re.search(r"[A-Z0-9]{5}(-[A-Z0-9]{5}){4}", done.stdout)
        return found and found[0]


def expect(condition, what):
    if not condition:
        raise Failure(what)


def expect_refusal(ctl, rig, *words):
    """What needs the key ends with 6, says why, and changes nothing."""
    before = rig.rows("fleet.db", "SELECT (SELECT group_concat (name || value) FROM setting),"
                      " (SELECT count (*) FROM job), (SELECT count (*) FROM event)")
    for verb in (("run", "--once"), ("refresh", "--all"), ("config", "secrets"),
                 ("config", "secrets", "file", "--yes"),
                 ("credential", "add", "more", "--user", "u", "--password-file",
                  rig.secret("machine-password"))):
        started = time.monotonic()
        done = ctl(*verb, expect=6)
        expect(time.monotonic() - started < LATEST, f"{verb} took too long")
        last = [line for line in done.stderr.splitlines() if line.startswith("latchkeyctl:")][-1]
        for word in (*words, "fleet.db"):
            expect(word in last, f"{verb} says nothing of “{word}”: {last}")
    after = rig.rows("fleet.db", "SELECT (SELECT group_concat (name || value) FROM setting),"
                     " (SELECT count (*) FROM job), (SELECT count (*) FROM event)")
    expect(before == after, f"the store has changed: {before} {after}")
    expect(key_files(rig) == [], f"there is {key_files(rig)}")


def test(rig, keyring):
    ctl = Shell(rig, keyring)
    keyring.start()
    rig.run("latchkey-lab", "--practice-key", "mak:1", "--key-file", rig.folder / "mak")
    key = (rig.folder / "mak").read_text().strip()
    ctl("key", "add", "--key-file", rig.folder / "mak")
    ctl("credential", "add", "lab", "--user", "u", "--password-file",
        rig.secret("machine-password", PASSWORD))
    ctl("discover", "address", "127.0.0.1:1")
    expect("keyring" in ctl("config", "secrets").stdout, "the key is not in the keyring")
    expect(key_files(rig) == [], "there is a key file, too")
    expect(keyring.items() == [key_id(rig)], "the keyring does not have the key by its id")
    expect(ctl.reveal() == key, "another key was shown")

    # A copy of the store opens with the same key, and does not take it away.
    for name in ("fleet.db", "fleet.db-wal"):
        if (rig.folder / name).exists():
            shutil.copy(rig.folder / name, rig.folder / f"copy{name[5:]}")
    copy = Rig(rig.build, rig.folder)
    copy.ctl = lambda *args, **more: rig.run("latchkeyctl", f"--db={rig.folder / 'copy.db'}", *args,
                                             **more)
    Shell(copy, keyring)("config", "secrets", "file", "--yes")
    expect(keyring.items() == [key_id(rig)], "the copy took the key away")

    keyring.lock()
    expect_refusal(ctl, rig, "locked", "unlock")
    keyring.hang()
    expect_refusal(ctl, rig, "did not answer", "5 s")
    keyring.stop()
    expect_refusal(ctl, rig, "cannot be used")
    keyring.start()
    expect(ctl.reveal() == key, "it does not open after a restart of the keyring")

    # The same kind, then to a file, and back.
    old = key_id(rig)
    ctl("config", "secrets", "secret-service", "--yes")
    expect(key_id(rig) != old and keyring.items() == [key_id(rig)], "the old key stays")
    expect(ctl.reveal() == key, "it does not open with the new key")
    ctl("config", "secrets", "file", "--yes")
    expect(keyring.items() == [] and key_files(rig) == ["fleet.db.key"], "the old key stays")
    expect(ctl.reveal(bus=False) == key, "it does not open with the file")
    kept = (rig.folder / "fleet.db.key").read_bytes()
    keyring.lock()
    ctl("config", "secrets", "secret-service", "--yes", expect=6)
    expect((rig.folder / "fleet.db.key").read_bytes() == kept, "the key file has changed")
    ctl("config", "secrets")
    keyring.stop()
    keyring.start()
    ctl("config", "secrets", "secret-service", "--yes")
    expect(key_files(rig) == [] and keyring.items() == [key_id(rig)], "the key file stays")
    expect(ctl.reveal() == key, "it does not open after all that")
    expect(key_id(rig, "vault.spare") is None, "a key is noted that is not there")


def test_choice(rig, keyring):
    """Of a new store: without a keyring that is ready, a file."""
    for name, prepare in (("locked", keyring.lock), ("hanging", keyring.hang),
                          ("gone", keyring.stop)):
        prepare()
        store = rig.folder / f"{name}.db"
        started = time.monotonic()
        rig.run("latchkeyctl", f"--db={store}", "key", "add", "--key-file", rig.folder / "mak",
                environment=keyring.environment)
        expect(time.monotonic() - started < LATEST, f"with a {name} keyring it took too long")
        expect(pathlib.Path(f"{store}.key").exists(), f"with a {name} keyring there is no key file")


def test_silence(rig, keyring):
    """The key itself is in nothing that was said, at any level."""
    expect(sum(len(text) for text in said) > 10000, "nothing was said at debug level")
    text = "".join(said)
    expect(PASSWORD not in text, "the password was said")
    kept = (rig.folder / "gone.db.key").read_bytes()
    for form in (kept.hex(), base64.b64encode(kept).decode()):
        expect(form not in text, "a key was said")
    done = keyring_secrets(rig, keyring)
    expect(len(done) == 1, f"the keyring holds {len(done)} keys of ours")
    for secret in done:
        raw = base64.b64decode(secret)
        expect(len(raw) == 32, "it is no key")
        for form in (secret, raw.hex(), raw.hex(" "), secret.rstrip("=")):
            expect(form not in text, "the key was said")


def keyring_secrets(rig, keyring):
    done = subprocess.run(["secret-tool", "search", "--all", "--unlock", "xdg:schema",
                           "org.latchkey.Store"], capture_output=True, text=True, timeout=20,
                          env=rig.environment(keyring.environment), check=True)
    return [line.split("= ")[1] for line in done.stdout.splitlines() if line.startswith("secret")]


def main():
    if not is_installed():
        print("1..0 # SKIP gnome-keyring-daemon or dbus-daemon is not installed")
        return
    parts = ((test, "the key of a store in a keyring"),
             (test_choice, "a new store without a keyring that is ready"),
             (test_silence, "no key is said at any level"))
    print(f"1..{len(parts)}")
    with tempfile.TemporaryDirectory(prefix="latchkey-keyring-") as folder:
        rig = Rig(pathlib.Path(sys.argv[1]), folder)
        keyring = Keyring(rig)
        try:
            for number, (part, title) in enumerate(parts, 1):
                if part is test_silence:
                    keyring.start()
                try:
                    part(rig, keyring)
                    print(f"ok {number} {title}", flush=True)
                except Failure as failure:
                    print(f"not ok {number} {title} # {failure}", flush=True)
        finally:
            keyring.close()


if __name__ == "__main__":
    main()
