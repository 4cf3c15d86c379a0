"""Subscription filters through the in-process cloud; expected values from the User Guide, "Subscriptions"."""

from __future__ import annotations

import base64
import gzip
import json
import random
import string
from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control.fault import parsed
from fogbank.planes.sandbox.sandbox import Function, Invocation, Outcome
from fogbank.services.lambda_.test_lambda import ACCOUNT, AT, World
from fogbank.testing import START, TestCloud

AT_MS = int(START * 1000)
FROM = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:app:*"
UNREACHED = (
    "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your "
    "function."
)


class Reading(World):
    """A cloud with a log group, and a function that CloudWatch Logs may call for it."""

    def __init__(self, cloud: TestCloud) -> None:
        super().__init__(cloud)
        self.logs = cloud.client("logs")
        self.make("reads")
        self.may_call("reads")
        self.logs("CreateLogGroup", logGroupName="app")
        for stream in ("one", "two"):
            self.logs("CreateLogStream", logGroupName="app", logStreamName=stream)

    def may_call(self, name: str, principal: str = "logs.amazonaws.com", source: str = FROM) -> None:
        given = {"Action": "lambda:InvokeFunction", "Principal": principal, "SourceArn": source}
        self.call("AddPermission", FunctionName=name, StatementId="logs", SourceAccount=ACCOUNT, **given)

    def subscribe(self, name: str = "f", function: str = "reads", **more: Any) -> None:
        want = {"filterName": name, "filterPattern": "", "destinationArn": f"{AT}:{function}", "logGroupName": "app"}
        self.logs("PutSubscriptionFilter", **{**want, **more})

    def put(self, *messages: str, stream: str = "one", group: str = "app") -> None:
        events = [{"timestamp": AT_MS + at, "message": message} for at, message in enumerate(messages)]
        self.logs("PutLogEvents", logGroupName=group, logStreamName=stream, logEvents=events)

    def settle(self) -> None:
        self.cloud.run(self.cloud.cloud.settled())

    def heard(self) -> list[dict[str, Any]]:
        """What the function was handed since it was last asked, without the envelope."""
        self.settle()
        asked = [json.loads(invocation.payload) for invocation in self.sandboxes.asked]
        self.sandboxes.asked.clear()
        assert all(set(one) == {"awslogs"} and set(one["awslogs"]) == {"data"} for one in asked)
        return [json.loads(gzip.decompress(base64.b64decode(one["awslogs"]["data"]))) for one in asked]

    def messages(self) -> list[list[str]]:
        return [[event["message"] for event in told["logEvents"]] for told in self.heard()]

    def unsubscribed(self, code: str, **more: Any) -> str:
        with pytest.raises(AwsError) as caught:
            self.subscribe(**more)
        assert caught.value.code == code, str(caught.value)
        return caught.value.message

    def measured(self, metric: str, name: str = "f") -> float:
        self.cloud.advance(60)
        named = {"LogGroupName": "app", "DestinationType": "Lambda", "FilterName": name}
        answer = self.cloud.call(
            "cloudwatch",
            "GetMetricStatistics",
            {
                "Namespace": "AWS/Logs",
                "MetricName": metric,
                "Dimensions": [{"Name": key, "Value": value} for key, value in named.items()],
                "StartTime": START - 3600,
                "EndTime": START + 30 * 86_400,
                "Period": 86_400 * 30,
                "Statistics": ["Sum"],
            },
        )
        return sum(float(point["Sum"]) for point in answer["Datapoints"])


@pytest.fixture
def world(cloud: TestCloud) -> Iterator[Reading]:
    yield Reading(cloud)


def test_a_new_filter_tells_its_function_that_it_is_there(world: Reading) -> None:
    world.subscribe()
    (told,) = world.heard()
    (event,) = told.pop("logEvents")
    assert told == {
        "messageType": "CONTROL_MESSAGE",
        "owner": "CloudwatchLogs",
        "logGroup": "",
        "logStream": "",
        "subscriptionFilters": [],
    }
    assert event["message"].startswith("CWL CONTROL MESSAGE")


