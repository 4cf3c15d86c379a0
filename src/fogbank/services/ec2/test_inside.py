from __future__ import annotations

from typing import Any

import pytest

from fogbank.codec.message import Request, Response
from fogbank.control import caller as callers
from fogbank.planes.dns import message
from fogbank.planes.dns.message import Answer, Query
from fogbank.services.ec2 import inside
from fogbank.testing import TestCloud

TTL, TOKEN = "x-aws-ec2-metadata-token-ttl-seconds", "x-aws-ec2-metadata-token"


class Place:
    """A VPC with one interface, and what is asked from within."""

    def __init__(self, cloud: TestCloud, cidr: str = "10.0.0.0/16", region: str = "us-east-1") -> None:
        self.cloud, self.region = cloud, region
        self.ec2 = cloud.client("ec2", region=region)
        self.vpc = self.ec2("CreateVpc", CidrBlock=cidr)["Vpc"]["VpcId"]
        narrow = cidr.replace("0.0/16", "1.0/24")
        self.subnet = self.ec2("CreateSubnet", VpcId=self.vpc, CidrBlock=narrow, AvailabilityZone=f"{region}a")[
            "Subnet"
        ]["SubnetId"]
        self.eni = self.interface()
        self.ip = self.eni["PrivateIpAddress"]

    def interface(self, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.ec2("CreateNetworkInterface", SubnetId=self.subnet, **more)["NetworkInterface"]
        return found

    def public(self, eni: dict[str, Any]) -> str:
        gateway = self.ec2("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
        self.ec2("AttachInternetGateway", InternetGatewayId=gateway, VpcId=self.vpc)
        made = self.ec2("AllocateAddress")
        self.ec2("AssociateAddress", AllocationId=made["AllocationId"], NetworkInterfaceId=eni["NetworkInterfaceId"])
        return str(made["PublicIp"])

    def resolve(self, name: str, type_: int = message.A) -> Answer:
        ctx = self._context()
        with ctx.begin():
            return inside.resolve(ctx, self.vpc, Query(1, name, type_, message.IN, b""))

    def address(self, name: str) -> str:
        """The address of a name; empty for none."""
        found = self.resolve(name).records
        return found[0].data if found else ""

    def get(self, path: str, *, peer: str = "", method: str = "GET", **headers: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = Request(method, path, "", named, peer=peer or self.ip)
        ctx = self._context()
        with ctx.begin():
            return inside.metadata(ctx, self.vpc, request)

    def text(self, path: str, **more: str) -> str:
        found = self.get(f"/latest/meta-data/{path}", **more)
        assert found.status == 200
        return bytes(found.body).decode()  # type: ignore[arg-type]

    def token(self, seconds: str = "60", **headers: str) -> Response:
        return self.get("/latest/api/token", method="PUT", **{TTL: seconds}, **headers)

    def _context(self) -> Any:
        account = self.cloud.cloud.settings.account
        return self.cloud.cloud.context("ec2", "inside", callers.root(account), self.region)


@pytest.fixture
def place(cloud: TestCloud) -> Place:
    return Place(cloud)


def words(response: Response) -> str:
    return bytes(response.body).decode()  # type: ignore[arg-type]


def test_metadata_is_a_tree_of_paths(place: Place) -> None:
    assert words(place.get("/")).splitlines() == ["1.0", "2021-07-15", "latest"]
    assert words(place.get("/latest/")).splitlines() == ["dynamic", "meta-data"]
    assert {"mac", "network/", "placement/", "local-ipv4"} <= set(place.text("").splitlines())
    assert place.text("local-ipv4") == place.ip
    assert place.text("placement/region") == "us-east-1"


def test_metadata_of_an_interface_is_found_by_its_mac(place: Place) -> None:
    mac = place.text("mac")
    assert place.text("network/interfaces/macs/") == f"{mac}/"
    below = f"network/interfaces/macs/{mac}"
    assert place.text(f"{below}/vpc-id") == place.vpc
    assert place.text(f"{below}/subnet-id") == place.subnet
    assert place.text(f"{below}/interface-id") == place.eni["NetworkInterfaceId"]
    assert place.text(f"{below}/subnet-ipv4-cidr-block") == "10.0.1.0/24"


def test_a_public_address_is_told_once_there_is_one(place: Place) -> None:
    assert place.get("/latest/meta-data/public-ipv4").status == 404
    public = place.public(place.eni)
    assert place.text("public-ipv4") == public
    assert place.get("/latest/meta-data/public-hostname").status == 404
    place.ec2("ModifyVpcAttribute", VpcId=place.vpc, EnableDnsHostnames={"Value": True})
    assert place.text("public-hostname") == f"ec2-{public.replace('.', '-')}.compute-1.amazonaws.com"


@pytest.mark.parametrize(
    "path", ["/latest/meta-data/nothing", "/latest/meta-data/mac/further", "/2000-01-01/meta-data/"]
)
def test_what_is_not_there_is_not_found(place: Place, path: str) -> None:
    assert place.get(path).status == 404


def test_who_has_no_address_in_the_vpc_is_told_nothing(place: Place) -> None:
    assert place.get("/latest/meta-data/mac", peer="10.0.1.200").status == 404


def test_secondary_addresses_are_of_the_same_interface(place: Place) -> None:
    place.ec2(
        "AssignPrivateIpAddresses",
        NetworkInterfaceId=place.eni["NetworkInterfaceId"],
        PrivateIpAddresses=["10.0.1.50"],
    )
    assert place.text("mac", peer="10.0.1.50") == place.text("mac")
    assert place.text(f"network/interfaces/macs/{place.text('mac')}/local-ipv4s").splitlines() == [
        place.ip,
        "10.0.1.50",
    ]


def test_a_token_is_made_by_put_and_ends(cloud: TestCloud, place: Place) -> None:
    made = place.token("60")
    assert (made.status, dict(made.headers)[TTL]) == (200, "60")
    with_token = {TOKEN: words(made)}
    assert place.text("local-ipv4", **with_token) == place.ip
    cloud.advance(59)
    assert place.get("/latest/meta-data/mac", **with_token).status == 200
    cloud.advance(2)
    assert place.get("/latest/meta-data/mac", **with_token).status == 401


def test_a_token_is_not_good_for_another_interface(place: Place) -> None:
    other = place.interface()
    token = words(place.token())
    assert place.get("/latest/meta-data/mac", peer=other["PrivateIpAddress"], **{TOKEN: token}).status == 401


@pytest.mark.parametrize("token", ["", "x", "AAAA", "é"])
def test_what_is_no_token_is_refused(place: Place, token: str) -> None:
    assert place.get("/latest/meta-data/mac", **{TOKEN: token}).status == 401


@pytest.mark.parametrize("seconds", ["0", "21601", "-1", "x", ""])
def test_a_token_lasts_from_a_second_to_six_hours(place: Place, seconds: str) -> None:
    assert place.token(seconds).status == 400
    assert place.token("21600").status == 200


def test_tokens_are_not_for_what_was_forwarded_nor_for_get(place: Place) -> None:
    assert place.token("60", **{"x-forwarded-for": "1.2.3.4"}).status == 403
    assert place.get("/latest/api/token").status == 405
    assert place.get("/latest/meta-data/mac", method="POST").status == 405


def test_the_resolver_knows_its_own_interfaces_and_no_others(cloud: TestCloud, place: Place) -> None:
    other = Place(cloud, "10.9.0.0/16")
    assert place.address(_private(place.ip)) == place.ip
    assert place.resolve(_private(other.ip)).code == message.NXDOMAIN
    assert other.address(_private(other.ip)) == other.ip
    assert place.resolve("ip-10-0-1-99.ec2.internal").code == message.NXDOMAIN


def _private(address: str) -> str:
    return f"ip-{address.replace('.', '-')}.ec2.internal"


def test_names_of_other_regions_have_the_region_in_them(cloud: TestCloud) -> None:
    place = Place(cloud, region="eu-west-1")
    dashed = place.ip.replace(".", "-")
    assert place.address(f"ip-{dashed}.eu-west-1.compute.internal") == place.ip
    assert place.resolve(f"ip-{dashed}.ec2.internal").code == message.NXDOMAIN


def test_addresses_have_names(place: Place) -> None:
    backwards = ".".join(reversed(place.ip.split("."))) + ".in-addr.arpa"
    assert place.resolve(backwards, message.PTR).records[0].data == _private(place.ip)
    assert place.resolve("9.9.9.9.in-addr.arpa", message.PTR).code == message.NXDOMAIN


def test_a_name_that_is_there_has_nothing_of_another_type(place: Place) -> None:
    """RFC 2308: no error and no data, with the SOA that says for how long."""
    found = place.resolve(_private(place.ip), message.AAAA)
    assert (found.code, found.records, [one.type for one in found.authority]) == (message.NOERROR, (), [message.SOA])


def test_a_public_name_is_private_inside_and_public_elsewhere(cloud: TestCloud, place: Place) -> None:
    public = place.public(place.eni)
    other = Place(cloud, "10.9.0.0/16")
    name = f"ec2-{public.replace('.', '-')}.compute-1.amazonaws.com"
    assert (place.address(name), other.address(name)) == (place.ip, public)
    assert place.resolve("ec2-198-18-0-1.compute-1.amazonaws.com").code == message.NXDOMAIN


def test_a_peer_that_resolves_names_is_told_private_addresses(cloud: TestCloud, place: Place) -> None:
    """VPC Peering Guide, "Enable DNS resolution for a VPC peering connection"."""
    public = place.public(place.eni)
    other = Place(cloud, "10.9.0.0/16")
    name = f"ec2-{public.replace('.', '-')}.compute-1.amazonaws.com"
    made = place.ec2("CreateVpcPeeringConnection", VpcId=place.vpc, PeerVpcId=other.vpc)["VpcPeeringConnection"]
    peering = made["VpcPeeringConnectionId"]
    place.ec2("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering)
    assert other.address(name) == public
    place.ec2(
        "ModifyVpcPeeringConnectionOptions",
        VpcPeeringConnectionId=peering,
        RequesterPeeringConnectionOptions={"AllowDnsResolutionFromRemoteVpc": True},
    )
    assert other.address(name) == place.ip


@pytest.mark.parametrize(
    "name", ["s3.us-east-1.amazonaws.com", "bucket.s3.us-east-1.amazonaws.com", "bucket.s3.amazonaws.com"]
)
def test_names_of_a_service_with_a_prefix_list_lead_into_it(place: Place, name: str) -> None:
    lists = place.ec2("DescribePrefixLists", PrefixListIds=[])["PrefixLists"]
    blocks = next(one["Cidrs"] for one in lists if one["PrefixListName"].endswith(".s3"))
    assert place.address(name) in [block.partition("/")[0] for block in blocks]


def test_other_services_share_the_address_of_their_region(place: Place) -> None:
    here = place.address("sqs.us-east-1.amazonaws.com")
    assert place.address("ec2.us-east-1.amazonaws.com") == place.address("iam.amazonaws.com") == here
    assert place.address("sqs.eu-west-1.amazonaws.com") not in ("", here)
    assert place.resolve("example.com").code == message.NXDOMAIN


def test_a_vpc_that_is_gone_refuses(place: Place) -> None:
    place.ec2("DeleteNetworkInterface", NetworkInterfaceId=place.eni["NetworkInterfaceId"])
    place.ec2("DeleteSubnet", SubnetId=place.subnet)
    place.ec2("DeleteVpc", VpcId=place.vpc)
    assert place.resolve("sqs.us-east-1.amazonaws.com").code == message.REFUSED
    assert place.get("/latest/").status == 404
