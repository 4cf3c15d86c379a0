"""Partitions and regions, as botocore's data lists them."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import orjson

from fogbank.model.load import botocore_folder


@lru_cache(maxsize=1)
def _partitions() -> dict[str, dict[str, Any]]:
    raw = orjson.loads((botocore_folder() / "data" / "partitions.json").read_bytes())
    return {partition["id"]: partition for partition in raw["partitions"]}


def partitions() -> tuple[str, ...]:
    """The names of all partitions, `aws` first."""
    return tuple(_partitions())


@cache
def regions(partition: str = "aws") -> tuple[str, ...]:
    """The regions of a partition, sorted. Raises KeyError for an unknown partition."""
    return tuple(sorted(name for name in _partitions()[partition]["regions"] if not name.endswith("-global")))


@lru_cache(maxsize=1)
def _every_region() -> frozenset[str]:
    return frozenset(name for partition in partitions() for name in regions(partition))


def is_region(name: str) -> bool:
    """Whether AWS has a region of this name, in any partition."""
    return name in _every_region()


def dns_suffix(partition: str = "aws") -> str:
    """The domain of a partition's endpoints. Raises KeyError for an unknown partition."""
    suffix: str = _partitions()[partition]["outputs"]["dnsSuffix"]
    return suffix


def implicit_region(partition: str = "aws") -> str:
    """The region in which a partition's global services sign and answer. Raises KeyError for an unknown partition."""
    region: str = _partitions()[partition]["outputs"]["implicitGlobalRegion"]
    return region


@lru_cache(maxsize=1)
def _endpoints() -> dict[str, dict[str, Any]]:
    raw = orjson.loads((botocore_folder() / "data" / "endpoints.json").read_bytes())
    return {partition["partition"]: partition["services"] for partition in raw["partitions"]}


@cache
def regions_of(endpoint_prefix: str, partition: str = "aws") -> tuple[str, ...]:
    """The regions where a service has an endpoint, sorted; all of the partition's where AWS's list does not say.

    A service is named by its endpoint prefix (`monitoring` for cloudwatch). Raises KeyError for an unknown partition.
    """
    service = _endpoints().get(partition, {}).get(endpoint_prefix, {})
    named = tuple(name for name in sorted(service.get("endpoints", ())) if name in regions(partition))
    return named or regions(partition)
