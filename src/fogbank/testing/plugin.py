"""The pytest plugin: `cloud`, a fresh cloud in the process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fogbank.testing import TestCloud


@pytest.fixture
def cloud() -> Iterator[TestCloud]:
    """A cloud of this test's own; see `TestCloud`."""
    found = TestCloud()
    yield found
    found.close()
