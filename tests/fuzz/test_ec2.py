"""Every operation of EC2 with random parameters: each answer is a success or a refusal, and the network stays whole."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import botocore.session
import pytest

from fogbank.aws.errors import AwsError
from fogbank.services.ec2.interface_addresses import IPV4_PREFIX
from fogbank.services.ec2.rules import size_of
from fogbank.testing import START, TestCloud

CALLS = 6_000
MESSAGE_MAX = 20_000
CALL_SECONDS_MAX = 5.0
"""How long one call may take: an answer to nonsense is quick, or it can be asked for too much."""
ID = re.compile(r"[a-z]+(?:-[a-z]+)*-[0-9a-f]{17}")
TEXTS = (
    "",
    " ",
    "a",
    "x" * 300,
    "naïve ☁ \U0001f600",
    "tab\there\x00\x1b\u200b\ud7ff",
    "*?\\",
    "default",
    "aws:x",
    "arn:aws:s3:::bucket",
    "local",
    "-1",
    "tcp",
    "us-east-1a",
    "us-west-2",
    "vpc-1",
    "sg-",
    "vpc-00000000000000000",
    "999999999999",
    "99999999999999999999",
)
BLOCKS = (
    "0.0.0.0/0",
    "::/0",
    "10.0.0.0/16",
    "10.0.1.0/24",
    "10.0.2.0/28",
    "10.0.0.0/255.255.0.0",
    "10.1.0.0/16",
    "10.0.1.7",
    "10.0.1.9",
    "10.0.1.0",
    "1.2.3.4/33",
    "2001:db8::/56",
    "2001:db8:a00::/64",
    "2001:db8::1%eth0",
    "fe80::%1/64",
    "203.0.113.0/24",
    "169.254.169.254/32",
)
NUMBERS = (-(2**31), -1, 0, 1, 2, 5, 22, 50, 100, 1000, 65535, 65536, 2**31 - 1)
SANE_BLOCKS = ("10.0.1.0/24", "10.0.7.0/28", "10.9.0.0/16", "203.0.113.0/24", "0.0.0.0/0", "10.0.1.64/28", "10.0.1.77")
SANE_TEXTS = ("a", "tcp", "us-east-1a", "us-west-2", "-1", "local", "555555555555")
SANE_NUMBERS = (1, 2, 5, 100, 443)
PREFIXES = {
    "Vpc": "vpc", "Subnet": "subnet", "RouteTable": "rtb", "InternetGateway": "igw", "EgressOnly": "eigw",
    "NatGateway": "nat", "Group": "sg", "Rule": "sgr", "NetworkAcl": "acl", "NetworkInterface": "eni",
    "Allocation": "eipalloc", "DhcpOptions": "dopt", "Peering": "pcx", "PrefixList": "pl", "Endpoint": "vpce",
    "FlowLog": "fl", "TransitGateway": "tgw", "TransitGatewayAttachment": "tgw-attach",
    "TransitGatewayRouteTable": "tgw-rtb", "Path": "nip", "Analys": "nia", "Source": "eni", "Destination": "eni",
    "Reservation": "scr", "GatewayId": "igw", "Permission": "eni-perm", "InternetGatewayId": "igw",
    "NatGatewayId": "nat", "EgressOnlyInternetGatewayId": "eigw", "TransitGatewayId": "tgw",
}  # fmt: skip
"""Words in the names of members -> the ids that they take; the last that fits decides."""
ASSOCIATIONS = ("rtbassoc", "eipassoc", "aclassoc", "subnet-cidr-assoc", "vpc-cidr-assoc")
LATEST = 8
FEW_KINDS = 20
LOOK_EVERY = 500
OPTIONAL, DEEPER = 0.15, 0.7
"""How often an optional member is sent, and one of a structure within."""


class Fuzz:
    """Random requests from the model; some that might do, some that are nonsense."""

    def __init__(self, cloud: TestCloud, seed: int) -> None:
        self.cloud = cloud
        self.random = random.Random(seed)
        self.known: dict[str, list[str]] = {}
        self.model = botocore.session.Session().get_service_model("ec2")
        self.worked: dict[str, list[dict[str, Any]]] = {}
        self.is_sane = True

    def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """The answer, {} for a refusal; what it names is asked about later."""
        began = time.perf_counter()
        try:
            answer = self.cloud.call("ec2", operation, params)
        except AwsError as error:
            assert (error.status or 400) < 500, f"{operation}({params!r}): {error}"
            assert error.code
            assert len(error.message) < MESSAGE_MAX, f"{operation}({params!r}): {error}"
            answer = {}
        else:
            kept = self.worked.setdefault(operation, [])
            kept.append(params)
            del kept[:-LATEST]
        assert time.perf_counter() - began < CALL_SECONDS_MAX, f"{operation}({params!r})"
        self.learn(answer)
        return answer

    def params(self, operation: str) -> dict[str, Any]:
        self.is_sane = self.random.random() < 0.7
        shape = self.model.operation_model(operation).input_shape
        if operation in self.worked and self.random.random() < 0.5:
            made = dict(self.random.choice(self.worked[operation]))
            for name in self.random.sample(sorted(made), min(len(made), self.random.randrange(3))):
                made[name] = self._value(shape.members[name], name, 1)
        else:
            made = self._structure(shape, "", 0)
        made.pop("DryRun", None)
        return made

    def learn(self, answer: Any) -> None:
        for text in _texts(answer):
            if ID.fullmatch(text):
                kept = self.known.setdefault(text.rpartition("-")[0], [])
                if text not in kept:
                    kept.append(text)
                del kept[:-LATEST]

    def _value(self, shape: Any, name: str, depth: int) -> Any:
        make = getattr(self, f"_{shape.type_name}", None)
        return make(shape, name, depth) if make else self._long(shape, name, depth)

    def _structure(self, shape: Any, name: str, depth: int) -> dict[str, Any]:
        made = {}
        for member_name, member in shape.members.items():
            often = 0.95 if member_name in shape.required_members else DEEPER if depth else OPTIONAL
            if self.is_sane and member_name in ("TagSpecifications", "NextToken", "ClientToken", "DryRun"):
                continue
            if depth < 6 and self.random.random() < often:
                made[member_name] = self._value(member, member_name, depth + 1)
        return made

    def _list(self, shape: Any, name: str, depth: int) -> list[Any]:
        count = 1 if self.is_sane else self.random.choice((0, 1, 1, 1, 2, 3, 300))
        if shape.member.type_name == "structure":
            count = min(count, 3)
        return [self._value(shape.member, name, depth) for _ in range(count)]

    def _string(self, shape: Any, name: str, depth: int) -> str:
        enum = shape.metadata.get("enum")
        if enum and self.random.random() < 0.97:
            return str(self.random.choice(enum))
        fits = self.is_sane or self.random.random() < 0.6
        if fits and name.endswith(("Id", "Ids", "Groups", "Resources", "Source", "Destination", "Name")):
            return self._id(name)
        if fits and any(word in name for word in ("Cidr", "Ip", "Address", "Prefix")):
            return self.random.choice(SANE_BLOCKS if self.is_sane else BLOCKS)
        return self.random.choice(SANE_TEXTS if self.is_sane else (*TEXTS, *BLOCKS))

    def _id(self, name: str) -> str:
        """An id that fits the member's name, most times."""
        if name.endswith("Name"):
            return self.random.choice(("a", "tag:a", "vpc-id", "state", "com.amazonaws.us-east-1.s3", "default"))
        fitting = [prefix for word, prefix in PREFIXES.items() if word in name]
        prefix = fitting[-1] if fitting and self.random.random() < 0.95 else ""
        if name.startswith("Association"):
            prefix = self.random.choice(ASSOCIATIONS)
        there = self.known.get(prefix) or [one for ids in self.known.values() for one in ids]
        return self.random.choice(there) if there and self.random.random() < 0.95 else "vpc-00000000000000000"

    def _integer(self, shape: Any, name: str, depth: int) -> int:
        return self.random.choice(SANE_NUMBERS if self.is_sane else NUMBERS)

    def _long(self, shape: Any, name: str, depth: int) -> int:
        return self.random.choice((*NUMBERS, 2**63 - 1))

    def _boolean(self, shape: Any, name: str, depth: int) -> bool:
        return self.random.random() < 0.5

    def _timestamp(self, shape: Any, name: str, depth: int) -> float:
        return self.random.choice((0.0, START, 4e9))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value


