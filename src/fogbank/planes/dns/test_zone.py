"""What a zone says: names, wildcards, delegations, chains, aliases and every routing policy."""

from __future__ import annotations

import random
from collections import Counter
from ipaddress import ip_network

import pytest

from fogbank.planes.dns import message, rdata, zone
from fogbank.planes.dns.message import Answer, Query
from fogbank.planes.dns.rdata import TYPES
from fogbank.planes.dns.routing import Asker, Choice, Place, biased
from fogbank.planes.dns.zone import Zone

SOA = "ns-1.fogdns-00.com. hostmaster.example.com. 1 7200 900 1209600 86400"


def _plain(type_name: str, *values: str, ttl: int = 300, **more: object) -> Choice:
    return Choice(ttl, tuple((one, rdata.wire(type_name, one)) for one in values), **more)  # type: ignore[arg-type]


def _alias(name: str, *, evaluates: bool = True, **more: object) -> Choice:
    return Choice(0, alias=name, evaluates=evaluates, **more)  # type: ignore[arg-type]


def _zone(**names: dict[str, tuple[Choice, ...]]) -> Zone:
    """A zone of `example.com`; `a__b` is a.b, `any` the wildcard, of records by the names of their types."""
    found = {"example.com": {6: (_plain("SOA", SOA, ttl=900),), 2: (_plain("NS", "ns-1.fogdns-00.com."),)}}
    for name, sets in names.items():
        full = f"{name.replace('__', '.').replace('any', '*')}.example.com"
        found[full] = {TYPES[type_]: choices for type_, choices in sets.items()}
    return Zone("example.com", found)


def _asked(
    found: Zone,
    name: str,
    type_: str = "A",
    asker: Asker | None = None,
    health: zone.Health | None = None,
    dice: random.Random | None = None,
) -> Answer:
    number = TYPES.get(type_, message.ANY)
    query = Query(1, f"{name}.example.com" if name else "example.com", number, 1, b"")
    return found.answer(query, asker or Asker(), health or {}, (dice or random.Random(1)).random)


def _data(answer: Answer) -> list[str]:
    return [one.data for one in answer.records]


ONE = {"A": (_plain("A", "192.0.2.1"),)}


def test_a_name_is_told_and_what_is_not_there_says_for_how_long() -> None:
    found = _zone(www=ONE, deep__below__it=ONE)
    assert _data(_asked(found, "www")) == ["192.0.2.1"]
    nothing = _asked(found, "www", "AAAA")
    assert (nothing.code, nothing.records, nothing.authority[0].type) == (message.NOERROR, (), message.SOA)
    assert nothing.authority[0].ttl == 900
    assert _asked(found, "other").code == message.NXDOMAIN
    # What lies above a name exists (RFC 8020), though it has nothing itself.
    assert _asked(found, "x.it").code == message.NXDOMAIN
    assert _asked(found, "it").code == message.NOERROR


def test_names_of_others_are_refused() -> None:
    query = Query(1, "example.org", 1, 1, b"")
    assert _zone().answer(query, Asker(), {}, random.random).code == message.REFUSED
    query = Query(1, "badexample.com", 1, 1, b"")
    assert _zone().answer(query, Asker(), {}, random.random).code == message.REFUSED


def test_a_wildcard_answers_for_what_does_not_exist_at_any_depth() -> None:
    found = _zone(any=ONE, www={"A": (_plain("A", "192.0.2.2"),)})
    assert [_data(_asked(found, name)) for name in ("x", "x.y", "www")] == [["192.0.2.1"], ["192.0.2.1"], ["192.0.2.2"]]
    assert _asked(found, "x").records[0].name == "x.example.com"
    # The wildcard is not for what lies below a name that exists (RFC 4592, section 2.2.1).
    assert _asked(found, "x.www").code == message.NXDOMAIN
    assert (_asked(found, "x", "TXT").code, _asked(found, "x", "TXT").records) == (message.NOERROR, ())


