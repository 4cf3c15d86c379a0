"""Datagrams of X-Ray's SDKs, and what is none."""

from __future__ import annotations

import pytest

from fogbank.aws.trace_datagram import segments

HEAD = b'{"format": "json", "version": 1}\n'


@pytest.mark.parametrize(
    ("datagram", "wanted"),
    [
        (HEAD + b'{"name": "a"}', [{"name": "a"}]),
        (HEAD + b'{"name": "a"}\n{"name": "b"}\n', [{"name": "a"}, {"name": "b"}]),
        (HEAD + b'[1]\nnot JSON\n{"name": "c"}', [{"name": "c"}]),
        (b'{"format": "json", "version": 2}\n{"name": "a"}', []),
        (b'{"name": "a"}', []),
        (HEAD, []),
        (b"\xff\xfe", []),
        (b"", []),
    ],
)
def test_a_datagram_is_read(datagram: bytes, wanted: list[object]) -> None:
    assert segments(datagram) == wanted
