"""DNS messages (RFC 1035, with EDNS0 of RFC 6891 and client subnets of RFC 7871) between bytes and values."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

A, NS, CNAME, SOA, PTR, TXT, AAAA, OPT, ANY = 1, 2, 5, 6, 12, 16, 28, 41, 255
DS, IXFR, AXFR = 43, 251, 252
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = 0, 1, 2, 3, 4, 5
BADVERS = 16
"""For versions of EDNS that are not known here; half of it is told in the OPT record (RFC 6891, section 6.1.3)."""
IN = 1
UDP_BYTES = 512
"""What a client takes that says nothing (RFC 1035, section 4.2.1)."""
EDNS_BYTES_MAX = 1232
_LABEL_MAX, _NAME_MAX = 63, 255
_EXTRAS_MAX = 4
"""How many records may follow a question: EDNS, and what signs a query."""
_SUBNET = 8
"""The option of EDNS0 that tells for whom a resolver asks (RFC 7871, section 6)."""
_HEADER = struct.Struct("!HHHHHH")
HEADER_BYTES = _HEADER.size
_QR, _AA, _TC, _RD, _RA = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080
DO = 0x8000
"""In the flags of an OPT record (RFC 3225, section 3)."""


class Malformed(ValueError):
    """Bytes that are no query; `id` is its number where there was one, for the answer that says so with `code`."""

    def __init__(self, text: str, query_id: int | None = None, code: int = FORMERR) -> None:
        super().__init__(text)
        self.id = query_id
        self.code = code


class Subnet(NamedTuple):
    """The network that a resolver asks for (RFC 7871): an address of it, and how many bits of that are given."""

    address: str
    bits: int


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
    subnet: Subnet | None = None
    wants_proof: bool = False
    """Whether signatures are asked for (the DO bit of RFC 3225)."""
    version: int = 0
    """Of EDNS."""
    is_stream: bool = False
    """Whether it came by TCP."""


class Resource(NamedTuple):
    """A resource record; `data` as people write it: an address, a name, a text, the seven fields of an SOA."""

    name: str
    type: int
    ttl: int
    data: str
    wire: bytes = b""
    """The data as it goes over the wire, where that has been made before."""


class Answer(NamedTuple):
    """What is said to a question."""

    code: int = NOERROR
    records: tuple[Resource, ...] = ()
    authority: tuple[Resource, ...] = ()
    authoritative: bool = True
    additional: tuple[Resource, ...] = ()
    scope: int = 0
    """How many bits of the client's subnet the answer rests on (RFC 7871, section 7.2.1)."""


class _Edns(NamedTuple):
    """What an OPT record says (RFC 6891, section 6.1)."""

    payload: int
    subnet: Subnet | None
    wants_proof: bool
    version: int


_PLAIN = _Edns(UDP_BYTES, None, wants_proof=False, version=0)
"""What counts for a query without one."""


def parsed(data: bytes) -> Query:
    """The one question of a query, with nothing behind it but EDNS. Raises Malformed."""
    if len(data) < _HEADER.size:
        raise Malformed("shorter than a header")
    number, flags, questions, *others = _HEADER.unpack_from(data)
    opcode = flags >> 11 & 15
    if flags & _QR:
        raise Malformed("not a question")
    if questions != 1:
        raise Malformed("not one question", number, NOTIMP if opcode else FORMERR)
    try:
        labels, at = _labels(data, _HEADER.size)
        type_, klass = struct.unpack_from("!HH", data, at)
        asked = data[_HEADER.size : at]
        # What the records of other messages than queries mean is not known here.
        edns = None if opcode else _options(data, at + 4, sum(others))
    except (struct.error, IndexError) as error:
        raise Malformed(str(error), number) from None
    name = b".".join(labels).decode("latin-1").lower()
    payload, subnet, wants_proof, version = edns or _PLAIN
    size = max(UDP_BYTES, min(payload, EDNS_BYTES_MAX))
    has_edns, is_recursive = edns is not None, bool(flags & _RD)
    return Query(number, name, type_, klass, asked, is_recursive, opcode, size, has_edns, subnet, wants_proof, version)


def _labels(data: bytes, at: int) -> tuple[list[bytes], int]:
    """The labels of a name that is not compressed, and where it ends."""
    start, labels = at, []
    while length := data[at]:
        if length > _LABEL_MAX:
            raise IndexError("a label that is none")
        labels.append(data[at + 1 : at + 1 + length])
        at += 1 + length
    if at + 1 - start > _NAME_MAX:
        raise IndexError("too long for a name")
    return labels, at + 1


