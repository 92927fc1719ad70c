#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job as Germans and as programs in the C locale do it: what a program reads is the same,
numbers, words and exit statuses, whatever the language. Only sentences may differ."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from latchkey_rig import Failure, Rig

GERMAN = "de_DE.UTF-8"
MACHINES = 30
FAULTS = "dead=5%,refusing=5%,wrong-password=5%,access-denied=5%"
# Sentences for a person.
SENTENCES = {"message", "text", "title", "explanation", "meaning", "cause", "next_step", "remedy",
             "tried", "reason", "last_result", "step_title",
             "help"}
# What differs from run to run.
TIMES = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
UNSTABLE = re.compile(r"(^|_)(port|address|at|ms|seconds|fingerprint)$")
PORT = re.compile(r":\d{4,5}\b")
FOLDER = re.compile(r"/[^ ]*latchkey-language-\w+/(c|german)/")


class LanguageRig(Rig):
    language = {}

    def environment(self, extra):
        return super().environment({**self.language, **extra})


def make_german(folder):
    """The locale is made here, so that the machine's own set of them does not matter."""
    subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", str(folder / GERMAN)], check=True)
    language = {"LC_ALL": GERMAN, "LOCPATH": str(folder), "LANGUAGE": ""}
    number = subprocess.run(["/usr/bin/printf", "%.1f", "1,5"], env={**os.environ, **language},
                            capture_output=True, text=True, check=True).stdout
    if number != "1,5":
        raise Failure(f"the German locale writes {number}, not 1,5: it is not in force")
    return language


def simplify(value, key=""):
    if isinstance(value, dict):
        if "stopped" in value:  # of a credential set, whose state is a sentence beside it
            value = {**value, "state": "…"}
        return {name: simplify(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return sorted((simplify(inner, key) for inner in value),
                      key=lambda inner: json.dumps(inner, sort_keys=True))
    if UNSTABLE.search(key):
        return "…"
    if isinstance(value, str) and (key in SENTENCES or TIMES.match(value)):
        return "…" if value else ""
    return PORT.sub(":…", FOLDER.sub("", value)) if isinstance(value, str) else value


def differ(c, german, path=""):
    """The first place where two answers are not the same, in words."""
    if isinstance(c, dict) and isinstance(german, dict) and c.keys() == german.keys():
        places = [(f"{path}.{key}", c[key], german[key]) for key in c]
    elif isinstance(c, list) and isinstance(german, list) and len(c) == len(german):
        places = [(f"{path}[{i}]", c[i], german[i]) for i in range(len(c))]
    else:
        return None if c == german and type(c) is type(german) else f"{path}: {c!r}, {german!r}"
    return next(filter(None, (differ(a, b, where) for where, a, b in places)), None)


def run(rig):
    """What the programs say to programs, verb by verb."""
    answers = {}

    def ask(*args):
        done = rig.ctl(*args, check=False)
        try:
            answer = json.loads(done.stdout) if "--json" in args else done.stdout.splitlines()[:1]
        except json.JSONDecodeError as error:
            raise Failure(f"{' '.join(args)}: no JSON: {error}: {done.stdout[:200]}") from error
        answers[" ".join(args)] = (done.returncode, simplify(answer))

    rig.set_up()
    activated = rig.activate("--json")
    answers["activate"] = (activated.returncode, simplify(json.loads(activated.stdout)))
    rig.check()
    ask("list", "--all", "--json")
    ask("list", "--all", "--csv")  # its first line: the headings
    ask("list", "--select", "state=licensed", "--json")
    ask("list", "--select", "state=lizenziert", "--json")
    ask("key", "list", "--json")
    ask("key", "show", "1", "--json")
    ask("job", "list", "--json")
    ask("job", "show", "2", "--json")
    ask("report", "licenses", "--json")
    ask("report", "licenses", "--csv")
    ask("report", "pools", "--json")
    ask("report", "failures", "--csv")
    ask("config", "list", "--json")
    ask("explain", "0xC004F074", "--json")
    ask("credential", "list", "--json")
    ask("config", "set", "no.such", "1", "--json")
    return answers


def main():
    build = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="latchkey-language-") as name:
        folder = pathlib.Path(name)
        said = {}
        try:
            for language, environment in (("c", {"LC_ALL": "C"}), ("german", make_german(folder))):
                rig = LanguageRig(build, folder / language, MACHINES, seed=3, faults=FAULTS)
                rig.language = environment
                try:
                    said[language] = run(rig)
                finally:
                    rig.stop()
            for verb, (status, answer) in said["c"].items():
                if said["german"][verb][0] != status:
                    raise Failure(f"{verb}: exit {status} in C, {said['german'][verb][0]} in German")
                difference = differ(answer, said["german"][verb][1])
                if difference:
                    raise Failure(f"{verb}: in C and in German: {difference}")
            print(f"# {len(said['c'])} answers are the same")
            print("1..1\nok 1 programs are told the same in every language")
        except Failure as failure:
            print(f"1..1\nnot ok 1 programs are told the same in every language # {failure}")


if __name__ == "__main__":
    main()
