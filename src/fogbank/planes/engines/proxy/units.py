"""What a client asks in one go, as it is passed on: a simple query, or messages up to a Sync or a Flush."""

from __future__ import annotations

from typing import NamedTuple

from fogbank.planes.engines.proxy import classify, wire
from fogbank.planes.engines.proxy.classify import Step, Verdict
from fogbank.planes.engines.proxy.wire import INT, Parse, ProtocolError

_ENDS = frozenset((wire.SYNC, wire.FLUSH))


class Portal(NamedTuple):
    """A statement with its values."""

    parse: Parse | None
    values: bytes

    def messages(self) -> bytes:
        """The same again, without a name, as a whole."""
        assert self.parse is not None, self
        bound = wire.message(wire.BIND, b"\0\0" + self.values)
        return self.parse.message(b"") + bound + wire.message(wire.EXECUTE, b"\0" + INT.pack(0)) + wire.SYNC_MESSAGE


class Names:
    """What a session has given names to."""

    def __init__(self) -> None:
        self.statements: dict[bytes, Parse] = {}
        self.portals: dict[bytes, Portal] = {}
        self.cursors: set[bytes] = set()
        """Named portals and cursors that are open in the transaction."""
        self.prepared: dict[str, bool] = {}
        """Statements prepared by SQL, and whether they write."""

    def forget_transaction(self) -> None:
        """What does not outlive a transaction."""
        if self.portals:
            self.portals.clear()
        if self.cursors:
            self.cursors.clear()


class Unit:
    """What is passed on as one, to one server."""

    __slots__ = (
        "closed", "data", "has_end", "is_simple", "kind", "leans", "needs", "parsed", "reads", "refused", "replays",
        "steps", "touches_mode", "writes", "wrong_mode",
    )  # fmt: skip

    def __init__(self, data: bytes, kind: int) -> None:
        self.data = data
        self.kind = kind
        self.is_simple = kind == wire.QUERY
        self.has_end = True
        """Whether the server says that it is ready afterwards: a Flush leaves it waiting for more."""
        self.writes = False
        self.leans = False
        """Whether it prepares something that writes."""
        self.reads = False
        self.refused = ""
        self.wrong_mode = ""
        self.touches_mode = False
        self.steps: tuple[Step, ...] = ()
        self.replays: list[tuple[Step, bytes]] = []
        """Steps that set something, and what sets it again elsewhere."""
        self.parsed: list[Parse] = []
        self.needs: list[bytes] = []
        """Statements prepared before that it uses."""
        self.closed: list[bytes] = []

    def does(self, found: Verdict, names: Names, again: Portal | None) -> None:
        """Add what a statement does."""
        self.writes |= found.writes
        self.reads |= found.reads
        self.refused = self.refused or found.refused
        if not found.steps:
            return
        self.wrong_mode = self.wrong_mode or found.wrong_mode
        self.touches_mode |= found.touches_mode
        self.steps += found.steps
        for step in found.steps:
            if step.kind in ("set", "prepare"):
                is_whole = again is not None and step.name == "set_config"
                self.replays.append((step, again.messages() if again and is_whole else wire.query(step.text)))
            elif step.kind in ("execute", "deallocate"):
                self._uses(step, names)

    def follows(self, earlier: Unit) -> None:
        """Be what an earlier one is too, of which it is the rest."""
        self.steps = earlier.steps + self.steps
        self.replays = earlier.replays + self.replays
        self.parsed = earlier.parsed + self.parsed
        self.touches_mode |= earlier.touches_mode

    def _uses(self, step: Step, names: Names) -> None:
        fresh = {one.name: one.writes for one in self.steps if one.kind == "prepare"}
        self.writes |= step.kind == "execute" and {**names.prepared, **fresh}.get(step.name, False)
        name = step.name.encode()
        if name in names.statements:
            self.needs.append(name)
            self.writes |= step.kind == "execute" and classify.verdict(names.statements[name].sql).writes


def taken(buffer: bytes, at: int, names: Names) -> tuple[Unit, int] | None:
    """The first unit from a place on, and where the next begins; None until all of it is there.

    Raises ProtocolError.
    """
    size = len(buffer)
    start, is_first = at, True
    while size - at >= wire.HEAD_BYTES:
        kind, length = buffer[at], INT.unpack_from(buffer, at + 1)[0]
        if not 4 <= length <= wire.MESSAGE_BYTES_MAX:
            raise ProtocolError("invalid message length")
        at += 1 + length
        if at > size:
            return None
        if kind in _ENDS or (is_first and kind not in b"PBDEC"):
            return _made(buffer[start:at], kind if is_first else wire.SYNC, kind, names), at
        if kind not in b"PBDEC":
            # A simple query in the midst of messages that have no Sync yet: those first.
            before = at - 1 - length
            return _made(buffer[start:before], wire.SYNC, wire.FLUSH, names), before
        is_first = False
    return None


def _made(data: bytes, kind: int, last: int, names: Names) -> Unit:
    unit = Unit(data, kind)
    if kind == wire.QUERY:
        names.statements.pop(b"", None)
        unit.does(classify.verdict(data[wire.HEAD_BYTES : -1]), names, None)
    elif kind in _ENDS:
        unit.has_end = last == wire.SYNC
        _extended(unit, names)
    elif kind == wire.CALL:
        unit.reads = True
    return unit


def _extended(unit: Unit, names: Names) -> None:
    data, at, size = unit.data, 0, len(unit.data)
    unpack = INT.unpack_from
    fresh: set[bytes] = set()
    while at < size:
        kind, after = data[at], at + 1 + unpack(data, at + 1)[0]
        body = data[at + wire.HEAD_BYTES : after]
        at = after
        if kind == wire.PARSE:
            parse = wire.parse(body)
            names.statements[parse.name] = parse
            unit.parsed.append(parse)
            fresh.add(parse.name)
            unit.leans |= classify.verdict(parse.sql).writes
            unit.reads = True
        elif kind == wire.BIND:
            portal, statement, values = wire.bind(body)
            _used(unit, statement, fresh, names)
            names.portals[portal] = Portal(names.statements.get(statement), values)
            if portal:
                names.cursors.add(portal)
        elif kind == wire.EXECUTE:
            found = names.portals.get(wire.portal(body))
            if found is not None and found.parse is not None:
                unit.does(classify.verdict(found.parse.sql), names, found)
            else:
                unit.reads = True
        elif kind == wire.DESCRIBE:
            what, name = wire.named(body)
            if what == ord("S"):
                _used(unit, name, fresh, names)
        elif kind == wire.CLOSE:
            what, name = wire.named(body)
            if what == ord("S"):
                names.statements.pop(name, None)
                unit.closed.append(name)
            else:
                names.portals.pop(name, None)
                names.cursors.discard(name)


def _used(unit: Unit, statement: bytes, fresh: set[bytes], names: Names) -> None:
    parse = names.statements.get(statement)
    if parse is None:
        return
    if statement not in fresh:
        unit.needs.append(statement)
    unit.leans |= classify.verdict(parse.sql).writes
    unit.reads = True
