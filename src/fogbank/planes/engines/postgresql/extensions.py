"""Which of a server's extensions people may create: those that RDS supports, though they are not superusers.

PostgreSQL lets whoever may create in a database install what an extension's control file calls trusted, and finds
control files beside the program that runs. So a server is run from a tree of its own: links to what is installed, the
program itself, and control files that trust as RDS does.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fogbank.planes.engines.postgresql.servers import Server

TRUSTED = frozenset(
    """
    amcheck autoinc bloom bool_plperl btree_gin btree_gist citext cube dblink dict_int dict_xsyn earthdistance
    fuzzystrmatch h3 h3_postgis hll hstore hstore_plperl hypopg insert_username intagg intarray ip4r isn jsonb_plperl lo
    ltree moddatetime mysql_fdw old_snapshot orafce pageinspect pg_bigm pg_buffercache pg_cron pg_freespacemap
    pg_hint_plan pg_partman pg_prewarm pg_proctab pg_repack pg_similarity pg_stat_statements pg_tle pg_trgm
    pg_visibility pg_walinspect pgaudit pgcrypto pglogical pglogical_origin pgrouting pgrowlocks pgstattuple pgtap
    plperl plprofiler pltcl plv8 postgis postgis_raster postgis_tiger_geocoder postgis_topology postgres_fdw prefix
    rdkit refint semver seg sslinfo tablefunc tcn tds_fdw test_parser tsm_system_rows tsm_system_time unaccent uuid-ossp
    vector
    """.split()
)
"""Amazon RDS User Guide, "Extension versions for Amazon RDS for PostgreSQL": those that `CREATE EXTENSION` takes."""
_GRANTS = {
    "pglogical": """
GRANT USAGE ON SCHEMA pglogical TO rds_superuser;
GRANT ALL ON ALL TABLES IN SCHEMA pglogical TO rds_superuser;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pglogical TO rds_superuser;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pglogical TO rds_superuser;
GRANT EXECUTE ON FUNCTION pg_replication_origin_session_setup(text), pg_replication_origin_session_reset(),
 pg_replication_origin_xact_setup(pg_lsn, timestamptz), pg_replication_origin_session_progress(boolean),
 pg_replication_origin_oid(text), pg_replication_origin_create(text), pg_replication_origin_drop(text),
 pg_replication_origin_advance(text, pg_lsn) TO rds_superuser;
"""
}
"""What the scripts of an extension that asks for a superuser grant to RDS's, at their end."""
_SERVER = "postgres"


class Layout(NamedTuple):
    """Where a server's parts are, all of them below one folder: a program finds the others by where it is itself."""

    top: Path
    programs: Path
    shared: Path
    libraries: Path
    beside: Path | None
    """What libraries load in turn, where a wheel brings that."""


def layout(server: Server) -> Layout | None:
    """Where the parts of a server are; None where they are not where PostgreSQL's own build puts them."""
    programs = server.programs
    home = programs.parent
    if home.parts[-3:-1] == ("lib", "postgresql"):
        top = home.parents[2]
        found = Layout(top, programs, top / "share" / "postgresql" / home.name, home / "lib", None)
    else:
        beside = home.parent.with_name(f"{home.parent.name}.libs")
        has_beside = beside.is_dir()
        top = home.parents[1] if has_beside else home
        shared, libraries = (_within(home / name) for name in ("share", "lib"))
        found = Layout(top, programs, shared, libraries, beside if has_beside else None)
    return found if (found.shared / "postgres.bki").exists() and (found.shared / "extension").is_dir() else None


def _within(folder: Path) -> Path:
    inner = folder / "postgresql"
    return inner if inner.is_dir() else folder


def edition(found: Layout) -> str:
    """What the tree of a server is known by: other extensions, or another server, make another one."""
    files = [found.programs / _SERVER, *sorted((found.shared / "extension").glob("*.control"))]
    seen = [(str(path), path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(repr((seen, sorted(TRUSTED), _GRANTS)).encode()).hexdigest()[:8]


def made(server: Server, found: Layout, target: Path, *, copies: bool) -> Server:
    """The server as it runs from a tree of its own, made where it is missing.

    With `copies` the tree has nothing that lies elsewhere: whoever runs it may not go there. Raises OSError.
    """
    if not target.exists():
        new = Path(tempfile.mkdtemp(dir=target.parent, prefix="new-"))
        new.chmod(0o755)
        try:
            _plant(found, new, _copy if copies else _link)
            new.rename(target)
        except OSError:
            # Another cloud may have been quicker: both have made the same.
            shutil.rmtree(new, ignore_errors=True)
            if not target.exists():
                raise
    return server._replace(programs=target / found.programs.relative_to(found.top))


def _plant(found: Layout, new: Path, put: Callable[[Path, Path], None]) -> None:
    programs, shared, libraries = (
        new / folder.relative_to(found.top) for folder in (found.programs, found.shared, found.libraries)
    )
    for folder in (programs, shared / "extension", libraries.parent):
        folder.mkdir(parents=True, exist_ok=True)
    for path in found.programs.iterdir():
        # Whichever file runs, its neighbours are looked for beside it: a link would lead back.
        (_copy if path.name == _SERVER else put)(path, programs / path.name)
    put(found.libraries, libraries)
    if found.beside is not None:
        put(found.beside, new / found.beside.relative_to(found.top))
    for path in found.shared.iterdir():
        if path.name != "extension":
            put(path, shared / path.name)
    for path in (found.shared / "extension").iterdir():
        if path.suffix == ".control" and path.stem in TRUSTED:
            (shared / "extension" / path.name).write_text(f"{path.read_text()}\ntrusted = true\n")
        elif grants := _granted(path.stem):
            (shared / "extension" / path.name).write_text(f"{path.read_text()}\n{grants}")
        else:
            put(path, shared / "extension" / path.name)


def _granted(script: str) -> str:
    """What a script grants beside what it makes: `pglogical--2.4.2` makes all of it, `pglogical--2.4.1--2.4.2` not."""
    name, *versions = script.split("--")
    return _GRANTS.get(name, "") if len(versions) == 1 else ""


def _link(source: Path, target: Path) -> None:
    target.symlink_to(source)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)
