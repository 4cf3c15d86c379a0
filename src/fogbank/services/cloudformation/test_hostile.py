"""Templates that nobody means well with: each is refused at once, or its stack comes to an end."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fogbank.aws.errors import AwsError
from fogbank.services.cloudformation import template
from fogbank.testing import TestCloud

WHOLE = """
Description: everything that a template may have
Parameters:
  Word: {Type: String, Default: one, AllowedPattern: '[a-z]+', MaxLength: 8, NoEcho: false}
  Several: {Type: CommaDelimitedList, Default: 'a,b', Description: some}
  Number: {Type: Number, Default: 3, MinValue: 1, AllowedValues: [1, 3]}
Rules:
  Together:
    RuleCondition: !Equals [!Ref Word, one]
    Assertions:
      - Assert: !And [!Contains [[one, two], !Ref Word], !Not [!Equals [!Ref Word, x]]]
        AssertDescription: one or two
      - Assert: !EachMemberIn [!Ref Several, [a, b, c]]
Mappings:
  Sizes: {us-east-1: {small: 1, all: [a, b]}}
Conditions:
  IsOne: !Equals [!Ref Word, one]
  IsNot: !Not [!Condition IsOne]
  Either: !Or [!Condition IsOne, !Equals [!FindInMap [Sizes, !Ref 'AWS::Region', small], 2]]
Metadata: {Anything: [1, {a: b}]}
Resources:
  First:
    Type: AWS::SSM::Parameter
    DeletionPolicy: Delete
    Metadata: {Some: thing}
    Properties:
      Name: !Sub ['/${Inner}/${AWS::StackName}', {Inner: !Select [0, !Ref Several]}]
      Type: String
      Value: !If [IsOne, !Join ['-', [!Ref Word, !Ref Number]], !Ref 'AWS::NoValue']
      Tags: {a: !Base64 b}
  Second:
    Type: AWS::SQS::Queue
    DependsOn: [First]
    Condition: Either
    Properties:
      VisibilityTimeout: !FindInMap [Sizes, !Ref 'AWS::Region', small]
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
      Tags: [{Key: a, Value: !Select [1, !Split ['-', !GetAtt First.Value]]}]
  Dead: {Type: 'AWS::SQS::Queue', UpdateReplacePolicy: Retain}
  Third:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
      Policies:
        - {PolicyName: p, PolicyDocument: {Statement: [{Effect: Allow, Action: 'sqs:*', Resource: !GetAtt Dead.Arn}]}}
  Net: {Type: 'AWS::EC2::VPC', Properties: {CidrBlock: 10.0.0.0/16, Tags: [{Key: a, Value: b}]}}
  Part:
    Type: AWS::EC2::Subnet
    Properties:
      VpcId: !Ref Net
      CidrBlock: !Select [1, !Cidr [!GetAtt Net.CidrBlock, 4, 8]]
      AvailabilityZone: !Select [0, !GetAZs '']
  Handle: {Type: 'AWS::CloudFormation::WaitConditionHandle'}
  Waits:
    Type: AWS::CloudFormation::WaitCondition
    CreationPolicy: {ResourceSignal: {Count: 0, Timeout: PT1M}}
Outputs:
  Where: {Value: !Ref Second, Condition: Either, Description: where}
  What: {Value: !Sub '${First.Value} ${Word}', Export: {Name: !Sub '${AWS::StackName}-what'}}
"""
GOOD: dict[str, Any] = template.parsed(WHOLE)
LOOPS: dict[str, Any] = template.parsed("""
Transform: AWS::LanguageExtensions
Parameters: {Names: {Type: CommaDelimitedList, Default: 'a,b'}, Keep: {Type: String, Default: Delete}}
Resources:
  'Fn::ForEach::Each':
    - Name
    - !Ref Names
    - 'Parameter${Name}':
        Type: AWS::SSM::Parameter
        DeletionPolicy: !Ref Keep
        Properties: {Type: String, Value: !Sub '${Name}', Name: {'Fn::Sub': '/${Name}'}}
Conditions: {IsOne: !Equals [a, a]}
Outputs: {'Fn::ForEach::Out': [Name, [a, b], {'Out${Name}': {Value: !Ref Name}}]}
""")
SERVERLESS: dict[str, Any] = template.parsed("""
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Timeout: 5, Environment: {Variables: {WORD: b}}}}
Parameters: {Word: {Type: String, Default: one}}
Resources:
  Asked:
    Type: AWS::Serverless::Function
    Properties:
      InlineCode: "def answer(event, context): return 1"
      Handler: index.answer
      Runtime: python3.11
      Policies: [AWSLambdaBasicExecutionRole, {Statement: [{Effect: Allow, Action: 'sqs:*', Resource: '*'}]}]
      Events: {Fed: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn, BatchSize: 3}}}
      Tags: {a: !Ref Word}
      AutoPublishAlias: live
  Jobs: {Type: 'AWS::SQS::Queue'}
