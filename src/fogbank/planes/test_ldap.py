"""LDAP binds: bytes as a client sends them, and bytes that nobody should send."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket

import pytest

from fogbank.planes import ldap
from fogbank.planes.ldap import Asked, Malformed

NAME = "uid=ann,ou=db-A"
UNBIND = bytes.fromhex("30050201034200")
SEARCH = bytes.fromhex("30070201026302 0400".replace(" ", ""))


def element(tag: int, content: bytes) -> bytes:
    """BER, with lengths in five bytes, as OpenLDAP's client sends those that are long."""
    size = len(content)
    return bytes([tag]) + (bytes([size]) if size < 128 else b"\x84" + size.to_bytes(4, "big")) + content


def bind(name: str, password: str, *, version: int = 3, method: int = 0x80, number: bytes = b"\x01") -> bytes:
    body = element(2, bytes([version])) + element(4, name.encode()) + element(method, password.encode())
    return element(0x30, element(2, number) + element(0x60, body))


@pytest.mark.parametrize("password", ["x", "x" * 200, "é" * 1500], ids=len)
def test_a_bind_is_read_as_soon_as_all_of_it_is_there(password: str) -> None:
    data = bind(NAME, password)
    assert ldap.taken(data + UNBIND) == (Asked(1, 0x60, 3, NAME, password), len(data))
    assert all(ldap.taken(data[:size]) is None for size in range(len(data)))


def test_answers_are_what_the_standard_says() -> None:
    assert ldap.answer(1, ldap.SUCCESS).hex() == "300c02010161070a010004000400"
    assert ldap.answer(200, ldap.INVALID).hex() == "300d020200c861070a013104000400"
    assert b"1.3.6.1.4.1.1466.20036" in ldap.answer(0, ldap.UNWILLING, "no", operation=0x78)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (bind(NAME, "right"), ldap.SUCCESS),
        (bind(NAME, "wrong"), ldap.INVALID),
        (bind(NAME, ""), ldap.UNWILLING),
        (bind("", "right"), ldap.UNWILLING),
        (bind(NAME, "right", version=2), ldap.PROTOCOL_ERROR),
        (bind(NAME, "right", method=0xA3), ldap.METHOD_NOT_SUPPORTED),
        (bind(NAME, "broken"), ldap.OTHER),
    ],
)
def test_only_the_right_password_is_let_in(data: bytes, code: int) -> None:
    def check(name: str, password: str) -> bool:
        return (name, password) == (NAME, "right") if password != "broken" else bool(1 // 0)

    found = ldap.taken(data)
    assert found is not None
    assert ldap.answered(found[0], check) == code


def test_garbage_is_malformed_or_not_there_yet_and_nothing_else() -> None:
    dice, good = random.Random(7), bind(NAME, "x" * 300)
    for _ in range(20_000):
        data = bytearray(good if dice.random() < 0.8 else dice.randbytes(dice.randrange(40)))
        for _ in range(dice.randrange(4)):
            if data:
                data[dice.randrange(min(len(data), 60))] = dice.randrange(256)
        with contextlib.suppress(Malformed):
            found = ldap.taken(bytes(data))
            assert found is None or found[1] <= len(data)
    for wrong in (b"\x30\x84\x7f\xff\xff\xff", b"\x30\x80", b"GET / HTTP/1.1\r\n", b"\x30\x02\x02\x00"):
        with pytest.raises(Malformed):
            ldap.taken(wrong)


def test_a_session_goes_on_until_it_says_something_else() -> None:
    async def story() -> tuple[bytes, bytes, bytes]:
        sock = socket.create_server(("127.0.0.1", 0))
        close = await ldap.serve(sock, lambda name, password: password == "right")
        said = []
        for data in (bind(NAME, "right") + bind(NAME, "wrong", number=b"\x02") + UNBIND, SEARCH, b"GET / HTTP/1.1"):
            reader, writer = await asyncio.open_connection(*sock.getsockname())
            writer.write(data)
            # All of it: the server hangs up.
            said.append(await asyncio.wait_for(reader.read(), 5))
            writer.close()
        close()
        return said[0], said[1], said[2]

    binds, search, garbage = asyncio.run(story())
    assert binds == ldap.answer(1, ldap.SUCCESS) + ldap.answer(2, ldap.INVALID)
    assert search == ldap.answer(0, ldap.UNWILLING, "only binds are served", operation=0x78)
    assert bytes([0x0A, 1, ldap.PROTOCOL_ERROR]) in garbage
