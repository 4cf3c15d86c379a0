"""PostgreSQL servers made, started, copied, promoted and spoken to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import shutil
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fogbank.aws.errors import WorldError
from fogbank.planes import usage
from fogbank.planes.authority import Authority
from fogbank.planes.engines.engine import Engines, Start, until
from fogbank.planes.engines.postgresql import certificates, figures, files
from fogbank.planes.engines.postgresql.activity import Activity, Seen
from fogbank.planes.engines.postgresql.client import Clients
from fogbank.planes.engines.postgresql.figures import Figures
from fogbank.planes.engines.postgresql.files import ADMIN, LAG_FILE, Node
from fogbank.planes.engines.postgresql.installations import Installations
from fogbank.planes.engines.postgresql.lag import Lag, Lags
from fogbank.planes.engines.postgresql.plane import Abilities, Certified, LogFile, Owner, Parameter
from fogbank.planes.engines.postgresql.session import Login, Session

if TYPE_CHECKING:
    # Imported when a node is first spoken to: most clouds have none, and it takes 60 ms.
    import psycopg

START_SECONDS = 60.0
_STATEMENT_SECONDS = 60
"""A commit that waits for a standby that is gone must not keep whoever would bring it back."""
_STOP_SECONDS = 20.0
_RELOAD_SECONDS = 5.0
_PORT_FILE = ".s.PGSQL."
_PRELOADED = "pg_stat_statements"
_PLUGINS, _DECODERS = "output_plugin_libraries", ("pgoutput", "test_decoding", "pglogical_output", "wal2json")
"""Which libraries may decode the log: RDS User Guide, "Logical replication"."""
_ROLES_ARE_STRICT = 16_00_00
"""Since this version only who has a role with ADMIN OPTION grants it; before, whoever makes roles does."""


class Postgres:
    """The PostgreSQL servers of one cloud, by the names of their engines."""

    def __init__(self, engines: Engines, cache: Path, *, chosen: str = "", is_durable: bool = False) -> None:
        self.engines = engines
        self.installed = Installations(engines, cache, chosen)
        self._is_durable = is_durable
        self._authority: Callable[[], Authority] | None = None
        self.lags = Lags(self._say_lag, self._postmaster)
        self.activity = Activity(self.connect)
        self._clients = Clients()
        self._reminders: set[asyncio.TimerHandle] = set()
        self._still: dict[str, asyncio.Lock] = {}

    def versions(self) -> list[str]:
        """See `Databases.versions`."""
        return [one.version for one in self.installed.servers()]

    def parameters(self, version: str) -> Mapping[str, Parameter]:
        """See `Databases.parameters`."""
        return self.installed.parameters(version)

    def libraries(self, version: str) -> frozenset[str]:
        """See `Databases.libraries`."""
        return self.installed.libraries(version)

    def abilities(self, version: str) -> Abilities:
        """See `Databases.abilities`."""
        return self.installed.abilities(version)

    async def look(self) -> None:
        """See `Databases.look`."""
        await asyncio.to_thread(self.installed.look)

    def trust(self, authority: Callable[[], Authority]) -> None:
        """See `Databases.trust`."""
        self._authority = authority

    def certificate(self, name: str) -> Certified | None:
        """See `Databases.certificate`."""
        home = self.engines.folder / name
        card, where = certificates.card(home), certificates.files(home)
        return Certified(str(where.certificate), str(where.key), card.valid_till) if card is not None else None

    def logs(self, name: str) -> list[LogFile]:
        """See `Databases.logs`."""
        found = []
        for path in (self.engines.folder / name / "log").glob("*"):
            with contextlib.suppress(OSError):
                seen = path.stat()
                found.append(LogFile(path.name, seen.st_size, seen.st_mtime))
        return sorted(found)

    async def log(self, name: str, file: str, start: int, bytes_max: int) -> bytes:
        """See `Databases.log`."""
        if file not in [one.name for one in self.logs(name)]:
            raise WorldError(f"{name} has no log {file}")
        return await asyncio.to_thread(_part, self.engines.folder / name / "log" / file, start, bytes_max)

    def names(self) -> list[str]:
        """See `Databases.names`."""
        return self.engines.names()

    def close(self) -> None:
        """See `Databases.close`."""
        self._forget()
        self.engines.close()

    async def halt(self) -> None:
        """See `Databases.halt`."""
        await asyncio.gather(*(self.stop(name) for name in self.names()))

    async def clear(self) -> None:
        """See `Databases.clear`."""
        self._forget()
        await self.engines.clear()

    def _forget(self) -> None:
        self.lags.close()
        self.activity.close()
        self._clients.close()
        for reminder in self._reminders:
            reminder.cancel()
        self._reminders.clear()

    def is_running(self, name: str) -> bool:
        """See `Databases.is_running`."""
        return self.engines.found(name) is not None

    def watch(self, name: str, ended: Callable[[], object]) -> None:
        """See `Databases.watch`."""
        self.engines.watch(name, ended)

    async def remove(self, name: str) -> None:
        """See `Databases.remove`."""
        self.activity.forget(name)
        self._still.pop(name, None)
        await self.engines.remove(name)

    # Data

    def machine_time(self, seconds_ago: float) -> float:
        """See `Databases.machine_time`."""
        return time.time() - seconds_ago

    def has_data(self, name: str) -> bool:
        """Whether a node has been made whole."""
        return (self.engines.folder / name / "data" / "PG_VERSION").exists()

    async def create(self, node: Node) -> None:
        """Make a node's data from nothing: a copy of a template, with a system identifier of its own."""
        server = self.installed.server(node.version)
        template = await self.installed.template(server)
        home = self._swept(node.name)
        await self.engines.run(node.name, ["cp", "-a", "--reflink=auto", str(template), str(home / "new")])
        control = home / "new" / "global" / "pg_control"
        await asyncio.to_thread(_identify, control)
        await self.engines.run(node.name, [server.program("pg_resetwal"), "-f", "-D", str(home / "new")])
        (home / "new").rename(home / "data")

    async def copy(self, node: Node, source: str) -> None:
        """See `Databases.copy`."""
        home = self._swept(node.name)
        folder = self.engines.folder / source / "data"
        async with self._still.setdefault(source, asyncio.Lock()):
            # Files that somebody writes to are copied at different moments: such a copy may never start.
            await self.engines.buried(source)
            if self.is_running(source):
                raise WorldError(f"{source} runs, and so cannot be copied as it lies")
            await self.engines.run(node.name, ["cp", "-a", "--reflink=auto", str(folder), str(home / "new")])
        # Where it comes from, commits may have waited for standbys that are not its own.
        (home / "new" / "postgresql.auto.conf").write_text("")
        if node.recovery is not None:
            self._touch(home / "new" / "recovery.signal")
        (home / "new").rename(home / "data")

    async def duplicate(self, source: str, target: str) -> None:
        """See `Databases.duplicate`."""
        await self.copy(Node(target, ""), source)

    async def follow(self, node: Node) -> None:
        """Make a standby's data by copying its primary over the network that both live in, and mark it as a standby."""
        assert node.following is not None, node
        home = self._swept(node.name)
        argv = [self.installed.server(node.version).program("pg_basebackup"), "-D", str(home / "new"), "-X", "stream"]
        argv += ["-c", "fast", "--no-sync", "-d", node.following.conninfo, "-S", node.following.slot]
        await self.engines.run(node.name, argv, ns=node.ns)
        self.mark(node.name, home / "new")
        (home / "new").rename(home / "data")

    def mark(self, name: str, folder: Path | None = None) -> None:
        """Have a node be a standby when it starts next."""
        self._touch((folder or self.engines.folder / name / "data") / "standby.signal")

    async def save(self, name: str, version: str, target: str) -> None:
        """See `Databases.save`."""
        home, program = self._swept(target), self.installed.server(version).program("pg_basebackup")
        argv = [program, "-D", str(home / "new"), "-X", "fetch", "-c", "fast"]
        socket = ["-h", str(self._sockets(name)), "-p", str(self._port(name)), "-U", ADMIN]
        await self.engines.run(name, [*argv, "--no-sync", *socket])
        (home / "new").rename(home / "data")

    async def archived(self, name: str) -> None:
        """See `Databases.archived`."""
        async with self.connect(name) as connection:
            # A commit after all others, so that whoever recovers to a moment before it finds its end.
            await connection.execute("SELECT pg_current_xact_id()")
            (file,) = await one(connection, "SELECT pg_walfile_name(pg_switch_wal())")

            async def is_archived() -> bool:
                (last,) = await one(connection, "SELECT last_archived_wal FROM pg_stat_archiver")
                return bool(last) and last[8:24] >= file[8:24]

            await until(is_archived, START_SECONDS)

    async def trim(self, archive: str, oldest: str) -> None:
        """See `Databases.trim`."""
        folder = self.engines.folder
        first = await asyncio.to_thread(_first_log, folder / oldest / "data" / "backup_label")
        if first and (folder / archive).is_dir():
            await asyncio.to_thread(_trim, folder / archive, first)

    # Processes

    def configure(self, node: Node) -> bool:
        """Write what a node is told in files; whether that differs from before. `reload` has it read them."""
        home = self.engines.home(node.name)
        if node.archive:
            self.engines.home(node.archive)
        for folder in ("run", "log", certificates.FOLDER):
            if not (home / folder).is_dir():
                (home / folder).mkdir(mode=0o700)
                self.engines.give(home / folder)
        if not (home / LAG_FILE).exists():
            self._write(home / LAG_FILE, "")
        texts: dict[Path, str] = {}
        if node.names and self._authority is not None and self.abilities(node.version).has_tls:
            texts |= certificates.renewed(home, node.names, self._authority())
            node = node._replace(certificate=certificates.files(home))
        node = node._replace(parameters={**self._allowed(node.version), **node.parameters})
        texts |= {
            home / "postgresql.conf": files.settings(node, home, is_durable=self._is_durable),
            home / "pg_hba.conf": files.access(node),
            home / "pg_ident.conf": "",
        }
        changed = [path for path, text in texts.items() if self._write(path, text)]
        return bool(changed)

    def _allowed(self, version: str) -> dict[str, str]:
        """What RDS lets people load where nobody says otherwise, as far as a server knows of it."""
        found = {"shared_preload_libraries": _PRELOADED} if _PRELOADED in self.libraries(version) else {}
        # Newer minor versions decode by no library that they are not told of.
        return found | ({_PLUGINS: ", ".join(_DECODERS)} if _PLUGINS in self.parameters(version) else {})

    async def start(self, node: Node) -> None:
        """Start a node, unless it runs, and wait until it takes connections. Raises WorldError with its last words."""
        if (node.following or node.recovery) and self.engines.found(node.name) is None:
            node = files.roomy(node, await self._control(node))
        is_changed = self.configure(node)
        if self.engines.found(node.name) is None:
            home = self.engines.home(node.name)
            await self.engines.buried(node.name)
            # Its number may be somebody else's by now, or a zombie's that nobody takes.
            (home / "data" / "postmaster.pid").unlink(missing_ok=True)
            for stale in (home / "run").glob(f"{_PORT_FILE}*"):
                stale.unlink(missing_ok=True)
            program = self.installed.server(node.version).program("postgres")
            argv = [program, "-c", f"config_file={home / 'postgresql.conf'}"]
            async with self._still.setdefault(node.name, asyncio.Lock()):
                await self.engines.start(node.name, Start(argv, node.ns, farewell=signal.SIGQUIT))
        elif is_changed:
            await self.reload(node.name)
        await self._until_ready(node.name)
        if node.recovery is not None:
            await self._until_primary(node.name)

    async def _control(self, node: Node) -> str:
        """What a node's control file says, as PostgreSQL tells it; empty where there is nobody to tell."""
        argv = [self.installed.server(node.version).program("pg_controldata")]
        argv.append(str(self.engines.folder / node.name / "data"))
        with contextlib.suppress(WorldError):
            return (await self.engines.run(node.name, argv)).decode()
        return ""

    async def reload(self, name: str) -> None:
        """Have a node read its files again: settings that need no restart hold from then on."""
        running = self.engines.found(name)
        if running is None:
            return
        before = await self._read_at(name)
        with contextlib.suppress(ProcessLookupError):
            os.kill(running.pid, signal.SIGHUP)

        async def is_read() -> bool:
            return await self._read_at(name) != before

        with contextlib.suppress(TimeoutError):
            if before:
                await until(is_read, _RELOAD_SECONDS)

    async def _read_at(self, name: str) -> str:
        """When a node read its files last; empty for one that takes no connections now."""
        with contextlib.suppress(WorldError):
            ((read_at,),) = await self.rows(name, "SELECT pg_conf_load_time()::text")
            return str(read_at)
        return ""

    async def stop(self, name: str) -> None:
        """Stop a node as fast as it can without losing anything: sessions are cut off, what is committed is on disk."""
        await self.engines.stop(name, ask=signal.SIGINT, seconds=_STOP_SECONDS)
        await self.engines.buried(name)

    async def promote(self, name: str) -> None:
        """Make a standby a primary, and wait until it takes writes. Raises WorldError."""
        await self.run(name, "SELECT pg_promote(false) WHERE pg_is_in_recovery()")
        await self._until_primary(name)
        self.lags.forget(name)

    async def _until_primary(self, name: str) -> None:
        async with self.connect(name) as connection:

            async def is_primary() -> bool:
                return not (await one(connection, "SELECT pg_is_in_recovery()"))[0]

            await until(is_primary, START_SECONDS)

    async def own(self, name: str, owner: Owner) -> None:
        """See `Databases.own`."""
        from psycopg import sql

        user, database = sql.Identifier(owner.user), sql.Identifier(owner.database)
        async with self.connect(name) as connection:
            if not await all_of(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", owner.user):
                await connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE REPLICATION").format(user))
                await connection.execute(sql.SQL("GRANT rds_superuser TO {} WITH ADMIN OPTION").format(user))
                for shipped in ("postgres", "template1"):
                    await connection.execute(
                        sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(shipped), user)
                    )
                if connection.info.server_version >= _ROLES_ARE_STRICT:
                    await connection.execute(
                        sql.SQL("GRANT {} TO {} WITH ADMIN OPTION").format(sql.Identifier(files.TOKENS), user)
                    )
            password = sql.Literal(owner.password)
            await connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(user, password))
            if owner.database and not await all_of(
                connection, "SELECT 1 FROM pg_database WHERE datname = %s", owner.database
            ):
                await connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, user))

    async def run(self, name: str, *statements: str, database: str = "postgres") -> None:
        """See `Databases.run`."""
        async with self.connect(name, database) as connection:
            for statement in statements:
                await connection.execute(statement.encode())

    async def rows(
        self, name: str, statement: str, *values: Any, database: str = "postgres"
    ) -> Sequence[tuple[Any, ...]]:
        """See `Databases.rows`."""
        async with self.connect(name, database) as connection:
            return await all_of(connection, statement, *values)

    async def session(self, login: Login) -> Session:
        """See `Databases.session`."""
        return await self._clients.log_in(login)

    def socket(self, name: str) -> str:
        """See `Databases.socket`."""
        return str(self._sockets(name))

    def lag(self, name: str, low_ms: int, high_ms: int) -> None:
        """See `Databases.lag`."""
        self.lags.set(name, Lag(low_ms, high_ms))

    async def figures(self, name: str) -> Figures | None:
        """See `Databases.figures`."""
        (row,) = await self.rows(name, figures.QUERY, database=figures.DATABASE)
        numbers, delays = figures.read(row)
        used = usage.of(self._postmaster(name))
        return Figures(time.time(), numbers, delays, used, usage.cores(), usage.free_bytes())

    def observe(self, name: str, *, is_wanted: bool) -> None:
        """See `Databases.observe`."""
        (self.activity.want if is_wanted else self.activity.forget)(name)

    def seen(self, name: str) -> Seen:
        """See `Databases.seen`."""
        return self.activity.taken(name)

    def remind(self, seconds: float, call: Callable[[], object]) -> None:
        """See `Databases.remind`."""

        def fire() -> None:
            self._reminders.discard(reminder)
            call()

        reminder = asyncio.get_running_loop().call_later(seconds, fire)
        self._reminders.add(reminder)

    def _say_lag(self, name: str, text: str) -> None:
        self._write(self.engines.folder / name / LAG_FILE, text)

    def _postmaster(self, name: str) -> int:
        running = self.engines.found(name)
        return running.pid if running is not None else 0

    @contextlib.asynccontextmanager
    async def connect(self, name: str, database: str = "postgres") -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """A session as the superuser, statement by statement. Raises WorldError for what goes wrong."""
        import psycopg

        try:
            connection = await psycopg.AsyncConnection.connect(
                host=str(self._sockets(name)),
                port=self._port(name),
                user=ADMIN,
                dbname=database,
                autocommit=True,
                options=f"-c statement_timeout={_STATEMENT_SECONDS}s",
            )
            async with connection:
                yield connection
        except psycopg.Error as error:
            raise WorldError(f"{name}: {str(error).strip()}") from None

    def _sockets(self, name: str) -> Path:
        return self.engines.folder / name / "run"

    def _port(self, name: str) -> int:
        for path in self._sockets(name).glob(f"{_PORT_FILE}*"):
            if path.suffix != ".lock":
                return int(path.name.removeprefix(_PORT_FILE))
        raise WorldError(f"{name} does not listen")

    async def _until_ready(self, name: str) -> None:
        state = self.engines.folder / name / "data" / "postmaster.pid"

        async def is_ready() -> bool:
            running = self.engines.found(name)
            if running is None:
                raise WorldError(f"{name} does not start: {self._last_words(name)}")
            with contextlib.suppress(OSError):
                lines = state.read_text().splitlines()
                # The first line says whose file it is, the eighth how far it is: pg_ctl reads it too.
                return lines[:1] == [str(running.pid)] and lines[7:8] == ["ready   "]
            return False

        try:
            await until(is_ready, START_SECONDS)
        except TimeoutError:
            raise WorldError(f"{name} does not get ready: {self._last_words(name)}") from None

    def _last_words(self, name: str) -> str:
        logs = sorted((self.engines.folder / name / "log").glob("*"), key=lambda path: path.stat().st_mtime)
        text = logs[-1].read_text(errors="replace") if logs else ""
        return (self.engines.words(name) + "\n" + text)[-2000:].strip()

    # Files

    def _touch(self, path: Path) -> None:
        path.touch(mode=0o600)
        self.engines.give(path)

    def _swept(self, name: str) -> Path:
        home = self.engines.home(name)
        for half in ("new", "data"):
            shutil.rmtree(home / half, ignore_errors=True)
        return home

    def _write(self, path: Path, text: str) -> bool:
        with contextlib.suppress(OSError):
            if path.read_text() == text:
                return False
        new = path.with_name(path.name + ".new")
        new.write_text(text)
        new.chmod(0o600)
        self.engines.give(new)
        new.replace(path)
        return True


