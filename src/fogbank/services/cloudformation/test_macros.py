"""Transforms: snippets, macros, loops, serverless resources; in what order, and what is said of those that fail."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.planes.sandbox.sandbox import Function, Invocation, Outcome
from fogbank.services.cloudformation.test_stacks import Stacks
from fogbank.services.lambda_.test_lambda import World
from fogbank.testing import TestCloud

EXPANDS = {"Capabilities": ["CAPABILITY_AUTO_EXPAND"]}
MACRO = """
Resources:
  Macro: {Type: 'AWS::CloudFormation::Macro', Properties: {Name: Loud, FunctionName: loud}}
"""
LOUD = """
Transform: [Loud]
Parameters: {Word: {Type: String, Default: hello}, Many: {Type: CommaDelimitedList, Default: 'a,b'}}
Resources:
  First: {Type: 'AWS::SSM::Parameter', Properties: {Name: /first, Type: String, Value: !Ref Word}}
"""
INSIDE = """
Parameters: {Word: {Type: String, Default: hello}}
Resources:
  First:
    Type: AWS::SSM::Parameter
    Properties:
      Name: /first
      Type: String
      Value: {'Fn::Transform': {Name: Loud, Parameters: {Word: !Ref Word}}}
"""
SERVERLESS = """
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: python3.11, Timeout: 9}}
Parameters: {Stage: {Type: String, Default: test}}
Resources:
  Asked:
    Type: AWS::Serverless::Function
    Properties:
      Handler: index.answer
      InlineCode: "def answer(event, context): return 1"
      AutoPublishAlias: live
      Tracing: Active
      Environment: {Variables: {STAGE: !Ref Stage}}
      Policies:
        - SSMParameterReadPolicy: {ParameterName: shop/word}
        - AmazonSQSReadOnlyAccess
      Events:
        Daily: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
        Fed: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}
  Queue: {Type: 'AWS::SQS::Queue'}
Outputs:
  Alias: {Value: !Ref Asked.Alias}
