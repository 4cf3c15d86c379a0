"""A session with a PostgreSQL server as any client has one: what is asked, what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from fogbank.aws.errors import WorldError

State = Literal["idle", "open", "failed", "closed"]
"""In no transaction, in one, in one that an error has ended, or without a server."""


class Login(NamedTuple):
    """Where a client goes, and as whom."""

    host: str
    port: int
    user: str
    password: str
    database: str


class Bind(NamedTuple):
    """A value for `$1`, `$2`, …: its text (None is NULL) and the number of its type (0: the server finds out)."""

    text: str | None
    type: int = 0


class Column(NamedTuple):
    """A column of a result, as the server's protocol tells it."""

    name: str
    type: int
    """The number of its type (`pg_type.oid`)."""
    modifier: int = -1
    """`pg_attribute.atttypmod`; -1 for none."""
    table: int = 0
    """The table that it comes from, 0 for none, and its number there."""
    number: int = 0


class Answer(NamedTuple):
    """What a statement gave: rows (as text; None is NULL) with their columns, or how many rows it changed."""

    columns: Sequence[Column] | None
    """None for a statement that gives no rows at all."""
    rows: Sequence[Sequence[str | None]] = ()
    changed: int = 0


class Refused(WorldError):
    """The server's own refusal of a login or a statement, part by part."""

    def __init__(self, text: str, sqlstate: str, *, severity: str = "ERROR", **parts: str | None) -> None:
        super().__init__(f"{severity}: {text}")
        self.text = text
        self.sqlstate = sqlstate
        self.severity = severity
        self.detail = parts.get("detail") or ""
        self.hint = parts.get("hint") or ""
        self.position = parts.get("position") or ""


class TooLarge(WorldError):
    """A result was larger than whoever asked wanted it; the rest of it has been thrown away."""


class Session(Protocol):
    """A login that lasts until it is closed, statement by statement."""

    @property
    def backend(self) -> int:
        """The number of the server's process for it."""

    @property
    def state(self) -> State: ...

    async def execute(self, statement: str, binds: Sequence[Bind] = (), bytes_max: int = 0) -> Answer:
        """Run one statement. A task that is cancelled has the server cancel it.

        Raises Refused, TooLarge (more than `bytes_max` of values; 0 is no limit), and WorldError for a connection that
        broke: what the statement did is not known then.
        """

    def close(self) -> None:
        """Leave at once; a transaction that is open is rolled back by the server."""
