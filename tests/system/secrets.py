#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plants secrets, does the main job with every log on, and looks for them in all that was written."""
import base64
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import time

from latchkey_rig import Failure, Rig

LOUD = {"G_MESSAGES_DEBUG": "all", "LK_DEBUG": "wire"}
PASSWORD = "Plant-of-a-password-7731"


def spellings(secret):
    """As it is, and as it might hide: base64, UTF-16, hexadecimal as bytes."""
    plain = secret.encode()
    found = {plain, base64.b64encode(plain).rstrip(b"="), secret.encode("utf-16-le")}
    try:
        found.add(bytes.fromhex(secret))
    except ValueError:
        pass
    return found


def planted(rig):
    key = (rig.folder / "mak").read_text().strip()
    secrets = {
        "product key": key,
        "product key without its dashes": key.replace("-", ""),
        "password": PASSWORD,
        "Basic credentials": base64.b64encode(f"administrator:{PASSWORD}".encode()).decode(),
        "digest key": (rig.folder / "digest-key").read_text().strip(),
        "gateway token": (rig.folder / "token").read_text().strip(),
    }
    return {name: spellings(text) for name, text in secrets.items()}


def look(where, data, secrets):
    for name, forms in secrets.items():
        for form in forms:
            if form in data:
                raise Failure(f"the {name} is in {where}")


def watch_processes(process, secrets):
    """While it runs: what anybody may see of it."""
    seen = 0
    while process.poll() is None:
        for name in ("cmdline", "environ"):
            try:
                look(f"/proc/PID/{name}", pathlib.Path(f"/proc/{process.pid}/{name}").read_bytes(),
                     secrets)
                seen += 1
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                pass
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            pass
    return seen


def unlimited():
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def look_for_cores(rig, secrets):
    """It dies with everything in its memory, where the system would write that to a file."""
    folder = rig.folder / "dumps"
    folder.mkdir()
    rig.ctl("refresh", "--all", "--detach", check=False)
    with open(rig.folder / "runner.log", "w+b") as out:
        process = subprocess.Popen(rig.ctl_command("run"), cwd=folder, stdin=subprocess.DEVNULL,
                                   stdout=out, stderr=out, env=rig.environment(LOUD),
                                   preexec_fn=unlimited)
        for _ in range(600):
            if b"Running" in (rig.folder / "runner.log").read_bytes():
                break
            time.sleep(0.05)
        time.sleep(0.3)  # so that it has used what it knows
        process.send_signal(signal.SIGABRT)
        if process.wait(30) != -signal.SIGABRT:
            raise Failure("the runner did not die as it should")
    for path in folder.iterdir():
        look(path.name, path.read_bytes(), secrets)
        raise Failure(f"the runner left {path.name}")


def reveal(rig, secrets):
    """The one way out: on standard output only, and its trace has the last five only."""
    done = rig.ctl("key", "show", "1", "--reveal", "--yes")
    key = (rig.folder / "mak").read_text().strip()
    if done.stdout != key + "\n":
        raise Failure("the key was not shown")
    look("standard error", done.stderr.encode(), secrets)
    events = rig.rows("fleet.db", "SELECT step, outcome, message FROM event"
                      " WHERE step = 'reveal-key'")
    if len(events) != 1 or not events[0][2].startswith(key[-5:] + " "):
        raise Failure(f"the trace of the reveal is {events}")
    dump = rig.rows("fleet.db", "SELECT group_concat (coalesce (message, '')) FROM event")
    look("the event log", dump[0][0].encode(), secrets)


def test(rig):
    rig.secret("machine-password", PASSWORD)
    rig.set_up()
    secrets = planted(rig)
    loud = rig.folder / "console.log"
    with open(loud, "wb") as out:
        process = subprocess.Popen(
            rig.ctl_command("activate", "--proxy", "--all", "--key", "1", "--yes",
                            "--give-up-after", "5s"),
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=rig.environment(LOUD))
        if watch_processes(process, secrets) == 0:
            raise Failure("the process was never seen")
    for number, command in enumerate((
            ("list", "--json"), ("list", "--csv"), ("key", "list", "--json"), ("key", "show", "1"),
            ("credential", "list", "--json"), ("config", "list"), ("job", "show", "2", "--json"),
            ("show", "--all", "--json"), ("refresh", "--all", "--json"),
            ("key", "show", "1", "--json"), ("job", "list", "--json"), ("config", "list", "--json"),
            ("config", "secrets", "--json"), ("config", "secrets", "file", "--yes"),
            ("refresh", "--all", "--stream"), ("store", "backup", rig.folder / "backup.db"))):
        done = rig.ctl(*command, environment=LOUD, check=False)
        (rig.folder / f"said-{number}").write_text(done.stdout + done.stderr)
    look_for_cores(rig, secrets)
    reveal(rig, secrets)
    rig.stop()  # so that everything is written

    meant_to_hold = {"machine-password", "digest-key", "token", "mak", "fleet.db.key"}
    n_files = 0
    for path in sorted(rig.folder.rglob("*")):
        if path.is_file() and path.name not in meant_to_hold:
            look(path.name, path.read_bytes(), secrets)
            n_files += 1
    if n_files < 12:
        raise Failure(f"only {n_files} files were looked at")


def main():
    with tempfile.TemporaryDirectory(prefix="latchkey-secrets-") as folder:
        rig = Rig(pathlib.Path(sys.argv[1]), folder, 30, seed=9,
                  faults="wrong-password=10%,garbage=5%,access-denied=10%")
        try:
            test(rig)
            print("1..1\nok 1 no secret is written anywhere")
        except Failure as failure:
            print(f"1..1\nnot ok 1 no secret is written anywhere # {failure}")
        finally:
            rig.stop()


if __name__ == "__main__":
    main()