"""
IAM = {"Capabilities": ["CAPABILITY_AUTO_EXPAND", "CAPABILITY_IAM"]}


class Macros(Stacks):
    """Stacks whose macro is answered by the test."""

    def __init__(self, cloud: TestCloud) -> None:
        super().__init__(cloud)
        self.world = World(cloud)
        self.told: list[dict[str, Any]] = []
        self.says: Callable[[dict[str, Any]], Any] = lambda told: {"fragment": told["fragment"]}
        self.world.sandboxes.answers = self._answer

    def _answer(self, function: Function, invocation: Invocation) -> Outcome:
        told = json.loads(invocation.payload)
        self.told.append(told)
        said = self.says(told)
        if isinstance(said, Outcome):
            return said
        return Outcome(json.dumps({"requestId": told["requestId"], "status": "success", **said}).encode())

    def register(self) -> None:
        self.world.make("loud")
        self.create(MACRO, "macros")
        assert self.status("macros") == "CREATE_COMPLETE"

    def failures(self, name: str = "shop") -> list[str]:
        rows = self.call("DescribeStackEvents", StackName=name)["StackEvents"]
        return [row["ResourceStatusReason"] for row in rows if row["ResourceStatus"].endswith("_FAILED")]

    def why(self, name: str = "shop") -> str:
        """The first reason that the stack itself gave."""
        rows = self.call("DescribeStackEvents", StackName=name)["StackEvents"]
        told = [row.get("ResourceStatusReason", "") for row in rows if row["LogicalResourceId"] == name]
        return next(one for one in reversed(told) if one not in ("", "User Initiated"))

    def put(self, key: str, text: str) -> str:
        self.cloud.call("s3", "PutObject", {"Bucket": "snippets", "Key": key, "Body": text.encode()})
        return f"s3://snippets/{key}"


@pytest.fixture
def macros(cloud: TestCloud) -> Macros:
    cloud.call("s3", "CreateBucket", {"Bucket": "snippets"})
    return Macros(cloud)


def louder(told: dict[str, Any]) -> dict[str, Any]:
    found = told["fragment"]
    found["Resources"]["Second"] = {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Name": "/second", "Type": "String", "Value": "made"},
    }
    return {"fragment": found}


def test_a_macro_makes_the_template(macros: Macros) -> None:
    macros.register()
    macros.says = louder
    arn = macros.create(LOUD, Parameters=[{"ParameterKey": "Word", "ParameterValue": "hi"}], **EXPANDS)
    assert (macros.status(), macros.parameters()) == ("CREATE_COMPLETE", {"/first": "hi", "/second": "made"})
    (told,) = macros.told
    assert told["fragment"].keys() == {"Parameters", "Resources"}, "all but the section itself"
    assert (told["accountId"], told["region"], told["transformId"]) == ("0" * 12, "us-east-1", f"{'0' * 12}::Loud")
    assert (told["params"], told["templateParameterValues"]) == ({}, {"Word": "hi", "Many": ["a", "b"]})
    original = macros.call("GetTemplate", StackName=arn)
    assert original == {"TemplateBody": LOUD, "StagesAvailable": ["Original", "Processed"]}
    whole = json.loads(macros.call("GetTemplate", StackName=arn, TemplateStage="Processed")["TemplateBody"])
    assert set(whole["Resources"]) == {"First", "Second"} and "Transform" not in whole
    macros.says = lambda told: {"fragment": told["fragment"]}
    macros.update(LOUD, **EXPANDS)
    assert (macros.status(), macros.parameters()) == ("UPDATE_COMPLETE", {"/first": "hello"})


def test_a_macro_makes_a_part(macros: Macros) -> None:
    macros.register()
    macros.says = lambda told: {"fragment": f"{told['params']['Word']}!"}
    macros.create(INSIDE, **EXPANDS)
    assert macros.parameters() == {"/first": "hello!"}
    assert macros.told[0]["fragment"] == {}


def test_the_innermost_is_first(macros: Macros) -> None:
    macros.register()
    seen: list[str] = []

    def says(told: dict[str, Any]) -> dict[str, Any]:
        seen.append(told["params"].get("At", "whole"))
        return {"fragment": {**told["fragment"], **({"Name": "/in"} if told["params"].get("At") == "in" else {})}}

    macros.says = says
    transform = "{'Fn::Transform': {Name: Loud, Parameters: {At: in}}, Type: String, Value: x}"
    resource = f"{{Type: 'AWS::SSM::Parameter', Properties: {transform}"
    outer = "'Fn::Transform': {Name: Loud, Parameters: {At: out}}"
    macros.create(f"Transform: Loud\nResources: {{P: {resource}, {outer}}}}}", **EXPANDS)
    assert (macros.parameters(), seen) == ({"/in": "x"}, ["in", "out", "whole"])


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"status": "failed", "errorMessage": "too quiet"}, "Transform 000000000000::Loud failed with: too quiet"),
        ({"status": "failed"}, "Transform 000000000000::Loud failed without an error message."),
        ({"requestId": "another"}, "Received malformed response from transform 000000000000::Loud"),
        (Outcome(b"{}", error="Unhandled"), "Failed to execute transform 000000000000::Loud"),
        ({"fragment": {"Resources": {"A": {"Type": "AWS::No::Such"}}}}, "Unrecognized resource types: [AWS::No::Such]"),
        ({"fragment": {"Resources": {}}}, "At least one Resources member must be defined."),
        ({"fragment": 1}, "Template format error: unsupported structure."),
    ],
)
def test_a_macro_that_fails(macros: Macros, said: Any, why: str) -> None:
    macros.register()
    macros.says = lambda told: said
    macros.create(LOUD, **EXPANDS)
    assert macros.status() == "ROLLBACK_COMPLETE"
    assert why in macros.why()
    assert macros.parameters() == {}
    given = {"StackName": "other", "ChangeSetName": "one", "ChangeSetType": "CREATE", "TemplateBody": LOUD}
    macros.call("CreateChangeSet", **given)
    macros.settle()
    found = macros.call("DescribeChangeSet", StackName="other", ChangeSetName="one")
    assert (found["Status"], found["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert why in found["StatusReason"]


def test_an_update_whose_macro_fails_leaves_what_was(macros: Macros) -> None:
    macros.register()
    macros.create(LOUD, **EXPANDS)
    macros.says = lambda told: {"status": "failed", "errorMessage": "no"}
    macros.update(LOUD.replace("hello", "bye"), **EXPANDS)
    assert (macros.status(), macros.parameters()) == ("UPDATE_ROLLBACK_COMPLETE", {"/first": "hello"})
    assert "failed with: no" in macros.why()


def test_who_transforms_says_so(macros: Macros) -> None:
    with pytest.raises(AwsError, match=r"Requires capabilities : \[CAPABILITY_AUTO_EXPAND\]") as caught:
        macros.create(LOUD)
    assert caught.value.code == "InsufficientCapabilitiesException"
    with pytest.raises(AwsError, match=r"No transform named 000000000000::Loud found\."):
        macros.create(LOUD, **EXPANDS)
    with pytest.raises(AwsError, match=r"No transform named AWS::Nobody found\."):
        macros.create(LOUD.replace("[Loud]", "AWS::Nobody"), **EXPANDS)
    assert macros.call("DescribeStacks")["Stacks"] == []
    macros.register()
    macros.create(LOUD, **EXPANDS)
    with pytest.raises(AwsError, match="CAPABILITY_AUTO_EXPAND"):
        macros.update(LOUD)
    for operation in ("ValidateTemplate", "GetTemplateSummary"):
        found = macros.call(operation, TemplateBody=LOUD)
        assert (found["DeclaredTransforms"], found["Capabilities"]) == (["Loud"], ["CAPABILITY_AUTO_EXPAND"])


def test_a_change_set_waits_for_its_macro(macros: Macros) -> None:
    macros.register()
    macros.says = louder
    given = {"StackName": "shop", "ChangeSetName": "one", "ChangeSetType": "CREATE", "TemplateBody": LOUD}
    macros.call("CreateChangeSet", **given)
    macros.settle()
    found = macros.call("DescribeChangeSet", StackName="shop", ChangeSetName="one")
    assert (found["Status"], found["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert [one["ResourceChange"]["LogicalResourceId"] for one in found["Changes"]] == ["First", "Second"]
    macros.call("ExecuteChangeSet", StackName="shop", ChangeSetName="one")
    macros.settle()
    assert (macros.status(), len(macros.told)) == ("CREATE_COMPLETE", 1), "what was looked at is what is made"
    macros.call("CreateChangeSet", StackName="shop", ChangeSetName="same", TemplateBody=LOUD)
    macros.settle()
    same = macros.call("DescribeChangeSet", StackName="shop", ChangeSetName="same")
    assert same["Status"] == "FAILED" and "didn't contain changes" in same["StatusReason"]


def test_a_macro_is_one_stacks_and_its_callers_right(macros: Macros) -> None:
    macros.register()
    macros.create(MACRO, "again")
    assert macros.status("again") == "ROLLBACK_COMPLETE"
    macros.delete("macros")
    with pytest.raises(AwsError, match="No transform named"):
        macros.create(LOUD, **EXPANDS)


def test_snippets_are_included(macros: Macros) -> None:
    snippet = "{Type: 'AWS::SSM::Parameter', Properties: {Name: /in, Type: String, Value: {Ref: 'AWS::Region'}}}"
    whole = macros.put("whole.yaml", f"Resources: {{Included: {snippet}}}")
    part = macros.put("part.yaml", "Type: String\nValue: part")
    body = f"""
