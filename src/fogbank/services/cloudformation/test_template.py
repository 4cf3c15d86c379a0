"""Templates and their functions, by value."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.services.cloudformation import graph, intrinsics, template
from fogbank.services.cloudformation.intrinsics import Scope

SCOPE = Scope(
    ref={"Name": "shop", "Zones": ["a", "b"], "AWS::Region": "us-east-1", "Queue": "https://queue"}.__getitem__,
    attribute=lambda logical, name: {("Queue", "Arn"): "arn:queue"}[logical, name],
    mappings={"Sizes": {"us-east-1": {"small": "t3.micro"}}},
    conditions={"IsBig": True, "IsOdd": False},
    imported={"shop-vpc": "vpc-1"}.__getitem__,
    zones=lambda region: [f"{region or 'us-east-1'}{letter}" for letter in "ab"],
)


def of_yaml(text: str) -> Any:
    return template.parsed(f"Value: {text}")["Value"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("!Ref Name", "shop"),
        ("!GetAtt Queue.Arn", "arn:queue"),
        ("!Sub '${Name}-${Queue.Arn}-${!Name}-${AWS::Region}'", "shop-arn:queue-${Name}-us-east-1"),
        ("!Sub ['${Own}/${Name}', {Own: !Ref Zones}]", "a,b/shop"),
        ("!Join ['-', [!Ref Name, x, !Ref 'AWS::NoValue']]", "shop-x"),
        ("!Join [',', !Ref Zones]", "a,b"),
        ("!Select [1, !Ref Zones]", "b"),
        ("!Split ['-', a-b]", ["a", "b"]),
        ("!FindInMap [Sizes, !Ref 'AWS::Region', small]", "t3.micro"),
        ("!FindInMap [Sizes, nowhere, small, {DefaultValue: t3.nano}]", "t3.nano"),
        ("!If [IsBig, 2, 1]", 2),
        ("{A: !If [IsOdd, 1, !Ref 'AWS::NoValue'], B: 1}", {"B": 1}),
        ("!Base64 hi", "aGk="),
        ("!GetAZs ''", ["us-east-1a", "us-east-1b"]),
        ("!Cidr [10.0.0.0/16, 2, 8]", ["10.0.0.0/24", "10.0.1.0/24"]),
        ("!ImportValue shop-vpc", "vpc-1"),
        ("{'Fn::ToJsonString': {a: !Ref Name}}", '{"a":"shop"}'),
        ("{'Fn::Length': !Ref Zones}", 2),
        ("2012-10-17", "2012-10-17"),
    ],
)
def test_functions_come_to_what_the_guide_says(text: str, wanted: Any) -> None:
    assert intrinsics.resolved(of_yaml(text), SCOPE) == wanted


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("!Ref Nobody", "Unresolved resource dependencies \\[Nobody\\]"),
        ("!GetAtt Queue.Colour", "does not support attribute type Colour"),
        ("!Select [7, !Ref Zones]", "nonexistent value at index 7"),
        ("!FindInMap [Sizes, nowhere, small]", "Unable to get mapping for Sizes::nowhere::small"),
        ("!ImportValue nobody", "No export named nobody found"),
        ("!Unknown x", "unresolved function Fn::Unknown"),
        ("!If [Nothing, 1, 2]", "Unresolved condition dependency Nothing"),
    ],
)
def test_what_cannot_be_resolved_is_refused(text: str, says: str) -> None:
    with pytest.raises(AwsError, match=says):
        intrinsics.resolved(of_yaml(text), SCOPE)


def test_conditions_follow_one_another_and_do_not_go_round() -> None:
    wanted = {
        "IsShop": {"Fn::Equals": [{"Ref": "Name"}, "shop"]},
        "Not": {"Fn::Not": [{"Condition": "IsShop"}]},
        "Either": {"Fn::Or": [{"Condition": "Not"}, {"Condition": "IsShop"}]},
    }
    assert intrinsics.conditions(wanted, SCOPE) == {"IsShop": True, "Not": False, "Either": True}
    circle = {"A": {"Fn::Not": [{"Condition": "B"}]}, "B": {"Fn::Not": [{"Condition": "A"}]}}
    with pytest.raises(AwsError, match="Circular dependency"):
        intrinsics.conditions(circle, SCOPE)


def test_json_and_yaml_of_one_template_are_the_same() -> None:
    short = "Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !Sub '${Name}'}}}"
    long = '{"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "${Name}"}}}}}'
    assert template.parsed(short) == template.parsed(long)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{", "JSON not well-formed"),
        ("a: [", "YAML not well-formed"),
        ("A: 1\nA: 2", "duplicate key A"),
        ("just text", "unsupported structure"),
        ("Resources: {}", "At least one Resources member"),
        ("Resource: {}", "Invalid template property or properties \\[Resource\\]"),
        ("Resources: {A-b: {Type: x}}", "non alphanumeric"),
        ("Resources: {A: {}}", "must contain a Type member"),
        ("Resources: {A: {Type: x, Colour: red}}", "Invalid template resource property 'Colour'"),
        ("Resources: {A: {Type: x, Condition: Nobody}}", "Unresolved condition dependency Nobody"),
        ("Resources: {A: {Type: x, DeletionPolicy: Maybe}}", "Unrecognized DeletionPolicy Maybe"),
    ],
)
def test_templates_that_are_none(body: str, says: str) -> None:
    with pytest.raises(AwsError, match=says):
        template.check(template.parsed(body))


def test_what_needs_what() -> None:
    found = template.parsed(
        """
Resources:
  Vpc: {Type: V}
  Subnet: {Type: S, Properties: {VpcId: !Ref Vpc, Name: !Sub '${Name}-${AWS::Region}'}}
  Host: {Type: H, DependsOn: [Vpc], Properties: {Subnet: !GetAtt Subnet.Id, Text: !Sub '${Subnet.Cidr}'}}
"""
    )["Resources"]
    needs = graph.needs(found, {"Name", "AWS::Region"})
    assert needs == {"Vpc": set(), "Subnet": {"Vpc"}, "Host": {"Vpc", "Subnet"}}
    assert graph.backwards(needs) == {"Vpc": {"Subnet", "Host"}, "Subnet": {"Host"}, "Host": set()}
    with pytest.raises(AwsError, match=r"Unresolved resource dependencies \[Name\]"):
        graph.needs(found, {"AWS::Region"})
    found["Vpc"]["DependsOn"] = "Host"
    with pytest.raises(AwsError, match=r"Circular dependency between resources: \[Host, Subnet, Vpc\]"):
        graph.needs(found, {"Name", "AWS::Region"})
