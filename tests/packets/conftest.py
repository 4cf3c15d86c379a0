"""A cloud with the kernel's network for the packet tests of a process, and the verbs that they are written in."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from fogbank.planes.net import probe
from fogbank.testing.network import Network

from .tenant import Tenant


@pytest.fixture(scope="session")
def shared() -> Iterator[Network]:
    """One cloud with real packets for all tests of a process; each keeps to its own `account`.

    FOGBANK_NETWORK says in which mode (full, rootless), as it does to a cloud; without it, in the best there is.
    """
    mode, reason = probe.found(os.environ.get("FOGBANK_NETWORK", "auto"))
    if mode == "plain":
        pytest.skip(f"no network namespaces here: {reason}")
    found = Network(mode)
    yield found
    found.close()


@pytest.fixture
def tenant(shared: Network, account: str) -> Iterator[Tenant]:
    """An account that no other test has. What it has made is forgotten in the end, which takes milliseconds."""
    yield Tenant(shared, account)
    shared.forget()
