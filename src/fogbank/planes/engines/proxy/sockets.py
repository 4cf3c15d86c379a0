"""Sockets of a process of proxies, in whatever network they are wanted."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from fogbank.aws.errors import WorldError
from fogbank.planes.engines.proxies import Front, Target
from fogbank.planes.net import namespaces

P = TypeVar("P", bound=asyncio.BaseProtocol)
CONNECT_SECONDS = 5.0


def listening(front: Front, paths: Mapping[str, str]) -> socket.socket:
    """A bound socket of a front. Raises WorldError."""
    if front.address.startswith("/"):
        return _in_folder(_file(front.address, front.port))
    if not front.ns:
        return namespaces.opened(front.address, front.port, is_stream=True)
    path = _path(front.ns, paths)
    return namespaces.inside(path, lambda: namespaces.opened(front.address, front.port, is_stream=True))


async def connected(target: Target, paths: Mapping[str, str], protocol: Callable[[], P]) -> P:
    """A protocol that is connected to a target. Raises OSError, WorldError, TimeoutError."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(CONNECT_SECONDS):
        if target.address.startswith("/"):
            return (await loop.create_unix_connection(protocol, _file(target.address, target.port)))[1]
        if not target.ns:
            return (await loop.create_connection(protocol, target.address, target.port))[1]
        made = namespaces.inside(_path(target.ns, paths), lambda: _stream(target.address))
        try:
            await loop.sock_connect(made, (target.address, target.port))
            return (await loop.create_connection(protocol, sock=made))[1]
        except BaseException:
            made.close()
            raise


def _file(folder: str, port: int) -> str:
    """What PostgreSQL and its clients call the socket file of a port."""
    return f"{folder}/.s.PGSQL.{port}"


def _in_folder(file: str) -> socket.socket:
    """A socket file for whoever may come into its folder. Raises WorldError."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Whoever listened there is gone: there is one process for each front.
        Path(file).unlink(missing_ok=True)
        made.bind(file)
        Path(file).chmod(0o666)
    except OSError as error:
        made.close()
        raise WorldError(f"binding {file}: {error.strerror}") from None
    return made


def _stream(address: str) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    made.setblocking(False)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def _path(ns: str, paths: Mapping[str, str]) -> Path:
    if ns not in paths:
        raise WorldError(f"there is no namespace {ns}")
    return Path(paths[ns])
