"""Usage: what a process and all that it has started have used of the machine so far, as /proc counts it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_TICKS_FIRST, _TICKS_AFTER = 11, 15
"""utime, stime, cutime and cstime in /proc/<pid>/stat after the process's name (proc(5), fields 14 to 17)."""
_PROC = Path("/proc")


class Usage(NamedTuple):
    """Since they began, those that have ended and were waited for included."""

    cpu_seconds: float
    read_bytes: int | None
    """What they had storage fetch; None where the kernel does not tell us."""
    written_bytes: int | None
    swap_bytes: int
    """Of those that live."""


def of(leader: int) -> Usage:
    """The usage of a process and its children. What has just ended is counted by whoever waits for it."""
    seconds, swapped = 0.0, 0
    totals: dict[str, int] | None = {"read_bytes": 0, "write_bytes": 0, "cancelled_write_bytes": 0}
    for pid in _family(leader):
        with contextlib.suppress(OSError, ValueError, IndexError):
            seconds += _cpu_seconds(pid)
            swapped += _counts(f"{pid}/status").get("VmSwap", 0) * 1024
        totals = _added(totals, pid)
    if totals is None:
        return Usage(seconds, None, None, swapped)
    # A file that goes before it is written to storage was never written there.
    written = max(0, totals["write_bytes"] - totals["cancelled_write_bytes"])
    return Usage(seconds, totals["read_bytes"], written, swapped)


def cores() -> int:
    """How many cores processes of ours may use."""
    return len(os.sched_getaffinity(0))


def free_bytes() -> int:
    """Memory that could be given to somebody without swapping (`MemAvailable`)."""
    with contextlib.suppress(OSError):
        return _counts("meminfo").get("MemAvailable", 0) * 1024
    return 0


def _family(leader: int) -> Iterator[str]:
    yield str(leader)
    with contextlib.suppress(OSError):
        yield from (_PROC / f"{leader}/task/{leader}/children").read_text().split()


def _cpu_seconds(pid: str) -> float:
    words = (_PROC / pid / "stat").read_text().rpartition(")")[2].split()
    return sum(int(word) for word in words[_TICKS_FIRST:_TICKS_AFTER]) / os.sysconf("SC_CLK_TCK")


def _added(totals: dict[str, int] | None, pid: str) -> dict[str, int] | None:
    """The totals with what a process has moved; None as soon as it is not told of one."""
    if totals is None:
        return None
    try:
        found = _counts(f"{pid}/io")
    except (FileNotFoundError, ProcessLookupError):
        return totals
    except OSError:
        return None
    return {name: total + found.get(name, 0) for name, total in totals.items()}


def _counts(path: str) -> dict[str, int]:
    """The numbers of a file of lines as `name: 12 kB`."""
    found = {}
    for line in (_PROC / path).read_text().splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isdecimal():
            found[name] = int(words[0])
    return found
