"""What EC2 answers inside the network: names, instance metadata, and what an endpoint lets through."""

from __future__ import annotations

import base64
from functools import partial

import msgspec

from fogbank.codec.message import Request, Response
from fogbank.control.context import Context
from fogbank.control.seal import SealBroken
from fogbank.planes.dns.message import REFUSED, Answer, Query
from fogbank.services.ec2 import metadata as tree
from fogbank.services.ec2 import resolver
from fogbank.services.ec2.network.gateways import answering
from fogbank.services.ec2.prefix_lists import aws_lists
from fogbank.services.ec2.resources import ElasticIp, Endpoint, NetworkInterface, Peering, Subnet, Vpc

_TOKEN_PATH = "/latest/api/token"
_TTL = "x-aws-ec2-metadata-token-ttl-seconds"
_TOKEN = "x-aws-ec2-metadata-token"
_TTL_SECONDS_MAX = 21_600
_SEAL = "ec2/metadata"


class _Token(msgspec.Struct):
    interface_id: str
    expires_at: float


def resolve(ctx: Context, vpc_id: str, query: Query) -> Answer:
    """What a VPC's resolver answers."""
    vpc = ctx.get(Vpc, vpc_id)
    if vpc is None:
        return Answer(REFUSED)
    return resolver.answer(_known(ctx, vpc), query)


class _Private:
    """The private addresses of a VPC's interfaces, looked up one by one: a VPC may have thousands."""

    def __init__(self, ctx: Context, vpc_id: str) -> None:
        self._ctx = ctx
        self._vpc_id = vpc_id

    def __contains__(self, address: object) -> bool:
        return isinstance(address, str) and interface_at(self._ctx, self._vpc_id, address) is not None


def interface_at(ctx: Context, vpc_id: str, address: str) -> NetworkInterface | None:
    """The interface of a VPC that has a private address of either family."""
    for subnet in ctx.scan(Subnet, vpc_id):
        if found := ctx.find(NetworkInterface, "by_place", f"{subnet.id} {address}"):
            return found[0]
    return None


def _known(ctx: Context, vpc: Vpc) -> resolver.Known:
    """What the resolver of a VPC goes by: its own interfaces, and those of peers that share their names."""
    services = {one.name.rpartition(".")[2]: [answering(one)] for one in aws_lists(ctx.region)}
    public = partial(_public, ctx, vpc.id)
    return resolver.Known(ctx.region, _Private(ctx, vpc.id), public, services, vpc.dns_hostnames)


def _public(ctx: Context, vpc_id: str, address: str) -> str | None:
    """What the resolver of a VPC tells in the place of an Elastic IP address; None for one that nobody has."""
    for scope in ctx.scopes(ElasticIp):
        found = ctx.at(account=scope.account).find(ElasticIp, "by_ip", address) if scope.region == ctx.region else []
        if found:
            is_near = bool(found[0].private_ip) and found[0].vpc_id in _sharing(ctx, vpc_id)
            return found[0].private_ip if is_near else address
    return None


def _sharing(ctx: Context, vpc_id: str) -> set[str]:
    """The VPC, and its peers that let their public names be private addresses here."""
    joined = {vpc_id}
    for peering in ctx.find(Peering, "by_vpc", vpc_id):
        other = peering.accepter if peering.requester.vpc_id == vpc_id else peering.requester
        if peering.status == "active" and other.resolves_dns:
            joined.add(other.vpc_id)
    return joined


def metadata(ctx: Context, vpc_id: str, request: Request) -> Response:
    """The metadata of the interface that asks: the address that it asks from cannot be another's."""
    eni, vpc = interface_at(ctx, vpc_id, request.peer), ctx.get(Vpc, vpc_id)
    subnet = ctx.get(Subnet, vpc_id, eni.subnet_id) if eni is not None else None
    if eni is None or vpc is None or subnet is None:
        return _said(404, "")
    if request.path == _TOKEN_PATH:
        return _token(ctx, eni, request)
    if request.method not in ("GET", "HEAD"):
        return _said(405, "")
    given = request.headers.get(_TOKEN)
    if given is not None and not _is_valid(ctx, eni, given):
        return _said(401, "")
    return _page(tree.tree(vpc, subnet, eni, ctx.account, ctx.region), request.path)


def _page(found: dict[str, object], path: str) -> Response:
    if path in ("", "/"):
        return _said(200, "\n".join(tree.VERSIONS))
    version, _, rest = path.strip("/").partition("/")
    if version not in tree.VERSIONS:
        return _said(404, "")
    if not rest:
        return _said(200, "dynamic\nmeta-data")
    root, _, below = rest.partition("/")
    text = tree.at(found, below) if root == "meta-data" else None
    return _said(404, "") if text is None else _said(200, text)


def endpoint_policy(ctx: Context, vpc_id: str, endpoint_id: str) -> str:
    """What a VPC endpoint lets through, as a policy; empty for everything."""
    found = ctx.get(Endpoint, vpc_id, endpoint_id)
    return found.policy if found is not None else ""


def _token(ctx: Context, eni: NetworkInterface, request: Request) -> Response:
    """A session token of IMDSv2 (EC2 User Guide, "Use the Instance Metadata Service"): not for what was forwarded."""
    if request.method != "PUT":
        return _said(405, "")
    if "x-forwarded-for" in request.headers:
        return _said(403, "")
    seconds = request.headers.get(_TTL, "")
    if not seconds.isdigit() or not 1 <= int(seconds) <= _TTL_SECONDS_MAX:
        return _said(400, "")
    sealed = ctx.seal(msgspec.msgpack.encode(_Token(eni.id, ctx.now + int(seconds))), _SEAL)
    response = _said(200, base64.urlsafe_b64encode(sealed).decode())
    response.headers.append((_TTL, seconds))
    return response


def _is_valid(ctx: Context, eni: NetworkInterface, given: str) -> bool:
    try:
        plain = ctx.unseal(base64.urlsafe_b64decode(given.encode("latin-1")), _SEAL)
        token = msgspec.msgpack.decode(plain, type=_Token)
    except (ValueError, SealBroken):
        return False
    return token.interface_id == eni.id and token.expires_at > ctx.now


def _said(status: int, text: str) -> Response:
    return Response(status, [("content-type", "text/plain"), ("server", "EC2ws")], text.encode())
