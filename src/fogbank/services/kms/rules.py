"""KMS's decisions: what each kind of key can do, in which state, and what its parameters may be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.services.kms.resources import Key, Material

SYMMETRIC = "SYMMETRIC_DEFAULT"
DAY_SECONDS = 86_400
ROTATION_DAYS_DEFAULT = 365
ON_DEMAND_ROTATIONS_MAX = 25
DELETION_DAYS_MIN, DELETION_DAYS_MAX = 7, 30
POLICY_BYTES_MAX = 32_768
ALIASES_MAX = 50
GRANTS_MAX = 50_000
IMPORT_DAYS_MAX = 365
ID_TAGS = ("fogbank:key-id", "_custom_id_")
MATERIAL_TAG = "_custom_key_material_"

_KEY_ID = re.compile(r"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})|(?:mrk-[0-9a-f]{32})")
_CUSTOM_ID = re.compile(r"[A-Za-z0-9_-]{1,256}")
_ALIAS = re.compile(r"alias/[a-zA-Z0-9/_-]+")
_TAG = re.compile(r"[\w\s.:/=+\-@]*")


class Spec(NamedTuple):
    """A key spec: its family, its size (bits, a curve, or bytes of a secret), and its algorithms by key usage."""

    family: str
    size: int | str
    algorithms: Mapping[str, tuple[str, ...]]


_OAEP = ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256")
_RSA_SIGNING = tuple(f"RSASSA_{padding}_SHA_{bits}" for padding in ("PKCS1_V1_5", "PSS") for bits in (256, 384, 512))


def _rsa(bits: int) -> Spec:
    return Spec("rsa", bits, {"ENCRYPT_DECRYPT": _OAEP, "SIGN_VERIFY": _RSA_SIGNING})


def _ec(curve: str, bits: int, *, agrees: bool = True) -> Spec:
    signing = {"SIGN_VERIFY": (f"ECDSA_SHA_{bits}",)}
    return Spec("ec", curve, signing | ({"KEY_AGREEMENT": ("ECDH",)} if agrees else {}))


SPECS: Mapping[str, Spec] = {
    SYMMETRIC: Spec("symmetric", 32, {"ENCRYPT_DECRYPT": (SYMMETRIC,)}),
    "RSA_2048": _rsa(2048),
    "RSA_3072": _rsa(3072),
    "RSA_4096": _rsa(4096),
    "ECC_NIST_P256": _ec("SECP256R1", 256),
    "ECC_NIST_P384": _ec("SECP384R1", 384),
    "ECC_NIST_P521": _ec("SECP521R1", 512),
    "ECC_SECG_P256K1": _ec("SECP256K1", 256, agrees=False),
    "ECC_NIST_EDWARDS25519": Spec("ed25519", "", {"SIGN_VERIFY": ("ED25519_SHA_512",)}),
    **{
        f"HMAC_{bits}": Spec("hmac", bits // 8, {"GENERATE_VERIFY_MAC": (f"HMAC_SHA_{bits}",)})
        for bits in (224, 256, 384, 512)
    },
    **{f"ML_DSA_{size}": Spec("mldsa", size, {"SIGN_VERIFY": ("ML_DSA_SHAKE_256",)}) for size in (44, 65, 87)},
    **{f"ML_KEM_{size}": Spec("mlkem", size, {"ENCAPSULATE_DECAPSULATE": ("ML_KEM",)}) for size in (768, 1024)},
}
ALGORITHM_LISTS: Mapping[str, str] = {
    "ENCRYPT_DECRYPT": "EncryptionAlgorithms",
    "SIGN_VERIFY": "SigningAlgorithms",
    "KEY_AGREEMENT": "KeyAgreementAlgorithms",
    "GENERATE_VERIFY_MAC": "MacAlgorithms",
    "ENCAPSULATE_DECAPSULATE": "EncapsulationAlgorithms",
}
"""Key usage -> the member of KeyMetadata that lists its algorithms."""

WITH_CONTEXT = frozenset(
    {
        "Decrypt",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateDataKeyWithoutPlaintext",
    }
)
"""The operations that take an encryption context."""
CRYPTOGRAPHIC = WITH_CONTEXT | {
    "Decapsulate",
    "DeriveSharedSecret",
    "Encapsulate",
    "GenerateMac",
    "ReEncrypt",
    "Sign",
    "Verify",
    "VerifyMac",
}
BY_ALIAS = CRYPTOGRAPHIC | {"DescribeKey", "GetPublicKey"}
"""The operations whose KeyId may be an alias."""

# Developer Guide, "Key states of AWS KMS keys", the table: what is not here works in every state.
_NOT_DELETED = frozenset({"Enabled", "Disabled", "PendingImport"})
_ENABLED = frozenset({"Enabled"})
_SWITCHED = frozenset({"Enabled", "Disabled"})
_STATES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(CRYPTOGRAPHIC, _ENABLED),
    "CreateGrant": _ENABLED,
    "GetPublicKey": _ENABLED,
    "ReplicateKey": _ENABLED,
    "UpdatePrimaryRegion": _ENABLED,
    "EnableKeyRotation": _ENABLED,
    "DisableKeyRotation": _ENABLED,
    "RotateKeyOnDemand": _ENABLED,
    "EnableKey": _SWITCHED,
    "DisableKey": _SWITCHED,
    "CancelKeyDeletion": frozenset({"PendingDeletion", "PendingReplicaDeletion"}),
    "ScheduleKeyDeletion": _NOT_DELETED,
    "CreateAlias": _NOT_DELETED,
    "UpdateAlias": _NOT_DELETED,
    "TagResource": _NOT_DELETED,
    "UntagResource": _NOT_DELETED,
    "UpdateKeyDescription": _NOT_DELETED,
    "GetParametersForImport": _NOT_DELETED,
    "ImportKeyMaterial": _NOT_DELETED,
}
_REFUSALS: Mapping[str, tuple[str, str]] = {
    "Disabled": ("DisabledException", "is disabled."),
    "PendingImport": ("KMSInvalidStateException", "is pending import."),
    "PendingDeletion": ("KMSInvalidStateException", "is pending deletion."),
    "PendingReplicaDeletion": ("KMSInvalidStateException", "is pending replica deletion."),
}


def state_of(key: Key) -> str:
    if key.deletion_at:
        return "PendingDeletion"
    if key.deletion_days:
        return "PendingReplicaDeletion"
    if not any(one.state == "CURRENT" for one in key.materials):
        return "PendingImport"
    if not all(one.sealed for one in key.materials if one.state != "PENDING_ROTATION"):
        return "PendingImport"
    return "Enabled" if key.is_enabled else "Disabled"


def check_state(key: Key, arn: str, operation: str) -> None:
    """Raises DisabledException or KMSInvalidStateException if the operation cannot be while the key is as it is."""
    state, allowed = state_of(key), _STATES.get(operation)
    if allowed is None or state in allowed:
        return
    if operation == "CancelKeyDeletion":
        raise AwsError("KMSInvalidStateException", f"{arn} is not pending deletion.")
    code, text = _REFUSALS[state]
    raise AwsError(code, f"{arn} {text}")


def check_usage(key: Key, arn: str, usage: str, operation: str) -> None:
    if key.usage != usage:
        text = f"{arn} key usage is {key.usage} which is not valid for {operation}."
        raise AwsError("InvalidKeyUsageException", text)


def algorithm_of(key: Key, wanted: str) -> str:
    """The algorithm, if the key has it. Raises InvalidKeyUsageException."""
    if wanted not in SPECS[key.spec].algorithms[key.usage]:
        text = f"Algorithm {wanted} and key spec {key.spec} are incompatible."
        raise AwsError("InvalidKeyUsageException", text)
    return wanted


def current(key: Key) -> Material:
    """The material that encrypts and signs; the key is in a state that has one."""
    return next(one for one in key.materials if one.state == "CURRENT")


def spec_of(req: Mapping[str, Any]) -> tuple[str, str]:
    """(key spec, key usage) that CreateKey asks for. Raises ValidationException, UnsupportedOperationException."""
    name = req.get("KeySpec") or req.get("CustomerMasterKeySpec") or SYMMETRIC
    if "KeySpec" in req and "CustomerMasterKeySpec" in req:
        text = (
            "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is "
            "deprecated."
        )
        raise AwsError("ValidationException", text)
    spec = SPECS.get(name)
    if spec is None:
        raise AwsError("UnsupportedOperationException", f"fogbank has no keys of the spec {name}.")
    usage = req.get("KeyUsage")
    if usage is None and name != SYMMETRIC:
        text = "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
        raise AwsError("ValidationException", text)
    usage = usage or "ENCRYPT_DECRYPT"
    if usage not in spec.algorithms:
        raise AwsError("ValidationException", f"KeyUsage {usage} is not compatible with KeySpec {name}")
    return name, usage


def check_origin(req: Mapping[str, Any]) -> str:
    """The origin of the material. Raises UnsupportedOperationException for those of custom key stores."""
    origin: str = req.get("Origin", "AWS_KMS")
    if origin not in ("AWS_KMS", "EXTERNAL") or "CustomKeyStoreId" in req or "XksKeyId" in req:
        raise AwsError("UnsupportedOperationException", "fogbank has no custom key stores.")
    return origin


def check_recipient(req: Mapping[str, Any]) -> None:
    if "Recipient" in req:
        text = "fogbank cannot check the attestation of a Nitro enclave: Recipient is not supported."
        raise AwsError("UnsupportedOperationException", text)


def end_dry_run(req: Mapping[str, Any]) -> None:
    """Raises DryRunOperationException where a call that would succeed asked for no more than that."""
    if req.get("DryRun"):
        raise AwsError("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")


def is_key_id(text: str) -> bool:
    """Whether a text has the form that KMS gives to key ids."""
    return _KEY_ID.fullmatch(text) is not None


def checked_alias(name: str) -> str:
    """An alias that users may have. Raises ValidationException, InvalidAliasNameException, NotAuthorizedException."""
    if not name.startswith("alias/"):
        raise AwsError("ValidationException", "Invalid identifier")
    if name.startswith("alias/aws/"):
        raise AwsError("NotAuthorizedException", "")
    if not _ALIAS.fullmatch(name):
        text = f"{name} contains invalid characters for an alias"
        raise AwsError("InvalidAliasNameException", text)
    return name


def new_tags(given: list[dict[str, str]] | None, before: Mapping[str, str] | None = None) -> dict[str, str]:
    """Tags with those of a request put over them. Raises TagException, LimitExceededException."""
    if tags.duplicates(given, "TagKey"):
        raise AwsError("TagException", "Duplicate tag keys")
    read = tags.read(given, "TagKey", "TagValue")
    for name, value in read.items():
        if name.lower().startswith("aws:"):
            raise AwsError("TagException", "Tags beginning with aws: are reserved")
        if not _TAG.fullmatch(name) or not _TAG.fullmatch(value):
            raise AwsError("TagException", f"The tag {name} has characters that are not allowed.")
    found = {**(before or {}), **read}
    if len(found) > tags.TAGS_MAX:
        raise AwsError("LimitExceededException", f"A KMS key can have at most {tags.TAGS_MAX} tags.")
    return found


def custom_id(given: Mapping[str, str]) -> str:
    """The key id that the tags choose, empty for none. Raises TagException."""
    wanted = next((given[name] for name in ID_TAGS if name in given), "")
    if wanted and not _CUSTOM_ID.fullmatch(wanted):
        raise AwsError("TagException", f"{wanted} cannot be a key id: letters, digits, - and _ only.")
    return wanted


def checked_window(days: int) -> int:
    if not DELETION_DAYS_MIN <= days <= DELETION_DAYS_MAX:
        text = f"PendingWindowInDays must be between {DELETION_DAYS_MIN} and {DELETION_DAYS_MAX} days."
        raise AwsError("ValidationException", text)
    return days


def check_rotates(key: Key, arn: str) -> None:
    """Raises UnsupportedOperationException for keys whose material KMS cannot change by itself."""
    if key.spec != SYMMETRIC:
        raise AwsError(
            "UnsupportedOperationException", f"{arn} key spec is {key.spec} which is not valid for this operation."
        )
    if key.origin != "AWS_KMS":
        raise AwsError(
            "UnsupportedOperationException", f"{arn} origin is {key.origin} which is not valid for this operation."
        )


def is_primary(key: Key, region: str) -> bool:
    """Whether a key has its material rotated in this region: a key of one region, or the primary of several."""
    return key.primary_region in ("", region)


def next_deadline(key: Key, region: str) -> float | None:
    """When something is due on a key in a region next: its deletion, its rotation, or the end of imported material."""
    moments = [one.expires_at for one in key.materials if one.expires_at and one.sealed]
    if key.deletion_at:
        moments.append(key.deletion_at)
    if key.rotation_days and is_primary(key, region) and state_of(key) == "Enabled":
        moments.append(key.rotation_at)
    return min(moments, default=None)
