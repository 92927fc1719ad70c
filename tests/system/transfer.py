#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The air gap: two labs that reach no backend, a core network that answers them, and everything that
can happen to a file between them.

  transfer.py BUILD [--machines N]     N in each lab; 5,000 is what is promised
"""
import argparse
import pathlib
import random
import sys
import tempfile
import time

from latchkey_rig import Failure
from transfer_rig import (Lab, call, check_cids, check_schema, check_spends, expect, forge,
                          open_core, pair_of, read_rows)

N_FLIPS = 40


class World:
    def __init__(self, build, folder, machines):
        self.folder = folder
        self.a = Lab(build, folder / "a", machines, seed=1)
        self.b = Lab(build, folder / "b", machines, seed=2)
        self.core = None
        self.build = build

    def set_up(self):
        for lab in (self.a, self.b):
            lab.set_up_lab()
        self.core = open_core(self.build, self.folder / "core")

    def stop(self):
        problems = []
        for rig in (self.a, self.b, self.core):
            try:
                if rig is not None:
                    rig.stop()
            except Failure as failure:
                problems.append(str(failure))
        if problems:
            raise Failure("; ".join(problems))

    def path(self, name):
        return self.folder / name


def ask(w):
    """Both labs ask; the same rows are not asked for twice; nothing but IDs is in the file."""
    for lab, name in ((w.a, "a.xml"), (w.b, "b.xml")):
        dry = call(lab, 0, "export", w.path(name), "--all", "--dry-run")
        if w.path(name).exists():
            raise Failure("a rehearsal wrote the file")
        done = call(lab, 0, "export", w.path(name), "--all")
        expect("rows written", done["written"], dry["written"])
        check_schema(w.path(name))
        rows = read_rows(w.path(name))
        expect("rows in the file", len(rows), done["written"])
        expect("fields of a row", set(rows[0]), {"id", "iid", "epid"})
        again = call(lab, 3, "export", w.path("twice.xml"), "--all")
        expect("rows that are outstanding", again["outstanding"], done["written"])
        expect("reservations of the lab", lab.rows("fleet.db", "SELECT count (*) FROM spend"),
               [(0,)])
        state = call(lab, 0, "transfer", "list")
        expect("what comes next", (state["next"], state["outstanding"]), ("import", len(rows)))
        call(lab, 0, "store", "backup", w.path(f"{name}-before.db"))


def spoiled_requests(w):
    """A request that was changed is refused whole, and nothing is reserved for it."""
    text = w.path("a.xml").read_bytes()
    rows = read_rows(w.path("a.xml"))
    chance = random.Random(3)
    spoiled = [text[:n] for n in range(0, len(text), 1024)][:: max(1, len(text) // 1024 // 20)]
    for _ in range(10):
        at = chance.randrange(len(text))
        spoiled.append(text[:at] + bytes([text[at] ^ 1 << chance.randrange(8)]) + text[at + 1:])
    spoiled.append(text.replace(text.split(b"\n")[5] + b"\n", b""))
    for what in spoiled:
        w.path("spoiled.xml").write_bytes(what)
        call(w.core, 9, "answer", w.path("spoiled.xml"), "--yes")
    call(w.core, 9, "answer", w.path("nowhere.xml"), "--yes")
    expect("spends after that", w.core.rows("fleet.db", "SELECT count (*) FROM spend"), [(0,)])
    check_spends(w.core, 0)
    return len(rows)


def answer(w):
    """The pool has room for all but five rows of A at first; the answers come in two parts."""
    rows = read_rows(w.path("a.xml"))
    dry = call(w.core, 0, "answer", w.path("a.xml"), "--dry-run")
    expect("what it would spend", dry["spends"], len(rows))
    call(w.core, 2, "answer", w.path("a.xml"))  # nobody is there to ask
    check_spends(w.core, 0)

    # Some rows are of keys that the core network does not own: their pools are unknown.
    identity = w.core.rows("fleet.db", "SELECT key_identity FROM product_key")[0][0]
    n_own = sum(pair_of(row)[0] == identity for row in rows)
    call(w.core, 0, "key", "set-remaining", "1", n_own - 5)
    dry = call(w.core, 7, "answer", w.path("a.xml"), "--dry-run")
    expect("rows without room", dry["no_room"], 5)
    part = call(w.core, 7, "answer", w.path("a.xml"), "--yes", "-o", w.path("a-part.xml"))
    expect("part of the answer", (part["done"], part["open"]), (len(rows) - 5, 5))
    check_spends(w.core, len(rows) - 5)
    first = call(w.a, 0, "import", w.path("a-part.xml"))
    expect("what it brought", (first["new"], first["open"]), (len(rows) - 5, 5))

    call(w.core, 0, "key", "set-remaining", "1", 100000)
    rest = call(w.core, 0, "answer", w.path("a.xml"), "--yes")
    expect("the whole answer", (rest["done"], rest["open"]), (len(rows), 0))
    call(w.core, 0, "answer", w.path("b.xml"), "--yes")
    n_b = len(read_rows(w.path("b.xml")))
    check_spends(w.core, len(rows) + n_b)
    for name in ("a-part", "a-answer", "b-answer"):
        check_schema(w.path(f"{name}.xml"))
    for name in ("a", "b"):
        pairs = [pair_of(row) for row in read_rows(w.path(f"{name}.xml"))]
        expect("pairs answered", [pair_of(r) for r in read_rows(w.path(f"{name}-answer.xml"))],
               pairs)
    expect("what comes next", call(w.core, 0, "transfer", "list")["next"], None)
    return len(rows) + n_b


def wrong_store(w):
    """Said with both stores' names; salvaging finds nothing that is known here."""
    before = w.b.confirmations()
    refused = call(w.b, 9, "import", w.path("a-answer.xml"))
    for store in (call(w.a, 0, "transfer", "list"), call(w.b, 0, "transfer", "list")):
        if store["store"] not in refused["error"]["message"]:
            raise Failure(f"which stores are meant is not said: {refused['error']['message']}")
    salvaged = call(w.b, 4, "import", w.path("a-answer.xml"), "--salvage")
    expect("rows of another store", salvaged["foreign"], salvaged["rows"])
    expect("confirmation IDs", w.b.confirmations(), before)
    call(w.a, 9, "import", w.path("a.xml"))  # a request


