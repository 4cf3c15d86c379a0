"""Secrets Manager through the in-process cloud; expected values from the API pages and the User Guide."""

from __future__ import annotations

import json
import string

import pytest

from fogbank.aws.errors import AwsError
from fogbank.aws.policy import Principal
from fogbank.control.caller import Caller
from fogbank.services.secretsmanager import rules
from fogbank.testing import START, TestCloud
from fogbank.testing.plugin import MakeClient

DAY = 86_400.0
ONE, TWO, THREE = ("1" * 32, "2" * 32, "3" * 32)


@pytest.fixture
def made(cloud: TestCloud) -> str:
    """The ARN of a secret `a` whose first value is `one`."""
    answer = cloud.call(
        "secretsmanager", "CreateSecret", {"Name": "a", "SecretString": "one", "ClientRequestToken": ONE}
    )
    assert answer["VersionId"] == ONE
    return str(answer["ARN"])


def refused(cloud: TestCloud, operation: str, code: str, **params: object) -> str:
    with pytest.raises(AwsError) as caught:
        cloud.call("secretsmanager", operation, params)
    assert caught.value.code == code, str(caught.value)
    return caught.value.message


def read(cloud: TestCloud, **params: object) -> str:
    return str(cloud.call("secretsmanager", "GetSecretValue", {"SecretId": "a", **params})["SecretString"])


def put(cloud: TestCloud, value: str, token: str, **params: object) -> list[str]:
    answer = cloud.call(
        "secretsmanager",
        "PutSecretValue",
        {"SecretId": "a", "SecretString": value, "ClientRequestToken": token, **params},
    )
    stages: list[str] = answer["VersionStages"]
    return stages


def test_a_secret_is_found_by_name_arn_and_partial_arn(cloud: TestCloud, made: str) -> None:
    assert made.startswith("arn:aws:secretsmanager:us-east-1:000000000000:secret:a-") and len(made.split("-")[-1]) == 6
    for secret_id in ("a", made, made[:-7]):
        assert read(cloud, SecretId=secret_id) == "one"
    message = refused(cloud, "GetSecretValue", "ResourceNotFoundException", SecretId=made[:-6] + "zzzzzz")
    assert message == "Secrets Manager can't find the specified secret."
    refused(cloud, "CreateSecret", "ResourceExistsException", Name="a")
    refused(cloud, "CreateSecret", "ValidationException", Name="a b")


def test_labels_follow_new_values(cloud: TestCloud, made: str) -> None:
    assert put(cloud, "two", TWO) == ["AWSCURRENT"]
    assert (read(cloud), read(cloud, VersionStage="AWSPREVIOUS"), read(cloud, VersionId=ONE)) == ("two", "one", "one")
    assert put(cloud, "three", THREE, VersionStages=["AWSPENDING"]) == ["AWSPENDING"]
    assert read(cloud) == "two"
    assert cloud.call("secretsmanager", "DescribeSecret", {"SecretId": "a"})["VersionIdsToStages"] == {
        ONE: ["AWSPREVIOUS"],
        TWO: ["AWSCURRENT"],
        THREE: ["AWSPENDING"],
    }
    refused(cloud, "GetSecretValue", "InvalidRequestException", SecretId="a", VersionId=ONE, VersionStage="AWSCURRENT")
    assert "staging label: blue" in refused(
        cloud, "GetSecretValue", "ResourceNotFoundException", SecretId="a", VersionStage="blue"
    )


def test_a_retry_with_the_same_token_changes_nothing(cloud: TestCloud, made: str) -> None:
    put(cloud, "two", TWO)
    assert put(cloud, "two", TWO) == ["AWSCURRENT"]
    assert TWO in refused(
        cloud, "PutSecretValue", "ResourceExistsException", SecretId="a", SecretString="other", ClientRequestToken=TWO
    )
    assert read(cloud) == "two"


