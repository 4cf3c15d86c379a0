"""The section Rules, and what else templates are refused for before anything is made."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.services.cloudformation import assertions, template
from fogbank.services.cloudformation.assertions import Known
from fogbank.services.cloudformation.test_stacks import Stacks
from fogbank.testing import TestCloud

DECLARED = {
    "Word": {"Type": "String"},
    "Words": {"Type": "CommaDelimitedList"},
    "Vpc": {"Type": "AWS::EC2::VPC::Id"},
    "Subnets": {"Type": "List<AWS::EC2::Subnet::Id>"},
}
VALUES: dict[str, Any] = {"Word": "a", "Words": ["a", "b"], "Vpc": "vpc-1", "Subnets": ["s-1", "s-2"]}
THERE = {
    "AWS::EC2::VPC::Id": {"vpc-1": {"Tags.Use": "shop"}, "vpc-2": {}},
    "AWS::EC2::Subnet::Id": {
        "s-1": {"VpcId": "vpc-1", "AvailabilityZone": "a"},
        "s-2": {"VpcId": "vpc-1", "AvailabilityZone": "b"},
        "s-3": {"VpcId": "vpc-2", "AvailabilityZone": "b"},
    },
}
KNOWN = Known(VALUES.__getitem__, DECLARED, THERE.__getitem__)


def rules(text: str, condition: str = "") -> dict[str, Any]:
    found = template.parsed(f"Assert: {text}\nCondition: {condition or 'none'}")
    rule: dict[str, Any] = {"Assertions": [{"Assert": found["Assert"], "AssertDescription": "It has to be."}]}
    if condition:
        rule["RuleCondition"] = found["Condition"]
    return {"Parameters": DECLARED, "Rules": {"Rule": rule}}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("!Equals [!Ref Word, a]", True),
        ("!Equals [!Ref Word, b]", False),
        ("!Not [!Equals [!Ref Word, b]]", True),
        ("!And [!Equals [a, a], !Equals [!Ref Word, b]]", False),
        ("!Or [!Equals [a, b], !Equals [!Ref Word, a]]", True),
        ("!Contains [[a, b], !Ref Word]", True),
        ("!Contains [!Ref Words, c]", False),
        ("!Contains [[1, 2], '1']", True),
        ("!EachMemberEquals [!Ref Words, a]", False),
        ("!EachMemberEquals [[a, a], !Ref Word]", True),
        ("!EachMemberIn [!Ref Words, [a, b, c]]", True),
        ("!EachMemberIn [!Ref Words, [a]]", False),
        ("!Contains [!RefAll 'AWS::EC2::VPC::Id', !Ref Vpc]", True),
        ("!Contains [!RefAll 'AWS::EC2::VPC::Id', vpc-3]", False),
        ("!EachMemberEquals [!ValueOf [Subnets, VpcId], !Ref Vpc]", True),
        ("!EachMemberEquals [!ValueOf [Subnets, AvailabilityZone], a]", False),
        ("!Equals [!ValueOf [Vpc, Tags.Use], shop]", True),
        ("!Contains [!ValueOfAll ['AWS::EC2::Subnet::Id', VpcId], vpc-2]", True),
        ("!EachMemberIn [!ValueOfAll ['AWS::EC2::Subnet::Id', VpcId], !RefAll 'AWS::EC2::VPC::Id']", True),
    ],
)
def test_rules_hold_as_the_guide_says(text: str, holds: bool) -> None:
    found = rules(text)
    assertions.check(found)
    if holds:
        assertions.hold(found, KNOWN)
    else:
        with pytest.raises(AwsError, match="It has to be"):
            assertions.hold(found, KNOWN)


def test_a_rule_whose_condition_is_false_says_nothing() -> None:
    found = rules("!Equals [!Ref Word, b]", "!Equals [!Ref Word, c]")
    assertions.check(found)
    assertions.hold(found, KNOWN)
    with pytest.raises(AwsError, match="It has to be"):
        assertions.hold(rules("!Equals [!Ref Word, b]", "!Equals [!Ref Word, a]"), KNOWN)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("true", "Rules can only be boolean operations"),
        ("!Ref Word", "Rules can only be boolean operations"),
        ("!Contains [[a]]", "every Fn::Contains object requires two parameters"),
        ("!Equals [!Ref Nobody, a]", r"Unresolved dependencies \[Nobody\]"),
        ("!Equals [!Sub '${Word}', a]", "Fn::Sub is not a function of Rules"),
        ("!Equals [!ValueOf [Vpc, Colour], a]", "has no attribute Colour"),
        ("!Equals [!ValueOf [Word, VpcId], a]", "has no values of the parameter type String"),
        ("!Contains [!RefAll 'AWS::EC2::Nothing', a]", "has no values of the parameter type AWS::EC2::Nothing"),
    ],
)
def test_rules_that_are_none(text: str, says: str) -> None:
    with pytest.raises(AwsError, match=says):
        assertions.check(rules(text))


BOTH = """
Parameters:
  Net: {Type: 'AWS::EC2::VPC::Id'}
  Parts: {Type: 'List<AWS::EC2::Subnet::Id>'}
