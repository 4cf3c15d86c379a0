"""Stack policies: what an update may do to which resource, by value and through the API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.services.cloudformation import policy
from fogbank.services.cloudformation.test_stacks import PAIR, Stacks, stacks
from fogbank.testing import TestCloud

__all__ = ["stacks"]
ALL = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
NOT_SECOND = {"Effect": "Deny", "Action": "*", "Principal": "*", "NotResource": "LogicalResourceId/Second"}
ONLY = "[Update:Modify] for resource [LogicalResourceId/First]"


def of(*statements: Any) -> str:
    return json.dumps({"Statement": [*statements]})


def deny(action: Any = "Update:*", resource: Any = "LogicalResourceId/First", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Principal": "*", "Resource": resource, **more}


def why(text: str, action: str = policy.MODIFY, kind: str = "AWS::SSM::Parameter") -> str:
    found = policy.denial(text, action, "First", kind)
    return found.message if found is not None else ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ""),
        (of(ALL), ""),
        (of(ALL, deny()), "Statement [#2] does not allow [Update:*] for resource [LogicalResourceId/First]"),
        (of(deny(), ALL), "Statement [#1] does not allow [Update:*]"),
        (of(ALL, deny(resource="LogicalResourceId/Fi*")), "Statement [#2]"),
        (of(ALL, deny(resource="LogicalResourceId/Second")), ""),
        (of(ALL, deny([policy.REPLACE, policy.DELETE])), ""),
        (of(ALL, NOT_SECOND), "Statement [#2]"),
        (of({**ALL, "Resource": "LogicalResourceId/Second"}), f"no statement allows {ONLY}"),
        (of(ALL, deny(resource="*", Condition={"StringEquals": {"ResourceType": ["AWS::SSM::Parameter"]}})), "[#2]"),
        (of(ALL, deny(resource="*", Condition={"StringEquals": {"ResourceType": ["AWS::S3::Bucket"]}})), ""),
        (of(ALL, deny(resource="*", Condition={"StringLike": {"ResourceType": "AWS::SSM::*"}})), "[#2]"),
    ],
)
def test_what_a_policy_allows(text: str, says: str) -> None:
    found = why(text)
    assert says in found and bool(found) == bool(says)
    assert not found or found.startswith("Action denied by stack policy: ")


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "[]",
        "{}",
        of(),
        of({**ALL, "Effect": "Maybe"}),
        of({**ALL, "Principal": "me"}),
        of({**ALL, "Action": "Update:Paint"}),
        of({"Effect": "Allow", "Principal": "*", "Action": "Update:*"}),
    ],
)
def test_what_is_no_policy(stacks: Stacks, text: str) -> None:
    with pytest.raises(AwsError, match="Error validating stack policy: ") as caught:
        stacks.create(StackPolicyBody=text)
    assert caught.value.code == "ValidationError"


def reasons(found: Stacks) -> dict[str, str]:
    rows = found.call("DescribeStackEvents", StackName="shop")["StackEvents"]
    return {
        row["LogicalResourceId"]: row["ResourceStatusReason"]
        for row in rows
        if row["ResourceStatus"] == "UPDATE_FAILED" and row["LogicalResourceId"] != "shop"
    }


CHANGED = PAIR.replace("Default: hello", "Default: hi")
REPLACED = PAIR.replace("/first,", "/other,")
WITHOUT = PAIR[: PAIR.index("  Second:")]


@pytest.mark.parametrize(
    ("statement", "body", "logical"),
    [
        (deny(policy.MODIFY), CHANGED, "First"),
        (deny(policy.REPLACE), REPLACED, "First"),
        (deny(policy.DELETE, "LogicalResourceId/Second"), WITHOUT, "Second"),
    ],
)
def test_an_update_keeps_to_it(stacks: Stacks, statement: dict[str, Any], body: str, logical: str) -> None:
    stacks.create(StackPolicyBody=of(ALL, statement))
    before = stacks.parameters()
    stacks.update(body)
    assert (stacks.status(), stacks.parameters()) == ("UPDATE_ROLLBACK_COMPLETE", before)
    what = f"[{statement['Action']}] for resource [LogicalResourceId/{logical}]"
    assert reasons(stacks) == {logical: f"Action denied by stack policy: Statement [#2] does not allow {what}"}
    stacks.call("SetStackPolicy", StackName="shop", StackPolicyBody=of(ALL))
    stacks.update(body)
    assert stacks.status() == "UPDATE_COMPLETE"


def test_another_policy_for_one_update(stacks: Stacks) -> None:
    stacks.create(StackPolicyBody=of(ALL, deny()))
    stacks.update(CHANGED, StackPolicyDuringUpdateBody=of(ALL))
    assert (stacks.status(), stacks.value("/first")) == ("UPDATE_COMPLETE", "hi")
    stacks.update(PAIR)
    assert stacks.status() == "UPDATE_ROLLBACK_COMPLETE", "the stack's own is back"
    assert json.loads(stacks.call("GetStackPolicy", StackName="shop")["StackPolicyBody"])["Statement"][1] == deny()
    stacks.delete()
    assert stacks.parameters() == {}, "a deletion asks nobody"


def test_a_policy_at_an_address(stacks: Stacks) -> None:
    cloud: TestCloud = stacks.cloud
    cloud.call("s3", "CreateBucket", {"Bucket": "policies"})
    cloud.call("s3", "PutObject", {"Bucket": "policies", "Key": "p", "Body": of(ALL, deny()).encode()})
    stacks.create()
    stacks.call("SetStackPolicy", StackName="shop", StackPolicyURL="https://policies.s3.amazonaws.com/p")
    stacks.update(CHANGED)
    assert stacks.status() == "UPDATE_ROLLBACK_COMPLETE"
    with pytest.raises(AwsError, match="cannot specify both StackPolicyBody and StackPolicyURL"):
        stacks.call("SetStackPolicy", StackName="shop", StackPolicyURL="https://p/p", StackPolicyBody=of(ALL))
