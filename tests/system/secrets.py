#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plants secrets, does the main job with every log on, and looks for them in all that was written."""
import base64
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time

import latchkey_realm
from domain_rig import Domain, DomainRig, expect, type_answers
from domain_rig import PASSWORD as NTLM_PASSWORD
from latchkey_realm import Realm
from latchkey_rig import Failure, Rig
from recording_proxy import spellings

LOUD = {"G_MESSAGES_DEBUG": "all", "LK_DEBUG": "wire"}
PASSWORD = "Plant-of-a-password-7731"
MEANT_TO_HOLD = {"machine-password", "digest-key", "token", "mak", "fleet.db.key", "card-key.pem"}


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
    return {name: set(spellings(text)) for name, text in secrets.items()}


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

    if look_everywhere(rig.folder, secrets) < 12:
        raise Failure("only few files were looked at")


def look_everywhere(folder, secrets):
    """At all that was written, but what is meant to hold them; and nothing may be left over."""
    n_files = 0
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in MEANT_TO_HOLD:
            look(path.name, path.read_bytes(), secrets)
            n_files += 1
    left = [path.name for path in (folder / "tmp").iterdir()]
    if left:
        raise Failure(f"left over for others to find: {left}")
    return n_files


# What one signs in with: each of these is used, rightly and wrongly, with every log on.

KERBEROS_PASSWORD = "Plant-of-a-password-1965"
ASK_PASSWORD = "Plant-of-a-password-2027"
WRONG_PASSWORD = "Plant-of-a-password-3303"


def watched(rig, secrets, name, *command, status=0):
    """Runs it loudly and keeps what it said in a file, as a person might."""
    with open(rig.folder / f"said-{name}", "wb") as out:
        process = subprocess.Popen(rig.ctl_command(*command), stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=out, env=rig.environment(LOUD))
        try:
            watch_processes(process, secrets)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    said = (rig.folder / f"said-{name}").read_text()
    expect(f"exit of {name} ({said[-300:]})", process.returncode, status)
    if "Getting initial credentials" in said or "Sending request (" in said:
        raise Failure("Kerberos was told to trace")


def typed(rig, name, *command, questions):
    """The same on a terminal, where the password is typed."""
    status, out, shown = type_answers(rig.ctl_command(*command), rig.environment(LOUD),
                                      [(question, ASK_PASSWORD) for question in questions])
    (rig.folder / f"said-{name}").write_text(out + shown)
    expect(f"exit of {name} ({shown[-300:]})", status, 0)


def say_everything(rig, secrets):
    for number, command in enumerate((
            ("credential", "list", "--json"), ("credential", "list", "--csv"),
            ("credential", "list"), ("list", "--csv"), ("show", "--all", "--json"),
            ("job", "show", "1", "--json"), ("config", "list", "--json"))):
        watched(rig, secrets, f"list-{number}", *command)
    dump = rig.rows("fleet.db", "SELECT group_concat (coalesce (message, '')) FROM event")
    look("the event log", dump[0][0].encode(), secrets)


def passwords(build, folder, realm):
    """Kerberos, NTLM and one that is asked for; each right and wrong."""
    realm.add_users({"alice": KERBEROS_PASSWORD, "bob": ASK_PASSWORD})
    keys = {}
    for user in ("alice", "bob"):
        table = realm.folder / f"{user}.keytab"
        realm.kadmin(f"ktadd -norandkey -k {table} {user}")
        keys[f"key of {user}"] = realm.last_key(table)
    done = subprocess.run(["openssl", "dgst", "-provider", "legacy", "-provider", "default",
                           "-md4", "-binary"], input=NTLM_PASSWORD.encode("utf-16-le"), check=True,
                          capture_output=True, timeout=30)
    secrets = {name: set(spellings(value)) for name, value in {
        "Kerberos password": KERBEROS_PASSWORD, "NTLM password": NTLM_PASSWORD,
        "NT hash": done.stdout, "password that was typed": ASK_PASSWORD,
        "wrong password": WRONG_PASSWORD, **keys}.items()}
    with DomainRig(build, folder, 6, "negotiate", Domain(realm)) as rig:
        rig.open(lab_environment=LOUD)
        for name, user, password in (("kerberos", "alice@lab.test", KERBEROS_PASSWORD),
                                     ("ntlm", "LAB\\administrator", NTLM_PASSWORD)):
            scheme = ("--scheme", name)
            rig.add_credential("one", "--user", user, *scheme, password=WRONG_PASSWORD)
            watched(rig, secrets, f"{name}-wrong", "refresh", "--all", status=6)
            rig.add_credential("one", "--user", user, *scheme, password=password)
            watched(rig, secrets, f"{name}-json", "refresh", "--all", "--json")
            watched(rig, secrets, f"{name}-check", "check", "-v", "127.1.0.1")
        watched(rig, secrets, "activate", "activate", "--proxy", "--all", "--key", "1", "--yes")
        rig.ctl("credential", "add", "one", "--user", "bob@lab.test", "--ask")
        typed(rig, "ask-test", "credential", "test", "one", questions=["Password"])
        typed(rig, "ask-refresh", "refresh", "--all", questions=["Password of the credential set"])
        watched(rig, secrets, "ask-nobody", "refresh", "--all", status=2)
        say_everything(rig, secrets)
        rig.check()
    if look_everywhere(folder, secrets) < 25:
        raise Failure("only few files were looked at")
    look("the KDC's log", realm.log_text().encode(), secrets)


