"""What takes minutes comes first, and the other workers go on with everything else: nobody waits for it in the end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LONG = (
    HERE / "terraform",
    HERE.parent / "scenarios",
    HERE / "crash" / "test_names.py",
    HERE / "clients" / "test_cdk.py",
    HERE / "serverless",
    HERE / "stacks",
    HERE / "packets" / "test_rootless.py",
    HERE / "databases" / "test_rootless.py",
)
"""terraform's provider waits for minutes, whatever it is told; stories and health checks wait for what they are about;
the others run tests of their own."""


def _is_long(path: Path) -> bool:
    return any(one == path or one in path.parents for one in LONG)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each worker is given one stretch of the tests, and begins at its start: so each stretch begins with its share."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    long = [item for item in items if _is_long(item.path)]
    others = [item for item in items if not _is_long(item.path)]
    size, found = -(-len(items) // workers), list[pytest.Item]()
    for worker in range(workers):
        mine = long[worker::workers]
        count = size - len(mine) if worker < workers - 1 else len(others)
        found += [*mine, *others[:count]]
        del others[:count]
    items[:] = found
