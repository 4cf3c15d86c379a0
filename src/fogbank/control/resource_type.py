"""CloudFormation's resource types as each service describes its own: a table of what is called when."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context

Properties = Mapping[str, Any]
"""A resource's properties with everything resolved, as the template writes them."""


class Wanted(NamedTuple):
    """A resource that is to be made."""

    properties: Properties
    name: str
    """A name that nobody else has, for types whose name the template leaves out: `stack-Logical-1A2B3C4D5E6F`."""
    token: str
    """The same for every try of one creation: for operations that take a client token, and for caller references."""
    tags: Mapping[str, str]
    """The stack's, for types that take tags beside their own."""
    is_again: bool = False
    """Whether an earlier try, of which nobody knows how it ended, may have made it already."""


class Change(NamedTuple):
    """A resource that is to become another, in place."""

    id: str
    before: Properties
    after: Properties
    tags: Mapping[str, str]


class Waits(Exception):
    """Raised by a call that has begun and is not done: it is made again after some seconds, with the same arguments."""

    def __init__(self, seconds: float = 0.5) -> None:
        super().__init__(f"not done yet; again after {seconds} s")
        self.seconds = seconds


class ResourceType(NamedTuple):
    """A type. Its calls go through `ctx.invoke`, as any user's would, and are made as whoever owns the stack.

    Each may be made again after a crash, so each finds what an earlier try has left; a service's own error fails the
    resource, with its text as the reason.
    """

    name: str
    """`AWS::SQS::Queue`"""
    create: Callable[[Context, Wanted], Awaitable[str]]
    """Makes it; its physical id, which `Ref` is."""
    delete: Callable[[Context, str, Properties], Awaitable[None]]
    """Takes it away; what is gone already is no error."""
    update: Callable[[Context, Change], Awaitable[None]] | None = None
    """Changes it in place; None for types of which every change makes another."""
    attributes: Callable[[Context, str, Properties], Awaitable[Mapping[str, Any]]] | None = None
    """What `Fn::GetAtt` finds."""
    required: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()
    """All properties of the type that have an effect; any other fails the resource, which names it."""
    replaces: frozenset[str] = frozenset()
    """The properties whose change makes another resource in its place."""


Call = tuple[str, dict[str, Any]]
"""An operation and its parameters."""


class Table(NamedTuple):
    """A type as calls of one service: pure functions say which, and `of_calls` makes them."""

    name: str
    service: str
    create: Callable[[Wanted], Call]
    identity: Callable[[dict[str, Any], Wanted], str]
    """The physical id, out of the answer to `create` (empty where an earlier try had made it already)."""
    delete: Callable[[str, Properties], Iterable[Call]]
    update: Callable[[Change], Iterable[Call]] | None = None
    look: Callable[[str], Call] | None = None
    """What attributes are asked by, if they do not follow from the id."""
    attributes: Callable[[str, Properties, dict[str, Any]], Mapping[str, Any]] | None = None
    """Told the id, the properties, and the answer to `look`."""
    afterwards: Callable[[str, Wanted], Iterable[Call]] | None = None
    """What has to be said of a new one once it is there."""
    present: tuple[str, ...] = ()
    """The codes of errors that say that it is there: no failure where an earlier try may have made it."""
    absent: tuple[str, ...] = ()
    """The codes of errors that say that what is to be taken away is not there."""
    required: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()


def of_calls(table: Table) -> ResourceType:
    """The type that a table describes."""

    async def create(ctx: Context, wanted: Wanted) -> str:
        operation, params = table.create(wanted)
        answer: dict[str, Any] = {}
        try:
            answer = await ctx.invoke(table.service, operation, **params)
        except AwsError as error:
            if error.code not in table.present or not wanted.is_again:
                raise
        identity = table.identity(answer, wanted)
        await _made(ctx, table.service, table.afterwards(identity, wanted) if table.afterwards is not None else ())
        return identity

    async def update(ctx: Context, change: Change) -> None:
        assert table.update is not None
        await _made(ctx, table.service, table.update(change))

    async def delete(ctx: Context, identity: str, properties: Properties) -> None:
        for operation, params in table.delete(identity, properties):
            try:
                await ctx.invoke(table.service, operation, **params)
            except AwsError as error:
                if error.code not in table.absent:
                    raise

    async def attributes(ctx: Context, identity: str, properties: Properties) -> Mapping[str, Any]:
        assert table.attributes is not None
        answer: dict[str, Any] = {}
        if table.look is not None:
            operation, params = table.look(identity)
            answer = await ctx.invoke(table.service, operation, **params)
        return table.attributes(identity, properties, answer)

    return ResourceType(
        table.name,
        create,
        delete,
        update if table.update is not None else None,
        attributes if table.attributes is not None else None,
        table.required,
        table.known,
        table.replaces,
    )


async def _made(ctx: Context, service: str, calls: Iterable[Call]) -> None:
    for operation, params in calls:
        await ctx.invoke(service, operation, **params)


def some(properties: Properties, *names: str) -> dict[str, Any]:
    """Those of some properties that are there, for operations that have parameters of the same names."""
    return {name: properties[name] for name in names if name in properties}


def tags(wanted_tags: Mapping[str, str], given: Any) -> dict[str, str]:
    """The stack's tags with a resource's own, which templates write as a list or as a map."""
    own = given if isinstance(given, Mapping) else {one["Key"]: one["Value"] for one in given or ()}
    return {**wanted_tags, **{key: str(value) for key, value in own.items()}}


def listed(found: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as most operations take them."""
    return [{"Key": key, "Value": value} for key, value in found.items()]
