"""What is planned ahead is what would be said, byte for byte, and holds no longer than the records do."""

from __future__ import annotations

import random
import struct
from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.planes.dns import message, plans, rdata, read
from fogbank.planes.dns.message import Answer, Query
from fogbank.planes.dns.plans import Plan, Plans, Recipe
from fogbank.planes.dns.rdata import TYPES
from fogbank.planes.dns.routing import Asker, Choice, Place, Random
from fogbank.planes.dns.zone import Sets, Told, Zone

SOA = Choice(900, (("a. b. 1 2 3 4 86400", rdata.wire("SOA", "a. b. 1 2 3 4 86400")),))
LABELS = ("a", "b", "*")
REGIONS = ("eu-west-1", "us-east-1", "sa-east-1")
VALUES = {
    "A": ["192.0.2.1", "192.0.2.2"],
    "TXT": ['"x"', '"' + "y" * 250 + '"'],
    "CNAME": ["a.example.com.", "b.a.example.com", "www.example.net."],
    "NS": ["ns.a.example.com.", "ns.example.net."],
}
names = st.lists(st.sampled_from(LABELS[:2]), max_size=2).map(lambda labels: ".".join([*labels, "example.com"]))
owners = st.lists(st.sampled_from(LABELS), max_size=2).map(lambda labels: ".".join([*labels, "example.com"]))
policies = st.sampled_from(
    ["simple", "multivalue", "weighted", "latency", "failover", "geolocation", "geoproximity", "cidr"]
)
places = st.sampled_from([Place(), Place("EU"), Place(country="DE"), Place(country="*")])
networks = st.sampled_from([(), (ip_network("10.0.0.0/8"),), (ip_network("10.1.0.0/16"), ip_network("2001:db8::/32"))])


@st.composite
def sets_of(draw: st.DrawFn) -> Sets:
    """The record sets of a name: of each type one policy's."""
    found: dict[int, tuple[Choice, ...]] = {}
    for type_ in draw(st.lists(st.sampled_from(sorted(VALUES)), unique=True, max_size=2)):
        policy = draw(policies)
        count = 1 if policy == "simple" else draw(st.integers(1, 10))
        found[TYPES[type_]] = tuple(draw(choice(type_, policy)) for _ in range(count))
    return found


@st.composite
def choice(draw: st.DrawFn, type_: str, policy: str) -> Choice:
    texts = draw(st.lists(st.sampled_from(VALUES[type_]), min_size=1, max_size=5))
    return Choice(
        draw(st.integers(0, 300)),
        tuple((one, rdata.wire(type_, one)) for one in texts),
        alias=draw(st.sampled_from(["", "", "a.example.com", "b.a.example.com"])) if type_ == "A" else "",
        evaluates=draw(st.booleans()),
        check=draw(st.sampled_from(["", "one", "two"])),
        policy=policy,
        weight=draw(st.sampled_from([0, 1, 255])),
        region=draw(st.sampled_from(REGIONS)),
        is_primary=draw(st.booleans()),
        place=draw(places),
        bias=draw(st.integers(-99, 99)),
        networks=draw(networks),
    )


@st.composite
def questions(draw: st.DrawFn) -> bytes:
    """A query with or without EDNS, a subnet, and letters of either case."""
    raw = b"".join(
        bytes([len(label)]) + bytes(draw(st.sampled_from([label, label.upper()])), "ascii")
        for label in draw(names).split(".")
    )
    type_ = draw(st.sampled_from([1, 1, 1, 1, 16, 16, 2, 5, 6, 43, 255, 65280]))
    head = struct.pack("!HHHHHH", draw(st.integers(0, 65535)), draw(st.sampled_from([0, 0x0100])), 1, 0, 0, 0)
    body = raw + b"\0" + struct.pack("!HH", type_, 1)
    if not draw(st.booleans()):
        return head + body
    options = bytes.fromhex(draw(st.sampled_from(["", "00080007000118000a0102", "000a00080123456789abcdef"])))
    size = draw(st.sampled_from([0, 512, 1232, 4096]))
    edns = b"\0" + struct.pack("!HHIH", message.OPT, size, 0, len(options)) + options
    return head[:10] + b"\0\1" + body + edns


@st.composite
def askers(draw: st.DrawFn) -> Asker:
    return Asker(
        draw(st.sampled_from(["10.1.2.3", "10.9.0.1", "192.0.2.1", "2001:db8::1"])),
        "EU",
        draw(st.sampled_from(["", "DE", "FR"])),
        latencies={region: draw(st.sampled_from([0.01, 0.02])) for region in REGIONS},
        bits=draw(st.sampled_from([0, 24])),
    )


zones = st.dictionaries(owners, sets_of(), max_size=6).map(
    lambda found: Zone("example.com", {"example.com": {message.SOA: (SOA,)}} | found)
)
healths = st.dictionaries(st.sampled_from(["one", "two"]), st.booleans())