def come_home(w, n_spends):
    for lab, name in ((w.a, "a-answer.xml"), (w.b, "b-answer.xml")):
        done = call(lab, 0, "import", w.path(name), "--deposit", "--yes")
        expect("confirmation IDs", done["new"] + done["known"], len(read_rows(w.path(name))))
        expect("refused", done["refused"], 0)
        lab.check_licensed()
        expect("right ones", check_cids(lab.confirmations()), len(read_rows(w.path(name))))
    check_spends(w.core, n_spends)


def everything_again(w, n_spends):
    """Every file once more, in the wrong order: nothing changes, nothing is spent."""
    before = [lab.confirmations() for lab in (w.a, w.b)]
    events = w.a.rows("fleet.db", "SELECT count (*) FROM event")
    for lab, name in ((w.a, "a-answer.xml"), (w.a, "a-part.xml"), (w.b, "b-answer.xml"),
                      (w.a, "a-answer.xml")):
        for salvage in ((), ("--salvage",)):
            done = call(lab, 0, "import", w.path(name), *salvage)
            expect("new", (done["new"], done["differ"], done["refused"]), (0, 0, 0))
    for name in ("b", "a", "b"):
        done = call(w.core, 0, "answer", w.path(f"{name}.xml"), "--yes")
        expect("open", done["open"], 0)
    expect("confirmation IDs", [lab.confirmations() for lab in (w.a, w.b)], before)
    expect("events", w.a.rows("fleet.db", "SELECT count (*) FROM event"), events)
    check_spends(w.core, n_spends)
    # A file of A that says it is B's own, and one that was answered for A's request by nobody.
    rows = read_rows(w.path("a-answer.xml"))
    forge(w.path("a-answer.xml"), rows, w.path("own.xml"),
          **{"request-store": call(w.b, 0, "transfer", "list")["store"]})
    expect("rows of another store", call(w.b, 4, "import", w.path("own.xml"))["foreign"], len(rows))
    expect("confirmation IDs", w.b.confirmations(), before[1])


