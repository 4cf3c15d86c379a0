"""A VPC as people build it in one zone or three, made, changed and removed by the API, and what its packets do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from fogbank.services.ec2.network import names

Ec2 = Callable[..., dict[str, Any]]
"""`ec2("CreateVpc", CidrBlock=…)`, with `region=` where it is not the first one's."""
REGION, ABROAD = "us-east-1", "eu-west-1"
WEB, APP, HIDDEN, PEER = 80, 5432, 6000, 8080
"""Open to everybody; open to the group `web`; open in the group, and closed by the network ACL; open to the peer."""


class Host(NamedTuple):
    """An interface."""

    id: str
    ip: str


class Probe(NamedTuple):
    """A connection tried from an interface, and whether it gets through."""

    source: str
    address: str
    port: int
    passes: bool


class Site:
    """In each zone a public and a private subnet with a host each, and a NAT gateway; a peer or two beside."""

    def __init__(self, ec2: Ec2, zones: str = "abc", *, is_wide: bool = True) -> None:
        self.ec2 = ec2
        self.zones = zones
        self.is_wide = is_wide
        """Whether there is a VPC abroad, over a line with delay, and a public address for `web-a`."""
        self.vpc = self.web = self.app = self.acl = self.gateway = self.endpoint = ""
        self.hosts: dict[str, Host] = {}
        self.subnets: dict[str, str] = {}
        self.tables: dict[str, str] = {}
        self.nats: dict[str, str] = {}
        self.peers: list[tuple[str, str, str, str]] = []
        """Region, VPC, subnet and peering of each."""
        self.addresses: list[str] = []

    # Made

    def build(self) -> Site:
        self.vpc = self._vpc("10.0.0.0/16")
        self.gateway = self.ec2("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
        self.ec2("AttachInternetGateway", InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.web, self.app = self._group("web"), self._group("app")
        self._allow(self.web, WEB, CidrIp="0.0.0.0/0")
        for port in (APP, HIDDEN):
            self._allow(self.app, port, GroupId=self.web)
        self.tables["public"] = self._table()
        self._route("public", "0.0.0.0/0", GatewayId=self.gateway)
        for number, zone in enumerate(self.zones):
            self._zone(number, zone)
        self.acl = self._acl(self.subnets["private-a"])
        self.endpoint = self.ec2(
            "CreateVpcEndpoint",
            VpcId=self.vpc,
            ServiceName=f"com.amazonaws.{REGION}.s3",
            RouteTableIds=[self.tables[f"private-{zone}"] for zone in self.zones],
        )["VpcEndpoint"]["VpcEndpointId"]
        self._type("web-a", "c5n.18xlarge")
        self._type("app-a", "m5.large")
        self._peer("10.9", REGION)
        if self.is_wide:
            self._peer("10.8", ABROAD)
        return self

    def _zone(self, number: int, zone: str) -> None:
        for kind, third, table in (("public", number, "public"), ("private", 100 + number, f"private-{zone}")):
            name = f"{kind}-{zone}"
            self.subnets[name] = self.ec2(
                "CreateSubnet", VpcId=self.vpc, CidrBlock=f"10.0.{third}.0/24", AvailabilityZone=REGION + zone
            )["Subnet"]["SubnetId"]
            if table not in self.tables:
                self.tables[table] = self._table()
            self.ec2("AssociateRouteTable", RouteTableId=self.tables[table], SubnetId=self.subnets[name])
        self.host(f"web-{zone}", f"public-{zone}", self.web)
        self.host(f"app-{zone}", f"private-{zone}", self.app)
        if self.is_wide and zone == "a":
            self.ec2("AssociateAddress", AllocationId=self._address(), NetworkInterfaceId=self.hosts[f"web-{zone}"].id)
        self.nats[zone] = self.ec2(
            "CreateNatGateway", SubnetId=self.subnets[f"public-{zone}"], AllocationId=self._address()
        )["NatGateway"]["NatGatewayId"]
        self._route(f"private-{zone}", "0.0.0.0/0", NatGatewayId=self.nats[zone])

    def host(self, name: str, subnet: str, group: str) -> Host:
        """One more interface in a subnet, known by a name."""
        made = self.ec2("CreateNetworkInterface", SubnetId=self.subnets[subnet], Groups=[group])["NetworkInterface"]
        self.hosts[name] = Host(made["NetworkInterfaceId"], made["PrivateIpAddress"])
        return self.hosts[name]

    def _type(self, name: str, value: str) -> None:
        """Give a host the bandwidth of an instance type."""
        tags = [{"Key": "fogbank:instance-type", "Value": value}]
        self.ec2("CreateTags", Resources=[self.hosts[name].id], Tags=tags)

    def _vpc(self, block: str, region: str = REGION) -> str:
        return str(self.ec2("CreateVpc", CidrBlock=block, region=region)["Vpc"]["VpcId"])

    def _group(self, name: str) -> str:
        return str(self.ec2("CreateSecurityGroup", GroupName=name, Description="x", VpcId=self.vpc)["GroupId"])

    def _allow(self, group: str, port: int, *, verb: str = "Authorize", **peer: str) -> None:
        one: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
        one["UserIdGroupPairs" if "GroupId" in peer else "IpRanges"] = [peer]
        self.ec2(f"{verb}SecurityGroupIngress", GroupId=group, IpPermissions=[one])

    def _table(self) -> str:
        return str(self.ec2("CreateRouteTable", VpcId=self.vpc)["RouteTable"]["RouteTableId"])

    def _route(self, table: str, block: str, *, verb: str = "Create", **target: str) -> None:
        self.ec2(f"{verb}Route", RouteTableId=self.tables[table], DestinationCidrBlock=block, **target)

    def _address(self) -> str:
        self.addresses.append(self.ec2("AllocateAddress")["AllocationId"])
        return self.addresses[-1]

    def _acl(self, subnet: str) -> str:
        """An ACL for a subnet that lets everything pass but one port."""
        made = str(self.ec2("CreateNetworkAcl", VpcId=self.vpc)["NetworkAcl"]["NetworkAclId"])
        self._entry(made, 10, "deny", HIDDEN)
        for is_egress in (False, True):
            self._entry(made, 100, "allow", is_egress=is_egress)
        self._associate(subnet, made)
        return made

    def _entry(self, acl: str, number: int, action: str, port: int = 0, *, is_egress: bool = False) -> None:
        more: dict[str, Any] = (
            {"Protocol": "6", "PortRange": {"From": port, "To": port}} if port else {"Protocol": "-1"}
        )
        self.ec2(
            "CreateNetworkAclEntry",
            NetworkAclId=acl,
            RuleNumber=number,
            RuleAction=action,
            Egress=is_egress,
            CidrBlock="0.0.0.0/0",
            **more,
        )

    def _associate(self, subnet: str, acl: str) -> None:
        found = self.ec2("DescribeNetworkAcls", Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])
        (association,) = (one for one in found["NetworkAcls"][0]["Associations"] if one["SubnetId"] == subnet)
        self.ec2("ReplaceNetworkAclAssociation", AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl)

    def _peer(self, start: str, region: str) -> None:
        """A peer with a host in its default group; both ways are routed, and `app` is open to it at one port."""
        vpc = self._vpc(f"{start}.0.0/16", region)
        subnet = self.ec2("CreateSubnet", VpcId=vpc, CidrBlock=f"{start}.1.0/24", region=region)["Subnet"]["SubnetId"]
        eni = self.ec2("CreateNetworkInterface", SubnetId=subnet, region=region)["NetworkInterface"]
        self.hosts[f"peer-{region}"] = Host(eni["NetworkInterfaceId"], eni["PrivateIpAddress"])
        peering = self.ec2("CreateVpcPeeringConnection", VpcId=self.vpc, PeerVpcId=vpc, PeerRegion=region)
        made = peering["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        self.ec2("AcceptVpcPeeringConnection", VpcPeeringConnectionId=made, region=region)
        self._route("private-a", f"{start}.0.0/16", VpcPeeringConnectionId=made)
        main = self.ec2("DescribeRouteTables", Filters=[{"Name": "vpc-id", "Values": [vpc]}], region=region)
        self.ec2(
            "CreateRoute",
            RouteTableId=main["RouteTables"][0]["RouteTableId"],
            DestinationCidrBlock="10.0.0.0/16",
            VpcPeeringConnectionId=made,
            region=region,
        )
        self._allow(self.app, PEER, CidrIp=f"{start}.0.0/16")
        self.peers.append((region, vpc, subnet, made))

    def probes(self) -> Iterator[Probe]:
        """What `build` has made passes, and does not."""
        for zone in self.zones:
            web, app = self.hosts[f"web-{zone}"], self.hosts[f"app-{zone}"]
            yield Probe(web.id, app.ip, APP, passes=True)
            yield Probe(app.id, web.ip, WEB, passes=True)
            yield Probe(app.id, web.ip, APP, passes=False)
            yield Probe(web.id, app.ip, HIDDEN, passes=zone != "a")
            yield Probe(app.id, names.OUTSIDE, 443, passes=True)
            yield Probe(web.id, names.OUTSIDE, 443, passes=self.is_wide and zone == "a")
        for region, *_ in self.peers:
            peer = self.hosts[f"peer-{region}"]
            yield Probe(peer.id, self.hosts["app-a"].ip, PEER, passes=True)
            yield Probe(peer.id, self.hosts["app-a"].ip, APP, passes=False)

    # Changed

    def change(self) -> Site:
        """Something of every kind comes, goes, or turns."""
        self.host("new", "private-a", self.app)
        self.ec2("DeleteNetworkInterface", NetworkInterfaceId=self.hosts["app-a"].id)
        self._type("web-a", "m5.large")
        self._type("new", "c5n.18xlarge")
        self._allow(self.app, APP, verb="Revoke", GroupId=self.web)
        self._allow(self.web, APP, CidrIp="10.0.0.0/8")
        self.ec2("DeleteNetworkAclEntry", NetworkAclId=self.acl, RuleNumber=10, Egress=False)
        self.ec2("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=self.hosts["web-a"].id, Groups=[self.app])
        self.ec2("DeleteNatGateway", NatGatewayId=self.nats.pop("a"))
        self.ec2("DeleteVpcEndpoints", VpcEndpointIds=[self.endpoint])
        for region, _, _, peering in self.peers:
            self.ec2("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering, region=region)
        if len(self.zones) > 1:
            self._route("private-b", "0.0.0.0/0", verb="Delete")
            self.ec2("AssociateVpcCidrBlock", VpcId=self.vpc, CidrBlock="10.1.0.0/16")
        return self

    def probes_of_change(self) -> Iterator[Probe]:
        """What passes after `change`, and does not any longer."""
        web, new = self.hosts["web-a"], self.hosts["new"]
        yield Probe(new.id, web.ip, WEB, passes=False)
        yield Probe(web.id, new.ip, APP, passes=False)
        yield Probe(new.id, names.OUTSIDE, 443, passes=False)
        for region, *_ in self.peers:
            yield Probe(self.hosts[f"peer-{region}"].id, new.ip, PEER, passes=False)
        for zone in self.zones[1:]:
            other = self.hosts[f"web-{zone}"]
            yield Probe(other.id, new.ip, HIDDEN, passes=True)
            yield Probe(new.id, other.ip, APP, passes=True)
            yield Probe(other.id, web.ip, WEB, passes=False)
            yield Probe(self.hosts[f"app-{zone}"].id, names.OUTSIDE, 443, passes=zone != "b")

    # Removed

    def remove(self) -> Site:
        """Everything goes, in the order that AWS wants."""
        for region, vpc, subnet, _ in self.peers:
            eni = self.hosts.pop(f"peer-{region}")
            self.ec2("DeleteNetworkInterface", NetworkInterfaceId=eni.id, region=region)
            self.ec2("DeleteSubnet", SubnetId=subnet, region=region)
            self.ec2("DeleteVpc", VpcId=vpc, region=region)
        for nat in self.nats.values():
            self.ec2("DeleteNatGateway", NatGatewayId=nat)
        found = self.ec2("DescribeNetworkInterfaces", Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])
        for one in found["NetworkInterfaces"]:
            self.ec2("DeleteNetworkInterface", NetworkInterfaceId=one["NetworkInterfaceId"])
        for subnet in self.subnets.values():
            self.ec2("DeleteSubnet", SubnetId=subnet)
        for address in self.addresses:
            self.ec2("ReleaseAddress", AllocationId=address)
        for table in self.tables.values():
            self.ec2("DeleteRouteTable", RouteTableId=table)
        self.ec2("DetachInternetGateway", InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.ec2("DeleteInternetGateway", InternetGatewayId=self.gateway)
        self.ec2("DeleteNetworkAcl", NetworkAclId=self.acl)
        for group in (self.app, self.web):
            self.ec2("DeleteSecurityGroup", GroupId=group)
        self.ec2("DeleteVpc", VpcId=self.vpc)
        return self
