"""What CloudFormation remembers: stacks, their resources and what was asked for them, change sets, exports, macros."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from fogbank.control.caller import Caller
from fogbank.store.records import Record


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """An output of a stack."""

    key: str
    value: str
    description: str = ""
    export: str = ""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a stack is to be: a template's text, and what it is told."""

    template: str
    parameters: Mapping[str, str] = {}
    """As they are given, by name."""
    values: Mapping[str, str] = {}
    """What they come to: those of SSM types have been looked up."""
    tags: Mapping[str, str] = {}
    transforms: tuple[str, ...] = ()
    """The names of all that the template is transformed by, in the order in which it names them."""
    processed: str = ""
    """What transforms have made of the template; empty until they have, and where there are none."""

    @property
    def body(self) -> str:
        """The template that the stack is made of."""
        return self.processed or self.template

    @property
    def is_pending(self) -> bool:
        """Whether the transforms are still to be carried out."""
        return bool(self.transforms) and not self.processed


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """A resource that there is, or was begun."""

    type: str
    physical_id: str = ""
    properties: Mapping[str, Any] = {}
    """With everything resolved, as it was made or changed last."""
    attributes: Mapping[str, Any] = {}
    """What `Fn::GetAtt` finds."""
    tags: Mapping[str, str] = {}
    """The stack's, for types that have them."""
    deletion_policy: str = "Delete"
    replace_policy: str = "Delete"
    needs: tuple[str, ...] = ()
    request_id: str = ""
    """Of the request that a custom resource has answered last."""
    is_secret: bool = False
    """Whether what `Fn::GetAtt` finds is not shown in outputs (`NoEcho` of a custom resource)."""


class Stack(Record, frozen=True, kw_only=True):
    """A stack. Deleted ones are kept: they are found by their id."""

    KIND: ClassVar[str] = "cloudformation/stack"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    INDEXES: ClassVar[Mapping[str, str]] = {"by_name": "living_name"}
    id: str
    """The last part of its ARN."""
    name: str
    living_name: str
    """Its name, until it has been deleted."""
    status: str
    reason: str = ""
    wish: Wish
    before: Wish | None = None
    """What it was before the update that is under way, or that is being taken back."""
    earlier: Mapping[str, Resource] = {}
    """The resources as they were before that."""
    job: str = ""
    """Names what is being done, so that events and tokens of two updates differ."""
    jobs: int = 0
    caller: Caller
    role_arn: str = ""
    capabilities: tuple[str, ...] = ()
    notification_arns: tuple[str, ...] = ()
    on_failure: str = "ROLLBACK"
    timeout_at: float | None = None
    timeout_minutes: int = 0
    is_protected: bool = False
    policy: str = ""
    policy_in_force: str = ""
    """The policy that the update which is under way has to keep to."""
    outputs: tuple[Output, ...] = ()
    imports: tuple[str, ...] = ()
    """The names of exports that it uses."""
    retained: tuple[str, ...] = ()
    """What a deletion was told to leave alone."""
    skipped: tuple[str, ...] = ()
    """What the way back from an update was told to leave as it is."""
    token: str = ""
    """The client's, of the job."""
    description: str = ""
    change_set: str = ""
    created_at: float
    updated_at: float | None = None
    deleted_at: float | None = None


class StackResource(Record, frozen=True, kw_only=True):
    """A resource of a stack, by its logical id."""

    KIND: ClassVar[str] = "cloudformation/resource"
    KEY: ClassVar[tuple[str, ...]] = ("stack_id", "logical")
    stack_id: str
    logical: str
    what: Resource
    status: str
    reason: str = ""
    job: str = ""
    """The last job that was done with it."""
    attempt: Mapping[str, Any] = {}
    """The properties that are being tried, or were when that failed."""
    is_unfinished: bool = False
    """Whether it has been begun, so that it has its id, and is not known to be whole."""
    is_going_back: bool = False
    """Whether it has been told that its change is being taken back."""
    is_leaving: bool = False
    """Whether its deletion has been asked for, and is waited for."""
    updated_at: float


class Leftover(Record, frozen=True, kw_only=True):
    """A resource that a stack has no more, and that is to be taken away once its update is done, or taken back."""

    KIND: ClassVar[str] = "cloudformation/leftover"
    KEY: ClassVar[tuple[str, ...]] = ("stack_id", "logical", "physical_id")
    stack_id: str
    logical: str
    physical_id: str
    what: Resource
    is_begun: bool = False
    """Whether its deletion has been told of."""
    is_leaving: bool = False
    """Whether its deletion has been asked for, and is waited for."""


class ChangeSet(Record, frozen=True, kw_only=True):
    """What an update, or a creation, would come to."""

    KIND: ClassVar[str] = "cloudformation/change-set"
    KEY: ClassVar[tuple[str, ...]] = ("stack_id", "name")
    stack_id: str
    name: str
    id: str
    kind: str
    wish: Wish
    status: str
    execution: str
    reason: str = ""
    description: str = ""
    changes: tuple[Mapping[str, Any], ...] = ()
    role_arn: str = ""
    capabilities: tuple[str, ...] = ()
    notification_arns: tuple[str, ...] = ()
    on_failure: str = ""
    caller: Caller | None = None
    """Whoever made it, while its transforms are carried out."""
    created_at: float


class Export(Record, frozen=True, kw_only=True):
    """A value that other stacks of the account and region may import."""

    KIND: ClassVar[str] = "cloudformation/export"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    value: str
    stack_id: str


class Macro(Record, frozen=True, kw_only=True):
    """A function that transforms templates of its account and region."""

    KIND: ClassVar[str] = "cloudformation/macro"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    function: str
    """Its name or ARN."""
    description: str = ""


class Request(Record, frozen=True, kw_only=True):
    """What a custom resource was asked, and what it said; and how long a wait condition waits."""

    KIND: ClassVar[str] = "cloudformation/request"
    KEY: ClassVar[tuple[str, ...]] = ("stack_id", "id")
    stack_id: str
    id: str
    logical: str
    due_at: float
    """When the wait for an answer is over."""
    is_sent: bool = False
    answer: Mapping[str, Any] = {}
    fault: str = ""
    """What is wrong with the answer, if anything."""


class Awaited(Record, frozen=True, kw_only=True):
    """The signals that a resource with a CreationPolicy waits for."""

    KIND: ClassVar[str] = "cloudformation/awaited"
    KEY: ClassVar[tuple[str, ...]] = ("stack_id", "logical")
    stack_id: str
    logical: str
    job: str
    """In which it is made."""
    count: int
    due_at: float
    heard: Mapping[str, str] = {}
    """What each signal says, by its unique id."""


class Token(Record, frozen=True, kw_only=True):
    """A client's token, and what it was given with."""

    KIND: ClassVar[str] = "cloudformation/token"
    KEY: ClassVar[tuple[str, ...]] = ("token",)
    token: str
    stack_id: str
    operation: str


class Handle(Record, frozen=True, kw_only=True):
    """What wait conditions wait for: signals at an address."""

    KIND: ClassVar[str] = "cloudformation/handle"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    signals: Mapping[str, Mapping[str, str]] = {}
    """By their unique ids."""
    waiting: tuple[str, ...] = ()
    """The ids of the stacks whose conditions wait for it."""
