"""Random networks, as values that hypothesis draws, and as what EC2 makes of them."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from fogbank.aws.errors import AwsError
from fogbank.control import caller as callers
from fogbank.services.ec2.network import names
from fogbank.testing.network import Network

PORTS = (80, 443, 5432)
REGION = "us-east-1"
ZONES = ("us-east-1a", "us-east-1b")
OUTSIDE = names.OUTSIDE
_CIDRS = ("0.0.0.0/0", "10.0.0.0/8", "10.0.1.0/24", "10.0.2.0/24", "10.9.0.0/16", "203.0.113.0/24", "198.18.0.0/15")
_RANGES = ((80, 80), (443, 443), (0, 65535), (80, 5432), (1024, 65535), (50000, 60999))


class Subnet(NamedTuple):
    """Its table, its network ACL (-1: the default one), and the groups of each of its interfaces."""

    table: int
    acl: int
    zone: int
    interfaces: tuple[tuple[frozenset[int], bool], ...]
    """The numbers of the groups, and whether it has a public address."""


class Topology(NamedTuple):
    """A VPC, 10.0.0.0/16, perhaps with a peer, 10.9.0.0/16. Numbers are places in the tuples."""

    subnets: tuple[Subnet, ...]
    tables: tuple[tuple[tuple[str, str], ...], ...]
    """Routes: a destination, and igw, nat, pcx, eni (the first interface) or gone (a NAT gateway that was deleted)."""
    acls: tuple[tuple[tuple[bool, int, bool, str, tuple[int, int] | None], ...], ...]
    """Entries: egress, number, allow, CIDR, ports (None: all protocols)."""
    groups: tuple[tuple[tuple[bool, str, tuple[int, int] | None], ...], ...]
    """Rules: egress, CIDR or the number of a group, ports."""
    has_gateway: bool
    nat_subnet: int
    """Where the NAT gateway is; -1 for none."""
    peer: tuple[frozenset[int], bool] | None
    """The groups of the peer's one interface (they are of the same shape there), and whether its route leads back."""


def _tables() -> st.SearchStrategy[Any]:
    destinations = st.sampled_from(("0.0.0.0/0", "10.9.0.0/16", "203.0.113.0/24", "10.0.2.0/24"))
    targets = st.sampled_from(("igw", "nat", "pcx", "igw", "nat", "pcx", "gone"))
    return st.lists(st.tuples(destinations, targets), max_size=4, unique_by=lambda one: one[0]).map(tuple)


def _acls() -> st.SearchStrategy[Any]:
    entry = st.tuples(
        st.booleans(),
        st.integers(1, 9),
        st.sampled_from((True, True, True, False)),
        st.sampled_from(_CIDRS),
        st.one_of(st.none(), st.none(), st.sampled_from(_RANGES)),
    )
    return st.lists(entry, min_size=2, max_size=8, unique_by=lambda one: one[:2]).map(tuple)


def _groups(count: int) -> st.SearchStrategy[Any]:
    peers = st.one_of(st.sampled_from(_CIDRS), st.integers(0, count - 1).map(str))
    rule = st.tuples(st.sampled_from((False, False, True)), peers, st.one_of(st.none(), st.sampled_from(_RANGES)))
    return st.lists(rule, min_size=1, max_size=5, unique=True).map(tuple)


@st.composite
def topologies(draw: st.DrawFn) -> Topology:
    """A VPC with two to four subnets, up to three interfaces each."""
    groups = draw(st.lists(_groups(3), min_size=3, max_size=3))
    tables = draw(st.lists(_tables(), min_size=2, max_size=3))
    acls = draw(st.lists(_acls(), min_size=1, max_size=2))
    chosen = st.frozensets(st.integers(0, 2), min_size=1, max_size=2)
    subnet = st.builds(
        Subnet,
        st.integers(0, len(tables) - 1),
        st.sampled_from((-1, -1, *range(len(acls)))),
        st.integers(0, len(ZONES) - 1),
        st.lists(st.tuples(chosen, st.booleans()), min_size=1, max_size=3).map(tuple),
    )
    subnets = draw(st.lists(subnet, min_size=2, max_size=4))
    return Topology(
        tuple(subnets),
        tuple(tables),
        tuple(acls),
        tuple(groups),
        draw(st.sampled_from((True, True, False))),
        draw(st.integers(-1, len(subnets) - 1)),
        draw(st.one_of(st.none(), st.tuples(chosen, st.booleans()))),
    )


