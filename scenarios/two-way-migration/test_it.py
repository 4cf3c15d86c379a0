"""The story of README.md, shorter: no order is lost or doubled on the way there and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fogbank.planes.engines.postgresql import servers
from fogbank.testing.process import CloudProcess

HERE = Path(__file__).parent


def editions() -> list[str]:
    """Those that this machine's servers can tell."""
    found = servers.found()
    native = ["native"] if any(one.major >= 16 for one in found) else []
    return native + ["pglogical"] * any((one.programs.parent / "lib" / "pglogical.so").exists() for one in found)


@pytest.mark.parametrize("edition", editions())
def test_no_order_is_lost_or_doubled(plain: CloudProcess, tell: Callable[..., str], edition: str) -> None:
    _is_well(tell(plain, "--seconds=0.5", f"--edition={edition}"))


def test_it_goes_from_one_vpc_to_another_over_the_internet_between_partitions(
    full: CloudProcess, tell: Callable[..., str]
) -> None:
    _is_well(tell(full, "--seconds=0.5", f"--edition={editions()[0]}"))


def _is_well(said: str) -> None:
    assert "missing 0, doubled 0" in said
    written = int(said.partition("\n")[0].rpartition(" ")[2])
    assert written > 20
    assert f"rows: {written + 100} government, {written + 100} commercial" in said
