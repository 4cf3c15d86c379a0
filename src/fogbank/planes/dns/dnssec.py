"""DNSSEC with ECDSA P-256: keys, signatures made as answers are given, and proof that something is not there."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from fogbank.planes.dns import message
from fogbank.planes.dns.message import Answer, Query, Resource
from fogbank.planes.dns.rdata import TYPES

RRSIG, NSEC, DNSKEY = 46, 47, 48
ALGORITHM, DIGEST = 13, 2
"""ECDSA with P-256 and SHA-256 (RFC 6605), and SHA-256 for DS records (RFC 4509)."""
ZONE_KEY, KEY_SIGNING_KEY = 256, 257
"""Flags of a DNSKEY (RFC 4034, section 2.1.1)."""
KEY_SECONDS = 3600
"""For how long resolvers keep a zone's keys."""
TTL_MAX = 7 * 86_400
"""Of what a signed zone says (Developer Guide, "Configuring DNSSEC signing in Amazon Route 53")."""
SLOT_SECONDS = 3600
"""Signatures of one hour are the same, so that they need not be made again."""
_EARLY_SECONDS = 3600
_VALID_SECONDS = 12 * 3600
_PROTOCOL = 3
_COORDINATE = 32
_KEPT_MAX = 20_000
_RRSIG_HEAD = struct.Struct("!HBBIIIH")
_LOWERED_FROM = {message.NS: 0, message.CNAME: 0, message.PTR: 0, TYPES["MX"]: 2, TYPES["SRV"]: 6}
"""Type -> where the name begins that is signed in lower case (RFC 4034, section 6.2, as RFC 6840 has it)."""
_SOA_NUMBERS = 20
_AT_CUT = (message.NS, message.DS)


class Window(NamedTuple):
    """From when until when a signature is good, in seconds since 1970."""

    begins: int
    ends: int


class Known(Protocol):
    """What has to be known of a zone beside an answer, to prove what is not there."""

    def types(self, name: str) -> Iterable[int]:
        """The types that a name has, be it by a wildcard; none for a name that is not there."""
        ...

    def found(self, name: str, type_: int) -> tuple[Resource, ...]:
        """The records at a name, as they are written."""
        ...


class Signatures:
    """Signatures that have been made, so that what is asked again costs little; the oldest are dropped."""

    def __init__(self, most: int = _KEPT_MAX) -> None:
        self._most = most
        self._made: dict[tuple[Any, ...], Resource] = {}

    def __len__(self) -> int:
        return len(self._made)

    def get(self, key: tuple[Any, ...]) -> Resource | None:
        return self._made.get(key)

    def keep(self, key: tuple[Any, ...], signature: Resource) -> None:
        while len(self._made) >= self._most:
            del self._made[next(iter(self._made))]
        self._made[key] = signature


