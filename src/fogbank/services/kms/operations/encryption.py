"""Encrypt, decrypt, and both at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.kms import asymmetric, ciphertext, keys, rules
from fogbank.services.kms.keys import Found
from fogbank.services.kms.rules import SYMMETRIC


class _Opened(NamedTuple):
    found: Found
    plain: bytes
    algorithm: str
    material_id: str


def encrypt(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.usable(ctx, req["KeyId"], "ENCRYPT_DECRYPT")
    algorithm = rules.algorithm_of(found.key, req.get("EncryptionAlgorithm", SYMMETRIC))
    _check_context(algorithm, req.get("EncryptionContext"))
    rules.end_dry_run(req)
    blob = _encrypted(found, algorithm, req["Plaintext"], req.get("EncryptionContext") or {})
    return {"CiphertextBlob": blob, "KeyId": found.arn, "EncryptionAlgorithm": algorithm}


def decrypt(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    rules.check_recipient(req)
    if _ignores_ciphertext(req):
        _check_source(ctx, req, "KeyId")
        rules.end_dry_run(req)
    algorithm = req.get("EncryptionAlgorithm", SYMMETRIC)
    opened = _opened(ctx, req.get("KeyId", ""), algorithm, req.get("CiphertextBlob"), req.get("EncryptionContext"))
    rules.end_dry_run(req)
    answer = {"KeyId": opened.found.arn, "Plaintext": opened.plain, "EncryptionAlgorithm": algorithm}
    return answer | ({"KeyMaterialId": opened.material_id} if opened.material_id else {})


def re_encrypt(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    target = keys.usable(ctx, req["DestinationKeyId"], "ENCRYPT_DECRYPT")
    target_algorithm = rules.algorithm_of(target.key, req.get("DestinationEncryptionAlgorithm", SYMMETRIC))
    target_context = req.get("DestinationEncryptionContext")
    _check_context(target_algorithm, target_context)
    if _ignores_ciphertext(req):
        _check_source(ctx, req, "SourceKeyId")
        rules.end_dry_run(req)
    algorithm = req.get("SourceEncryptionAlgorithm", SYMMETRIC)
    context = req.get("SourceEncryptionContext")
    opened = _opened(ctx, req.get("SourceKeyId", ""), algorithm, req.get("CiphertextBlob"), context)
    rules.end_dry_run(req)
    answer = {
        "CiphertextBlob": _encrypted(target, target_algorithm, opened.plain, target_context or {}),
        "SourceKeyId": opened.found.arn,
        "KeyId": target.arn,
        "SourceEncryptionAlgorithm": algorithm,
        "DestinationEncryptionAlgorithm": target_algorithm,
    }
    if opened.material_id:
        answer["SourceKeyMaterialId"] = opened.material_id
    if target_algorithm == SYMMETRIC:
        answer["DestinationKeyMaterialId"] = rules.current(target.key).id
    return answer


def _encrypted(found: Found, algorithm: str, plain: bytes, context: Mapping[str, str]) -> bytes:
    if algorithm == SYMMETRIC:
        return keys.encrypted(found, plain, context)
    return asymmetric.encrypted(found.key.spec, found.key.public, algorithm, plain)


def _opened(ctx: Context, named: str, algorithm: str, blob: bytes | None, context: Mapping[str, str] | None) -> _Opened:
    """What was encrypted, with the key that did it."""
    _check_context(algorithm, context)
    if blob is None:
        raise AwsError("ValidationException", "CiphertextBlob is required.")
    if algorithm != SYMMETRIC:
        return _opened_by_pair(ctx, named, algorithm, blob)
    parsed = ciphertext.parsed(blob)
    if named:
        found = keys.usable(ctx, named, "ENCRYPT_DECRYPT")
        rules.algorithm_of(found.key, algorithm)
    if parsed is None:
        raise AwsError("InvalidCiphertextException", "")
    if not named:
        found = keys.of_ciphertext(ctx, parsed)
        keys.check_usable(ctx, found, "ENCRYPT_DECRYPT")
    elif (found.home.account, found.key.id) != (parsed.account, parsed.key_id):
        text = "The key ID in the request does not identify a CMK that can perform this operation."
        raise AwsError("IncorrectKeyException", text)
    wanted = parsed.material_id.hex()
    one = next((one for one in found.key.materials if one.id == wanted and one.sealed), None)
    plain = ciphertext.decrypted(parsed, keys.secret(found, one), context or {}) if one else None
    if plain is None:
        raise AwsError("InvalidCiphertextException", "")
    return _Opened(found, plain, algorithm, wanted)


def _opened_by_pair(ctx: Context, named: str, algorithm: str, blob: bytes) -> _Opened:
    if not named:
        text = "KeyId is required to decrypt what was encrypted under an asymmetric KMS key."
        raise AwsError("ValidationException", text)
    found = keys.usable(ctx, named, "ENCRYPT_DECRYPT")
    rules.algorithm_of(found.key, algorithm)
    return _Opened(found, asymmetric.decrypted(keys.secret(found), algorithm, blob), algorithm, "")


def _ignores_ciphertext(req: Mapping[str, Any]) -> bool:
    return bool(req.get("DryRun")) and "IGNORE_CIPHERTEXT" in (req.get("DryRunModifiers") or ())


def _check_source(ctx: Context, req: Mapping[str, Any], member: str) -> None:
    if member not in req:
        raise AwsError("ValidationException", f"{member} is required with IGNORE_CIPHERTEXT.")
    keys.usable(ctx, req[member], "ENCRYPT_DECRYPT")


def _check_context(algorithm: str, context: Mapping[str, str] | None) -> None:
    if context and algorithm != SYMMETRIC:
        text = "An encryption context is valid only with symmetric encryption KMS keys."
        raise AwsError("ValidationException", text)
