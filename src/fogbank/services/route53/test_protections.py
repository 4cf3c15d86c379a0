"""Protections: what they keep from being changed, and what is said of those that cannot be made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.testing import TestCloud
from fogbank.testing.plugin import MakeClient

Client = Callable[..., dict[str, Any]]
WWW, TEXT = ({"RecordName": "www.example.com", "RecordType": type_} for type_ in ("A", "TXT"))


@pytest.fixture
def route53(cloud: TestCloud) -> Client:
    return cloud.client("route53")


@pytest.fixture
def zone(route53: Client) -> str:
    return str(route53("CreateHostedZone", Name="example.com", CallerReference="a")["HostedZone"]["Id"])


def _change(route53: Client, zone: str, action: str, type_: str = "A", value: str = "192.0.2.1") -> None:
    record = {"Name": "WWW.example.com", "Type": type_, "TTL": 60, "ResourceRecords": [{"Value": value}]}
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    route53("ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch=batch)


def test_what_is_protected_is_not_made_changed_or_deleted(route53: Client, zone: str) -> None:
    route53("CreateResourceRecordSetProtections", HostedZoneId=zone, Protections=[WWW])
    with pytest.raises(AwsError, match="is protected"):
        _change(route53, zone, "CREATE")
    _change(route53, zone, "CREATE", "TXT", '"free"')
    route53("DeleteResourceRecordSetProtections", HostedZoneId=zone, Protections=[WWW])
    _change(route53, zone, "CREATE")
    route53("CreateResourceRecordSetProtections", HostedZoneId=zone, Protections=[{**WWW, "Comment": "careful"}])
    for action in ("UPSERT", "DELETE"):
        with pytest.raises(AwsError, match="InvalidChangeBatch"):
            _change(route53, zone, action)
    listed = route53("ListResourceRecordSetProtections", HostedZoneId=zone)["ResourceRecordSetProtections"]
    assert listed == [{"RecordName": "www.example.com.", "RecordType": "A", "Comment": "careful"}]


def test_a_zone_with_protections_is_not_deleted(route53: Client, zone: str) -> None:
    route53("CreateResourceRecordSetProtections", HostedZoneId=zone, Protections=[WWW])
    with pytest.raises(AwsError, match="HostedZoneNotEmpty"):
        route53("DeleteHostedZone", Id=zone)
    route53("DeleteResourceRecordSetProtections", HostedZoneId=zone, Protections=[WWW])
    route53("DeleteHostedZone", Id=zone)


def test_protections_are_listed_in_pages(route53: Client, zone: str) -> None:
    entries = [{"RecordName": f"n{number}.example.com", "RecordType": "A"} for number in range(5)]
    route53("CreateResourceRecordSetProtections", HostedZoneId=zone, Protections=entries)
    found, token = [], dict[str, str]()
    while True:
        page = route53("ListResourceRecordSetProtections", HostedZoneId=zone, MaxResults="2", **token)
        found += [one["RecordName"] for one in page["ResourceRecordSetProtections"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert found == [f"n{number}.example.com." for number in range(5)]
    rest = route53("ListResourceRecordSetProtections", HostedZoneId=zone, StartRecordName="n3.example.com")
    assert len(rest["ResourceRecordSetProtections"]) == 2


def test_a_request_is_done_whole_and_says_what_failed_to_an_sdk(boto: MakeClient, account: str) -> None:
    route53, name = boto("route53"), f"z{account}.example"
    zone = route53.create_hosted_zone(Name=name, CallerReference="a")["HostedZone"]["Id"]
    one, other = ({"RecordName": f"{label}.{name}.", "RecordType": "A"} for label in ("one", "other"))
    route53.create_resource_record_set_protections(HostedZoneId=zone, Protections=[one])
    with pytest.raises(route53.exceptions.ProtectionAlreadyExists) as known:
        route53.create_resource_record_set_protections(HostedZoneId=zone, Protections=[one])
    with pytest.raises(route53.exceptions.InvalidResourceRecordSetProtectionBatch) as mixed:
        route53.create_resource_record_set_protections(HostedZoneId=zone, Protections=[one, other])
    with pytest.raises(route53.exceptions.InvalidResourceRecordSetProtectionBatch) as gone:
        route53.delete_resource_record_set_protections(HostedZoneId=zone, Protections=[one, other])
    for error, failed in ((known, one), (mixed, one), (gone, other)):
        (told,) = error.value.response["Errors"]
        assert (told["RecordName"], told["RecordType"]) == (failed["RecordName"], "A") and told["Message"]
    listed = route53.list_resource_record_set_protections(HostedZoneId=zone)["ResourceRecordSetProtections"]
    assert listed == [one]
