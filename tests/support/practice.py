# SPDX-License-Identifier: GPL-3.0-or-later
"""The telephone of the practice world."""
import hashlib
import hmac


def make_practice_cid(iid, key_identity):
    """As core/domain/lk-practice.c does: what the activation centre of the practice world says."""
    words = b"".join(word.encode() + b"\0" for word in (iid, key_identity))

    def draw():
        counter = 0
        while True:
            yield from hmac.new(b"latchkey practice confirmation ID",
                                str(counter).encode() + b"\0" + words, hashlib.sha256).digest()
            counter += 1

    stream = draw()
    digits = ""
    for _ in range(8):
        group = "".join(
            str(int.from_bytes(bytes(next(stream) for _ in range(8)), "big") % 10)
            for _ in range(5))
        check = sum(int(digit) * (1 if n % 2 == 0 else 2) for n, digit in enumerate(group)) % 7
        digits += group + str(check)
    return digits


def get_key_identity(epid):
    fields = epid.split("-")
    return f"{fields[1]}-{fields[2]}{fields[3]}"