Rules:
  There:
    Assertions:
      - Assert: !EachMemberEquals [!ValueOf [Parts, VpcId], !Ref Net]
        AssertDescription: All subnets are in the VPC.
      - Assert:
          !Contains [!ValueOfAll ['AWS::EC2::VPC::Id', DefaultSecurityGroup], !ValueOf [Net, DefaultSecurityGroup]]
Resources: {A: {Type: 'AWS::SSM::Parameter', Properties: {Type: String, Value: !Ref Net}}}
"""


def test_a_stack_is_not_begun_whose_rules_do_not_hold(cloud: TestCloud) -> None:
    stacks = Stacks(cloud)
    one, other = (
        cloud.call("ec2", "CreateVpc", {"CidrBlock": block})["Vpc"]["VpcId"] for block in ("10.1.0.0/16", "10.2.0.0/16")
    )
    part = cloud.call("ec2", "CreateSubnet", {"VpcId": one, "CidrBlock": "10.1.1.0/24"})["Subnet"]["SubnetId"]

    def given(net: str) -> list[dict[str, str]]:
        values = {"Net": net, "Parts": part}
        return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]

    with pytest.raises(AwsError, match="All subnets are in the VPC"):
        stacks.create(BOTH, Parameters=given(other))
    assert stacks.call("ListStacks")["StackSummaries"] == []
    stacks.create(BOTH, Parameters=given(one))
    assert stacks.status() == "CREATE_COMPLETE"
    with pytest.raises(AwsError, match="All subnets are in the VPC"):
        stacks.update(BOTH, Parameters=given(other))
    with pytest.raises(AwsError, match="All subnets are in the VPC"):
        asked = {"StackName": "shop", "ChangeSetName": "c", "TemplateBody": BOTH}
        stacks.call("CreateChangeSet", **asked, Parameters=given(other))


def test_events_are_told_apart_by_their_times(cloud: TestCloud) -> None:
    stacks = Stacks(cloud)
    stacks.create()
    stacks.delete()
    arn = stacks.call("ListStacks")["StackSummaries"][0]["StackId"]
    rows = stacks.call("DescribeStackEvents", StackName=arn)["StackEvents"]
    times = [round(row["Timestamp"] * 1000) for row in rows]
    assert len(times) > 10
    assert times == sorted(set(times), reverse=True), "no two are of one thousandth of a second"


def test_a_token_is_one_requests(cloud: TestCloud) -> None:
    stacks = Stacks(cloud)
    arn = stacks.create(ClientRequestToken="first")
    assert stacks.create(ClientRequestToken="first") == arn, "heard once more"
    stacks.update(template_with("one"), ClientRequestToken="second")
    stacks.update(template_with("one"), ClientRequestToken="second")
    for again in ("first", "second"):
        with pytest.raises(AwsError, match=f"The client request token {again} has already been used") as caught:
            stacks.create(template_with("two"), "other", ClientRequestToken=again)
        assert caught.value.code == "TokenAlreadyExistsException"
    with pytest.raises(AwsError, match="token second has already been used"):
        stacks.delete(ClientRequestToken="second")
    stacks.delete(ClientRequestToken="third")
    with pytest.raises(AwsError, match="token first has already been used"):
        stacks.create(ClientRequestToken="first")


def template_with(word: str) -> str:
    return f"Resources: {{A: {{Type: 'AWS::SSM::Parameter', Properties: {{Type: String, Value: {word}}}}}}}"


def test_what_conditions_leave_out_is_not_imported(cloud: TestCloud) -> None:
    stacks = Stacks(cloud)
    stacks.create(f"{template_with('x')}\nOutputs: {{O: {{Value: v, Export: {{Name: one}}}}}}", "exports")
    body = """
Conditions: {Never: !Equals [a, b]}
Mappings: {M: {a: {b: c}}}
Resources:
  A:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Value: !If [Never, !ImportValue {'Fn::FindInMap': [M, x, y]}, !ImportValue one]}
"""
    stacks.create(body)
    assert stacks.status() == "CREATE_COMPLETE"
    assert stacks.call("ListImports", ExportName="one")["Imports"] == ["shop"]
