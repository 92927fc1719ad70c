#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills latchkeyctl at every commit, every file step and every send of each of the three hops, does
the hop again, and checks that nothing is lost and nothing was spent twice. The same for inventories:
written, and taken into a store that knows nothing, or half of the machines.

  crash-transfer.py BUILD [--machines N]     BUILD has crash hooks
"""
import argparse
import concurrent.futures
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

from latchkey_rig import Failure, Rig
from transfer_rig import (Lab, call, check_cids, check_spends, expect, open_core, pair_of, read_rows)

SLOTS = 2
MAX_ROUNDS = 4


class Template:
    """A lab whose rows can be asked for, and a core network that can answer."""

    def __init__(self, build, folder, machines):
        self.build, self.folder = build, folder
        lab = Lab(build, folder / "lab", machines)
        core = None
        try:
            lab.set_up_lab()
            lab.ctl("export", folder / "early.xml", "--inventory")
            core = open_core(build, folder / "core")
            core.ctl("config", "set", "backend.batch-size", 4)  # several batches, not one
        finally:
            lab.stop()
            if core is not None:
                core.stop()
        self.ports = core.gateway_port

    def copy(self, folder):
        """The same in another folder; the lab's machines are not needed any more."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("*.lock", "*.out",
                                                                           "*.err"))
        lab, core = Lab(self.build, folder / "lab", 1), Rig(self.build, folder / "core", 1)
        core.gateway_port = self.ports
        core.start_gateway()
        return lab, core


HOPS = ("export", "answer", "import")


def run_hop(lab, core, hop, folder, environment=None):
    """One hop as a person types it; gives the exit status."""
    request = folder / "request.xml"
    if hop == "export":
        done = lab.ctl("export", request, "--all", "--yes", environment=environment, check=False)
    elif hop == "answer":
        done = core.ctl("answer", request, "--yes", "--give-up-after", "60s",
                        environment=environment, check=False)
    else:
        done = lab.ctl("import", folder / "request-answer.xml", environment=environment,
                       check=False)
    return done


def check_whole(folder):
    """A file is there whole, or not at all, and nothing else was left but what is swept up later."""
    for path in folder.glob("*.xml"):
        try:
            read_rows(path)
        except SyntaxError as error:
            raise Failure(f"{path.name} is there, and not whole: {error}") from error


def attempt(template, folder, hop, crash):
    """Dies as @crash says in @hop; then everything that is left is done. Whether it did die."""
    lab, core = template.copy(folder)
    died = False
    try:
        for each in HOPS:
            if each == hop:
                done = run_hop(lab, core, each, folder, {"LATCHKEY_CRASH": crash})
                died = done.returncode == -signal.SIGKILL
                check_whole(folder)
                if not died:
                    expect(f"exit of {each}", done.returncode, 0)
                    continue
            if each == "export" and died and (folder / "request.xml").exists():
                # The person looks whether the file is there, and finds it.
                call(lab, (0, 3), "transfer", "list")
                continue
            done = run_hop(lab, core, each, folder)
            expect(f"exit of {each}: {done.stderr[-300:]}", done.returncode, 0)
        rows = read_rows(folder / "request.xml")
        check_spends(core, len({pair_of(row) for row in rows}))
        expect("confirmation IDs that came home", check_cids(lab.confirmations()), len(rows))
        open_spends = core.rows("fleet.db", "SELECT count (*) FROM spend WHERE state <> 'confirmed'")
        expect("open spends of the core", open_spends, [(0,)])
        run_hop(lab, core, "answer", folder)
        check_spends(core, len({pair_of(row) for row in rows}))
        return died
    finally:
        core.stop()


def add_points(counts, hop, log):
    for point in log.read_text().split() if log.exists() else ():
        counts[hop, point] = counts.get((hop, point), 0) + 1


