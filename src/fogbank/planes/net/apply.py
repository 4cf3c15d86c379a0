"""Steps done: the only hands on the kernel's links, routes and tables."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor

from fogbank import faults
from fogbank.aws.errors import WorldError
from fogbank.planes.net import nft, rtnetlink, uplinks
from fogbank.planes.net.channels import Channels
from fogbank.planes.net.delays import Delays
from fogbank.planes.net.facts import (
    DELAY_DEVICE,
    Address,
    Delay,
    Fact,
    Line,
    Namespace,
    Pair,
    Setting,
    Uplink,
)
from fogbank.planes.net.failures import Failure, failures
from fogbank.planes.net.firewall import has_table
from fogbank.planes.net.lines import Lines
from fogbank.planes.net.links import Links, ends_of
from fogbank.planes.net.namespaces import Traveller, read_setting, settings_of, write_setting
from fogbank.planes.net.observe import Seen, seen
from fogbank.planes.net.plan import Cut, Holding, Make, Step, Table, Turn, Unmake
from fogbank.planes.net.tables import Tables

_DELAY_MTU = 65521
"""The most that a TAP has: no frame is too long to wait."""
_ARRIVAL_SECONDS = 1.0


class Hands:
    """Does steps in one thread, which goes from namespace to namespace."""

    def __init__(self, traveller: Traveller, lines: Lines, delays: Delays, outside: Executor | None = None) -> None:
        """`outside` is a thread in the machine's own network, where the caller's is not."""
        self.traveller = traveller
        self.lines = lines
        self.delays = delays
        self.uplinks = uplinks.Uplinks(traveller, lines.log, outside)
        self.channels = Channels(traveller, self._point)
        self.channels.is_careful = os.environ.get("FOGBANK_FAULT_POINT", "").startswith("net:")
        self._links = Links(self.channels, lines, self._point)
        self._tables = Tables(traveller, self._point)
        self._count = 0

    @property
    def has_trash(self) -> bool:
        """Whether devices wait to be deleted in bulk."""
        return bool(self._links.trash)

    def observed(self, names: Iterable[str]) -> Mapping[str, Seen | None]:
        """What namespaces show; None is one that is not there."""
        there = self.traveller.names()
        return {ns: self._seen(ns) if ns in there else None for ns in names}

    def carried(self) -> set[Line | Uplink]:
        """What has its process, wherever."""
        return {*self.lines.held(), *self.uplinks.held()}

    def do(self, steps: Sequence[Step], holding: Holding) -> list[Failure]:
        """Do steps in their order, the next ones also where one fails; `holding` is what is to hold after them."""
        found: list[Failure] = []
        whole: set[str] = set()
        for step in steps:
            if isinstance(step, Cut):
                found += self._tables.cut(step.ns, step.gone, holding, whole)
        found += self._unmake([step.fact for step in steps if isinstance(step, Unmake)])
        found += self._make([step.fact for step in steps if isinstance(step, Make)])
        for step in steps:
            if isinstance(step, Turn | Table):
                found += self._tables.turn(step, holding, whole)
        return found

    def sweep(self) -> None:
        """Delete the devices that wait for it. Raises OSError, WorldError."""
        self._links.sweep()

    def counters(self, ns: str) -> Mapping[str, tuple[int, int]]:
        """Packets and bytes by the rules' comments. Raises WorldError."""
        return self._tables.counters(ns)

    def is_heard(self, ns: str, address: str) -> bool:
        """Whether a packet to an address ends in this namespace."""
        try:
            ((_, payload),) = self.channels.at(ns).ask(rtnetlink.way_asked(address))
        except WorldError:
            # There is no way to it at all, so far.
            return False
        return rtnetlink.is_here(payload)

    def close(self) -> None:
        """Let go of everything; what is true stays true."""
        self.channels.close()
        self._tables.close()
        self.lines.close()
        self.delays.close()
        self.uplinks.close()
        self.traveller.close()

    def _forget(self, ns: str) -> None:
        self.channels.forget(ns)
        self._tables.forget(ns)

    def _point(self) -> None:
        """Crash tests break the process here, before its n-th step: FOGBANK_FAULT_POINT=net:n."""
        self._count += 1
        faults.point(f"net:{self._count}")

    def _seen(self, ns: str) -> Seen | None:
        self._forget(ns)
        try:
            forwards, filters = self.traveller.at(ns, lambda: (read_setting("net/ipv4/ip_forward"), has_table()))
        except WorldError:
            if not self.traveller.is_one(ns):
                # A worker was killed between the file and the namespace, or the machine was started again.
                self.traveller.remove(ns)
            return None
        return seen(ns, self.channels.at(ns), forwards == "1", filters)

    def _unmake(self, facts: Sequence[Fact]) -> list[Failure]:
        found: list[Failure] = []
        plain: dict[str, list[Fact]] = {}
        dead = {fact.ns for fact in facts if isinstance(fact, Namespace)}
        for fact in facts:
            match fact:
                case Delay():
                    found += self._undelay(fact, is_last=fact.ns in dead)
                case Uplink():
                    self.uplinks.stop(fact)
                    self.channels.forget_device(fact.ns, fact.name)
                case Pair() | Line() | Namespace():
                    pass
                case _:
                    plain.setdefault(fact.ns, []).append(fact)
        for ns, here in plain.items():
            if self.traveller.has(ns):
                found += self.channels.tell_facts(ns, here, rtnetlink.unmade, rtnetlink.MISSING)
        found += self._links.unmake([fact for fact in facts if isinstance(fact, Pair | Line)], dead)
        for ns in sorted(dead):
            self._point()
            if ns in self._links.trash and self.traveller.has(ns):
                # It may wait for the sweep, and its process would hold the namespace.
                with contextlib.suppress(OSError, WorldError):
                    self.channels.tell(ns, [rtnetlink.deleted(DELAY_DEVICE)])
            self._forget(ns)
            self._links.trash.discard(ns)
            self.traveller.remove(ns)
        return found

    def _make(self, facts: Sequence[Fact]) -> list[Failure]:
        settings: dict[str, list[tuple[Fact, str, str]]] = {}
        plain: dict[str, list[Fact]] = {}
        for fact in facts:
            match fact:
                case Namespace():
                    if written := settings_of(fact.router):
                        named = ((fact, name, value) for name, value in written.items())
                        settings.setdefault(fact.ns, []).extend(named)
                case Setting():
                    settings.setdefault(fact.ns, []).append((fact, fact.name, fact.value))
                case Pair() | Line() | Delay() | Uplink():
                    pass
                case _:
                    plain.setdefault(fact.ns, []).append(fact)
        found = self._namespaces([fact for fact in facts if isinstance(fact, Namespace)])
        for ns, wanted in settings.items():
            found += self._set(ns, wanted)
        found += self._links.make([fact for fact in facts if isinstance(fact, Pair | Line)])
        for fact in facts:
            if isinstance(fact, Uplink):
                found += self._uplink(fact)
        ends = ends_of(fact for fact in facts if isinstance(fact, Pair))
        for ns in sorted(ends.keys() | plain.keys()):
            self.channels.settle(ns, ends.get(ns, ()))
            found += self.channels.tell_facts(ns, plain.get(ns, ()), rtnetlink.made, ())
        for fact in facts:
            if isinstance(fact, Delay):
                found += self._delay(fact)
        for ns, here in plain.items():
            self._await(ns, [fact for fact in here if isinstance(fact, Address)])
        return found

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
        found: list[Failure] = []
        for fact in facts:
            self._point()
            try:
                if not self.traveller.has(fact.ns) or not self._is_alive(fact.ns):
                    self._forget(fact.ns)
                    self.traveller.create(fact.ns)
            except (OSError, WorldError) as error:
                found.append(Failure((fact,), fact.ns, str(error)))
        return found

    def _is_alive(self, ns: str) -> bool:
        try:
            self.traveller.at(ns, lambda: None)
        except WorldError:
            return False
        return True

    def _set(self, ns: str, wanted: Sequence[tuple[Fact, str, str]]) -> list[Failure]:
        self._point()
        found: list[Failure] = []

        def write() -> None:
            for fact, name, value in wanted:
                try:
                    write_setting(name, value)
                except WorldError as error:
                    found.append(Failure((fact,), ns, str(error)))

        try:
            self.traveller.at(ns, write)
        except WorldError as error:
            found.append(Failure(tuple({fact for fact, _, _ in wanted}), ns, str(error)))
        return found

    def _uplink(self, fact: Uplink) -> list[Failure]:
        try:
            self._point()
            self.uplinks.start(fact)
            self.channels.forget_device(fact.ns, fact.name)
            messages = [rtnetlink.quiet(fact.name), rtnetlink.configured(fact.name, 0, uplinks.MTU)]
            answers = self.channels.tell(fact.ns, messages)
        except (OSError, WorldError) as error:
            return [Failure((fact,), fact.ns, str(error))]
        return failures(fact.ns, ((fact, refusal) for refusal in answers[1:]))

    def _delay(self, fact: Delay) -> list[Failure]:
        """Have packets wait; where they do already, only how long, and which, is said anew."""
        try:
            channel = self.channels.at(fact.ns)
            self._point()
            if self.delays.has(fact.ns) and channel.index(DELAY_DEVICE):
                self.delays.write(fact)
            else:
                self.channels.tell(fact.ns, [rtnetlink.deleted(DELAY_DEVICE)])
                self.delays.make(fact)
                messages = [rtnetlink.quiet(DELAY_DEVICE), rtnetlink.configured(DELAY_DEVICE, 0, _DELAY_MTU)]
                self.channels.tell(fact.ns, messages)
            self._tables.run_beside(fact.ns, nft.waiting(fact))
        except (OSError, WorldError) as error:
            return [Failure((fact,), fact.ns, str(error))]
        return []

    def _undelay(self, fact: Delay, *, is_last: bool) -> list[Failure]:
        """Have packets go straight; those that wait still arrive. A device would hold a namespace that goes."""
        try:
            if self.traveller.has(fact.ns):
                self._tables.run_beside(fact.ns, nft.unwaiting(fact))
                gone = rtnetlink.deleted if is_last else rtnetlink.trashed
                self.channels.tell(fact.ns, [gone(DELAY_DEVICE)])
                self._links.trash.add(fact.ns)
        except (OSError, WorldError) as error:
            return [Failure((fact,), fact.ns, str(error))]
        finally:
            self.delays.forget(fact.ns)
        return []