def test_moving_the_current_label_by_hand(cloud: TestCloud, made: str) -> None:
    put(cloud, "two", TWO)
    message = refused(
        cloud,
        "UpdateSecretVersionStage",
        "InvalidParameterException",
        SecretId="a",
        VersionStage="AWSCURRENT",
        MoveToVersionId=ONE,
    )
    assert f"currently attached to version {TWO}" in message
    cloud.call(
        "secretsmanager",
        "UpdateSecretVersionStage",
        {"SecretId": "a", "VersionStage": "AWSCURRENT", "MoveToVersionId": ONE, "RemoveFromVersionId": TWO},
    )
    assert (read(cloud), read(cloud, VersionStage="AWSPREVIOUS")) == ("one", "two")
    refused(
        cloud,
        "UpdateSecretVersionStage",
        "InvalidParameterException",
        SecretId="a",
        VersionStage="AWSCURRENT",
        RemoveFromVersionId=ONE,
    )


def test_versions_without_labels_are_deprecated_and_make_room(cloud: TestCloud, made: str) -> None:
    for number in range(rules.VERSIONS_MAX + 5):
        put(cloud, f"value {number}", f"{number:032d}")
    listed = cloud.client("secretsmanager")
    assert len(listed("ListSecretVersionIds", SecretId="a")["Versions"]) == 2
    found, token = 0, {}
    while True:
        page = listed("ListSecretVersionIds", SecretId="a", IncludeDeprecated=True, MaxResults=30, **token)
        found += len(page["Versions"])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert found == rules.VERSIONS_MAX


def test_binary_values(cloud: TestCloud) -> None:
    cloud.call("secretsmanager", "CreateSecret", {"Name": "b", "SecretBinary": b"\x00\xff"})
    answer = cloud.call("secretsmanager", "GetSecretValue", {"SecretId": "b"})
    assert answer["SecretBinary"] == b"\x00\xff" and "SecretString" not in answer
    refused(cloud, "PutSecretValue", "InvalidParameterException", SecretId="b")


def test_a_deleted_secret_can_be_restored_until_its_window_closes(cloud: TestCloud, made: str) -> None:
    secrets = cloud.client("secretsmanager")
    assert secrets("DeleteSecret", SecretId="a", RecoveryWindowInDays=7)["DeletionDate"] == START + 7 * DAY
    refused(cloud, "GetSecretValue", "InvalidRequestException", SecretId="a")
    refused(cloud, "CreateSecret", "InvalidRequestException", Name="a")
    assert secrets("ListSecrets")["SecretList"] == []
    assert len(secrets("ListSecrets", IncludePlannedDeletion=True)["SecretList"]) == 1
    cloud.advance(6 * DAY)
    secrets("RestoreSecret", SecretId="a")
    cloud.advance(2 * DAY)
    assert read(cloud) == "one"
    secrets("DeleteSecret", SecretId="a", RecoveryWindowInDays=7)
    cloud.advance(8 * DAY)
    refused(cloud, "DescribeSecret", "ResourceNotFoundException", SecretId="a")
    assert secrets("CreateSecret", Name="a")["ARN"] != made


def test_deleting_without_recovery(cloud: TestCloud, made: str) -> None:
    refused(cloud, "DeleteSecret", "InvalidParameterException", SecretId="a", RecoveryWindowInDays=6)
    refused(
        cloud,
        "DeleteSecret",
        "InvalidParameterException",
        SecretId="a",
        RecoveryWindowInDays=7,
        ForceDeleteWithoutRecovery=True,
    )
    cloud.call("secretsmanager", "DeleteSecret", {"SecretId": "a", "ForceDeleteWithoutRecovery": True})
    refused(cloud, "GetSecretValue", "ResourceNotFoundException", SecretId="a")


