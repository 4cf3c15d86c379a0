"""What AWS says of environments that do not end well, as JSON and as lines of the log."""

from __future__ import annotations

import json
import signal
import time

_NAMES = {
    signal.SIGKILL: "killed", signal.SIGSEGV: "segmentation fault", signal.SIGABRT: "aborted",
    signal.SIGTERM: "terminated", signal.SIGBUS: "bus error", signal.SIGFPE: "floating point exception",
    signal.SIGILL: "illegal instruction", signal.SIGINT: "interrupt", signal.SIGPIPE: "broken pipe",
    signal.SIGSYS: "bad system call", signal.SIGTRAP: "trace/breakpoint trap", signal.SIGHUP: "hangup",
}  # fmt: skip
NO_ENTRY = 127
"""The exit code of an environment that finds no `bootstrap` to begin with."""


def ended(code: int) -> str:
    """How a runtime has ended: its exit code, below zero the signal."""
    if code < 0:
        return f"Runtime exited with error: signal: {_NAMES.get(signal.Signals(-code), f'signal {-code}')}"
    return f"Runtime exited with error: exit status {code}" if code else "Runtime exited without providing a reason"


def failure(request_id: str, text: str, kind: str) -> bytes:
    """An error that the platform finds, as the caller is told; before there is a request, without its id."""
    message = f"RequestId: {request_id} Error: {text}" if request_id else text
    return json.dumps({"errorType": kind, "errorMessage": message}, separators=(",", ":")).encode()


def line(request_id: str, text: str, kind: str) -> bytes:
    """The same in the log."""
    return f"{f'RequestId: {request_id} ' if request_id else ''}Error: {text}\n{kind}\n".encode()


def late(seconds: float) -> str:
    """An event that has taken too long. A limit is in whole seconds; what has been lost of it on the way counts."""
    whole = round(seconds)
    return f"Task timed out after {whole if abs(whole - seconds) < 0.5 and whole else seconds:.2f} seconds"


def late_line(request_id: str, text: str, now: float) -> bytes:
    """The same in the log ("Troubleshoot configuration issues in Lambda")."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"
    return f"{stamp} {request_id} {text}\n\n".encode()
