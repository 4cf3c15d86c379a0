"""The data of resource records: between the text that people write and the bytes that go over the wire."""

from __future__ import annotations

import binascii
import re
import struct
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address
from types import MappingProxyType
from typing import NoReturn

TYPES: Mapping[str, int] = MappingProxyType(
    {
        "A": 1,
        "NS": 2,
        "CNAME": 5,
        "SOA": 6,
        "PTR": 12,
        "MX": 15,
        "TXT": 16,
        "AAAA": 28,
        "SRV": 33,
        "NAPTR": 35,
        "DS": 43,
        "SSHFP": 44,
        "RRSIG": 46,
        "NSEC": 47,
        "DNSKEY": 48,
        "TLSA": 52,
        "SVCB": 64,
        "HTTPS": 65,
        "SPF": 99,
        "CAA": 257,
    }
)
"""The number of each type (IANA, "Domain Name System Parameters")."""
NAMES: Mapping[int, str] = MappingProxyType({number: name for name, number in TYPES.items()} | {255: "ANY", 41: "OPT"})
_LABEL_MAX, _NAME_MAX, _STRING_MAX = 63, 255, 255
_FIELD = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"]+', re.S)
_SVC_KEYS = ("mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint")


class Illegal(ValueError):
    """A value that its type does not allow: `code` names the fault, `text` says it in a sentence."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code} ({text})")


def labels(name: str) -> list[bytes]:
    r"""The labels of a name as people write it; `\052` stands for the character of that octal number.

    Raises Illegal for an empty label, one that is too long, and a name that is too long (RFC 1035, section 2.3.4).
    """
    text = name[:-1] if name.endswith(".") and not name.endswith("\\.") else name
    if not text:
        return []
    found = [_unescaped(part) for part in re.split(r"(?<!\\)\.", text)]
    if not all(found):
        raise Illegal("DomainLabelEmpty", "Domain label is empty")
    if any(len(label) > _LABEL_MAX for label in found):
        raise Illegal("DomainLabelTooLong", "Domain label is too long")
    if sum(len(label) + 1 for label in found) >= _NAME_MAX:
        raise Illegal("DomainNameTooLong", "Domain name is too long")
    return found


def plain(name: str) -> str:
    """A name as `message` has it: in lower case, without escapes and without the last dot. Raises Illegal."""
    return b".".join(labels(name)).decode("latin-1").lower()


def wire_name(name: str) -> bytes:
    """A name as labels with their lengths. Raises Illegal."""
    return b"".join(bytes([len(label)]) + label for label in labels(name)) + b"\0"


def wire(type_name: str, text: str) -> bytes:
    """A value as it goes over the wire. Raises Illegal."""
    return _WRITERS[type_name](text)


def _unescaped(part: str) -> bytes:
    try:
        raw = part.encode("latin-1")
    except UnicodeEncodeError:
        raise Illegal("UnsupportedCharacter", "Value contains unsupported characters") from None
    return re.sub(rb"\\([0-7]{3})|\\(.)", lambda one: bytes([int(one[1], 8) & 255]) if one[1] else one[2], raw)


def _a(text: str) -> bytes:
    try:
        return IPv4Address(text).packed
    except ValueError:
        raise Illegal("ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address") from None


def _aaaa(text: str) -> bytes:
    try:
        if "%" in text:
            raise ValueError
        return IPv6Address(text).packed
    except ValueError:
        raise Illegal("AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address") from None


def _name(text: str) -> bytes:
    if not text or any(character.isspace() for character in text):
        raise Illegal("UnsupportedCharacter", "Value contains unsupported characters")
    return wire_name(text)


def _strings(text: str) -> bytes:
    fields = _FIELD.findall(text)
    if not fields or any(not field.startswith('"') for field in fields) or _FIELD.sub("", text).strip():
        raise Illegal("InvalidCharacterString", "Value should be enclosed in quotation marks")
    return b"".join(map(_string, fields))


def _string(field: str) -> bytes:
    raw = _unescaped(field[1:-1] if field.startswith('"') else field)
    if len(raw) > _STRING_MAX:
        raise Illegal("CharacterStringTooLong", "Value is too long")
    return bytes([len(raw)]) + raw


def _fields(kind: str, text: str, count: int, word: str) -> list[str]:
    found = _FIELD.findall(text)
    if len(found) != count:
        raise Illegal(f"{kind}RRDATANot{word}Fields", f"{kind} record doesn't have {count} fields")
    return found


def _number(kind: str, field: str, most: int = 65535) -> int:
    if not field.isdigit() or int(field) > most:
        _bad(kind, f"'{field}' is not a number from 0 to {most}")
    return int(field)


def _bad(kind: str, text: str) -> NoReturn:
    raise Illegal(f"{kind}RRDATAInvalid", text)


def _mx(text: str) -> bytes:
    rank, name = _fields("MX", text, 2, "Two")
    return struct.pack("!H", _number("MX", rank)) + _name(name)


def _srv(text: str) -> bytes:
    """RFC 2782."""
    *numbers, name = _fields("SRV", text, 4, "Four")
    return struct.pack("!3H", *(_number("SRV", one) for one in numbers)) + _name(name)


def _soa(text: str) -> bytes:
    server, mail, *numbers = _fields("SOA", text, 7, "Seven")
    return _name(server) + _name(mail) + struct.pack("!5I", *(_number("SOA", one, 2**31 - 1) for one in numbers))


def _caa(text: str) -> bytes:
    """RFC 8659, section 4.1."""
    flags, tag, value = _fields("CAA", text, 3, "Three")
    if not re.fullmatch(r"[A-Za-z0-9]{1,255}", tag) or not value.startswith('"'):
        _bad("CAA", "the tag is letters and digits, the value is enclosed in quotation marks")
    return bytes([_number("CAA", flags, 255), len(tag)]) + tag.encode() + _unescaped(value[1:-1])


def _naptr(text: str) -> bytes:
    """RFC 3403, section 4.1."""
    order, rank, *strings, name = _fields("NAPTR", text, 6, "Six")
    head = struct.pack("!2H", _number("NAPTR", order), _number("NAPTR", rank))
    return head + b"".join(map(_string, strings)) + _name(name)


def _digest(kind: str, counts: tuple[int, ...], word: str) -> Callable[[str], bytes]:
    """What ends in bytes in hexadecimal: DS (RFC 4034), SSHFP (RFC 4255), TLSA (RFC 6698). `counts`: sizes before."""

    def write(text: str) -> bytes:
        fields = text.split()
        if len(fields) <= len(counts):
            raise Illegal(f"{kind}RRDATANot{word}Fields", f"{kind} record doesn't have {len(counts) + 1} fields")
        zipped = zip(counts, fields, strict=False)
        numbers = [_number(kind, field, 256**size - 1).to_bytes(size, "big") for size, field in zipped]
        try:
            return b"".join(numbers) + binascii.unhexlify("".join(fields[len(counts) :]))
        except binascii.Error:
            _bad(kind, "the digest is not hexadecimal")

    return write


def _svcb(text: str) -> bytes:
    """RFC 9460, section 2."""
    words = [one[0] for one in re.finditer(r'[^\s"]*"[^"]*"|\S+', text)]
    if len(words) < 2:
        raise Illegal("SVCBRRDATANotTwoFields", "SVCB record doesn't have 2 fields")
    rank, name, *given = words
    parameters = dict(_parameter(one) for one in given)
    if len(parameters) != len(given):
        _bad("SVCB", "a parameter is there twice")
    body = b"".join(struct.pack("!HH", key, len(parameters[key])) + parameters[key] for key in sorted(parameters))
    return struct.pack("!H", _number("SVCB", rank)) + _name(name) + body


def _parameter(text: str) -> tuple[int, bytes]:
    name, _, value = text.partition("=")
    return _key(name), _parameter_value(name, value.strip('"'))


def _key(name: str) -> int:
    if name in _SVC_KEYS:
        return _SVC_KEYS.index(name)
    if re.fullmatch(r"key\d{1,5}", name):
        return _number("SVCB", name[3:])
    _bad("SVCB", f"'{name}' is no parameter")


def _parameter_value(name: str, value: str) -> bytes:
    if name == "mandatory":
        return b"".join(struct.pack("!H", key) for key in sorted(map(_key, value.split(","))))
    if name == "alpn":
        return b"".join(map(_string, value.split(",")))
    if name == "port":
        return struct.pack("!H", _number("SVCB", value))
    if name == "ipv4hint":
        return b"".join(map(_a, value.split(",")))
    if name == "ipv6hint":
        return b"".join(map(_aaaa, value.split(",")))
    if name == "ech":
        try:
            return binascii.a2b_base64(value)
        except binascii.Error:
            _bad("SVCB", "ech is not in base 64")
    return _unescaped(value)


_WRITERS: Mapping[str, Callable[[str], bytes]] = MappingProxyType(
    {
        "A": _a,
        "AAAA": _aaaa,
        "CAA": _caa,
        "CNAME": _name,
        "DS": _digest("DS", (2, 1, 1), "Four"),
        "HTTPS": _svcb,
        "MX": _mx,
        "NAPTR": _naptr,
        "NS": _name,
        "PTR": _name,
        "SOA": _soa,
        "SPF": _strings,
        "SRV": _srv,
        "SSHFP": _digest("SSHFP", (1, 1), "Three"),
        "SVCB": _svcb,
        "TLSA": _digest("TLSA", (1, 1, 1), "Four"),
        "TXT": _strings,
    }
)
