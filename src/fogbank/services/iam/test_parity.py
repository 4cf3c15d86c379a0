"""boto3's paginators and waiters on IAM."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.testing.plugin import MakeClient

READ = "arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
    }
)
ANY = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}})


@pytest.fixture
def iam(boto: MakeClient) -> Any:
    """An account with two or three of everything that is listed."""
    iam = boto("iam")
    tags = [{"Key": key, "Value": "v"} for key in "abc"]
    policies = [
        iam.create_policy(PolicyName=f"p{number}", PolicyDocument=ANY, Tags=tags)["Policy"]["Arn"] for number in "123"
    ]
    iam.create_policy_version(PolicyArn=policies[0], PolicyDocument=ANY)
    for number in "123":
        iam.create_user(UserName=f"u{number}", Path="/x/", Tags=tags)
        iam.create_group(GroupName=f"g{number}")
        iam.create_role(RoleName=f"r{number}", AssumeRolePolicyDocument=TRUST, Tags=tags)
        iam.create_instance_profile(InstanceProfileName=f"i{number}", Tags=tags)
        iam.add_role_to_instance_profile(InstanceProfileName=f"i{number}", RoleName="r1")
        iam.add_user_to_group(GroupName="g1", UserName=f"u{number}")
        iam.create_virtual_mfa_device(VirtualMFADeviceName=f"m{number}", Tags=tags)
        iam.put_user_policy(UserName="u1", PolicyName=number, PolicyDocument=ANY)
        iam.put_group_policy(GroupName="g1", PolicyName=number, PolicyDocument=ANY)
        iam.put_role_policy(RoleName="r1", PolicyName=number, PolicyDocument=ANY)
        iam.attach_user_policy(UserName=f"u{number}", PolicyArn=policies[0])
    iam.add_user_to_group(GroupName="g2", UserName="u1")
    for arn in policies[1:]:
        iam.attach_user_policy(UserName="u1", PolicyArn=arn)
        iam.attach_group_policy(GroupName="g1", PolicyArn=arn)
        iam.attach_role_policy(RoleName="r1", PolicyArn=arn)
    for _ in range(2):
        iam.create_access_key(UserName="u1")
    return iam


def arguments(account: str) -> dict[str, dict[str, Any]]:
    policy = f"arn:aws:iam::{account}:policy/p1"
    return {
        "get_account_authorization_details": {},
        "get_group": {"GroupName": "g1"},
        "list_access_keys": {"UserName": "u1"},
        "list_attached_group_policies": {"GroupName": "g1"},
        "list_attached_role_policies": {"RoleName": "r1"},
        "list_attached_user_policies": {"UserName": "u1"},
        "list_entities_for_policy": {"PolicyArn": policy},
        "list_group_policies": {"GroupName": "g1"},
        "list_groups": {},
        "list_groups_for_user": {"UserName": "u1"},
        "list_instance_profiles": {},
        "list_instance_profiles_for_role": {"RoleName": "r1"},
        "list_policies": {"Scope": "Local"},
        "list_policy_versions": {"PolicyArn": policy},
        "list_role_policies": {"RoleName": "r1"},
        "list_roles": {},
        "list_user_policies": {"UserName": "u1"},
        "list_users": {"PathPrefix": "/x/"},
        "list_virtual_mfa_devices": {},
        "list_user_tags": {"UserName": "u1"},
        "list_role_tags": {"RoleName": "r1"},
        "list_policy_tags": {"PolicyArn": policy},
        "list_instance_profile_tags": {"InstanceProfileName": "i1"},
        "list_mfa_device_tags": {"SerialNumber": f"arn:aws:iam::{account}:mfa/m1"},
    }


def test_every_list_comes_in_pages(iam: Any, account: str) -> None:
    from botocore.loaders import Loader

    known = Loader().load_service_model("iam", "paginators-1", "2010-05-08")["pagination"]
    names = {iam.meta.method_to_api_mapping[name] for name in arguments(account)}
    left = {
        "ListAccountAliases",
        "ListMFADevices",
        "ListOpenIDConnectProviderTags",
        "ListSAMLProviderTags",
        "ListServerCertificateTags",
        "ListServerCertificates",
        "ListSigningCertificates",
        "ListSSHPublicKeys",
        "SimulateCustomPolicy",
        "SimulatePrincipalPolicy",
    }
    assert set(known) - names <= left
    for name, params in arguments(account).items():
        operation = iam.meta.method_to_api_mapping[name]
        keys = known[operation]["result_key"] if operation in known else "Tags"
        pages = list(iam.get_paginator(name).paginate(**params, PaginationConfig={"PageSize": 1}))
        whole = getattr(iam, name)(**params)
        assert not whole["IsTruncated"], name
        for key in keys if isinstance(keys, list) else [keys]:
            assert [row for page in pages for row in page.get(key, [])] == whole[key], name
        assert len(pages) >= 2, name


def test_a_marker_that_is_none_of_ours(iam: Any) -> None:
    with pytest.raises(iam.exceptions.ClientError, match="ValidationError"):
        iam.list_users(Marker="nonsense")


def test_waiters(iam: Any, account: str) -> None:
    from botocore.exceptions import WaiterError

    fast = {"Delay": 0, "MaxAttempts": 2}
    for waiter, good, bad in (
        ("user_exists", {"UserName": "u1"}, {"UserName": "none"}),
        ("role_exists", {"RoleName": "r1"}, {"RoleName": "none"}),
        ("instance_profile_exists", {"InstanceProfileName": "i1"}, {"InstanceProfileName": "none"}),
        ("policy_exists", {"PolicyArn": READ}, {"PolicyArn": f"{READ}x"}),
    ):
        iam.get_waiter(waiter).wait(**good, WaiterConfig=fast)
        with pytest.raises(WaiterError):
            iam.get_waiter(waiter).wait(**bad, WaiterConfig=fast)


def test_errors_are_the_models(iam: Any) -> None:
    with pytest.raises(iam.exceptions.NoSuchEntityException) as caught:
        iam.get_user(UserName="none")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_user(UserName="u1")
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_user(UserName="u1")
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException):
        iam.create_policy(PolicyName="bad", PolicyDocument="{}")
    document = iam.get_role(RoleName="r1")["Role"]["AssumeRolePolicyDocument"]
    assert document == json.loads(TRUST)
