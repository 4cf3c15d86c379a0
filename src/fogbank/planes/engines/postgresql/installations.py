"""PostgreSQL as this machine has it: the servers that there are, what each can do, and what new data is copied from."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import shutil
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from fogbank.aws.errors import WorldError
from fogbank.planes.engines.engine import Engines
from fogbank.planes.engines.postgresql import extensions, servers
from fogbank.planes.engines.postgresql.files import ADMIN
from fogbank.planes.engines.postgresql.plane import Abilities, Parameter
from fogbank.planes.engines.postgresql.servers import Server

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
_SQL_SINCE = {
    15: "GRANT SET ON PARAMETER session_replication_role TO rds_superuser;\n",
    16: "GRANT pg_create_subscription TO rds_superuser WITH ADMIN OPTION;\n",
}
_SYSTEM_TEMPLATES = "templates"
_TEMPLATE_EDITION = hashlib.sha256(repr((_TEMPLATE_SQL, _SQL_SINCE)).encode()).hexdigest()[:6]
"""Templates of another content are other ones."""


class Installations:
    """The installations of one machine, as far as the user that engines run as can use them."""

    def __init__(self, engines: Engines, cache: Path, chosen: str) -> None:
        self._engines = engines
        self._cache = cache
        self._chosen = chosen
        self._servers: list[Server] | None = None
        self._libraries: dict[str, frozenset[str]] = {}
        self._parameters: dict[str, Mapping[str, Parameter]] = {}
        self._looking = threading.Lock()
        self._making = asyncio.Lock()

    def look(self) -> None:
        """Find out what operations ask for, before they ask: it takes each server some ten milliseconds."""
        for one in self.servers():
            self.parameters(one.version)

    def servers(self) -> list[Server]:
        """The installations of this machine, newest first, where the engines' user can use them."""
        with self._looking:
            if self._servers is None:
                self._servers = [self._own(one) for one in servers.found(self._chosen)]
            return self._servers

    def server(self, version: str) -> Server:
        """The installation of a major version. Raises WorldError."""
        for one in self.servers():
            if str(one.major) == version.partition(".")[0]:
                return one
        raise WorldError(f"PostgreSQL {version} is not on this machine: {servers.REMEDY}")

    def parameters(self, version: str) -> Mapping[str, Parameter]:
        """See `Databases.parameters`. Runs the server once for each version: some milliseconds."""
        server = self.server(version)
        with self._looking:
            if server.version not in self._parameters:
                self._parameters[server.version] = servers.parameters(server)
            return self._parameters[server.version]

    def libraries(self, version: str) -> frozenset[str]:
        """See `Databases.libraries`."""
        server = self.server(version)
        if server.version not in self._libraries:
            folder = server.programs.parent / "lib"
            self._libraries[server.version] = frozenset(path.stem for path in folder.glob("*.so"))
        return self._libraries[server.version]

    def abilities(self, version: str) -> Abilities:
        """See `Databases.abilities`."""
        with contextlib.suppress(WorldError):
            server = self.server(version)
            return Abilities(server.has_tls, server.has_ldap)
        return Abilities()

    async def template(self, server: Server) -> Path:
        """A data folder as `initdb` makes it, with RDS's roles; made once for each version, and kept."""
        shared = self._shared()
        found = shared / f"postgresql-{server.version}-{_TEMPLATE_EDITION}"
        async with self._making:
            if not (found / "PG_VERSION").exists():
                await self._make_template(server, found)
        return found

    async def _make_template(self, server: Server, target: Path) -> None:
        new = Path(tempfile.mkdtemp(dir=target.parent, prefix="new-"))
        self._engines.give(new)
        try:
            name = target.name
            argv = [server.program("initdb"), "-D", str(new / "data"), "-N", "-A", "trust", "-U", ADMIN]
            await self._engines.run(name, [*argv, "-E", "UTF8", "--locale=C.UTF-8", "--wal-segsize=4"])
            script = new / "roles.sql"
            since = (text for major, text in _SQL_SINCE.items() if server.major >= major)
            script.write_text("".join([_TEMPLATE_SQL, *since]))
            self._engines.give(script)
            single = '"$1" --single -D "$2" postgres < "$3"'
            words = ["sh", server.program("postgres"), str(new / "data"), str(script)]
            await self._engines.run(name, ["sh", "-c", single, *words])
            # Another cloud may have been quicker: both have made the same.
            with contextlib.suppress(OSError):
                (new / "data").rename(target)
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def _shared(self) -> Path:
        """A folder that outlives clouds, for what is the same in all."""
        folder = Path("/var/lib/fogbank") / _SYSTEM_TEMPLATES if self._engines.user else self._cache
        folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        self._engines.give(folder)
        return folder

    def _own(self, server: Server) -> Server:
        """The server as people may use it: with the extensions that RDS lets them create, wherever it lies."""
        found = extensions.layout(server)
        if found is None:
            return server
        target = self._shared() / f"server-{server.version}-{extensions.edition(found)}"
        return extensions.made(
            server, found, target, copies=bool(self._engines.user) and not _lets_others(found.programs)
        )


def _lets_others(path: Path) -> bool:
    return all(one.stat().st_mode & 0o001 for one in (path, *path.parents))
