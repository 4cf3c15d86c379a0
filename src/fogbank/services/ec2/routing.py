"""What a route table comes down to: its routes in force, and what may be added to it (Amazon VPC User Guide)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from ipaddress import ip_network
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.services.ec2 import addressing, rules
from fogbank.services.ec2.resources import Endpoint, Route, RouteTable

LOCAL = "local"
BY_TABLE, BY_PEOPLE, BY_GATEWAY = "CreateRouteTable", "CreateRoute", "EnableVgwRoutePropagation"
DESTINATIONS = {
    "DestinationCidrBlock": "destination-cidr-block",
    "DestinationIpv6CidrBlock": "destination-ipv6-cidr-block",
    "DestinationPrefixListId": "destination-prefix-list-id",
}
TARGETS = (
    "GatewayId",
    "EgressOnlyInternetGatewayId",
    "NatGatewayId",
    "NetworkInterfaceId",
    "VpcPeeringConnectionId",
    "TransitGatewayId",
    "VpcEndpointId",
    "InstanceId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "CoreNetworkArn",
    "OdbNetworkArn",
)
SHOWN_AS = {
    "local": "GatewayId",
    "igw": "GatewayId",
    "vgw": "GatewayId",
    "vpce": "GatewayId",
    "eigw": "EgressOnlyInternetGatewayId",
    "nat": "NatGatewayId",
    "eni": "NetworkInterfaceId",
    "pcx": "VpcPeeringConnectionId",
    "tgw": "TransitGatewayId",
}
"""What a target's id begins with -> the member of a route that shows it."""
_INSIDE = ("eni", "nat", "vpce")
"""What a route to a part of the VPC may lead to."""
_LINK_LOCAL = "169.254.168.0/22"
_NAT64 = "64:ff9b::/96"


class InForce(NamedTuple):
    """A route of a table as it is shown: `state` is active or blackhole."""

    destination: str
    """A CIDR of either family, or the id of a prefix list."""
    target: str
    state: str
    origin: str

    @property
    def is_active(self) -> bool:
        return self.state == "active"


def routes_of(
    cidrs: Sequence[str],
    table: RouteTable,
    live: Collection[str],
    endpoints: Iterable[Endpoint] = (),
    propagated: Iterable[Route] = (),
) -> list[InForce]:
    """All routes of a table, as DescribeRouteTables lists them: local ones first.

    `cidrs` are the VPC's blocks of both families; each has a local route unless the table remembers another route for
    it. `live` are the ids of targets that would take a packet, and of prefix lists that are there: every other route
    is a blackhole. `endpoints` are the VPC's gateway endpoints, each a route of the tables that it names. `propagated`
    are routes that gateways tell; one that the table has itself is not taken.
    """
    own = {route.destination: route for route in table.routes}
    found = [InForce(cidr, LOCAL, "active", BY_TABLE) for cidr in cidrs if cidr not in own]
    found += [InForce(route.destination, route.target, _state(route, live), route.origin) for route in table.routes]
    for endpoint in endpoints:
        if table.id in endpoint.route_table_ids and endpoint.prefix_list_id:
            found.append(InForce(endpoint.prefix_list_id, endpoint.id, "active", BY_PEOPLE))
    known = {route.destination for route in found}
    for route in propagated:
        if route.destination not in known:
            known.add(route.destination)
            found.append(InForce(route.destination, route.target, _state(route, live), BY_GATEWAY))
    return found


def by_block(routes: Iterable[InForce], prefix_lists: Mapping[str, Iterable[str]]) -> dict[str, InForce]:
    """The one route that decides for each block, with prefix lists spelled out (`pl-…` -> its CIDRs).

    Of equal blocks a local route decides before one that people made, that before a prefix list's, that before a
    propagated one (Amazon VPC User Guide, "Route priority"). Longer blocks decide before shorter ones, as always.
    """
    ranked: dict[str, tuple[int, InForce]] = {}
    for route in routes:
        is_list = "/" not in route.destination
        blocks = prefix_lists.get(route.destination, ()) if is_list else (route.destination,)
        rank = _rank(route, is_list)
        for block in blocks:
            if block not in ranked or rank < ranked[block][0]:
                ranked[block] = (rank, route)
    return {block: route for block, (_, route) in ranked.items()}


def _rank(route: InForce, is_list: bool) -> int:
    if route.target == LOCAL or route.origin == BY_TABLE:
        return 0
    if route.origin == BY_GATEWAY:
        return 3
    return 2 if is_list else 1


def _state(route: Route, live: Collection[str]) -> str:
    is_list = "/" not in route.destination
    is_live = (route.target == LOCAL or route.target in live) and (not is_list or route.destination in live)
    return "active" if is_live else "blackhole"


def shown(route: InForce, owner: str = "") -> dict[str, Any]:
    """A route as DescribeRouteTables shows it."""
    kind = kind_of(route.destination)
    member = SHOWN_AS[route.target.split("-")[0]]
    return {kind: route.destination, member: route.target, "State": route.state, "Origin": route.origin}


