"""What IAM refuses, and what it says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.aws.policy import Kind, MalformedPolicy, Policy, check

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
TRUST = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}


def policy(*statements: Any, version: str | None = "2012-10-17") -> str:
    return json.dumps(({"Version": version} if version else {}) | {"Statement": list(statements)})


ACCEPTED: list[tuple[str, Kind]] = [
    (policy(ALLOW), "identity"),
    (policy(ALLOW), "managed"),
    (policy(ALLOW), "session"),
    (policy(ALLOW), "scp"),
    # "If you do not include a Version element, the value defaults to 2008-10-17" (Version element)
    (policy(ALLOW, version=None), "identity"),
    (policy(ALLOW, version="2008-10-17"), "identity"),
    (json.dumps({"Statement": ALLOW, "Version": "2012-10-17"}), "managed"),
    (policy(TRUST), "trust"),
    (policy(TRUST | {"Action": ["sts:AssumeRole", "sts:TagSession"]}), "trust"),
    (policy(ALLOW | {"Principal": "*", "Sid": "with spaces"}), "resource"),
    # The example topic policy of the variables page has no Resource.
    (policy({"Principal": {"AWS": "999999999999"}, "Effect": "Allow", "Action": "sns:*"}), "resource"),
    (policy(ALLOW | {"Condition": {"Bool": {"aws:SecureTransport": True}}}), "identity"),
    (policy(ALLOW | {"Condition": {"NumericLessThan": {"s3:max-keys": 10}}}), "identity"),
    (policy(ALLOW | {"Resource": ["arn:aws:sqs:*", "arn:*:s3:::b/${aws:username}"]}), "identity"),
    (policy(ALLOW | {"Resource": "arn:aws-cn:s3:::b"}), "identity"),
]


@pytest.mark.parametrize(("document", "kind"), ACCEPTED)
def test_accepted(document: str, kind: Kind) -> None:
    check(document, kind)
    Policy.compile(document, kind=kind)


SYNTAX = "Syntax errors in policy."
REFUSED: list[tuple[str, Kind, str]] = [
    ("{", "identity", SYNTAX),
    ("[]", "identity", SYNTAX),
    ('{"Version": "2012-10-17"}', "identity", SYNTAX),
    (policy(), "identity", SYNTAX),
    (policy(ALLOW, version="2019-10-19"), "identity", SYNTAX),
    (policy(ALLOW | {"Resources": "*"}), "identity", SYNTAX),
    (policy(ALLOW | {"NotAction": "s3:*"}), "identity", SYNTAX),
    (policy(ALLOW | {"Condition": {"StringIs": {"a": "b"}}}), "identity", SYNTAX),
    (policy(ALLOW | {"Condition": {"StringEquals": {"a": {}}}}), "identity", SYNTAX),
    (policy(ALLOW | {"Action": 5}), "identity", SYNTAX),
    (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}}',
        "identity",
        SYNTAX,
    ),
    # https://github.com/hashicorp/terraform/issues/10057
    (policy(ALLOW | {"Effect": "allow"}), "managed", "The policy failed legacy parsing"),
    # https://github.com/Meteor-Community-Packages/Meteor-CollectionFS/issues/630
    (policy(ALLOW, version=None), "managed", "Policy document must be version 2012-10-17 or greater."),
    # https://github.com/hashicorp/terraform-provider-aws/issues/10419
    (policy(ALLOW | {"Principal": "*"}), "identity", "Policy document should not specify a principal."),
    (policy({"Effect": "Allow", "Action": "s3:*"}), "identity", "Policy statement must contain resources."),
    (policy({"Effect": "Allow", "Resource": "*"}), "identity", "Policy statement must contain actions."),
    (policy(ALLOW | {"Action": []}), "identity", "Policy statement must contain actions."),
    (policy(TRUST | {"Resource": "*"}), "trust", "Has prohibited field Resource"),
    (policy({"Effect": "Allow", "Action": "sts:AssumeRole"}), "trust", "Missing required field Principal"),
    (policy(ALLOW), "resource", "Missing required field Principal"),
    (policy(TRUST | {"Action": "s3:GetObject"}), "trust", "AssumeRole policy may only specify STS AssumeRole actions."),
    (
        policy(TRUST | {"Action": "*"}),
        "trust",
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    ),
    (
        policy(ALLOW | {"Action": "GetObject"}),
        "identity",
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    ),
    # https://github.com/garnaat/kappa/issues/111
    (policy(ALLOW | {"Action": "a:b:c"}), "identity", "Actions/Condition can contain only one colon."),
    (policy(ALLOW | {"Action": "a b:c"}), "identity", "Vendor a b is not valid"),
    # https://github.com/felipefrizzo/terraform-aws-transfer-server/issues/6
    (policy(ALLOW | {"Resource": ""}), "identity", 'Resource  must be in ARN format or "*".'),
    (policy(ALLOW | {"Resource": "topic"}), "identity", 'Resource topic must be in ARN format or "*".'),
    # https://github.com/hashicorp/terraform-provider-aws/issues/3045
    (
        policy(ALLOW | {"Resource": "arn::s3:::BUCKET-NAME"}),
        "identity",
        'Partition "" is not valid for resource "arn::s3:::BUCKET-NAME".',
    ),
    (
        policy(ALLOW | {"Resource": "arn:${P}:s3:::b"}),
        "identity",
        'Partition "${P}" is not valid for resource "arn:${P}:s3:::b".',
    ),
    (policy(ALLOW | {"Resource": "arn:aws:s3"}), "identity", "The policy failed legacy parsing"),
    (
        policy(ALLOW | {"Resource": "arn:aws:s?:::b"}),
        "identity",
        "Resource vendor must be fully qualified and cannot contain regexes.",
    ),
    # https://github.com/cloud-gov/terraform-provision/pull/1838
    (
        policy(ALLOW | {"Resource": "arn:aws:iam:us-east-1:1:user/a"}),
        "identity",
        "IAM resource arn:aws:iam:us-east-1:1:user/a cannot contain region information.",
    ),
    # https://github.com/kubernetes/kops/issues/4951
    (
        policy(ALLOW | {"Sid": "a"}, ALLOW | {"Sid": "a"}),
        "identity",
        "Statement IDs (SID) in a single policy must be unique.",
    ),
    # https://github.com/Wolox/carthage_cache/issues/22
    (
        policy(ALLOW | {"Sid": "autogenerated-id"}),
        "managed",
        "Statement IDs (SID) must be alpha-numeric. "
        "Check that your input satisfies the regular expression [0-9A-Za-z]*",
    ),
    (
        policy(ALLOW | {"Principal": "*"}),
        "scp",
        "The provided policy document does not meet the requirements of the specified policy type.",
    ),
]


@pytest.mark.parametrize(("document", "kind", "text"), REFUSED)
def test_refused(document: str, kind: Kind, text: str) -> None:
    with pytest.raises(MalformedPolicy) as caught:
        check(document, kind)
    assert str(caught.value) == text


def test_only_one_partition() -> None:
    """https://github.com/terraform-aws-modules/terraform-aws-iam/issues/39"""
    document = policy(ALLOW | {"Resource": "arn:aws:s3:::b"})
    check(document, "identity", partition="aws")
    with pytest.raises(MalformedPolicy, match='Partition "aws" is not valid for resource "arn:aws:s3:::b"'):
        check(document, "identity", partition="aws-cn")


def test_compile_refuses_what_is_no_policy() -> None:
    with pytest.raises(ValueError, match="Syntax errors"):
        Policy.compile("no", kind="identity")
    with pytest.raises(MalformedPolicy, match="Missing required field Principal"):
        Policy.compile(policy(ALLOW), kind="resource")
