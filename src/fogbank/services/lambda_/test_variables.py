"""Environment variables under a key of one's own: who sees them, and what a function does without its key."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control.caller import Caller
from fogbank.services.lambda_.test_lambda import ROLE, World, allowed, zipped
from fogbank.testing import TestCloud

SECRET = {"Variables": {"TOKEN": "correct-horse"}}


@pytest.fixture
def world(cloud: TestCloud) -> World:
    return World(cloud)


@pytest.fixture
def key(world: World) -> str:
    arn: str = world.cloud.call("kms", "CreateKey", {})["KeyMetadata"]["Arn"]
    return arn


def user(world: World, name: str, *actions: str) -> Caller:
    world.cloud.call("iam", "CreateUser", {"UserName": name})
    policy = {"UserName": name, "PolicyName": "p", "PolicyDocument": allowed(*actions)}
    world.cloud.call("iam", "PutUserPolicy", policy)
    key = world.cloud.call("iam", "CreateAccessKey", {"UserName": name})["AccessKey"]["AccessKeyId"]
    found = world.cloud.cloud.credential(key, None)
    assert found is not None
    return found.caller


def seen(world: World, caller: Caller | None = None) -> Any:
    given = {"FunctionName": "f"}
    return world.cloud.call("lambda", "GetFunctionConfiguration", given, caller=caller)["Environment"]


def grants(world: World, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.cloud.call("kms", "ListGrants", {"KeyId": key})["Grants"]
    return found


def test_who_may_decrypt_sees_them(world: World, key: str) -> None:
    world.make(Environment=SECRET, KMSKeyArn=key)
    assert seen(world) == SECRET
    assert seen(world, user(world, "ann", "lambda:*", "kms:Decrypt")) == SECRET
    error = seen(world, user(world, "bob", "lambda:*"))["Error"]
    assert error["ErrorCode"] == "AccessDeniedException" and "KMS access was denied" in error["Message"]
    assert "correct-horse" not in json.dumps(error)


def test_the_function_has_them_by_a_grant_to_its_role(world: World, key: str) -> None:
    world.make(Environment=SECRET, KMSKeyArn=key)
    (grant,) = grants(world, key)
    assert grant["GranteePrincipal"] == ROLE and grant["Constraints"]["EncryptionContextEquals"]
    assert json.loads(world.invoke()["Payload"]) == {}
    assert world.sandboxes.started[-1].environ["TOKEN"] == "correct-horse"
    world.call("DeleteFunction", FunctionName="f")
    assert grants(world, key) == []


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("DisableKey", "KMSDisabledException"),
        ("ScheduleKeyDeletion", "KMSInvalidStateException"),
        ("RevokeGrant", "KMSAccessDeniedException"),
    ],
)
def test_without_its_key_it_does_not_begin(world: World, key: str, operation: str, code: str) -> None:
    world.make(Environment=SECRET, KMSKeyArn=key)
    more = {"GrantId": grants(world, key)[0]["GrantId"]} if operation == "RevokeGrant" else {}
    world.cloud.call("kms", operation, {"KeyId": key, **more})
    with pytest.raises(AwsError) as caught:
        world.invoke()
    assert (caught.value.code, caught.value.status) == (code, 502)
    assert not world.sandboxes.started


def test_whoever_may_not_grant_the_key_cannot_use_it(world: World, key: str) -> None:
    cat = user(world, "cat", "lambda:*", "iam:PassRole", "kms:Encrypt")
    given = {"FunctionName": "f", "Runtime": "python3.11", "Role": ROLE, "Handler": "main.run"}
    code = {"ZipFile": zipped()}
    with pytest.raises(AwsError, match="invalid for CreateGrant"):
        world.cloud.call(
            "lambda", "CreateFunction", {**given, "Code": code, "Environment": SECRET, "KMSKeyArn": key}, caller=cat
        )
    world.refused("GetFunction", "ResourceNotFoundException", FunctionName="f")


def test_another_key_and_none(world: World, key: str) -> None:
    world.make(Environment=SECRET, KMSKeyArn=key)
    other = world.cloud.call("kms", "CreateKey", {})["KeyMetadata"]["Arn"]
    world.call("UpdateFunctionConfiguration", FunctionName="f", KMSKeyArn=other)
    world.cloud.call("kms", "DisableKey", {"KeyId": key})
    assert seen(world) == SECRET and len(grants(world, other)) == 1
    world.call("UpdateFunctionConfiguration", FunctionName="f", KMSKeyArn="")
    world.cloud.call("kms", "DisableKey", {"KeyId": other})
    assert seen(world) == SECRET
