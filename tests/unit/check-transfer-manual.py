#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Works out the digests of the examples with the program that the manual gives to strangers:
check-transfer-manual.py ROOT"""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
manual = (root / "data/man/latchkey-transfer.5").read_text("utf-8")
program = re.search(r"^\.EX\n(import .*?)^\.EE$", manual, re.M | re.S)[1].replace("\\-", "-")
examples = sorted((root / "data/transfer-examples").glob("*.xml"))
for example in examples:
    found = subprocess.run([sys.executable, "-c", program, str(example)], capture_output=True,
                           text=True, check=True).stdout.strip()
    if f'sha256="{found}"' not in example.read_text("utf-8"):
        sys.exit(f"{example.name}: the manual's program gives {found}")
print(f"{len(examples)} digests ok")
sys.exit(len(examples) < 2)
