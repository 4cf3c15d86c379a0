"""A parameter with its history: found, kept, removed, and told of."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ssm import rules
from fogbank.services.ssm.resources import Deadline, Parameter, ResourcePolicy, Tally, Version
from fogbank.services.ssm.rules import Selected

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Version).decode


def keep(ctx: Context, current: Parameter) -> None:
    """Move the version that is the latest so far into the history, and the oldest out of it."""
    space = ctx.space("history", current.name)
    ctx.put_item(space, f"{current.latest.version:012d}", _encode(current.latest))
    if current.latest.version % rules.HISTORY_SLACK == 0:
        oldest = rules.oldest_after(current)
        for gone in range(max(1, oldest - rules.HISTORY_SLACK), oldest):
            ctx.delete_item(space, f"{gone:012d}")


def history(ctx: Context, parameter: Parameter) -> Iterator[Version]:
    after = f"{parameter.oldest - 1:012d}"
    for _, item in ctx.items(ctx.space("history", parameter.name), after=after, limit=rules.HISTORY_MAX):
        yield _decode(item)
    yield parameter.latest


def of_version(ctx: Context, parameter: Parameter, selector: str) -> Version:
    number = rules.version_of(parameter, selector)
    if number == parameter.latest.version:
        return parameter.latest
    found = ctx.items(ctx.space("history", parameter.name), after=f"{number - 1:012d}", limit=1)
    return _decode(found[0][1])


def home_of(ctx: Context, wanted: Selected) -> Context:
    """The context in which a name is looked up: an ARN says where."""
    return ctx.at(wanted.region, wanted.account) if wanted.account else ctx


def existing(ctx: Context, name: str) -> Parameter:
    """The parameter of a name or of an ARN of this account and region: none elsewhere."""
    wanted = rules.selected(name)
    if home_of(ctx, wanted).scope != ctx.scope:
        raise AwsError("ParameterNotFound", "")
    parameter = find(ctx, wanted) or ctx.get(Parameter, name)
    if parameter is None:
        raise AwsError("ParameterNotFound", "")
    return parameter


def find(ctx: Context, wanted: Selected) -> Parameter | None:
    """The parameter, if it is there: an ARN says `parameter/x` for `/x` and for `x`."""
    found = ctx.get(Parameter, wanted.name)
    if found is None and wanted.account and not wanted.name.startswith("/"):
        return ctx.get(Parameter, f"/{wanted.name}")
    return found


def count(ctx: Context, tier: str) -> int:
    """How many parameters of a tier there are."""
    found = ctx.get(Tally, tier)
    return found.count if found else 0


def tally(ctx: Context, tier: str, change: int) -> None:
    """Count parameters of a tier in or out."""
    ctx.put(Tally(tier=tier, count=count(ctx, tier) + change))


def remove(ctx: Context, parameter: Parameter, operation: str) -> None:
    """Take a parameter away with its history and its policies, and tell of it."""
    ctx.delete(Parameter, parameter.name)
    tally(ctx, parameter.latest.tier, -1)
    ctx.delete_item(ctx.space("history", parameter.name), None)
    if parameter.latest.policies:
        ctx.delete(Deadline, parameter.name)
    # A parameter that is made anew under this name is shared with nobody.
    arn = ctx.arn(rules.resource_of(parameter.name))
    for policy in list(ctx.scan(ResourcePolicy, arn)):
        ctx.delete(ResourcePolicy, arn, policy.id)
    tell(ctx, operation, parameter.name, parameter.latest)


def tell(ctx: Context, operation: str, name: str, version: Version) -> None:
    detail = {"operation": operation, "name": name, "type": version.type, "description": version.description}
    ctx.emit("Parameter Store Change", detail, [ctx.arn(rules.resource_of(name))])
