"""What an instance has on this machine, found from outside: counted before and after, to see that nothing is left."""

from __future__ import annotations

import contextlib
from pathlib import Path

from fogbank.planes.net.namespaces import FOLDER


def traces(prefix: str, mark: str) -> list[str]:
    """Processes, namespaces and mounts of an instance, a line each.

    `prefix` is that of `namespaces.prefix_of`; `mark` is a word that the instance was started with in its environment,
    which all that it starts inherits.
    """
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    files = FOLDER.iterdir() if FOLDER.exists() else ()
    return [
        *(f"process {pid}: {command}" for pid, command in processes(mark).items()),
        *(f"mount {line}" for line in mounts if f"/{prefix}-" in line),
        *(f"namespace {path.name}" for path in files if path.name.startswith(f"{prefix}-")),
    ]


def processes(mark: str) -> dict[int, str]:
    """The command of each process, by its number, that has a word in its environment; not those of other users."""
    found: dict[int, str] = {}
    for path in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if path.name.isdigit() and mark.encode() in (path / "environ").read_bytes():
                found[int(path.name)] = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return found
