"""Signed zones through the API: keys that vouch, what is refused, and what happens when a key cannot be used."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.planes.dns import dnssec, message, read
from fogbank.planes.dns.message import Answer
from fogbank.planes.dns.rdata import TYPES
from fogbank.testing import TestCloud

Client = Callable[..., dict[str, Any]]
DAY = 86_400
SERVICE = {
    "Sid": "Allow Route 53 DNSSEC Service",
    "Effect": "Allow",
    "Principal": {"Service": "dnssec-route53.amazonaws.com"},
    "Action": ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"],
    "Resource": "*",
}


@pytest.fixture
def route53(cloud: TestCloud) -> Client:
    return cloud.client("route53")


def _zone(route53: Client, name: str = "signed.example", **more: Any) -> str:
    return str(route53("CreateHostedZone", Name=name, CallerReference=name, **more)["HostedZone"]["Id"])


def _policy(account: str, *statements: dict[str, Any]) -> str:
    own = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [own, *statements]})


def _key(cloud: TestCloud, *statements: dict[str, Any], region: str = "us-east-1", **more: Any) -> str:
    policy = _policy(cloud.cloud.settings.account, *(statements or (SERVICE,)))
    request = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "Policy": policy, **more}
    return str(cloud.call("kms", "CreateKey", request, region=region)["KeyMetadata"]["Arn"])


def _vouch(route53: Client, zone: str, arn: str, name: str = "first", status: str = "ACTIVE") -> dict[str, Any]:
    made = route53(
        "CreateKeySigningKey",
        CallerReference=name,
        HostedZoneId=zone,
        KeyManagementServiceArn=arn,
        Name=name,
        Status=status,
    )
    return dict(made["KeySigningKey"])


def _said(cloud: TestCloud, name: str, type_: str, *, proof: bool = True) -> Answer:
    query = message.parsed(read.question(1, name, TYPES[type_]))._replace(wants_proof=proof)
    return cloud.cloud.inside.resolve_for_host(query, "127.0.0.1")


def _types(answer: Answer) -> list[int]:
    return [one.type for one in answer.records]


def _vouched(cloud: TestCloud, name: str = "signed.example") -> dict[int, int]:
    """The tag of each key that has signed a zone's keys, and until when."""
    records = _said(cloud, name, "DNSKEY").records
    rows = [one.wire for one in records if one.type == dnssec.RRSIG]
    return {dnssec.tag_of(one): dnssec.ends_at(one) for one in rows}


@pytest.fixture
def signed(cloud: TestCloud, route53: Client) -> str:
    zone = _zone(route53)
    _vouch(route53, zone, _key(cloud))
    route53("EnableHostedZoneDNSSEC", HostedZoneId=zone)
    return zone


def test_a_key_is_shown_with_what_the_zone_above_needs(cloud: TestCloud, route53: Client) -> None:
    zone, arn = _zone(route53), _key(cloud)
    made = _vouch(route53, zone, arn)
    assert (made["Flag"], made["SigningAlgorithmType"], made["DigestAlgorithmType"]) == (257, 13, 2)
    assert made["SigningAlgorithmMnemonic"] == "ECDSAP256SHA256"
    assert made["DigestAlgorithmMnemonic"] == "SHA-256"
    assert made["DNSKEYRecord"] == f"257 3 13 {made['PublicKey']}"
    assert made["DSRecord"] == f"{made['KeyTag']} 13 2 {made['DigestValue']}"
    shown = route53("GetDNSSEC", HostedZoneId=zone)
    assert shown == {"Status": {"ServeSignature": "NOT_SIGNING"}, "KeySigningKeys": [made]}


