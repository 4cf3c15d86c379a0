"""What a PostgreSQL server is told in files: its settings, and who may log in from where. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

ADMIN = "rdsadmin"
"""The superuser, for the cloud alone: it comes by a socket file in a folder that nobody else may open."""
REPLICATION = "rdsrepladmin"
"""Who standbys log in as."""
TOKENS = "rds_iam"
"""The role of users who log in by token."""
LAG_FILE = "lag.conf"


class Following(NamedTuple):
    """A standby's primary: where it listens, the slot that keeps what the standby has not had, and the password."""

    host: str
    """An address, or the folder of its socket file, where no password is asked."""
    port: int
    slot: str
    name: str
    """The standby's own, as `pg_stat_replication` shows it."""
    password: str = ""

    @property
    def conninfo(self) -> str:
        parts = {
            "host": self.host,
            "port": str(self.port),
            "user": REPLICATION,
            "password": self.password,
            "application_name": self.name,
        }
        return " ".join(f"{key}={value}" for key, value in parts.items() if value) + " sslmode=prefer connect_timeout=5"


class Certificate(NamedTuple):
    """Files of a certificate, its key, and whoever signed it."""

    certificate: Path
    key: Path
    authority: Path


class Logins(NamedTuple):
    """Where a server asks whether a token is good: an LDAP server that takes it as the password of a simple bind."""

    host: str
    port: int
    prefix: str
    suffix: str
    """What stands before and after the user's name in the name that is bound."""
    exempt: str = ""
    """A user who logs in by password whatever roles he has."""


class Recovery(NamedTuple):
    """How far a copy goes on from what was saved: through an archive, to a moment (0 is to its end)."""

    archive: str
    at: float = 0.0
    """Seconds since 1970, by the machine's clock."""


class Node(NamedTuple):
    """A server to be."""

    name: str
    """Of its folder."""
    version: str
    """Of its programs, by the major number: `15.18`."""
    ns: str = ""
    """The namespace that it lives in; empty for the machine's own."""
    addresses: Sequence[str] = ("127.0.0.1",)
    """What it listens on: `*` inside a namespace of its own."""
    port: int = 5432
    parameters: Mapping[str, str] = {}
    following: Following | None = None
    certificate: Certificate | None = None
    archive: str = ""
    """The name under which it keeps what it has written, for restores to a moment; empty for nowhere."""
    recovery: Recovery | None = None
    names: Sequence[str] = ()
    """What clients call it: names and addresses. It shows them a certificate of these, if its server has TLS."""
    logins: Logins | None = None
    """Who is asked about tokens; without, everybody logs in by password."""
    is_private: bool = False
    """Whether clients without TLS are refused."""


OURS: Mapping[str, str] = {
    "archive_command": "true",
    "archive_mode": "always",
    "hba_file": "",
    "hot_standby": "on",
    "hot_standby_feedback": "on",
    "log_directory": "log",
    "log_filename": "postgresql.log.%Y-%m-%d-%H",
    "log_line_prefix": "%t:%r:%u@%d:[%p]:",
    "log_rotation_age": "60",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "max_replication_slots": "20",
    "max_wal_senders": "20",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "wal_level": "replica",
    "wal_log_hints": "on",
    "wal_retrieve_retry_interval": "200ms",
}
"""What holds unless a parameter says otherwise; RDS's defaults where it documents them."""


def settings(node: Node, home: Path, *, is_durable: bool) -> str:
    """The text of `postgresql.conf`."""
    said: dict[str, str] = {**defaults(), **node.parameters}
    said |= {
        "data_directory": str(home / "data"),
        # In its own folder: what a kill leaves in /dev/shm nobody takes away once the data is gone.
        "dynamic_shared_memory_type": "mmap",
        "hba_file": str(home / "pg_hba.conf"),
        "ident_file": str(home / "pg_ident.conf"),
        "listen_addresses": ",".join(node.addresses),
        "log_directory": str(home / "log"),
        "port": str(node.port),
        "unix_socket_directories": str(home / "run"),
        "fsync": "on" if is_durable else "off",
    }
    if node.certificate is not None:
        said |= {
            "ssl": "on",
            "ssl_cert_file": str(node.certificate.certificate),
            "ssl_key_file": str(node.certificate.key),
            "ssl_ca_file": str(node.certificate.authority),
        }
    if node.archive:
        folder = home.parent / node.archive
        # Standbys archive too: what a primary had not archived when it died, whoever takes over has.
        said["archive_command"] = (
            f'test -f "{folder}/%f" || (cp %p "{folder}/%f.$$" && mv "{folder}/%f.$$" "{folder}/%f")'
        )
    if node.recovery is not None:
        said |= _recovering(node.recovery, home.parent)
    if node.following is not None:
        said |= {"primary_conninfo": node.following.conninfo, "primary_slot_name": node.following.slot}
    lines = [f"{name} = {quoted(value)}" for name, value in sorted(said.items())]
    return "\n".join([*lines, f"include {quoted(str(home / LAG_FILE))}", ""])


