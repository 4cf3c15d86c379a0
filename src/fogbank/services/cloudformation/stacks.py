"""Stacks: found, shown, begun; what a template's names stand for in one; and what is told of its resources."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.cloudformation import intrinsics, parameters, template
from fogbank.services.cloudformation.intrinsics import Scope
from fogbank.services.cloudformation.resources import ChangeSet, Export, Resource, Stack, StackResource, Wish

TYPE = "AWS::CloudFormation::Stack"
_EVENTS_MAX = 10**12
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d+")
_URL_SUFFIX = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com"}


class _Last(NamedTuple):
    """The latest event of a stack: how many there are with it, and when it was, in thousandths of seconds."""

    number: int = 0
    moment: int = 0


class _Told:
    """The latest event of each stack: what a transaction writes itself is not there to be read yet."""

    def __init__(self) -> None:
        self._last: dict[str, _Last] = {}

    def next(self, stack_id: str, now: float, known: Callable[[], _Last]) -> _Last:
        """The next one. No two are of one moment: people sort them by their times."""
        last = self._last.get(stack_id) or known()
        found = _Last(last.number + 1, max(int(now * 1000), last.moment + 1))
        self._last[stack_id] = found
        return found


@functools.lru_cache(maxsize=64)
def parsed(body: str) -> dict[str, Any]:
    """A template, which nobody may change. Raises ValidationError."""
    return template.parsed(body)


def arn(ctx: Context, stack: Stack) -> str:
    return f"arn:{ctx.partition}:cloudformation:{ctx.region}:{ctx.account}:stack/{stack.name}/{stack.id}"


def living(ctx: Context, name: str) -> Stack | None:
    """The stack of a name or an ARN, unless it has been deleted."""
    found = maybe(ctx, name)
    return found if found is not None and found.living_name else None


def maybe(ctx: Context, name: str) -> Stack | None:
    """The stack of a name, or of an ARN, which may have been deleted."""
    if name.startswith("arn:"):
        return ctx.get(Stack, name.rpartition("/")[2])
    # Deleted ones have no name.
    return next(iter(ctx.find(Stack, "by_name", name)), None) if name else None


def one(ctx: Context, name: str) -> Stack:
    """Raises ValidationError for a stack that there is not."""
    found = maybe(ctx, name)
    if found is None:
        raise AwsError("ValidationError", f"Stack with id {name} does not exist")
    return found


def named(req: Mapping[str, Any]) -> str:
    """The stack that a request has to name. Raises ValidationError."""
    if "StackName" not in req:
        text = "1 validation error detected: Value null at 'stackName' failed to satisfy constraint: "
        raise template.invalid(f"{text}Member must not be null")
    return str(req["StackName"])


def change_set(ctx: Context, req: Mapping[str, Any]) -> tuple[Stack, ChangeSet]:
    """The change set that a request names, and its stack. Raises ValidationError, ChangeSetNotFound."""
    name = req["ChangeSetName"]
    if "StackName" not in req and not name.startswith("arn:"):
        raise template.invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
    wanted = one(ctx, req["StackName"]) if "StackName" in req else None
    for found in ctx.scan(ChangeSet, wanted.id) if wanted is not None else ctx.scan(ChangeSet):
        owner = wanted or ctx.get(Stack, found.stack_id)
        if name in (found.name, found.id) and owner is not None:
            return owner, found
    raise AwsError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", status=404)


def rows(ctx: Context, stack: Stack) -> dict[str, StackResource]:
    """The resources of a stack by logical id."""
    return {found.logical: found for found in ctx.scan(StackResource, stack.id)}


def told(ctx: Context, stack: Stack, logical: str, kind: str, status: str, **more: Any) -> None:
    """Write an event (DescribeStackEvents)."""
    space = ctx.space("events", stack.id)
    number, moment = ctx.held(_Told).next(stack.id, ctx.now, lambda: _last(ctx, space))
    identity = f"{logical}-{status}-{ctx.uuid()}" if logical != stack.name else ctx.uuid()
    event = {
        "StackId": arn(ctx, stack),
        "StackName": stack.name,
        "EventId": identity,
        "LogicalResourceId": logical,
        "ResourceType": kind,
        "Timestamp": moment / 1000,
        "ResourceStatus": status,
        **{name: value for name, value in more.items() if value},
    }
    if stack.token:
        event["ClientRequestToken"] = stack.token
    # Listings begin with the latest: keys count down.
    ctx.put_item(space, f"{_EVENTS_MAX - number:012d}", msgspec.msgpack.encode(event))


def _last(ctx: Context, space: str) -> _Last:
    """The latest event that there is."""
    for key, event in ctx.items(space, limit=1):
        return _Last(_EVENTS_MAX - int(key), round(msgspec.msgpack.decode(event)["Timestamp"] * 1000))
    return _Last()


def existing(ctx: Context, name: str) -> Stack:
    """A stack that has not been deleted. Raises ValidationError."""
    found = living(ctx, name)
    if found is None:
        raise template.invalid(f"Stack [{name}] does not exist")
    return found


def turned(ctx: Context, stack: Stack, status: str, reason: str = "", **more: Any) -> Stack:
    """A stack in another status, which an event tells."""
    found = msgspec.structs.replace(stack, status=status, reason=reason, **more)
    ctx.put(found)
    told(ctx, found, found.name, TYPE, status, PhysicalResourceId=arn(ctx, found), ResourceStatusReason=reason)
    return found


def pseudo(ctx: Context, stack: Stack) -> dict[str, Any]:
    """The pseudo parameters."""
    return {
        **here(ctx),
        "AWS::NotificationARNs": list(stack.notification_arns),
        "AWS::StackId": arn(ctx, stack),
        "AWS::StackName": stack.name,
    }


def here(ctx: Context) -> dict[str, Any]:
    """The pseudo parameters that tell nothing of a stack."""
    return {
        "AWS::AccountId": ctx.account,
        "AWS::Partition": ctx.partition,
        "AWS::Region": ctx.region,
        "AWS::URLSuffix": _URL_SUFFIX.get(ctx.partition, "amazonaws.com"),
    }


def scope(ctx: Context, stack: Stack, wish: Wish, attributes: Mapping[str, Mapping[str, Any]]) -> Scope:
    """What names stand for in a stack that is to be as wished. `attributes`: of each resource that is there.

    `Ref` of it is the attribute with no name. Raises ValidationError for conditions that go round.
    """
    found = parsed(wish.body)
    known = _known(ctx, stack, wish)

    def ref(name: str) -> Any:
        return known[name] if name in known else attributes[name][""]

    def imported(name: str) -> Any:
        export = ctx.get(Export, name)
        if export is None:
            raise KeyError(name)
        return export.value

    def attribute_of(logical: str, name: str) -> Any:
        if logical not in attributes:
            raise template.unresolved(logical)
        return attribute(attributes[logical], name)

    made = Scope(
        ref=ref,
        attribute=attribute_of,
        mappings=template.section(found, "Mappings"),
        imported=imported,
        zones=lambda region: zones(ctx, region),
    )
    return made._replace(conditions=intrinsics.conditions(template.section(found, "Conditions"), made))


def _known(ctx: Context, stack: Stack, wish: Wish) -> dict[str, Any]:
    """The values of parameters and pseudo parameters."""
    declared = template.section(parsed(wish.body), "Parameters")
    return pseudo(ctx, stack) | {
        name: parameters.value(declared, name, text) for name, text in wish.values.items() if name in declared
    }


def plain_scope(ctx: Context, stack: Stack, wish: Wish) -> tuple[Mapping[str, Any], Scope]:
    """Parameters' values, and what names stand for while a template is transformed: those, and mappings."""
    known = _known(ctx, stack, wish)

    def none(logical: str, name: str) -> Any:
        raise KeyError(logical)

    made = Scope(
        ref=known.__getitem__,
        attribute=none,
        mappings=template.section(parsed(wish.template), "Mappings"),
        zones=lambda region: zones(ctx, region),
    )
    return known, made


