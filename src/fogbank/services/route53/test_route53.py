"""Route 53 through its API and on the wire: zones, batches, listings, private zones, and what a name server says."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control import caller as callers
from fogbank.planes.dns import message, read, server
from fogbank.planes.dns.message import Answer
from fogbank.planes.dns.rdata import TYPES
from fogbank.services.route53 import rules
from fogbank.testing import TestCloud

Client = Callable[..., dict[str, Any]]
OTHER = "111111111111"


@pytest.fixture
def route53(cloud: TestCloud) -> Client:
    return cloud.client("route53")


def _zone(route53: Client, name: str = "example.com", **more: Any) -> str:
    made = route53("CreateHostedZone", Name=name, CallerReference=f"{name} {more}", **more)
    return str(made["HostedZone"]["Id"])


def _set(name: str, type_: str, *values: str, action: str = "CREATE", ttl: int = 60, **more: Any) -> dict[str, Any]:
    records = [{"Value": one} for one in values]
    body = {"Name": name, "Type": type_, "TTL": ttl, "ResourceRecords": records, **more}
    return {"Action": action, "ResourceRecordSet": body}


def _alias(name: str, target: str, zone: str, *, evaluates: bool = False, **more: Any) -> dict[str, Any]:
    alias = {"HostedZoneId": zone.rpartition("/")[2], "DNSName": target, "EvaluateTargetHealth": evaluates}
    return {"Action": "CREATE", "ResourceRecordSet": {"Name": name, "Type": "A", "AliasTarget": alias, **more}}


def _change(route53: Client, zone: str, *changes: dict[str, Any]) -> dict[str, Any]:
    return route53("ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch={"Changes": list(changes)})


def _names(route53: Client, zone: str, **more: Any) -> list[tuple[str, str, str]]:
    rows = route53("ListResourceRecordSets", HostedZoneId=zone, **more)["ResourceRecordSets"]
    return [(one["Name"], one["Type"], one.get("SetIdentifier", "")) for one in rows]


def _said(cloud: TestCloud, name: str, type_: str = "A", vpc: str = "", region: str = "us-east-1") -> Answer:
    """What the host's name server says, or the resolver of a VPC of the default account."""
    query = message.parsed(read.question(1, name, TYPES[type_]))
    if not vpc:
        return cloud.cloud.inside.resolve_for_host(query, "127.0.0.1")
    account = cloud.cloud.settings.account
    return cloud.cloud.inside.resolve(f"aws/{account}/{region}/{vpc}", query, "10.0.0.9")


def _data(answer: Answer) -> list[str]:
    return [one.data for one in answer.records]


def _vpc(cloud: TestCloud, region: str = "us-east-1", account: str = "") -> str:
    caller = callers.root(account) if account else None
    made = cloud.call("ec2", "CreateVpc", {"CidrBlock": "10.0.0.0/16"}, region=region, caller=caller)
    return str(made["Vpc"]["VpcId"])


def _place(vpc: str, region: str = "us-east-1") -> dict[str, str]:
    return {"VPCRegion": region, "VPCId": vpc}


# Zones


def test_a_zone_begins_with_its_servers_and_an_soa(route53: Client) -> None:
    made = route53("CreateHostedZone", Name="Example.com", CallerReference="a", HostedZoneConfig={"Comment": "c"})
    servers = made["DelegationSet"]["NameServers"]
    assert [one.rpartition("fogdns-")[2].partition(".")[2] for one in servers] == ["com", "net", "org", "co.uk"]
    zone = route53("GetHostedZone", Id=made["HostedZone"]["Id"])
    assert zone["HostedZone"]["Name"] == "example.com."
    assert zone["HostedZone"]["Config"] == {"PrivateZone": False, "Comment": "c"}
    assert zone["HostedZone"]["ResourceRecordSetCount"] == 2
    assert zone["DelegationSet"]["NameServers"] == servers
    rows = route53("ListResourceRecordSets", HostedZoneId=made["HostedZone"]["Id"])["ResourceRecordSets"]
    assert [one["Type"] for one in rows] == ["NS", "SOA"]
    assert [one["Value"] for one in rows[0]["ResourceRecords"]] == [f"{one}." for one in servers]