@settings(max_examples=400, deadline=None)
@given(zones, st.lists(questions(), min_size=1, max_size=8), askers(), healths, st.integers(0, 2**32))
def test_what_is_planned_is_what_would_be_said(
    zone: Zone, asked: list[bytes], asker: Asker, health: dict[str, bool], seed: int
) -> None:
    recipes: dict[tuple[str, int], Recipe] = {}
    for data in asked:
        query = message.parsed(data)
        recipe = recipes.setdefault((query.name, query.type), Recipe(zone, query.name, query.type))
        if not recipe.is_whole:
            continue
        dice = random.Random(seed)
        plan = Plan(recipe, query, lambda _: Told(asker, health, dice.random), Told(asker, {}, dice.random))  # noqa: B023
        slow = random.Random(seed)
        for _ in range(3):
            want = message.written(query, zone.answer(query, asker, health, slow.random), size_max=query.payload)
            assert data[:2] + plan.said(asker.address) == want
            assert len(want) <= query.payload


def _simple(value: str) -> Sets:
    return {message.A: (Choice(60, ((value, rdata.wire("A", value)),)),)}


def _weighted(*weights: int) -> Sets:
    values = [f"192.0.2.{number}" for number in range(len(weights))]
    return {
        message.A: tuple(
            Choice(60, ((value, rdata.wire("A", value)),), check=value, policy="weighted", weight=weight)
            for value, weight in zip(values, weights, strict=True)
        )
    }


def _query(name: str, number: int = 1) -> Query:
    return message.parsed(read.question(number, name, message.A))


def _planned(zone: Zone, query: Query, health: dict[str, bool] | None = None) -> Plan:
    told = Told(Asker(), health if health is not None else {}, random.Random(7).random)
    return Plan(Recipe(zone, query.name, query.type), query, lambda _: told, told)


def test_what_decides_is_asked_each_time_and_flips_without_a_new_plan() -> None:
    zone = Zone("example.com", {"www.example.com": _weighted(1, 1)})
    health = {"192.0.2.0": True, "192.0.2.1": False}
    plan = _planned(zone, _query("www.example.com"), health)
    assert not plan.fixed
    assert [read.reading(b"\0\1" + plan.said("")).answer[0].data for _ in range(5)] == ["192.0.2.0"] * 5
    health.update({"192.0.2.0": False, "192.0.2.1": True})
    assert [read.reading(b"\0\1" + plan.said("")).answer[0].data for _ in range(5)] == ["192.0.2.1"] * 5
    assert plan.holds


def test_whoever_is_nowhere_is_told_that_there_is_nothing_as_the_zone_tells_it() -> None:
    """No location fits, and there is no default: no address, and the SOA that says for how long."""
    (found,) = _simple("192.0.2.1")[message.A]
    place = found._replace(policy="geolocation", place=Place(country="DE"))
    zone = Zone("example.com", {"example.com": {message.SOA: (SOA,)}, "www.example.com": {message.A: (place,)}})
    query = _query("www.example.com")
    plan = _planned(zone, query)
    assert not plan.fixed
    assert b"\0\1" + plan.said("") == message.written(query, zone.answer(query, *_nobody()))
    assert [one.type for one in read.reading(b"\0\1" + plan.said("")).authority] == ["SOA"]


def test_a_plan_holds_until_its_zone_changes() -> None:
    zone, kept = Zone("example.com", {"www.example.com": _simple("192.0.2.1")}), Plans()
    query = _query("www.example.com")
    kept.keep(b"asked", _planned(zone, query))
    kept.remember(Recipe(zone, query.name, query.type))
    assert kept.found(b"asked")
    assert kept.recipe(query.name, query.type)
    zone.set("other.example.com", _simple("192.0.2.1"))
    assert kept.found(b"asked") is None
    assert kept.recipe(query.name, query.type) is None


def test_what_many_ask_stays_among_what_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "_PLANS_MAX", 4)
    zone, kept = Zone("example.com", {"www.example.com": _simple("192.0.2.1")}), Plans()
    often = _planned(zone, _query("www.example.com"))
    kept.keep(b"often", often)
    for number in range(50):
        kept.keep(b"once %d" % number, _planned(zone, _query("www.example.com")))
        assert kept.found(b"often") is often
    assert sum(kept.found(b"once %d" % number) is not None for number in range(50)) <= 8


def test_referrals_and_chains_are_planned_only_where_nothing_decides() -> None:
    chain = {message.CNAME: (Choice(5, (("www.example.com.", rdata.wire("CNAME", "www.example.com.")),)),)}
    zone = Zone("example.com", {"c.example.com": chain, "www.example.com": _simple("192.0.2.1")})
    assert Recipe(zone, "c.example.com", message.A).answer == zone.answer(_query("c.example.com"), *_nobody())
    zone.set("www.example.com", _weighted(1, 2))
    assert not Recipe(zone, "c.example.com", message.A).is_whole
    assert Recipe(zone, "missing.example.com", message.A).answer == Answer(message.NXDOMAIN)


def _nobody() -> tuple[Asker, dict[str, bool], Random]:
    return Asker(), {}, random.Random(1).random


def test_names_that_do_not_exist_are_counted_as_one() -> None:
    nothing = Answer(message.NXDOMAIN, authority=(message.Resource("example.com", message.SOA, 5, ""),))
    one, other = (plans.identity(_query(f"{name}.example.com"), nothing) for name in "ab")
    assert one == other
    assert plans.identity(_query("a.example.com"), None) != plans.identity(_query("b.example.com"), None)