def _recovering(recovery: Recovery, folder: Path) -> dict[str, str]:
    found = {"restore_command": f'cp "{folder / recovery.archive}/%f" %p', "recovery_target_action": "promote"}
    if recovery.at:
        found["recovery_target_time"] = datetime.fromtimestamp(recovery.at, UTC).isoformat()
    return found


_UNTOLD = {"max_locks_per_transaction": "64", "max_prepared_transactions": "0", "max_worker_processes": "8"}
_CONTROLLED = {"max_locks_per_transaction": "max_locks_per_xact", "max_prepared_transactions": "max_prepared_xacts"}
"""What pg_controldata calls otherwise."""


def room() -> dict[str, str]:
    """The settings that a standby needs as much of as its primary, and what a server has of them that was not told.

    PostgreSQL documentation, "Hot Standby", "Administrator's Overview".
    """
    said = defaults()
    return {name: said[name] for name in ("max_connections", "max_wal_senders")} | _UNTOLD


def roomy(node: Node, control: str) -> Node:
    """A node with room for all that its data says (`pg_controldata`) its primary had: with less it would not begin."""
    said = dict(re.findall(r"^(\w+) setting: +(\d+)$", control, re.MULTILINE))
    raised = {
        name: said[shown]
        for name, least in room().items()
        if int(said.get(shown := _CONTROLLED.get(name, name), "0")) > int(node.parameters.get(name, least))
    }
    return node._replace(parameters={**node.parameters, **raised}) if raised else node


def defaults() -> dict[str, str]:
    """What holds unless a parameter says otherwise."""
    return {**OURS, **_small()}


def _small() -> dict[str, str]:
    """What many servers on one machine can afford, where the instance class would give more."""
    return {"shared_buffers": "32MB", "max_connections": "200", "max_wal_size": "256MB", "min_wal_size": "16MB"}


def access(node: Node) -> str:
    """The text of `pg_hba.conf`: the admin by the socket file, standbys by password, then everybody.

    Whoever has the role `rds_iam` comes by a token alone, and never without TLS.
    """
    kind = "hostssl" if node.is_private else "host"
    lines = [
        f"local all {ADMIN} trust",
        f"local replication {ADMIN},{REPLICATION} trust",
        *_by_token(node, "local"),
        "local all all scram-sha-256",
        f"host replication {REPLICATION} all scram-sha-256",
        f"host all {ADMIN},{REPLICATION} all reject",
        *_by_token(node, "host"),
        f"{kind} all all all scram-sha-256",
    ]
    return "\n".join([*lines, ""])


def _by_token(node: Node, kind: str) -> list[str]:
    """The lines for whoever logs in by token, by the socket file (which proxies come by) or over the network."""
    logins = node.logins
    if logins is None:
        return []
    ask = f'ldap ldapserver={logins.host} ldapport={logins.port} ldapprefix="{logins.prefix}"'
    ask += f' ldapsuffix="{logins.suffix}"'
    is_local = kind == "local"
    exempt = f'{"hostssl" if node.is_private and not is_local else kind} all "{logins.exempt}"'
    lines = [f"local all +{TOKENS} {ask}"] if is_local else [f"hostssl all +{TOKENS} all {ask}"]
    if not is_local:
        lines.append(f"hostnossl all +{TOKENS} all reject")
    if logins.exempt:
        lines.insert(0, f"{exempt} scram-sha-256" if is_local else f"{exempt} all scram-sha-256")
    return lines


def quoted(value: str) -> str:
    """A value as it stands in a file of settings."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