def _options(data: bytes, at: int, records: int) -> _Edns | None:
    """What the OPT record says, None without one. Raises IndexError for two of them, and for what else is there."""
    found: _Edns | None = None
    if records > _EXTRAS_MAX:
        raise IndexError("more than follows a question")
    for _ in range(records):
        _, at = _labels(data, at)
        type_, klass, flags, length = struct.unpack_from("!HHIH", data, at)
        if type_ == OPT and found is not None:
            raise IndexError("EDNS twice")
        if type_ == OPT:
            options = data[at + 10 : at + 10 + length]
            found = _Edns(klass, _subnet(options), bool(flags & DO), flags >> 16 & 255)
        at += 10 + length
    if at != len(data):
        raise IndexError("not as long as it says")
    return found


def _subnet(options: bytes) -> Subnet | None:
    at = 0
    while at + 4 <= len(options):
        code, length = struct.unpack_from("!HH", options, at)
        body = options[at + 4 : at + 4 + length]
        at += 4 + length
        if code != _SUBNET:
            continue
        family, bits, _ = struct.unpack_from("!HBB", body)
        if not family and not bits:
            # Whoever asks for nobody in particular (`dig +subnet=0`).
            return None
        size = {1: 4, 2: 16}.get(family, 0)
        if not size or bits > size * 8 or len(body) != 4 + (bits + 7) // 8:
            raise IndexError("a subnet that is none")
        return Subnet(str(ip_address(body[4:].ljust(size, b"\0"))), bits)
    return None


def written(query: Query, answer: Answer, *, size_max: int = 65535) -> bytes:
    """An answer's bytes; one that is too long says so, and has no records (RFC 2181, section 9)."""
    flags = _QR | _RA | query.opcode << 11 | answer.code & 15
    flags |= (_AA if answer.authoritative else 0) | (_RD if query.recursion else 0)
    body = _body(query, answer)
    if _HEADER.size + len(body) > size_max and answer.additional:
        # What is merely of use may be left out, and nobody need ask again (RFC 2181, section 9).
        answer = answer._replace(additional=())
        body = _body(query, answer)
    if _HEADER.size + len(body) > size_max:
        flags |= _TC
        answer = answer._replace(records=(), authority=())
        body = _body(query, answer)
    more = len(answer.additional) + (1 if query.edns else 0)
    return _HEADER.pack(query.id, flags, 1, len(answer.records), len(answer.authority), more) + body


def refused(query_id: int, code: int) -> bytes:
    """The answer to what could not be read."""
    return _HEADER.pack(query_id, _QR | _RA | code, 0, 0, 0, 0)


def cut(said: bytes) -> bytes:
    """An answer of ours without its records, which says that there is more by TCP (RFC 2181, section 9)."""
    number, flags, questions, *_ = _HEADER.unpack_from(said)
    if not questions:
        return said
    end = _labels(said, _HEADER.size)[1] + 4
    return _HEADER.pack(number, (flags | _TC) & ~15, questions, 0, 0, 0) + said[_HEADER.size : end]


def _body(query: Query, answer: Answer) -> bytes:
    out = bytearray(query.asked + struct.pack("!HH", query.type, query.klass))
    for record in (*answer.records, *answer.authority, *answer.additional):
        # Most records are of the name that was asked for: a pointer to it stands for the name.
        name = b"\xc0\x0c" if record.name == query.name else wire_name(record.name)
        data = record.wire or wire_data(record)
        out += name + struct.pack("!HHIH", record.type, IN, record.ttl, len(data)) + data
    if query.edns:
        options = _said(query.subnet, answer.scope) if query.subnet is not None else b""
        told = answer.code >> 4 << 24 | (DO if query.wants_proof else 0)
        out += b"\0" + struct.pack("!HHIH", OPT, EDNS_BYTES_MAX, told, len(options)) + options
    return bytes(out)


def _said(subnet: Subnet, scope: int) -> bytes:
    """The option that says to whom else an answer may be told (RFC 7871, section 7.2.2)."""
    packed = ip_address(subnet.address).packed
    body = packed[: (subnet.bits + 7) // 8]
    family = 1 if len(packed) == 4 else 2
    return struct.pack("!HHHBB", _SUBNET, 4 + len(body), family, subnet.bits, scope) + body


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
