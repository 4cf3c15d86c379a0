"""Wildcards and variables, by the examples of AWS's pages."""

from __future__ import annotations

import pytest

from fogbank.aws.policy.patterns import ArnPatterns, Patterns, is_glob_match, text_of, tokens_of

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
RESOURCES = [
    ("*", "*", True),
    ("*", "arn:aws:s3:::a", True),
    ("arn:aws:s3:::a", "*", False),
    ("arn:aws:iam::123456789012:user/Bob", "arn:aws:iam::123456789012:user/Bob", True),
    ("arn:aws:iam::123456789012:user/Bob", "arn:aws:iam::123456789012:user/bob", False),
    ("arn:aws:iam::123456789012:user/accounting/*", "arn:aws:iam::123456789012:user/accounting/x/y", True),
    ("arn:aws:s3:::my_corporate_bucket/*", "arn:aws:s3:::my_corporate_bucket", False),
    ("arn:aws:s3:::*log*", "arn:aws:s3:::carlossalazar-logs/a", True),
    ("arn:aws:ssm:*:123:parameter/x*", "arn:aws:ssm:eu-west-1:123:parameter/x/y", True),
    ("arn:aws:ssm:*:123:parameter/x*", "arn:aws:ssm:eu-west-1:124:parameter/x", False),
    ("arn:aws:sqs:*", "arn:aws:sqs:us-east-1:1:q", True),
    ("arn:aws:ec2:us-?ast-1:1:instance/i-??", "arn:aws:ec2:us-east-1:1:instance/i-12", True),
    ("arn:aws:ec2:us-?ast-1:1:instance/i-??", "arn:aws:ec2:us-east-1:1:instance/i-123", False),
    ("a*b*c", "axxbxxbc", True),
    ("a*b*c", "abc", True),
    ("a*b*c", "acb", False),
    ("a**", "a", True),
    ("a.c", "abc", False),
    ("a*\n", "ab\n", True),
    ("*bb", "abb", True),
    ("ab*ba", "aba", False),
    ("a*c", "a\nc", True),
    ("a*?", "a", False),
    ("*??*", "a", False),
    ("*??*", "ab", True),
]


@pytest.mark.parametrize(("pattern", "value", "expected"), RESOURCES)
def test_wildcards(pattern: str, value: str, expected: bool) -> None:
    assert Patterns([pattern], variables=True).matches(value, {}) is expected
    assert is_glob_match(tokens_of(pattern, variables=True), value) is expected


CONTEXT = {
    "aws:username": ["alice"],
    "aws:principaltag/team": ["red*"],
    "aws:tagkeys": ["a", "b"],
}

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
VARIABLES = [
    ("arn:aws:s3:::mybucket/${aws:username}/*", "arn:aws:s3:::mybucket/alice/photo", True),
    ("arn:aws:s3:::mybucket/${aws:username}/*", "arn:aws:s3:::mybucket/bob/photo", False),
    ("arn:aws:s3:::mybucket/${AWS:UserName}/*", "arn:aws:s3:::mybucket/alice/photo", True),
    ("arn:aws:sqs:us-east-2:*:${aws:username}-queue", "arn:aws:sqs:us-east-2:1:alice-queue", True),
    ("arn:aws:s3:::b/${aws:userid, 'anonymous'}", "arn:aws:s3:::b/anonymous", True),
    ("arn:aws:s3:::b/${aws:username, 'anonymous'}", "arn:aws:s3:::b/anonymous", False),
    ("arn:aws:s3:::b/${aws:username,'x'}", "arn:aws:s3:::b/alice", True),
    ("arn:aws:s3:::b/${aws:PrincipalTag/team, 'company-wide'}/*", "arn:aws:s3:::b/red*/a", True),
    # What a variable stands for is text, whatever characters it has.
    ("arn:aws:s3:::b/${aws:PrincipalTag/team}/a", "arn:aws:s3:::b/redder/a", False),
    # "you cannot use a multivalued context key as a policy variable"
    ("b/${aws:TagKeys}", "b/a", False),
    ("b/${aws:userid}", "b/", False),
    ("b/${aws:userid}", "b/${aws:userid}", False),
    ("a${*}c", "a*c", True),
    ("a${*}c", "abc", False),
    ("a${?}c", "a?c", True),
    ("a${?}c", "abc", False),
    ("a${$}{aws:username}", "a${aws:username}", True),
    ("${*}*", "*anything", True),
    ("*/${aws:username}?*", "x/alice12", True),
    ("*/${aws:username}?*", "x/alice", False),
]


@pytest.mark.parametrize(("pattern", "value", "expected"), VARIABLES)
def test_variables(pattern: str, value: str, expected: bool) -> None:
    assert Patterns([pattern], variables=True).matches(value, CONTEXT) is expected


def test_before_2012_variables_are_plain_text() -> None:
    old = Patterns(["b/${aws:username}"], variables=False)
    assert old.matches("b/${aws:username}", CONTEXT)
    assert not old.matches("b/alice", CONTEXT)


def test_exact_operators_keep_wildcards_as_text() -> None:
    tokens = tokens_of("a*${aws:username}?", variables=True, wildcards=False)
    assert text_of(tokens, CONTEXT) == "a*alice?"
    assert text_of(tokens, {}) is None


ARN = "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
ARNS = [
    ("arn:aws:someservice:*:111122223333:finance/*", ARN, False),
    ("arn:aws:someservice:*:999999999999:store/*", ARN, True),
    ("arn:*:someservice:*:*:*", ARN, True),
    ("arn:aws:someservice:us-east-?:999999999999:*", ARN, True),
    ("arn:aws:someservice:*", ARN, False),
    ("*", ARN, True),
    ("arn:aws:sns:us-east-1:*:${aws:username}-*", "arn:aws:sns:us-east-1:1:alice-topic", True),
    ("arn:aws:sns:us-east-1:*:${aws:username}-*", "arn:aws:sns:us-east-1:1:2:alice-topic", False),
    ("arn:aws:sns:${aws:x, 'us-east-1'}", "arn:aws:sns:us-east-1:1:t", False),
    ("arn:aws:sns:*:${aws:userid, 'a:b'}:*", "arn:aws:sns:us-east-1:1:t", False),
    ("arn:aws:sns:*:1:${aws:userid, 'a:b'}", "arn:aws:sns:us-east-1:1:a:b", True),
]


@pytest.mark.parametrize(("pattern", "value", "expected"), ARNS)
def test_arn_parts(pattern: str, value: str, expected: bool) -> None:
    assert ArnPatterns([pattern], variables=True).matches(value, CONTEXT) is expected


def test_many_stars_do_not_take_exponential_time() -> None:
    """Backtracking would not end within the suite's time limit."""
    pattern, value = "*a" * 40 + "b", "arn:" * 5 + "a" * 2000
    assert not Patterns([pattern], variables=True).matches(value, {})
    assert not ArnPatterns(["arn:" * 5 + pattern], variables=True).matches(value, {})
