import random
from ipaddress import ip_network

import pytest

from fogbank.aws.errors import AwsError
from fogbank.model.regions import partitions, regions
from fogbank.services.ec2 import addressing, rules


def test_every_region_has_a_public_prefix_of_its_own() -> None:
    names = [name for partition in partitions() for name in regions(partition)]
    prefixes = {addressing.public_prefix(name) for name in names}
    assert len(prefixes) == len(names)
    assert all(ip_network(prefix).subnet_of(ip_network("198.18.0.0/15")) for prefix in prefixes)
    assert addressing.public_prefix("us-east-1") == "198.19.32.0/21"
    assert ip_network(addressing.public_prefix("xx-new-1")).subnet_of(ip_network("198.18.0.0/15"))
    assert addressing.public_prefix("xx-new-1") not in prefixes


def test_the_first_256_public_addresses_are_not_given_away() -> None:
    assert not addressing.is_public_of("us-east-1", "198.19.32.200")
    assert addressing.is_public_of("us-east-1", "198.19.33.0")
    assert not addressing.is_public_of("us-east-1", "198.19.40.1")
    found = list(addressing.public_addresses("us-east-1", random.Random(1)))
    assert len(set(found)) == 2048 - 256
    assert all(addressing.is_public_of("us-east-1", address) for address in found)


def test_ipv6_blocks_are_56s_that_do_not_overlap() -> None:
    blocks = [addressing.ipv6_block(slot, number) for slot in (0, 1, 255) for number in (0, 1, 65_535)]
    assert blocks[:2] == ["2001:db8::/56", "2001:db8:0:100::/56"]
    networks = [ip_network(block) for block in blocks]
    assert len(set(networks)) == len(networks)
    assert all(network.subnet_of(ip_network("2001:db8::/32")) for network in networks)


RESTRICTED = [
    (["10.0.0.0/16"], "172.16.0.0/16"),
    (["10.0.0.0/16"], "192.168.0.0/16"),
    (["10.1.0.0/16"], "10.0.0.0/16"),
    (["10.5.0.0/16", "10.1.0.0/16"], "10.0.0.0/16"),
    (["10.0.0.0/16"], "198.19.0.0/16"),
    (["172.16.0.0/16"], "172.31.0.0/16"),
    (["172.16.0.0/16"], "10.2.0.0/16"),
    (["192.168.0.0/16"], "10.2.0.0/16"),
    (["100.64.0.0/16"], "10.2.0.0/16"),
    (["52.1.0.0/16"], "192.168.1.0/24"),
    (["198.19.0.0/24"], "10.2.0.0/16"),
]
ALLOWED = [
    (["10.0.0.0/16"], "10.2.0.0/16"),
    (["10.0.0.0/16"], "100.64.0.0/16"),
    (["10.0.0.0/16", "100.64.0.0/16"], "10.7.0.0/16"),
    (["10.0.0.0/16"], "52.1.0.0/16"),
    (["172.16.0.0/16"], "172.20.0.0/16"),
    (["192.168.0.0/24"], "192.168.1.0/24"),
    (["100.64.0.0/16"], "100.65.0.0/16"),
    (["198.19.0.0/24"], "198.19.1.0/24"),
]


@pytest.mark.parametrize(("blocks", "block"), RESTRICTED)
def test_ranges_that_do_not_go_together(blocks: list[str], block: str) -> None:
    with pytest.raises(AwsError, match=r"InvalidVpc.Range: The CIDR .* is restricted"):
        addressing.secondary_block(block, blocks)


@pytest.mark.parametrize(("blocks", "block"), ALLOWED)
def test_ranges_that_go_together(blocks: list[str], block: str) -> None:
    assert addressing.secondary_block(block, blocks) == block


def test_addresses_are_chosen_from_below_past_what_is_reserved() -> None:
    assert addressing.chosen("10.0.0.0/28", 2, (), ()) == ["10.0.0.4", "10.0.0.5"]
    assert addressing.chosen("10.0.0.0/28", 2, {"10.0.0.4"}, ["10.0.0.4/31"]) == ["10.0.0.6", "10.0.0.7"]
    assert addressing.chosen("10.0.0.0/28", 11, (), ())[-1] == "10.0.0.14"
    with pytest.raises(AwsError, match="InsufficientFreeAddressesInSubnet"):
        addressing.chosen("10.0.0.0/28", 12, (), ())


def test_prefixes_are_chosen_around_what_is_taken() -> None:
    assert addressing.chosen_prefixes("10.0.0.0/24", 28, 2, ["10.0.0.20/32"], []) == ["10.0.0.32/28", "10.0.0.48/28"]
    within = ["10.0.0.128/27"]
    assert addressing.chosen_prefixes("10.0.0.0/24", 28, 2, [], within) == ["10.0.0.128/28", "10.0.0.144/28"]
    with pytest.raises(AwsError, match="InsufficientCidrBlocks"):
        addressing.chosen_prefixes("10.0.0.0/24", 28, 3, [], within)


def test_names_follow_the_region() -> None:
    assert addressing.private_name("10.0.1.4", "us-east-1") == "ip-10-0-1-4.ec2.internal"
    assert addressing.private_name("10.0.1.4", "eu-west-1") == "ip-10-0-1-4.eu-west-1.compute.internal"
    assert addressing.public_name("198.18.1.4", "us-east-1") == "ec2-198-18-1-4.compute-1.amazonaws.com"
    assert addressing.public_name("198.18.1.4", "eu-west-1") == "ec2-198-18-1-4.eu-west-1.compute.amazonaws.com"


@pytest.mark.parametrize(
    "text",
    ["10.0.0.0/255.255.0.0", "10.0.0.0/0.0.255.255", "10.0.0.0/016", "10.0.0.0", "fe80::%eth0/64", "10.0.0.0/١٦", "/8"],
)
def test_what_python_takes_for_a_block_and_aws_does_not(text: str) -> None:
    with pytest.raises(AwsError, match=r"InvalidParameterValue: Value .* This is not a valid CIDR block"):
        rules.network(text, "cidrBlock")
    assert rules.parsed(text) is None


def test_prefixes_keep_clear_of_everything_that_is_taken() -> None:
    taken = [f"2001:db8::{number:x}:0:0:0/80" for number in range(1, 400)]
    assert addressing.chosen_prefixes("2001:db8::/64", 80, 2, taken, []) == [
        "2001:db8:0:0:190::/80",
        "2001:db8:0:0:191::/80",
    ]
    with pytest.raises(AwsError, match="InsufficientCidrBlocks"):
        addressing.chosen_prefixes("10.0.0.0/24", 28, 15, [], [])
    assert len(addressing.chosen_prefixes("10.0.0.0/24", 28, 14, [], [])) == 14
