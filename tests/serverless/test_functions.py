"""Custom resources and macros whose functions really run, and find the way back by the address that they are told."""

from __future__ import annotations

import time
from typing import Any

import boto3
import pytest

from fogbank.testing import Served

ROLE = """
  Runner:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole']
"""
MAKER = f"""
Parameters: {{Word: {{Type: String, Default: hello}}}}
Resources:
{ROLE}
  Maker:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: RUNTIME
      Handler: index.answer
      Role: !GetAtt Runner.Arn
      Timeout: 20
      Code:
        ZipFile: |
CODE
  Made:
    Type: Custom::Loud
    Properties: {{ServiceToken: !GetAtt Maker.Arn, Word: !Ref Word}}
Outputs:
  Said: {{Value: !GetAtt Made.Said}}
  Made: {{Value: !Ref Made}}
"""
PYTHON = """
import cfnresponse

def answer(event, context):
    word = event["ResourceProperties"]["Word"]
    status = cfnresponse.FAILED if word == "fail" and event["RequestType"] != "Delete" else cfnresponse.SUCCESS
    cfnresponse.send(event, context, status, {"Said": word.upper()}, "loud", reason=f"{word} is no word")
"""
NODE = """
const response = require("cfn-response");
exports.answer = function (event, context) {
  const word = event.ResourceProperties.Word;
  response.send(event, context, response.SUCCESS, { Said: word.toUpperCase() }, "loud");
};
"""
MACRO = f"""
Resources:
{ROLE}
  Maker:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.11
      Handler: index.double
      Role: !GetAtt Runner.Arn
      Code:
        ZipFile: |
          def double(event, context):
              found = event["fragment"]
              found["Resources"] |= {{f"{{name}}Again": one for name, one in found["Resources"].items()}}
              return {{"requestId": event["requestId"], "status": "success", "fragment": found}}
  Macro: {{Type: 'AWS::CloudFormation::Macro', Properties: {{Name: Twice, FunctionName: !Ref Maker}}}}
"""
CAPABLE = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
DEADLINE_SECONDS = 60


class Stack:
    def __init__(self, served: Served, account: str) -> None:
        credentials = {"aws_access_key_id": account, "aws_secret_access_key": "fogbank"}
        self.api = boto3.client("cloudformation", endpoint_url=served.url, region_name="us-east-1", **credentials)

    def does(self, operation: str, name: str, **more: Any) -> str:
        """Ask for something, wait until it is done, and say how it ended."""
        known = self.found(name)["StackId"] if operation != "create_stack" else ""
        arn = getattr(self.api, operation)(StackName=name, **more).get("StackId", known)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            status = str(self.found(arn)["StackStatus"])
            if not status.endswith("_IN_PROGRESS"):
                return status
            time.sleep(0.05)
        raise AssertionError(f"it hangs: {self.why(arn)}")

    def found(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.describe_stacks(StackName=name)["Stacks"][0]
        return found

    def outputs(self, name: str) -> dict[str, str]:
        return {one["OutputKey"]: one["OutputValue"] for one in self.found(name)["Outputs"]}

    def why(self, name: str) -> str:
        rows = self.api.describe_stack_events(StackName=name)["StackEvents"]
        return " | ".join(row.get("ResourceStatusReason", "") for row in rows)


@pytest.fixture
def stack(running: Served, account: str) -> Stack:
    return Stack(running, account)


def body(runtime: str, code: str) -> str:
    indented = "\n".join(f"          {line}" for line in code.strip().splitlines())
    return MAKER.replace("RUNTIME", runtime).replace("CODE", indented)


@pytest.mark.parametrize(("runtime", "code"), [("python3.11", PYTHON), ("nodejs20.x", NODE)])
def test_a_custom_resource_is_made_by_a_function(running: Served, stack: Stack, runtime: str, code: str) -> None:
    missing = running.cloud.planes.sandboxes.runtimes().get(runtime, "it is not known")
    if missing:
        pytest.skip(f"no {runtime}: {missing}")
    template = body(runtime, code)
    assert stack.does("create_stack", "made", TemplateBody=template, Capabilities=CAPABLE) == "CREATE_COMPLETE"
    assert stack.outputs("made") == {"Said": "HELLO", "Made": "loud"}
    word = [{"ParameterKey": "Word", "ParameterValue": "bye"}]
    changed = {"UsePreviousTemplate": True, "Capabilities": CAPABLE, "Parameters": word}
    assert stack.does("update_stack", "made", **changed) == "UPDATE_COMPLETE"
    assert stack.outputs("made")["Said"] == "BYE"
    assert stack.does("delete_stack", "made") == "DELETE_COMPLETE"


def test_a_function_that_says_no(stack: Stack) -> None:
    word = [{"ParameterKey": "Word", "ParameterValue": "fail"}]
    given = {"TemplateBody": body("python3.11", PYTHON), "Capabilities": CAPABLE, "Parameters": word}
    assert stack.does("create_stack", "made", **given) == "ROLLBACK_COMPLETE"
    assert "from custom resource. Message returned: fail is no word (RequestId: " in stack.why("made")


def test_a_macro_is_a_function(stack: Stack) -> None:
    assert stack.does("create_stack", "macro", TemplateBody=MACRO, Capabilities=CAPABLE) == "CREATE_COMPLETE"
    twice = "Transform: Twice\nResources: {Queue: {Type: 'AWS::SQS::Queue'}}"
    assert stack.does("create_stack", "twice", TemplateBody=twice, Capabilities=CAPABLE) == "CREATE_COMPLETE"
    rows = stack.api.describe_stack_resources(StackName="twice")["StackResources"]
    assert sorted(row["LogicalResourceId"] for row in rows) == ["Queue", "QueueAgain"]
    assert stack.does("delete_stack", "twice") == "DELETE_COMPLETE"
    assert stack.does("delete_stack", "macro") == "DELETE_COMPLETE"
