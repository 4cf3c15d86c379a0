"""How fast interfaces may be: AWS's figures, what follows from them, and what the network is told."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.planes.net.facts import Element, Fact, Rate, Rules
from fogbank.planes.net.fake import FakeNet
from fogbank.services.ec2.bandwidth import GROUP_TAG, TYPE_TAG, Limits, limits, megabits
from fogbank.services.ec2.network import names
from fogbank.testing import TestCloud

GBIT = 125_000_000


@pytest.mark.parametrize(
    ("instance_type", "published"),
    [
        ("t3.micro", 64),
        ("t4g.2xlarge", 2048),
        ("m5.large", 750),
        ("m5.8xlarge", 10_000),
        ("m5.16xlarge", 20_000),
        ("c5n.18xlarge", 100_000),
        ("m6i.xlarge", 1562),
        ("c7g.16xlarge", 30_000),
        ("m7g.xlarge", 1876),
        ("r8g.metal-48xl", 50_000),
        ("t2.micro", 0),
        ("m5", 0),
        ("m5.", 0),
        ("", 0),
    ],
)
def test_figures_are_those_that_aws_publishes(instance_type: str, published: int) -> None:
    assert megabits(instance_type) == published


def test_a_flow_has_five_gigabits_and_ten_in_a_cluster() -> None:
    """EC2 User Guide, "Amazon EC2 instance network bandwidth": single-flow and multi-flow traffic."""
    assert limits("t3.micro", 1.0) == Limits(8_000_000, 0, 0, 0), "less than any other limit"
    assert limits("m5.4xlarge", 1.0) == Limits(5 * GBIT, 0, 0, 0)
    assert limits("c5n.2xlarge", 1.0) == Limits(10 * GBIT, 5 * GBIT, 0, 5 * GBIT)
    assert limits("c5n.4xlarge", 1.0) == Limits(15 * GBIT, 5 * GBIT, 10 * GBIT, 5 * GBIT), "fewer than 32 vCPUs"
    assert limits("c6in.8xlarge", 1.0) == Limits(50 * GBIT, 5 * GBIT, 10 * GBIT, 25 * GBIT), "half"
    assert limits("m5.8xlarge", 1.0) == Limits(10 * GBIT, 5 * GBIT, 0, 5 * GBIT)
    assert limits("c5n.metal", 0.01) == Limits(GBIT, GBIT // 20, GBIT // 10, GBIT // 2)


def test_where_nothing_is_known_or_wanted_there_is_no_limit() -> None:
    assert limits("", 1.0) is None
    assert limits("t9.huge", 1.0) is None
    assert limits("m5.large", 0.0) is None
    assert limits("t3.nano", 1e-9) == Limits(1000, 0, 0, 0), "but never nothing at all"


def interface(cloud: TestCloud, **tags: str) -> tuple[str, str]:
    """An interface whose tags say whose bandwidth it has (`type`), and where it is placed (`group`), and its VPC."""
    ec2 = cloud.client("ec2")
    vpc = ec2("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2("CreateSubnet", VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    given = {"type": TYPE_TAG, "group": GROUP_TAG}
    wanted = [{"Key": given[key], "Value": value} for key, value in tags.items()]
    specification: Any = [{"ResourceType": "network-interface", "Tags": wanted}] if wanted else []
    made = ec2("CreateNetworkInterface", SubnetId=subnet, TagSpecifications=specification)["NetworkInterface"]
    return str(made["NetworkInterfaceId"]), str(vpc)


def told(cloud: TestCloud) -> set[Fact]:
    """What the network has been told about rates."""
    cloud.run(cloud.cloud.settled())
    net = cloud.cloud.net
    assert isinstance(net, FakeNet)
    return {
        fact
        for facts in net.parts.values()
        for fact in facts
        if isinstance(fact, Rate)
        or (isinstance(fact, Rules) and fact.chain.startswith("rate"))
        or (isinstance(fact, Element) and fact.set.startswith("pg-"))
    }


def test_a_tag_says_whose_bandwidth_an_interface_has(cloud: TestCloud) -> None:
    eni, vpc = interface(cloud)
    assert told(cloud) == set()
    ec2 = cloud.client("ec2")
    ec2("CreateTags", Resources=[eni], Tags=[{"Key": TYPE_TAG, "Value": "t3.micro"}])
    assert told(cloud) == {
        Rate(vpc, names.device(eni), 8_000_000),
        Rate(eni, names.HOST_DEVICE, 8_000_000),
    }
    ec2("DeleteTags", Resources=[eni], Tags=[{"Key": TYPE_TAG}])
    assert told(cloud) == set()


def test_an_unknown_type_is_refused_and_nothing_is_tagged(cloud: TestCloud) -> None:
    eni, _ = interface(cloud, type="t3.nano")
    ec2 = cloud.client("ec2")
    for value in ("t9.huge", "large"):
        with pytest.raises(AwsError, match=f"InvalidParameterValue: Invalid value '{value}' for the tag"):
            ec2("CreateTags", Resources=[eni], Tags=[{"Key": TYPE_TAG, "Value": value}])
    with pytest.raises(AwsError, match="InvalidParameterValue"):
        interface(cloud, type="m5.small")
    assert len(told(cloud)) == 2


def test_a_cluster_placement_group_comes_and_goes_under_its_members(cloud: TestCloud) -> None:
    eni, _ = interface(cloud, type="c5n.18xlarge", group="near")
    ec2 = cloud.client("ec2")
    chain = f"rate-{names.tail(eni)}-out"

    def rules() -> str:
        return "\n".join(
            rule for fact in told(cloud) if isinstance(fact, Rules) and fact.chain == chain for rule in fact.rules
        )

    assert "goto" not in rules(), "there is no such group"
    ec2("CreatePlacementGroup", GroupName="near", Strategy="cluster")
    assert f"goto {chain}-near" in rules()
    assert any(isinstance(fact, Element) for fact in told(cloud))
    ec2("DeletePlacementGroup", GroupName="near")
    assert "goto" not in rules()
    ec2("CreatePlacementGroup", GroupName="near", Strategy="spread")
    assert "goto" not in rules(), "only a cluster brings its members nearer to each other"


def test_the_setting_scales_every_figure() -> None:
    for scale, rates in ((0.5, {4_000_000}), (0.0, set())):
        cloud = TestCloud(bandwidth_scale=scale)
        try:
            interface(cloud, type="t3.micro")
            assert {fact.bytes_per_second for fact in told(cloud) if isinstance(fact, Rate)} == rates
        finally:
            cloud.close()
