"""The story of README.md, shorter: with SESSION and GLOBAL nothing is stale, without forwarding much is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from fogbank.testing.process import CloudProcess

HERE = Path(__file__).parent


def test_what_is_read_after_a_write(plain: CloudProcess, tell: Callable[..., str], tmp_path: Path) -> None:
    drawn = tmp_path / "drawn.svg"
    rows = json.loads(tell(plain, "--repetitions=120", "--delays=0,12.5,60", "--json", f"--draw={drawn}"))
    stale = {(row["setup"], row["delay_ms"]): row["stale"] for row in rows}
    assert len(stale) == 15
    for delay in (0, 12.5, 60):
        assert [stale[setup, delay] for setup in ("writer", "SESSION", "GLOBAL")] == [0, 0, 0]
    assert stale["direct", 0] > 20, "of 40 reads: a reader is late"
    assert stale["EVENTUAL", 0] > 20
    assert drawn.read_text().count("<polyline") == 10
