"""Faults at the height of the API: errors and delays that people put on operations, each with an end."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.aws.ids import Random
from fogbank.aws.scope import Scope
from fogbank.clock import Clock
from fogbank.store.records import Record
from fogbank.store.store import Store

_HOME = Scope("fogbank", "fogbank", "")
RATE_ALWAYS = 1.0
DELAY_SECONDS_MAX = 3_600.0
SECONDS_MAX = 10 * 365 * 86_400.0


class Fault(Record, frozen=True, kw_only=True):
    """What is to go wrong: `error` (a code such as ThrottlingException) and/or a delay, for calls that match."""

    KIND: ClassVar[str] = "fogbank/fault"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    GLOBAL: ClassVar[bool] = True
    id: str
    service: str = "*"
    operation: str = "*"
    account: str = "*"
    region: str = "*"
    error: str = ""
    message: str = ""
    status: int = 500
    delay_seconds: float = 0.0
    rate: float = RATE_ALWAYS
    """The share of the matching calls that it hits, from 0 to 1."""
    ends_at: float = 0.0
    """Cloud time at which it is over; 0 for never."""

    def hits(self, service: str, operation: str, scope: Scope) -> bool:
        return all(
            wanted in ("*", found)
            for wanted, found in (
                (self.service, service),
                (self.operation, operation),
                (self.account, scope.account),
                (self.region, scope.region),
            )
        )


class Faults:
    """The API faults in force, kept in the store so that a restart does not heal anything."""

    def __init__(self, store: Store, clock: Clock, random: Random) -> None:
        self._store = store
        self._clock = clock
        self._random = random
        self._known: tuple[int, list[Fault]] = (-1, [])

    def listed(self) -> list[Fault]:
        """Every fault that is not over."""
        table = self._store.table(Fault, _HOME)
        found: list[Fault] = [table.get(key) for key in table.ordered()]
        return [fault for fault in found if not fault.ends_at or fault.ends_at > self._clock.now()]

    def add(self, fault: Fault) -> int:
        """Put a fault in force; returns the batch that holds it."""
        with self._store.begin() as transaction:
            transaction.put(_HOME, fault)
        return transaction.seen

    def remove(self, fault_id: str | None = None) -> int:
        """Take back one fault, or all of them; returns how many that were."""
        with self._store.begin() as transaction:
            found = [fault.id for fault in transaction.scan(Fault, _HOME) if fault_id in (None, fault.id)]
            for key in found:
                transaction.delete(Fault, _HOME, key)
        return len(found)

    def hitting(self, service: str, operation: str, scope: Scope) -> list[Fault]:
        """The faults in force that hit this call; those with a rate roll for it."""
        if not self._store.table(Fault, _HOME).rows:
            return []
        changes = self._store.changes("fogbank", _HOME)
        if self._known[0] != changes:
            self._known = (changes, self.listed())
        if not self._known[1]:
            return []
        now = self._clock.now()
        return [
            fault
            for fault in self._known[1]
            if fault.hits(service, operation, scope)
            and (not fault.ends_at or fault.ends_at > now)
            and (fault.rate >= RATE_ALWAYS or self._random.random() < fault.rate)
        ]


def parsed(values: dict[str, object], fault_id: str, now: float) -> Fault:
    """A fault from what a person wrote: `Fault`'s fields, and `seconds` for how long. Raises AwsError."""
    if unknown := set(values) - _WRITABLE:
        raise AwsError("ValidationException", f"A fault has no {', '.join(sorted(unknown))}.")
    try:
        wanted = msgspec.convert(values, _Wanted)
    except msgspec.ValidationError as error:
        raise AwsError("ValidationException", str(error)) from None
    if not (wanted.error or wanted.delay_seconds):
        raise AwsError("ValidationException", "A fault needs `error` or `delay_seconds`.")
    ends_at = now + wanted.seconds if wanted.seconds is not None else 0.0
    own = {name: getattr(wanted, name) for name in _WRITABLE - {"seconds"}}
    return Fault(id=fault_id, ends_at=ends_at, **own)


class _Wanted(msgspec.Struct, kw_only=True):
    """What may be written of a fault, and within which bounds."""

    service: str = "*"
    operation: str = "*"
    account: str = "*"
    region: str = "*"
    error: str = ""
    message: str = ""
    status: Annotated[int, msgspec.Meta(ge=400, le=599)] = 500
    delay_seconds: Annotated[float, msgspec.Meta(ge=0, le=DELAY_SECONDS_MAX)] = 0.0
    rate: Annotated[float, msgspec.Meta(gt=0, le=RATE_ALWAYS)] = RATE_ALWAYS
    seconds: Annotated[float, msgspec.Meta(gt=0, le=SECONDS_MAX)] | None = None


_WRITABLE = set(_Wanted.__struct_fields__)