Outputs: {Arn: {Value: !GetAtt Asked.Arn}}
""")
Path = tuple[Any, ...]


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in pairs:
        yield from paths(one, (*path, name))


STRANGE = (
    *(None, True, 0, -1, 1.5, 10**30, "", "x", "é", "\ud800", "nul\0", "${", "${X}", "${First.Nothing}", "-", "[", "*"),
    *([], [[]], ["x"], [1, 2, 3], {}, {"x": "y"}, {"Key": "a"}, [{"Key": 1}], {"Ref": "Nobody"}, {"Ref": ["First"]}),
    *({"Ref": "First"}, {"Ref": "Word"}, {"Ref": "Several"}, {"Ref": "AWS::NoValue"}, {"Condition": "Nobody"}),
    *(
        {"Fn::GetAtt": ["First", "Nothing"]},
        {"Fn::GetAtt": []},
        {"Fn::GetAtt": "First"},
        {"Fn::GetAtt": ["Dead", "Arn"]},
    ),
    *(
        {"Fn::Sub": {}},
        {"Fn::Sub": ["${a}", {"a": {"Ref": "Several"}}]},
        {"Fn::Nothing": 1},
        {"Fn::If": ["IsOne", {}, 1]},
    ),
    *(
        {"Fn::Select": ["x", {"Ref": "Several"}]},
        {"Fn::Select": [0, {"Fn::GetAZs": "nowhere"}]},
        {"Fn::Split": ["", "a"]},
    ),
    *({"Fn::Cidr": ["x", 1, 1]}, {"Fn::Cidr": ["10.0.0.0/8", 10**9, 1]}, {"Fn::ImportValue": {"Ref": "Several"}}),
    *(
        {"Fn::Join": [1, 2]},
        {"Fn::FindInMap": ["Sizes", "us-east-1", "all"]},
        {"Fn::Length": "x"},
        {"Fn::Transform": 1},
    ),
    *({"Fn::Transform": {"Name": "AWS::Include", "Parameters": []}}, {"Fn::ForEach::X": 1}, {"Fn::Equals": [1, 1]}),
)


@st.composite
def mutated(draw: st.DrawFn, good: dict[str, Any]) -> dict[str, Any]:
    """A good template with one to three of its nodes taken out, replaced, or put in each other's place."""
    found = copy.deepcopy(good)
    for _ in range(draw(st.sampled_from((1, 1, 1, 2, 3)))):
        path = draw(st.sampled_from([one for one in paths(found) if one]))
        owner: Any = found
        for name in path[:-1]:
            owner = owner[name]
        what = draw(st.sampled_from(("drop", "strange", "strange", "strange", "other", "key")))
        if what == "drop":
            del owner[path[-1]]
        elif what == "key" and isinstance(owner, dict):
            owner[draw(st.sampled_from(("Strange", "Condition", "Fn::If", "Ref", "Transform")))] = owner.pop(path[-1])
        elif what == "other":
            other = draw(st.sampled_from(list(paths(good))))
            value: Any = good
            for name in other:
                value = value[name]
            owner[path[-1]] = copy.deepcopy(value)
        else:
            owner[path[-1]] = copy.deepcopy(draw(st.sampled_from(STRANGE)))
    return found


ENDS = ("CREATE_COMPLETE", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
REFUSALS = ("ValidationError", "InsufficientCapabilitiesException", "NotImplemented")


class Ended:
    """A cloud in which templates are tried, one after the other."""

    def __init__(self, log: pytest.LogCaptureFixture) -> None:
        self.cloud = TestCloud()
        self.call = self.cloud.client("cloudformation")
        self.log = log
        self.tried = 0
        self.why: list[str] = []
        """Why the latest stack failed."""

    def settle(self) -> None:
        self.cloud.run(self.cloud.cloud.settled())

    def ends(self, body: str) -> str:
        """How it ends that a stack is made of a template. Raises AssertionError for one that does not end."""
        self.tried += 1
        name = f"shop{self.tried}"
        capabilities = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
        try:
            arn = self.call("CreateStack", StackName=name, TemplateBody=body, Capabilities=capabilities)["StackId"]
        except AwsError as error:
            assert error.code in REFUSALS, error
            return error.code
        self._wait(arn, ENDS)
        ended = str(self._status(arn))
        rows = self.call("DescribeStackEvents", StackName=arn)["StackEvents"]
        self.why = [row["ResourceStatusReason"] for row in rows if "ResourceStatusReason" in row]
        self.call("DescribeStackResources", StackName=arn)
        self.call("DeleteStack", StackName=arn)
        self._wait(arn, ("DELETE_COMPLETE", "DELETE_FAILED"))
        return ended

    def _status(self, arn: str) -> str:
        return str(self.call("DescribeStacks", StackName=arn)["Stacks"][0]["StackStatus"])

    def _wait(self, arn: str, ends: tuple[str, ...]) -> None:
        for _ in range(8):
            self.settle()
            if self._status(arn) in ends:
                return
            self.cloud.advance(900)
        raise AssertionError(f"it hangs in {self._status(arn)}: {self.log.text}")


@pytest.fixture
def ended(caplog: pytest.LogCaptureFixture) -> Iterator[Ended]:
    made = Ended(caplog)
    yield made
    made.cloud.close()


BOUNDS = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def nothing_broke(log: pytest.LogCaptureFixture) -> None:
    broken = [one for one in log.records if one.levelno >= logging.ERROR]
    assert not broken, log.text


def test_what_is_changed_is_good_to_begin_with(ended: Ended) -> None:
    assert ended.ends(json.dumps(GOOD)) == "CREATE_COMPLETE", ended.why
    assert ended.ends(json.dumps(LOOPS)) == "CREATE_COMPLETE", ended.why
    assert ended.ends(json.dumps(SERVERLESS)) == "CREATE_COMPLETE", ended.why
    nothing_broke(ended.log)


@BOUNDS
@given(found=mutated(GOOD))
def test_every_template_is_refused_or_comes_to_an_end(ended: Ended, found: dict[str, Any]) -> None:
    ended.ends(json.dumps(found))
    nothing_broke(ended.log)


@BOUNDS
@given(found=mutated(LOOPS))
def test_so_does_one_with_loops(ended: Ended, found: dict[str, Any]) -> None:
    ended.ends(json.dumps(found))
    nothing_broke(ended.log)


@BOUNDS
@given(found=mutated(SERVERLESS))
def test_so_does_one_that_a_package_translates(ended: Ended, found: dict[str, Any]) -> None:
    ended.ends(json.dumps(found))
    nothing_broke(ended.log)
