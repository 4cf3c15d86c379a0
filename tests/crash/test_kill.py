"""What was acknowledged is there after `kill -9`, at whatever moment it comes."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank.testing.process import CloudProcess

KILLS = 20
WRITERS = 16
SCOPE = "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/ssm/aws4_request, SignedHeaders=host, Signature=0"


class Client:
    """One connection that speaks just enough of Parameter Store."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> Client:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def call(self, operation: str, **params: object) -> tuple[int, dict[str, object]]:
        body = json.dumps(params).encode()
        head = (
            f"POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: AmazonSSM.{operation}\r\nauthorization: {SCOPE}\r\n"
            "x-amz-date: 20260101T000000Z\r\n"
            f"content-type: application/x-amz-json-1.1\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        return int(answer.split()[1]), json.loads(await self._reader.readexactly(length))

    def close(self) -> None:
        self._writer.close()


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[CloudProcess]:
    found = CloudProcess(tmp_path / "state")
    yield found
    found.kill()


async def write(port: int, number: int, acknowledged: dict[str, int], begun: dict[str, int]) -> None:
    """Write growing values until the connection breaks, noting what was begun and what was acknowledged."""
    client = await Client.open(port)
    try:
        while True:
            name = f"/crash/{number}/{random.randrange(20)}"
            value = begun.get(name, 0) + 1
            begun[name] = value
            status, answer = await client.call(
                "PutParameter", Name=name, Value=str(value), Type="String", Overwrite=True
            )
            assert status == 200, answer
            acknowledged[name] = value
    except (OSError, asyncio.IncompleteReadError):
        return
    finally:
        client.close()


async def write_until_killed(cloud: CloudProcess, acknowledged: dict[str, int], begun: dict[str, int]) -> None:
    loop = asyncio.get_running_loop()
    writers = [asyncio.create_task(write(cloud.card.port, number, acknowledged, begun)) for number in range(WRITERS)]
    loop.call_later(random.uniform(0.02, 0.4), cloud.kill)
    await asyncio.gather(*writers)


async def read_all(cloud: CloudProcess, names: list[str]) -> dict[str, int]:
    client = await Client.open(cloud.card.port)
    found = {}
    for start in range(0, len(names), 10):
        _, answer = await client.call("GetParameters", Names=names[start : start + 10])
        for parameter in answer["Parameters"]:  # type: ignore[attr-defined]
            found[parameter["Name"]] = int(parameter["Value"])
    client.close()
    return found


def test_nothing_acknowledged_is_lost_by_kill_9(cloud: CloudProcess) -> None:
    acknowledged: dict[str, int] = {}
    begun: dict[str, int] = {}
    for _ in range(KILLS):
        cloud.start()
        asyncio.run(write_until_killed(cloud, acknowledged, begun))
        assert not cloud.is_running()
        cloud.start()
        found = asyncio.run(read_all(cloud, sorted(acknowledged)))
        lost = {name: (value, found.get(name)) for name, value in acknowledged.items() if found.get(name, -1) < value}
        invented = {name: value for name, value in found.items() if value > begun[name]}
        assert not lost, "acknowledged, and gone"
        assert not invented, "nobody wrote that"
        begun.update(found)
        cloud.kill()
    assert len(acknowledged) > WRITERS


@pytest.mark.parametrize(("point", "is_there"), [("store.before-commit", False), ("store.after-commit", True)])
def test_a_write_is_whole_or_not_at_all(cloud: CloudProcess, point: str, is_there: bool) -> None:
    async def put_into_the_void() -> None:
        client = await Client.open(cloud.card.port)
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await client.call("PutParameter", Name="/void", Value="1", Type="String")
        client.close()

    cloud.start({"FOGBANK_FAULT_POINT": point})
    asyncio.run(put_into_the_void())
    assert cloud.wait(10)
    cloud.start()
    assert asyncio.run(read_all(cloud, ["/void"])) == ({"/void": 1} if is_there else {})


def test_a_second_cloud_is_kept_off_the_state(cloud: CloudProcess, tmp_path: Path) -> None:
    from fogbank.running import RunError

    cloud.start()
    with pytest.raises(RunError, match="already"):
        CloudProcess(tmp_path / "state").start()
    assert cloud.is_running()


def test_what_a_power_cut_must_not_take_is_synced(tmp_path: Path) -> None:
    """`durability=power` is SQLite's synchronous=FULL: only the setting can be seen here, not the cut."""
    from fogbank.store.sqlite import SqliteLog

    levels = {}
    for durability in ("process", "power"):
        log = SqliteLog(tmp_path / durability, durability)  # type: ignore[arg-type]
        levels[durability] = log._write.execute("PRAGMA synchronous").fetchone()[0]
        log.close()
    assert levels == {"process": 1, "power": 2}