class Copy:
    """Lab A as it was before the answer came, for one file after the other."""

    def __init__(self, w):
        self.w, self.n = w, 0

    def fresh(self):
        self.n += 1
        self.database = self.w.path(f"copy-{self.n}.db")
        self.database.write_bytes(self.w.path("a.xml-before.db").read_bytes())
        return self

    def take(self, path, statuses, *options):
        return call(self.w.a, statuses, "import", path, *options, database=self.database)

    def confirmations(self):
        return self.w.a.confirmations(self.database)

    def end_well(self):
        """The true answer makes it all right, whatever was salvaged before."""
        rows = read_rows(self.w.path("a-answer.xml"))
        self.take(self.w.path("a-answer.xml"), 0)
        mended = self.confirmations()
        expect("right in the end", check_cids(mended), len(rows))
        expect("pairs in the end", set(mended), {pair_of(row) for row in rows})
        expect("salvaged in the end", sum(salvaged for _, salvaged in mended.values()), 0)
        self.database.unlink()


def spoil(w, copy, what):
    """Refused whole and nothing is changed; what can be salvaged is right, or marked."""
    path = w.path("spoiled.xml")
    path.write_bytes(what)
    before = copy.confirmations()
    copy.take(path, 9)
    expect("confirmation IDs after a refusal", copy.confirmations(), before)
    copy.take(path, (0, 3, 4, 9), "--salvage")
    pairs = {pair_of(row) for row in read_rows(w.path("a-answer.xml"))}
    now = copy.confirmations()
    if not set(now) <= pairs:
        raise Failure(f"salvaging took {len(set(now) - pairs)} pairs that nobody asked for")
    check_cids(now)
    if len(now) < len(before):
        raise Failure("salvaging lost confirmation IDs")
    return len(now) - len(before)


