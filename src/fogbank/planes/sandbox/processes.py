"""Environments of functions as processes of this machine: forked warm, kept apart, and ended with their cloud."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import logging
import os
import shutil
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

import fogbank
from fogbank.aws.errors import WorldError
from fogbank.planes import process
from fogbank.planes.net import namespaces
from fogbank.planes.net.net import Listen, Net
from fogbank.planes.process import Process, Spawn
from fogbank.planes.sandbox import archive, interpreters
from fogbank.planes.sandbox.cgroups import Groups
from fogbank.planes.sandbox.environment import Ground, ProcessEnvironment
from fogbank.planes.sandbox.interpreters import Interpreter
from fogbank.planes.sandbox.peers import Peers, anyone
from fogbank.planes.sandbox.runtime_api import RuntimeApi
from fogbank.planes.sandbox.sandbox import Function

_LOG = logging.getLogger("fogbank.sandbox")
_HERE = Path(__file__).parent
_SOURCES = Path(fogbank.__file__).parents[1]
_READY, _FAILED = b"ready", b"failed "
_READY_SECONDS = 20.0
_END_SECONDS = 5.0
_RESOLVER = "169.254.169.253"
"""Where every VPC answers names."""
_UIDS, _UIDS_OF_A_CLOUD, _CLOUDS = 2_000_000_000, 10_000, 10_000
"""Users that exist nowhere: each environment is another one, so that its connections can be told from others'."""
_NODE_MODULES = "/var/runtime/node_modules"
_PROCESS_TEXT = {
    "root": "functions run as users of their own, with files, processes and names of their own",
    "held": "functions run in user namespaces, with files, processes and names of their own",
    "user": "functions run in user namespaces, with files, processes and names of their own",
    "plain": "functions run as plain processes that see all that fogbank's user sees",
}


class _Way(NamedTuple):
    """How environments are kept apart here."""

    kind: str
    """root, held (in the namespaces that the network's holder keeps), user (in one of its own), plain."""
    reason: str = ""
    """Why it is not a better one."""