Parameters: {{Bucket: {{Type: String, Default: snippets}}}}
Transform: {{Name: AWS::Include, Parameters: {{Location: '{whole}'}}}}
Resources:
  Own:
    Type: AWS::SSM::Parameter
    Properties:
      Name: /own
      'Fn::Transform': {{Name: AWS::Include, Parameters: {{Location: !Sub 's3://${{Bucket}}/part.yaml'}}}}
"""
    macros.create(body, **EXPANDS)
    assert macros.parameters() == {"/in": "us-east-1", "/own": "part"}, macros.why()
    macros.create(body.replace(part, "").replace("part.yaml", "none.yaml"), "other", **EXPANDS)
    assert "Transform AWS::Include failed with: S3 bucket [snippets] or key [none.yaml]" in macros.why("other")
    macros.put("part.yaml", "a: [")
    macros.update(body, **EXPANDS)
    text = "Transform AWS::Include failed with: The specified S3 object's content should be valid Yaml/JSON"
    assert text in macros.why()


def test_loops_are_written_out(macros: Macros) -> None:
    body = """
Transform: AWS::LanguageExtensions
Parameters: {Names: {Type: CommaDelimitedList, Default: 'a-1,b-2'}, Keep: {Type: String, Default: Retain}}
Resources:
  Fn::ForEach::Each:
    - Name
    - !Ref Names
    - P&{Name}:
        Type: AWS::SSM::Parameter
        DeletionPolicy: !Ref Keep
        Properties: {Name: !Sub '/${Name}', Type: String, Value: !Ref Name}
  All: {Type: 'AWS::SSM::Parameter', Properties: {Name: /all, Type: String, Value: {'Fn::ToJsonString': {n: 1}}}}
Outputs:
  Fn::ForEach::Said:
    - Name
    - !Ref Names
    - Of&{Name}: {Value: !GetAtt 'P&{Name}.Value'}
