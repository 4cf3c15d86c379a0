"""Rotations through the in-process cloud, by a function that does what AWS's templates do (User Guide)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control import caller
from fogbank.planes.sandbox.sandbox import Function, Invocation, Outcome
from fogbank.services.lambda_.test_lambda import ACCOUNT, AT, World
from fogbank.services.secretsmanager import schedules
from fogbank.services.secretsmanager.resources import Rotation
from fogbank.testing import START, TestCloud

DAY = 86_400.0
MIDNIGHT = START // DAY * DAY
ONE, TWO = "1" * 32, "2" * 32
ROTATE = f"{AT}:rotate"
DENIED = (
    "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the "
    "principal secretsmanager.amazonaws.com."
)


class Rotating(World):
    """A cloud with a secret `a`, and a function that may rotate it."""

    def __init__(self, cloud: TestCloud) -> None:
        super().__init__(cloud)
        self.secrets = cloud.client("secretsmanager")
        self.make("rotate")
        self.may_call("rotate")
        self.arn = str(self.secrets("CreateSecret", Name="a", SecretString="one", ClientRequestToken=ONE)["ARN"])
        self.taken: list[dict[str, Any]] = []
        self.fails_at = ""
        self.sandboxes.answers = self.answer

    def may_call(self, name: str, **more: Any) -> None:
        given = {"Action": "lambda:InvokeFunction", "Principal": "secretsmanager.amazonaws.com", **more}
        self.call("AddPermission", FunctionName=name, StatementId="secrets", **given)

    def answer(self, function: Function, invocation: Invocation) -> Outcome:
        event = json.loads(invocation.payload)
        self.taken.append(event)
        if event["Step"] == self.fails_at:
            return Outcome(b'{"errorType": "ValueError", "errorMessage": "the tide is out"}', "Unhandled")
        self.step(event)
        return Outcome(b"null")

    def step(self, event: dict[str, Any]) -> None:
        token = event["ClientRequestToken"]
        pending = self.says("DescribeSecret")["VersionIdsToStages"][token]
        if "AWSCURRENT" in pending:
            return
        assert pending == ["AWSPENDING"], "the version has its label before it has a value"
        if event["Step"] == "createSecret":
            value = f"by {token}"
            self.says("PutSecretValue", SecretString=value, ClientRequestToken=token, VersionStages=["AWSPENDING"])
        elif event["Step"] == "testSecret":
            assert self.says("GetSecretValue", VersionId=token, VersionStage="AWSPENDING")["SecretString"]
        elif event["Step"] == "finishSecret":
            current = self.says("GetSecretValue")["VersionId"]
            moved = {"MoveToVersionId": token, "RemoveFromVersionId": current}
            self.says("UpdateSecretVersionStage", VersionStage="AWSCURRENT", **moved)

    def says(self, operation: str, **params: Any) -> dict[str, Any]:
        """What an operation answers to the function, which is at work within the cloud."""
        cloud = self.cloud.cloud
        ctx = cloud.context("secretsmanager", operation, caller.root(ACCOUNT))
        answer = cloud.dispatch.answer(ctx, {"SecretId": "a", **params})
        assert answer.error is None, answer.error
        return answer.result or {}

    def settle(self) -> None:
        self.cloud.run(self.cloud.cloud.settled())

    def rotate(self, **more: Any) -> dict[str, Any]:
        answer = self.secrets("RotateSecret", SecretId="a", RotationLambdaARN=ROTATE, **more)
        self.settle()
        return answer

    def described(self) -> dict[str, Any]:
        return self.secrets("DescribeSecret", SecretId="a")

    def value(self, stage: str = "AWSCURRENT") -> str:
        return str(self.secrets("GetSecretValue", SecretId="a", VersionStage=stage)["SecretString"])

    def told(self) -> list[str]:
        events = [event for event in self.cloud.events() if event["detail-type"].endswith("via CloudTrail")]
        assert all(event["detail"]["additionalEventData"] == {"SecretId": self.arn} for event in events)
        return [str(event["detail"]["eventName"]) for event in events]

    def steps(self) -> list[str]:
        return [str(event["Step"]) for event in self.taken]

    def unrotated(self, code: str, **params: Any) -> str:
        with pytest.raises(AwsError) as caught:
            self.secrets("RotateSecret", SecretId="a", **params)
        assert caught.value.code == code, str(caught.value)
        return caught.value.message


@pytest.fixture
def world(cloud: TestCloud) -> Iterator[Rotating]:
    yield Rotating(cloud)


def test_a_rotation_goes_through_its_four_steps(world: Rotating) -> None:
    answer = world.rotate(ClientRequestToken=TWO, RotationRules={"AutomaticallyAfterDays": 10})
    assert (answer["ARN"], answer["VersionId"]) == (world.arn, TWO)
    assert world.steps() == ["createSecret", "setSecret", "testSecret", "finishSecret"]
    assert {event["SecretId"] for event in world.taken} == {world.arn}
    assert {event["ClientRequestToken"] for event in world.taken} == {TWO}
    assert len({event["RotationToken"] for event in world.taken}) == 1
    assert set(world.taken[0]) == {"Step", "SecretId", "ClientRequestToken", "RotationToken"}
    assert (world.value(), world.value("AWSPREVIOUS")) == (f"by {TWO}", "one")
    found = world.described()
    assert found["LastRotatedDate"] == START and found["RotationEnabled"] is True
    assert found["NextRotationDate"] == MIDNIGHT + 11 * DAY - 1, "the end of the day of its window"
    assert found["VersionIdsToStages"] == {ONE: ["AWSPREVIOUS"], TWO: ["AWSCURRENT", "AWSPENDING"]}
    assert world.told() == ["RotationStarted", "RotationSucceeded"]


def test_a_function_that_may_not_be_called_is_refused(world: Rotating) -> None:
    world.make("closed")
    world.make("other")
    elsewhere = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:b-abcdef"
    world.may_call("other", SourceArn=elsewhere)
    for name in ("closed", "other"):
        assert world.unrotated("AccessDeniedException", RotationLambdaARN=f"{AT}:{name}") == DENIED
    world.unrotated("ResourceNotFoundException", RotationLambdaARN=f"{AT}:nowhere")
    assert world.sandboxes.asked == [] and "RotationEnabled" not in world.described()
    world.call("RemovePermission", FunctionName="other", StatementId="secrets")
    world.may_call("other", SourceArn=world.arn, SourceAccount=ACCOUNT)
    world.secrets("RotateSecret", SecretId="a", RotationLambdaARN=f"{AT}:other")
    world.settle()
    assert world.value() != "one"
    world.unrotated("InvalidParameterException", RotationRules={"ScheduleExpression": "rate(soon)"})


def test_a_secret_without_a_function_cannot_be_rotated(world: Rotating) -> None:
    world.unrotated("InvalidRequestException")
    world.unrotated("InvalidRequestException", RotateImmediately=False)


def test_the_same_request_rotates_once(world: Rotating) -> None:
    first = world.rotate(ClientRequestToken=TWO)
    assert world.rotate(ClientRequestToken=TWO) == first
    assert len(world.taken) == 4


def test_windows_open_by_themselves(world: Rotating) -> None:
    world.rotate(RotationRules={"ScheduleExpression": "rate(4 hours)", "Duration": "2h"})
    first = world.value()
    assert world.described()["NextRotationDate"] == START // 3600 * 3600 + 6 * 3600 - 1
    world.cloud.advance(3 * 3600)
    assert world.value() == first
    world.cloud.advance(3600)
    assert world.value() != first and world.value("AWSPREVIOUS") == first
    assert world.described()["LastRotatedDate"] == START // 3600 * 3600 + 4 * 3600


def test_what_fails_is_tried_again_as_a_whole(world: Rotating) -> None:
    world.rotate(RotationRules={"AutomaticallyAfterDays": 1})
    first, rotated_at = world.value(), world.described()["LastRotatedDate"]
    world.taken.clear()
    world.fails_at = "testSecret"
    world.cloud.advance(DAY)
    found = world.described()
    assert world.value() == first and found["LastRotatedDate"] == rotated_at
    token = world.taken[0]["ClientRequestToken"]
    assert world.steps() == ["createSecret", "setSecret", "testSecret"] * 5, "and then no more until the next window"
    assert {event["ClientRequestToken"] for event in world.taken} == {token}
    assert found["VersionIdsToStages"][token] == ["AWSPENDING"]
    assert found["NextRotationDate"] == MIDNIGHT + 2 * DAY - 1
    assert world.told().count("RotationFailed") == 5
    again = world.unrotated("InvalidRequestException")
    assert again == "A previous rotation isn't complete. That rotation will be reattempted."
    world.cloud.advance(DAY)
    assert world.described()["NextRotationDate"] == MIDNIGHT + 2 * DAY - 1, "this date may be in the past"
    world.fails_at = ""
    world.cloud.advance(DAY)
    assert world.value() == f"by {token}" and world.told()[-1] == "RotationSucceeded"
    world.secrets("RotateSecret", SecretId="a")


def test_a_function_that_does_nothing_has_not_rotated(world: Rotating) -> None:
    world.sandboxes.answers = lambda function, invocation: Outcome(b"null")
    world.rotate()
    assert world.told() == ["RotationStarted", "RotationFailed"] and "LastRotatedDate" not in world.described()
    assert world.value() == "one"


def test_a_permission_taken_away_fails_the_rotation(world: Rotating) -> None:
    world.rotate(RotationRules={"AutomaticallyAfterDays": 1})
    world.taken.clear()
    world.call("RemovePermission", FunctionName="rotate", StatementId="secrets")
    world.cloud.advance(DAY)
    assert world.taken == [] and "RotationFailed" in world.told()


def test_only_a_test_is_made_where_a_rotation_is_not_to_begin_at_once(world: Rotating) -> None:
    world.rotate(ClientRequestToken=TWO, RotateImmediately=False, RotationRules={"AutomaticallyAfterDays": 3})
    assert world.steps() == ["testSecret"] and world.taken[0]["ClientRequestToken"] == TWO
    found = world.described()
    assert found["VersionIdsToStages"] == {ONE: ["AWSCURRENT"]} and "LastRotatedDate" not in found
    assert found["NextRotationDate"] == MIDNIGHT + 4 * DAY - 1
    assert world.told() == ["TestRotationStarted", "TestRotationSucceeded"]
    world.fails_at = "testSecret"
    world.rotate(RotateImmediately=False)
    assert world.told()[-1] == "TestRotationFailed" and world.described()["RotationEnabled"] is True
    world.fails_at = ""
    world.cloud.advance(3 * DAY)
    assert world.value() != "one", "the window has come"


def test_a_rotation_is_cancelled(world: Rotating) -> None:
    world.fails_at = "setSecret"
    token = world.rotate(RotationRules={"AutomaticallyAfterDays": 1})["VersionId"]
    world.secrets("CancelRotateSecret", SecretId="a")
    found = world.described()
    assert found["RotationEnabled"] is False and "NextRotationDate" not in found
    assert found["VersionIdsToStages"][token] == ["AWSPENDING"], "labels stay"
    world.taken.clear()
    world.cloud.advance(3 * DAY)
    assert world.taken == []
    world.unrotated("InvalidRequestException")
    label = {"VersionStage": "AWSPENDING", "RemoveFromVersionId": token}
    world.secrets("UpdateSecretVersionStage", SecretId="a", **label)
    world.fails_at = ""
    world.rotate()
    assert world.value() != "one"


def test_a_label_of_a_version_without_value_can_be_taken_away_and_nothing_else(world: Rotating) -> None:
    world.fails_at = "createSecret"
    token = world.rotate()["VersionId"]
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        world.secrets("GetSecretValue", SecretId="a", VersionId=token)
    moved = {"VersionStage": "AWSCURRENT", "MoveToVersionId": token, "RemoveFromVersionId": ONE}
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        world.secrets("UpdateSecretVersionStage", SecretId="a", **moved)
    world.secrets("UpdateSecretVersionStage", SecretId="a", VersionStage="AWSPENDING", RemoveFromVersionId=token)
    assert world.described()["VersionIdsToStages"] == {ONE: ["AWSCURRENT"]}


def test_another_value_by_hand_abandons_a_rotation(world: Rotating) -> None:
    world.rotate(RotationRules={"AutomaticallyAfterDays": 5})
    world.fails_at = "setSecret"
    world.secrets("RotateSecret", SecretId="a")
    world.settle()
    world.cloud.advance(DAY)
    world.secrets("PutSecretValue", SecretId="a", SecretString="by hand")
    assert world.told()[-1] == "RotationAbandoned" and world.value() == "by hand"
    found = world.described()
    assert not any("AWSPENDING" in labels for labels in found["VersionIdsToStages"].values())
    assert found["NextRotationDate"] == MIDNIGHT + 7 * DAY - 1, "a change by hand is a rotation too"
    world.taken.clear()
    world.cloud.advance(4 * DAY - 7 * 3600)
    assert world.taken == []


def test_only_the_primary_of_replicas_is_rotated(world: Rotating) -> None:
    there = world.cloud.client("secretsmanager", region="eu-west-1")
    world.secrets("ReplicateSecretToRegions", SecretId="a", AddReplicaRegions=[{"Region": "eu-west-1"}])
    world.rotate(RotationRules={"AutomaticallyAfterDays": 1})
    assert there("GetSecretValue", SecretId="a")["SecretString"] == world.value() != "one"
    world.taken.clear()
    world.cloud.advance(DAY)
    assert len(world.taken) == 4 and there("GetSecretValue", SecretId="a")["SecretString"] == world.value()


@pytest.mark.parametrize(
    ("rules", "opens", "hours"),
    [
        ({"after_days": 30}, MIDNIGHT + 30 * DAY, 24),
        ({"after_days": 30, "duration": "3h"}, MIDNIGHT + 30 * DAY, 3),
        ({"schedule": "rate(10 days)"}, MIDNIGHT + 10 * DAY, 24),
        ({"schedule": "rate(12 hours)"}, START // 3600 * 3600 + 12 * 3600, 1),
        ({"schedule": "cron(0 18 * * ? *)"}, MIDNIGHT + 18 * 3600, 6),
        ({"schedule": "cron(0 8,16 * * ? *)"}, MIDNIGHT + 16 * 3600, 1),
        ({"schedule": "cron(0 16 1,15 * ? *)", "duration": "2h"}, MIDNIGHT + 16 * 3600, 2),
    ],
)
def test_windows(rules: dict[str, Any], opens: float, hours: int) -> None:
    assert schedules.window(Rotation(**rules), START) == (opens, opens + hours * 3600)


@pytest.mark.parametrize(
    "rules",
    [
        {"schedule": "rate(3 hours)"},
        {"schedule": "rate(90 minutes)"},
        {"schedule": "rate(1000 days)"},
        {"schedule": "rate(4 hours)", "duration": "5h"},
        {"schedule": "cron(30 8 * * ? *)"},
        {"schedule": "cron(0 22 * * ? *)", "duration": "3h"},
        {"schedule": "cron(0 8,10 * * ? *)", "duration": "3h"},
        {"after_days": 1, "duration": "hh"},
    ],
)
def test_schedules_that_are_refused(rules: dict[str, Any]) -> None:
    with pytest.raises(AwsError, match="InvalidParameterException"):
        schedules.window(Rotation(**rules), START)
