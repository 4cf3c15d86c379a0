"""Rates made and unmade inside one namespace, message by message."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from fogbank.planes.net import rates, rtnetlink
from fogbank.planes.net.facts import Rate
from fogbank.planes.net.netlink import Message, Refusal

Answers = Iterator[tuple[Rate, Refusal | None]]


class Inside(NamedTuple):
    """The ways to ask and tell a namespace."""

    tell: Callable[[Sequence[Message]], list[Refusal | None]]
    ask: Callable[[Message], list[tuple[int, bytes]]]
    indexes: Callable[[set[str]], Mapping[str, int]]
    """Devices' numbers; those that are not there are left out."""


def limit(inside: Inside, facts: Sequence[Rate]) -> Answers:
    """Devices get their rates; of one that has one already only the number changes. Raises OSError, WorldError."""
    through = {fact.through for fact in facts} - {""}
    starts = (rates.holder, rtnetlink.quiet, rtnetlink.up)
    inside.tell([start(name) for name in sorted(through) for start in starts])
    indexes = inside.indexes(through | {fact.device for fact in facts})
    for fact in facts:
        index, waiting = indexes.get(fact.device, 0), indexes.get(fact.through or fact.device, 0)
        if not index or not waiting:
            missing = fact.through if index else fact.device
            yield fact, Refusal(errno.ENODEV, f"there is no device {missing}")
            continue
        answers = inside.tell([rates.bucket(waiting, fact.bytes_per_second)])
        if fact.through and not _is_led(inside, index, waiting):
            inside.tell([rates.straight(index)])
            answers += inside.tell(rates.led(index, waiting))
        yield from ((fact, answer) for answer in answers)


def _is_led(inside: Inside, index: int, through: int) -> bool:
    if index not in rates.buckets_of(payload for _, payload in inside.ask(rates.DISCIPLINES)).fed:
        return False
    return rates.target_of(payload for _, payload in inside.ask(rates.leading(index))) == through


def unlimit(inside: Inside, facts: Sequence[Rate]) -> Answers:
    """Devices get no rate. What others are led through is left for its owner to delete: packets go straight by then."""
    indexes = inside.indexes({fact.device for fact in facts} - {""})
    there = [fact for fact in facts if fact.device in indexes]
    freed = [(rates.straight if fact.through else rates.unlimited)(indexes[fact.device]) for fact in there]
    yield from zip(there, inside.tell(freed), strict=True)
