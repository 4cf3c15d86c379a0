"""Filters of EC2's Describe operations: names that stand for members of what is described, values with wildcards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from fogbank.aws.errors import AwsError

VALUES_MAX = 200


def matching(
    rows: Iterable[dict[str, Any]], filters: Sequence[Mapping[str, Any]] | None, paths: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """The described resources that every filter matches; a filter matches if one of its values does.

    `paths` says where a filter looks: `{"attachment.vpc-id": "Attachments.VpcId"}`. `tag:<key>`, `tag-key` and
    `tag-value` look at `Tags` everywhere. `*` and `?` are wildcards, `\\` takes their meaning away (EC2 User Guide,
    "Filtering resources using the CLI"). Raises InvalidParameterValue for a name that there is not.
    """
    wanted = [(_path(one.get("Name", ""), paths), _pattern(tuple(_values(one)))) for one in filters or ()]
    for row in rows:
        if all(any(pattern.fullmatch(text) for text in _found(row, path)) for path, pattern in wanted):
            yield row


def _values(given: Mapping[str, Any]) -> Sequence[str]:
    values: Sequence[str] = given.get("Values") or ()
    if len(values) > VALUES_MAX:
        raise AwsError("FilterLimitExceeded", f"The maximum number of filter values is {VALUES_MAX}.")
    return values


def _path(name: str, paths: Mapping[str, str]) -> str:
    if name.startswith("tag:"):
        return name
    path = {"tag-key": "Tags.Key", "tag-value": "Tags.Value", **paths}.get(name)
    if path is None:
        raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return path


def _found(row: Mapping[str, Any], path: str) -> Iterator[str]:
    if path.startswith("tag:"):
        yield from (tag["Value"] for tag in row.get("Tags", ()) if tag["Key"] == path[4:])
        return
    nodes: list[Any] = [row]
    for part in path.split("."):
        nodes = [found for node in nodes for found in _each(node.get(part) if isinstance(node, Mapping) else None)]
    for node in nodes:
        yield ("true" if node else "false") if isinstance(node, bool) else str(node)


def _each(node: Any) -> Iterable[Any]:
    if node is None:
        return ()
    return node if isinstance(node, list | tuple) else (node,)


@lru_cache(maxsize=1024)
def _pattern(values: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(_expression(value) for value in values) or r"(?!)", re.DOTALL)


def _expression(value: str) -> str:
    """A value as a regular expression that is looked for once from left to right, however many `*` it has.

    Each `*` takes as little as lets what follows it match, and is not tried again: that is enough for wildcards.
    """
    parts, escaped = [""], False
    for letter in value:
        if escaped or letter not in "*?\\":
            parts[-1] += re.escape(letter)
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter == "?":
            parts[-1] += "."
        else:
            parts.append("")
    if escaped:
        parts[-1] += re.escape("\\")
    if len(parts) == 1:
        return parts[0]
    between = "".join(f"(?>.*?{part})" for part in parts[1:-1] if part)
    return f"{parts[0]}{between}.*{parts[-1]}"
