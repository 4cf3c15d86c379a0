"""Every error that the model has for operations of Scheduler: provoked, with its message, or excused, with the reason."""
# ruff: noqa: E501 (a table: a case to a line, with AWS's whole sentence)

from __future__ import annotations

import json
from typing import Any

from fogbank.testing import TestCloud, parity
from fogbank.testing.parity import Case

SERVICE = "scheduler"


ROLE = "arn:aws:iam::000000000000:role/runner"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:jobs"
GROUP = "arn:aws:scheduler:us-east-1:000000000000:schedule-group"
SCHEDULE: dict[str, Any] = {
    "ScheduleExpression": "rate(1 hour)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": QUEUE, "RoleArn": ROLE},
}


def _made(cloud: TestCloud) -> dict[str, str]:
    statement = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    cloud.call("iam", "CreateRole", {"RoleName": "runner", "AssumeRolePolicyDocument": trust})
    untrusted = json.dumps(
        {"Version": "2012-10-17", "Statement": [{**statement, "Principal": {"Service": "ec2.amazonaws.com"}}]}
    )
    cloud.call("iam", "CreateRole", {"RoleName": "other", "AssumeRolePolicyDocument": untrusted})
    cloud.call("sqs", "CreateQueue", {"QueueName": "jobs"})
    cloud.call(SERVICE, "CreateSchedule", {"Name": "known", **SCHEDULE})
    for number in range(500):
        cloud.call(SERVICE, "CreateScheduleGroup", {"Name": f"known{number:03d}"})
    return {}


EXCUSED: dict[str, str] = {
    "InternalServerException": "fogbank's own fault, never a client's",
    "ThrottlingException": "fogbank does not throttle; faults can be set to",
    "CreateSchedule:ServiceQuotaExceededException": "the quota is a million schedules",
    "UpdateSchedule:ServiceQuotaExceededException": "an update adds no schedule",
    "DeleteSchedule:ServiceQuotaExceededException": "a deletion adds no schedule",
    "GetSchedule:ServiceQuotaExceededException": "reading adds no schedule",
    "UpdateSchedule:ConflictException": "calls are carried out one after the other",
    "DeleteSchedule:ConflictException": "calls are carried out one after the other",
    "DeleteScheduleGroup:ConflictException": "calls are carried out one after the other",
    "TagResource:ConflictException": "calls are carried out one after the other",
    "UntagResource:ConflictException": "calls are carried out one after the other",
}
"""Errors that no client can provoke here, with the reason; `Operation:Error` for one operation alone."""