def test_no_two_shards_share_more_than_two_servers() -> None:
    """All pairs of a thousand numbers that lie close, and of a thousand that lie apart."""
    for step in (1, 134_217):
        shards = [rules.shard(number * step % rules.SHARDS) for number in range(1000)]
        assert all(sum(a == b for a, b in zip(*pair, strict=True)) <= 2 for pair in combinations(shards, 2))
    assert rules.servers(0) == ("ns-0.fogdns-00.com", "ns-512.fogdns-00.net", *rules.servers(0)[2:])
    places = {place for number in range(0, rules.SHARDS, 26_003) for place in enumerate(rules.shard(number))}
    assert len(places) == 4 * rules.STRIPE_SIZE


def test_the_quota_of_zones_holds_and_their_servers_are_apart(route53: Client) -> None:
    servers = []
    for number in range(rules.ZONES_MAX):
        made = route53("CreateHostedZone", Name=f"z{number}.org", CallerReference=str(number))
        servers.append(set(made["DelegationSet"]["NameServers"]))
    assert all(len(one & other) <= 2 for one, other in combinations(servers, 2))
    with pytest.raises(AwsError, match="TooManyHostedZones"):
        route53("CreateHostedZone", Name="more.org", CallerReference="more")
    assert route53("GetHostedZoneCount") == {"HostedZoneCount": rules.ZONES_MAX}
    limit = route53("GetAccountLimit", Type="MAX_HOSTED_ZONES_BY_OWNER")
    assert (limit["Count"], limit["Limit"]["Value"]) == (500, 500)
    found, marker = [], {}
    while True:
        page = route53("ListHostedZones", MaxItems="99", **marker)
        found += page["HostedZones"]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["NextMarker"]}
    assert len({one["Id"] for one in found}) == len(found) == rules.ZONES_MAX


def test_zones_are_listed_by_names_with_their_labels_reversed(route53: Client) -> None:
    for name in ("b.org", "a.b.org", "c.com", "a.net"):
        _zone(route53, name)
    page = route53("ListHostedZonesByName", MaxItems="3")
    assert [one["Name"] for one in page["HostedZones"]] == ["c.com.", "a.net.", "b.org."]
    more = route53("ListHostedZonesByName", DNSName=page["NextDNSName"], HostedZoneId=page["NextHostedZoneId"])
    assert ([one["Name"] for one in more["HostedZones"]], more["IsTruncated"]) == (["a.b.org."], False)


def test_a_zone_goes_when_it_is_empty_and_is_not_answered_then(cloud: TestCloud, route53: Client) -> None:
    zone = _zone(route53)
    record = _set("www.example.com", "A", "192.0.2.1")
    _change(route53, zone, record)
    assert _data(_said(cloud, "www.example.com")) == ["192.0.2.1"]
    with pytest.raises(AwsError, match="HostedZoneNotEmpty"):
        route53("DeleteHostedZone", Id=zone)
    _change(route53, zone, {**record, "Action": "DELETE"})
    assert _said(cloud, "www.example.com").code == message.NXDOMAIN
    change = route53("DeleteHostedZone", Id=zone)["ChangeInfo"]
    assert change["Status"] == "PENDING"
    assert route53("GetChange", Id=change["Id"])["ChangeInfo"]["Status"] == "INSYNC"
    assert _said(cloud, "www.example.com").code == message.REFUSED


def test_zones_of_one_name_and_the_closest_name_wins(cloud: TestCloud, route53: Client) -> None:
    first = _zone(route53)
    cloud.advance(1)
    second = str(route53("CreateHostedZone", Name="example.com", CallerReference="b")["HostedZone"]["Id"])
    inner = _zone(route53, "in.example.com")
    for number, zone in enumerate((first, second)):
        _change(route53, zone, _set("www.example.com", "A", f"192.0.2.{number}"))
    _change(route53, first, _set("www.in.example.com", "A", "192.0.2.8"))
    _change(route53, inner, _set("www.in.example.com", "A", "192.0.2.9"))
    assert [_data(_said(cloud, name)) for name in ("www.example.com", "www.in.example.com")] == [
        ["192.0.2.0"],
        ["192.0.2.9"],
    ]


