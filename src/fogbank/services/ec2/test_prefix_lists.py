from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.aws.internet import public_prefix
from fogbank.services.ec2.prefix_lists import aws_lists
from fogbank.testing import TestCloud
from fogbank.testing.plugin import MakeClient

Call = Callable[..., dict[str, Any]]


@pytest.fixture
def ec2(cloud: TestCloud) -> Call:
    return cloud.client("ec2")


def made(ec2: Call, *cidrs: str, most: int = 10, name: str = "offices", family: str = "IPv4") -> str:
    entries = [{"Cidr": cidr} for cidr in cidrs]
    answer = ec2("CreateManagedPrefixList", PrefixListName=name, MaxEntries=most, AddressFamily=family, Entries=entries)
    assert answer["PrefixList"]["State"] == "create-in-progress"
    return str(answer["PrefixList"]["PrefixListId"])


def shown(ec2: Call, list_id: str) -> dict[str, Any]:
    found: dict[str, Any] = ec2("DescribeManagedPrefixLists", PrefixListIds=[list_id])["PrefixLists"][0]
    return found


def cidrs(ec2: Call, list_id: str, **more: int) -> list[str]:
    return [one["Cidr"] for one in ec2("GetManagedPrefixListEntries", PrefixListId=list_id, **more)["Entries"]]


def changed(ec2: Call, list_id: str, version: int, **more: Any) -> dict[str, Any]:
    return ec2("ModifyManagedPrefixList", PrefixListId=list_id, CurrentVersion=version, **more)


def test_each_change_of_entries_is_a_version(ec2: Call) -> None:
    list_id = made(ec2, "10.0.0.0/8", "192.0.2.0/24")
    found = shown(ec2, list_id)
    assert (found["Version"], found["State"], found["MaxEntries"]) == (1, "create-complete", 10)
    changed(ec2, list_id, 1, AddEntries=[{"Cidr": "11.0.0.0/8", "Description": "new"}])
    changed(ec2, list_id, 2, RemoveEntries=[{"Cidr": "10.0.0.0/8"}])
    assert (shown(ec2, list_id)["Version"], shown(ec2, list_id)["State"]) == (3, "modify-complete")
    assert cidrs(ec2, list_id) == ["11.0.0.0/8", "192.0.2.0/24"]
    assert cidrs(ec2, list_id, TargetVersion=1) == ["10.0.0.0/8", "192.0.2.0/24"]
    ec2("RestoreManagedPrefixListVersion", PrefixListId=list_id, PreviousVersion=1, CurrentVersion=3)
    assert (shown(ec2, list_id)["Version"], shown(ec2, list_id)["State"]) == (4, "restore-complete")
    assert cidrs(ec2, list_id) == ["10.0.0.0/8", "192.0.2.0/24"]


def test_who_changes_an_old_version_is_refused(ec2: Call) -> None:
    list_id = made(ec2, "10.0.0.0/8")
    changed(ec2, list_id, 1, AddEntries=[{"Cidr": "11.0.0.0/8"}])
    with pytest.raises(AwsError) as caught:
        changed(ec2, list_id, 1, AddEntries=[{"Cidr": "12.0.0.0/8"}])
    assert str(caught.value) == "PrefixListVersionMismatch: The prefix list has the incorrect version number."
    assert len(cidrs(ec2, list_id)) == 2


def test_a_new_name_is_no_new_version(ec2: Call) -> None:
    list_id = made(ec2)
    ec2("ModifyManagedPrefixList", PrefixListId=list_id, PrefixListName="homes")
    assert (shown(ec2, list_id)["PrefixListName"], shown(ec2, list_id)["Version"]) == ("homes", 1)


def test_a_list_holds_as_many_as_it_may_and_not_one_more(ec2: Call) -> None:
    list_id = made(ec2, "10.0.0.0/8", most=2)
    changed(ec2, list_id, 1, AddEntries=[{"Cidr": "11.0.0.0/8"}])
    with pytest.raises(AwsError, match="PrefixListMaxEntriesExceeded"):
        changed(ec2, list_id, 2, AddEntries=[{"Cidr": "12.0.0.0/8"}])
    with pytest.raises(AwsError, match="PrefixListMaxEntriesExceeded"):
        ec2("ModifyManagedPrefixList", PrefixListId=list_id, MaxEntries=1)
    ec2("ModifyManagedPrefixList", PrefixListId=list_id, MaxEntries=3)
    changed(ec2, list_id, 2, AddEntries=[{"Cidr": "12.0.0.0/8"}])
    assert shown(ec2, list_id)["MaxEntries"] == 3


def test_a_hundred_lists_and_not_one_more(ec2: Call) -> None:
    for at in range(100):
        made(ec2, name=f"list{at}")
    with pytest.raises(AwsError, match="PrefixListLimitExceeded"):
        made(ec2)


