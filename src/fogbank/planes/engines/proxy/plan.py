"""What a process of proxies is told in a file, and what it says of it in another."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from fogbank.planes.engines.proxies import Front

PLAN_FILE = "plan.json"
REPORT_FILE = "report.json"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one process serves."""

    serial: int = 0
    """Another one has the process try again what it could not do."""
    owners: Mapping[str, tuple[Front, ...]]
    namespaces: Mapping[str, str] = {}
    """The file that stands for each namespace."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How far a process is: the plan in force, by its digest, and which fronts of it are not served, and why."""

    pid: int
    digest: str
    errors: Mapping[str, str] = {}
    """By `address:port`, with the namespace and a blank before it where it is in one."""


def digest(data: bytes) -> str:
    """What a plan is known by."""
    return hashlib.sha256(data).hexdigest()


def read(path: Path) -> tuple[Plan, str]:
    """A plan and its digest. Raises OSError, msgspec.MsgspecError."""
    data = path.read_bytes()
    return msgspec.json.decode(data, type=Plan), digest(data)


def title(front: Front) -> str:
    """How a report calls a front."""
    return f"{front.ns} {front.address}:{front.port}".strip()


def replace(path: Path, data: bytes) -> None:
    """Write a file that nobody else may read, and that nobody sees half."""
    new = path.with_name(path.name + ".new")
    new.touch(mode=0o600)
    new.write_bytes(data)
    new.replace(path)
