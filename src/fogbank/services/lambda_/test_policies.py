"""Who may call a function: its own policy, services on behalf of resources, other accounts, roles."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control import caller as callers
from fogbank.control.caller import Caller
from fogbank.services.lambda_.test_lambda import ACCOUNT, AT, ROLE, World, allowed, zipped
from fogbank.testing import TestCloud

OTHER = "111111111111"


@pytest.fixture
def world(cloud: TestCloud) -> World:
    found = World(cloud)
    found.make()
    return found


def permit(world: World, principal: str, **more: str) -> dict[str, Any]:
    given = {"FunctionName": "f", "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": principal}
    return world.call("AddPermission", **{**given, **more})


def user(world: World, *actions: str) -> Caller:
    world.cloud.call("iam", "CreateUser", {"UserName": "u"})
    given = {"UserName": "u", "PolicyName": "p", "PolicyDocument": allowed(*actions)}
    world.cloud.call("iam", "PutUserPolicy", given)
    key = world.cloud.call("iam", "CreateAccessKey", {"UserName": "u"})["AccessKey"]["AccessKeyId"]
    found = world.cloud.cloud.credential(key, None)
    assert found is not None
    return found.caller


def settled(world: World) -> list[Any]:
    world.cloud.run(world.cloud.cloud.settled())
    return [json.loads(one.payload) for one in world.sandboxes.asked]


def test_statements_are_shown_as_they_were_made(world: World) -> None:
    world.refused("GetPolicy", "ResourceNotFoundException", FunctionName="f")
    made = permit(world, "s3.amazonaws.com", SourceArn="arn:aws:s3:::b", SourceAccount=ACCOUNT)
    assert json.loads(made["Statement"]) == {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": f"{AT}:f",
        "Condition": {
            "StringEquals": {"AWS:SourceAccount": ACCOUNT},
            "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"},
        },
    }
    shown = world.call("GetPolicy", FunctionName="f")
    assert json.loads(shown["Policy"])["Statement"] == [json.loads(made["Statement"])]
    world.call("RemovePermission", FunctionName="f", StatementId="s", RevisionId=shown["RevisionId"])
    world.refused("GetPolicy", "ResourceNotFoundException", FunctionName="f")


def test_another_account_is_let_in_by_the_policy_alone(world: World) -> None:
    other = world.cloud.client("lambda", caller=callers.root(OTHER))
    with pytest.raises(AwsError, match="not authorized to perform: lambda:InvokeFunction"):
        other("Invoke", FunctionName=f"{AT}:f")
    permit(world, OTHER)
    assert other("Invoke", FunctionName=f"{AT}:f")["StatusCode"] == 200
    with pytest.raises(AwsError, match="lambda:GetFunction"):
        other("GetFunction", FunctionName=f"{AT}:f")


def test_a_user_needs_to_be_allowed(world: World) -> None:
    mine = world.cloud.client("lambda", caller=user(world, "lambda:CreateFunction", "lambda:GetFunction"))
    with pytest.raises(AwsError, match="lambda:InvokeFunction"):
        mine("Invoke", FunctionName="f")
    given = {
        "FunctionName": "g",
        "Runtime": "python3.11",
        "Handler": "a.b",
        "Role": ROLE,
        "Code": {"ZipFile": zipped()},
    }
    with pytest.raises(AwsError, match="iam:PassRole"):
        mine("CreateFunction", **given)
    assert mine("GetFunction", FunctionName="f")["Configuration"]["FunctionName"] == "f"


def test_a_topic_calls_a_function_that_lets_it(world: World) -> None:
    sns = world.cloud.client("sns")
    topic = sns("CreateTopic", Name="t")["TopicArn"]
    arn = sns("Subscribe", TopicArn=topic, Protocol="lambda", Endpoint=f"{AT}:f")["SubscriptionArn"]
    sns("Publish", TopicArn=topic, Message="unheard")
    assert settled(world) == []
    permit(world, "sns.amazonaws.com", SourceArn=topic)
    sns("Publish", TopicArn=topic, Message="hello", Subject="s")
    ((record,),) = [one["Records"] for one in settled(world)]
    assert (record["EventSource"], record["EventSubscriptionArn"]) == ("aws:sns", arn)
    assert (record["Sns"]["Message"], record["Sns"]["Subject"], record["Sns"]["MessageAttributes"]) == (
        "hello",
        "s",
        {},
    )
    assert record["Sns"]["SigningCertUrl"] and record["Sns"]["Type"] == "Notification"


def test_a_rule_calls_a_function_that_lets_it(world: World) -> None:
    events = world.cloud.client("events")
    rule = events("PutRule", Name="r", EventPattern='{"source": ["x"]}')["RuleArn"]
    events("PutTargets", Rule="r", Targets=[{"Id": "1", "Arn": f"{AT}:f"}])
    entry = {"Source": "x", "DetailType": "d", "Detail": '{"n": 1}'}
    events("PutEvents", Entries=[entry])
    assert settled(world) == []
    permit(world, "events.amazonaws.com", SourceArn=rule)
    events("PutEvents", Entries=[entry])
    (event,) = settled(world)
    assert (event["detail"], event["detail-type"]) == ({"n": 1}, "d")


def test_a_bucket_calls_a_function_that_lets_it(world: World) -> None:
    s3 = world.cloud.client("s3")
    s3("CreateBucket", Bucket="tides-b")
    notify = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": f"{AT}:f", "Events": ["s3:ObjectCreated:*"]}]}
    with pytest.raises(AwsError, match="Unable to validate the following destination configurations"):
        s3("PutBucketNotificationConfiguration", Bucket="tides-b", NotificationConfiguration=notify)
    permit(world, "s3.amazonaws.com", SourceArn="arn:aws:s3:::tides-b")
    s3("PutBucketNotificationConfiguration", Bucket="tides-b", NotificationConfiguration=notify)
    assert settled(world) == [], "nobody is called for a test"
    s3("PutObject", Bucket="tides-b", Key="k", Body=b"x")
    ((record,),) = [one["Records"] for one in settled(world)]
    assert (record["eventName"], record["s3"]["object"]["key"]) == ("ObjectCreated:Put", "k")


def test_a_schedule_calls_a_function_with_its_role(world: World) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = world.cloud.call("iam", "CreateRole", {"RoleName": "clock", "AssumeRolePolicyDocument": document})["Role"]
    given = {"RoleName": "clock", "PolicyName": "p", "PolicyDocument": allowed("lambda:InvokeFunction")}
    world.cloud.call("iam", "PutRolePolicy", given)
    target = {"Arn": f"{AT}:f", "RoleArn": role["Arn"], "Input": '{"n": 3}'}
    window = {"Mode": "OFF"}
    made = {"Name": "s", "ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": window, "Target": target}
    world.cloud.call("scheduler", "CreateSchedule", made)
    world.cloud.advance(3601)
    assert {"n": 3} in settled(world)


def test_a_function_writes_no_log_that_its_role_may_not(world: World) -> None:
    world.allow("sqs:*")
    assert world.invoke()["StatusCode"] == 200
    world.cloud.run(world.cloud.cloud.settled())
    assert world.cloud.call("logs", "DescribeLogGroups", {})["logGroups"] == []