class Keys:
    """What a zone is signed with: its own key, and the DNSKEY records that it publishes with their signatures.

    `secret` is PKCS #8; `published` and `vouched` are the data of DNSKEY and RRSIG records.
    """

    def __init__(
        self, zone: str, secret: bytes, published: Iterable[bytes], vouched: Iterable[bytes], kept: Signatures
    ) -> None:
        from cryptography.hazmat.primitives.serialization import load_der_private_key

        self.zone = zone
        self.kept = kept
        self._key: Any = load_der_private_key(secret, None)
        self._public = dnskey(ZONE_KEY, public_of(secret))
        self.tag = key_tag(self._public)
        self.published = tuple(Resource(zone, DNSKEY, KEY_SECONDS, "", one) for one in published)
        self.vouched = tuple(Resource(zone, RRSIG, KEY_SECONDS, "", one) for one in vouched)

    def signature(self, records: tuple[Resource, ...], now: float) -> Resource:
        """The RRSIG of a set of records."""
        first, slot = records[0], int(now // SLOT_SECONDS)
        key = (self._public, first.name, first.type, first.ttl, slot, *sorted(map(_data, records)))
        known = self.kept.get(key)
        if known is None:
            begins = slot * SLOT_SECONDS
            window = Window(begins - _EARLY_SECONDS, begins + _VALID_SECONDS)
            head = statement(records, self.zone, self.tag, window)
            wire = head + raw_signature(self._key.sign(head + canonical(records), _ecdsa()))
            known = Resource(first.name, RRSIG, first.ttl, "", wire)
            self.kept.keep(key, known)
        return known


# Keys


def new_secret() -> bytes:
    """A new key pair, as PKCS #8 in DER."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return generate_private_key(SECP256R1()).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def public_of(secret: bytes) -> bytes:
    """The public key of a pair, as DNSKEY records have it: both coordinates, 64 bytes."""
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    return _point(load_der_private_key(secret, None).public_key())


def public_in(certified: bytes) -> bytes:
    """The public key in a SubjectPublicKeyInfo (X.509). Raises ValueError for one that is not of P-256."""
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    return _point(load_der_public_key(certified))


def _point(key: Any) -> bytes:
    numbers = key.public_numbers() if getattr(getattr(key, "curve", None), "name", "") == "secp256r1" else None
    if numbers is None:
        raise ValueError("no key of P-256")
    return bytes(numbers.x.to_bytes(_COORDINATE, "big") + numbers.y.to_bytes(_COORDINATE, "big"))


def dnskey(flags: int, public: bytes) -> bytes:
    """The data of a DNSKEY record (RFC 4034, section 2.1)."""
    return struct.pack("!HBB", flags, _PROTOCOL, ALGORITHM) + public


def key_tag(data: bytes) -> int:
    """What tells a zone's keys apart (RFC 4034, appendix B)."""
    total = sum(byte if at & 1 else byte << 8 for at, byte in enumerate(data))
    return total + (total >> 16) & 0xFFFF


def digest(zone: str, data: bytes) -> bytes:
    """The digest by which the parent's DS record names a DNSKEY (RFC 4034, section 5.1.4)."""
    return hashlib.sha256(message.wire_name(zone.lower()) + data).digest()


# Signatures


def statement(records: tuple[Resource, ...], zone: str, tag: int, window: Window) -> bytes:
    """The data of an RRSIG up to its signature (RFC 4034, section 3.1)."""
    first = records[0]
    # The answer from a wildcard is signed under the name that was asked for: what signs knows all names.
    labels = len([label for label in first.name.split(".") if label]) - first.name.startswith("*.")
    head = _RRSIG_HEAD.pack(first.type, ALGORITHM, labels, first.ttl, window.ends, window.begins, tag)
    return head + message.wire_name(zone)


def canonical(records: tuple[Resource, ...]) -> bytes:
    """A set of records as it is signed (RFC 4034, section 6): all of one name, type and time."""
    first = records[0]
    head = message.wire_name(first.name.lower()) + struct.pack("!HHI", first.type, message.IN, first.ttl)
    rows = sorted({_lowered(first.type, _data(one)) for one in records})
    return b"".join(head + struct.pack("!H", len(row)) + row for row in rows)


def raw_signature(signature: bytes) -> bytes:
    """A signature as RRSIG records have it (RFC 6605, section 4), of one in DER."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    return b"".join(number.to_bytes(_COORDINATE, "big") for number in decode_dss_signature(signature))


def ends_at(signature: bytes) -> int:
    """When the data of an RRSIG ceases to be good, in seconds since 1970."""
    return int(_RRSIG_HEAD.unpack_from(signature)[4])


def tag_of(signature: bytes) -> int:
    """The tag of the key that made an RRSIG, of the record's data."""
    return int(_RRSIG_HEAD.unpack_from(signature)[6])


def _ecdsa() -> Any:
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    return ECDSA(SHA256())


def _data(record: Resource) -> bytes:
    return record.wire or message.wire_data(record)


def _lowered(type_: int, data: bytes) -> bytes:
    """Data with its names in lower case. A label's length is below 64, and so no letter."""
    if type_ == message.SOA:
        return data[:-_SOA_NUMBERS].lower() + data[-_SOA_NUMBERS:]
    at = _LOWERED_FROM.get(type_)
    if type_ == TYPES["NAPTR"]:
        at = 4
        for _ in range(3):
            at += 1 + data[at]
    return data if at is None else data[:at] + data[at:].lower()


# Answers


def signed(answer: Answer, query: Query, keys: Keys, known: Known, now: float) -> Answer:
    """An answer of a signed zone: with its keys if they are asked for, with signatures if proof is.

    Whoever wants proof is never told that a name is not there, but that it has nothing of the type: one signature says
    so (RFC 9824, section 3), and Route 53 answers in this way.
    """
    if answer.code not in (message.NOERROR, message.NXDOMAIN):
        return answer
    if query.type == DNSKEY and query.name == keys.zone:
        vouched = keys.vouched if query.wants_proof else ()
        return Answer(records=keys.published + vouched, scope=answer.scope)
    if not query.wants_proof and query.type != NSEC:
        return answer
    is_nothing = any(one.type == message.SOA for one in answer.authority)
    proof = _proof(_last(answer, query.name), query.type, keys, known) if is_nothing else ()
    if proof and query.type == NSEC:
        # Whoever asks for what proves by its name gets it (RFC 4035, section 3.1).
        answer, proof = Answer(records=(*answer.records, *proof), scope=answer.scope), ()
    if not query.wants_proof:
        return answer
    records, authority = _with_signatures(answer.records, keys, now), _uniform(answer.authority)
    if proof:
        authority = _with_signatures((*authority, *proof), keys, now)
        return answer._replace(code=message.NOERROR, records=records, authority=authority)
    if authority:
        authority += _with_signatures(_below(authority[0].name, keys, known), keys, now)
    return answer._replace(records=records, authority=authority)


def _below(cut: str, keys: Keys, known: Known) -> tuple[Resource, ...]:
    """What a referral says of the keys of the zone below: its DS records, or that it has none (RFC 4035, 3.1.4.1)."""
    return _uniform(known.found(cut, message.DS)) or _proof(cut, message.DS, keys, known)


def _proof(name: str, type_: int, keys: Keys, known: Known) -> tuple[Resource, ...]:
    """The NSEC that says which types a name has; the next name is the next one that there could be (RFC 9824)."""
    found = set(known.types(name))
    if name == keys.zone:
        found.add(DNSKEY)
    elif message.NS in found:
        # What else lies where the zone ends is not this zone's to speak of (RFC 4035, section 2.3).
        found.intersection_update(_AT_CUT)
    # A routing policy may have nothing for this asker though there are records.
    found -= {type_, message.CNAME}
    found |= {RRSIG, NSEC}
    soa = known.found(keys.zone, message.SOA)
    seconds = min(soa[0].ttl, int(soa[0].data.split()[-1])) if soa else 0
    return (Resource(name, NSEC, seconds, "", following(name) + bitmap(found)),)


def following(name: str) -> bytes:
    """The first name after another in the order of names (RFC 4034, section 6.1), as labels."""
    try:
        return message.wire_name(f"\0.{name}")
    except ValueError:
        # There is no room for a label before it: its first label becomes the next one instead.
        first, _, rest = name.partition(".")
        kept = first.rstrip("\xff") or first
        step = 0x5B if kept[-1] == "@" else min(ord(kept[-1]) + 1, 255)
        return message.wire_name(f"{kept[:-1]}{chr(step)}.{rest}")


def bitmap(types: Iterable[int]) -> bytes:
    """Types as NSEC records list them (RFC 4034, section 4.1.2)."""
    blocks: dict[int, bytearray] = {}
    for type_ in sorted(types):
        block = blocks.setdefault(type_ >> 8, bytearray())
        at = (type_ & 255) >> 3
        block.extend(bytes(at + 1 - len(block)))
        block[at] |= 0x80 >> (type_ & 7)
    return b"".join(bytes([number, len(block)]) + block for number, block in blocks.items())


def _with_signatures(records: Iterable[Resource], keys: Keys, now: float) -> tuple[Resource, ...]:
    """Records, each set of them followed by its signature."""
    found: list[Resource] = []
    for group in _sets(records):
        found += group
        found.append(keys.signature(group, now))
    return tuple(found)


def _uniform(records: Iterable[Resource]) -> tuple[Resource, ...]:
    return tuple(one for group in _sets(records) for one in group)


def _sets(records: Iterable[Resource]) -> list[tuple[Resource, ...]]:
    """Records by name and type, without repetition and all kept for the same time (RFC 2181, section 5)."""
    groups: dict[tuple[str, int], list[Resource]] = {}
    for one in records:
        groups.setdefault((one.name, one.type), []).append(one)
    found = []
    for group in groups.values():
        ttl = min(TTL_MAX, *(one.ttl for one in group))
        unlike = {_data(one): one._replace(ttl=ttl) for one in group}
        found.append(tuple(unlike.values()))
    return found


def _last(answer: Answer, name: str) -> str:
    """The name that an answer's CNAMEs lead to."""
    links = {one.name: one.data.rstrip(".").lower() for one in answer.records if one.type == message.CNAME}
    while name in links:
        name = links.pop(name)
    return name
