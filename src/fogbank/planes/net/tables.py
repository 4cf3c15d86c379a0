"""The nftables tables of namespaces, and who changes them: one context of libnftables for each, some kept open."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

from fogbank.aws.errors import WorldError
from fogbank.planes.net import nft
from fogbank.planes.net.facts import Element
from fogbank.planes.net.failures import Failure
from fogbank.planes.net.firewall import Firewall, RefusedTransaction
from fogbank.planes.net.namespaces import Traveller
from fogbank.planes.net.plan import Holding, Table, Turn, table_of

_OPEN_MAX = 500
"""Contexts of libnftables at a time: it uses select(2), which takes no file descriptor past 1,023."""


class Tables:
    """The tables of one thread's namespaces."""

    def __init__(self, traveller: Traveller, point: Callable[[], None]) -> None:
        """`point` is called before each step."""
        self._traveller = traveller
        self._point = point
        self._firewalls: OrderedDict[str, Firewall] = OrderedDict()
        self._generations: dict[str, int] = {}
        """Of tables whose firewall has been let go: what it knew."""

    def cut(self, ns: str, gone: Sequence[Element], holding: Holding, whole: set[str]) -> list[Failure]:
        """Elements go; see `turn`."""
        return self._turned(ns, nft.turned((), gone), holding, whole)

    def turn(self, step: Turn | Table, holding: Holding, whole: set[str]) -> list[Failure]:
        """Run a transaction; if somebody else has changed the table, make it anew whole, as it is to hold.

        `whole` has the namespaces whose table has been made anew, to which nothing is left to do.
        """
        commands = nft.turned(step.made, step.gone) if isinstance(step, Turn) else None
        return self._turned(step.ns, commands, holding, whole)

    def _turned(
        self, ns: str, commands: Sequence[nft.Command] | None, holding: Holding, whole: set[str]
    ) -> list[Failure]:
        if ns in whole:
            return []
        try:
            firewall = self._at(ns)
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

    def run_beside(self, ns: str, commands: Sequence[nft.Command]) -> None:
        """Run a transaction of another table than ours, which is not taken for somebody's change. Raises WorldError."""
        self._point()
        firewall = self._at(ns)
        is_ours = firewall.is_ours
        # libnftables looks for the number of a device in the namespace of its caller.
        self._traveller.at(ns, lambda: firewall.run(commands))
        if not is_ours:
            firewall.known = -1

    def counters(self, ns: str) -> Mapping[str, tuple[int, int]]:
        """Packets and bytes by the rules' comments. Raises WorldError."""
        return self._at(ns).counters()

    def _at(self, ns: str) -> Firewall:
        if ns in self._firewalls:
            self._firewalls.move_to_end(ns)
            return self._firewalls[ns]
        if len(self._firewalls) >= _OPEN_MAX:
            oldest, firewall = self._firewalls.popitem(last=False)
            self._generations[oldest] = firewall.known
            firewall.close()
        known = self._generations.pop(ns, -1)
        made = self._firewalls[ns] = self._traveller.at(ns, lambda: Firewall(known))
        return made

    def forget(self, ns: str) -> None:
        """Know nothing of a namespace's table any more."""
        self._generations.pop(ns, None)
        if (firewall := self._firewalls.pop(ns, None)) is not None:
            firewall.close()

    def close(self) -> None:
        """Let go of all; the tables stay."""
        for ns in list(self._firewalls):
            self.forget(ns)
