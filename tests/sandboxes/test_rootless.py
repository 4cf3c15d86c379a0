"""Functions without any rights: the same tests, run by an unprivileged user."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank.testing.nobody import Nobody, somebody

HERE = Path(__file__).parent


@pytest.fixture
def nobody() -> Iterator[Nobody]:
    with somebody(HERE) as found:
        yield found


def test_functions_run_for_an_unprivileged_user(nobody: Nobody) -> None:
    chosen = ("test_python.py", "test_life.py", "test_isolation.py", "test_node.py")
    ran = nobody.python("-m", "pytest", *(str(HERE / one) for one in chosen))
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
    assert " passed" in ran.stdout, ran.stdout[-2000:]
