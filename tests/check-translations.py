#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fails when a catalogue is not whole: check-translations.py ROOT. Each language of po/LINGUAS has
every text of the tree, none of them guessed, with formats and plural forms that msgfmt accepts;
po/POTFILES names every file with texts."""
import pathlib
import re
import runpy
import subprocess
import sys
import tempfile

SHOWN_MAX = 10


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def check_catalogue(catalogue, template, folder):
    merged = folder / catalogue.name
    checked = run("msgfmt", "--check", "--output-file=/dev/null", str(catalogue))
    if checked.returncode != 0:
        return [checked.stderr.strip()]
    run("msgmerge", "--quiet", "--no-fuzzy-matching", "--output-file", str(merged), str(catalogue),
        str(template)).check_returncode()
    faults = []
    for kind, what in (("--untranslated", "is not translated"), ("--only-fuzzy", "is a guess")):
        left = run("msgattrib", kind, "--no-obsolete", "--no-wrap", str(merged)).stdout
        texts = re.findall(r'^msgid "(.+)"$', left, re.M)
        faults += [f"{catalogue.name}: “{text}” {what}" for text in texts[:SHOWN_MAX]]
        if len(texts) > SHOWN_MAX:
            faults.append(f"{catalogue.name}: … and {len(texts) - SHOWN_MAX} more")
    return faults


def main():
    root = pathlib.Path(sys.argv[1])
    update = runpy.run_path(str(root / "po" / "update"))
    faults = []
    listed = (root / "po" / "POTFILES").read_text("utf-8").split()
    if sorted(listed) != update["list_sources"]():
        faults.append("po/POTFILES does not list the files with texts; run po/update")
    with tempfile.TemporaryDirectory() as name:
        template = pathlib.Path(name) / "latchkey.pot"
        update["write_template"](template)
        for language in (root / "po" / "LINGUAS").read_text("utf-8").split():
            faults += check_catalogue(root / "po" / f"{language}.po", template, pathlib.Path(name))
    print("\n".join(faults) or "catalogues ok")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