def network(call: Any) -> None:
    """A network with one of most things, so that random requests find something to name."""
    vpc = call("CreateVpc", CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    vpc_id, other = vpc["VpcId"], call("CreateVpc", CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ipv6 = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    subnet = call("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24", Ipv6CidrBlock=ipv6)["Subnet"]["SubnetId"]
    far = call("CreateSubnet", VpcId=other, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    gateway = call("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    call("AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc_id)
    table = call("CreateRouteTable", VpcId=vpc_id)["RouteTable"]["RouteTableId"]
    call("CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    call("AssociateRouteTable", RouteTableId=table, SubnetId=subnet)
    interface = call("CreateNetworkInterface", SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    call("AssignPrivateIpAddresses", NetworkInterfaceId=interface, SecondaryPrivateIpAddressCount=2)
    call("AssignIpv6Addresses", NetworkInterfaceId=interface, Ipv6AddressCount=2)
    eips = [call("AllocateAddress")["AllocationId"] for _ in range(3)]
    call("AssociateAddress", AllocationId=eips[0], NetworkInterfaceId=interface)
    call("CreateNatGateway", AllocationId=eips[1], SubnetId=subnet)
    call("CreateNatGateway", ConnectivityType="private", SubnetId=subnet)
    group = call("CreateSecurityGroup", GroupName="web", Description="d", VpcId=vpc_id)["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "203.0.113.0/24"}]}
    for direction in ("Ingress", "Egress"):
        call(f"AuthorizeSecurityGroup{direction}", GroupId=group, IpPermissions=[rule])
        call(f"UpdateSecurityGroupRuleDescriptions{direction}", GroupId=group, IpPermissions=[rule])
    acl = call("CreateNetworkAcl", VpcId=vpc_id)["NetworkAcl"]["NetworkAclId"]
    entry = {"NetworkAclId": acl, "RuleNumber": 5, "Protocol": "-1", "RuleAction": "allow", "Egress": True}
    call("CreateNetworkAclEntry", **entry, CidrBlock="0.0.0.0/0")
    entries = {"PrefixListName": "p", "AddressFamily": "IPv4", "MaxEntries": 5, "Entries": [{"Cidr": "203.0.113.0/24"}]}
    call("CreateManagedPrefixList", **entries)
    peering = call("CreateVpcPeeringConnection", VpcId=vpc_id, PeerVpcId=other)
    peering_id = peering["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    call("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    call("CreateVpcEndpoint", VpcId=vpc_id, ServiceName="com.amazonaws.us-east-1.s3", RouteTableIds=[table])
    call("CreateDhcpOptions", DhcpConfigurations=[{"Key": "domain-name", "Values": ["a.example"]}])
    bucket = {"LogDestinationType": "s3", "LogDestination": "arn:aws:s3:::flows", "TrafficType": "ALL"}
    call("CreateFlowLogs", ResourceType="VPC", ResourceIds=[vpc_id], **bucket)
    call("CreateNetworkInsightsPath", Source=interface, Destination=gateway, Protocol="tcp")
    transit(call, vpc_id, subnet, [other, far])


def transit(call: Any, vpc_id: str, subnet: str, far: list[str]) -> None:
    """Two transit gateways, peered, and two VPCs at the first of them."""
    hubs = [call("CreateTransitGateway")["TransitGateway"]["TransitGatewayId"] for _ in range(2)]
    for where, of in ((vpc_id, subnet), far):
        call("CreateTransitGatewayVpcAttachment", TransitGatewayId=hubs[0], VpcId=where, SubnetIds=[of])
    table = call("CreateTransitGatewayRouteTable", TransitGatewayId=hubs[0])["TransitGatewayRouteTable"]
    route = {"DestinationCidrBlock": "0.0.0.0/0", "Blackhole": True}
    call("CreateTransitGatewayRoute", TransitGatewayRouteTableId=table["TransitGatewayRouteTableId"], **route)
    peer = {"PeerAccountId": "000000000000", "PeerRegion": "us-east-1", "PeerTransitGatewayId": hubs[1]}
    call("CreateTransitGatewayPeeringAttachment", TransitGatewayId=hubs[0], **peer)


def rows(fuzz: Fuzz, noun: str, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = fuzz.cloud.call("ec2", f"Describe{noun}", params)[noun]
    return found


def check_network(fuzz: Fuzz) -> None:
    """What must be true of every network, whatever was done to it."""
    vpcs = {one["VpcId"]: one for one in rows(fuzz, "Vpcs")}
    subnets = {one["SubnetId"]: one for one in rows(fuzz, "Subnets")}
    interfaces = {one["NetworkInterfaceId"]: one for one in rows(fuzz, "NetworkInterfaces")}
    groups = {one["GroupId"]: one for one in rows(fuzz, "SecurityGroups")}
    for one in (*subnets.values(), *interfaces.values(), *groups.values()):
        assert one["VpcId"] in vpcs
    blocks: dict[str, list[Any]] = {}
    for subnet in subnets.values():
        vpc = vpcs[subnet["VpcId"]]
        ipv6 = [one["Ipv6CidrBlock"] for one in subnet["Ipv6CidrBlockAssociationSet"]]
        whole = [one["CidrBlock"] for one in vpc["CidrBlockAssociationSet"]]
        whole += [one["Ipv6CidrBlock"] for one in vpc["Ipv6CidrBlockAssociationSet"]]
        for text in [*ipv6, *([subnet["CidrBlock"]] if "CidrBlock" in subnet else [])]:
            block = ip_network(text)
            assert any(block.version == one.version and block.subnet_of(one) for one in map(ip_network, whole))
            others = blocks.setdefault(subnet["VpcId"], [])
            assert not any(block.overlaps(one) for one in others)
            others.append(block)
    check_interfaces(subnets, interfaces, groups)
    check_associations(fuzz, vpcs, subnets, interfaces)


def check_interfaces(subnets: Any, interfaces: Any, groups: Any) -> None:
    """Each address once, within its subnet, and counted there."""
    used: dict[str, int] = dict.fromkeys(subnets, 0)
    taken: list[tuple[str, Any]] = []
    for interface in interfaces.values():
        subnet = subnets[interface["SubnetId"]]
        assert interface["VpcId"] == subnet["VpcId"]
        assert all(groups[one["GroupId"]]["VpcId"] == subnet["VpcId"] for one in interface["Groups"])
        inside = [ip_network(one["Ipv6CidrBlock"]) for one in subnet["Ipv6CidrBlockAssociationSet"]]
        inside += [ip_network(subnet["CidrBlock"])] if "CidrBlock" in subnet else []
        singles = [one["PrivateIpAddress"] for one in interface["PrivateIpAddresses"]]
        prefixes = [one["Ipv4Prefix"] for one in interface["Ipv4Prefixes"]]
        used[subnet["SubnetId"]] += len(singles) + len(prefixes) * (1 << 32 - IPV4_PREFIX)
        singles += [one["Ipv6Address"] for one in interface["Ipv6Addresses"]]
        prefixes += [one["Ipv6Prefix"] for one in interface["Ipv6Prefixes"]]
        for address in singles:
            assert any(ip_address(address) in block for block in inside)
        taken += [(subnet["VpcId"], ip_network(one)) for one in (*singles, *prefixes)]
    for at, (vpc_id, block) in enumerate(taken):
        assert not any(vpc_id == other and block.overlaps(one) for other, one in taken[:at])
    for subnet_id, count in used.items():
        block = subnets[subnet_id].get("CidrBlock")
        assert subnets[subnet_id]["AvailableIpAddressCount"] == (size_of(block) - count if block else 0)


def check_associations(fuzz: Fuzz, vpcs: Any, subnets: Any, interfaces: Any) -> None:
    """Whatever names something else names something that is there, and is named back."""
    gateways = {one["InternetGatewayId"]: one for one in rows(fuzz, "InternetGateways")}
    for gateway in gateways.values():
        assert all(one["VpcId"] in vpcs for one in gateway["Attachments"])
    mains = []
    for table in rows(fuzz, "RouteTables"):
        assert table["VpcId"] in vpcs
        for one in table["Associations"]:
            assert one.get("SubnetId", next(iter(subnets), None)) in subnets
            assert one.get("GatewayId", next(iter(gateways), None)) in gateways
            mains += [table["VpcId"]] if one["Main"] else []
    assert sorted(mains) == sorted(vpcs)
    associated = [one["SubnetId"] for acl in rows(fuzz, "NetworkAcls") for one in acl["Associations"]]
    assert sorted(associated) == sorted(subnets)
    public = {
        one["Association"]["AllocationId"]: (interface["NetworkInterfaceId"], one["PrivateIpAddress"])
        for interface in interfaces.values()
        for one in interface["PrivateIpAddresses"]
        if one.get("Association", {}).get("AllocationId")
    }
    addresses = {one["AllocationId"]: one for one in rows(fuzz, "Addresses")}
    assert public == {
        name: (one["NetworkInterfaceId"], one["PrivateIpAddress"])
        for name, one in addresses.items()
        if one.get("AssociationId")
    }
    for nat in rows(fuzz, "NatGateways"):
        if nat["State"] == "available":
            assert nat["SubnetId"] in subnets
            assert all(one["NetworkInterfaceId"] in interfaces for one in nat["NatGatewayAddresses"])
    for attachment in rows(fuzz, "TransitGatewayVpcAttachments"):
        if attachment["State"] == "available":
            assert attachment["VpcId"] in vpcs
            assert set(attachment["SubnetIds"]) <= set(subnets)
    options = {one["DhcpOptionsId"] for one in rows(fuzz, "DhcpOptions")} | {"default"}
    assert all(vpc["DhcpOptionsId"] in options for vpc in vpcs.values())


@pytest.mark.parametrize("seed", [1, 2])
def test_no_request_breaks_the_network(seed: int) -> None:
    cloud = TestCloud()
    fuzz = Fuzz(cloud, seed)
    installed = cloud.cloud.dispatch.services.get("ec2")
    assert installed is not None
    names = [name for name in fuzz.model.operation_names if installed.operation(name)]
    often = [0.2 if name.startswith(("Delete", "Detach", "Release")) else 1.0 for name in names]
    try:
        network(lambda operation, **params: fuzz.call(operation, params))
        assert len(fuzz.known) > FEW_KINDS
        for at in range(CALLS):
            operation = fuzz.random.choices(names, often)[0]
            fuzz.call(operation, fuzz.params(operation))
            if at % LOOK_EVERY == 0:
                cloud.advance(1.0)
                check_network(fuzz)
        cloud.advance(7_200.0)
        check_network(fuzz)
        for name in names:
            if name.startswith("Describe"):
                fuzz.call(name, {})
    finally:
        cloud.close()
