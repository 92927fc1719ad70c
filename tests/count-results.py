#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds up the results of tests/run: names what failed or was skipped, closes with the count."""
import pathlib
import sys
import xml.etree.ElementTree as ET

folder = pathlib.Path(sys.argv[1])
passed, failed, skipped = [], [], []

for report in sorted(folder.glob("*.junit.xml")):
    name = report.name.removesuffix(".junit.xml")
    for case in ET.parse(report).iter("testcase"):
        label = f"{name}: {case.get('classname', '')} {case.get('name', '')}"
        if case.find("failure") is not None or case.find("error") is not None:
            failed.append(label)
        elif case.find("skipped") is not None:
            skipped.append(label)
        else:
            passed.append(label)

for line in (folder / "steps.tsv").read_text().splitlines():
    result, label = line.split("\t", 1)
    (passed if result == "pass" else failed).append(label)

print()
for label in skipped:
    print(f"skipped  {label}")
for label in failed:
    print(f"FAILED   {label}")
print(f"{len(passed)} passed, {len(failed)} failed" + (f", {len(skipped)} skipped" if skipped else ""))
sys.exit(1 if failed or not passed else 0)
