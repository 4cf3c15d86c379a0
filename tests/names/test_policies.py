"""Each routing policy on the wire, as a client of another network sees it (its subnet is in the question)."""

from __future__ import annotations

import socket
import struct
from collections import Counter
from collections.abc import Callable
from math import sqrt
from typing import Any, NamedTuple

import pytest

from fogbank.planes.dns import message, rdata, read
from fogbank.planes.dns.read import Reading
from fogbank.testing import Served
from fogbank.testing.plugin import MakeClient

OREGON, FRANKFURT, TOKYO = "192.0.2.0", "198.51.100.0", "203.0.113.0"
"""Networks that documentation is written with, and where fogbank has them."""
DRAWS = 10_000
SIGMAS = 5
"""So far off the mean is one draw in a million."""


class Names(NamedTuple):
    """A zone of one's own, and what asks about it."""

    route53: Any
    zone: str
    name: str
    ask: Callable[..., Reading]

    def change(self, *sets: dict[str, Any], action: str = "CREATE") -> None:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": one} for one in sets]}
        self.route53.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch=batch)

    def one(self, label: str, *values: str, type_: str = "A", **more: Any) -> dict[str, Any]:
        """A record set; `SetIdentifier` is its first value, where a policy needs one."""
        policies = ("Weight", "Region", "Failover", "GeoLocation", "GeoProximityLocation", "MultiValueAnswer")
        if any(one in more for one in (*policies, "CidrRoutingConfig")):
            more.setdefault("SetIdentifier", values[0])
        rows = {"TTL": 60, "ResourceRecords": [{"Value": one} for one in values]}
        return {"Name": f"{label}.{self.name}", "Type": type_, **rows, **more}

    def alias(self, label: str, target: str, **more: Any) -> dict[str, Any]:
        about = {"HostedZoneId": self.zone, "DNSName": f"{target}.{self.name}", "EvaluateTargetHealth": True}
        more.setdefault("SetIdentifier", target)
        return {"Name": f"{label}.{self.name}", "Type": "A", "AliasTarget": about, **more}

    def said(self, label: str, network: str = "", type_: str = "A") -> list[str]:
        name = f"{label}.{self.name}"
        return [one.data for one in self.ask(name, type_, network).answer]


@pytest.fixture
def names(served: Served, boto: MakeClient, account: str) -> Names:
    route53, name = boto("route53"), f"z{account}.example"
    zone = route53.create_hosted_zone(Name=name, CallerReference=account)["HostedZone"]["Id"].rpartition("/")[2]
    return Names(route53, zone, name, lambda *about: _asked(served, *about)[0])


