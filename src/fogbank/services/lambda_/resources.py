"""What Lambda remembers: functions with their versions and aliases, who may call them, and what waits for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from fogbank.store.records import Record

LATEST = 0
"""The number of the version that can be changed."""


class Code(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An archive of code: a blob, which versions of one function may share."""

    blob: str
    size_bytes: int
    sha256: str
    """Base64, as AWS shows it."""


class Vpc(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where in a network a function lives."""

    subnets: tuple[str, ...]
    groups: tuple[str, ...]
    vpc_id: str = ""
    ipv6: bool = False


class Configuration(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a version is, beside its code."""

    runtime: str
    role: str
    handler: str = ""
    description: str = ""
    timeout_seconds: int = 3
    memory_mb: int = 128
    storage_mb: int = 512
    environ: bytes = b""
    """JSON, sealed; empty for none."""
    key_arn: str = ""
    lock: bytes = b""
    """What the key has encrypted, without which they are not opened; empty without a key."""
    granted: tuple[str, ...] = ()
    """The key's ARN, and the id of the grant by which the role may have it decrypted."""
    tracing: str = "PassThrough"
    layers: tuple[str, ...] = ()
    vpc: Vpc | None = None
    dead_letter: str = ""
    architecture: str = "x86_64"
    logging: Mapping[str, str] = {}
    """What was asked for, by AWS's names."""
    snap_start: str = "None"


class Function(Record, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "lambda/function"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    made_at: float
    versions: int = 0
    """How many were published, those that are gone included."""
    reserved: int | None = None
    """How many executions it has for itself, and at most."""
    tags: Mapping[str, str] = {}
    recursive_loop: str = "Terminate"
    runtime_update: str = "Auto"


class Version(Record, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "lambda/version"
    KEY: ClassVar[tuple[str, ...]] = ("function", "number")
    function: str
    number: int
    code: Code
    configuration: Configuration
    revision: str
    modified_at: float
    is_changed: bool = True
    """Of the version that can be changed: whether it has been since one was published."""


class Alias(Record, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "lambda/alias"
    KEY: ClassVar[tuple[str, ...]] = ("function", "name")
    function: str
    name: str
    version: int
    description: str = ""
    weights: Mapping[str, float] = {}
    """Other versions, by number, and the share of the events that they get."""
    revision: str


class Policy(Record, frozen=True, kw_only=True):
    """Who may use a function, or one version or alias of it; `qualifier` is empty for the function's own."""

    KIND: ClassVar[str] = "lambda/policy"
    KEY: ClassVar[tuple[str, ...]] = ("function", "qualifier")
    function: str
    qualifier: str
    statements: tuple[Mapping[str, Any], ...]
    revision: str


class EventSettings(Record, frozen=True, kw_only=True):
    """What becomes of events that nobody waits for; `qualifier` is `$LATEST` for the function itself."""

    KIND: ClassVar[str] = "lambda/event-settings"
    KEY: ClassVar[tuple[str, ...]] = ("function", "qualifier")
    function: str
    qualifier: str
    modified_at: float
    retries: int | None = None
    age_seconds: int | None = None
    on_success: str = ""
    on_failure: str = ""


class Provisioned(Record, frozen=True, kw_only=True):
    """Environments that are kept ready for a version or an alias."""

    KIND: ClassVar[str] = "lambda/provisioned"
    KEY: ClassVar[tuple[str, ...]] = ("function", "qualifier")
    function: str
    qualifier: str
    requested: int
    allocated: int = 0
    status: str = "IN_PROGRESS"
    reason: str = ""
    modified_at: float


class Mapped(Record, frozen=True, kw_only=True):
    """An event source mapping."""

    KIND: ClassVar[str] = "lambda/mapping"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    INDEXES: ClassVar[Mapping[str, str]] = {"by_function": "function", "by_source": "source"}
    id: str
    function: str
    qualifier: str = ""
    source: str
    batch_size: int = 10
    window_seconds: int = 0
    reports_failures: bool = False
    filters: tuple[str, ...] = ()
    concurrency_max: int = 0
    is_enabled: bool = True
    reason: str = "USER_INITIATED"
    modified_at: float
    tags: Mapping[str, str] = {}


class Event(Record, frozen=True, kw_only=True):
    """An event that was accepted and that nobody waits for; its payload is an item."""

    KIND: ClassVar[str] = "lambda/event"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    function: str
    qualifier: str
    accepted_at: float
    due_at: float = 0.0
    tried: int = 0
    throttled: int = 0
    client_context: str = ""
    trace: str = ""


class Interface(Record, frozen=True, kw_only=True):
    """The network interface that functions with one subnet and the same security groups share."""

    KIND: ClassVar[str] = "lambda/interface"
    KEY: ClassVar[tuple[str, ...]] = ("subnet", "groups")
    subnet: str
    groups: str
    id: str


class Layer(Record, frozen=True, kw_only=True):
    """A layer that has or had versions."""

    KIND: ClassVar[str] = "lambda/layer"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    versions: int = 0
    """How many were published, those that are gone included."""


class LayerVersion(Record, frozen=True, kw_only=True):
    """A version of a layer; a deleted one stays for the functions that have it."""

    KIND: ClassVar[str] = "lambda/layer-version"
    KEY: ClassVar[tuple[str, ...]] = ("layer", "number")
    layer: str
    number: int
    code: Code
    made_at: float
    description: str = ""
    license: str = ""
    runtimes: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    statements: tuple[Mapping[str, Any], ...] = ()
    revision: str = ""
    is_deleted: bool = False


class FunctionUrl(Record, frozen=True, kw_only=True):
    """The address at which a function answers HTTP; `qualifier` is empty for the function itself."""

    KIND: ClassVar[str] = "lambda/function-url"
    KEY: ClassVar[tuple[str, ...]] = ("function", "qualifier")
    INDEXES: ClassVar[Mapping[str, str]] = {"by_id": "id"}
    function: str
    qualifier: str
    id: str
    made_at: float
    modified_at: float
    cors: Mapping[str, Any] = {}
    auth: str = "NONE"
    """Or `AWS_IAM`: whoever calls signs."""
    mode: str = "BUFFERED"
    """Or `RESPONSE_STREAM`: answers go out as they come."""
