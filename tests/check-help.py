#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fails when the help of the window says what the window does not: check-help.py ROOT. What is marked
with *…* or **…** in data/help/window.md is a text of the window, or a key. Each language of po/LINGUAS
has a help with the same blocks (headings, paragraphs, items), each with the same code, and with those
texts as its catalogue has them, marked in the same way or in the language's quotes."""
import pathlib
import re
import subprocess
import sys

KEY = re.compile(r"\w+\+\S+|F\d+")
MNEMONIC = re.compile(r"\(_.\)|_")
KIND = re.compile(r"#+ |- |\d+\. |")


def load_texts(root, language):
    """All translations of each text of the catalogue, without mnemonics; plurals left aside."""
    listed = subprocess.run(["msgcat", "--no-wrap", str(root / "po" / f"{language}.po")],
                            capture_output=True, text=True, check=True).stdout
    texts = {}
    for text, translation in re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', listed, re.M):
        texts.setdefault(MNEMONIC.sub("", text), set()).add(MNEMONIC.sub("", translation))
    return texts


def read_blocks(path):
    return [line for line in path.read_text("utf-8").splitlines() if line != ""]


def find_marked(block):
    found = re.findall(r"\*\*([^*]+)\*\*|\*([^*]+)\*", block)
    return [strong or plain for strong, plain in found]


def find_names(block):
    return find_marked(block) + re.findall(r"[“„]([^“”„]+)[“”]", block)


def find_strangers(path, blocks, known):
    return [f"{path.name}: the window does not say “{name}”" for block in blocks
            for name in find_names(block) if name not in known and not KEY.fullmatch(name)]


def compare(path, source, block, texts):
    faults = []
    if KIND.match(source).group() != KIND.match(block).group():
        faults.append("is another kind of block than in English")
    if sorted(re.findall(r"`[^`]+`", source)) != sorted(re.findall(r"`[^`]+`", block)):
        faults.append("has not the code of the English")
    for name in find_marked(source):
        if name in texts and not texts[name].intersection(find_names(block)):
            faults.append(f"does not name “{'” or “'.join(sorted(texts[name]))}” ({name})")
    return [f"{path.name}: “{block[:50]}…” {fault}" for fault in faults]


def check_language(source, path, texts):
    if not path.exists():
        return [f"{path.name} is missing"]
    blocks = read_blocks(path)
    if len(source) != len(blocks):
        return [f"{path.name}: {len(blocks)} blocks, and in English {len(source)}"]
    faults = find_strangers(path, blocks, set().union(*texts.values()))
    for one, other in zip(source, blocks):
        faults += compare(path, one, other, texts)
    return faults


def main():
    root = pathlib.Path(sys.argv[1])
    folder = root / "data" / "help"
    source = read_blocks(folder / "window.md")
    faults = []
    for language in (root / "po" / "LINGUAS").read_text("utf-8").split():
        texts = load_texts(root, language)
        faults += find_strangers(folder / "window.md", source, texts)
        faults += check_language(source, folder / f"window.{language}.md", texts)
    print("\n".join(dict.fromkeys(faults)) or "help ok")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
