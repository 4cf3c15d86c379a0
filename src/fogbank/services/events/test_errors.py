"""Every error that the model has for operations of EventBridge: provoked, with its message, or excused, with the reason."""
# ruff: noqa: E501 (a table: a case to a line, with AWS's whole sentence)

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.testing import TestCloud, parity
from fogbank.testing.parity import Case, World

SERVICE = "events"


ARN = "arn:aws:events:us-east-1:000000000000:"
BUS = f"{ARN}event-bus/default"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:jobs"
KEY = {"ApiKeyAuthParameters": {"ApiKeyName": "x", "ApiKeyValue": "y"}}


def _made(cloud: TestCloud) -> dict[str, str]:
    events = cloud.client("events")
    cloud.call("sqs", "CreateQueue", {"QueueName": "jobs"})
    for number in range(100):
        events("CreateEventBus", Name=f"bus{number}")
    events("PutRule", Name="known", EventPattern='{"source":["a"]}')
    events("PutTargets", Rule="known", Targets=[{"Id": str(n), "Arn": QUEUE} for n in range(5)])
    for number in range(300):
        events("PutRule", Name=f"rule{number}", EventBusName="bus1", EventPattern='{"source":["a"]}')
    events("CreateArchive", ArchiveName="known", EventSourceArn=BUS)
    events("CreateArchive", ArchiveName="other", EventSourceArn=f"{ARN}event-bus/bus2")
    span = {"EventStartTime": 1.0, "EventEndTime": 2.0}
    events("StartReplay", ReplayName="known", EventSourceArn=f"{ARN}archive/known", Destination={"Arn": BUS}, **span)
    cloud.advance(1)
    connection = events("CreateConnection", Name="known", AuthorizationType="API_KEY", AuthParameters=KEY)
    arn = str(connection["ConnectionArn"])
    events(
        "CreateApiDestination",
        Name="known",
        ConnectionArn=arn,
        InvocationEndpoint="https://example.com/",
        HttpMethod="POST",
    )
    return {"CONNECTION": arn, "LONG": _policy(10_241), "DEEP": '{"a":' * 300 + "1" + "}" * 300}


def _policy(size: int) -> str:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": BUS, "Sid": ""}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return text.replace('"Sid": ""', f'"Sid": "{"s" * (size - len(text))}"')


EXCUSED: dict[str, str] = {
    "ManagedRuleException": "archives keep no managed rules here",
    "ConcurrentModificationException": "calls are carried out one after the other",
    "CreateApiDestination:LimitExceededException": "the quota is not kept",
    "UpdateApiDestination:LimitExceededException": "an update adds nothing",
    "CreateArchive:LimitExceededException": "the quota is not kept",
    "UpdateArchive:LimitExceededException": "an update adds nothing",
    "CreateConnection:LimitExceededException": "the quota is not kept",
    "UpdateConnection:LimitExceededException": "an update adds nothing",
    "StartReplay:LimitExceededException": "a replay is done too soon for ten to be under way",
    "CreateConnection:ResourceNotFoundException": "private connections are not done",
    "CreateConnection:AccessDeniedException": "private connections are not done",
    "UpdateConnection:AccessDeniedException": "private connections are not done",
    "DescribeArchive:ResourceAlreadyExistsException": "describing makes nothing",
    "ListArchives:ResourceNotFoundException": "a filter that finds nothing is no error",
    "StartReplay:ResourceNotFoundException": "AWS says ValidationException of an archive that is not there",
    "StartReplay:InvalidEventPatternException": "a replay has no pattern",
    "InternalException": "fogbank's own fault, never a client's",
    "ThrottlingException": "fogbank does not throttle; faults can be set to",
    "OperationDisabledException": "no account has operations disabled",
    "InvalidStateException": "partner event sources are not there to be in a state",
}
"""Errors that no client can provoke here, with the reason; `Operation:Error` for one operation alone."""

