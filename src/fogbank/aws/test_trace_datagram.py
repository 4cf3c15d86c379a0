"""Datagrams of the daemon, as the SDKs write them and as nobody should."""

from __future__ import annotations

import pytest

from fogbank.aws import trace_datagram

HEAD = b'{"format": "json", "version": 1}\n'


def test_one_document_and_several() -> None:
    assert trace_datagram.segments(HEAD + b'{"id": "a"}') == ['{"id": "a"}']
    assert trace_datagram.segments(HEAD + b'{"id": "a"}\n\n{"id": "b"}\n') == ['{"id": "a"}', '{"id": "b"}']


def test_a_document_may_have_lines_of_its_own() -> None:
    assert trace_datagram.segments(HEAD + b'{\n "id": "a"\n}') == ['{\n "id": "a"\n}']


def test_what_is_written_is_read() -> None:
    assert trace_datagram.segments(trace_datagram.datagram('{"name": "é"}')) == ['{"name": "é"}']


def test_a_document_is_not_looked_into() -> None:
    assert trace_datagram.segments(HEAD + b"x") == ["x"]


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\n",
        b"{}\n{}",
        b'{"format": "json", "version": 2}\n{}',
        b'{"format": "xml", "version": 1}\n{}',
        b'["format"]\n{}',
        b"\xff\n{}",
        HEAD,
        HEAD[:-1],
        HEAD + b"\n \n",
        HEAD + b"\xff\xfe",
    ],
)
def test_what_is_no_datagram_of_the_daemon_holds_nothing(datagram: bytes) -> None:
    assert trace_datagram.segments(datagram) == []


def test_the_sdks_own_words() -> None:
    from aws_xray_sdk.core.emitters import udp_emitter

    sent = f"{udp_emitter.PROTOCOL_HEADER}{udp_emitter.PROTOCOL_DELIMITER}" + '{"id": "a"}'
    assert trace_datagram.segments(sent.encode()) == ['{"id": "a"}']