class ProcessSandboxes:
    """See `Sandboxes`. Everything it makes lies in a folder that nobody else has, and bears the cloud's prefix."""

    def __init__(self, folder: Path, prefix: str, net: Net, *, node_modules: Path | None = None) -> None:
        """`node_modules` is a folder of packages that every Node function finds beside its own."""
        self._folder = folder
        self._prefix = prefix
        self._net = net
        self._node_modules = node_modules
        self._groups = Groups(prefix)
        self._zygotes: dict[str, asyncio.Task[_Zygote]] = {}
        self._environments: set[ProcessEnvironment] = set()
        self._code: dict[str, asyncio.Task[Path]] = {}
        self._count = 0
        self._found: _Way | None = None
        self._sweeping: asyncio.Task[None] | None = None
        """What a cloud before us has left is taken away before anything is made."""

    # What there is

    @functools.cached_property
    def _interpreters(self) -> Mapping[str, Interpreter | None]:
        return interpreters.installed()

    def runtimes(self) -> Mapping[str, str]:
        """See `Sandboxes.runtimes`."""
        return {name: "" if found else interpreters.remedy(name) for name, found in self._interpreters.items()}

    @property
    def isolation(self) -> str:
        """See `Sandboxes.isolation`. What works is tried when it is first asked for."""
        way = self._way()
        kinds = self._groups.kinds()
        limits = {"memory": "memory", "pids": "the number of processes", "cpu": "the share of CPU"}
        missing = [text for kind, text in limits.items() if kind not in kinds]
        parts = [_PROCESS_TEXT[way.kind]]
        if missing:
            parts.append(f"without control groups that limit {', '.join(missing)}")
        if way.kind not in ("root", "plain"):
            parts.append("all as one user, so that each can reach the others' runtime APIs")
        if way.reason:
            parts.append(f"not more, since {way.reason}")
        return "; ".join(parts)

    def _way(self) -> _Way:
        if self._found is None:
            reasons = []
            # Networks that a holder keeps can be entered from its namespaces alone.
            best = "held" if self._net.mode == "rootless" else "root" if os.geteuid() == 0 else ""
            kinds = [best] if best else []
            for kind in [*kinds, "user"]:
                reason = self._tried(kind)
                if not reason:
                    break
                reasons.append(reason)
            else:
                kind = "plain"
            self._found = _Way(kind, "; ".join(reasons))
        return self._found

    def forbid(self, reason: str) -> None:
        """Keep nothing apart, whatever the machine can."""
        self._found = _Way("plain", reason)

    def _tried(self, kind: str) -> str:
        """Why environments cannot be kept apart in a way; empty if they can."""
        try:
            zygote = self._begun(f"trial-{kind}", _Plan(root="", own_user=kind == "user", trial=True), kind)
            try:
                zygote.ready()
            finally:
                zygote.close()
                zygote.ended()
        except WorldError as error:
            return str(error)
        return ""

    # Beginning

    async def warm(self, runtime: str) -> None:
        """See `Sandboxes.warm`."""
        await self._zygote(runtime)

    async def start(self, function: Function, hear: Callable[[bytes], None] | None = None) -> ProcessEnvironment:
        """See `Sandboxes.start`."""
        zygote = await self._zygote(function.runtime)
        way = self._way()
        self._count += 1
        number = self._count
        uid = _UIDS + int(self._prefix_number() * _UIDS_OF_A_CLOUD) + number % _UIDS_OF_A_CLOUD
        peers = await self._peers(function.ns, uid) if way.kind == "root" else None
        api = RuntimeApi(peers.is_ours if peers is not None else anyone, lambda: environment.rest())
        daemon: asyncio.BaseTransport | None = None
        try:
            listener = await self._socket(function.ns)
            loop = asyncio.get_running_loop()
            server = await loop.create_server(api.connection, sock=listener, backlog=16)
            if hear is not None:
                opened = await self._socket(function.ns, is_stream=False)
                daemon, _ = await loop.create_datagram_endpoint(lambda: _Daemon(hear), sock=opened)
        except BaseException:
            if peers is not None:
                peers.close()
            raise
        group = self._groups.make(f"{os.getpid()}-{number}", function.memory_mb)
        ground = Ground(function, api, server, daemon, group, way.kind != "plain")
        environment = ProcessEnvironment(ground, lambda ended: self._ended(ended, peers))
        self._environments.add(environment)
        port = listener.getsockname()[1]
        wish = {
            "environ": self._environ(function, port, way) | _daemon_environ(daemon),
            "net": self._net.path(function.ns) if function.ns else "",
            "code": str(function.code),
            "layers": [str(path) for path in function.layers],
            "storage_mb": function.storage_mb,
            "resolver": _RESOLVER if function.ns else "",
            "uid": uid if way.kind == "root" else 65534,
            "groups": group.entries,
            # Node reserves what it never uses.
            "data_bytes": 0
            if group.limits_memory or not function.runtime.startswith("python")
            else function.memory_mb << 20,
        }
        await environment.begin(zygote.fork, wish)
        return environment

    def _prefix_number(self) -> int:
        return int(hashlib.sha256(self._prefix.encode()).hexdigest()[:8], 16) % _CLOUDS

    def _environ(self, function: Function, port: int, way: _Way) -> dict[str, str]:
        environ = {**function.environ, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}"}
        environ.setdefault("_HANDLER", function.handler)
        environ.setdefault("LAMBDA_TASK_ROOT", "/var/task")
        environ.setdefault("LAMBDA_RUNTIME_DIR", "/var/runtime")
        if way.kind == "plain":
            environ["LAMBDA_TASK_ROOT"] = str(function.code)
        if function.runtime.startswith("nodejs"):
            major = function.runtime.removeprefix("nodejs").removesuffix(".x")
            ours = self._node_modules if way.kind == "plain" and self._node_modules is not None else _NODE_MODULES
            modules = f"/opt/nodejs/node{major}/node_modules:/opt/nodejs/node_modules:{ours}"
            environ.setdefault("NODE_PATH", modules)
        return environ

    async def _socket(self, ns: str, *, is_stream: bool = True) -> socket.socket:
        """Where an environment finds what is its own: at the loopback of its network. Raises WorldError."""
        if ns:
            return await self._net.open(Listen(ns, "127.0.0.1", 0, is_stream))
        return namespaces.opened("127.0.0.1", 0, is_stream)

    async def _peers(self, ns: str, uid: int) -> Peers:
        if not ns:
            return Peers(uid)
        return await asyncio.to_thread(namespaces.inside, Path(self._net.path(ns)), lambda: Peers(uid))

    def _ended(self, environment: ProcessEnvironment, peers: Peers | None) -> None:
        self._environments.discard(environment)
        if peers is not None:
            peers.close()

    # Zygotes

    async def _zygote(self, runtime: str) -> _Zygote:
        """The warm process of a runtime, started where it is missing or has died. Raises WorldError."""
        interpreter = self._interpreters.get(runtime)
        if interpreter is None:
            raise WorldError(f"{runtime} is {interpreters.remedy(runtime)}")
        name = "provided" if runtime in interpreters.OWN else runtime
        task = self._zygotes.get(name)
        if task is not None and task.done() and _is_over(task):
            task = None
        if task is None:
            task = self._zygotes[name] = asyncio.ensure_future(self._warmed(name, interpreter))
        return await asyncio.shield(task)

    async def _warmed(self, name: str, interpreter: Interpreter) -> _Zygote:
        await self._swept()
        way = await asyncio.to_thread(self._way)
        plan = self._plan(name, interpreter, way)
        # A process dies with the thread that has started it, if it asks to; this one is told by its socket instead.
        zygote = await asyncio.to_thread(self._begun, name, plan, way.kind, interpreter)
        try:
            await asyncio.to_thread(zygote.ready)
        except BaseException:
            zygote.close()
            raise
        _LOG.info("%s: warm as %d", name, zygote.process.pid)
        return zygote

    def _plan(self, name: str, interpreter: Interpreter, way: _Way) -> _Plan:
        is_python = name.startswith("python")
        visible = [] if name == "provided" or interpreter.prefix == Path("/usr") else [str(interpreter.prefix)]
        links = [] if name == "provided" else [("/var/lang", str(interpreter.prefix))]
        sdk, packages = interpreters.sdk() if is_python else ((), ())
        shown = []
        argv: tuple[str, ...] = ()
        if name.startswith("nodejs"):
            argv = (str(interpreter.program), "/var/runtime/bootstrap.mjs")
            if way.kind == "plain":
                argv = (str(interpreter.program), str(_HERE / "bootstrap.mjs"))
                self._link_packages()
            shown.append((str(_HERE / "bootstrap.mjs"), "/var/runtime/bootstrap.mjs"))
            if self._node_modules is not None and self._node_modules.is_dir():
                shown.append((str(self._node_modules), _NODE_MODULES))
                # `import` looks in the folders above the importing file, and nowhere else.
                links.append(("/node_modules", _NODE_MODULES))
        return _Plan(
            isolated=way.kind != "plain",
            own_user=way.kind == "user",
            python=is_python,
            sdk=sdk,
            argv=argv,
            visible=(*visible, *packages),
            shown=tuple(shown),
            links=tuple(links),
        )

    def _link_packages(self) -> None:
        """Where nothing is shown elsewhere: `import` looks in the folders above a function's code for packages."""
        if self._node_modules is not None:
            with contextlib.suppress(FileExistsError):
                (self._folder / "node_modules").symlink_to(self._node_modules)

    def _begun(self, name: str, plan: _Plan, kind: str, interpreter: Interpreter | None = None) -> _Zygote:
        """Start a zygote, which is not ready yet. Raises WorldError."""
        root = self._folder / "roots" / name
        root.mkdir(parents=True, exist_ok=True)
        is_python = plan.python and interpreter is not None
        program = interpreter.program if is_python and interpreter is not None else Path(sys.executable).resolve()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(_READY_SECONDS)
        told = msgspec.json.encode(msgspec.structs.replace(plan, root=str(root))).decode()
        entry = self._net.entry("") if kind == "held" else []
        argv = [*entry, str(program), "-I", "-S", str(_HERE / "zygote.py"), str(_SOURCES), str(theirs.fileno()), told]
        environ = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
        spawn = Spawn(argv, self._folder / "zygotes.log", environ, self._folder, (theirs.fileno(),))
        try:
            return _Zygote(process.start(spawn), ours)
        except OSError as error:
            ours.close()
            raise WorldError(f"{name}: {error}") from None
        finally:
            theirs.close()

    # Code

    async def unpacked(self, digest: str, code: bytes) -> Path:
        """See `Sandboxes.unpacked`."""
        task = self._code.get(digest)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._code[digest] = asyncio.ensure_future(self._unpack(self._folder / "code" / digest, code))
        return await asyncio.shield(task)

    async def _unpack(self, folder: Path, code: bytes) -> Path:
        await self._swept()
        await asyncio.to_thread(archive.unpack, code, folder)
        return folder

    # The end

    async def _swept(self) -> None:
        """Once, before anything is made."""
        if self._sweeping is None:
            self._sweeping = asyncio.ensure_future(self._sweep())
        await asyncio.shield(self._sweeping)

    async def _sweep(self) -> None:
        """Take away what a cloud before us has left: its processes died with it."""
        await asyncio.to_thread(self._groups.clear)
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
        await asyncio.to_thread(functools.partial(self._folder.mkdir, parents=True, exist_ok=True, mode=0o700))

    async def clear(self) -> None:
        """See `Sandboxes.clear`."""
        await asyncio.gather(*(one.stop() for one in list(self._environments)), return_exceptions=True)
        await asyncio.gather(*self._code.values(), return_exceptions=True)
        self._code.clear()
        await asyncio.to_thread(shutil.rmtree, self._folder / "code", ignore_errors=True)

    async def sweep(self) -> None:
        """Take away what a cloud that was killed has left, where none runs."""
        await self._sweep()
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._folder.rmdir)

    async def close(self) -> None:
        """See `Sandboxes.close`."""
        await self.clear()
        tasks = list(self._zygotes.values())
        self._zygotes.clear()
        for found in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(found, _Zygote):
                found.close()
                await asyncio.to_thread(found.ended)
        if self._sweeping is not None or self._found is not None:
            await self.sweep()
            self._sweeping = None


