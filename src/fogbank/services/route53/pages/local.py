"""fogbank's own pages about names (`/_fogbank/dns`): where they are answered, and how far askers are from regions."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.codec.message import Request, Response
from fogbank.control.context import Context
from fogbank.control.pages import Pages, answered, unclear
from fogbank.services.route53 import edges, latency, places
from fogbank.services.route53.latency import HOME, Table
from fogbank.services.route53.resources import Edges

_START = "/_fogbank/dns"


async def answer(ctx: Context, request: Request) -> Response:
    """A page of a request, as JSON."""
    return await answered(ctx, request, _START, _PAGES)


class _Nothing(msgspec.Struct, forbid_unknown_fields=True):
    pass


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    count: Annotated[int, msgspec.Meta(ge=0, le=len(edges.NAMES))]
    is_striped: bool = True
    region: str = ""


class _Broken(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    fault: str = ""


class _Way(msgspec.Struct, forbid_unknown_fields=True):
    network: str
    region: str
    seconds: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """None has the way measured again."""


async def _listed(ctx: Context, wanted: _Nothing) -> dict[str, Any]:
    """What is told of networks, and what was measured between regions that latency records name."""
    with ctx.begin():
        told = [msgspec.to_builtins(one) for one in latency.told(ctx)]
        measured = ctx.held(Table).listed()
    return {"told": told, "measured": measured}


async def _tell(ctx: Context, wanted: _Way) -> dict[str, Any]:
    with ctx.begin():
        latency.tell(ctx, wanted.network, wanted.region, wanted.seconds)
    return msgspec.structs.asdict(wanted)


async def _edges(ctx: Context, wanted: _Nothing) -> dict[str, Any]:
    """The edges, with the sessions of their routers as the core sees them."""
    with ctx.begin():
        found = _home(ctx).get(Edges, "edges")
    if found is None:
        return {"region": "", "edges": []}
    sessions = await ctx.planes.routers.sessions(edges.CORE)
    rows = [
        {
            "name": edge.name,
            "fault": edge.fault,
            "announces": [edges.stripe(one) for one in edge.stripes],
            "session": sessions.get(edge.name, ""),
        }
        for edge in found.edges
    ]
    return {"region": found.region, "edges": rows}


async def _place(ctx: Context, wanted: _Wanted) -> dict[str, Any]:
    """So many edges from now on; none takes them away. Raises ValidationException where there are no packets."""
    if wanted.count and not ctx.planes.net.has_packets:
        raise unclear("edges need a network with packets: `fogbank doctor` says what is missing")
    if wanted.region and wanted.region not in places.REGIONS:
        raise unclear(f"{wanted.region} is no region")
    with ctx.begin():
        home = _home(ctx)
        made = tuple(edges.made(wanted.count, is_striped=wanted.is_striped))
        if made:
            home.put(Edges(region=wanted.region or ctx.region, edges=made))
        else:
            home.delete(Edges, "edges")
    return {"edges": [edge.name for edge in made]}


async def _break(ctx: Context, wanted: _Broken) -> dict[str, Any]:
    """An edge breaks, or (with no fault) is whole again. Raises NotFound, ValidationException."""
    if wanted.fault and wanted.fault not in edges.FAULTS:
        raise unclear(f"{wanted.fault} is no way to break: {', '.join(edges.FAULTS)} are")
    with ctx.begin():
        home = _home(ctx)
        found = home.get(Edges, "edges")
        if found is None or wanted.name not in [edge.name for edge in found.edges]:
            raise AwsError("NotFound", f"There is no edge {wanted.name}.", status=404)
        changed = (
            msgspec.structs.replace(edge, fault=wanted.fault) if edge.name == wanted.name else edge
            for edge in found.edges
        )
        home.put(msgspec.structs.replace(found, edges=tuple(changed)))
    return {"name": wanted.name, "fault": wanted.fault}


def _home(ctx: Context) -> Context:
    return ctx.at(region="", account=HOME)


_PAGES: Pages = {
    ("GET", "/edges"): (_Nothing, _edges),
    ("POST", "/edges"): (_Wanted, _place),
    ("POST", "/edges/fault"): (_Broken, _break),
    ("GET", "/latency"): (_Nothing, _listed),
    ("POST", "/latency"): (_Way, _tell),
}
"""What a page takes, and what answers it."""