def test_lists_are_filtered_sorted_and_paged(cloud: TestCloud) -> None:
    secrets = cloud.client("secretsmanager")
    for name, team in (("prod/a", "red"), ("prod/b", "blue"), ("test/c", "red")):
        secrets("CreateSecret", Name=name, Tags=[{"Key": "team", "Value": team}], Description=f"for {team}")
        cloud.advance(1)

    def found(*filters: tuple[str, str], **more: object) -> list[str]:
        wanted = [{"Key": key, "Values": [value]} for key, value in filters]
        return [secret["Name"] for secret in secrets("ListSecrets", Filters=wanted, **more)["SecretList"]]

    assert found() == ["test/c", "prod/b", "prod/a"]
    assert found(SortOrder="asc") == ["prod/a", "prod/b", "test/c"]
    assert found(("name", "prod"), ("tag-value", "red")) == ["prod/a"]
    assert found(("name", "!prod")) == ["test/c"]
    assert found(("all", "BLUE")) == ["prod/b"]
    page = secrets("ListSecrets", MaxResults=2)
    rest = secrets("ListSecrets", MaxResults=2, NextToken=page["NextToken"])
    assert [secret["Name"] for secret in rest["SecretList"]] == ["prod/a"] and "NextToken" not in rest


def test_replicas_follow_their_primary_and_are_read_only(cloud: TestCloud, made: str) -> None:
    secrets, there = cloud.client("secretsmanager"), cloud.client("secretsmanager", region="eu-west-1")
    status = secrets("ReplicateSecretToRegions", SecretId="a", AddReplicaRegions=[{"Region": "eu-west-1"}])
    assert status["ReplicationStatus"] == [
        {"Region": "eu-west-1", "KmsKeyId": "alias/aws/secretsmanager", "Status": "InSync"}
    ]
    assert there("GetSecretValue", SecretId="a")["SecretString"] == "one"
    put(cloud, "two", TWO)
    assert there("GetSecretValue", SecretId="a")["SecretString"] == "two"
    assert there("DescribeSecret", SecretId="a")["PrimaryRegion"] == "us-east-1"
    with pytest.raises(AwsError, match="not permitted on a replica"):
        there("PutSecretValue", SecretId="a", SecretString="x")
    with pytest.raises(AwsError, match="still has replica"):
        secrets("DeleteSecret", SecretId="a")
    there("StopReplicationToReplica", SecretId="a")
    there("PutSecretValue", SecretId="a", SecretString="own")
    assert read(cloud) == "two"
    refused(cloud, "ReplicateSecretToRegions", "InvalidParameterException", SecretId="a",
            AddReplicaRegions=[{"Region": "mars-1"}])  # fmt: skip


def test_removing_a_replica(cloud: TestCloud, made: str) -> None:
    secrets = cloud.client("secretsmanager")
    secrets("ReplicateSecretToRegions", SecretId="a", AddReplicaRegions=[{"Region": "eu-west-1"}])
    secrets("RemoveRegionsFromReplication", SecretId="a", RemoveReplicaRegions=["eu-west-1"])
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        cloud.call("secretsmanager", "GetSecretValue", {"SecretId": "a"}, region="eu-west-1")


def test_a_resource_policy_lets_another_account_in(cloud: TestCloud, made: str) -> None:
    stranger = Caller(
        principal=Principal(arn="arn:aws:iam::222222222222:root", account="222222222222", kind="root"), enforced=True
    )
    with pytest.raises(AwsError, match="AccessDeniedException"):
        cloud.call("secretsmanager", "DescribeSecret", {"SecretId": made}, caller=stranger)
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "222222222222"},
                "Action": "secretsmanager:DescribeSecret",
                "Resource": "*",
            }
        ],
    }
    cloud.call("secretsmanager", "PutResourcePolicy", {"SecretId": "a", "ResourcePolicy": json.dumps(policy)})
    assert cloud.call("secretsmanager", "DescribeSecret", {"SecretId": made}, caller=stranger)["Name"] == "a"
    with pytest.raises(AwsError, match="AccessDeniedException"):
        cloud.call("secretsmanager", "GetSecretValue", {"SecretId": made}, caller=stranger)
    listed = cloud.call("secretsmanager", "ListResourcePolicies", {"SecretId": "a"})
    assert listed["ResourcePolicies"] == [{"PolicyName": "default"}]
    cloud.call("secretsmanager", "DeleteResourcePolicy", {"SecretId": "a"})
    assert cloud.call("secretsmanager", "ListResourcePolicies", {"SecretId": "a"})["ResourcePolicies"] == []
    with pytest.raises(AwsError, match="AccessDeniedException"):
        cloud.call("secretsmanager", "DescribeSecret", {"SecretId": made}, caller=stranger)


