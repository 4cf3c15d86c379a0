"""Functions as actions of alarms; payloads as in the User Guide, "Invoke a Lambda function from an alarm"."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.control.fault import parsed
from fogbank.services.cloudwatch.test_alarms import history
from fogbank.services.cloudwatch.test_cloudwatch import alarm, put
from fogbank.services.lambda_.test_lambda import ACCOUNT, AT, World
from fogbank.testing import TestCloud

ALARM = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm"
ACTS = f"{AT}:acts"
AS = "lambda.alarms.cloudwatch.amazonaws.com"
MOMENT = "2025-06-15T15:06:40.000+0000"


class Watching(World):
    """A cloud with a function that alarms may call."""

    def __init__(self, cloud: TestCloud) -> None:
        super().__init__(cloud)
        self.cw = cloud.client("cloudwatch")
        self.make("acts")

    def may_call(self, principal: str = AS, source: str = f"{ALARM}:*", name: str = "acts") -> None:
        given = {"Action": "lambda:InvokeFunction", "Principal": principal, "SourceArn": source}
        self.call("AddPermission", FunctionName=name, StatementId="alarms", SourceAccount=ACCOUNT, **given)

    def set(self, name: str, value: str) -> None:
        self.cw("SetAlarmState", AlarmName=name, StateValue=value, StateReason="drill")

    def called(self) -> list[dict[str, Any]]:
        self.cloud.run(self.cloud.cloud.settled())
        return [json.loads(invocation.payload) for invocation in self.sandboxes.asked]

    def said(self) -> list[str]:
        return history(self.cw, "Action")


@pytest.fixture
def world(cloud: TestCloud) -> Iterator[Watching]:
    yield Watching(cloud)


def test_a_metric_alarm_calls_a_function(world: Watching) -> None:
    world.may_call()
    dimensions = [{"Name": "Quay", "Value": "4"}]
    alarm(world.cw, AlarmActions=[ACTS], AlarmDescription="too high", Dimensions=dimensions, Unit="Percent")
    world.set("a", "ALARM")
    (told,) = world.called()
    data = told.pop("alarmData")
    assert told == {
        "source": "aws.cloudwatch",
        "alarmArn": f"{ALARM}:a",
        "accountId": ACCOUNT,
        "time": MOMENT,
        "region": "us-east-1",
    }
    metric = {"namespace": "App", "name": "m", "dimensions": {"Quay": "4"}}
    stat = {"metric": metric, "period": 60, "stat": "Average", "unit": "Percent"}
    assert data.pop("configuration") == {
        "description": "too high",
        "metrics": [{"id": "m1", "metricStat": stat, "returnData": True}],
    }
    assert data == {
        "alarmName": "a",
        "state": {"value": "ALARM", "reason": "drill", "timestamp": MOMENT},
        "previousState": {
            "value": "INSUFFICIENT_DATA",
            "reason": "Unchecked: Initial alarm creation",
            "timestamp": MOMENT,
        },
    }
    assert world.said() == [f"Successfully executed action {ACTS}"]


def test_what_an_alarm_has_seen_is_told_with_its_data(world: Watching) -> None:
    world.may_call()
    alarm(world.cw, AlarmActions=[ACTS], OKActions=[f"{ACTS}:$LATEST"])
    put(world.cw, 5)
    world.cloud.advance(62)
    (told,) = world.called()
    state = told["alarmData"]["state"]
    assert state["value"] == "ALARM" and state["reason"].startswith("Threshold Crossed: 1 out of the last 1")
    assert json.loads(state["reasonData"])["recentDatapoints"] == [5.0]


@pytest.mark.parametrize(
    ("principal", "source"),
    [("cloudwatch.amazonaws.com", f"{ALARM}:a"), (AS, f"{ALARM}:b"), ("", "")],
)
def test_a_function_whose_policy_does_not_allow_it_is_not_called(world: Watching, principal: str, source: str) -> None:
    if principal:
        world.may_call(principal, source)
    alarm(world.cw, AlarmActions=[ACTS])
    world.set("a", "ALARM")
    assert world.called() == []
    [said] = world.said()
    assert said.startswith(f"Failed to execute action {ACTS}. Received error: ") and "lambda:InvokeFunction" in said
    [found] = world.cw("DescribeAlarms")["MetricAlarms"]
    assert found["StateValue"] == "ALARM"


def test_a_function_that_is_not_there_is_told_of(world: Watching) -> None:
    alarm(world.cw, AlarmActions=[f"{AT}:none"])
    world.set("a", "ALARM")
    [said] = world.said()
    assert said.startswith(f"Failed to execute action {AT}:none. Received error: Function not found")


def test_a_composite_alarm_tells_its_rule_and_what_held_it_back(world: Watching) -> None:
    world.may_call()
    for name in ("a", "quiet"):
        alarm(world.cw, name, TreatMissingData="ignore")
    world.cw(
        "PutCompositeAlarm",
        AlarmName="c",
        AlarmRule="ALARM(a)",
        AlarmActions=[ACTS],
        ActionsSuppressor="quiet",
        ActionsSuppressorWaitPeriod=100,
        ActionsSuppressorExtensionPeriod=300,
    )
    world.set("a", "ALARM")
    assert world.called() == []
    world.cloud.advance(101)
    (told,) = world.called()
    data = told["alarmData"]
    assert told["alarmArn"] == f"{ALARM}:c"
    assert data["configuration"] == {
        "alarmRule": "ALARM(a)",
        "actionsSuppressor": "quiet",
        "actionsSuppressorWaitPeriod": 100,
        "actionsSuppressorExtensionPeriod": 300,
    }
    assert data["state"]["value"] == "ALARM" and "actionsSuppressedBy" not in data["state"]
    assert data["state"]["reason"] == f"{ALARM}:a transitioned to ALARM at Sunday 15 June, 2025 15:06:40 UTC"
    (child,) = json.loads(data["state"]["reasonData"])["triggeringAlarms"]
    assert child == {"arn": f"{ALARM}:a", "state": {"value": "ALARM", "timestamp": MOMENT}}
    assert data["previousState"]["actionsSuppressedBy"] == "WaitPeriod"
    assert data["previousState"]["actionsSuppressedReason"]


def test_a_call_is_tried_until_lambda_can_be_reached(world: Watching) -> None:
    world.may_call()
    alarm(world.cw, AlarmActions=[ACTS], TreatMissingData="ignore")
    broken = {"service": "lambda", "operation": "InvokeAsync", "error": "ServiceUnavailable", "seconds": 100}
    world.cloud.cloud.dispatch.faults.add(parsed(broken, "f", world.cloud.clock.now()))
    world.set("a", "ALARM")
    world.cloud.advance(90)
    assert world.called() == [] and world.said() == []
    world.cloud.advance(90)
    (told,) = world.called()
    assert told["time"] == MOMENT and world.said() == [f"Successfully executed action {ACTS}"]
