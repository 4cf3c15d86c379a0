"""PostgreSQL as whoever has records sees it: nodes are made, started, spoken to; a name stands for a node."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from fogbank.planes.authority import Authority
from fogbank.planes.engines.postgresql.activity import Seen
from fogbank.planes.engines.postgresql.figures import Figures
from fogbank.planes.engines.postgresql.files import Node
from fogbank.planes.engines.postgresql.session import Login, Session


class Parameter(NamedTuple):
    """A setting that a server knows (`postgres --describe-config`)."""

    name: str
    context: str
    """`postmaster` needs a restart; `internal` cannot be set."""
    type: str
    """`BOOLEAN`, `INTEGER`, `REAL`, `STRING` or `ENUM`."""
    default: str
    low: str
    high: str
    description: str


class Abilities(NamedTuple):
    """What a server was built with."""

    has_tls: bool = False
    has_ldap: bool = False


class Certified(NamedTuple):
    """A node's certificate: its file, its key's, and until when it is good, by the machine's clock."""

    certificate: str
    key: str
    valid_till: float


class LogFile(NamedTuple):
    """A file that a server has written its log to."""

    name: str
    size_bytes: int
    written_at: float
    """Seconds since 1970, by the machine's clock."""


class Owner(NamedTuple):
    """The person's administrator of a server, and a database to begin with (empty for none)."""

    user: str
    password: str
    database: str = ""


class Databases(Protocol):
    """PostgreSQL's nodes. Coroutines raise WorldError in the server's own words; doing a thing twice does no harm."""

    async def look(self) -> None:
        """Find out what the machine has, away from the loop: what is asked for later is known then."""

    def versions(self) -> list[str]:
        """The versions that this machine has, newest first: `["18.6", "15.18"]`."""

    def parameters(self, version: str) -> Mapping[str, Parameter]:
        """Every setting of a version, by name. Raises WorldError where it is not on this machine."""

    def libraries(self, version: str) -> frozenset[str]:
        """What a server of a version can load: `pg_stat_statements`, … Raises WorldError."""

    def abilities(self, version: str) -> Abilities:
        """What a version was built with; nothing of one that is not on this machine."""

    def trust(self, authority: Callable[[], Authority]) -> None:
        """Have certificates be signed by this authority, which is asked for when the first is made."""

    def certificate(self, name: str) -> Certified | None:
        """A node's certificate; None where it has none."""

    def logs(self, name: str) -> list[LogFile]:
        """The files of a node's log, in order of name."""

    async def log(self, name: str, file: str, start: int, bytes_max: int) -> bytes:
        """So many bytes of a file of a node's log, from a place on. Raises WorldError where there is no such file."""

    def machine_time(self, seconds_ago: float) -> float:
        """What the machine's clock showed so many seconds ago: commits are stamped by it, whatever cloud time is."""

    def has_data(self, name: str) -> bool:
        """Whether a node has been made whole, running or not."""

    def is_running(self, name: str) -> bool:
        """Whether a node has its process, whoever started it."""

    async def create(self, node: Node) -> None:
        """Make a node's data from nothing."""

    async def copy(self, node: Node, source: str) -> None:
        """Make a node's data of what was saved under another name: it recovers when it starts, as far as it is told."""

    async def duplicate(self, source: str, target: str) -> None:
        """Copy what was saved under a name to another name."""

    async def follow(self, node: Node) -> None:
        """Make a node's data by copying the primary that it follows."""

    def mark(self, name: str) -> None:
        """Have a node that does not run be a standby when it starts."""

    async def save(self, name: str, version: str, target: str) -> None:
        """Copy a running node as of now, under another name; it goes on."""

    async def archived(self, name: str) -> None:
        """Have all that a running node has committed so far be in its archive."""

    async def trim(self, archive: str, oldest: str) -> None:
        """Delete of an archive what nobody needs who begins with what was saved under a name, or later."""

    def configure(self, node: Node) -> bool:
        """Write what a node is told in files; whether that differs from before."""

    async def start(self, node: Node) -> None:
        """Start a node unless it runs, and wait until it takes connections."""

    async def reload(self, name: str) -> None:
        """Have a node read its files again: settings that need no restart hold from then on."""

    async def stop(self, name: str) -> None:
        """Stop a node as fast as it can without losing anything."""

    async def promote(self, name: str) -> None:
        """Make a standby a primary, and wait until it takes writes."""

    async def own(self, name: str, owner: Owner) -> None:
        """Have a node's administrator be this one, with this password, and the database be there."""

    async def run(self, name: str, *statements: str, database: str = "postgres") -> None:
        """Run statements as the superuser, each for itself."""

    async def rows(
        self, name: str, statement: str, *values: Any, database: str = "postgres"
    ) -> Sequence[tuple[Any, ...]]:
        """The rows of a query, run as the superuser."""

    async def session(self, login: Login) -> Session:
        """Log in as any client does, where clients do. Raises Refused, and WorldError where there is no server."""

    def socket(self, name: str) -> str:
        """The folder of a node's socket file: a `host` for others of the cloud's, whatever network they are in."""

    def lag(self, name: str, low_ms: int, high_ms: int) -> None:
        """Have a standby apply what it has received later by so many milliseconds, drawn anew all the time."""

    async def figures(self, name: str) -> Figures | None:
        """What can be measured of a running node now; None where nothing can be. Raises WorldError."""

    def observe(self, name: str, *, is_wanted: bool) -> None:
        """Have a node's active sessions be looked at once a second of machine time from now on, or no longer."""

    def seen(self, name: str) -> Seen:
        """What has been seen of a node's active sessions since this was asked last."""

    def remind(self, seconds: float, call: Callable[[], object]) -> None:
        """Call once after so many seconds of machine time, whatever cloud time is moved to meanwhile."""

    def watch(self, name: str, ended: Callable[[], object]) -> None:
        """Call once when a node's process ends."""

    async def remove(self, name: str) -> None:
        """End a node, and delete all that it has; what was saved under a name too."""

    def names(self) -> list[str]:
        """Every name that has something on disk."""

    def close(self) -> None:
        """Let go; the nodes go on."""

    async def halt(self) -> None:
        """Stop every node; what they have stays."""

    async def clear(self) -> None:
        """End every node, and leave nothing of them on the machine."""
