"""Faults of the network: what may be broken, and what is broken of a VPC or of a line now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from fogbank.aws import ids
from fogbank.aws.errors import AwsError
from fogbank.aws.internet import REGIONS
from fogbank.control.context import Context
from fogbank.services.ec2 import zones
from fogbank.services.ec2.network.faults import Broken
from fogbank.services.ec2.resources import NetworkFault, NetworkInterface, Subnet, Vpc

HOME = "fogbank"
"""Faults belong to no account."""
_ZONE = re.compile(r"([a-z]+(?:-[a-z]+)+-\d+)[a-z]")
_SECONDS_MAX = 10 * 365 * 86_400.0


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    target: str
    loss: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    delay_seconds: Annotated[float, msgspec.Meta(ge=0, le=60)] = 0.0
    seconds: Annotated[float, msgspec.Meta(gt=0, le=_SECONDS_MAX)] | None = None


def add(ctx: Context, body: Mapping[str, Any]) -> NetworkFault:
    """Break something. Raises ValidationException for what cannot be broken, or not like this."""
    try:
        wanted = msgspec.convert(body, _Wanted)
    except msgspec.ValidationError as error:
        raise AwsError("ValidationException", str(error)) from None
    target, region = _target(ctx, wanted.target)
    fault = NetworkFault(
        id=ids.letters(ctx.random, 8).lower(),
        target=target,
        loss=wanted.loss if wanted.loss is not None else 0.0 if wanted.delay_seconds else 1.0,
        delay_seconds=wanted.delay_seconds,
        ends_at=ctx.now + wanted.seconds if wanted.seconds is not None else 0.0,
    )
    _home(ctx, region).put(fault)
    return fault


def _target(ctx: Context, text: str) -> tuple[str, str]:
    """What is meant, and its region; of lines the region is empty."""
    here, dashes, there = text.partition("--")
    if dashes and here != there and {here, there} <= set(REGIONS):
        return "--".join(sorted((here, there))), ""
    if (zone := _ZONE.fullmatch(text)) and text in dict(zones.zones(zone[1])):
        return text, zone[1]
    for scope in ctx.scopes(Subnet):
        home = ctx.at(scope.region, scope.account)
        if bool(home.find(NetworkInterface, "by_id", text)) or bool(home.find(Subnet, "by_id", text)):
            return text, scope.region
    raise AwsError("ValidationException", f"{text} is no interface, subnet, zone or pair of regions that there is.")


def listed(ctx: Context) -> list[NetworkFault]:
    """Every fault in force."""
    homes = (ctx.at(scope.region, HOME) for scope in ctx.scopes(NetworkFault))
    return [fault for home in homes for fault in home.scan(NetworkFault) if not is_over(fault, ctx.now)]


def remove(ctx: Context, fault_id: str = "") -> int:
    """Mend one thing, or everything; returns how many that were."""
    count = 0
    for scope in ctx.scopes(NetworkFault):
        home = ctx.at(scope.region, HOME)
        for fault in [one for one in home.scan(NetworkFault) if fault_id in ("", one.id)]:
            home.delete(NetworkFault, fault.id)
            count += 1
    return count


def is_over(fault: NetworkFault, now: float) -> bool:
    return bool(fault.ends_at) and fault.ends_at <= now


def of_vpc(ctx: Context, vpc: Vpc) -> Broken:
    """What is broken of a VPC."""
    interfaces: dict[str, float] = {}
    subnets: dict[int, float] = {}
    for fault in _in_force(ctx, ctx.region):
        if not fault.loss:
            continue
        if fault.target.startswith("eni-"):
            if ctx.get(NetworkInterface, vpc.id, fault.target) is not None:
                interfaces[fault.target] = max(fault.loss, interfaces.get(fault.target, 0.0))
            continue
        for subnet in ctx.scan(Subnet, vpc.id):
            if fault.target in (subnet.id, subnet.zone):
                subnets[subnet.number] = max(fault.loss, subnets.get(subnet.number, 0.0))
    return Broken(interfaces, subnets)


def slow(ctx: Context) -> dict[str, float]:
    """How many seconds more a round trip takes, by interface, subnet and zone of a region."""
    found: dict[str, float] = {}
    for fault in _in_force(ctx, ctx.region):
        if fault.delay_seconds:
            found[fault.target] = found.get(fault.target, 0.0) + fault.delay_seconds
    return found


def is_within_vpc(body: Mapping[str, Any]) -> bool:
    """Whether something is asked to be slower that is no line between regions."""
    return bool(body.get("delay_seconds")) and "--" not in str(body.get("target", ""))


def of_line(ctx: Context, here: str, there: str) -> tuple[float, float]:
    """(loss, seconds more for a round trip) of the line between two regions."""
    found = [one for one in _in_force(ctx, "") if one.target == "--".join(sorted((here, there)))]
    return max((one.loss for one in found), default=0.0), sum(one.delay_seconds for one in found)


def _in_force(ctx: Context, region: str) -> list[NetworkFault]:
    return [one for one in _home(ctx, region).scan(NetworkFault) if not is_over(one, ctx.now)]


def _home(ctx: Context, region: str) -> Context:
    return ctx.at(region=region, account=HOME)