"""
    macros.create(body, **EXPANDS)
    assert macros.parameters() == {"/a-1": "a-1", "/b-2": "b-2", "/all": '{"n":1}'}, macros.why()
    outputs = {one["OutputKey"]: one["OutputValue"] for one in macros.one()["Outputs"]}
    assert outputs == {"Ofa1": "a-1", "Ofb2": "b-2"}
    macros.delete()
    assert set(macros.parameters()) == {"/a-1", "/b-2"}
    macros.create(body.replace("- !Ref Names\n    - P", "- 7\n    - P"), "other", **EXPANDS)
    assert "Transform AWS::LanguageExtensions failed with: Fn::ForEach::Each could not" in macros.why("other")
    with pytest.raises(AwsError, match="Resource name Fn::ForEach::Each is non alphanumeric"):
        macros.create(body.replace("Transform: AWS::LanguageExtensions\n", ""), "third", **EXPANDS)


def test_serverless_resources_are_written_out(macros: Macros) -> None:
    macros.create(SERVERLESS, **IAM)
    assert macros.status() == "CREATE_COMPLETE", macros.failures()
    rows = macros.call("DescribeStackResources", StackName="shop")["StackResources"]
    found = {row["ResourceType"]: row["PhysicalResourceId"] for row in rows}
    assert found.keys() >= {
        "AWS::IAM::Role",
        "AWS::Lambda::Function",
        "AWS::Lambda::Version",
        "AWS::Lambda::Alias",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Events::Rule",
        "AWS::Lambda::Permission",
    }
    ask = macros.world.call
    function = ask("GetFunctionConfiguration", FunctionName=found["AWS::Lambda::Function"])
    assert (function["Timeout"], function["Environment"]["Variables"]["STAGE"]) == (9, "test")
    assert function["TracingConfig"]["Mode"] == "Active"
    (role,) = [one for one in macros.cloud.call("iam", "ListRoles")["Roles"] if one["RoleName"] != "runs"]
    attached = macros.cloud.call("iam", "ListAttachedRolePolicies", {"RoleName": role["RoleName"]})
    names = {one["PolicyName"] for one in attached["AttachedPolicies"]}
    assert names >= {"AmazonSQSReadOnlyAccess", "AWSLambdaBasicExecutionRole"}
    summary = macros.call("GetTemplateSummary", StackName="shop")
    assert summary["DeclaredTransforms"] == ["AWS::Serverless-2016-10-31"]
    macros.delete()
    assert ask("ListFunctions")["Functions"] == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            ("      Handler: index.answer\n", ""),
            "Invalid Serverless Application Specification document. Number of errors found: 1. "
            "Resource with id [Asked] is invalid.",
        ),
        (("rate(1 day)", "!Ref Nobody"), "Unresolved resource dependencies [Nobody]"),
        (("Globals: {Function", "Globals: {Fun"), "'Globals' section is invalid."),
    ],
)
def test_what_is_wrong_is_told_in_sams_words(macros: Macros, change: tuple[str, str], why: str) -> None:
    macros.create(SERVERLESS.replace(*change), **IAM)
    assert macros.status() == "ROLLBACK_COMPLETE"
    assert why in macros.why()


def test_capabilities_are_asked_for_once_it_is_known_what_is_made(macros: Macros) -> None:
    macros.create(SERVERLESS, **EXPANDS)
    assert macros.why().startswith("Requires capabilities : [CAPABILITY_IAM]")


def test_loops_within_loops_end(macros: Macros) -> None:
    many = ", ".join(f"n{number}" for number in range(60))
    loop = "{'Fn::ForEach::A': [A, [MANY], {'Fn::ForEach::B': [B, [MANY], {'Fn::ForEach::C': [C, [MANY], " \
        "{'R${A}${B}${C}': {Type: 'AWS::SSM::Parameter', Properties: {Type: String, Value: x}}}]}]}]}"  # fmt: skip
    macros.create(f"Transform: AWS::LanguageExtensions\nResources: {loop.replace('MANY', many)}", **EXPANDS)
    assert "too large once its loops are written out" in macros.why()


def test_each_region_has_its_own_translation(macros: Macros) -> None:
    other = macros.cloud.client("cloudformation", region="eu-west-1")
    other("CreateStack", StackName="there", TemplateBody=SERVERLESS, **IAM)
    macros.create(SERVERLESS, **IAM)
    there = macros.cloud.client("lambda", region="eu-west-1")("ListFunctions")["Functions"]
    assert [one["FunctionArn"].split(":")[3] for one in there] == ["eu-west-1"]
    assert len(macros.world.call("ListFunctions")["Functions"]) == 1


def test_applications_of_the_repository_are_not_there(macros: Macros) -> None:
    location = "{ApplicationId: 'arn:aws:serverlessrepo:us-east-1:1:applications/x', SemanticVersion: 1.0.0}"
    body = f"""
Transform: AWS::Serverless-2016-10-31
Resources: {{App: {{Type: 'AWS::Serverless::Application', Properties: {{Location: {location}}}}}}}
"""
    macros.create(body, **EXPANDS)
    assert "applications of the Serverless Application Repository are not there" in macros.why()


def test_a_missing_package_is_named(macros: Macros, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "samtranslator", None)
    with pytest.raises(AwsError, match=r"aws-sam-translator: pip install 'fogbank\[functions\]'") as caught:
        macros.create(SERVERLESS, **IAM)
    assert caught.value.code == "ValidationError"
