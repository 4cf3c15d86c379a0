"""Policies at work, end to end: what they let through, and what they are seen to stop."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control.caller import Caller
from fogbank.control.context import Origin
from fogbank.services.iam.identity import note_use
from fogbank.testing import TestCloud
from fogbank.testing.plugin import MakeClient

ACCOUNT, OTHER = "000000000000", "111111111111"
AWS = "amazonaws.com"
PARAMETER = f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter"
Client = Callable[..., dict[str, Any]]


def document(*actions: str, effect: str = "Allow", resource: Any = "*", **more: Any) -> str:
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(principal: Any, *actions: str, **more: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": list(actions) or "sts:AssumeRole", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def root(account: str = ACCOUNT) -> Caller:
    from fogbank.control import caller

    return caller.root(account)


def user(cloud: TestCloud, name: str, *, account: str = ACCOUNT, policy: str = "", **more: Any) -> Caller:
    """A user with a key and perhaps an inline policy, as the gateway sees it."""
    iam = cloud.client("iam", caller=root(account))
    iam("CreateUser", UserName=name, **more)
    if policy:
        iam("PutUserPolicy", UserName=name, PolicyName="own", PolicyDocument=policy)
    return as_key(cloud, iam("CreateAccessKey", UserName=name)["AccessKey"]["AccessKeyId"])


def as_key(cloud: TestCloud, key_id: str, token: str | None = None) -> Caller:
    credential = cloud.cloud.credential(key_id, token)
    assert credential is not None
    return credential.caller


def assume(cloud: TestCloud, by: Caller, role: str, *, account: str = ACCOUNT, **params: Any) -> Caller:
    arn = f"arn:aws:iam::{account}:role/{role}"
    made = cloud.call("sts", "AssumeRole", {"RoleArn": arn, "RoleSessionName": "session", **params}, caller=by)
    return as_key(cloud, made["Credentials"]["AccessKeyId"], made["Credentials"]["SessionToken"])


def denied(cloud: TestCloud, by: Caller, operation: str, service: str = "ssm", **params: Any) -> str:
    with pytest.raises(AwsError) as caught:
        cloud.call(service, operation, params, caller=by)
    assert caught.value.code in ("AccessDenied", "AccessDeniedException"), str(caught.value)
    return caught.value.message


@pytest.fixture
def ssm(cloud: TestCloud) -> Client:
    client = cloud.client("ssm")
    for name in ("/app/a", "/app/b"):
        client("PutParameter", Name=name, Value="v", Type="String")
    return client


def read(cloud: TestCloud, by: Caller, name: str = "/app/a") -> str:
    return str(cloud.call("ssm", "GetParameter", {"Name": name}, caller=by)["Parameter"]["Value"])


def test_a_user_may_what_its_policies_allow_and_nothing_else(cloud: TestCloud, ssm: Client) -> None:
    alice = user(cloud, "alice", Path="/team/")
    assert denied(cloud, alice, "GetParameter", Name="/app/a") == (
        f"User: arn:aws:iam::{ACCOUNT}:user/team/alice is not authorized to perform: ssm:GetParameter on resource: "
        f"{PARAMETER}/app/a because no identity-based policy allows the ssm:GetParameter action"
    )
    iam = cloud.client("iam")
    allowed = document("ssm:GetParameter", resource=f"{PARAMETER}/app/a")
    iam("PutUserPolicy", UserName="alice", PolicyName="p", PolicyDocument=allowed)
    assert read(cloud, alice) == "v"
    assert denied(cloud, alice, "GetParameter", Name="/app/b")
    iam("DeleteUserPolicy", UserName="alice", PolicyName="p")
    assert denied(cloud, alice, "GetParameter", Name="/app/a")


def test_an_explicit_deny_wins(cloud: TestCloud, ssm: Client) -> None:
    alice = user(cloud, "alice", policy=document("ssm:*"))
    assert read(cloud, alice) == "v"
    deny = document("ssm:Get*", effect="Deny", resource=f"{PARAMETER}/app/b")
    arn = cloud.call("iam", "CreatePolicy", {"PolicyName": "d", "PolicyDocument": deny})["Policy"]["Arn"]
    cloud.call("iam", "AttachUserPolicy", {"UserName": "alice", "PolicyArn": arn})
    assert read(cloud, alice) == "v"
    text = denied(cloud, alice, "GetParameter", Name="/app/b")
    assert text.endswith("with an explicit deny in an identity-based policy")


def test_the_default_version_of_a_policy_counts(cloud: TestCloud, ssm: Client) -> None:
    iam = cloud.client("iam")
    alice = user(cloud, "alice")
    arn = iam("CreatePolicy", PolicyName="p", PolicyDocument=document("ssm:*"))["Policy"]["Arn"]
    iam("AttachUserPolicy", UserName="alice", PolicyArn=arn)
    assert read(cloud, alice) == "v"
    iam("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=document("ec2:*"), SetAsDefault=True)
    assert denied(cloud, alice, "GetParameter", Name="/app/a")
    iam("SetDefaultPolicyVersion", PolicyArn=arn, VersionId="v1")
    assert read(cloud, alice) == "v"


def test_a_group_lends_its_policies_to_members(cloud: TestCloud, ssm: Client) -> None:
    iam = cloud.client("iam")
    alice = user(cloud, "alice")
    iam("CreateGroup", GroupName="readers")
    iam("AttachGroupPolicy", GroupName="readers", PolicyArn="arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess")
    assert denied(cloud, alice, "GetParameter", Name="/app/a")
    iam("AddUserToGroup", GroupName="readers", UserName="alice")
    assert read(cloud, alice) == "v"
    assert denied(cloud, alice, "PutParameter", Name="/app/c", Value="v", Type="String")
    iam("RemoveUserFromGroup", GroupName="readers", UserName="alice")
    assert denied(cloud, alice, "GetParameter", Name="/app/a")


def test_a_boundary_takes_away(cloud: TestCloud, ssm: Client) -> None:
    iam = cloud.client("iam")
    arn = iam("CreatePolicy", PolicyName="b", PolicyDocument=document("ec2:*"))["Policy"]["Arn"]
    alice = user(cloud, "alice", policy=document("ssm:*"), PermissionsBoundary=arn)
    text = denied(cloud, alice, "GetParameter", Name="/app/a")
    assert text.endswith("because no permissions boundary allows the ssm:GetParameter action")
    iam("DeleteUserPermissionsBoundary", UserName="alice")
    assert read(cloud, alice) == "v"


def test_a_role_session_has_the_roles_policies_and_no_more_than_its_own(cloud: TestCloud, ssm: Client) -> None:
    iam = cloud.client("iam")
    alice = user(cloud, "alice")
    iam("CreateRole", RoleName="reader", AssumeRolePolicyDocument=trust({"AWS": alice.arn}))
    iam("PutRolePolicy", RoleName="reader", PolicyName="p", PolicyDocument=document("ssm:*"))
    session = assume(cloud, alice, "reader")
    assert session.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/session"
    assert read(cloud, session) == "v"
    assert denied(cloud, session, "ListUsers", "iam").startswith(f"User: {session.arn} is not authorized")
    narrow = document("ssm:GetParameter", resource=f"{PARAMETER}/app/b")
    limited = assume(cloud, alice, "reader", Policy=narrow)
    assert read(cloud, limited, "/app/b") == "v"
    text = denied(cloud, limited, "GetParameter", Name="/app/a")
    assert text.endswith("because no session policy allows the ssm:GetParameter action")
    arns = [{"arn": "arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess"}]
    reader = assume(cloud, alice, "reader", PolicyArns=arns)
    assert read(cloud, reader) == "v"
    assert denied(cloud, reader, "DeleteParameter", Name="/app/a")


def test_the_trust_policy_decides_who_assumes(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    alice, bob = user(cloud, "alice"), user(cloud, "bob", policy=document("sts:*"))
    iam("CreateRole", RoleName="r", AssumeRolePolicyDocument=trust({"AWS": alice.arn}))
    assert assume(cloud, alice, "r")
    with pytest.raises(AwsError) as caught:
        assume(cloud, bob, "r")
    resource = f"arn:aws:iam::{ACCOUNT}:role/r"
    text = f"User: {bob.arn} is not authorized to perform: sts:AssumeRole on resource: {resource}"
    assert (caught.value.code, caught.value.status, caught.value.message) == ("AccessDenied", 403, text)
    with pytest.raises(AwsError) as caught:
        assume(cloud, bob, "none")
    assert caught.value.message == text[:-1] + "none"
    iam("UpdateAssumeRolePolicy", RoleName="r", PolicyDocument=trust({"AWS": ACCOUNT}))
    assert assume(cloud, bob, "r")
    with pytest.raises(AwsError, match="AccessDenied"):
        assume(cloud, alice, "r")


def test_across_accounts_both_sides_must_allow(cloud: TestCloud, ssm: Client) -> None:
    iam = cloud.client("iam")
    away = user(cloud, "away", account=OTHER)
    arn = f"arn:aws:iam::{ACCOUNT}:role/shared"
    condition = {"StringEquals": {"sts:ExternalId": "secret"}}
    iam("CreateRole", RoleName="shared", AssumeRolePolicyDocument=trust({"AWS": OTHER}, Condition=condition))
    iam("PutRolePolicy", RoleName="shared", PolicyName="p", PolicyDocument=document("ssm:GetParameter"))
    with pytest.raises(AwsError, match="AccessDenied"):
        assume(cloud, away, "shared", ExternalId="secret")
    may = {"UserName": "away", "PolicyName": "may", "PolicyDocument": document("sts:AssumeRole", resource=arn)}
    cloud.call("iam", "PutUserPolicy", may, caller=root(OTHER))
    session = assume(cloud, away, "shared", ExternalId="secret")
    assert (session.account, read(cloud, session)) == (ACCOUNT, "v")
    for params in ({}, {"ExternalId": "guess"}):
        with pytest.raises(AwsError, match="AccessDenied"):
            assume(cloud, away, "shared", **params)
    third = user(cloud, "third", account="222222222222", policy=document("sts:*"))
    with pytest.raises(AwsError, match="AccessDenied"):
        assume(cloud, third, "shared", ExternalId="secret")


def test_a_role_that_was_made_anew_lends_nothing_to_old_sessions(cloud: TestCloud, ssm: Client) -> None:
    iam = cloud.client("iam")
    alice = user(cloud, "alice")

    def make() -> None:
        iam("CreateRole", RoleName="r", AssumeRolePolicyDocument=trust({"AWS": alice.arn}))
        iam("PutRolePolicy", RoleName="r", PolicyName="p", PolicyDocument=document("ssm:*"))

    make()
    session = assume(cloud, alice, "r")
    assert read(cloud, session) == "v"
    iam("DeleteRolePolicy", RoleName="r", PolicyName="p")
    iam("DeleteRole", RoleName="r")
    assert denied(cloud, session, "GetParameter", Name="/app/a")
    make()
    assert denied(cloud, session, "GetParameter", Name="/app/a")
    assert read(cloud, assume(cloud, alice, "r")) == "v"


def test_a_session_ends_in_cloud_time(cloud: TestCloud, ssm: Client) -> None:
    alice = user(cloud, "alice")
    trusting = {"RoleName": "r", "AssumeRolePolicyDocument": trust({"AWS": alice.arn})}
    cloud.call("iam", "CreateRole", trusting)
    made = cloud.call(
        "sts",
        "AssumeRole",
        {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r", "RoleSessionName": "ss", "DurationSeconds": 900},
        caller=alice,
    )["Credentials"]
    cloud.advance(899)
    assert cloud.cloud.credential(made["AccessKeyId"], made["SessionToken"])
    cloud.advance(1)
    with pytest.raises(AwsError) as caught:
        cloud.cloud.credential(made["AccessKeyId"], made["SessionToken"])
    assert (caught.value.code, caught.value.status) == ("ExpiredToken", 403)


def test_keys_that_no_longer_count_are_refused(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    key = user(cloud, "alice").access_key_id
    iam("UpdateAccessKey", UserName="alice", AccessKeyId=key, Status="Inactive")
    with pytest.raises(AwsError) as caught:
        cloud.cloud.credential(key, None)
    assert (caught.value.code, caught.value.status) == ("InvalidClientTokenId", 403)
    iam("UpdateAccessKey", UserName="alice", AccessKeyId=key, Status="Active")
    assert as_key(cloud, key).principal.kind == "user"
    iam("DeleteAccessKey", UserName="alice", AccessKeyId=key)
    with pytest.raises(AwsError, match="InvalidClientTokenId"):
        cloud.cloud.credential(key, None)
    assert cloud.cloud.credential("AKIAQAAAAAAAAAAAAAAA", None) is None


def test_a_key_of_another_partition_is_found(cloud: TestCloud) -> None:
    china = cloud.client("iam", region="cn-north-1")
    china("CreateUser", UserName="li")
    key = china("CreateAccessKey", UserName="li")["AccessKey"]["AccessKeyId"]
    assert as_key(cloud, key).arn == f"arn:aws-cn:iam::{ACCOUNT}:user/li"


def test_a_root_key_is_the_root(cloud: TestCloud, ssm: Client) -> None:
    key = cloud.call("iam", "CreateAccessKey")["AccessKey"]
    caller = as_key(cloud, key["AccessKeyId"])
    assert (caller.principal.kind, caller.enforced) == ("root", True)
    assert read(cloud, caller) == "v"


def test_tags_of_principals_and_resources_are_conditions(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    condition = {"StringEquals": {"iam:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    policy = document("iam:*AccessKey*", Condition=condition)
    alice = user(cloud, "alice", policy=policy, Tags=[{"Key": "team", "Value": "red"}])
    for name, team in (("red", "red"), ("blue", "blue")):
        iam("CreateUser", UserName=name, Tags=[{"Key": "team", "Value": team}])
    assert cloud.call("iam", "CreateAccessKey", {"UserName": "red"}, caller=alice)
    assert denied(cloud, alice, "CreateAccessKey", "iam", UserName="blue")
    iam("TagUser", UserName="blue", Tags=[{"Key": "team", "Value": "red"}])
    assert cloud.call("iam", "CreateAccessKey", {"UserName": "blue"}, caller=alice)


def test_a_boundary_can_be_demanded(cloud: TestCloud) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html, delegation."""
    iam = cloud.client("iam")
    arn = iam("CreatePolicy", PolicyName="b", PolicyDocument=document("s3:*"))["Policy"]["Arn"]
    demand = {"StringEquals": {"iam:PermissionsBoundary": arn}}
    alice = user(cloud, "alice", policy=document("iam:CreateUser", "iam:AttachUserPolicy", Condition=demand))
    own = cloud.client("iam", caller=alice)
    assert denied(cloud, alice, "CreateUser", "iam", UserName="free")
    own("CreateUser", UserName="bound", PermissionsBoundary=arn)
    own("AttachUserPolicy", UserName="bound", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    iam("CreateUser", UserName="free")
    params = {"UserName": "free", "PolicyArn": "arn:aws:iam::aws:policy/AmazonS3FullAccess"}
    assert denied(cloud, alice, "AttachUserPolicy", "iam", **params)


def test_attaching_can_be_limited_to_policies(cloud: TestCloud) -> None:
    safe = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    alice = user(cloud, "alice", policy=document("iam:Attach*", Condition={"ArnEquals": {"iam:PolicyARN": safe}}))
    own = cloud.client("iam", caller=alice)
    own("AttachUserPolicy", UserName="alice", PolicyArn=safe)
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    assert denied(cloud, alice, "AttachUserPolicy", "iam", UserName="alice", PolicyArn=admin)


def test_passing_a_role_to_an_instance_profile_is_a_permission_of_its_own(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    alice = user(cloud, "alice", policy=document("iam:AddRoleToInstanceProfile"))
    iam("CreateRole", RoleName="r", AssumeRolePolicyDocument=trust({"Service": "ec2.amazonaws.com"}))
    iam("CreateInstanceProfile", InstanceProfileName="p")
    params = {"InstanceProfileName": "p", "RoleName": "r"}
    text = denied(cloud, alice, "AddRoleToInstanceProfile", "iam", **params)
    assert f"iam:PassRole on resource: arn:aws:iam::{ACCOUNT}:role/r" in text
    passing = document("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}})
    iam("PutUserPolicy", UserName="alice", PolicyName="pass", PolicyDocument=passing)
    cloud.call("iam", "AddRoleToInstanceProfile", params, caller=alice)


@pytest.mark.parametrize(
    ("operation", "params", "resource"),
    [
        ("ListUsers", {}, "user/"),
        ("ListRoles", {"PathPrefix": "/x/"}, "role/x/"),
        ("GetUser", {}, "user/alice"),
        ("CreateUser", {"UserName": "n", "Path": "/p/"}, "user/p/n"),
        ("GetRole", {"RoleName": "R"}, "role/deep/path/r"),
        ("CreatePolicy", {"PolicyName": "p", "PolicyDocument": "{}"}, "policy/p"),
        ("GetPolicy", {"PolicyArn": "arn:aws:iam::aws:policy/X"}, "arn:aws:iam::aws:policy/X"),
        ("AddUserToGroup", {"GroupName": "g", "UserName": "alice"}, "group/g"),
        (
            "CreateServiceLinkedRole",
            {"AWSServiceName": f"rds.{AWS}"},
            f"role/aws-service-role/rds.{AWS}/AWSServiceRoleForRDS",
        ),
        ("CreateOpenIDConnectProvider", {"Url": "https://a.example"}, "oidc-provider/a.example"),
        ("GetAccountSummary", {}, "*"),
        ("ListAccountAliases", {}, "*"),
    ],
)
def test_what_a_call_is_about(cloud: TestCloud, operation: str, params: dict[str, Any], resource: str) -> None:
    trusting = trust({"Service": "ec2.amazonaws.com"})
    cloud.call("iam", "CreateRole", {"RoleName": "r", "Path": "/deep/path/", "AssumeRolePolicyDocument": trusting})
    alice = user(cloud, "alice")
    whole = resource if resource.startswith(("arn:", "*")) else f"arn:aws:iam::{ACCOUNT}:{resource}"
    assert f"iam:{operation} on resource: {whole} because" in denied(cloud, alice, operation, "iam", **params)


def test_uses_are_noted_once_a_minute(cloud: TestCloud) -> None:
    alice = user(cloud, "alice", policy=document("*"))

    def use() -> None:
        ctx = cloud.cloud.context("ssm", "GetParameter", alice, "eu-west-1")
        with ctx.begin():
            note_use(ctx)

    def last() -> dict[str, Any]:
        found = cloud.call("iam", "GetAccessKeyLastUsed", {"AccessKeyId": alice.access_key_id})
        assert found["UserName"] == "alice"
        return dict(found["AccessKeyLastUsed"])

    assert last() == {"ServiceName": "N/A", "Region": "N/A"}
    use()
    first = last()
    assert (first["ServiceName"], first["Region"]) == ("ssm", "eu-west-1")
    cloud.advance(59)
    use()
    assert last() == first
    cloud.advance(1)
    use()
    assert last()["LastUsedDate"] == first["LastUsedDate"] + 60


def test_through_a_socket(boto: MakeClient, account: str) -> None:
    from botocore.exceptions import ClientError

    iam = boto("iam")
    iam.create_user(UserName="alice")
    key = iam.create_access_key(UserName="alice")["AccessKey"]
    long_term = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    assert boto("sts", **long_term).get_caller_identity()["Arn"] == f"arn:aws:iam::{account}:user/alice"
    boto("ssm").put_parameter(Name="/a", Value="v", Type="String")
    mine = boto("ssm", **long_term)
    with pytest.raises(ClientError, match="no identity-based policy allows the ssm:GetParameter action"):
        mine.get_parameter(Name="/a")
    policy = document("ssm:GetParameter", "sts:AssumeRole")
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=policy)
    assert mine.get_parameter(Name="/a")["Parameter"]["Value"] == "v"
    shown = iam.get_user_policy(UserName="alice", PolicyName="p")["PolicyDocument"]
    assert shown == json.loads(policy)
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust({"AWS": account}))
    arn = f"arn:aws:iam::{account}:role/r"
    made = boto("sts", **long_term).assume_role(RoleArn=arn, RoleSessionName="me")["Credentials"]
    temporary = {
        "aws_access_key_id": made["AccessKeyId"],
        "aws_secret_access_key": made["SecretAccessKey"],
        "aws_session_token": made["SessionToken"],
    }
    identity = boto("sts", **temporary).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{account}:assumed-role/r/me"
    with pytest.raises(ClientError, match="AccessDeniedException"):
        boto("ssm", **temporary).get_parameter(Name="/a")
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        boto("sts", **{**long_term, "aws_secret_access_key": "wrong"}).get_caller_identity()
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        boto("sts", **{**temporary, "aws_secret_access_key": "wrong"}).get_caller_identity()
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        boto("sts", **{**temporary, "aws_session_token": "wrong"}).get_caller_identity()
    iam.update_access_key(UserName="alice", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        boto("sts", **long_term).get_caller_identity()
    iam.delete_access_key(UserName="alice", AccessKeyId=key["AccessKeyId"])
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        mine.get_parameter(Name="/a")


def test_policies_of_one_partition_do_not_count_in_another(tmp_path: Path) -> None:
    """Also not after a restart, when no number of changes tells the two partitions' policies apart."""
    first = TestCloud(ephemeral=False, state=str(tmp_path))
    by = user(first, "alice", policy=document("*"))
    for region in ("us-east-1", "cn-north-1"):
        put = {"Name": "/a", "Value": region, "Type": "String"}
        first.call("ssm", "PutParameter", put, region=region)
    first.close()
    again = TestCloud(ephemeral=False, state=str(tmp_path))
    assert again.call("ssm", "GetParameter", {"Name": "/a"}, caller=by)["Parameter"]["Value"] == "us-east-1"
    with pytest.raises(AwsError, match="not authorized"):
        again.call("ssm", "GetParameter", {"Name": "/a"}, caller=by, region="cn-north-1")
    again.close()


def test_a_reset_takes_away_what_was_decided_before_it(tmp_path: Path) -> None:
    """Also where nothing was written since the start."""
    first = TestCloud(ephemeral=False, state=str(tmp_path))
    by = user(first, "alice", policy=document("*"))
    first.call("ssm", "PutParameter", {"Name": "/a", "Value": "v", "Type": "String"})
    first.call("ssm", "GetParameter", {"Name": "/a"}, caller=by)
    first.close()
    again = TestCloud(ephemeral=False, state=str(tmp_path))
    again.call("ssm", "GetParameter", {"Name": "/a"}, caller=by)
    again.cloud.reset()
    again.call("ssm", "PutParameter", {"Name": "/a", "Value": "new", "Type": "String"})
    with pytest.raises(AwsError, match="not authorized"):
        again.call("ssm", "GetParameter", {"Name": "/a"}, caller=by)
    again.close()


def test_a_key_of_another_partition_that_is_deactivated_is_refused_at_once(cloud: TestCloud) -> None:
    iam = cloud.client("iam", region="us-gov-west-1")
    iam("CreateUser", UserName="alice")
    key = iam("CreateAccessKey", UserName="alice")["AccessKey"]["AccessKeyId"]
    assert as_key(cloud, key).arn == f"arn:aws-us-gov:iam::{ACCOUNT}:user/alice"
    iam("UpdateAccessKey", UserName="alice", AccessKeyId=key, Status="Inactive")
    with pytest.raises(AwsError, match="security token included in the request is invalid"):
        as_key(cloud, key)


def test_a_role_trusts_who_was_there_and_not_who_comes_after_under_the_name(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    alice = user(cloud, "alice")
    iam("CreateRole", RoleName="r", AssumeRolePolicyDocument=trust({"AWS": alice.arn}))
    assume(cloud, alice, "r")
    iam("UpdateUser", UserName="alice", NewUserName="bob")
    shown = iam("GetRole", RoleName="r")["Role"]["AssumeRolePolicyDocument"]
    assert "user/bob" in unquote(shown)
    iam("DeleteAccessKey", UserName="bob", AccessKeyId=alice.access_key_id)
    iam("DeleteUser", UserName="bob")
    assert alice.principal.user_id in unquote(iam("GetRole", RoleName="r")["Role"]["AssumeRolePolicyDocument"])
    again = user(cloud, "alice")
    denied(cloud, again, "AssumeRole", "sts", RoleArn=f"arn:aws:iam::{ACCOUNT}:role/r", RoleSessionName="session")


@pytest.mark.parametrize("operation", ["GetSessionToken", "GetFederationToken"])
def test_sessions_that_are_no_roles_may_not_call_iam(cloud: TestCloud, operation: str) -> None:
    by = user(cloud, "alice", policy=document("*"))
    more = {"Name": "fed", "Policy": document("*")} if operation == "GetFederationToken" else {}
    made = cloud.call("sts", operation, more, caller=by)["Credentials"]
    session = as_key(cloud, made["AccessKeyId"], made["SessionToken"])
    with pytest.raises(AwsError, match="security token included in the request is invalid"):
        cloud.call("iam", "ListUsers", caller=session)
    cloud.call("ssm", "DescribeParameters", caller=session)


def test_what_leaves_the_machine_without_tls_is_not_secure(cloud: TestCloud) -> None:
    """A bucket that refuses who comes without TLS gives a template to whoever may have it, by way of CloudFormation."""
    s3 = cloud.client("s3")
    s3("CreateBucket", Bucket="templates")
    template = {"Resources": {"A": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}}
    s3("PutObject", Bucket="templates", Key="t", Body=json.dumps(template).encode())
    plain = {"Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    policy = document("s3:*", effect="Deny", resource="arn:aws:s3:::templates/*", **plain)
    s3("PutBucketPolicy", Bucket="templates", Policy=policy)
    ann = user(cloud, "ann", policy=document("s3:*", "cloudformation:*"))
    get = {"Bucket": "templates", "Key": "t"}
    cloud.call("s3", "GetObject", get, caller=ann)
    away = cloud.cloud.context("s3", "GetObject", ann)
    away.origin = Origin("1", "10.0.0.4")
    with pytest.raises(AwsError, match="AccessDenied"):
        cloud.run(cloud.cloud.dispatch.run_waiting(away, get))
    away.origin = away.origin._replace(secure=True)
    cloud.run(cloud.cloud.dispatch.run_waiting(away, get))
    address = {"TemplateURL": "https://templates.s3.amazonaws.com/t"}
    assert cloud.call("cloudformation", "ValidateTemplate", address, caller=ann)["Parameters"] == []
    bob = user(cloud, "bob", policy=document("cloudformation:*"))
    with pytest.raises(AwsError, match="ValidationError: S3 error"):
        cloud.call("cloudformation", "ValidateTemplate", address, caller=bob)