def test_events_come_as_aws_hands_them_over(world: Reading) -> None:
    world.put("before")
    world.subscribe()
    world.heard()
    world.put("a", "b")
    world.put("c", stream="two")
    first, second = world.heard()
    found = world.logs("FilterLogEvents", logGroupName="app", logStreamNames=["one"])["events"]
    ids = {event["message"]: event["eventId"] for event in found}
    assert first == {
        "messageType": "DATA_MESSAGE",
        "owner": ACCOUNT,
        "logGroup": "app",
        "logStream": "one",
        "subscriptionFilters": ["f"],
        "logEvents": [
            {"id": ids["a"], "timestamp": AT_MS, "message": "a"},
            {"id": ids["b"], "timestamp": AT_MS + 1, "message": "b"},
        ],
    }
    assert (second["logStream"], [event["message"] for event in second["logEvents"]]) == ("two", ["c"])
    assert len(set(ids.values())) == 3
    assert world.measured("ForwardedLogEvents") == 3 and world.measured("ForwardedBytes") > 0


def test_only_what_matches_is_told_to_each_of_two(world: Reading) -> None:
    world.make("more")
    world.may_call("more", "logs.us-east-1.amazonaws.com")
    world.subscribe("errors", filterPattern='{ $.level = "ERROR" }')
    world.subscribe("all", "more")
    world.heard()
    world.put('{"level": "ERROR", "n": 1}', '{"level": "INFO"}', "text")
    told = {one["subscriptionFilters"][0]: len(one["logEvents"]) for one in world.heard()}
    assert told == {"errors": 1, "all": 3}
    world.put("text")
    assert world.messages() == [["text"]]
    assert world.unsubscribed("LimitExceededException", name="third") == "Resource limit exceeded."
    world.subscribe("all", "more", filterPattern="ERROR")


def test_columns_are_told_with_their_names(world: Reading) -> None:
    world.subscribe(filterPattern="[ip, code = 5*]")
    world.heard()
    world.put("10.0.0.1 503", "10.0.0.2 200")
    ((event,),) = [told["logEvents"] for told in world.heard()]
    assert event["extractedFields"] == {"ip": "10.0.0.1", "code": "503"}


def test_filters_are_described_and_deleted(world: Reading) -> None:
    for name in ("fa", "g"):
        world.subscribe(name, distribution="Random")
    found = world.logs("DescribeSubscriptionFilters", logGroupName="app", limit=1)
    assert found["subscriptionFilters"] == [
        {
            "filterName": "fa",
            "logGroupName": "app",
            "filterPattern": "",
            "destinationArn": f"{AT}:reads",
            "distribution": "Random",
            "applyOnTransformedLogs": False,
            "creationTime": AT_MS,
        }
    ]
    rest = world.logs("DescribeSubscriptionFilters", logGroupName="app", nextToken=found["nextToken"])
    assert [one["filterName"] for one in rest["subscriptionFilters"]] == ["g"]
    prefixed = world.logs("DescribeSubscriptionFilters", logGroupName="app", filterNamePrefix="f")
    assert [one["filterName"] for one in prefixed["subscriptionFilters"]] == ["fa"]
    world.logs("DeleteSubscriptionFilter", logGroupName="app", filterName="fa")
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        world.logs("DeleteSubscriptionFilter", logGroupName="app", filterName="fa")
    world.logs("DeleteSubscriptionFilter", logGroupName="app", filterName="g")
    world.heard()
    world.put("a")
    assert world.heard() == []
    world.subscribe("h")
    world.logs("DeleteLogGroup", logGroupName="app")
    world.logs("CreateLogGroup", logGroupName="app")
    assert world.logs("DescribeSubscriptionFilters", logGroupName="app")["subscriptionFilters"] == []


