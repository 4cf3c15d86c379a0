import pytest

from fogbank.testing import TestCloud
from fogbank.testing.refused import refused


@pytest.mark.parametrize(
    ("region", "domain"), [("us-east-1", "ec2.internal"), ("eu-west-1", "eu-west-1.compute.internal")]
)
def test_every_vpc_begins_with_amazons_options(cloud: TestCloud, region: str, domain: str) -> None:
    ec2 = cloud.client("ec2", region=region)
    options = ec2("DescribeDhcpOptions")["DhcpOptions"]
    assert [one["DhcpConfigurations"] for one in options] == [
        [
            {"Key": "domain-name", "Values": [{"Value": domain}]},
            {"Key": "domain-name-servers", "Values": [{"Value": "AmazonProvidedDNS"}]},
        ]
    ]
    made = ec2("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]
    assert made["DhcpOptionsId"] == options[0]["DhcpOptionsId"]


def test_options_are_associated_and_then_in_use(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    vpc_id = ec2("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    given = [
        {"Key": "domain-name", "Values": ["example.com"]},
        {"Key": "domain-name-servers", "Values": ["10.0.0.2", "AmazonProvidedDNS"]},
    ]
    made = ec2("CreateDhcpOptions", DhcpConfigurations=given)["DhcpOptions"]["DhcpOptionsId"]
    ec2("AssociateDhcpOptions", DhcpOptionsId=made, VpcId=vpc_id)
    assert ec2("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"][0]["DhcpOptionsId"] == made
    with refused("DependencyViolation"):
        ec2("DeleteDhcpOptions", DhcpOptionsId=made)
    ec2("AssociateDhcpOptions", DhcpOptionsId="default", VpcId=vpc_id)
    assert ec2("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"][0]["DhcpOptionsId"] == "default"
    ec2("DeleteDhcpOptions", DhcpOptionsId=made)
    with refused("InvalidDhcpOptionID.NotFound"):
        ec2("DescribeDhcpOptions", DhcpOptionsIds=[made])


def test_options_are_found_by_what_they_say(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    made = ec2("CreateDhcpOptions", DhcpConfigurations=[{"Key": "ntp-servers", "Values": ["10.0.0.5"]}])["DhcpOptions"]
    for name, value in (("key", "ntp-servers"), ("value", "10.0.0.*")):
        found = ec2("DescribeDhcpOptions", Filters=[{"Name": name, "Values": [value]}])["DhcpOptions"]
        assert [one["DhcpOptionsId"] for one in found] == [made["DhcpOptionsId"]]
