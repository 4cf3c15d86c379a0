"""Condition operators, by the tables of AWS's pages."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.aws.policy.conditions import instant_of, parse_operator
from fogbank.aws.policy.document import Notes, Policy


def holds(operator: str, values: Any, asked: list[str] | None, **more: str) -> bool:
    """Whether a statement with this condition on the key `aws:Key` applies to a request that has `asked` for it."""
    body = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {"aws:Key": values}}}
    (statement,) = Policy.compile({"Version": "2012-10-17", "Statement": body}, kind="identity").statements
    context = {key.replace("_", ":"): [value] for key, value in more.items()}
    return statement.applies("*", context | ({} if asked is None else {"aws:key": asked}), Notes())


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
ONE_VALUE = [
    ("StringEquals", "john", "john", True),
    ("StringEquals", "john", "John", False),
    ("StringEquals", "jo*", "john", False),
    ("StringEquals", "jo*", "jo*", True),
    ("StringNotEquals", ["john", "jane"], "jane", False),
    ("StringNotEquals", ["john", "jane"], "jim", True),
    ("StringEqualsIgnoreCase", "john", "JOHN", True),
    ("StringEqualsIgnoreCase", "JOHN", "john", True),
    ("StringNotEqualsIgnoreCase", "john", "JOHN", False),
    ("StringLike", ["", "home/", "home/*"], "home/a", True),
    ("StringLike", ["", "home/", "home/*"], "Home/a", False),
    ("StringNotLike", ["home/*"], "home/a", False),
    ("stringlike", "a?", "ab", True),
    ("NumericEquals", "10", "10.0", True),
    ("NumericEquals", 10, "10", True),
    ("NumericNotEquals", "10", "11", True),
    ("NumericLessThan", "10", "9.5", True),
    ("NumericLessThan", "10", "10", False),
    ("NumericLessThanEquals", "10", "10", True),
    ("NumericGreaterThan", "10", "9", False),
    ("NumericGreaterThanEquals", ["100", "10"], "10", True),
    ("NumericLessThan", "10", "nan", False),
    ("NumericLessThan", "ten", "1", False),
    ("DateGreaterThan", "2020-01-01T00:00:01Z", "2020-01-01T00:00:02Z", True),
    ("DateGreaterThan", "2020-01-01T00:00:01Z", "2020-01-01T00:00:01Z", False),
    ("DateGreaterThanEquals", "2020-01-01T00:00:01Z", "2020-01-01T00:00:01+00:00", True),
    ("DateLessThan", "2020-01-01", "1577836799", True),
    ("DateLessThan", "2020-01-01", "1577836800", False),
    ("DateLessThanEquals", "1577836800", "2020-01-01T01:00:00+01:00", True),
    ("DateEquals", "2020", "2020-01-01T00:00:00Z", True),
    ("DateNotEquals", "2020-01", "2020-01-01T00:00Z", False),
    ("DateLessThan", "2020-01-01", "yesterday", False),
    ("DateEquals", "2020-01-01T00:00:00", "1577836800", True),
    ("Bool", "true", "True", True),
    ("Bool", True, "true", True),
    ("Bool", "false", "true", False),
    ("BinaryEquals", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", True),
    ("BinaryEquals", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", "QmluYXJ5", False),
    ("IpAddress", "203.0.113.0/24", "203.0.113.255", True),
    ("IpAddress", "203.0.113.0/24", "203.0.114.0", False),
    ("IpAddress", "203.0.113.7", "203.0.113.7", True),
    ("IpAddress", "203.0.113.7/24", "203.0.113.8", True),
    ("IpAddress", "somewhere", "203.0.113.8", False),
    ("IpAddress", "0.0.0.0/0", "somewhere", False),
    ("IpAddress", ["203.0.113.0/24", "2001:DB8:1234:5678::/64"], "2001:db8:1234:5678::1", True),
    ("IpAddress", "0.0.0.0/0", "2001:db8::1", False),
    ("NotIpAddress", "203.0.113.0/24", "203.0.113.1", False),
    ("NotIpAddress", "203.0.113.0/24", "198.51.100.1", True),
    ("ArnEquals", "arn:aws:sns:*:123456789012:T*", "arn:aws:sns:us-east-1:123456789012:TOPIC", True),
    ("ArnLike", "arn:aws:sns:*:123456789012:T*", "arn:aws:sns:us-east-1:1:2:123456789012:T", False),
    ("ArnNotEquals", "arn:aws:iam::444455556666:user/user-name", "arn:aws:iam::444455556666:user/other", True),
    ("ArnNotLike", "arn:aws:iam::444455556666:user/*", "arn:aws:iam::444455556666:user/other", False),
    ("Null", "true", "anything", False),
    ("Null", "false", "anything", True),
]


@pytest.mark.parametrize(("operator", "values", "asked", "expected"), ONE_VALUE)
def test_one_value(operator: str, values: Any, asked: str, expected: bool) -> None:
    assert holds(operator, values, [asked]) is expected


# "If the key that you specify in a policy condition is not present in the request context, the values do not match and
# the condition is false. If the policy condition requires that the key is not matched …, the condition is true."
MISSING = [
    ("StringEquals", "a", False),
    ("StringLike", "*", False),
    ("NumericLessThan", "1", False),
    ("DateLessThan", "2099-01-01", False),
    ("Bool", "false", False),
    ("BinaryEquals", "", False),
    ("IpAddress", "0.0.0.0/0", False),
    ("ArnLike", "*", False),
    ("StringNotEquals", "a", True),
    ("StringNotLike", "*", True),
    ("NumericNotEquals", "1", True),
    ("NotIpAddress", "0.0.0.0/0", True),
    ("ArnNotLike", "*", True),
    ("StringEqualsIfExists", "a", True),
    ("StringNotEqualsIfExists", "a", True),
    ("BoolIfExists", "true", True),
    ("Null", "true", True),
    ("Null", "false", False),
    ("ForAllValues:StringEquals", "a", True),
    ("ForAllValues:StringNotEquals", "a", True),
    ("ForAnyValue:StringEquals", "a", False),
    ("ForAnyValue:StringNotEquals", "a", False),
    ("ForAnyValue:StringLikeIfExists", "a", True),
]


@pytest.mark.parametrize(("operator", "values", "expected"), MISSING)
def test_missing_key(operator: str, values: str, expected: bool) -> None:
    assert holds(operator, values, None) is expected
    assert holds(operator, values, []) is expected


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
SETS = [
    ("ForAllValues:StringLike", ["PostDateTime", "Message", "Tags"], ["PostDateTime", "Message"], True),
    ("ForAllValues:StringLike", ["PostDateTime", "Message", "Tags"], ["PostDateTime", "UserName"], False),
    ("ForAnyValue:StringLike", ["ID", "PostDateTime"], ["UserName", "Message", "PostDateTime"], True),
    ("ForAnyValue:StringLike", ["ID", "PostDateTime"], ["UserName"], False),
    ("ForAllValues:StringNotEquals", ["a", "b"], ["c", "d"], True),
    ("ForAllValues:StringNotEquals", ["a", "b"], ["c", "a"], False),
    ("ForAnyValue:StringNotEquals", ["a", "b"], ["c", "a"], True),
    ("ForAnyValue:StringNotEquals", ["a", "b"], ["b", "a"], False),
    ("forallvalues:stringequals", ["a"], ["a"], True),
    # "an empty data set (for example, an empty string)"
    ("ForAllValues:StringEquals", ["a"], [""], True),
    ("ForAnyValue:StringEquals", [""], [""], False),
    # Several values and no qualifier: as "any" for an operator, as "none" for its negation.
    ("StringEquals", ["a"], ["b", "a"], True),
    ("StringNotEquals", ["a"], ["b", "a"], False),
    ("StringNotEquals", ["a"], ["b", "c"], True),
]


@pytest.mark.parametrize(("operator", "values", "asked", "expected"), SETS)
def test_sets(operator: str, values: list[str], asked: list[str], expected: bool) -> None:
    assert holds(operator, values, asked) is expected


@pytest.mark.parametrize(
    ("operator", "value", "asked", "expected"),
    [
        ("StringEquals", "${aws:username}", "alice", True),
        ("StringEqualsIgnoreCase", "${aws:username}", "ALICE", True),
        ("StringEqualsIgnoreCase", "${aws:userid, 'NOBODY'}", "nobody", True),
        ("StringEquals", "${aws:username}", "bob", False),
        ("StringLike", "https://example.com/${aws:username}/", "https://example.com/alice/", True),
        ("ArnLike", "arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::1:user/alice", True),
        ("StringNotEquals", "${aws:username}", "bob", True),
        ("StringNotEquals", "${aws:username}", "alice", False),
        # "not present means that … any attempt to match it fails and causes the statement to be invalid"
        ("StringEquals", "${aws:userid}", "bob", False),
        ("StringNotEquals", "${aws:userid}", "bob", False),
        ("StringNotEquals", "${aws:userid, 'nobody'}", "bob", True),
        ("StringEquals", "a${*}", "a*", True),
        ("StringLike", "a${*}", "ab", False),
    ],
)
def test_variables(operator: str, value: str, asked: str, expected: bool) -> None:
    assert holds(operator, value, [asked], aws_username="alice") is expected


@pytest.mark.parametrize("name", ["StringEqual", "NullIfExists", "ForSomeValues:StringEquals", "", "Not"])
def test_unknown_operators(name: str) -> None:
    assert parse_operator(name) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2020-01-01T00:00:00", 1577836800),
        ("1997", 852076800),
        ("1997-07", 867715200),
        ("1997-07-16T19:20+01:00", 869077200),
        ("19970716", 19970716),
    ],
)
def test_w3c_dates(text: str, seconds: int) -> None:
    """https://www.w3.org/TR/NOTE-datetime"""
    assert instant_of(text) == seconds
