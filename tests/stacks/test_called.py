"""Types that have functions called: the schedule of a secret's rotation, and a filter of a log group."""
# ruff: noqa: E501 (templates: a resource to a line where it fits)

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from fogbank.control import caller
from fogbank.planes.sandbox.sandbox import Function, Invocation, Outcome
from fogbank.testing import TestCloud

from .test_forty import Story, different

BODY = """
Parameters:
  Days: {Type: Number, Default: 30}
  Pattern: {Type: String, Default: ERROR}
  At: {Type: String, Default: 'true'}
Resources:
  Runner:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole']
  Asked:
    Type: AWS::Lambda::Function
    Properties: {Runtime: python3.11, Handler: index.answer, Role: !GetAtt Runner.Arn, Code: {ZipFile: "def answer(event, context): return 1"}}
  Rotates: {Type: 'AWS::Lambda::Permission', Properties: {FunctionName: !Ref Asked, Action: 'lambda:InvokeFunction', Principal: secretsmanager.amazonaws.com}}
  Reads: {Type: 'AWS::Lambda::Permission', Properties: {FunctionName: !Ref Asked, Action: 'lambda:InvokeFunction', Principal: logs.amazonaws.com}}
  Kept: {Type: 'AWS::SecretsManager::Secret', Properties: {Name: kept, SecretString: old}}
  Turning:
    Type: AWS::SecretsManager::RotationSchedule
    DependsOn: Rotates
    Properties:
      SecretId: !Ref Kept
      RotationLambdaARN: !GetAtt Asked.Arn
      RotateImmediatelyOnUpdate: !Ref At
      RotationRules: {AutomaticallyAfterDays: !Ref Days}
  Log: {Type: 'AWS::Logs::LogGroup', Properties: {LogGroupName: quay}}
  Heard:
    Type: AWS::Logs::SubscriptionFilter
    DependsOn: Reads
    Properties: {LogGroupName: !Ref Log, FilterPattern: !Ref Pattern, DestinationArn: !GetAtt Asked.Arn}
"""
CAPABLE = {"Capabilities": ["CAPABILITY_IAM"]}


@pytest.fixture
def story(cloud: TestCloud) -> Iterator[Story]:
    """A cloud whose functions put a new value at once, when they are to finish a rotation."""

    def answer(function: Function, invocation: Invocation) -> Outcome:
        event = json.loads(invocation.payload)
        if event.get("Step") == "finishSecret":
            given = {"SecretId": event["SecretId"], "ClientRequestToken": event["ClientRequestToken"]}
            ctx = cloud.cloud.context("secretsmanager", "PutSecretValue", caller.root("000000000000"))
            assert cloud.cloud.dispatch.answer(ctx, {**given, "SecretString": "new"}).error is None
        return Outcome(b"null")

    cloud.cloud.planes.sandboxes.answers = answer  # type: ignore[attr-defined]
    yield Story(cloud)


def given(**values: str) -> dict[str, object]:
    rows = [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]
    return {**CAPABLE, "Parameters": rows}


def described(story: Story) -> dict[str, object]:
    return story.ask("secretsmanager", "DescribeSecret", {"SecretId": "kept"})


def value(story: Story) -> str:
    return str(story.ask("secretsmanager", "GetSecretValue", {"SecretId": "kept"})["SecretString"])


def filters(story: Story) -> list[tuple[str, str]]:
    found = story.ask("logs", "DescribeSubscriptionFilters", {"logGroupName": "quay"})["subscriptionFilters"]
    return [(one["filterName"], one["filterPattern"]) for one in found]


def test_a_secret_is_rotated_and_a_log_is_heard(story: Story) -> None:
    empty = story.world()
    assert story.does("CreateStack", TemplateBody=BODY, **CAPABLE) == "CREATE_COMPLETE", story.why()
    ids = story.ids()
    assert ids["Turning"] == ids["Kept"] and value(story) == "new"
    rules = described(story)["RotationRules"]
    assert rules == {"AutomaticallyAfterDays": 30}
    assert filters(story) == [(ids["Heard"], "ERROR")]
    changed = given(Days="7", Pattern="WARN")
    assert story.does("UpdateStack", TemplateBody=BODY, **changed) == "UPDATE_COMPLETE", story.why()
    assert described(story)["RotationRules"] == {"AutomaticallyAfterDays": 7}
    assert story.ids() == ids and filters(story) == [(ids["Heard"], "WARN")]
    assert story.does("DeleteStack") == "DELETE_COMPLETE", story.why()
    # As with AWS, what a function has printed outlives it.
    for group in story.ask("logs", "DescribeLogGroups", {"logGroupNamePrefix": "/aws/lambda/shop-Asked"})["logGroups"]:
        story.ask("logs", "DeleteLogGroup", {"logGroupName": group["logGroupName"]})
    assert different(empty, story.world()) == {}


def test_a_rotation_can_wait_for_its_window(story: Story) -> None:
    assert story.does("CreateStack", TemplateBody=BODY, **given(At="false")) == "CREATE_COMPLETE", story.why()
    assert value(story) == "old" and described(story)["RotationEnabled"] is True
    story.cloud.advance(31 * 86_400)
    assert value(story) == "new"


def test_what_may_not_be_called_fails_the_stack(story: Story) -> None:
    closed = BODY.replace("Principal: logs.amazonaws.com", "Principal: sns.amazonaws.com")
    assert story.does("CreateStack", TemplateBody=closed, **CAPABLE) == "ROLLBACK_COMPLETE"
    (why,) = [why for name, why in story.why() if name == "Heard"]
    assert "Could not execute the lambda function." in why


def test_a_hosted_function_is_refused_by_name(story: Story) -> None:
    hosted = BODY.replace(
        "RotationLambdaARN: !GetAtt Asked.Arn", "HostedRotationLambda: {RotationType: MySQLSingleUser}"
    )
    assert story.does("CreateStack", TemplateBody=hosted, **CAPABLE) == "ROLLBACK_COMPLETE"
    assert any("HostedRotationLambda" in why for name, why in story.why() if name == "Turning"), story.why()
