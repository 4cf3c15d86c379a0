"""Extensions: those that RDS supports are created by the master, and others by nobody."""

from __future__ import annotations

import psycopg
import pytest

from fogbank.planes.engines.postgresql import servers
from fogbank.testing.databases import Rds

VERSIONS = [one.version for one in servers.found()]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_master_creates_what_rds_supports_and_nothing_else(rds: Rds, version: str) -> None:
    endpoint = rds.instance("first", EngineVersion=version)["Endpoint"]
    there = {name for (name,) in rds.sql(endpoint, "SELECT name FROM pg_available_extensions")}
    for name in ("pg_stat_statements", "postgres_fdw", "dblink", "pgcrypto", "uuid-ossp", "vector", "pg_trgm"):
        if name in there:
            rds.sql(endpoint, f'CREATE EXTENSION "{name}"')
    assert rds.sql(endpoint, "SELECT count(*) > 0 FROM pg_stat_statements") == [(True,)], "it is preloaded"
    if "vector" in there:
        assert rds.sql(endpoint, "SELECT '[1,2]'::vector <-> '[1,3]'") == [(1.0,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rds.sql(endpoint, "CREATE EXTENSION file_fdw")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rds.sql(endpoint, "SELECT pg_read_file('/etc/hostname')")
    assert rds.sql(endpoint, "SELECT count(*) FROM pg_extension WHERE extname = 'file_fdw'") == [(0,)]


def test_what_is_created_is_on_readers_and_in_what_is_restored(rds: Rds) -> None:
    rds.cluster("c", members=2)
    rds.sql(rds.shown("c-1")["Endpoint"], "CREATE EXTENSION pg_stat_statements")
    rds.kill("c-1")
    assert rds.sql(rds.shown("c-2")["Endpoint"], "SELECT count(*) > 0 FROM pg_stat_statements") == [(True,)]
