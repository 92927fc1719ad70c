# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory server in a few lines that misbehaves on demand, for what real ones never do."""
import contextlib
import socket
import threading


def tlv(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    if n < 128:
        return bytes([tag, n]) + body
    size = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def text(value, tag=4):
    return tlv(tag, value if isinstance(value, bytes) else value.encode())


def number(value, tag=2):
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def message(ident, operation, controls=b""):
    return tlv(0x30, number(ident), operation, tlv(0xA0, controls) if controls else b"")


def result(tag, code=0, said="", extra=b""):
    return tlv(tag, number(code, 10), text(""), text(said), extra)


def entry(dn, **attributes):
    pairs = (tlv(0x30, text(name), tlv(0x31, *map(text, values if isinstance(values, list)
                                                  else [values])))
             for name, values in attributes.items())
    return tlv(0x64, text(dn), tlv(0x30, *pairs))


def page_control(cookie):
    value = tlv(0x30, number(0), text(cookie))
    return tlv(0x30, text("1.2.840.113556.1.4.319"), text(value))


def device(i, **more):
    return entry(f"cn=h{i},dc=x", **{"cn": f"h{i}", "ipHostNumber": f"10.0.{i // 250}.{i % 250 + 1}",
                                     **more})


class Connection:
    def __init__(self, peer, server):
        self.peer, self.server = peer, server
        self.ident = 0

    def receive(self, n):
        data = b""
        while len(data) < n:
            piece = self.peer.recv(n - len(data))
            if not piece:
                raise OSError("the client left")
            data += piece
        return data

    def read(self):
        """One request: (its operation's tag, all of its bytes)."""
        head = self.receive(2)
        length = head[1]
        if length & 0x80:
            length = int.from_bytes(self.receive(length & 0x7F), "big")
        body = self.receive(length)
        size = body[1]
        self.ident = int.from_bytes(body[2:2 + size], "big")
        return body[2 + size], body

    def send(self, operation, controls=b""):
        self.peer.sendall(message(self.ident, operation, controls))

    def done(self, code=0, said="", cookie=b"", extra=b""):
        self.send(result(0x65, code, said, extra), page_control(cookie))

    def wait_for_end(self):
        with contextlib.suppress(OSError):
            while self.peer.recv(4096):
                pass


class HostileServer:
    """serve(connection, n): answers search number n (from 1) that is not for the root DSE."""

    def __init__(self, serve, bind_code=0):
        self.serve, self.bind_code = serve, bind_code
        self.binds = []  # all that came with them
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                threading.Thread(target=self.talk, args=(peer,), daemon=True).start()

    def talk(self, peer):
        connection, n = Connection(peer, self), 0
        with peer, contextlib.suppress(OSError):
            while True:
                tag, body = connection.read()
                if tag == 0x60:
                    self.binds.append(body)
                    connection.send(result(0x61, self.bind_code))
                elif tag == 0x63 and b"namingContexts" in body:
                    connection.send(entry("", namingContexts="dc=x"))
                    connection.done()
                elif tag == 0x63:
                    n += 1
                    self.serve(connection, n)
                else:
                    return


