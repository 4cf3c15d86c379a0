"""Steps done: the only hands on the kernel's links, routes and tables."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import NamedTuple

from fogbank import faults
from fogbank.aws.errors import WorldError
from fogbank.planes.net import limits, nft, rates, rtnetlink, uplinks
from fogbank.planes.net.delays import Delays
from fogbank.planes.net.facts import (
    DELAY_DEVICE,
    Address,
    Delay,
    Fact,
    Line,
    Namespace,
    Pair,
    Rate,
    RoutingRule,
    Setting,
    Uplink,
)
from fogbank.planes.net.firewall import Firewall, RefusedTransaction, has_table
from fogbank.planes.net.lines import Lines
from fogbank.planes.net.namespaces import Traveller, read_setting, settings_of, write_setting
from fogbank.planes.net.netlink import Channel, Message, Refusal
from fogbank.planes.net.observe import Seen, seen
from fogbank.planes.net.plan import Cut, Holding, Make, Step, Table, Turn, Unmake, table_of

_OPEN_MAX = 2000
_DELAY_MTU = 65521
"""The most that a TAP has: no frame is too long to wait."""
_FIREWALLS_MAX = 500
"""Contexts of libnftables at a time: it uses select(2), which takes no file descriptor past 1,023."""
_ARRIVAL_SECONDS = 1.0
_NO_FAMILY = (errno.EAFNOSUPPORT, errno.EOPNOTSUPP)


class Failure(NamedTuple):
    """What could not be done: the facts, in which namespace, and the kernel's words."""

    facts: tuple[Fact, ...]
    ns: str
    words: str

    def __str__(self) -> str:
        about = f"{self.facts[0]}: " if len(self.facts) == 1 else f"namespace {self.ns}: "
        return about + self.words


class Kept(NamedTuple):
    """A channel into a namespace, and the indexes of its devices as far as they are known."""

    channel: Channel
    indexes: dict[str, int]


