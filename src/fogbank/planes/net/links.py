"""Links of namespaces made, raised and taken away: pairs, and lines with what they need on either side."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from fogbank.aws.errors import WorldError
from fogbank.planes.net import rtnetlink
from fogbank.planes.net.channels import Channels
from fogbank.planes.net.facts import Line, Pair
from fogbank.planes.net.failures import Failure, failures, is_familyless
from fogbank.planes.net.lines import Lines
from fogbank.planes.net.netlink import Refusal


class Links:
    """The links of an instance."""

    def __init__(self, channels: Channels, lines: Lines, point: Callable[[], None]) -> None:
        """`point` is called before each step."""
        self.trash: set[str] = set()
        """Namespaces with devices that wait to be deleted in bulk."""
        self._channels = channels
        self._lines = lines
        self._point = point
        self._trashed: dict[tuple[str, str], str] = {}

    def make(self, facts: Sequence[Pair | Line]) -> list[Failure]:
        """Make links, and raise them; they may not be able to send yet."""
        pairs: dict[str, list[Pair]] = {}
        ups: dict[str, list[tuple[Pair, str]]] = {}
        for fact in facts:
            if isinstance(fact, Pair):
                pairs.setdefault(fact.ns, []).append(fact)
                for ns, name in _ends(fact):
                    ups.setdefault(ns, []).append((fact, name))
        self._make_room(facts)
        found = self._make_lines([fact for fact in facts if isinstance(fact, Line)])
        for ns, here in pairs.items():
            found += self._make_pairs(ns, here)
        for ns, ends in ups.items():
            found += self._raise(ns, ends)
        return found

    def unmake(self, facts: Sequence[Pair | Line], dead: set[str]) -> list[Failure]:
        """Have links go, the devices later in bulk; `dead` are namespaces that go as well."""
        found: list[Failure] = []
        ends: dict[str, list[Pair | Line]] = {}
        for fact in facts:
            if isinstance(fact, Line) and self._lines.stop(fact):
                self._forget(fact)
            else:
                # One end is enough; the one whose namespace stays.
                ends.setdefault(fact.peer_ns if fact.ns in dead else fact.ns, []).append(fact)
        for ns, here in ends.items():
            if self._channels.traveller.has(ns):
                found += self._trash(ns, here)
        return found

    def sweep(self, namespaces: Iterable[str] = ()) -> None:
        """Delete the devices that wait for it, everywhere or in some namespaces. Raises OSError, WorldError."""
        for ns in sorted(set(namespaces) or self.trash):
            self.trash.discard(ns)
            self._trashed = {end: at for end, at in self._trashed.items() if at != ns}
            if self._channels.traveller.has(ns):
                self._channels.tell(ns, [rtnetlink.trash_deleted()])

    def _trash(self, ns: str, links: Sequence[Pair | Line]) -> list[Failure]:
        for fact in links:
            self._trashed.update(dict.fromkeys(_ends(fact), ns))
            self._forget(fact)
        names = [next(name for at, name in _ends(fact) if at == ns) for fact in links]
        self.trash.add(ns)
        answers = self._channels.tell(ns, [rtnetlink.trashed(name) for name in names])
        return failures(ns, zip(links, answers, strict=True), rtnetlink.MISSING)

    def _forget(self, fact: Pair | Line) -> None:
        for ns, name in _ends(fact):
            self._channels.forget_device(ns, name)

    def _make_room(self, links: Iterable[Pair | Line]) -> None:
        """Delete at once what waits for it under a name that is wanted again."""
        ends = {end for fact in links for end in _ends(fact)}
        if owners := {self._trashed[end] for end in ends & self._trashed.keys()}:
            self.sweep(owners)

    # Lines

    def _make_lines(self, facts: Sequence[Line]) -> list[Failure]:
        """Lines that are there get their delay; the others are made, and whatever has their names goes."""
        new = [fact for fact in facts if not self._is_there(fact)]
        found: list[Failure] = []
        for fact in new:
            self._point()
            self._lines.stop(fact)
            self._forget(fact)
        ready = set(facts)
        if new and not self._lines.is_kernels:
            self._point()
            refused = dict(self._lines.start(new))
            found += [Failure((fact,), fact.ns, words) for fact, words in refused.items()]
            ready -= refused.keys()
        for fact in facts:
            if fact in ready:
                found += self._make_line(fact, is_new=fact in new)
        return found

    def _make_line(self, fact: Line, is_new: bool) -> list[Failure]:
        ends = ((fact.ns, fact.name, fact.group), (fact.peer_ns, fact.peer_name, fact.peer_group))
        channels, is_kernels = self._channels, self._lines.is_kernels
        try:
            answers: list[Refusal | None] = []
            if is_new and is_kernels:
                with self._descriptor(fact.peer_ns) as descriptor:
                    answers += channels.tell(fact.ns, [rtnetlink.cable(fact, descriptor)])
            for ns, name, group in ends if is_new else ():
                answers += channels.tell(ns, [rtnetlink.configured(name, group, fact.mtu)])
            for ns, name, _ in ends if is_kernels else ():
                channels.settle(ns, [name])
                index = channels.indexes(ns, {name}).get(name, 0)
                delayed = rtnetlink.delayed(index, fact.delay_seconds, fact.loss)
                answers += channels.tell(ns, [delayed] if fact.delay_seconds or fact.loss or not is_new else [])
            self._lines.write(fact)
        except (OSError, WorldError) as error:
            return [Failure((fact,), fact.ns, str(error))]
        return failures(fact.ns, ((fact, refusal) for refusal in answers))

    def _is_there(self, fact: Line) -> bool:
        """Whether a line has its process, and both its devices, up."""
        if not self._lines.has(fact):
            return False
        for ns, name in _ends(fact):
            try:
                ((_, payload),) = self._channels.at(ns).ask(rtnetlink.link_asked(name))
            except WorldError:
                return False
            if not rtnetlink.link_of(payload).is_up:
                return False
        return True

    # Pairs

    def _make_pairs(self, ns: str, links: Sequence[Pair]) -> list[Failure]:
        with contextlib.ExitStack() as stack:
            descriptors: dict[str, int] = {}
            for peer_ns in {fact.peer_ns for fact in links}:
                with contextlib.suppress(OSError):
                    descriptors[peer_ns] = stack.enter_context(self._descriptor(peer_ns))
            ready = [fact for fact in links if fact.peer_ns in descriptors]
            found = [
                Failure((fact,), ns, f"there is no namespace {fact.peer_ns}")
                for fact in links
                if fact.peer_ns not in descriptors
            ]
            try:
                messages = [rtnetlink.pair(fact, descriptors[fact.peer_ns]) for fact in ready]
                answers = self._channels.tell(ns, messages)
            except WorldError as error:
                return [*found, Failure(tuple(ready), ns, str(error))]
        return found + failures(ns, zip(ready, answers, strict=True))

    @contextlib.contextmanager
    def _descriptor(self, ns: str) -> Iterator[int]:
        descriptor = os.open(self._channels.traveller.path(ns), os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _raise(self, ns: str, ends: Sequence[tuple[Pair, str]]) -> list[Failure]:
        """The ends of pairs that are here go up, and do not say anything by themselves."""
        try:
            messages = [one(name) for _, name in ends for one in (rtnetlink.quiet, rtnetlink.up)]
            answers = self._channels.tell(ns, messages)
        except (OSError, WorldError) as error:
            return [Failure(tuple(fact for fact, _ in ends), ns, str(error))]
        # Where there is no IPv6, nothing has to be told to be quiet.
        told = zip((fact for fact, _ in ends for _ in range(2)), answers, strict=True)
        return failures(ns, ((fact, refusal) for fact, refusal in told if not is_familyless(refusal)))


def ends_of(facts: Iterable[Pair | Line]) -> Mapping[str, Sequence[str]]:
    """The names of links' devices, by namespace."""
    found: dict[str, list[str]] = {}
    for fact in facts:
        for ns, name in _ends(fact):
            found.setdefault(ns, []).append(name)
    return found


def _ends(fact: Pair | Line) -> tuple[tuple[str, str], ...]:
    return (fact.ns, fact.name), (fact.peer_ns, fact.peer_name)
