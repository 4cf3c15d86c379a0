"""What SNS remembers: topics, who subscribed to them, and what is on its way over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from fogbank.store.records import Record


class Topic(Record, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "sns/topic"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    fifo: bool = False
    attributes: Mapping[str, str] = {}
    """What was set, by AWS's names."""
    tags: Mapping[str, str] = {}
    data_protection: str = ""
    deleted: int = 0
    """How many subscriptions it has lost."""


class Subscription(Record, frozen=True, kw_only=True):
    """A subscription, which lives where its topic does."""

    KIND: ClassVar[str] = "sns/subscription"
    KEY: ClassVar[tuple[str, ...]] = ("topic", "id")
    INDEXES: ClassVar[Mapping[str, str]] = {"by_target": "target", "by_token": "token"}
    topic: str
    id: str
    protocol: str
    endpoint: str
    owner: str
    target: str
    """Topic, protocol and endpoint: there is one subscription of each."""
    made_at: float
    attributes: Mapping[str, str] = {}
    confirmed: bool = False
    authenticated: bool = False
    """Whether it was confirmed by a signed call."""
    guarded: bool = False
    """Whether only its owner and the topic's may end it (AuthenticateOnUnsubscribe)."""
    token: str = ""


class Pending(Record, frozen=True, kw_only=True):
    """A subscription that nobody has confirmed yet."""

    KIND: ClassVar[str] = "sns/pending"
    KEY: ClassVar[tuple[str, ...]] = ("topic", "id")
    topic: str
    id: str


class Delivery(Record, frozen=True, kw_only=True):
    """A POST that is to be made; its body is sealed."""

    KIND: ClassVar[str] = "sns/delivery"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    delays: tuple[float, ...]
    """Seconds before each try after the first."""
    topic: str
    subscription: str
    tries: int = 0
    next_at: float = 0.0


class Period(Record, frozen=True, kw_only=True):
    """The five minutes in which a FIFO topic last noted the id of a message."""

    KIND: ClassVar[str] = "sns/period"
    KEY: ClassVar[tuple[str, ...]] = ("topic",)
    topic: str
    number: int


class SigningKey(Record, frozen=True, kw_only=True):
    """What messages are signed with: one key for the whole cloud, sealed, and its certificate."""

    KIND: ClassVar[str] = "sns/signing-key"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    GLOBAL: ClassVar[bool] = True
    sealed: bytes
    certificate: str
    id: str = "key"


class Mailbox(Record, frozen=True, kw_only=True):
    """Says that what was sent to people lies in this scope's items."""

    KIND: ClassVar[str] = "sns/mailbox"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str = "mailbox"


class Settings(Record, frozen=True, kw_only=True):
    """How an account sends text messages, and who does not want any."""

    KIND: ClassVar[str] = "sns/settings"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str = "settings"
    sms: Mapping[str, str] = {}
    opted_out: tuple[str, ...] = ()


class Application(Record, frozen=True, kw_only=True):
    """A platform application: `GCM/name`."""

    KIND: ClassVar[str] = "sns/application"
    KEY: ClassVar[tuple[str, ...]] = ("path",)
    path: str
    attributes: Mapping[str, str] = {}


class Device(Record, frozen=True, kw_only=True):
    """An endpoint of a platform application."""

    KIND: ClassVar[str] = "sns/device"
    KEY: ClassVar[tuple[str, ...]] = ("application", "id")
    application: str
    id: str
    attributes: Mapping[str, str] = {}
