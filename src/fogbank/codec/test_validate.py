from __future__ import annotations

from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.codec.validate import validator


def said(service: str, operation: str, parameters: dict[str, Any]) -> str:
    with pytest.raises(AwsError) as raised:
        validator(service, operation)(parameters)
    return str(raised.value)


def test_what_is_right_passes() -> None:
    validator("ssm", "GetParameter")({"Name": "/a", "WithDecryption": True})
    validator("kms", "CreateKey")({"Tags": [{"TagKey": "a", "TagValue": ""}]})
    validator("sts", "GetCallerIdentity")({})
    validator("s3", "PutBucketVersioning")({"Bucket": "b", "VersioningConfiguration": {"Status": "nonsense"}})


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    [
        (
            "kms",
            "ScheduleKeyDeletion",
            {},
            "ValidationException: 1 validation error detected: Value null at 'keyId' failed to satisfy constraint: "
            "Member must not be null",
        ),
        (
            "ssm",
            "PutParameter",
            {"Name": "a", "Value": "", "Type": "x", "Tags": [{"Key": "", "Value": ""}, {"Key": "a"}]},
            "ValidationException: 3 validation errors detected: Value 'x' at 'type' failed to satisfy constraint: "
            "Member must satisfy enum value set: [String, StringList, SecureString]; "
            "Value '' at 'tags.1.member.key' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1; "
            "Value null at 'tags.2.member.value' failed to satisfy constraint: Member must not be null",
        ),
        (
            "ssm",
            "DescribeParameters",
            {"MaxResults": 51},
            "ValidationException: 1 validation error detected: Value '51' at 'maxResults' failed to satisfy "
            "constraint: Member must have value less than or equal to 50",
        ),
        (
            "ssm",
            "GetParameters",
            {"Names": ["", "x"]},
            "ValidationException: 1 validation error detected: Value '[, x]' at 'names' failed to satisfy constraint: "
            "Member must satisfy constraint: [Member must have length less than or equal to 2048, "
            "Member must have length greater than or equal to 1]",
        ),
        (
            "iam",
            "CreateRole",
            {"RoleName": "a b", "AssumeRolePolicyDocument": "{}"},
            "ValidationError: 1 validation error detected: Value 'a b' at 'roleName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [\\w+=,.@-]+",
        ),
        (
            "cognito-idp",
            "SignUp",
            {"ClientId": "x", "Username": "u", "Password": "a b"},
            "InvalidParameterException: 1 validation error detected: Value at 'password' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: [\\S]+",
        ),
        (
            "logs",
            "CreateLogGroup",
            {"logGroupName": "a b"},
            "InvalidParameterException: 1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+",
        ),
        (
            "ecr",
            "DescribeImages",
            {"repositoryName": "A"},
            "InvalidParameterException: Invalid parameter at 'repositoryName' failed to satisfy constraint: "
            "'must have length greater than or equal to 2'",
        ),
        (
            "lambda",
            "CreateFunction",
            {
                "FunctionName": "f",
                "Role": "arn:aws:iam::000000000000:role/r",
                "Code": {},
                "Environment": {"Variables": {"a-b": "1"}},
            },
            "ValidationException: 1 validation error detected: Value at 'environment.variables' failed to satisfy "
            "constraint: Map keys must satisfy constraint: "
            "[Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]",
        ),
        (
            "dynamodb",
            "PutItem",
            {"TableName": "t", "Item": {"a": {"L": [{"S": "x"}, None]}}},
            "ValidationException: 1 validation error detected: Value null at 'item.a.member.l.2.member' failed to "
            "satisfy constraint: Member must not be null",
        ),
        ("ec2", "CreateVpcEndpoint", {}, "MissingParameter: The request must contain the parameter VpcId"),
        (
            "ec2",
            "DescribeVpcs",
            {"MaxResults": 1},
            "InvalidParameterValue: Value (1) for parameter maxResults is invalid. "
            "Expecting a value greater than or equal to 5",
        ),
        (
            "sqs",
            "SendMessage",
            {"QueueUrl": "q"},
            "MissingParameter: The request must contain the parameter MessageBody.",
        ),
        (
            "s3",
            "PutBucketVersioning",
            {"Bucket": "b"},
            "MalformedXML: The XML you provided was not well-formed or did not validate against our published schema",
        ),
    ],
)
def test_what_is_wrong_is_said_as_aws_says_it(
    service: str, operation: str, parameters: dict[str, Any], expected: str
) -> None:
    assert said(service, operation, parameters) == expected


def test_a_value_that_is_too_long_never_meets_a_pattern() -> None:
    text = said("kms", "CreateAlias", {"AliasName": "a" * 5000, "TargetKeyId": "k"})
    assert text.startswith("ValidationException: 1 validation error detected: ")
    assert text.endswith("Member must have length less than or equal to 256")
