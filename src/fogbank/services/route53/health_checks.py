"""Health: what every health check of the cloud says now, computed anew from one table, always with the same work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.planes.checks.plane import Known
from fogbank.planes.checks.targets import CAPACITY, Target
from fogbank.planes.dns.zone import Health
from fogbank.services.route53 import health_configs, rules
from fogbank.services.route53.resources import HealthCheck

REFERENCE_DAYS = 3
"""For so long the caller reference of a deleted health check is not free; AWS says: a number of days."""
_TRIES = 64


class Calculated(NamedTuple):
    """A health check that counts others."""

    id: str
    children: tuple[str, ...]
    threshold: int
    is_inverted: bool


class Plan(NamedTuple):
    """How all that is said follows from the table: made when a health check is changed, and never by what fails."""

    ids: tuple[str, ...] = ()
    places: tuple[int, ...] = ()
    flips: int = 0
    """A byte for each of `ids`: 1 for those that are inverted."""
    fixed: Mapping[str, bool] = {}
    """Disabled ones."""
    alarms: tuple[tuple[str, bool], ...] = ()
    """(id, whether it is inverted)"""
    calculated: tuple[Calculated, ...] = ()
    """Children before parents."""


def planned(checks: Mapping[str, HealthCheck]) -> Plan:
    """The plan of all health checks, by id."""
    looked, fixed, alarms = list[HealthCheck](), dict[str, bool](), list[tuple[str, bool]]()
    for one in checks.values():
        is_inverted = one.config["Inverted"]
        if one.config["Disabled"]:
            fixed[one.id] = not is_inverted
        elif one.place:
            looked.append(one)
        elif one.config["Type"] == "CLOUDWATCH_METRIC":
            alarms.append((one.id, is_inverted))
    flips = bytes(one.config["Inverted"] for one in looked)
    return Plan(
        tuple(one.id for one in looked),
        tuple(int(one.place) for one in looked),
        int.from_bytes(flips, "big"),
        fixed,
        tuple(alarms),
        tuple(_ordered({one.id: one for one in checks.values() if one.config["Type"] == "CALCULATED"})),
    )


def _ordered(checks: Mapping[str, HealthCheck]) -> Iterator[Calculated]:
    """Calculated health checks, children before parents."""
    done: set[str] = set()
    left = list(checks)[::-1]
    while left:
        one = checks[left[-1]]
        children = tuple(one.config["ChildHealthChecks"])
        waiting = [child for child in children if child in checks and child not in done and child not in left]
        if waiting:
            left += waiting
            continue
        left.pop()
        if one.id not in done and not one.config["Disabled"]:
            yield Calculated(one.id, children, one.config["HealthThreshold"], one.config["Inverted"])
        done.add(one.id)


def statuses(plan: Plan, healthy: bytes, alarms: Mapping[str, bool]) -> dict[str, bool]:
    """Whether each health check is healthy; what alarms say is by id, and healthy where nothing is known."""
    values = int.from_bytes(bytes(map(healthy.__getitem__, plan.places)), "big") ^ plan.flips
    found = dict(zip(plan.ids, map(bool, values.to_bytes(len(plan.ids), "big")), strict=True))
    found.update(plan.fixed)
    for one, is_inverted in plan.alarms:
        found[one] = alarms.get(one, True) != is_inverted
    for parent in plan.calculated:
        found[parent.id] = (counted(found, parent.children) >= parent.threshold) != parent.is_inverted
    return found


def counted(found: Mapping[str, bool], children: Sequence[str]) -> int:
    """How many of some health checks are healthy; what is no more is not missed."""
    return sum(found.get(child, True) for child in children)


class Board:
    """All health checks of all accounts, and what they say."""

    def __init__(self) -> None:
        self.health: Health = {}
        self.known = Known()
        self.checks: dict[str, HealthCheck] = {}
        self.targets: dict[int, Target] = {}
        self.alarms: dict[str, bool] = {}
        """What the alarms of health checks have said last."""
        self.is_loaded = False
        self._looked: dict[str, Target] = {}
        self._plan: Plan | None = None

    def put(self, check: HealthCheck) -> bool:
        """Take a health check as it is now; whether something else is to be looked at."""
        self.checks[check.id] = check
        return self._look(check.id, health_configs.target(check))

    def drop(self, check_id: str) -> bool:
        """Let go of a health check; whether something was looked at for it."""
        self.checks.pop(check_id, None)
        self.alarms.pop(check_id, None)
        return self._look(check_id, None)

    def _look(self, check_id: str, target: Target | None) -> bool:
        self._plan = None
        before = self._looked.pop(check_id, None)
        # Its place may be another's by now.
        if before is not None and self.targets.get(before.slot) is before:
            del self.targets[before.slot]
        if target is not None:
            self.targets[target.slot] = self._looked[check_id] = target
        return before != target

    def tick(self, known: Known) -> None:
        """Compute what every health check says: told at a fixed rate, whatever has changed."""
        if self._plan is None:
            self._plan = planned(self.checks)
        self.known = known
        self.health = statuses(self._plan, known.healthy, self.alarms)


def board(ctx: Context) -> Board:
    """The board of this cloud, with every health check that the records have. For reconcilers."""
    found = ctx.held(Board)
    if not found.is_loaded:
        found.is_loaded = True
        for scope in ctx.scopes(HealthCheck):
            for check in ctx.transaction.scan(HealthCheck, scope):
                found.put(check)
        ctx.planes.checks.listen(found.tick)
        ctx.planes.checks.set(found.targets)
        found.tick(ctx.planes.checks.known())
    return found


def health(ctx: Context) -> Health:
    """The id of every health check of all accounts -> whether it is healthy."""
    return ctx.held(Board).health


def one(ctx: Context, given: str) -> HealthCheck:
    """A health check of this account. Raises NoSuchHealthCheck."""
    found = ctx.get(HealthCheck, rules.id_of(given))
    if found is None:
        raise AwsError("NoSuchHealthCheck", f"No health check exists with the ID {rules.id_of(given)}")
    return found


def free_place(ctx: Context) -> str:
    """A place of the table that no health check has. Raises TooManyHealthChecks where all are taken."""
    start = int(ctx.random.random() * CAPACITY)
    for step in range(CAPACITY):
        # First at random, so that what is looked at is spread over time; then in order.
        number = int(ctx.random.random() * CAPACITY) if step < _TRIES else (start + step) % CAPACITY
        place = str(number)
        if not any(ctx.transaction.find(HealthCheck, scope, "by_slot", place) for scope in ctx.scopes(HealthCheck)):
            return place
    raise AwsError("TooManyHealthChecks", f"All {CAPACITY} places for endpoints of this cloud are taken.")