def test_cnames_are_followed_within_the_zone_and_not_in_circles() -> None:
    found = _zone(
        a={"CNAME": (_plain("CNAME", "B.example.com"),)},
        b={"CNAME": (_plain("CNAME", "www.example.com."),)},
        www=ONE,
        out={"CNAME": (_plain("CNAME", "www.example.org."),)},
        lost={"CNAME": (_plain("CNAME", "gone.example.com."),)},
        x={"CNAME": (_plain("CNAME", "y.example.com."),)},
        y={"CNAME": (_plain("CNAME", "x.example.com."),)},
    )
    assert _data(_asked(found, "a")) == ["B.example.com", "www.example.com.", "192.0.2.1"]
    assert _data(_asked(found, "a", "CNAME")) == ["B.example.com"]
    assert _data(_asked(found, "out")) == ["www.example.org."]
    lost = _asked(found, "lost")
    assert (lost.code, _data(lost), lost.authority[0].type) == (message.NXDOMAIN, ["gone.example.com."], message.SOA)
    assert _data(_asked(found, "x")) == ["y.example.com.", "x.example.com."]


def test_what_is_delegated_is_referred_with_the_addresses_of_its_servers() -> None:
    found = _zone(
        sub={"NS": (_plain("NS", "ns.sub.example.com.", "ns.example.org."),), "DS": (_plain("DS", "1 13 2 00ff"),)},
        ns__sub=ONE,
    )
    referred = _asked(found, "www.sub")
    assert (referred.code, referred.authoritative, referred.records) == (message.NOERROR, False, ())
    assert [one.data for one in referred.authority] == ["ns.sub.example.com.", "ns.example.org."]
    assert [(one.name, one.data) for one in referred.additional] == [("ns.sub.example.com", "192.0.2.1")]
    assert not _asked(found, "sub", "NS").authoritative
    assert _data(_asked(found, "sub", "DS")) == ["1 13 2 00ff"]


def test_any_is_answered_by_one_set() -> None:
    found = _zone(www={**ONE, "TXT": (_plain("TXT", '"x"'),)})
    assert _data(_asked(found, "www", "ANY")) == ["192.0.2.1"]


def test_names_that_change_are_told_anew() -> None:
    found = _zone(www=ONE)
    assert _data(_asked(found, "www")) == ["192.0.2.1"]
    found.set("www.example.com", {1: (_plain("A", "192.0.2.9"),)})
    assert _data(_asked(found, "www")) == ["192.0.2.9"]
    found.set("www.example.com", {})
    assert _asked(found, "www").code == message.NXDOMAIN


# Routing


def _weights(*weights: int) -> tuple[Choice, ...]:
    return tuple(
        _plain("A", f"192.0.2.{n}", policy="weighted", weight=w, check=f"c{n}") for n, w in enumerate(weights, 1)
    )


def _shares(found: Zone, health: zone.Health | None = None, asks: int = 10_000) -> Counter[str]:
    dice = random.Random(7)
    return Counter(_data(_asked(found, "www", health=health, dice=dice))[0] for _ in range(asks))


def test_weights_are_kept_within_binomial_bounds() -> None:
    shares = _shares(_zone(www={"A": _weights(1, 3, 0)}))
    assert set(shares) == {"192.0.2.1", "192.0.2.2"}
    # Four standard deviations of a binomial of 10,000 at 1/4.
    assert abs(shares["192.0.2.1"] - 2500) < 4 * (10_000 * 0.25 * 0.75) ** 0.5


def test_weight_0_is_told_where_nothing_else_is_healthy_and_all_zeros_are_equal() -> None:
    found = _zone(www={"A": _weights(1, 3, 0)})
    assert set(_shares(found, {"c1": False, "c2": False}, 100)) == {"192.0.2.3"}
    # None is healthy: all are taken to be, by their weights.
    assert set(_shares(found, {"c1": False, "c2": False, "c3": False}, 200)) == {"192.0.2.1", "192.0.2.2"}
    assert set(_shares(_zone(www={"A": _weights(0, 0)}), None, 200)) == {"192.0.2.1", "192.0.2.2"}


def test_multivalue_answers_have_eight_healthy_values_at_most() -> None:
    many = tuple(_plain("A", f"192.0.2.{n}", policy="multivalue", check=f"c{n}") for n in range(1, 13))
    found = _zone(www={"A": many})
    assert len(set(_data(_asked(found, "www")))) == 8
    healthy = {f"c{n}": n in (3, 4) for n in range(1, 13)}
    assert sorted(_data(_asked(found, "www", health=healthy))) == ["192.0.2.3", "192.0.2.4"]
    assert len(_data(_asked(found, "www", health=dict.fromkeys(healthy, False)))) == 8