async def all_of(connection: psycopg.AsyncConnection[Any], statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows of a query; none of a statement that gives none."""
    cursor = await connection.execute(statement.encode(), values or None)
    return await cursor.fetchall() if cursor.description else []


async def one(connection: psycopg.AsyncConnection[Any], statement: str, *values: Any) -> tuple[Any, ...]:
    """The only row of a query."""
    row: tuple[Any, ...] | None = await (await connection.execute(statement.encode(), values or None)).fetchone()
    assert row is not None, statement
    return row


def _part(path: Path, start: int, bytes_max: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(bytes_max)


def _first_log(label: Path) -> str:
    """The file of the log that a backup begins with, by its label; empty for data that was not running."""
    with contextlib.suppress(OSError):
        found = re.search(r"^START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)", label.read_text(), re.MULTILINE)
        return found[1] if found else ""
    return ""


def _trim(archive: Path, first: str) -> None:
    """Delete the files of a log before one. The order within a log is that of the names without their timeline."""
    for path in archive.iterdir():
        if re.fullmatch(r"[0-9A-F]{24}(\.\d+)?", path.name) and path.name[8:24] < first[8:]:
            path.unlink(missing_ok=True)


def _identify(control: Path) -> None:
    from fogbank.planes.engines.postgresql import control_file

    control.write_bytes(control_file.identified(control.read_bytes(), secrets.randbits(63)))
