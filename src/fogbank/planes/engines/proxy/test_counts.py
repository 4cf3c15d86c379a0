"""What is counted is told in a file, and only when it has changed."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fogbank.planes.engines.engine import until
from fogbank.planes.engines.proxies import Forwarded
from fogbank.planes.engines.proxy import counts
from fogbank.planes.engines.proxy.counts import Tally


async def is_told(path: Path, statements: int) -> bool:
    found = counts.read(path).get("b")
    return found is not None and found.statements == statements


def test_what_is_counted_is_told_by_reader(tmp_path: Path) -> None:
    tally, path = Tally(), tmp_path / counts.COUNTS_FILE

    async def story() -> None:
        telling = asyncio.ensure_future(counts.tell(path, lambda: {"b": tally.forwarded(2, 1)}, 0.001))
        await until(lambda: is_told(path, 0), 10)
        before = path.stat().st_ino
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert path.stat().st_ino == before, "it is written anew only when it says something else"
        tally.statements += 3
        await until(lambda: is_told(path, 3), 10)
        telling.cancel()

    asyncio.run(story())
    assert counts.read(path) == {"b": Forwarded(sessions=2, active=1, statements=3)}


def test_who_has_told_nothing_has_counted_nothing(tmp_path: Path) -> None:
    assert counts.read(tmp_path / "nothing.json") == {}
    (tmp_path / "half.json").write_text('{"b": {"sess')
    assert counts.read(tmp_path / "half.json") == {}
