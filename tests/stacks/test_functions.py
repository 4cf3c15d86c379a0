"""Types of Lambda that serverless templates are made of: URLs, layers, permissions, what becomes of events."""
# ruff: noqa: E501 (templates: a resource to a line where it fits)

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fogbank.services.lambda_.test_lambda import zipped
from fogbank.testing import TestCloud

from .test_forty import Story, different
from .test_types import outputs

BODY = """
Parameters: {Word: {Type: String, Default: one}, Tries: {Type: Number, Default: 1}, Origin: {Type: String, Default: '*'}}
Resources:
  Runner:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole']
  Asked:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.11
      Handler: index.answer
      Role: !GetAtt Runner.Arn
      Layers: [!Ref Shelf]
      Code: {ZipFile: "def answer(event, context): return 1"}
  Shelf:
    Type: AWS::Lambda::LayerVersion
    Properties: {LayerName: shelf, Description: !Ref Word, CompatibleRuntimes: [python3.11], Content: {S3Bucket: code, S3Key: shelf.zip}}
  Shared:
    Type: AWS::Lambda::LayerVersionPermission
    Properties: {LayerVersionArn: !Ref Shelf, Action: 'lambda:GetLayerVersion', Principal: '123456789012'}
  Page:
    Type: AWS::Lambda::Url
    Properties: {TargetFunctionArn: !Ref Asked, AuthType: NONE, Cors: {AllowOrigins: [!Ref Origin]}}
  Everybody:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref Asked, Action: 'lambda:InvokeFunction', Principal: '*', InvokedViaFunctionUrl: true}
  Later:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: {FunctionName: !Ref Asked, Qualifier: $LATEST, MaximumRetryAttempts: !Ref Tries}
Outputs:
  Url: {Value: !GetAtt Page.FunctionUrl}
  Shelf: {Value: !GetAtt Shelf.LayerVersionArn}
"""
CAPABLE = {"Capabilities": ["CAPABILITY_IAM"]}


@pytest.fixture
def story(cloud: TestCloud) -> Iterator[Story]:
    cloud.call("s3", "CreateBucket", {"Bucket": "code"})
    cloud.call("s3", "PutObject", {"Bucket": "code", "Key": "shelf.zip", "Body": zipped(shelf="KEPT = 1")})
    yield Story(cloud)


def given(**values: str) -> dict[str, object]:
    rows = [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]
    return {**CAPABLE, "Parameters": rows}


def test_what_serverless_templates_are_made_of(story: Story) -> None:
    empty = story.world()
    assert story.does("CreateStack", TemplateBody=BODY, **CAPABLE) == "CREATE_COMPLETE", story.why()
    ids, told = story.ids(), outputs(story)
    name = {"FunctionName": ids["Asked"]}
    url = story.ask("lambda", "GetFunctionUrlConfig", name)
    assert (url["FunctionUrl"], url["Cors"]) == (told["Url"], {"AllowOrigins": ["*"]})
    assert story.ask("lambda", "GetFunctionEventInvokeConfig", name)["MaximumRetryAttempts"] == 1
    shelf = {"LayerName": "shelf", "VersionNumber": 1}
    assert "123456789012" in story.ask("lambda", "GetLayerVersionPolicy", shelf)["Policy"]
    assert told["Shelf"].endswith(":layer:shelf:1")
    changed = given(Word="two", Tries="0", Origin="https://example.com")
    assert story.does("UpdateStack", TemplateBody=BODY, **changed) == "UPDATE_COMPLETE", story.why()
    url = story.ask("lambda", "GetFunctionUrlConfig", name)
    assert (url["FunctionUrl"], url["Cors"]) == (told["Url"], {"AllowOrigins": ["https://example.com"]})
    assert story.ask("lambda", "GetFunctionEventInvokeConfig", name)["MaximumRetryAttempts"] == 0
    versions = story.ask("lambda", "ListLayerVersions", {"LayerName": "shelf"})["LayerVersions"]
    assert [one["Version"] for one in versions] == [2], "another version in the place of the first"
    assert story.does("DeleteStack") == "DELETE_COMPLETE", story.why()
    assert story.ask("lambda", "ListLayers", {})["Layers"] == []
    assert different(empty, story.world()) == {}


def test_a_configuration_that_is_there_is_not_taken_over(story: Story) -> None:
    assert story.does("CreateStack", TemplateBody=BODY, **CAPABLE) == "CREATE_COMPLETE", story.why()
    more = "Resources: {{Again: {{Type: 'AWS::Lambda::EventInvokeConfig', Properties: {{FunctionName: {}, Qualifier: $LATEST}}}}}}"
    body = more.format(story.ids()["Asked"])
    story.cloud.call("cloudformation", "CreateStack", {"StackName": "again", "TemplateBody": body})
    story.cloud.run(story.cloud.cloud.settled())
    found = story.cloud.call("cloudformation", "DescribeStacks", {"StackName": "again"})["Stacks"][0]
    assert found["StackStatus"] == "ROLLBACK_COMPLETE"
    assert story.ask("lambda", "GetFunctionEventInvokeConfig", {"FunctionName": story.ids()["Asked"]})