def test_the_lowest_latency_wins_and_flips_with_the_table() -> None:
    regions = ("eu-west-1", "us-east-1")
    found = _zone(
        www={
            "A": tuple(
                _plain("A", f"192.0.2.{n}", policy="latency", region=one, check=one) for n, one in enumerate(regions)
            )
        }
    )
    near = Asker(latencies={"eu-west-1": 0.01, "us-east-1": 0.02})
    far = Asker(latencies={"eu-west-1": 0.03, "us-east-1": 0.02})
    assert [_data(_asked(found, "www", asker=one)) for one in (near, far)] == [["192.0.2.0"], ["192.0.2.1"]]
    assert _data(_asked(found, "www", asker=near, health={"eu-west-1": False})) == ["192.0.2.1"]


@pytest.mark.parametrize(
    ("health", "told"),
    [
        ({}, "192.0.2.1"),
        ({"p": False}, "192.0.2.2"),
        ({"p": False, "s": False}, "192.0.2.1"),
        ({"s": False}, "192.0.2.1"),
    ],
)
def test_the_secondary_is_told_while_the_primary_is_not_healthy(health: zone.Health, told: str) -> None:
    primary = _plain("A", "192.0.2.1", policy="failover", is_primary=True, check="p")
    found = _zone(www={"A": (_plain("A", "192.0.2.2", policy="failover", check="s"), primary)})
    assert _data(_asked(found, "www", health=health)) == [told]


def _places(*, default: bool = True) -> Zone:
    places = [Place("", "US", "OR"), Place("", "US"), Place("EU"), *([Place("", "*")] if default else [])]
    sets = tuple(
        _plain("A", f"192.0.2.{n}", policy="geolocation", place=place, check=f"c{n}") for n, place in enumerate(places)
    )
    return _zone(www={"A": sets})


def test_the_smallest_place_wins_and_larger_ones_stand_in() -> None:
    oregon, texas = Asker("", "NA", "US", "OR"), Asker("", "NA", "US", "TX")
    ireland, japan = Asker("", "EU", "IE"), Asker("", "AS", "JP")
    found = _places()
    asked = [_data(_asked(found, "www", asker=one))[0][-1] for one in (oregon, texas, ireland, japan, Asker())]
    assert asked == ["0", "1", "2", "3", "3"]
    assert _data(_asked(found, "www", asker=oregon, health={"c0": False})) == ["192.0.2.1"]
    nobody = _asked(_places(default=False), "www", asker=japan)
    assert (nobody.code, nobody.records) == (message.NOERROR, ())


def test_a_bias_draws_askers_in_or_pushes_them_away() -> None:
    dublin, virginia, ocean = (53.3, -6.3), (38.9, -77.4), Asker(coordinates=(50.0, -35.0))

    def told(bias: int) -> list[str]:
        one = _plain("A", "192.0.2.1", policy="geoproximity", coordinates=dublin)
        other = _plain("A", "192.0.2.2", policy="geoproximity", coordinates=virginia, bias=bias)
        return _data(_asked(_zone(www={"A": (one, other)}), "www", asker=ocean))

    assert [told(bias) for bias in (0, 60, -60)] == [["192.0.2.1"], ["192.0.2.2"], ["192.0.2.1"]]
    assert (biased(100, 25), biased(100, -50)) == (75, 200)


def test_the_longest_block_wins_and_the_default_takes_the_rest() -> None:
    blocks = (("10.0.0.0/8",), ("10.1.0.0/16", "2001:db8::/32"), ())
    sets = tuple(
        _plain("A", f"192.0.2.{n}", policy="cidr", networks=tuple(map(ip_network, one))) for n, one in enumerate(blocks)
    )
    found = _zone(www={"A": sets})
    asked = [_data(_asked(found, "www", asker=Asker(one)))[0][-1] for one in ("10.2.0.1", "10.1.0.1", "192.0.2.1", "")]
    assert asked == ["0", "1", "2", "2"]
    assert _data(_asked(found, "www", asker=Asker("2001:db8::1"))) == ["192.0.2.1"]
    subnet = Asker("10.1.0.0", bits=24)
    assert _asked(found, "www", asker=subnet).scope == 24