class Made(NamedTuple):
    """What EC2 made: the interfaces' ids with their private addresses, and all public addresses."""

    interfaces: dict[str, str]
    public: list[str]


class Maker:
    """Makes a topology in an account, by the API alone."""

    def __init__(self, net: Network, account: str) -> None:
        self._net = net
        self._caller = callers.root(account)
        self.made = Made({}, [])

    def ec2(self, operation: str, **params: Any) -> dict[str, Any]:
        return self._net.cloud.call("ec2", operation, params, caller=self._caller, region=REGION)

    def make(self, wanted: Topology) -> Made:
        vpc, subnets = self._vpc("10.0.0.0/16", len(wanted.subnets))
        groups = self._groups(vpc, wanted)
        targets: dict[str, dict[str, str]] = {}
        if wanted.has_gateway:
            gateway = self.ec2("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
            self.ec2("AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)
            targets["igw"] = {"GatewayId": gateway}
        for at, subnet in enumerate(wanted.subnets):
            for members, is_public in subnet.interfaces:
                self._interface(subnets[at], [groups[one] for one in sorted(members)], is_public and wanted.has_gateway)
        if wanted.nat_subnet >= 0 and wanted.has_gateway:
            targets["nat"] = {"NatGatewayId": self._nat(subnets[wanted.nat_subnet])}
        if wanted.peer is not None:
            targets["pcx"] = {"VpcPeeringConnectionId": self._peer(vpc, wanted)}
        self._routes(vpc, subnets, wanted, targets)
        self._acls(vpc, subnets, wanted)
        self._net.settle()
        return self.made

    def _vpc(self, block: str, count: int) -> tuple[str, list[str]]:
        vpc = self.ec2("CreateVpc", CidrBlock=block)["Vpc"]["VpcId"]
        start = block.removesuffix(".0.0/16")
        subnets = [
            self.ec2(
                "CreateSubnet", VpcId=vpc, CidrBlock=f"{start}.{at + 1}.0/24", AvailabilityZone=ZONES[at % len(ZONES)]
            )["Subnet"]["SubnetId"]
            for at in range(count)
        ]
        return vpc, subnets

    def _groups(self, vpc: str, wanted: Topology) -> list[str]:
        made = [
            self.ec2("CreateSecurityGroup", GroupName=f"g{at}", Description="x", VpcId=vpc)["GroupId"]
            for at in range(len(wanted.groups))
        ]
        for group, rules in zip(made, wanted.groups, strict=True):
            for is_egress, peer, ports in rules:
                one: dict[str, Any] = {"IpProtocol": "-1" if ports is None else "tcp"}
                if ports is not None:
                    one |= {"FromPort": ports[0], "ToPort": ports[1]}
                one |= (
                    {"UserIdGroupPairs": [{"GroupId": made[int(peer)]}]}
                    if peer.isdigit()
                    else {"IpRanges": [{"CidrIp": peer}]}
                )
                self._authorize(group, is_egress, one)
        return made

    def _authorize(self, group: str, is_egress: bool, permission: dict[str, Any]) -> None:
        way = "Egress" if is_egress else "Ingress"
        try:
            self.ec2(f"AuthorizeSecurityGroup{way}", GroupId=group, IpPermissions=[permission])
        except AwsError as error:
            # The rule that every new group has may be drawn once more.
            assert error.code == "InvalidPermission.Duplicate", error

    def _interface(self, subnet: str, groups: list[str], is_public: bool) -> str:
        found = self.ec2("CreateNetworkInterface", SubnetId=subnet, Groups=groups)["NetworkInterface"]
        self.made.interfaces[found["NetworkInterfaceId"]] = found["PrivateIpAddress"]
        if is_public and len(self.made.public) < 4:
            address = self.ec2("AllocateAddress")
            self.ec2(
                "AssociateAddress",
                AllocationId=address["AllocationId"],
                NetworkInterfaceId=found["NetworkInterfaceId"],
            )
            self.made.public.append(address["PublicIp"])
        return str(found["NetworkInterfaceId"])

    def _nat(self, subnet: str) -> str:
        allocation = self.ec2("AllocateAddress")["AllocationId"]
        found = self.ec2("CreateNatGateway", SubnetId=subnet, AllocationId=allocation)["NatGateway"]
        self._net.settle()
        return str(found["NatGatewayId"])

    def _peer(self, vpc: str, wanted: Topology) -> str:
        assert wanted.peer is not None
        members, leads_back = wanted.peer
        other, subnets = self._vpc("10.9.0.0/16", 1)
        groups = self._groups(other, wanted)
        self._interface(subnets[0], [groups[one] for one in sorted(members)], is_public=False)
        found = self.ec2("CreateVpcPeeringConnection", VpcId=vpc, PeerVpcId=other)["VpcPeeringConnection"]
        peering = str(found["VpcPeeringConnectionId"])
        self.ec2("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering)
        if leads_back:
            table = self._main_table(other)
            self.ec2(
                "CreateRoute",
                RouteTableId=table,
                DestinationCidrBlock="10.0.0.0/16",
                VpcPeeringConnectionId=peering,
            )
        return peering

    def _main_table(self, vpc: str) -> str:
        filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}]
        return str(self.ec2("DescribeRouteTables", Filters=filters)["RouteTables"][0]["RouteTableId"])

    def _routes(self, vpc: str, subnets: list[str], wanted: Topology, targets: dict[str, dict[str, str]]) -> None:
        tables = []
        for routes in wanted.tables:
            table = self.ec2("CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"]
            tables.append(table)
            for destination, target in routes:
                # Within the VPC only some targets may be more specific than local.
                if target in targets and not (destination == "10.0.2.0/24" and target != "nat"):
                    self.ec2("CreateRoute", RouteTableId=table, DestinationCidrBlock=destination, **targets[target])
        for at, subnet in enumerate(wanted.subnets):
            self.ec2("AssociateRouteTable", RouteTableId=tables[subnet.table], SubnetId=subnets[at])

    def _acls(self, vpc: str, subnets: list[str], wanted: Topology) -> None:
        made = []
        for entries in wanted.acls:
            acl = self.ec2("CreateNetworkAcl", VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
            made.append(acl)
            for is_egress, number, allows, cidr, ports in entries:
                one: dict[str, Any] = {"Protocol": "-1" if ports is None else "6"}
                if ports is not None:
                    one["PortRange"] = {"From": ports[0], "To": ports[1]}
                self.ec2(
                    "CreateNetworkAclEntry",
                    NetworkAclId=acl,
                    RuleNumber=number * 10,
                    Egress=is_egress,
                    RuleAction="allow" if allows else "deny",
                    CidrBlock=cidr,
                    **one,
                )
        described = self.ec2("DescribeNetworkAcls", Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkAcls"]
        associations = {
            one["SubnetId"]: one["NetworkAclAssociationId"] for acl in described for one in acl["Associations"]
        }
        for at, subnet in enumerate(wanted.subnets):
            if subnet.acl >= 0:
                association = associations[subnets[at]]
                self.ec2("ReplaceNetworkAclAssociation", AssociationId=association, NetworkAclId=made[subnet.acl])
