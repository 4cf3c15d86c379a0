"""Who may do what: policies of users and buckets, access control lists, and what blocks public access."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from fogbank.control import caller as callers
from fogbank.control.caller import Caller
from fogbank.services.s3 import acls, policies
from fogbank.services.s3.test_s3_buckets import Client, refused
from fogbank.testing import START, TestCloud

BUCKET = "harbour"
ARN = f"arn:aws:s3:::{BUCKET}"
OTHER = "111111111111"
NOBODY = callers.anonymous()
STRANGER = callers.root(OTHER)


@pytest.fixture
def s3(cloud: TestCloud) -> Client:
    client = cloud.client("s3")
    client("CreateBucket", Bucket=BUCKET)
    client("PutObject", Bucket=BUCKET, Key="k", Body=b"x", Tagging="team=blue")
    return client


@pytest.fixture
def at(s3: Client) -> Client:
    return lambda operation, **params: s3(operation, Bucket=BUCKET, **params)


@pytest.fixture
def user(cloud: TestCloud, s3: Client) -> Callable[..., Client]:
    """`user(allow(…))`: a client of a user with these statements."""
    cloud.call("iam", "CreateUser", {"UserName": "ann"})
    made = cloud.call("iam", "CreateAccessKey", {"UserName": "ann"})["AccessKey"]
    found = cloud.cloud.credential(made["AccessKeyId"], None)
    assert found is not None
    caller: Caller = found.caller

    def make(*statements: dict[str, Any]) -> Client:
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        cloud.call("iam", "PutUserPolicy", {"UserName": "ann", "PolicyName": "p", "PolicyDocument": document})
        return lambda operation, **params: cloud.call("s3", operation, {"Bucket": BUCKET, **params}, caller=caller)

    return make


def allow(action: str | list[str], resource: str | list[str], **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def opened(at: Client, *statements: dict[str, Any]) -> None:
    """A bucket whose policy may be public."""
    at("DeletePublicAccessBlock")
    at("PutBucketPolicy", Policy=policy(*statements))


def as_caller(cloud: TestCloud, caller: Caller) -> Client:
    return lambda operation, **params: cloud.call("s3", operation, {"Bucket": BUCKET, **params}, caller=caller)


def test_each_operation_has_its_action(user: Callable[..., Client], at: Client) -> None:
    needed: list[tuple[str, dict[str, Any], str, str]] = [
        ("GetObject", {"Key": "k"}, "s3:GetObject", f"{ARN}/k"),
        ("HeadObject", {"Key": "k"}, "s3:GetObject", f"{ARN}/k"),
        ("PutObject", {"Key": "n"}, "s3:PutObject", f"{ARN}/n"),
        ("CreateMultipartUpload", {"Key": "n"}, "s3:PutObject", f"{ARN}/n"),
        ("DeleteObject", {"Key": "n"}, "s3:DeleteObject", f"{ARN}/n"),
        ("GetObject", {"Key": "k", "VersionId": "null"}, "s3:GetObjectVersion", f"{ARN}/k"),
        ("DeleteObject", {"Key": "n", "VersionId": "null"}, "s3:DeleteObjectVersion", f"{ARN}/n"),
        ("GetObjectTagging", {"Key": "k"}, "s3:GetObjectTagging", f"{ARN}/k"),
        ("GetObjectTagging", {"Key": "k", "VersionId": "null"}, "s3:GetObjectVersionTagging", f"{ARN}/k"),
        ("ListObjectsV2", {}, "s3:ListBucket", ARN),
        ("ListObjects", {}, "s3:ListBucket", ARN),
        ("HeadBucket", {}, "s3:ListBucket", ARN),
        ("ListObjectVersions", {}, "s3:ListBucketVersions", ARN),
        ("ListMultipartUploads", {}, "s3:ListBucketMultipartUploads", ARN),
        ("GetBucketVersioning", {}, "s3:GetBucketVersioning", ARN),
        ("GetBucketEncryption", {}, "s3:GetEncryptionConfiguration", ARN),
        ("DeleteBucketEncryption", {}, "s3:PutEncryptionConfiguration", ARN),
        ("GetPublicAccessBlock", {}, "s3:GetBucketPublicAccessBlock", ARN),
        ("GetBucketLocation", {}, "s3:GetBucketLocation", ARN),
        ("GetBucketAcl", {}, "s3:GetBucketAcl", ARN),
        ("GetObjectAcl", {"Key": "k"}, "s3:GetObjectAcl", f"{ARN}/k"),
    ]
    for operation, params, action, resource in needed:
        error = refused(lambda o=operation, p=params: user(allow("s3:Nothing", "*"))(o, **p), "AccessDenied", 403)  # type: ignore[misc]
        user_arn = "arn:aws:iam::000000000000:user/ann"
        said = f'User: {user_arn} is not authorized to perform: {action} on resource: "{resource}" because'
        assert error.message.startswith(said), operation
        user(allow(action, resource))(operation, **params)


def test_a_write_with_more_needs_more(user: Callable[..., Client], at: Client) -> None:
    plain = allow("s3:PutObject", f"{ARN}/*")
    error = refused(lambda: user(plain)("PutObject", Key="n", Tagging="a=1"), "AccessDenied")
    assert "s3:PutObjectTagging" in error.message
    user(plain, allow("s3:PutObjectTagging", f"{ARN}/*"))("PutObject", Key="n", Tagging="a=1")
    copy = {"Key": "c", "CopySource": f"{BUCKET}/k"}
    error = refused(lambda: user(plain)("CopyObject", **copy), "AccessDenied")
    assert f'perform: s3:GetObject on resource: "{ARN}/k"' in error.message
    reads = allow(["s3:GetObject", "s3:GetObjectTagging", "s3:PutObjectTagging"], f"{ARN}/*")
    user(plain, reads)("CopyObject", **copy)
    refused(lambda: user(reads)("CopyObject", **copy), "AccessDenied")


def test_who_may_not_list_does_not_learn_what_is_missing(user: Callable[..., Client]) -> None:
    reads = allow("s3:GetObject", f"{ARN}/*")
    error = refused(lambda: user(reads)("GetObject", Key="missing"), "AccessDenied", 403)
    assert "s3:ListBucket" in error.message
    refused(lambda: user(reads, allow("s3:ListBucket", ARN))("GetObject", Key="missing"), "NoSuchKey", 404)
    refused(lambda: user(reads)("GetObject", Bucket="not-there-at-all", Key="k"), "NoSuchBucket", 404)


def test_deletes_of_many_are_each_asked_for(user: Callable[..., Client], at: Client) -> None:
    at("PutObject", Key="mine/1")
    ann = user(allow("s3:DeleteObject", f"{ARN}/mine/*"))
    answer = ann("DeleteObjects", Delete={"Objects": [{"Key": "mine/1"}, {"Key": "k"}]})
    assert [row["Key"] for row in answer["Deleted"]] == ["mine/1"]
    assert [(row["Key"], row["Code"]) for row in answer["Errors"]] == [("k", "AccessDenied")]
    assert at("GetObject", Key="k")["Body"] == b"x"


def test_bypassing_a_retention_needs_its_permission(cloud: TestCloud, user: Callable[..., Client], s3: Client) -> None:
    s3("CreateBucket", Bucket="vault-1", ObjectLockEnabledForBucket=True)
    lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": START + 1000}
    version = s3("PutObject", Bucket="vault-1", Key="k", **lock)["VersionId"]
    delete = {"Bucket": "vault-1", "Key": "k", "VersionId": version, "BypassGovernanceRetention": True}
    deletes = allow("s3:DeleteObjectVersion", "arn:aws:s3:::vault-1/*")
    error = refused(lambda: user(deletes)("DeleteObject", **delete), "AccessDenied")
    assert "s3:BypassGovernanceRetention" in error.message
    user(deletes, allow("s3:BypassGovernanceRetention", "arn:aws:s3:::vault-1/*"))("DeleteObject", **delete)


@pytest.mark.parametrize(
    ("condition", "good", "bad"),
    [
        ({"s3:prefix": "home/"}, {"Prefix": "home/"}, {"Prefix": "other/"}),
        ({"s3:delimiter": "/"}, {"Delimiter": "/"}, {"Delimiter": "-"}),
        ({"s3:max-keys": "10"}, {"MaxKeys": 10}, {"MaxKeys": 11}),
    ],
)
def test_conditions_on_listings(user: Callable[..., Client], condition: Any, good: Any, bad: Any) -> None:
    test = "NumericLessThanEquals" if "s3:max-keys" in condition else "StringEquals"
    ann = user(allow("s3:ListBucket", ARN, Condition={test: condition}))
    ann("ListObjectsV2", **good)
    refused(lambda: ann("ListObjectsV2", **bad), "AccessDenied")
    refused(lambda: ann("ListObjectsV2"), "AccessDenied")


def test_conditions_on_objects(user: Callable[..., Client], at: Client) -> None:
    tagged = {"StringEquals": {"s3:ExistingObjectTag/team": "blue"}}
    ann = user(allow("s3:GetObject", f"{ARN}/*", Condition=tagged))
    assert ann("GetObject", Key="k")["Body"] == b"x"
    at("PutObjectTagging", Key="k", Tagging={"TagSet": [{"Key": "team", "Value": "red"}]})
    refused(lambda: ann("GetObject", Key="k"), "AccessDenied")
    must = {"StringEquals": {"s3:RequestObjectTag/team": "blue"}}
    ann = user(allow(["s3:PutObject", "s3:PutObjectTagging"], f"{ARN}/*", Condition=must))
    ann("PutObject", Key="n", Tagging="team=blue")
    refused(lambda: ann("PutObject", Key="n", Tagging="team=red"), "AccessDenied")
    refused(lambda: ann("PutObject", Key="n"), "AccessDenied")
    encrypted = {"StringEquals": {"s3:x-amz-server-side-encryption": "AES256"}}
    ann = user(allow("s3:PutObject", f"{ARN}/*", Condition=encrypted))
    ann("PutObject", Key="n", ServerSideEncryption="AES256")
    refused(lambda: ann("PutObject", Key="n"), "AccessDenied")
    version = {"StringEquals": {"s3:VersionId": "null"}}
    ann = user(allow("s3:GetObjectVersion", f"{ARN}/*", Condition=version))
    assert ann("GetObject", Key="k", VersionId="null")["Body"] == b"x"


def test_a_bucket_policy_speaks_for_its_own_account_too(user: Callable[..., Client], at: Client) -> None:
    ann = user(allow("s3:PutObject", f"{ARN}/*"))
    principal = {"AWS": "arn:aws:iam::000000000000:user/ann"}
    at("PutBucketPolicy", Policy=policy(allow("s3:GetObject", f"{ARN}/k", Principal=principal)))
    assert ann("GetObject", Key="k")["Body"] == b"x"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"{ARN}/*"}
    at("PutBucketPolicy", Policy=policy(deny))
    error = refused(lambda: ann("PutObject", Key="n"), "AccessDenied")
    assert error.message.endswith("with an explicit deny in a resource-based policy")
    refused(lambda: ann("GetObject", Key="k"), "AccessDenied")


def test_other_accounts_by_policy(cloud: TestCloud, at: Client) -> None:
    stranger = as_caller(cloud, STRANGER)
    error = refused(lambda: stranger("GetObject", Key="k"), "AccessDenied", 403)
    assert error.message == "Access Denied", "who is of another account is told no more"
    at("PutBucketPolicy", Policy=policy(allow("s3:GetObject*", f"{ARN}/*", Principal={"AWS": OTHER})))
    assert stranger("GetObject", Key="k")["Body"] == b"x"
    refused(lambda: stranger("CreateBucket"), "BucketAlreadyExists", 409)
    stranger("CreateBucket", Bucket="theirs")
    missing = {"Bucket": "theirs", "Key": "c", "CopySource": f"{BUCKET}/missing"}
    refused(lambda: stranger("CopyObject", **missing), "AccessDenied", 403)
    stranger("CopyObject", Bucket="theirs", Key="c", CopySource=f"{BUCKET}/k")
    refused(lambda: stranger("PutObject", Key="k"), "AccessDenied")
    refused(lambda: stranger("GetObject", Key="missing"), "AccessDenied", 403)
    at("DeleteBucketPolicy")
    refused(lambda: stranger("GetObject", Key="k"), "AccessDenied")


def test_requesters_that_pay_say_so(cloud: TestCloud, at: Client) -> None:
    stranger = as_caller(cloud, STRANGER)
    at("PutBucketPolicy", Policy=policy(allow("s3:GetObject", f"{ARN}/*", Principal={"AWS": OTHER})))
    at("PutBucketRequestPayment", RequestPaymentConfiguration={"Payer": "Requester"})
    refused(lambda: stranger("GetObject", Key="k"), "AccessDenied", 403)
    assert stranger("GetObject", Key="k", RequestPayer="requester")["Body"] == b"x" == at("GetObject", Key="k")["Body"]


def test_services_need_a_policy(cloud: TestCloud, at: Client) -> None:
    service = callers.service("logging.s3.amazonaws.com", "000000000000")
    writes = as_caller(cloud, service)
    refused(lambda: writes("PutObject", Key="log"), "AccessDenied", 403)
    principal = {"Service": "logging.s3.amazonaws.com"}
    at("PutBucketPolicy", Policy=policy(allow("s3:PutObject", f"{ARN}/log*", Principal=principal)))
    writes("PutObject", Key="log")


def test_everyone_by_policy_if_nothing_blocks_it(cloud: TestCloud, at: Client) -> None:
    public = policy(allow("s3:GetObject", f"{ARN}/*", Principal="*"))
    error = refused(lambda: at("PutBucketPolicy", Policy=public), "AccessDenied", 403)
    assert "public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access" in error.message
    at("PutPublicAccessBlock", PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    at("PutBucketPolicy", Policy=public)
    assert at("GetBucketPolicyStatus") == {"PolicyStatus": {"IsPublic": True}}
    nobody, stranger = as_caller(cloud, NOBODY), as_caller(cloud, STRANGER)
    assert nobody("GetObject", Key="k")["Body"] == b"x" == stranger("GetObject", Key="k")["Body"]
    refused(lambda: nobody("PutObject", Key="k"), "AccessDenied", 403)
    refused(lambda: nobody("GetObject", Key="k", ResponseContentType="x/y"), "InvalidRequest", 400)
    at("PutPublicAccessBlock", PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    for who in (nobody, stranger):
        refused(lambda who=who: who("GetObject", Key="k"), "AccessDenied", 403)  # type: ignore[misc]
    assert at("GetObject", Key="k")["Body"] == b"x"


@pytest.mark.parametrize(
    ("principal", "condition", "public"),
    [
        ("*", None, True),
        ({"AWS": "*"}, None, True),
        ({"AWS": ["*", OTHER]}, None, True),
        ({"AWS": OTHER}, None, False),
        ({"Service": "logs.amazonaws.com"}, None, False),
        ("*", {"StringEquals": {"aws:SourceVpc": "vpc-1"}}, False),
        ("*", {"StringLike": {"aws:SourceVpc": "vpc-*"}}, True),
        ("*", {"IpAddress": {"aws:SourceIp": "54.240.143.0/24"}}, False),
        ("*", {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, True),
        ("*", {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "0.0.0.0/1"]}}, True),
        ("*", {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}, True),
        ("*", {"StringEquals": {"s3:prefix": "a"}}, True),
        ("*", {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, False),
    ],
)
def test_what_is_public(principal: Any, condition: Any, public: bool) -> None:
    statement = allow("s3:GetObject", f"{ARN}/*", Principal=principal)
    if condition is not None:
        statement["Condition"] = condition
    assert policies.is_public(policy(statement)) is public
    assert policies.is_public(policy({**statement, "Effect": "Deny"})) is False


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("nonsense", "Policies must be valid JSON and the first byte must be '{'"),
        ("{", "Policies must be valid JSON"),
        (policy(allow("s3:GetObject", f"{ARN}/*")), "Missing required field Principal"),
        (policy({"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "s3:*"}), "Missing required field Resource"),
        (policy(allow("sqs:SendMessage", ARN, Principal={"AWS": OTHER})), "Policy has invalid action"),
        (policy(allow("s3:*", "arn:aws:s3:::other/*", Principal={"AWS": OTHER})), "Policy has invalid resource"),
        (policy(allow("s3:GetObject", ARN, Principal={"AWS": OTHER})), "Action does not apply to any resource(s)"),
        (policy(allow("s3:ListBucket", f"{ARN}/*", Principal={"AWS": OTHER})), "Action does not apply"),
    ],
)
def test_policies_that_are_refused(at: Client, document: str, text: str) -> None:
    refused(lambda: at("PutBucketPolicy", Policy=document), "MalformedPolicy", 400, text)
    refused(lambda: at("GetBucketPolicy"), "NoSuchBucketPolicy", 404)
    refused(lambda: at("GetBucketPolicyStatus"), "NoSuchBucketPolicy", 404)


def test_a_policy_comes_back_as_it_was_written(at: Client) -> None:
    document = "  " + policy(allow("s3:*", [ARN, f"{ARN}/*"], Principal={"AWS": OTHER}))
    at("PutBucketPolicy", Policy=document)
    assert at("GetBucketPolicy") == {"Policy": document}
    assert at("GetBucketPolicyStatus") == {"PolicyStatus": {"IsPublic": False}}


def test_lists_are_off_unless_asked_for(at: Client) -> None:
    for put in (
        lambda: at("PutObject", Key="n", ACL="public-read"),
        lambda: at("PutObject", Key="n", GrantRead=f'id="{acls.canonical_id(OTHER)}"'),
        lambda: at("PutBucketAcl", ACL="public-read"),
        lambda: at("PutObjectAcl", Key="k", ACL="private"),
    ):
        error = refused(put, "AccessControlListNotSupported", 400)
        assert error.message == "The bucket does not allow ACLs"
    at("PutObject", Key="n", ACL="bucket-owner-full-control")
    owner = {"ID": acls.canonical_id("000000000000")}
    full = [{"Grantee": {"Type": "CanonicalUser", **owner}, "Permission": "FULL_CONTROL"}]
    assert at("GetBucketAcl") == {"Owner": owner, "Grants": full} == at("GetObjectAcl", Key="k")


@pytest.fixture
def listed(cloud: TestCloud, s3: Client) -> Client:
    """A client of a bucket with access control lists, which blocks nothing."""
    s3("PutBucketOwnershipControls", Bucket=BUCKET, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    s3("DeletePublicAccessBlock", Bucket=BUCKET)
    return lambda operation, **params: s3(operation, Bucket=BUCKET, **params)


def test_canned_lists_let_in_whom_they_name(cloud: TestCloud, listed: Client) -> None:
    nobody, stranger = as_caller(cloud, NOBODY), as_caller(cloud, STRANGER)
    listed("PutObject", Key="public", Body=b"x", ACL="public-read")
    listed("PutObject", Key="known", Body=b"x", ACL="authenticated-read")
    assert nobody("GetObject", Key="public")["Body"] == b"x" == stranger("GetObject", Key="known")["Body"]
    refused(lambda: nobody("GetObject", Key="known"), "AccessDenied", 403)
    refused(lambda: stranger("GetObject", Key="k"), "AccessDenied", 403)
    refused(lambda: nobody("ListObjectsV2"), "AccessDenied")
    refused(lambda: nobody("PutObject", Key="n"), "AccessDenied")
    listed("PutBucketAcl", ACL="public-read-write")
    assert nobody("ListObjectsV2")["KeyCount"] == 3
    nobody("PutObject", Key="n", Body=b"from nobody")
    refused(lambda: nobody("GetObject", Key="k"), "AccessDenied")
    block = {"IgnorePublicAcls": True}
    listed("PutPublicAccessBlock", PublicAccessBlockConfiguration=block)
    for call in (lambda: nobody("GetObject", Key="public"), lambda: nobody("ListObjectsV2")):
        refused(call, "AccessDenied", 403)
    listed("PutPublicAccessBlock", PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    assert nobody("GetObject", Key="public")["Body"] == b"x", "blocked are new ones only"
    refused(lambda: listed("PutObject", Key="n", ACL="public-read"), "AccessDenied", 403)
    refused(lambda: listed("PutBucketAcl", ACL="public-read"), "AccessDenied", 403)
    listed("PutObjectAcl", Key="public", ACL="private")
    refused(lambda: nobody("GetObject", Key="public"), "AccessDenied")


def test_lists_in_headers_and_documents(cloud: TestCloud, listed: Client) -> None:
    stranger = as_caller(cloud, STRANGER)
    named = acls.canonical_id(OTHER)
    listed(
        "PutObject",
        Key="n",
        Body=b"x",
        GrantRead=f'id="{named}", uri="{acls.LOG_DELIVERY}"',
        GrantReadACP=f"id={named}",
    )
    assert stranger("GetObject", Key="n")["Body"] == b"x"
    grants = stranger("GetObjectAcl", Key="n")["Grants"]
    assert {"Grantee": {"Type": "Group", "URI": acls.LOG_DELIVERY}, "Permission": "READ"} in grants
    refused(lambda: stranger("PutObjectAcl", Key="n", ACL="private"), "AccessDenied")
    owner = {"ID": acls.canonical_id("000000000000")}
    full = {"Grantee": {"Type": "CanonicalUser", **owner}, "Permission": "FULL_CONTROL"}
    document = {
        "Owner": owner,
        "Grants": [full, {"Grantee": {"Type": "CanonicalUser", "ID": named}, "Permission": "WRITE_ACP"}],
    }
    listed("PutObjectAcl", Key="n", AccessControlPolicy=document)
    assert listed("GetObjectAcl", Key="n") == document
    refused(lambda: stranger("GetObject", Key="n"), "AccessDenied")
    stranger("PutObjectAcl", Key="n", ACL="public-read")
    listed("PutObjectAcl", Key="n", AccessControlPolicy={"Owner": owner, "Grants": []})
    assert listed("GetObjectAcl", Key="n")["Grants"] == []
    bad: list[tuple[dict[str, Any], str]] = [
        ({"ACL": "public-read", "GrantRead": f"id={named}"}, "InvalidRequest"),
        ({"ACL": "nonsense"}, "InvalidArgument"),
        ({"GrantRead": "nonsense"}, "InvalidArgument"),
        ({"GrantRead": "id=short"}, "InvalidArgument"),
        ({"GrantRead": "uri=http://acs.amazonaws.com/groups/other"}, "InvalidArgument"),
        ({"GrantRead": "emailAddress=a@b.c"}, "UnresolvableGrantByEmailAddress"),
        ({"AccessControlPolicy": {"Owner": owner}}, "MalformedACLError"),
        ({"AccessControlPolicy": {"Owner": {"ID": named}, "Grants": [full]}}, "AccessDenied"),
        ({}, "InvalidRequest"),
    ]
    for put, code in bad:
        refused(lambda put=put: listed("PutObjectAcl", Key="n", **put), code)  # type: ignore[misc]


def test_a_bucket_with_grants_cannot_go_back_to_its_owner_alone(listed: Client) -> None:
    listed("PutBucketAcl", ACL="public-read")
    controls = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    code = "InvalidBucketAclWithObjectOwnership"
    refused(lambda: listed("PutBucketOwnershipControls", OwnershipControls=controls), code, 400)
    listed("PutBucketAcl", ACL="private")
    listed("PutBucketOwnershipControls", OwnershipControls=controls)


def test_who_writes_owns_where_lists_count(cloud: TestCloud, listed: Client) -> None:
    stranger = as_caller(cloud, STRANGER)
    listed(
        "PutBucketPolicy",
        Policy=policy(allow(["s3:PutObject", "s3:PutObjectAcl"], f"{ARN}/*", Principal={"AWS": OTHER})),
    )
    stranger("PutObject", Key="theirs", Body=b"x")
    assert listed("ListObjects", Prefix="theirs")["Contents"][0]["Owner"] == {"ID": acls.canonical_id(OTHER)}
    refused(lambda: listed("GetObject", Key="theirs"), "AccessDenied", 403)
    assert stranger("GetObject", Key="theirs")["Body"] == b"x"
    stranger("PutObject", Key="given", Body=b"x", ACL="bucket-owner-full-control")
    assert listed("GetObject", Key="given")["Body"] == b"x"
    listed("DeleteObject", Key="theirs")
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    listed("PutBucketOwnershipControls", OwnershipControls=rules)
    stranger("PutObject", Key="given", Body=b"x", ACL="bucket-owner-full-control")
    assert listed("ListObjects", Prefix="given")["Contents"][0]["Owner"] == {"ID": acls.canonical_id("000000000000")}


def test_nobody_makes_no_buckets(cloud: TestCloud) -> None:
    s3 = cloud.client("s3")
    public = {"Bucket": "public-1", "ACL": "public-read"}
    refused(lambda: s3("CreateBucket", **public), "InvalidBucketAclWithObjectOwnership", 400)
    refused(lambda: s3("CreateBucket", **public, ObjectOwnership="ObjectWriter"), "AccessDenied", 403)
    for operation, params in (("ListBuckets", {}), ("CreateBucket", {"Bucket": "nobodys"})):
        refused(lambda o=operation, p=params: cloud.call("s3", o, p, caller=NOBODY), "AccessDenied", 403)  # type: ignore[misc]
