"""Edge locations: namespaces, doors and routers made what the record says, and begun anew when a router dies."""

from __future__ import annotations

from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.planes.net.facts import Parts
from fogbank.services.route53 import edges as facts
from fogbank.services.route53.resources import Edge, Edges


def networks(ctx: Context) -> Parts:
    """Every part of the network that edges want: what the world is adopted by at the start."""
    found = ctx.get(Edges, "edges")
    return facts.parts(found) if found is not None else {}


async def edges(ctx: Context, key: str) -> After | None:
    """All edges, and the core that they are joined by."""
    with ctx.begin():
        found = ctx.get(Edges, key)
    if found is None:
        await _leave(ctx)
        return None
    await _close(ctx, {facts.ns(edge) for edge in found.edges})
    await ctx.planes.net.set(facts.parts(found), within=["names/"])
    await _route(ctx, found, key)
    for edge in found.edges:
        await ctx.planes.doors.set(f"names/{facts.ns(edge)}", facts.doors(edge, ctx.partition, found.region))
    return None


async def _route(ctx: Context, found: Edges, key: str) -> None:
    routers, again = ctx.planes.routers, ctx.waker(Edges, key)
    await routers.set(facts.CORE, facts.core(found))
    routers.watch(facts.CORE, again)
    for edge in found.edges:
        name = facts.ns(edge)
        if edge.fault == "killed":
            await routers.kill(name)
        else:
            await routers.set(name, facts.router(found, edge))
            routers.watch(name, again)


async def _leave(ctx: Context) -> None:
    await _close(ctx, set())
    for name in ctx.planes.routers.names():
        await ctx.planes.routers.remove(name)
    await ctx.planes.net.set({}, within=["names/"])


async def _close(ctx: Context, wanted: set[str]) -> None:
    """Let go of edges that are no more: doors and routers would hold their namespaces."""
    gone = {facts.ns(Edge(name=name, stripes=())) for name in facts.NAMES} - wanted
    for name in sorted(gone):
        await ctx.planes.doors.set(f"names/{name}", [])
    for name in sorted(gone & set(ctx.planes.routers.names())):
        await ctx.planes.routers.remove(name)
