"""What happens to keys over time and across regions: deletion, rotation, imported material, replicas."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_public_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.aws.errors import AwsError
from fogbank.testing import START, TestCloud

DAY = 86_400.0
MATERIAL = bytes(range(32))
NEVER = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}


def made(cloud: TestCloud, **params: Any) -> str:
    found: str = cloud.call("kms", "CreateKey", params)["KeyMetadata"]["KeyId"]
    return found


def state(cloud: TestCloud, key: str, region: str = "") -> str:
    found: str = cloud.call("kms", "DescribeKey", {"KeyId": key}, region=region)["KeyMetadata"]["KeyState"]
    return found


def refused(cloud: TestCloud, operation: str, code: str, region: str = "", **params: Any) -> str:
    with pytest.raises(AwsError) as caught:
        cloud.call("kms", operation, params, region=region)
    assert caught.value.code == code, str(caught.value)
    return caught.value.message


# Deletion


def test_a_key_is_deleted_when_its_time_has_come(cloud: TestCloud) -> None:
    kms, key = cloud.client("kms"), made(cloud)
    arn = f"arn:aws:kms:us-east-1:000000000000:key/{key}"
    kms("CreateAlias", AliasName="alias/x", TargetKeyId=key)
    grant = {"GranteePrincipal": "arn:aws:iam::1:user/a", "RetiringPrincipal": "arn:aws:iam::1:user/b"}
    kms("CreateGrant", KeyId=key, Operations=["Decrypt"], **grant)
    blob = kms("Encrypt", KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert kms("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7) == {
        "KeyId": arn,
        "KeyState": "PendingDeletion",
        "PendingWindowInDays": 7,
        "DeletionDate": START + 7 * DAY,
    }
    assert kms("DescribeKey", KeyId=key)["KeyMetadata"]["DeletionDate"] == START + 7 * DAY
    text = refused(cloud, "Decrypt", "KMSInvalidStateException", CiphertextBlob=blob)
    assert text == f"{arn} is pending deletion."
    for operation in ("EnableKey", "DisableKey", "ScheduleKeyDeletion", "RotateKeyOnDemand"):
        refused(cloud, operation, "KMSInvalidStateException", KeyId=key)
    cloud.advance(7 * DAY - 1)
    assert state(cloud, key) == "PendingDeletion"
    cloud.advance(1)
    assert refused(cloud, "DescribeKey", "NotFoundException", KeyId=key) == f"Key '{arn}' does not exist"
    refused(cloud, "Decrypt", "AccessDeniedException", CiphertextBlob=blob)
    refused(cloud, "DescribeKey", "NotFoundException", KeyId="alias/x")
    assert kms("ListRetirableGrants", RetiringPrincipal="arn:aws:iam::1:user/b")["Grants"] == []
    assert [event["detail-type"] for event in cloud.events()] == ["KMS CMK Deletion"]


def test_a_deletion_can_be_called_off(cloud: TestCloud) -> None:
    kms, key = cloud.client("kms"), made(cloud)
    assert "is not pending deletion" in refused(cloud, "CancelKeyDeletion", "KMSInvalidStateException", KeyId=key)
    blob = kms("Encrypt", KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms("ScheduleKeyDeletion", KeyId=key)
    kms("CancelKeyDeletion", KeyId=key)
    assert state(cloud, key) == "Disabled"
    cloud.advance(60 * DAY)
    kms("EnableKey", KeyId=key)
    assert kms("Decrypt", CiphertextBlob=blob)["Plaintext"] == b"x"


@pytest.mark.parametrize("days", [6, 31])
def test_the_waiting_period_is_a_week_to_a_month(cloud: TestCloud, days: int) -> None:
    refused(cloud, "ScheduleKeyDeletion", "ValidationException", KeyId=made(cloud), PendingWindowInDays=days)


# Rotation


def test_keys_rotate_by_themselves_and_open_what_is_old(cloud: TestCloud) -> None:
    kms, key = cloud.client("kms"), made(cloud)
    assert kms("GetKeyRotationStatus", KeyId=key)["KeyRotationEnabled"] is False
    kms("EnableKeyRotation", KeyId=key, RotationPeriodInDays=90)
    status = kms("GetKeyRotationStatus", KeyId=key)
    assert (status["RotationPeriodInDays"], status["NextRotationDate"]) == (90, START + 90 * DAY)
    blobs = [kms("Encrypt", KeyId=key, Plaintext=b"0")]
    cloud.advance(89 * DAY)
    assert kms("ListKeyRotations", KeyId=key)["Rotations"] == []
    cloud.advance(DAY)
    blobs.append(kms("Encrypt", KeyId=key, Plaintext=b"1"))
    kms("RotateKeyOnDemand", KeyId=key)
    blobs.append(kms("Encrypt", KeyId=key, Plaintext=b"2"))
    assert kms("GetKeyRotationStatus", KeyId=key)["NextRotationDate"] == START + 180 * DAY
    opened = [kms("Decrypt", CiphertextBlob=blob["CiphertextBlob"]) for blob in blobs]
    assert [one["Plaintext"] for one in opened] == [b"0", b"1", b"2"]
    assert len({one["KeyMaterialId"] for one in opened}) == 3
    assert kms("DescribeKey", KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"] == opened[-1]["KeyMaterialId"]
    rotations = kms("ListKeyRotations", KeyId=key)["Rotations"]
    assert [(row["RotationType"], row["KeyMaterialState"]) for row in rotations] == [
        ("AUTOMATIC", "NON_CURRENT"),
        ("ON_DEMAND", "CURRENT"),
    ]
    assert rotations[0]["RotationDate"] == START + 90 * DAY
    everything = kms("ListKeyRotations", KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    assert [row["KeyMaterialId"] for row in everything] == [one["KeyMaterialId"] for one in opened]
    kms("DisableKeyRotation", KeyId=key)
    cloud.advance(365 * DAY)
    assert len(kms("ListKeyRotations", KeyId=key)["Rotations"]) == 2


def test_a_disabled_key_rotates_when_it_is_enabled(cloud: TestCloud) -> None:
    kms, key = cloud.client("kms"), made(cloud)
    kms("EnableKeyRotation", KeyId=key)
    kms("DisableKey", KeyId=key)
    cloud.advance(400 * DAY)
    assert kms("ListKeyRotations", KeyId=key)["Rotations"] == []
    kms("EnableKey", KeyId=key)
    cloud.advance(0)
    assert len(kms("ListKeyRotations", KeyId=key)["Rotations"]) == 1


def test_a_key_rotates_on_demand_twenty_five_times(cloud: TestCloud) -> None:
    key = made(cloud)
    for _ in range(25):
        cloud.call("kms", "RotateKeyOnDemand", {"KeyId": key})
    refused(cloud, "RotateKeyOnDemand", "LimitExceededException", KeyId=key)


def test_what_does_not_rotate(cloud: TestCloud) -> None:
    mac = made(cloud, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    for operation in ("EnableKeyRotation", "RotateKeyOnDemand", "ListKeyRotations"):
        refused(cloud, operation, "UnsupportedOperationException", KeyId=mac)
    imported = made(cloud, Origin="EXTERNAL")
    text = refused(cloud, "EnableKeyRotation", "UnsupportedOperationException", KeyId=imported)
    assert text.endswith("origin is EXTERNAL which is not valid for this operation.")


# Imported material


def wrapped(answer: dict[str, Any], algorithm: str, plain: bytes) -> bytes:
    """Key material as its owner wraps it, with the public key that KMS gave."""
    public = load_der_public_key(answer["PublicKey"])
    assert isinstance(public, rsa.RSAPublicKey)
    digest = hashes.SHA256() if algorithm.endswith("256") else hashes.SHA1()
    oaep = padding.OAEP(padding.MGF1(digest), digest, None)
    if algorithm.startswith("RSAES"):
        return public.encrypt(plain, oaep)
    key = secrets.token_bytes(32)
    return public.encrypt(key, oaep) + aes_key_wrap_with_padding(key, plain)


def bring(cloud: TestCloud, key: str, plain: bytes = MATERIAL, region: str = "", **params: Any) -> dict[str, Any]:
    algorithm = params.pop("algorithm", "RSAES_OAEP_SHA_256")
    how = {"KeyId": key, "WrappingAlgorithm": algorithm, "WrappingKeySpec": "RSA_2048"}
    answer = cloud.call("kms", "GetParametersForImport", how, region=region)
    body = {"ImportToken": answer["ImportToken"], "EncryptedKeyMaterial": wrapped(answer, algorithm, plain)}
    return cloud.call("kms", "ImportKeyMaterial", {"KeyId": key, **body, **NEVER, **params}, region=region)


@pytest.mark.parametrize(
    "algorithm", ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256"]
)
def test_material_comes_in_goes_and_comes_back(cloud: TestCloud, algorithm: str) -> None:
    kms, key = cloud.client("kms"), made(cloud, Origin="EXTERNAL")
    assert state(cloud, key) == "PendingImport"
    assert refused(cloud, "Encrypt", "KMSInvalidStateException", KeyId=key, Plaintext=b"x").endswith(
        "is pending import."
    )
    material_id = bring(cloud, key, algorithm=algorithm)["KeyMaterialId"]
    described = kms("DescribeKey", KeyId=key)["KeyMetadata"]
    assert (described["KeyState"], described["ExpirationModel"]) == ("Enabled", NEVER["ExpirationModel"])
    assert described["CurrentKeyMaterialId"] == material_id
    blob = kms("Encrypt", KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert kms("DeleteImportedKeyMaterial", KeyId=key)["KeyMaterialId"] == material_id
    assert state(cloud, key) == "PendingImport"
    refused(cloud, "Decrypt", "KMSInvalidStateException", CiphertextBlob=blob)
    with pytest.raises(AwsError, match="IncorrectKeyMaterialException"):
        bring(cloud, key, bytes(32), algorithm=algorithm)
    bring(cloud, key, algorithm=algorithm)
    assert kms("Decrypt", CiphertextBlob=blob)["Plaintext"] == b"x"


def test_imported_material_expires(cloud: TestCloud) -> None:
    kms, key = cloud.client("kms"), made(cloud, Origin="EXTERNAL")
    until = {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": START + 10 * DAY}
    bring(cloud, key, **until)
    described = kms("DescribeKey", KeyId=key)["KeyMetadata"]
    assert (described["ExpirationModel"], described["ValidTo"]) == ("KEY_MATERIAL_EXPIRES", START + 10 * DAY)
    blob = kms("Encrypt", KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    cloud.advance(10 * DAY - 1)
    assert state(cloud, key) == "Enabled"
    cloud.advance(1)
    assert state(cloud, key) == "PendingImport"
    refused(cloud, "Decrypt", "KMSInvalidStateException", CiphertextBlob=blob)
    assert [event["detail-type"] for event in cloud.events()] == ["KMS Imported Key Material Expiration"]
    bring(cloud, key)
    assert kms("Decrypt", CiphertextBlob=blob)["Plaintext"] == b"x"
    for params in ({"ValidTo": START}, {"ValidTo": START + 800 * DAY}, {}):
        with pytest.raises(AwsError, match="ValidationException"):
            bring(cloud, key, ExpirationModel="KEY_MATERIAL_EXPIRES", **params)


def test_pairs_and_codes_are_imported(cloud: TestCloud) -> None:
    kms = cloud.client("kms")
    pair = ec.generate_private_key(ec.SECP256R1())
    der = pair.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    signing = made(cloud, Origin="EXTERNAL", KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    refused(cloud, "GetPublicKey", "KMSInvalidStateException", KeyId=signing)
    assert "KeyMaterialId" not in bring(cloud, signing, der)
    signature = kms("Sign", KeyId=signing, Message=b"x", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    pair.public_key().verify(signature, b"x", ec.ECDSA(hashes.SHA256()))
    long = rsa.generate_private_key(65_537, 2048).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    crypting = made(cloud, Origin="EXTERNAL", KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    with pytest.raises(AwsError, match="UnsupportedOperationException"):
        bring(cloud, crypting, b"")
    bring(cloud, crypting, long, algorithm="RSA_AES_KEY_WRAP_SHA_256")
    assert state(cloud, crypting) == "Enabled"
    mac = made(cloud, Origin="EXTERNAL", KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    for wrong, key in ((der, mac), (b"x", mac), (MATERIAL, made(cloud, **EXTERNAL_PAIR)), (long[:40], mac)):
        with pytest.raises(AwsError, match="IncorrectKeyMaterialException"):
            bring(cloud, key, wrong)
    bring(cloud, mac)


EXTERNAL_PAIR = {"Origin": "EXTERNAL", "KeySpec": "ECC_NIST_P384", "KeyUsage": "SIGN_VERIFY"}


def test_tokens_are_of_one_key_and_of_one_day(cloud: TestCloud) -> None:
    kms, one, two = cloud.client("kms"), made(cloud, Origin="EXTERNAL"), made(cloud, Origin="EXTERNAL")
    how = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
    answer = kms("GetParametersForImport", KeyId=one, **how)
    assert answer["ParametersValidTo"] == START + DAY
    body = {"EncryptedKeyMaterial": wrapped(answer, "RSAES_OAEP_SHA_256", MATERIAL), **NEVER}
    token = answer["ImportToken"]
    refused(cloud, "ImportKeyMaterial", "InvalidImportTokenException", KeyId=two, ImportToken=token, **body)
    refused(cloud, "ImportKeyMaterial", "InvalidImportTokenException", KeyId=one, ImportToken=b"x", **body)
    spoilt = {**body, "EncryptedKeyMaterial": bytes(256)}
    refused(cloud, "ImportKeyMaterial", "InvalidCiphertextException", KeyId=one, ImportToken=token, **spoilt)
    cloud.advance(DAY)
    refused(cloud, "ImportKeyMaterial", "ExpiredImportTokenException", KeyId=one, ImportToken=token, **body)
    refused(cloud, "GetParametersForImport", "UnsupportedOperationException", KeyId=made(cloud), **how)


def test_imported_material_rotates_on_demand(cloud: TestCloud) -> None:
    kms, key = cloud.client("kms"), made(cloud, Origin="EXTERNAL")
    bring(cloud, key)
    old = kms("Encrypt", KeyId=key, Plaintext=b"old")["CiphertextBlob"]
    refused(cloud, "RotateKeyOnDemand", "KMSInvalidStateException", KeyId=key)
    new_id = bring(cloud, key, bytes(32), ImportType="NEW_KEY_MATERIAL", KeyMaterialDescription="two")["KeyMaterialId"]
    with pytest.raises(AwsError, match="pending rotation"):
        bring(cloud, key, bytes([1] * 32), ImportType="NEW_KEY_MATERIAL")
    assert kms("DescribeKey", KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"] != new_id
    kms("RotateKeyOnDemand", KeyId=key)
    assert kms("DescribeKey", KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"] == new_id
    assert kms("Decrypt", CiphertextBlob=old)["Plaintext"] == b"old"
    rows = kms("ListKeyRotations", KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    assert [row["KeyMaterialState"] for row in rows] == ["NON_CURRENT", "CURRENT"]
    assert (rows[1]["KeyMaterialDescription"], rows[1]["ImportState"]) == ("two", "IMPORTED")
    kms("DeleteImportedKeyMaterial", KeyId=key, KeyMaterialId=rows[0]["KeyMaterialId"])
    assert state(cloud, key) == "PendingImport", "a key needs all of its material"
    bring(cloud, key)
    assert kms("Decrypt", CiphertextBlob=old)["Plaintext"] == b"old"


# Regions


def test_what_one_region_encrypts_another_decrypts(cloud: TestCloud) -> None:
    kms, europe = cloud.client("kms"), cloud.client("kms", region="eu-west-1")
    key = made(cloud, MultiRegion=True)
    assert key.startswith("mrk-")
    answer = kms("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1", Tags=[{"TagKey": "a", "TagValue": "b"}])
    assert answer["ReplicaTags"] == [{"TagKey": "a", "TagValue": "b"}]
    row = {"Arn": f"arn:aws:kms:eu-west-1:000000000000:key/{key}", "Region": "eu-west-1"}
    assert answer["ReplicaKeyMetadata"]["Arn"] == row["Arn"]
    assert answer["ReplicaKeyMetadata"]["MultiRegionConfiguration"]["MultiRegionKeyType"] == "REPLICA"
    primary = kms("DescribeKey", KeyId=key)["KeyMetadata"]["MultiRegionConfiguration"]
    assert (primary["MultiRegionKeyType"], primary["ReplicaKeys"]) == ("PRIMARY", [row])
    blob = kms("Encrypt", KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert europe("Decrypt", CiphertextBlob=blob)["KeyId"] == row["Arn"]
    kms("RotateKeyOnDemand", KeyId=key)
    newer = europe("Encrypt", KeyId=key, Plaintext=b"y")["CiphertextBlob"]
    assert kms("Decrypt", CiphertextBlob=newer)["Plaintext"] == b"y"
    refused(cloud, "ReplicateKey", "AlreadyExistsException", KeyId=key, ReplicaRegion="eu-west-1")
    refused(cloud, "ReplicateKey", "UnsupportedOperationException", KeyId=made(cloud), ReplicaRegion="eu-west-1")
    refused(cloud, "RotateKeyOnDemand", "UnsupportedOperationException", region="eu-west-1", KeyId=key)
    kms("DisableKey", KeyId=key)
    assert europe("Decrypt", CiphertextBlob=blob)["Plaintext"] == b"x", "each region has a state of its own"


def test_the_primary_moves_and_rotates(cloud: TestCloud) -> None:
    kms, europe = cloud.client("kms"), cloud.client("kms", region="eu-west-1")
    key = made(cloud, MultiRegion=True)
    kms("EnableKeyRotation", KeyId=key, RotationPeriodInDays=100)
    kms("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1")
    kms("UpdatePrimaryRegion", KeyId=key, PrimaryRegion="eu-west-1")
    found = kms("DescribeKey", KeyId=key)["KeyMetadata"]["MultiRegionConfiguration"]
    assert (found["MultiRegionKeyType"], found["PrimaryKey"]["Region"]) == ("REPLICA", "eu-west-1")
    refused(cloud, "UpdatePrimaryRegion", "UnsupportedOperationException", KeyId=key, PrimaryRegion="us-east-1")
    europe("DisableKey", KeyId=key)
    cloud.advance(100 * DAY)
    assert kms("ListKeyRotations", KeyId=key)["Rotations"] == [], "the primary is disabled"
    europe("EnableKey", KeyId=key)
    cloud.advance(0)
    assert len(kms("ListKeyRotations", KeyId=key)["Rotations"]) == 1
    assert len(europe("ListKeyRotations", KeyId=key)["Rotations"]) == 1


def test_a_primary_outlives_its_replicas(cloud: TestCloud) -> None:
    kms, europe = cloud.client("kms"), cloud.client("kms", region="eu-west-1")
    key = made(cloud, MultiRegion=True)
    kms("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1")
    answer = kms("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
    assert answer["KeyState"] == "PendingReplicaDeletion" and "DeletionDate" not in answer
    cloud.advance(30 * DAY)
    assert state(cloud, key) == "PendingReplicaDeletion"
    europe("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=10)
    cloud.advance(10 * DAY)
    refused(cloud, "DescribeKey", "NotFoundException", region="eu-west-1", KeyId=key)
    assert state(cloud, key) == "PendingDeletion"
    cloud.advance(7 * DAY)
    refused(cloud, "DescribeKey", "NotFoundException", KeyId=key)


def test_each_region_imports_the_primarys_material(cloud: TestCloud) -> None:
    key = made(cloud, MultiRegion=True, Origin="EXTERNAL")
    bring(cloud, key)
    cloud.call("kms", "ReplicateKey", {"KeyId": key, "ReplicaRegion": "eu-west-1"})
    assert state(cloud, key, "eu-west-1") == "PendingImport"
    with pytest.raises(AwsError, match="IncorrectKeyMaterialException"):
        bring(cloud, key, bytes(32), region="eu-west-1")
    bring(cloud, key, region="eu-west-1")
    blob = cloud.call("kms", "Encrypt", {"KeyId": key, "Plaintext": b"x"})["CiphertextBlob"]
    assert cloud.call("kms", "Decrypt", {"CiphertextBlob": blob}, region="eu-west-1")["Plaintext"] == b"x"


# All of it together

STEPS = st.lists(
    st.sampled_from(["encrypt", "decrypt", "rotate", "disable", "enable", "delete", "cancel"]), max_size=30
)


@given(STEPS)
@settings(max_examples=40, deadline=None)
def test_any_sequence_behaves_as_the_model(steps: list[str]) -> None:
    """A key is a state and the materials it has had; whatever was encrypted opens while it is enabled."""
    cloud = TestCloud()
    try:
        run_against_model(cloud, steps)
    finally:
        cloud.close()


def run_against_model(cloud: TestCloud, steps: list[str]) -> None:
    key, expected, blobs, materials = made(cloud), "Enabled", {}, 1
    next_state = {
        "disable": ({"Enabled", "Disabled"}, "Disabled", "DisableKey"),
        "enable": ({"Enabled", "Disabled"}, "Enabled", "EnableKey"),
        "delete": ({"Enabled", "Disabled"}, "PendingDeletion", "ScheduleKeyDeletion"),
        "cancel": ({"PendingDeletion"}, "Disabled", "CancelKeyDeletion"),
        "rotate": ({"Enabled"}, "Enabled", "RotateKeyOnDemand"),
    }
    for number, step in enumerate(steps):
        if step in next_state:
            allowed, after, operation = next_state[step]
            assert works(cloud, operation, KeyId=key) is (expected in allowed)
            if expected in allowed:
                expected = after
                materials += step == "rotate"
        elif step == "encrypt" and expected == "Enabled":
            plain = str(number).encode()
            blobs[plain] = cloud.call("kms", "Encrypt", {"KeyId": key, "Plaintext": plain})["CiphertextBlob"]
        elif step == "encrypt":
            assert not works(cloud, "Encrypt", KeyId=key, Plaintext=b"x")
        for plain, blob in blobs.items() if step == "decrypt" else ():
            assert works(cloud, "Decrypt", CiphertextBlob=blob) is (expected == "Enabled")
            if expected == "Enabled":
                assert cloud.call("kms", "Decrypt", {"CiphertextBlob": blob})["Plaintext"] == plain
        assert state(cloud, key) == expected
    rows = cloud.call("kms", "ListKeyRotations", {"KeyId": key, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"})["Rotations"]
    assert len(rows) == materials


def works(cloud: TestCloud, operation: str, **params: Any) -> bool:
    try:
        cloud.call("kms", operation, params)
    except AwsError as error:
        assert error.code in ("DisabledException", "KMSInvalidStateException")
        return False
    return True
