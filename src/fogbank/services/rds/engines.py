"""Engines, versions and instance classes: what can be asked for, and what this machine has of it."""

from __future__ import annotations

from collections.abc import Sequence

from fogbank.aws.errors import AwsError

POSTGRES, AURORA = "postgres", "aurora-postgresql"
ENGINES = (POSTGRES, AURORA)
REMEDY = "apt-get install postgresql, or pip install 'fogbank[postgresql]'"
_ELSEWHERE = (
    "aurora-mysql", "custom-oracle-ee", "custom-oracle-ee-cdb", "custom-oracle-se2", "custom-oracle-se2-cdb",
    "custom-sqlserver-ee", "custom-sqlserver-se", "custom-sqlserver-web", "db2-ae", "db2-se", "mariadb", "mysql",
    "oracle-ee", "oracle-ee-cdb", "oracle-se2", "oracle-se2-cdb", "sqlserver-ee", "sqlserver-ex", "sqlserver-se",
    "sqlserver-web",
)  # fmt: skip


def checked_engine(engine: str) -> str:
    """An engine that fogbank runs. Raises NotImplemented for one that only AWS does, InvalidParameterValue for none."""
    if engine in ENGINES:
        return engine
    if engine in _ELSEWHERE:
        text = f"fogbank runs no {engine}: of RDS's engines it has PostgreSQL, as postgres and aurora-postgresql"
        raise AwsError("NotImplemented", text, status=501)
    raise AwsError("InvalidParameterValue", f"Invalid DB engine: {engine}")


def chosen_version(engine: str, wanted: str, found: Sequence[str]) -> str:
    """The version that runs for one that was asked for: a major stands for its newest minor, nothing for the newest.

    `found` are the machine's, newest first. Raises InvalidParameterCombination as RDS does for a version that it does
    not have, saying what the machine has.
    """
    if not found:
        raise AwsError("InvalidParameterCombination", f"This machine has no PostgreSQL: {REMEDY}")
    for version in found:
        if not wanted or wanted in (version, version.partition(".")[0]):
            return version
    has = ", ".join(found)
    text = f"Cannot find version {wanted} for {engine} (this machine has {has}; for others: {REMEDY})"
    raise AwsError("InvalidParameterCombination", text)


def family(engine: str, version: str) -> str:
    """The parameter group family of a version: `postgres15`."""
    return f"{engine}{version.partition('.')[0]}"
