"""The pytest plugin: `cloud` in the process, `served` behind a socket, and an `account` of the test's own."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from fogbank.testing import Served, TestCloud
from fogbank.testing.endpoint import Endpoint


class MakeClient(Protocol):
    """Makes a boto3 client of this test's account."""

    def __call__(self, service: str, *, region: str = "us-east-1", **more: Any) -> Any: ...


@pytest.fixture
def cloud() -> Iterator[TestCloud]:
    """A cloud of this test's own; see `TestCloud`."""
    found = TestCloud()
    yield found
    found.close()


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """One cloud behind a socket for all tests of a process; each keeps to its own `account`."""
    found = Served()
    yield found
    found.close()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """An HTTP server of this test's own; see `Endpoint`."""
    found = Endpoint()
    yield found
    found.close()


@pytest.fixture
def account(request: pytest.FixtureRequest) -> str:
    """An account number that no other test has."""
    return f"{10**11 + zlib.crc32(request.node.nodeid.encode()):012d}"


@pytest.fixture
def boto(served: Served, account: str) -> MakeClient:
    """`boto("ssm")`: a boto3 client that talks to `served` as the root of the test's account."""
    import boto3
    from botocore.config import Config

    def make(service: str, *, region: str = "us-east-1", **more: Any) -> Any:
        credentials = {"aws_access_key_id": account, "aws_secret_access_key": "x", **more}
        config = Config(retries={"total_max_attempts": 1})
        return boto3.client(service, region_name=region, endpoint_url=served.url, config=config, **credentials)

    return make
