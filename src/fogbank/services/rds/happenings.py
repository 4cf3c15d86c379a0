"""What events are of, their categories and their numbers (RDS and Aurora User Guides, "Amazon RDS event categories and
event messages"). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple


class SourceKind(NamedTuple):
    """A kind of thing that events are of, in the words of the API, of EventBridge, and of links into the console."""

    source_type: str
    event_type: str
    detail_type: str
    link: str


_PARAMETERS = SourceKind("db-parameter-group", "DB_PARAM", "RDS DB Parameter Group Event", "parameter-groups")
SOURCES: Mapping[str, SourceKind] = {
    "cluster": SourceKind("db-cluster", "CLUSTER", "RDS DB Cluster Event", "dbclusters"),
    "cluster-pg": _PARAMETERS,
    "cluster-snapshot": SourceKind(
        "db-cluster-snapshot", "CLUSTER_SNAPSHOT", "RDS DB Cluster Snapshot Event", "db-snapshots"
    ),
    "db": SourceKind("db-instance", "DB_INSTANCE", "RDS DB Instance Event", "dbinstance"),
    "db-proxy": SourceKind("db-proxy", "DB_PROXY", "RDS DB Proxy Event", "proxies"),
    "pg": _PARAMETERS,
    "snapshot": SourceKind("db-snapshot", "SNAPSHOT", "RDS DB Snapshot Event", "db-snapshots"),
}
"""By what stands in the ARN."""
CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "db-instance": (
        "availability", "backtrack", "backup", "configuration change", "creation", "deletion", "failover", "failure",
        "low storage", "maintenance", "notification", "read replica", "recovery", "restoration", "security",
        "security patching",
    ),
    "db-parameter-group": ("configuration change",),
    "db-security-group": ("configuration change", "failure"),
    "db-snapshot": ("creation", "deletion", "notification", "restoration"),
    "db-cluster": (
        "configuration change", "creation", "deletion", "failover", "failure", "global-failover", "maintenance",
        "migration", "notification", "serverless",
    ),
    "db-cluster-snapshot": ("backup", "creation", "deletion", "notification"),
    "custom-engine-version": ("creation", "failure", "restoring"),
    "db-proxy": ("configuration change", "creation", "deletion", "failure"),
    "blue-green-deployment": ("creation", "deletion", "failure", "notification"),
}  # fmt: skip
_NUMBERS: Mapping[str, Mapping[str, int]] = {
    "db-instance": {
        "backing up db instance": 1,
        "finished db instance backup": 2,
        "db instance deleted": 3,
        "db instance shutdown": 4,
        "db instance created": 5,
        "db instance restarted": 6,
        "applying modification to database instance class": 12,
        "multi-az instance failover started": 13,
        "finished applying modification to db instance class": 14,
        "reset master credentials": 16,
        "finished applying modification to allocated storage": 17,
        "restored from db instance": 19,
        "recovery of the db instance has started": 20,
        "recovery of the db instance is complete": 21,
        "finished applying modification to convert to a multi-az": 25,
        "disabled automated backups": 28,
        "finished applying modification to convert to a standard": 29,
        "enabled automated backups": 32,
        "replication has stopped": 45,
        "replication for the read replica resumed": 46,
        "multi-az instance failover completed": 49,
        "replication streaming has been terminated": 57,
        "db instance stopped": 87,
        "db instance started": 88,
        "finished updating db parameter group": 92,
    },
    "db-cluster": {
        "reset master credentials": 16,
        "cluster failover failed": 69,
        "global switchover to db cluster * started": 181,
        "old primary db cluster * successfully shut down": 182,
        "waiting for data synchronization across global cluster members": 183,
        "new primary db cluster * was successfully promoted": 184,
        "global switchover to db cluster * finished": 185,
        "global switchover to db cluster * is cancelled": 186,
        "global failover to db cluster * started": 237,
        "global failover to db cluster * completed": 238,
        "started resynchronizing members of db cluster": 240,
        "finished resynchronizing members of db cluster": 241,
        "promoting previous primary again": 70,
        "completed failover to db instance": 71,
        "started same az failover to db instance": 72,
        "started cross az failover to db instance": 73,
        "started failover": 73,
        "db cluster stopped": 150,
        "db cluster started": 151,
        "db cluster available": 151,
        "db cluster created": 170,
        "db cluster deleted": 171,
    },
    "db-snapshot": {
        "creating manual snapshot": 40,
        "deleted user snapshot": 41,
        "manual snapshot created": 42,
        "restored from snapshot": 43,
        "started the copy of snapshot": 59,
        "finished the copy of snapshot": 60,
        "creating automated snapshot": 90,
        "automated snapshot created": 91,
    },
    "db-cluster-snapshot": {
        "creating manual cluster snapshot": 74,
        "manual cluster snapshot created": 75,
        "creating automated cluster snapshot": 168,
        "automated cluster snapshot created": 169,
        "manual snapshot created": 75,
        "automated snapshot created": 169,
    },
    "db-parameter-group": {"updated parameter": 37, "reset parameter group": 37},
}
"""Source type -> how a message begins (`*` for a name) -> its number."""


def number(source_type: str, message: str) -> str:
    """The number of an event by its message: `RDS-EVENT-0005`; empty for one that AWS does not have."""
    text = message.lower()
    for beginning, found in _NUMBERS.get(source_type, {}).items():
        if fnmatchcase(text, beginning + "*"):
            return f"RDS-EVENT-{found:04d}"
    return ""
