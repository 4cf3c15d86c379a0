"""The lines between regions: how long packets take on them, how many are lost, and which regions they join."""

from __future__ import annotations

from typing import NamedTuple

from fogbank.control.context import Context
from fogbank.services.ec2 import faults, latency
from fogbank.services.ec2.resources import EgressOnlyGateway, NetworkInterface, RegionLine, Vpc

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
