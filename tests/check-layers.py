#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fails when a source file breaks the order of the house: an include that points upwards or is
written in another way, SQL outside its rooms, a toolkit in core, a file that has grown too long."""
import pathlib
import re
import sys

MAX_LINES = 600

# What a folder of core may include besides itself. A chain in the design's list reads here as: each
# may use everything after it.
NET = {"domain", "base"}
WSMAN = {"net"} | NET
LICENSING = {"wsman"} | WSMAN
STORE = {"ledger", "db", "domain", "base"}
JOB = {"store", "ledger", "secret", "backend", "discovery", "transfer", "licensing"} | LICENSING
ALLOWED = {
    "base": set(),
    "domain": {"base"},
    "secret": {"base"},
    "db": {"base"},
    "ledger": {"db", "base"},
    "store": STORE,
    "net": NET,
    "wsman": WSMAN,
    "licensing": LICENSING,
    "backend": {"domain", "base"},
    "discovery": {"net", "wsman", "domain", "base"},
    "transfer": {"store", "domain", "base"},
    "report": {"store", "domain", "base"},
    "job": JOB,
    "model": {"store", "discovery", "transfer", "report", "domain", "base"},
    "gateway": {"ledger", "backend", "net", "db", "domain", "base"},
    "lab": {"wsman", "net", "db", "domain", "base"},
}
# The console may use everything below it; the lab and the gateway are programs of their own.
ALLOWED["console"] = set(ALLOWED) - {"gateway", "lab"}
FRONT = {"console", "model", "domain", "base"}
UI_FOLDER = "ui"

SQL_ROOMS = {"db", "ledger", "store", "gateway", "lab"}
# WQL, the query language of WMI, begins like SQL.
WQL_ROOMS = {"wsman", "licensing"}

INCLUDE = re.compile(r'\s*#\s*include\s+(["<])([^">]+)[">]')
OWN = re.compile(r"([a-z]+)/lk-[a-z0-9-]+\.h")
GENERATED = re.compile(r"config\.h|lk-[a-z]+-resources\.h")
TOOLKIT = re.compile(r"(gtk|adwaita|gdk|gsk|graphene|pango)\b")
TEXT_OR_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|/\*.*?\*/|//[^\n]*', re.S)
SQL = re.compile(
    r"\b(INSERT\s+(OR\s+\w+\s+)?INTO|DELETE\s+FROM|REPLACE\s+INTO|UPDATE\s+\w+\s+SET|PRAGMA\s+\w+"
    r"|(CREATE|DROP|ALTER)\s+(UNIQUE\s+)?(TABLE|INDEX|TRIGGER|VIEW)|BEGIN\s+(IMMEDIATE|EXCLUSIVE)"
    r"|ON\s+CONFLICT)\b"
)
SELECT = re.compile(r"\bSELECT\s.*(\bFROM\b|$)", re.S)

faults = []


def fault(name, line, message):
    faults.append(f"{name}:{line}: {message}")


def get_layer(name):
    """The folder of core, or "app" or "ui"; None for what stands beside the folders."""
    if name.parts[0] != "core":
        return name.parts[0]
    return name.parts[1] if len(name.parts) > 2 else None


def get_allowed(name, layer):
    if layer == "ui":
        return FRONT
    if layer == "app":
        programs = {part for part in ("gateway", "lab") if part in name.stem.split("-")}
        return FRONT | {UI_FOLDER} | programs | set(name.parts[1:-1])
    return ALLOWED.get(layer, set())


def check_include(name, layer, line, mark, path):
    if mark == "<":
        if layer not in ("app", "ui") and TOOLKIT.match(path):
            fault(name, line, "core knows no toolkit")
        if path == "sqlite3.h" and layer not in SQL_ROOMS:
            fault(name, line, "SQLite is spoken in " + ", ".join(sorted(SQL_ROOMS)) + " only")
        if "lk-" in path:
            fault(name, line, "our own headers are included with quotation marks")
        return
    if GENERATED.fullmatch(path):
        return
    own = OWN.fullmatch(path)
    if own is None:
        fault(name, line, f"“{path}” is not written from core/, like “net/lk-link.h”")
    elif own[1] != layer and own[1] not in get_allowed(name, layer):
        fault(name, line, f"{layer} must not include {own[1]}")


def check_order(name, includes, root):
    """config.h first, then the file's own header."""
    if name.suffix != ".c":
        return
    paths = [path for _, _, path in includes]
    if paths[:1] != ["config.h"]:
        fault(name, 1, "“config.h” is not the first include")
    header = name.with_suffix(".h")
    own = "/".join(header.parts[header.parts[0] != UI_FOLDER :])
    private = own.replace(".h", "-private.h")
    if (root / header).exists() and paths[1:2] not in ([own], [private]):
        fault(name, 1, f"its own header “{own}” does not follow “config.h”")


def check_text(name, layer, text):
    """Looks into string literals; two that stand side by side are looked at one by one."""
    for found in TEXT_OR_COMMENT.finditer(text):
        literal = found[0]
        if not literal.startswith('"') or layer in SQL_ROOMS:
            continue
        if SQL.search(literal) or (layer not in WQL_ROOMS and SELECT.search(literal)):
            fault(name, text.count("\n", 0, found.start()) + 1, f"SQL has no place in {layer}")


def check(path, root):
    name = path.relative_to(root)
    layer = get_layer(name)
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    includes = []

    if name.parts[0] == "core" and layer not in ALLOWED:
        fault(name, 1, f"core has no folder {layer}: tell tests/check-layers.py what it may use")
    if len(lines) > MAX_LINES:
        fault(name, len(lines), f"more than {MAX_LINES} lines")
    if not lines or lines[0] != "/* SPDX-License-Identifier: GPL-3.0-or-later */":
        fault(name, 1, "the first line is not the licence's")
    if name.suffix == ".h" and "#pragma once" not in lines:
        fault(name, 1, "“#pragma once” is missing")
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if found:
            includes.append((number, found[1], found[2]))
            check_include(name, layer, number, found[1], found[2])
        if re.search(r"\bgoto \w+;", line):
            fault(name, number, "no goto")
        if "soup_server_" in line:
            fault(name, number, "libsoup's server is not used, the server is net/'s")
    check_order(name, includes, root)
    check_text(name, layer, text)


root = pathlib.Path(sys.argv[1])
for path in sorted(p for d in ("app", "core", "ui") for p in (root / d).rglob("*.[ch]")):
    check(path, root)
print("\n".join(faults) or "layers ok")
sys.exit(bool(faults))
