from __future__ import annotations

import pytest

from fogbank.aws.errors import AwsError
from fogbank.testing import TestCloud
from fogbank.testing.plugin import MakeClient


def test_each_strategy(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    ec2("CreatePlacementGroup", GroupName="near", Strategy="cluster")
    ec2("CreatePlacementGroup", GroupName="parts", Strategy="partition", PartitionCount=7)
    ec2("CreatePlacementGroup", GroupName="usual", Strategy="partition")
    ec2("CreatePlacementGroup", GroupName="wide", Strategy="spread")
    found = {one["GroupName"]: one for one in ec2("DescribePlacementGroups")["PlacementGroups"]}
    assert {one["State"] for one in found.values()} == {"available"}
    assert (found["parts"]["PartitionCount"], found["usual"]["PartitionCount"]) == (7, 2)
    assert (found["wide"]["SpreadLevel"], "PartitionCount" in found["near"]) == ("rack", False)
    assert found["near"]["GroupArn"].endswith(":placement-group/near")
    filters = [{"Name": "strategy", "Values": ["spread", "cluster"]}]
    chosen = ec2("DescribePlacementGroups", Filters=filters)["PlacementGroups"]
    assert [one["GroupName"] for one in chosen] == ["near", "wide"]
    assert ec2("DescribePlacementGroups", GroupIds=[found["wide"]["GroupId"]])["PlacementGroups"] == [found["wide"]]
    ec2("DeletePlacementGroup", GroupName="near")
    with pytest.raises(AwsError, match=r"InvalidPlacementGroup.Unknown: The Placement Group 'near' is unknown."):
        ec2("DescribePlacementGroups", GroupNames=["near"])


def test_a_name_is_used_once_and_five_hundred_are_enough(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    for at in range(500):
        ec2("CreatePlacementGroup", GroupName=f"group{at}", Strategy="cluster")
    with pytest.raises(AwsError, match=r"InvalidPlacementGroup.Duplicate"):
        ec2("CreatePlacementGroup", GroupName="group0", Strategy="spread")
    with pytest.raises(AwsError, match="PlacementGroupLimitExceeded"):
        ec2("CreatePlacementGroup", GroupName="new", Strategy="spread")


def test_through_boto3(boto: MakeClient) -> None:
    ec2 = boto("ec2")
    tags = [{"ResourceType": "placement-group", "Tags": [{"Key": "a", "Value": "b"}]}]
    made = ec2.create_placement_group(GroupName="near", Strategy="cluster", TagSpecifications=tags)["PlacementGroup"]
    assert (made["GroupId"][:3], made["Tags"]) == ("pg-", [{"Key": "a", "Value": "b"}])
