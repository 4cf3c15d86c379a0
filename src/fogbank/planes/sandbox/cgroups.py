"""Limits of environments by control groups, of either version, whichever the machine lets us use.

cgroups(7); Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst of the kernel.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PROCESSES_MAX = 1024
"""As AWS: "Lambda quotas"."""
MEMORY_MB_OF_A_CPU = 1769
"""So much memory comes with one whole CPU ("Configure Lambda function memory")."""
_KINDS = ("memory", "pids", "cpu", "freezer")
_MOUNTS = Path("/proc/self/mountinfo")


class Hierarchy(NamedTuple):
    """A tree of groups: the folder that ours are made in, and what it can do."""

    folder: Path
    is_second: bool
    kinds: frozenset[str]


class Group:
    """The groups of one environment, in every hierarchy."""

    def __init__(self, folders: list[tuple[Hierarchy, Path]], memory_mb: int) -> None:
        self._folders = folders
        self._memory_mb = memory_mb
        self._memory = next((found for found in folders if "memory" in found[0].kinds), None)
        freezers = [found for found in folders if "freezer" in found[0].kinds]
        self._freezer = next((found for found in freezers if found[0].is_second), next(iter(freezers), None))
        for hierarchy, folder in folders:
            for name, value in _limits(hierarchy, memory_mb):
                # A machine without swap has no file for it.
                with contextlib.suppress(OSError):
                    (folder / name).write_text(value)

    @property
    def entries(self) -> list[str]:
        """The files that a process writes 0 into to become a member."""
        return [str(folder / "cgroup.procs") for _, folder in self._folders]

    @property
    def limits_memory(self) -> bool:
        return self._memory is not None

    @property
    def freezes(self) -> bool:
        return self._freezer is not None

    def freeze(self, is_frozen: bool) -> None:
        """Have all members stand still, or go on."""
        if self._freezer is None:
            return
        hierarchy, folder = self._freezer
        name, values = ("cgroup.freeze", "01") if hierarchy.is_second else ("freezer.state", ("THAWED", "FROZEN"))
        with contextlib.suppress(OSError):
            (folder / name).write_text(values[is_frozen])

    def memory_bytes_max(self) -> int:
        """The most that members have used together; 0 where nobody counts it."""
        if self._memory is None:
            return 0
        hierarchy, folder = self._memory
        return _number(folder / ("memory.peak" if hierarchy.is_second else "memory.max_usage_in_bytes"))

    def has_run_out(self) -> bool:
        """Whether a member was killed since there was no more memory."""
        if self._memory is None:
            return False
        hierarchy, folder = self._memory
        with contextlib.suppress(OSError):
            rows = (folder / ("memory.events" if hierarchy.is_second else "memory.oom_control")).read_text().split("\n")
            return any(row.startswith("oom_kill ") and row != "oom_kill 0" for row in rows)
        return False

    def remove(self) -> bool:
        """Take the groups away; False while somebody is still in one."""
        left = []
        for hierarchy, folder in self._folders:
            try:
                folder.rmdir()
            except FileNotFoundError:
                continue
            except OSError:
                left.append((hierarchy, folder))
        self._folders = left
        return not left


class Groups:
    """The groups of one cloud, below a folder by its prefix in each hierarchy. What cannot be had is left out."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._hierarchies: list[Hierarchy] | None = None

    def usable(self) -> list[Hierarchy]:
        """The hierarchies in which this process may make groups; found out by doing it."""
        if self._hierarchies is None:
            self._hierarchies = list(self._found())
        return self._hierarchies

    def kinds(self) -> frozenset[str]:
        """What of memory, pids, cpu and freezer there is."""
        return frozenset(kind for one in self.usable() for kind in one.kinds)

    def make(self, name: str, memory_mb: int) -> Group:
        """The groups of an environment."""
        folders = []
        for hierarchy in self.usable():
            folder = hierarchy.folder / name
            with contextlib.suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
                folders.append((hierarchy, folder))
        return Group(folders, memory_mb)

    def _found(self) -> Iterator[Hierarchy]:
        taken: set[str] = set()
        for place, is_second, kinds in sorted(_hierarchies(), key=lambda one: not one[1]):
            folder = place / self._prefix
            try:
                folder.mkdir(exist_ok=True)
                there = _second_kinds(place, folder) if is_second else kinds
            except OSError:
                continue
            wanted = there - taken
            # Only one hierarchy has a controller; freezing is in both versions, and better in the second.
            taken |= wanted
            if wanted and (folder / "cgroup.procs").exists():
                yield Hierarchy(folder, is_second, frozenset(wanted))
            else:
                with contextlib.suppress(OSError):
                    folder.rmdir()

    def clear(self) -> bool:
        """Kill whoever is in a group of this cloud, and take the groups away; False while somebody is left."""
        is_clear = True
        for place, is_second, _ in _hierarchies():
            folder = place / self._prefix
            if folder.is_dir():
                is_clear = _cleared(folder, is_second) and is_clear
        self._hierarchies = None
        return is_clear


def _hierarchies() -> list[tuple[Path, bool, set[str]]]:
    """Where trees of groups are mounted: the place, whether it is version 2, what it controls."""
    found = []
    for line in _MOUNTS.read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        place = Path(before.split()[4])
        if kind == "cgroup2":
            found.append((place, True, set(_KINDS)))
        elif kind == "cgroup" and (kinds := set(options.split(",")) & set(_KINDS)):
            found.append((place, False, kinds))
    return found


def _second_kinds(place: Path, folder: Path) -> set[str]:
    for kind in ("memory", "pids", "cpu"):
        for parent in (place, folder):
            with contextlib.suppress(OSError):
                (parent / "cgroup.subtree_control").write_text(f"+{kind}")
    there = set((folder / "cgroup.subtree_control").read_text().split()) & set(_KINDS)
    return there | ({"freezer"} if (folder / "cgroup.freeze").exists() else set())


def _limits(hierarchy: Hierarchy, memory_mb: int) -> Iterator[tuple[str, str]]:
    size = str(memory_mb << 20)
    share = memory_mb / MEMORY_MB_OF_A_CPU
    if "memory" in hierarchy.kinds:
        yield from (
            (("memory.max", size), ("memory.swap.max", "0"))
            if hierarchy.is_second
            else (("memory.limit_in_bytes", size), ("memory.memsw.limit_in_bytes", size))
        )
    if "pids" in hierarchy.kinds:
        yield "pids.max", str(PROCESSES_MAX)
    if "cpu" in hierarchy.kinds:
        yield (
            ("cpu.weight", f"{max(1, round(100 * share))}")
            if hierarchy.is_second
            else (
                "cpu.shares",
                f"{max(2, round(1024 * share))}",
            )
        )


def _cleared(folder: Path, is_second: bool) -> bool:
    for group in [path for path in folder.iterdir() if path.is_dir()]:
        with contextlib.suppress(OSError):
            (group / ("cgroup.kill" if is_second else "freezer.state")).write_text("1" if is_second else "THAWED")
        with contextlib.suppress(OSError):
            for pid in (group / "cgroup.procs").read_text().split():
                os.kill(int(pid), signal.SIGKILL)
        with contextlib.suppress(OSError):
            group.rmdir()
    with contextlib.suppress(OSError):
        folder.rmdir()
    return not folder.exists()


def _number(path: Path) -> int:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0
