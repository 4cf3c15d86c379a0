"""Engines as processes: they outlive whoever started them, and leave nothing once they are let go."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank.aws.errors import WorldError
from fogbank.planes import process
from fogbank.planes.engines.engine import Engines, Start, place, until
from fogbank.planes.net.fake import FakeNet

ENDLESS = [sys.executable, "-S", "-c", "import signal; print('here', flush=True); signal.pause()"]


async def spoke(engines: Engines) -> bool:
    return bool(engines.words("one"))


async def ended(started: process.Process) -> bool:
    return not process.is_running(started)


@pytest.fixture
def engines(tmp_path: Path) -> Iterator[Engines]:
    found = Engines(tmp_path, f"fbtest{os.getpid()}", FakeNet("plain"))
    yield found
    asyncio.run(found.clear())
    assert not found.folder.exists()


def test_whoever_comes_after_us_knows_an_engine_again(engines: Engines, tmp_path: Path) -> None:
    async def story() -> None:
        started = await engines.start("one", Start(ENDLESS))
        engines.close()
        heir = Engines(tmp_path, engines.folder.name, FakeNet("plain"))
        assert heir.found("one") == started
        assert await heir.stop("one")
        assert engines.found("one") is None

    asyncio.run(story())


def test_a_process_that_has_an_engines_number_is_not_the_engine(engines: Engines) -> None:
    async def story() -> None:
        started = await engines.start("one", Start(ENDLESS))
        card = engines.folder / "one" / "process.json"
        card.write_text(card.read_text().replace(str(started.started), str(started.started - 1)))
        assert engines.found("one") is None
        assert await engines.stop("one")
        assert process.is_running(started), "somebody else's process was ended"
        assert process.stop(started, wait_seconds=5.0)

    asyncio.run(story())


def test_the_end_of_an_engine_is_told_once(engines: Engines) -> None:
    async def story() -> None:
        ended: asyncio.Queue[str] = asyncio.Queue()
        started = await engines.start("one", Start(ENDLESS))
        engines.watch("one", lambda: ended.put_nowait("one"))
        os.kill(started.pid, signal.SIGKILL)
        assert await asyncio.wait_for(ended.get(), 10) == "one"
        assert not engines.is_watched("one")
        assert engines.found("one") is None
        engines.watch("one", lambda: ended.put_nowait("is gone already"))
        assert await asyncio.wait_for(ended.get(), 10) == "is gone already"

    asyncio.run(story())


def test_an_engine_that_does_not_listen_is_killed(engines: Engines) -> None:
    deaf = "import signal; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True)\nwhile 1: signal.pause()"

    async def story() -> None:
        started = await engines.start("one", Start([sys.executable, "-S", "-c", deaf]))
        await until(lambda: spoke(engines), 10)
        assert not await engines.stop("one", seconds=0.2)
        assert not process.is_running(started)

    asyncio.run(story())


def test_an_engine_has_no_rights_of_ours(engines: Engines) -> None:
    if os.geteuid():
        pytest.skip("we have no rights to give up")

    async def story() -> None:
        shown = "id -u; id -G; grep CapEff /proc/self/status | cut -f2"
        said = await engines.run("one", ["sh", "-c", shown])
        user, groups, capabilities = said.decode().splitlines()
        assert (int(user) > 0, len(groups.split()), int(capabilities, 16)) == (True, 1, 0)

    asyncio.run(story())


def test_what_an_engine_has_started_is_waited_for(engines: Engines) -> None:
    child = "import os, signal, sys, time\nif os.fork(): print('up', flush=True); signal.pause()\ntime.sleep(0.5)"

    async def story() -> None:
        started = await engines.start("one", Start([sys.executable, "-S", "-c", child]))
        await until(lambda: spoke(engines), 10)
        os.kill(started.pid, signal.SIGKILL)
        assert process.has_session(started.pid)
        await until(lambda: ended(started), 10)
        await engines.buried("one")
        assert not process.has_session(started.pid)

    asyncio.run(story())


def test_a_command_that_fails_says_why(engines: Engines) -> None:
    with pytest.raises(WorldError, match=r"ls: .*nowhere"):
        asyncio.run(engines.run("one", ["ls", "/nowhere"]))
    with pytest.raises(WorldError, match="there is no /nowhere"):
        asyncio.run(engines.start("one", Start(["/nowhere/at-all"])))


def test_a_long_output_is_put_aside(engines: Engines) -> None:
    async def story() -> None:
        log = engines.home("one") / "output.log"
        with log.open("wb") as file:
            file.truncate(9 << 20)
        await engines.start("one", Start(ENDLESS))
        assert log.stat().st_size < 1000
        assert log.with_name("output.log.1").stat().st_size == 9 << 20

    asyncio.run(story())


def test_engines_lie_where_their_user_may_go_and_sockets_fit(tmp_path: Path) -> None:
    short, closed, long = tmp_path / "s", tmp_path / "closed", tmp_path / ("l" * 90)
    for folder in (short, closed, long):
        folder.mkdir()
    closed.chmod(0o700)
    system = Path("/var/lib/fogbank/fb")
    assert place(closed, "fb", "postgres") == place(long, "fb", "postgres") == system
    assert place(Path("/home/ann/state"), "fb", "") == Path("/home/ann/state/engines")
    assert place(long, "fb", "") == Path(f"/tmp/fogbank-{os.getuid()}/fb")