def test_a_zone_is_signed_once_that_is_enabled_and_no_longer(cloud: TestCloud, route53: Client) -> None:
    zone = _zone(route53)
    assert _types(_said(cloud, "signed.example", "SOA")) == [message.SOA]
    _vouch(route53, zone, _key(cloud))
    assert _types(_said(cloud, "signed.example", "SOA")) == [message.SOA]
    route53("EnableHostedZoneDNSSEC", HostedZoneId=zone)
    assert route53("GetDNSSEC", HostedZoneId=zone)["Status"] == {"ServeSignature": "SIGNING"}
    assert _types(_said(cloud, "signed.example", "SOA")) == [message.SOA, dnssec.RRSIG]
    assert _types(_said(cloud, "signed.example", "SOA", proof=False)) == [message.SOA]
    assert _types(_said(cloud, "signed.example", "DNSKEY", proof=False)) == [dnssec.DNSKEY] * 2
    route53("DisableHostedZoneDNSSEC", HostedZoneId=zone)
    assert _types(_said(cloud, "signed.example", "SOA")) == [message.SOA]
    assert _types(_said(cloud, "signed.example", "DNSKEY")) == []
    assert route53("GetDNSSEC", HostedZoneId=zone)["KeySigningKeys"][0]["Status"] == "ACTIVE"


def test_records_that_change_are_signed_as_they_are(cloud: TestCloud, route53: Client, signed: str) -> None:
    for value in ("192.0.2.1", "192.0.2.2"):
        record = {"Name": "www.signed.example", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": value}]}
        batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
        route53("ChangeResourceRecordSets", HostedZoneId=signed, ChangeBatch=batch)
        said = _said(cloud, "www.signed.example", "A")
        assert (said.records[0].data, said.records[1].type) == (value, dnssec.RRSIG)


def test_a_chain_is_followed_from_a_signed_zone_to_another(cloud: TestCloud, route53: Client, signed: str) -> None:
    other = _zone(route53, "other.example")
    for zone, name, type_, value in (
        (signed, "www.signed.example", "CNAME", "www.other.example"),
        (other, "www.other.example", "A", "192.0.2.7"),
    ):
        record = {"Name": name, "Type": type_, "TTL": 60, "ResourceRecords": [{"Value": value}]}
        batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
        route53("ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch=batch)
    assert _types(_said(cloud, "www.signed.example", "A")) == [message.CNAME, dnssec.RRSIG, message.A]


# Refusals


@pytest.mark.parametrize(
    "more",
    [
        {"KeySpec": "ECC_NIST_P384"},
        {"KeySpec": "RSA_2048"},
        {"KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT"},
        {"KeyUsage": "KEY_AGREEMENT"},
        {"region": "eu-west-1"},
    ],
    ids=lambda more: "-".join(more.values()),
)
def test_other_keys_cannot_vouch(cloud: TestCloud, route53: Client, more: dict[str, str]) -> None:
    with pytest.raises(AwsError) as refused:
        _vouch(route53, _zone(route53), _key(cloud, **more))
    assert refused.value.code == "InvalidKMSArn"


@pytest.mark.parametrize(
    "arn", ["alias/a", "arn:aws:kms:us-east-1:000000000000:alias/a", "arn:aws:kms:us-east-1:000000000000:key/none"]
)
def test_what_is_no_key_cannot_vouch(route53: Client, arn: str) -> None:
    with pytest.raises(AwsError) as refused:
        _vouch(route53, _zone(route53), arn)
    assert refused.value.code == "InvalidKMSArn"


@pytest.mark.parametrize("missing", ["kms:GetPublicKey", "kms:Sign"])
def test_a_key_whose_policy_leaves_route_53_out_cannot_sign(cloud: TestCloud, route53: Client, missing: str) -> None:
    zone = _zone(route53)
    statement = {**SERVICE, "Action": [one for one in SERVICE["Action"] if one != missing]}
    with pytest.raises(AwsError, match="must allow dnssec-route53") as refused:
        _vouch(route53, zone, _key(cloud, statement))
        route53("EnableHostedZoneDNSSEC", HostedZoneId=zone)
    assert refused.value.code == "InvalidKMSArn"
    assert route53("GetDNSSEC", HostedZoneId=zone)["Status"] == {"ServeSignature": "NOT_SIGNING"}


def test_a_policy_may_say_for_which_zones(cloud: TestCloud, route53: Client) -> None:
    one, other = _zone(route53), _zone(route53, "other.example")
    source = f"arn:aws:route53:::hostedzone/{one.rpartition('/')[2]}"
    condition = {"ArnEquals": {"aws:SourceArn": source}}
    arn = _key(cloud, {**SERVICE, "Condition": condition})
    _vouch(route53, one, arn)
    with pytest.raises(AwsError, match="InvalidKMSArn"):
        _vouch(route53, other, arn)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"Name": "no-dash"}, "InvalidKeySigningKeyName"),
        ({"Status": "DELETING"}, "InvalidKeySigningKeyStatus"),
        ({"HostedZoneId": "ZNONE"}, "NoSuchHostedZone"),
    ],
)
def test_requests_that_are_refused(cloud: TestCloud, route53: Client, given: dict[str, str], code: str) -> None:
    request = {"CallerReference": "a", "HostedZoneId": _zone(route53), "KeyManagementServiceArn": _key(cloud)}
    with pytest.raises(AwsError) as refused:
        route53("CreateKeySigningKey", **{**request, "Name": "first", "Status": "ACTIVE", **given})
    assert refused.value.code == code


