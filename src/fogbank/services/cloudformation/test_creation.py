"""CreationPolicy and SignalResource: resources that count as made once they are told to be."""

from __future__ import annotations

import pytest

from fogbank.aws.errors import AwsError
from fogbank.services.cloudformation.test_stacks import Stacks
from fogbank.testing import TestCloud

WAITS = """
Parameters: {Count: {Type: Number, Default: 2}}
Resources:
  Waits:
    Type: AWS::CloudFormation::WaitCondition
    CreationPolicy: {ResourceSignal: {Count: !Ref Count, Timeout: PT1H30M}}
  After:
    Type: AWS::SSM::Parameter
    DependsOn: Waits
    Properties: {Name: /after, Type: String, Value: x}
"""


@pytest.fixture
def stacks(cloud: TestCloud) -> Stacks:
    return Stacks(cloud)


def signal(stacks: Stacks, identity: str, status: str = "SUCCESS", logical: str = "Waits") -> None:
    asked = {"LogicalResourceId": logical, "UniqueId": identity, "Status": status}
    stacks.call("SignalResource", StackName="shop", **asked)
    stacks.settle()


def reasons(stacks: Stacks) -> list[str]:
    rows = stacks.call("DescribeStackEvents", StackName="shop")["StackEvents"]
    return [row.get("ResourceStatusReason", "") for row in rows if row["LogicalResourceId"] == "Waits"]


def test_as_many_signals_as_it_says(stacks: Stacks) -> None:
    stacks.create(WAITS)
    signal(stacks, "one")
    assert (stacks.status(), stacks.parameters()) == ("CREATE_IN_PROGRESS", {}), "what comes after it waits too"
    with pytest.raises(AwsError, match="Signal with ID one for resource Waits already exists"):
        signal(stacks, "one")
    signal(stacks, "two")
    assert (stacks.status(), stacks.parameters()) == ("CREATE_COMPLETE", {"/after": "x"})
    assert "Received SUCCESS signal with UniqueId two" in reasons(stacks)
    with pytest.raises(AwsError, match="is in CREATE_COMPLETE state and can not be signaled"):
        signal(stacks, "three")
    stacks.delete()
    assert stacks.parameters() == {}


def test_a_failure_ends_it(stacks: Stacks) -> None:
    stacks.create(WAITS)
    signal(stacks, "one")
    signal(stacks, "one", "FAILURE")
    assert (stacks.status(), stacks.parameters()) == ("ROLLBACK_COMPLETE", {})
    assert "Received FAILURE signal with UniqueId one" in reasons(stacks)


def test_silence_ends_it_too_and_no_sooner(stacks: Stacks) -> None:
    stacks.create(WAITS)
    signal(stacks, "one")
    stacks.cloud.advance(5399)
    assert stacks.status() == "CREATE_IN_PROGRESS"
    stacks.cloud.advance(2)
    assert stacks.status() == "ROLLBACK_COMPLETE"
    assert "Failed to receive 1 resource signal(s) within the specified duration" in reasons(stacks)


def test_a_change_waits_for_nothing(stacks: Stacks) -> None:
    stacks.create(WAITS, Parameters=[{"ParameterKey": "Count", "ParameterValue": "0"}])
    assert stacks.status() == "CREATE_COMPLETE"
    stacks.update(WAITS.replace("Value: x", "Value: y"))
    assert (stacks.status(), stacks.parameters()) == ("UPDATE_COMPLETE", {"/after": "y"})


def test_of_others_a_policy_is_not_asked(stacks: Stacks) -> None:
    body = "Resources: {H: {Type: 'AWS::SQS::Queue', CreationPolicy: {ResourceSignal: {Count: 5}}}}"
    stacks.create(body)
    assert stacks.status() == "CREATE_COMPLETE"
    with pytest.raises(AwsError, match="Resource H is in CREATE_COMPLETE state"):
        signal(stacks, "one", logical="H")
