"""The routes of transit gateways: what a route table comes down to, and which route a packet takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.services.ec2.resources import TransitAttachment, TransitRouteTable
from fogbank.services.ec2.rules import Network, network


class Effective(NamedTuple):
    """A route in force: where it leads, or that it leads nowhere."""

    destination: str
    """A CIDR."""
    attachment_id: str
    """Empty for a blackhole that was made as one."""
    type: str
    """`static` or `propagated`."""
    state: str
    """`active` or `blackhole`."""
    prefix_list_id: str = ""


def effective(
    table: TransitRouteTable,
    attachments: Mapping[str, TransitAttachment],
    blocks: Mapping[str, Sequence[str]],
    lists: Mapping[str, Sequence[str]],
) -> list[Effective]:
    """A table's routes in force, in order of destination, one for each destination.

    `attachments` are the gateway's by id, `blocks` what each of them propagates, `lists` the blocks of the prefix
    lists that static routes name. A static route goes before a propagated one to the same destination, a CIDR before
    a prefix list, and of several propagated ones the attachment made first (Transit Gateways guide, "Route
    evaluation order"). A static route to an attachment that is not there is a blackhole.
    """
    found: dict[str, Effective] = {}
    static = sorted(table.routes, key=lambda route: route.destination.startswith("pl-"))
    for route in static:
        there = attachments.get(route.attachment_id)
        state = "active" if there is not None and there.state == "available" else "blackhole"
        is_list = route.destination.startswith("pl-")
        for cidr in lists.get(route.destination, ()) if is_list else (route.destination,):
            one = Effective(cidr, route.attachment_id, "static", state, route.destination if is_list else "")
            found.setdefault(cidr, one)
    for attachment in sorted((attachments[one] for one in table.propagating if one in attachments), key=_age):
        if attachment.state == "available":
            for cidr in blocks.get(attachment.id, ()):
                found.setdefault(cidr, Effective(cidr, attachment.id, "propagated", "active"))
    return sorted(found.values(), key=lambda one: _order(one.destination))


def lookup(routes: Iterable[Effective], address: str) -> Effective | None:
    """The route that a packet to an address takes: of those that hold it, the one with the longest prefix."""
    there = ip_address(address)
    holding = [one for one in routes if _holds(network(one.destination), there)]
    return max(holding, key=lambda one: network(one.destination).prefixlen, default=None)


def searched(routes: Iterable[Effective], names: Mapping[str, Sequence[str]]) -> list[Effective]:
    """The routes that the `route-search.…` filters of SearchTransitGatewayRoutes leave, any value of each.

    Raises InvalidParameterValue for what is no CIDR (of the longest match: and no address).
    """
    found = list(routes)
    for name, values in names.items():
        kind = name.removeprefix("route-search.")
        if kind == "longest-prefix-match":
            best = [_longest(found, value) for value in values]
            found = [one for one in found if one in best]
        else:
            wanted = [network(value, name) for value in values]
            found = [one for one in found if any(_MATCHES[kind](network(one.destination), other) for other in wanted)]
    return found


def chosen_attachment(req: Mapping[str, Any]) -> str:
    """The attachment that a static route is to lead to, empty for a blackhole.

    Raises InvalidParameterCombination for both, MissingParameter for neither.
    """
    attachment_id: str = req.get("TransitGatewayAttachmentId", "")
    is_blackhole = bool(req.get("Blackhole"))
    if attachment_id and is_blackhole:
        text = "The parameter transitGatewayAttachmentId cannot be used with the parameter blackhole"
        raise AwsError("InvalidParameterCombination", text)
    if not attachment_id and not is_blackhole:
        text = "The request must contain the parameter transitGatewayAttachmentId or blackhole"
        raise AwsError("MissingParameter", text)
    return attachment_id


def _longest(routes: Iterable[Effective], value: str) -> Effective | None:
    block = network(value if "/" in value else f"{value}/{128 if ':' in value else 32}", "route-search")
    holding = [one for one in routes if _within(block, network(one.destination))]
    return max(holding, key=lambda one: network(one.destination).prefixlen, default=None)


def _within(one: Network, other: Network) -> bool:
    return one.version == other.version and one.subnet_of(other)  # type: ignore[arg-type]


_MATCHES: Mapping[str, Callable[[Network, Network], bool]] = {
    "exact-match": lambda one, wanted: one == wanted,
    "subnet-of-match": _within,
    "supernet-of-match": lambda one, wanted: _within(wanted, one),
}


def _holds(block: Network, address: Any) -> bool:
    return bool(block.version == address.version and address in block)


def _age(attachment: TransitAttachment) -> tuple[float, int]:
    return attachment.created_at, attachment.number


def _order(cidr: str) -> tuple[int, int, int]:
    found = network(cidr)
    return found.version, int(found.network_address), found.prefixlen
