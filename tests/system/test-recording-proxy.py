#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recording proxy sees what is to be seen: a recorder that finds nothing would prove nothing."""
import base64
import contextlib
import os
import pathlib
import socket
import sys
import tempfile
import threading

from latchkey_rig import Failure, Rig
from recording_proxy import RecordingProxy, spellings

MACHINES = 1000
PASSWORD = "Plant & <password> 7731"


def expect(what, found, wanted):
    if found != wanted:
        raise Failure(f"{what}: {found!r}, not {wanted!r}")


def expect_failure(what, call, words):
    try:
        call()
    except Failure as failure:
        if words not in str(failure):
            raise
        return
    raise Failure(f"{what}: no failure")


@contextlib.contextmanager
def service(serve):
    """Serves one connection after another on every address of loopback, in a thread."""
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))
        listener.listen(16)
        listener.settimeout(20)

        def run():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.settimeout(20)
                        serve(connection)
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(20)


def read_all(connection):
    pieces = []
    while piece := connection.recv(1 << 16):
        pieces.append(piece)
    return b"".join(pieces)


def connect(proxy, address="127.3.2.1"):
    return socket.create_connection((address, proxy.port), timeout=20)


def basic(folder):
    """A thousand machines over plain HTTP with Basic: everything is readable, and is found."""
    rig = Rig(sys.argv[1], folder, MACHINES, seed=5)
    try:
        rig.secret("machine-password", PASSWORD)
        rig.start_lab()
        with RecordingProxy(rig.lab_ports["port"]) as proxy:
            proxy.redirect(rig.folder / "hosts.csv")
            rig.ctl("credential", "add", "lab", "--user", "administrator", "--password-file",
                    rig.secret("machine-password"))
            rig.ctl("discover", "file", rig.folder / "hosts.csv")
            rig.ctl("refresh", "--all", "--give-up-after", "20s")
            proxy.wait_idle()
        addresses = {line.split(",")[1]
                     for line in (rig.folder / "hosts.csv").read_text().splitlines()[1:]}
        expect("machines asked", {record.address for record in proxy.connections}, addresses)
        if proxy.most_open < 32:
            raise Failure(f"only {proxy.most_open} connections at once")

        basic_line = base64.b64encode(f"administrator:{PASSWORD}".encode())
        expect("connections with the password", len(proxy.find(basic_line, "sent")),
               len(proxy.connections))
        expect("answers with the password", proxy.find(basic_line, "received"), [])
        found = proxy.find_secrets({"password": PASSWORD})
        expect("its spelling", {spelling for _, spelling, _ in found}, {"utf-8, base64"})
        expect("in how many connections", len(found), len(proxy.connections))

        for machine in rig.control("/machines")[:20]:
            for product in machine["products"]:
                found = proxy.find(product["iid"].encode(), "received")
                expect("whose installation ID was seen", {record.address for record in found},
                       {machine["address"]})
        expect("connections with installation IDs",
               len(proxy.find_pattern(rb"[0-9]{54,}", "received")), len(proxy.connections))
        expect("a secret that was never said", proxy.find_secrets({"x": "never said"}), [])
        expect_failure("readable secrets",
                       lambda: proxy.check_hidden({"password": PASSWORD}), "was readable")
        proxy.check_hidden({"another": "never said"})
        print(f"# {len(proxy.connections)} connections, {proxy.most_open} at once,"
              f" {proxy.n_kept >> 10} KiB, {proxy.cpu_seconds:.2f} s of processor")
    finally:
        rig.stop()


def forward(_):
    """Both ways, more than any buffer holds, and the end of each way by itself."""
    question, answer = os.urandom(5 << 20), os.urandom(7 << 20)
    heard = []

    def serve(connection):
        heard.append(read_all(connection))
        connection.sendall(answer)
    with service(serve) as port, RecordingProxy(port) as proxy:
        with connect(proxy) as client:
            client.sendall(question)
            client.shutdown(socket.SHUT_WR)
            expect("the answer", read_all(client) == answer, True)
        proxy.wait_idle()
        record, = proxy.connections
        expect("what was heard", heard[0] == question, True)
        expect("the record", (record.sent == question, record.received == answer, record.address,
                              record.error, record.closed), (True, True, "127.3.2.1", None, True))


def break_off(_):
    """A connection that the machine resets, and one that it does not take, end as resets."""
    def serve(connection):
        connection.recv(100)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    with service(serve) as port:
        proxy = RecordingProxy(port)
        with proxy:
            for _ in range(2):
                try:
                    with connect(proxy) as client:  # which may hear of the reset already
                        client.sendall(b"hello")
                        client.recv(100)
                    raise Failure("a broken connection ended as if it were whole")
                except (ConnectionResetError, BrokenPipeError):
                    pass
                proxy.wait_idle()
                proxy.target_port = 1  # nobody listens there
        if any(record.error is None for record in proxy.connections):
            raise Failure("a break was not recorded")


def overflow(_):
    """A record that is not whole says so, whatever is looked for."""
    with service(read_all) as port, RecordingProxy(port, limit=1000) as proxy:
        with connect(proxy) as client:
            client.sendall(b"x" * 2000)
            client.shutdown(socket.SHUT_WR)
            read_all(client)
        proxy.wait_idle()
        expect_failure("find", lambda: proxy.find(b"y"), "not whole")
        expect_failure("check_hidden", lambda: proxy.check_hidden({"y": "yyyy"}), "not whole")


def nothing(_):
    """That nothing was found means nothing if nothing went by."""
    with RecordingProxy(1) as proxy:
        expect_failure("check_hidden", lambda: proxy.check_hidden({"a": "secret"}), "nothing went")


def spell(_):
    """Wherever a secret begins in what is encoded."""
    secret = "Pass-wörd <1>"
    for before in range(7):
        for text in (secret.encode(), secret.encode("utf-16-le")):
            whole = base64.b64encode(b"u" * before + text + b"v" * before)
            if not any(form in whole for form in spellings(secret)):
                raise Failure(f"not found in base64 after {before} bytes")
    for text in ("Pass-wörd &lt;1&gt;", "Pass-w%C3%B6rd%20%3C1%3E", secret.encode().hex()):
        if text.encode() not in spellings(secret):
            raise Failure(f"{text} is not among the spellings")


CASES = [basic, forward, break_off, overflow, nothing, spell]


def main():
    print(f"1..{len(CASES)}", flush=True)
    for i, case in enumerate(CASES, 1):
        with tempfile.TemporaryDirectory(prefix="latchkey-proxy-") as folder:
            try:
                case(pathlib.Path(folder))
                print(f"ok {i} {case.__name__}", flush=True)
            except Exception as failure:
                print(f"not ok {i} {case.__name__} #", *str(failure).split(), flush=True)


if __name__ == "__main__":
    main()