# fmt: off
CASES = [
    Case("CreateSchedule", "ValidationException", "Invalid Schedule Expression rate(0 hours).", {**SCHEDULE, "ScheduleExpression": "rate(0 hours)", "Name": "new"}),
    Case("CreateSchedule", "ValidationException", "Invalid Schedule Expression cron(61 * * * ? *).", {**SCHEDULE, "ScheduleExpression": "cron(61 * * * ? *)", "Name": "new"}),
    Case("CreateSchedule", "ValidationException", "Invalid Schedule Expression at(2025-13-01T00:00:00).", {**SCHEDULE, "ScheduleExpression": "at(2025-13-01T00:00:00)", "Name": "new"}),
    Case("CreateSchedule", "ValidationException", "Invalid Schedule Expression rate(" + "9" * 40 + " days).", {**SCHEDULE, "ScheduleExpression": "rate(" + "9" * 40 + " days)", "Name": "new"}),
    Case("CreateSchedule", "ValidationException", "The provided ScheduleExpressionTimezone is not valid: Mars/Olympus.", {**SCHEDULE, "Name": "new", "ScheduleExpressionTimezone": "Mars/Olympus"}),
    Case("CreateSchedule", "ValidationException", "The StartDate you specify cannot be earlier than 5 minutes ago.", {**SCHEDULE, "Name": "new", "StartDate": 1749999699}),
    Case("CreateSchedule", "ValidationException", "The EndDate you specify must come after the StartDate, and after now.", {**SCHEDULE, "Name": "new", "EndDate": 1750000000}),
    Case("CreateSchedule", "ValidationException", "The EndDate you specify must come after the StartDate, and after now.", {**SCHEDULE, "Name": "new", "StartDate": 1750003600, "EndDate": 1750003600}),
    Case("CreateSchedule", "ValidationException", "MaximumWindowInMinutes is required for a FLEXIBLE time window.", {**SCHEDULE, "FlexibleTimeWindow": {"Mode": "FLEXIBLE"}, "Name": "new"}),
    Case("CreateSchedule", "ValidationException", "MaximumWindowInMinutes must not be given when the flexible time window is OFF.", {**SCHEDULE, "FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}, "Name": "new"}),
    Case("CreateSchedule", "ValidationException", "1 validation error detected: Value '1441' at 'flexibleTimeWindow.maximumWindowInMinutes' failed to satisfy constraint: Member must have value less than or equal to 1440", {**SCHEDULE, "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1441}, "Name": "new"}),
    Case("CreateSchedule", "ValidationException", "Provided Arn is not in correct format: jobs.", {**SCHEDULE, "Target": {"Arn": "jobs", "RoleArn": "arn:aws:iam::000000000000:role/runner"}, "Name": "new"}),
    Case("CreateSchedule", "ValidationException", "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.", {**SCHEDULE, "Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:jobs", "RoleArn": "arn:aws:iam::000000000000:role/other"}, "Name": "new"}),
    Case("CreateSchedule", "ValidationException", "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.", {**SCHEDULE, "Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:jobs", "RoleArn": "arn:aws:iam::000000000000:role/nobody"}, "Name": "new"}),
    Case("CreateSchedule", "ValidationException", "SqsParameters with a MessageGroupId are required for a FIFO queue.", {**SCHEDULE, "Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:jobs.fifo", "RoleArn": "arn:aws:iam::000000000000:role/runner"}, "Name": "new"}),
    Case("CreateSchedule", "ValidationException", "EventBridgeParameters are required for an event bus.", {**SCHEDULE, "Target": {"Arn": "arn:aws:events:us-east-1:000000000000:event-bus/default", "RoleArn": "arn:aws:iam::000000000000:role/runner"}, "Name": "new"}),
    Case("CreateSchedule", "ValidationException", "The Input of a universal target must be a JSON object.", {**SCHEDULE, "Target": {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "RoleArn": "arn:aws:iam::000000000000:role/runner", "Input": "[]"}, "Name": "new"}),
    Case("CreateSchedule", "ValidationException", "1 validation error detected: Value '186' at 'target.retryPolicy.maximumRetryAttempts' failed to satisfy constraint: Member must have value less than or equal to 185", {**SCHEDULE, "Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:jobs", "RoleArn": "arn:aws:iam::000000000000:role/runner", "RetryPolicy": {"MaximumRetryAttempts": 186}}, "Name": "new"}),
    Case("CreateSchedule", "ValidationException", "1 validation error detected: Value '59' at 'target.retryPolicy.maximumEventAgeInSeconds' failed to satisfy constraint: Member must have value greater than or equal to 60", {**SCHEDULE, "Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:jobs", "RoleArn": "arn:aws:iam::000000000000:role/runner", "RetryPolicy": {"MaximumEventAgeInSeconds": 59}}, "Name": "new"}),
    Case("CreateSchedule", "ResourceNotFoundException", "Schedule group none does not exist.", {**SCHEDULE, "Name": "new", "GroupName": "none"}, 404),
    Case("UpdateSchedule", "ValidationException", "Invalid Schedule Expression rate(0 hours).", {**SCHEDULE, "ScheduleExpression": "rate(0 hours)", "Name": "known"}),
    Case("UpdateSchedule", "ValidationException", "Invalid Schedule Expression cron(61 * * * ? *).", {**SCHEDULE, "ScheduleExpression": "cron(61 * * * ? *)", "Name": "known"}),
    Case("UpdateSchedule", "ValidationException", "Invalid Schedule Expression at(2025-13-01T00:00:00).", {**SCHEDULE, "ScheduleExpression": "at(2025-13-01T00:00:00)", "Name": "known"}),
    Case("UpdateSchedule", "ValidationException", "Invalid Schedule Expression rate(" + "9" * 40 + " days).", {**SCHEDULE, "ScheduleExpression": "rate(" + "9" * 40 + " days)", "Name": "known"}),
    Case("UpdateSchedule", "ValidationException", "The provided ScheduleExpressionTimezone is not valid: Mars/Olympus.", {**SCHEDULE, "Name": "known", "ScheduleExpressionTimezone": "Mars/Olympus"}),
    Case("UpdateSchedule", "ValidationException", "The StartDate you specify cannot be earlier than 5 minutes ago.", {**SCHEDULE, "Name": "known", "StartDate": 1749999699}),
    Case("UpdateSchedule", "ValidationException", "The EndDate you specify must come after the StartDate, and after now.", {**SCHEDULE, "Name": "known", "EndDate": 1750000000}),
    Case("UpdateSchedule", "ValidationException", "The EndDate you specify must come after the StartDate, and after now.", {**SCHEDULE, "Name": "known", "StartDate": 1750003600, "EndDate": 1750003600}),
    Case("UpdateSchedule", "ValidationException", "MaximumWindowInMinutes is required for a FLEXIBLE time window.", {**SCHEDULE, "FlexibleTimeWindow": {"Mode": "FLEXIBLE"}, "Name": "known"}),
    Case("UpdateSchedule", "ValidationException", "MaximumWindowInMinutes must not be given when the flexible time window is OFF.", {**SCHEDULE, "FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}, "Name": "known"}),
    Case("UpdateSchedule", "ValidationException", "1 validation error detected: Value '1441' at 'flexibleTimeWindow.maximumWindowInMinutes' failed to satisfy constraint: Member must have value less than or equal to 1440", {**SCHEDULE, "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1441}, "Name": "known"}),
    Case("UpdateSchedule", "ValidationException", "Provided Arn is not in correct format: jobs.", {**SCHEDULE, "Target": {"Arn": "jobs", "RoleArn": "arn:aws:iam::000000000000:role/runner"}, "Name": "known"}),
    Case("UpdateSchedule", "ValidationException", "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.", {**SCHEDULE, "Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:jobs", "RoleArn": "arn:aws:iam::000000000000:role/other"}, "Name": "known"}),
    Case("UpdateSchedule", "ValidationException", "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.", {**SCHEDULE, "Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:jobs", "RoleArn": "arn:aws:iam::000000000000:role/nobody"}, "Name": "known"}),
    Case("UpdateSchedule", "ValidationException", "SqsParameters with a MessageGroupId are required for a FIFO queue.", {**SCHEDULE, "Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:jobs.fifo", "RoleArn": "arn:aws:iam::000000000000:role/runner"}, "Name": "known"}),
    Case("UpdateSchedule", "ValidationException", "EventBridgeParameters are required for an event bus.", {**SCHEDULE, "Target": {"Arn": "arn:aws:events:us-east-1:000000000000:event-bus/default", "RoleArn": "arn:aws:iam::000000000000:role/runner"}, "Name": "known"}),
    Case("UpdateSchedule", "ValidationException", "The Input of a universal target must be a JSON object.", {**SCHEDULE, "Target": {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "RoleArn": "arn:aws:iam::000000000000:role/runner", "Input": "[]"}, "Name": "known"}),
    Case("UpdateSchedule", "ValidationException", "1 validation error detected: Value '186' at 'target.retryPolicy.maximumRetryAttempts' failed to satisfy constraint: Member must have value less than or equal to 185", {**SCHEDULE, "Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:jobs", "RoleArn": "arn:aws:iam::000000000000:role/runner", "RetryPolicy": {"MaximumRetryAttempts": 186}}, "Name": "known"}),
    Case("UpdateSchedule", "ValidationException", "1 validation error detected: Value '59' at 'target.retryPolicy.maximumEventAgeInSeconds' failed to satisfy constraint: Member must have value greater than or equal to 60", {**SCHEDULE, "Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:jobs", "RoleArn": "arn:aws:iam::000000000000:role/runner", "RetryPolicy": {"MaximumEventAgeInSeconds": 59}}, "Name": "known"}),
    Case("UpdateSchedule", "ResourceNotFoundException", "Schedule group none does not exist.", {**SCHEDULE, "Name": "new", "GroupName": "none"}, 404),
    Case("CreateSchedule", "ConflictException", "Schedule known already exists.", {**SCHEDULE, "Name": "known"}, 409),
    Case("CreateSchedule", "ValidationException", "1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [0-9a-zA-Z-_.]+", {**SCHEDULE, "Name": "a b"}),
    Case("CreateSchedule", "ValidationException", "1 validation error detected: Value '" + "a" * 65 + "' at 'name' failed to satisfy constraint: Member must have length less than or equal to 64", {**SCHEDULE, "Name": "a" * 65}),
    Case("UpdateSchedule", "ResourceNotFoundException", "Schedule none does not exist.", {**SCHEDULE, "Name": "none"}, 404),
    Case("CreateScheduleGroup", "ConflictException", "Schedule group default already exists.", {"Name": "default"}, 409),
    Case("CreateScheduleGroup", "ConflictException", "Schedule group known000 already exists.", {"Name": "known000"}, 409),
    Case("CreateScheduleGroup", "ServiceQuotaExceededException", "The number of schedule groups exceeds the quota.", {"Name": "new"}, 402),
    Case("CreateScheduleGroup", "ValidationException", "1 validation error detected: Value 'a/b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [0-9a-zA-Z-_.]+", {"Name": "a/b"}),
    Case("DeleteScheduleGroup", "ValidationException", "The default schedule group cannot be deleted.", {"Name": "default"}),
    Case("DeleteScheduleGroup", "ResourceNotFoundException", "Schedule group none does not exist.", {"Name": "none"}, 404),
    Case("GetScheduleGroup", "ResourceNotFoundException", "Schedule group none does not exist.", {"Name": "none"}, 404),
    Case("GetScheduleGroup", "ValidationException", "2 validation errors detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [0-9a-zA-Z-_.]+", {"Name": ""}),
    Case("DeleteSchedule", "ResourceNotFoundException", "Schedule none does not exist.", {"Name": "none"}, 404),
    Case("DeleteSchedule", "ResourceNotFoundException", "Schedule group none does not exist.", {"Name": "known", "GroupName": "none"}, 404),
    Case("DeleteSchedule", "ValidationException", "1 validation error detected: Value '*' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [0-9a-zA-Z-_.]+", {"Name": "*"}),
    Case("GetSchedule", "ResourceNotFoundException", "Schedule none does not exist.", {"Name": "none"}, 404),
    Case("GetSchedule", "ValidationException", "1 validation error detected: Value '*' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [0-9a-zA-Z-_.]+", {"Name": "*"}),
    Case("ListSchedules", "ResourceNotFoundException", "Schedule group none does not exist.", {"GroupName": "none"}, 404),
    Case("ListSchedules", "ValidationException", "Invalid NextToken.", {"NextToken": "x"}),
    Case("ListSchedules", "ValidationException", "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100", {"MaxResults": 101}),
    Case("ListScheduleGroups", "ValidationException", "Invalid NextToken.", {"NextToken": "x"}),
    Case("ListScheduleGroups", "ValidationException", "1 validation error detected: Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1", {"MaxResults": 0}),
    Case("TagResource", "ResourceNotFoundException", "Schedule group none does not exist.", {"ResourceArn": "arn:aws:scheduler:us-east-1:000000000000:schedule-group/none", "Tags": [{"Key": "a", "Value": "b"}]}, 404),
    Case("TagResource", "ValidationException", "1 validation error detected: Value 'x' at 'resourceArn' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:aws[a-z-]*:scheduler:[a-z0-9\\-]+:\\d{12}:schedule-group\\/[0-9a-zA-Z-_.]+", {"ResourceArn": "x", "Tags": [{"Key": "a", "Value": "b"}]}),
    Case("TagResource", "ValidationException", "51 validation errors detected: Value '' at 'tags.1.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.2.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.3.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.4.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.5.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.6.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.7.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.8.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.9.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.10.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.11.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.12.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.13.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.14.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.15.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.16.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.17.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.18.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.19.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.20.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.21.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.22.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.23.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.24.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.25.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.26.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.27.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.28.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.29.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.30.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.31.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.32.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.33.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.34.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.35.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.36.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.37.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.38.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.39.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.40.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.41.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.42.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.43.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.44.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.45.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.46.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.47.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.48.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.49.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.50.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.51.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1", {"ResourceArn": "arn:aws:scheduler:us-east-1:000000000000:schedule-group/known001", "Tags": [{"Key": "k0", "Value": ""}, {"Key": "k1", "Value": ""}, {"Key": "k2", "Value": ""}, {"Key": "k3", "Value": ""}, {"Key": "k4", "Value": ""}, {"Key": "k5", "Value": ""}, {"Key": "k6", "Value": ""}, {"Key": "k7", "Value": ""}, {"Key": "k8", "Value": ""}, {"Key": "k9", "Value": ""}, {"Key": "k10", "Value": ""}, {"Key": "k11", "Value": ""}, {"Key": "k12", "Value": ""}, {"Key": "k13", "Value": ""}, {"Key": "k14", "Value": ""}, {"Key": "k15", "Value": ""}, {"Key": "k16", "Value": ""}, {"Key": "k17", "Value": ""}, {"Key": "k18", "Value": ""}, {"Key": "k19", "Value": ""}, {"Key": "k20", "Value": ""}, {"Key": "k21", "Value": ""}, {"Key": "k22", "Value": ""}, {"Key": "k23", "Value": ""}, {"Key": "k24", "Value": ""}, {"Key": "k25", "Value": ""}, {"Key": "k26", "Value": ""}, {"Key": "k27", "Value": ""}, {"Key": "k28", "Value": ""}, {"Key": "k29", "Value": ""}, {"Key": "k30", "Value": ""}, {"Key": "k31", "Value": ""}, {"Key": "k32", "Value": ""}, {"Key": "k33", "Value": ""}, {"Key": "k34", "Value": ""}, {"Key": "k35", "Value": ""}, {"Key": "k36", "Value": ""}, {"Key": "k37", "Value": ""}, {"Key": "k38", "Value": ""}, {"Key": "k39", "Value": ""}, {"Key": "k40", "Value": ""}, {"Key": "k41", "Value": ""}, {"Key": "k42", "Value": ""}, {"Key": "k43", "Value": ""}, {"Key": "k44", "Value": ""}, {"Key": "k45", "Value": ""}, {"Key": "k46", "Value": ""}, {"Key": "k47", "Value": ""}, {"Key": "k48", "Value": ""}, {"Key": "k49", "Value": ""}, {"Key": "k50", "Value": ""}]}),
    Case("UntagResource", "ResourceNotFoundException", "Schedule group none does not exist.", {"ResourceArn": "arn:aws:scheduler:us-east-1:000000000000:schedule-group/none", "TagKeys": ["a"]}, 404),
    Case("UntagResource", "ValidationException", "1 validation error detected: Value 'x' at 'resourceArn' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:aws[a-z-]*:scheduler:[a-z0-9\\-]+:\\d{12}:schedule-group\\/[0-9a-zA-Z-_.]+", {"ResourceArn": "x", "TagKeys": ["a"]}),
    Case("ListTagsForResource", "ResourceNotFoundException", "Schedule group none does not exist.", {"ResourceArn": "arn:aws:scheduler:us-east-1:000000000000:schedule-group/none"}, 404),
    Case("ListTagsForResource", "ValidationException", "1 validation error detected: Value 'x' at 'resourceArn' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:aws[a-z-]*:scheduler:[a-z0-9\\-]+:\\d{12}:schedule-group\\/[0-9a-zA-Z-_.]+", {"ResourceArn": "x"}),
]
# fmt: on

TestErrors = parity.refusals(SERVICE, CASES, EXCUSED, _made)
