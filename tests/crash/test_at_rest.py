"""Secrets at rest: nothing that was given in confidence lies on disk in the clear, and all of it survives a kill."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from fogbank.testing.process import CloudProcess

ACCOUNT = "111122223333"
VALUE = "correct-horse-battery-staple"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[CloudProcess]:
    found = CloudProcess(tmp_path / "state")
    found.start()
    yield found
    found.kill()


def client(cloud: CloudProcess, service: str, credentials: dict[str, str] | None = None) -> Any:
    keys = credentials or {"AccessKeyId": ACCOUNT, "SecretAccessKey": "x"}
    return boto3.client(
        service,
        endpoint_url=cloud.card.url,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("SessionToken"),
        config=Config(retries={"total_max_attempts": 1}),
    )


def found_in(folder: Path, text: str) -> list[str]:
    """The files below a folder that hold a text, as it is or in base64 or as UTF-16: what `grep -r` would show."""
    import base64

    needles = [text.encode(), base64.b64encode(text.encode()).rstrip(b"=")[:-1], text.encode("utf-16-le")]
    return [
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and any(needle in path.read_bytes() for needle in needles)
    ]


def key_policy(admin: str, reader: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                    "Action": ["kms:Create*", "kms:Describe*", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"],
                    "Resource": "*",
                },
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": admin},
                    "Action": ["kms:Encrypt", "kms:DescribeKey"],
                    "Resource": "*",
                },
                {"Effect": "Allow", "Principal": {"AWS": reader}, "Action": "kms:Decrypt", "Resource": "*"},
            ],
        }
    )


def test_an_administrator_who_may_not_decrypt_and_a_reader_who_may(cloud: CloudProcess, tmp_path: Path) -> None:
    iam = client(cloud, "iam")
    admin = iam.create_user(UserName="admin")["User"]["Arn"]
    iam.attach_user_policy(UserName="admin", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    keys = iam.create_access_key(UserName="admin")["AccessKey"]
    trust = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"},
    }
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    reading = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}}
    iam.put_role_policy(RoleName="reader", PolicyName="read", PolicyDocument=json.dumps(reading))
    key = client(cloud, "kms").create_key(Policy=key_policy(admin, role), BypassPolicyLockoutSafetyCheck=True)
    key_id, key_arn = key["KeyMetadata"]["KeyId"], key["KeyMetadata"]["Arn"]

    client(cloud, "ssm", keys).put_parameter(Name="/app/secret", Value=VALUE, Type="SecureString", KeyId=key_id)
    with pytest.raises(ClientError) as caught:
        client(cloud, "ssm", keys).get_parameter(Name="/app/secret", WithDecryption=True)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    assert caught.value.response["Error"]["Message"] == (
        f"User: {admin} is not authorized to perform: kms:Decrypt on resource: {key_arn} because no resource-based "
        "policy allows the kms:Decrypt action"
    )

    session = client(cloud, "sts", keys).assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    read = client(cloud, "ssm", session).get_parameter(Name="/app/secret", WithDecryption=True)
    assert read["Parameter"]["Value"] == VALUE
    with pytest.raises(ClientError, match="ssm:PutParameter"):
        client(cloud, "ssm", session).put_parameter(Name="/app/other", Value="x", Type="String")

    assert found_in(tmp_path, VALUE) == []
    assert found_in(tmp_path, keys["SecretAccessKey"]) == []

    cloud.kill()
    cloud.start()
    again = client(cloud, "ssm", session).get_parameter(Name="/app/secret", WithDecryption=True)
    assert again["Parameter"]["Value"] == VALUE, "session, key, policy and value survived"
    with pytest.raises(ClientError, match="kms:Decrypt"):
        client(cloud, "ssm", keys).get_parameter(Name="/app/secret", WithDecryption=True)


def test_the_search_for_leaks_can_find_one(cloud: CloudProcess, tmp_path: Path) -> None:
    client(cloud, "ssm").put_parameter(Name="/plain", Value=VALUE, Type="String")
    assert found_in(tmp_path, VALUE) != []
