"""The classes of instances: how much memory and how many processors each has (RDS User Guide, "Hardware"). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from fogbank.services.rds.engines import AURORA

GIB = 1 << 30
_BURSTING: Mapping[str, tuple[int, float]] = {
    "micro": (2, 1), "small": (2, 2), "medium": (2, 4), "large": (2, 8), "xlarge": (4, 16), "2xlarge": (8, 32),
}  # fmt: skip
_TO_16 = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
_TO_24 = (*_TO_16, "24xlarge")
_TO_32 = (*_TO_24, "32xlarge")
_TO_48 = (*_TO_24, "48xlarge")
_FAMILIES: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "m5": (4, _TO_24), "m6g": (4, _TO_16), "m6i": (4, _TO_32), "m7g": (4, _TO_16), "m7i": (4, _TO_48),
    "m8g": (4, _TO_48), "r5": (8, _TO_24), "r6g": (8, _TO_16), "r6i": (8, _TO_32), "r7g": (8, _TO_16),
    "r7i": (8, _TO_48), "r8g": (8, _TO_48), "x2g": (16, _TO_16),
}  # fmt: skip
"""Family -> GiB of memory for each processor, and its sizes."""
_OF_AURORA = ("r5", "r6g", "r6i", "r7g", "r7i", "r8g", "x2g")
_AURORAS_BURSTING = ("medium", "large")


class InstanceClass(NamedTuple):
    """A class: its processors, and its memory in bytes."""

    name: str
    processors: int
    memory_bytes: int


def of_engine(engine: str) -> Iterator[InstanceClass]:
    """The classes that an engine can be ordered in, in order of name."""
    return iter(sorted(found for found in _all() if engine != AURORA or _is_auroras(found.name)))


def one(name: str) -> InstanceClass:
    """A class by its name; one that is not in the table counts as a small one."""
    return next((found for found in _all() if found.name == name), InstanceClass(name, 2, GIB))


def _all() -> Iterator[InstanceClass]:
    for family in ("t3", "t4g"):
        for size, (processors, gib) in _BURSTING.items():
            yield InstanceClass(f"db.{family}.{size}", processors, int(gib * GIB))
    for family, (gib_each, sizes) in _FAMILIES.items():
        for size in sizes:
            processors = _processors(size)
            yield InstanceClass(f"db.{family}.{size}", processors, processors * gib_each * GIB)
    yield InstanceClass("db.serverless", 2, 4 * GIB)


def _processors(size: str) -> int:
    if size == "large":
        return 2
    return 4 * int(size.removesuffix("xlarge") or 1)


def _is_auroras(name: str) -> bool:
    _, family, size = (*name.split("."), "")[:3]
    return family in (*_OF_AURORA, "serverless") or (family.startswith("t") and size in _AURORAS_BURSTING)
