"""Proxies as processes: whom a front leads to, what is cut, and what outlives the cloud."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fogbank.aws.errors import WorldError
from fogbank.planes.engines.engine import Engines, until
from fogbank.planes.engines.proxies import Forwarding, Front, Target
from fogbank.planes.engines.proxy.processes import RELAYS, ProxyProcesses, split
from fogbank.planes.net.fake import FakeNet
from fogbank.planes.process import Process

PORT = 5432
Story = Callable[["World"], Coroutine[Any, Any, None]]


class Client:
    """A connection, and who answers it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str) -> None:
        self.reader, self.writer, self.name = reader, writer, name

    async def says(self, text: bytes) -> bytes:
        self.writer.write(text)
        return await self.reader.readexactly(len(text))

    async def is_cut(self) -> bool:
        try:
            return await asyncio.wait_for(self.reader.read(1), 5) == b""
        except ConnectionError:
            return True


class World:
    """A folder for processes, and servers that say who they are and then repeat what they hear."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        number = uuid.uuid4().int
        self._net = f"127.{number % 60 + 180}.{number // 60 % 250 + 1}"
        self._count = 0
        self._prefix = f"fbpx{uuid.uuid4().hex[:8]}"
        self._clients: list[Client] = []
        self.proxies = self.cloud()

    def cloud(self) -> ProxyProcesses:
        """As a cloud that has just been started sees it."""
        return ProxyProcesses(self.engines, str)

    @property
    def engines(self) -> Engines:
        return Engines(self.folder, self._prefix, FakeNet("plain"))

    def address(self) -> str:
        self._count += 1
        return f"{self._net}.{self._count}"

    async def client(self, front: Front) -> Client:
        """A connection that has been answered. Raises ConnectionError."""
        reader, writer = await asyncio.open_connection(front.address, front.port)
        made = Client(reader, writer, (await reader.readline()).decode().strip())
        self._clients.append(made)
        return made

    async def clear(self) -> None:
        for one in self._clients:
            one.writer.transport.abort()
        self.proxies.close()
        await self.cloud().clear()

    @asynccontextmanager
    async def server(self, name: str) -> AsyncIterator[Target]:
        async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(f"{name}\n".encode())
            while heard := await reader.read(1 << 16):
                writer.write(heard)
                await writer.drain()
            writer.write(b"bye\n")
            writer.close()

        target = Target(name=name, address=self.address(), port=PORT)
        async with await asyncio.start_server(served, target.address, PORT):
            yield target


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[[Story], None]]:
    def called(story: Story) -> None:
        async def main() -> None:
            world = World(tmp_path / "state")
            try:
                await story(world)
            finally:
                await world.clear()
            assert not world.engines.folder.exists()

        asyncio.run(main())

    return called


def resident(running: Process) -> int:
    """Bytes of memory."""
    return int(Path(f"/proc/{running.pid}/statm").read_text().split()[1]) * 4096


def front(world: World, *targets: Target) -> Front:
    return Front(address=world.address(), port=PORT, targets=targets)


def test_a_front_leads_to_its_targets_in_turn_and_past_those_that_are_down(run: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        down = Target(name="down", address=world.address(), port=PORT)
        async with world.server("a") as a, world.server("b") as b:
            known = front(world, a, down, b)
            await world.proxies.set("o", [known])
            clients = [await world.client(known) for _ in range(6)]
            assert {client.name for client in clients} == {"a", "b"}
            text = os.urandom(1 << 20)
            assert all([await client.says(text) == text for client in clients])
            await world.proxies.set("o", [Front(address=known.address, port=PORT, targets=(down,))])
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await (await world.client(known)).says(b"x")

    run(story)


def test_half_a_connection_goes_on(run: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        async with world.server("a") as a:
            known = front(world, a)
            await world.proxies.set("o", [known])
            client = await world.client(known)
            client.writer.write(b"last")
            client.writer.write_eof()
            assert await client.reader.read() == b"lastbye\n"

    run(story)


def test_who_does_not_read_holds_up_only_himself(run: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        async with world.server("a") as a:
            known = front(world, a)
            await world.proxies.set("o", [known])
            slow, quick = await world.client(known), await world.client(known)
            text = bytes(32 << 20)
            slow.writer.write(text)
            running = world.proxies._engines.found(RELAYS)
            assert running is not None
            assert await quick.says(b"x" * 100) == b"x" * 100
            assert resident(running) < 100 << 20, "what one end does not take, the other does not give"
            assert await slow.reader.readexactly(len(text)) == text

    run(story)


def test_what_leads_to_somebody_who_is_gone_from_behind_a_front_is_cut(run: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        async with world.server("old") as old, world.server("new") as new:
            known = front(world, old)
            other = front(world, old)
            await world.proxies.set("o", [known])
            await world.proxies.set("p", [other])
            before, elsewhere = await world.client(known), await world.client(other)
            await world.proxies.set("o", [Front(address=known.address, port=PORT, targets=(new,))])
            assert await before.is_cut()
            assert (await world.client(known)).name == "new"
            assert await elsewhere.says(b"still") == b"still", "another front's connection is not touched"
            await world.proxies.set("o", [])
            with pytest.raises(ConnectionRefusedError):
                await world.client(known)
            assert await elsewhere.says(b"still") == b"still"

    run(story)


def test_connections_outlive_a_cloud_that_is_killed(run: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        async with world.server("a") as a, world.server("b") as b:
            known, other = front(world, a), front(world, b)
            await world.proxies.set("o", [known])
            await world.proxies.set("p", [other])
            client, second = await world.client(known), await world.client(other)
            running = world.proxies._engines.found(RELAYS)
            world.proxies.close()
            after = world.cloud()
            await after.set("o", [known])
            assert (await client.says(b"x"), await second.says(b"y")) == (b"x", b"y")
            assert after._engines.found(RELAYS) == running
            await after.prune({"a"})
            assert await second.is_cut(), "nobody remembers its target"
            assert await client.says(b"x") == b"x"
            after.close()

    run(story)


def test_a_process_that_is_killed_serves_again(run: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        async with world.server("a") as a:
            known = front(world, a)
            await world.proxies.set("o", [known])
            running = world.proxies._engines.found(RELAYS)
            assert running is not None
            os.kill(running.pid, signal.SIGKILL)

            async def is_back() -> bool:
                return world.proxies._engines.found(RELAYS) not in (None, running)

            await until(is_back, 10)
            await world.proxies.set("o", [known])
            assert (await world.client(known)).name == "a"

    run(story)


def test_an_address_that_is_taken_is_named_and_the_others_are_served(run: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        async with world.server("a") as a:
            taken = Front(address=a.address, port=PORT, targets=(a,))
            known = front(world, a)
            with pytest.raises(WorldError, match=f"{a.address}:5432: binding .* Address already in use"):
                await world.proxies.set("o", [taken, known])
            assert (await world.client(known)).name == "a"
            with pytest.raises(WorldError, match="Address already in use"):
                await world.proxies.set("o", [taken, known])
            with pytest.raises(WorldError, match=r"no namespace"):
                await world.proxies.set("p", [Front(ns="nowhere", address="10.0.0.1", port=PORT, targets=(a,))])

    run(story)


def test_readers_that_forward_have_a_process_of_their_owner() -> None:
    target = Target(name="t")
    plain = Front(address="127.0.0.1", port=PORT, targets=(target,))
    writing = Front(address="127.0.0.2", port=PORT, targets=(target,), forwarding=Forwarding(writer=target, user="u"))
    found = split({"one": (plain, writing), "two": (plain,), "three": ()})
    assert found[RELAYS] == {"one": (plain,), "two": (plain,)}
    (name,) = set(found) - {RELAYS}
    assert found[name] == {"one": (writing,)}
    assert name != next(iter(set(split({"other": (writing,)}))))


def mode(folder: Path) -> int:
    """Who may do what in a folder; 0 where there is none."""
    return folder.stat().st_mode & 0o777 if folder.exists() else 0


def test_a_line_listens_in_a_folder_of_its_own_and_outlives_the_cloud(run: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        folder = Path(world.proxies.folder("o"))
        async with world.server("a") as a:
            line = Front(address=str(folder), port=PORT, targets=(a,), delay_seconds=0.0)
            await world.proxies.set("o", [line])
            assert mode(folder) == 0o700, "nobody else may come in"
            reader, writer = await asyncio.open_unix_connection(str(folder / f".s.PGSQL.{PORT}"))
            known = Client(reader, writer, (await reader.readline()).decode().strip())
            world.proxies.close()
            world.proxies = world.cloud()
            await world.proxies.prune(["a"])
            await world.proxies.set("other", [front(world, a)])
            assert await known.says(b"still here") == b"still here"
            await world.proxies.set("o", [Front(address=str(folder), port=PORT, targets=(), delay_seconds=0.0)])
            assert await known.is_cut(), "a line that is down"
            await world.proxies.set("o", [])
            assert mode(folder) == 0
            writer.transport.abort()

    run(story)
