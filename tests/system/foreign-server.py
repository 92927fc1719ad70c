#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job on machines that speak as OMI does: DMTF's dialect, its way of framing and sealing."""
import pathlib
import sys
import tempfile

from latchkey_rig import Failure, Rig


def test(rig):
    rig.set_up()
    said = rig.ctl("check", "-v", "pc-0001.lab.test").stdout
    if "NTLM (Negotiate): signed in" not in said or "sealed" not in said:
        raise Failure(f"the sign-in was another one: {said}")
    done = rig.activate()
    if done.returncode not in (0, 4):
        raise Failure(f"activate ended with {done.returncode}: {done.stderr[-500:]}")
    if rig.check() < 20:
        raise Failure("too few machines were licensed")


def main():
    with tempfile.TemporaryDirectory(prefix="latchkey-foreign-server-") as folder:
        rig = Rig(pathlib.Path(sys.argv[1]), folder, 30, seed=3,
                  lab_options=("--auth", "negotiate", "--dialect", "foreign"))
        try:
            test(rig)
            print("1..1\nok 1 a foreign server, sealed")
        except Failure as failure:
            print(f"1..1\nnot ok 1 a foreign server, sealed # {failure}")
        finally:
            rig.stop()


if __name__ == "__main__":
    main()
