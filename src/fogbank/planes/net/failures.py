"""What could not be done, and what the kernel's refusals come to."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from typing import NamedTuple

from fogbank.planes.net.facts import Fact, RoutingRule
from fogbank.planes.net.netlink import Refusal

_NO_FAMILY = (errno.EAFNOSUPPORT, errno.EOPNOTSUPP)
Answers = Iterable[tuple[Fact, Refusal | None]]


class Failure(NamedTuple):
    """What could not be done: the facts, in which namespace, and the kernel's words."""

    facts: tuple[Fact, ...]
    ns: str
    words: str

    def __str__(self) -> str:
        about = f"{self.facts[0]}: " if len(self.facts) == 1 else f"namespace {self.ns}: "
        return about + self.words


def failures(ns: str, answers: Answers, passed: tuple[int, ...] = ()) -> list[Failure]:
    """The failures among the kernel's answers about facts; refusals with the `passed` numbers are none."""
    found: list[Failure] = []
    for fact, refusal in answers:
        if refusal is None or refusal.number in passed:
            continue
        if isinstance(fact, RoutingRule) and (refusal.number == errno.EEXIST or is_familyless(refusal)):
            continue
        found.append(Failure((fact,), ns, str(refusal)))
    return found


def is_familyless(refusal: Refusal | None) -> bool:
    """Whether the kernel has no such family of addresses: where there is no IPv6, there is nothing to be done."""
    return refusal is not None and refusal.number in _NO_FAMILY
