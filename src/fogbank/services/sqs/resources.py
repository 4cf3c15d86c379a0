"""What SQS remembers: queues, and what is on its way between them; messages are items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from fogbank.store.records import Record

PLAIN, SEALED, WRAPPED = 0, 1, 2
"""How a message's body lies in its item: as it is, under the machine key, under a data key of `kms`."""


class Queue(Record, frozen=True, kw_only=True):
    """A queue without its messages."""

    KIND: ClassVar[str] = "sqs/queue"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    INDEXES: ClassVar[Mapping[str, str]] = {"by_dead_letters": "dead_letter_arn"}
    name: str
    uid: str
    """Tells a queue from another of its name that was there before."""
    created_at: float
    changed_at: float
    visibility_seconds: int = 30
    size_max: int = 1_048_576
    retention_seconds: int = 345_600
    delay_seconds: int = 0
    wait_seconds: int = 0
    policy: str = ""
    dead_letter_arn: str = ""
    receives_max: int = 0
    redrive_allow: str = ""
    """The RedriveAllowPolicy as it was given; empty for none, which allows all."""
    key_id: str = ""
    key_reuse_seconds: int = 300
    sse: bool = True
    """Whether bodies lie under SQS's own key."""
    fifo: bool = False
    deduplicates_content: bool = False
    deduplicates_by_group: bool = False
    limits_by_group: bool = False
    tags: Mapping[str, str] = {}
    purged_at: float = 0.0


class Gone(Record, frozen=True, kw_only=True):
    """A queue that was deleted: for a minute no other may have its name."""

    KIND: ClassVar[str] = "sqs/gone"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    deleted_at: float


class Watch(Record, frozen=True, kw_only=True):
    """A queue that holds, or has held, messages: they expire, and so do the ids that duplicates are known by."""

    KIND: ClassVar[str] = "sqs/watch"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    period: int = 0
    """The five minutes since 1970 in which an id for deduplication was last written."""


class MoveTask(Record, frozen=True, kw_only=True):
    """Messages on their way out of a dead-letter queue."""

    KIND: ClassVar[str] = "sqs/move-task"
    KEY: ClassVar[tuple[str, ...]] = ("queue", "started_ms", "id")
    queue: str
    started_ms: int
    id: str
    source_arn: str
    destination_arn: str = ""
    """Empty for the queue that each message came from."""
    rate: int = 0
    """Messages a second; 0 for as fast as it goes."""
    status: str = "RUNNING"
    moved: int = 0
    to_move: int = 0
    reason: str = ""
    next_at: float = 0.0


class Message(msgspec.Struct, array_like=True, gc=False, kw_only=True):
    """The item of a message: what does not change while it is in a queue."""

    id: str
    body: bytes
    md5: str
    sender: str
    attributes: dict[str, tuple[str, Any]] | None = None
    """Name -> (data type, text or bytes)."""
    md5_attributes: str = ""
    trace: str = ""
    group: str = ""
    deduplication: str = ""
    sequence: str = ""
    source_arn: str = ""
    """The queue that gave it up to this one."""
    form: int = PLAIN
    home_arn: str = ""
    """The queue that its body was encrypted for."""
    wrapped_key: bytes = b""
    seen_ms: int = 0
    """When it was first to be seen."""


class State(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """The item of a message's visits: when it is to be seen (ms), how often and when it was received (ms)."""

    visible_ms: int
    count: int = 0
    first_ms: int = 0
    received_ms: int = 0


class Attempt(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """What a ReceiveRequestAttemptId was answered with: (handle, id, group, receive count) of each message."""

    at_ms: int
    taken: list[tuple[str, str, int]]


encode = msgspec.msgpack.Encoder().encode
message_of = msgspec.msgpack.Decoder(Message).decode
state_of = msgspec.msgpack.Decoder(State).decode
attempt_of = msgspec.msgpack.Decoder(Attempt).decode