def test_policies_that_are_refused(cloud: TestCloud, made: str) -> None:
    refused(cloud, "PutResourcePolicy", "MalformedPolicyDocumentException", SecretId="a", ResourcePolicy="{}")
    public = {"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": public})
    refused(
        cloud,
        "PutResourcePolicy",
        "PublicPolicyException",
        SecretId="a",
        ResourcePolicy=document,
        BlockPublicPolicy=True,
    )
    checked = cloud.call("secretsmanager", "ValidateResourcePolicy", {"ResourcePolicy": document})
    assert checked["PolicyValidationPassed"] is False


def test_passwords_hold_what_was_asked_for(cloud: TestCloud) -> None:
    secrets = cloud.client("secretsmanager")
    for _ in range(20):
        found = secrets("GetRandomPassword", PasswordLength=4)["RandomPassword"]
        kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation)
        assert len(found) == 4 and all(set(found) & set(kind) for kind in kinds)
    only = secrets("GetRandomPassword", ExcludePunctuation=True, ExcludeUppercase=True, ExcludeCharacters="abc123")
    assert set(only["RandomPassword"]) <= set(string.ascii_lowercase + string.digits) - set("abc123")
    refused(cloud, "GetRandomPassword", "InvalidParameterException", PasswordLength=2)


def test_several_secrets_at_once(cloud: TestCloud, made: str) -> None:
    answer = cloud.call("secretsmanager", "BatchGetSecretValue", {"SecretIdList": ["a", "b"]})
    assert [value["SecretString"] for value in answer["SecretValues"]] == ["one"]
    assert [error["ErrorCode"] for error in answer["Errors"]] == ["ResourceNotFoundException"]
    by_filter = cloud.call("secretsmanager", "BatchGetSecretValue", {"Filters": [{"Key": "name", "Values": ["a"]}]})
    assert len(by_filter["SecretValues"]) == 1


def test_the_sdk_sees_it_as_aws_does(boto: MakeClient) -> None:
    secrets = boto("secretsmanager")
    for number in range(3):
        secrets.create_secret(Name=f"s{number}", SecretString="x")
    pages = secrets.get_paginator("list_secrets").paginate(PaginationConfig={"PageSize": 2})
    assert [len(page["SecretList"]) for page in pages] == [2, 1]
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        secrets.get_secret_value(SecretId="nothing")


def test_an_arn_of_another_region_is_not_found(cloud: TestCloud, made: str) -> None:
    """Else a replica could be written to through its primary's region."""
    regions = [{"Region": "eu-west-1"}]
    cloud.call("secretsmanager", "ReplicateSecretToRegions", {"SecretId": "a", "AddReplicaRegions": regions})
    replica = made.replace("us-east-1", "eu-west-1")
    refused(cloud, "PutSecretValue", "ResourceNotFoundException", SecretId=replica, SecretString="two")
    refused(cloud, "GetSecretValue", "ResourceNotFoundException", SecretId=replica)
    there = cloud.call("secretsmanager", "GetSecretValue", {"SecretId": replica}, region="eu-west-1")
    assert there["SecretString"] == "one"


def test_a_creation_that_is_tried_again_has_the_same_answer(cloud: TestCloud) -> None:
    """CreateSecret API page, ClientRequestToken: "the operation is idempotent"."""
    wanted = {"Name": "b", "SecretString": "one", "ClientRequestToken": ONE}
    first = cloud.call("secretsmanager", "CreateSecret", wanted)
    assert cloud.call("secretsmanager", "CreateSecret", wanted) == first
    refused(cloud, "CreateSecret", "ResourceExistsException", **{**wanted, "SecretString": "two"})
    refused(cloud, "CreateSecret", "ResourceExistsException", **{**wanted, "ClientRequestToken": TWO})
