"""The policy simulator, by the examples of AWS's pages and of the AWS CLI's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.services.iam import rules
from fogbank.testing import TestCloud

ALICE = "arn:aws:iam::000000000000:user/alice"
DATED = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":'
    '{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}'
)


def document(*statements: dict[str, Any]) -> str:
    rows = [{"Effect": "Allow", "Resource": "*", **statement} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": rows})


def at(time: str) -> list[dict[str, Any]]:
    return [{"ContextKeyName": "aws:CurrentTime", "ContextKeyValues": [time], "ContextKeyType": "date"}]


def custom(cloud: TestCloud, *policies: str, **params: Any) -> list[dict[str, Any]]:
    found = cloud.call("iam", "SimulateCustomPolicy", {"PolicyInputList": list(policies), **params})
    return list(found["EvaluationResults"])


def test_the_first_example_of_the_cli(cloud: TestCloud) -> None:
    """awscli, examples/iam/simulate-custom-policy.rst, with the places that it prints."""
    params = {"ActionNames": ["dynamodb:CreateBackup"], "ContextEntries": at("2019-04-25T11:00:00Z")}
    (found,) = custom(cloud, DATED, **params)
    assert found == {
        "EvalActionName": "dynamodb:CreateBackup",
        "EvalResourceName": "*",
        "EvalDecision": "allowed",
        "MatchedStatements": [
            {
                "SourcePolicyId": "PolicyInputList.1",
                "SourcePolicyType": "none",
                "StartPosition": {"Line": 1, "Column": 38},
                "EndPosition": {"Line": 1, "Column": 167},
            }
        ],
        "MissingContextValues": [],
    }


def test_the_second_example_of_the_cli(cloud: TestCloud) -> None:
    params = {"ActionNames": ["dynamodb:CreateBackup"], "ContextEntries": at("2014-04-25T11:00:00Z")}
    (found,) = custom(cloud, DATED, **params)
    assert (found["EvalDecision"], found["MatchedStatements"]) == ("implicitDeny", [])


def test_what_is_missing_is_named(cloud: TestCloud) -> None:
    (found,) = custom(cloud, DATED, ActionNames=["dynamodb:CreateBackup"])
    assert (found["EvalDecision"], found["MissingContextValues"]) == ("implicitDeny", ["aws:CurrentTime"])


def test_context_keys_by_the_example_of_the_cli(cloud: TestCloud) -> None:
    """awscli, examples/iam/get-context-keys-for-custom-policy.rst"""
    policy = DATED.replace('"Resource":"*"', '"Resource":"arn:aws:dynamodb:us-west-2:1:table/${aws:username}"')
    found = cloud.call("iam", "GetContextKeysForCustomPolicy", {"PolicyInputList": [policy]})
    assert found == {"ContextKeyNames": ["aws:username", "aws:CurrentTime"]}


def test_one_result_for_each_action_and_the_most_restrictive_of_its_resources(cloud: TestCloud) -> None:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html"""
    policy = document(
        {"Action": "s3:*", "Resource": "arn:aws:s3:::a/*"},
        {"Effect": "Deny", "Action": "s3:Delete*", "Resource": "arn:aws:s3:::a/kept"},
    )
    resources = ["arn:aws:s3:::a/x", "arn:aws:s3:::a/kept"]
    read, delete = custom(cloud, policy, ActionNames=["s3:GetObject", "s3:DeleteObject"], ResourceArns=resources)
    assert read["EvalDecision"] == "allowed"
    assert delete["EvalDecision"] == "explicitDeny"
    own = [(row["EvalResourceName"], row["EvalResourceDecision"]) for row in delete["ResourceSpecificResults"]]
    assert own == [(resources[0], "allowed"), (resources[1], "explicitDeny")]
    (mixed,) = custom(cloud, policy, ActionNames=["s3:GetObject"], ResourceArns=[*resources, "arn:aws:s3:::b/x"])
    assert mixed["EvalDecision"] == "implicitDeny"


def test_a_boundary_is_told_apart(cloud: TestCloud) -> None:
    everything, little = document({"Action": "*"}), document({"Action": "s3:*"})
    params = {"ActionNames": ["s3:GetObject", "ec2:RunInstances"], "PermissionsBoundaryPolicyInputList": [little]}
    inside, outside = custom(cloud, everything, **params)
    assert inside["EvalDecision"] == "allowed"
    assert inside["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": True}
    assert outside["EvalDecision"] == "implicitDeny"
    assert outside["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    with pytest.raises(AwsError, match="InvalidInput"):
        custom(cloud, everything, ActionNames=["s3:X"], PermissionsBoundaryPolicyInputList=[little, little])


def test_a_resource_policy_needs_a_caller(cloud: TestCloud) -> None:
    granting = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Principal": {"AWS": ALICE}, "Action": "s3:*", "Resource": "*"},
        }
    )
    little = document({"Action": "ec2:*"})
    with pytest.raises(AwsError, match="CallerArn is required"):
        custom(cloud, little, ActionNames=["s3:GetObject"], ResourcePolicy=granting)
    asked = {"ActionNames": ["s3:GetObject"], "ResourcePolicy": granting, "CallerArn": ALICE}
    (same,) = custom(cloud, little, **asked)
    assert same["EvalDecision"] == "allowed"
    assert same["MatchedStatements"][0]["SourcePolicyType"] == "resource"
    (cross,) = custom(
        cloud, little, **asked, ResourceOwner="arn:aws:iam::111111111111:root", ResourceArns=["arn:aws:s3:::b"]
    )
    assert cross["EvalDecision"] == "implicitDeny"
    details = cross["ResourceSpecificResults"][0]["EvalDecisionDetails"]
    assert details == {"IAM Policy": "implicitDeny", "Resource Policy": "allowed"}