def certificate(build, folder, _):
    """The key of a client certificate, as its file has it and as a number."""
    folder.mkdir()
    tls, key = folder / "tls", folder / "card-key.pem"
    with DomainRig(build, folder, 6, "certificate", tls=True,
                   lab_options=["--client-ca", tls / "ca.pem"]) as rig:
        rig.run("latchkey-gateway", "init", "--folder", tls, "--name", "localhost")
        rig.run("latchkey-gateway", "--state", folder / "gateway.db", "client", "add", "card",
                "--certificate", "--folder", tls, "--out", folder / "card.pem")
        text = subprocess.run(["openssl", "pkey", "-in", key, "-noout", "-text"], check=True,
                              capture_output=True, text=True, timeout=30).stdout
        number = re.search(r"priv:\s+((?:[0-9a-f]{2}[:\s]+)+)", text + "\n").group(1)
        secrets = {"certificate's key": set(spellings(key.read_text().splitlines()[1])),
                   "key's number": set(spellings(bytes.fromhex(re.sub(r"[:\s]", "", number))))}
        rig.open(lab_environment=LOUD)
        watched(rig, secrets, "add", "credential", "add", "card", "--certificate",
                folder / "card.pem", "--private-key", key)
        key.unlink()
        watched(rig, secrets, "untrusted", "refresh", "--all", status=6)
        watched(rig, secrets, "trust", "trust", "accept", "--all", "--yes", "--json")
        watched(rig, secrets, "refresh", "refresh", "--all", "--json")
        watched(rig, secrets, "check", "check", "-v", "127.1.0.1")
        say_everything(rig, secrets)
    if look_everywhere(folder, secrets) < 20:
        raise Failure("only few files were looked at")


def sign_in_secrets(build, folder):
    if latchkey_realm.missing():
        print(f"ok 2 # SKIP not installed: {latchkey_realm.missing()}\n"
              f"ok 3 # SKIP not installed: {latchkey_realm.missing()}")
        return
    with Realm(folder / "realm") as realm:
        for number, (case, name) in enumerate((
                (passwords, "no password that signs in is written anywhere"),
                (certificate, "nor is the key of a certificate")), 2):
            try:
                case(build, folder / case.__name__, realm)
                print(f"ok {number} {name}", flush=True)
            except Exception as failure:
                print(f"not ok {number} {name} #", *str(failure).split(), flush=True)


def main():
    build = pathlib.Path(sys.argv[1])
    print("1..3", flush=True)
    with tempfile.TemporaryDirectory(prefix="latchkey-secrets-") as folder:
        rig = Rig(build, pathlib.Path(folder) / "main", 30, seed=9,
                  faults="wrong-password=10%,garbage=5%,access-denied=10%")
        try:
            test(rig)
            print("ok 1 no secret is written anywhere", flush=True)
        except Failure as failure:
            print(f"not ok 1 no secret is written anywhere # {failure}", flush=True)
        finally:
            rig.stop()
        sign_in_secrets(build, pathlib.Path(folder))


if __name__ == "__main__":
    main()
