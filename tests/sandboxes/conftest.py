"""One plane for the tests of a file, so that its zygotes stay warm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sandboxes.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    found = World(tmp_path_factory.mktemp("sandboxes"))
    yield found
    found.close()
    assert not (Path(found.folder) / "state").exists(), "nothing is left on disk"


@pytest.fixture
def apart(world: World) -> World:
    """A plane that keeps functions apart."""
    if not world.is_isolated:
        pytest.skip(f"sandboxes: {world.plane.isolation}")
    return world