def count_points(template, folder):
    """How often each hop comes past each point when nothing goes wrong."""
    lab, core = template.copy(folder)
    counts = {}
    try:
        for hop in HOPS:
            log = folder / f"passed-{hop}"
            done = run_hop(lab, core, hop, folder, {"LATCHKEY_CRASH_COUNT": str(log)})
            expect(f"exit of {hop}: {done.stderr[-300:]}", done.returncode, 0)
            add_points(counts, hop, log)
    finally:
        core.stop()
    return counts


# What two stores that took the same file may differ in: their names, and what is sealed by each.
OWN_TABLES = ("setting", "sealed")
OWN_COLUMNS = {"product_key": {"ciphertext", "fingerprint"},
               "transfer": {"at", "path"}}
# Each file that is written has a number and a time of its own.
OWN_OF_FILES = {"transfer": {"at", "path", "file_id", "created_at"}}


def dump(path, own=OWN_COLUMNS):
    """All rows of a store, table by table; none of a store that is not there or has no tables yet."""
    if not path.exists():
        return {}
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
    try:
        expect("integrity", db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        expect("rows that refer to nothing", db.execute("PRAGMA foreign_key_check").fetchall(), [])
        rows = {}
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'"
                                   " AND name NOT LIKE 'sqlite_%'").fetchall():
            columns = [column for _, column, *_ in db.execute(f"PRAGMA table_info ({table})")
                       if column not in own.get(table, ())]
            found = db.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
            if found and table not in OWN_TABLES:
                rows[table] = sorted(found, key=repr)
        return rows
    finally:
        db.close()


def expect_same(what, was, should):
    for table in sorted({*was, *should}):
        if was.get(table) != should.get(table):
            raise Failure(f"{what}: {table} has {len(was.get(table, []))} rows instead of"
                          f" {len(should.get(table, []))}, or others: {was.get(table)!r:.300} instead"
                          f" of {should.get(table)!r:.300}")


def copy_store(source, target):
    """A store that nobody has open, and the key of its secrets."""
    for suffix in ("", ".key"):
        if pathlib.Path(f"{source}{suffix}").exists():
            shutil.copy(f"{source}{suffix}", f"{target}{suffix}")


