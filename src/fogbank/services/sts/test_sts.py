"""STS through the in-process cloud; expected values from the API pages and the User Guide."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control import caller as callers
from fogbank.control.caller import Caller
from fogbank.services.sts import rules, tokens
from fogbank.testing import START, TestCloud

ACCOUNT, OTHER = "000000000000", "111111111111"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
ISSUER = "https://id.example.com/realm"
IDP = f"arn:aws:iam::{ACCOUNT}:oidc-provider/id.example.com/realm"


def document(*actions: str, **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(principal: Any, *actions: str, **more: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": list(actions) or "sts:AssumeRole", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def role(cloud: TestCloud, name: str = "r", principal: Any = None, *actions: str, **more: Any) -> None:
    condition = {"Condition": more.pop("Condition")} if "Condition" in more else {}
    policy = trust(principal or {"AWS": ACCOUNT}, *actions, **condition)
    cloud.call("iam", "CreateRole", {"RoleName": name, "AssumeRolePolicyDocument": policy, **more})


def user(cloud: TestCloud, name: str = "alice", policy: str = "", **more: Any) -> Caller:
    iam = cloud.client("iam")
    iam("CreateUser", UserName=name, **more)
    iam("PutUserPolicy", UserName=name, PolicyName="p", PolicyDocument=policy or document("sts:*", "ssm:*"))
    return signed(cloud, iam("CreateAccessKey", UserName=name)["AccessKey"])


def signed(cloud: TestCloud, credentials: dict[str, Any]) -> Caller:
    found = cloud.cloud.credential(credentials["AccessKeyId"], credentials.get("SessionToken"))
    assert found is not None
    assert found.secret == credentials["SecretAccessKey"]
    return found.caller


def assumed(cloud: TestCloud, by: Caller | None, arn: str = ROLE, **params: Any) -> dict[str, Any]:
    return cloud.call("sts", "AssumeRole", {"RoleArn": arn, "RoleSessionName": "me", **params}, caller=by)


def refused(cloud: TestCloud, operation: str, code: str, by: Caller | None = None, **params: Any) -> str:
    with pytest.raises(AwsError) as caught:
        cloud.call("sts", operation, params, caller=by)
    assert caught.value.code == code, str(caught.value)
    return caught.value.message


def test_who_one_is(cloud: TestCloud) -> None:
    root = {"UserId": ACCOUNT, "Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:root"}
    assert cloud.call("sts", "GetCallerIdentity") == root
    alice = user(cloud, policy=document("ec2:*"))
    found = cloud.call("sts", "GetCallerIdentity", caller=alice)
    assert found == {"UserId": alice.principal.user_id, "Account": ACCOUNT, "Arn": alice.arn}
    assert found["UserId"].startswith("AIDA")


def test_an_assumed_role(cloud: TestCloud) -> None:
    role(cloud, Path="/deep/")
    alice = user(cloud)
    made = assumed(cloud, alice, ROLE.replace("/r", "/deep/r"))
    credentials = made["Credentials"]
    assert credentials["AccessKeyId"].startswith("ASIA")
    assert credentials["Expiration"] == START + 3600
    assert made["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/r/me"
    assert made["AssumedRoleUser"]["AssumedRoleId"].startswith("AROA")
    assert made["AssumedRoleUser"]["AssumedRoleId"].endswith(":me")
    assert "PackedPolicySize" not in made
    session = signed(cloud, credentials)
    assert session.principal.role_arn == f"arn:aws:iam::{ACCOUNT}:role/deep/r"
    refused(cloud, "AssumeRole", "AccessDenied", alice, RoleArn=ROLE, RoleSessionName="me")


@pytest.mark.parametrize(
    ("params", "code", "text"),
    [
        (
            {"RoleArn": "arn:aws:iam::000000000000:user/x"},
            "ValidationError",
            "arn:aws:iam::000000000000:user/x is invalid",
        ),
        ({"DurationSeconds": 3601}, "ValidationError", "exceeds the MaxSessionDuration set for this role"),
        ({"DurationSeconds": 899}, "ValidationError", "durationSeconds"),
        ({"RoleSessionName": "a b"}, "ValidationError", "roleSessionName"),
        ({"Policy": "{"}, "MalformedPolicyDocument", "Syntax errors in policy."),
        ({"Policy": " " * 2049}, "ValidationError", "less than or equal to 2048"),
        ({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/None"}]}, "ValidationError", "cannot be used"),
        ({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/X"}] * 11}, "ValidationError", "up to 10"),
        (
            {"Tags": [{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}]},
            "InvalidParameterValue",
            "Duplicate tag keys",
        ),
        ({"TransitiveTagKeys": ["t"]}, "InvalidParameterValue", "must be included in the requested tags"),
        ({"SerialNumber": "arn:aws:iam::1:mfa/x", "TokenCode": "123456"}, "AccessDenied", "MultiFactorAuthentication"),
        ({"RoleArn": "arn:aws-cn:iam::000000000000:role/r"}, "AccessDenied", "is not authorized to perform"),
    ],
)
def test_requests_that_are_refused(cloud: TestCloud, params: dict[str, Any], code: str, text: str) -> None:
    role(cloud, "r", None, "sts:AssumeRole", "sts:TagSession")
    asked = {"RoleArn": ROLE, "RoleSessionName": "me", **params}
    assert text in refused(cloud, "AssumeRole", code, user(cloud), **asked)


def test_chained_roles_last_an_hour(cloud: TestCloud) -> None:
    role(cloud, "first", MaxSessionDuration=7200)
    role(cloud, "second", MaxSessionDuration=7200)
    first, second = (f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("first", "second"))
    policy = {"RoleName": "first", "PolicyName": "p", "PolicyDocument": document("sts:*")}
    cloud.call("iam", "PutRolePolicy", policy)
    session = signed(cloud, assumed(cloud, user(cloud), first, DurationSeconds=7200)["Credentials"])
    asked = {"RoleArn": second, "RoleSessionName": "me", "DurationSeconds": 3601}
    assert "role chaining" in refused(cloud, "AssumeRole", "ValidationError", session, **asked)
    made = assumed(cloud, session, second, DurationSeconds=3600)
    assert made["AssumedRoleUser"]["Arn"].endswith("/second/me")


def test_a_role_assumes_itself_only_if_it_trusts_itself(cloud: TestCloud) -> None:
    role(cloud)
    session = signed(cloud, assumed(cloud, None)["Credentials"])
    refused(cloud, "AssumeRole", "AccessDenied", session, RoleArn=ROLE, RoleSessionName="again")
    itself = trust({"AWS": [ACCOUNT, ROLE]})
    cloud.call("iam", "UpdateAssumeRolePolicy", {"RoleName": "r", "PolicyDocument": itself})
    assert assumed(cloud, session)["AssumedRoleUser"]["Arn"].endswith("/r/me")


def test_session_tags_need_a_permission_and_stay_through_chains(cloud: TestCloud) -> None:
    alice = user(cloud, policy=document("sts:*"))
    role(cloud, "r", None, "sts:AssumeRole", Tags=[{"Key": "team", "Value": "role"}, {"Key": "size", "Value": "s"}])
    tags = [{"Key": "Team", "Value": "red"}]
    refused(cloud, "AssumeRole", "AccessDenied", alice, RoleArn=ROLE, RoleSessionName="me", Tags=tags)
    both = trust({"AWS": ACCOUNT}, "sts:AssumeRole", "sts:TagSession")
    cloud.call("iam", "UpdateAssumeRolePolicy", {"RoleName": "r", "PolicyDocument": both})
    made = assumed(cloud, alice, Tags=tags, TransitiveTagKeys=["Team"])
    assert made["PackedPolicySize"] >= 1
    session = signed(cloud, made["Credentials"])
    assert session.tags == {"Team": "red", "size": "s"}
    cloud.call("iam", "PutRolePolicy", {"RoleName": "r", "PolicyName": "p", "PolicyDocument": document("sts:*")})
    role(cloud, "next", None, "sts:AssumeRole", "sts:TagSession")
    arn = f"arn:aws:iam::{ACCOUNT}:role/next"
    chained = signed(cloud, assumed(cloud, session, arn)["Credentials"])
    assert chained.tags == {"Team": "red"}
    assert chained.session is not None
    assert chained.session.transitive_tags == ("Team",)
    again = {"RoleArn": arn, "RoleSessionName": "me", "Tags": [{"Key": "TEAM", "Value": "blue"}]}
    assert "transitive tag key" in refused(cloud, "AssumeRole", "InvalidParameterValue", session, **again)


def test_conditions_on_what_is_asked(cloud: TestCloud) -> None:
    condition = {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}
    role(cloud, Condition=condition)
    alice = user(cloud)
    assert assumed(cloud, alice, RoleSessionName="alice")
    refused(cloud, "AssumeRole", "AccessDenied", alice, RoleArn=ROLE, RoleSessionName="bob")


def test_a_source_identity_stays(cloud: TestCloud) -> None:
    role(cloud, "r", None, "sts:AssumeRole", "sts:SetSourceIdentity")
    cloud.call("iam", "PutRolePolicy", {"RoleName": "r", "PolicyName": "p", "PolicyDocument": document("sts:*")})
    role(cloud, "next", None, "sts:AssumeRole", "sts:SetSourceIdentity")
    arn = f"arn:aws:iam::{ACCOUNT}:role/next"
    made = assumed(cloud, user(cloud), SourceIdentity="alice")
    assert made["SourceIdentity"] == "alice"
    session = signed(cloud, made["Credentials"])
    assert assumed(cloud, session, arn)["SourceIdentity"] == "alice"
    asked = {"RoleArn": arn, "RoleSessionName": "me", "SourceIdentity": "bob"}
    refused(cloud, "AssumeRole", "AccessDenied", session, **asked)


def test_setting_a_source_identity_is_a_permission(cloud: TestCloud) -> None:
    role(cloud)
    asked = {"RoleArn": ROLE, "RoleSessionName": "me", "SourceIdentity": "alice"}
    assert "sts:SetSourceIdentity" in refused(cloud, "AssumeRole", "AccessDenied", user(cloud), **asked)


def test_services_assume_the_roles_that_trust_them(cloud: TestCloud) -> None:
    role(cloud, "r", {"Service": "lambda.amazonaws.com"})
    service = callers.service("lambda.amazonaws.com", ACCOUNT)
    session = signed(cloud, assumed(cloud, service)["Credentials"])
    assert session.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/r/me"
    other = callers.service("ec2.amazonaws.com", ACCOUNT)
    text = refused(cloud, "AssumeRole", "AccessDenied", other, RoleArn=ROLE, RoleSessionName="me")
    assert text.startswith("User: ec2.amazonaws.com is not authorized to perform: sts:AssumeRole")


def test_a_session_of_a_user_has_the_users_policies(cloud: TestCloud) -> None:
    alice = user(cloud, policy=document("ssm:DescribeParameters"))
    made = cloud.call("sts", "GetSessionToken", {}, caller=alice)["Credentials"]
    assert made["Expiration"] == START + 43200
    session = signed(cloud, made)
    assert cloud.call("ssm", "DescribeParameters", caller=session) == {"Parameters": []}
    with pytest.raises(AwsError, match="not authorized to perform: ssm:GetParameter"):
        cloud.call("ssm", "GetParameter", {"Name": "x"}, caller=session)
    text = refused(cloud, "GetSessionToken", "AccessDenied", session)
    assert text == "Cannot call GetSessionToken with session credentials"
    iam = cloud.client("iam")
    iam("DeleteUserPolicy", UserName="alice", PolicyName="p")
    with pytest.raises(AwsError, match="AccessDenied"):
        cloud.call("ssm", "DescribeParameters", caller=session)


def test_the_roots_sessions_last_an_hour(cloud: TestCloud) -> None:
    made = cloud.call("sts", "GetSessionToken", {"DurationSeconds": 129600})["Credentials"]
    assert made["Expiration"] == START + 3600
    session = signed(cloud, made)
    role(cloud)
    text = refused(cloud, "AssumeRole", "AccessDenied", session, RoleArn=ROLE, RoleSessionName="me")
    assert text == "Roles may not be assumed by root accounts."


def test_a_federated_user_has_what_both_policies_allow(cloud: TestCloud) -> None:
    alice = user(cloud, policy=document("ssm:DescribeParameters", "ssm:PutParameter", "sts:GetFederationToken"))
    policy = document("ssm:DescribeParameters", "ssm:GetParameter")
    made = cloud.call("sts", "GetFederationToken", {"Name": "bob", "Policy": policy}, caller=alice)
    arn = f"arn:aws:sts::{ACCOUNT}:federated-user/bob"
    assert made["FederatedUser"] == {"FederatedUserId": f"{ACCOUNT}:bob", "Arn": arn}
    bob = signed(cloud, made["Credentials"])
    who = {"UserId": f"{ACCOUNT}:bob", "Account": ACCOUNT, "Arn": arn}
    assert cloud.call("sts", "GetCallerIdentity", caller=bob) == who
    assert cloud.call("ssm", "DescribeParameters", caller=bob) == {"Parameters": []}
    for operation, params in (
        ("GetParameter", {"Name": "x"}),
        ("PutParameter", {"Name": "x", "Value": "v", "Type": "String"}),
    ):
        with pytest.raises(AwsError, match="AccessDenied"):
            cloud.call("ssm", operation, params, caller=bob)
    bare = cloud.call("sts", "GetFederationToken", {"Name": "bob"}, caller=alice)["Credentials"]
    with pytest.raises(AwsError, match="because no session policy allows"):
        cloud.call("ssm", "DescribeParameters", caller=signed(cloud, bare))
    refused(cloud, "GetFederationToken", "AccessDenied", bob, Name="carol")
    cloud.call("iam", "PutUserPolicy", {"UserName": "alice", "PolicyName": "p", "PolicyDocument": document("ec2:*")})
    text = refused(cloud, "GetFederationToken", "AccessDenied", alice, Name="bob")
    assert f"sts:GetFederationToken on resource: {arn}" in text


def test_what_a_key_says(cloud: TestCloud) -> None:
    alice = user(cloud)
    assert cloud.call("sts", "GetAccessKeyInfo", {"AccessKeyId": alice.access_key_id}) == {"Account": ACCOUNT}
    refused(cloud, "GetAccessKeyInfo", "ValidationError", AccessKeyId="AKIAIOSFODNN7EXAMPL1")


def test_sealed_messages_are_opened_and_others_are_not(cloud: TestCloud) -> None:
    sealed = cloud.cloud.dispatch.seal.seal(b'{"allowed": false}', "sts authorization message")
    text = base64.urlsafe_b64encode(sealed).decode()
    assert cloud.call("sts", "DecodeAuthorizationMessage", {"EncodedMessage": text}) == {
        "DecodedMessage": '{"allowed": false}'
    }
    for bad in ("nonsense", text[:-8], base64.urlsafe_b64encode(b"x" * 40).decode()):
        refused(cloud, "DecodeAuthorizationMessage", "InvalidAuthorizationMessageException", EncodedMessage=bad)
    message = {"EncodedMessage": text}
    little = user(cloud, policy=document("ec2:*"))
    refused(cloud, "DecodeAuthorizationMessage", "AccessDenied", little, **message)


def test_sessions_have_a_size() -> None:
    assert rules.packed_percent("", (), {}) is None
    assert rules.packed_percent("", (), {"a": "b"}) == 1
    noise = {str(number): hashlib.sha256(str(number).encode()).hexdigest() for number in range(100)}
    with pytest.raises(AwsError, match="PackedPolicyTooLarge"):
        rules.packed_percent("", (), noise)


# Web identities


def token(signature: bytes = b"x" * 64, alg: str = "RS256", **claims: Any) -> str:
    body = {"iss": ISSUER, "sub": "me", "aud": "app", "iat": START, "exp": START + 300, **claims}
    header = {"alg": alg, "typ": "JWT"}
    parts = [json.dumps({key: value for key, value in part.items() if value is not None}) for part in (header, body)]
    return ".".join(plain(part.encode()) for part in parts) + "." + plain(signature)


def plain(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@pytest.fixture
def federation(cloud: TestCloud) -> TestCloud:
    cloud.call("iam", "CreateOpenIDConnectProvider", {"Url": ISSUER, "ClientIDList": ["app"]})
    condition = {"StringEquals": {f"{ISSUER.removeprefix('https://')}:sub": "me"}}
    role(cloud, "r", {"Federated": IDP}, "sts:AssumeRoleWithWebIdentity", "sts:TagSession", Condition=condition)
    return cloud


def web(cloud: TestCloud, text: str, arn: str = ROLE) -> dict[str, Any]:
    params = {"RoleArn": arn, "RoleSessionName": "me", "WebIdentityToken": text}
    return cloud.call("sts", "AssumeRoleWithWebIdentity", params, caller=callers.anonymous())


def test_a_web_identity_assumes_the_role_that_trusts_it(federation: TestCloud) -> None:
    made = web(federation, token(**{"https://aws.amazon.com/tags": {"principal_tags": {"team": ["red"]}}}))
    assert (made["SubjectFromWebIdentityToken"], made["Provider"], made["Audience"]) == ("me", IDP, "app")
    session = signed(federation, made["Credentials"])
    assert session.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/r/me"
    assert session.tags == {"team": "red"}


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("nonsense", "InvalidIdentityToken", "not a valid JWT"),
        ("a.b.c", "InvalidIdentityToken", "not a valid JWT"),
        (token(alg="none"), "InvalidIdentityToken", "not a valid JWT"),
        (token(signature=b""), "InvalidIdentityToken", "not a valid JWT"),
        (token(iss="https://evil.example.com"), "InvalidIdentityToken", "No OpenIDConnect provider found"),
        (token(aud="other"), "InvalidIdentityToken", "Incorrect token audience"),
        (token(sub=None), "InvalidIdentityToken", "Missing a required claim: sub"),
        (token(exp=START), "ExpiredTokenException", "Token expired"),
        (token(exp="soon"), "InvalidIdentityToken", "not numbers"),
        (token(nbf=START + 1), "InvalidIdentityToken", "not valid yet"),
        (token(sub="other"), "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"),
    ],
)
def test_tokens_that_are_refused(federation: TestCloud, text: str, code: str, message: str) -> None:
    with pytest.raises(AwsError) as caught:
        web(federation, text)
    assert (caught.value.code, message in caught.value.message) == (code, True), str(caught.value)


def test_a_role_that_trusts_no_web_identity(federation: TestCloud) -> None:
    role(federation, "closed")
    for name in ("closed", "none"):
        with pytest.raises(AwsError, match="Not authorized to perform sts:AssumeRoleWithWebIdentity"):
            web(federation, token(), f"arn:aws:iam::{ACCOUNT}:role/{name}")


def test_signatures_are_checked_where_keys_are_known(federation: TestCloud) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = rsa.generate_private_key(65537, 2048)
    numbers = key.public_key().public_numbers()
    jwk = {"kty": "RSA", "n": plain(numbers.n.to_bytes(256, "big")), "e": plain(numbers.e.to_bytes(3, "big"))}
    keys = {"Name": "/fogbank/oidc/id.example.com/realm", "Value": json.dumps({"keys": [jwk]}), "Type": "String"}
    federation.call("ssm", "PutParameter", keys)
    unsigned = token()
    with pytest.raises(AwsError, match="InvalidIdentityToken: Couldn't verify the signature"):
        web(federation, unsigned)
    body = unsigned.rpartition(".")[0]
    good = f"{body}.{plain(key.sign(body.encode(), padding.PKCS1v15(), hashes.SHA256()))}"
    assert web(federation, good)["SubjectFromWebIdentityToken"] == "me"
    federation.call("ssm", "PutParameter", {**keys, "Value": "no keys", "Overwrite": True})
    with pytest.raises(AwsError, match="InvalidIdentityToken"):
        web(federation, good)


def test_signatures_of_curves() -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    key = ec.generate_private_key(ec.SECP256R1())
    numbers = key.public_key().public_numbers()
    x, y = (plain(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
    keys = {"keys": [{"kty": "EC", "crv": "P-256", "x": x, "y": y}]}
    body = token(alg="ES256").rpartition(".")[0]
    r, s = utils.decode_dss_signature(key.sign(body.encode(), ec.ECDSA(hashes.SHA256())))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    tokens.check_signature(tokens.parse(f"{body}.{plain(signature)}"), keys)
    with pytest.raises(tokens.BadToken):
        tokens.check_signature(tokens.parse(f"{body}.{plain(signature[::-1])}"), keys)
    with pytest.raises(tokens.BadToken):
        tokens.check_signature(tokens.parse(f"{body}.{plain(signature)}"), {"keys": []})


def test_web_identities_through_a_socket(boto: Any, account: str) -> None:
    import time

    from botocore import UNSIGNED
    from botocore.config import Config

    iam = boto("iam")
    iam.create_open_id_connect_provider(Url=ISSUER, ClientIDList=["app"])
    arn = IDP.replace(ACCOUNT, account)
    policy = trust({"Federated": arn}, "sts:AssumeRoleWithWebIdentity")
    role_arn = iam.create_role(RoleName="r", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    import boto3

    sts = boto3.client(
        "sts",
        region_name="us-east-1",
        endpoint_url=iam.meta.endpoint_url,
        config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}),
    )
    text = token(exp=time.time() + 300, iat=time.time())
    made = sts.assume_role_with_web_identity(RoleArn=role_arn, RoleSessionName="me", WebIdentityToken=text)
    assert made["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{account}:assumed-role/r/me"
    with pytest.raises(sts.exceptions.InvalidIdentityTokenException):
        sts.assume_role_with_web_identity(RoleArn=role_arn, RoleSessionName="me", WebIdentityToken="bad!")
    with pytest.raises(sts.exceptions.ExpiredTokenException):
        late = token(exp=1, iat=0)
        sts.assume_role_with_web_identity(RoleArn=role_arn, RoleSessionName="me", WebIdentityToken=late)
