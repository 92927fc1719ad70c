# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands between the programs and the machines and keeps every byte, to be searched for secrets.

One thread with epoll: a test's own work waits in subprocesses meanwhile, so nothing competes.
"""
import base64
import contextlib
import csv
import errno
import io
import pathlib
import re
import select
import socket
import struct
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

from latchkey_rig import Failure

PIECE = 256 << 10
HIGH_WATER = 1 << 20
BACKLOG = 4096
NTLM_PROOF = b"NTLMSSP\0" + struct.pack("<I", 3)  # MS-NLMP 2.2.1.3
RESET = struct.pack("ii", 1, 0)


def base64_forms(data):
    """How data looks inside of base64, wherever in the whole it begins: without the characters at
    the ends that its neighbours have a part in."""
    for before in range(3):
        start = (before * 8 + 5) // 6
        end = (before + len(data)) * 8 // 6
        yield base64.b64encode(b"\0" * before + data)[start:end]


def spellings(secret):
    """{bytes: name of the spelling} of a text or of bytes, as it is and as it might hide."""
    if isinstance(secret, bytes):
        plain = {"bytes": secret}
    else:
        plain = {"utf-8": secret.encode(), "utf-16le": secret.encode("utf-16-le")}
        with contextlib.suppress(ValueError):
            plain["from hexadecimal"] = bytes.fromhex(secret)
    forms = {}  # the other way round, so that each is looked for once
    for name, data in plain.items():
        if len(data) < 4:
            raise Failure("a secret of less than 4 bytes is too short to be looked for")
        forms.setdefault(data, name)
        for form in base64_forms(data):
            forms.setdefault(form, f"{name}, base64")
        forms.setdefault(data.hex().encode(), f"{name}, hexadecimal")
        forms.setdefault(data.hex().upper().encode(), f"{name}, hexadecimal")
    if isinstance(secret, str):
        forms.setdefault(escape(secret, {'"': "&quot;", "'": "&apos;"}).encode(), "XML")
        forms.setdefault(urllib.parse.quote(secret, safe="").encode(), "URL")
    return forms


class Connection:
    """What one connection carried. Read it when the proxy has stopped, or the connection closed."""

    def __init__(self, number, address, peer):
        self.number, self.address, self.peer = number, address, peer
        self.pieces = ([], [])
        self.closed = False
        self.error = None

    @property
    def sent(self):
        """What the client said."""
        return b"".join(self.pieces[0])

    @property
    def received(self):
        """What the machine answered."""
        return b"".join(self.pieces[1])

    def __repr__(self):
        return (f"<connection {self.number} to {self.address}: {sum(map(len, self.pieces[0]))} out,"
                f" {sum(map(len, self.pieces[1]))} in>")


class Half:
    """A socket, what waits to be written to it, and what it is registered for."""

    def __init__(self, sock, record, direction):
        self.sock, self.record, self.direction = sock, record, direction
        self.other = None
        self.pending = bytearray()
        self.ended = self.end_passed = False  # nothing more comes from it; that was passed on
        self.connecting = False
        self.mask = 0


class RecordingProxy:
    """Any 127.x.y.z with its port leads to the same address with target_port.

    A machine that refuses connections looks like one that resets them: the proxy has accepted by
    then. limit: bytes kept; a record that is not whole fails in find() rather than finding nothing.
    """

    def __init__(self, target_port, limit=512 << 20, port=0):
        self.target_port, self.limit = target_port, limit
        self.connections = []
        self.n_kept = 0
        self.n_open = self.most_open = 0
        self.dropped = 0
        self.cpu_seconds = 0.0
        self.crash = None
        self.halves = {}
        self.changed = threading.Condition()
        self.listener = socket.socket()
        try:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Old kernels leave this to root; others' connections are closed below in any case.
            with contextlib.suppress(PermissionError):
                self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
            self.listener.bind(("0.0.0.0", port))
            self.listener.listen(BACKLOG)
            self.listener.setblocking(False)
        except BaseException:
            self.listener.close()
            raise
        self.port = self.listener.getsockname()[1]
        self.wake, self.waker = socket.socketpair()
        self.epoll = select.epoll()
        self.epoll.register(self.listener, select.EPOLLIN)
        self.epoll.register(self.wake, select.EPOLLIN)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.thread.is_alive():
            self.waker.send(b"x")
            self.thread.join(30)
            if self.thread.is_alive():
                raise Failure("the recording proxy did not end")
        if self.crash is not None:
            raise Failure(f"the recording proxy broke: {self.crash!r}") from self.crash

    def wait_idle(self, seconds=30):
        """Until no connection is open. A client that keeps some open makes this a Failure."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.n_open == 0 or self.crash, seconds):
                raise Failure(f"{self.n_open} connections are still open")

    # The thread

    def run(self):
        try:
            while self.step():
                pass
        except Exception as error:  # told by stop()
            self.crash = error
        finally:
            for half in list(self.halves.values()):
                half.sock.close()
                half.record.closed = True
            self.halves.clear()
            for thing in (self.listener, self.wake, self.waker, self.epoll):
                thing.close()
            self.cpu_seconds = time.thread_time()
            with self.changed:
                self.n_open = 0
                self.changed.notify_all()

    def step(self):
        for fd, events in self.epoll.poll():
            if fd == self.listener.fileno():
                self.accept()
            elif fd == self.wake.fileno():
                return False
            elif fd in self.halves:  # may have been closed by an event of its other half
                self.serve(self.halves[fd], events)
        return True

    def accept(self):
        for _ in range(256):
            try:
                client, peer = self.listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno == errno.ECONNABORTED:
                    continue
                raise
            address = client.getsockname()[0]
            if not peer[0].startswith("127."):
                client.close()
                continue
            record = Connection(len(self.connections), address, peer)
            self.connections.append(record)
            server = socket.socket()
            for sock in (client, server):
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            near, far = Half(client, record, 0), Half(server, record, 1)
            near.other, far.other = far, near
            self.halves[client.fileno()], self.halves[server.fileno()] = near, far
            with self.changed:
                self.n_open += 1
                self.most_open = max(self.most_open, self.n_open)
            far.connecting = True
            error = server.connect_ex((address, self.target_port))
            if error not in (0, errno.EINPROGRESS):
                self.reset(near, OSError(error, "connect"))
                continue
            self.watch(near)
            self.watch(far)

    def watch(self, half):
        mask = 0
        if half.connecting or half.pending:
            mask |= select.EPOLLOUT
        if not half.connecting and not half.ended and len(half.other.pending) < HIGH_WATER:
            mask |= select.EPOLLIN
        if mask == half.mask:
            return
        # With nothing to wait for it is taken out: HUP would be told again and again otherwise.
        if half.mask == 0:
            self.epoll.register(half.sock, mask)
        elif mask == 0:
            self.epoll.unregister(half.sock)
        else:
            self.epoll.modify(half.sock, mask)
        half.mask = mask

    def serve(self, half, events):
        try:
            if half.connecting:
                error = half.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if error:
                    raise OSError(error, "connect")
                half.connecting = False
                self.flush(half)
            elif events & select.EPOLLOUT:
                self.flush(half)
            if events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                self.read(half)
        except OSError as error:
            self.reset(half, error)
            return
        if half.end_passed and half.other.end_passed:
            self.close(half)
            return
        self.watch(half)
        self.watch(half.other)

    def read(self, half):
        if half.ended or half.connecting:
            return
        try:
            data = half.sock.recv(PIECE)
        except BlockingIOError:
            return
        if data:
            self.keep(half, data)
            half.other.pending += data
        else:
            half.ended = True
        if not half.other.connecting:
            self.flush(half.other)

    def keep(self, half, data):
        if self.n_kept + len(data) > self.limit:
            self.dropped += len(data)
        else:
            self.n_kept += len(data)
            half.record.pieces[half.direction].append(data)

    @staticmethod
    def flush(half):
        if half.pending:
            try:
                del half.pending[:half.sock.send(half.pending)]
            except BlockingIOError:
                return
        if not half.pending and half.other.ended and not half.other.end_passed:
            half.other.end_passed = True
            half.sock.shutdown(socket.SHUT_WR)

    def reset(self, half, error):
        """Breaks the other side as this one was broken."""
        half.record.error = error
        for each in (half, half.other):
            with contextlib.suppress(OSError):
                each.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.close(half)

    def close(self, half):
        for each in (half, half.other):
            del self.halves[each.sock.fileno()]
            each.sock.close()  # which takes it out of epoll, too
        half.record.closed = True
        with self.changed:
            self.n_open -= 1
            self.changed.notify_all()

    # What it saw

    def whole(self):
        if self.dropped:
            raise Failure(f"the record is not whole: {self.dropped} bytes were more than the limit")
        return list(self.connections)

    def find(self, wanted, direction=None):
        """The connections which carried these bytes. direction: "sent" by the client, or
        "received"."""
        return [record for record in self.whole()
                if (direction != "received" and wanted in record.sent) or
                (direction != "sent" and wanted in record.received)]

    def find_pattern(self, pattern, direction=None):
        """As find(), with a pattern of bytes: for what is of a kind, as rb"[0-9]{54,}" is for
        installation IDs, where single ones are too many."""
        pattern = re.compile(pattern)
        return [record for record in self.whole()
                if (direction != "received" and pattern.search(record.sent)) or
                (direction != "sent" and pattern.search(record.received))]

    def find_tokens(self, scheme):
        """What clients proved themselves with, decoded: [(connection, bytes)], one for each
        request that had such an Authorization."""
        pattern = re.compile(rb"\r\nAuthorization: " + scheme.encode() + rb" ([A-Za-z0-9+/=]+)\r\n")
        return [(record, base64.b64decode(token))
                for record in self.whole() for token in pattern.findall(record.sent)]

    def find_ntlm_proofs(self):
        """The connections on which a password was proved by NTLM, once for each proof: a machine
        asks its domain about each of them, and the domain counts those that are wrong."""
        return [record for record, token in self.find_tokens("Negotiate") if NTLM_PROOF in token]

    def find_secrets(self, secrets):
        """secrets: {name: text or bytes, or a list of them}. What was seen of them, as
        [(name, spelling, connection)]."""
        wanted = []
        for name, values in secrets.items():
            if isinstance(values, (str, bytes)):
                values = [values]
            wanted += [(name, spelling, form) for value in values
                       for form, spelling in spellings(value).items()]
        found = []
        for record in self.whole():
            for data in (record.sent, record.received):
                found += [(name, spelling, record) for name, spelling, form in wanted
                          if form in data]
        return found

    def check_hidden(self, secrets):
        """A Failure if one of them was seen, or if there was nothing to see."""
        if not any(record.sent and record.received for record in self.whole()):
            raise Failure("nothing went through the recording proxy")
        found = self.find_secrets(secrets)
        if found:
            name, spelling, record = found[0]
            raise Failure(f"{name} was readable ({spelling}) in {record}; {len(found)} findings")

    def redirect(self, hosts):
        """Rewrites the port column of a file of hosts, so that all of it goes through here."""
        path = pathlib.Path(hosts)
        rows = list(csv.reader(io.StringIO(path.read_text())))
        column = rows[0].index("port")
        for row in rows[1:]:
            row[column] = str(self.port)
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        path.write_text(text.getvalue())
