"""Parameters: which an engine has, what each may be, when a change takes effect, and what a server is told. Pure."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.planes.engines.postgresql.files import defaults
from fogbank.planes.engines.postgresql.plane import Parameter
from fogbank.services.rds import classes, formulas
from fogbank.services.rds.choices import CHOICES
from fogbank.services.rds.engines import AURORA

STATIC, DYNAMIC = "static", "dynamic"
IMMEDIATE, AT_REBOOT = "immediate", "pending-reboot"
MEMORY_BYTES_MAX = 1 << 30
"""What formulas take for the memory of a class at most: many servers share one machine."""
LIBRARIES = (
    "auto_explain", "pg_cron", "pg_hint_plan", "pg_prewarm", "pg_stat_statements", "pg_tle", "pgaudit", "pglogical",
)  # fmt: skip
"""What RDS lets be preloaded, and what a machine may have."""
_LISTS = ("session_preload_libraries", "shared_preload_libraries")
_TYPES = {"BOOLEAN": "boolean", "INTEGER": "integer", "REAL": "float", "STRING": "string", "ENUM": "string"}
_OURS = re.compile(
    r"(archive|bonjour|debug|krb|primary|recovery|ssl|syslog|trace|unix_socket|zero_damaged)_.*"
    r"|ssl|bonjour|fsync|full_page_writes|port|.*_(command|library|libraries|file|directory|directories)"
    r"|(dynamic_library|extension_control)_path"
    r"|allow_(alter_system|in_place_tablespaces|system_table_mods)|cluster_name|data_sync_retry|dynamic_shared_memory_type"
    r"|event_source|hot_standby|huge_pages|ignore_.*|jit_provider|listen_addresses|log_(timezone|file_mode)"
    r"|logging_collector|restrict_nonsystem_relation_kind|shared_memory_type|synchronized_standby_slots"
    r"|synchronous_standby_names|wal_(level|log_hints|sync_method|consistency_checking)"
)
"""What fogbank sets by itself, as RDS does, or what would let a client reach the machine."""
_TRUE = ("on", "true", "yes")
FORCE_TLS = "rds.force_ssl"
_POSTGRES_FORCES, _AURORA_FORCES = 15, 17
"""The major versions since which RDS and Aurora ask for TLS."""
_TLS_LEAST = "TLSv1.2"
"""What a server takes at least unless it is told."""
_VERSIONS_OF_TLS = ("ssl_min_protocol_version", "ssl_max_protocol_version")


class Setting(NamedTuple):
    """A parameter, as RDS shows it."""

    name: str
    description: str
    apply_type: str
    data_type: str
    allowed: str
    """`64-2147483647`, `0,1`, `none,ddl,mod,all`; empty for anything."""
    is_modifiable: bool = True
    value: str = ""
    """What RDS gives it; empty where it leaves that to the engine."""


_RDS = (
    Setting("rds.logical_replication", "Enables logical decoding.", STATIC, "boolean", "0,1", True, "0"),
    Setting(
        "rds.log_retention_period",
        "Amount of time, in minutes, that log files are kept.",
        DYNAMIC,
        "integer",
        "1440-10080",
        True,
        "4320",
    ),
    Setting("rds.restrict_password_commands", "Restricts who changes passwords.", STATIC, "boolean", "0,1", False, "0"),
    Setting("pg_stat_statements.max", "Sets how many statements are tracked.", STATIC, "integer", "100-2147483647"),
    Setting("pg_stat_statements.save", "Saves statistics across shutdowns.", DYNAMIC, "boolean", "0,1"),
    Setting("pg_stat_statements.track", "Selects which statements are tracked.", DYNAMIC, "string", "none,top,all"),
    Setting("pg_stat_statements.track_utility", "Tracks utility commands too.", DYNAMIC, "boolean", "0,1"),
    Setting("pglogical.conflict_log_level", "How conflicts are logged.", DYNAMIC, "string", "debug,info,log,warning"),
    Setting(
        "pglogical.conflict_resolution",
        "Sets which of two changes stays.",
        DYNAMIC,
        "string",
        "error,apply_remote,keep_local,last_update_wins,first_update_wins",
    ),
    Setting("auto_explain.log_analyze", "Logs EXPLAIN ANALYZE output.", DYNAMIC, "boolean", "0,1"),
    Setting("auto_explain.log_buffers", "Logs buffer usage.", DYNAMIC, "boolean", "0,1"),
    Setting("auto_explain.log_format", "EXPLAIN format to be used.", DYNAMIC, "string", "text,xml,json,yaml"),
    Setting("auto_explain.log_min_duration", "Sets when plans are logged.", DYNAMIC, "integer", "-1-2147483647"),
    Setting("auto_explain.log_nested_statements", "Logs nested statements.", DYNAMIC, "boolean", "0,1"),
)
_AURORAS = (
    Setting(
        "apg_write_forward.consistency_mode",
        "Consistency of reads when writes are forwarded.",
        DYNAMIC,
        "string",
        "SESSION,EVENTUAL,GLOBAL,OFF",
        True,
        "SESSION",
    ),
    Setting("apg_write_forward.connect_timeout", "How long to wait for one.", DYNAMIC, "integer", "0-2147483647"),
    Setting(
        "apg_write_forward.idle_in_transaction_session_timeout",
        "How long a forwarded transaction may be idle.",
        DYNAMIC,
        "integer",
        "0-2147483647",
    ),
    Setting(
        "apg_write_forward.idle_session_timeout",
        "How long a forwarded session may be idle.",
        DYNAMIC,
        "integer",
        "0-2147483647",
    ),
    Setting(
        "apg_write_forward.max_forwarding_connections_percent",
        "The share of the writer's connections that forwarding may take.",
        STATIC,
        "integer",
        "1-100",
        True,
        "25",
    ),
)
_CLUSTERS_ALONE = frozenset(
    {one.name for one in _AURORAS}
    | {
        FORCE_TLS,
        *_VERSIONS_OF_TLS,
        "rds.logical_replication",
        "rds.restrict_password_commands",
        "max_replication_slots",
    }
    | {"max_wal_senders", "password_encryption", "timezone", "wal_sender_timeout", "wal_receiver_timeout"}
)
"""What an Aurora cluster's group has and its instances' groups have not (Aurora User Guide, "Aurora PostgreSQL
parameters")."""


class Catalog(NamedTuple):
    """Which parameters a group may have: those of a server, and RDS's own."""

    known: Mapping[str, Parameter]
    libraries: tuple[str, ...] = ()
    """What can be preloaded on this machine."""
    is_aurora: bool = False
    is_cluster: bool = False
    has_tls: bool = False
    """Whether the server has TLS."""
    major: int = 0

    def settings(self) -> dict[str, Setting]:
        """Every parameter, in order of name."""
        given = defaults()
        # RDS writes all names in small letters, and PostgreSQL does not mind.
        known = {name.lower(): one for name, one in self.known.items()}
        found = {name: _setting(name, one, given.get(name, ""), self.libraries) for name, one in known.items()}
        for name in _VERSIONS_OF_TLS if self.has_tls else ():
            if name in found:
                found[name] = found[name]._replace(is_modifiable=True)
        found |= {one.name: one for one in (self._force(), *_RDS, *(_AURORAS if self.is_aurora else ()))}
        if self.is_aurora and not self.is_cluster:
            found = {name: one for name, one in found.items() if name not in _CLUSTERS_ALONE}
        return {name: found[name] for name in sorted(found)}

    def _force(self) -> Setting:
        """A server without TLS cannot ask for it."""
        value = forces_tls(self.major, is_aurora=self.is_aurora, has_tls=self.has_tls)
        allowed = "0,1" if self.has_tls else "0"
        return Setting(FORCE_TLS, "Force SSL connections.", DYNAMIC, "boolean", allowed, True, value)


def is_aurora(family: str) -> bool:
    return family.startswith(AURORA)


def _setting(name: str, known: Parameter, given: str, libraries: Iterable[str]) -> Setting:
    allowed = ""
    match known.type:
        case "BOOLEAN":
            allowed = "0,1"
            given = given and ("1" if given in _TRUE else "0")
        case "INTEGER" | "REAL":
            allowed = f"{known.low}-{known.high}"
            # A size is given in the unit of the parameter, which RDS shows.
            given = given if given.lstrip("-").isdigit() else ""
        case "ENUM" | "STRING":
            allowed = ",".join(CHOICES.get(name, ()))
    if name in _LISTS:
        allowed = ",".join(libraries)
    is_ours = _OURS.fullmatch(name) is not None and name not in _LISTS
    data_type = "list" if name in _LISTS else _TYPES.get(known.type, "string")
    apply_type = STATIC if known.context == "postmaster" else DYNAMIC
    value = given if "/" not in given and given != "true" else ""
    return Setting(name, known.description, apply_type, data_type, allowed, not is_ours, value)


# Changes


def checked(settings: Mapping[str, Setting], name: str, value: str | None, method: str | None) -> Setting:
    """The parameter that a change is of. Raises InvalidParameterValue and InvalidParameterCombination as RDS does."""
    setting = settings.get(name)
    if setting is None:
        raise AwsError("InvalidParameterValue", f"Could not find parameter with name: {name}")
    if not setting.is_modifiable:
        raise AwsError("InvalidParameterValue", f"The parameter {name} cannot be modified.")
    if method not in (IMMEDIATE, AT_REBOOT):
        text = f"The parameter ApplyMethod must be {IMMEDIATE} or {AT_REBOOT}, for {name}."
        raise AwsError("InvalidParameterValue", text)
    if method == IMMEDIATE and setting.apply_type == STATIC:
        raise AwsError("InvalidParameterCombination", "cannot use immediate apply method for static parameter")
    if value is not None and not _is_allowed(setting, value):
        text = f"Invalid parameter value: {value} for: {name} allowed values are: {setting.allowed}"
        raise AwsError("InvalidParameterValue", text)
    return setting


def _is_allowed(setting: Setting, value: str) -> bool:
    if not value.isprintable():
        return False
    match setting.data_type:
        case "integer" | "float":
            if formulas.is_one(value):
                return _is_formula(value)
            return _is_within(setting, value)
        case "boolean":
            return value in setting.allowed.split(",")
        case "list":
            return {one.strip() for one in value.split(",") if one.strip()} <= set(setting.allowed.split(","))
    if setting.name == "timezone":
        return value in zoneinfo.available_timezones()
    return not setting.allowed or value in setting.allowed.split(",")


def _is_within(setting: Setting, value: str) -> bool:
    low, high = _limits(setting.allowed)
    try:
        number = int(value) if setting.data_type == "integer" else float(value)
    except ValueError:
        return False
    return low <= number <= high


def _limits(allowed: str) -> tuple[float, float]:
    matched = re.fullmatch(r"(-?[^-]+(?:e-\d+)?)-(-?.+)", allowed)
    assert matched is not None, allowed
    return float(matched[1]), float(matched[2])


def _is_formula(text: str) -> bool:
    try:
        formulas.value(text, dict.fromkeys(formulas.VARIABLES, 1 << 30))
    except ValueError:
        return False
    return True


def held(
    now: Mapping[str, str | None], before: Mapping[str, str], after: Mapping[str, str], waits: Iterable[str]
) -> dict[str, str | None]:
    """What a running server keeps until it is restarted, once its groups say `after` where they said `before`.

    None is a parameter that the server has not been told. `waits` are those that only a restart changes.
    """
    waiting, found = set(waits), dict(now)
    for name in sorted({*before, *after}):
        if before.get(name) == after.get(name):
            continue
        if name in waiting:
            found.setdefault(name, before.get(name))
        else:
            found.pop(name, None)
        if name in found and found[name] == after.get(name):
            del found[name]
    return found


# What a server is told


def in_force(wanted: Mapping[str, str], kept: Mapping[str, str | None]) -> dict[str, str]:
    """The parameters that hold now: as wanted, but for those that wait for a restart."""
    found: dict[str, str | None] = {**wanted, **kept}
    return {name: value for name, value in found.items() if value is not None}


def told(values: Mapping[str, str], instance_class: str) -> dict[str, str]:
    """What PostgreSQL is told: formulas as the numbers that they come to, RDS's own parameters as what they mean."""
    known = {name: value for name, value in values.items() if not name.startswith("rds.")}
    found = {name: _computed(value, instance_class) for name, value in known.items()}
    if values.get("rds.logical_replication") == "1":
        found["wal_level"] = "logical"
    least, most = (found.get(name, "") for name in _VERSIONS_OF_TLS)
    if most and most < (least or _TLS_LEAST):
        # With no version in between a server would not start.
        found |= dict.fromkeys(_VERSIONS_OF_TLS, most)
    return found


def _computed(value: str, instance_class: str) -> str:
    if not formulas.is_one(value):
        return value
    sized = classes.one(instance_class)
    variables = {
        "AllocatedStorage": 20.0 * classes.GIB,
        "DBInstanceClassMemory": min(sized.memory_bytes, MEMORY_BYTES_MAX),
        "DBInstanceVCPU": sized.processors,
        "EndPointPort": 5432,
        "TrueIfReplica": 0,
    }
    try:
        return str(formulas.value(value, variables))
    except ValueError:
        return value


def forces_tls(major: int, *, is_aurora: bool, has_tls: bool) -> str:
    """What `rds.force_ssl` is unless it is set: `1` for versions since which RDS asks for TLS, where there is TLS.

    RDS User Guide, "Requiring an SSL connection to a PostgreSQL DB instance"; Aurora User Guide, "Securing Aurora
    PostgreSQL data with SSL/TLS".
    """
    return "1" if has_tls and major >= (_AURORA_FORCES if is_aurora else _POSTGRES_FORCES) else "0"
