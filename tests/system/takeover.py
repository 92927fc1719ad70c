#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two consoles, one store: the one that runs the job is killed, the one that follows goes on."""
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from latchkey_rig import Failure, Rig

MACHINES = 150
LIMIT_SECONDS = 5


def count_done(rig):
    return rig.rows("fleet.db", "SELECT count (*) FROM event WHERE job_id = 2")[0][0]


def start(rig, *arguments):
    return subprocess.Popen(rig.ctl_command(*arguments), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            env=rig.environment({}))


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(f"after {seconds} s still no sign of: {what}")
        time.sleep(0.02)


def test(rig):
    rig.set_up()
    rig.ctl("config", "set", "runner.workers", 4)
    runner = start(rig, "activate", "--proxy", "--all", "--key", "1", "--yes")
    follower = None
    try:
        wait_until(lambda: rig.rows("fleet.db", "SELECT 1 FROM job WHERE id = 2"), 20, "the job")
        follower = start(rig, "job", "follow", "2")
        wait_until(lambda: count_done(rig) > 20, 30, "work by the first console")
        runner.send_signal(signal.SIGKILL)
        runner.wait()
        time.sleep(0.05)
        before, killed = count_done(rig), time.monotonic()
        wait_until(lambda: count_done(rig) > before, LIMIT_SECONDS, "work by the second console")
        print(f"# the second console went on after {time.monotonic() - killed:.2f} s")
        output, _ = follower.communicate(timeout=120)
        if follower.returncode != 0:
            raise Failure(f"the second console ended with {follower.returncode}: {output[-800:]}")
    finally:
        for process in (runner, follower):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
    rig.check()


def main():
    with tempfile.TemporaryDirectory(prefix="latchkey-takeover-") as folder:
        rig = Rig(pathlib.Path(sys.argv[1]), folder, MACHINES, seed=4)
        try:
            test(rig)
            print("1..1\nok 1 the follower takes over")
        except Failure as failure:
            print(f"1..1\nnot ok 1 the follower takes over # {failure}")
        finally:
            rig.stop()


if __name__ == "__main__":
    main()