def attribute(found: Mapping[str, Any], name: str) -> Any:
    """An attribute by its name, whose dots may lead into others. Raises KeyError."""
    if name in found:
        return found[name]
    value: Any = found
    for part in name.split("."):
        if not isinstance(value, Mapping):
            raise KeyError(name)
        value = value[part]
    return value


def zones(ctx: Context, region: str) -> list[str]:
    """The zones of a region (Fn::GetAZs). Raises ValidationError for what is none."""
    if region and not _REGION.fullmatch(region):
        raise template.invalid(f"Template error: Fn::GetAZs: {region} is no region")
    said = ctx.at(region or ctx.region).as_service().call("ec2", "DescribeAvailabilityZones")
    return [str(found["ZoneName"]) for found in said["AvailabilityZones"]]


def resources(wish: Wish, made: Scope) -> dict[str, Any]:
    """The resources that a stack is to have: those whose conditions hold."""
    found = parsed(wish.body)["Resources"]
    return {
        logical: resource
        for logical, resource in found.items()
        if "Condition" not in resource or made.conditions[resource["Condition"]]
    }


def known_names(wish: Wish) -> set[str]:
    """What a reference may name beside resources."""
    found = parsed(wish.body)
    return {
        *template.section(found, "Parameters"),
        *(f"AWS::{name}" for name in intrinsics.PSEUDO),
        *found["Resources"],
    }


def leftovers_of(rows_: Mapping[str, StackResource]) -> Iterator[tuple[str, Resource]]:
    """Everything that a stack has made, by logical id."""
    for logical, row in rows_.items():
        if row.what.physical_id:
            yield logical, row.what
