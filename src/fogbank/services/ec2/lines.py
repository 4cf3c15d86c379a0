"""The lines between regions: how long packets take on them, how many are lost, and which regions they join."""

from __future__ import annotations

from typing import NamedTuple

from fogbank.aws.internet import REGIONS
from fogbank.control.context import Context
from fogbank.services.ec2 import faults, latency, zones
from fogbank.services.ec2.resources import EgressOnlyGateway, NetworkInterface, RegionLine, Vpc, ZoneLine

_HOME = faults.HOME


class State(NamedTuple):
    """A line as it is now."""

    round_trip_seconds: float
    loss: float = 0.0
    """The share of packets that is lost, each way: 1 for a line that is down."""


def state(ctx: Context, here: str, there: str) -> State:
    """The line between two regions: as AWS's usually are, unless people have said otherwise."""
    usual = latency.round_trip_seconds(here, there)
    said = _home(ctx).get(RegionLine, *sorted((here, there)))
    if said is None:
        return State(usual)
    return State(usual if said.round_trip_seconds is None else said.round_trip_seconds, said.loss)


def now(ctx: Context, here: str, there: str) -> State:
    """The line with what is broken of it."""
    found = state(ctx, here, there)
    loss, more_seconds = faults.of_line(ctx, here, there)
    return State(found.round_trip_seconds + more_seconds, max(found.loss, loss))


def say(ctx: Context, line: RegionLine) -> None:
    """Have a line be as people say."""
    _home(ctx).put(line)


def said(ctx: Context) -> list[RegionLine]:
    """Every line of which people have said something."""
    return list(_home(ctx).scan(RegionLine))


def region_of(zone: str) -> str:
    """The region of a zone; empty for what is none."""
    region = zone[:-1]
    return region if region in REGIONS and zone in dict(zones.zones(region)) else ""


def between_zones(ctx: Context) -> dict[tuple[str, str], float]:
    """Round trips between zones of a region in seconds, by their names in order: where people have said something."""
    found = ctx.at(account=_HOME).scan(ZoneLine)
    return {(one.here, one.there): one.round_trip_seconds for one in found if one.round_trip_seconds}


def say_zones(ctx: Context, here: str, there: str, round_trip_seconds: float | None) -> float:
    """Have packets take so long between two zones of a region and back; without a time, how long they do."""
    home, pair = ctx.at(region=region_of(here), account=_HOME), sorted((here, there))
    if round_trip_seconds is not None:
        home.put(ZoneLine(here=pair[0], there=pair[1], round_trip_seconds=round_trip_seconds))
        return round_trip_seconds
    said = home.get(ZoneLine, *pair)
    return said.round_trip_seconds if said is not None else 0.0


def connected(ctx: Context) -> list[str]:
    """The regions that have an internet with somebody in it: a VPC with a gateway of either kind and an interface."""
    return sorted({scope.region for scope in ctx.scopes(Vpc) if _is_connected(ctx.at(scope.region, scope.account))})


def _is_connected(ctx: Context) -> bool:
    return any(
        (vpc.internet_gateway_id or next(ctx.scan(EgressOnlyGateway, vpc.id), None) is not None)
        and next(ctx.scan(NetworkInterface, vpc.id), None) is not None
        for vpc in ctx.scan(Vpc)
    )


def _home(ctx: Context) -> Context:
    # Lines belong to no account.
    return ctx.at(region="", account=_HOME)
