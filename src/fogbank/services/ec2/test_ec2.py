import pytest

from fogbank.aws.errors import AwsError
from fogbank.testing import TestCloud
from fogbank.testing.plugin import MakeClient


def test_every_account_has_a_default_vpc_in_every_region(cloud: TestCloud) -> None:
    for region in ("us-east-1", "eu-west-1"):
        ec2 = cloud.client("ec2", region=region)
        assert [vpc["CidrBlock"] for vpc in ec2("DescribeVpcs")["Vpcs"]] == ["172.31.0.0/16"]


def test_a_dry_run_changes_nothing_and_a_wrong_one_says_what_is_wrong(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    with pytest.raises(AwsError, match="DryRunOperation"):
        ec2("CreateVpc", CidrBlock="10.0.0.0/16", DryRun=True)
    with pytest.raises(AwsError, match=r"InvalidVpc\.Range"):
        ec2("CreateVpc", CidrBlock="10.0.0.0/8", DryRun=True)
    assert len(ec2("DescribeVpcs")["Vpcs"]) == 1


def test_where_there_are_no_packets_every_answer_says_so(boto: MakeClient) -> None:
    answer = boto("ec2").describe_vpcs()
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-fogbank-network"] == "records-only"
