"""Scheduler: what is due is carried out as the role, at its time, once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.testing import START, TestCloud

ACCOUNT = "000000000000"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:inbox"
OFF = {"Mode": "OFF"}


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Desk:
    """A cloud with a queue and a role that may send to it."""

    def __init__(self, cloud: TestCloud) -> None:
        self.cloud = cloud
        self.scheduler = cloud.client("scheduler")
        self.sqs = cloud.client("sqs")
        self.url = self.sqs("CreateQueue", QueueName="inbox")["QueueUrl"]
        self.role = self.make_role("clock", "sqs:SendMessage")

    def make_role(self, name: str, *actions: str, service: str = "scheduler.amazonaws.com") -> str:
        iam = self.cloud.client("iam")
        arn = iam("CreateRole", RoleName=name, AssumeRolePolicyDocument=trust(service))["Role"]["Arn"]
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam("PutRolePolicy", RoleName=name, PolicyName="p", PolicyDocument=policy)
        return str(arn)

    def schedule(self, expression: str, name: str = "s", target: dict[str, Any] | None = None, **more: Any) -> str:
        target = {"Arn": QUEUE, "RoleArn": self.role, "Input": "tick", **(target or {})}
        given = {"FlexibleTimeWindow": OFF, **more}
        return str(
            self.scheduler("CreateSchedule", Name=name, ScheduleExpression=expression, Target=target, **given)[
                "ScheduleArn"
            ]
        )

    def bodies(self) -> list[str]:
        self.cloud.events()
        found: list[str] = []
        while page := self.sqs("ReceiveMessage", QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            for message in page:
                self.sqs("DeleteMessage", QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            found += [message["Body"] for message in page]
        return found


@pytest.fixture
def desk(cloud: TestCloud) -> Desk:
    return Desk(cloud)


def refused(code: str, match: str = "") -> Any:
    return pytest.raises(AwsError, match=f"{code}.*{match}")


def test_one_time_in_a_time_zone_happens_once_and_is_deleted_if_asked(desk: Desk, cloud: TestCloud) -> None:
    # 15:06:40 UTC is 17:06:40 in Berlin.
    desk.schedule("at(2025-06-15T17:10:00)", ScheduleExpressionTimezone="Europe/Berlin", ActionAfterCompletion="DELETE")
    cloud.advance(199)
    assert desk.bodies() == []
    cloud.advance(2)
    assert desk.bodies() == ["tick"]
    cloud.advance(10_000)
    assert desk.bodies() == []
    with refused("ResourceNotFoundException", "Schedule s does not exist"):
        desk.scheduler("GetSchedule", Name="s")


def test_a_rate_begins_at_once_and_ends_at_its_end(desk: Desk, cloud: TestCloud) -> None:
    desk.schedule("rate(5 minutes)", EndDate=START + 16 * 60)
    assert desk.bodies() == ["tick"]
    cloud.advance(86_400)
    assert desk.bodies() == ["tick"] * 3
    assert desk.scheduler("GetSchedule", Name="s")["State"] == "ENABLED"


def test_a_start_date_is_waited_for(desk: Desk, cloud: TestCloud) -> None:
    desk.schedule("rate(1 hour)", StartDate=START + 600)
    assert desk.bodies() == []
    cloud.advance(601)
    assert desk.bodies() == ["tick"]


def test_a_day_of_minutes_passes_in_a_moment(desk: Desk, cloud: TestCloud) -> None:
    desk.schedule("cron(* * * * ? *)", target={"Input": "<aws.scheduler.scheduled-time>"})
    cloud.advance(86_400)
    found = desk.bodies()
    assert len(found) == 1_440 and len(set(found)) == 1_440
    assert sorted(found)[0] == "2025-06-15T15:07:00Z"


def test_a_flexible_window_delays_by_no_more_than_it_says(desk: Desk, cloud: TestCloud) -> None:
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 30}
    for number in range(20):
        desk.schedule("at(2025-06-15T16:00:00)", f"s{number}", FlexibleTimeWindow=window)
    cloud.advance(3_200)
    assert desk.bodies() == []
    cloud.advance(900)
    early = len(desk.bodies())
    assert 0 < early < 20
    cloud.advance(1_200)
    assert early + len(desk.bodies()) == 20


def test_a_universal_target_calls_any_operation_as_the_role(desk: Desk, cloud: TestCloud) -> None:
    role = desk.make_role("writer", "ssm:PutParameter")
    given = {"Name": "/by/<aws.scheduler.attempt-number>", "Value": "v", "Type": "String"}
    arn = "arn:aws:scheduler:::aws-sdk:ssm:putParameter"
    desk.schedule("rate(1 day)", target={"Arn": arn, "RoleArn": role, "Input": json.dumps(given)})
    cloud.events()
    assert cloud.call("ssm", "GetParameter", {"Name": "/by/1"})["Parameter"]["Value"] == "v"


def test_what_the_role_may_not_do_goes_to_the_dead_letter_queue(desk: Desk, cloud: TestCloud) -> None:
    arn = "arn:aws:scheduler:::aws-sdk:ssm:putParameter"
    given = json.dumps({"Name": "/a", "Value": "v", "Type": "String"})
    desk.schedule("rate(1 day)", target={"Arn": arn, "Input": given, "DeadLetterConfig": {"Arn": QUEUE}})
    cloud.events()
    with refused("ParameterNotFound"):
        cloud.call("ssm", "GetParameter", {"Name": "/a"})
    (letter,) = desk.sqs("ReceiveMessage", QueueUrl=desk.url, MessageAttributeNames=["All"])["Messages"]
    assert letter["Body"] == given
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "AccessDeniedException"
    assert "ssm:PutParameter" in letter["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]


def test_a_fault_of_the_moment_is_retried(desk: Desk, cloud: TestCloud) -> None:
    from fogbank.control.fault import parsed

    fault = {"service": "sqs", "operation": "SendMessage", "error": "InternalFailure", "status": 500, "seconds": 10}
    cloud.cloud.dispatch.faults.add(parsed(fault, "f", cloud.clock.now()))
    desk.schedule("at(2025-06-15T15:07:00)", target={"Input": "<aws.scheduler.attempt-number>"})
    cloud.advance(120)
    assert desk.bodies() == ["1"], "the fault was over"
    cloud.cloud.dispatch.faults.add(parsed(fault, "f", cloud.clock.now()))
    desk.schedule("rate(1 day)", "t", target={"Input": "<aws.scheduler.attempt-number>"})
    cloud.advance(60)
    (attempt,) = desk.bodies()
    assert int(attempt) > 1


def test_a_bus_is_told(desk: Desk, cloud: TestCloud) -> None:
    bus = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    role = desk.make_role("teller", "events:PutEvents")
    cloud.call("sqs", "SetQueueAttributes", {"QueueUrl": desk.url, "Attributes": {"Policy": json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": QUEUE}],
    })}})  # fmt: skip
    cloud.call("events", "PutRule", {"Name": "r", "EventPattern": '{"source": ["clock"]}'})
    target = {"Id": "1", "Arn": QUEUE, "InputPath": "$.detail.n"}
    cloud.call("events", "PutTargets", {"Rule": "r", "Targets": [target]})
    parameters = {"Source": "clock", "DetailType": "Tick"}
    desk.schedule(
        "rate(1 day)",
        target={"Arn": bus, "RoleArn": role, "EventBridgeParameters": parameters, "Input": '{"n": 5}'},
    )
    assert desk.bodies() == ["5"]


def test_schedules_are_updated_disabled_listed_and_deleted(desk: Desk, cloud: TestCloud) -> None:
    desk.scheduler("CreateScheduleGroup", Name="g", Tags=[{"Key": "a", "Value": "b"}])
    for name in ("a", "b", "c"):
        desk.schedule("cron(0 12 * * ? *)", name, GroupName="g")
    page = desk.scheduler("ListSchedules", GroupName="g", MaxResults=2)
    assert [one["Name"] for one in page["Schedules"]] == ["a", "b"]
    rest = desk.scheduler("ListSchedules", GroupName="g", MaxResults=2, NextToken=page["NextToken"])
    assert [one["Name"] for one in rest["Schedules"]] == ["c"] and "NextToken" not in rest
    target = {"Arn": QUEUE, "RoleArn": desk.role}
    changed = {"ScheduleExpression": "rate(2 hours)", "Target": target, "FlexibleTimeWindow": OFF, "State": "DISABLED"}
    desk.scheduler("UpdateSchedule", Name="a", GroupName="g", **changed)
    shown = desk.scheduler("GetSchedule", Name="a", GroupName="g")
    assert (shown["ScheduleExpression"], shown["State"]) == ("rate(2 hours)", "DISABLED")
    assert [one["Name"] for one in desk.scheduler("ListSchedules", State="DISABLED")["Schedules"]] == ["a"]
    desk.scheduler("DeleteSchedule", Name="b", GroupName="g")
    cloud.advance(86_400)
    assert len(desk.bodies()) == 1
    arn = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule-group/g"
    assert desk.scheduler("ListTagsForResource", ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    desk.scheduler("DeleteScheduleGroup", Name="g")
    with refused("ResourceNotFoundException", "Schedule group g does not exist"):
        desk.scheduler("ListSchedules", GroupName="g")
    assert [one["Name"] for one in desk.scheduler("ListScheduleGroups")["ScheduleGroups"]] == ["default"]


def test_what_is_wrong_is_said(desk: Desk) -> None:
    for text in ("rate(0 minutes)", "every day", "at(2025-06-15)", "at(2025-13-15T00:00:00)", "cron(* * * * * *)"):
        with refused("ValidationException", "Invalid Schedule Expression"):
            desk.schedule(text)
    with refused("ValidationException", "Timezone"):
        desk.schedule("rate(1 day)", ScheduleExpressionTimezone="Mars/Olympus")
    with refused("ValidationException", "EndDate"):
        desk.schedule("rate(1 day)", EndDate=START - 1)
    with refused("ValidationException", "MaximumWindowInMinutes"):
        desk.schedule("rate(1 day)", FlexibleTimeWindow={"Mode": "FLEXIBLE"})
    with refused("ValidationException", "must allow AWS EventBridge Scheduler to assume the role"):
        desk.schedule("rate(1 day)", target={"RoleArn": desk.make_role("other", "sqs:*", service="ec2.amazonaws.com")})
    with refused("NotImplemented", "states"):
        desk.schedule("rate(1 day)", target={"Arn": "arn:aws:states:us-east-1:000000000000:stateMachine:m"})
    with refused("ResourceNotFoundException", "Schedule group nowhere does not exist"):
        desk.schedule("rate(1 day)", GroupName="nowhere")
    desk.schedule("rate(1 day)")
    with refused("ConflictException", "Schedule s already exists"):
        desk.schedule("rate(1 day)")
    with refused("ValidationException", "default schedule group"):
        desk.scheduler("DeleteScheduleGroup", Name="default")
    with refused("ConflictException"):
        desk.scheduler("CreateScheduleGroup", Name="default")
