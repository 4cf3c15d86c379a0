"""Keys, aliases, tags and policies through the in-process cloud; expected values from KMS's API pages."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.testing import START, TestCloud
from fogbank.testing.plugin import MakeClient

ACCOUNT = "000000000000"
KEYS = f"arn:aws:kms:us-east-1:{ACCOUNT}:key"


def made(cloud: TestCloud, **params: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = cloud.call("kms", "CreateKey", params)["KeyMetadata"]
    return metadata


def refused(cloud: TestCloud, operation: str, code: str, **params: Any) -> str:
    with pytest.raises(AwsError) as caught:
        cloud.call("kms", operation, params)
    assert caught.value.code == code, str(caught.value)
    return caught.value.message


def test_a_key_is_described(cloud: TestCloud) -> None:
    key = made(cloud, Description="mine")
    assert key["Arn"] == f"{KEYS}/{key['KeyId']}"
    described = cloud.call("kms", "DescribeKey", {"KeyId": key["Arn"]})["KeyMetadata"]
    assert described == key
    assert {name: key[name] for name in key if name not in ("KeyId", "Arn", "CurrentKeyMaterialId")} == {
        "AWSAccountId": ACCOUNT,
        "CreationDate": START,
        "Enabled": True,
        "Description": "mine",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": "Enabled",
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": False,
    }
    assert len(key["CurrentKeyMaterialId"]) == 64


@pytest.mark.parametrize(
    ("spec", "usage", "member", "algorithms"),
    [
        ("RSA_2048", "ENCRYPT_DECRYPT", "EncryptionAlgorithms", ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]),
        ("ECC_NIST_P384", "SIGN_VERIFY", "SigningAlgorithms", ["ECDSA_SHA_384"]),
        ("ECC_NIST_P521", "KEY_AGREEMENT", "KeyAgreementAlgorithms", ["ECDH"]),
        ("ECC_SECG_P256K1", "SIGN_VERIFY", "SigningAlgorithms", ["ECDSA_SHA_256"]),
        ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", "SigningAlgorithms", ["ED25519_SHA_512"]),
        ("HMAC_224", "GENERATE_VERIFY_MAC", "MacAlgorithms", ["HMAC_SHA_224"]),
        ("ML_DSA_44", "SIGN_VERIFY", "SigningAlgorithms", ["ML_DSA_SHAKE_256"]),
        ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE", "EncapsulationAlgorithms", ["ML_KEM"]),
    ],
)
def test_keys_of_every_family(cloud: TestCloud, spec: str, usage: str, member: str, algorithms: list[str]) -> None:
    key = made(cloud, KeySpec=spec, KeyUsage=usage)
    assert (key["KeySpec"], key["KeyUsage"], key[member]) == (spec, usage, algorithms)
    if spec.startswith("HMAC"):
        refused(cloud, "GetPublicKey", "UnsupportedOperationException", KeyId=key["KeyId"])
    else:
        public = cloud.call("kms", "GetPublicKey", {"KeyId": key["KeyId"]})
        assert (public["KeyId"], public["KeySpec"], public[member]) == (key["Arn"], spec, algorithms)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"KeySpec": "RSA_2048"}, "ValidationException"),
        ({"KeySpec": "RSA_2048", "KeyUsage": "GENERATE_VERIFY_MAC"}, "ValidationException"),
        ({"KeySpec": "ECC_SECG_P256K1", "KeyUsage": "KEY_AGREEMENT"}, "ValidationException"),
        ({"KeySpec": "RSA_2048", "CustomerMasterKeySpec": "RSA_2048"}, "ValidationException"),
        ({"KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY"}, "UnsupportedOperationException"),
        ({"KeySpec": "ML_KEM_512", "KeyUsage": "ENCAPSULATE_DECAPSULATE"}, "UnsupportedOperationException"),
        ({"Origin": "AWS_CLOUDHSM"}, "UnsupportedOperationException"),
        ({"CustomKeyStoreId": "cks-1"}, "UnsupportedOperationException"),
        ({"Tags": [{"TagKey": "aws:x", "TagValue": ""}]}, "TagException"),
        ({"Tags": [{"TagKey": "x", "TagValue": ""}] * 2}, "TagException"),
        ({"Tags": [{"TagKey": "fogbank:key-id", "TagValue": "a b"}]}, "TagException"),
        ({"Tags": [{"TagKey": "_custom_key_material_", "TagValue": "?"}]}, "TagException"),
        ({"Tags": [{"TagKey": "_custom_key_material_", "TagValue": "YQ=="}]}, "IncorrectKeyMaterialException"),
        ({"Policy": "{"}, "MalformedPolicyDocumentException"),
    ],
)
def test_keys_that_cannot_be(cloud: TestCloud, params: dict[str, Any], code: str) -> None:
    refused(cloud, "CreateKey", code, **params)
    assert cloud.call("kms", "ListKeys")["Keys"] == []


def test_a_key_has_four_names(cloud: TestCloud) -> None:
    kms, key = cloud.client("kms"), made(cloud)
    kms("CreateAlias", AliasName="alias/a/b", TargetKeyId=key["KeyId"])
    blob = kms("Encrypt", KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    for name in (key["KeyId"], key["Arn"], "alias/a/b", f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/a/b"):
        assert kms("Decrypt", KeyId=name, CiphertextBlob=blob)["KeyId"] == key["Arn"]
    assert "alias/a/b" in refused(cloud, "DisableKey", "NotFoundException", KeyId="alias/a/b")


@pytest.mark.parametrize(
    ("name", "code", "text"),
    [
        ("nothing", "NotFoundException", "Invalid keyId 'nothing'"),
        (
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "NotFoundException",
            f"Key '{KEYS}/1234abcd-12ab-34cd-56ef-1234567890ab' does not exist",
        ),
        (f"{KEYS}/nothing", "NotFoundException", f"Key '{KEYS}/nothing' does not exist"),
        ("alias/nothing", "NotFoundException", f"Alias arn:aws:kms:us-east-1:{ACCOUNT}:alias/nothing is not found."),
        (f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/x", "NotFoundException", "Invalid arn eu-west-1"),
        ("arn:aws:kms:us-east-1", "InvalidArnException", "Invalid arn arn:aws:kms:us-east-1"),
        ("arn:aws:sns:us-east-1:000000000000:x", "InvalidArnException", None),
    ],
)
def test_names_of_no_key(cloud: TestCloud, name: str, code: str, text: str | None) -> None:
    message = refused(cloud, "DescribeKey", code, KeyId=name)
    assert text is None or message == text


def test_aliases_move_between_keys_of_a_kind(cloud: TestCloud) -> None:
    kms, one, two = cloud.client("kms"), made(cloud), made(cloud)
    kms("CreateAlias", AliasName="alias/x", TargetKeyId=one["KeyId"])
    text = refused(cloud, "CreateAlias", "AlreadyExistsException", AliasName="alias/x", TargetKeyId=two["KeyId"])
    assert text == f"An alias with the name arn:aws:kms:us-east-1:{ACCOUNT}:alias/x already exists"
    cloud.advance(60)
    kms("UpdateAlias", AliasName="alias/x", TargetKeyId=two["Arn"])
    assert kms("DescribeKey", KeyId="alias/x")["KeyMetadata"]["KeyId"] == two["KeyId"]
    assert kms("ListAliases", KeyId=one["KeyId"])["Aliases"] == []
    assert kms("ListAliases", KeyId=two["KeyId"])["Aliases"] == [
        {
            "AliasName": "alias/x",
            "AliasArn": f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/x",
            "TargetKeyId": two["KeyId"],
            "CreationDate": START,
            "LastUpdatedDate": START + 60,
        }
    ]
    mac = made(cloud, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    refused(cloud, "UpdateAlias", "ValidationException", AliasName="alias/x", TargetKeyId=mac["KeyId"])
    kms("DeleteAlias", AliasName="alias/x")
    refused(cloud, "DeleteAlias", "NotFoundException", AliasName="alias/x")
    refused(cloud, "UpdateAlias", "NotFoundException", AliasName="alias/x", TargetKeyId=one["KeyId"])


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("x", "ValidationException"),
        ("alias/aws/mine", "NotAuthorizedException"),
        ("alias/a:b", "InvalidAliasNameException"),
    ],
)
def test_names_that_aliases_cannot_have(cloud: TestCloud, name: str, code: str) -> None:
    refused(cloud, "CreateAlias", code, AliasName=name, TargetKeyId=made(cloud)["KeyId"])


def test_an_alias_is_of_a_key_and_not_of_an_alias(cloud: TestCloud) -> None:
    cloud.call("kms", "CreateAlias", {"AliasName": "alias/x", "TargetKeyId": made(cloud)["KeyId"]})
    refused(cloud, "CreateAlias", "ValidationException", AliasName="alias/y", TargetKeyId="alias/x")
    refused(cloud, "CreateAlias", "NotFoundException", AliasName="alias/y", TargetKeyId="nothing")


def test_a_disabled_key_does_nothing_until_it_is_enabled(cloud: TestCloud) -> None:
    kms, key = cloud.client("kms"), made(cloud)
    blob = kms("Encrypt", KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    kms("DisableKey", KeyId=key["KeyId"])
    described = kms("DescribeKey", KeyId=key["KeyId"])["KeyMetadata"]
    assert (described["Enabled"], described["KeyState"]) == (False, "Disabled")
    for operation, params in (
        ("Encrypt", {"KeyId": key["KeyId"], "Plaintext": b"x"}),
        ("Decrypt", {"CiphertextBlob": blob}),
        ("GenerateDataKey", {"KeyId": key["KeyId"], "KeySpec": "AES_256"}),
        ("EnableKeyRotation", {"KeyId": key["KeyId"]}),
    ):
        assert refused(cloud, operation, "DisabledException", **params) == f"{key['Arn']} is disabled."
    kms("EnableKey", KeyId=key["KeyId"])
    assert kms("Decrypt", CiphertextBlob=blob)["Plaintext"] == b"x"


def test_tags_and_descriptions(cloud: TestCloud) -> None:
    kms = cloud.client("kms")
    key = made(cloud, Tags=[{"TagKey": "b", "TagValue": "1"}])["KeyId"]
    kms("TagResource", KeyId=key, Tags=[{"TagKey": "a", "TagValue": "2"}, {"TagKey": "b", "TagValue": "3"}])
    first = kms("ListResourceTags", KeyId=key, Limit=1)
    assert (first["Tags"], first["Truncated"]) == ([{"TagKey": "a", "TagValue": "2"}], True)
    second = kms("ListResourceTags", KeyId=key, Marker=first["NextMarker"])
    assert second == {"Tags": [{"TagKey": "b", "TagValue": "3"}], "Truncated": False}
    kms("UntagResource", KeyId=key, TagKeys=["a", "nothing"])
    assert len(kms("ListResourceTags", KeyId=key)["Tags"]) == 1
    many = [{"TagKey": f"k{number}", "TagValue": ""} for number in range(50)]
    refused(cloud, "TagResource", "LimitExceededException", KeyId=key, Tags=many)
    refused(cloud, "ListResourceTags", "InvalidMarkerException", KeyId=key, Marker="nonsense")
    kms("UpdateKeyDescription", KeyId=key, Description="new")
    assert kms("DescribeKey", KeyId=key)["KeyMetadata"]["Description"] == "new"


def test_policies_are_read_and_replaced(cloud: TestCloud) -> None:
    kms, key = cloud.client("kms"), made(cloud)["KeyId"]
    found = kms("GetKeyPolicy", KeyId=key)
    assert found["PolicyName"] == "default"
    policy = json.loads(found["Policy"])
    assert policy["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert kms("ListKeyPolicies", KeyId=key) == {"PolicyNames": ["default"], "Truncated": False}
    policy["Statement"].append({"Effect": "Allow", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*"})
    kms("PutKeyPolicy", KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    assert json.loads(kms("GetKeyPolicy", KeyId=key)["Policy"]) == policy
    refused(cloud, "GetKeyPolicy", "NotFoundException", KeyId=key, PolicyName="other")
    refused(cloud, "PutKeyPolicy", "LimitExceededException", KeyId=key, Policy=json.dumps(policy) + " " * 32_768)


def test_nobody_locks_the_account_out_by_accident(cloud: TestCloud) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": "*"}]})
    text = "The new key policy will not allow you to update the key policy in the future."
    assert refused(cloud, "CreateKey", "MalformedPolicyDocumentException", Policy=policy) == text
    key = made(cloud, Policy=policy, BypassPolicyLockoutSafetyCheck=True)["KeyId"]
    assert cloud.call("kms", "GetKeyPolicy", {"KeyId": key})["Policy"] == policy
    other = made(cloud)["KeyId"]
    refused(cloud, "PutKeyPolicy", "MalformedPolicyDocumentException", KeyId=other, Policy=policy)


def test_tags_choose_ids_and_material(cloud: TestCloud) -> None:
    material = base64.b64encode(bytes(32)).decode()
    tags = [
        {"TagKey": "fogbank:key-id", "TagValue": "my-key"},
        {"TagKey": "_custom_key_material_", "TagValue": material},
    ]
    key = made(cloud, Tags=tags)
    assert key["Arn"] == f"{KEYS}/my-key"
    assert cloud.call("kms", "ListResourceTags", {"KeyId": "my-key"})["Tags"] == [
        tags[0] | {"TagKey": "fogbank:key-id"}
    ]
    refused(cloud, "CreateKey", "AlreadyExistsException", Tags=tags[:1])
    blob = cloud.call("kms", "Encrypt", {"KeyId": "my-key", "Plaintext": b"x"})["CiphertextBlob"]
    other = TestCloud()
    try:
        other.call("kms", "CreateKey", {"Tags": [{"TagKey": "_custom_id_", "TagValue": "my-key"}, tags[1]]})
        assert other.call("kms", "Decrypt", {"CiphertextBlob": blob})["Plaintext"] == b"x"
    finally:
        other.close()


def test_what_is_made_for_a_service_is_its_own(cloud: TestCloud) -> None:
    kms, ssm = cloud.client("kms"), cloud.client("ssm")
    refused(cloud, "Encrypt", "NotFoundException", KeyId="alias/aws/ssm", Plaintext=b"x")
    for tier in ("Standard", "Advanced"):
        ssm("PutParameter", Name=f"/{tier}", Value="secret", Type="SecureString", Tier=tier)
        assert ssm("GetParameter", Name=f"/{tier}", WithDecryption=True)["Parameter"]["Value"] == "secret"
        assert "secret" not in ssm("GetParameter", Name=f"/{tier}")["Parameter"]["Value"]
    key = kms("DescribeKey", KeyId="alias/aws/ssm")["KeyMetadata"]
    assert (key["KeyManager"], key["KeyState"]) == ("AWS", "Enabled")
    assert [alias["AliasName"] for alias in kms("ListAliases")["Aliases"]] == ["alias/aws/ssm"]
    assert kms("GetKeyRotationStatus", KeyId=key["KeyId"])["KeyRotationEnabled"] is True
    other = kms("DescribeKey", KeyId="alias/aws/secretsmanager")["KeyMetadata"]
    assert other["KeyManager"] == "AWS"
    refused(cloud, "DescribeKey", "NotFoundException", KeyId="alias/aws/nothing")


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("DisableKey", {}),
        ("ScheduleKeyDeletion", {}),
        ("PutKeyPolicy", {"Policy": "{}"}),
        ("DisableKeyRotation", {}),
        ("RotateKeyOnDemand", {}),
        ("UpdateKeyDescription", {"Description": "x"}),
        ("TagResource", {"Tags": [{"TagKey": "a", "TagValue": "b"}]}),
    ],
)
def test_nobody_changes_what_aws_manages(cloud: TestCloud, operation: str, params: dict[str, Any]) -> None:
    key = cloud.call("kms", "DescribeKey", {"KeyId": "alias/aws/s3"})["KeyMetadata"]
    text = refused(cloud, operation, "AccessDeniedException", KeyId=key["KeyId"], **params)
    assert f"not authorized to perform: kms:{operation} on resource: {key['Arn']}" in text


def test_accounts_and_regions_do_not_see_each_other(cloud: TestCloud) -> None:
    key = made(cloud)
    blob = cloud.call("kms", "Encrypt", {"KeyId": key["KeyId"], "Plaintext": b"x"})["CiphertextBlob"]
    with pytest.raises(AwsError, match="does not exist, does not exist in this region, or you are not allowed"):
        cloud.call("kms", "Decrypt", {"CiphertextBlob": blob}, region="eu-west-1")
    with pytest.raises(AwsError, match="NotFoundException"):
        cloud.call("kms", "DescribeKey", {"KeyId": key["KeyId"]}, region="eu-west-1")
    assert cloud.call("kms", "ListKeys", region="eu-west-1")["Keys"] == []


def test_custom_key_stores_say_that_they_are_not_there(cloud: TestCloud) -> None:
    refused(cloud, "DescribeCustomKeyStores", "NotImplemented")
    refused(cloud, "GetKeyLastUsage", "NotImplemented", KeyId=made(cloud)["KeyId"])


def test_pages_through_boto3(boto: MakeClient) -> None:
    kms = boto("kms")
    made_ids = sorted(kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(5))
    for number, key in enumerate(made_ids):
        kms.create_alias(AliasName=f"alias/k{number}", TargetKeyId=key)
        kms.create_grant(KeyId=made_ids[0], GranteePrincipal="arn:aws:iam::111122223333:user/a", Operations=["Decrypt"])
        kms.rotate_key_on_demand(KeyId=made_ids[0])

    def rows(operation: str, member: str, **params: Any) -> list[Any]:
        pages = list(kms.get_paginator(operation).paginate(**params, PaginationConfig={"PageSize": 2}))
        assert len(pages) == 3
        return [row for page in pages for row in page[member]]

    assert [row["KeyId"] for row in rows("list_keys", "Keys")] == made_ids
    assert [row["TargetKeyId"] for row in rows("list_aliases", "Aliases")] == made_ids
    assert len({row["GrantId"] for row in rows("list_grants", "Grants", KeyId=made_ids[0])}) == 5
    assert len({row["KeyMaterialId"] for row in rows("list_key_rotations", "Rotations", KeyId=made_ids[0])}) == 5
    with pytest.raises(kms.exceptions.NotFoundException):
        kms.describe_key(KeyId="alias/nothing")
    with pytest.raises(kms.exceptions.KMSInvalidStateException):
        kms.cancel_key_deletion(KeyId=made_ids[0])


def test_nothing_of_cryptography_is_loaded_before_it_is_needed() -> None:
    modules = ["operations.encryption", "operations.signing", "data", "reconcile", "permissions", "operations.imports"]
    code = "\n".join(f"import fogbank.services.kms.{name}" for name in modules)
    code += "\nimport sys\nassert not any(name.partition('.')[0] == 'cryptography' for name in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
