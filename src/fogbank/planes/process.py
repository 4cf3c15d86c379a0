"""Processes: the only place that starts one, knows one again, and ends one."""

from __future__ import annotations

import contextlib
import os
import pwd
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_STAT_START = 19
"""Where `starttime` stands in /proc/<pid>/stat after the process's name (proc(5), field 22)."""


_LOG_BYTES_MAX = 8 << 20


class Process(NamedTuple):
    """A process as it can be known again: a pid alone is given away anew."""

    pid: int
    started: int
    """Clock ticks after boot."""
    boot: str


def found(pid: int) -> Process | None:
    """The process that has a pid now, None if nobody has it."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    state, *rest = stat.rpartition(")")[2].split()
    return None if state == "Z" else Process(pid, int(rest[_STAT_START - 1]), boot)


def is_running(process: Process) -> bool:
    """Whether this very process, and no other under its pid, is there."""
    return found(process.pid) == process


def has_session(leader: int) -> bool:
    """Whether any process lives in the session that a process began, which may be dead itself."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session, *_ = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(session) == leader and state != "Z":
            return True
    return False


class Spawn(NamedTuple):
    """A process to be: what it runs, where its output goes, and what it may use of ours."""

    argv: Sequence[str]
    log: Path
    environ: Mapping[str, str]
    folder: Path
    keep: Sequence[int] = ()
    """File descriptors that it inherits."""


def start(spawn: Spawn) -> Process:
    """Start a process in a session of its own, so that it outlives us. Raises OSError.

    Its output goes to a file, never into a pipe that would break with us; a long one is put aside first.
    """
    if spawn.log.exists() and spawn.log.stat().st_size > _LOG_BYTES_MAX:
        spawn.log.replace(spawn.log.with_name(spawn.log.name + ".1"))
    with spawn.log.open("ab") as log:
        child = subprocess.Popen(  # noqa: S603 - the argv is ours
            list(spawn.argv),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(spawn.environ),
            cwd=spawn.folder,
            pass_fds=tuple(spawn.keep),
            start_new_session=True,
        )
    # It is not ours to wait for: whoever looks for it later does so by `found`.
    child.returncode = 0
    process = found(child.pid)
    if process is None:
        raise OSError(f"{spawn.argv[0]} ended at once; see {spawn.log}")
    return process


def child(argv: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a command, in a session of its own, whose end and output the caller waits for. Raises OSError.

    It is in the namespaces of the calling thread.
    """
    return subprocess.Popen(  # noqa: S603 - whoever may run commands decides which
        list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


def as_user(name: str, entry: Sequence[str] = ()) -> list[str]:
    """What to put before a command that is to run with a user's rights, and not as root. Raises KeyError: no such user.

    `entry` is what comes before it: whoever is not root enters a network as root of its user namespace. Otherwise he
    stays who he is. Root of a user namespace, where nobody else is, becomes the one he is outside.
    """
    if os.geteuid() and not entry:
        return []
    if os.geteuid() or _outer_user():
        # As a file, which needs nothing of ours: who runs it may not know where fogbank is.
        return [sys.executable, "-IS", str(Path(__file__).with_name("unprivileged.py"))]
    one = pwd.getpwnam(name)
    return ["setpriv", f"--reuid={one.pw_uid}", f"--regid={one.pw_gid}", "--clear-groups", "--inh-caps=-all", "--"]


def _outer_user() -> int:
    """Who root of this user namespace is outside of it; 0 for root himself."""
    return int(Path("/proc/self/uid_map").read_text().split()[1])


def reap(process: Process) -> None:
    """Let a child of ours go that has ended; nothing happens with one that is not ours."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)


def stop(process: Process, wait_seconds: float, ask: signal.Signals = signal.SIGTERM) -> bool:
    """Ask a process to end, and kill it where it does not; True if it ended when asked."""
    if not is_running(process):
        return True
    watch = os.pidfd_open(process.pid)
    try:
        signal.pidfd_send_signal(watch, ask)
        if ended(watch, wait_seconds):
            return True
        signal.pidfd_send_signal(watch, signal.SIGKILL)
        ended(watch, wait_seconds)
        return False
    except ProcessLookupError:
        return True
    finally:
        os.close(watch)


def ended(watch: int, wait_seconds: float) -> bool:
    """Whether the process behind a pidfd ends within the time."""
    # select(2) takes no file descriptor past 1,023.
    poll = select.poll()
    poll.register(watch, select.POLLIN)
    return bool(poll.poll(wait_seconds * 1000))
