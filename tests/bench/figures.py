# SPDX-License-Identifier: GPL-3.0-or-later
"""One line for each figure. A ratio that misses its bar twofold fails the benchmark; times and
sizes, which depend on the machine, are only reported."""
import statistics
import sys

ROUNDS = 3
_broken = []


def median(values):
    return statistics.median(values)


def _print(name, value, unit, bar="", holds=None):
    line = f"{name:<52} {value:>10.2f} {unit:<6}"
    if holds is not None:
        line += f"  (bar: {bar})  {'holds' if holds else 'MISSED'}"
    print(line.rstrip(), flush=True)


def say(name, value, unit):
    """A figure without a bar."""
    _print(name, value, unit)


def say_at_most(name, value, unit, bar):
    """A figure that depends on the machine: nothing fails."""
    _print(name, value, unit, f"at most {bar:g}", value <= bar)


def expect_at_most(name, ratio, unit, bar):
    _print(name, ratio, unit, f"at most {bar:g}", ratio <= bar)
    if ratio > 2 * bar:
        _broken.append(name)


def expect_at_least(name, ratio, unit, bar):
    _print(name, ratio, unit, f"at least {bar:g}", ratio >= bar)
    if ratio < bar / 2:
        _broken.append(name)


def finish():
    """Ends the benchmark."""
    for name in _broken:
        print(f"more than twice off its bar: {name}", file=sys.stderr)
    sys.exit(1 if _broken else 0)
