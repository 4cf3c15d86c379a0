from typing import Any

from fogbank.testing import TestCloud


def test_regions_and_their_endpoints(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    found = {region["RegionName"]: region for region in ec2("DescribeRegions")["Regions"]}
    assert found["eu-west-1"] == {
        "RegionName": "eu-west-1",
        "Endpoint": "ec2.eu-west-1.amazonaws.com",
        "OptInStatus": "opt-in-not-required",
    }
    assert found["af-south-1"]["OptInStatus"] == "opted-in"
    only = ec2("DescribeRegions", RegionNames=["us-west-2"])["Regions"]
    assert [region["RegionName"] for region in only] == ["us-west-2"]
    filters = [{"Name": "region-name", "Values": ["eu-*"]}]
    assert all(region["RegionName"].startswith("eu-") for region in ec2("DescribeRegions", Filters=filters)["Regions"])


def test_zones_of_the_region(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2", region="eu-west-1")
    zones = ec2("DescribeAvailabilityZones")["AvailabilityZones"]
    assert [(zone["ZoneName"], zone["ZoneId"]) for zone in zones] == [
        ("eu-west-1a", "euw1-az1"),
        ("eu-west-1b", "euw1-az2"),
        ("eu-west-1c", "euw1-az3"),
    ]
    by_id = ec2("DescribeAvailabilityZones", ZoneIds=["euw1-az2"])["AvailabilityZones"]
    assert [zone["ZoneName"] for zone in by_id] == ["eu-west-1b"]


def test_attributes_of_the_account(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    default = ec2("DescribeVpcs")["Vpcs"][0]["VpcId"]
    found = ec2("DescribeAccountAttributes", AttributeNames=["default-vpc", "supported-platforms"])
    assert {
        one["AttributeName"]: one["AttributeValues"][0]["AttributeValue"] for one in found["AccountAttributes"]
    } == {"default-vpc": default, "supported-platforms": "VPC"}


def test_regions_through_boto3(boto: Any) -> None:
    ec2 = boto("ec2")
    assert len(ec2.describe_availability_zones()["AvailabilityZones"]) == 6
    assert "us-east-1" in {region["RegionName"] for region in ec2.describe_regions()["Regions"]}
