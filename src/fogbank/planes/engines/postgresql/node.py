"""PostgreSQL servers made, started, copied, promoted and spoken to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg

from fogbank.aws.errors import WorldError
from fogbank.planes.engines.engine import Engines, Start, until
from fogbank.planes.engines.postgresql import control_file, files, servers
from fogbank.planes.engines.postgresql.files import ADMIN, LAG_FILE, Node
from fogbank.planes.engines.postgresql.servers import Server

START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_PORT_FILE = ".s.PGSQL."
_TEMPLATE_SQL = """\
CREATE ROLE rds_superuser;
CREATE ROLE rds_password;
CREATE ROLE rds_iam;
CREATE ROLE rds_replication;
CREATE ROLE rds_ad;
GRANT pg_monitor, pg_signal_backend, pg_read_all_data, pg_write_all_data TO rds_superuser WITH ADMIN OPTION;
GRANT rds_password, rds_replication TO rds_superuser WITH ADMIN OPTION;
CREATE ROLE rdsrepladmin LOGIN REPLICATION;
CREATE DATABASE rdsadmin;
"""
"""In the mode without a postmaster each line is a statement."""
_SYSTEM_TEMPLATES = "templates"


class Postgres:
    """The PostgreSQL servers of one cloud, by the names of their engines."""

    def __init__(self, engines: Engines, cache: Path, *, chosen: str = "", is_durable: bool = False) -> None:
        self.engines = engines
        self._cache = cache
        self._chosen = chosen
        self._is_durable = is_durable
        self._servers: list[Server] | None = None
        self._making = asyncio.Lock()

    def servers(self) -> list[Server]:
        """The installations of this machine, newest first, where the engines' user can use them."""
        if self._servers is None:
            self._servers = [self._reachable(one) for one in servers.found(self._chosen)]
        return self._servers

    def server(self, version: str) -> Server:
        """The installation of a major version. Raises WorldError."""
        for one in self.servers():
            if str(one.major) == version.partition(".")[0]:
                return one
        raise WorldError(f"PostgreSQL {version} is not on this machine: {servers.REMEDY}")

    # Data

    def has_data(self, name: str) -> bool:
        """Whether a node has been made whole."""
        return (self.engines.folder / name / "data" / "PG_VERSION").exists()

    async def create(self, node: Node) -> None:
        """Make a node's data from nothing: a copy of a template, with a system identifier of its own."""
        server = self.server(node.version)
        template = await self._template(server)
        home = self._swept(node.name)
        await self.engines.run(node.name, ["cp", "-a", "--reflink=auto", str(template), str(home / "new")])
        control = home / "new" / "global" / "pg_control"
        await asyncio.to_thread(_identify, control)
        await self.engines.run(node.name, [server.program("pg_resetwal"), "-f", "-D", str(home / "new")])
        (home / "new").rename(home / "data")

    async def copy(self, node: Node, folder: Path) -> None:
        """Make a node's data of a folder that `save` has made: it recovers when it starts."""
        home = self._swept(node.name)
        await self.engines.run(node.name, ["cp", "-a", "--reflink=auto", str(folder), str(home / "new")])
        (home / "new").rename(home / "data")

    async def follow(self, node: Node) -> None:
        """Make a standby's data by copying its primary over the network that both live in, and mark it as a standby."""
        assert node.following is not None, node
        home = self._swept(node.name)
        argv = [self.server(node.version).program("pg_basebackup"), "-D", str(home / "new"), "-X", "stream"]
        argv += ["-c", "fast", "--no-sync", "-d", node.following.conninfo, "-S", node.following.slot]
        await self.engines.run(node.name, argv, ns=node.ns)
        self.mark(node.name, home / "new")
        (home / "new").rename(home / "data")

    def mark(self, name: str, folder: Path | None = None) -> None:
        """Have a node be a standby when it starts next."""
        path = (folder or self.engines.folder / name / "data") / "standby.signal"
        path.touch(mode=0o600)
        self.engines.give(path)

    async def save(self, name: str, version: str, target: Path) -> None:
        """Copy a running node into a new folder as of now, while it goes on."""
        argv = [
            self.server(version).program("pg_basebackup"),
            "-D",
            str(target),
            "-X",
            "fetch",
            "-c",
            "fast",
            "--no-sync",
        ]
        await self.engines.run(name, [*argv, "-h", str(self._sockets(name)), "-p", str(self._port(name)), "-U", ADMIN])

    # Processes

    def configure(self, node: Node) -> bool:
        """Write what a node is told in files; whether that differs from before. `reload` has it read them."""
        home = self.engines.home(node.name)
        for folder in ("run", "log"):
            if not (home / folder).is_dir():
                (home / folder).mkdir(mode=0o700)
                self.engines.give(home / folder)
        texts = {
            "postgresql.conf": files.settings(node, home, is_durable=self._is_durable),
            "pg_hba.conf": files.access(node),
            "pg_ident.conf": "",
        }
        changed = [name for name, text in texts.items() if self._write(home / name, text)]
        return bool(changed)

    async def start(self, node: Node) -> None:
        """Start a node, unless it runs, and wait until it takes connections. Raises WorldError with its last words."""
        self.configure(node)
        if self.engines.found(node.name) is None:
            home = self.engines.home(node.name)
            for stale in (home / "run").glob(f"{_PORT_FILE}*"):
                stale.unlink(missing_ok=True)
            program = self.server(node.version).program("postgres")
            argv = [program, "-c", f"config_file={home / 'postgresql.conf'}"]
            await self.engines.start(node.name, Start(argv, node.ns, farewell=signal.SIGQUIT))
        await self._until_ready(node.name)

    async def reload(self, name: str) -> None:
        """Have a node read its files again: settings that need no restart hold from then on."""
        running = self.engines.found(name)
        if running is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(running.pid, signal.SIGHUP)

    async def stop(self, name: str) -> None:
        """Stop a node as fast as it can without losing anything: sessions are cut off, what is committed is on disk."""
        await self.engines.stop(name, ask=signal.SIGINT, seconds=_STOP_SECONDS)

    async def promote(self, name: str) -> None:
        """Make a standby a primary, and wait until it takes writes. Raises WorldError."""
        async with self.connect(name) as connection:
            await connection.execute("SELECT pg_promote(false)")

            async def is_primary() -> bool:
                return not (await one(connection, "SELECT pg_is_in_recovery()"))[0]

            await until(is_primary, START_SECONDS)

    def lag(self, name: str, milliseconds: int, startup_pid: int) -> None:
        """Have a standby apply what it has received so much later; only the process that applies reads it."""
        self._write(self.engines.folder / name / LAG_FILE, f"recovery_min_apply_delay = {milliseconds}\n")
        with contextlib.suppress(ProcessLookupError):
            os.kill(startup_pid, signal.SIGHUP)

    @contextlib.asynccontextmanager
    async def connect(self, name: str, database: str = "postgres") -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """A session as the superuser, statement by statement. Raises WorldError for what goes wrong."""
        try:
            connection = await psycopg.AsyncConnection.connect(
                host=str(self._sockets(name)), port=self._port(name), user=ADMIN, dbname=database, autocommit=True
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

    async def _template(self, server: Server) -> Path:
        """A data folder as `initdb` makes it, with RDS's roles; made once for each version, and kept."""
        shared = self._shared()
        found = shared / f"postgresql-{server.version}"
        async with self._making:
            if not (found / "PG_VERSION").exists():
                await self._make_template(server, found)
        return found

    async def _make_template(self, server: Server, target: Path) -> None:
        new = Path(tempfile.mkdtemp(dir=target.parent, prefix="new-"))
        self.engines.give(new)
        try:
            name = target.name
            argv = [server.program("initdb"), "-D", str(new / "data"), "-N", "-A", "trust", "-U", ADMIN]
            await self.engines.run(name, [*argv, "-E", "UTF8", "--locale=C.UTF-8", "--wal-segsize=4"])
            script = new / "roles.sql"
            script.write_text(_TEMPLATE_SQL)
            self.engines.give(script)
            single = '"$1" --single -D "$2" postgres < "$3"'
            words = ["sh", server.program("postgres"), str(new / "data"), str(script)]
            await self.engines.run(name, ["sh", "-c", single, *words])
            # Another cloud may have been quicker: both have made the same.
            with contextlib.suppress(OSError):
                (new / "data").rename(target)
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def _shared(self) -> Path:
        """A folder that outlives clouds, for what is the same in all."""
        folder = Path("/var/lib/fogbank") / _SYSTEM_TEMPLATES if self.engines.user else self._cache
        folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        self.engines.give(folder)
        return folder

    def _reachable(self, server: Server) -> Server:
        """The server itself, or a copy where the engines' user may not go to it (a wheel in root's home)."""
        if not self.engines.user or _lets_others(server.programs):
            return server
        home = self._shared() / f"server-{server.version}"
        if not home.exists():
            new = Path(tempfile.mkdtemp(dir=home.parent, prefix="new-"))
            new.chmod(0o755)
            # The libraries lie beside the package.
            source = server.programs.parent.parent
            shutil.copytree(source, new / source.name, symlinks=True)
            libraries = source.with_name(source.name + ".libs")
            if libraries.is_dir():
                shutil.copytree(libraries, new / libraries.name)
            try:
                new.rename(home)
            except OSError:
                shutil.rmtree(new, ignore_errors=True)
        return server._replace(programs=home / server.programs.parent.parent.name / server.programs.parent.name / "bin")


async def one(connection: psycopg.AsyncConnection[Any], statement: str, *values: Any) -> tuple[Any, ...]:
    """The only row of a query."""
    row: tuple[Any, ...] | None = await (await connection.execute(statement, values or None)).fetchone()
    assert row is not None, statement
    return row


def _identify(control: Path) -> None:
    control.write_bytes(control_file.identified(control.read_bytes(), secrets.randbits(63)))


def _lets_others(path: Path) -> bool:
    return all(one.stat().st_mode & 0o001 for one in (path, *path.parents))