class Hands:
    """Does steps in one thread, which goes from namespace to namespace."""

    def __init__(self, traveller: Traveller, lines: Lines, delays: Delays, outside: Executor | None = None) -> None:
        self.traveller = traveller
        self.lines = lines
        self.delays = delays
        self.uplinks = uplinks.Uplinks(traveller, lines.log, outside)
        self.trash: set[str] = set()
        """Namespaces with links that wait to be deleted in bulk."""
        self._trashed: dict[tuple[str, str], str] = {}
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._firewalls: OrderedDict[str, Firewall] = OrderedDict()
        self._generations: dict[str, int] = {}
        """Of tables whose firewall has been let go: what it knew."""
        self._is_careful = os.environ.get("FOGBANK_FAULT_POINT", "").startswith("net:")
        self._count = 0

    def observed(self, names: Iterable[str]) -> Mapping[str, Seen | None]:
        """What namespaces show; None is one that is not there."""
        there = self.traveller.names()
        return {ns: self._seen(ns) if ns in there else None for ns in names}

    def carried(self) -> set[Line | Uplink]:
        """What has its process, wherever."""
        return {*self.lines.held(), *self.uplinks.held()}

    def do(self, steps: Sequence[Step], holding: Holding) -> list[Failure]:
        """Do steps in their order, the next ones also where one fails; `holding` is what is to hold after them."""
        failures: list[Failure] = []
        whole: set[str] = set()
        for step in steps:
            if isinstance(step, Cut):
                failures += self._turned(step.ns, nft.turned((), step.gone), holding, whole)
        failures += self._unmake([step.fact for step in steps if isinstance(step, Unmake)])
        failures += self._make([step.fact for step in steps if isinstance(step, Make)])
        for step in steps:
            if isinstance(step, Turn):
                failures += self._turned(step.ns, nft.turned(step.made, step.gone), holding, whole)
            elif isinstance(step, Table):
                failures += self._turned(step.ns, None, holding, whole)
        return failures

    def sweep(self, namespaces: Iterable[str] = ()) -> None:
        """Delete the links that wait for it, everywhere or in some namespaces."""
        for ns in sorted(set(namespaces) or self.trash):
            self.trash.discard(ns)
            self._trashed = {end: at for end, at in self._trashed.items() if at != ns}
            if self.traveller.has(ns):
                self._told(ns, [rtnetlink.trash_deleted()])

    def counters(self, ns: str) -> Mapping[str, tuple[int, int]]:
        """Packets and bytes by the rules' comments. Raises WorldError."""
        return self._firewall(ns).counters()

    def is_heard(self, ns: str, address: str) -> bool:
        """Whether a packet to an address ends in this namespace."""
        try:
            ((_, payload),) = self._channel(ns).channel.ask(rtnetlink.way_asked(address))
        except WorldError:
            # There is no way to it at all, so far.
            return False
        return rtnetlink.is_here(payload)

    def forget(self, ns: str) -> None:
        """Close what was open into a namespace."""
        if (kept := self._kept.pop(ns, None)) is not None:
            kept.channel.close()
        self._generations.pop(ns, None)
        if (firewall := self._firewalls.pop(ns, None)) is not None:
            firewall.close()

    def close(self) -> None:
        """Let go of everything; what is true stays true."""
        for ns in self._kept.keys() | self._firewalls.keys():
            self.forget(ns)
        self.lines.close()
        self.delays.close()
        self.uplinks.close()
        self.traveller.close()

    def _point(self) -> None:
        """Crash tests break the process here, before its n-th step: FOGBANK_FAULT_POINT=net:n."""
        self._count += 1
        faults.point(f"net:{self._count}")

    def _seen(self, ns: str) -> Seen | None:
        self.forget(ns)
        try:
            forwards, filters = self.traveller.at(ns, lambda: (read_setting("net/ipv4/ip_forward"), has_table()))
        except WorldError:
            if not self.traveller.is_one(ns):
                # A worker was killed between the file and the namespace, or the machine was started again.
                self.traveller.remove(ns)
            return None
        return seen(ns, self._channel(ns).channel, forwards == "1", filters)

    # Links, addresses, routes

    def _unmake(self, facts: Sequence[Fact]) -> list[Failure]:
        failures: list[Failure] = []
        plain: dict[str, list[Fact]] = {}
        ends: dict[str, list[Pair | Line]] = {}
        paced: dict[str, list[Rate]] = {}
        dead = {fact.ns for fact in facts if isinstance(fact, Namespace)}
        for fact in facts:
            if isinstance(fact, Line) and self.lines.stop(fact):
                self._forget_ends(fact)
            elif isinstance(fact, Delay):
                failures += self._undelay(fact, is_last=fact.ns in dead)
            elif isinstance(fact, Pair | Line):
                # One end is enough; the one whose namespace stays.
                ns = fact.peer_ns if fact.ns in dead else fact.ns
                ends.setdefault(ns, []).append(fact)
            elif isinstance(fact, Uplink):
                self.uplinks.stop(fact)
                self._forget_ends(fact)
            elif isinstance(fact, Rate):
                paced.setdefault(fact.ns, []).append(fact)
            elif not isinstance(fact, Namespace):
                plain.setdefault(fact.ns, []).append(fact)
        for ns, here in plain.items():
            if self.traveller.has(ns):
                failures += self._each(ns, here, rtnetlink.unmade, rtnetlink.MISSING)
        for ns, rated in paced.items():
            if self.traveller.has(ns):
                failures += self._unlimit(ns, rated)
        for ns, links in ends.items():
            if self.traveller.has(ns):
                failures += self._trash(ns, links)
        for ns in sorted(dead):
            self._point()
            if ns in self.trash and self.traveller.has(ns):
                # It may wait for the sweep, and its process would hold the namespace.
                with contextlib.suppress(OSError, WorldError):
                    self._told(ns, [rtnetlink.deleted(DELAY_DEVICE)])
            self.forget(ns)
            self.trash.discard(ns)
            self.traveller.remove(ns)
        return failures

    def _trash(self, ns: str, links: Sequence[Pair | Line | Rate]) -> list[Failure]:
        for fact in links:
            self._trashed.update(dict.fromkeys(_ends(fact), ns))
            self._forget_ends(fact)
        names = [next(name for at, name in _ends(fact) if at == ns) for fact in links]
        self.trash.add(ns)
        answers = self._told(ns, [rtnetlink.trashed(name) for name in names])
        return _failures(ns, zip(links, answers, strict=True), rtnetlink.MISSING)

    def _forget_ends(self, fact: Pair | Line | Rate | Uplink) -> None:
        for ns, name in _ends(fact):
            if ns in self._kept:
                self._kept[ns].indexes.pop(name, None)

    def _make(self, facts: Sequence[Fact]) -> list[Failure]:
        failures: list[Failure] = []
        settings: dict[str, list[tuple[Fact, str, str]]] = {}
        pairs: dict[str, list[Pair]] = {}
        plain: dict[str, list[Fact]] = {}
        paced: dict[str, list[Rate]] = {}
        ups: dict[str, list[tuple[Pair, str]]] = {}
        for fact in facts:
            match fact:
                case Namespace():
                    if written := settings_of(fact.router):
                        named = ((fact, name, value) for name, value in written.items())
                        settings.setdefault(fact.ns, []).extend(named)
                case Setting():
                    settings.setdefault(fact.ns, []).append((fact, fact.name, fact.value))
                case Pair():
                    pairs.setdefault(fact.ns, []).append(fact)
                    for ns, name in _ends(fact):
                        ups.setdefault(ns, []).append((fact, name))
                case Rate():
                    paced.setdefault(fact.ns, []).append(fact)
                case Line() | Delay() | Uplink():
                    pass
                case _:
                    plain.setdefault(fact.ns, []).append(fact)
        failures += self._namespaces([fact for fact in facts if isinstance(fact, Namespace)])
        for ns, wanted in settings.items():
            failures += self._set(ns, wanted)
        lines = [fact for fact in facts if isinstance(fact, Line)]
        self._make_room(fact for fact in facts if isinstance(fact, Pair | Line | Rate))
        failures += self._lines(lines)
        for fact in facts:
            if isinstance(fact, Uplink):
                failures += self._uplink(fact)
        for ns, links in pairs.items():
            failures += self._pairs(ns, links)
        for ns, ends in ups.items():
            failures += self._raised(ns, ends)
        for ns in sorted(ups.keys() | plain.keys() | paced.keys()):
            self._settle(ns, [name for _, name in ups.get(ns, ())])
            failures += self._limit(ns, paced.get(ns, ()))
            failures += self._each(ns, plain.get(ns, ()), rtnetlink.made, ())
        for fact in facts:
            if isinstance(fact, Delay):
                failures += self._delay(fact)
        for ns, here in plain.items():
            self._await(ns, [fact for fact in here if isinstance(fact, Address)])
        return failures

    def _await(self, ns: str, facts: Sequence[Address]) -> None:
        """Wait until IPv6 addresses are heard at: the kernel sees to that later, with a lock that others hold for long.

        Without it an answer is lost that comes at once, and TCP asks again only after a second.
        """
        ends_at = time.monotonic() + _ARRIVAL_SECONDS
        with contextlib.suppress(OSError, WorldError):
            for address in (fact.address.partition("/")[0] for fact in facts if ":" in fact.address):
                while not self.is_heard(ns, address) and time.monotonic() < ends_at:
                    os.sched_yield()

    def _namespaces(self, facts: Sequence[Namespace]) -> list[Failure]:
        failures: list[Failure] = []
        for fact in facts:
            self._point()
            try:
                if not self.traveller.has(fact.ns) or not self._is_alive(fact.ns):
                    self.forget(fact.ns)
                    self.traveller.create(fact.ns)
            except (OSError, WorldError) as error:
                failures.append(Failure((fact,), fact.ns, str(error)))
        return failures

    def _is_alive(self, ns: str) -> bool:
        try:
            self.traveller.at(ns, lambda: None)
        except WorldError:
            return False
        return True

    def _set(self, ns: str, wanted: Sequence[tuple[Fact, str, str]]) -> list[Failure]:
        self._point()
        failures: list[Failure] = []

        def write() -> None:
            for fact, name, value in wanted:
                try:
                    write_setting(name, value)
                except WorldError as error:
                    failures.append(Failure((fact,), ns, str(error)))

        try:
            self.traveller.at(ns, write)
        except WorldError as error:
            failures.append(Failure(tuple({fact for fact, _, _ in wanted}), ns, str(error)))
        return failures

    def _limit(self, ns: str, facts: Sequence[Rate]) -> list[Failure]:
        try:
            return _failures(ns, limits.limit(self._inside(ns), facts), ())
        except (OSError, WorldError) as error:
            return [Failure(tuple(facts), ns, str(error))]

    def _unlimit(self, ns: str, facts: Sequence[Rate]) -> list[Failure]:
        failures = _failures(ns, limits.unlimit(self._inside(ns), facts), rates.UNLIMITED)
        if through := [fact for fact in facts if fact.through]:
            failures += self._trash(ns, through)
        return failures

    def _inside(self, ns: str) -> limits.Inside:
        return limits.Inside(partial(self._told, ns), self._channel(ns).channel.ask, partial(self._indexes, ns))

    def _uplink(self, fact: Uplink) -> list[Failure]:
        try:
            self._point()
            self.uplinks.start(fact)
            self._forget_ends(fact)
            answers = self._told(fact.ns, [rtnetlink.quiet(fact.name), rtnetlink.configured(fact.name, 0, uplinks.MTU)])
        except (OSError, WorldError) as error:
            return [Failure((fact,), fact.ns, str(error))]
        return _failures(fact.ns, ((fact, refusal) for refusal in answers[1:]), ())

    def _make_room(self, links: Iterable[Pair | Line | Rate]) -> None:
        """Delete at once what waits for it under a name that is wanted again."""
        ends = {end for fact in links for end in _ends(fact)}
        if owners := {self._trashed[end] for end in ends & self._trashed.keys()}:
            self.sweep(owners)

    def _lines(self, facts: Sequence[Line]) -> list[Failure]:
        """Lines that are there get their delay; the others are made, and whatever has their names goes."""
        new = [fact for fact in facts if not self._is_there(fact)]
        failures: list[Failure] = []
        for fact in new:
            self._point()
            self.lines.stop(fact)
            self._forget_ends(fact)
        ready = set(facts)
        if new and not self.lines.is_kernels:
            self._point()
            refused = dict(self.lines.start(new))
            failures += [Failure((fact,), fact.ns, words) for fact, words in refused.items()]
            ready -= refused.keys()
        for fact in facts:
            if fact in ready:
                failures += self._line(fact, is_new=fact in new)
        return failures

    def _line(self, fact: Line, is_new: bool) -> list[Failure]:
        ends = ((fact.ns, fact.name, fact.group), (fact.peer_ns, fact.peer_name, fact.peer_group))
        try:
            answers: list[Refusal | None] = []
            if is_new and self.lines.is_kernels:
                with self._descriptor(fact.peer_ns) as descriptor:
                    answers += self._told(fact.ns, [rtnetlink.cable(fact, descriptor)])
            for ns, name, group in ends if is_new else ():
                answers += self._told(ns, [rtnetlink.configured(name, group, fact.mtu)])
            for ns, name, _ in ends if self.lines.is_kernels else ():
                self._settle(ns, [name])
                index = self._indexes(ns, {name}).get(name, 0)
                delayed = rtnetlink.delayed(index, fact.delay_seconds, fact.loss)
                answers += self._told(ns, [delayed] if fact.delay_seconds or fact.loss or not is_new else [])
            self.lines.write(fact)
        except (OSError, WorldError) as error:
            return [Failure((fact,), fact.ns, str(error))]
        return _failures(fact.ns, ((fact, refusal) for refusal in answers), ())

    def _delay(self, fact: Delay) -> list[Failure]:
        """Have packets wait; where they do already, only how long, and which, is said anew."""
        try:
            channel = self._channel(fact.ns).channel
            self._point()
            if self.delays.has(fact.ns) and channel.index(DELAY_DEVICE):
                self.delays.write(fact)
            else:
                self._told(fact.ns, [rtnetlink.deleted(DELAY_DEVICE)])
                self.delays.make(fact)
                self._told(fact.ns, [rtnetlink.quiet(DELAY_DEVICE), rtnetlink.configured(DELAY_DEVICE, 0, _DELAY_MTU)])
            self._lead(fact.ns, nft.waiting(fact))
        except (OSError, WorldError) as error:
            return [Failure((fact,), fact.ns, str(error))]
        return []

    def _undelay(self, fact: Delay, *, is_last: bool) -> list[Failure]:
        """Have packets go straight; those that wait still arrive. A device would hold a namespace that goes."""
        try:
            if self.traveller.has(fact.ns):
                self._lead(fact.ns, nft.unwaiting(fact))
                gone = rtnetlink.deleted if is_last else rtnetlink.trashed
                self._told(fact.ns, [gone(DELAY_DEVICE)])
                self.trash.add(fact.ns)
        except (OSError, WorldError) as error:
            return [Failure((fact,), fact.ns, str(error))]
        finally:
            self.delays.forget(fact.ns)
        return []

    def _lead(self, ns: str, commands: Sequence[nft.Command]) -> None:
        """Run a transaction of another table than that which the namespace's firewall knows the state of."""
        self._point()
        firewall = self._firewall(ns)
        is_ours = firewall.is_ours
        # libnftables looks for the number of a device in the namespace of its caller.
        self.traveller.at(ns, lambda: firewall.run(commands))
        if not is_ours:
            firewall.known = -1

    def _is_there(self, fact: Line) -> bool:
        """Whether a line has its process, and both its devices, up."""
        if not self.lines.has(fact):
            return False
        for ns, name in _ends(fact):
            try:
                ((_, payload),) = self._channel(ns).channel.ask(rtnetlink.link_asked(name))
            except WorldError:
                return False
            if not rtnetlink.link_of(payload).is_up:
                return False
        return True

    @contextlib.contextmanager
    def _descriptor(self, ns: str) -> Iterator[int]:
        descriptor = os.open(self.traveller.path(ns), os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _pairs(self, ns: str, links: Sequence[Pair]) -> list[Failure]:
        failures: list[Failure] = []
        descriptors: dict[str, int] = {}
        ready: list[Pair] = []
        for fact in links:
            try:
                if fact.peer_ns not in descriptors:
                    descriptors[fact.peer_ns] = os.open(self.traveller.path(fact.peer_ns), os.O_RDONLY | os.O_CLOEXEC)
                ready.append(fact)
            except OSError:
                failures.append(Failure((fact,), ns, f"there is no namespace {fact.peer_ns}"))
        try:
            answers = self._told(ns, [rtnetlink.pair(fact, descriptors[fact.peer_ns]) for fact in ready])
        except WorldError as error:
            return [*failures, Failure(tuple(ready), ns, str(error))]
        finally:
            for descriptor in descriptors.values():
                os.close(descriptor)
        return failures + _failures(ns, zip(ready, answers, strict=True), ())

    def _raised(self, ns: str, ends: Sequence[tuple[Pair, str]]) -> list[Failure]:
        """The ends of pairs that are here go up, and do not say anything by themselves."""
        try:
            answers = self._told(ns, [one(name) for _, name in ends for one in (rtnetlink.quiet, rtnetlink.up)])
        except (OSError, WorldError) as error:
            return [Failure(tuple(fact for fact, _ in ends), ns, str(error))]
        # Where there is no IPv6, nothing has to be told to be quiet.
        told = zip((fact for fact, _ in ends for _ in range(2)), answers, strict=True)
        return _failures(ns, ((fact, refusal) for fact, refusal in told if not _is_familyless(refusal)), ())

    def _settle(self, ns: str, names: Sequence[str]) -> None:
        with contextlib.suppress(OSError, WorldError):
            for name in names:
                self._channel(ns).channel.settle(name)

    def _each(
        self,
        ns: str,
        facts: Sequence[Fact],
        messages: Callable[[Fact, Mapping[str, int]], tuple[Message, ...]],
        passed: tuple[int, ...],
    ) -> list[Failure]:
        """Send what facts come to, in few sends. Of what is to go, a device that is not there is no failure."""
        failures: list[Failure] = []
        out: list[Message] = []
        whose: list[Fact] = []
        try:
            indexes = self._indexes(ns, {device for fact in facts if (device := getattr(fact, "device", ""))})
            for fact in facts:
                try:
                    made = messages(fact, indexes)
                except KeyError as error:
                    failures += [] if passed else [Failure((fact,), ns, f"there is no device {error.args[0]}")]
                    continue
                except ValueError as error:
                    failures.append(Failure((fact,), ns, str(error)))
                    continue
                out += made
                whose += [fact] * len(made)
            answers = self._told(ns, out)
        except (OSError, WorldError) as error:
            return [Failure(tuple(facts), ns, str(error))]
        return failures + _failures(ns, zip(whose, answers, strict=True), passed)

    def _indexes(self, ns: str, devices: set[str]) -> Mapping[str, int]:
        kept = self._channel(ns)
        for name in devices - kept.indexes.keys():
            if index := kept.channel.index(name):
                kept.indexes[name] = index
        return kept.indexes

    def _told(self, ns: str, messages: Sequence[Message]) -> list[Refusal | None]:
        channel = self._channel(ns).channel
        if not self._is_careful and messages:
            self._point()
            return channel.tell(messages)
        answers: list[Refusal | None] = []
        for message in messages:
            self._point()
            answers += channel.tell([message])
        return answers

    def _channel(self, ns: str) -> Kept:
        if (kept := self._kept.get(ns)) is not None:
            self._kept.move_to_end(ns)
            return kept
        kept = self._kept[ns] = Kept(self.traveller.at(ns, Channel), {})
        if len(self._kept) > _OPEN_MAX:
            _, oldest = self._kept.popitem(last=False)
            oldest.channel.close()
        return kept

    # Tables

    def _turned(
        self, ns: str, commands: Sequence[nft.Command] | None, holding: Holding, whole: set[str]
    ) -> list[Failure]:
        """Run a transaction; if somebody else has changed the table, or without commands, make it anew instead."""
        if ns in whole:
            return []
        try:
            firewall = self._firewall(ns)
            if commands is None or not firewall.is_ours:
                commands = nft.whole(table_of(ns, holding).facts)
                whole.add(ns)
            self._point()
            firewall.run(commands)
        except RefusedTransaction as error:
            return [Failure(error.facts, ns, str(error))]
        except WorldError as error:
            return [Failure((), ns, str(error))]
        return []

    def _firewall(self, ns: str) -> Firewall:
        if ns in self._firewalls:
            self._firewalls.move_to_end(ns)
            return self._firewalls[ns]
        if len(self._firewalls) >= _FIREWALLS_MAX:
            oldest, firewall = self._firewalls.popitem(last=False)
            self._generations[oldest] = firewall.known
            firewall.close()
        known = self._generations.pop(ns, -1)
        made = self._firewalls[ns] = self.traveller.at(ns, lambda: Firewall(known))
        return made


def _is_familyless(refusal: Refusal | None) -> bool:
    return refusal is not None and refusal.number in _NO_FAMILY


def _ends(fact: Pair | Line | Rate | Uplink) -> tuple[tuple[str, str], ...]:
    """The devices that come and go with a fact, by namespace and name."""
    if isinstance(fact, Rate):
        return ((fact.ns, fact.through),) if fact.through else ()
    if isinstance(fact, Uplink):
        return ((fact.ns, fact.name),)
    return (fact.ns, fact.name), (fact.peer_ns, fact.peer_name)


def _failures(ns: str, answers: Iterable[tuple[Fact, Refusal | None]], passed: tuple[int, ...]) -> list[Failure]:
    failures: list[Failure] = []
    for fact, refusal in answers:
        if refusal is None or refusal.number in passed:
            continue
        if isinstance(fact, RoutingRule) and refusal.number in (errno.EEXIST, *_NO_FAMILY):
            continue
        failures.append(Failure((fact,), ns, str(refusal)))
    return failures
