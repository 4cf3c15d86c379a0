"""A warm process of one runtime with a single thread: each time it is asked it forks an environment.

It runs as a file under the interpreter of the functions (from Python 3.9). What is secret of an environment it never
sees: the child reads that from its own socket. It ends when its cloud lets go of it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
from fogbank.planes.sandbox import bootstrap, confine

READY, FAILED = b"ready", b"failed "
_WARM = (
    "json", "http.client", "logging", "logging.handlers", "encodings.idna", "encodings.utf_8", "encodings.ascii",
    "encodings.latin_1", "stringprep", "unicodedata", "traceback", "decimal", "datetime", "time", "random", "uuid",
    "base64", "hashlib", "hmac", "urllib.request", "urllib.parse", "ssl", "re", "zlib", "gzip", "threading", "queue",
    "concurrent.futures.thread", "functools", "itertools", "dataclasses", "enum", "typing", "tempfile", "shutil",
    "subprocess", "asyncio", "csv", "string", "math", "statistics", "email.message", "email.parser", "configparser",
    "inspect", "ast", "socket", "select", "selectors", "importlib.util", "copy", "io", "zoneinfo", "signal",
)  # fmt: skip
_SDK = (
    "six", "dateutil.parser", "dateutil.tz", "urllib3", "jmespath", "botocore.session", "botocore.client",
    "botocore.auth", "botocore.handlers", "botocore.endpoint", "botocore.httpsession", "botocore.credentials",
    "boto3", "boto3.session", "s3transfer",
)  # fmt: skip
_REHEARSAL = ""
"""What comes after the last of them."""
_QUIET_MS = 50
"""How long nobody must have asked before the next module is imported."""


def main(argv: list[str]) -> None:
    """`zygote.py SOURCES FD PLAN`: say over the socket FD that it is ready, then fork until the other end is closed."""
    control = socket.socket(fileno=int(argv[2]))
    plan = json.loads(argv[3])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    del sys.path[0]
    confine.named("fogbank-zygote")
    try:
        plan["alone"] = _settled(plan)
        warm(plan)
    except OSError as error:
        control.sendall(FAILED + str(error).encode())
        return
    control.sendall(READY + b" %d.%d" % sys.version_info[:2])
    serve(control, plan)


def _settled(plan: Mapping[str, Any]) -> bool:
    """Make what all environments share; whether there is nobody else here to become. Raises OSError."""
    if not plan["isolated"]:
        return False
    if plan["own_user"]:
        confine.own_user()
    if confine.is_alone():
        _go_within()
    confine.prepare(plan)
    if plan["trial"]:
        _trial(plan)
    return confine.is_alone()


def _go_within() -> None:
    """Go on as a child in a process namespace of our own: without rights over the machine's nobody comes back to that,
    and each environment begins with leaving. Raises OSError.
    """
    confine.unshare(confine.NEW_PID, "a process namespace")
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        os._exit(0)
    confine.die_with_parent(signal.SIGKILL)


def _trial(plan: Mapping[str, Any]) -> None:
    """Make an environment that is nobody's. Raises OSError with what does not work."""
    nothing = {"net": "", "storage_mb": 1, "code": plan["root"] + "/var/task", "layers": [], "uid": 65534}
    wish = {**nothing, "resolver": "", "isolated": True, "data_bytes": 0}
    ours, theirs = os.pipe()
    confine.unshare(confine.NEW_PID, "a process namespace")
    child = os.fork()
    if not child:
        words = ""
        try:
            confine.enter(plan, wish)
            confine.drop(wish, confine.is_alone())
        except OSError as error:
            words = str(error)
        os.write(theirs, words.encode())
        os._exit(0)
    os.close(theirs)
    words = os.read(ours, 4096).decode()
    os.waitpid(child, 0)
    if words:
        raise OSError(words)


def warm(plan: Mapping[str, Any]) -> None:
    """Import what functions usually import, and keep it out of the way of the garbage collector."""
    if plan["python"]:
        sys.path[:] = [*sys.path, *plan["sdk"]]
        for name in _WARM:
            _imported(name)
    gc.collect()
    gc.freeze()
    gc.disable()


def _imported(name: str) -> None:
    # A package may be too new for this interpreter, or lack a part: then functions import it themselves, or fail.
    with contextlib.suppress(Exception):
        importlib.import_module(name)


def _learnt(name: str) -> None:
    if name == _REHEARSAL:
        _rehearsed()
    else:
        _imported(name)
    gc.collect()
    gc.freeze()


def _rehearsed() -> None:
    """Make a client that nobody uses: much of the SDK is imported only then."""
    with contextlib.suppress(Exception):
        session = importlib.import_module("boto3.session").Session(
            aws_access_key_id="none", aws_secret_access_key="none", region_name="us-east-1"
        )
        session.client("sts")


def serve(control: socket.socket, plan: Mapping[str, Any]) -> None:
    """Fork for each message; between them import what takes long, one thing at a time."""
    home = os.open("/proc/self/ns/pid", os.O_RDONLY) if plan["isolated"] else -1
    later = [*_SDK, _REHEARSAL] if plan["python"] and plan["sdk"] else []
    children = 0
    poll = select.poll()
    poll.register(control, select.POLLIN)
    while True:
        if not poll.poll(_QUIET_MS if later else 1000 if children else None):
            if later:
                _learnt(later.pop(0))
            children -= _buried()
            continue
        data, descriptors, _, _ = socket.recv_fds(control, 16, 4)
        if not data:
            return
        forked(control, plan, descriptors, home)
        children += 1


