#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done with chosen products, on the practice lab: deeds.py BUILD. A confirmation ID is typed
as it is heard over the telephone, products are acted on from their menu, a certificate is shown
before it is accepted, and jobs wait for a password that nobody wrote down. What came of it is asked
of latchkeyctl."""
import contextlib
import hashlib
import json
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

from practice import get_key_identity, make_practice_cid
from desk_rig import (Person, await_node, await_that, check_names, find, get_application,
                      start_below_xvfb, type_text, walk)

JOB_PATIENCE = 240


class Rig:
    def __init__(self, build, scratch):
        self.build = build
        self.folder = pathlib.Path(os.environ["XDG_DATA_HOME"], "latchkey/practice")
        self.log = open(scratch / "log", "a+")
        self.window = None
        self.start()

    def start(self):
        self.window = subprocess.Popen([self.build / "app/window/latchkey", "--practice"],
                                       stderr=self.log)

    def stop(self):
        self.window.terminate()
        self.window.wait()

    def ask(self, *words):
        done = subprocess.run(
            [self.build / "app/ctl/latchkeyctl", "--db", self.folder / "fleet.db", *words, "--json"],
            stdout=subprocess.PIPE, text=True, check=False)
        return json.loads(done.stdout)

    def list(self, select):
        return self.ask("list", "--select", select)["rows"]

    def await_jobs(self):
        def are_closed():
            jobs = self.ask("job", "list")["jobs"]
            return jobs if jobs and all(job["finished_at"] for job in jobs) else None

        return await_that("the jobs end", are_closed, JOB_PATIENCE)


def find_text(text):
    for node in walk(get_application()):
        if text in node.name:
            return node
    return None


def show_page(title):
    def look():
        for node in walk(get_application()):
            if node.name.startswith(title) and node.getRoleName() == "list item":
                return node
        return None

    row = await_that(title, look)
    row.parent.querySelection().selectChild(row.getIndexInParent())


def activate(action, target="[]"):
    """Of the window, as its menus and shortcuts would do it."""
    subprocess.run(["gdbus", "call", "--session", "--dest", "org.latchkey.Latchkey", "--object-path",
                    "/org/latchkey/Latchkey/window/1", "--method", "org.gtk.Actions.Activate",
                    action, target, "{}"], check=True, stdout=subprocess.DEVNULL)


def choose(person, rig, select):
    """Those rows and no others."""
    rows = rig.list(select)
    show_page("Products")
    person.write("Search products", select)
    await_that("the rows", lambda: find_text(f"{len(rows)} row"))
    table = await_node("Products", "tree table")
    first = await_that("a cell", lambda: next(
        node for node in walk(table) if node.getRoleName() == "label" and node.name == rows[0]["name"]))
    box = first.queryComponent().getExtents(1)
    window = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "Practice Lab"],
                            stdout=subprocess.PIPE, text=True, check=True).stdout.split()[-1]
    subprocess.run(["xdotool", "mousemove", "--window", window, str(box.x + 10),
                    str(box.y + box.height // 2), "click", "1"], check=True)
    subprocess.run(["xdotool", "key", "ctrl+a"], check=True)
    await_that("they are selected", lambda: find_text(f"{len(rows)} selected"))
    return rows


def do(person, label):
    person.press("Actions for the selected machines")
    person.press(label, "menu item")


def check_phone(rig):
    person = Person()
    row = next(row for row in rig.list("kind=mak,app=windows")
               if row["state"] not in ("licensed", "unread") and row["iid"])
    select = f"id={row['id']},app=windows,key={row['partial_key']}"
    identity = get_key_identity(row["epid"])
    cid = make_practice_cid(row["iid"], identity)
    choose(person, rig, select)
    do(person, "Activate by Phone…")
    width = len(row["iid"]) // 9
    for n in range(9):
        await_node(row["iid"][n * width:(n + 1) * width], "label")
    check_names()
    go = await_node("Deposit", "push button")

    import pyatspi

    def can_go():
        return go.getState().contains(pyatspi.STATE_SENSITIVE)

    wrong = cid[12:17] + str((int(cid[17]) + 1) % 10)
    person.write("Group C", wrong)
    await_node("Group C is wrong")
    person.write("Group B", "12x")
    await_node("Group B: only digits")
    assert not can_go()
    groups = [cid[n:n + 6] for n in range(0, 48, 6)]
    person.write("Group E", "-".join(groups))
    await_that("a whole ID goes into all boxes", can_go)
    assert not find_text("is wrong")
    await_node(f"A {groups[0]}  B {groups[1]}", "label")
    print("ok a wrong group is marked, a whole ID is taken apart and shown to be read back")

    person.press("Deposit", is_whole=True)
    await_that("what came of it", lambda: find_text("The confirmation ID is on record"))
    rig.await_jobs()
    (after,) = [line for line in rig.ask("phone", "--select", select)["phone"]]
    assert after["cid"] == cid, after
    (now,) = rig.list(select)
    print("ok it is kept and deposited:", now["state"])
    assert now["state"] == "licensed", now


def install_browser(scratch):
    """What opens an HTML file here notes which one."""
    folder = pathlib.Path(os.environ["XDG_DATA_HOME"], "applications")
    folder.mkdir(exist_ok=True)
    (folder / "browser.desktop").write_text(
        "[Desktop Entry]\nType=Application\nName=Browser\nMimeType=text/html;\n"
        f"Exec=sh -c 'echo \"$1\" > {scratch}/opened' sh %u\n")
    pathlib.Path(os.environ["XDG_CONFIG_HOME"], "mimeapps.list").write_text(
        "[Default Applications]\ntext/html=browser.desktop\n")


def check_sheet(rig, scratch):
    """Several products one after another, from a list, and a sheet of them all."""
    person = Person()
    select = "kind=mak,app=windows,state!=licensed|unread"
    rows = [row for row in choose(person, rig, select) if row["iid"] and not row["cid"]]
    assert len(rows) > 1
    do(person, "Activate by Phone…")
    await_node(f"1 of {len(rows)}", "label")
    check_names()
    person.press("Next product")
    await_node(f"2 of {len(rows)}", "label")
    person.press("Print Sheet…")
    await_node("Save the Sheet to Print")
    sheet = scratch / "sheet.html"
    person.press_keys("Control+a")
    type_text(str(sheet))
    person.press_keys("Return")
    await_that("the sheet is written", sheet.exists)
    await_node("The sheet is kept as")
    text = sheet.read_text()
    for row in rows:
        assert f"<bdi>{row['name']}</bdi>" in text, row["name"]
    assert text.count('class="box"') == 8 * len(rows)
    opened = scratch / "opened"
    await_that("it is opened", lambda: opened.exists() and str(sheet) in opened.read_text())
    print(f"ok a sheet for {len(rows)} products is written and opened")
    person.press("Cancel", is_whole=True)
    await_that("the dialog closes", lambda: not find("Group A"))


def check_office(rig):
    """Products are chosen, not machines."""
    person = Person()
    select = "app=office"
    rows = choose(person, rig, select)
    key = rig.ask("key", "list")["keys"][0]["last_five"]
    would = rig.ask("install-key", "--key", key, "--select", select, "--dry-run")["preview"]["rows"]
    n = sum(line["included"] for line in would)
    assert 0 < n <= len(rows), would
    do(person, "Install Key…")
    await_node(f"Install on {n} Machine", "push button")
    person.press("Cancel")
    print(f"ok {n} Office products are meant by themselves")


def check_tags(rig):
    """Those that all machines have are shown; those of some stay."""
    person = Person()
    names = [row["name"] for row in rig.list("app=windows")[:2]]
    rig.ask("tag", names[0], "--add", "mine")
    select = f"app=windows,name={names[0]}|{names[1]}"
    choose(person, rig, select)
    do(person, "Tags…")
    await_node("Tags of 2 Machines")
    check_names()
    person.write("Tags", "lab, what?")
    await_node("“what?” is not a tag")
    person.write("Tags", "lab, floor 2")
    person.press("Save", is_whole=True)
    await_that("they are kept", lambda: len(rig.list("tag=floor 2")) >= 2)
    tags = {row["name"]: row["tags"] for row in rig.list(select)}
    assert tags == {names[0]: "floor 2, lab, mine", names[1]: "floor 2, lab"}, tags
    await_that("the question is gone", lambda: not find("Tags of 2 Machines"))
    do(person, "Tags…")
    await_node("Tags of 2 Machines")
    person.write("Tags", "lab")
    person.press("Save", is_whole=True)
    await_that("one is taken away", lambda: not rig.list("tag=floor 2"))
    print("ok tags are given and taken away")


def check_menu(rig):
    """Every verb of the menu comes to its question."""
    person = Person()
    choose(person, rig, "name=pc-0001,app=windows")
    for label, title in (("Install Key…", "Install on "), ("Activate Online…", "Activate "),
                         ("Deposit or Reactivate…", "Deposit "), ("Uninstall Key…", "Uninstall "),
                         ("Rearm…", "Rearm ")):
        do(person, label)
        await_node(title, "push button")
        person.press("Cancel")
        await_that("it closes", lambda: not find(title, "push button"))
    do(person, "Show Certificate…")
    await_that("no TLS, no certificate", lambda: find_text("is talked to without TLS"))
    print("ok each verb of the menu leads to its question")


def make_certificate(folder, name):
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-days", "30",
                    "-keyout", key, "-out", certificate], check=True, stderr=subprocess.DEVNULL)
    return key, certificate


@contextlib.contextmanager
def serve_tls(key, certificate):
    """Shakes hands and says nothing more."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError):
                    with context.wrap_socket(client, server_side=True) as talk:
                        talk.recv(1)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def get_fingerprint(certificate):
    der = ssl.PEM_cert_to_DER_cert(certificate.read_text())
    return hashlib.sha256(der).hexdigest()