def test_a_principal_is_simulated_with_all_that_it_has(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    iam("CreateUser", UserName="alice")
    iam("CreateGroup", GroupName="g")
    iam("AddUserToGroup", GroupName="g", UserName="alice")
    iam("PutGroupPolicy", GroupName="g", PolicyName="of-group", PolicyDocument=document({"Action": "s3:*"}))
    iam("AttachUserPolicy", UserName="alice", PolicyArn="arn:aws:iam::aws:policy/AmazonSQSFullAccess")
    own = iam("CreatePolicy", PolicyName="own", PolicyDocument=document({"Action": "sns:*"}))["Policy"]["Arn"]
    iam("AttachUserPolicy", UserName="alice", PolicyArn=own)
    actions = ["s3:GetObject", "sqs:SendMessage", "sns:Publish", "ec2:RunInstances"]

    def simulated(**params: Any) -> list[tuple[str, str, str]]:
        asked = {"PolicySourceArn": ALICE, "ActionNames": actions, **params}
        rows = iam("SimulatePrincipalPolicy", **asked)["EvaluationResults"]
        sources = [next(iter(row["MatchedStatements"]), {}) for row in rows]
        return [
            (row["EvalDecision"], source.get("SourcePolicyId", ""), source.get("SourcePolicyType", ""))
            for row, source in zip(rows, sources, strict=True)
        ]

    assert simulated() == [
        ("allowed", "of-group", "group"),
        ("allowed", "AmazonSQSFullAccess", "aws-managed"),
        ("allowed", "own", "user-managed"),
        ("implicitDeny", "", ""),
    ]
    more = document({"Effect": "Deny", "Action": "*"})
    assert simulated(PolicyInputList=[more])[0] == ("explicitDeny", "PolicyInputList.1", "none")
    excluded = [{"PolicyType": "user-managed", "PolicyArn": own}]
    assert simulated(PolicyExclusionList=excluded)[2][0] == "implicitDeny"
    boundary = iam("CreatePolicy", PolicyName="b", PolicyDocument=document({"Action": "s3:*"}))["Policy"]["Arn"]
    iam("PutUserPermissionsBoundary", UserName="alice", PermissionsBoundary=boundary)
    assert [row[0] for row in simulated()] == ["allowed", "implicitDeny", "implicitDeny", "implicitDeny"]
    with pytest.raises(AwsError, match="NoSuchEntity"):
        simulated(PolicySourceArn=ALICE.replace("alice", "bob"))
    with pytest.raises(AwsError, match="InvalidInput"):
        simulated(PolicySourceArn="arn:aws:s3:::not-an-entity")


def test_results_come_in_pages(cloud: TestCloud) -> None:
    actions = [f"s3:Get{number}" for number in range(5)]
    asked = {"PolicyInputList": [document({"Action": "s3:*"})], "ActionNames": actions, "MaxItems": 2}
    found, marker = [], {}
    while True:
        page = cloud.call("iam", "SimulateCustomPolicy", {**asked, **marker})
        found += [row["EvalActionName"] for row in page["EvaluationResults"]]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert found == actions


def test_which_policies_grant_access_to_a_service(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    iam("CreateUser", UserName="alice")
    iam("PutUserPolicy", UserName="alice", PolicyName="p", PolicyDocument=document({"Action": "s3:Get*"}))
    rows = iam("ListPoliciesGrantingServiceAccess", Arn=ALICE, ServiceNamespaces=["s3", "ec2"])
    s3, ec2 = rows["PoliciesGrantingServiceAccess"]
    entry = {"PolicyName": "p", "PolicyType": "INLINE", "EntityType": "USER", "EntityName": "alice"}
    assert (s3["Policies"], ec2["Policies"]) == ([entry], [])


def test_where_statements_stand() -> None:
    text = '{\n  "Version": "2012-10-17",\n  "Statement": [\n    {"a": 1},\n    {"b": "Statement"}\n  ]\n}'
    places = rules.places_of(text)
    assert [(place.start, place.end) for place in places] == [((4, 6), (4, 13)), ((5, 6), (5, 23))]
