"""What a session has set: what its one server has had, the other gets before it is asked anything."""

from __future__ import annotations

from fogbank.planes.engines.proxy.classify import Step
from fogbank.planes.engines.proxy.legs import FAILED, IDLE, Leg
from fogbank.planes.engines.proxy.units import Names, Unit


class Journal:
    """Statements that a session's state comes of, each until a later one replaces it; those of a transaction apart."""

    def __init__(self) -> None:
        self._number = 0
        self._entries: dict[str, tuple[int, bytes]] = {}
        self.begun = b""
        """What the open transaction began with."""
        self._within: list[tuple[Step, bytes]] = []
        self.savepoints: list[tuple[str, int]] = []
        """Names, and how much had been set by then."""

    def owed(self, leg: Leg) -> list[bytes]:
        """What a leg has not had yet; it has from now on."""
        if leg.applied == self._number:
            return []
        found = sorted(entry for entry in self._entries.values() if entry[0] > leg.applied)
        leg.applied = self._number
        return [message for _, message in found]

    def within(self) -> list[bytes]:
        """What the open transaction has set."""
        return [message for _, message in self._within]

    def note(self, unit: Unit, leg: Leg, before: int, names: Names) -> None:
        """Remember what a unit has done that did not fail."""
        replays = iter(unit.replays)
        is_open = before != IDLE
        for step in unit.steps:
            if step.kind == "set":
                self._set(next(replays), leg, is_open=is_open)
            elif step.kind == "prepare":
                names.prepared[step.name] = step.writes
                self._enter(f"prepare {step.name}", next(replays)[1], leg)
            elif step.kind == "deallocate":
                self._deallocate(step.name, names)
            elif step.kind == "begin":
                is_open, self.begun = True, step.text
            elif step.kind in ("commit", "rollback"):
                self._end(leg, is_kept=step.kind == "commit" and before != FAILED)
                is_open = False
            else:
                self._mark(step, names)

    def ended(self, leg: Leg) -> None:
        """The transaction is over, and nobody said how: nothing of it lasts."""
        self._within.clear()
        self.savepoints.clear()
        self.begun = b""

    def _set(self, found: tuple[Step, bytes], leg: Leg, *, is_open: bool) -> None:
        step, message = found
        if is_open:
            self._within.append(found)
        elif not step.is_local:
            self._keep(step, message, leg)

    def _keep(self, step: Step, message: bytes, leg: Leg) -> None:
        if step.name == "*":
            self._entries = {key: one for key, one in self._entries.items() if key.startswith("prepare ")}
        key = step.name if step.name != "set_config" else message.hex()
        self._enter(key, message, leg)

    def _enter(self, key: str, message: bytes, leg: Leg) -> None:
        self._number += 1
        self._entries.pop(key, None)
        self._entries[key] = (self._number, message)
        leg.applied = self._number

    def _end(self, leg: Leg, *, is_kept: bool) -> None:
        for step, message in self._within if is_kept else ():
            if not step.is_local:
                self._keep(step, message, leg)
        self.ended(leg)

    def _deallocate(self, name: str, names: Names) -> None:
        for one in list(names.prepared) if name == "*" else [name]:
            names.prepared.pop(one, None)
            self._entries.pop(f"prepare {one}", None)

    def _mark(self, step: Step, names: Names) -> None:
        if step.kind == "declare":
            names.cursors.add(step.name.encode())
        elif step.kind == "close":
            if step.name == "*":
                names.cursors.clear()
            names.cursors.discard(step.name.encode())
        elif step.kind == "savepoint":
            self.savepoints.append((step.name, len(self._within)))
        elif step.kind in ("release", "back"):
            self._return(step)

    def _return(self, step: Step) -> None:
        """To where a savepoint was made: `ROLLBACK TO` unmakes what was set since, and keeps the savepoint."""
        for at in range(len(self.savepoints) - 1, -1, -1):
            name, size = self.savepoints[at]
            if name == step.name:
                is_back = step.kind == "back"
                del self.savepoints[at + is_back :]
                if is_back:
                    del self._within[size:]
                return