# fmt: off
CASES = [
    Case("CreateEventBus", "ResourceAlreadyExistsException", "Event bus default already exists.", {"Name": "default"}),
    Case("CreateEventBus", "ResourceAlreadyExistsException", "Event bus bus1 already exists.", {"Name": "bus1"}),
    Case("CreateEventBus", "LimitExceededException", "The requested resource exceeds the maximum number allowed.", {"Name": "new"}),
    Case("CreateEventBus", "ValidationException", "1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [/\\.\\-_A-Za-z0-9]+", {"Name": "a b"}),
    Case("CreateEventBus", "ResourceNotFoundException", "Event source new does not exist.", {"Name": "new", "EventSourceName": "aws.partner/x.com/y"}),
    Case("UpdateEventBus", "ResourceNotFoundException", "Event bus none does not exist.", {"Name": "none"}),
    Case("DescribeEventBus", "ResourceNotFoundException", "Event bus none does not exist.", {"Name": "none"}),
    Case("DeleteEventBus", "ValidationException", "Cannot delete event bus default.", {"Name": "default"}),
    Case("DeleteEventBus", "ValidationException", "Event bus bus1 can't be deleted since it has rules.", {"Name": "bus1"}),
    Case("DeleteEventBus", "ValidationException", "Event bus bus2 can't be deleted since it has archives.", {"Name": "bus2"}),
    Case("ListEventBuses", "InvalidNextToken", "The specified token isn't valid.", {"NextToken": "x"}),
    Case("ListEventBuses", "ValidationException", "1 validation error detected: Value '101' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 100", {"Limit": 101}),
    Case("PutPermission", "ResourceNotFoundException", "Event bus none does not exist.", {"EventBusName": "none", "Policy": "{}"}),
    Case("PutPermission", "PolicyLengthExceededException", "The event bus policy is too long.", {"Policy": "$LONG"}),
    Case("PutPermission", "ValidationException", "Event policy is malformed: Syntax errors in policy.", {"Policy": "{}"}),
    Case("PutPermission", "ValidationException", "Event policy is malformed: Syntax errors in policy.", {"Policy": "[" * 500}),
    Case("PutPermission", "ValidationException", "Either Policy or the other parameters may be given, not both.", {"Policy": "{}", "StatementId": "x"}),
    Case("PutPermission", "ValidationException", "Parameter StatementId must be specified.", {"Action": "events:PutEvents", "Principal": "*"}),
    Case("PutPermission", "ValidationException", "Provided value in parameter 'action' is not supported.", {"Action": "events:PutRule", "Principal": "*", "StatementId": "x"}),
    Case("PutPermission", "ValidationException", "1 validation error detected: Value '12345678901x' at 'principal' failed to satisfy constraint: Member must satisfy regular expression pattern: (\\d{12}|\\*)", {"Action": "events:PutEvents", "Principal": "12345678901x", "StatementId": "x"}),
    Case("RemovePermission", "ResourceNotFoundException", "EventBus does not have a policy.", {"StatementId": "x"}),
    Case("RemovePermission", "ResourceNotFoundException", "Event bus none does not exist.", {"EventBusName": "none", "RemoveAllPermissions": True}),
    Case("PutRule", "ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.", {"Name": "new"}),
    Case("PutRule", "ValidationException", "Parameter ScheduleExpression is not valid.", {"Name": "new", "ScheduleExpression": "rate(1 minutes)"}),
    Case("PutRule", "ValidationException", "Parameter ScheduleExpression is not valid.", {"Name": "new", "ScheduleExpression": "rate(0 minutes)"}),
    Case("PutRule", "ValidationException", "Parameter ScheduleExpression is not valid.", {"Name": "new", "ScheduleExpression": "rate(" + "9" * 40 + " days)"}),
    Case("PutRule", "ValidationException", "Parameter ScheduleExpression is not valid.", {"Name": "new", "ScheduleExpression": "cron(² * * * ? *)"}),
    Case("PutRule", "ValidationException", "ScheduleExpression is supported only on the default event bus.", {"Name": "new", "ScheduleExpression": "rate(1 minute)", "EventBusName": "bus1"}),
    Case("PutRule", "InvalidEventPatternException", "Event pattern is not valid. Reason: unexpected end of data: line 1 column 2 (char 1)", {"Name": "new", "EventPattern": "{"}),
    Case("PutRule", "InvalidEventPatternException", "Event pattern is not valid. Reason: Filter is not an object", {"Name": "new", "EventPattern": "[]"}),
    Case("PutRule", "InvalidEventPatternException", "Event pattern is not valid. Reason: 'source' must be an object or an array", {"Name": "new", "EventPattern": "{\"source\":\"a\"}"}),
    Case("PutRule", "InvalidEventPatternException", "Event pattern is not valid. Reason: prefix match pattern must be a string", {"Name": "new", "EventPattern": "{\"source\":[{\"prefix\":1}]}"}),
    Case("PutRule", "InvalidEventPatternException", "Event pattern is not valid. Reason: Too few or too many arguments to numeric pattern", {"Name": "new", "EventPattern": "{\"a\":[{\"numeric\":[\"<\"]}]}"}),
    Case("PutRule", "LimitExceededException", "The requested resource exceeds the maximum number allowed.", {"Name": "new", "EventPattern": "{\"source\":[\"a\"]}", "EventBusName": "bus1"}),
    Case("PutRule", "ResourceNotFoundException", "Event bus none does not exist.", {"Name": "new", "EventPattern": "{\"source\":[\"a\"]}", "EventBusName": "none"}),
    Case("PutRule", "ValidationException", "1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+", {"Name": "a b", "EventPattern": "{\"source\":[\"a\"]}"}),
    Case("PutRule", "ValidationException", "Tags cannot be changed by PutRule on a rule that exists; use TagResource.", {"Name": "known", "EventPattern": "{\"source\":[\"a\"]}", "Tags": [{"Key": "a", "Value": "b"}]}),
    Case("DeleteRule", "ValidationException", "Rule can't be deleted since it has targets.", {"Name": "known"}),
    Case("DeleteRule", "ResourceNotFoundException", "Event bus none does not exist.", {"Name": "known", "EventBusName": "none"}),
    Case("ListRules", "ResourceNotFoundException", "Event bus none does not exist.", {"EventBusName": "none"}),
    Case("ListRuleNamesByTarget", "ResourceNotFoundException", "Event bus none does not exist.", {"EventBusName": "none", "TargetArn": "x"}),
    Case("DescribeRule", "ResourceNotFoundException", "Rule none does not exist on EventBus default.", {"Name": "none"}),
    Case("DescribeRule", "ResourceNotFoundException", "Event bus none does not exist.", {"Name": "known", "EventBusName": "none"}),
    Case("EnableRule", "ResourceNotFoundException", "Rule none does not exist on EventBus default.", {"Name": "none"}),
    Case("EnableRule", "ResourceNotFoundException", "Event bus none does not exist.", {"Name": "known", "EventBusName": "none"}),
    Case("DisableRule", "ResourceNotFoundException", "Rule none does not exist on EventBus default.", {"Name": "none"}),
    Case("DisableRule", "ResourceNotFoundException", "Event bus none does not exist.", {"Name": "known", "EventBusName": "none"}),
    Case("PutTargets", "ResourceNotFoundException", "Rule none does not exist on EventBus default.", {"Rule": "none", "Targets": [{"Id": "0", "Arn": "arn:aws:sqs:us-east-1:000000000000:jobs"}]}),
    Case("PutTargets", "ValidationException", "Parameter x is not valid. Reason: Provided Arn is not in correct format.", {"Rule": "known", "Targets": [{"Id": "0", "Arn": "x"}]}),
    Case("PutTargets", "ValidationException", "JSON syntax error in input for target 0", {"Rule": "known", "Targets": [{"Id": "0", "Arn": "arn:aws:sqs:us-east-1:000000000000:jobs", "Input": "{"}]}),
    Case("PutTargets", "ValidationException", "Only one of Input, InputPath, or InputTransformer must be provided for target 0.", {"Rule": "known", "Targets": [{"Id": "0", "Arn": "arn:aws:sqs:us-east-1:000000000000:jobs", "Input": "{}", "InputPath": "$"}]}),
    Case("PutTargets", "ValidationException", "InputPath for target 0 is invalid.", {"Rule": "known", "Targets": [{"Id": "0", "Arn": "arn:aws:sqs:us-east-1:000000000000:jobs", "InputPath": "a"}]}),
    Case("PutTargets", "ValidationException", "1 validation error detected: Value '{aws.x=$.a}' at 'targets.1.member.inputTransformer.inputPathsMap' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 256, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [A-Za-z0-9\\_\\-]+]", {"Rule": "known", "Targets": [{"Id": "0", "Arn": "arn:aws:sqs:us-east-1:000000000000:jobs", "InputTransformer": {"InputPathsMap": {"aws.x": "$.a"}, "InputTemplate": "x"}}]}),
    Case("PutTargets", "ValidationException", "InputPath for target 0 is invalid.", {"Rule": "known", "Targets": [{"Id": "0", "Arn": "arn:aws:sqs:us-east-1:000000000000:jobs", "InputTransformer": {"InputPathsMap": {"x": "a"}, "InputTemplate": "x"}}]}),
    Case("PutTargets", "ValidationException", "Parameter(s) SqsParameters must be specified for target: 0.", {"Rule": "known", "Targets": [{"Id": "0", "Arn": "arn:aws:sqs:us-east-1:000000000000:jobs.fifo"}]}),
    Case("PutTargets", "ValidationException", "Parameter(s) MessageGroupId is only supported for FIFO queues: target 0.", {"Rule": "known", "Targets": [{"Id": "0", "Arn": "arn:aws:sqs:us-east-1:000000000000:jobs", "SqsParameters": {"MessageGroupId": "x"}}]}),
    Case("PutTargets", "ValidationException", "RoleArn is required for target 0.", {"Rule": "known", "Targets": [{"Id": "0", "Arn": "arn:aws:events:us-east-1:000000000000:api-destination/known/x"}]}),
    Case("PutTargets", "ResourceNotFoundException", "Event bus none does not exist.", {"Rule": "known", "Targets": [{"Id": "0", "Arn": "arn:aws:events:us-east-1:000000000000:event-bus/none"}]}),
    Case("PutTargets", "ValidationException", "1 validation error detected: Value 'a b' at 'targets.1.member.id' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+", {"Rule": "known", "Targets": [{"Id": "a b", "Arn": "arn:aws:sqs:us-east-1:000000000000:jobs"}]}),
    Case("PutTargets", "ValidationException", "1 validation error detected: Value '186' at 'targets.1.member.retryPolicy.maximumRetryAttempts' failed to satisfy constraint: Member must have value less than or equal to 185", {"Rule": "known", "Targets": [{"Id": "0", "Arn": "arn:aws:sqs:us-east-1:000000000000:jobs", "RetryPolicy": {"MaximumRetryAttempts": 186}}]}),
    Case("PutTargets", "ValidationException", "1 validation error detected: Value '86401' at 'targets.1.member.retryPolicy.maximumEventAgeInSeconds' failed to satisfy constraint: Member must have value less than or equal to 86400", {"Rule": "known", "Targets": [{"Id": "0", "Arn": "arn:aws:sqs:us-east-1:000000000000:jobs", "RetryPolicy": {"MaximumEventAgeInSeconds": 86401}}]}),
    Case("PutTargets", "LimitExceededException", "The requested resource exceeds the maximum number allowed.", {"Rule": "known", "Targets": [{"Id": "new", "Arn": "arn:aws:sqs:us-east-1:000000000000:jobs"}]}),
    Case("PutTargets", "ValidationException", "Target ids must be unique within a request.", {"Rule": "known", "Targets": [{"Id": "0", "Arn": "arn:aws:sqs:us-east-1:000000000000:jobs"}, {"Id": "0", "Arn": "arn:aws:sqs:us-east-1:000000000000:jobs"}]}),
    Case("RemoveTargets", "ResourceNotFoundException", "Rule none does not exist on EventBus default.", {"Rule": "none", "Ids": ["1"]}),
    Case("ListTargetsByRule", "ResourceNotFoundException", "Rule none does not exist on EventBus default.", {"Rule": "none"}),
    Case("TestEventPattern", "InvalidEventPatternException", "Event pattern is not valid. Reason: unexpected end of data: line 1 column 2 (char 1)", {"EventPattern": "{", "Event": "{}"}),
    Case("TestEventPattern", "ValidationException", "Parameter Event is not valid.", {"EventPattern": "{\"source\":[\"a\"]}", "Event": "{"}),
    Case("TestEventPattern", "ValidationException", "Parameter Event is not valid. Reason: id is missing.", {"EventPattern": "{\"source\":[\"a\"]}", "Event": "{}"}),
    Case("PutEvents", "ValidationException", "1 validation error detected: Value '[]' at 'entries' failed to satisfy constraint: Member must have length greater than or equal to 1", {"Entries": []}),
    Case("PutEvents", "ValidationException", "1 validation error detected: Value '[PutEventsRequestEntry(source=a, detailType=b, detail={}), PutEventsRequestEntry(source=a, detailType=b, detail={}), PutEventsRequestEntry(source=a, detailType=b, detail={}), PutEventsRequestEntry(source=a, detailType=b, detail={}), PutEventsRequestEntry(source=a, detailType=b, detail={}), PutEventsRequestEntry(source=a, detailType=b, detail={}), PutEventsRequestEntry(source=a, detailType=b, detail={}), PutEventsRequestEntry(source=a, detailType=b, detail={}), PutEventsRequestEntry(source=a, detailType=b, detail={}), PutEventsRequestEntry(source=a, detailType=b, detail={}), PutEventsRequestEntry(source=a, detailType=b, detail={})]' at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10", {"Entries": [{"Source": "a", "DetailType": "b", "Detail": "{}"}, {"Source": "a", "DetailType": "b", "Detail": "{}"}, {"Source": "a", "DetailType": "b", "Detail": "{}"}, {"Source": "a", "DetailType": "b", "Detail": "{}"}, {"Source": "a", "DetailType": "b", "Detail": "{}"}, {"Source": "a", "DetailType": "b", "Detail": "{}"}, {"Source": "a", "DetailType": "b", "Detail": "{}"}, {"Source": "a", "DetailType": "b", "Detail": "{}"}, {"Source": "a", "DetailType": "b", "Detail": "{}"}, {"Source": "a", "DetailType": "b", "Detail": "{}"}, {"Source": "a", "DetailType": "b", "Detail": "{}"}]}),
    Case("PutEvents", "ResourceNotFoundException", "Endpoint abcde.veo does not exist.", {"Entries": [{"Source": "a"}], "EndpointId": "abcde.veo"}),
    Case("CreateArchive", "ResourceAlreadyExistsException", "Archive known already exists.", {"ArchiveName": "known", "EventSourceArn": "arn:aws:events:us-east-1:000000000000:event-bus/default"}),
    Case("CreateArchive", "ResourceNotFoundException", "Event bus none does not exist.", {"ArchiveName": "new", "EventSourceArn": "arn:aws:events:us-east-1:000000000000:event-bus/none"}),
    Case("CreateArchive", "ValidationException", "Parameter EventSourceArn is not valid. Reason: Must contain an event bus ARN: arn:aws:events:us-east-1:000000000000:rule/x.", {"ArchiveName": "new", "EventSourceArn": "arn:aws:events:us-east-1:000000000000:rule/x"}),
    Case("CreateArchive", "InvalidEventPatternException", "Event pattern is not valid. Reason: unexpected end of data: line 1 column 2 (char 1)", {"ArchiveName": "new", "EventSourceArn": "arn:aws:events:us-east-1:000000000000:event-bus/default", "EventPattern": "{"}),
    Case("CreateArchive", "ValidationException", "1 validation error detected: Value '" + "a" * 49 + "' at 'archiveName' failed to satisfy constraint: Member must have length less than or equal to 48", {"ArchiveName": "a" * 49, "EventSourceArn": "arn:aws:events:us-east-1:000000000000:event-bus/default"}),
    Case("UpdateArchive", "ResourceNotFoundException", "Archive none does not exist.", {"ArchiveName": "none"}),
    Case("UpdateArchive", "InvalidEventPatternException", "Event pattern is not valid. Reason: unexpected end of data: line 1 column 2 (char 1)", {"ArchiveName": "known", "EventPattern": "{"}),
    Case("DescribeArchive", "ResourceNotFoundException", "Archive none does not exist.", {"ArchiveName": "none"}),
    Case("DeleteArchive", "ResourceNotFoundException", "Archive none does not exist.", {"ArchiveName": "none"}),
    Case("ListArchives", "ValidationException", "At most one filter is allowed for ListArchives. Use either : State, EventSourceArn, or NamePrefix.", {"NamePrefix": "a", "State": "ENABLED"}),
    Case("StartReplay", "ResourceAlreadyExistsException", "Replay known already exists.", {"ReplayName": "known", "EventSourceArn": "arn:aws:events:us-east-1:000000000000:archive/known", "Destination": {"Arn": "arn:aws:events:us-east-1:000000000000:event-bus/default"}, "EventStartTime": 1.0, "EventEndTime": 2.0}),
    Case("StartReplay", "ValidationException", "Parameter EventSourceArn is not valid. Reason: Archive none does not exist.", {"ReplayName": "new", "EventSourceArn": "arn:aws:events:us-east-1:000000000000:archive/none", "Destination": {"Arn": "arn:aws:events:us-east-1:000000000000:event-bus/default"}, "EventStartTime": 1.0, "EventEndTime": 2.0}),
    Case("StartReplay", "ValidationException", "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.", {"ReplayName": "new", "EventSourceArn": "arn:aws:events:us-east-1:000000000000:archive/known", "Destination": {"Arn": "arn:aws:events:us-east-1:000000000000:event-bus/bus1"}, "EventStartTime": 1.0, "EventEndTime": 2.0}),
    Case("StartReplay", "ValidationException", "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.", {"ReplayName": "new", "EventSourceArn": "arn:aws:events:us-east-1:000000000000:archive/known", "Destination": {"Arn": "arn:aws:events:us-east-1:000000000000:event-bus/default"}, "EventStartTime": 2.0, "EventEndTime": 2.0}),
    Case("DescribeReplay", "ResourceNotFoundException", "Replay none does not exist.", {"ReplayName": "none"}),
    Case("CancelReplay", "ResourceNotFoundException", "Replay none does not exist.", {"ReplayName": "none"}),
    Case("CancelReplay", "IllegalStatusException", "Replay known is not in a valid state for this operation.", {"ReplayName": "known"}),
    Case("ListReplays", "ValidationException", "At most one filter is allowed for ListReplays. Use either : State, EventSourceArn, or NamePrefix.", {"NamePrefix": "a", "State": "RUNNING"}),
    Case("CreateConnection", "ResourceAlreadyExistsException", "Connection known already exists.", {"Name": "known", "AuthorizationType": "API_KEY", "AuthParameters": {"ApiKeyAuthParameters": {"ApiKeyName": "x", "ApiKeyValue": "y"}}}),
    Case("CreateConnection", "ValidationException", "Parameter AuthParameters is not valid. Reason: BasicAuthParameters must be specified for BASIC.", {"Name": "new", "AuthorizationType": "BASIC", "AuthParameters": {"ApiKeyAuthParameters": {"ApiKeyName": "x", "ApiKeyValue": "y"}}}),
    Case("UpdateConnection", "ResourceNotFoundException", "Connection 'none' does not exist.", {"Name": "none"}),
    Case("UpdateConnection", "ValidationException", "Parameter AuthParameters is not valid. Reason: BasicAuthParameters must be specified for BASIC.", {"Name": "known", "AuthorizationType": "BASIC"}),
    Case("DescribeConnection", "ResourceNotFoundException", "Connection 'none' does not exist.", {"Name": "none"}),
    Case("DeauthorizeConnection", "ResourceNotFoundException", "Connection 'none' does not exist.", {"Name": "none"}),
    Case("DeleteConnection", "ResourceNotFoundException", "Connection 'none' does not exist.", {"Name": "none"}),
    Case("DeleteConnection", "ConcurrentModificationException", "Connection known can't be deleted since it is used by API destinations.", {"Name": "known"}),
    Case("ListConnections", "InvalidNextToken", "The specified token isn't valid.", {"NextToken": "x"}),
    Case("CreateApiDestination", "ResourceAlreadyExistsException", "An api-destination 'known' already exists.", {"Name": "known", "ConnectionArn": "$CONNECTION", "InvocationEndpoint": "https://example.com/", "HttpMethod": "POST"}),
    Case("CreateApiDestination", "ResourceNotFoundException", "Connection 'arn:aws:events:us-east-1:000000000000:connection/none/00000000-0000-0000-0000-000000000000' does not exist.", {"Name": "new", "ConnectionArn": "arn:aws:events:us-east-1:000000000000:connection/none/00000000-0000-0000-0000-000000000000", "InvocationEndpoint": "https://example.com/", "HttpMethod": "POST"}),
    Case("UpdateApiDestination", "ResourceNotFoundException", "An api-destination 'none' does not exist.", {"Name": "none"}),
    Case("DescribeApiDestination", "ResourceNotFoundException", "An api-destination 'none' does not exist.", {"Name": "none"}),
    Case("DeleteApiDestination", "ResourceNotFoundException", "An api-destination 'none' does not exist.", {"Name": "none"}),
    Case("ListApiDestinations", "InvalidNextToken", "The specified token isn't valid.", {"NextToken": "x"}),
    Case("TagResource", "ResourceNotFoundException", "Rule none does not exist on EventBus default.", {"ResourceARN": "arn:aws:events:us-east-1:000000000000:rule/none", "Tags": [{"Key": "a", "Value": "b"}]}),
    Case("TagResource", "ResourceNotFoundException", "Event bus none does not exist.", {"ResourceARN": "arn:aws:events:us-east-1:000000000000:event-bus/none", "Tags": [{"Key": "a", "Value": "b"}]}),
    Case("TagResource", "ValidationException", "Parameter arn:aws:events:us-east-1:000000000000:archive/known is not valid. Reason: Provided Arn is not in correct format.", {"ResourceARN": "arn:aws:events:us-east-1:000000000000:archive/known", "Tags": [{"Key": "a", "Value": "b"}]}),
    Case("UntagResource", "ResourceNotFoundException", "Rule none does not exist on EventBus default.", {"ResourceARN": "arn:aws:events:us-east-1:000000000000:rule/none", "TagKeys": ["a"]}),
    Case("UntagResource", "ResourceNotFoundException", "Event bus none does not exist.", {"ResourceARN": "arn:aws:events:us-east-1:000000000000:event-bus/none", "TagKeys": ["a"]}),
    Case("UntagResource", "ValidationException", "Parameter arn:aws:events:us-east-1:000000000000:archive/known is not valid. Reason: Provided Arn is not in correct format.", {"ResourceARN": "arn:aws:events:us-east-1:000000000000:archive/known", "TagKeys": ["a"]}),
    Case("ListTagsForResource", "ResourceNotFoundException", "Rule none does not exist on EventBus default.", {"ResourceARN": "arn:aws:events:us-east-1:000000000000:rule/none"}),
    Case("ListTagsForResource", "ResourceNotFoundException", "Event bus none does not exist.", {"ResourceARN": "arn:aws:events:us-east-1:000000000000:event-bus/none"}),
    Case("ListTagsForResource", "ValidationException", "Parameter arn:aws:events:us-east-1:000000000000:archive/known is not valid. Reason: Provided Arn is not in correct format.", {"ResourceARN": "arn:aws:events:us-east-1:000000000000:archive/known"}),
    Case("TagResource", "LimitExceededException", "The resource cannot have more than 50 tags.", {"ResourceARN": "arn:aws:events:us-east-1:000000000000:rule/known", "Tags": [{"Key": "k0", "Value": ""}, {"Key": "k1", "Value": ""}, {"Key": "k2", "Value": ""}, {"Key": "k3", "Value": ""}, {"Key": "k4", "Value": ""}, {"Key": "k5", "Value": ""}, {"Key": "k6", "Value": ""}, {"Key": "k7", "Value": ""}, {"Key": "k8", "Value": ""}, {"Key": "k9", "Value": ""}, {"Key": "k10", "Value": ""}, {"Key": "k11", "Value": ""}, {"Key": "k12", "Value": ""}, {"Key": "k13", "Value": ""}, {"Key": "k14", "Value": ""}, {"Key": "k15", "Value": ""}, {"Key": "k16", "Value": ""}, {"Key": "k17", "Value": ""}, {"Key": "k18", "Value": ""}, {"Key": "k19", "Value": ""}, {"Key": "k20", "Value": ""}, {"Key": "k21", "Value": ""}, {"Key": "k22", "Value": ""}, {"Key": "k23", "Value": ""}, {"Key": "k24", "Value": ""}, {"Key": "k25", "Value": ""}, {"Key": "k26", "Value": ""}, {"Key": "k27", "Value": ""}, {"Key": "k28", "Value": ""}, {"Key": "k29", "Value": ""}, {"Key": "k30", "Value": ""}, {"Key": "k31", "Value": ""}, {"Key": "k32", "Value": ""}, {"Key": "k33", "Value": ""}, {"Key": "k34", "Value": ""}, {"Key": "k35", "Value": ""}, {"Key": "k36", "Value": ""}, {"Key": "k37", "Value": ""}, {"Key": "k38", "Value": ""}, {"Key": "k39", "Value": ""}, {"Key": "k40", "Value": ""}, {"Key": "k41", "Value": ""}, {"Key": "k42", "Value": ""}, {"Key": "k43", "Value": ""}, {"Key": "k44", "Value": ""}, {"Key": "k45", "Value": ""}, {"Key": "k46", "Value": ""}, {"Key": "k47", "Value": ""}, {"Key": "k48", "Value": ""}, {"Key": "k49", "Value": ""}, {"Key": "k50", "Value": ""}]}),
]
# fmt: on

TestErrors = parity.refusals(SERVICE, CASES, EXCUSED, _made)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    yield from parity.world(_made)


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"Time": 253_402_300_800}, "InvalidArgument"),
        ({"Time": -1}, "InvalidArgument"),
        ({"Detail": "$DEEP"}, "MalformedDetail"),
        ({"Detail": "[]"}, "MalformedDetail"),
        ({"Detail": ""}, "InvalidArgument"),
        ({"Source": "aws.ec2"}, "NotAuthorizedForSourceException"),
        ({"EventBusName": "none"}, "InvalidArgument"),
    ],
)
def test_an_entry_is_refused_alone(world: World, entry: dict[str, Any], code: str) -> None:
    cloud, names = world
    good = {"Source": "a", "DetailType": "b", "Detail": "{}"}
    answer = cloud.call(SERVICE, "PutEvents", {"Entries": [good, parity.filled({**good, **entry}, names)]})
    assert answer["FailedEntryCount"] == 1
    assert "EventId" in answer["Entries"][0]
    assert answer["Entries"][1]["ErrorCode"] == code
