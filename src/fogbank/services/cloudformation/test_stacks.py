"""Stacks through the API: made in order, changed, replaced, taken back, taken away; and who may import what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.testing import TestCloud

Client = Callable[..., dict[str, Any]]
PAIR = """
Parameters:
  Greeting: {Type: String, Default: hello}
Resources:
  First:
    Type: AWS::SSM::Parameter
    Properties: {Name: /first, Type: String, Value: !Ref Greeting}
  Second:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Value: !Sub '${First} says ${First.Value}'}
Outputs:
  Second: {Value: !Ref Second}
  Said: {Value: !GetAtt Second.Value, Export: {Name: !Sub '${AWS::StackName}-said'}}
"""
FAILING = """
  Third:
    Type: AWS::SSM::Parameter
    Properties: {Name: '/aws/forbidden', Type: String, Value: !Ref Second}
Outputs:"""

THIRD = """
  Third: {Type: 'AWS::SSM::Parameter', Properties: {Type: String, Value: new}}
Outputs:"""


class Stacks:
    """CloudFormation as somebody who waits for it sees it."""

    def __init__(self, cloud: TestCloud) -> None:
        self.cloud = cloud
        self.call = cloud.client("cloudformation")

    def settle(self) -> None:
        self.cloud.run(self.cloud.cloud.settled())

    def create(self, body: str = PAIR, name: str = "shop", **more: Any) -> str:
        made = self.call("CreateStack", StackName=name, TemplateBody=body, **more)
        self.settle()
        return str(made["StackId"])

    def update(self, body: str, name: str = "shop", **more: Any) -> None:
        self.call("UpdateStack", StackName=name, TemplateBody=body, **more)
        self.settle()

    def delete(self, name: str = "shop", **more: Any) -> None:
        self.call("DeleteStack", StackName=name, **more)
        self.settle()

    def one(self, name: str = "shop") -> dict[str, Any]:
        found: dict[str, Any] = self.call("DescribeStacks", StackName=name)["Stacks"][0]
        return found

    def status(self, name: str = "shop") -> str:
        return str(self.one(name)["StackStatus"])

    def events(self, name: str = "shop") -> list[tuple[str, str]]:
        """(logical id, status), the first one first."""
        rows = self.call("DescribeStackEvents", StackName=name)["StackEvents"]
        return [(row["LogicalResourceId"], row["ResourceStatus"]) for row in reversed(rows)]

    def parameters(self) -> dict[str, str]:
        found = self.cloud.call("ssm", "DescribeParameters")["Parameters"]
        return {one["Name"]: self.value(one["Name"]) for one in found}

    def value(self, name: str) -> str:
        return str(self.cloud.call("ssm", "GetParameter", {"Name": name})["Parameter"]["Value"])


@pytest.fixture
def stacks(cloud: TestCloud) -> Stacks:
    return Stacks(cloud)


def test_resources_are_made_in_order_and_told_of(stacks: Stacks) -> None:
    arn = stacks.create()
    found = stacks.one()
    assert (found["StackStatus"], found["StackId"]) == ("CREATE_COMPLETE", arn)
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}
    assert outputs["Said"] == "/first says hello"
    assert outputs["Second"].startswith("shop-Second-")
    assert stacks.parameters() == {"/first": "hello", outputs["Second"]: "/first says hello"}
    assert stacks.events() == [
        ("shop", "CREATE_IN_PROGRESS"),
        ("First", "CREATE_IN_PROGRESS"),
        ("First", "CREATE_IN_PROGRESS"),
        ("First", "CREATE_COMPLETE"),
        ("Second", "CREATE_IN_PROGRESS"),
        ("Second", "CREATE_IN_PROGRESS"),
        ("Second", "CREATE_COMPLETE"),
        ("shop", "CREATE_COMPLETE"),
    ]
    assert stacks.call("ListExports")["Exports"] == [
        {"ExportingStackId": arn, "Name": "shop-said", "Value": "/first says hello"}
    ]


def test_a_failure_takes_back_all_that_was_made(stacks: Stacks) -> None:
    stacks.create(PAIR.replace("Outputs:", FAILING.lstrip("\n")))
    assert stacks.status() == "ROLLBACK_COMPLETE"
    assert stacks.parameters() == {}
    events = stacks.events()
    assert ("Third", "CREATE_FAILED") in events
    assert events.index(("Second", "DELETE_COMPLETE")) < events.index(("First", "DELETE_IN_PROGRESS"))
    rows = stacks.call("DescribeStackEvents", StackName="shop")["StackEvents"]
    assert any("(" in row.get("ResourceStatusReason", "") for row in rows if row["LogicalResourceId"] == "Third")
    with pytest.raises(AwsError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        stacks.update(PAIR)


def test_without_rollback_what_was_made_stays(stacks: Stacks) -> None:
    stacks.create(PAIR.replace("Outputs:", FAILING.lstrip("\n")), DisableRollback=True)
    assert stacks.status() == "CREATE_FAILED"
    assert len(stacks.parameters()) == 2


def test_an_update_changes_in_place_replaces_and_takes_away(stacks: Stacks) -> None:
    stacks.create()
    before = dict(stacks.parameters())
    stacks.update(PAIR.replace("/first,", "/other,"), Parameters=[{"ParameterKey": "Greeting", "ParameterValue": "hi"}])
    assert stacks.status() == "UPDATE_COMPLETE"
    second = next(name for name in before if name != "/first")
    assert stacks.parameters() == {"/other": "hi", second: "/other says hi"}, "the second is the one it was"
    events = stacks.events()[6:]
    assert events.index(("Second", "UPDATE_COMPLETE")) < events.index(("First", "DELETE_COMPLETE"))
    assert events[-2:] == [("First", "DELETE_COMPLETE"), ("shop", "UPDATE_COMPLETE")]
    with pytest.raises(AwsError, match="No updates are to be performed"):
        stacks.update(
            PAIR.replace("/first,", "/other,"), Parameters=[{"ParameterKey": "Greeting", "UsePreviousValue": True}]
        )
    without = PAIR[: PAIR.index("  Second:")]
    stacks.update(without)
    assert stacks.parameters() == {"/first": "hello"}, "a parameter that is not given has its default"


def test_an_update_that_fails_leaves_exactly_what_was(stacks: Stacks) -> None:
    stacks.create()
    before = stacks.parameters()
    found = stacks.one()["Outputs"]
    changed = PAIR.replace("/first,", "/other,").replace("Default: hello", "Default: hi")
    stacks.update(changed.replace("Outputs:", FAILING.lstrip("\n")))
    assert stacks.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert (stacks.parameters(), stacks.one()["Outputs"]) == (before, found)
    rows = stacks.call("DescribeStackResources", StackName="shop")["StackResources"]
    assert {row["LogicalResourceId"] for row in rows} == {"First", "Second"}
    assert {row["PhysicalResourceId"] for row in rows} == set(before)
    stacks.update(PAIR.replace("Default: hello", "Default: hey"))
    assert (stacks.status(), stacks.value("/first")) == ("UPDATE_COMPLETE", "hey")


def test_a_deleted_stack_is_found_by_its_id_alone(stacks: Stacks) -> None:
    arn = stacks.create()
    stacks.delete()
    assert stacks.parameters() == {}
    with pytest.raises(AwsError, match="Stack with id shop does not exist"):
        stacks.one()
    assert stacks.status(arn) == "DELETE_COMPLETE"
    stacks.delete()
    assert [one["StackStatus"] for one in stacks.call("ListStacks")["StackSummaries"]] == ["DELETE_COMPLETE"]
    assert stacks.call("ListExports")["Exports"] == []


def test_what_is_retained_stays_and_what_is_protected_too(stacks: Stacks) -> None:
    body = PAIR.replace("  First:\n", "  First:\n    DeletionPolicy: Retain\n")
    stacks.create(body, EnableTerminationProtection=True)
    with pytest.raises(AwsError, match="cannot be deleted while TerminationProtection is enabled"):
        stacks.delete()
    stacks.call("UpdateTerminationProtection", StackName="shop", EnableTerminationProtection=False)
    stacks.delete()
    assert stacks.parameters() == {"/first": "hello"}


def test_an_export_that_is_used_may_not_go(stacks: Stacks) -> None:
    stacks.create()
    user = "Resources: {P: {Type: 'AWS::SSM::Parameter', Properties: {Type: String, Value: !ImportValue shop-said}}}"
    stacks.create(user, "user")
    assert "/first says hello" in stacks.parameters().values()
    assert stacks.call("ListImports", ExportName="shop-said")["Imports"] == ["user"]
    with pytest.raises(AwsError, match="Export shop-said cannot be deleted as it is in use by user"):
        stacks.delete()
    stacks.update(PAIR.replace("Default: hello", "Default: hi"))
    assert stacks.status() == "UPDATE_ROLLBACK_COMPLETE", "the export would have another value"
    assert stacks.value("/first") == "hello"
    stacks.delete("user")
    stacks.delete()
    assert stacks.parameters() == {}


def test_change_sets_tell_and_do(stacks: Stacks) -> None:
    made = {"StackName": "shop", "ChangeSetName": "first", "ChangeSetType": "CREATE", "TemplateBody": PAIR}
    stacks.call("CreateChangeSet", **made)
    assert (stacks.status(), stacks.parameters()) == ("REVIEW_IN_PROGRESS", {})
    found = stacks.call("DescribeChangeSet", StackName="shop", ChangeSetName="first")
    assert [
        (one["ResourceChange"]["Action"], one["ResourceChange"]["LogicalResourceId"]) for one in found["Changes"]
    ] == [
        ("Add", "First"),
        ("Add", "Second"),
    ]
    stacks.call("ExecuteChangeSet", StackName="shop", ChangeSetName="first")
    stacks.settle()
    assert stacks.status() == "CREATE_COMPLETE"
    stacks.call("CreateChangeSet", StackName="shop", ChangeSetName="same", TemplateBody=PAIR)
    same = stacks.call("DescribeChangeSet", StackName="shop", ChangeSetName="same")
    assert (same["Status"], same["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "didn't contain changes" in same["StatusReason"]
    moved = PAIR.replace("/first,", "/other,")
    stacks.call("CreateChangeSet", StackName="shop", ChangeSetName="next", TemplateBody=moved)
    found = stacks.call("DescribeChangeSet", StackName="shop", ChangeSetName="next")["Changes"]
    told = {one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"]["Replacement"] for one in found}
    assert told == {"First": "True"}, "what follows from the new one's id is not told"
    third = PAIR.replace("Value: !Ref Greeting", "Value: !Ref Third").replace("Outputs:", THIRD.lstrip("\n"))
    stacks.call("CreateChangeSet", StackName="shop", ChangeSetName="more", TemplateBody=third)
    found = stacks.call("DescribeChangeSet", StackName="shop", ChangeSetName="more")["Changes"]
    actions = {one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"]["Action"] for one in found}
    assert actions == {"First": "Modify", "Third": "Add"}, "what a new one will be is not known"
    stacks.call("ExecuteChangeSet", StackName="shop", ChangeSetName="next")
    stacks.settle()
    assert (stacks.status(), stacks.value("/other")) == ("UPDATE_COMPLETE", "hello")


@pytest.mark.parametrize(
    ("body", "more", "code", "says"),
    [
        (
            "Resources: {A: {Type: 'AWS::No::Such'}}",
            {},
            "ValidationError",
            "Unrecognized resource types: \\[AWS::No::Such\\]",
        ),
        (PAIR, {"StackName": "9shop"}, "ValidationError", "regular expression pattern"),
        (
            PAIR,
            {"Parameters": [{"ParameterKey": "X", "ParameterValue": "1"}]},
            "ValidationError",
            "do not exist in the template",
        ),
        (PAIR.replace(", Default: hello", ""), {}, "ValidationError", "must have values"),
    ],
)
def test_what_is_refused_at_once(stacks: Stacks, body: str, more: dict[str, Any], code: str, says: str) -> None:
    with pytest.raises(AwsError, match=says) as caught:
        stacks.call("CreateStack", **{"StackName": "shop", "TemplateBody": body, **more})
    assert caught.value.code == code
    assert stacks.call("DescribeStacks")["Stacks"] == []


def test_a_name_is_one_stacks(stacks: Stacks) -> None:
    stacks.create()
    with pytest.raises(AwsError, match=r"Stack \[shop\] already exists") as caught:
        stacks.create()
    assert caught.value.code == "AlreadyExistsException"


def test_what_is_there_already_is_not_taken_over(stacks: Stacks) -> None:
    stacks.cloud.call("sqs", "CreateQueue", {"QueueName": "jobs"})
    stacks.cloud.call("s3", "CreateBucket", {"Bucket": "files"})
    body = (
        "Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: jobs}},"
        " B: {Type: 'AWS::S3::Bucket', Properties: {BucketName: files}}}"
    )
    stacks.create(body)
    assert stacks.status() == "ROLLBACK_COMPLETE"
    rows = stacks.call("DescribeStackEvents", StackName="shop")["StackEvents"]
    assert any("already exists. (AlreadyExists)" in row.get("ResourceStatusReason", "") for row in rows)
    assert len(stacks.cloud.call("sqs", "ListQueues")["QueueUrls"]) == 1
    assert len(stacks.cloud.call("s3", "ListBuckets")["Buckets"]) == 1


def test_a_creation_that_is_no_longer_wanted_stops(stacks: Stacks) -> None:
    stacks.call("CreateStack", StackName="shop", TemplateBody=PAIR)
    stacks.call("DeleteStack", StackName="shop")
    stacks.settle()
    for _ in range(3):
        stacks.cloud.advance(1)
    assert stacks.call("ListStacks")["StackSummaries"][0]["StackStatus"] == "DELETE_COMPLETE"
    assert stacks.parameters() == {}


def test_what_half_a_resource_was_made_of_is_taken_back(stacks: Stacks) -> None:
    body = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: half
      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {AWS: '*'}, Action: 'sts:AssumeRole'}]}
      ManagedPolicyArns: ['arn:aws:iam::000000000000:policy/none']
"""
    stacks.create(body, Capabilities=["CAPABILITY_NAMED_IAM"])
    assert stacks.status() == "ROLLBACK_COMPLETE"
    assert stacks.cloud.call("iam", "ListRoles")["Roles"] == []


def test_numbers_and_switches_may_be_text(stacks: Stacks) -> None:
    stacks.create("Resources: {Lines: {Type: 'AWS::Logs::LogGroup', Properties: {RetentionInDays: '7'}}}")
    assert stacks.cloud.call("logs", "DescribeLogGroups")["logGroups"][0]["retentionInDays"] == 7
