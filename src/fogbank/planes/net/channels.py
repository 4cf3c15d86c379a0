"""Channels into namespaces, kept open: facts are told over them as messages, and devices known by their indexes."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from fogbank.aws.errors import WorldError
from fogbank.planes.net.facts import Fact
from fogbank.planes.net.failures import Failure, failures
from fogbank.planes.net.namespaces import Traveller
from fogbank.planes.net.netlink import Channel, Message, Refusal

_OPEN_MAX = 2000


class _Kept(NamedTuple):
    """A channel, and the indexes of devices as far as they are known."""

    channel: Channel
    indexes: dict[str, int]


class Channels:
    """The channels of one thread into many namespaces."""

    def __init__(self, traveller: Traveller, point: Callable[[], None]) -> None:
        """`point` is called before each step."""
        self.traveller = traveller
        self.is_careful = False
        """Whether each message is a step, for crash tests; else all those that are told at once are one."""
        self._point = point
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def at(self, ns: str) -> Channel:
        """The channel into a namespace. Raises WorldError."""
        return self._at(ns).channel

    def _at(self, ns: str) -> _Kept:
        if (kept := self._kept.get(ns)) is not None:
            self._kept.move_to_end(ns)
            return kept
        kept = self._kept[ns] = _Kept(self.traveller.at(ns, Channel), {})
        if len(self._kept) > _OPEN_MAX:
            _, oldest = self._kept.popitem(last=False)
            oldest.channel.close()
        return kept

    def tell(self, ns: str, messages: Sequence[Message]) -> list[Refusal | None]:
        """What a namespace says to each message. Raises OSError, WorldError."""
        channel = self.at(ns)
        if not self.is_careful and messages:
            self._point()
            return channel.tell(messages)
        answers: list[Refusal | None] = []
        for message in messages:
            self._point()
            answers += channel.tell([message])
        return answers

    def tell_facts(
        self,
        ns: str,
        facts: Sequence[Fact],
        messages: Callable[[Fact, Mapping[str, int]], tuple[Message, ...]],
        passed: tuple[int, ...],
    ) -> list[Failure]:
        """Send what facts come to, in few sends. Of what is to go, a device that is not there is no failure."""
        found: list[Failure] = []
        out: list[Message] = []
        whose: list[Fact] = []
        try:
            indexes = self.indexes(ns, {device for fact in facts if (device := getattr(fact, "device", ""))})
            for fact in facts:
                try:
                    made = messages(fact, indexes)
                except KeyError as error:
                    found += [] if passed else [Failure((fact,), ns, f"there is no device {error.args[0]}")]
                    continue
                except ValueError as error:
                    found.append(Failure((fact,), ns, str(error)))
                    continue
                out += made
                whose += [fact] * len(made)
            answers = self.tell(ns, out)
        except (OSError, WorldError) as error:
            return [Failure(tuple(facts), ns, str(error))]
        return found + failures(ns, zip(whose, answers, strict=True), passed)

    def indexes(self, ns: str, devices: set[str]) -> Mapping[str, int]:
        """Devices' indexes, these among them unless they are not there. Raises OSError, WorldError."""
        kept = self._at(ns)
        for name in devices - kept.indexes.keys():
            if index := kept.channel.index(name):
                kept.indexes[name] = index
        return kept.indexes

    def settle(self, ns: str, devices: Sequence[str]) -> None:
        """Wait until devices that have just gone up can send."""
        with contextlib.suppress(OSError, WorldError):
            for name in devices:
                self.at(ns).settle(name)

    def forget_device(self, ns: str, name: str) -> None:
        """A device goes, or comes: it will have another index."""
        if ns in self._kept:
            self._kept[ns].indexes.pop(name, None)

    def forget(self, ns: str) -> None:
        """Close the channel into a namespace."""
        if (kept := self._kept.pop(ns, None)) is not None:
            kept.channel.close()

    def close(self) -> None:
        """Close all."""
        for ns in list(self._kept):
            self.forget(ns)
