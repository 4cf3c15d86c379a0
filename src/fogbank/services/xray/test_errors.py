"""Every error that the model has for operations of X-Ray: provoked, with its message, or excused, with the reason."""
# ruff: noqa: E501 (a table: a case to a line, with the whole sentence)

from __future__ import annotations

import json
from typing import Any

from fogbank.testing import START, TestCloud
from fogbank.testing.parity import Case, Parity, refusals

SERVICE = "xray"
ARN = "arn:aws:xray:us-east-1:000000000000:"
LATER = START + 6 * 3_600 + 1
SPAN = {"StartTime": START, "EndTime": START + 60}
RULE = {
    "RuleName": "new", "ResourceARN": "*", "Priority": 100, "FixedRate": 0.5, "ReservoirSize": 5, "ServiceName": "*",
    "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*", "Version": 1,
}  # fmt: skip


def rule(**changes: Any) -> dict[str, Any]:
    return {"SamplingRule": {**RULE, **changes}}


def policy(effect: str) -> str:
    statement = {"Effect": effect, "Principal": "*", "Action": "xray:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


ALLOW, DENY = policy("Allow"), policy("Deny")
MANY = [{"Key": str(number), "Value": ""} for number in range(51)]
OWN = [{"Key": "aws:x", "Value": ""}]


def _made(cloud: TestCloud) -> dict[str, str]:
    xray, kms = cloud.client("xray"), cloud.client("kms")
    xray("CreateGroup", GroupName="there")
    for number in range(24):
        cloud.call("xray", "CreateGroup", {"GroupName": f"g{number}"})
        cloud.call("xray", "CreateSamplingRule", rule(RuleName=f"r{number}"))
    xray("CreateSamplingRule", **rule(RuleName="there"))
    for number in range(5):
        xray("PutResourcePolicy", PolicyName=f"p{number}", PolicyDocument=ALLOW)
    gone = kms("CreateKey")["KeyMetadata"]["Arn"]
    kms("DisableKey", KeyId=gone)
    return {"DISABLED": gone}


EXCUSED: dict[str, str] = {
    "ThrottledException": "fogbank does not throttle; faults can be set to",
    "GetSamplingTargets:InvalidRequestException": "what is wrong with a statistic is told of each, in UnprocessedStatistics",
    "GetEncryptionConfig:InvalidRequestException": "the request has nothing that could be wrong",
    "PutTelemetryRecords:InvalidRequestException": "shapes are checked before: ValidationException",
    "PutTraceSegments:InvalidRequestException": "told of each segment, in UnprocessedTraceSegments; and where a KMS key fails (test_sampling.py)",
    "ListTagsForResource:InvalidRequestException": "an ARN of nothing is ResourceNotFoundException",
    "UntagResource:InvalidRequestException": "an ARN of nothing is ResourceNotFoundException",
}
"""Errors that no client can provoke here, with the reason; `Operation:Error` for one operation alone."""

# fmt: off
CASES = [
    Case("BatchGetTraces", "InvalidRequestException", "Between 1 and 5 trace IDs are required.", {"TraceIds": []}),
    Case("BatchGetTraces", "InvalidRequestException", "Between 1 and 5 trace IDs are required.", {"TraceIds": [f"1-5759e988-{n:024x}" for n in range(6)]}),
    Case("BatchGetTraces", "InvalidRequestException", "Invalid trace ID: 1-x", {"TraceIds": ["1-x"]}),
    Case("BatchGetTraces", "InvalidRequestException", "Invalid NextToken.", {"TraceIds": [f"1-5759e988-{1:024x}"], "NextToken": "x"}),
    Case("BatchGetTraces", "InvalidRequestException", "Invalid NextToken.", {"TraceIds": [f"1-5759e988-{1:024x}"], "NextToken": "Pmhp"}),
    Case("BatchGetTraces", "ValidationException", "1 validation error detected: Value null at 'traceIds' failed to satisfy constraint: Member must not be null", {}),
    Case("GetTraceGraph", "InvalidRequestException", "Invalid trace ID: 1-x", {"TraceIds": ["1-x"]}),
    Case("GetTraceSummaries", "InvalidRequestException", "Time range cannot be longer than 6 hours.", {"StartTime": START, "EndTime": LATER}),
    Case("GetTraceSummaries", "InvalidRequestException", "Start time must be before end time.", {"StartTime": LATER, "EndTime": START}),
    Case("GetTraceSummaries", "InvalidRequestException", "Invalid filter expression: unexpected 'nonsense' at position 0", {**SPAN, "FilterExpression": "nonsense"}),
    Case("GetTraceSummaries", "InvalidRequestException", "Invalid filter expression: the expression ends too early", {**SPAN, "FilterExpression": "ok AND"}),
    Case("GetTraceSummaries", "InvalidRequestException", "Invalid filter expression: there is no group none", {**SPAN, "FilterExpression": 'group.name = "none"'}),
    Case("GetTraceSummaries", "InvalidRequestException", "The value of a sampling strategy must be between 0 and 1.", {**SPAN, "Sampling": True, "SamplingStrategy": {"Name": "FixedRate", "Value": 2}}),
    Case("GetTraceSummaries", "InvalidRequestException", "Invalid NextToken.", {**SPAN, "NextToken": "x"}),
    Case("GetTraceSummaries", "NotImplemented", "fogbank does not implement xray:GetTraceSummaries with PartialScan. See `fogbank coverage`.", {**SPAN, "Sampling": True, "SamplingStrategy": {"Name": "PartialScan", "Value": 0.5}}, 501),
    Case("GetServiceGraph", "InvalidRequestException", "Time range cannot be longer than 6 hours.", {"StartTime": START, "EndTime": LATER}),
    Case("GetServiceGraph", "InvalidRequestException", "Group not found", {**SPAN, "GroupName": "none"}),
    Case("GetServiceGraph", "InvalidRequestException", "Specify either GroupName or GroupARN, but not both.", {**SPAN, "GroupName": "there", "GroupARN": ARN}),
    Case("GetServiceGraph", "InvalidRequestException", "Invalid NextToken.", {**SPAN, "NextToken": "x"}),
    Case("GetTimeSeriesServiceStatistics", "InvalidRequestException", "Period must be 60 or 300.", {**SPAN, "Period": 61}),
    Case("GetTimeSeriesServiceStatistics", "InvalidRequestException", "Invalid entity selector expression: an entity selector is service(…), edge(…) or id(…)", {**SPAN, "EntitySelectorExpression": "ok"}),
    Case("GetTimeSeriesServiceStatistics", "NotImplemented", "fogbank does not implement xray:GetTimeSeriesServiceStatistics with ForecastStatistics. See `fogbank coverage`.", {**SPAN, "ForecastStatistics": True}, 501),
    Case("CreateGroup", "InvalidRequestException", "The name Default is reserved.", {"GroupName": "Default"}),
    Case("CreateGroup", "InvalidRequestException", "GroupName may contain only letters, digits, spaces, underscores, periods and hyphens.", {"GroupName": "a/b"}),
    Case("CreateGroup", "InvalidRequestException", "Group already exists: there", {"GroupName": "there"}),
    Case("CreateGroup", "InvalidRequestException", "An account can have at most 25 groups in a region.", {"GroupName": "more"}),
    Case("CreateGroup", "InvalidRequestException", "Notifications can be enabled only for a group with insights enabled.", {"GroupName": "x", "InsightsConfiguration": {"NotificationsEnabled": True}}),
    Case("CreateGroup", "NotImplemented", "fogbank does not implement xray:CreateGroup with InsightsEnabled. See `fogbank coverage`.", {"GroupName": "x", "InsightsConfiguration": {"InsightsEnabled": True}}, 501),
    Case("UpdateGroup", "InvalidRequestException", "Group not found", {"GroupName": "none"}),
    Case("UpdateGroup", "InvalidRequestException", "Specify either GroupName or GroupARN, but not both.", {}),
    Case("UpdateGroup", "InvalidRequestException", "The filter expression of the default group cannot be changed.", {"GroupName": "Default", "FilterExpression": "ok"}),
    Case("UpdateGroup", "InvalidRequestException", "Invalid filter expression: a group cannot be part of itself", {"GroupName": "there", "FilterExpression": 'group.name = "there"'}),
    Case("DeleteGroup", "InvalidRequestException", "Group not found", {"GroupARN": f"{ARN}group/none/X"}),
    Case("DeleteGroup", "InvalidRequestException", "The default group cannot be deleted.", {"GroupName": "Default"}),
    Case("GetGroup", "InvalidRequestException", "Group not found", {"GroupName": "none"}),
    Case("GetGroups", "InvalidRequestException", "Invalid NextToken.", {"NextToken": "x"}),
    Case("CreateSamplingRule", "InvalidRequestException", "RuleARN cannot be specified for a new rule.", rule(RuleARN=ARN)),
    Case("CreateSamplingRule", "InvalidRequestException", "RuleName is required.", {"SamplingRule": {key: value for key, value in RULE.items() if key != "RuleName"}}),
    Case("CreateSamplingRule", "InvalidRequestException", "RuleName may contain only letters, digits, underscores and hyphens.", rule(RuleName="a b")),
    Case("CreateSamplingRule", "InvalidRequestException", "The name Default is reserved.", rule(RuleName="Default")),
    Case("CreateSamplingRule", "InvalidRequestException", "Version must be 1.", rule(Version=2)),
    Case("CreateSamplingRule", "InvalidRequestException", "Sampling rule already exists: there", rule(RuleName="there")),
    Case("CreateSamplingRule", "RuleLimitExceededException", "You can have at most 25 sampling rules.", rule()),
    Case("CreateSamplingRule", "ValidationException", "1 validation error detected: Value '10000' at 'samplingRule.priority' failed to satisfy constraint: Member must have value less than or equal to 9999", rule(Priority=10_000)),
    Case("CreateSamplingRule", "NotImplemented", "fogbank does not implement xray:CreateSamplingRule with SamplingRateBoost. See `fogbank coverage`.", rule(SamplingRateBoost={"MaxRate": 1, "CooldownWindowMinutes": 1}), 501),
    Case("UpdateSamplingRule", "InvalidRequestException", "Invalid update request for default sampling rule", {"SamplingRuleUpdate": {"RuleName": "Default", "Priority": 1}}),
    Case("UpdateSamplingRule", "InvalidRequestException", "Sampling rule does not exist.", {"SamplingRuleUpdate": {"RuleName": "none"}}),
    Case("UpdateSamplingRule", "InvalidRequestException", "Specify either RuleName or RuleARN, but not both.", {"SamplingRuleUpdate": {"RuleName": "there", "RuleARN": f"{ARN}sampling-rule/there"}}),
    Case("UpdateSamplingRule", "InvalidRequestException", "Priority must be between 1 and 9999.", {"SamplingRuleUpdate": {"RuleName": "there", "Priority": 10_000}}),
    Case("UpdateSamplingRule", "InvalidRequestException", "FixedRate must be between 0 and 1.", {"SamplingRuleUpdate": {"RuleName": "there", "FixedRate": 2}}),
    Case("UpdateSamplingRule", "InvalidRequestException", "ReservoirSize must not be negative.", {"SamplingRuleUpdate": {"RuleName": "there", "ReservoirSize": -1}}),
    Case("DeleteSamplingRule", "InvalidRequestException", "The default sampling rule cannot be deleted.", {"RuleName": "Default"}),
    Case("DeleteSamplingRule", "InvalidRequestException", "Sampling rule does not exist.", {"RuleARN": "arn:x"}),
    Case("GetSamplingRules", "InvalidRequestException", "Invalid NextToken.", {"NextToken": "x"}),
    Case("GetSamplingStatisticSummaries", "InvalidRequestException", "Invalid NextToken.", {"NextToken": "x"}),
    Case("GetSamplingTargets", "ValidationException", "1 validation error detected: Value null at 'samplingStatisticsDocuments' failed to satisfy constraint: Member must not be null", {}),
    Case("PutEncryptionConfig", "InvalidRequestException", "KeyId is required with the encryption type KMS.", {"Type": "KMS"}),
    Case("PutEncryptionConfig", "InvalidRequestException", "KeyId cannot be specified with the encryption type NONE.", {"Type": "NONE", "KeyId": "x"}),
    Case("PutEncryptionConfig", "InvalidRequestException", "The KMS key cannot be used: $DISABLED is disabled.", {"Type": "KMS", "KeyId": "$DISABLED"}),
    Case("PutTraceSegments", "ValidationException", "1 validation error detected: Value null at 'traceSegmentDocuments' failed to satisfy constraint: Member must not be null", {}),
    Case("PutTelemetryRecords", "ValidationException", "1 validation error detected: Value null at 'telemetryRecords' failed to satisfy constraint: Member must not be null", {}),
    Case("TagResource", "ResourceNotFoundException", f"Resource not found: {ARN}group/none/X", {"ResourceARN": f"{ARN}group/none/X", "Tags": []}, 404),
    Case("TagResource", "TooManyTagsException", "A resource can have at most 50 tags.", {"ResourceARN": f"{ARN}sampling-rule/there", "Tags": MANY}),
    Case("TagResource", "InvalidRequestException", "Tag keys that begin with aws: are reserved for system use.", {"ResourceARN": f"{ARN}sampling-rule/there", "Tags": OWN}),
    Case("UntagResource", "ResourceNotFoundException", f"Resource not found: {ARN}sampling-rule/none", {"ResourceARN": f"{ARN}sampling-rule/none", "TagKeys": []}, 404),
    Case("ListTagsForResource", "ResourceNotFoundException", "Resource not found: x", {"ResourceARN": "x"}, 404),
    Case("PutResourcePolicy", "MalformedPolicyDocumentException", "Syntax errors in policy.", {"PolicyName": "p0", "PolicyDocument": "{"}),
    Case("PutResourcePolicy", "PolicySizeLimitExceededException", "A policy has at most 5120 bytes.", {"PolicyName": "p0", "PolicyDocument": "x" * 5_121}),
    Case("PutResourcePolicy", "PolicyCountLimitExceededException", "An account has at most 5 resource policies.", {"PolicyName": "p9", "PolicyDocument": ALLOW}),
    Case("PutResourcePolicy", "InvalidPolicyRevisionIdException", "The policy revision id 0 is not the latest.", {"PolicyName": "p0", "PolicyDocument": ALLOW, "PolicyRevisionId": "0"}),
    Case("PutResourcePolicy", "LockoutPreventionException", "The policy would keep you from putting another in its place; set BypassPolicyLockoutCheck if it should.", {"PolicyName": "p0", "PolicyDocument": DENY}),
    Case("ListResourcePolicies", "InvalidRequestException", "Invalid NextToken.", {"NextToken": "x"}),
    Case("DeleteResourcePolicy", "InvalidRequestException", "Resource policy not found: none", {"PolicyName": "none"}),
    Case("DeleteResourcePolicy", "InvalidPolicyRevisionIdException", "The policy revision id 7 is not the latest.", {"PolicyName": "p0", "PolicyRevisionId": "7"}),
]
# fmt: on


class TestErrors(refusals(SERVICE, CASES, EXCUSED, _made)):  # type: ignore[misc]
    def test_every_operation_that_can_refuse_is_seen_to(self) -> None:
        # Its request has nothing that could be wrong.
        assert Parity(SERVICE, CASES, EXCUSED).silent() == {"GetEncryptionConfig"}
