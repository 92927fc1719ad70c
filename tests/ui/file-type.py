#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a desktop takes transfer files for: file-type.py MIME ICONS DESKTOP. The file type is put into
a data folder of its own, as an installation does, and the desktop's library is asked, for files
with the name that they are given and with none."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

OPEN = "application/vnd.latchkey.transfer+xml"
SEALED = "application/vnd.latchkey.transfer-sealed"


def run(environment, *command):
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True,
                          check=True).stdout


def write_files(folder):
    head = ('<?xml version="1.0" encoding="UTF-8"?>\n'
            '<transfer xmlns="urn:latchkey:transfer:1" version="1" kind="request"/>\n')
    for name in ("open.latchkey", "open"):
        (folder / name).write_text(head)
    for name in ("sealed.latchkey", "sealed"):
        (folder / name).write_bytes(b"LATCHKEY SEALED TRANSFER 1\n" + os.urandom(400))
    (folder / "other.xml").write_text('<?xml version="1.0"?>\n<html/>\n')


def get_type(environment, path):
    said = run(environment, "gio", "info", "-a", "standard::content-type,standard::icon", path)
    facts = dict(line.strip().split(": ", 1) for line in said.splitlines() if ": " in line)
    return facts["standard::content-type"], facts["standard::icon"]


def main():
    mime, icons, desktop = (pathlib.Path(each).resolve() for each in sys.argv[1:])
    for program in ("update-mime-database", "gio"):
        if not shutil.which(program):
            print(f"{program} is missing", file=sys.stderr)
            return 77
    with tempfile.TemporaryDirectory() as name:
        data = pathlib.Path(name, "data")
        (data / "mime/packages").mkdir(parents=True)
        shutil.copy(mime, data / "mime/packages/org.latchkey.Latchkey.xml")
        environment = dict(os.environ, XDG_DATA_HOME=str(data), LC_ALL="C.UTF-8")
        run(environment, "update-mime-database", data / "mime")
        write_files(pathlib.Path(name))
        drawn = OPEN.replace("/", "-")
        assert (icons / f"{drawn}.svg").exists(), drawn
        for path, wanted in (("open.latchkey", OPEN), ("open", OPEN), ("sealed.latchkey", SEALED),
                             ("sealed", SEALED), ("other.xml", "application/xml")):
            found, icon = get_type(environment, pathlib.Path(name, path))
            assert found == wanted, (path, found)
            assert (drawn in icon) == (wanted != "application/xml"), icon
            print(f"ok {path} is {found}")
    types = next(line for line in desktop.read_text().splitlines() if line.startswith("MimeType="))
    assert {OPEN, SEALED} <= set(types.partition("=")[2].split(";")), types
    print("ok the program says that it opens them")
    return 0


sys.exit(main())
