from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.aws.filters import matching

ROWS: list[dict[str, Any]] = [
    {"Id": "a", "Open": True, "Blocks": [{"Cidr": "10.0.0.0/8"}, {"Cidr": "fd00::/8"}],
     "Tags": [{"Key": "Name", "Value": "x*y"}]},
    {"Id": "b", "Open": False, "Blocks": [], "Tags": [{"Key": "Name", "Value": "xzy"}, {"Key": "env", "Value": "dev"}]},
]  # fmt: skip
PATHS = {"id": "Id", "open": "Open", "cidr": "Blocks.Cidr"}


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ([], "ab"),
        ([("id", "a", "b")], "ab"),
        ([("id", "a", "b"), ("open", "true")], "a"),
        ([("cidr", "fd00:*")], "a"),
        ([("tag:Name", "x?y")], "ab"),
        ([("tag:Name", r"x\*y")], "a"),
        ([("tag-key", "env")], "b"),
        ([("tag-value", "d*")], "b"),
        ([("tag:env", "")], ""),
        ([("id",)], ""),
        ([("id", "A")], ""),
        ([("tag:Name", "*")], "ab"),
        ([("tag:Name", "x*y*")], "ab"),
        ([("tag:Name", "*x*y")], "ab"),
        ([("tag:Name", "x*?")], "ab"),
        ([("tag:Name", "*z*z*")], ""),
        ([("tag:Name", "**y")], "ab"),
        ([("tag:Name", "x?*?y")], ""),
    ],
)
def test_what_every_filter_matches(filters: list[tuple[str, ...]], ids: str) -> None:
    given = [{"Name": name, "Values": list(values)} for name, *values in filters]
    assert "".join(row["Id"] for row in matching(ROWS, given, PATHS)) == ids


def test_a_filter_that_there_is_not() -> None:
    with pytest.raises(AwsError, match="InvalidParameterValue: The filter 'x' is invalid"):
        list(matching(ROWS, [{"Name": "x", "Values": []}], PATHS))


def test_too_many_values() -> None:
    with pytest.raises(AwsError, match="FilterLimitExceeded"):
        list(matching(ROWS, [{"Name": "id", "Values": ["a"] * 201}], PATHS))


def test_a_filter_without_a_name() -> None:
    with pytest.raises(AwsError, match="InvalidParameterValue: The filter '' is invalid"):
        list(matching(ROWS, [{"Values": ["a"]}], PATHS))


def test_many_wildcards_are_looked_for_once() -> None:
    row = {"Id": "a" * 256}
    given = [{"Name": "id", "Values": ["*a" * 40 + "b", "*a" * 40 + "*b*"]}]
    assert list(matching([row], given, PATHS)) == []
    assert list(matching([row], [{"Name": "id", "Values": ["*a" * 40]}], PATHS)) == [row]
