"""What keys do, checked with the `cryptography` package from outside, and what they refuse."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.aws.errors import AwsError
from fogbank.services.kms import ciphertext
from fogbank.services.kms.rules import SPECS
from fogbank.testing import TestCloud
from fogbank.testing.plugin import MakeClient

CONTEXT = {"tenant": "a", "purpose": "b"}
OWNER = ("111122223333", "key", "ab" * 32)


def made(cloud: TestCloud, spec: str = "SYMMETRIC_DEFAULT", usage: str = "ENCRYPT_DECRYPT") -> str:
    found: str = cloud.call("kms", "CreateKey", {"KeySpec": spec, "KeyUsage": usage})["KeyMetadata"]["KeyId"]
    return found


def refused(cloud: TestCloud, operation: str, code: str, **params: Any) -> str:
    with pytest.raises(AwsError) as caught:
        cloud.call("kms", operation, params)
    assert caught.value.code == code, str(caught.value)
    return caught.value.message


def public_key(cloud: TestCloud, key: str) -> Any:
    return load_der_public_key(cloud.call("kms", "GetPublicKey", {"KeyId": key})["PublicKey"])


# Symmetric keys


def test_a_ciphertext_opens_with_its_context_in_any_order(cloud: TestCloud) -> None:
    kms, key = cloud.client("kms"), made(cloud)
    blob = kms("Encrypt", KeyId=key, Plaintext=b"secret", EncryptionContext=CONTEXT)["CiphertextBlob"]
    opened = kms("Decrypt", CiphertextBlob=blob, EncryptionContext=dict(reversed(CONTEXT.items())))
    assert (opened["Plaintext"], opened["EncryptionAlgorithm"]) == (b"secret", "SYMMETRIC_DEFAULT")
    assert opened["KeyMaterialId"] == kms("DescribeKey", KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]
    assert b"secret" not in blob
    again = kms("Encrypt", KeyId=key, Plaintext=b"secret", EncryptionContext=CONTEXT)["CiphertextBlob"]
    assert again != blob
    for context in ({}, {"tenant": "a"}, {**CONTEXT, "tenant": "A"}, {**CONTEXT, "more": ""}):
        refused(cloud, "Decrypt", "InvalidCiphertextException", CiphertextBlob=blob, EncryptionContext=context)


def test_every_changed_byte_is_seen(cloud: TestCloud) -> None:
    key = made(cloud)
    blob = cloud.call("kms", "Encrypt", {"KeyId": key, "Plaintext": b"x"})["CiphertextBlob"]
    for at in range(len(blob)):
        changed = blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :]
        with pytest.raises(AwsError) as caught:
            cloud.call("kms", "Decrypt", {"CiphertextBlob": changed})
        assert caught.value.code in ("InvalidCiphertextException", "AccessDeniedException")
    for cut in (blob[:-1], blob[:20], blob + b"x", b"\x01"):
        refused(cloud, "Decrypt", "InvalidCiphertextException", CiphertextBlob=cut)


def test_another_key_does_not_open_it(cloud: TestCloud) -> None:
    one, two = made(cloud), made(cloud)
    blob = cloud.call("kms", "Encrypt", {"KeyId": one, "Plaintext": b"x"})["CiphertextBlob"]
    text = refused(cloud, "Decrypt", "IncorrectKeyException", KeyId=two, CiphertextBlob=blob)
    assert text == "The key ID in the request does not identify a CMK that can perform this operation."
    relabelled = ciphertext.parsed(blob)
    assert relabelled is not None
    forged = blob.replace(one.encode(), two.encode())
    refused(cloud, "Decrypt", "InvalidCiphertextException", CiphertextBlob=forged)


def test_limits_of_plaintexts(cloud: TestCloud) -> None:
    key = made(cloud)
    blob = cloud.call("kms", "Encrypt", {"KeyId": key, "Plaintext": bytes(4096)})["CiphertextBlob"]
    assert len(blob) <= 6144
    refused(cloud, "Encrypt", "ValidationException", KeyId=key, Plaintext=bytes(4097))
    refused(cloud, "Encrypt", "ValidationException", KeyId=key, Plaintext=b"")


def test_reencryption_moves_between_keys_and_contexts(cloud: TestCloud) -> None:
    kms, one, two = cloud.client("kms"), made(cloud), made(cloud, "RSA_2048")
    blob = kms("Encrypt", KeyId=one, Plaintext=b"x", EncryptionContext=CONTEXT)["CiphertextBlob"]
    oaep = {"DestinationKeyId": two, "DestinationEncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    moved = kms("ReEncrypt", CiphertextBlob=blob, SourceEncryptionContext=CONTEXT, **oaep)
    assert moved["SourceKeyId"].endswith(one) and moved["KeyId"].endswith(two)
    assert "SourceKeyMaterialId" in moved and "DestinationKeyMaterialId" not in moved
    back = kms(
        "ReEncrypt",
        CiphertextBlob=moved["CiphertextBlob"],
        SourceKeyId=two,
        SourceEncryptionAlgorithm="RSAES_OAEP_SHA_256",
        DestinationKeyId=one,
        DestinationEncryptionContext={"new": "y"},
    )
    opened = kms("Decrypt", CiphertextBlob=back["CiphertextBlob"], EncryptionContext={"new": "y"})
    assert opened["Plaintext"] == b"x"
    refused(cloud, "ReEncrypt", "InvalidCiphertextException", CiphertextBlob=blob, DestinationKeyId=one)


def test_data_keys(cloud: TestCloud) -> None:
    kms, key = cloud.client("kms"), made(cloud)
    for params, length in (({"KeySpec": "AES_256"}, 32), ({"KeySpec": "AES_128"}, 16), ({"NumberOfBytes": 64}, 64)):
        data = kms("GenerateDataKey", KeyId=key, EncryptionContext=CONTEXT, **params)
        assert len(data["Plaintext"]) == length
        opened = kms("Decrypt", CiphertextBlob=data["CiphertextBlob"], EncryptionContext=CONTEXT)
        assert opened["Plaintext"] == data["Plaintext"]
        hidden = kms("GenerateDataKeyWithoutPlaintext", KeyId=key, **params)
        assert "Plaintext" not in hidden
        assert len(kms("Decrypt", CiphertextBlob=hidden["CiphertextBlob"])["Plaintext"]) == length
    refused(cloud, "GenerateDataKey", "ValidationException", KeyId=key)
    refused(cloud, "GenerateDataKey", "ValidationException", KeyId=key, KeySpec="AES_256", NumberOfBytes=1)
    refused(cloud, "GenerateDataKey", "InvalidKeyUsageException", KeyId=made(cloud, "RSA_2048"), KeySpec="AES_256")
    assert len(kms("GenerateRandom", NumberOfBytes=1024)["Plaintext"]) == 1024
    refused(cloud, "GenerateRandom", "ValidationException", NumberOfBytes=1025)


@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P256", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519"])
def test_data_key_pairs(cloud: TestCloud, spec: str) -> None:
    kms, key = cloud.client("kms"), made(cloud)
    pair = kms("GenerateDataKeyPair", KeyId=key, KeyPairSpec=spec, EncryptionContext=CONTEXT)
    opened = kms("Decrypt", CiphertextBlob=pair["PrivateKeyCiphertextBlob"], EncryptionContext=CONTEXT)["Plaintext"]
    assert opened == pair["PrivateKeyPlaintext"]
    public = load_der_private_key(opened, None).public_key()
    assert public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == pair["PublicKey"]
    assert "PrivateKeyPlaintext" not in kms("GenerateDataKeyPairWithoutPlaintext", KeyId=key, KeyPairSpec=spec)


@given(
    plain=st.binary(min_size=1, max_size=64),
    context=st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4),
    other=st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4),
)
@settings(max_examples=100, deadline=None)
def test_ciphertexts_open_with_exactly_what_closed_them(
    plain: bytes, context: dict[str, str], other: dict[str, str]
) -> None:
    secret = bytes(range(32))
    blob = ciphertext.parsed(ciphertext.encrypted(OWNER, secret, plain, context))
    assert blob is not None
    assert ciphertext.decrypted(blob, secret, dict(reversed(context.items()))) == plain
    assert ciphertext.decrypted(blob, bytes(32), context) is None
    assert (ciphertext.decrypted(blob, secret, other) == plain) is (context == other)


@given(st.binary(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_ciphertext_or_none(blob: bytes) -> None:
    for text in (blob, b"\x01" + blob):
        parsed = ciphertext.parsed(text)
        assert parsed is None or ciphertext.decrypted(parsed, bytes(32), {}) is None


# RSA encryption


@pytest.mark.parametrize(
    ("spec", "algorithm", "limit"),
    [
        ("RSA_2048", "RSAES_OAEP_SHA_1", 214),
        ("RSA_2048", "RSAES_OAEP_SHA_256", 190),
        ("RSA_3072", "RSAES_OAEP_SHA_256", 318),
    ],
)
def test_rsa_encrypts_within_and_outside(cloud: TestCloud, spec: str, algorithm: str, limit: int) -> None:
    kms, key = cloud.client("kms"), made(cloud, spec)
    how = {"KeyId": key, "EncryptionAlgorithm": algorithm}
    blob = kms("Encrypt", Plaintext=bytes(limit), **how)["CiphertextBlob"]
    assert kms("Decrypt", CiphertextBlob=blob, **how)["Plaintext"] == bytes(limit)
    digest = hashes.SHA256() if algorithm.endswith("256") else hashes.SHA1()
    outside = public_key(cloud, key).encrypt(b"from outside", padding.OAEP(padding.MGF1(digest), digest, None))
    assert kms("Decrypt", CiphertextBlob=outside, **how)["Plaintext"] == b"from outside"
    text = refused(cloud, "Encrypt", "ValidationException", Plaintext=bytes(limit + 1), **how)
    assert text == f"Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {limit} bytes."
    refused(cloud, "Decrypt", "InvalidCiphertextException", CiphertextBlob=bytes(len(blob)), **how)
    refused(cloud, "Decrypt", "ValidationException", CiphertextBlob=blob, EncryptionAlgorithm=algorithm)
    refused(cloud, "Encrypt", "ValidationException", Plaintext=b"x", EncryptionContext=CONTEXT, **how)
    refused(cloud, "Encrypt", "InvalidKeyUsageException", KeyId=key, Plaintext=b"x")


# Signatures


@pytest.mark.parametrize("message_type", ["RAW", "DIGEST"])
@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1"])
def test_signatures_hold_outside(cloud: TestCloud, spec: str, message_type: str) -> None:
    kms, key = cloud.client("kms"), made(cloud, spec, "SIGN_VERIFY")
    public = public_key(cloud, key)
    for algorithm in SPECS[spec].algorithms["SIGN_VERIFY"]:
        bits = algorithm.rpartition("_")[2]
        message = hashlib.new(f"sha{bits}", b"text").digest() if message_type == "DIGEST" else b"text"
        call = {"KeyId": key, "SigningAlgorithm": algorithm, "Message": message, "MessageType": message_type}
        signature = kms("Sign", **call)["Signature"]
        assert kms("Verify", Signature=signature, **call)["SignatureValid"] is True
        check_outside(public, algorithm, signature)
        wrong = {**call, "Message": bytes(len(message))}
        refused(cloud, "Verify", "KMSInvalidSignatureException", Signature=signature, **wrong)
        refused(cloud, "Verify", "KMSInvalidSignatureException", Signature=b"x", **call)
        if message_type == "DIGEST":
            refused(cloud, "Sign", "ValidationException", **{**call, "Message": b"short"})


def check_outside(public: Any, algorithm: str, signature: bytes) -> None:
    """Verify a signature of b"text" as a program without KMS does."""
    digest = getattr(hashes, f"SHA{algorithm.rpartition('_')[2]}")()
    if algorithm.startswith("ECDSA"):
        public.verify(signature, b"text", ec.ECDSA(digest))
        with pytest.raises(InvalidSignature):
            public.verify(signature, b"other", ec.ECDSA(digest))
        return
    assert isinstance(public, rsa.RSAPublicKey)
    pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
    public.verify(signature, b"text", pss if "PSS" in algorithm else padding.PKCS1v15(), digest)


def test_signatures_made_outside_hold_here(cloud: TestCloud) -> None:
    key = made(cloud)
    pair = cloud.call("kms", "GenerateDataKeyPair", {"KeyId": key, "KeyPairSpec": "ECC_NIST_P256"})
    private = load_der_private_key(pair["PrivateKeyPlaintext"], None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    digest = hashlib.sha256(b"text").digest()
    signature = private.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    check_outside(load_der_public_key(pair["PublicKey"]), "ECDSA_SHA_256", signature)


def test_edwards_and_post_quantum_signatures(cloud: TestCloud) -> None:
    kms = cloud.client("kms")
    edwards = made(cloud, "ECC_NIST_EDWARDS25519", "SIGN_VERIFY")
    call = {"KeyId": edwards, "SigningAlgorithm": "ED25519_SHA_512", "Message": b"text"}
    signature = kms("Sign", **call)["Signature"]
    public_key(cloud, edwards).verify(signature, b"text")
    refused(cloud, "Sign", "ValidationException", **call, MessageType="DIGEST")
    refused(cloud, "Verify", "KMSInvalidSignatureException", Signature=bytes(64), **call)
    refused(cloud, "Sign", "InvalidKeyUsageException", **{**call, "SigningAlgorithm": "ED25519_PH_SHA_512"})
    lattice = made(cloud, "ML_DSA_65", "SIGN_VERIFY")
    call = {"KeyId": lattice, "SigningAlgorithm": "ML_DSA_SHAKE_256", "Message": b"text"}
    signature = kms("Sign", **call)["Signature"]
    public = public_key(cloud, lattice)
    assert isinstance(public, mldsa.MLDSA65PublicKey)
    public.verify(signature, b"text")
    mu = {**call, "Message": bytes(64), "MessageType": "EXTERNAL_MU"}
    public.verify_mu(kms("Sign", **mu)["Signature"], bytes(64))
    assert kms("Verify", Signature=kms("Sign", **mu)["Signature"], **mu)["SignatureValid"] is True
    refused(cloud, "Sign", "ValidationException", **{**mu, "Message": b"short"})


def test_keys_do_only_what_they_are_for(cloud: TestCloud) -> None:
    signing, symmetric = made(cloud, "ECC_NIST_P256", "SIGN_VERIFY"), made(cloud)
    text = refused(cloud, "Encrypt", "InvalidKeyUsageException", KeyId=signing, Plaintext=b"x")
    assert text.endswith(f"key/{signing} key usage is SIGN_VERIFY which is not valid for Encrypt.")
    sign = {"Message": b"x", "SigningAlgorithm": "ECDSA_SHA_512"}
    refused(cloud, "Sign", "InvalidKeyUsageException", KeyId=symmetric, **sign)
    text = refused(cloud, "Sign", "InvalidKeyUsageException", KeyId=signing, **sign)
    assert text == "Algorithm ECDSA_SHA_512 and key spec ECC_NIST_P256 are incompatible."
    refused(
        cloud, "GenerateMac", "InvalidKeyUsageException", KeyId=symmetric, Message=b"x", MacAlgorithm="HMAC_SHA_256"
    )


# Codes and secrets


@pytest.mark.parametrize("bits", [224, 256, 384, 512])
def test_message_authentication_codes(cloud: TestCloud, bits: int) -> None:
    kms, key = cloud.client("kms"), made(cloud, f"HMAC_{bits}", "GENERATE_VERIFY_MAC")
    call = {"KeyId": key, "MacAlgorithm": f"HMAC_SHA_{bits}", "Message": b"text"}
    code = kms("GenerateMac", **call)["Mac"]
    assert len(code) == bits // 8
    assert kms("VerifyMac", Mac=code, **call)["MacValid"] is True
    refused(cloud, "VerifyMac", "KMSInvalidMacException", Mac=code, **{**call, "Message": b"other"})


def test_a_code_is_the_hmac_of_rfc_2104(cloud: TestCloud) -> None:
    tags = [{"TagKey": "_custom_key_material_", "TagValue": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}]
    params = {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC", "Tags": tags}
    key = cloud.call("kms", "CreateKey", params)["KeyMetadata"]["KeyId"]
    made_here = cloud.call("kms", "GenerateMac", {"KeyId": key, "MacAlgorithm": "HMAC_SHA_256", "Message": b"text"})
    assert made_here["Mac"] == hmac.new(bytes(32), b"text", hashlib.sha256).digest()


@pytest.mark.parametrize(("spec", "curve"), [("ECC_NIST_P256", ec.SECP256R1), ("ECC_NIST_P521", ec.SECP521R1)])
def test_shared_secrets_agree(cloud: TestCloud, spec: str, curve: type[ec.EllipticCurve]) -> None:
    key, peer = made(cloud, spec, "KEY_AGREEMENT"), ec.generate_private_key(curve())
    call = {"KeyId": key, "KeyAgreementAlgorithm": "ECDH"}
    public = peer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    answer = cloud.call("kms", "DeriveSharedSecret", {**call, "PublicKey": public})
    assert answer["SharedSecret"] == peer.exchange(ec.ECDH(), public_key(cloud, key))
    assert answer["KeyOrigin"] == "AWS_KMS"
    other = ec.generate_private_key(ec.SECP384R1()).public_key()
    stranger = other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    refused(cloud, "DeriveSharedSecret", "ValidationException", PublicKey=stranger, **call)
    refused(cloud, "DeriveSharedSecret", "ValidationException", PublicKey=b"nonsense", **call)


def test_encapsulated_secrets_come_out_again(cloud: TestCloud) -> None:
    kms, key = cloud.client("kms"), made(cloud, "ML_KEM_768", "ENCAPSULATE_DECAPSULATE")
    made_here = kms("Encapsulate", KeyId=key, EncapsulationAlgorithm="ML_KEM")
    blob = made_here["SharedSecretCiphertextBlob"]
    opened = kms("Decapsulate", KeyId=key, SharedSecretCiphertextBlob=blob, EncapsulationAlgorithm="ML_KEM")
    assert opened["SharedSecret"] == made_here["SharedSecret"]
    shared, outside = public_key(cloud, key).encapsulate()
    opened = kms("Decapsulate", KeyId=key, SharedSecretCiphertextBlob=outside, EncapsulationAlgorithm="ML_KEM")
    assert opened["SharedSecret"] == shared
    short = {"SharedSecretCiphertextBlob": b"x", "EncapsulationAlgorithm": "ML_KEM"}
    refused(cloud, "Decapsulate", "InvalidCiphertextException", KeyId=key, **short)


# Rehearsals


def test_a_dry_run_does_nothing_but_check(cloud: TestCloud) -> None:
    key = made(cloud)
    blob = cloud.call("kms", "Encrypt", {"KeyId": key, "Plaintext": b"x"})["CiphertextBlob"]
    for operation, params in (
        ("Encrypt", {"KeyId": key, "Plaintext": b"x"}),
        ("Decrypt", {"CiphertextBlob": blob}),
        ("Decrypt", {"KeyId": key, "DryRunModifiers": ["IGNORE_CIPHERTEXT"]}),
        ("GenerateDataKey", {"KeyId": key, "KeySpec": "AES_256"}),
        ("GenerateDataKeyPair", {"KeyId": key, "KeyPairSpec": "ECC_NIST_P256"}),
        ("ReEncrypt", {"CiphertextBlob": blob, "DestinationKeyId": key}),
        ("CreateGrant", {"KeyId": key, "GranteePrincipal": "arn:aws:iam::1:user/a", "Operations": ["Decrypt"]}),
    ):
        text = refused(cloud, operation, "DryRunOperationException", DryRun=True, **params)
        assert text == "The request would have succeeded, but the DryRun option is set."
    assert cloud.call("kms", "ListGrants", {"KeyId": key})["Grants"] == []
    refused(cloud, "Decrypt", "InvalidCiphertextException", CiphertextBlob=b"x", DryRun=True)
    refused(
        cloud, "Decrypt", "ValidationException", CiphertextBlob=b"x", DryRun=True, DryRunModifiers=["IGNORE_CIPHERTEXT"]
    )


def test_enclaves_are_refused(cloud: TestCloud) -> None:
    recipient = {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": b"x"}
    params = {"KeyId": made(cloud), "KeySpec": "AES_256", "Recipient": recipient}
    assert "Nitro" in refused(cloud, "GenerateDataKey", "UnsupportedOperationException", **params)


def test_bytes_survive_the_wire(boto: MakeClient) -> None:
    kms = boto("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    plain = bytes(range(256))
    blob = kms.encrypt(KeyId=key, Plaintext=plain, EncryptionContext=CONTEXT)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)["Plaintext"] == plain
    with pytest.raises(kms.exceptions.InvalidCiphertextException):
        kms.decrypt(CiphertextBlob=blob)
    signing = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    how = {"KeyId": signing, "SigningAlgorithm": "RSASSA_PSS_SHA_256", "Message": plain}
    assert kms.verify(Signature=kms.sign(**how)["Signature"], **how)["SignatureValid"] is True
    with pytest.raises(kms.exceptions.KMSInvalidSignatureException):
        kms.verify(Signature=b"x" * 256, **how)
