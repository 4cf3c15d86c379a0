"""DNS messages (RFC 1035, with EDNS0 of RFC 6891) between bytes and values."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

A, NS, CNAME, SOA, PTR, TXT, AAAA, OPT, ANY = 1, 2, 5, 6, 12, 16, 28, 41, 255
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = 0, 1, 2, 3, 4, 5
IN = 1
UDP_BYTES = 512
"""What a client takes that says nothing (RFC 1035, section 4.2.1)."""
EDNS_BYTES_MAX = 1232
_LABEL_MAX, _NAME_MAX = 63, 255
_HEADER = struct.Struct("!HHHHHH")
_QR, _AA, _TC, _RD, _RA = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080


class Malformed(ValueError):
    """Bytes that are no query; `id` is its number where there was one, for the answer that says so."""

    def __init__(self, text: str, query_id: int | None = None) -> None:
        super().__init__(text)
        self.id = query_id


class Query(NamedTuple):
    """A question. `name` is in lower case without the last dot; `asked` is how it was written."""

    id: int
    name: str
    type: int
    klass: int
    asked: bytes
    recursion: bool = True
    opcode: int = 0
    payload: int = UDP_BYTES
    """How long an answer over UDP may be."""
    edns: bool = False


class Resource(NamedTuple):
    """A resource record; `data` as people write it: an address, a name, a text, the seven fields of an SOA."""

    name: str
    type: int
    ttl: int
    data: str


class Answer(NamedTuple):
    """What is said to a question."""

    code: int = NOERROR
    records: tuple[Resource, ...] = ()
    authority: tuple[Resource, ...] = ()
    authoritative: bool = True


def parsed(data: bytes) -> Query:
    """The one question of a query. Raises Malformed."""
    if len(data) < _HEADER.size:
        raise Malformed("shorter than a header")
    number, flags, questions, *others = _HEADER.unpack_from(data)
    if flags & _QR:
        raise Malformed("not a question")
    if questions != 1:
        raise Malformed("not one question", number)
    try:
        labels, at = _labels(data, _HEADER.size)
        type_, klass = struct.unpack_from("!HH", data, at)
        asked = data[_HEADER.size : at]
        payload = _payload(data, at + 4, sum(others))
    except (struct.error, IndexError) as error:
        raise Malformed(str(error), number) from None
    name = b".".join(labels).decode("latin-1").lower()
    size = UDP_BYTES if payload is None else max(UDP_BYTES, min(payload, EDNS_BYTES_MAX))
    return Query(number, name, type_, klass, asked, bool(flags & _RD), flags >> 11 & 15, size, payload is not None)


def _labels(data: bytes, at: int) -> tuple[list[bytes], int]:
    """The labels of a name that is not compressed, and where it ends."""
    start, labels = at, []
    while length := data[at]:
        if length > _LABEL_MAX or at - start > _NAME_MAX:
            raise IndexError("a label that is none")
        labels.append(data[at + 1 : at + 1 + length])
        at += 1 + length
    return labels, at + 1


def _payload(data: bytes, at: int, records: int) -> int | None:
    """The size that an OPT record of the query names, None without one. Only that record may follow a question."""
    for _ in range(min(records, 4)):
        _, at = _labels(data, at)
        type_, klass, _, length = struct.unpack_from("!HHIH", data, at)
        if type_ == OPT:
            return int(klass)
        at += 10 + length
    return None


def written(query: Query, answer: Answer, *, size_max: int = 65535) -> bytes:
    """An answer's bytes; one that is too long says so, and has no records (RFC 2181, section 9)."""
    flags = _QR | _RA | query.opcode << 11 | answer.code
    flags |= (_AA if answer.authoritative else 0) | (_RD if query.recursion else 0)
    records, authority = list(answer.records), list(answer.authority)
    body = _body(query, records, authority)
    if _HEADER.size + len(body) > size_max:
        flags |= _TC
        records, authority = [], []
        body = _body(query, records, authority)
    head = _HEADER.pack(query.id, flags, 1, len(records), len(authority), 1 if query.edns else 0)
    return head + body


def refused(query_id: int, code: int) -> bytes:
    """The answer to what could not be read."""
    return _HEADER.pack(query_id, _QR | _RA | code, 0, 0, 0, 0)


def _body(query: Query, records: Iterable[Resource], authority: Iterable[Resource]) -> bytes:
    out = bytearray(query.asked + struct.pack("!HH", query.type, query.klass))
    for record in (*records, *authority):
        # Most records are of the name that was asked for: a pointer to it stands for the name.
        name = b"\xc0\x0c" if record.name == query.name else wire_name(record.name)
        data = wire_data(record)
        out += name + struct.pack("!HHIH", record.type, IN, record.ttl, len(data)) + data
    if query.edns:
        out += b"\0" + struct.pack("!HHIH", OPT, EDNS_BYTES_MAX, 0, 0)
    return bytes(out)


def wire_name(name: str) -> bytes:
    """A name as labels. Raises ValueError for one that cannot be a name."""
    out = bytearray()
    for label in name.rstrip(".").split(".") if name.rstrip(".") else ():
        raw = label.encode("latin-1")
        if not 0 < len(raw) <= _LABEL_MAX:
            raise ValueError(f"no name: {name}")
        out += bytes([len(raw)]) + raw
    if len(out) >= _NAME_MAX:
        raise ValueError(f"too long for a name: {name}")
    return bytes(out) + b"\0"


def wire_data(record: Resource) -> bytes:
    """The data of a record as it goes over the wire. Raises ValueError for a type that is not known here."""
    if record.type == A:
        return IPv4Address(record.data).packed
    if record.type == AAAA:
        return IPv6Address(record.data).packed
    if record.type in (NS, CNAME, PTR):
        return wire_name(record.data)
    if record.type == TXT:
        raw = record.data.encode()
        parts = [raw[at : at + 255] for at in range(0, len(raw), 255)] or [b""]
        return b"".join(bytes([len(part)]) + part for part in parts)
    if record.type == SOA:
        server, mail, *numbers = record.data.split()
        return wire_name(server) + wire_name(mail) + struct.pack("!5I", *map(int, numbers))
    raise ValueError(f"no data of type {record.type} is known here")
