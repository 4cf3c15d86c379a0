"""Clouds whose databases are real."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fogbank.testing import TestCloud
from fogbank.testing.databases import Rds, real, real_proxies


@pytest.fixture(scope="session")
def databases() -> Iterator[TestCloud]:
    """A cloud without a network, whose instances listen on the machine's loopback; shared by the tests of a worker."""
    cloud = TestCloud(databases=real, proxies=real_proxies, is_running=True)
    yield cloud
    cloud.close()


@pytest.fixture
def rds(databases: TestCloud) -> Iterator[Rds]:
    """An account that has nothing yet."""
    yield Rds(databases)
    databases.cloud.reset()
    databases.run(databases.cloud.emptied())
