"""An account's own things: passwords, aliases, devices, identity providers, certificates and reports."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from fogbank.aws.errors import AwsError
from fogbank.services.iam import rules
from fogbank.services.iam.resources import PasswordPolicy
from fogbank.services.iam.test_iam import ACCOUNT, ANY, ARN, LAMBDA, READ, document, refused
from fogbank.testing import START, TestCloud


def test_passwords_keep_to_the_policy(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    text = refused(cloud, "GetAccountPasswordPolicy", "NoSuchEntity")
    assert text == f"The Password Policy with domain name {ACCOUNT} cannot be found."
    iam("UpdateAccountPasswordPolicy", MinimumPasswordLength=10, RequireSymbols=True, MaxPasswordAge=90)
    shown = iam("GetAccountPasswordPolicy")["PasswordPolicy"]
    assert (shown["ExpirePasswords"], shown["RequireNumbers"], shown["MinimumPasswordLength"]) == (True, False, 10)
    iam("CreateUser", UserName="u")
    text = refused(cloud, "CreateLoginProfile", "PasswordPolicyViolation", UserName="u", Password="short!")
    assert text == "Password should have a minimum length of 10"
    refused(cloud, "GetLoginProfile", "NoSuchEntity", UserName="u")
    iam("CreateLoginProfile", UserName="u", Password="long enough!", PasswordResetRequired=True)
    assert iam("GetLoginProfile", UserName="u")["LoginProfile"]["PasswordResetRequired"] is True
    text = refused(cloud, "CreateLoginProfile", "EntityAlreadyExists", UserName="u", Password="long enough!")
    assert text == "Login Profile for user u already exists."
    iam("PutUserPolicy", UserName="u", PolicyName="p", PolicyDocument=document("iam:ChangePassword"))
    key = iam("CreateAccessKey", UserName="u")["AccessKey"]["AccessKeyId"]
    credential = cloud.cloud.credential(key, None)
    assert credential is not None
    own = cloud.client("iam", caller=credential.caller)
    with pytest.raises(AwsError, match="AccessDenied: The old password was incorrect"):
        own("ChangePassword", OldPassword="wrong", NewPassword="even longer!")
    own("ChangePassword", OldPassword="long enough!", NewPassword="even longer!")
    own("ChangePassword", OldPassword="even longer!", NewPassword="longest of all!")
    iam("DeleteLoginProfile", UserName="u")
    iam("DeleteAccountPasswordPolicy")
    refused(cloud, "DeleteAccountPasswordPolicy", "NoSuchEntity")


@pytest.mark.parametrize("field", ["symbols", "numbers", "uppercase", "lowercase"])
def test_each_rule_of_a_password(field: str) -> None:
    wanting = {"symbols": "Abcdef12", "numbers": "Abcdef!!", "uppercase": "abcdef1!", "lowercase": "ABCDEF1!"}
    rules.check_password("Abcdef1!", PasswordPolicy(**{field: True}))  # type: ignore[arg-type]
    with pytest.raises(AwsError, match="PasswordPolicyViolation"):
        rules.check_password(wanting[field], PasswordPolicy(**{field: True}))  # type: ignore[arg-type]


def test_an_account_has_one_alias_that_no_other_has(cloud: TestCloud) -> None:
    from fogbank.control import caller

    iam = cloud.client("iam")
    iam("CreateAccountAlias", AccountAlias="first")
    iam("CreateAccountAlias", AccountAlias="second")
    assert iam("ListAccountAliases") == {"AccountAliases": ["second"], "IsTruncated": False}
    with pytest.raises(AwsError, match="EntityAlreadyExists: The account alias second already exists"):
        cloud.call("iam", "CreateAccountAlias", {"AccountAlias": "second"}, caller=caller.root("111111111111"))
    refused(cloud, "DeleteAccountAlias", "NoSuchEntity", AccountAlias="first")
    iam("DeleteAccountAlias", AccountAlias="second")
    assert iam("ListAccountAliases")["AccountAliases"] == []


def test_service_linked_roles_are_their_services(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    role = iam("CreateServiceLinkedRole", AWSServiceName="autoscaling.amazonaws.com")["Role"]
    path = "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    assert role["Arn"] == f"{ARN}role/{path}"
    name = role["RoleName"]
    refused(cloud, "CreateServiceLinkedRole", "InvalidInput", AWSServiceName="autoscaling.amazonaws.com")
    assert "only modifiable by AWS" in refused(cloud, "DeleteRole", "UnmodifiableEntity", RoleName=name)
    refused(cloud, "AttachRolePolicy", "UnmodifiableEntity", RoleName=name, PolicyArn=READ)
    refused(cloud, "PutRolePolicy", "UnmodifiableEntity", RoleName=name, PolicyName="p", PolicyDocument=ANY)
    iam("TagRole", RoleName=name, Tags=[{"Key": "k", "Value": "v"}])
    task = iam("DeleteServiceLinkedRole", RoleName=name)["DeletionTaskId"]
    assert task.startswith(f"task/{path}/")
    assert iam("GetServiceLinkedRoleDeletionStatus", DeletionTaskId=task)["Status"] == "SUCCEEDED"
    refused(cloud, "GetRole", "NoSuchEntity", RoleName=name)
    refused(cloud, "GetServiceLinkedRoleDeletionStatus", "NoSuchEntity", DeletionTaskId="task/none")


def test_an_mfa_device_is_assigned_by_two_codes_in_a_row(cloud: TestCloud) -> None:
    import base64

    from fogbank.services.iam import mfa

    iam = cloud.client("iam")
    iam("CreateUser", UserName="u")
    made = iam("CreateVirtualMFADevice", VirtualMFADeviceName="d")["VirtualMFADevice"]
    serial, seed = made["SerialNumber"], base64.b32decode(made["Base32StringSeed"])
    assert serial == f"{ARN}mfa/d"
    step = int(START) // 30
    good = {"AuthenticationCode1": mfa.code(seed, step), "AuthenticationCode2": mfa.code(seed, step + 1)}
    bad = good | {"AuthenticationCode2": mfa.code(seed, step + 2)}
    refused(cloud, "EnableMFADevice", "InvalidAuthenticationCode", UserName="u", SerialNumber=serial, **bad)
    assert iam("ListMFADevices", UserName="u")["MFADevices"] == []
    iam("EnableMFADevice", UserName="u", SerialNumber=serial, **good)
    assert iam("ListMFADevices", UserName="u")["MFADevices"][0]["SerialNumber"] == serial
    assert iam("GetMFADevice", SerialNumber=serial)["UserName"] == "u"
    assert iam("ListVirtualMFADevices", AssignmentStatus="Unassigned")["VirtualMFADevices"] == []
    refused(cloud, "DeleteVirtualMFADevice", "DeleteConflict", SerialNumber=serial)
    refused(cloud, "DeleteUser", "DeleteConflict", UserName="u")
    iam("DeactivateMFADevice", UserName="u", SerialNumber=serial)
    iam("DeleteVirtualMFADevice", SerialNumber=serial)


def test_the_codes_of_rfc_6238() -> None:
    """RFC 6238, appendix B, by their last six digits."""
    from fogbank.services.iam import mfa

    for seconds, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        assert mfa.code(b"12345678901234567890", seconds // 30) == code


def test_identity_providers(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    arn = iam("CreateOpenIDConnectProvider", Url="https://id.example.com/", ClientIDList=["a"])[
        "OpenIDConnectProviderArn"
    ]
    assert arn == f"{ARN}oidc-provider/id.example.com"
    iam("AddClientIDToOpenIDConnectProvider", OpenIDConnectProviderArn=arn, ClientID="b")
    iam("RemoveClientIDFromOpenIDConnectProvider", OpenIDConnectProviderArn=arn, ClientID="a")
    iam("UpdateOpenIDConnectProviderThumbprint", OpenIDConnectProviderArn=arn, ThumbprintList=["a" * 40])
    shown = iam("GetOpenIDConnectProvider", OpenIDConnectProviderArn=arn)
    assert (shown["Url"], shown["ClientIDList"], shown["ThumbprintList"]) == ("id.example.com", ["b"], ["a" * 40])
    refused(cloud, "CreateOpenIDConnectProvider", "EntityAlreadyExists", Url="https://id.example.com")
    refused(cloud, "CreateOpenIDConnectProvider", "ValidationError", Url="http://id.example.com")
    assert iam("ListOpenIDConnectProviders")["OpenIDConnectProviderList"] == [{"Arn": arn}]
    iam("DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=arn)
    refused(cloud, "GetOpenIDConnectProvider", "NoSuchEntity", OpenIDConnectProviderArn=arn)
    metadata = "<EntityDescriptor/>" + " " * 1000
    saml = iam("CreateSAMLProvider", Name="s", SAMLMetadataDocument=metadata)["SAMLProviderArn"]
    assert iam("GetSAMLProvider", SAMLProviderArn=saml)["SAMLMetadataDocument"] == metadata
    refused(cloud, "UpdateSAMLProvider", "InvalidInput", SAMLProviderArn=saml, SAMLMetadataDocument="x" * 1000)
    iam("DeleteSAMLProvider", SAMLProviderArn=saml)
    assert iam("ListSAMLProviders")["SAMLProviderList"] == []


def test_server_certificates_and_their_keys(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    body, key = certificate()
    params = {"ServerCertificateName": "c", "CertificateBody": body, "PrivateKey": key}
    made = iam("UploadServerCertificate", **params)["ServerCertificateMetadata"]
    assert made["Arn"] == f"{ARN}server-certificate/c"
    assert made["ServerCertificateId"].startswith("ASCA")
    refused(cloud, "UploadServerCertificate", "EntityAlreadyExists", **params)
    other = params | {"ServerCertificateName": "d", "PrivateKey": certificate()[1]}
    refused(cloud, "UploadServerCertificate", "KeyPairMismatch", **other)
    refused(cloud, "UploadServerCertificate", "MalformedCertificate", **(other | {"CertificateBody": "x"}))
    iam("UpdateServerCertificate", ServerCertificateName="c", NewServerCertificateName="e")
    assert iam("GetServerCertificate", ServerCertificateName="e")["ServerCertificate"]["CertificateBody"] == body
    assert len(iam("ListServerCertificates")["ServerCertificateMetadataList"]) == 1
    iam("DeleteServerCertificate", ServerCertificateName="e")
    refused(cloud, "GetServerCertificate", "NoSuchEntity", ServerCertificateName="e")


def test_other_credentials_of_users(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    iam("CreateUser", UserName="u")
    key = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ== someone"
    made = iam("UploadSSHPublicKey", UserName="u", SSHPublicKeyBody=key)["SSHPublicKey"]
    assert made["SSHPublicKeyId"].startswith("APKA")
    refused(cloud, "UploadSSHPublicKey", "DuplicateSSHPublicKey", UserName="u", SSHPublicKeyBody=key)
    refused(cloud, "UploadSSHPublicKey", "InvalidPublicKey", UserName="u", SSHPublicKeyBody="nonsense")
    signing = iam("UploadSigningCertificate", UserName="u", CertificateBody=certificate()[0])["Certificate"]
    service = "codecommit.amazonaws.com"
    special = iam("CreateServiceSpecificCredential", UserName="u", ServiceName=service)["ServiceSpecificCredential"]
    assert special["ServiceUserName"] == f"u-at-{ACCOUNT}"
    params = {"ServiceName": "s3.amazonaws.com"}
    refused(cloud, "CreateServiceSpecificCredential", "NotSupportedService", UserName="u", **params)
    iam("UpdateSSHPublicKey", UserName="u", SSHPublicKeyId=made["SSHPublicKeyId"], Status="Inactive")
    assert iam("ListSSHPublicKeys", UserName="u")["SSHPublicKeys"][0]["Status"] == "Inactive"
    refused(cloud, "DeleteUser", "DeleteConflict", UserName="u")
    iam("DeleteSSHPublicKey", UserName="u", SSHPublicKeyId=made["SSHPublicKeyId"])
    iam("DeleteSigningCertificate", UserName="u", CertificateId=signing["CertificateId"])
    unique_id = special["ServiceSpecificCredentialId"]
    iam("DeleteServiceSpecificCredential", UserName="u", ServiceSpecificCredentialId=unique_id)
    iam("DeleteUser", UserName="u")


def test_the_credential_report(cloud: TestCloud) -> None:
    import csv
    import io

    iam = cloud.client("iam")
    refused(cloud, "GetCredentialReport", "ReportNotPresent")
    iam("CreateUser", UserName="u")
    iam("CreateAccessKey", UserName="u")
    assert iam("GenerateCredentialReport")["State"] == "STARTED"
    assert iam("GenerateCredentialReport")["State"] == "COMPLETE"
    report = iam("GetCredentialReport")
    rows = list(csv.DictReader(io.StringIO(report["Content"].decode())))
    assert [row["user"] for row in rows] == ["<root_account>", "u"]
    assert (rows[1]["access_key_1_active"], rows[1]["access_key_2_active"]) == ("true", "false")
    assert rows[1]["user_creation_time"] == "2025-06-15T15:06:40+00:00"
    assert None not in rows[0]
    cloud.advance(4 * 3600)
    refused(cloud, "GetCredentialReport", "ReportExpired")


def test_the_account_as_a_whole(cloud: TestCloud) -> None:
    iam = cloud.client("iam")
    iam("CreateUser", UserName="u")
    iam("CreateGroup", GroupName="g")
    iam("AddUserToGroup", UserName="u", GroupName="g")
    iam("CreateRole", RoleName="r", AssumeRolePolicyDocument=LAMBDA)
    iam("PutGroupPolicy", GroupName="g", PolicyName="in", PolicyDocument=ANY)
    iam("AttachRolePolicy", RoleName="r", PolicyArn=READ)
    summary = iam("GetAccountSummary")["SummaryMap"]
    assert (summary["Users"], summary["Groups"], summary["Roles"], summary["UsersQuota"]) == (1, 1, 1, 5000)
    details = iam("GetAccountAuthorizationDetails")
    assert details["UserDetailList"][0]["GroupList"] == ["g"]
    assert unquote(details["GroupDetailList"][0]["GroupPolicyList"][0]["PolicyDocument"]) == ANY
    assert details["RoleDetailList"][0]["AttachedManagedPolicies"][0]["PolicyArn"] == READ
    assert [policy["Arn"] for policy in details["Policies"]] == [READ]
    only = iam("GetAccountAuthorizationDetails", Filter=["Group"])
    assert (len(only["GroupDetailList"]), only["UserDetailList"]) == (1, [])


def certificate() -> tuple[str, str]:
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "example.com")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    builder = builder.not_valid_before(datetime(2025, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2035, 1, 1, tzinfo=UTC)
    )
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    return (
        builder.sign(key, hashes.SHA256()).public_bytes(encoding).decode(),
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain).decode(),
    )
