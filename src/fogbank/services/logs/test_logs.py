"""CloudWatch Logs through the in-process cloud; expected values from the API pages and the User Guide."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config

from fogbank.aws.errors import AwsError
from fogbank.aws.policy import Principal
from fogbank.control.caller import Caller, service
from fogbank.testing import START, Served, TestCloud
from fogbank.testing.plugin import MakeClient

NOW = int(START * 1000)
DAY = 86_400
Client = Callable[..., dict[str, Any]]


def opened(cloud: TestCloud) -> Client:
    """A client, with group `g` and stream `s` made."""
    found = cloud.client("logs")
    found("CreateLogGroup", logGroupName="g")
    found("CreateLogStream", logGroupName="g", logStreamName="s")
    return found


@pytest.fixture
def logs(cloud: TestCloud) -> Client:
    return opened(cloud)


def refused(logs: Client, operation: str, code: str, **params: Any) -> str:
    with pytest.raises(AwsError) as caught:
        logs(operation, **params)
    assert caught.value.code == code, str(caught.value)
    return caught.value.message


def put(
    logs: Client, *messages: str, at: int = NOW, stream: str = "s", group: str = "g", step: int = 1
) -> dict[str, Any]:
    events = [{"timestamp": at + number * step, "message": message} for number, message in enumerate(messages)]
    return logs("PutLogEvents", logGroupName=group, logStreamName=stream, logEvents=events)


def filtered(logs: Client, **params: Any) -> list[str]:
    """The messages of all pages."""
    found, token = [], None
    while True:
        page = logs("FilterLogEvents", logGroupName="g", **params, **({"nextToken": token} if token else {}))
        found += [event["message"] for event in page["events"]]
        token = page.get("nextToken")
        if not token:
            return found


# Groups and streams


def test_groups_are_made_described_and_deleted(cloud: TestCloud, logs: Client) -> None:
    arn = "arn:aws:logs:us-east-1:000000000000:log-group:g"
    [group] = logs("DescribeLogGroups")["logGroups"]
    assert (group["arn"], group["logGroupArn"], group["creationTime"]) == (f"{arn}:*", arn, NOW)
    assert (group["storedBytes"], group["logGroupClass"], group["metricFilterCount"]) == (0, "STANDARD", 0)
    said = refused(logs, "CreateLogGroup", "ResourceAlreadyExistsException", logGroupName="g")
    assert said == "The specified log group already exists"
    refused(logs, "CreateLogGroup", "InvalidParameterException", logGroupName="a b")
    said = refused(logs, "DeleteLogGroup", "ResourceNotFoundException", logGroupName="nope")
    assert said == "The specified log group does not exist."
    put(logs, "old")
    logs("DeleteLogGroup", logGroupName="g")
    logs("CreateLogGroup", logGroupName="g", logGroupClass="INFREQUENT_ACCESS")
    logs("CreateLogStream", logGroupName="g", logStreamName="s")
    assert filtered(logs) == []
    assert logs("DescribeLogGroups")["logGroups"][0]["logGroupClass"] == "INFREQUENT_ACCESS"


def test_groups_come_in_pages_of_fifty(cloud: TestCloud) -> None:
    logs = cloud.client("logs")
    for number in range(51):
        logs("CreateLogGroup", logGroupName=f"/app/{number:02d}")
    page = logs("DescribeLogGroups", logGroupNamePrefix="/app/")
    assert len(page["logGroups"]) == 50
    rest = logs("DescribeLogGroups", logGroupNamePrefix="/app/", nextToken=page["nextToken"])
    assert [group["logGroupName"] for group in rest["logGroups"]] == ["/app/50"] and "nextToken" not in rest
    assert len(logs("DescribeLogGroups", logGroupNamePattern="p/1")["logGroups"]) == 10
    refused(logs, "DescribeLogGroups", "InvalidParameterException", logGroupNamePattern="a", logGroupNamePrefix="b")
    refused(logs, "DescribeLogGroups", "InvalidParameterException", nextToken="?")


def test_protected_groups_stay(logs: Client) -> None:
    logs("PutLogGroupDeletionProtection", logGroupIdentifier="g", deletionProtectionEnabled=True)
    refused(logs, "DeleteLogGroup", "InvalidParameterException", logGroupName="g")
    logs("PutLogGroupDeletionProtection", logGroupIdentifier="g", deletionProtectionEnabled=False)
    logs("DeleteLogGroup", logGroupName="g")


def test_streams_are_ordered_by_name_or_by_their_last_event(logs: Client) -> None:
    for name in ("a", "b"):
        logs("CreateLogStream", logGroupName="g", logStreamName=name)
    put(logs, "one", stream="b", at=NOW - 5)
    put(logs, "two", stream="a", at=NOW - 9)

    def names(**params: Any) -> list[str]:
        found = logs("DescribeLogStreams", logGroupName="g", **params)["logStreams"]
        return [stream["logStreamName"] for stream in found]

    assert names() == ["a", "b", "s"] and names(descending=True) == ["s", "b", "a"]
    assert names(orderBy="LastEventTime", descending=True) == ["b", "a", "s"]
    assert names(logStreamNamePrefix="b") == ["b"]
    said = refused(
        logs,
        "DescribeLogStreams",
        "InvalidParameterException",
        logGroupName="g",
        orderBy="LastEventTime",
        logStreamNamePrefix="a",
    )
    assert said == "Cannot order by LastEventTime with a logStreamNamePrefix."
    for params in ({}, {"orderBy": "LastEventTime"}, {"descending": True}):
        first = logs("DescribeLogStreams", logGroupName="g", limit=2, **params)
        rest = logs("DescribeLogStreams", logGroupName="g", limit=2, nextToken=first["nextToken"], **params)
        assert len(first["logStreams"]) == 2 and len(rest["logStreams"]) == 1 and "nextToken" not in rest
    [stream] = logs("DescribeLogStreams", logGroupName="g", logStreamNamePrefix="b")["logStreams"]
    assert (stream["firstEventTimestamp"], stream["lastEventTimestamp"]) == (NOW - 5, NOW - 5)
    assert stream["lastIngestionTime"] == NOW and stream["uploadSequenceToken"]
    assert stream["arn"].endswith(":log-group:g:log-stream:b")
    refused(logs, "CreateLogStream", "ResourceAlreadyExistsException", logGroupName="g", logStreamName="b")
    refused(logs, "CreateLogStream", "InvalidParameterException", logGroupName="g", logStreamName="a:b")


def test_a_deleted_stream_takes_its_events_along(cloud: TestCloud, logs: Client) -> None:
    put(logs, "one")
    logs("DeleteLogStream", logGroupName="g", logStreamName="s")
    said = refused(logs, "GetLogEvents", "ResourceNotFoundException", logGroupName="g", logStreamName="s")
    assert said == "The specified log stream does not exist."
    assert filtered(logs) == []
    logs("CreateLogStream", logGroupName="g", logStreamName="s")
    assert logs("GetLogEvents", logGroupName="g", logStreamName="s")["events"] == []
    put(logs, "two")
    cloud.advance(1)
    assert filtered(logs) == ["two"]


# Events


def test_what_is_put_is_got(logs: Client) -> None:
    answer = put(logs, "one", "two", "three")
    assert "rejectedLogEventsInfo" not in answer and answer["nextSequenceToken"]
    found = logs("GetLogEvents", logGroupName="g", logStreamName="s", startFromHead=True)
    assert found["events"][1] == {"timestamp": NOW + 1, "message": "two", "ingestionTime": NOW}
    for identifier in ("g", "arn:aws:logs:us-east-1:000000000000:log-group:g"):
        again = logs("GetLogEvents", logGroupIdentifier=identifier, logStreamName="s")
        assert again["events"] == found["events"]
    refused(logs, "GetLogEvents", "InvalidParameterException", logStreamName="s")
    span = logs("GetLogEvents", logGroupName="g", logStreamName="s", startTime=NOW + 1, endTime=NOW + 2)
    assert [event["message"] for event in span["events"]] == ["two"]


def test_tokens_lead_forward_and_backward_and_stay_at_the_ends(logs: Client) -> None:
    put(logs, *map(str, range(10)))

    def get(**params: Any) -> tuple[list[str], str, str]:
        found = logs("GetLogEvents", logGroupName="g", logStreamName="s", limit=4, **params)
        return [event["message"] for event in found["events"]], found["nextForwardToken"], found["nextBackwardToken"]

    seen, forward, backward = get()
    assert seen == ["6", "7", "8", "9"]
    assert get(nextToken=forward) == ([], forward, "b" + forward[1:])
    seen, _, backward = get(nextToken=backward)
    assert seen == ["2", "3", "4", "5"]
    seen, _, backward = get(nextToken=backward)
    assert seen == ["0", "1"]
    seen, _, last = get(nextToken=backward)
    assert seen == [] and last == backward
    seen, forward, _ = get(startFromHead=True)
    assert seen == ["0", "1", "2", "3"]
    assert get(nextToken=forward)[0] == ["4", "5", "6", "7"]
    seen, forward, _ = get(nextToken=get(nextToken=forward)[1])
    assert seen == ["8", "9"]
    put(logs, "10", at=NOW + 10)
    assert get(nextToken=forward)[0] == ["10"]
    refused(logs, "GetLogEvents", "InvalidParameterException", logGroupName="g", logStreamName="s", nextToken="x")


def test_events_that_come_out_of_order_are_read_in_order(logs: Client) -> None:
    put(logs, "c", "e", at=NOW, step=20)
    put(logs, "a", at=NOW - 10)
    put(logs, "b", "d", at=NOW - 5, step=15)
    put(logs, "z", at=NOW - 3_600_000)
    for start in (True, False):
        found = logs("GetLogEvents", logGroupName="g", logStreamName="s", startFromHead=start)["events"]
        assert "".join(event["message"] for event in found) == "zabcde"
    page = logs("GetLogEvents", logGroupName="g", logStreamName="s", limit=2)
    assert [event["message"] for event in page["events"]] == ["d", "e"]
    page = logs("GetLogEvents", logGroupName="g", logStreamName="s", limit=3, nextToken=page["nextBackwardToken"])
    assert [event["message"] for event in page["events"]] == ["a", "b", "c"]
    assert "".join(filtered(logs, limit=2)) == "zabcde"


def test_pages_hold_a_megabyte(logs: Client) -> None:
    for number in range(3):
        put(logs, str(number) * 500_000, at=NOW + number)
    found = logs("GetLogEvents", logGroupName="g", logStreamName="s", startFromHead=True)
    assert [event["message"][0] for event in found["events"]] == ["0", "1"]
    assert [message[0] for message in filtered(logs)] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([(NOW + 1, "a"), (NOW, "b")], "chronological order"),
        ([(NOW - DAY * 1000 - 1, "a"), (NOW, "b")], "cannot span more than 24 hours"),
        ([(NOW, "x" * (1_048_576 - 25))], "Log event too large: 1048577 bytes exceeds limit of 1048576"),
        ([(NOW, "x" * 524_262), (NOW, "x" * 524_263)], "Upload too large: 1048577 bytes exceeds limit of 1048576"),
    ],
)
def test_batches_that_are_refused(logs: Client, events: list[tuple[int, str]], said: str) -> None:
    batch = [{"timestamp": at, "message": message} for at, message in events]
    message = refused(
        logs, "PutLogEvents", "InvalidParameterException", logGroupName="g", logStreamName="s", logEvents=batch
    )
    assert said in message


def test_the_largest_batches_are_taken(logs: Client) -> None:
    put(logs, "x" * (1_048_576 - 26))
    put(logs, "a", "b", at=NOW - DAY * 1000, step=DAY * 1000)
    put(logs, *["y"] * 10_000, step=0)
    assert len(filtered(logs, filterPattern="y")) == 10_000
    refused(
        logs,
        "PutLogEvents",
        "InvalidParameterException",
        logGroupName="g",
        logStreamName="s",
        logEvents=[{"timestamp": NOW, "message": "m"}] * 10_001,
    )


def test_events_too_old_and_too_new_are_rejected_alone(cloud: TestCloud, logs: Client) -> None:
    hour = 3_600_000
    said = put(logs, "in", "out", at=NOW + 2 * hour, step=1)["rejectedLogEventsInfo"]
    assert said == {"tooNewLogEventStartIndex": 1} and filtered(logs) == ["in"]
    said = put(logs, "out", "in2", at=NOW - 14 * DAY * 1000 - 1, step=1)["rejectedLogEventsInfo"]
    assert said == {"tooOldLogEventEndIndex": 1}
    logs("PutRetentionPolicy", logGroupName="g", retentionInDays=1)
    said = put(logs, "out", "in3", at=NOW - DAY * 1000 - 1, step=1)["rejectedLogEventsInfo"]
    assert said == {"expiredLogEventEndIndex": 1}
    assert filtered(logs) == ["in3", "in"]


def test_retention_takes_events_away(cloud: TestCloud, logs: Client) -> None:
    refused(logs, "PutRetentionPolicy", "InvalidParameterException", logGroupName="g", retentionInDays=2)
    put(logs, "one")
    logs("PutRetentionPolicy", logGroupName="g", retentionInDays=3)
    [group] = logs("DescribeLogGroups")["logGroups"]
    assert (group["retentionInDays"], group["storedBytes"]) == (3, 29)
    cloud.advance(3 * DAY - 60)
    assert filtered(logs) == ["one"]
    cloud.advance(60.001)
    assert filtered(logs) == []
    put(logs, "two", at=NOW + 3 * DAY * 1000)
    cloud.advance(2 * DAY)
    assert logs("DescribeLogGroups")["logGroups"][0]["storedBytes"] == 29
    logs("DeleteRetentionPolicy", logGroupName="g")
    cloud.advance(30 * DAY)
    assert filtered(logs) == ["two"]


def test_metric_filters_are_kept(logs: Client) -> None:
    made = {"metricName": "Errors", "metricNamespace": "App", "metricValue": "1", "defaultValue": 0.0}
    logs("PutMetricFilter", logGroupName="g", filterName="f", filterPattern="ERROR", metricTransformations=[made])
    [found] = logs("DescribeMetricFilters", logGroupName="g")["metricFilters"]
    assert found["metricTransformations"] == [{**made, "unit": "None"}] and found["filterPattern"] == "ERROR"
    assert logs("DescribeMetricFilters", metricName="Errors", metricNamespace="App")["metricFilters"] == [found]
    assert logs("DescribeLogGroups")["logGroups"][0]["metricFilterCount"] == 1
    for bad in (
        {**made, "metricValue": "x"},
        {**made, "metricNamespace": "AWS/x"},
        {**made, "dimensions": {"a": "$.a"}},
        {"metricName": "n", "metricNamespace": "n", "metricValue": "1", "dimensions": dict.fromkeys("abcd", "$.a")},
    ):
        refused(
            logs,
            "PutMetricFilter",
            "InvalidParameterException",
            logGroupName="g",
            filterName="h",
            filterPattern="",
            metricTransformations=[bad],
        )
    logs("DeleteMetricFilter", logGroupName="g", filterName="f")
    said = refused(logs, "DeleteMetricFilter", "ResourceNotFoundException", logGroupName="g", filterName="f")
    assert said == "The specified metric filter does not exist."


def test_subscriptions_need_a_destination_that_can_be_reached(logs: Client) -> None:
    stream = "arn:aws:kinesis:us-east-1:000000000000:stream/k"
    role = "arn:aws:iam::000000000000:role/r"
    want = {"logGroupName": "g", "filterName": "f", "filterPattern": ""}
    said = refused(
        logs, "PutSubscriptionFilter", "InvalidParameterException", **want, destinationArn=stream, roleArn=role
    )
    assert said.startswith("Could not deliver test message to specified stream.")
    said = refused(logs, "PutSubscriptionFilter", "InvalidParameterException", **want, destinationArn=stream)
    assert "without roleArn" in said
    refused(logs, "PutSubscriptionFilter", "InvalidParameterException", **want, destinationArn="arn:aws:s3:::b")
    assert logs("DescribeSubscriptionFilters", logGroupName="g")["subscriptionFilters"] == []


# Keys, policies, tags


def test_a_group_with_a_key_needs_it(cloud: TestCloud, logs: Client) -> None:
    kms = cloud.client("kms")
    arn = kms("CreateKey")["KeyMetadata"]["Arn"]
    said = refused(logs, "AssociateKmsKey", "InvalidParameterException", logGroupName="g", kmsKeyId=arn)
    assert said.startswith("The specified KMS key does not exist or is not allowed to be used with LogGroup 'arn:")
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "kms:*", "Resource": "*"},
        {
            "Effect": "Allow",
            "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
            "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*"],
            "Resource": "*",
            "Condition": {
                "ArnEquals": {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:us-east-1:000000000000:log-group:g"}
            },
        },
    ]
    kms("PutKeyPolicy", KeyId=arn, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    put(logs, "plain")
    logs("AssociateKmsKey", logGroupName="g", kmsKeyId=arn)
    put(logs, "sealed secret", at=NOW + 1)
    put(logs, "sealed more", at=NOW + 2)
    assert logs("DescribeLogGroups")["logGroups"][0]["kmsKeyId"] == arn
    assert filtered(logs, filterPattern="sealed") == ["sealed secret", "sealed more"]
    kms("DisableKey", KeyId=arn)
    refused(
        logs,
        "PutLogEvents",
        "AccessDeniedException",
        logGroupName="g",
        logStreamName="s",
        logEvents=[{"timestamp": NOW, "message": "x"}],
    )
    refused(logs, "FilterLogEvents", "AccessDeniedException", logGroupName="g")
    logs("DisassociateKmsKey", logGroupName="g")
    put(logs, "plain again", at=NOW + 3)
    put(logs, "plain later", at=NOW + 400_000)
    assert filtered(logs, startTime=NOW + 300_000) == ["plain later"]
    kms("EnableKey", KeyId=arn)
    assert len(filtered(logs)) == 5
    kms("DisableKey", KeyId=arn)
    refused(logs, "GetLogEvents", "AccessDeniedException", logGroupName="g", logStreamName="s", limit=5)


def test_services_need_a_resource_policy(cloud: TestCloud, logs: Client) -> None:
    events = cloud.client("logs", caller=service("events.amazonaws.com", "000000000000"))
    with pytest.raises(AwsError, match="AccessDenied"):
        put(events, "one")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": ["logs:PutLogEvents", "logs:CreateLogStream"],
        "Resource": "arn:aws:logs:us-east-1:000000000000:log-group:g:*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    logs("PutResourcePolicy", policyName="p", policyDocument=document)
    put(events, "one")
    with pytest.raises(AwsError, match="AccessDenied"):
        put(cloud.client("logs", caller=service("es.amazonaws.com", "000000000000")), "two")
    [policy] = logs("DescribeResourcePolicies")["resourcePolicies"]
    assert (policy["policyName"], policy["policyDocument"]) == ("p", document)
    refused(logs, "PutResourcePolicy", "InvalidParameterException", policyName="q", policyDocument="{}")
    for number in range(9):
        logs("PutResourcePolicy", policyName=f"p{number}", policyDocument=document)
    refused(logs, "PutResourcePolicy", "LimitExceededException", policyName="q", policyDocument=document)
    logs("DeleteResourcePolicy", policyName="p")
    refused(logs, "DeleteResourcePolicy", "ResourceNotFoundException", policyName="p")


def test_users_are_held_to_their_policies(cloud: TestCloud, logs: Client) -> None:
    iam = cloud.client("iam")
    user_id = iam("CreateUser", UserName="u")["User"]["UserId"]
    statement = {"Effect": "Allow", "Action": "logs:PutLogEvents"}
    arn = "arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:s"
    document = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": arn}]})
    iam("PutUserPolicy", UserName="u", PolicyName="p", PolicyDocument=document)
    principal = Principal("arn:aws:iam::000000000000:user/u", "000000000000", "user", user_id=user_id)
    user = cloud.client("logs", caller=Caller(principal=principal, enforced=True))
    put(user, "one")
    with pytest.raises(AwsError) as caught:
        user("FilterLogEvents", logGroupName="g")
    assert "logs:FilterLogEvents on resource: arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:" in str(
        caught.value
    )


def test_tags_in_the_new_way_and_the_old(logs: Client) -> None:
    arn = "arn:aws:logs:us-east-1:000000000000:log-group:g"
    logs("TagResource", resourceArn=arn, tags={"a": "1", "b": "2"})
    logs("TagLogGroup", logGroupName="g", tags={"c": "3"})
    logs("UntagResource", resourceArn=arn, tagKeys=["a"])
    assert logs("ListTagsForResource", resourceArn=arn)["tags"] == {"b": "2", "c": "3"}
    logs("UntagLogGroup", logGroupName="g", tags=["b"])
    assert logs("ListTagsLogGroup", logGroupName="g")["tags"] == {"c": "3"}
    refused(logs, "TagResource", "ResourceNotFoundException", resourceArn=arn + "x", tags={"a": "1"})
    refused(
        logs, "TagResource", "TooManyTagsException", resourceArn=arn, tags={f"k{number}": "" for number in range(50)}
    )


# Exports


def test_exports_write_objects_that_the_bucket_lets_in(cloud: TestCloud, logs: Client) -> None:
    s3 = cloud.client("s3")
    s3("CreateBucket", Bucket="kept-logs")
    for number in range(3):
        put(logs, f"line {number}", at=NOW + number)
    want = {"logGroupName": "g", "from": NOW, "to": NOW + 1, "destination": "kept-logs", "destinationPrefix": "p"}
    said = refused(logs, "CreateExportTask", "InvalidParameterException", **want)
    assert said.startswith("GetBucketAcl call on the given bucket failed.")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
        "Action": ["s3:GetBucketAcl", "s3:PutObject"],
        "Resource": ["arn:aws:s3:::kept-logs", "arn:aws:s3:::kept-logs/*"],
        "Condition": {
            "StringEquals": {"aws:SourceAccount": "000000000000"},
            "ArnLike": {"aws:SourceArn": "arn:aws:logs:us-east-1:000000000000:log-group:*"},
        },
    }
    s3("PutBucketPolicy", Bucket="kept-logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    task = logs("CreateExportTask", **want)["taskId"]
    assert logs("DescribeExportTasks", taskId=task)["exportTasks"][0]["status"]["code"] in ("PENDING", "RUNNING")
    cloud.advance(0)
    [found] = logs("DescribeExportTasks", statusCode="COMPLETED")["exportTasks"]
    assert found["taskId"] == task and found["executionInfo"]["completionTime"] == NOW
    listed = s3("ListObjectsV2", Bucket="kept-logs")["Contents"]
    assert [one["Key"] for one in listed] == [f"p/{task}/s/000000.gz", "p/aws-logs-write-test"]

    async def content() -> bytes:
        body = (await cloud.cloud.call("s3", "GetObject", {"Bucket": "kept-logs", "Key": listed[0]["Key"]}))["Body"]
        return body if isinstance(body, bytes) else b"".join([part async for part in body])

    lines = gzip.decompress(cloud.run(content())).decode().splitlines()
    assert lines == ["2025-06-15T15:06:40.000Z line 0", "2025-06-15T15:06:40.001Z line 1"]
    refused(logs, "CancelExportTask", "InvalidOperationException", taskId=task)
    refused(logs, "CancelExportTask", "ResourceNotFoundException", taskId="x")


# Live tail


def test_a_live_tail_tells_what_comes_in(cloud: TestCloud, logs: Client) -> None:
    arn = "arn:aws:logs:us-east-1:000000000000:log-group:g"
    answer = logs("StartLiveTail", logGroupIdentifiers=[arn], logEventFilterPattern="ERROR")
    stream = answer["responseStream"]

    async def session() -> list[dict[str, Any]]:
        found = [await anext(stream)]
        for text in ("fine", "ERROR one"):
            event = {"timestamp": NOW, "message": text}
            await cloud.cloud.call(
                "logs", "PutLogEvents", {"logGroupName": "g", "logStreamName": "s", "logEvents": [event]}
            )
        found.append(await anext(stream))
        waits = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        await cloud.cloud.advance(3 * 3600)
        with pytest.raises(AwsError, match="SessionTimeoutException"):
            await waits
        return found

    start, update = cloud.run(session())
    assert start["sessionStart"]["logGroupIdentifiers"] == [arn]
    [event] = update["sessionUpdate"]["sessionResults"]
    assert (event["message"], event["logStreamName"], event["timestamp"]) == ("ERROR one", "s", NOW)
    refused(logs, "StartLiveTail", "InvalidParameterException", logGroupIdentifiers=[arn + ":*"])
    refused(logs, "StartLiveTail", "ResourceNotFoundException", logGroupIdentifiers=[arn + "x"])


def test_a_live_tail_over_the_wire(served: Served, boto: MakeClient, account: str) -> None:
    logs = boto("logs")
    logs.create_log_group(logGroupName="live")
    logs.create_log_stream(logGroupName="live", logStreamName="s")
    # The prefix `stream-` of the host needs a name, and 127.0.0.1 is none.
    config = Config(inject_host_prefix=False, retries={"total_max_attempts": 1})
    keys = {"aws_access_key_id": account, "aws_secret_access_key": "x"}
    tailing = boto3.client("logs", region_name="us-east-1", endpoint_url=served.url, config=config, **keys)
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:live"
    stream = tailing.start_live_tail(logGroupIdentifiers=[arn])["responseStream"]
    events = iter(stream)
    assert next(events)["sessionStart"]["logGroupIdentifiers"] == [arn]
    event = {"timestamp": int(time.time() * 1000), "message": "seen"}
    logs.put_log_events(logGroupName="live", logStreamName="s", logEvents=[event])
    [seen] = next(events)["sessionUpdate"]["sessionResults"]
    assert (seen["message"], seen["logGroupIdentifier"]) == ("seen", f"{account}:live")
    stream.close()


def test_over_the_wire(boto: MakeClient) -> None:
    logs = boto("logs")
    logs.create_log_group(logGroupName="w")
    logs.create_log_stream(logGroupName="w", logStreamName="s")
    at = int(time.time() * 1000)
    events = [{"timestamp": at + number, "message": f"line {number}"} for number in range(30)]
    logs.put_log_events(logGroupName="w", logStreamName="s", logEvents=events)
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName="w", PaginationConfig={"PageSize": 7})
    assert [event["message"] for page in pages for event in page["events"]] == [one["message"] for one in events]
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.get_log_events(logGroupName="w", logStreamName="x")
    with pytest.raises(logs.exceptions.MalformedQueryException) as caught:
        logs.start_query(logGroupName="w", startTime=0, endTime=at // 1000, queryString="fields @message | nope")
    assert caught.value.response["queryCompileError"]["location"] == {"startCharOffset": 18, "endCharOffset": 22}
