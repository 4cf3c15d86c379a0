"""Key policies, grants and condition keys: who may use a key, and who may not any more."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.aws.policy import Principal
from fogbank.control import caller as callers
from fogbank.control.caller import Caller
from fogbank.testing import TestCloud

ACCOUNT = "000000000000"
OTHER = "111122223333"


def user(name: str, account: str = ACCOUNT) -> Caller:
    principal = Principal(
        arn=f"arn:aws:iam::{account}:user/{name}", account=account, kind="user", user_id=f"AIDA{name}"
    )
    return Caller(principal=principal, enforced=True)


def session(role: str) -> Caller:
    principal = Principal(
        arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/s",
        account=ACCOUNT,
        kind="role",
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/{role}",
        user_id=f"AROA{role}:s",
    )
    return Caller(principal=principal, enforced=True)


def allow(who: str, *actions: str, **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"AWS": who}, "Action": list(actions), "Resource": "*"}
    return {**statement, "Condition": condition} if condition else statement


def root_of(account: str) -> str:
    return f"arn:aws:iam::{account}:root"


def made(cloud: TestCloud, *statements: dict[str, Any], **params: Any) -> str:
    """A key whose policy lets the account's root administer it and nobody use it, but for further statements."""
    keeper = allow(root_of(ACCOUNT), "kms:PutKeyPolicy", "kms:CreateGrant", "kms:ListGrants", "kms:Describe*")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [keeper, *statements]})
    key: str = cloud.call("kms", "CreateKey", {"Policy": policy, **params})["KeyMetadata"]["KeyId"]
    return key


def denied(cloud: TestCloud, caller: Caller, operation: str, **params: Any) -> str:
    with pytest.raises(AwsError) as caught:
        cloud.call("kms", operation, params, caller=caller)
    assert caught.value.code == "AccessDeniedException", str(caught.value)
    return caught.value.message


def arn(key: str) -> str:
    return f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{key}"


def give(cloud: TestCloud, name: str, *statements: dict[str, Any]) -> Caller:
    """An IAM user with a policy."""
    made_user = cloud.call("iam", "CreateUser", {"UserName": name})["User"]
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    cloud.call("iam", "PutUserPolicy", {"UserName": name, "PolicyName": "p", "PolicyDocument": document})
    principal = Principal(arn=made_user["Arn"], account=ACCOUNT, kind="user", user_id=made_user["UserId"])
    return Caller(principal=principal, enforced=True)


# Key policies


def test_an_administrator_without_decrypt_cannot_decrypt(cloud: TestCloud) -> None:
    admin = give(cloud, "admin", {"Effect": "Allow", "Action": "*", "Resource": "*"})
    key = made(cloud, allow(admin.arn, "kms:Encrypt", "kms:Disable*"))
    blob = cloud.call("kms", "Encrypt", {"KeyId": key, "Plaintext": b"x"}, caller=admin)["CiphertextBlob"]
    text = denied(cloud, admin, "Decrypt", CiphertextBlob=blob)
    assert text == (
        f"User: {admin.arn} is not authorized to perform: kms:Decrypt on resource: {arn(key)} because no "
        "resource-based policy allows the kms:Decrypt action"
    )
    assert cloud.call("kms", "Decrypt", {"CiphertextBlob": blob})["Plaintext"] == b"x", "open mode's root may"


