"""The context of a call: who, where and when, and everything that an operation may do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from fogbank.aws import ids
from fogbank.aws.scope import Scope, partition_of
from fogbank.clock import Timer
from fogbank.control import caller as callers
from fogbank.control.caller import Caller, Session
from fogbank.control.measure import Point
from fogbank.control.session import token_of
from fogbank.store.blobs import Blobs
from fogbank.store.items import Item, Range
from fogbank.store.records import R, Record, key_text
from fogbank.store.transaction import Transaction

if TYPE_CHECKING:
    from fogbank.control.dispatch import Dispatch
    from fogbank.control.fault import Fault
    from fogbank.control.planes import Planes
    from fogbank.control.resource_type import ResourceType
    from fogbank.control.service import Need


T = TypeVar("T")


class Origin(NamedTuple):
    """Where a call came from, as it arrived; calls among services keep the origin of the call that led to them."""

    request_id: str
    source_ip: str = "127.0.0.1"
    user_agent: str = ""
    secure: bool = False
    host: str = ""
    """The Host that the client used, with its port."""
    vpc: str = ""
    endpoint: str = ""
    """The VPC endpoint that it came through, and its VPC."""
    endpoint_policy: str = ""
    """What that endpoint lets through; empty for everything."""
    trace: str = ""
    """Its tracing header (`aws.trace`), whose parent is the segment of whoever answers as long as that one does."""


class Payload(Protocol):
    """The checksums that a request promised of its body, base64 by algorithm: verified once the body has been read."""

    @property
    def checksums(self) -> Mapping[str, str]: ...

    @property
    def is_promised(self) -> bool:
        """Whether the request came with any, or with an MD5."""
        ...


class Source(NamedTuple):
    """The resource that makes a service act by itself, and its account (`aws:SourceArn`, `aws:SourceAccount`)."""

    arn: str = ""
    account: str = ""


class Context:
    """Handed to every operation. What it reads and writes is in the scope of the call unless `at` says otherwise."""

    __slots__ = (
        "_dispatch",
        "_transaction",
        "caller",
        "faults",
        "operation",
        "origin",
        "payload",
        "scope",
        "seen",
        "service",
        "source",
        "via",
    )

    def __init__(self, dispatch: Dispatch, service: str, operation: str, scope: Scope, caller: Caller) -> None:
        self._dispatch = dispatch
        self._transaction: Transaction | None = None
        self.service = service
        self.operation = operation
        self.scope = scope
        self.caller = caller
        self.origin = Origin("")
        self.faults: list[Fault] | None = None
        """The faults that hit this call, once they have been rolled for."""
        self.seen = 0
        """The last batch that a data operation's answer depends on."""
        self.via: tuple[str, ...] = ()
        """The services that this call went through, first one first (`aws:CalledVia`)."""
        self.payload: Payload | None = None
        """What is known of the body of a request that came over HTTP."""
        self.source = Source()
        """For what a service acts, where the caller is one."""

    @property
    def account(self) -> str:
        return self.scope.account

    @property
    def region(self) -> str:
        return self.scope.region

    @property
    def partition(self) -> str:
        return self.scope.partition

    @property
    def now(self) -> float:
        """Cloud time in seconds since 1970, to the millisecond, as AWS tells it."""
        return round(self._dispatch.clock.now(), 3)

    @property
    def random(self) -> ids.Random:
        """For what must not be guessed; names are cheaper from `uuid`."""
        return self._dispatch.random

    @property
    def request_id(self) -> str:
        return self.origin.request_id

    def arn(self, resource: str, service: str = "") -> str:
        return self.scope.arn(service or self.service, resource)

    def uuid(self) -> str:
        return ids.uuid(self._dispatch.ids)

    # Records and items

    def get(self, kind: type[R], *key: Any) -> R | None:
        return self.transaction.get(kind, self.scope, *key)

    def put(self, record: Record) -> None:
        self.transaction.put(self.scope, record)

    def delete(self, kind: type[Record], *key: Any) -> None:
        self.transaction.delete(kind, self.scope, *key)

    def scan(self, kind: type[R], *parts: Any, start: str = "", after: str = "", reverse: bool = False) -> Iterator[R]:
        """Records in order of key; see `Transaction.scan`."""
        return self.transaction.scan(kind, self.scope, *parts, start=start, after=after, reverse=reverse)

    def find(self, kind: type[R], index: str, value: str) -> list[R]:
        return self.transaction.find(kind, self.scope, index, value)

    def count(self, kind: type[Record]) -> int:
        return self.transaction.count(kind, self.scope)

    def space(self, noun: str, *parts: str) -> str:
        """The name of a space of items of this service in this scope."""
        return "\x00".join((f"{self.service}/{noun}", *self.scope, *parts))

    def put_item(self, space: str, key: str, item: bytes) -> None:
        self.transaction.put_item(space, key, item)

    def delete_item(self, space: str, key: str | None) -> None:
        self.transaction.delete_item(space, key)

    def item(self, space: str, key: str) -> bytes | None:
        return self.transaction.item(space, key)

    def count_items(self, space: str, after: str = "", before: str | None = None) -> int:
        """How many items lie in a range; those that this transaction writes do not count."""
        return self.transaction.count_items(space, after, before)

    def items(
        self, space: str, *, after: str = "", before: str | None = None, limit: int = 1000, reverse: bool = False
    ) -> list[Item]:
        """(key, item) in order of key; see `store.items.Range`."""
        return self.transaction.range(Range(space, after=after, before=before, limit=limit, reverse=reverse))

    @property
    def blobs(self) -> Blobs:
        return self._dispatch.store.blobs

    @property
    def planes(self) -> Planes:
        """The hands on the world: for reconcilers and data operations."""
        return self._dispatch.planes

    def after_commit(self, call: Callable[[], object]) -> None:
        """Have something done once this transaction has committed, and never if it is taken back."""
        self.transaction.after_commit(call)

    def waker(self, kind: type[Record], *key: Any) -> Callable[[], None]:
        """What has the reconciler look at a record again: for planes, which tell what happens in the world."""
        tell = self._dispatch.store.on_changed or (lambda kind, scope, key: None)
        return partial(tell, kind.KIND, "/".join(self.scope), key_text(key))

    def held(self, make: Callable[..., T], *key: str) -> T:
        """What `make(*key)` made when it was first asked for: see `control.hold`. Change it in `after_commit`."""
        return self._dispatch.holds.get(make, key)

    def call_at(self, due_at: float, fire: Callable[[], object]) -> Timer:
        """Have something called in this process when cloud time reaches `due_at`; what must last is a reconciler's."""
        return self._dispatch.clock.call_at(due_at, fire)

    def measure(self, metric: str, value: float = 1.0, unit: str = "Count", **dimensions: str) -> None:
        """Count a metric of this service, in the namespace that its folder names; told to CloudWatch by the minute."""
        installed = self._dispatch.services.get(self.service)
        namespace = installed.service.metrics if installed is not None else ""
        point = Point(self.scope, namespace, metric, unit, tuple(dimensions.items()))
        measures = self._dispatch.measures
        if self._transaction is None:
            measures.add(point, value)
        else:
            self._transaction.after_commit(lambda: measures.add(point, value))

    def tell_segment(self, document: str) -> None:
        """Send X-Ray a segment document (JSON), as this caller; one that may not is told nothing: nobody listens."""
        self._dispatch.traces.tell(self, document)

    def changes(self, service: str, scope: Scope | None = None) -> int:
        """A number that moves with every write of a service's records in a scope, this one unless another is given."""
        store, where = self._dispatch.store, scope or self.scope
        self.transaction.seen = max(self.transaction.seen, store.moved_in(service, where))
        return store.changes(service, where)

    def scopes(self, kind: type[Record]) -> list[Scope]:
        """Where a kind has records: for what looks over all accounts and regions."""
        return self._dispatch.store.scopes(kind)

    def at(self, region: str | None = None, account: str | None = None) -> Context:
        """The same call, looking at another region or account of the same partition."""
        region = self.region if region is None else region
        partition = partition_of(region) if region else self.partition
        other = self._copy(Scope(partition, self.account if account is None else account, region))
        other._transaction = self._transaction
        return other

    @property
    def transaction(self) -> Transaction:
        """The open transaction. Raises RuntimeError outside one: a data operation opens its own with `begin`."""
        if self._transaction is None:
            raise RuntimeError(f"{self.service}:{self.operation} read or wrote records outside a transaction")
        return self._transaction

    def join(self, transaction: Transaction | None) -> None:
        self._transaction = transaction

    def begin(self) -> _Step:
        """`with ctx.begin():` one transaction of a data operation, which must not wait inside it."""
        return _Step(self, self._dispatch.store.begin())

    # Others

    def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        """Run another service's operation, in this transaction, authorized as this caller through this service."""
        return self._dispatch.run_inner(self._towards(service, operation), params)

    async def invoke(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        """Run any operation, also one that waits; only from outside a transaction."""
        other = self._towards(service, operation)
        other._transaction = None
        return await self._dispatch.run_waiting(other, params)

    def authorized_as(self, caller: Caller) -> Context:
        """The same call made by another principal: for simulations and assumed roles."""
        other = self._copy(self.scope)
        other.caller = caller
        other._transaction = self._transaction
        return other

    def as_service(self, source: Source | None = None, name: str = "") -> Context:
        """The same call made by this service itself (`ssm.amazonaws.com`, or `name`) rather than by its caller."""
        other = self._copy(self.scope)
        other.caller = callers.service(f"{name or self.service}.amazonaws.com", self.account)
        other.source = source or Source()
        other._transaction = self._transaction
        return other

    def emit(self, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str] = ()) -> None:
        """Tell that something happened: an event of `aws.<service>`, delivered if this transaction commits."""
        self._dispatch.outbox.put(self, detail_type, detail, resources)

    def authorize(self, *needs: Need) -> None:
        """Check what an operation needs beyond its own action (`iam:PassRole`). Raises AWS's access-denied error."""
        self._dispatch.permission.authorize(self, needs)

    def seal(self, plain: bytes, purpose: str) -> bytes:
        return self._dispatch.seal.seal(plain, purpose)

    def unseal(self, sealed: bytes, purpose: str) -> bytes:
        """Raises SealBroken."""
        return self._dispatch.seal.unseal(sealed, purpose)

    def secret_of(self, access_key_id: str, token: str | None = None) -> tuple[str, Caller]:
        """What a signature within a body is checked with, and whom it stands for; "" for a key that is not ours.

        Raises InvalidClientTokenId and ExpiredToken.
        """
        return self._dispatch.secret_of(access_key_id, token)

    def access_key_id(self, prefix: str) -> str:
        """A new access key id of this account: `AKIA…` for a user's key, `ASIA…` for a session's."""
        return ids.access_key_id(self._dispatch.random, prefix, self.account, self._dispatch.seal.mark)

    def session_token(self, session: Session) -> str:
        """The token that carries temporary credentials."""
        return token_of(session, self._dispatch.seal)

    def resource_type(self, name: str) -> ResourceType | None:
        """What a service says of a type of CloudFormation's, by its name; None where nobody does."""
        return self._dispatch.services.resource_type(name)

    def has_service(self, name: str) -> bool:
        return self._dispatch.services.get(name) is not None

    def _towards(self, service: str, operation: str) -> Context:
        other = Context(self._dispatch, service, operation, self.scope, self.caller)
        other.origin = self.origin
        other.source = self.source
        other.via = (*self.via, f"{self.service}.amazonaws.com")
        other._transaction = self._transaction
        return other

    def _copy(self, scope: Scope) -> Context:
        other = Context(self._dispatch, self.service, self.operation, scope, self.caller)
        other.origin = self.origin
        other.via = self.via
        other.source = self.source
        return other


class _Step:
    """A transaction of a data operation; leaving it commits, and the answer waits until the log has it."""

    def __init__(self, ctx: Context, transaction: Transaction) -> None:
        self._ctx = ctx
        self._transaction = transaction

    def __enter__(self) -> _Step:
        self._ctx.join(self._transaction)
        return self

    def __exit__(self, kind: Any, error: BaseException | None, at: Any) -> None:
        self._ctx.join(None)
        self._transaction.__exit__(kind, error, at)
        self._ctx.seen = max(self._ctx.seen, self._transaction.seen)
