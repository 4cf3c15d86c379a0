"""Databases without any rights: the same servers, of an unprivileged user, in networks of his own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank.testing.nobody import Nobody, somebody

HERE = Path(__file__).parent
CHOSEN = (
    "test_network.py",
    "test_clusters.py::test_when_the_writer_dies_a_reader_takes_over_with_every_row",
    "test_clusters.py::test_writes_through_a_reader_are_the_writers",
    "test_restores.py::test_an_instance_is_restored_to_a_second",
    "test_restores.py::test_a_replica_follows_and_is_set_free",
)
"""With interfaces and without, of all that a database does by processes and files."""


@pytest.fixture
def nobody() -> Iterator[Nobody]:
    with somebody(HERE) as found:
        yield found


def test_databases_serve_an_unprivileged_user(nobody: Nobody) -> None:
    ran = nobody.python("-m", "pytest", *(str(HERE / one) for one in CHOSEN))
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
    assert " passed" in ran.stdout and "SKIPPED" not in ran.stdout, ran.stdout[-2000:]
