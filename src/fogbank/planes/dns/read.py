"""Answers read: from bytes to what people see, as `dig` writes it."""

from __future__ import annotations

import struct
import time
from base64 import b64encode
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from fogbank.planes.dns import message, rdata

CODES = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED")
_NAMED = (message.NS, message.CNAME, message.PTR)
_OF_DNSSEC = tuple(rdata.TYPES[name] for name in ("DS", "RRSIG", "NSEC", "DNSKEY"))
_JUMPS_MAX = 64


class Line(NamedTuple):
    """A resource record as text; names end in a dot."""

    name: str
    ttl: int
    type: str
    data: str


class Reading(NamedTuple):
    """An answer as people see it."""

    code: str
    is_authoritative: bool
    is_truncated: bool
    answer: tuple[Line, ...]
    authority: tuple[Line, ...]
    additional: tuple[Line, ...]


def question(
    number: int, name: str, type_: int, payload: int = message.EDNS_BYTES_MAX, *, wants_proof: bool = False
) -> bytes:
    """A query with recursion desired and EDNS0, perhaps with the DO bit. Raises rdata.Illegal for what is no name."""
    head = struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 1)
    edns = b"\0" + struct.pack("!HHIH", message.OPT, payload, message.DO if wants_proof else 0, 0)
    return head + rdata.wire_name(name) + struct.pack("!HH", type_, message.IN) + edns


def reading(data: bytes) -> Reading:
    """Raises Malformed for bytes that are no answer."""
    try:
        _, flags, questions, *counts = struct.unpack_from("!HHHHHH", data)
        at = 12
        for _ in range(questions):
            at = _name(data, at)[1] + 4
        sections = []
        for count in counts:
            lines, at = _section(data, at, count)
            sections.append(tuple(one for one in lines if one.type != "OPT"))
    except (struct.error, IndexError, ValueError) as error:
        raise message.Malformed(str(error)) from None
    number = flags & 15
    code = CODES[number] if number < len(CODES) else str(number)
    answer, authority, additional = sections
    return Reading(code, bool(flags & 0x0400), bool(flags & 0x0200), answer, authority, additional)


def _section(data: bytes, at: int, count: int) -> tuple[list[Line], int]:
    lines = []
    for _ in range(count):
        name, at = _name(data, at)
        type_, _, ttl, length = struct.unpack_from("!HHIH", data, at)
        at += 10
        lines.append(Line(name, ttl, rdata.NAMES.get(type_, f"TYPE{type_}"), _data(data, at, length, type_)))
        at += length
    return lines, at


def _name(data: bytes, at: int) -> tuple[str, int]:
    """A name, which may end in a pointer (RFC 1035, section 4.1.4), and where it ends."""
    labels, end = [], 0
    for _ in range(_JUMPS_MAX + 128):
        length = data[at]
        if length >= 0xC0:
            end = end or at + 2
            at = (length & 0x3F) << 8 | data[at + 1]
        elif length:
            labels.append(data[at + 1 : at + 1 + length].decode("latin-1"))
            at += 1 + length
        else:
            return ".".join(labels) + ".", end or at + 1
    raise ValueError("a name without an end")


def _data(data: bytes, at: int, length: int, type_: int) -> str:
    body = data[at : at + length]
    if type_ == message.A:
        return str(IPv4Address(body))
    if type_ == message.AAAA:
        return str(IPv6Address(body))
    if type_ in _NAMED:
        return _name(data, at)[0]
    if type_ in (rdata.TYPES["TXT"], rdata.TYPES["SPF"]):
        return " ".join(f'"{one}"' for one in _strings(body))
    if type_ == rdata.TYPES["MX"]:
        return f"{struct.unpack_from('!H', body)[0]} {_name(data, at + 2)[0]}"
    if type_ == rdata.TYPES["SRV"]:
        numbers = " ".join(map(str, struct.unpack_from("!3H", body)))
        return f"{numbers} {_name(data, at + 6)[0]}"
    if type_ == message.SOA:
        server, at = _name(data, at)
        mail, at = _name(data, at)
        return f"{server} {mail} {' '.join(map(str, struct.unpack_from('!5I', data, at)))}"
    if type_ == rdata.TYPES["CAA"]:
        end = 2 + body[1]
        return f'{body[0]} {body[2:end].decode("latin-1")} "{body[end:].decode("latin-1")}"'
    if type_ in _OF_DNSSEC:
        return _of_dnssec(data, at, length, type_)
    # What has no form of its own is written as RFC 3597, section 5, has it.
    return f"\\# {length} {body.hex()}".rstrip()


def _of_dnssec(data: bytes, at: int, length: int, type_: int) -> str:
    """What proves (RFC 4034: sections 2.2, 3.2, 4.2 and 5.3)."""
    end = at + length
    if type_ == rdata.TYPES["DNSKEY"]:
        flags, protocol, algorithm = struct.unpack_from("!HBB", data, at)
        return f"{flags} {protocol} {algorithm} {b64encode(data[at + 4 : end]).decode()}"
    if type_ == rdata.TYPES["DS"]:
        tag, algorithm, digest = struct.unpack_from("!HBB", data, at)
        return f"{tag} {algorithm} {digest} {data[at + 4 : end].hex().upper()}"
    if type_ == rdata.TYPES["NSEC"]:
        name, at = _name(data, at)
        return " ".join((name.replace("\0", "\\000"), *_bits(data[at:end])))
    covered, algorithm, labels, ttl, ends, begins, tag = struct.unpack_from("!HBBIIIH", data, at)
    signer, at = _name(data, at + 18)
    ends, begins = (time.strftime("%Y%m%d%H%M%S", time.gmtime(one)) for one in (ends, begins))
    head = f"{_type(covered)} {algorithm} {labels} {ttl} {ends} {begins} {tag} {signer}"
    return f"{head} {b64encode(data[at:end]).decode()}"


def _bits(body: bytes) -> list[str]:
    found, at = [], 0
    while at < len(body):
        block, size = body[at], body[at + 1]
        octets = body[at + 2 : at + 2 + size]
        found += [_type(block << 8 | n) for n in range(len(octets) * 8) if octets[n >> 3] & 0x80 >> (n & 7)]
        at += 2 + size
    return found


def _type(number: int) -> str:
    return rdata.NAMES.get(number, f"TYPE{number}")


def _strings(body: bytes) -> list[str]:
    found, at = [], 0
    while at < len(body):
        found.append(body[at + 1 : at + 1 + body[at]].decode("utf-8", "backslashreplace"))
        at += 1 + body[at]
    return [one.replace("\\", "\\\\").replace('"', '\\"') for one in found]
