"""PostgreSQL for tests, and where there is none to run: it remembers what it was told, and answers no query."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fogbank.aws.errors import WorldError
from fogbank.planes.authority import Authority
from fogbank.planes.engines.postgresql.activity import Seen
from fogbank.planes.engines.postgresql.figures import Figures
from fogbank.planes.engines.postgresql.files import Node
from fogbank.planes.engines.postgresql.plane import Abilities, Certified, LogFile, Owner, Parameter
from fogbank.planes.engines.postgresql.session import Answer, Bind, Login, Refused, State

_PARAMETERS = (
    Parameter("autovacuum", "sighup", "BOOLEAN", "on", "", "", "Starts the autovacuum subprocess."),
    Parameter("data_directory", "postmaster", "STRING", "", "", "", "Sets the server's data directory."),
    Parameter("log_statement", "superuser", "ENUM", "none", "", "", "Sets the type of statements logged."),
    Parameter("max_connections", "postmaster", "INTEGER", "100", "1", "262143", "Sets the maximum number of sessions."),
    Parameter("random_page_cost", "user", "REAL", "0", "0", "1.79769e+308", "Sets the planner's estimate of a page."),
    Parameter("shared_buffers", "postmaster", "INTEGER", "0", "16", "1073741823", "Sets the number of buffers."),
    Parameter("shared_preload_libraries", "postmaster", "STRING", "", "", "", "Lists libraries to preload."),
    Parameter("TimeZone", "user", "STRING", "GMT", "", "", "Sets the time zone for timestamps."),
    Parameter("work_mem", "user", "INTEGER", "4096", "64", "2147483647", "Sets the memory for query workspaces."),
)


class FakeDatabases:
    """Nodes as records: made, running, following whom."""

    def __init__(self, versions: Sequence[str] = ("16.4", "15.8"), abilities: Abilities | None = None) -> None:
        self._versions = list(versions)
        self._abilities = abilities or Abilities()
        self.nodes: dict[str, Node] = {}
        """Those that run."""
        self.data: set[str] = set()
        self.lags: dict[str, tuple[int, int]] = {}
        self.owners: dict[str, Owner] = {}
        self.statements: list[tuple[str, str]] = []
        self.written: dict[str, dict[str, bytes]] = {}
        """What nodes have logged, by file."""
        self.measured: dict[str, Figures] = {}
        """What is measured of nodes, for tests that say it."""
        self.activity: dict[str, Seen] = {}
        self.observed: set[str] = set()
        self.sessions: list[FakeSession] = []
        self._watches: dict[str, Callable[[], object]] = {}
        self._reminders: list[Callable[[], object]] = []

    async def look(self) -> None:
        pass

    def versions(self) -> list[str]:
        return self._versions

    def parameters(self, version: str) -> Mapping[str, Parameter]:
        return {one.name: one for one in _PARAMETERS}

    def libraries(self, version: str) -> frozenset[str]:
        return frozenset(("auto_explain", "pg_stat_statements"))

    def abilities(self, version: str) -> Abilities:
        return self._abilities

    def trust(self, authority: Callable[[], Authority]) -> None:
        pass

    def certificate(self, name: str) -> Certified | None:
        is_there = self._abilities.has_tls and name in self.nodes
        return Certified(f"/{name}.pem", f"/{name}.key", 2e9) if is_there else None

    def logs(self, name: str) -> list[LogFile]:
        return sorted(LogFile(file, len(data), 0.0) for file, data in self.written.get(name, {}).items())

    async def log(self, name: str, file: str, start: int, bytes_max: int) -> bytes:
        return self.written[name][file][start : start + bytes_max]

    def machine_time(self, seconds_ago: float) -> float:
        return -seconds_ago

    def has_data(self, name: str) -> bool:
        return name in self.data

    def is_running(self, name: str) -> bool:
        return name in self.nodes

    async def create(self, node: Node) -> None:
        self.data.add(node.name)

    async def copy(self, node: Node, source: str) -> None:
        if source not in self.data:
            raise WorldError(f"nothing is saved as {source}")
        self.data.add(node.name)

    async def duplicate(self, source: str, target: str) -> None:
        if source not in self.data:
            raise WorldError(f"nothing is saved as {source}")
        self.data.add(target)

    async def follow(self, node: Node) -> None:
        self.data.add(node.name)

    def mark(self, name: str) -> None:
        pass

    async def save(self, name: str, version: str, target: str) -> None:
        if name not in self.nodes:
            raise WorldError(f"{name} does not run")
        self.data.add(target)

    async def archived(self, name: str) -> None:
        pass

    async def trim(self, archive: str, oldest: str) -> None:
        pass

    def configure(self, node: Node) -> bool:
        changed = self.nodes.get(node.name) not in (None, node)
        if node.name in self.nodes:
            self.nodes[node.name] = node
        return changed

    async def start(self, node: Node) -> None:
        if node.name not in self.data:
            raise WorldError(f"{node.name} has no data")
        self.nodes[node.name] = node

    async def reload(self, name: str) -> None:
        pass

    async def stop(self, name: str) -> None:
        self.nodes.pop(name, None)
        self._watches.pop(name, None)

    async def promote(self, name: str) -> None:
        self.nodes[name] = self.nodes[name]._replace(following=None)

    async def own(self, name: str, owner: Owner) -> None:
        self.owners[name] = owner

    async def run(self, name: str, *statements: str, database: str = "postgres") -> None:
        self.statements += [(name, statement) for statement in statements]

    async def rows(
        self, name: str, statement: str, *values: Any, database: str = "postgres"
    ) -> Sequence[tuple[Any, ...]]:
        if statement == "SELECT pg_is_in_recovery()":
            return [(self.nodes[name].following is not None,)]
        if "FROM pg_stat_replication" in statement:
            return [(node.following.name,) for node in self.nodes.values() if node.following is not None]
        return []

    async def session(self, login: Login) -> FakeSession:
        if not self.nodes:
            raise WorldError("connection refused")
        if (login.user, login.password) not in {(owner.user, owner.password) for owner in self.owners.values()}:
            text = f'password authentication failed for user "{login.user}"'
            raise Refused(text, "28P01", severity="FATAL")
        self.sessions.append(FakeSession(login, len(self.sessions) + 1))
        return self.sessions[-1]

    def socket(self, name: str) -> str:
        return f"/{name}"

    def lag(self, name: str, low_ms: int, high_ms: int) -> None:
        self.lags[name] = (low_ms, high_ms)

    async def figures(self, name: str) -> Figures | None:
        return self.measured.get(name)

    def observe(self, name: str, *, is_wanted: bool) -> None:
        (self.observed.add if is_wanted else self.observed.discard)(name)

    def seen(self, name: str) -> Seen:
        return self.activity.get(name, Seen(0, {}))

    def remind(self, seconds: float, call: Callable[[], object]) -> None:
        self._reminders.append(call)

    def reminded(self) -> None:
        """For tests: the machine's time has come for whatever was to be called."""
        reminders, self._reminders = self._reminders, []
        for call in reminders:
            call()

    def watch(self, name: str, ended: Callable[[], object]) -> None:
        self._watches[name] = ended

    def kill(self, name: str) -> None:
        """For tests: a node dies."""
        self.nodes.pop(name)
        if (ended := self._watches.pop(name, None)) is not None:
            ended()

    async def remove(self, name: str) -> None:
        await self.stop(name)
        self.data.discard(name)

    def names(self) -> list[str]:
        return sorted(self.data)

    def close(self) -> None:
        self._watches.clear()

    async def halt(self) -> None:
        self.nodes.clear()

    async def clear(self) -> None:
        self.nodes.clear()
        self.data.clear()


class FakeSession:
    """A login that remembers what it was asked, and answers every statement with no rows."""

    def __init__(self, login: Login, backend: int) -> None:
        self.login = login
        self.backend = backend
        self.state: State = "idle"
        self.asked: list[tuple[str, tuple[Bind, ...]]] = []

    async def execute(self, statement: str, binds: Sequence[Bind] = (), bytes_max: int = 0) -> Answer:
        if self.state == "closed":
            raise WorldError("the connection broke")
        self.asked.append((statement, tuple(binds)))
        self.state = {"BEGIN": "open", "COMMIT": "idle", "ROLLBACK": "idle"}.get(statement, self.state)  # type: ignore[assignment]
        return Answer(None)

    def close(self) -> None:
        self.state = "closed"
