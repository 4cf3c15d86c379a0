"""CloudFormation's resource types as each service describes its own: a table of what is called when."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.aws.scope import Scope
from fogbank.control.context import Context
from fogbank.control.fitting import fitted, text

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
    scope: Scope = Scope("", "", "")
    """Where it is made."""
    is_again: bool = False
    """Whether an earlier try, of which nobody knows how it ended, may have made it already."""


class Change(NamedTuple):
    """A resource that is to become another, in place."""

    id: str
    before: Properties
    after: Properties
    tags: Mapping[str, str]
    """The stack's."""
    tags_before: Mapping[str, str] = MappingProxyType({})
    attributes: Mapping[str, Any] = MappingProxyType({})
    """As they were when it was made or changed last."""
    token: str = ""
    """The same for every try of one change."""


class Waits(Exception):
    """Raised by a call that has begun and is not done: it is made again after some seconds, with the same arguments."""

    def __init__(self, seconds: float = 0.5) -> None:
        super().__init__(f"not done yet; again after {seconds} s")
        self.seconds = seconds


Call = tuple[str, dict[str, Any]]
"""An operation and its parameters."""


class AtOnce(NamedTuple):
    """What can be done without waiting: in the transaction in which it is written down, so wholly or not at all."""

    create: Callable[[Context, Wanted], str]
    """Raises MustWait for what only the waiting form can make."""
    delete: Callable[[Context, str, Properties], None]
    update: Callable[[Context, Change], None] | None
    delete_last: Callable[[Context, str, Properties, str], None] | None = None
    """Takes it away, and leaves a snapshot of a name."""


class Last(NamedTuple):
    """How a type is taken away so that a snapshot of it stays (`DeletionPolicy: Snapshot`)."""

    calls: Callable[[str, Properties, str], Iterable[Call]]
    """Told the id, the properties, and the snapshot's name."""
    is_usual: Callable[[Properties], bool]
    """Whether that is what is done with a resource whose template says nothing."""
    refusal: Callable[[Properties], str] = lambda properties: ""
    """Why there can be no snapshot of one with these properties; nothing where there can."""


class ResourceType(NamedTuple):
    """A type. Its calls are made as any user's would be, by whoever owns the stack.

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
    finish: Callable[[Context, str, Wanted], Awaitable[None]] | None = None
    """What is left to do, or to wait for, once its id has been written down: after a creation and after a change."""
    attributes: Callable[[Context, str, Properties], Awaitable[Mapping[str, Any]]] | None = None
    """What `Fn::GetAtt` finds."""
    required: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()
    """All properties of the type that have an effect; any other fails the resource, which names it."""
    replaces: frozenset[str] = frozenset()
    """The properties whose change makes another resource in its place."""
    replaced: Callable[[Properties, Properties], bool] | None = None
    """Whether a change from the first to the second makes another, where names alone do not say so."""
    has_tags: bool = False
    """Whether the stack's tags are its too, and follow them."""
    gone: Callable[[Context, str], Awaitable[None]] | None = None
    """Raises Waits while what has been deleted is still there."""
    at_once: AtOnce | None = None
    last: Last | None = None


class Table(NamedTuple):
    """A type as calls of one service: pure functions say which, and `of_calls` makes them."""

    name: str
    service: str
    create: Callable[[Wanted], Call]
    identity: Callable[[dict[str, Any], Wanted], str]
    """The physical id, out of the answer to `create` (empty where an earlier try had made it already)."""
    delete: Callable[[str, Properties], Iterable[Call]]
    update: Callable[[Change], Iterable[Call]] | None = None
    retag: Callable[[Change, dict[str, str], list[str]], Iterable[Call]] | None = None
    """Told the tags to set, and the keys of those to take away."""
    tags_property: str = "Tags"
    taken: Callable[[Wanted], Call] | None = None
    """What finds one of the same name, for services that would take its creation for a change: with no error, or
    with something in the list of its answer, it is there already."""
    look: Callable[[str], Call] | None = None
    """What attributes are asked by, if they do not follow from the id."""
    looks: Callable[[str], Iterable[Call]] | None = None
    """What else they are asked by."""
    attributes: Callable[[str, Properties, dict[str, Any]], Mapping[str, Any]] | None = None
    """Told the id, the properties, and the answer to `look`."""
    afterwards: Callable[[str, Wanted], Iterable[Call]] | None = None
    """What has to be said of a new one once it is there; where operations wait, of a changed one too."""
    ready: Callable[[dict[str, Any]], bool] | None = None
    """Whether it is there, by the answer to `look`. Raises AwsError for one that will never be."""
    gone: Callable[[dict[str, Any]], bool] | None = None
    """Whether what has been deleted is gone, by the answer to `look`, whose `absent` errors say so too."""
    waits: bool = False
    """Whether its operations wait."""
    present: tuple[str, ...] = ()
    """The codes of errors that say that it is there: no failure where an earlier try may have made it."""
    absent: tuple[str, ...] = ()
    """The codes of errors that say that what is to be taken away is not there."""
    required: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()
    replaced: Callable[[Properties, Properties], bool] | None = None
    last: Last | None = None
    """For types whose operations do not wait."""


