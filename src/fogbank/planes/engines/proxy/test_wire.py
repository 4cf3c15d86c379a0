"""PostgreSQL's messages, and SCRAM, by RFC 7677's example."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from fogbank.planes.engines.proxy import scram, units, wire
from fogbank.planes.engines.proxy.units import Names


def test_a_startup_packet_says_its_last_word() -> None:
    packet = wire.startup(3 << 16, {b"user": b"ann", b"database": b"shop"})
    assert wire.INT.unpack_from(packet) == (len(packet),)
    assert wire.startup_parameters(packet[8:]) == {b"user": b"ann", b"database": b"shop"}
    assert wire.startup_parameters(b"user\0ann\0user\0rdsadmin\0\0") == {b"user": b"rdsadmin"}
    for broken in (b"user\0ann", b"user\0ann\0", b"user\0\0"):
        with pytest.raises(wire.ProtocolError):
            wire.startup_parameters(broken)


def test_rows_and_errors() -> None:
    assert wire.row(b"\0\x03\0\0\0\x01a\xff\xff\xff\xff\0\0\0\0") == ["a", None, ""]
    said = wire.error("42601", "no", hint="try again")
    assert wire.fields(said[5:]) == {"S": "ERROR", "V": "ERROR", "C": "42601", "M": "no", "H": "try again"}


def test_units_are_cut_at_sync_and_flush_and_nowhere_else() -> None:
    names = Names()
    parse = wire.Parse(b"p", b"UPDATE t SET a = 1", b"\0\0").message()
    bind = wire.message(wire.BIND, b"\0p\0" + bytes(6))
    execute = wire.message(wire.EXECUTE, bytes(5))
    first = parse + b"H\0\0\0\x04"
    second = bind + execute + wire.SYNC_MESSAGE
    stream = first + second + wire.query("SELECT 1")
    at, found = 0, []
    while at < len(stream):
        assert units.taken(stream[: at + 3], at, names) is None
        taken = units.taken(stream, at, names)
        assert taken is not None
        unit, at = taken
        found.append(unit)
    assert [unit.data for unit in found] == [first, second, wire.query("SELECT 1")]
    assert [(unit.leans, unit.writes, unit.has_end) for unit in found] == [
        (True, False, False),
        (True, True, True),
        (False, False, True),
    ]
    assert found[1].needs == [b"p"]
    with pytest.raises(wire.ProtocolError):
        units.taken(b"Q\0\0\0\x01", 0, names)


PASSWORD, SALT, ROUNDS = "pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096
SERVER_FIRST = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
FINAL = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="


def verifier(password: str) -> str:
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), SALT, ROUNDS)
    key = hmac.digest(salted, b"Client Key", "sha256")
    stored = base64.b64encode(hashlib.sha256(key).digest()).decode()
    return f"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==${stored}:x"


def test_a_login_that_was_heard_gives_the_key() -> None:
    heard = scram.Heard("n,,n=user,r=rOprNGfwEbeRWgbNEkqO", SERVER_FIRST, FINAL)
    assert heard.key(verifier(PASSWORD)) == scram.key_of(PASSWORD, SERVER_FIRST)
    for wrong in (verifier("other"), "md5abc", ""):
        with pytest.raises(scram.Failed):
            heard.key(wrong)


def test_a_server_that_turns_our_nonce_around_is_refused() -> None:
    with pytest.raises(scram.Failed):
        scram.Login("mine").final(SERVER_FIRST, b"k" * 32)
