# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts in network namespaces of their own, on one switch, with the daemons that real ones run: for
tests of finding machines. Nothing of it shows outside the namespaces, and all of it goes again."""
import json
import os
import shutil
import subprocess
import sys
import time

IDENTIFY = b"""<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body>
<wsmid:IdentifyResponse xmlns:wsmid="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">
<wsmid:ProtocolVersion>http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd</wsmid:ProtocolVersion>
<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>
<wsmid:ProductVersion>OS: 0.0.0 SP: 0.0 Stack: 3.0</wsmid:ProductVersion>
</wsmid:IdentifyResponse></s:Body></s:Envelope>"""

# Run in a host's namespace by /usr/bin/python3 -c: a port that identifies itself, and one that takes
# connections and says nothing.
WSMAN = f"""
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        assert self.headers["WSMANIDENTIFY"] == "unauthenticated" and self.path == "/wsman"
        body = {IDENTIFY!r}
        self.send_response(200)
        self.send_header("Content-Type", "application/soap+xml;charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(("", 5985), Handler).serve_forever()
"""
SILENT = """
import socket, time
server = socket.create_server(("", 5985), backlog=64)
while True:
    time.sleep(1000)
"""


class Failure(Exception):
    """What a check found wrong, in words."""


def obstacle(*programs):
    """Why no such network can be made here, or None."""
    missing = [name for name in ("ip", "unshare", *programs) if find(name) is None]
    if missing:
        return "not installed: " + ", ".join(missing)
    name = f"lk{os.getpid()}try"
    made = subprocess.run([find("ip"), "netns", "add", name], capture_output=True, text=True)
    if made.returncode != 0:
        return "network namespaces cannot be made here: " + made.stderr.strip()
    linked = subprocess.run([find("ip"), "-n", name, "link", "add", "type", "bridge"],
                            capture_output=True, text=True)
    subprocess.run([find("ip"), "netns", "del", name], check=True)
    return None if linked.returncode == 0 else \
        "no bridge can be made in a namespace here: " + linked.stderr.strip()


def find(program):
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


class Network:
    """A switch with hosts. Each host is a namespace with an interface eth0."""

    def __init__(self, folder):
        self.folder = folder
        self.prefix = f"lk{os.getpid()}"
        self.names = []
        self.processes = []
        self.switch = self.add_namespace("sw")
        self.ip("-n", self.switch, "link", "add", "br0", "type", "bridge")
        self.ip("-n", self.switch, "link", "set", "br0", "up")

    def ip(self, *args):
        done = subprocess.run([find("ip"), *args], capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"ip {' '.join(args)}: {done.stderr}")

    def add_namespace(self, name):
        namespace = self.prefix + name
        self.ip("netns", "add", namespace)
        self.names.append(namespace)
        self.ip("-n", namespace, "link", "set", "lo", "up")
        return namespace

    def add_host(self, name, *addresses):
        """One more host; without addresses it has only the link-local one of IPv6."""
        namespace = self.add_namespace(name)
        port = "p" + name
        self.ip("link", "add", port, "netns", self.switch, "type", "veth",
                "peer", "name", "eth0", "netns", namespace)
        self.ip("-n", self.switch, "link", "set", port, "master", "br0", "up")
        # No waiting for duplicates of addresses that nobody else can have.
        self.run(name, "/bin/sh", "-c",
                 "echo 0 2>/dev/null >/proc/sys/net/ipv6/conf/eth0/accept_dad || true")
        for address in addresses:
            self.ip("-n", namespace, "addr", "add", address, "brd", "+", "dev", "eth0")
        self.ip("-n", namespace, "link", "set", "eth0", "up")
        if addresses:
            self.ip("-n", namespace, "route", "add", "224.0.0.0/4", "dev", "eth0")
        return namespace

    def command(self, name, *args):
        return [find("ip"), "netns", "exec", self.prefix + name, *args]

    def run(self, name, *args, **options):
        return subprocess.run(self.command(name, *map(str, args)), check=True, timeout=300,
                              stdin=subprocess.DEVNULL, **options)

    def start(self, name, hostname, *args, setup=""):
        """A daemon on a host that thinks it is called @hostname, with mounts of its own."""
        script = f'hostname {hostname}; {setup} exec "$@"'
        with open(self.folder / f"{name}-{os.path.basename(args[0])}.log", "wb") as log:
            self.processes.append(subprocess.Popen(
                self.command(name, find("unshare"), "-u", "-m", "/bin/sh", "-c", script, "sh",
                             *map(str, args)),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def start_nmbd(self, name, hostname, workgroup, is_master=False):
        place = self.folder / f"{name}-samba"
        place.mkdir()
        config = place / "smb.conf"
        folders = "".join(f"{kind} directory = {place}\n"
                          for kind in ("lock", "state", "cache", "private", "pid"))
        config.write_text(
            "[global]\ninterfaces = eth0\nbind interfaces only = yes\n"
            f"netbios name = {hostname}\nworkgroup = {workgroup}\nncalrpc dir = {place}/rpc\n"
            f"{folders}local master = {'yes' if is_master else 'no'}\nos level = 65\n"
            f"preferred master = {'yes' if is_master else 'no'}\n")
        self.start(name, hostname, find("nmbd"), "-F", "--no-process-group", "-s", config,
                   "-l", place)

    def start_wsdd(self, name, hostname, group, *options):
        self.start(name, hostname, find("wsdd"), "-i", "eth0", "-n", hostname, "-w", group,
                   *options)

    def start_avahi(self, name, hostname):
        config = self.folder / f"{name}-avahi.conf"
        config.write_text("[server]\nenable-dbus=no\nallow-interfaces=eth0\n"
                          f"host-name={hostname}\n[publish]\npublish-workstation=yes\n")
        self.start(name, hostname, find("avahi-daemon"), "-f", config, "--no-drop-root",
                   "--no-chroot", "--no-rlimits",
                   setup="mount -t tmpfs none /run && mkdir -p /run/avahi-daemon &&")

    def start_port(self, name, script):
        self.start(name, name, "/usr/bin/python3", "-c", script)

    def filter_port(self, name, verdict):
        """The host's firewall gives TCP to 5985 that verdict."""
        rules = f"add table inet t\nadd chain inet t c {{ type filter hook input priority 0; }}\n" \
                f"add rule inet t c tcp dport 5985 {verdict}\n"
        path = self.folder / f"{name}.nft"
        path.write_text(rules)
        self.run(name, find("nft"), "-f", path)

    def ctl(self, name, program, *args, db, expect=0):
        """latchkeyctl on a host; gives what it printed as JSON, one object a line of a stream."""
        done = subprocess.run(self.command(name, str(program), f"--db={db}", *map(str, args)),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=200,
                              env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": "disabled:",
                                   "XDG_RUNTIME_DIR": str(self.folder), "LC_ALL": "C.UTF-8"})
        if done.returncode != expect:
            raise Failure(f"{' '.join(map(str, args))}: exit {done.returncode}: {done.stderr[-800:]}")
        if "--stream" in args:
            return [json.loads(line) for line in done.stdout.splitlines()]
        return json.loads(done.stdout)

    def close(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for name in self.names:
            for _ in range(50):
                gone = subprocess.run([find("ip"), "netns", "del", name], capture_output=True)
                if gone.returncode == 0:
                    break
                time.sleep(0.1)
            else:
                print(f"# {name} could not be removed", file=sys.stderr)
