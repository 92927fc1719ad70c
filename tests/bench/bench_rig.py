# SPDX-License-Identifier: GPL-3.0-or-later
"""What benchmarks of whole programs share: a rig that cleans up, and what a process has used."""
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "system"))
from latchkey_rig import Failure, Rig  # noqa: E402

SCALED = os.environ.get("LATCHKEY_BENCH_FULL") != "1"


@contextlib.contextmanager
def open_rig(build, machines, **more):
    with tempfile.TemporaryDirectory(prefix="latchkey-bench-") as folder:
        rig = Rig(build, folder, machines, **more)
        try:
            yield rig
        finally:
            rig.stop()


def set_up(rig):
    """A store that knows the fleet, but has read no machine of it."""
    rig.run("latchkey-lab", "--practice-key", "mak:1", "--key-file", rig.folder / "mak")
    rig.ctl("credential", "add", "lab", "--user", "administrator", "--password-file",
            rig.secret("machine-password"))
    rig.ctl("key", "add", "--key-file", rig.folder / "mak")
    rig.ctl("discover", "file", rig.folder / "hosts.csv")


def add_gateway(rig):
    rig.start_gateway()
    rig.ctl("config", "set", "backend.url", f"http://127.0.0.1:{rig.gateway_port}/")
    rig.ctl("config", "set", "backend.digest-key", "--file", rig.secret("digest-key"))
    rig.ctl("config", "set", "backend.token", "--file", rig.folder / "token")


def read_hosts(rig):
    """(name, address, port) of every machine."""
    lines = (rig.folder / "hosts.csv").read_text().splitlines()[1:]
    return [(cells[0], cells[1], int(cells[2])) for cells in (line.split(",") for line in lines)]


def make_certificate(rig, name, purpose="serverAuth"):
    """One that nobody vouches for, for all machines or for a person; gives its SHA-256."""
    key, certificate = rig.folder / f"{name}.key", rig.folder / f"{name}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "30", "-subj", f"/CN={name}.lab.test",
                    "-addext", f"subjectAltName=DNS:{name}.lab.test",
                    "-addext", f"extendedKeyUsage={purpose}"], check=True, capture_output=True)
    done = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-fingerprint",
                           "-sha256"], check=True, capture_output=True, text=True)
    return done.stdout.strip().split("=")[1].lower()


def tls_options(rig, name):
    """For the lab: a second port, where every machine shows this certificate."""
    return ["--tls-port", "0", "--tls-certificate", str(rig.folder / f"{name}.pem"),
            "--tls-key", str(rig.folder / f"{name}.key")]


def read_cpu(server):
    """Seconds of the processor that a server has used."""
    stat = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text()
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def post(rig, path):
    """Lets something happen in the lab."""
    url = f"http://127.0.0.1:{rig.lab_ports['control']}{path}"
    with urllib.request.urlopen(urllib.request.Request(url, b"", method="POST"), timeout=30):
        pass


def count_descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def time_ctl(rig, *args, codes=(0, 4)):
    return time_command(rig, rig.ctl_command(*args), codes)


def time_command(rig, command, codes):
    """Seconds by the wall, seconds of the processor, and the peak memory in MB of one command."""
    with open(rig.folder / "ctl.out", "wb") as out, open(rig.folder / "ctl.err", "wb") as err:
        start = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=err, env=rig.environment({}))
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in codes:
        raise Failure(f"{' '.join(command)} ended with {process.returncode}: "
                      f"{(rig.folder / 'ctl.err').read_text()[-1000:]}")
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