def test_a_destination_that_cannot_be_called_is_refused(world: Reading) -> None:
    world.make("closed")
    world.make("other")
    world.may_call("other", source=f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:app")
    for name in ("closed", "other", "nowhere"):
        assert world.unsubscribed("InvalidParameterException", function=name) == UNREACHED
    said = world.unsubscribed("InvalidParameterException", roleArn=f"arn:aws:iam::{ACCOUNT}:role/runs")
    assert said == "destinationArn for vendor lambda cannot be used with roleArn"
    world.unsubscribed("NotImplemented", emitSystemFields=["@aws.account"])
    world.logs("CreateLogGroup", logGroupName="rare", logGroupClass="INFREQUENT_ACCESS")
    world.unsubscribed("InvalidParameterException", logGroupName="rare")
    assert world.logs("DescribeSubscriptionFilters", logGroupName="app")["subscriptionFilters"] == []
    assert world.heard() == []


def test_a_filter_rests_for_ten_minutes_after_a_refusal(world: Reading) -> None:
    world.subscribe()
    world.call("RemovePermission", FunctionName="reads", StatementId="logs")
    world.put("refused", "too")
    world.may_call("reads")
    world.put("skipped")
    assert world.messages() == [["CWL CONTROL MESSAGE: Checking health of destination Lambda."]]
    world.cloud.advance(600)
    world.put("told")
    assert world.messages() == [["told"]]
    assert (world.measured("DeliveryErrors"), world.measured("ForwardedLogEvents")) == (2, 1)


def test_what_fails_for_a_moment_is_tried_again(world: Reading) -> None:
    world.subscribe()
    world.heard()
    broken = {"service": "lambda", "operation": "InvokeAsync", "error": "ServiceUnavailable", "seconds": 20}
    world.cloud.cloud.dispatch.faults.add(parsed(broken, "f", world.cloud.clock.now()))
    world.put("late")
    world.cloud.advance(10)
    assert world.messages() == []
    world.cloud.advance(30)
    assert world.messages() == [["late"]]
    assert world.measured("DeliveryErrors") == 0 and world.measured("ForwardedLogEvents") == 1
    assert world.measured("DeliveryThrottling") > 1


def test_large_batches_are_divided(world: Reading) -> None:
    world.subscribe()
    world.heard()
    dice = random.Random(1)
    texts = ["".join(dice.choices(string.ascii_letters + string.punctuation, k=100_000)) for _ in range(10)]
    world.put(*texts)
    told = world.messages()
    assert len(told) > 1 and [text for one in told for text in one] == texts


def test_a_function_that_reads_its_own_log_does_not_do_so_for_ever(world: Reading) -> None:
    group = "/aws/lambda/reads"
    world.invoke("reads")
    world.settle()
    world.call("RemovePermission", FunctionName="reads", StatementId="logs")
    world.may_call("reads", source=f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}:*")
    world.sandboxes.asked.clear()
    world.subscribe(logGroupName=group)
    first = len(world.heard())
    assert 10 < first < 20, "it goes round, and stops"
    world.cloud.advance(1)
    assert world.heard() == []
    world.cloud.advance(60)
    world.invoke("reads")
    world.settle()
    assert 10 < len(world.sandboxes.asked) < 20, "and is at work again when a minute is over"


def test_two_functions_that_read_each_other_stop_as_well(world: Reading) -> None:
    world.make("more")
    for reader, writer in (("reads", "more"), ("more", "reads")):
        world.invoke(writer)
        world.settle()
        if reader == "reads":
            world.call("RemovePermission", FunctionName="reads", StatementId="logs")
        world.may_call(reader, source=f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/lambda/{writer}:*")
        world.subscribe(function=reader, logGroupName=f"/aws/lambda/{writer}")
    world.settle()
    assert len(world.sandboxes.asked) < 50


def test_a_function_that_prints_does_not_hold_up_who_logs(world: Reading) -> None:
    def fails(function: Function, invocation: Invocation) -> Outcome:
        return Outcome(b'{"errorMessage": "no"}', "Unhandled")

    world.subscribe()
    world.heard()
    world.sandboxes.answers = fails
    world.put("a")
    assert world.messages() == [["a"]]
    world.cloud.advance(180)
    assert world.messages() == [["a"], ["a"]], "tried three times in all, by Lambda"