def test_the_default_policy_leaves_it_to_iam(cloud: TestCloud) -> None:
    key = cloud.call("kms", "CreateKey")["KeyMetadata"]["KeyId"]
    a = give(cloud, "a", {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": arn(key)})
    cloud.call("kms", "Encrypt", {"KeyId": key, "Plaintext": b"x"}, caller=a)
    text = denied(cloud, a, "DescribeKey", KeyId=key)
    assert "because no identity-based policy allows the kms:DescribeKey action" in text
    denied(cloud, user("nobody"), "Encrypt", KeyId=key, Plaintext=b"x")


def test_a_denial_in_the_key_policy_is_a_denial(cloud: TestCloud) -> None:
    key = made(cloud, allow("*", "kms:*"), {**allow(user("b").arn, "kms:Decrypt"), "Effect": "Deny"})
    blob = cloud.call("kms", "Encrypt", {"KeyId": key, "Plaintext": b"x"}, caller=user("b"))["CiphertextBlob"]
    assert "with an explicit deny in a resource-based policy" in denied(
        cloud, user("b"), "Decrypt", CiphertextBlob=blob
    )
    assert cloud.call("kms", "Decrypt", {"CiphertextBlob": blob}, caller=user("c"))["Plaintext"] == b"x"


def test_what_is_not_there_is_told_to_those_who_may_ask(cloud: TestCloud) -> None:
    a = give(cloud, "a", {"Effect": "Allow", "Action": "kms:*", "Resource": "*"})
    with pytest.raises(AwsError, match="NotFoundException"):
        cloud.call("kms", "DescribeKey", {"KeyId": "nothing"}, caller=a)
    denied(cloud, user("b"), "DescribeKey", KeyId="nothing")


@pytest.mark.parametrize(
    ("condition", "params", "allowed"),
    [
        ({"kms:EncryptionContext:tenant": "a"}, {"EncryptionContext": {"tenant": "a"}}, True),
        ({"kms:EncryptionContext:tenant": "a"}, {"EncryptionContext": {"tenant": "b"}}, False),
        ({"kms:EncryptionContext:tenant": "a"}, {}, False),
        ({"kms:EncryptionContextKeys": "tenant"}, {"EncryptionContext": {"tenant": "b"}}, True),
        ({"kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}, {}, True),
        ({"kms:EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}, {}, False),
        ({"kms:CallerAccount": ACCOUNT}, {}, True),
        ({"kms:CallerAccount": OTHER}, {}, False),
        ({"kms:KeySpec": "SYMMETRIC_DEFAULT", "kms:KeyUsage": "ENCRYPT_DECRYPT", "kms:KeyOrigin": "AWS_KMS"}, {}, True),
        ({"kms:ViaService": "ssm.us-east-1.amazonaws.com"}, {}, False),
        ({"kms:RequestAlias": "alias/x"}, {}, False),
        ({"kms:RequestAlias": "alias/x"}, {"KeyId": "alias/x"}, True),
        ({"kms:MultiRegion": "false"}, {}, True),
        ({"aws:ResourceTag/team": "red"}, {}, True),
        ({"aws:ResourceTag/team": "blue"}, {}, False),
    ],
)
def test_conditions(cloud: TestCloud, condition: dict[str, str], params: dict[str, Any], allowed: bool) -> None:
    statement = allow(user("a").arn, "kms:Encrypt", StringEquals=condition)
    key = made(cloud, statement, Tags=[{"TagKey": "team", "TagValue": "red"}])
    cloud.call("kms", "CreateAlias", {"AliasName": "alias/x", "TargetKeyId": key})
    call = {"KeyId": key, "Plaintext": b"x", **params}
    if allowed:
        cloud.call("kms", "Encrypt", call, caller=user("a"))
    else:
        denied(cloud, user("a"), "Encrypt", **call)


def test_resource_aliases_are_a_condition(cloud: TestCloud) -> None:
    condition = {"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/app/*"}}
    key = made(cloud, allow(user("a").arn, "kms:Encrypt", **condition))
    denied(cloud, user("a"), "Encrypt", KeyId=key, Plaintext=b"x")
    cloud.call("kms", "CreateAlias", {"AliasName": "alias/app/x", "TargetKeyId": key})
    cloud.call("kms", "Encrypt", {"KeyId": key, "Plaintext": b"x"}, caller=user("a"))


def test_a_parameter_that_the_key_conditions_apply_to(cloud: TestCloud) -> None:
    limit = {"NumericLessThanEquals": {"kms:ScheduleKeyDeletionPendingWindowInDays": "10"}}
    key = made(cloud, allow(user("a").arn, "kms:ScheduleKeyDeletion", **limit))
    denied(cloud, user("a"), "ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=11)
    cloud.call("kms", "ScheduleKeyDeletion", {"KeyId": key, "PendingWindowInDays": 7}, caller=user("a"))


def test_reencryption_needs_both_keys(cloud: TestCloud) -> None:
    source = made(cloud, allow(user("a").arn, "kms:ReEncryptFrom"))
    target = made(cloud, allow(user("a").arn, "kms:ReEncryptTo"))
    blob = cloud.call("kms", "Encrypt", {"KeyId": source, "Plaintext": b"x"})["CiphertextBlob"]
    call = {"CiphertextBlob": blob, "DestinationKeyId": target}
    assert cloud.call("kms", "ReEncrypt", call, caller=user("a"))["KeyId"] == arn(target)
    text = denied(cloud, user("a"), "ReEncrypt", CiphertextBlob=blob, DestinationKeyId=source)
    assert f"kms:ReEncryptTo on resource: {arn(source)}" in text
    other = cloud.call("kms", "Encrypt", {"KeyId": target, "Plaintext": b"x"})["CiphertextBlob"]
    text = denied(cloud, user("a"), "ReEncrypt", CiphertextBlob=other, DestinationKeyId=target)
    assert f"kms:ReEncryptFrom on resource: {arn(target)}" in text


def test_an_alias_needs_itself_and_its_key(cloud: TestCloud) -> None:
    a = give(cloud, "a", {"Effect": "Allow", "Action": "kms:*Alias", "Resource": "arn:aws:kms:*:*:alias/a*"})
    mine, other = made(cloud, allow(a.arn, "kms:*Alias")), made(cloud)
    cloud.call("kms", "CreateAlias", {"AliasName": "alias/a1", "TargetKeyId": mine}, caller=a)
    assert ":alias/b" in denied(cloud, a, "CreateAlias", AliasName="alias/b", TargetKeyId=mine)
    assert other in denied(cloud, a, "CreateAlias", AliasName="alias/a2", TargetKeyId=other)
    assert other in denied(cloud, a, "UpdateAlias", AliasName="alias/a1", TargetKeyId=other)
    cloud.call("kms", "DeleteAlias", {"AliasName": "alias/a1"}, caller=a)


def test_a_policy_that_shuts_its_writer_out_is_refused(cloud: TestCloud) -> None:
    key = made(cloud, allow(user("a").arn, "kms:*"))
    call = {
        "KeyId": key,
        "Policy": json.dumps({"Version": "2012-10-17", "Statement": [allow(root_of(ACCOUNT), "kms:*")]}),
    }
    with pytest.raises(AwsError, match="will not allow you to update the key policy in the future"):
        cloud.call("kms", "PutKeyPolicy", call, caller=user("a"))
    cloud.call("kms", "PutKeyPolicy", {**call, "BypassPolicyLockoutSafetyCheck": True}, caller=user("a"))
    denied(cloud, user("a"), "GetKeyPolicy", KeyId=key)


# Other accounts


def test_another_account_needs_both_sides_and_the_arn(cloud: TestCloud) -> None:
    key = made(cloud, allow(root_of(OTHER), "kms:Encrypt", "kms:Decrypt", "kms:DescribeKey", "kms:DisableKey"))
    cloud.call("kms", "CreateAlias", {"AliasName": "alias/x", "TargetKeyId": key})
    there = callers.root(OTHER)
    blob = cloud.call("kms", "Encrypt", {"KeyId": arn(key), "Plaintext": b"x"}, caller=there)["CiphertextBlob"]
    assert cloud.call("kms", "Decrypt", {"CiphertextBlob": blob}, caller=there)["KeyId"] == arn(key)
    by_alias = f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/x"
    assert cloud.call("kms", "DescribeKey", {"KeyId": by_alias}, caller=there)["KeyMetadata"]["Arn"] == arn(key)
    with pytest.raises(AwsError, match="NotFoundException"):
        cloud.call("kms", "Encrypt", {"KeyId": key, "Plaintext": b"x"}, caller=there)
    denied(cloud, there, "GenerateDataKey", KeyId=arn(key), KeySpec="AES_256")
    denied(cloud, there, "DisableKey", KeyId=arn(key))
    denied(cloud, there, "DescribeKey", KeyId=arn("nothing"))
    text = denied(cloud, user("a", OTHER), "Encrypt", KeyId=arn(key), Plaintext=b"x")
    assert "no identity-based policy allows" in text
    assert cloud.call("kms", "ListAliases", {"KeyId": arn(key)}, caller=there)["Aliases"] == []


# AWS managed keys


def test_a_managed_key_is_for_its_service_alone(cloud: TestCloud) -> None:
    actions = {"Effect": "Allow", "Action": ["ssm:*", "kms:*"], "Resource": "*"}
    a = give(cloud, "a", actions)
    put = {"Name": "/a", "Value": "v", "Type": "SecureString"}
    cloud.call("ssm", "PutParameter", put, caller=a)
    read = cloud.call("ssm", "GetParameter", {"Name": "/a", "WithDecryption": True}, caller=a)
    assert read["Parameter"]["Value"] == "v"
    key = cloud.call("kms", "DescribeKey", {"KeyId": "alias/aws/ssm"}, caller=a)["KeyMetadata"]
    assert key["KeyManager"] == "AWS"
    text = denied(cloud, a, "Encrypt", KeyId=key["KeyId"], Plaintext=b"x")
    assert "no resource-based policy allows the kms:Encrypt action" in text
    denied(cloud, a, "Encrypt", KeyId="alias/aws/ssm", Plaintext=b"x")
    denied(cloud, a, "DisableKey", KeyId=key["KeyId"])


def test_a_service_cannot_lend_what_its_caller_lacks(cloud: TestCloud) -> None:
    a = give(cloud, "a", {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"})
    key = made(cloud)
    put = {"Name": "/a", "Value": "v", "Type": "SecureString", "KeyId": key}
    with pytest.raises(AwsError, match="not authorized to perform: kms:Encrypt"):
        cloud.call("ssm", "PutParameter", put, caller=a)
    via = {"StringEquals": {"kms:ViaService": "ssm.us-east-1.amazonaws.com"}}
    own = made(cloud, allow(a.arn, "kms:Encrypt", **via))
    cloud.call("ssm", "PutParameter", {**put, "KeyId": own}, caller=a)
    denied(cloud, a, "Encrypt", KeyId=own, Plaintext=b"x")


# Grants


def granted(cloud: TestCloud, key: str, grantee: str, *operations: str, **params: Any) -> dict[str, Any]:
    call = {"KeyId": key, "GranteePrincipal": grantee, "Operations": list(operations), **params}
    return cloud.call("kms", "CreateGrant", call)


@pytest.mark.parametrize("ending", ["revoke", "retire", "token"])
def test_a_grant_allows_until_it_ends(cloud: TestCloud, ending: str) -> None:
    key, grantee, retiring = made(cloud), user("a"), user("r")
    blob = cloud.call("kms", "Encrypt", {"KeyId": key, "Plaintext": b"x"})["CiphertextBlob"]
    denied(cloud, grantee, "Decrypt", CiphertextBlob=blob)
    grant = granted(cloud, key, grantee.arn, "Decrypt", RetiringPrincipal=retiring.arn)
    call = {"CiphertextBlob": blob, "GrantTokens": [grant["GrantToken"]]}
    assert cloud.call("kms", "Decrypt", call, caller=grantee)["Plaintext"] == b"x"
    assert cloud.call("kms", "Decrypt", {"CiphertextBlob": blob}, caller=grantee)["Plaintext"] == b"x"
    denied(cloud, grantee, "Encrypt", KeyId=key, Plaintext=b"x")
    denied(cloud, user("b"), "Decrypt", CiphertextBlob=blob)
    denied(cloud, grantee, "RetireGrant", KeyId=arn(key), GrantId=grant["GrantId"])
    if ending == "revoke":
        cloud.call("kms", "RevokeGrant", {"KeyId": key, "GrantId": grant["GrantId"]})
    elif ending == "retire":
        cloud.call("kms", "RetireGrant", {"KeyId": arn(key), "GrantId": grant["GrantId"]}, caller=retiring)
    else:
        cloud.call("kms", "RetireGrant", {"GrantToken": grant["GrantToken"]}, caller=retiring)
    denied(cloud, grantee, "Decrypt", CiphertextBlob=blob)
    with pytest.raises(AwsError, match="NotFoundException"):
        cloud.call("kms", "RevokeGrant", {"KeyId": key, "GrantId": grant["GrantId"]})


@pytest.mark.parametrize(
    ("constraint", "context", "allowed"),
    [
        ("EncryptionContextEquals", {"a": "1"}, True),
        ("EncryptionContextEquals", {"a": "1", "b": "2"}, False),
        ("EncryptionContextEquals", {}, False),
        ("EncryptionContextSubset", {"a": "1", "b": "2"}, True),
        ("EncryptionContextSubset", {"a": "2"}, False),
    ],
)
def test_grants_are_bound_to_a_context(
    cloud: TestCloud, constraint: str, context: dict[str, str], allowed: bool
) -> None:
    key = made(cloud)
    granted(cloud, key, user("a").arn, "Encrypt", Constraints={constraint: {"a": "1"}})
    call = {"KeyId": key, "Plaintext": b"x", "EncryptionContext": context}
    if allowed:
        cloud.call("kms", "Encrypt", call, caller=user("a"))
    else:
        denied(cloud, user("a"), "Encrypt", **call)


def test_a_role_is_granted_to_all_its_sessions(cloud: TestCloud) -> None:
    key = made(cloud)
    granted(cloud, key, f"arn:aws:iam::{ACCOUNT}:role/app", "GenerateDataKey")
    call = {"KeyId": key, "KeySpec": "AES_256"}
    cloud.call("kms", "GenerateDataKey", call, caller=session("app"))
    denied(cloud, session("other"), "GenerateDataKey", **call)


def test_a_grantee_passes_on_no_more_than_it_has(cloud: TestCloud) -> None:
    key, a = made(cloud), user("a")
    granted(cloud, key, a.arn, "CreateGrant", "Decrypt", Constraints={"EncryptionContextSubset": {"t": "1"}})
    call = {"KeyId": key, "GranteePrincipal": user("b").arn}
    narrow = {"Constraints": {"EncryptionContextEquals": {"t": "1", "u": "2"}}}
    denied(cloud, a, "CreateGrant", Operations=["Encrypt"], **call, **narrow)
    denied(cloud, a, "CreateGrant", Operations=["Decrypt"], **call)
    cloud.call("kms", "CreateGrant", {**call, **narrow, "Operations": ["Decrypt"]}, caller=a)


def test_a_name_makes_a_grant_once(cloud: TestCloud) -> None:
    key, who = made(cloud), user("a").arn
    one = granted(cloud, key, who, "Decrypt", Name="n")
    two = granted(cloud, key, who, "Decrypt", Name="n")
    assert one["GrantId"] == two["GrantId"] and one["GrantToken"] != two["GrantToken"]
    assert granted(cloud, key, who, "Encrypt", Name="n")["GrantId"] != one["GrantId"]
    assert granted(cloud, key, who, "Decrypt")["GrantId"] != granted(cloud, key, who, "Decrypt")["GrantId"]


def test_grants_are_listed(cloud: TestCloud) -> None:
    kms, key, a, b = cloud.client("kms"), made(cloud), user("a").arn, user("b").arn
    equals = {"EncryptionContextEquals": {"t": "1"}}
    one = granted(cloud, key, a, "Decrypt", Name="n", RetiringPrincipal=b, Constraints=equals)["GrantId"]
    two = granted(cloud, key, b, "Encrypt")["GrantId"]
    found = kms("ListGrants", KeyId=key, GranteePrincipal=a)["Grants"]
    assert [{name: value for name, value in row.items() if name != "CreationDate"} for row in found] == [
        {
            "KeyId": arn(key),
            "GrantId": one,
            "Name": "n",
            "GranteePrincipal": a,
            "RetiringPrincipal": b,
            "IssuingAccount": root_of(ACCOUNT),
            "Operations": ["Decrypt"],
            "Constraints": equals,
        }
    ]
    assert [row["GrantId"] for row in kms("ListGrants", KeyId=key, GrantId=two)["Grants"]] == [two]
    assert [row["GrantId"] for row in kms("ListRetirableGrants", RetiringPrincipal=b)["Grants"]] == [one]
    with pytest.raises(AwsError, match="InvalidGrantIdException"):
        kms("ListGrants", KeyId=key, GrantId="nothing")


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"Operations": ["Sign"]}, "ValidationException"),
        ({"GranteePrincipal": "bob"}, "InvalidArnException"),
        ({"GranteeServicePrincipal": "rds.amazonaws.com"}, "ValidationException"),
        ({"GrantTokens": ["nonsense"]}, "InvalidGrantTokenException"),
        (
            {"Constraints": {"EncryptionContextEquals": {"a": "b"}, "EncryptionContextSubset": {"a": "b"}}},
            "ValidationException",
        ),
    ],
)
def test_grants_that_cannot_be(cloud: TestCloud, params: dict[str, Any], code: str) -> None:
    call = {"KeyId": made(cloud), "GranteePrincipal": user("a").arn, "Operations": ["Decrypt"], **params}
    with pytest.raises(AwsError) as caught:
        cloud.call("kms", "CreateGrant", call)
    assert caught.value.code == code, str(caught.value)


def test_a_dry_run_is_refused_where_the_call_would_be(cloud: TestCloud) -> None:
    key = made(cloud)
    denied(cloud, user("a"), "Encrypt", KeyId=key, Plaintext=b"x", DryRun=True)
    granted(cloud, key, user("a").arn, "Encrypt")
    with pytest.raises(AwsError, match="DryRunOperationException"):
        cloud.call("kms", "Encrypt", {"KeyId": key, "Plaintext": b"x", "DryRun": True}, caller=user("a"))


def test_replicas_are_made_by_those_who_may_make_keys(cloud: TestCloud) -> None:
    key = made(cloud, allow(user("a").arn, "kms:ReplicateKey"), MultiRegion=True)
    call = {"KeyId": key, "ReplicaRegion": "eu-west-1", "BypassPolicyLockoutSafetyCheck": True}
    assert "kms:CreateKey" in denied(cloud, user("a"), "ReplicateKey", **call)
    a = give(cloud, "a", {"Effect": "Allow", "Action": "kms:CreateKey", "Resource": "*"})
    cloud.call("kms", "ReplicateKey", call, caller=a)


def test_an_allow_that_rests_on_a_condition_of_the_key_policy_is_not_remembered(cloud: TestCloud) -> None:
    user = cloud.call("iam", "CreateUser", {"UserName": "conditional"})["User"]
    principal = Principal(arn=user["Arn"], account="000000000000", kind="user", user_id=user["UserId"])
    by = Caller(principal=principal, enforced=True)
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "kms:*", "Resource": "*"},
        {
            "Effect": "Allow",
            "Principal": {"AWS": user["Arn"]},
            "Action": "kms:Encrypt",
            "Resource": "*",
            "Condition": {"StringEquals": {"kms:EncryptionContext:team": "red"}},
        },
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    key = cloud.call("kms", "CreateKey", {"Policy": policy})["KeyMetadata"]["KeyId"]

    def encrypt(team: str) -> None:
        cloud.call("kms", "Encrypt", {"KeyId": key, "Plaintext": b"x", "EncryptionContext": {"team": team}}, caller=by)

    encrypt("red")
    with pytest.raises(AwsError, match="AccessDeniedException"):
        encrypt("blue")
    encrypt("red")