def of_calls(table: Table) -> ResourceType:
    """The type that a table describes."""
    at_once = None if table.waits else AtOnce(_creates(table), _deletes(table), _updates(table), _leaves(table))
    return ResourceType(
        table.name,
        _creates_slowly(table),
        _deletes_slowly(table),
        _updates_slowly(table) if table.update is not None else None,
        _finishes(table),
        _attributes(table) if table.attributes is not None else None,
        table.required,
        table.known,
        table.replaces,
        table.replaced,
        table.retag is not None,
        _vanishes(table),
        at_once,
        table.last,
    )


def _creates(table: Table) -> Callable[[Context, Wanted], str]:
    def create(ctx: Context, wanted: Wanted) -> str:
        if table.taken is not None:
            _check_free(ctx, table, *table.taken(wanted))
        operation, params = table.create(wanted)
        answer = ctx.call(table.service, operation, **fitted(table.service, operation, params))
        identity = text(table.identity(answer, wanted))
        for operation, params in _later(table, identity, wanted):
            ctx.call(table.service, operation, **fitted(table.service, operation, params))
        return identity

    return create


def _check_free(ctx: Context, table: Table, operation: str, params: dict[str, Any]) -> None:
    """Raises AlreadyExists."""
    try:
        answer = ctx.call(table.service, operation, **params)
    except AwsError as error:
        if error.code not in table.absent:
            raise
        return
    if all(answer.values()) or not any(isinstance(one, list) for one in answer.values()):
        raise already_exists(table.name, " ".join(str(one) for one in params.values() if isinstance(one, str)))


def already_exists(kind: str, name: str) -> AwsError:
    """The error for a resource that is there, and that no stack of ours has made."""
    return AwsError("AlreadyExists", f"Resource of type '{kind}' with identifier '{name}' already exists.")


def _creates_slowly(table: Table) -> Callable[[Context, Wanted], Awaitable[str]]:
    async def create(ctx: Context, wanted: Wanted) -> str:
        operation, params = table.create(wanted)
        answer: dict[str, Any] = {}
        try:
            answer = await _invoked(ctx, table, (operation, params))
        except AwsError as error:
            if error.code not in table.present or not wanted.is_again:
                raise
        return text(table.identity(answer, wanted))

    return create


def _later(table: Table, identity: str, wanted: Wanted) -> Iterable[Call]:
    return table.afterwards(identity, wanted) if table.afterwards is not None else ()


def _changes(table: Table, change: Change) -> list[Call]:
    """The calls of an update, tags included."""
    assert table.update is not None
    calls = list(table.update(change))
    if table.retag is None:
        return calls
    own = table.tags_property
    before, after = tags(change.tags_before, change.before.get(own)), tags(change.tags, change.after.get(own))
    new = {key: value for key, value in after.items() if before.get(key) != value}
    gone = [key for key in before if key not in after]
    return calls + list(table.retag(change, new, gone)) if new or gone else calls


def _updates(table: Table) -> Callable[[Context, Change], None] | None:
    def update(ctx: Context, change: Change) -> None:
        for operation, params in _changes(table, change):
            ctx.call(table.service, operation, **fitted(table.service, operation, params))

    return update if table.update is not None else None


def _updates_slowly(table: Table) -> Callable[[Context, Change], Awaitable[None]]:
    async def update(ctx: Context, change: Change) -> None:
        for call in _changes(table, change):
            await _invoked(ctx, table, call)

    return update


def _deletes(table: Table) -> Callable[[Context, str, Properties], None]:
    def delete(ctx: Context, identity: str, properties: Properties) -> None:
        _take_away(ctx, table, table.delete(identity, properties))

    return delete


