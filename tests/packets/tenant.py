"""The verbs that packet tests are written in: an account that makes networks, and hosts that ask one another."""

from __future__ import annotations

import contextlib
import shutil
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fogbank.aws import internet
from fogbank.aws.errors import AwsError
from fogbank.planes.net.net import Ran
from fogbank.services.ec2.network import names
from fogbank.testing.network import Network

REGION = "us-east-1"
INTERNET = internet.namespace(REGION)
OUTSIDE, OUTSIDE_6 = names.OUTSIDE, names.OUTSIDE_6
NOTHING = "(nothing)"
REFUSED = "(ECONNREFUSED)"
_TARGETS = {
    "igw": "GatewayId",
    "eigw": "EgressOnlyInternetGatewayId",
    "nat": "NatGatewayId",
    "pcx": "VpcPeeringConnectionId",
    "tgw": "TransitGatewayId",
    "eni": "NetworkInterfaceId",
    "local": "LocalTarget",
}
_PING = """
import socket, struct, sys
data = struct.pack("!BBHHH", 8, 0, 0xF7FE, 0, 1)
with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
    sock.settimeout(0.4)
    sock.sendto(data, (sys.argv[1], 0))
    while True:
        said = sock.recv(512)
        if said[20] == 0:
            break
"""
"""An echo request whose checksum is known, and an answer to it."""
TRIALS_MAX = 3
ANYWHERE = ("0.0.0.0/0", "::/0")


class Host(NamedTuple):
    """An interface with its first addresses. Port 80 answers there, over TCP, on all of them."""

    id: str
    ip: str
    ip6: str
    vpc: str


