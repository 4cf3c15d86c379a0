"""What programs of the host see: boto3 with paginators and waiter, `dig` at the cloud's name server, the command."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from fogbank.cli import dig
from fogbank.planes.dns.rdata import TYPES
from fogbank.testing import Served
from fogbank.testing.plugin import MakeClient

VALUES = {
    "A": "192.0.2.1",
    "AAAA": "2001:db8::1",
    "CAA": '0 issue "ca.example"',
    "CNAME": "www.example.net.",
    "DS": "12345 13 2 " + "00FF" * 16,
    "HTTPS": '1 . alpn="h2,h3"',
    "MX": "10 mail.example.net.",
    "NAPTR": '100 10 "u" "sip+E2U" "!^.*$!sip:a@example.com!" .',
    "PTR": "www.example.net.",
    "SPF": '"v=spf1 -all"',
    "SRV": "1 2 443 www.example.net.",
    "SSHFP": "4 2 " + "00FF" * 16,
    "SVCB": "2 svc.example.net. port=8443",
    "TLSA": "3 1 1 " + "00FF" * 16,
    "TXT": '"a b" "c"',
}


@pytest.fixture
def route53(boto: MakeClient) -> Any:
    return boto("route53")


@pytest.fixture
def zone(route53: Any, account: str) -> tuple[str, str]:
    """The id and the name of a public zone that no other test has."""
    name = f"z{account}.example"
    return route53.create_hosted_zone(Name=name, CallerReference=account)["HostedZone"]["Id"], name


def _change(route53: Any, zone: str, *sets: dict[str, Any]) -> str:
    batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": one} for one in sets]}
    made = route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    return str(made["ChangeInfo"]["Id"])


def _set(name: str, type_: str, *values: str, **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": type_, "TTL": 60, "ResourceRecords": [{"Value": one} for one in values], **more}


def _dig(served: Served, *words: str) -> str:
    """What dig prints, which is skipped where there is none."""
    if shutil.which("dig") is None:
        pytest.skip("no dig here: install bind9-dnsutils")
    host, _, port = served.cloud.names.at.rpartition(":")
    asked = ["dig", f"@{host}", "-p", port, "+time=2", "+tries=2", *words]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


def test_a_change_is_waited_for_and_listed_in_pages(route53: Any, zone: tuple[str, str]) -> None:
    zone_id, name = zone
    change = _change(route53, zone_id, *(_set(f"a{n:02d}.{name}", "A", "192.0.2.1") for n in range(23)))
    route53.get_waiter("resource_record_sets_changed").wait(Id=change)
    pages = route53.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=zone_id, PaginationConfig={"PageSize": 5}
    )
    names = [one["Name"] for page in pages for one in page["ResourceRecordSets"]]
    assert names[2:] == [f"a{n:02d}.{name}." for n in range(23)]


def test_zones_are_listed_in_pages(route53: Any, account: str) -> None:
    made = {
        route53.create_hosted_zone(Name=f"{n}.z{account}.example", CallerReference=str(n))["HostedZone"]["Id"]
        for n in range(7)
    }
    pages = route53.get_paginator("list_hosted_zones").paginate(PaginationConfig={"PageSize": 2})
    assert {one["Id"] for page in pages for one in page["HostedZones"]} == made


def test_a_refused_batch_says_why_to_an_sdk(route53: Any, zone: tuple[str, str]) -> None:
    with pytest.raises(route53.exceptions.InvalidChangeBatch, match="is not permitted in zone"):
        _change(route53, zone[0], _set("a.other.example", "A", "192.0.2.1"))
    with pytest.raises(route53.exceptions.NoSuchHostedZone):
        route53.get_hosted_zone(Id="ZNONE")


def test_what_has_no_code_says_so(route53: Any) -> None:
    with pytest.raises(Exception, match="NotImplemented"):
        route53.update_hosted_zone_features(HostedZoneId="ZNONE", EnableAcceleratedRecovery=True)


def test_every_type_is_answered_as_it_was_written(served: Served, route53: Any, zone: tuple[str, str]) -> None:
    zone_id, name = zone
    _change(route53, zone_id, *(_set(f"{type_.lower()}.{name}", type_, value) for type_, value in VALUES.items()))
    for type_, value in VALUES.items():
        said = _dig(served, "+short", f"{type_.lower()}.{name}", f"TYPE{TYPES[type_]}").lower()
        # dig writes digests with a space in the middle.
        want = value.lower()
        assert said == want or said.replace(" ", "") == want.replace(" ", ""), type_


def test_the_case_of_a_question_comes_back(served: Served, route53: Any, zone: tuple[str, str]) -> None:
    """What resolvers mix in against forged answers ("0x20") must come back as it was."""
    zone_id, name = zone
    _change(route53, zone_id, _set(f"www.{name}", "A", "192.0.2.1"))
    mixed = f"wWw.{name.upper()}"
    assert f"{mixed}.\t" in _dig(served, mixed)


def test_what_is_too_long_for_udp_comes_by_tcp(served: Served, route53: Any, zone: tuple[str, str]) -> None:
    zone_id, name = zone
    many = [f"192.0.{n // 200}.{n % 200 + 1}" for n in range(300)]
    _change(route53, zone_id, _set(f"many.{name}", "A", *many))
    assert "flags: qr aa tc" in _dig(served, "+ignore", f"many.{name}")
    assert sorted(_dig(served, "+short", f"many.{name}").split()) == sorted(many)
    host = served.cloud.names.at
    assert len(dig.asked(host, f"many.{name}", "a").answer) == 300


def test_nothing_is_said_of_names_and_transfers_that_are_not_ours(served: Served, zone: tuple[str, str]) -> None:
    assert "status: REFUSED" in _dig(served, "www.unheard-of.example")
    assert "Transfer failed" in _dig(served, zone[1], "AXFR")
    missing = _dig(served, f"missing.{zone[1]}")
    assert "status: NXDOMAIN" in missing
    assert "awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400" in missing


def test_the_subnet_of_a_client_decides_and_is_said_back(served: Served, route53: Any, zone: tuple[str, str]) -> None:
    zone_id, name = zone
    for number, region in enumerate(("us-west-2", "ap-northeast-1")):
        record = _set(f"www.{name}", "A", f"192.0.2.{number}", SetIdentifier=region, Region=region)
        _change(route53, zone_id, record)
    for subnet, value in (("192.0.2.0/24", "192.0.2.0"), ("203.0.113.0/24", "192.0.2.1")):
        said = _dig(served, f"+subnet={subnet}", f"www.{name}")
        assert f"; CLIENT-SUBNET: {subnet}/24" in said
        assert f"\tA\t{value}" in said
        told = route53.test_dns_answer(
            HostedZoneId=zone_id, RecordName=f"www.{name}", RecordType="A", ResolverIP=subnet.partition("/")[0]
        )
        assert told["RecordData"] == [value]


def test_a_delegation_is_referred_with_glue(served: Served, route53: Any, zone: tuple[str, str]) -> None:
    zone_id, name = zone
    _change(route53, zone_id, _set(f"sub.{name}", "NS", f"ns.sub.{name}."), _set(f"ns.sub.{name}", "A", "192.0.2.53"))
    said = _dig(served, f"www.sub.{name}")
    assert "flags: qr rd ra; QUERY: 1, ANSWER: 0, AUTHORITY: 1, ADDITIONAL: 2" in said
    assert f"ns.sub.{name}. 60 IN A 192.0.2.53" in " ".join(said.split())


def test_the_command_prints_what_the_server_says(served: Served, route53: Any, zone: tuple[str, str]) -> None:
    zone_id, name = zone
    _change(route53, zone_id, _set(f"www.{name}", "TXT", '"a b"'))
    found = dig.asked(served.cloud.names.at, f"www.{name}", "txt")
    assert dig.told(found) == f'; NOERROR, authoritative\nwww.{name}.\t60\tIN\tTXT\t"a b"'
    assert dig.listed(found)["answer"] == [{"name": f"www.{name}.", "ttl": 60, "type": "TXT", "data": '"a b"'}]
    assert dig.told(dig.asked(served.cloud.names.at, f"no.{name}", "A")).startswith("; NXDOMAIN, authoritative\n; auth")


def test_a_nested_traffic_policy_is_told_by_dig_and_follows_health(
    served: Served, route53: Any, zone: tuple[str, str]
) -> None:
    zone_id, name = zone
    config = {"Type": "TCP", "IPAddress": "127.0.0.1", "Port": 1, "Disabled": True}
    check = route53.create_health_check(CallerReference=name, HealthCheckConfig=config)["HealthCheck"]["Id"]
    rules = {
        "place": {
            "RuleType": "geo",
            "Locations": [
                {"Country": "JP", "RuleReference": "health", "EvaluateTargetHealth": True},
                {"IsDefault": True, "EndpointReference": "west"},
            ],
        },
        "health": {
            "RuleType": "failover",
            "Primary": {"EndpointReference": "tokyo", "HealthCheck": check},
            "Secondary": {"RuleReference": "all"},
        },
        "all": {"RuleType": "multivalue", "Items": [{"EndpointReference": "osaka"}, {"EndpointReference": "west"}]},
    }
    addresses = {"west": "192.0.2.1", "tokyo": "192.0.2.2", "osaka": "192.0.2.3"}
    document = {
        "AWSPolicyFormatVersion": "2015-10-01",
        "RecordType": "A",
        "StartRule": "place",
        "Endpoints": {end: {"Type": "value", "Value": address} for end, address in addresses.items()},
        "Rules": rules,
    }
    policy = route53.create_traffic_policy(Name=name, Document=json.dumps(document))["TrafficPolicy"]["Id"]
    route53.create_traffic_policy_instance(
        HostedZoneId=zone_id, Name=f"www.{name}", TTL=60, TrafficPolicyId=policy, TrafficPolicyVersion=1
    )

    def told(subnet: str) -> list[str]:
        return sorted(_dig(served, "+short", f"+subnet={subnet}", f"www.{name}").split())

    japan, europe = "203.0.113.0/24", "198.51.100.0/24"
    assert (told(japan), told(europe)) == (["192.0.2.2"], ["192.0.2.1"])
    route53.update_health_check(HealthCheckId=check, Disabled=True, Inverted=True)
    assert (told(japan), told(europe)) == (["192.0.2.1", "192.0.2.3"], ["192.0.2.1"])
    route53.update_health_check(HealthCheckId=check, Disabled=True, Inverted=False)
    assert told(japan) == ["192.0.2.2"]
