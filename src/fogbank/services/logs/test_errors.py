"""Every error that the model has for operations of CloudWatch Logs: provoked, with its message, or excused, with the reason."""
# ruff: noqa: E501 (a table: a case to a line, with AWS's whole sentence)

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.services.lambda_.test_lambda import World as Functions
from fogbank.testing import TestCloud, parity
from fogbank.testing.parity import Case

SERVICE = "logs"


ARN = "arn:aws:logs:us-east-1:000000000000:log-group:"
NOW = 1_750_000_000


def _subscribe(cloud: TestCloud, group: str) -> None:
    """As many filters as a group may have."""
    functions = Functions(cloud)
    arn = functions.make("reads")["FunctionArn"]
    given = {"Action": "lambda:InvokeFunction", "Principal": "logs.amazonaws.com"}
    functions.call("AddPermission", FunctionName="reads", StatementId="logs", **given)
    for name in ("first", "second"):
        want = {"logGroupName": group, "filterName": name, "filterPattern": "x", "destinationArn": arn}
        cloud.call("logs", "PutSubscriptionFilter", want)


def _made(cloud: TestCloud) -> dict[str, str]:
    logs = cloud.client("logs")
    for name in ("app", "full"):
        logs("CreateLogGroup", logGroupName=name)
    logs("CreateLogGroup", logGroupName="kept", deletionProtectionEnabled=True)
    logs("CreateLogGroup", logGroupName="rare", logGroupClass="INFREQUENT_ACCESS")
    logs("CreateLogStream", logGroupName="app", logStreamName="one")
    value = [{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}]
    for number in range(100):
        one = {"filterName": f"f{number}", "filterPattern": "x", "metricTransformations": value}
        logs("PutMetricFilter", logGroupName="full", **one)
    _subscribe(cloud, "full")
    allow = {"Effect": "Allow", "Principal": {"Service": "x.amazonaws.com"}, "Action": "logs:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    for number in range(10):
        logs("PutResourcePolicy", policyName=f"p{number}", policyDocument=document)
    query = logs("StartQuery", logGroupName="app", startTime=0, endTime=NOW, queryString="fields @message")["queryId"]
    logs("TagResource", resourceArn=f"{ARN}full", tags={f"k{number}": "" for number in range(50)})
    logs("CreateLogGroup", logGroupName="busy")
    cloud.advance(1)
    cloud.call("s3", "CreateBucket", {"Bucket": "exports"})
    return {"DONE": query, "LONG": "x" * 1_048_551, "HALF": "x" * 524_288, "POLICY": document}


EXCUSED: dict[str, str] = {
    "CreateExportTask:ResourceAlreadyExistsException": "two tasks may have one name",
    "CreateExportTask:LimitExceededException": "the last test here provokes it",
    "CancelExportTask:InvalidOperationException": "the last test here provokes it",
    "CreateLogGroup:LimitExceededException": "the quota is a million groups",
    "DeleteLogGroup:ValidationException": "a protected group is told of as InvalidParameterException",
    "DeleteLogStream:ValidationException": "only groups are protected here",
    "DeleteResourcePolicy:InvalidParameterException": "every name is one that could be",
    "DescribeQueries:ResourceNotFoundException": "a group without queries has an empty list",
    "GetLogGroupFields:LimitExceededException": "requests are not limited by the second",
    "GetLogRecord:LimitExceededException": "requests are not limited by the second",
    "PutLogEvents:InvalidSequenceTokenException": "AWS takes every token since 2023",
    "PutLogEvents:DataAlreadyAcceptedException": "AWS takes every batch since 2023",
    "PutLogEvents:UnrecognizedClientException": "the gateway refuses unknown keys first",
    "PutLogGroupDeletionProtection:InvalidOperationException": "every class of group can be protected",
    "PutMetricFilter:InvalidOperationException": "transformers are not done",
    "PutSubscriptionFilter:InvalidOperationException": "transformers are not done",
    "PutQueryDefinition:LimitExceededException": "the quota of a thousand is not kept",
    "PutResourcePolicy:ResourceNotFoundException": "policies of single groups are not done",
    "StartLiveTail:LimitExceededException": "the quota of sessions is not kept",
    "StartQuery:LimitExceededException": "a test below provokes it with a hundred queries at once",
    "ServiceUnavailableException": "fogbank's own fault, never a client's",
    "OperationAbortedException": "calls are carried out one after the other",
    "AccessDeniedException": "test_logs.py: permissions are denied as everywhere",
}
"""Errors that no client can provoke here, with the reason; `Operation:Error` for one operation alone."""

# fmt: off
CASES = [
    Case("CreateLogStream", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none", "logStreamName": "s"}),
    Case("CreateLogStream", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b", "logStreamName": "s"}),
    Case("DeleteLogGroup", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none"}),
    Case("DeleteLogGroup", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b"}),
    Case("DeleteLogStream", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none", "logStreamName": "s"}),
    Case("DeleteLogStream", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b", "logStreamName": "s"}),
    Case("DeleteMetricFilter", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none", "filterName": "f"}),
    Case("DeleteMetricFilter", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b", "filterName": "f"}),
    Case("DeleteRetentionPolicy", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none"}),
    Case("DeleteRetentionPolicy", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b"}),
    Case("DeleteSubscriptionFilter", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none", "filterName": "f"}),
    Case("DeleteSubscriptionFilter", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b", "filterName": "f"}),
    Case("DescribeLogStreams", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none"}),
    Case("DescribeLogStreams", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b"}),
    Case("DescribeMetricFilters", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none"}),
    Case("DescribeMetricFilters", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b"}),
    Case("DescribeSubscriptionFilters", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none"}),
    Case("DescribeSubscriptionFilters", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b"}),
    Case("FilterLogEvents", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none"}),
    Case("FilterLogEvents", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b"}),
    Case("GetLogEvents", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none", "logStreamName": "s"}),
    Case("GetLogEvents", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b", "logStreamName": "s"}),
    Case("GetLogGroupFields", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none"}),
    Case("GetLogGroupFields", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b"}),
    Case("PutLogEvents", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none", "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "x"}]}),
    Case("PutLogEvents", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b", "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "x"}]}),
    Case("PutMetricFilter", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none", "filterName": "f", "filterPattern": "x", "metricTransformations": [{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}]}),
    Case("PutMetricFilter", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b", "filterName": "f", "filterPattern": "x", "metricTransformations": [{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}]}),
    Case("PutRetentionPolicy", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none", "retentionInDays": 1}),
    Case("PutRetentionPolicy", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b", "retentionInDays": 1}),
    Case("PutSubscriptionFilter", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none", "filterName": "f", "filterPattern": "x", "destinationArn": "arn:aws:lambda:us-east-1:000000000000:function:f"}),
    Case("PutSubscriptionFilter", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b", "filterName": "f", "filterPattern": "x", "destinationArn": "arn:aws:lambda:us-east-1:000000000000:function:f"}),
    Case("StartQuery", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none", "startTime": 0, "endTime": 1, "queryString": "fields @message"}),
    Case("StartQuery", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b", "startTime": 0, "endTime": 1, "queryString": "fields @message"}),
    Case("AssociateKmsKey", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none", "kmsKeyId": "arn:aws:kms:us-east-1:000000000000:key/none"}),
    Case("AssociateKmsKey", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b", "kmsKeyId": "arn:aws:kms:us-east-1:000000000000:key/none"}),
    Case("DisassociateKmsKey", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none"}),
    Case("DisassociateKmsKey", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b"}),
    Case("TagLogGroup", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none", "tags": {"a": "b"}}),
    Case("TagLogGroup", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b", "tags": {"a": "b"}}),
    Case("UntagLogGroup", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none", "tags": ["a"]}),
    Case("UntagLogGroup", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b", "tags": ["a"]}),
    Case("ListTagsLogGroup", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none"}),
    Case("ListTagsLogGroup", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b"}),
    Case("DescribeLogStreams", "InvalidParameterException", "Exactly one of logGroupName and logGroupIdentifier must be specified.", {}),
    Case("FilterLogEvents", "InvalidParameterException", "Exactly one of logGroupName and logGroupIdentifier must be specified.", {}),
    Case("GetLogEvents", "InvalidParameterException", "Exactly one of logGroupName and logGroupIdentifier must be specified.", {"logStreamName": "s"}),
    Case("GetLogGroupFields", "InvalidParameterException", "Exactly one of logGroupName and logGroupIdentifier must be specified.", {}),
    Case("DisassociateKmsKey", "InvalidParameterException", "Exactly one of logGroupName and resourceIdentifier must be specified.", {}),
    Case("AssociateKmsKey", "InvalidParameterException", "Exactly one of logGroupName and resourceIdentifier must be specified.", {"kmsKeyId": "arn:aws:kms:us-east-1:000000000000:key/none"}),
    Case("CreateLogGroup", "ResourceAlreadyExistsException", "The specified log group already exists", {"logGroupName": "app"}),
    Case("CreateLogGroup", "InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", {"logGroupName": "a b"}),
    Case("CreateLogGroup", "InvalidParameterException", "Log groups starting with AWS/ are reserved for AWS.", {"logGroupName": "aws/x"}),
    Case("CreateLogGroup", "InvalidParameterException", "1 validation error detected: Value '" + "a" * 513 + "' at 'logGroupName' failed to satisfy constraint: Member must have length less than or equal to 512", {"logGroupName": "a" * 513}),
    Case("CreateLogGroup", "InvalidParameterException", "The specified KMS key does not exist or is not allowed to be used with LogGroup 'arn:aws:logs:us-east-1:000000000000:log-group:new'", {"logGroupName": "new", "kmsKeyId": "arn:aws:kms:us-east-1:000000000000:key/none"}),
    Case("CreateLogGroup", "InvalidParameterException", "Tag keys that begin with aws: are reserved for system use.", {"logGroupName": "new", "tags": {"aws:a": "b"}}),
    Case("CreateLogStream", "ResourceAlreadyExistsException", "The specified log stream already exists", {"logGroupName": "app", "logStreamName": "one"}),
    Case("CreateLogStream", "InvalidParameterException", "1 validation error detected: Value 'a:b' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*", {"logGroupName": "app", "logStreamName": "a:b"}),
    Case("DeleteLogGroup", "InvalidParameterException", "The specified log group has deletion protection enabled and cannot be deleted.", {"logGroupName": "kept"}),
    Case("PutRetentionPolicy", "InvalidParameterException", "1 validation error detected: Value '2' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]", {"logGroupName": "app", "retentionInDays": 2}),
    Case("PutLogEvents", "ResourceNotFoundException", "The specified log stream does not exist.", {"logGroupName": "app", "logStreamName": "none", "logEvents": [{"timestamp": 1, "message": "x"}]}),
    Case("PutLogEvents", "InvalidParameterException", "1 validation error detected: Value '[]' at 'logEvents' failed to satisfy constraint: Member must have length greater than or equal to 1", {"logGroupName": "app", "logStreamName": "one", "logEvents": []}),
    Case("PutLogEvents", "InvalidParameterException", "Log events in a single PutLogEvents request must be in chronological order.", {"logGroupName": "app", "logStreamName": "one", "logEvents": [{"timestamp": 1750000000000, "message": "a"}, {"timestamp": 1749999999999, "message": "b"}]}),
    Case("PutLogEvents", "InvalidParameterException", "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.", {"logGroupName": "app", "logStreamName": "one", "logEvents": [{"timestamp": 1749913599999, "message": "a"}, {"timestamp": 1750000000000, "message": "b"}]}),
    Case("PutLogEvents", "InvalidParameterException", "Log event too large: 1048577 bytes exceeds limit of 1048576", {"logGroupName": "app", "logStreamName": "one", "logEvents": [{"timestamp": 1750000000000, "message": "$LONG"}]}),
    Case("PutLogEvents", "InvalidParameterException", "Upload too large: 1048628 bytes exceeds limit of 1048576", {"logGroupName": "app", "logStreamName": "one", "logEvents": [{"timestamp": 1750000000000, "message": "$HALF"}, {"timestamp": 1750000000000, "message": "$HALF"}]}),
    Case("PutLogEvents", "InvalidParameterException", "1 validation error detected: Value '-1' at 'logEvents.1.member.timestamp' failed to satisfy constraint: Member must have value greater than or equal to 0", {"logGroupName": "app", "logStreamName": "one", "logEvents": [{"timestamp": -1, "message": "a"}]}),
    Case("PutLogEvents", "InvalidParameterException", "1 validation error detected: Value '' at 'logEvents.1.member.message' failed to satisfy constraint: Member must have length greater than or equal to 1", {"logGroupName": "app", "logStreamName": "one", "logEvents": [{"timestamp": 1750000000000, "message": ""}]}),
    Case("GetLogEvents", "ResourceNotFoundException", "The specified log stream does not exist.", {"logGroupName": "app", "logStreamName": "none"}),
    Case("GetLogEvents", "InvalidParameterException", "The specified nextToken is invalid.", {"logGroupName": "app", "logStreamName": "one", "nextToken": "x"}),
    Case("GetLogEvents", "InvalidParameterException", "endTime must not be before startTime.", {"logGroupName": "app", "logStreamName": "one", "startTime": 2, "endTime": 1}),
    Case("GetLogEvents", "InvalidParameterException", "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000", {"logGroupName": "app", "logStreamName": "one", "limit": 10001}),
    Case("FilterLogEvents", "InvalidParameterException", "The specified nextToken is invalid.", {"logGroupName": "app", "nextToken": "x"}),
    Case("FilterLogEvents", "InvalidParameterException", "The specified nextToken is invalid.", {"logGroupName": "app", "nextToken": "WyJhYmMiLCAiIiwgWzAsIDAsIDAsIDBdXQ=="}),
    Case("FilterLogEvents", "InvalidParameterException", "Invalid filter pattern: a JSON pattern ends with '}'", {"logGroupName": "app", "filterPattern": "{ $.a"}),
    Case("FilterLogEvents", "InvalidParameterException", "Invalid filter pattern: unsupported character in regex", {"logGroupName": "app", "filterPattern": "%(a+)+%"}),
    Case("FilterLogEvents", "InvalidParameterException", "logStreamNames and logStreamNamePrefix are mutually exclusive parameters.", {"logGroupName": "app", "logStreamNames": ["one"], "logStreamNamePrefix": "o"}),
    Case("FilterLogEvents", "InvalidParameterException", "endTime must not be before startTime.", {"logGroupName": "app", "startTime": 2, "endTime": 1}),
    Case("FilterLogEvents", "ResourceNotFoundException", "The specified log stream does not exist.", {"logGroupName": "app", "logStreamNames": ["none"]}),
    Case("DescribeLogGroups", "InvalidParameterException", "The specified nextToken is invalid.", {"nextToken": "x"}),
    Case("DescribeLogGroups", "InvalidParameterException", "1 validation error detected: Value '51' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 50", {"limit": 51}),
    Case("DescribeLogGroups", "InvalidParameterException", "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.", {"logGroupNamePrefix": "a", "logGroupNamePattern": "a"}),
    Case("ListLogGroups", "InvalidParameterException", "The specified nextToken is invalid.", {"nextToken": "x"}),
    Case("ListLogGroups", "InvalidParameterException", "1 validation error detected: Value '(a+)+$' at 'logGroupNamePattern' failed to satisfy constraint: Member must satisfy regular expression pattern: (\\^?[\\.\\-_\\/#A-Za-z0-9]{3,24})(\\|\\^?[\\.\\-_\\/#A-Za-z0-9]{3,24}){0,4}", {"logGroupNamePattern": "(a+)+$"}),
    Case("DescribeLogStreams", "InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.", {"logGroupName": "app", "orderBy": "LastEventTime", "logStreamNamePrefix": "x"}),
    Case("DescribeLogStreams", "InvalidParameterException", "The specified nextToken is invalid.", {"logGroupName": "app", "nextToken": "x"}),
    Case("PutMetricFilter", "LimitExceededException", "Resource limit exceeded.", {"filterName": "new", "filterPattern": "x", "metricTransformations": [{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}], "logGroupName": "full"}),
    Case("PutMetricFilter", "InvalidParameterException", "Metric filters are supported for log groups of the Standard log class only.", {"filterName": "f", "filterPattern": "x", "metricTransformations": [{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}], "logGroupName": "rare"}),
    Case("PutMetricFilter", "InvalidParameterException", "Invalid filter pattern: a pattern of columns ends with ']'", {"filterName": "f", "filterPattern": "[a", "metricTransformations": [{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}], "logGroupName": "app"}),
    Case("PutMetricFilter", "InvalidParameterException", "Invalid metric transformation: metricValue 'x' is no number and no selector.", {"filterName": "f", "filterPattern": "x", "metricTransformations": [{"metricName": "m", "metricNamespace": "n", "metricValue": "x"}], "logGroupName": "app"}),
    Case("PutMetricFilter", "InvalidParameterException", "Invalid metric transformation: a namespace must not begin with AWS/.", {"filterName": "f", "filterPattern": "x", "metricTransformations": [{"metricName": "m", "metricNamespace": "AWS/x", "metricValue": "1"}], "logGroupName": "app"}),
    Case("PutMetricFilter", "InvalidParameterException", "Invalid metric transformation: dimensions and default value are mutually exclusive properties.", {"filterName": "f", "filterPattern": "x", "metricTransformations": [{"metricName": "m", "metricNamespace": "n", "metricValue": "1", "dimensions": {"a": "$.a"}, "defaultValue": 0.0}], "logGroupName": "app"}),
    Case("DeleteMetricFilter", "ResourceNotFoundException", "The specified metric filter does not exist.", {"logGroupName": "app", "filterName": "none"}),
    Case("DescribeMetricFilters", "InvalidParameterException", "metricName and metricNamespace must be specified together.", {"metricName": "m"}),
    Case("TestMetricFilter", "InvalidParameterException", "Invalid filter pattern: a JSON pattern ends with '}'", {"filterPattern": "{", "logEventMessages": ["x"]}),
    Case("TestMetricFilter", "InvalidParameterException", "Invalid filter pattern: '$.a' is compared with nothing", {"filterPattern": "{ $.a[" + "9" * 50 + "] = 1 }", "logEventMessages": ["x"]}),
    Case("PutSubscriptionFilter", "LimitExceededException", "Resource limit exceeded.", {"filterName": "third", "filterPattern": "x", "destinationArn": "arn:aws:lambda:us-east-1:000000000000:function:reads", "logGroupName": "full"}),
    Case("PutSubscriptionFilter", "InvalidParameterException", "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.", {"filterName": "f", "filterPattern": "x", "destinationArn": "arn:aws:lambda:us-east-1:000000000000:function:f", "logGroupName": "app"}),
    Case("PutSubscriptionFilter", "InvalidParameterException", "Invalid destinationArn: x", {"filterName": "f", "filterPattern": "x", "destinationArn": "x", "logGroupName": "app"}),
    Case("DeleteSubscriptionFilter", "ResourceNotFoundException", "The specified subscription filter does not exist.", {"logGroupName": "app", "filterName": "none"}),
    Case("PutDestination", "InvalidParameterException", "Invalid target ARN: x", {"destinationName": "d", "targetArn": "x", "roleArn": "x"}),
    Case("PutDestination", "InvalidParameterException", "Could not deliver test message to specified stream. Check if the given stream is in ACTIVE state. (fogbank has no kinesis; functions can be destinations.)", {"destinationName": "d", "targetArn": "arn:aws:kinesis:us-east-1:000000000000:stream/x", "roleArn": "x"}),
    Case("PutDestinationPolicy", "InvalidParameterException", "1 validation error detected: Value 'a:b' at 'destinationName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*", {"destinationName": "a:b", "accessPolicy": "{}"}),
    Case("DeleteDestination", "ResourceNotFoundException", "The specified destination does not exist.", {"destinationName": "none"}),
    Case("DeleteDestination", "InvalidParameterException", "1 validation error detected: Value 'a:b' at 'destinationName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*", {"destinationName": "a:b"}),
    Case("DescribeDestinations", "InvalidParameterException", "1 validation error detected: Value '51' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 50", {"limit": 51}),
    Case("PutResourcePolicy", "LimitExceededException", "Resource limit exceeded.", {"policyName": "new", "policyDocument": "$POLICY"}),
    Case("PutResourcePolicy", "LimitExceededException", "A resource policy can have at most 5120 bytes.", {"policyName": "p0", "policyDocument": "x" * 5121}),
    Case("PutResourcePolicy", "InvalidParameterException", "The resource policy is malformed: Syntax errors in policy.", {"policyName": "p0", "policyDocument": "{"}),
    Case("PutResourcePolicy", "InvalidParameterException", "policyName and policyDocument are required.", {"policyName": "p0"}),
    Case("DeleteResourcePolicy", "ResourceNotFoundException", "The specified resource policy does not exist.", {"policyName": "none"}),
    Case("DescribeResourcePolicies", "InvalidParameterException", "The specified nextToken is invalid.", {"nextToken": "x"}),
    Case("StartQuery", "MalformedQueryException", "unexpected symbol found nothing at line 1 and position 1", {"logGroupName": "app", "startTime": 0, "endTime": 1, "queryString": "nothing"}),
    Case("StartQuery", "MalformedQueryException", "invalid regular expression: missing ), unterminated subpattern at position 0", {"logGroupName": "app", "startTime": 0, "endTime": 1, "queryString": "filter @message like /(/"}),
    Case("StartQuery", "MalformedQueryException", "look-around and back references cannot be used with repetitions", {"logGroupName": "app", "startTime": 0, "endTime": 1, "queryString": "filter @message like /(?=a)b*/"}),
    Case("StartQuery", "InvalidParameterException", "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be specified.", {"startTime": 0, "endTime": 1, "queryString": "fields @message"}),
    Case("StartQuery", "InvalidParameterException", "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be specified.", {"logGroupName": "app", "startTime": 0, "endTime": 1, "queryString": "fields @message", "logGroupNames": ["app"]}),
    Case("StartQuery", "InvalidParameterException", "At least one log group must be specified.", {"startTime": 0, "endTime": 1, "queryString": "fields @message", "logGroupIdentifiers": []}),
    Case("StartQuery", "InvalidParameterException", "End time should not be before start time.", {"logGroupName": "app", "startTime": 2, "endTime": 1, "queryString": "fields @message"}),
    Case("StartQuery", "InvalidParameterException", "1 validation error detected: Value '100001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 100000", {"logGroupName": "app", "startTime": 0, "endTime": 1, "queryString": "fields @message", "limit": 100001}),
    Case("GetQueryResults", "ResourceNotFoundException", "Query ID does not exist.", {"queryId": "none"}),
    Case("GetQueryResults", "InvalidParameterException", "The specified nextToken is invalid.", {"queryId": "$DONE", "nextToken": "x"}),
    Case("StopQuery", "ResourceNotFoundException", "Query ID does not exist.", {"queryId": "none"}),
    Case("StopQuery", "InvalidParameterException", "Query provided is not currently running.", {"queryId": "$DONE"}),
    Case("DescribeQueries", "InvalidParameterException", "The specified nextToken is invalid.", {"nextToken": "x"}),
    Case("ListLogGroupsForQuery", "ResourceNotFoundException", "Query ID does not exist.", {"queryId": "none"}),
    Case("ListLogGroupsForQuery", "InvalidParameterException", "1 validation error detected: Value '501' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 500", {"queryId": "$DONE", "maxResults": 501}),
    Case("PutQueryDefinition", "ResourceNotFoundException", "The specified query definition does not exist.", {"name": "a", "queryString": "x", "queryDefinitionId": "none"}),
    Case("PutQueryDefinition", "ResourceNotFoundException", "The specified log group does not exist.", {"name": "a", "queryString": "x", "logGroupNames": ["none"]}),
    Case("PutQueryDefinition", "InvalidParameterException", "1 validation error detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1", {"name": "", "queryString": "x"}),
    Case("DescribeQueryDefinitions", "InvalidParameterException", "The specified nextToken is invalid.", {"nextToken": "x"}),
    Case("DeleteQueryDefinition", "ResourceNotFoundException", "The specified query definition does not exist.", {"queryDefinitionId": "none"}),
    Case("DeleteQueryDefinition", "InvalidParameterException", "1 validation error detected: Value '" + "a" * 257 + "' at 'queryDefinitionId' failed to satisfy constraint: Member must have length less than or equal to 256", {"queryDefinitionId": "a" * 257}),
    Case("GetLogRecord", "ResourceNotFoundException", "The specified log record does not exist.", {"logRecordPointer": "none"}),
    Case("GetLogRecord", "InvalidParameterException", "1 validation error detected: Value null at 'logRecordPointer' failed to satisfy constraint: Member must not be null", {}),
    Case("CreateExportTask", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupName": "none", "from": 0, "to": 1, "destination": "exports"}),
    Case("CreateExportTask", "InvalidParameterException", "The specified time range is invalid: to is before from.", {"logGroupName": "app", "from": 2, "to": 1, "destination": "exports"}),
    Case("CreateExportTask", "InvalidParameterException", "GetBucketAcl call on the given bucket failed. Please check if CloudWatch Logs has been granted permission to perform this operation.", {"logGroupName": "app", "from": 0, "to": 1, "destination": "none-such"}),
    Case("CreateExportTask", "InvalidParameterException", "Only log groups of the Standard log class can be exported.", {"logGroupName": "rare", "from": 0, "to": 1, "destination": "exports"}),
    Case("CancelExportTask", "ResourceNotFoundException", "The specified export task does not exist.", {"taskId": "none"}),
    Case("CancelExportTask", "InvalidParameterException", "1 validation error detected: Value '' at 'taskId' failed to satisfy constraint: Member must have length greater than or equal to 1", {"taskId": ""}),
    Case("DescribeExportTasks", "InvalidParameterException", "taskId and statusCode are mutually exclusive parameters.", {"taskId": "a", "statusCode": "PENDING"}),
    Case("DescribeExportTasks", "InvalidParameterException", "The specified nextToken is invalid.", {"nextToken": "x"}),
    Case("AssociateKmsKey", "InvalidParameterException", "The specified KMS key does not exist or is not allowed to be used with LogGroup 'arn:aws:logs:us-east-1:000000000000:log-group:app'", {"logGroupName": "app", "kmsKeyId": "arn:aws:kms:us-east-1:000000000000:key/none"}),
    Case("PutLogGroupDeletionProtection", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupIdentifier": "none", "deletionProtectionEnabled": True}),
    Case("PutLogGroupDeletionProtection", "InvalidParameterException", "The specified resource ARN is invalid: arn:x", {"logGroupIdentifier": "arn:x", "deletionProtectionEnabled": True}),
    Case("StartLiveTail", "InvalidParameterException", "The log group identifiers of a live tail are ARNs that do not end with '*'.", {"logGroupIdentifiers": ["app"]}),
    Case("StartLiveTail", "ResourceNotFoundException", "The specified log group does not exist.", {"logGroupIdentifiers": ["arn:aws:logs:us-east-1:000000000000:log-group:none"]}),
    Case("StartLiveTail", "InvalidOperationException", "Live Tail needs log groups of the Standard log class.", {"logGroupIdentifiers": ["arn:aws:logs:us-east-1:000000000000:log-group:rare"]}),
    Case("StartLiveTail", "InvalidParameterException", "Invalid filter pattern: a JSON pattern ends with '}'", {"logGroupIdentifiers": ["arn:aws:logs:us-east-1:000000000000:log-group:app"], "logEventFilterPattern": "{"}),
    Case("StartLiveTail", "InvalidParameterException", "Log streams can be given for a single log group only.", {"logGroupIdentifiers": ["arn:aws:logs:us-east-1:000000000000:log-group:app", "arn:aws:logs:us-east-1:000000000000:log-group:full"], "logStreamNames": ["one"]}),
    Case("TagResource", "ResourceNotFoundException", "The specified resource does not exist.", {"resourceArn": "arn:aws:logs:us-east-1:000000000000:log-group:none", "tags": {"a": "b"}}),
    Case("TagResource", "InvalidParameterException", "1 validation error detected: Value '" + "a" * 1012 + "' at 'resourceArn' failed to satisfy constraint: Member must have length less than or equal to 1011", {"resourceArn": "a" * 1012, "tags": {"a": "b"}}),
    Case("UntagResource", "ResourceNotFoundException", "The specified resource does not exist.", {"resourceArn": "arn:aws:logs:us-east-1:000000000000:log-group:none", "tagKeys": ["a"]}),
    Case("UntagResource", "InvalidParameterException", "1 validation error detected: Value '" + "a" * 1012 + "' at 'resourceArn' failed to satisfy constraint: Member must have length less than or equal to 1011", {"resourceArn": "a" * 1012, "tagKeys": ["a"]}),
    Case("ListTagsForResource", "ResourceNotFoundException", "The specified resource does not exist.", {"resourceArn": "arn:aws:logs:us-east-1:000000000000:log-group:none"}),
    Case("ListTagsForResource", "InvalidParameterException", "1 validation error detected: Value '" + "a" * 1012 + "' at 'resourceArn' failed to satisfy constraint: Member must have length less than or equal to 1011", {"resourceArn": "a" * 1012}),
    Case("TagResource", "TooManyTagsException", "A resource can have at most 50 tags.", {"resourceArn": "arn:aws:logs:us-east-1:000000000000:log-group:full", "tags": {"new": ""}}),
    Case("TagLogGroup", "InvalidParameterException", "Tag keys that begin with aws: are reserved for system use.", {"logGroupName": "app", "tags": {"aws:a": "b"}}),
]
# fmt: on

TestErrors = parity.refusals(SERVICE, CASES, EXCUSED, _made)


async def _at_once(cloud: TestCloud, operation: str, times: int, **parameters: Any) -> list[Any]:
    calls = [cloud.cloud.call(SERVICE, operation, dict(parameters)) for _ in range(times)]
    return await asyncio.gather(*calls, return_exceptions=True)


def test_a_hundred_queries_run_at_once_and_no_more(cloud: TestCloud) -> None:
    cloud.call(SERVICE, "CreateLogGroup", {"logGroupName": "app"})
    asked = {"logGroupName": "app", "startTime": 0, "endTime": NOW, "queryString": "fields @message"}
    answers = cloud.run(_at_once(cloud, "StartQuery", 101, **asked))
    assert [answer for answer in answers[:100] if "queryId" not in answer] == []
    assert isinstance(answers[100], AwsError)
    assert str(answers[100]) == "LimitExceededException: Account maximum query concurrency limit reached."


def test_one_export_runs_at_once_and_a_finished_one_stays(cloud: TestCloud) -> None:
    cloud.call(SERVICE, "CreateLogGroup", {"logGroupName": "app"})
    cloud.call("s3", "CreateBucket", {"Bucket": "exports"})
    allow = {"Effect": "Allow", "Principal": {"Service": "logs.us-east-1.amazonaws.com"}, "Action": "s3:*"}
    statement = {**allow, "Resource": ["arn:aws:s3:::exports", "arn:aws:s3:::exports/*"]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    cloud.call("s3", "PutBucketPolicy", {"Bucket": "exports", "Policy": policy})
    asked = {"logGroupName": "app", "from": 0, "to": NOW, "destination": "exports"}
    first, second = cloud.run(_at_once(cloud, "CreateExportTask", 2, **asked))
    assert str(second) == "LimitExceededException: Resource limit exceeded."
    cloud.advance(1)
    with pytest.raises(AwsError) as refused:
        cloud.call(SERVICE, "CancelExportTask", {"taskId": first["taskId"]})
    assert str(refused.value) == "InvalidOperationException: The specified export task has already finished"