def test_aliases_nest_and_are_as_healthy_as_what_they_stand_for() -> None:
    """Latency over weights over failover: three deep, as Route 53's "complex configurations" are."""
    failover = (
        _plain("A", "192.0.2.1", ttl=5, policy="failover", is_primary=True, check="p"),
        _plain("A", "192.0.2.2", ttl=5, policy="failover", check="s"),
    )
    found = _zone(
        www={
            "A": (
                _alias("eu.example.com", policy="latency", region="eu-west-1"),
                _alias("us.example.com", policy="latency", region="us-east-1"),
            )
        },
        eu={"A": (_alias("pair.example.com", policy="weighted", weight=1),)},
        pair={"A": failover},
        us={"A": (_plain("A", "192.0.2.9", policy="weighted", weight=1, check="u"),)},
    )
    here = Asker(latencies={"eu-west-1": 0.0, "us-east-1": 0.07})
    said = _asked(found, "www", asker=here)
    assert [(one.name, one.ttl, one.data) for one in said.records] == [("www.example.com", 5, "192.0.2.1")]
    assert _data(_asked(found, "www", asker=here, health={"p": False})) == ["192.0.2.2"]
    assert _data(_asked(found, "www", asker=here, health={"p": False, "s": False})) == ["192.0.2.9"]
    # Everything is broken: everything is taken to be healthy.
    assert _data(_asked(found, "www", asker=here, health=dict.fromkeys("psu", False))) == ["192.0.2.1"]


def test_an_alias_that_does_not_evaluate_is_healthy_and_one_in_a_circle_ends() -> None:
    deaf = _alias("pair.example.com", evaluates=False, policy="failover", is_primary=True)
    found = _zone(
        www={"A": (deaf, _plain("A", "192.0.2.2", policy="failover"))},
        pair={"A": (_plain("A", "192.0.2.1", policy="weighted", weight=1, check="p"),)},
        x={"A": (_alias("y.example.com"),)},
        y={"A": (_alias("x.example.com"),)},
    )
    assert _data(_asked(found, "www", health={"p": False})) == ["192.0.2.1"]
    assert (_asked(found, "x").code, _asked(found, "x").records) == (message.NOERROR, ())


@pytest.mark.parametrize(
    ("type_", "text", "data"),
    [
        ("MX", "10 mail.example.com.", b"\0\n\4mail\7example\3com\0"),
        ("TXT", '"a b" "c\\"d"', b'\3a b\3c"d'),
        ("TXT", '"\\303\\244"', b"\2\xc3\xa4"),
        ("SRV", "1 2 443 a.b", b"\0\1\0\2\1\xbb\1a\1b\0"),
        ("CAA", '0 issue "ca.example"', b"\0\5issueca.example"),
        ("NAPTR", '1 2 "u" "sip" "" .', b"\0\1\0\2\1u\3sip\0\0"),
        ("DS", "1 13 2 00ff", b"\0\1\r\2\0\xff"),
        ("HTTPS", '1 . alpn="h2,h3" port=443', b"\0\1\0\0\1\0\6\2h2\2h3\0\3\0\2\1\xbb"),
        ("SVCB", "0 a.b.", b"\0\0\1a\1b\0"),
        ("SVCB", "1 . ipv4hint=192.0.2.1 mandatory=port", b"\0\1\0\0\0\0\2\0\3\0\4\0\4\xc0\0\2\1"),
    ],
)
def test_values_go_over_the_wire_as_their_rfcs_say(type_: str, text: str, data: bytes) -> None:
    assert rdata.wire(type_, text) == data


@pytest.mark.parametrize(
    ("type_", "text", "code"),
    [
        ("A", "1.2.3", "ARRDATAIllegalIPv4Address"),
        ("AAAA", "fe80::1%eth0", "AAAARRDATAIllegalIPv6Address"),
        ("CNAME", "a..b", "DomainLabelEmpty"),
        ("CNAME", "a" * 64, "DomainLabelTooLong"),
        ("CNAME", ".".join(["a" * 63] * 4), "DomainNameTooLong"),
        ("TXT", "bare", "InvalidCharacterString"),
        ("TXT", '"' + "a" * 256 + '"', "CharacterStringTooLong"),
        ("MX", "mail", "MXRRDATANotTwoFields"),
        ("SRV", "1 2 70000 a", "SRVRRDATAInvalid"),
        ("CAA", "0 issue bare", "CAARRDATAInvalid"),
        ("DS", "1 13 2 zz", "DSRRDATAInvalid"),
        ("SVCB", "1 . what=1", "SVCBRRDATAInvalid"),
    ],
)
def test_values_that_are_none_are_refused(type_: str, text: str, code: str) -> None:
    with pytest.raises(rdata.Illegal, match=code):
        rdata.wire(type_, text)
