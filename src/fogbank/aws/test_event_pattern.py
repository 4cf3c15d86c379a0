"""The pattern language, operator by operator, with the examples of AWS's pages."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.aws.event_pattern import BadPattern, compiled

EVENT: dict[str, Any] = {
    "source": "aws.ec2",
    "region": "us-east-1",
    "resources": ["arn:a", "arn:b"],
    "detail": {
        "state": "running",
        "limit": 300,
        "ratio": 0.5,
        "gone": None,
        "yes": True,
        "ip": "10.0.0.17",
        "path": "dir/a*b.png",
        "empty": "",
        "list": [{"kind": "a", "size": 1}, {"kind": "b", "size": 2}],
        "tags": [],
    },
}


def leaf(name: str, *wanted: Any) -> dict[str, Any]:
    return {"detail": {name: list(wanted)}}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["aws.ec2"]}, True),
        ({"source": ["aws.s3", "aws.ec2"]}, True),
        ({"source": ["aws.s3"]}, False),
        ({"source": ["aws.ec2"], "region": ["eu-west-1"]}, False),
        ({"resources": ["arn:b"]}, True),
        ({"resources": ["arn:c"]}, False),
        (leaf("limit", 300), True),
        (leaf("limit", 300.0), False),
        (leaf("limit", "300"), False),
        (leaf("gone", None), True),
        (leaf("empty", None), False),
        (leaf("absent", None), False),
        (leaf("empty", ""), True),
        (leaf("yes", True), True),
        (leaf("yes", 1), False),
        (leaf("state", {"prefix": "run"}), True),
        (leaf("state", {"prefix": "Run"}), False),
        (leaf("state", {"prefix": {"equals-ignore-case": "RUN"}}), True),
        (leaf("state", {"suffix": "ing"}), True),
        (leaf("state", {"suffix": {"equals-ignore-case": "ING"}}), True),
        (leaf("state", {"equals-ignore-case": "RUNNING"}), True),
        (leaf("state", {"anything-but": "stopped"}), True),
        (leaf("state", {"anything-but": ["stopped", "running"]}), False),
        (leaf("limit", {"anything-but": 300}), False),
        (leaf("state", {"anything-but": {"prefix": "run"}}), False),
        (leaf("state", {"anything-but": {"prefix": ["stop", "term"]}}), True),
        (leaf("state", {"anything-but": {"suffix": "ed"}}), True),
        (leaf("state", {"anything-but": {"equals-ignore-case": ["RUNNING"]}}), False),
        (leaf("state", {"anything-but": {"wildcard": "r*g"}}), False),
        (leaf("absent", {"anything-but": "x"}), False),
        (leaf("limit", {"numeric": [">", 0, "<=", 300]}), True),
        (leaf("limit", {"numeric": ["<", 300]}), False),
        (leaf("limit", {"numeric": ["=", 3e2]}), True),
        (leaf("state", {"numeric": ["=", 1]}), False),
        (leaf("ip", {"cidr": "10.0.0.0/24"}), True),
        (leaf("ip", {"cidr": "10.0.1.0/24"}), False),
        (leaf("ip", {"cidr": "2001:db8::/32"}), False),
        (leaf("state", {"exists": True}), True),
        (leaf("state", {"exists": False}), False),
        (leaf("absent", {"exists": False}), True),
        ({"other": {"deep": [{"exists": False}]}}, True),
        ({"other": {"deep": [{"exists": True}]}}, False),
        ({"detail": [{"exists": True}]}, False),
        (leaf("gone", {"exists": True}), True),
        (leaf("path", {"wildcard": "dir/*.png"}), True),
        (leaf("path", {"wildcard": "dir/*.jpg"}), False),
        (leaf("path", {"wildcard": "dir/a\\*b*"}), True),
        (leaf("path", {"wildcard": "dir/?*"}), False),
        ({"detail": {"$or": [{"state": ["stopped"]}, {"limit": [300]}]}}, True),
        ({"detail": {"$or": [{"state": ["stopped"]}, {"limit": [301]}]}}, False),
        ({"source": ["aws.s3"], "detail": {"$or": [{"limit": [300]}, {"limit": [1]}]}}, False),
        ({"detail": {"list": {"kind": ["b"], "size": [2]}}}, True),
        ({"detail": {"list": {"kind": ["a"], "size": [2]}}}, False),
        (leaf("state", "stopped", {"prefix": "run"}), True),
    ],
)
def test_a_pattern_decides(pattern: dict[str, Any], expected: bool) -> None:
    assert compiled(pattern).matches(EVENT) is expected


def test_to_sns_numbers_are_what_they_are_worth() -> None:
    assert compiled({"price": [300.0]}, "sns").matches({"price": 300})
    assert not compiled({"price": [1]}, "sns").matches({"price": True})


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ({}, "empty"),
        ({"source": "aws.ec2"}, "'source' must be an object or an array"),
        ({"source": []}, "Empty arrays"),
        ({"detail": {}}, "Empty objects"),
        (leaf("a", {"near": 1}), "Unrecognized match type near"),
        (leaf("a", {"prefix": 1}), "prefix match pattern must be a string"),
        (leaf("a", {"prefix": "a", "suffix": "b"}), "Only one key"),
        (leaf("a", {"numeric": ["~", 1]}), "Unrecognized numeric range operator: ~"),
        (leaf("a", {"numeric": ["<"]}), "numeric pattern"),
        (leaf("a", {"numeric": ["<", "1"]}), "must be numeric"),
        (leaf("a", {"numeric": [">", 5, "<", 5]}), "Bottom must be less than top"),
        (leaf("a", {"numeric": ["<", 5, "<", 6]}), "Bad numeric range"),
        (leaf("a", {"cidr": "10.0.0/8/8"}), "Malformed CIDR"),
        (leaf("a", {"exists": "yes"}), "exists match pattern"),
        (leaf("a", {"wildcard": "a**b"}), "Consecutive wildcard"),
        (leaf("a", {"wildcard": "a\\b"}), "Invalid escape"),
        (leaf("a", {"anything-but": [None]}), "anything but"),
        (leaf("a", {"anything-but": {"numeric": ["<", 1]}}), "Unsupported anything-but"),
        (leaf("a", ["x"]), "Match value must be"),
        ({"$or": [{"a": [1]}]}, "less than 2"),
        ({"$or": [{"a": [1]}, {}]}, "Empty objects"),
    ],
)
def test_what_is_no_pattern_is_told_apart(pattern: dict[str, Any], text: str) -> None:
    with pytest.raises(BadPattern, match=text):
        compiled(pattern)


def test_a_deep_pattern_ends() -> None:
    pattern: dict[str, Any] = {"a": [1]}
    for _ in range(200):
        pattern = {"a": pattern}
    with pytest.raises(BadPattern, match="deeply"):
        compiled(pattern)
