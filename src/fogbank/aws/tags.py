"""Tags, between AWS's lists of Key and Value and the dictionaries that records hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

TAGS_MAX = 50


def read(tags: Iterable[Mapping[str, str]] | None, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """`[{"Key": k, "Value": v}]` as a dictionary; the last of equal keys stands."""
    return {tag[key]: tag.get(value, "") for tag in tags or ()}


def written(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """A dictionary as AWS lists tags, in order of key."""
    return [{key: name, value: tags[name]} for name in sorted(tags)]


def duplicates(tags: Iterable[Mapping[str, str]] | None, key: str = "Key") -> list[str]:
    """Keys that a list names twice."""
    counts = Counter(tag[key] for tag in tags or ())
    return sorted(name for name, count in counts.items() if count > 1)


def without(tags: Mapping[str, str], keys: Sequence[str]) -> dict[str, str]:
    return {name: value for name, value in tags.items() if name not in keys}


def condition_keys(request: Mapping[str, str], resource: Mapping[str, str] | None = None) -> dict[str, list[str]]:
    """The condition keys that tags bring: aws:RequestTag/…, aws:TagKeys and aws:ResourceTag/…, in lower case."""
    keys = {f"aws:requesttag/{name.lower()}": [value] for name, value in request.items()}
    if request:
        keys["aws:tagkeys"] = list(request)
    keys.update({f"aws:resourcetag/{name.lower()}": [value] for name, value in (resource or {}).items()})
    return keys
