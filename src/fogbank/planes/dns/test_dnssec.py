"""DNSSEC by value: the examples of the RFCs, and answers whose signatures are checked by another hand."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from fogbank.planes.dns import dnssec, message, rdata, read
from fogbank.planes.dns.dnssec import DNSKEY, NSEC, RRSIG, Keys, Signatures, Window
from fogbank.planes.dns.message import Answer, Query, Resource
from fogbank.planes.dns.routing import Asker, Choice, Place
from fogbank.planes.dns.zone import Sets, Zone

NOW = 1_750_000_000.0
SOA = "ns.example.com. admin.example.com. 1 7200 900 1209600 300"
NETS = base64.b64decode("GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==")
"""The public key of RFC 6605, section 6.1."""


def _sets(**values: str | tuple[str, ...]) -> Sets:
    found = {}
    for type_, given in values.items():
        texts = (given,) if isinstance(given, str) else given
        found[rdata.TYPES[type_]] = (Choice(ttl=60, values=tuple((one, rdata.wire(type_, one)) for one in texts)),)
    return found


NOBODY = Choice(
    ttl=60, values=(("www.example.com.", b"\3www\7example\3com\0"),), policy="geolocation", place=Place("AN")
)
"""For askers in Antarctica alone."""
ZONE = Zone(
    "example.com",
    {
        "example.com": _sets(SOA=SOA, NS=("NS.Example.com.", "ns2.example.com.")),
        "www.example.com": _sets(A=("192.0.2.2", "192.0.2.1"), TXT='"hello"'),
        "*.wild.example.com": _sets(A="192.0.2.3"),
        "a.empty.example.com": _sets(A="192.0.2.4"),
        "alias.example.com": _sets(CNAME="WWW.example.com."),
        "dangling.example.com": _sets(CNAME="nowhere.example.com."),
        "away.example.com": _sets(CNAME="www.example.net."),
        "elsewhere.example.com": {message.CNAME: (NOBODY,), rdata.TYPES["TXT"]: (NOBODY,)},
        "plain.example.com": _sets(NS="ns.plain.example.com."),
        "ns.plain.example.com": _sets(A="192.0.2.5"),
        "safe.example.com": _sets(NS="ns.example.net.", DS="1 13 2 " + "AB" * 32),
        "mail.example.com": _sets(MX="10 Mail.Example.com.", SRV="1 2 3 Host.example.com."),
    },
)


@pytest.fixture(scope="module")
def keys() -> Keys:
    secret = dnssec.new_secret()
    published = (dnssec.dnskey(dnssec.ZONE_KEY, dnssec.public_of(secret)), dnssec.dnskey(257, NETS))
    return Keys("example.com", secret, published, (b"vouched",), Signatures())


def _query(name: str, type_: str | int, *, proof: bool = True) -> Query:
    number = rdata.TYPES[type_] if isinstance(type_, str) else type_
    return Query(1, name, number, message.IN, b"", wants_proof=proof)


def _asked(keys: Keys, name: str, type_: str | int, *, proof: bool = True, now: float = NOW) -> Answer:
    query = _query(name, type_, proof=proof)
    said = ZONE.answer(query, Asker("192.0.2.9"), {}, lambda: 0.5)
    return dnssec.signed(said, query, keys, ZONE, now)


def _check(keys: Keys, records: Iterable[Resource]) -> set[tuple[str, int]]:
    """Verify every RRSIG as a validator does, by RFC 4034 and the zone's published key; what they cover."""
    rows = tuple(records)
    public = keys.published[0].wire[4:]
    point = EllipticCurvePublicNumbers(
        int.from_bytes(public[:32], "big"), int.from_bytes(public[32:], "big"), SECP256R1()
    )
    covered = set()
    for one in rows:
        if one.type != RRSIG:
            continue
        type_, algorithm, labels, ttl, ends, begins, tag = struct.unpack_from("!HBBIIIH", one.wire)
        signer = b"\x07example\x03com\x00"
        assert one.wire[18 : 18 + len(signer)] == signer
        head, raw = one.wire[: 18 + len(signer)], one.wire[18 + len(signer) :]
        group = [other for other in rows if (other.name, other.type) == (one.name, type_)]
        assert {other.ttl for other in group} == {ttl}
        assert (algorithm, tag, labels) == (13, dnssec.key_tag(keys.published[0].wire), one.name.count(".") + 1)
        assert begins < NOW < ends
        owner = message.wire_name(one.name) + struct.pack("!HHI", type_, 1, ttl)
        data = [_canonical(other) for other in group]
        text = head + b"".join(owner + struct.pack("!H", len(row)) + row for row in sorted(data))
        numbers = (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        point.public_key().verify(encode_dss_signature(*numbers), text, ECDSA(SHA256()))
        covered.add((one.name, type_))
    return covered


def _canonical(record: Resource) -> bytes:
    """Names in lower case, by what people write rather than by what goes over the wire."""
    if record.type in (rdata.TYPES["NS"], rdata.TYPES["CNAME"], rdata.TYPES["MX"], rdata.TYPES["SRV"]):
        return rdata.wire(rdata.NAMES[record.type], record.data.lower())
    return record.wire


def _nsec(answer: Answer) -> tuple[str, str]:
    """(owner, what it says) of the one NSEC of an answer."""
    (found,) = [one for one in (*answer.records, *answer.authority) if one.type == NSEC]
    shown = read.reading(message.written(_query(".", NSEC)._replace(asked=b"\0"), Answer(records=(found,))))
    return found.name, shown.answer[0].data


# The examples of RFC 6605, section 6.1


def test_tag_and_digest_are_those_of_the_rfc() -> None:
    key = dnssec.dnskey(257, NETS)
    assert dnssec.key_tag(key) == 55648
    assert dnssec.digest("example.net", key).hex() == "b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17"


def test_what_is_signed_is_what_the_rfc_signs() -> None:
    records = (Resource("www.example.net", message.A, 3600, "192.0.2.1"),)
    window = Window(1281607479, 1284026679)
    text = dnssec.statement(records, "example.net", 55648, window) + dnssec.canonical(records)
    raw = base64.b64decode("qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==")
    numbers = EllipticCurvePublicNumbers(
        int.from_bytes(NETS[:32], "big"), int.from_bytes(NETS[32:], "big"), SECP256R1()
    )
    signature = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    numbers.public_key().verify(signature, text, ECDSA(SHA256()))
    assert dnssec.raw_signature(signature) == raw
    with pytest.raises(InvalidSignature):
        numbers.public_key().verify(signature, text[:-1] + b"\x02", ECDSA(SHA256()))


def test_types_are_listed_as_in_the_example_of_rfc_4034() -> None:
    listed = dnssec.bitmap([1, 15, 46, 47, 1234])
    assert listed == bytes.fromhex("0006400100000003041b000000000000000000000000000000000000000000000000000020")


# Answers


def test_whoever_asks_for_no_proof_gets_none(keys: Keys) -> None:
    said = _asked(keys, "www.example.com", "A", proof=False)
    assert {one.type for one in said.records} == {message.A}
    assert _asked(keys, "nowhere.example.com", "A", proof=False).code == message.NXDOMAIN
    assert len(_asked(keys, "example.com", "DNSKEY", proof=False).records) == 2


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("www.example.com", "A"),
        ("www.example.com", "TXT"),
        ("example.com", "SOA"),
        ("example.com", "NS"),
        ("mail.example.com", "MX"),
        ("mail.example.com", "SRV"),
        ("any.wild.example.com", "A"),
    ],
)
def test_what_is_there_is_signed(keys: Keys, name: str, type_: str) -> None:
    said = _asked(keys, name, type_)
    assert _check(keys, said.records) == {(name, rdata.TYPES[type_])}
    assert said.authority == ()