def _is_over(task: asyncio.Task[_Zygote]) -> bool:
    """Whether what a task has started is no more, or never was."""
    return task.cancelled() or task.exception() is not None or not task.result().is_running()


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a zygote is told: the root that its environments share, and what they run."""

    root: str = ""
    isolated: bool = True
    own_user: bool = False
    trial: bool = False
    python: bool = False
    sdk: Sequence[str] = ()
    """Folders that are looked in last for modules."""
    argv: Sequence[str] = ()
    """The program that an environment becomes; empty for Python, and for the function's own `bootstrap`."""
    visible: Sequence[str] = ()
    """What is seen at its own place."""
    shown: Sequence[tuple[str, str]] = ()
    """What is seen at another."""
    links: Sequence[tuple[str, str]] = ()


class _Zygote:
    """A process that forks environments; it ends when our end of its socket is closed."""

    def __init__(self, started: Process, control: socket.socket) -> None:
        self.process = started
        self._control = control

    def ready(self) -> None:
        """Wait until it is. Raises WorldError with what it says instead."""
        try:
            said = self._control.recv(4096)
        except TimeoutError:
            raise WorldError("a process that forks environments does not begin") from None
        if not said.startswith(_READY):
            raise WorldError(said.removeprefix(_FAILED).decode(errors="replace") or "what forks environments has ended")

    def is_running(self) -> bool:
        if process.is_running(self.process):
            return True
        self.close()
        process.reap(self.process)
        return False

    def fork(self, end: socket.socket, output: int) -> None:
        """Have it fork an environment with the ends of a socket and a pipe. Raises OSError where it is gone."""
        socket.send_fds(self._control, [b"fork"], [end.fileno(), output])

    def close(self) -> None:
        self._control.close()

    def ended(self) -> None:
        """Wait until it has ended, and bury it."""
        process.stop(self.process, _END_SECONDS)
        process.reap(self.process)


class _Daemon(asyncio.DatagramProtocol):
    """X-Ray's daemon, as one environment sees it."""

    def __init__(self, hear: Callable[[bytes], None]) -> None:
        self._hear = hear

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._hear(data)


def _daemon_environ(daemon: asyncio.BaseTransport | None) -> dict[str, str]:
    """Where X-Ray's SDKs find the daemon (Lambda Developer Guide, "Defined runtime environment variables")."""
    if daemon is None:
        return {}
    host, port = daemon.get_extra_info("sockname")[:2]
    address = f"{host}:{port}"
    return {"AWS_XRAY_DAEMON_ADDRESS": address, "_AWS_XRAY_DAEMON_ADDRESS": host, "_AWS_XRAY_DAEMON_PORT": str(port)}