class Tenant:
    """An account, and what it makes. Nothing waits for the network but probes, and what is to be served there."""

    def __init__(self, net: Network, account: str) -> None:
        self.net = net
        self.account = account
        self._open: dict[str, str] = {}
        self._is_served = False

    def ec2(self, operation: str, *, region: str = REGION, **params: Any) -> dict[str, Any]:
        """An operation, and what follows from it done."""
        return self.net.ec2(operation, region=region, account=self.account, **params)

    def neighbour(self) -> Tenant:
        """Another account, on the same internet."""
        found = Tenant(self.net, f"{int(self.account) + 1:012d}")
        found._is_served = self._is_served
        return found

    # What is there

    def vpc(self, cidr: str = "10.0.0.0/16", **more: Any) -> str:
        return str(self.ec2("CreateVpc", CidrBlock=cidr, **more)["Vpc"]["VpcId"])

    def ipv6_of(self, vpc: str) -> str:
        """A VPC's IPv6 block."""
        found = self.ec2("DescribeVpcs", VpcIds=[vpc])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"]
        return str(found[0]["Ipv6CidrBlock"])

    def subnet(self, vpc: str, cidr: str = "10.0.1.0/24", zone: str = "a", **more: Any) -> str:
        """`more` may hold `region`, and then the zone is one there."""
        place = more.get("region", REGION) + zone
        return str(
            self.ec2("CreateSubnet", VpcId=vpc, CidrBlock=cidr, AvailabilityZone=place, **more)["Subnet"]["SubnetId"]
        )

    def host(self, subnet: str, *groups: str, **more: Any) -> Host:
        """A host in these groups, or in one that is open to all."""
        region = more.get("region", REGION)
        if not groups:
            vpc = self.ec2("DescribeSubnets", SubnetIds=[subnet], region=region)["Subnets"][0]["VpcId"]
            groups = (self.open_group(vpc, region),)
        found = self.ec2("CreateNetworkInterface", SubnetId=subnet, Groups=list(groups), **more)["NetworkInterface"]
        ip6 = [one["Ipv6Address"] for one in found["Ipv6Addresses"]]
        made = Host(found["NetworkInterfaceId"], found["PrivateIpAddress"], ip6[0] if ip6 else "", found["VpcId"])
        self.net.serve(made.id, "0.0.0.0", 80)
        if made.ip6:
            self.net.serve(made.id, "::", 80)
        return made

    def open_group(self, vpc: str, region: str = REGION) -> str:
        """The group of a VPC that lets everything through, both ways."""
        if vpc not in self._open:
            group = self.group(vpc, "open", region=region)
            self._open[vpc] = group
            for peer in ANYWHERE:
                self.allow(group, peer, None, region=region)
            with contextlib.suppress(AwsError):
                # In a VPC that has an IPv6 block already, it has this rule already.
                self.allow(group, "::/0", None, way="Egress", region=region)
        return self._open[vpc]

    def group(self, vpc: str, name: str = "group", *, region: str = REGION) -> str:
        """A security group: nothing in, all of IPv4 out."""
        made = self.ec2("CreateSecurityGroup", GroupName=name, Description="x", VpcId=vpc, region=region)
        return str(made["GroupId"])

    def default_group(self, vpc: str) -> str:
        found = self.ec2("DescribeSecurityGroups", Filters=_of(vpc, "group-name", "default"))["SecurityGroups"]
        return str(found[0]["GroupId"])

    def allow(self, group: str, peer: str, ports: int | tuple[int, int] | None = 80, **more: Any) -> None:
        """Add a rule to a group: for a block, a group or a prefix list; `ports` None for all traffic."""
        self._rule("Authorize", group, peer, ports, more)

    def revoke(self, group: str, peer: str, ports: int | tuple[int, int] | None = 80, **more: Any) -> None:
        self._rule("Revoke", group, peer, ports, more)

    def _rule(
        self, verb: str, group: str, peer: str, ports: int | tuple[int, int] | None, more: dict[str, Any]
    ) -> None:
        way, region = more.get("way", "Ingress"), more.get("region", REGION)
        one: dict[str, Any] = {"IpProtocol": more.get("protocol", "-1" if ports is None else "tcp")}
        if ports is not None:
            one["FromPort"], one["ToPort"] = (ports, ports) if isinstance(ports, int) else ports
        if peer.startswith("sg-"):
            one["UserIdGroupPairs"] = [{"GroupId": peer}]
        elif peer.startswith("pl-"):
            one["PrefixListIds"] = [{"PrefixListId": peer}]
        elif ":" in peer:
            one["Ipv6Ranges"] = [{"CidrIpv6": peer}]
        else:
            one["IpRanges"] = [{"CidrIp": peer}]
        self.ec2(f"{verb}SecurityGroup{way}", GroupId=group, IpPermissions=[one], region=region)

    def join(self, host: Host, *groups: str) -> None:
        """Put a host into these groups, and into no others."""
        self.ec2("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=host.id, Groups=list(groups))

    # Ways

    def gateway(self, vpc: str) -> str:
        """An internet gateway, attached."""
        made = str(self.ec2("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"])
        self.ec2("AttachInternetGateway", InternetGatewayId=made, VpcId=vpc)
        return made

    def table(self, subnet: str, routes: dict[str, str] | None = None) -> str:
        """A route table of a subnet's own, with routes by destination."""
        vpc = self.ec2("DescribeSubnets", SubnetIds=[subnet])["Subnets"][0]["VpcId"]
        made = str(self.ec2("CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"])
        self.ec2("AssociateRouteTable", RouteTableId=made, SubnetId=subnet)
        for destination, target in (routes or {}).items():
            self.route(made, destination, target)
        return made

    def main_table(self, vpc: str, *, region: str = REGION) -> str:
        found = self.ec2("DescribeRouteTables", Filters=_of(vpc, "association.main", "true"), region=region)
        return str(found["RouteTables"][0]["RouteTableId"])

    def route(self, table: str, destination: str, target: str, *, verb: str = "Create", region: str = REGION) -> None:
        """A route to a block or a prefix list; what it leads to is seen by its id."""
        kind = "Ipv6CidrBlock" if ":" in destination else "CidrBlock"
        where = {f"Destination{'PrefixListId' if destination.startswith('pl-') else kind}": destination}
        where[_TARGETS[target.partition("-")[0]]] = target
        self.ec2(f"{verb}Route", RouteTableId=table, region=region, **where)

    def address(self, host: Host, private: str = "") -> str:
        """A public address for a host."""
        allocated = self.ec2("AllocateAddress")
        more = {"PrivateIpAddress": private} if private else {}
        self.ec2("AssociateAddress", AllocationId=allocated["AllocationId"], NetworkInterfaceId=host.id, **more)
        return str(allocated["PublicIp"])

    def nat(self, subnet: str) -> tuple[str, str]:
        """A NAT gateway and its public address."""
        allocated = self.ec2("AllocateAddress")
        made = self.ec2("CreateNatGateway", SubnetId=subnet, AllocationId=allocated["AllocationId"])["NatGateway"]
        return str(made["NatGatewayId"]), str(allocated["PublicIp"])

    def peering(self, here: str, there: str, **more: Any) -> str:
        """A peering, accepted by an account (this one) in a region (this one)."""
        made = self.ec2("CreateVpcPeeringConnection", VpcId=here, PeerVpcId=there, **more)["VpcPeeringConnection"]
        found, owner = str(made["VpcPeeringConnectionId"]), more.get("PeerOwnerId", self.account)
        self.net.ec2(
            "AcceptVpcPeeringConnection",
            account=owner,
            region=more.get("PeerRegion", REGION),
            VpcPeeringConnectionId=found,
        )
        return found

    def joined(self, here: str, there: str) -> str:
        """A peering with a route to the whole of the other side in both main tables."""
        made = self.peering(here, there)
        blocks = {one["VpcId"]: one["CidrBlock"] for one in self.ec2("DescribeVpcs", VpcIds=[here, there])["Vpcs"]}
        self.route(self.main_table(here), blocks[there], made)
        self.route(self.main_table(there), blocks[here], made)
        return made

    def acl(self, subnet: str, *entries: tuple[str, int, str, str, tuple[int, int] | None]) -> str:
        """A network ACL for a subnet, of entries ("in" or "out", number, "allow" or "deny", block, TCP ports)."""
        vpc = self.ec2("DescribeSubnets", SubnetIds=[subnet])["Subnets"][0]["VpcId"]
        made = str(self.ec2("CreateNetworkAcl", VpcId=vpc)["NetworkAcl"]["NetworkAclId"])
        for entry in entries:
            self.entry(made, *entry)
        found = self.ec2("DescribeNetworkAcls", Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])
        for one in found["NetworkAcls"][0]["Associations"]:
            if one["SubnetId"] == subnet:
                self.ec2(
                    "ReplaceNetworkAclAssociation", AssociationId=one["NetworkAclAssociationId"], NetworkAclId=made
                )
        return made

    def entry(
        self, acl: str, way: str, number: int, action: str, cidr: str, ports: tuple[int, int] | None = None
    ) -> None:
        self.ec2(
            "CreateNetworkAclEntry",
            NetworkAclId=acl,
            Egress=way == "out",
            RuleNumber=number,
            RuleAction=action,
            Protocol="-1" if ports is None else "6",
            **({} if ports is None else {"PortRange": {"From": ports[0], "To": ports[1]}}),
            **{"Ipv6CidrBlock" if ":" in cidr else "CidrBlock": cidr},
        )

    # Packets

    @property
    def python(self) -> str:
        """An interpreter for commands inside hosts."""
        return sys.executable

    @property
    def aws(self) -> str:
        """The command line of AWS, for commands inside hosts."""
        return str(Path(sys.executable).with_name("aws"))

    def ask(self, host: Host, address: str, port: int = 80, **more: Any) -> str:
        """Under which address a server sees a host; NOTHING where packets are dropped, REFUSED where nobody serves."""
        return self.net.ask(host.id, address, port, **more)

    def outside(self) -> str:
        """An address of the internet where port 80 answers, TCP and UDP. Some VPC has to have a gateway by now."""
        if not self._is_served:
            self.net.serve(INTERNET, OUTSIDE, 80)
            self.net.serve(INTERNET, OUTSIDE, 80, udp=True)
            self.net.serve(INTERNET, OUTSIDE_6, 80)
            self._is_served = True
        return OUTSIDE

    def ask_from_outside(self, address: str, port: int = 80, **more: Any) -> str:
        """What `ask` says on the internet, which has no way at all to an address that is not public."""
        found = self.net.ask(INTERNET, address, port, **more)
        return NOTHING if found == "(EINVAL)" else found

    def asked(self, *probes: tuple[Host, str] | tuple[Host, str, int]) -> list[str]:
        """What `ask` says to many, all at once."""
        return self.net.asked_all([(host.id, address, *(more or (80,))) for host, address, *more in probes])

    def needs(self, *commands: str) -> None:
        """Skip the test where the machine has not got these."""
        missing = [one for one in commands if shutil.which(one) is None]
        if missing:
            pytest.skip(f"not installed here: {', '.join(missing)}")

    def run(self, host: Host, *argv: str) -> Ran:
        """Run a command inside a host; see `needs`."""
        self.needs(argv[0])
        return self.net.command(host.id, *argv)

    def heard(self, host: Host, *argv: str) -> Ran:
        """Run a command inside a host that waits for an answer: anew where none came, perhaps for want of time.

        What the network drops does not come at the third time either.
        """
        for _ in range(TRIALS_MAX):
            ran = self.run(host, *argv)
            if ran.code == 0:
                break
        return ran

    def exists(self, name: str) -> bool:
        """Whether the machine has a namespace of this name."""
        return Path(self.net.net.path(name)).exists()

    def namespaces(self) -> set[str]:
        """The files of the namespaces that this cloud has on the machine."""
        here = Path(self.net.net.path(""))
        return {one.name for one in here.parent.glob(f"{here.name}*")}

    def pings(self, host: Host, address: str) -> bool:
        """Whether an echo comes back."""
        return self.heard(host, sys.executable, "-c", _PING, address).code == 0

    def said(self, host: Host, *argv: str) -> str:
        """What a command inside a host prints; it has to succeed."""
        ran = self.heard(host, *argv)
        assert ran.code == 0, ran
        return ran.output.decode().strip()


def _of(vpc: str, name: str, *values: str) -> list[dict[str, Any]]:
    return [{"Name": "vpc-id", "Values": [vpc]}, {"Name": name, "Values": list(values)}]