def test_the_literal_name_of_a_wildcard_counts_without_its_star(keys: Keys) -> None:
    (signature,) = [one for one in _asked(keys, "*.wild.example.com", "A").records if one.type == RRSIG]
    assert signature.wire[3] == 3


@pytest.mark.parametrize(
    ("name", "type_", "types"),
    [
        ("www.example.com", "AAAA", "A TXT RRSIG NSEC"),
        ("example.com", "A", "NS SOA RRSIG NSEC DNSKEY"),
        ("nowhere.example.com", "A", "RRSIG NSEC"),
        ("empty.example.com", "A", "RRSIG NSEC"),
        # What Route 53 once got wrong: the name has an address, by the wildcard.
        ("any.wild.example.com", "AAAA", "A RRSIG NSEC"),
        ("plain.example.com", "DS", "NS RRSIG NSEC"),
        ("elsewhere.example.com", "A", "TXT RRSIG NSEC"),
        ("elsewhere.example.com", "TXT", "RRSIG NSEC"),
    ],
)
def test_what_is_not_there_is_proved(keys: Keys, name: str, type_: str, types: str) -> None:
    said = _asked(keys, name, type_)
    assert said.code == message.NOERROR
    assert _nsec(said) == (name, f"\\000.{name}. {types}")
    assert _check(keys, said.authority) == {("example.com", message.SOA), (name, NSEC)}
    assert {one.ttl for one in said.authority if one.type == NSEC} == {60}