class Inventories:
    """Stores before and after each of the three ways, as they are when nobody is killed."""

    HOPS = ("save", "take", "take-half")

    def __init__(self, build, folder, template):
        """@folder: where the three hops were done once, so that there are confirmation IDs."""
        self.folder = folder
        self.rig = Rig(build, folder / "lab", 1)
        self.secret = self.rig.secret("passphrase")
        copy_store(folder / "lab" / "fleet.db", folder / "save.db")
        self.set_up_half(template.folder / "early.xml")
        self.counts, self.after = {}, {}
        for hop in self.HOPS:
            log = folder / f"passed-{hop}"
            where = self.start(hop, folder / hop)
            done = self.run(hop, where, {"LATCHKEY_CRASH_COUNT": str(log)})
            expect(f"exit of {hop}: {done.stderr[-300:]}", done.returncode, 0)
            add_points(self.counts, hop, log)
            self.after[hop] = dump(where / "fleet.db", self.own(hop))
            if hop == "save":
                shutil.copy(where / "all.lkt", folder / "all.lkt")
        self.check_model()

    def set_up_half(self, early):
        half = self.folder / "half.db"
        call(self.rig, 0, "import", early, database=half)
        for (name,) in self.rig.rows("../half.db", "SELECT name FROM machine WHERE id % 2 = 0"):
            call(self.rig, 0, "forget", name, "--yes", database=half)

    @staticmethod
    def own(hop):
        return OWN_OF_FILES if hop == "save" else OWN_COLUMNS

    def check_model(self):
        """What the killed ones are compared with has everything that the store had."""
        source = dump(self.folder / "save.db")
        for hop in ("take", "take-half"):
            for table in ("machine", "product", "confirmation", "product_key"):
                expect(f"rows of {table} after {hop}", len(self.after[hop].get(table, [])),
                       len(source.get(table, [])))
            expect_same(f"after {hop}", {"confirmation": self.after[hop]["confirmation"]},
                        {"confirmation": source["confirmation"]})

    def start(self, hop, where):
        """The store that @hop begins with, in a folder of its own."""
        where.mkdir()
        before = {"save": "save.db", "take": "none.db", "take-half": "half.db"}[hop]
        copy_store(self.folder / before, where / "fleet.db")
        return where

    def run(self, hop, where, environment=None):
        file = where / "all.lkt" if hop == "save" else self.folder / "all.lkt"
        verb = ("export", file, "--inventory", "--keys") if hop == "save" else ("import", file)
        return Rig(self.rig.build, where, 1).ctl(*verb, "--passphrase-file", self.secret,
                                                 environment=environment, check=False)

    def attempt(self, where, hop, crash):
        """Dies as @crash says; then the same is done again. Whether it did die."""
        self.start(hop, where)
        before = dump(where / "fleet.db", self.own(hop))
        done = self.run(hop, where, {"LATCHKEY_CRASH": crash})
        died = done.returncode == -signal.SIGKILL
        if not died:
            expect(f"exit of {hop}: {done.stderr[-300:]}", done.returncode, 0)
        found = dump(where / "fleet.db", self.own(hop))
        if found != before:
            expect_same("taken neither whole nor not at all", found, self.after[hop])

        # A file that is there is not written again; what is left of it must be all of it.
        if not (hop == "save" and (where / "all.lkt").exists()):
            done = self.run(hop, where)
            expect(f"exit of {hop}, again: {done.stderr[-300:]}", done.returncode, 0)
            expect_same("done again", dump(where / "fleet.db", self.own(hop)), self.after[hop])
        if hop == "save":
            other = where / "other"
            other.mkdir()
            shutil.copy(where / "all.lkt", other)
            done = Rig(self.rig.build, other, 1).ctl("import", other / "all.lkt",
                                                     "--passphrase-file", self.secret)
            expect_same("out of the file", {**dump(other / "fleet.db"), "transfer": None},
                        {**self.after["take"], "transfer": None})
        return died


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--machines", type=int, default=12)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="latchkey-crash-transfer-"))
    started = time.monotonic()
    try:
        templates = [Template(options.build, folder / f"template-{n}", options.machines)
                     for n in range(SLOTS)]
        counts = count_points(templates[0], folder / "count")
        inventories = Inventories(options.build, folder / "count", templates[0])
        counts.update(inventories.counts)
        for (hop, point), n in sorted(counts.items()):
            print(f"  {hop:9} {point:12} {n} times")
        tasks = [(hop, f"{point}:{n}") for (hop, point), times in sorted(counts.items())
                 for n in range(1, times + 1)]
        free = list(range(SLOTS))
        died = []

        def run(number):
            hop, crash = tasks[number]
            slot = free.pop()
            where = folder / f"run-{number}"
            try:
                if (attempt(templates[slot], where, hop, crash) if hop in HOPS else
                        inventories.attempt(where, hop, crash)):
                    died.append(number)
            except (Failure, subprocess.TimeoutExpired) as failure:
                return f"{hop} at {crash}: {failure}"
            finally:
                free.append(slot)
            shutil.rmtree(where, ignore_errors=True)
            return None

        with concurrent.futures.ThreadPoolExecutor(SLOTS) as pool:
            failures = [text for text in pool.map(run, range(len(tasks))) if text]
        missing = [hop for hop in HOPS + Inventories.HOPS
                   if not any(task[0] == hop for task in tasks)]
        if missing:
            failures.append(f"no point to die at in {missing}")
        print(f"  {len(died)} of {len(tasks)} came to their crash")
        # Threads make the last few passings of a run come or not; nearly all must be reached.
        if len(died) < 0.8 * len(tasks):
            failures.append("too few runs came to their crash")
        for text in failures[:20]:
            print(f"  FAILED {text}")
        print(f"{len(tasks)} runs, {len(failures)} failed, {time.monotonic() - started:.0f} s")
        return 1 if failures else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
