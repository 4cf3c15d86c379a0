"""How fast an interface may be: the bandwidth that AWS publishes of instance types, and what follows from it.

Figures: "Amazon EC2 instance types", tables of network specifications; where they give a baseline and a burst it is the
baseline. Rules: EC2 User Guide, "Amazon EC2 instance network bandwidth".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from fogbank.aws.errors import AwsError

TYPE_TAG, GROUP_TAG = "fogbank:instance-type", "fogbank:placement-group"
"""Tags of an interface that say whose bandwidth it has, and in which placement group that instance is."""
_GBIT = 1_000_000_000 // 8
_FLOW, _FLOW_IN_CLUSTER = 5 * _GBIT, 10 * _GBIT
_INTERNET = 5 * _GBIT
_MANY_CPUS = 32
_NAMED = ("nano", "micro", "small", "medium", "large", "xlarge")
_SIZE = re.compile(r"(\d+)(?:xlarge|xl)|metal-(\d+)xl")
_BYTES_MIN = 1000

_PREVIOUS = {"large": 750, "xlarge": 1250, "2xlarge": 2500, "4xlarge": 5000}
_INTEL = {"large": 781, "xlarge": 1562, "2xlarge": 3125, "4xlarge": 6250, "8xlarge": 12_500, "12xlarge": 18_750}
_INTEL |= {"16xlarge": 25_000, "24xlarge": 37_500}
_GRAVITON = {"medium": 520, "large": 937, "xlarge": 1876, "2xlarge": 3750, "4xlarge": 7500, "8xlarge": 15_000}
_GRAVITON |= {"12xlarge": 22_500, "16xlarge": 30_000}
_BURSTABLE = {"nano": 32, "micro": 64, "small": 128, "medium": 256, "large": 512, "xlarge": 1024, "2xlarge": 2048}
_FIFTH = {**_PREVIOUS, "8xlarge": 10_000, "12xlarge": 12_000, "16xlarge": 20_000, "24xlarge": 25_000, "metal": 25_000}
_MEGABITS: Mapping[str, Mapping[str, int]] = {
    "t3 t3a t4g": _BURSTABLE,
    "m5 m5d r5 r5d": _FIFTH,
    "m5a r5a": {**_PREVIOUS, "8xlarge": 7500, "12xlarge": 10_000, "16xlarge": 12_000, "24xlarge": 20_000},
    "c5 c5d": {
        **_PREVIOUS,
        "9xlarge": 12_000,
        "12xlarge": 12_000,
        "18xlarge": 25_000,
        "24xlarge": 25_000,
        "metal": 25_000,
    },
    "c5a": {**_PREVIOUS, "8xlarge": 10_000, "12xlarge": 12_000, "16xlarge": 20_000, "24xlarge": 20_000},
    "c5n": {
        "large": 3000,
        "xlarge": 5000,
        "2xlarge": 10_000,
        "4xlarge": 15_000,
        "9xlarge": 50_000,
        "18xlarge": 100_000,
        "metal": 100_000,
    },
    "m5n r5n m5dn r5dn": {
        "large": 2100,
        "xlarge": 4100,
        "2xlarge": 8125,
        "4xlarge": 16_250,
        "8xlarge": 25_000,
        "12xlarge": 50_000,
        "16xlarge": 75_000,
        "24xlarge": 100_000,
        "metal": 100_000,
    },
    "m6i m6id c6i c6id r6i r6id": {**_INTEL, "32xlarge": 50_000, "metal": 50_000},
    "m6a c6a r6a": {**_INTEL, "32xlarge": 50_000, "48xlarge": 50_000, "metal": 50_000},
    "c6in m6in r6in": {
        "large": 3125,
        "xlarge": 6250,
        "2xlarge": 12_500,
        "4xlarge": 25_000,
        "8xlarge": 50_000,
        "12xlarge": 75_000,
        "16xlarge": 100_000,
        "24xlarge": 150_000,
        "32xlarge": 200_000,
        "metal": 200_000,
    },
    "m6g m6gd c6g c6gd r6g r6gd": {
        "medium": 500,
        **_PREVIOUS,
        "8xlarge": 12_000,
        "12xlarge": 20_000,
        "16xlarge": 25_000,
        "metal": 25_000,
    },
    "m7g m7gd c7g c7gd r7g r7gd": {**_GRAVITON, "metal": 30_000},
    "c7gn": {
        "medium": 3125,
        "large": 6250,
        "xlarge": 12_500,
        "2xlarge": 25_000,
        "4xlarge": 50_000,
        "8xlarge": 100_000,
        "12xlarge": 150_000,
        "16xlarge": 200_000,
        "metal": 200_000,
    },
    "m7i c7i r7i": {**_INTEL, "48xlarge": 50_000, "metal-24xl": 37_500, "metal-48xl": 50_000},
    "m7a c7a r7a": {"medium": 390, **_INTEL, "32xlarge": 50_000, "48xlarge": 50_000, "metal-48xl": 50_000},
    "m8g c8g r8g": {
        **_GRAVITON,
        "xlarge": 1875,
        "24xlarge": 40_000,
        "48xlarge": 50_000,
        "metal-24xl": 40_000,
        "metal-48xl": 50_000,
    },
}


class Limits(NamedTuple):
    """How fast an interface may be, in bytes a second each way; 0 is no limit beside that of the interface."""

    interface: int
    flow: int
    """One connection: what has the same protocol, addresses and ports."""
    flow_in_cluster: int
    """One connection to a member of the same cluster placement group."""
    internet: int
    """All that goes through the internet gateway."""


def megabits(instance_type: str) -> int:
    """The published bandwidth of an instance type, in Mbit/s; 0 for a type that is not in the table."""
    family, _, size = instance_type.partition(".")
    return next((sizes.get(size, 0) for families, sizes in _MEGABITS.items() if family in families.split()), 0)


def limits(instance_type: str, scale: float) -> Limits | None:
    """What limits an interface of an instance of a type; `scale` is applied to every figure, and 0 is no limit at all.

    A flow has 5 Gbit/s, 10 within a cluster placement group. Through an internet gateway go 5 Gbit/s, and with 32 vCPUs
    or more half of the bandwidth where that is more.
    """
    whole = megabits(instance_type) * 1_000_000 // 8
    if not whole or not scale:
        return None
    internet = max(_INTERNET, whole // 2) if _has_many_cpus(instance_type) else _INTERNET

    def scaled(figure: int) -> int:
        return max(_BYTES_MIN, int(figure * scale))

    flow, near, internet = (scaled(one) if one < whole else 0 for one in (_FLOW, _FLOW_IN_CLUSTER, internet))
    return Limits(scaled(whole), flow, near, internet)


def _has_many_cpus(instance_type: str) -> bool:
    """An `xlarge` has 4 vCPUs, and an `8xlarge` 32; metal is as large as the largest."""
    size = instance_type.partition(".")[2]
    if size in _NAMED:
        return False
    found = _SIZE.fullmatch(size)
    return found is None or 4 * int(found[1] or found[2]) >= _MANY_CPUS


def check_tags(given: Mapping[str, str]) -> None:
    """Raises InvalidParameterValue for a tag with an instance type whose bandwidth is not known."""
    value = given.get(TYPE_TAG, "")
    if value and not megabits(value):
        text = f"Invalid value '{value}' for the tag {TYPE_TAG}: the bandwidth of this instance type is not known."
        raise AwsError("InvalidParameterValue", text)