def test_two_keys_at_most_each_with_a_name_and_a_key_of_its_own(cloud: TestCloud, route53: Client) -> None:
    zone, arn = _zone(route53), _key(cloud)
    _vouch(route53, zone, arn)
    for again, name in ((arn, "second"), (_key(cloud), "first")):
        with pytest.raises(AwsError, match="KeySigningKeyAlreadyExists"):
            _vouch(route53, zone, again, name)
    _vouch(route53, zone, _key(cloud), "second")
    with pytest.raises(AwsError, match="TooManyKeySigningKeys"):
        _vouch(route53, zone, _key(cloud), "third")


def test_private_zones_are_not_signed(cloud: TestCloud, route53: Client) -> None:
    vpc = cloud.call("ec2", "CreateVpc", {"CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"]
    zone = _zone(route53, VPC={"VPCRegion": "us-east-1", "VPCId": vpc})
    with pytest.raises(AwsError, match="InvalidArgument"):
        _vouch(route53, zone, _key(cloud))
    with pytest.raises(AwsError, match="InvalidArgument"):
        route53("GetDNSSEC", HostedZoneId=zone)


def test_a_zone_without_a_key_in_use_cannot_be_signed(cloud: TestCloud, route53: Client) -> None:
    zone = _zone(route53)
    for operation in ("EnableHostedZoneDNSSEC", "DisableHostedZoneDNSSEC"):
        with pytest.raises(AwsError, match="DNSSECNotFound"):
            route53(operation, HostedZoneId=zone)
    _vouch(route53, zone, _key(cloud), status="INACTIVE")
    with pytest.raises(AwsError, match="KeySigningKeyWithActiveStatusNotFound"):
        route53("EnableHostedZoneDNSSEC", HostedZoneId=zone)
    for operation in ("ActivateKeySigningKey", "DeactivateKeySigningKey", "DeleteKeySigningKey"):
        with pytest.raises(AwsError, match="NoSuchKeySigningKey"):
            route53(operation, HostedZoneId=zone, Name="other")
    route53("ActivateKeySigningKey", HostedZoneId=zone, Name="first")
    route53("EnableHostedZoneDNSSEC", HostedZoneId=zone)


def test_the_last_key_of_a_signed_zone_stays_in_use(route53: Client, signed: str) -> None:
    with pytest.raises(AwsError, match="KeySigningKeyInUse"):
        route53("DeactivateKeySigningKey", HostedZoneId=signed, Name="first")
    with pytest.raises(AwsError, match="InvalidKeySigningKeyStatus"):
        route53("DeleteKeySigningKey", HostedZoneId=signed, Name="first")
    with pytest.raises(AwsError, match="contains DNSSEC Key Signing Keys and so cannot be deleted"):
        route53("DeleteHostedZone", Id=signed)
    route53("DisableHostedZoneDNSSEC", HostedZoneId=signed)
    route53("DeactivateKeySigningKey", HostedZoneId=signed, Name="first")
    route53("DeleteKeySigningKey", HostedZoneId=signed, Name="first")
    assert route53("GetDNSSEC", HostedZoneId=signed)["KeySigningKeys"] == []
    route53("DeleteHostedZone", Id=signed)


def test_a_key_that_the_zone_above_names_stays_in_use(cloud: TestCloud, route53: Client) -> None:
    above, zone = _zone(route53, "example"), _zone(route53)
    key = _vouch(route53, zone, _key(cloud))
    route53("EnableHostedZoneDNSSEC", HostedZoneId=zone)
    servers = route53("GetHostedZone", Id=zone)["DelegationSet"]["NameServers"]

    def change(action: str) -> None:
        sets = [
            {"Name": "signed.example", "Type": "NS", "TTL": 60, "ResourceRecords": [{"Value": one} for one in servers]},
            {"Name": "signed.example", "Type": "DS", "TTL": 60, "ResourceRecords": [{"Value": key["DSRecord"]}]},
        ]
        changes = [{"Action": action, "ResourceRecordSet": one} for one in sets]
        route53("ChangeResourceRecordSets", HostedZoneId=above, ChangeBatch={"Changes": changes})

    change("CREATE")
    assert [one.data for one in _said(cloud, "signed.example", "DS").records] == [key["DSRecord"]]
    with pytest.raises(AwsError, match="KeySigningKeyInParentDSRecord"):
        route53("DisableHostedZoneDNSSEC", HostedZoneId=zone)
    _vouch(route53, zone, _key(cloud), "second")
    with pytest.raises(AwsError, match="KeySigningKeyInParentDSRecord"):
        route53("DeactivateKeySigningKey", HostedZoneId=zone, Name="first")
    route53("DeactivateKeySigningKey", HostedZoneId=zone, Name="second")
    change("DELETE")
    route53("DisableHostedZoneDNSSEC", HostedZoneId=zone)


# The keys over time


def test_both_keys_sign_while_one_takes_the_place_of_another(cloud: TestCloud, route53: Client, signed: str) -> None:
    (first,) = _vouched(cloud)
    second = _vouch(route53, signed, _key(cloud), "second")["KeyTag"]
    assert set(_vouched(cloud)) == {first, second}
    route53("DeactivateKeySigningKey", HostedZoneId=signed, Name="first")
    assert set(_vouched(cloud)) == {second}
    assert _types(_said(cloud, "signed.example", "DNSKEY", proof=False)) == [dnssec.DNSKEY] * 2


def test_the_keys_are_signed_anew_every_day(cloud: TestCloud, signed: str) -> None:
    (before,) = _vouched(cloud).values()
    assert before - cloud.clock.now() == 14 * DAY
    for _ in range(3):
        cloud.advance(5 * DAY)
        (ends,) = _vouched(cloud).values()
        assert ends - cloud.clock.now() > 12 * DAY


def _own(cloud: TestCloud) -> tuple[set[int], int]:
    """The tags of a zone's own keys, and of the one that signs."""
    keys = [one.wire for one in _said(cloud, "signed.example", "DNSKEY").records if one.type == dnssec.DNSKEY]
    (signature,) = [one.wire for one in _said(cloud, "signed.example", "SOA").records if one.type == dnssec.RRSIG]
    return {dnssec.key_tag(one) for one in keys if one[:2] == b"\1\0"}, dnssec.tag_of(signature)


def test_a_zones_own_key_is_replaced_by_one_that_was_published_before(cloud: TestCloud, signed: str) -> None:
    first_keys, first = _own(cloud)
    assert first_keys == {first}
    seen = []
    for _ in range(42):
        cloud.advance(DAY)
        published, signs = _own(cloud)
        assert signs in published
        seen.append((len(published), signs == first))
    begins, ends = seen.index((2, True)), len(seen) - seen[::-1].index((2, False))
    assert seen[:begins] == [(1, True)] * begins
    assert seen[begins:ends] == [(2, True)] * 2 + [(2, False)] * 8
    assert seen[ends:] == [(1, False)] * (42 - ends)
    assert 7 <= begins <= 30, "as the Developer Guide has it"


def test_no_key_is_published_that_nobody_vouches_for(cloud: TestCloud, route53: Client) -> None:
    zone, arn = _zone(route53), _key(cloud)
    _vouch(route53, zone, arn)
    route53("EnableHostedZoneDNSSEC", HostedZoneId=zone)
    cloud.advance(29 * DAY)
    before = _own(cloud)
    cloud.call("kms", "DisableKey", {"KeyId": arn})
    cloud.advance(5 * DAY)
    assert _own(cloud) == before
    cloud.call("kms", "EnableKey", {"KeyId": arn})
    cloud.advance(3600)
    assert len(_own(cloud)[0]) == 2


def test_a_key_that_cannot_be_used_needs_somebodys_action(cloud: TestCloud, route53: Client) -> None:
    zone, arn = _zone(route53), _key(cloud)
    _vouch(route53, zone, arn)
    route53("EnableHostedZoneDNSSEC", HostedZoneId=zone)
    cloud.call("kms", "PutKeyPolicy", {"KeyId": arn, "Policy": _policy(cloud.cloud.settings.account)})
    before = _vouched(cloud)
    cloud.advance(DAY)
    shown = route53("GetDNSSEC", HostedZoneId=zone)
    assert shown["Status"]["ServeSignature"] == "ACTION_NEEDED"
    assert shown["KeySigningKeys"][0]["Status"] == "ACTION_NEEDED"
    assert "must allow dnssec-route53.amazonaws.com" in shown["KeySigningKeys"][0]["StatusMessage"]
    assert _vouched(cloud) == before, "what it has signed is good for a while yet"
    policy = _policy(cloud.cloud.settings.account, SERVICE)
    cloud.call("kms", "PutKeyPolicy", {"KeyId": arn, "Policy": policy})
    cloud.advance(3601)
    shown = route53("GetDNSSEC", HostedZoneId=zone)
    assert shown["Status"] == {"ServeSignature": "SIGNING"}
    assert shown["KeySigningKeys"][0]["Status"] == "ACTIVE"
    assert min(_vouched(cloud).values()) > min(before.values())


def test_a_key_that_cannot_be_used_is_measured(cloud: TestCloud, route53: Client) -> None:
    zone, arn = _zone(route53), _key(cloud)
    _vouch(route53, zone, arn)
    route53("EnableHostedZoneDNSSEC", HostedZoneId=zone)
    cloud.call("kms", "DisableKey", {"KeyId": arn})
    begins = cloud.clock.now()
    cloud.advance(2 * DAY)
    found = cloud.call(
        "cloudwatch",
        "GetMetricStatistics",
        {
            "Namespace": "AWS/Route53",
            "MetricName": "DNSSECKeySigningKeysNeedingAction",
            "Dimensions": [{"Name": "HostedZoneId", "Value": zone.rpartition("/")[2]}],
            "StartTime": begins - 60,
            "EndTime": begins + 2 * DAY + 60,
            "Period": DAY,
            "Statistics": ["Maximum", "SampleCount"],
        },
        region="us-east-1",
    )
    points = sorted(found["Datapoints"], key=lambda one: one["Timestamp"])
    assert points[0]["Maximum"] == 0
    assert points[-1]["Maximum"] == 1
    assert sum(one["SampleCount"] for one in points) <= 13, "one in four hours"


def test_another_key_takes_the_place_of_one_that_cannot_be_used(cloud: TestCloud, route53: Client) -> None:
    zone, arn = _zone(route53), _key(cloud)
    _vouch(route53, zone, arn)
    route53("EnableHostedZoneDNSSEC", HostedZoneId=zone)
    cloud.call("kms", "DisableKey", {"KeyId": arn})
    cloud.advance(DAY)
    second = _vouch(route53, zone, _key(cloud), "second")["KeyTag"]
    route53("DeactivateKeySigningKey", HostedZoneId=zone, Name="first")
    route53("DeleteKeySigningKey", HostedZoneId=zone, Name="first")
    assert set(_vouched(cloud)) == {second}
    assert route53("GetDNSSEC", HostedZoneId=zone)["Status"] == {"ServeSignature": "SIGNING"}