def test_delegation_sets_are_shared_by_zones(route53: Client) -> None:
    made = route53("CreateReusableDelegationSet", CallerReference="a")["DelegationSet"]
    zone = _zone(route53, DelegationSetId=made["Id"])
    shown = route53("GetHostedZone", Id=zone)["DelegationSet"]
    assert (shown["Id"], shown["NameServers"]) == (made["Id"], made["NameServers"])
    assert [one["Id"] for one in route53("ListHostedZones", DelegationSetId=made["Id"])["HostedZones"]] == [zone]
    limit = {"DelegationSetId": made["Id"], "Type": "MAX_ZONES_BY_REUSABLE_DELEGATION_SET"}
    assert route53("GetReusableDelegationSetLimit", **limit)["Count"] == 1
    route53("DeleteHostedZone", Id=zone)
    route53("DeleteReusableDelegationSet", Id=made["Id"])
    assert route53("ListReusableDelegationSets")["DelegationSets"] == []
    for number in range(rules.DELEGATION_SETS_MAX):
        route53("CreateReusableDelegationSet", CallerReference=str(number))
    with pytest.raises(AwsError, match="LimitsExceeded"):
        route53("CreateReusableDelegationSet", CallerReference="more")


def test_tags_are_kept_changed_and_listed(route53: Client) -> None:
    zone = _zone(route53).rpartition("/")[2]
    about = {"ResourceType": "hostedzone", "ResourceId": zone}
    route53("ChangeTagsForResource", **about, AddTags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    route53("ChangeTagsForResource", **about, AddTags=[{"Key": "b", "Value": "3"}], RemoveTagKeys=["a"])
    assert route53("ListTagsForResource", **about)["ResourceTagSet"]["Tags"] == [{"Key": "b", "Value": "3"}]
    many = route53("ListTagsForResources", ResourceType="hostedzone", ResourceIds=[zone])["ResourceTagSets"]
    assert [(one["ResourceId"], one["Tags"]) for one in many] == [(zone, [{"Key": "b", "Value": "3"}])]


# Records


def test_names_are_kept_in_lower_case_with_escapes(cloud: TestCloud, route53: Client) -> None:
    zone = _zone(route53)
    _change(route53, zone, _set("*.Example.com", "A", "192.0.2.1"), _set("a\\052b.example.com.", "A", "192.0.2.2"))
    assert _names(route53, zone)[2:] == [("\\052.example.com.", "A", ""), ("a\\052b.example.com.", "A", "")]
    assert _data(_said(cloud, "what.ever.example.com")) == ["192.0.2.1"]
    assert _data(_said(cloud, "A*B.example.com")) == ["192.0.2.2"]


def test_records_are_listed_in_order_and_in_pages(route53: Client) -> None:
    zone = _zone(route53)
    names = ("b", "a.b", "a", "z.a")
    _change(route53, zone, *(_set(f"{name}.example.com", "A", "192.0.2.1") for name in names))
    weights = [
        _set("w.example.com", type_, value, SetIdentifier=one, Weight=1)
        for one in ("y", "x")
        for type_, value in (("A", "192.0.2.1"), ("AAAA", "2001:db8::1"))
    ]
    _change(route53, zone, *weights)
    every = _names(route53, zone)
    assert [f"{name} {type_} {one}".strip() for name, type_, one in every] == [
        "example.com. NS",
        "example.com. SOA",
        "a.example.com. A",
        "z.a.example.com. A",
        "b.example.com. A",
        "a.b.example.com. A",
        "w.example.com. A x",
        "w.example.com. A y",
        "w.example.com. AAAA x",
        "w.example.com. AAAA y",
    ]
    found: list[tuple[str, str, str]] = []
    start: dict[str, str] = {}
    while True:
        page = route53("ListResourceRecordSets", HostedZoneId=zone, MaxItems="1", **start)
        found += _names(route53, zone, MaxItems="1", **start)
        if not page["IsTruncated"]:
            break
        start = {f"Start{key[4:]}": page[key] for key in page if key.startswith("Next")}
    assert found == every
    assert _names(route53, zone, StartRecordName="b.example.com")[0][0] == "b.example.com."
    assert _names(route53, zone, StartRecordName="aa.example.com", StartRecordType="A")[0][0] == "b.example.com."


def test_a_batch_is_done_whole_or_not_at_all(cloud: TestCloud, route53: Client) -> None:
    zone = _zone(route53)
    _change(route53, zone, _set("www.example.com", "A", "192.0.2.1"))
    assert _data(_said(cloud, "www.example.com")) == ["192.0.2.1"]
    before = _names(route53, zone)
    good = _set("www.example.com", "A", "192.0.2.2", action="UPSERT")
    with pytest.raises(AwsError) as refused:
        _change(route53, zone, good, _set("a.example.org", "A", "192.0.2.1"), _set("www.example.com", "TXT", "bare"))
    assert refused.value.message == "[RRSet with DNS name a.example.org. is not permitted in zone example.com.]"
    assert (_names(route53, zone), _data(_said(cloud, "www.example.com"))) == (before, ["192.0.2.1"])
    _change(route53, zone, good)
    assert _data(_said(cloud, "www.example.com")) == ["192.0.2.2"]


def test_a_cname_takes_the_place_of_an_address_in_one_batch(cloud: TestCloud, route53: Client) -> None:
    zone = _zone(route53)
    old = _set("www.example.com", "A", "192.0.2.1")
    _change(route53, zone, old)
    _change(route53, zone, _set("www.example.com", "CNAME", "example.org"), {**old, "Action": "DELETE"})
    assert _data(_said(cloud, "www.example.com")) == ["example.org"]


def test_chains_lead_from_zone_to_zone(cloud: TestCloud, route53: Client) -> None:
    zone, other = _zone(route53), _zone(route53, "example.org")
    _change(route53, zone, _set("www.example.com", "CNAME", "www.example.org"))
    _change(route53, other, _set("www.example.org", "CNAME", "end.example.org"))
    _change(route53, other, _set("end.example.org", "A", "192.0.2.1"))
    assert _data(_said(cloud, "www.example.com")) == ["www.example.org", "end.example.org", "192.0.2.1"]
    _change(route53, other, _set("back.example.org", "CNAME", "back.example.com"))
    _change(route53, zone, _set("back.example.com", "CNAME", "back.example.org"))
    assert _data(_said(cloud, "back.example.com")) == ["back.example.org", "back.example.com"]


def test_aliases_are_answered_and_what_they_stand_for_may_change(cloud: TestCloud, route53: Client) -> None:
    zone = _zone(route53)
    _change(route53, zone, _set("www.example.com", "A", "192.0.2.1", ttl=7))
    _change(route53, zone, _alias("example.com", "www.example.com", zone))
    assert [(one.name, one.ttl, one.data) for one in _said(cloud, "example.com").records] == [
        ("example.com", 7, "192.0.2.1")
    ]
    _change(route53, zone, _set("www.example.com", "A", "192.0.2.2", action="UPSERT"))
    assert _data(_said(cloud, "example.com")) == ["192.0.2.2"]
    a, b = _alias("a.example.com", "b.example.com", zone), _alias("b.example.com", "a.example.com", zone)
    with pytest.raises(AwsError, match="circle"):
        _change(route53, zone, a, b)
    # Nor a step at a time.
    _change(route53, zone, _set("a.example.com", "A", "192.0.2.1"), b)
    with pytest.raises(AwsError, match="circle"):
        _change(route53, zone, {**a, "Action": "UPSERT"})


def _tested(route53: Client, zone: str, name: str, type_: str = "A", **more: Any) -> dict[str, Any]:
    return route53("TestDNSAnswer", HostedZoneId=zone, RecordName=name, RecordType=type_, **more)


def test_where_a_client_is_decides_and_test_dns_answer_says_so(route53: Client) -> None:
    zone = _zone(route53)
    places = {"OR": {"CountryCode": "US", "SubdivisionCode": "OR"}, "EU": {"ContinentCode": "EU"}}
    places["default"] = {"CountryCode": "*"}
    for number, (name, place) in enumerate(places.items()):
        _change(route53, zone, _set("g.example.com", "A", f"192.0.2.{number}", SetIdentifier=name, GeoLocation=place))
    for number, region in enumerate(("us-west-2", "eu-central-1", "ap-northeast-1")):
        _change(route53, zone, _set("l.example.com", "A", f"192.0.2.{number}", SetIdentifier=region, Region=region))
        here = {"AWSRegion": region}
        record = _set("p.example.com", "A", f"192.0.2.{number}", SetIdentifier=region, GeoProximityLocation=here)
        _change(route53, zone, record)
    for name in ("g", "l", "p"):
        told = [
            _tested(route53, zone, f"{name}.example.com", ResolverIP=one)["RecordData"][0][-1]
            for one in ("192.0.2.7", "198.51.100.7", "203.0.113.7")
        ]
        assert told == ["0", "1", "2"], name
    subnet = {"ResolverIP": "192.0.2.7", "EDNS0ClientSubnetIP": "203.0.113.0"}
    assert _tested(route53, zone, "l.example.com", **subnet)["RecordData"] == ["192.0.2.2"]
    nothing = _tested(route53, zone, "no.example.com")
    assert (nothing["ResponseCode"], nothing["RecordData"], nothing["Protocol"]) == ("NXDOMAIN", [], "UDP")


def test_blocks_of_addresses_decide_and_follow_their_collection(route53: Client) -> None:
    zone = _zone(route53)
    made = route53("CreateCidrCollection", Name="blocks", CallerReference="a")["Collection"]
    assert route53("CreateCidrCollection", Name="blocks", CallerReference="a")["Collection"] == made

    def put(name: str, *blocks: str, action: str = "PUT") -> None:
        change = {"LocationName": name, "Action": action, "CidrList": list(blocks)}
        route53("ChangeCidrCollection", Id=made["Id"], Changes=[change])

    put("wide", "10.0.0.0/8")
    put("near", "10.1.0.0/16", "2001:db8::/32")
    for number, name in enumerate(("wide", "near", "*")):
        config = {"CollectionId": made["Id"], "LocationName": name}
        record = _set("ip.example.com", "A", f"192.0.2.{number}", SetIdentifier=name, CidrRoutingConfig=config)
        _change(route53, zone, record)

    def told(address: str) -> str:
        return str(_tested(route53, zone, "ip.example.com", ResolverIP=address)["RecordData"][0])

    assert [told(one)[-1] for one in ("10.2.0.1", "10.1.0.1", "2001:db8::1", "192.0.2.1")] == ["0", "1", "1", "2"]
    put("wide", "192.0.2.0/24")
    assert told("192.0.2.1") == "192.0.2.0"
    with pytest.raises(AwsError, match="CidrBlockInUseException"):
        put("near", "10.1.0.0/16", "2001:db8::/32", action="DELETE_IF_EXISTS")
    blocks = route53("ListCidrBlocks", CollectionId=made["Id"], LocationName="near")["CidrBlocks"]
    assert [one["CidrBlock"] for one in blocks] == ["10.1.0.0/16", "2001:db8::/32"]
    locations = route53("ListCidrLocations", CollectionId=made["Id"])["CidrLocations"]
    assert [one["LocationName"] for one in locations] == ["near", "wide"]
    assert route53("ListCidrCollections")["CidrCollections"][0]["Version"] == 4
    for number in range(4):
        route53("CreateCidrCollection", Name=f"n{number}", CallerReference=str(number))
    with pytest.raises(AwsError, match="LimitsExceeded"):
        route53("CreateCidrCollection", Name="more", CallerReference="more")
    empty = next(one for one in route53("ListCidrCollections")["CidrCollections"] if one["Name"] == "n1")
    route53("DeleteCidrCollection", Id=empty["Id"])
    assert len(route53("ListCidrCollections")["CidrCollections"]) == 4


def test_noise_never_fails_a_zone_nor_makes_long_answers(cloud: TestCloud, route53: Client) -> None:
    zone = _zone(route53)
    _change(route53, zone, _set("*.example.com", "A", "192.0.2.1"), _set("c.example.com", "CNAME", "d.example.com"))
    good, dice = read.question(1, "c.example.com", 1), random.Random(5)
    for _ in range(5000):
        noise = bytearray(good)
        for _ in range(dice.randrange(1, 5)):
            noise[dice.randrange(len(noise))] = dice.randrange(256)
        said = server.answered(bytes(noise), "127.0.0.1", cloud.cloud.inside.resolve_for_host, is_stream=False)
        assert said is None or (said[3] & 15 != message.SERVFAIL and len(said) <= message.EDNS_BYTES_MAX)
    assert _data(_said(cloud, "c.example.com")) == ["d.example.com", "192.0.2.1"]


# Private zones


def test_a_private_zone_is_told_in_its_vpcs_and_hides_the_public_one(cloud: TestCloud, route53: Client) -> None:
    here, elsewhere = _vpc(cloud), _vpc(cloud)
    public, private = _zone(route53), _zone(route53, VPC=_place(here))
    _change(route53, public, _set("www.example.com", "A", "192.0.2.1"), _set("out.example.com", "A", "192.0.2.2"))
    _change(route53, private, _set("www.example.com", "A", "10.0.0.1"))
    told = [_data(_said(cloud, "www.example.com", vpc=vpc)) for vpc in (here, elsewhere, "")]
    assert told == [["10.0.0.1"], ["192.0.2.1"], ["192.0.2.1"]]
    # What the private zone does not have is not there: the public zone is not asked (Developer Guide, "split-view").
    assert _said(cloud, "out.example.com", vpc=here).code == message.NXDOMAIN
    assert "DelegationSet" not in route53("GetHostedZone", Id=private)
    with pytest.raises(AwsError, match="InvalidInput"):
        _tested(route53, private, "www.example.com")


def test_the_private_zone_with_the_longest_name_wins(cloud: TestCloud, route53: Client) -> None:
    here = _vpc(cloud)
    outer, inner = (_zone(route53, name, VPC=_place(here)) for name in ("corp", "in.corp"))
    _change(route53, outer, _set("www.in.corp", "A", "10.0.0.1"), _set("www.corp", "A", "10.0.0.2"))
    _change(route53, inner, _set("www.in.corp", "A", "10.0.0.3"))
    assert [_data(_said(cloud, name, vpc=here)) for name in ("www.in.corp", "www.corp")] == [["10.0.0.3"], ["10.0.0.2"]]
    assert _said(cloud, "www.corp").code == message.REFUSED


def test_what_is_delegated_to_others_is_referred_outside_and_fails_inside(cloud: TestCloud, route53: Client) -> None:
    zone, here = _zone(route53), _vpc(cloud)
    _change(route53, zone, _set("sub.example.com", "NS", "ns.example.net."))
    referred = _said(cloud, "www.sub.example.com")
    assert ([one.data for one in referred.authority], referred.authoritative) == (["ns.example.net."], False)
    assert _said(cloud, "www.sub.example.com", vpc=here).code == message.SERVFAIL


def test_vpcs_come_and_go_in_any_region(cloud: TestCloud, route53: Client) -> None:
    here, far = _vpc(cloud), _vpc(cloud, "eu-west-1")
    zone = _zone(route53, "corp", VPC=_place(here))
    _change(route53, zone, _set("www.corp", "A", "10.0.0.1"))
    assert _said(cloud, "www.corp", vpc=far, region="eu-west-1").code == message.NXDOMAIN
    route53("AssociateVPCWithHostedZone", HostedZoneId=zone, VPC=_place(far, "eu-west-1"))
    assert _data(_said(cloud, "www.corp", vpc=far, region="eu-west-1")) == ["10.0.0.1"]
    found = route53("ListHostedZonesByVPC", **_place(far, "eu-west-1"))["HostedZoneSummaries"]
    assert [(one["HostedZoneId"], one["Name"]) for one in found] == [(zone.rpartition("/")[2], "corp.")]
    route53("DisassociateVPCFromHostedZone", HostedZoneId=zone, VPC=_place(here))
    assert route53("GetHostedZone", Id=zone)["VPCs"] == [_place(far, "eu-west-1")]
    assert _said(cloud, "www.corp", vpc=here).code == message.NXDOMAIN


def test_another_account_associates_its_vpc_once_it_is_authorized(cloud: TestCloud, route53: Client) -> None:
    zone = _zone(route53, "corp", VPC=_place(_vpc(cloud)))
    theirs = _place(_vpc(cloud, account=OTHER))
    there = cloud.client("route53", caller=callers.root(OTHER))
    with pytest.raises(AwsError, match="NotAuthorizedException"):
        there("AssociateVPCWithHostedZone", HostedZoneId=zone, VPC=theirs)
    route53("CreateVPCAssociationAuthorization", HostedZoneId=zone, VPC=theirs)
    listed = route53("ListVPCAssociationAuthorizations", HostedZoneId=zone)
    assert listed["VPCs"] == [theirs]
    there("AssociateVPCWithHostedZone", HostedZoneId=zone, VPC=theirs)
    owner = there("ListHostedZonesByVPC", **theirs)["HostedZoneSummaries"][0]["Owner"]
    assert owner == {"OwningAccount": cloud.cloud.settings.account}
    route53("DeleteVPCAssociationAuthorization", HostedZoneId=zone, VPC=theirs)
    there("DisassociateVPCFromHostedZone", HostedZoneId=zone, VPC=theirs)


def test_zones_are_those_of_their_account(cloud: TestCloud, route53: Client) -> None:
    zone = _zone(route53)
    there = cloud.client("route53", caller=callers.root(OTHER))
    assert there("ListHostedZones")["HostedZones"] == []
    with pytest.raises(AwsError, match="NoSuchHostedZone"):
        there("GetHostedZone", Id=zone)


def test_a_restart_answers_the_same(tmp_path: Path) -> None:
    def cloud() -> Iterator[TestCloud]:
        made = TestCloud(ephemeral=False, state=str(tmp_path))
        yield made
        made.close()

    for made in cloud():
        zone = _zone(made.client("route53"))
        _change(made.client("route53"), zone, _set("www.example.com", "A", "192.0.2.1"))
    for made in cloud():
        assert _data(_said(made, "www.example.com")) == ["192.0.2.1"]


# Permissions


def test_a_policy_may_allow_one_zone_and_one_type(cloud: TestCloud, route53: Client) -> None:
    """Developer Guide, "Using IAM policy conditions for fine-grained access control"."""
    zone, other = _zone(route53), _zone(route53, "example.org")
    arn = f"arn:aws:route53:::hostedzone/{zone.rpartition('/')[2]}"
    condition = {"ForAllValues:StringEquals": {"route53:ChangeResourceRecordSetsRecordTypes": ["TXT"]}}
    action = "route53:ChangeResourceRecordSets"
    statement = {"Effect": "Allow", "Action": action, "Resource": arn, "Condition": condition}
    iam = cloud.client("iam")
    iam("CreateUser", UserName="u")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam("PutUserPolicy", UserName="u", PolicyName="p", PolicyDocument=policy)
    key = iam("CreateAccessKey", UserName="u")["AccessKey"]["AccessKeyId"]
    credential = cloud.cloud.credential(key, None)
    assert credential is not None
    theirs = cloud.client("route53", caller=credential.caller)
    _change(theirs, zone, _set("a.example.com", "TXT", '"x"'))
    for where, type_ in ((zone, "A"), (other, "TXT")):
        with pytest.raises(AwsError, match="AccessDenied"):
            _change(theirs, where, _set("b.example.com", type_, '"x"' if type_ == "TXT" else "192.0.2.1"))