def _leaves(table: Table) -> Callable[[Context, str, Properties, str], None] | None:
    def delete_last(ctx: Context, identity: str, properties: Properties, name: str) -> None:
        assert table.last is not None
        _take_away(ctx, table, table.last.calls(identity, properties, name))

    return delete_last if table.last is not None else None


def _take_away(ctx: Context, table: Table, calls: Iterable[Call]) -> None:
    for operation, params in calls:
        try:
            ctx.call(table.service, operation, **fitted(table.service, operation, params))
        except AwsError as error:
            if error.code not in table.absent:
                raise


def _vanishes(table: Table) -> Callable[[Context, str], Awaitable[None]] | None:
    async def gone(ctx: Context, identity: str) -> None:
        assert table.gone is not None
        assert table.look is not None
        try:
            answer = await _invoked(ctx, table, table.look(identity))
        except AwsError as error:
            if error.code not in table.absent:
                raise
            return
        if not table.gone(answer):
            raise Waits

    return gone if table.gone is not None else None


def _deletes_slowly(table: Table) -> Callable[[Context, str, Properties], Awaitable[None]]:
    async def delete(ctx: Context, identity: str, properties: Properties) -> None:
        for call in table.delete(identity, properties):
            try:
                await _invoked(ctx, table, call)
            except AwsError as error:
                if error.code not in table.absent:
                    raise

    return delete


def _finishes(table: Table) -> Callable[[Context, str, Wanted], Awaitable[None]] | None:
    async def finish(ctx: Context, identity: str, wanted: Wanted) -> None:
        if table.waits:
            for call in _later(table, identity, wanted):
                await _invoked(ctx, table, call)
        if table.ready is None or table.look is None:
            return
        if not table.ready(await _invoked(ctx, table, table.look(identity))):
            raise Waits

    return finish if table.ready is not None or (table.waits and table.afterwards is not None) else None


def _attributes(table: Table) -> Callable[[Context, str, Properties], Awaitable[Mapping[str, Any]]]:
    async def attributes(ctx: Context, identity: str, properties: Properties) -> Mapping[str, Any]:
        assert table.attributes is not None
        answer = await _invoked(ctx, table, table.look(identity)) if table.look is not None else {}
        for call in table.looks(identity) if table.looks is not None else ():
            answer = {**answer, **await _invoked(ctx, table, call)}
        try:
            return table.attributes(identity, properties, answer)
        except StopIteration:
            raise LookupError(f"{table.name} {identity} is not among those that are listed") from None

    return attributes


async def _invoked(ctx: Context, table: Table, call: Call) -> dict[str, Any]:
    operation, params = call
    return await ctx.invoke(table.service, operation, **fitted(table.service, operation, params))


class Functions(NamedTuple):
    """A type whose calls depend on what others answer: functions that wait for nothing, run in one transaction."""

    name: str
    create: Callable[[Context, Wanted], str]
    delete: Callable[[Context, str, Properties], None]
    update: Callable[[Context, Change], None] | None = None
    attributes: Callable[[Context, str, Properties], Mapping[str, Any]] | None = None
    required: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()
    has_tags: bool = False


def of_functions(found: Functions) -> ResourceType:
    """The type that some functions make."""

    async def create(ctx: Context, wanted: Wanted) -> str:
        with ctx.begin():
            return found.create(ctx, wanted)

    async def delete(ctx: Context, identity: str, properties: Properties) -> None:
        with ctx.begin():
            found.delete(ctx, identity, properties)

    async def update(ctx: Context, change: Change) -> None:
        assert found.update is not None
        with ctx.begin():
            found.update(ctx, change)

    async def attributes(ctx: Context, identity: str, properties: Properties) -> Mapping[str, Any]:
        assert found.attributes is not None
        with ctx.begin():
            return found.attributes(ctx, identity, properties)

    return ResourceType(
        found.name,
        create,
        delete,
        update if found.update is not None else None,
        attributes=attributes if found.attributes is not None else None,
        required=found.required,
        known=found.known,
        replaces=found.replaces,
        has_tags=found.has_tags,
        at_once=AtOnce(found.create, found.delete, found.update),
    )


def is_on(properties: Properties, name: str, default: bool = False) -> bool:
    """A switch, which templates may write as text."""
    return str(properties.get(name, default)).lower() == "true"


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
