# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the programs for benchmarks and for tests with foreign clients: each says "ready name=value
…" on its standard output, and ends with SIGTERM."""
import os
import pathlib
import secrets
import select
import subprocess
import time

READY_WITHIN = 60


class Program:
    """A server that runs until stop() or the end of a with block."""

    def __init__(self, *argv):
        self.process = subprocess.Popen([str(word) for word in argv], stdout=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL)
        line = self._read_line()
        words = line.split()
        if not words or words[0] != "ready":
            self.stop()
            raise RuntimeError(f"{argv[0]} did not start: {line!r}")
        self.ready = dict(word.split("=", 1) for word in words[1:] if "=" in word)

    def _read_line(self):
        deadline = time.monotonic() + READY_WITHIN
        line = b""
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                break
            byte = os.read(self.process.stdout.fileno(), 1)
            if not byte:
                break
            line += byte
        return line.decode()

    def read_cpu(self):
        """Seconds of the processor that it has used."""
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def count_descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def make_secret(folder, name, n_bytes=12):
    """Writes a random secret to a file that nobody else may read; gives the file."""
    path = pathlib.Path(folder) / name
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(n_bytes))
    return path


def read_hosts(path):
    """(name, address, port) of every machine in a hosts file of the lab."""
    lines = pathlib.Path(path).read_text().splitlines()[1:]
    return [(cells[0], cells[1], int(cells[2])) for cells in (line.split(",") for line in lines)]