def test_the_nsec_of_a_name_can_be_asked_for(keys: Keys) -> None:
    said = _asked(keys, "www.example.com", NSEC)
    assert _nsec(said) == ("www.example.com", "\\000.www.example.com. A TXT RRSIG NSEC")
    assert _check(keys, said.records) == {("www.example.com", NSEC)}
    (found,) = _asked(keys, "www.example.com", NSEC, proof=False).records
    assert found.type == NSEC


def test_each_link_of_a_chain_is_signed(keys: Keys) -> None:
    said = _asked(keys, "alias.example.com", "A")
    assert _check(keys, said.records) == {("alias.example.com", message.CNAME), ("www.example.com", message.A)}
    assert _check(keys, _asked(keys, "away.example.com", "A").records) == {("away.example.com", message.CNAME)}


def test_where_a_chain_ends_in_nothing_that_is_proved(keys: Keys) -> None:
    said = _asked(keys, "dangling.example.com", "A")
    assert said.code == message.NOERROR
    assert _nsec(said)[0] == "nowhere.example.com"
    assert _check(keys, said.records) == {("dangling.example.com", message.CNAME)}
    assert ("nowhere.example.com", NSEC) in _check(keys, said.authority)


def test_a_referral_says_that_nobody_vouches_below(keys: Keys) -> None:
    said = _asked(keys, "www.plain.example.com", "A")
    assert not said.authoritative
    assert _nsec(said) == ("plain.example.com", "\\000.plain.example.com. NS RRSIG NSEC")
    assert _check(keys, said.authority) == {("plain.example.com", NSEC)}, "the NS records are not this zone's to sign"


def test_a_referral_vouches_for_the_keys_below(keys: Keys) -> None:
    said = _asked(keys, "www.safe.example.com", "A")
    assert _check(keys, said.authority) == {("safe.example.com", message.DS)}
    assert not [one for one in said.authority if one.type == NSEC]


def test_records_that_are_told_twice_are_signed_once_and_for_one_time(keys: Keys) -> None:
    rows = tuple(Resource("m.example.com", message.A, ttl, "192.0.2.1") for ttl in (60, 30))
    said = dnssec.signed(Answer(records=rows), _query("m.example.com", "A"), keys, ZONE, NOW)
    assert [(one.type, one.ttl) for one in said.records] == [(message.A, 30), (RRSIG, 30)]


def test_refusals_are_not_signed(keys: Keys) -> None:
    refused = Answer(message.REFUSED, authoritative=False)
    assert dnssec.signed(refused, _query("www.example.net", "A"), keys, ZONE, NOW) == refused


def test_the_keys_come_with_what_vouches_for_them(keys: Keys) -> None:
    said = _asked(keys, "example.com", DNSKEY)
    assert [one.type for one in said.records] == [DNSKEY, DNSKEY, RRSIG]
    assert _nsec(_asked(keys, "www.example.com", DNSKEY))[1].endswith("A TXT RRSIG NSEC")


def test_a_signature_is_made_once_an_hour(keys: Keys) -> None:
    def signature(now: float) -> bytes:
        return next(one.wire for one in _asked(keys, "www.example.com", "A", now=now).records if one.type == RRSIG)

    hour = NOW // 3600 * 3600
    assert signature(hour) == signature(hour + 3599) != signature(hour + 3600)
    assert dnssec.ends_at(signature(hour)) - hour == 12 * 3600


def test_kept_signatures_are_bounded() -> None:
    kept = Signatures(most=3)
    secret = dnssec.new_secret()
    keys = Keys("example.com", secret, (), (), kept)
    for number in range(9):
        keys.signature((Resource(f"n{number}.example.com", message.A, 60, "192.0.2.1"),), NOW)
    assert len(kept) == 3


@pytest.mark.parametrize("first", ["a" * 63, "@" * 63, "\xff" * 62 + "a"])
def test_a_name_that_is_as_long_as_can_be_has_a_next_one(first: str) -> None:
    name = ".".join([first, "b" * 63, "c" * 63, "d" * 61])
    following = dnssec.following(name)
    assert len(following) <= 255
    assert following[1:64] > first.lower().encode("latin-1")


def test_keys_of_other_curves_are_none() -> None:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    def certified(curve: Any) -> bytes:
        public = generate_private_key(curve).public_key()
        return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    assert len(dnssec.public_in(certified(SECP256R1()))) == 64
    with pytest.raises(ValueError, match="P-256"):
        dnssec.public_in(certified(SECP384R1()))
