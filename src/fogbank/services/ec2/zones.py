"""The availability zones of the regions (AWS Global Infrastructure, "AWS Availability Zones")."""

from __future__ import annotations

import re

_LETTERS = {
    "us-east-1": "abcdef",
    "us-west-1": "ac",
    "us-west-2": "abcd",
    "ap-northeast-1": "acd",
    "ap-northeast-2": "abcd",
    "ca-central-1": "abd",
    "cn-north-1": "abd",
}
_DIRECTIONS = {"north": "n", "south": "s", "east": "e", "west": "w", "central": "c", "northeast": "ne",
               "northwest": "nw", "southeast": "se", "southwest": "sw"}  # fmt: skip
_REGION = re.compile(r"([a-z]+)-(?:([a-z]+)-)?([a-z]+)-(\d+)")


def zones(region: str) -> list[tuple[str, str]]:
    """(name, id) of a region's zones: `("eu-west-1a", "euw1-az1")`. Every account sees the same names."""
    short = short_of(region)
    return [(region + letter, f"{short}-az{at}") for at, letter in enumerate(_LETTERS.get(region, "abc"), 1)]


def short_of(region: str) -> str:
    """What the ids of a region's zones begin with: `apne1` for ap-northeast-1, `usgw1` for us-gov-west-1."""
    found = _REGION.fullmatch(region)
    if found is None:
        return region
    area, part, direction, number = found.groups()
    return f"{area}{(part or '')[:1]}{_DIRECTIONS.get(direction, direction[:1])}{number}"