def test_a_list_that_is_used_is_not_deleted_and_says_by_whom(ec2: Call) -> None:
    list_id = made(ec2, "10.0.0.0/8")
    vpc = ec2("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2("CreateSecurityGroup", GroupName="x", Description="x", VpcId=vpc)["GroupId"]
    rule = {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": list_id, "Description": "them"}]}
    ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[rule])
    found = ec2("GetManagedPrefixListAssociations", PrefixListId=list_id)["PrefixListAssociations"]
    assert found == [{"ResourceId": group, "ResourceOwner": "000000000000"}]
    ec2("DeleteManagedPrefixList", PrefixListId=list_id)
    assert (shown(ec2, list_id)["State"], group in shown(ec2, list_id)["StateMessage"]) == ("delete-failed", True)
    ec2("RevokeSecurityGroupIngress", GroupId=group, IpPermissions=[rule])
    assert ec2("DeleteManagedPrefixList", PrefixListId=list_id)["PrefixList"]["State"] == "delete-in-progress"
    with pytest.raises(AwsError, match=r"InvalidPrefixListID.NotFound"):
        shown(ec2, list_id)


def test_a_list_does_not_outgrow_the_groups_that_name_it(ec2: Call) -> None:
    list_id = made(ec2, most=10)
    group = ec2("CreateSecurityGroup", GroupName="x", Description="x")["GroupId"]
    rule = {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": list_id}]}
    ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[rule])
    ec2("ModifyManagedPrefixList", PrefixListId=list_id, MaxEntries=61)
    assert (shown(ec2, list_id)["State"], shown(ec2, list_id)["MaxEntries"]) == ("modify-failed", 10)
    ec2("ModifyManagedPrefixList", PrefixListId=list_id, MaxEntries=60)
    assert (shown(ec2, list_id)["State"], shown(ec2, list_id)["MaxEntries"]) == ("modify-complete", 60)


def test_aws_s_own_lists_are_there_in_every_region_and_cannot_be_changed(cloud: TestCloud) -> None:
    seen = set()
    for region in ("us-east-1", "eu-west-1"):
        ec2 = cloud.client("ec2", region=region)
        found = {one["PrefixListName"]: one for one in ec2("DescribePrefixLists")["PrefixLists"]}
        assert sorted(found) == [f"com.amazonaws.{region}.dynamodb", f"com.amazonaws.{region}.s3"]
        for one in found.values():
            block = ip_network(one["Cidrs"][0])
            assert block.prefixlen == 28 and str(block.network_address) in public_hosts(region)
            seen.add(one["PrefixListId"])
            shown_one = shown(ec2, one["PrefixListId"])
            assert (shown_one["OwnerId"], "Version" in shown_one) == ("AWS", False)
            assert f":{region}:aws:prefix-list/" in shown_one["PrefixListArn"]
            with pytest.raises(AwsError, match="OperationNotPermitted"):
                ec2("DeleteManagedPrefixList", PrefixListId=one["PrefixListId"])
        assert (
            cidrs(ec2, found[f"com.amazonaws.{region}.s3"]["PrefixListId"])
            == found[f"com.amazonaws.{region}.s3"]["Cidrs"]
        )
    assert len(seen) == 4


def public_hosts(region: str) -> list[str]:
    first = ip_network(public_prefix(region))
    return [str(first[32]), str(first[48])]


def test_the_ids_of_aws_s_lists_never_change() -> None:
    assert [one.id for one in aws_lists("us-east-1")] == ["pl-63a5400a", "pl-02cd2c6b"]
    assert [one.id for one in aws_lists("eu-west-1")] == [one.id for one in aws_lists("eu-west-1")]


def test_through_boto3(boto: MakeClient) -> None:
    ec2 = boto("ec2")
    for at in range(4):
        ec2.create_managed_prefix_list(
            PrefixListName=f"list{at}",
            MaxEntries=5,
            AddressFamily="IPv6",
            Entries=[{"Cidr": f"2001:db8:{at}::/48", "Description": "one"}],
            TagSpecifications=[{"ResourceType": "prefix-list", "Tags": [{"Key": "at", "Value": str(at)}]}],
        )
    pages = list(ec2.get_paginator("describe_managed_prefix_lists").paginate(PaginationConfig={"PageSize": 4}))
    assert [len(page["PrefixLists"]) for page in pages] == [4, 2]
    tagged = ec2.describe_managed_prefix_lists(Filters=[{"Name": "tag:at", "Values": ["2"]}])["PrefixLists"]
    entries = ec2.get_paginator("get_managed_prefix_list_entries").paginate(PrefixListId=tagged[0]["PrefixListId"])
    assert entries.build_full_result()["Entries"] == [{"Cidr": "2001:db8:2::/48", "Description": "one"}]