def check_certificate(rig, scratch):
    person = Person()
    key, certificate = make_certificate(scratch, "tls-1")
    with serve_tls(key, certificate) as port:
        hosts = scratch / "tls.csv"
        hosts.write_text(f"name,address,port,tls\ntls-1,127.0.0.1,{port},yes\n")
        rig.ask("discover", "file", str(hosts))
        choose(person, rig, "name=tls-1")
        do(person, "Show Certificate…")
        pin = get_fingerprint(certificate)
        spelt = ":".join(pin[n:n + 2] for n in range(0, 64, 2))
        await_that("the fingerprint", lambda: find_text(spelt) or find_text(spelt.upper()))
        await_node("Nobody vouches for this certificate")
        check_names()
        assert not rig.ask("trust", "list")["certificates"]
        person.press("Accept")
        await_that("it is accepted", lambda: find_text("is accepted"))
        (accepted,) = rig.ask("trust", "list")["certificates"]
        assert accepted["fingerprint"] == pin, accepted
    print("ok a certificate is shown, and accepted when a person says so")


def check_password(rig):
    """A set that keeps no password, for one machine; the job that needs it waits."""
    password = (rig.folder / "machine-password").read_text().strip()
    row = rig.list("state=licensed,app=windows,result=ok")[0]
    rig.stop()
    rig.ask("credential", "add", "asked", "--user", "administrator", "--ask", "--scope", row["name"])
    number = rig.ask("refresh", f"#{row['id']}", "--detach")["job"]
    rig.start()

    def get_job():
        return next(job for job in rig.ask("job", "list")["jobs"] if job["id"] == number)

    await_that("the question", lambda: find_text("is needed, and it is not kept"))
    assert get_job()["failed"] == 0 and not get_job()["finished_at"], get_job()
    check_names()
    person = Person()
    person.write("Password", password)
    person.press("Continue")
    await_that("the job ends", lambda: get_job()["finished_at"])
    assert get_job()["done"] == 1, get_job()
    await_that("the question goes", lambda: not find_text("is needed, and it is not kept"))
    print("ok a job waits for the password, over a restart, and goes on with it")


def main():
    scratch = pathlib.Path(os.environ["LATCHKEY_TEST_SCRATCH"])
    install_browser(scratch)
    rig = Rig(pathlib.Path(sys.argv[1]).resolve(), scratch)
    try:
        await_node("Licensed, ")
        rig.await_jobs()
        check_phone(rig)
        check_sheet(rig, scratch)
        check_office(rig)
        check_tags(rig)
        check_menu(rig)
        check_certificate(rig, scratch)
        check_password(rig)
    finally:
        rig.stop()
    rig.log.seek(0)
    said = [line for line in rig.log if "CRITICAL" in line or "WARNING" in line]
    assert not said, said
    print("ok no warnings")
    return 0


sys.exit(main() if "LATCHKEY_TEST_SCRATCH" in os.environ else start_below_xvfb())