def _buried() -> int:
    return len(_ended())


def forked(control: socket.socket, plan: Mapping[str, Any], descriptors: list[int], home: int) -> None:
    """Fork an environment, whose own socket and output are given, and send a descriptor of it to its socket."""
    end = socket.socket(fileno=descriptors[0])
    try:
        if plan["isolated"]:
            confine.unshare(confine.NEW_PID, "a process namespace")
        child = os.fork()
        if not child:
            control.close()
            with contextlib.suppress(OSError):
                os.close(home)
            _first(plan, end, descriptors[1])
        if plan["isolated"]:
            confine.join(home, confine.NEW_PID, "the way back")
        watch = os.pidfd_open(child)
        socket.send_fds(end, [b"P\n"], [watch])
        os.close(watch)
    except OSError as error:
        with contextlib.suppress(OSError):
            end.sendall(b"F" + str(error).encode() + b"\n")
    finally:
        end.close()
        os.close(descriptors[1])


def _first(plan: Mapping[str, Any], end: socket.socket, output: int) -> None:
    """The first process of an environment: it makes the rest, waits for the function, and takes everything with it."""
    try:
        confine.die_with_parent(signal.SIGKILL if plan["isolated"] else signal.SIGTERM)
        wish = _told(end)
        wish["isolated"] = plan["isolated"]
        nothing = os.open("/dev/null", os.O_RDWR)
        for place, descriptor in enumerate((nothing, output, output)):
            os.dup2(descriptor, place)
        os.close(nothing)
        os.close(output)
        groups = [os.open(path, os.O_WRONLY) for path in wish["groups"]]
        if plan["isolated"]:
            confine.enter(plan, wish)
        else:
            confine.enter_network(wish)
            os.setsid()
            confine.adopt_orphans()
        ours, theirs = os.pipe()
        os.set_blocking(theirs, False)
        signal.set_wakeup_fd(theirs)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: _over(plan, 0))
        child = os.fork()
        if not child:
            signal.set_wakeup_fd(-1)
            os.close(ours)
            os.close(theirs)
            _function(plan, wish, groups, end)
        _protected()
        for group in groups:
            os.close(group)
        wish.clear()
        _wait(child, end, ours, plan)
    except BaseException as error:
        with contextlib.suppress(OSError):
            end.sendall(b"F" + str(error).encode() + b"\n")
    finally:
        _over(plan, 1)


def _protected() -> None:
    """Whoever runs out of memory, it is not this process."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("-1000")


def _told(end: socket.socket) -> dict[str, Any]:
    size = int.from_bytes(_exactly(end, 4), "big")
    found: dict[str, Any] = json.loads(_exactly(end, size))
    return found


def _exactly(end: socket.socket, size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        part = end.recv(size - len(parts))
        if not part:
            os._exit(1)
        parts += part
    return parts


def _wait(child: int, end: socket.socket, woken: int, plan: Mapping[str, Any]) -> None:
    """Until the function has ended, or nobody wants it any longer; orphans are buried meanwhile."""
    poll = select.poll()
    poll.register(end, select.POLLIN)
    poll.register(woken, select.POLLIN)
    while True:
        ready = dict(poll.poll())
        if end.fileno() in ready and not end.recv(1):
            return
        if woken in ready:
            os.read(woken, 64)
        ended = _ended()
        if child in ended:
            end.sendall(b"E%d\n" % os.waitstatus_to_exitcode(ended[child]))
            return


def _ended() -> dict[int, int]:
    """The children that have ended, with how."""
    found = {}
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            found[pid] = status
    return found


def _over(plan: Mapping[str, Any], code: int) -> None:
    """End; with the first process of its namespace all others end, and where there is none they are looked for."""
    if not plan["isolated"]:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _felled()
    os._exit(code)


def _felled() -> None:
    """Kill every descendant: what a killed one leaves behind becomes a child of this process."""
    mine = Path(f"/proc/self/task/{os.getpid()}/children")
    for _ in range(1000):
        children = mine.read_text().split()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        if not children:
            return
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, 0)


def _function(plan: Mapping[str, Any], wish: dict[str, Any], groups: list[int], end: socket.socket) -> None:
    """Become the function. Never returns."""
    code = 1
    try:
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN if number == signal.SIGPIPE else signal.SIG_DFL)
        for group in groups:
            os.write(group, b"0")
        os.setsid()
        os.umask(0o022)
        _move_up(end)
        confine.drop(wish, plan["alone"])
        confine.die_with_parent(signal.SIGKILL)
        os.chdir("/var/task" if plan["isolated"] else wish["code"])
        gc.enable()
        code = bootstrap.become(plan, wish)
    except OSError as error:
        os.write(2, f"{error}\n".encode())
    finally:
        os._exit(code)


def _move_up(end: socket.socket) -> None:
    """Close everything but the standard three: no function has a descriptor that is not its own."""
    end.detach()
    os.closerange(3, 256)


if __name__ == "__main__":
    main(sys.argv)
