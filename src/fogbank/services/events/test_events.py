"""EventBridge: what rules match reaches what they name, what fails is retried and ends in the dead-letter queue."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.testing import START, TestCloud

ACCOUNT = "000000000000"
HOUR = 3_600.0


class Bridge:
    """A cloud with a queue that EventBridge may send to."""

    def __init__(self, cloud: TestCloud) -> None:
        self.cloud = cloud
        self.events = cloud.client("events")
        self.sqs = cloud.client("sqs")
        self.queue_arn = self.queue("inbox")

    def queue(self, name: str, *, allowed: bool = True, region: str = "", **attributes: str) -> str:
        sqs = self.cloud.client("sqs", region=region)
        arn = f"arn:aws:sqs:{region or 'us-east-1'}:{ACCOUNT}:{name}"
        statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
        policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": arn}]}
        if allowed:
            attributes["Policy"] = json.dumps(policy)
        sqs("CreateQueue", QueueName=name, Attributes=attributes)
        return arn

    def rule(self, name: str = "r", pattern: Any = None, target: dict[str, Any] | None = None, **more: Any) -> str:
        if pattern is None and "ScheduleExpression" not in more:
            pattern = {"source": ["shop"]}
        if pattern is not None:
            more["EventPattern"] = json.dumps(pattern)
        arn = self.events("PutRule", Name=name, **more)["RuleArn"]
        targets = [{"Id": "1", "Arn": self.queue_arn, **(target or {})}]
        bus = {"EventBusName": more["EventBusName"]} if "EventBusName" in more else {}
        self.events("PutTargets", Rule=name, Targets=targets, **bus)
        return str(arn)

    def put(self, detail: Any = None, **entry: Any) -> dict[str, Any]:
        entry = {"Source": "shop", "DetailType": "Order", "Detail": json.dumps(detail or {"id": 1}), **entry}
        found: dict[str, Any] = self.events("PutEvents", Entries=[entry])
        return found

    def messages(self, name: str = "inbox", region: str = "") -> list[dict[str, Any]]:
        sqs = self.cloud.client("sqs", region=region)
        url = sqs("GetQueueUrl", QueueName=name)["QueueUrl"]
        found: list[dict[str, Any]] = []
        while page := sqs("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get(
            "Messages"
        ):
            for message in page:
                sqs("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found += page
        return found

    def bodies(self, name: str = "inbox", region: str = "") -> list[Any]:
        return [json.loads(message["Body"]) for message in self.messages(name, region)]


@pytest.fixture
def bridge(cloud: TestCloud) -> Bridge:
    return Bridge(cloud)


def refused(code: str, match: str = "") -> Any:
    return pytest.raises(AwsError, match=f"{code}.*{match}")


def test_what_matches_arrives_and_the_rest_does_not(bridge: Bridge) -> None:
    bridge.rule(pattern={"source": ["shop"], "detail": {"total": [{"numeric": [">", 10]}]}})
    answer = bridge.put({"total": 11}, Resources=["arn:x"], Time=START - 5)
    bridge.put({"total": 10})
    bridge.put({"total": 12}, Source="other")
    (event,) = bridge.bodies()
    assert event == {
        "version": "0",
        "id": answer["Entries"][0]["EventId"],
        "detail-type": "Order",
        "source": "shop",
        "account": ACCOUNT,
        "time": "2025-06-15T15:06:35Z",
        "region": "us-east-1",
        "resources": ["arn:x"],
        "detail": {"total": 11},
    }


def test_a_disabled_rule_and_one_without_its_target_tell_nobody(bridge: Bridge) -> None:
    bridge.rule()
    bridge.events("DisableRule", Name="r")
    bridge.put()
    bridge.events("EnableRule", Name="r")
    bridge.events("RemoveTargets", Rule="r", Ids=["1"])
    bridge.put()
    assert bridge.messages() == []


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"Input": '{"fixed": true}'}, '{"fixed": true}'),
        ({"InputPath": "$.detail.items[1].name"}, '"b"'),
        ({"InputPath": "$.nothing"}, "null"),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"id": "$.detail.id", "name": "$.detail.name", "items": "$.detail.items"},
                    "InputTemplate": '{"n": <id>, "q": "a <name> of <id>", "s": <name>, "all": <items>}',
                }
            },
            '{"n": 7, "q": "a \\"so\\" of 7", "s": "\\"so\\"", "all": [{"name":"a"},{"name":"b"}]}',
        ),
        (
            {"InputTransformer": {"InputPathsMap": {"id": "$.detail.id"}, "InputTemplate": '"order <id> is in"'}},
            '"order 7 is in"',
        ),
        (
            {
                "InputTransformer": {
                    "InputTemplate": '{"rule": <aws.events.rule-name>, "at": "<aws.events.event.ingestion-time>"}'
                }
            },
            '{"rule": "r", "at": "2025-06-15T15:06:40Z"}',
        ),
    ],
)
def test_a_target_is_handed_what_it_asked_for(bridge: Bridge, target: dict[str, Any], expected: str) -> None:
    bridge.rule(target=target)
    bridge.put({"id": 7, "name": '"so"', "items": [{"name": "a"}, {"name": "b"}]})
    assert [message["Body"] for message in bridge.messages()] == [expected]


def test_the_whole_event_can_stand_in_a_template(bridge: Bridge) -> None:
    bridge.rule(target={"InputTransformer": {"InputTemplate": '{"was": <aws.events.event.json>}'}})
    bridge.put({"id": 7})
    assert bridge.bodies()[0]["was"]["detail"] == {"id": 7}


def test_a_queue_that_lets_nobody_in_gets_nothing_and_the_dead_letter_queue_says_why(bridge: Bridge) -> None:
    closed, dead = bridge.queue("closed", allowed=False), bridge.queue("dead")
    arn = bridge.rule(target={"Arn": closed, "DeadLetterConfig": {"Arn": dead}})
    bridge.put({"id": 3})
    assert bridge.messages("closed") == []
    (letter,) = bridge.messages("dead")
    assert json.loads(letter["Body"])["detail"] == {"id": 3}
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert attributes["RULE_ARN"] == arn and attributes["TARGET_ARN"] == closed
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS" and "sqs:sendmessage" in attributes["ERROR_MESSAGE"].lower()


def test_a_fault_of_the_moment_is_retried_with_back_off(bridge: Bridge, cloud: TestCloud) -> None:
    bridge.rule()
    fault = {"service": "sqs", "operation": "SendMessage", "error": "InternalFailure", "status": 500}
    from fogbank.control.fault import parsed

    cloud.cloud.dispatch.faults.add(parsed({**fault, "seconds": 10}, "f", cloud.clock.now()))
    bridge.put({"id": 4})
    assert bridge.messages() == []
    cloud.advance(30)
    assert [event["detail"] for event in bridge.bodies()] == [{"id": 4}]
    cloud.advance(HOUR)
    assert bridge.messages() == [], "once"


def test_retries_end_where_the_policy_says(bridge: Bridge, cloud: TestCloud) -> None:
    from fogbank.control.fault import parsed

    dead = bridge.queue("dead")
    policy = {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600}
    topic = cloud.call("sns", "CreateTopic", {"Name": "t"})["TopicArn"]
    bridge.rule(target={"Arn": topic, "RetryPolicy": policy, "DeadLetterConfig": {"Arn": dead}})
    fault = {"service": "sns", "operation": "Publish", "error": "InternalFailure", "status": 500}
    cloud.cloud.dispatch.faults.add(parsed(fault, "f", cloud.clock.now()))
    bridge.put({"id": 4})
    cloud.advance(600)
    (letter,) = bridge.messages("dead")
    assert letter["MessageAttributes"]["EXHAUSTED_RETRY_CONDITION"]["StringValue"] == "MaximumRetryAttempts"
    assert letter["MessageAttributes"]["RETRY_ATTEMPTS"]["StringValue"] == "2"


def test_a_fifo_queue_is_told_the_group(bridge: Bridge) -> None:
    fifo = bridge.queue("line.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    bridge.rule(target={"Arn": fifo, "SqsParameters": {"MessageGroupId": "$.detail.shop"}})
    bridge.put({"shop": "north"})
    url = bridge.sqs("GetQueueUrl", QueueName="line.fifo")["QueueUrl"]
    (message,) = bridge.sqs("ReceiveMessage", QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert message["Attributes"]["MessageGroupId"] == "north"


def test_a_schedule_fires_each_time_at_its_time_and_a_day_passes_in_a_moment(bridge: Bridge, cloud: TestCloud) -> None:
    arn = bridge.rule("each-hour", ScheduleExpression="rate(1 hour)")
    bridge.rule("noon", ScheduleExpression="cron(0 12 * * ? *)")
    cloud.advance(24 * HOUR)
    fired = bridge.bodies()
    hourly = [event for event in fired if event["resources"] == [arn]]
    assert [event["time"] for event in hourly][:2] == ["2025-06-15T16:06:40Z", "2025-06-15T17:06:40Z"]
    assert len(hourly) == 24
    (noon,) = [event for event in fired if event["resources"] != [arn]]
    assert noon["time"] == "2025-06-16T12:00:00Z" and noon["detail-type"] == "Scheduled Event"
    bridge.events("DisableRule", Name="each-hour")
    cloud.advance(5 * HOUR)
    assert bridge.messages() == []


def test_events_of_fogbanks_own_services_arrive_on_the_default_bus(bridge: Bridge, cloud: TestCloud) -> None:
    bridge.rule(pattern={"source": ["aws.ssm"], "detail": {"name": ["/wanted"]}})
    for name in ("/other", "/wanted"):
        cloud.call("ssm", "PutParameter", {"Name": name, "Value": "v", "Type": "String"})
    cloud.call("ssm", "PutParameter", {"Name": "/wanted", "Value": "v", "Type": "String"}, region="eu-west-1")
    cloud.events()
    (event,) = bridge.bodies()
    assert event["detail-type"] == "Parameter Store Change" and event["detail"]["operation"] == "Create"
    assert event["time"] == "2025-06-15T15:06:40Z"


def test_nobody_may_speak_for_aws(bridge: Bridge) -> None:
    answer = bridge.put(Source="aws.ec2")
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"Detail": "{"}, "MalformedDetail"),
        ({"Detail": "[1]"}, "MalformedDetail"),
        ({"Detail": ""}, "InvalidArgument"),
        ({"Source": ""}, "InvalidArgument"),
        ({"DetailType": ""}, "InvalidArgument"),
        ({"EventBusName": "nowhere"}, "InvalidArgument"),
    ],
)
def test_an_entry_that_is_no_event_fails_alone(bridge: Bridge, entry: dict[str, Any], code: str) -> None:
    good = {"Source": "shop", "DetailType": "Order", "Detail": "{}"}
    bridge.rule()
    answer = bridge.events("PutEvents", Entries=[{**good, **entry}, good])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == code and "EventId" in answer["Entries"][1]
    assert len(bridge.messages()) == 1


def test_a_request_of_events_has_a_limit(bridge: Bridge) -> None:
    room = 256 * 1024 - len("shop") - len("Order")
    assert bridge.put(Detail='{"a":"' + "x" * (room - 8) + '"}')["FailedEntryCount"] == 0
    with refused("ValidationException", "Total size"):
        bridge.put(Detail='{"a":"' + "x" * (room - 7) + '"}')
    entry = {"Source": "a", "DetailType": "b", "Detail": "{}"}
    with refused("ValidationException"):
        bridge.events("PutEvents", Entries=[entry] * 11)


def test_buses_are_made_described_listed_and_deleted(bridge: Bridge) -> None:
    made = bridge.events("CreateEventBus", Name="orders", Description="d", Tags=[{"Key": "a", "Value": "b"}])
    assert made["EventBusArn"] == f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/orders"
    with refused("ResourceAlreadyExistsException", "Event bus orders already exists"):
        bridge.events("CreateEventBus", Name="orders")
    with refused("ResourceAlreadyExistsException"):
        bridge.events("CreateEventBus", Name="default")
    assert bridge.events("DescribeEventBus")["Name"] == "default"
    assert [bus["Name"] for bus in bridge.events("ListEventBuses")["EventBuses"]] == ["default", "orders"]
    assert bridge.events("ListTagsForResource", ResourceARN=made["EventBusArn"])["Tags"] == [{"Key": "a", "Value": "b"}]
    with refused("ResourceNotFoundException", "Event bus nowhere does not exist"):
        bridge.events("DescribeEventBus", Name="nowhere")
    bridge.rule("r", EventBusName="orders")
    with refused("ValidationException", "has rules"):
        bridge.events("DeleteEventBus", Name="orders")
    with refused("ValidationException", "Cannot delete event bus default"):
        bridge.events("DeleteEventBus", Name="default")
    bridge.put(EventBusName="orders")
    bridge.put()
    assert len(bridge.messages()) == 1, "a bus hears what is put on it and nothing else"
    bridge.events("RemoveTargets", Rule="r", EventBusName="orders", Ids=["1"])
    bridge.events("DeleteRule", Name="r", EventBusName="orders")
    bridge.events("DeleteEventBus", Name="orders")
    bridge.events("DeleteEventBus", Name="orders")


def test_the_bus_of_another_account_hears_only_whom_it_lets_speak(bridge: Bridge, cloud: TestCloud) -> None:
    from fogbank.control import caller as callers

    other = callers.root("111111111111")
    there = cloud.client("events", caller=other)
    bus = there("CreateEventBus", Name="partner")["EventBusArn"]
    there("PutRule", Name="all", EventBusName="partner", EventPattern='{"source": ["shop"]}')
    cloud.client("sqs", caller=other)("CreateQueue", QueueName="q")
    url = "http://x/111111111111/q"
    queue = "arn:aws:sqs:us-east-1:111111111111:q"
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": queue}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    cloud.client("sqs", caller=other)("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": policy})
    there("PutTargets", Rule="all", EventBusName="partner", Targets=[{"Id": "1", "Arn": queue}])
    entry = {"Source": "shop", "DetailType": "Order", "Detail": "{}", "EventBusName": bus}

    def heard() -> int:
        return len(cloud.client("sqs", caller=other)("ReceiveMessage", QueueUrl=url).get("Messages", []))

    with refused("AccessDeniedException", "events:PutEvents"):
        bridge.events("PutEvents", Entries=[entry])
    bridge.rule(target={"Arn": bus})
    bridge.put()
    assert heard() == 0
    there("PutPermission", EventBusName="partner", StatementId="s", Principal=ACCOUNT, Action="events:PutEvents")
    assert bridge.events("PutEvents", Entries=[entry])["FailedEntryCount"] == 0
    assert heard() == 1
    there("RemovePermission", EventBusName="partner", StatementId="s")
    with refused("ResourceNotFoundException", "does not have a policy"):
        there("RemovePermission", EventBusName="partner", StatementId="s")


def test_rules_are_checked(bridge: Bridge) -> None:
    put = bridge.events
    with refused("ValidationException", "EventPattern or ScheduleExpression must be specified"):
        put("PutRule", Name="r")
    with refused("InvalidEventPatternException", "must be an object or an array"):
        put("PutRule", Name="r", EventPattern='{"source": "x"}')
    with refused("InvalidEventPatternException"):
        put("PutRule", Name="r", EventPattern="{")
    for text in ("rate(0 minutes)", "rate(1 minutes)", "rate(5 minute)", "cron(* * * * * *)", "every day"):
        with refused("ValidationException", "ScheduleExpression is not valid"):
            put("PutRule", Name="r", ScheduleExpression=text)
    put("CreateEventBus", Name="b")
    with refused("ValidationException", "only on the default event bus"):
        put("PutRule", Name="r", EventBusName="b", ScheduleExpression="rate(1 day)")
    with refused("ResourceNotFoundException", "Rule r does not exist on EventBus default"):
        put("DescribeRule", Name="r")
    bridge.rule()
    with refused("ValidationException", "since it has targets"):
        put("DeleteRule", Name="r")


def test_targets_are_checked(bridge: Bridge) -> None:
    put = bridge.events
    put("PutRule", Name="r", EventPattern='{"source": ["x"]}')

    def targets(*given: dict[str, Any]) -> Any:
        return put("PutTargets", Rule="r", Targets=list(given))

    one = {"Id": "1", "Arn": bridge.queue_arn}
    with refused("ValidationException", "not in correct format"):
        targets({**one, "Arn": "queue"})
    with refused("NotImplemented", "PutTargets to states"):
        targets({**one, "Arn": "arn:aws:states:us-east-1:000000000000:stateMachine:m"})
    with refused("ValidationException", "Only one of Input, InputPath, or InputTransformer"):
        targets({**one, "Input": "{}", "InputPath": "$"})
    with refused("ValidationException", "JSON syntax error in input for target 1"):
        targets({**one, "Input": "{"})
    with refused("ValidationException", "InputPath for target 1 is invalid"):
        targets({**one, "InputPath": "detail"})
    with refused("ValidationException", "SqsParameters must be specified"):
        targets({**one, "Arn": bridge.queue_arn + ".fifo"})
    five = [{"Id": str(number), "Arn": bridge.queue_arn} for number in range(5)]
    assert targets(*five)["FailedEntryCount"] == 0
    with refused("LimitExceededException"):
        targets({**one, "Id": "6"})
    assert len(put("ListTargetsByRule", Rule="r")["Targets"]) == 5
    page = put("ListTargetsByRule", Rule="r", Limit=3)
    assert [one["Id"] for one in page["Targets"]] == ["0", "1", "2"]
    rest = put("ListTargetsByRule", Rule="r", Limit=3, NextToken=page["NextToken"])
    assert [one["Id"] for one in rest["Targets"]] == ["3", "4"] and "NextToken" not in rest
    assert put("ListRuleNamesByTarget", TargetArn=bridge.queue_arn)["RuleNames"] == ["r"]


def test_a_pattern_can_be_tried(bridge: Bridge) -> None:
    event = {"id": "1", "account": ACCOUNT, "source": "shop", "time": "2025-01-01T00:00:00Z", "region": "r",
             "resources": [], "detail-type": "t", "detail": {}}  # fmt: skip
    ask = bridge.events
    assert ask("TestEventPattern", EventPattern='{"source": ["shop"]}', Event=json.dumps(event))["Result"] is True
    assert ask("TestEventPattern", EventPattern='{"source": ["x"]}', Event=json.dumps(event))["Result"] is False
    with refused("ValidationException", "detail-type is missing"):
        del event["detail-type"]
        ask("TestEventPattern", EventPattern='{"source": ["x"]}', Event=json.dumps(event))
    with refused("InvalidEventPatternException"):
        ask("TestEventPattern", EventPattern='{"source": 1}', Event="{}")


def test_an_archive_keeps_what_matches_as_long_as_it_says_and_can_replay_it(bridge: Bridge, cloud: TestCloud) -> None:
    bus = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    made = bridge.events(
        "CreateArchive", ArchiveName="a", EventSourceArn=bus, RetentionDays=2, EventPattern='{"source": ["shop"]}'
    )
    bridge.put({"id": 1})
    cloud.advance(60)
    bridge.put({"id": 2})
    bridge.put({"id": 3}, Source="other")
    assert bridge.events("DescribeArchive", ArchiveName="a")["EventCount"] == 2
    arn = bridge.rule(pattern={"source": ["shop"]})
    bridge.rule("not-asked")
    replay = {"EventSourceArn": made["ArchiveArn"], "EventStartTime": START - 1, "EventEndTime": START + 30}
    bridge.events("StartReplay", ReplayName="r", Destination={"Arn": bus, "FilterArns": [arn]}, **replay)
    cloud.events()
    (event,) = bridge.bodies()
    assert event["detail"] == {"id": 1} and event["replay-name"] == "r"
    shown = bridge.events("DescribeReplay", ReplayName="r")
    assert shown["State"] == "COMPLETED" and shown["Destination"]["FilterArns"] == [arn]
    assert bridge.events("DescribeArchive", ArchiveName="a")["EventCount"] == 2, "what is replayed is not kept again"
    with refused("ResourceAlreadyExistsException"):
        bridge.events("StartReplay", ReplayName="r", Destination={"Arn": bus}, **replay)
    with refused("IllegalStatusException"):
        bridge.events("CancelReplay", ReplayName="r")
    with refused("ValidationException", "Cross event bus replay"):
        bridge.events("StartReplay", ReplayName="s", Destination={"Arn": bus + "x"}, **replay)
    cloud.advance(2 * 24 * HOUR - 30)
    assert bridge.events("DescribeArchive", ArchiveName="a")["EventCount"] == 1
    cloud.advance(60)
    assert bridge.events("ListArchives")["Archives"][0]["EventCount"] == 0
    bridge.events("DeleteArchive", ArchiveName="a")
    with refused("ResourceNotFoundException", "Archive a does not exist"):
        bridge.events("DescribeArchive", ArchiveName="a")


def test_a_long_replay_goes_through_page_by_page(bridge: Bridge, cloud: TestCloud) -> None:
    bus = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    made = bridge.events("CreateArchive", ArchiveName="a", EventSourceArn=bus)
    entries = [{"Source": "shop", "DetailType": "t", "Detail": json.dumps({"id": number})} for number in range(250)]
    for start in range(0, 250, 10):
        bridge.events("PutEvents", Entries=entries[start : start + 10])
    bridge.rule()
    span = {"EventStartTime": START - 1, "EventEndTime": START + 1}
    bridge.events("StartReplay", ReplayName="r", EventSourceArn=made["ArchiveArn"], Destination={"Arn": bus}, **span)
    cloud.events()
    assert sorted(event["detail"]["id"] for event in bridge.bodies()) == list(range(250))


def test_an_unsigned_user_may_not_and_a_policy_may_name_sources(bridge: Bridge, cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    iam("CreateUser", UserName="clerk")
    statement = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*",
                 "Condition": {"StringEquals": {"events:source": "shop"}}}  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam("PutUserPolicy", UserName="clerk", PolicyName="p", PolicyDocument=policy)
    from fogbank.aws.policy import Principal
    from fogbank.control.caller import Caller

    arn = f"arn:aws:iam::{ACCOUNT}:user/clerk"
    user_id = iam("GetUser", UserName="clerk")["User"]["UserId"]
    clerk = Caller(principal=Principal(arn=arn, account=ACCOUNT, kind="user", user_id=user_id), enforced=True)
    put = cloud.client("events", caller=clerk)
    entry = {"Source": "shop", "DetailType": "Order", "Detail": "{}"}
    assert put("PutEvents", Entries=[entry])["FailedEntryCount"] == 0
    with refused("AccessDeniedException", "events:PutEvents"):
        put("PutEvents", Entries=[{**entry, "Source": "bank"}])
    with refused("AccessDeniedException", "events:PutRule"):
        put("PutRule", Name="r", ScheduleExpression="rate(1 day)")