def _question(name: str, type_: str, network: str = "", bits: int = 24) -> bytes:
    option = b""
    if network:
        option = struct.pack("!HHHBB", 8, 4 + bits // 8, 1, bits, 0) + socket.inet_aton(network)[: bits // 8]
    edns = b"\0" + struct.pack("!HHIH", message.OPT, 1232, 0, len(option)) + option
    head = struct.pack("!HHHHHH", 9, 0, 1, 0, 0, 1)
    return head + rdata.wire_name(name) + struct.pack("!HH", rdata.TYPES[type_], 1) + edns


def _socket(served: Served) -> socket.socket:
    host, _, port = served.cloud.names.at.rpartition(":")
    sock = socket.socket(type=socket.SOCK_DGRAM)
    sock.settimeout(5)
    sock.connect((host, int(port)))
    return sock


def _asked(served: Served, name: str, type_: str = "A", network: str = "", bits: int = 24) -> tuple[Reading, bytes]:
    """What is said over UDP, as people read it and as it came."""
    with _socket(served) as sock:
        sock.send(_question(name, type_, network, bits))
        said = sock.recv(4096)
    return read.reading(said), said


def _drawn(served: Served, name: str) -> Counter[str]:
    """What a name was answered with, so many times; the address is what the answer ends with, before EDNS."""
    question, found = _question(name, "A"), Counter[str]()
    with _socket(served) as sock:
        for _ in range(DRAWS):
            sock.send(question)
            found[socket.inet_ntoa(sock.recv(4096)[-15:-11])] += 1
    return found


def _is_likely(count: int, share: float) -> bool:
    return abs(count - DRAWS * share) <= SIGMAS * sqrt(DRAWS * share * (1 - share))


def test_weights_are_shares_of_ten_thousand_answers_and_weight_0_is_none(served: Served, names: Names) -> None:
    weights = {"192.0.2.1": 1, "192.0.2.2": 3, "192.0.2.3": 4, "192.0.2.4": 0}
    names.change(*(names.one("w", value, Weight=weight) for value, weight in weights.items()))
    found = _drawn(served, f"w.{names.name}")
    assert sum(found.values()) == DRAWS
    assert set(found) == {"192.0.2.1", "192.0.2.2", "192.0.2.3"}
    assert all(_is_likely(found[value], weight / 8) for value, weight in weights.items() if weight)


def test_records_that_all_have_weight_0_are_told_alike(served: Served, names: Names) -> None:
    names.change(*(names.one("w", f"192.0.2.{n}", Weight=0) for n in range(4)))
    found = _drawn(served, f"w.{names.name}")
    assert all(_is_likely(found[f"192.0.2.{n}"], 1 / 4) for n in range(4))


def test_policies_nest_three_deep(served: Served, names: Names) -> None:
    """Latency leads to geolocation, that to weights, those to addresses; each step by who asks."""
    regions = {"us-west-2": "west", "eu-central-1": "east"}
    names.change(
        *(names.one(f"{label}-pool", f"192.0.2.{n}", Weight=1) for label in regions.values() for n in (1, 2)),
        names.one("german", "192.0.2.9"),
        names.alias("east-place", "german", GeoLocation={"CountryCode": "DE"}),
        names.alias("east-place", "east-pool", GeoLocation={"CountryCode": "*"}),
        names.alias("west-place", "west-pool", GeoLocation={"CountryCode": "*"}),
        *(names.alias("www", f"{label}-place", Region=region) for region, label in regions.items()),
    )
    assert names.said("www", FRANKFURT) == ["192.0.2.9"]
    drawn = {tuple(names.said("www", OREGON)) for _ in range(100)}
    assert drawn == {("192.0.2.1",), ("192.0.2.2",)}
    # A change at the bottom is told at once, through all three.
    names.change(names.one("german", "192.0.2.10"), action="UPSERT")
    assert names.said("www", FRANKFURT) == ["192.0.2.10"]


def test_the_answer_says_for_how_large_a_network_it_is(served: Served, names: Names) -> None:
    """RFC 7871, section 7.2.1: the scope is what caches go by."""
    names.change(*(names.one("www", value, Region=region) for value, region in (("192.0.2.1", "us-west-2"),)))
    for bits in (24, 16):
        said = _asked(served, f"www.{names.name}", "A", OREGON, bits)[1]
        option = struct.pack("!HHHBB", 8, 4 + bits // 8, 1, bits, bits) + socket.inet_aton(OREGON)[: bits // 8]
        assert said.endswith(option)


@pytest.mark.parametrize(("bias", "told"), [(0, "192.0.2.2"), (99, "192.0.2.1"), (-99, "192.0.2.2")])
def test_a_bias_grows_a_region_over_those_who_are_nearer_another(names: Names, bias: int, told: str) -> None:
    names.change(
        names.one("www", "192.0.2.1", GeoProximityLocation={"AWSRegion": "us-east-1", "Bias": bias}),
        names.one("www", "192.0.2.2", GeoProximityLocation={"AWSRegion": "eu-west-1"}),
    )
    assert names.said("www", FRANKFURT) == [told]


def test_the_smallest_place_that_fits_is_told_and_nobody_is_told_without_a_default(names: Names) -> None:
    names.change(
        names.one("www", "192.0.2.1", GeoLocation={"ContinentCode": "EU"}),
        names.one("www", "192.0.2.2", GeoLocation={"CountryCode": "DE"}),
        names.one("www", "192.0.2.3", GeoLocation={"CountryCode": "US", "SubdivisionCode": "OR"}),
    )
    assert [names.said("www", network) for network in (FRANKFURT, OREGON)] == [["192.0.2.2"], ["192.0.2.3"]]
    nothing = names.ask(f"www.{names.name}", "A", TOKYO)
    assert (nothing.code, nothing.answer, [one.type for one in nothing.authority]) == ("NOERROR", (), ["SOA"])
    names.change(names.one("www", "192.0.2.4", GeoLocation={"CountryCode": "*"}))
    assert names.said("www", TOKYO) == ["192.0.2.4"]


def test_blocks_of_addresses_are_told_apart(names: Names) -> None:
    collection = names.route53.create_cidr_collection(Name=names.zone, CallerReference="1")["Collection"]["Id"]
    changes = [{"LocationName": "office", "Action": "PUT", "CidrList": ["198.51.100.0/24"]}]
    names.route53.change_cidr_collection(Id=collection, Changes=changes)
    names.change(
        names.one("www", "192.0.2.1", CidrRoutingConfig={"CollectionId": collection, "LocationName": "office"}),
        names.one("www", "192.0.2.2", CidrRoutingConfig={"CollectionId": collection, "LocationName": "*"}),
    )
    assert [names.said("www", network) for network in (FRANKFURT, TOKYO)] == [["192.0.2.1"], ["192.0.2.2"]]
    # A block that moves is told at once.
    changes[0]["CidrList"] = ["203.0.113.0/24"]
    changes.insert(0, {"LocationName": "office", "Action": "DELETE_IF_EXISTS", "CidrList": ["198.51.100.0/24"]})
    names.route53.change_cidr_collection(Id=collection, Changes=changes)
    assert [names.said("www", network) for network in (FRANKFURT, TOKYO)] == [["192.0.2.2"], ["192.0.2.1"]]


def test_eight_values_of_many_come_in_changing_order(names: Names) -> None:
    values = [f"192.0.2.{n}" for n in range(10)]
    names.change(*(names.one("www", value, MultiValueAnswer=True) for value in values))
    answers = [names.said("www") for _ in range(100)]
    assert all(len(set(one)) == 8 for one in answers)
    assert {value for one in answers for value in one} == set(values)
    assert len({one[0] for one in answers}) > 1


def test_what_is_not_there_comes_with_the_soa_that_says_for_how_long(names: Names) -> None:
    names.change(names.one("www", "192.0.2.1"), names.one("a.b", "192.0.2.1"))
    for label, type_, code in (("www", "TXT", "NOERROR"), ("b", "A", "NOERROR"), ("missing", "A", "NXDOMAIN")):
        said = names.ask(f"{label}.{names.name}", type_)
        assert (said.code, said.is_authoritative, said.answer) == (code, True, ())
        assert [(one.name, one.type, one.ttl) for one in said.authority] == [(f"{names.name}.", "SOA", 900)]


def test_cnames_are_followed_to_what_a_policy_chooses(names: Names) -> None:
    names.change(
        names.one("a", f"b.{names.name}", type_="CNAME"),
        names.one("b", f"c.{names.name}", type_="CNAME"),
        names.one("c", "192.0.2.1", Weight=0),
        names.one("c", "192.0.2.2", Weight=1),
        names.one("out", "www.example.net", type_="CNAME"),
        names.one("lost", f"missing.{names.name}", type_="CNAME"),
    )
    assert names.said("a") == [f"b.{names.name}.", f"c.{names.name}.", "192.0.2.2"]
    assert names.said("a", type_="CNAME") == [f"b.{names.name}."]
    assert names.said("out") == ["www.example.net."]
    lost = names.ask(f"lost.{names.name}")
    assert (lost.code, len(lost.answer), lost.authority[0].type) == ("NXDOMAIN", 1, "SOA")


def test_wildcards_stand_for_names_that_are_not_there_with_their_policy(names: Names) -> None:
    names.change(
        names.one("*", "192.0.2.1", Region="us-west-2"),
        names.one("*", "192.0.2.2", Region="eu-central-1"),
        names.one("www", "192.0.2.3"),
    )
    assert [names.said("x.y", network) for network in (OREGON, FRANKFURT)] == [["192.0.2.1"], ["192.0.2.2"]]
    assert names.said("www", FRANKFURT) == ["192.0.2.3"]
    assert names.ask(f"x.www.{names.name}").code == "NXDOMAIN"
    # What comes to be there is told at once, in the wildcard's place.
    names.change(names.one("x.y", "192.0.2.4"))
    assert names.said("x.y", OREGON) == ["192.0.2.4"]


def test_a_new_zone_takes_its_names_over_at_once_and_gives_them_back(served: Served, names: Names) -> None:
    names.change(names.one("www.sub", "192.0.2.1"))
    assert names.said("www.sub") == ["192.0.2.1"]
    made = names.route53.create_hosted_zone(Name=f"sub.{names.name}", CallerReference="sub")["HostedZone"]["Id"]
    assert names.ask(f"www.sub.{names.name}").code == "NXDOMAIN"
    names.route53.delete_hosted_zone(Id=made)
    assert names.said("www.sub") == ["192.0.2.1"]
    assert names.ask("www.of-nobody.example").code == "REFUSED"