def kind_of(destination: str) -> str:
    """The member of a request that a destination belongs in."""
    if "/" not in destination:
        return "DestinationPrefixListId"
    return "DestinationIpv6CidrBlock" if ":" in destination else "DestinationCidrBlock"


def destination(req: Mapping[str, Any]) -> str:
    """The one destination of a request, in its canonical form.

    Raises MissingParameter, InvalidParameterCombination and InvalidParameterValue.
    """
    given = [member for member in DESTINATIONS if req.get(member)]
    if len(given) != 1:
        code = "InvalidParameterCombination" if given else "MissingParameter"
        names = ", ".join(_lower(member) for member in DESTINATIONS)
        raise AwsError(code, f"The request must contain exactly one of {names}")
    member, text = given[0], str(req[given[0]])
    if member == "DestinationPrefixListId":
        return text
    found = rules.network(text, _lower(member))
    if (found.version == 6) != (member == "DestinationIpv6CidrBlock"):
        what = f"Value ({text}) for parameter {_lower(member)} is invalid. This is not a valid CIDR block."
        raise AwsError("InvalidParameterValue", what)
    return str(found)


def target_member(req: Mapping[str, Any]) -> str:
    """The one member of a request that names a target. Raises MissingParameter and InvalidParameterCombination."""
    members = (*TARGETS, "LocalTarget") if "LocalTarget" in req else TARGETS
    given = [member for member in members if req.get(member)]
    if len(given) != 1:
        code = "InvalidParameterCombination" if given else "MissingParameter"
        names = ", ".join(_lower(member) for member in members)
        raise AwsError(code, f"The request must contain exactly one of {names}")
    return given[0]


def check_destination(block: str, target: str, cidrs: Iterable[str], subnets: Collection[str]) -> None:
    """Whether a route to this block may lead to this target, in a VPC with these blocks and subnets.

    Raises InvalidParameterValue: a part of the VPC is the whole of one of its subnets, and leads to an interface, a NAT
    gateway or a Gateway Load Balancer endpoint only (Amazon VPC User Guide, "Middlebox routing").
    """
    if "/" not in block:
        return
    kind = target.split("-")[0]
    if any(addressing.within(block, cidr) for cidr in cidrs):
        if kind not in (*_INSIDE, LOCAL):
            text = (
                f"The destination CIDR block {block} is equal to or more specific than one of this VPC's CIDR blocks. "
                "This route can target only an interface or an instance."
            )
            raise AwsError("InvalidParameterValue", text)
        if block not in cidrs and block not in subnets:
            text = (
                f"The destination CIDR block {block} is more specific than one of this VPC's CIDR blocks, and must be "
                "the CIDR block of a subnet."
            )
            raise AwsError("InvalidParameterValue", text)
    if addressing.within(block, _LINK_LOCAL):
        raise AwsError("InvalidParameterValue", f"The destination CIDR block {block} is reserved for AWS services.")
    is_ipv6 = ip_network(block).version == 6
    if kind == "eigw" and not is_ipv6:
        text = f"The destination CIDR block {block} must be IPv6 for an egress-only internet gateway."
        raise AwsError("InvalidParameterValue", text)
    if kind == "nat" and is_ipv6 and not addressing.within(block, _NAT64) and block not in subnets:
        text = f"The destination CIDR block {block} must be IPv4, or within {_NAT64}, for a NAT gateway."
        raise AwsError("InvalidParameterValue", text)


def check_edge(table: RouteTable, gateway_id: str, cidrs: Iterable[str]) -> None:
    """Whether a table may decide over what comes in through a gateway. Raises InvalidParameterValue."""
    known = list(cidrs)
    for route in table.routes:
        if route.target.split("-")[0] not in ("eni", "vpce", LOCAL):
            text = f"Route table {table.id} contains unsupported route target: {route.target}. "
            text += f"It cannot be associated with {gateway_id}."
            raise AwsError("InvalidParameterValue", text)
        if "/" not in route.destination or not any(addressing.within(route.destination, cidr) for cidr in known):
            text = f"Route table {table.id} contains unsupported route destination: {route.destination}. "
            text += f"It cannot be associated with {gateway_id}."
            raise AwsError("InvalidParameterValue", text)


def weight(routes: Iterable[Route], family: int, entries_max: Mapping[str, tuple[int, int]]) -> int:
    """How many of a table's routes count against its quota, for one family.

    `entries_max` tells of a prefix list its family and its largest size, which is what it counts for.
    """
    found = 0
    for route in routes:
        if "/" not in route.destination:
            list_family, size = entries_max.get(route.destination, (4, 1))
            found += size if list_family == family else 0
        elif (":" in route.destination) == (family == 6):
            found += 1
    return found


def _lower(member: str) -> str:
    return member[:1].lower() + member[1:]
