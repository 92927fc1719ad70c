#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""latchkeyctl as a user or a script starts it, against the practice lab and a practice gateway:
exit statuses, JSON, bad input, secrets, interruption. Prints TAP."""
import csv
import getpass
import io
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback

CTL, LAB, GATEWAY, SOURCE = sys.argv[1:5]
sys.path.insert(0, os.path.join(SOURCE, "tests/support"))

from practice import get_key_identity, make_practice_cid

PASSWORD = "Sesame-open-4711"
DIGEST_KEY = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
N_MACHINES = 12
DEADLINE = 60

os.environ["DBUS_SESSION_BUS_ADDRESS"] = "disabled:"  # nobody's keyring
folder = pathlib.Path(tempfile.mkdtemp(prefix="latchkey-ctl-"))
processes = []
tests = []


def test(function):
    tests.append(function)
    return function


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def json(self):
        return json.loads(self.out)


def argv(*args, db="fleet.db"):
    return [CTL, "--db", str(folder / db), *args]


def ctl(*args, expect=0, db="fleet.db", stdin=None):
    done = subprocess.run(argv(*args, db=db), input=stdin, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL if stdin is None else None, timeout=DEADLINE)
    assert done.returncode == expect, \
        f"{' '.join(args)}: exit {done.returncode}, not {expect}\n{done.stdout}{done.stderr}"
    return Result(done.returncode, done.stdout, done.stderr)


def write(name, text, mode=0o600):
    path = folder / name
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def start(name, *command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    processes.append(process)
    line = process.stdout.readline()
    assert line.startswith("ready"), f"{name} did not start"
    return int(re.search(r"port=(\d+)", line)[1])


def wait_until(condition, what):
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.02)


def commands():
    overview = subprocess.run([CTL, "--help"], capture_output=True, text=True, check=True)
    return [m[1] for m in re.finditer(r"^  ([a-z][a-z -]*?)  +\S", overview.stdout, re.M)]


def confirmed():
    with sqlite3.connect(folder / "gateway.db") as db:
        return db.execute("SELECT count (*) FROM spend WHERE state = 'confirmed'").fetchone()[0]


# --- the command line itself --------------------------------------------------------------------

@test
def every_verb_has_help_with_examples():
    assert len(commands()) > 30
    for command in commands():
        done = subprocess.run([CTL, *command.split(), "--help"], capture_output=True, text=True)
        assert done.returncode == 0, command
        assert f"latchkeyctl {command}" in done.stdout, command
        assert "Examples:" in done.stdout and "--json" in done.stdout, command


@test
def usage_errors_end_with_2():
    for args in [[], ["frobnicate"], ["key"], ["key", "frobnicate"], ["list", "--frobnicate"],
                 ["show"], ["activate", "--all"], ["activate", "--proxy", "--online", "--all"],
                 ["list", "--json", "--csv"], ["refresh"], ["refresh", "--all", "pc-1"],
                 ["list", "--select", "colour=red"], ["list", "--select", "days<soon"],
                 ["job", "show", "x"], ["config", "get", "no.such"], ["explain", "gibberish!"],
                 ["install-key", "--all"], ["completion", "tcsh"]]:
        ctl(*args, expect=2)


@test
def every_verb_gives_one_json_object():
    for args in [["list"], ["key", "list"], ["credential", "list"], ["config", "list"],
                 ["job", "list"], ["store", "check"], ["report", "licenses"],
                 ["explain", "0xC004F074"]]:
        answer = ctl(*args, "--json", db="empty.db").json
        assert answer["latchkey"] == 1 and answer["exit"] == 0 and answer["error"] is None
    for args, status in [(["show", "nobody"], 3), (["list", "--select", "x=y"], 2),
                         (["job", "show", "77"], 3), (["key", "show", "ABCDE"], 3),
                         (["config", "get", "backend.url"], 3), (["frobnicate"], 2),
                         (["list", "--frobnicate"], 2), (["discover", "file", "/nowhere"], 9)]:
        answer = ctl(*args, "--json", db="empty.db", expect=status).json
        assert answer["exit"] == status, args


@test
def completion_scripts_are_those_in_the_tree():
    for shell, name in [("bash", "latchkeyctl"), ("zsh", "_latchkeyctl"),
                        ("fish", "latchkeyctl.fish")]:
        script = ctl("completion", shell).out
        assert script == (pathlib.Path(SOURCE) / "data/completions" / name).read_text(), shell
        if shutil.which(shell) and shell != "fish":
            subprocess.run([shell, "-n"], input=script, text=True, check=True)
    shell = "source /dev/stdin; COMP_WORDS=(latchkeyctl key ch) COMP_CWORD=2; _latchkeyctl;" \
            " echo ${COMPREPLY[@]}; COMP_WORDS=(latchkeyctl refresh --st) COMP_CWORD=2;" \
            " _latchkeyctl; echo ${COMPREPLY[@]}"
    done = subprocess.run(["bash", "-c", shell], input=ctl("completion", "bash").out, text=True,
                          capture_output=True, check=True)
    assert done.stdout.split() == ["check", "--stream"], done.stdout


@test
def manual_names_every_verb_and_option():
    manual = (pathlib.Path(SOURCE) / "data/man/latchkeyctl.1").read_text().replace("\\-", "-")
    for command in commands():
        assert command in manual, command
        done = subprocess.run([CTL, *command.split(), "--help"], capture_output=True, text=True)
        for option in re.findall(r"--([a-z][a-z-]+)", done.stdout.split("Examples:")[0]):
            assert f"--{option}" in manual, f"{command} --{option}"
    for status in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 130]:
        assert re.search(rf"^\.B {status}$", manual, re.M), f"exit status {status}"


# --- bad input ----------------------------------------------------------------------------------

@test
def a_list_with_bad_lines_keeps_the_good_ones():
    table = write("bad.csv", "name,port\npc-1,\npc 2,\npc-3,99999\npc-1,\npc-5,5985\n")
    answer = ctl("discover", "file", table, "--json", db="lists.db", expect=9).json
    assert answer["added"] == 2
    assert [fault["line"] for fault in answer["faults"]] == [3, 4, 5]
    assert all(fault["reason"] for fault in answer["faults"])
    done = ctl("discover", "file", "-", db="lists.db", stdin="# more\npc-6\n")
    assert "1 machine added" in done.out
    ctl("discover", "address", "pc-7", "what is this", db="lists.db", expect=2)
    ctl("discover", "file", write("none.csv", "colour,shape\nred,round\n"), db="lists.db", expect=9)
    rows = ctl("list", "--json", db="lists.db").json["rows"]
    assert [row["name"] for row in rows] == ["pc-1", "pc-5", "pc-6", "pc-7"]


@test
def mistyped_keys_are_refused_and_never_repeated():
    for key in ["AAAAA-BBBBB-CCCCC-DDDDD", "AAAAA-BBBBB-CCCCC-DDDDD-EEEE1",
                "NAAAA-BBBBB-CCCCC-DDDDD-NEEEE"]:
        done = ctl("key", "add", "--key-fd", "0", stdin=key + "\n", db="lists.db", expect=2)
        assert key not in done.out + done.err
    whole = "BBBBB-CCCCC-DDDDD-FFFFF-GGGGG"
    for args in [["key", "add", whole], ["key", "show", whole], ["key", "remove", whole, "--yes"],
                 ["install-key", "--key", whole, "--all", "--yes"],
                 ["config", "set", "backend.digest-key", whole]]:
        for more in [[], ["--json"]]:
            done = ctl(*args, *more, db="lists.db", expect=2)
            assert whole not in done.out + done.err, args


@test
def secrets_come_from_files_that_only_the_owner_reads():
    ctl("credential", "add", "x", "--user", "u", "--password-file",
        write("open", PASSWORD, 0o644), db="lists.db", expect=2)
    ctl("credential", "add", "x", "--user", "u", "--password-file", "/nowhere", db="lists.db",
        expect=2)
    ctl("credential", "add", "x", "--user", "u", db="lists.db", expect=2)  # no terminal


@test
def a_password_is_asked_for_without_an_echo():
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(CTL, argv("credential", "add", "asked", "--user", "u", db="lists.db"))
    shown = b""
    for _ in range(2):
        before = len(shown)
        while b": " not in shown[before:]:
            assert select.select([terminal], [], [], DEADLINE)[0]
            shown += os.read(terminal, 1024)
        os.write(terminal, PASSWORD.encode() + b"\n")
    try:
        while data := os.read(terminal, 1024):
            shown += data
    except OSError:
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, shown
    assert PASSWORD.encode() not in shown
    names = [c["name"] for c in ctl("credential", "list", "--json", db="lists.db").json["credentials"]]
    assert names == ["asked"]


@test
def stores_that_cannot_be_used_are_left_alone():
    ctl("list", db="newer.db")
    with sqlite3.connect(folder / "newer.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = (folder / "newer.db").read_bytes()
    done = ctl("list", db="newer.db", expect=1)
    assert "newer" in done.err
    assert (folder / "newer.db").read_bytes() == before

    write("garbage.db", "this is no database, " * 100)
    ctl("list", db="garbage.db", expect=1)
    assert (folder / "garbage.db").read_text().startswith("this is no database")
    (folder / "folder.db").mkdir()
    ctl("list", db="folder.db", expect=1)


@test
def a_spreadsheet_takes_no_cell_for_a_formula():
    key = subprocess.run([LAB, "--practice-key", "mak:5", "--key-file", str(folder / "formula")])
    assert key.returncode == 0
    ctl("key", "add", "--key-file", str(folder / "formula"), "--remarks", "=cmd|'/c calc'!A1",
        db="lists.db")
    rows = list(csv.DictReader(io.StringIO(ctl("key", "list", "--csv", db="lists.db").out)))
    assert rows[0]["remarks"] == "'=cmd|'/c calc'!A1"


@test
def what_comes_from_outside_cannot_steer_the_terminal():
    ctl("key", "add", "--key-file", str(folder / "formula"), "--remarks", "\x1b[2Jgone\u202e",
        db="escape.db")
    done = ctl("key", "list", db="escape.db")
    assert "\x1b" not in done.out and "\u202e" not in done.out and "gone" in done.out
    assert ctl("key", "list", "--json", db="escape.db").json["keys"][0]["remarks"] == "\x1b[2Jgone\u202e"


# --- the main job -------------------------------------------------------------------------------

@test
def machines_are_read_and_activated_once():
    password = write("password", PASSWORD)
    digest = write("digest-key", DIGEST_KEY)
    token, key = str(folder / "token"), str(folder / "mak")
    subprocess.run([GATEWAY, "--state", str(folder / "gateway.db"), "client", "add", "test",
                    "--token-file", token], check=True, capture_output=True)
    subprocess.run([LAB, "--practice-key", "mak:1", "--key-file", key], check=True)
    start("lab", LAB, "--machines", str(N_MACHINES), "--seed", "3", "--hosts",
          str(folder / "hosts.csv"), "--password-file", password, "--port", "0")
    port = start("gateway", GATEWAY, "--state", str(folder / "gateway.db"), "serve", "--listen",
                 "127.0.0.1:0", "--digest-key-file", digest, "--practice")

    ctl("discover", "file", str(folder / "hosts.csv"))
    ctl("config", "set", "runner.first-back-off", "20ms")
    done = ctl("refresh", "--all", "--json", expect=6)  # no credential yet
    assert all(item["error"] == "denied" for item in done.json["items"])
    ctl("credential", "add", "lab", "--user", "administrator", "--password-file", password)
    lines = [json.loads(line) for line in ctl("refresh", "--all", "--stream").out.splitlines()]
    assert [line["type"] for line in lines] == ["item"] * N_MACHINES + ["summary"]
    assert lines[-1]["items_done"] == N_MACHINES and lines[-1]["exit"] == 0

    ctl("key", "add", "--key-file", key)
    activate = ["activate", "--proxy", "--key", "1", "--all"]
    done = ctl(*activate, "--yes", expect=2)
    assert "backend.url" in done.err
    ctl("config", "set", "backend.url", f"http://127.0.0.1:{port}/")
    ctl("config", "set", "backend.digest-key", "--file", digest)
    ctl("config", "set", "backend.token", "--file", token)

    done = ctl(*activate, expect=2, stdin="")  # nobody to ask, and nobody said --yes
    assert "not known" in done.err  # the pool, in words
    preview = ctl(*activate, "--dry-run", "--json").json["preview"]
    n = preview["spends"]
    assert 0 < n == preview["included"] and confirmed() == 0
    assert preview["included"] + preview["left_out"] == len(preview["rows"])
    assert all(row["included"] or row["explanation"] for row in preview["rows"])
    ctl("key", "set-remaining", "1", str(n - 1))
    ctl(*activate, "--yes", expect=7)
    ctl(*activate, "--dry-run", expect=7)
    assert confirmed() == 0

    ctl("key", "set-remaining", "1", str(n))
    done = ctl(*activate, "--yes", "--json").json
    assert done["items_done"] == n and confirmed() == n
    ctl(*activate, "--yes")  # nothing is left to do, and nothing is wrong
    assert confirmed() == n
    rows = ctl("list", "--select", "app=windows,state=licensed", "--json").json["rows"]
    assert len([row for row in rows if row["cid"]]) == n
    assert ctl("key", "check", "1", "--json").json["keys"][0]["used"] == n
    for name in [rows[0]["name"]]:
        assert ctl("show", name, "--json").json["machines"][0]["events"]
        assert ctl("check", name, "--json").json["stages"][-1]["ok"]


def hosts_of(*names):
    """A machine of the lab, listed under each of the names."""
    with open(folder / "hosts.csv", newline="") as source:
        row = next(csv.DictReader(source))
    lines = ["name,address,port"]
    lines += [f"{name},{row.get('address') or row['name']},{row['port']}" for name in names]
    return write("twins.csv", "\n".join(lines) + "\n")


def count(table, db):
    with sqlite3.connect(folder / db) as store:
        return store.execute(f"SELECT count (*) FROM {table}").fetchone()[0]


def sign_in(db):
    ctl("credential", "add", "lab", "--user", "administrator", "--password-file",
        str(folder / "password"), db=db)


@test
def one_machine_under_two_names_becomes_one_row():
    db = "twins.db"
    sign_in(db)
    ctl("discover", "file", hosts_of("alpha", "beta"), db=db)
    duplicates = ctl("duplicates", "--json", db=db).json["duplicates"]
    assert [pair["evidence"] for pair in duplicates] == ["address"]
    ctl("refresh", "alpha", db=db)
    ctl("refresh", "beta", db=db)
    assert count("machine", db) == 1
    assert ctl("duplicates", "--json", db=db).json["duplicates"] == []
    row = ctl("list", "--json", db=db).json["rows"][0]
    shown = ctl("show", row["name"], db=db).out
    assert "alpha" in shown and "Merged with" in shown


@test
def rows_that_answered_in_one_job_are_merged_and_split_by_hand():
    db = "clones.db"
    sign_in(db)
    ctl("discover", "file", hosts_of("alpha", "beta"), db=db)
    ctl("refresh", "--all", db=db)
    assert count("machine", db) == 2
    pair = ctl("duplicates", "--json", db=db).json["duplicates"][0]
    assert {"uuid", "cmid"} <= set(pair["evidence"].split()) and pair["job"] == 1
    assert "job 1" in pair["reason"] and "merge" in ctl("duplicates", db=db).err

    ids = [f"#{pair['first_id']}", f"#{pair['second_id']}"]
    ctl("apart", ids[0], expect=2, db=db)
    assert ctl("apart", *ids, "--json", db=db).json["apart"] == 2
    assert ctl("duplicates", "--json", db=db).json["duplicates"] == []
    ctl("merge", ids[0], expect=2, db=db)
    ctl("merge", ids[0], "#99", expect=3, db=db)
    ctl("merge", *ids, expect=2, stdin="", db=db)  # nobody to ask
    plan = ctl("merge", *ids, "--dry-run", "--json", db=db).json["machines"]
    assert [m["kept"] for m in plan] == [True, False] and count("machine", db) == 2
    done = ctl("merge", *ids, "--yes", "--json", db=db).json
    assert done["kept"] == pair["first_id"] and done["merged"] == 1
    assert count("machine", db) == 1
    ctl("refresh", ids[0], db=db)

    assert ctl("split", ids[0], "--dry-run", "--json", db=db).json["parts"][0]["id"] == 2
    ctl("split", ids[0], "nobody", "--yes", expect=2, db=db)
    assert ctl("split", ids[0], "--yes", "--json", db=db).json["machines"] == [2]
    ctl("split", ids[0], "--yes", expect=3, db=db)
    ctl("refresh", ids[0], db=db)
    ctl("refresh", ids[1], db=db)  # a person knows better
    assert count("machine", db) == 2
    assert ctl("duplicates", "--json", db=db).json["duplicates"] == []


@test
def machines_are_found_by_their_tags():
    db = "tags.db"
    listed = write("tags.csv", "name,tags\npc-1,lab\npc-2,\"lab, floor 2\"\npc-3,\npc-4,a*\n")
    done = ctl("discover", "file", listed, expect=9, db=db)
    assert "a*" in done.err, done.err

    def tagged(select):
        rows = ctl("list", "--select", select, "--json", db=db).json["rows"]
        return {row["name"]: row["tags"] for row in rows}

    assert tagged("tag=lab") == {"pc-1": "lab", "pc-2": "floor 2, lab"}
    ctl("tag", "--select", "tag=lab", expect=2, db=db)
    ctl("tag", "--add", "x", expect=2, db=db)
    ctl("tag", "pc-1", "--add", "what?", expect=2, db=db)
    ctl("tag", "nobody", "--add", "x", expect=3, db=db)
    ctl("tag", "--select", "tag=lab", "--add", "x", "--dry-run", db=db)
    done = ctl("tag", "--select", "tag=lab", "--add", "spare, old", "--add", "x", "--remove", "lab",
               "--json", db=db).json
    assert done["tagged"] == 2, done
    assert tagged("tag=spare") == {"pc-1": "old, spare, x", "pc-2": "floor 2, old, spare, x"}
    assert tagged("tag=") == {"pc-3": None}
    assert re.search(r"Tags:? +floor 2, old, spare, x", ctl("show", "pc-2", db=db).out)


@test
def saved_sources_say_what_is_new_changed_and_gone():
    db = "saved.db"
    path = write("saved.csv", "name,address\npc-1,10.0.0.1\npc-2,10.0.0.2\npc-3,10.0.0.3\n")
    ctl("discover", "file", path, "--save", "bad name", expect=2, db=db)
    ctl("discover", "file", "-", "--save", "office", expect=2, stdin="pc-1\n", db=db)
    ctl("discover", "file", path, "--save", "office", "--dry-run", expect=2, db=db)
    assert ctl("discover", "saved", "--json", db=db).json["sources"] == []
    assert "saved office" in ctl("discover", "file", path, "--save", "office", db=db).err
    ctl("discover", "file", path, "--save", "Office", expect=2, db=db)

    write("saved.csv", "name,address\npc-1,10.0.0.1\npc-3,10.0.0.9\npc-4,10.0.0.4\n")
    news = ctl("discover", "saved", "office", "--json", db=db).json
    assert [(n["kind"], n["name"]) for n in news["news"]] == \
        [("gone", "pc-2"), ("changed", "pc-3"), ("new", "pc-4")]
    assert (news["new"], news["changed"], news["gone"]) == (1, 1, 1)
    assert (news["news"][1]["was"], news["news"][1]["is"]) == ("10.0.0.3:5985", "10.0.0.9:5985")
    assert "pc-2" in ctl("list", db=db).out  # nothing is deleted
    assert "new 0, changed 0, gone 0" in ctl("discover", "saved", "office", db=db).err

    ctl("discover", "range", "127.0.0.1-2", "--ports", "1", "--rate", "500", "--max-addresses",
        "7", "--save", "loop", expect=3, db=db)
    source = ctl("discover", "saved", "--json", db=db).json["sources"][0]
    assert source["words"] == "127.0.0.1-2 --ports=1 --rate=500 --max-addresses=7"
    assert ctl("discover", "saved", "loop", "--json", expect=3, db=db).json["probes"]["all"] == 2
    ctl("discover", "remove", "loop", db=db)
    ctl("discover", "remove", "loop", expect=3, db=db)
    ctl("discover", "saved", "loop", expect=3, db=db)


@test
def what_was_found_is_read_at_once():
    db = "read.db"
    sign_in(db)
    done = ctl("discover", "file", str(folder / "hosts.csv"), "--read", "--save", "lab", "--json",
               db=db).json
    assert done["added"] == N_MACHINES and done["items_done"] == N_MACHINES
    done = ctl("discover", "saved", "lab", "--read", "--json", db=db).json
    assert done["known"] == N_MACHINES and done["items_done"] == N_MACHINES
    assert done["news"] == []


@test
def confirmation_ids_are_taken_by_telephone():
    key = ctl("key", "list", "--json").json["keys"][0]["last_five"]
    rows = ctl("list", "--select", "app=windows", "--json").json["rows"]
    activated = {row["name"] for row in rows if row["partial_key"] == key}
    name = next(row["name"] for row in rows if row["iid"] and row["name"] not in activated)
    ctl("install-key", "--key", "1", name, "--yes")
    ctl("key", "set-remaining", "1", "5")
    chosen = ["--select", f"name={name},key={key}"]
    (line,) = ctl("phone", *chosen, "--json").json["phone"]
    assert line["state"] == "waiting" and line["left"] == 5, line
    groups = re.findall("." * (len(line["iid"]) // 9), line["iid"])
    assert " ".join(groups) in ctl("phone", name).out
    (row,) = ctl("list", *chosen, "--json").json["rows"]
    cid = make_practice_cid(row["iid"], get_key_identity(row["epid"]))
    spends = confirmed()

    wrong = write("cid-wrong", cid[:17] + str((int(cid[17]) + 1) % 10) + cid[18:])
    done = ctl("phone", *chosen, "--cid-file", wrong, "--yes", expect=9)
    assert "Group 3" in done.err, done.err
    stranger = write("cid-stranger", f"{'1' * 54} {cid}\n")
    done = ctl("phone", *chosen, "--cid-file", stranger, "--yes", expect=4)
    assert "No chosen row" in done.err, done.err
    ctl("phone", "--cid-file", wrong, expect=2)  # of whom?
    ctl("phone", name, "--enter", expect=2)  # no terminal

    sheet = folder / "sheet.html"
    done = ctl("phone", *chosen, "--sheet", str(sheet), "--json").json
    assert done["written"] == 1, done
    for part in (name, *groups):
        assert f">{part}<" in sheet.read_text(), part
    printed = ctl("phone", *chosen, "--sheet", "-").out
    assert name in printed and f"9: {groups[8]}" in printed and "H: [" in printed, printed
    ctl("phone", *chosen, "--sheet", "/nowhere/sheet.html", expect=9)
    ctl("phone", *chosen, "--sheet", "-", "--cid-file", "-", expect=2)
    ctl("phone", "--select", "state=licensed", "--sheet", str(sheet), expect=3)

    spelt = "-".join(cid[n:n + 6] for n in range(0, 48, 6))
    done = ctl("phone", *chosen, "--cid-file", "-", "--yes", "--json",
               stdin=f"{' '.join(groups)} = {spelt}\n").json
    assert done["taken"] == 1 and done["items_done"] == 1, done
    (line,) = ctl("phone", *chosen, "--json").json["phone"]
    assert line["state"] == "licensed" and line["cid"] == cid and line["left"] == 4, line
    assert confirmed() == spends, "the gateway was not asked"
    with sqlite3.connect(folder / "fleet.db") as db:
        assert db.execute("SELECT method, state FROM spend WHERE iid = ?",
                          [row["iid"]]).fetchall() == [("phone", "confirmed")]
    done = ctl("phone", *chosen, "--cid-file", write("cid", cid), "--yes")
    assert "nothing was spent" in done.err, done.err


@test
def a_confirmation_id_is_read_back_before_it_is_kept():
    row = next(row for row in ctl("list", "--select", "app=windows", "--json").json["rows"]
               if row["iid"] and row["epid"] and row["key_kind"] == "mak" and not row["cid"])
    cid = make_practice_cid(row["iid"], get_key_identity(row["epid"]))
    groups = " ".join(cid[n:n + 6] for n in range(0, 48, 6))
    chosen = ["--select", f"id={row['id']},app=windows,key={row['partial_key']}"]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(CTL, argv("phone", *chosen, "--enter"))
    said = b""
    for wanted, answer in [(b"passes it over): ", cid), (b"[y/N] ", "n"),
                           (b"passes it over): ", "")]:
        before = len(said)
        while wanted not in said[before:]:
            assert select.select([terminal], [], [], DEADLINE)[0], said
            said += os.read(terminal, 4096)
        os.write(terminal, answer.encode() + b"\n")
    try:
        while data := os.read(terminal, 4096):
            said += data
    except OSError:
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3, said
    assert f"Read back: {groups}".encode() in said, said
    (line,) = ctl("phone", *chosen, "--json").json["phone"]
    assert not line["cid"], line


@test
def nothing_secret_is_in_the_store_or_in_what_was_said():
    secrets = [PASSWORD, DIGEST_KEY, (folder / "token").read_text().strip(),
               (folder / "mak").read_text().strip()]
    said = "".join(ctl(*args).out for args in [
        ["list", "--json"], ["key", "list", "--json"], ["credential", "list", "--json"],
        ["config", "list", "--json"], ["job", "list", "--json"], ["job", "show", "3", "--json"]])
    kept = b"".join(path.read_bytes() for path in folder.glob("fleet.db*"))
    for secret in secrets:
        assert len(secret) > 10 and secret not in said and secret.encode() not in kept
    assert (folder / "fleet.db.key").stat().st_mode & 0o777 == 0o600
    assert (folder / "fleet.db").stat().st_mode & 0o077 == 0


@test
def names_and_selections_that_match_nothing_end_with_3():
    ctl("refresh", "nobody", expect=3)
    ctl("list", "--select", "name=nobody*", expect=3)
    ctl("activate", "--proxy", "--key", "1", "nobody", "--yes", expect=3)
    ctl("activate", "--proxy", "--key", "ZZZZZ", "--all", "--yes", expect=2)


@test
def a_machine_that_is_not_there_ends_with_5():
    ctl("discover", "address", "127.0.0.1:1", db="away.db")
    ctl("credential", "add", "x", "--user", "u", "--password-fd", "0", stdin=PASSWORD, db="away.db")
    ctl("config", "set", "runner.first-back-off", "20ms", db="away.db")
    done = ctl("refresh", "--all", db="away.db", expect=5)
    assert "127.0.0.1" in done.out and "Read the machine" in done.out and "Next:" in done.out
    item = ctl("job", "show", "1", "--json", db="away.db").json["items"][0]
    assert item["attempt"] == 3 and item["error"] == "unreachable"
    ctl("check", "127.0.0.1:1", db="away.db", expect=5)
    ctl("job", "retry", "1", db="away.db", expect=5)


@test
def detached_jobs_wait_for_a_runner():
    done = ctl("refresh", "--all", "--detach", "--json", expect=8).json
    ctl("refresh", "--all", "--detach", expect=3)  # every machine has this very work already
    job = str(done["job"])
    for verb, state in [("pause", "paused"), ("resume", "open")]:
        ctl("job", verb, job)
        assert ctl("job", "show", job, "--json").json["job_state"] == state
    ctl("run", "--once")
    assert ctl("job", "show", job, "--json").json["items_done"] == N_MACHINES
    job = str(ctl("refresh", "--all", "--detach", "--json", expect=8).json["job"])
    ctl("job", "cancel", job)
    assert ctl("job", "show", job, "--json").json["items_cancelled"] == N_MACHINES


@test
def one_process_runs_a_store_and_another_takes_over():
    runner = subprocess.Popen(argv("run", db="over.db"), stderr=subprocess.PIPE, text=True)
    processes.append(runner)
    assert "Running" in runner.stderr.readline()
    ctl("run", "--once", db="over.db", expect=10)
    ctl("store", "backup", str(folder / "copy.db"), db="over.db")
    ctl("store", "restore", str(folder / "copy.db"), "--yes", db="over.db", expect=10)

    runner.send_signal(signal.SIGSTOP)  # it has the lock and does nothing
    ctl("discover", "address", "127.0.0.1:1", db="over.db")
    ctl("credential", "add", "x", "--user", "u", "--password-fd", "0", stdin=PASSWORD, db="over.db")
    ctl("config", "set", "runner.first-back-off", "20ms", db="over.db")
    follower = subprocess.Popen(argv("refresh", "--all", db="over.db"), stderr=subprocess.PIPE,
                                stdout=subprocess.DEVNULL, text=True)
    processes.append(follower)
    line = follower.stderr.readline()
    assert "Another process" in line, line
    runner.kill()
    runner.wait(DEADLINE)
    assert follower.wait(DEADLINE) == 5  # it ran the job itself, and nobody is at that port


@test
def an_interrupted_command_keeps_its_job():
    with silent_listener() as port:
        ctl("discover", "address", f"127.0.0.1:{port}", db="silent.db")
        ctl("credential", "add", "x", "--user", "u", "--password-fd", "0", stdin=PASSWORD,
            db="silent.db")
        command = subprocess.Popen(argv("refresh", "--all", db="silent.db"),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        processes.append(command)
        wait_until(lambda: ctl("job", "list", "--json", db="silent.db").json["jobs"][:1] and
                   ctl("job", "list", "--json", db="silent.db").json["jobs"][0]["running"] == 1,
                   "the step's start")
        command.send_signal(signal.SIGINT)
        _, err = command.communicate(timeout=DEADLINE)
        assert command.returncode == 130, err
        assert "job follow 1" in err
        job = ctl("job", "show", "1", "--json", db="silent.db").json
        assert job["job_state"] == "open" and job["items_open"] == 1
        ctl("job", "cancel", "1", db="silent.db")


class silent_listener:
    def __enter__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen()
        return self.socket.getsockname()[1]

    def __exit__(self, *_):
        self.socket.close()


@test
def a_backup_comes_back():
    backup = str(folder / "backup.db")
    ctl("store", "backup", backup)
    ctl("store", "backup", backup, expect=2)  # never over a file
    ctl("forget", "--all", "--yes")
    assert ctl("list", "--json").json["rows"] == []
    ctl("store", "restore", write("no.db", "no backup"), "--yes", expect=9)
    ctl("store", "restore", backup, expect=2)  # not asked, not done
    ctl("store", "restore", backup, "--yes")
    assert len(ctl("list", "--json").json["rows"]) >= N_MACHINES
    ctl("store", "check")


def contents(db="fleet.db"):
    with sqlite3.connect(f"file:{folder / db}?mode=ro", uri=True) as store:
        return list(store.iterdump())


@test
def a_store_without_its_key_claims_nothing():
    ctl("refresh", "--all", "--detach", expect=8)
    job = ctl("job", "list", "--json").json["jobs"][0]
    (folder / "fleet.db.key").rename(folder / "elsewhere")
    before = contents()
    for verb in [["run", "--once"], ["uninstall-key", "--all", "--yes"], ["job", "follow", str(job["id"])],
                 ["job", "retry", str(job["id"])], ["key", "show", "1", "--reveal", "--yes"],
                 ["key", "add", "--key-file", str(folder / "mak")], ["config", "secrets"],
                 ["config", "secrets", "file", "--yes"]]:
        done = ctl(*verb, expect=6)
        assert "fleet.db.key" in done.err, (verb, done.err)
        assert contents() == before, verb
    assert not (folder / "fleet.db.key").exists()
    (folder / "elsewhere").rename(folder / "fleet.db.key")
    ctl("job", "follow", str(job["id"]))


@test
def a_whole_key_is_shown_only_with_a_trace():
    key = (folder / "mak").read_text().strip()
    assert "reveals" in ctl("key", "show", "1", "--json").json
    ctl("key", "show", "1", "--reveal", expect=2, stdin="y\n")  # no terminal
    ctl("key", "show", "1", "--reveal", "--json", "--yes", expect=2)
    assert ctl("key", "show", "1", "--json").json["reveals"] == []
    with sqlite3.connect(folder / "fleet.db") as store:  # a trace cannot be written: nothing is shown
        store.execute("CREATE TRIGGER no_trace BEFORE INSERT ON event"
                      " BEGIN SELECT raise (ABORT, 'no'); END")
    done = ctl("key", "show", "1", "--reveal", "--yes", expect=1)
    assert key not in done.out + done.err
    with sqlite3.connect(folder / "fleet.db") as store:
        store.execute("DROP TRIGGER no_trace")

    done = ctl("key", "show", "1", "--reveal", "--yes")
    assert done.out == key + "\n" and done.err == "", done.out + done.err
    shown = ctl("key", "show", "1", "--json").json["reveals"]
    assert [entry["who"] for entry in shown] == [f"{getpass.getuser()}@{socket.gethostname()}"]
    assert shown[0]["at"] and shown[0]["who"] in ctl("key", "show", "1").out
    assert key not in "".join(contents())


@test
def a_whole_key_is_shown_only_when_a_person_says_yes():
    key = (folder / "mak").read_text().strip()
    for answer, shows in [(b"\n", False), (b"n\n", False), (b"y\n", True)]:
        n_before = len(ctl("key", "show", "1", "--json").json["reveals"])
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(CTL, argv("key", "show", "1", "--reveal"))
        text = b""
        while b"[y/N] " not in text:
            assert select.select([terminal], [], [], DEADLINE)[0]
            text += os.read(terminal, 1024)
        os.write(terminal, answer)
        try:
            while data := os.read(terminal, 1024):
                text += data
        except OSError:
            pass
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == (0 if shows else 1), text
        assert (key.encode() in text) == shows, text
        assert len(ctl("key", "show", "1", "--json").json["reveals"]) == n_before + shows


@test
def the_key_of_a_store_is_changed():
    old = (folder / "fleet.db.key").read_bytes()
    answer = ctl("config", "secrets", "--json").json
    assert answer["provider"] == "file" and answer["opens"] is True
    assert (answer["keys"], answer["credentials"], answer["settings"]) == (1, 1, 2), answer
    ctl("config", "secrets", "file", expect=2)  # not asked, not done
    ctl("config", "secrets", "drawer", "--yes", expect=2)
    assert "product keys: 1" in ctl("config", "secrets", "file", "--dry-run").out
    before = contents()
    done = ctl("config", "secrets", "secret-service", "--yes", expect=6)
    assert "no session bus" in done.err and contents() == before
    assert (folder / "fleet.db.key").read_bytes() == old

    runner = subprocess.Popen(argv("run"), stderr=subprocess.PIPE, text=True)
    processes.append(runner)
    assert "Running" in runner.stderr.readline()
    ctl("config", "secrets", "file", "--yes", expect=10)
    runner.terminate()
    runner.wait(DEADLINE)
    assert (folder / "fleet.db.key").read_bytes() == old

    ctl("config", "secrets", "file", "--yes")
    assert (folder / "fleet.db.key").read_bytes() != old
    assert sorted(path.name for path in folder.glob("fleet.db.key*")) == ["fleet.db.key"]
    key = (folder / "mak").read_text().strip()
    assert ctl("key", "show", "1", "--reveal", "--yes").out == key + "\n"
    assert ctl("key", "add", "--key-file", str(folder / "mak"), "--json").json["new"] is False
    ctl("key", "check", "1")  # by digest key and token
    ctl("refresh", "--all")  # by the password


def main():
    failed = 0
    print(f"1..{len(tests)}", flush=True)
    for number, function in enumerate(tests, 1):
        name = function.__name__.replace("_", " ")
        try:
            function()
            print(f"ok {number} {name}", flush=True)
        except Exception:  # one failure does not hide the others
            failed += 1
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
            print(f"not ok {number} {name}", flush=True)
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait()
    shutil.rmtree(folder)
    return 1 if failed else 0


sys.exit(main())