def truncated(w):
    text = w.path("a-answer.xml").read_bytes()
    copy = Copy(w).fresh()
    step = 1024 * max(1, len(text) // 1024 // 100)
    gained = [spoil(w, copy, text[:n]) for n in range(0, len(text), step)]
    if sum(gained) < len(read_rows(w.path("a-answer.xml"))) * 0.9:
        raise Failure(f"only {sum(gained)} rows were salvaged out of {len(gained)} cut-off files")
    copy.end_well()


def flipped(w):
    text = w.path("a-answer.xml").read_bytes()
    chance = random.Random(4)

    def flip(at):
        return text[:at] + bytes([text[at] ^ 1 << chance.randrange(8)]) + text[at + 1:]

    n_rows = len(read_rows(w.path("a-answer.xml")))
    for _ in range(4):
        copy = Copy(w).fresh()
        gained = spoil(w, copy, flip(chance.randrange(text.index(b"<row "), len(text))))
        if gained < n_rows - 2:
            raise Failure(f"a flipped bit cost {n_rows - gained} rows")
        for _ in range(N_FLIPS // 4):
            spoil(w, copy, flip(chance.randrange(len(text))))
        copy.end_well()


def wrong_digit(w):
    """A confirmation ID that was changed so that its check digits are right is marked, and mended."""
    rows = read_rows(w.path("a-answer.xml"))
    text = w.path("a-answer.xml").read_bytes()
    copy = Copy(w).fresh()
    spoil(w, copy, text.replace(rows[3]["cid"].encode(), rows[4]["cid"].encode()))
    kept = copy.confirmations()[pair_of(rows[3])]
    expect("what was salvaged", kept, (rows[4]["cid"], 1))
    copy.end_well()


def rows_deleted(w):
    rows = read_rows(w.path("a-answer.xml"))
    lines = w.path("a-answer.xml").read_bytes().split(b"\n")
    copy = Copy(w).fresh()
    spoil(w, copy, b"\n".join(lines[:10] + lines[20:]))
    copy.end_well()
    # Somebody made a new digest, too: the rows that are there are as good as any.
    copy.fresh()
    done = copy.take(forge(w.path("a-answer.xml"), rows[7:], w.path("fewer.xml")), 0)
    expect("rows", (done["rows"], done["new"]), (len(rows) - 7, len(rows) - 7))
    copy.end_well()


def rows_from_elsewhere(w):
    rows = read_rows(w.path("a-answer.xml"))
    strangers = read_rows(w.path("b-answer.xml"))[: len(rows) // 10]
    mixed = rows + strangers
    random.Random(5).shuffle(mixed)
    for salvage in ((), ("--salvage",)):
        copy = Copy(w).fresh()
        path = forge(w.path("a-answer.xml"), mixed, w.path("mixed.xml"))
        done = copy.take(path, 4, *salvage)
        expect("rows of another store", done["foreign"], len(strangers))
        expect("new", done["new"], len(rows))
        if len(done["remarks"]) < min(len(strangers), 100):
            raise Failure("not every row that was left out is explained")
        copy.end_well()
    # Other IDs under the ids of rows that are here.
    swapped = [dict(stranger, id=row["id"]) for stranger, row in zip(strangers, rows)]
    copy = Copy(w).fresh()
    path = forge(w.path("a-answer.xml"), swapped + rows[len(swapped):], w.path("swapped.xml"))
    expect("rows of another store", copy.take(path, 4)["foreign"], len(swapped))
    copy.end_well()


def changed_request(w, n_spends):
    """A request with the same number and other rows is refused; one IID more costs one more."""
    rows = read_rows(w.path("a.xml"))
    forge(w.path("a.xml"), rows[:-1], w.path("changed.xml"))
    call(w.core, 9, "answer", w.path("changed.xml"), "--yes")
    stranger = dict(read_rows(w.path("b.xml"))[0], id=rows[0]["id"])
    forge(w.path("a.xml"), [stranger], w.path("moved.xml"),
          id="11111111-2222-3333-4444-555555555555")
    dry = call(w.core, 0, "answer", w.path("moved.xml"), "--dry-run")
    expect("changed", (dry["changed"], dry["on_record"], dry["spends"]), (1, 1, 0))
    check_spends(w.core, n_spends)


def sealed(w, n_spends):
    """Sealed there, answered sealed, opened with nothing but the passphrase."""
    copy = Copy(w).fresh()
    right, wrong = w.a.secret("right", "correct horse"), w.a.secret("wrong", "battery staple")
    request = w.path("sealed.xml")
    call(w.a, 0, "export", request, "--all", "--again", "--seal", "--passphrase-file", right,
         database=copy.database)
    if b"<row" in request.read_bytes():
        raise Failure("a sealed file can be read")
    call(w.core, 6, "answer", request, "--yes", "--passphrase-file", wrong)
    call(w.core, 2, "answer", request, "--yes")  # and nobody to ask
    call(w.core, 0, "answer", request, "--yes", "--passphrase-file", right)
    check_spends(w.core, n_spends)
    answered = w.path("sealed-answer.xml")
    if b"<row" in answered.read_bytes():
        raise Failure("the answer to a sealed request is not sealed")
    copy.take(answered, 6, "--passphrase-file", wrong)
    expect("after the wrong passphrase", copy.confirmations(), {})
    text = answered.read_bytes()
    w.path("spoiled.xml").write_bytes(text[:-20])
    copy.take(w.path("spoiled.xml"), (6, 9), "--passphrase-file", right)
    expect("after a cut-off file", copy.confirmations(), {})
    done = copy.take(answered, 0, "--passphrase-file", right)
    expect("new", done["new"], done["rows"])
    copy.end_well()


def test(w):
    started = time.monotonic()

    def step(what, *args):
        result = what(w, *args)
        print(f"# {time.monotonic() - started:.0f} s: {what.__name__}", flush=True)
        return result

    step(World.set_up)
    step(ask)
    step(spoiled_requests)
    n_spends = step(answer)
    step(wrong_store)
    step(come_home, n_spends)
    step(everything_again, n_spends)
    for what in (truncated, flipped, wrong_digit, rows_deleted, rows_from_elsewhere):
        step(what)
    step(changed_request, n_spends)
    step(sealed, n_spends)
    check_spends(w.core, n_spends)
    print(f"# {n_spends} rows, one spend each")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--machines", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="latchkey-transfer-") as folder:
        world = World(options.build, pathlib.Path(folder), options.machines)
        try:
            test(world)
            print("1..1\nok 1 the air gap, there and back")
        except Failure as failure:
            print(f"1..1\nnot ok 1 the air gap, there and back # {failure}")
        finally:
            world.stop()


if __name__ == "__main__":
    sys.exit(main())
