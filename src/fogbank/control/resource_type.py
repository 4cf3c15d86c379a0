"""CloudFormation's resource types as each service describes its own: a table of what is called when."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

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
    """The stack's, with `aws:cloudformation:…`, for types that take tags beside their own."""


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
