"""IAM's records through the in-process cloud; expected values from the API pages and the User Guide."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import pytest

from fogbank.aws.errors import AwsError
from fogbank.services.iam import aws_policies, rules
from fogbank.testing import START, TestCloud

ACCOUNT = "000000000000"
ARN = f"arn:aws:iam::{ACCOUNT}:"
READ = "arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess"


def document(*actions: str, effect: str = "Allow", resource: Any = "*", **more: Any) -> str:
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(**principal: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


LAMBDA = trust(Service="lambda.amazonaws.com")
ANY = document("s3:*")


def refused(cloud: TestCloud, operation: str, code: str, **params: Any) -> str:
    with pytest.raises(AwsError) as caught:
        cloud.call("iam", operation, params)
    assert caught.value.code == code, str(caught.value)
    return caught.value.message


def test_a_user(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    made = iam("CreateUser", UserName="Alice", Path="/team/", Tags=[{"Key": "k", "Value": "v"}])["User"]
    assert made["UserId"].startswith("AIDA")
    assert len(made["UserId"]) == 21
    assert made == {
        "Path": "/team/",
        "UserName": "Alice",
        "UserId": made["UserId"],
        "Arn": f"{ARN}user/team/Alice",
        "CreateDate": START,
        "Tags": [{"Key": "k", "Value": "v"}],
    }
    assert iam("GetUser", UserName="alice")["User"] == made
    assert (
        refused(cloud, "CreateUser", "EntityAlreadyExists", UserName="ALICE") == "User with name ALICE already exists."
    )
    assert refused(cloud, "GetUser", "NoSuchEntity", UserName="bob") == "The user with name bob cannot be found."
    iam("UpdateUser", UserName="Alice", NewUserName="Carol", NewPath="/")
    assert iam("GetUser", UserName="Carol")["User"]["Arn"] == f"{ARN}user/Carol"
    refused(cloud, "GetUser", "NoSuchEntity", UserName="Alice")
    iam("CreateUser", UserName="bob")
    refused(cloud, "UpdateUser", "EntityAlreadyExists", UserName="bob", NewUserName="carol")
    iam("UpdateUser", UserName="bob", NewUserName="BOB")
    assert [user["UserName"] for user in iam("ListUsers")["Users"]] == ["BOB", "Carol"]
    iam("DeleteUser", UserName="bob")
    refused(cloud, "GetUser", "NoSuchEntity", UserName="BOB")


def test_records_are_in_all_regions_and_in_one_account(cloud: TestCloud) -> None:
    cloud.call("iam", "CreateUser", {"UserName": "a"}, region="eu-west-1")
    assert cloud.call("iam", "GetUser", {"UserName": "a"}, region="ap-south-1")["User"]["UserName"] == "a"
    made = cloud.call("iam", "CreateUser", {"UserName": "a"}, region="cn-north-1")["User"]
    assert made["Arn"] == f"arn:aws-cn:iam::{ACCOUNT}:user/a"


def test_without_a_name_a_user_means_itself(cloud: TestCloud) -> None:
    assert cloud.call("iam", "GetUser")["User"]["Arn"] == f"{ARN}root"
    cloud.call("iam", "CreateUser", {"UserName": "a"})
    key = cloud.call("iam", "CreateAccessKey", {"UserName": "a"})["AccessKey"]
    found = cloud.cloud.credential(key["AccessKeyId"], None)
    assert found is not None
    cloud.call("iam", "PutUserPolicy", {"UserName": "a", "PolicyName": "p", "PolicyDocument": document("iam:*")})
    assert cloud.call("iam", "GetUser", caller=found.caller)["User"]["UserName"] == "a"
    assert len(cloud.call("iam", "ListAccessKeys", caller=found.caller)["AccessKeyMetadata"]) == 1


@pytest.mark.parametrize(
    ("setup", "text"),
    [
        (("CreateAccessKey", {}), "must delete access keys first."),
        (("CreateLoginProfile", {"Password": "long-enough-1"}), "must delete login profile first."),
        (("AddUserToGroup", {"GroupName": "g"}), "must remove users from group first."),
        (("AttachUserPolicy", {"PolicyArn": READ}), "must detach all policies first."),
        (("PutUserPolicy", {"PolicyName": "p", "PolicyDocument": ANY}), "must delete policies first."),
    ],
)
def test_a_user_in_use_is_not_deleted(cloud: TestCloud, setup: tuple[str, dict[str, Any]], text: str) -> None:
    iam = cloud.client("iam")
    iam("CreateUser", UserName="a")
    iam("CreateGroup", GroupName="g")
    operation, params = setup
    iam(operation, UserName="a", **params)
    assert refused(cloud, "DeleteUser", "DeleteConflict", UserName="a") == f"Cannot delete entity, {text}"
    assert iam("GetUser", UserName="a")["User"]["UserName"] == "a"


def test_groups_keep_their_members_through_new_names(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    iam("CreateGroup", GroupName="Devs", Path="/d/")
    for name in ("a", "b"):
        iam("CreateUser", UserName=name)
        iam("AddUserToGroup", GroupName="Devs", UserName=name)
    iam("AddUserToGroup", GroupName="Devs", UserName="a")
    iam("UpdateGroup", GroupName="Devs", NewGroupName="People")
    iam("UpdateUser", UserName="b", NewUserName="z")
    found = iam("GetGroup", GroupName="People")
    assert found["Group"]["Arn"] == f"{ARN}group/d/People"
    assert [user["UserName"] for user in found["Users"]] == ["a", "z"]
    assert [group["GroupName"] for group in iam("ListGroupsForUser", UserName="z")["Groups"]] == ["People"]
    text = "Cannot delete entity, must remove users from group first."
    assert refused(cloud, "DeleteGroup", "DeleteConflict", GroupName="People") == text
    for name in ("a", "z"):
        iam("RemoveUserFromGroup", GroupName="People", UserName=name)
    iam("DeleteGroup", GroupName="People")
    assert iam("ListGroupsForUser", UserName="a")["Groups"] == []


def test_a_user_is_in_ten_groups_at_most(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    iam("CreateUser", UserName="a")
    for number in range(11):
        iam("CreateGroup", GroupName=f"g{number}")
    for number in range(10):
        iam("AddUserToGroup", GroupName=f"g{number}", UserName="a")
    text = refused(cloud, "AddUserToGroup", "LimitExceeded", GroupName="g10", UserName="a")
    assert text == "Cannot exceed quota for GroupsPerUser: 10"


def test_a_role(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    made = iam("CreateRole", RoleName="R", Path="/p/", AssumeRolePolicyDocument=LAMBDA, Description="d")["Role"]
    assert made["RoleId"].startswith("AROA")
    assert made["Arn"] == f"{ARN}role/p/R"
    assert made["MaxSessionDuration"] == 3600
    assert "%7B%22Version%22" in made["AssumeRolePolicyDocument"]
    assert unquote(made["AssumeRolePolicyDocument"]) == LAMBDA
    iam("UpdateRole", RoleName="R", MaxSessionDuration=7200)
    assert iam("GetRole", RoleName="R")["Role"]["MaxSessionDuration"] == 7200
    iam("UpdateAssumeRolePolicy", RoleName="R", PolicyDocument=trust(AWS="*"))
    assert unquote(iam("GetRole", RoleName="R")["Role"]["AssumeRolePolicyDocument"]) == trust(AWS="*")
    refused(cloud, "UpdateRole", "ValidationError", RoleName="R", MaxSessionDuration=3599)
    assert refused(cloud, "GetRole", "NoSuchEntity", RoleName="x") == "The role with name x cannot be found."
    text = refused(cloud, "CreateRole", "EntityAlreadyExists", RoleName="r", AssumeRolePolicyDocument=LAMBDA)
    assert text == "Role with name r already exists."


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ("{", "Syntax errors in policy."),
        (document("sts:AssumeRole"), "Missing required field Principal"),
        (trust(AWS=f"{ARN}user/nobody"), f'Invalid principal in policy: "AWS":"{ARN}user/nobody"'),
        (trust(AWS=["*", f"{ARN}role/none"]), f'Invalid principal in policy: "AWS":"{ARN}role/none"'),
    ],
)
def test_trust_that_a_role_cannot_have(cloud: TestCloud, policy: str, text: str) -> None:
    params = {"RoleName": "r", "AssumeRolePolicyDocument": policy}
    assert refused(cloud, "CreateRole", "MalformedPolicyDocument", **params) == text
    refused(cloud, "GetRole", "NoSuchEntity", RoleName="r")


def test_a_role_may_trust_itself_once_it_is_there(cloud: TestCloud) -> None:
    cloud.call("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": LAMBDA})
    params = {"RoleName": "r", "PolicyDocument": trust(AWS=f"{ARN}role/r")}
    cloud.call("iam", "UpdateAssumeRolePolicy", params)


def test_an_instance_profile_has_one_role(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    for name in ("a", "b"):
        iam("CreateRole", RoleName=name, AssumeRolePolicyDocument=LAMBDA)
    made = iam("CreateInstanceProfile", InstanceProfileName="p", Path="/x/")["InstanceProfile"]
    assert made["InstanceProfileId"].startswith("AIPA")
    assert made["Arn"] == f"{ARN}instance-profile/x/p"
    iam("AddRoleToInstanceProfile", InstanceProfileName="p", RoleName="a")
    text = refused(cloud, "AddRoleToInstanceProfile", "LimitExceeded", InstanceProfileName="p", RoleName="b")
    assert text == "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"
    assert iam("GetInstanceProfile", InstanceProfileName="p")["InstanceProfile"]["Roles"][0]["RoleName"] == "a"
    assert len(iam("ListInstanceProfilesForRole", RoleName="a")["InstanceProfiles"]) == 1
    conflict = "Cannot delete entity, must remove roles from instance profile first."
    assert refused(cloud, "DeleteRole", "DeleteConflict", RoleName="a") == conflict
    assert refused(cloud, "DeleteInstanceProfile", "DeleteConflict", InstanceProfileName="p") == conflict
    refused(cloud, "RemoveRoleFromInstanceProfile", "NoSuchEntity", InstanceProfileName="p", RoleName="b")
    iam("RemoveRoleFromInstanceProfile", InstanceProfileName="p", RoleName="a")
    iam("DeleteRole", RoleName="a")
    iam("DeleteInstanceProfile", InstanceProfileName="p")
    text = refused(cloud, "GetInstanceProfile", "NoSuchEntity", InstanceProfileName="p")
    assert text == "Instance Profile p cannot be found."


def test_a_managed_policy_has_five_versions(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    made = iam("CreatePolicy", PolicyName="P", Path="/x/", PolicyDocument=ANY, Description="d")["Policy"]
    arn = made["Arn"]
    assert (arn, made["DefaultVersionId"], made["AttachmentCount"]) == (f"{ARN}policy/x/P", "v1", 0)
    for _ in range(4):
        iam("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=document("ec2:*"))
    assert iam("GetPolicy", PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v1"
    text = refused(cloud, "CreatePolicyVersion", "LimitExceeded", PolicyArn=arn, PolicyDocument=ANY)
    assert text.startswith("A managed policy can have up to 5 versions.")
    iam("SetDefaultPolicyVersion", PolicyArn=arn, VersionId="v3")
    text = refused(cloud, "DeletePolicyVersion", "DeleteConflict", PolicyArn=arn, VersionId="v3")
    assert text == "Cannot delete the default version of a policy."
    iam("DeletePolicyVersion", PolicyArn=arn, VersionId="v1")
    made = iam("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=ANY, SetAsDefault=True)["PolicyVersion"]
    assert made == {"VersionId": "v6", "IsDefaultVersion": True, "CreateDate": START}
    listed = [version["VersionId"] for version in iam("ListPolicyVersions", PolicyArn=arn)["Versions"]]
    assert listed == ["v6", "v5", "v4", "v3", "v2"]
    shown = iam("GetPolicyVersion", PolicyArn=arn, VersionId="v6")["PolicyVersion"]
    assert json.loads(unquote(shown["Document"])) == json.loads(ANY)
    text = refused(cloud, "GetPolicyVersion", "NoSuchEntity", PolicyArn=arn, VersionId="v1")
    assert text == f"Policy {arn} version v1 does not exist or is not attachable."
    assert "more than one version" in refused(cloud, "DeletePolicy", "DeleteConflict", PolicyArn=arn)
    text = refused(cloud, "CreatePolicy", "EntityAlreadyExists", PolicyName="p", PolicyDocument=ANY)
    assert text == "A policy called p already exists. Duplicate names are not allowed."


def test_documents_are_limited_without_white_space(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    frame = rules.size_of(document("s3:" + "x"))
    fits = document("s3:" + "x" * (rules.MANAGED_BYTES_MAX - frame + 1))
    iam("CreatePolicy", PolicyName="a", PolicyDocument=fits + " " * 100)
    text = refused(cloud, "CreatePolicy", "LimitExceeded", PolicyName="b", PolicyDocument=fits.replace("s3:", "s33:"))
    assert text == "Cannot exceed quota for PolicySize: 6144"
    for noun, most in (("User", 2048), ("Group", 5120), ("Role", 10240)):
        more = {"AssumeRolePolicyDocument": LAMBDA} if noun == "Role" else {}
        iam(f"Create{noun}", **{f"{noun}Name": "n", **more})
        half = document("s3:" + "x" * (most // 2))
        iam(f"Put{noun}Policy", **{f"{noun}Name": "n", "PolicyName": "one", "PolicyDocument": half})
        params = {f"{noun}Name": "n", "PolicyName": "two", "PolicyDocument": half}
        text = refused(cloud, f"Put{noun}Policy", "LimitExceeded", **params)
        assert text == f"Maximum policy size of {most} bytes exceeded for {noun.lower()} n"
        assert iam(f"List{noun}Policies", **{f"{noun}Name": "n"})["PolicyNames"] == ["one"]
    long = trust(Service="lambda.amazonaws.com", AWS=[f"{number:012d}" for number in range(200)])
    text = refused(cloud, "CreateRole", "LimitExceeded", RoleName="x", AssumeRolePolicyDocument=long)
    assert text == "Cannot exceed quota for ACLSizePerRole: 2048"


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ("nonsense", "Syntax errors in policy."),
        (document("everything"), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
        (document("s3:*", resource="bucket"), 'Resource bucket must be in ARN format or "*".'),
        (
            document("s3:*", resource="arn:aws-cn:s3:::b"),
            'Partition "aws-cn" is not valid for resource "arn:aws-cn:s3:::b".',
        ),
    ],
)
def test_documents_that_are_no_policies(cloud: TestCloud, policy: str, text: str) -> None:
    params = {"PolicyName": "p", "PolicyDocument": policy}
    assert refused(cloud, "CreatePolicy", "MalformedPolicyDocument", **params) == text
    cloud.call("iam", "CreateUser", {"UserName": "u"})
    assert refused(cloud, "PutUserPolicy", "MalformedPolicyDocument", UserName="u", **params) == text
    assert cloud.call("iam", "ListUserPolicies", {"UserName": "u"})["PolicyNames"] == []


@pytest.mark.parametrize("noun", ["User", "Group", "Role"])
def test_policies_of_whoever_has_some(cloud: TestCloud, noun: str) -> None:
    iam = cloud.client("iam")
    name = {f"{noun}Name": "n"}
    iam(f"Create{noun}", **name, **({"AssumeRolePolicyDocument": LAMBDA} if noun == "Role" else {}))
    iam(f"Put{noun}Policy", **name, PolicyName="in", PolicyDocument=ANY)
    shown = iam(f"Get{noun}Policy", **name, PolicyName="in")
    assert (shown[f"{noun}Name"], unquote(shown["PolicyDocument"])) == ("n", ANY)
    text = refused(cloud, f"Get{noun}Policy", "NoSuchEntity", **name, PolicyName="x")
    assert text == f"The {noun.lower()} policy with name x cannot be found."
    refused(cloud, f"Delete{noun}Policy", "NoSuchEntity", **name, PolicyName="x")
    arns = []
    for number in range(11):
        arns.append(iam("CreatePolicy", PolicyName=f"p{number:02d}", PolicyDocument=ANY)["Policy"]["Arn"])
    for arn in arns[:10]:
        iam(f"Attach{noun}Policy", **name, PolicyArn=arn)
    iam(f"Attach{noun}Policy", **name, PolicyArn=arns[0])
    text = refused(cloud, f"Attach{noun}Policy", "LimitExceeded", **name, PolicyArn=arns[10])
    assert text == f"Cannot exceed quota for PoliciesPer{noun}: 10"
    assert iam("GetPolicy", PolicyArn=arns[0])["Policy"]["AttachmentCount"] == 1
    text = refused(cloud, "DeletePolicy", "DeleteConflict", PolicyArn=arns[0])
    assert text == "Cannot delete a policy attached to entities."
    found = iam("ListEntitiesForPolicy", PolicyArn=arns[0])
    assert [each[f"{noun}Name"] for each in found[f"Policy{noun}s"]] == ["n"]
    attached = iam(f"ListAttached{noun}Policies", **name)["AttachedPolicies"]
    assert attached[0] == {"PolicyName": "p00", "PolicyArn": arns[0]}
    assert len(attached) == 10
    missing = f"{ARN}policy/none"
    text = refused(cloud, f"Attach{noun}Policy", "NoSuchEntity", **name, PolicyArn=missing)
    assert text == f"Policy {missing} does not exist or is not attachable."
    text = refused(cloud, f"Detach{noun}Policy", "NoSuchEntity", **name, PolicyArn=missing)
    assert text == f"Policy {missing} was not found."
    assert "detach all policies" in refused(cloud, f"Delete{noun}", "DeleteConflict", **name)
    for arn in arns[:10]:
        iam(f"Detach{noun}Policy", **name, PolicyArn=arn)
    assert "must delete policies first" in refused(cloud, f"Delete{noun}", "DeleteConflict", **name)
    iam(f"Delete{noun}Policy", **name, PolicyName="in")
    iam(f"Delete{noun}", **name)
    iam("DeletePolicy", PolicyArn=arns[0])


def test_a_boundary_holds_its_policy(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    arn = iam("CreatePolicy", PolicyName="b", PolicyDocument=ANY)["Policy"]["Arn"]
    made = iam("CreateUser", UserName="u", PermissionsBoundary=arn)["User"]
    shown = {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}
    assert made["PermissionsBoundary"] == shown
    iam("CreateRole", RoleName="r", AssumeRolePolicyDocument=LAMBDA)
    iam("PutRolePermissionsBoundary", RoleName="r", PermissionsBoundary=arn)
    assert iam("GetPolicy", PolicyArn=arn)["Policy"]["PermissionsBoundaryUsageCount"] == 2
    found = iam("ListEntitiesForPolicy", PolicyArn=arn, PolicyUsageFilter="PermissionsBoundary", EntityFilter="Role")
    assert ([each["RoleName"] for each in found["PolicyRoles"]], found["PolicyUsers"]) == (["r"], [])
    assert iam("ListEntitiesForPolicy", PolicyArn=arn, PolicyUsageFilter="PermissionsPolicy")["PolicyUsers"] == []
    refused(cloud, "DeletePolicy", "DeleteConflict", PolicyArn=arn)
    iam("DeleteUserPermissionsBoundary", UserName="u")
    refused(cloud, "DeleteUserPermissionsBoundary", "NoSuchEntity", UserName="u")
    iam("DeleteRolePermissionsBoundary", RoleName="r")
    iam("DeletePolicy", PolicyArn=arn)
    refused(cloud, "CreateUser", "NoSuchEntity", UserName="v", PermissionsBoundary=arn)
    refused(cloud, "GetUser", "NoSuchEntity", UserName="v")


def test_policies_of_aws_are_there_without_being_made(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    admin = iam("GetPolicy", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")["Policy"]
    assert admin["PolicyId"].startswith("ANPA")
    version = iam("GetPolicyVersion", PolicyArn=admin["Arn"], VersionId="v1")["PolicyVersion"]
    statement = json.loads(unquote(version["Document"]))["Statement"]
    assert statement == [{"Effect": "Allow", "Action": ["*"], "Resource": "*"}]
    with pytest.raises(AwsError, match="AccessDenied"):
        iam("CreatePolicyVersion", PolicyArn=admin["Arn"], PolicyDocument=ANY)
    refused(cloud, "DeletePolicy", "AccessDenied", PolicyArn=admin["Arn"])
    refused(cloud, "GetPolicy", "NoSuchEntity", PolicyArn="arn:aws:iam::aws:policy/NoSuchAccess")
    china = cloud.client("iam", region="cn-north-1")
    arn = "arn:aws-cn:iam::aws:policy/AWSLambdaExecute"
    text = unquote(china("GetPolicyVersion", PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"])
    assert "arn:aws-cn:s3:::*" in text
    assert "arn:aws:" not in text
    with pytest.raises(AwsError, match="NoSuchEntity"):
        china("GetPolicy", PolicyArn=admin["Arn"])


@pytest.mark.parametrize("policy", aws_policies.all_in("aws"), ids=lambda policy: policy.name)
def test_every_policy_of_aws_is_one_that_iam_would_take(policy: Any) -> None:
    text = policy.versions[0].document
    rules.check_document(json.dumps(json.loads(text), separators=(",", ":")), "identity", "aws")


def test_lists_of_policies_are_filtered(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    iam("CreatePolicy", PolicyName="own", Path="/x/", PolicyDocument=ANY)
    iam("CreateUser", UserName="u")
    iam("AttachUserPolicy", UserName="u", PolicyArn=READ)

    def names(**params: Any) -> list[str]:
        return [policy["PolicyName"] for policy in iam("ListPolicies", MaxItems=1000, **params)["Policies"]]

    assert names(Scope="Local") == ["own"]
    assert names(OnlyAttached=True) == ["AmazonSSMReadOnlyAccess"]
    assert names(PathPrefix="/x/") == ["own"]
    assert "AWSLambdaBasicExecutionRole" in names(Scope="AWS", PathPrefix="/service-role/")
    assert "own" not in names(Scope="AWS")
    assert names(Scope="Local", PolicyUsageFilter="PermissionsBoundary") == []


def test_a_user_has_two_access_keys(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    iam("CreateUser", UserName="u")
    keys = [iam("CreateAccessKey", UserName="u")["AccessKey"] for _ in range(2)]
    assert all(key["AccessKeyId"].startswith("AKIA") and len(key["SecretAccessKey"]) == 40 for key in keys)
    text = refused(cloud, "CreateAccessKey", "LimitExceeded", UserName="u")
    assert text == "Cannot exceed quota for AccessKeysPerUser: 2"
    listed = iam("ListAccessKeys", UserName="u")["AccessKeyMetadata"]
    assert sorted(key["AccessKeyId"] for key in listed) == sorted(key["AccessKeyId"] for key in keys)
    assert "SecretAccessKey" not in listed[0]
    iam("CreateUser", UserName="other")
    params = {"UserName": "other", "AccessKeyId": keys[0]["AccessKeyId"]}
    assert "cannot be found" in refused(cloud, "DeleteAccessKey", "NoSuchEntity", **params)
    iam("DeleteAccessKey", UserName="u", AccessKeyId=keys[0]["AccessKeyId"])
    refused(cloud, "DeleteAccessKey", "NoSuchEntity", UserName="u", AccessKeyId=keys[0]["AccessKeyId"])
    refused(cloud, "GetAccessKeyLastUsed", "NoSuchEntity", AccessKeyId=keys[0]["AccessKeyId"])
    assert len(iam("ListAccessKeys", UserName="u")["AccessKeyMetadata"]) == 1
    iam("CreateAccessKey", UserName="u")


def test_secrets_are_not_written_in_the_clear(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    iam("CreateUser", UserName="u")
    secret = iam("CreateAccessKey", UserName="u")["AccessKey"]["SecretAccessKey"]
    iam("CreateLoginProfile", UserName="u", Password="correct-horse-1")
    cloud.run(cloud.cloud.settled())
    files = [path.read_bytes() for path in cloud.cloud.folder.rglob("*") if path.is_file()]
    assert any(b"iam/access-key" in content for content in files)
    for plain in (secret, "correct-horse-1"):
        assert not any(plain.encode() in content for content in files)


def test_tags_of_everything_that_takes_them(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    metadata = "<EntityDescriptor/>" + " " * 1000
    nouns = [
        ("User", "UserName", "u", iam("CreateUser", UserName="u")),
        ("Role", "RoleName", "r", iam("CreateRole", RoleName="r", AssumeRolePolicyDocument=LAMBDA)),
        ("InstanceProfile", "InstanceProfileName", "p", iam("CreateInstanceProfile", InstanceProfileName="p")),
    ]
    found = [(noun, member, name) for noun, member, name, _ in nouns]
    policy = iam("CreatePolicy", PolicyName="p", PolicyDocument=ANY)["Policy"]["Arn"]
    oidc = iam("CreateOpenIDConnectProvider", Url="https://id.example.com/x")["OpenIDConnectProviderArn"]
    saml = iam("CreateSAMLProvider", Name="s", SAMLMetadataDocument=metadata)["SAMLProviderArn"]
    device = iam("CreateVirtualMFADevice", VirtualMFADeviceName="d")["VirtualMFADevice"]["SerialNumber"]
    found += [
        ("Policy", "PolicyArn", policy),
        ("OpenIDConnectProvider", "OpenIDConnectProviderArn", oidc),
        ("SAMLProvider", "SAMLProviderArn", saml),
        ("MFADevice", "SerialNumber", device),
    ]
    for noun, member, name in found:
        iam(f"Tag{noun}", **{member: name}, Tags=[{"Key": "b", "Value": "1"}, {"Key": "a", "Value": "2"}])
        iam(f"Tag{noun}", **{member: name}, Tags=[{"Key": "B", "Value": "3"}])
        listed = iam(f"List{noun}Tags", **{member: name})
        assert listed == {"Tags": [{"Key": "B", "Value": "3"}, {"Key": "a", "Value": "2"}], "IsTruncated": False}
        iam(f"Untag{noun}", **{member: name}, TagKeys=["b"])
        assert iam(f"List{noun}Tags", **{member: name})["Tags"] == [{"Key": "a", "Value": "2"}]
        twice = [{"Key": "x", "Value": ""}, {"Key": "X", "Value": ""}]
        assert "Duplicate tag keys" in refused(cloud, f"Tag{noun}", "InvalidInput", **{member: name}, Tags=twice)


def test_fifty_tags(cloud: TestCloud) -> None:
    cloud.call("iam", "CreateUser", {"UserName": "u"})
    cloud.call("iam", "TagUser", {"UserName": "u", "Tags": [{"Key": f"k{n}", "Value": ""} for n in range(50)]})
    refused(cloud, "TagUser", "LimitExceeded", UserName="u", Tags=[{"Key": "more", "Value": ""}])
    refused(cloud, "TagUser", "InvalidInput", UserName="u", Tags=[{"Key": "aws:x", "Value": ""}])
