"""Alarms: when they look, what they find, and what they set going."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.services.cloudwatch.test_cloudwatch import DAY, NOW, Client, alarm, put, refused, stat
from fogbank.testing import TestCloud


@pytest.fixture
def cw(cloud: TestCloud) -> Client:
    return cloud.client("cloudwatch")


def state(cw: Client, name: str = "a") -> str:
    found = cw("DescribeAlarms", AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    [one] = found["MetricAlarms"] + found["CompositeAlarms"]
    return str(one["StateValue"])


def history(cw: Client, kind: str, **more: Any) -> list[str]:
    found = cw("DescribeAlarmHistory", HistoryItemType=kind, ScanBy="TimestampAscending", **more)
    return [one["HistorySummary"] for one in found["AlarmHistoryItems"]]


def test_an_alarm_looks_by_itself(cloud: TestCloud, cw: Client) -> None:
    alarm(cw, AlarmDescription="too much")
    [first] = cw("DescribeAlarms")["MetricAlarms"]
    assert (first["StateValue"], first["StateReason"]) == ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")
    put(cw, 5)
    cloud.advance(120)
    [found] = cw("DescribeAlarms")["MetricAlarms"]
    assert found["StateValue"] == "ALARM" and found["AlarmArn"].endswith(":000000000000:alarm:a")
    assert found["StateReason"].startswith(
        "Threshold Crossed: 1 out of the last 1 datapoints [5.0 (15/06/25 15:06:00)]"
    )
    reasons = json.loads(found["StateReasonData"])
    assert reasons["recentDatapoints"] == [5.0] and reasons["statistic"] == "Average"
    put(cw, 1, at=NOW + 120)
    cloud.advance(120)
    assert state(cw) == "OK"
    cloud.advance(600)
    assert state(cw) == "INSUFFICIENT_DATA"
    assert history(cw, "StateUpdate") == [
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        "Alarm updated from ALARM to OK",
        "Alarm updated from OK to INSUFFICIENT_DATA",
    ]
    assert history(cw, "ConfigurationUpdate") == ['Alarm "a" created']
    told = [one for one in cloud.events() if one["detail-type"] == "CloudWatch Alarm State Change"]
    assert [(one["detail"]["previousState"]["value"], one["detail"]["state"]["value"]) for one in told] == [
        ("INSUFFICIENT_DATA", "ALARM"),
        ("ALARM", "OK"),
        ("OK", "INSUFFICIENT_DATA"),
    ]
    assert told[0]["source"] == "aws.cloudwatch" and told[0]["resources"] == [found["AlarmArn"]]
    metric = told[0]["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]
    assert metric == {"namespace": "App", "name": "m", "dimensions": {}}


def test_a_day_with_an_alarm_every_minute(cloud: TestCloud, cw: Client) -> None:
    alarm(cw, TreatMissingData="notBreaching")
    start = NOW - NOW % 60 + 60
    for hour in range(24):
        put_at = start + hour * 3_600
        cloud.advance(max(0.0, put_at - cloud.clock.now()))
        put(cw, 9, at=put_at)
    cloud.advance(3_600)
    changes = history(cw, "StateUpdate")
    assert (
        changes.count("Alarm updated from OK to ALARM") + changes.count("Alarm updated from INSUFFICIENT_DATA to ALARM")
        == 24
    )
    assert changes.count("Alarm updated from ALARM to OK") == 24
    cloud.advance(31 * DAY)
    assert history(cw, "StateUpdate") == []


def test_m_out_of_n(cloud: TestCloud, cw: Client) -> None:
    alarm(cw, EvaluationPeriods=3, DatapointsToAlarm=2)
    start = NOW - NOW % 60
    for minute, value in enumerate((5, 1, 1, 5, 1, 5)):
        put(cw, value, at=start + minute * 60)
        cloud.advance(start + minute * 60 + 62 - cloud.clock.now())
        if minute == 4:
            assert state(cw) == "OK"
    assert state(cw) == "ALARM"
    reason = cw("DescribeAlarms")["MetricAlarms"][0]["StateReason"]
    assert "2 out of the last 3 datapoints [5.0 (" in reason and "were greater than the threshold (3.0)" in reason
    assert reason.endswith("(minimum 2 datapoints for OK -> ALARM transition).")


def test_alarms_of_expressions_and_percentiles(cloud: TestCloud, cw: Client) -> None:
    cw(
        "PutMetricAlarm",
        AlarmName="p",
        MetricName="m",
        Namespace="App",
        ExtendedStatistic="p90",
        Period=60,
        EvaluationPeriods=1,
        Threshold=3.0,
        ComparisonOperator="GreaterThanThreshold",
        EvaluateLowSampleCountPercentile="ignore",
    )
    cw(
        "PutMetricAlarm",
        AlarmName="e",
        Metrics=[stat("m1", ReturnData=False), {"Id": "e1", "Expression": "m1 / 2"}],
        EvaluationPeriods=1,
        Threshold=20.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    put(cw, *[5] * 8)
    cloud.advance(62)
    assert (state(cw, "p"), state(cw, "e")) == ("INSUFFICIENT_DATA", "ALARM")
    cw(
        "PutMetricData",
        Namespace="App",
        MetricData=[{"MetricName": "m", "Values": [5.0], "Counts": [200.0], "Timestamp": NOW + 62}],
    )
    cloud.advance(62)
    assert state(cw, "p") == "ALARM"
    listed = cw("DescribeAlarmsForMetric", Namespace="App", MetricName="m")["MetricAlarms"]
    assert [one["AlarmName"] for one in listed] == ["p"] and listed[0]["ExtendedStatistic"] == "p90"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"DatapointsToAlarm": 2}, "DatapointsToAlarm"),
        ({"TreatMissingData": "x"}, "TreatMissingData"),
        ({"AlarmActions": ["nope"]}, "Invalid arn syntax: nope"),
        ({"EvaluationPeriods": 1_441}, "more than a day"),
        ({"Metrics": []}, "mutually exclusive"),
        ({"ExtendedStatistic": "p90"}, "Exactly one"),
    ],
)
def test_alarms_that_are_refused(cw: Client, more: dict[str, Any], said: str) -> None:
    with pytest.raises(AwsError) as caught:
        alarm(cw, **more)
    assert caught.value.code == "ValidationException" and said in caught.value.message


def test_states_can_be_set_and_alarms_deleted(cloud: TestCloud, cw: Client) -> None:
    alarm(cw)
    cw("SetAlarmState", AlarmName="a", StateValue="ALARM", StateReason="drill", StateReasonData='{"x": 1}')
    assert state(cw) == "ALARM"
    refused(
        cw, "SetAlarmState", "InvalidFormatFault", AlarmName="a", StateValue="OK", StateReason="", StateReasonData="{"
    )
    refused(cw, "SetAlarmState", "ResourceNotFound", AlarmName="b", StateValue="OK", StateReason="")
    refused(cw, "DeleteAlarms", "ResourceNotFound", AlarmNames=["a", "b"])
    cw("DisableAlarmActions", AlarmNames=["a", "nope"])
    assert cw("DescribeAlarms")["MetricAlarms"][0]["ActionsEnabled"] is False
    cw("DeleteAlarms", AlarmNames=["a"])
    assert cw("DescribeAlarms")["MetricAlarms"] == []
    cloud.advance(600)


def test_alarms_come_in_pages_and_by_state(cw: Client) -> None:
    for number in range(3):
        alarm(cw, f"x{number}")
    alarm(cw, "y")
    cw("SetAlarmState", AlarmName="x1", StateValue="OK", StateReason="r")
    page = cw("DescribeAlarms", AlarmNamePrefix="x", MaxRecords=2)
    rest = cw("DescribeAlarms", AlarmNamePrefix="x", MaxRecords=2, NextToken=page["NextToken"])
    names = [one["AlarmName"] for one in page["MetricAlarms"] + rest["MetricAlarms"]]
    assert names == ["x0", "x1", "x2"] and "NextToken" not in rest
    assert [one["AlarmName"] for one in cw("DescribeAlarms", StateValue="OK")["MetricAlarms"]] == ["x1"]
    first = cw("DescribeAlarmHistory", MaxRecords=2)
    second = cw("DescribeAlarmHistory", MaxRecords=100, NextToken=first["NextToken"])
    assert len(first["AlarmHistoryItems"]) == 2 and len(second["AlarmHistoryItems"]) == 3
    assert len(cw("DescribeAlarmHistory", AlarmName="x1")["AlarmHistoryItems"]) == 2


def test_composite_alarms_follow(cloud: TestCloud, cw: Client) -> None:
    alarm(cw, "a")
    alarm(cw, "b")
    cw("PutCompositeAlarm", AlarmName="both", AlarmRule='ALARM("a") AND ALARM(b)')
    cw("PutCompositeAlarm", AlarmName="top", AlarmRule="ALARM(both) OR INSUFFICIENT_DATA(both)")
    assert (state(cw, "both"), state(cw, "top")) == ("OK", "OK")
    for name in "ab":
        cw("SetAlarmState", AlarmName=name, StateValue="ALARM", StateReason="r")
    assert (state(cw, "both"), state(cw, "top")) == ("ALARM", "ALARM")
    found = cw("DescribeAlarms", AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert "alarm:b transitioned to ALARM at Sunday 15 June, 2025 15:06:40 UTC" in found[0]["StateReason"]
    cw("SetAlarmState", AlarmName="a", StateValue="OK", StateReason="r")
    assert (state(cw, "both"), state(cw, "top")) == ("OK", "OK")
    for rule, said in (("ALARM(top)", "cycle"), ("ALARM(none)", "does not exist"), ("ALARM(", "errors")):
        with pytest.raises(AwsError, match=said):
            cw("PutCompositeAlarm", AlarmName="both", AlarmRule=rule)
    with pytest.raises(AwsError, match="it is used by top"):
        cw("DeleteAlarms", AlarmNames=["both"])
    children = cw("DescribeAlarms", ChildrenOfAlarmName="both")["MetricAlarms"]
    parents = cw("DescribeAlarms", ParentsOfAlarmName="both")["CompositeAlarms"]
    assert ([one["AlarmName"] for one in children], [one["AlarmName"] for one in parents]) == (["a", "b"], ["top"])


AUTOSCALING = "arn:aws:autoscaling:us-east-1:000000000000:scalingPolicy:x"


def test_a_suppressor_holds_actions_back(cloud: TestCloud, cw: Client) -> None:
    alarm(cw, "a", TreatMissingData="ignore")
    alarm(cw, "quiet", TreatMissingData="ignore")
    cw(
        "PutCompositeAlarm",
        AlarmName="c",
        AlarmRule="ALARM(a)",
        AlarmActions=[AUTOSCALING],
        ActionsSuppressor="quiet",
        ActionsSuppressorWaitPeriod=100,
        ActionsSuppressorExtensionPeriod=300,
    )

    def told() -> tuple[int, str]:
        [found] = cw("DescribeAlarms", AlarmNames=["c"], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        return len(history(cw, "Action")), found.get("ActionsSuppressedBy", "")

    def set_state(name: str, value: str) -> None:
        cw("SetAlarmState", AlarmName=name, StateValue=value, StateReason="r")

    set_state("a", "ALARM")
    assert told() == (0, "WaitPeriod")
    cloud.advance(101)
    assert told() == (1, "")
    set_state("a", "OK")
    set_state("quiet", "ALARM")
    set_state("a", "ALARM")
    assert told() == (1, "Alarm")
    cloud.advance(1_000)
    set_state("quiet", "OK")
    assert told() == (1, "ExtensionPeriod")
    cloud.advance(299)
    assert told() == (1, "ExtensionPeriod")
    cloud.advance(1)
    assert told() == (2, "")


def test_actions_that_are_not_carried_out_are_told(cw: Client) -> None:
    alarm(cw, AlarmActions=[AUTOSCALING])
    cw("SetAlarmState", AlarmName="a", StateValue="ALARM", StateReason="r")
    assert history(cw, "Action") == [
        f"Failed to execute action {AUTOSCALING}. autoscaling actions are not carried out here"
    ]
    alarm(cw, AlarmActions=[AUTOSCALING], ActionsEnabled=False)
    cw("SetAlarmState", AlarmName="a", StateValue="OK", StateReason="r")
    cw("SetAlarmState", AlarmName="a", StateValue="ALARM", StateReason="r")
    assert len(history(cw, "Action")) == 1


def test_a_notification_arrives_or_its_failure_is_told(cloud: TestCloud, cw: Client) -> None:
    arn = "arn:aws:sns:us-east-1:000000000000:none"
    alarm(cw, AlarmActions=[arn])
    cw("SetAlarmState", AlarmName="a", StateValue="ALARM", StateReason="r")
    [said] = history(cw, "Action")
    assert said.startswith(f"Failed to execute action {arn}. Received error:")
    assert state(cw) == "ALARM"


def test_a_notification_is_published_with_the_change(cloud: TestCloud, cw: Client) -> None:
    sns, sqs = cloud.client("sns"), cloud.client("sqs")
    topic = sns("CreateTopic", Name="t")["TopicArn"]
    url = sqs("CreateQueue", QueueName="q")["QueueUrl"]
    queue = "arn:aws:sqs:us-east-1:000000000000:q"
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*", "Resource": queue}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": policy})
    sns("Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=queue)
    alarm(cw, AlarmActions=[topic], OKActions=[topic])
    put(cw, 5)
    cloud.advance(62)
    assert history(cw, "Action") == [f"Successfully executed action {topic}"]
    [received] = sqs("ReceiveMessage", QueueUrl=url)["Messages"]
    envelope = json.loads(received["Body"])
    assert envelope["Subject"] == 'ALARM: "a" in US East (N. Virginia)'
    told = json.loads(envelope["Message"])
    assert (told["AlarmName"], told["NewStateValue"], told["OldStateValue"]) == ("a", "ALARM", "INSUFFICIENT_DATA")
    assert told["Trigger"]["MetricName"] == "m" and told["Trigger"]["Statistic"] == "AVERAGE"
    assert told["Region"] == "US East (N. Virginia)" and told["AlarmActions"] == [topic]


def test_mute_rules_hold_actions_back_until_they_end(cloud: TestCloud, cw: Client) -> None:
    alarm(cw, AlarmActions=[AUTOSCALING])
    schedule = {"Expression": "cron(10 15 * * *)", "Duration": "PT30M"}  # 3 minutes from now
    cw("PutAlarmMuteRule", Name="r", Rule={"Schedule": schedule}, MuteTargets={"AlarmNames": ["a"]})
    assert cw("GetAlarmMuteRule", AlarmMuteRuleName="r")["Status"] == "SCHEDULED"
    cloud.advance(300)
    assert cw("GetAlarmMuteRule", AlarmMuteRuleName="r")["Status"] == "ACTIVE"
    cw("SetAlarmState", AlarmName="a", StateValue="ALARM", StateReason="r")
    assert history(cw, "Action") == [f"Action {AUTOSCALING} was muted by an alarm mute rule"]
    assert len(cw("ListAlarmMuteRules", AlarmName="a", Statuses=["ACTIVE"])["AlarmMuteRuleSummaries"]) == 1
    alarm(cw, AlarmActions=[AUTOSCALING], TreatMissingData="ignore")
    cw("SetAlarmState", AlarmName="a", StateValue="OK", StateReason="r")
    cw("SetAlarmState", AlarmName="a", StateValue="ALARM", StateReason="r")
    cloud.advance(1_800)
    assert history(cw, "Action")[-1].startswith(f"Failed to execute action {AUTOSCALING}.")
    bad = {"Expression": "rate(1 day)", "Duration": "PT30M"}
    refused(cw, "PutAlarmMuteRule", "ValidationException", Name="r", Rule={"Schedule": bad})
    cw("DeleteAlarmMuteRule", AlarmMuteRuleName="r")
    refused(cw, "GetAlarmMuteRule", "ResourceNotFoundException", AlarmMuteRuleName="r")
