"""Signatures, message authentication codes and shared secrets."""

from __future__ import annotations

import hmac
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.kms import asymmetric, keys, rules, signatures
from fogbank.services.kms.signatures import Message


def sign(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.usable(ctx, req["KeyId"], "SIGN_VERIFY")
    algorithm = rules.algorithm_of(found.key, req["SigningAlgorithm"])
    message = _message(algorithm, req)
    rules.end_dry_run(req)
    signature = signatures.signed(keys.secret(found), algorithm, message)
    return {"KeyId": found.arn, "Signature": signature, "SigningAlgorithm": algorithm}


def verify(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.usable(ctx, req["KeyId"], "SIGN_VERIFY")
    algorithm = rules.algorithm_of(found.key, req["SigningAlgorithm"])
    message = _message(algorithm, req)
    if not signatures.is_valid(found.key.public, algorithm, message, req["Signature"]):
        raise AwsError("KMSInvalidSignatureException", "")
    rules.end_dry_run(req)
    return {"KeyId": found.arn, "SignatureValid": True, "SigningAlgorithm": algorithm}


def generate_mac(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.usable(ctx, req["KeyId"], "GENERATE_VERIFY_MAC")
    algorithm = rules.algorithm_of(found.key, req["MacAlgorithm"])
    rules.end_dry_run(req)
    code = signatures.mac(keys.secret(found), algorithm, req["Message"])
    return {"KeyId": found.arn, "Mac": code, "MacAlgorithm": algorithm}


def verify_mac(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.usable(ctx, req["KeyId"], "GENERATE_VERIFY_MAC")
    algorithm = rules.algorithm_of(found.key, req["MacAlgorithm"])
    if not hmac.compare_digest(signatures.mac(keys.secret(found), algorithm, req["Message"]), req["Mac"]):
        raise AwsError("KMSInvalidMacException", "")
    rules.end_dry_run(req)
    return {"KeyId": found.arn, "MacValid": True, "MacAlgorithm": algorithm}


def derive_shared_secret(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    rules.check_recipient(req)
    found = keys.usable(ctx, req["KeyId"], "KEY_AGREEMENT")
    algorithm = rules.algorithm_of(found.key, req["KeyAgreementAlgorithm"])
    shared = asymmetric.agreed(keys.secret(found), req["PublicKey"])
    rules.end_dry_run(req)
    return {
        "KeyId": found.arn,
        "SharedSecret": shared,
        "KeyAgreementAlgorithm": algorithm,
        "KeyOrigin": found.key.origin,
    }


def encapsulate(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.usable(ctx, req["KeyId"], "ENCAPSULATE_DECAPSULATE")
    algorithm = rules.algorithm_of(found.key, req["EncapsulationAlgorithm"])
    rules.end_dry_run(req)
    shared, blob = asymmetric.encapsulated(found.key.public)
    return {
        "KeyId": found.arn,
        "SharedSecret": shared,
        "SharedSecretCiphertextBlob": blob,
        "EncapsulationAlgorithm": algorithm,
    }


def decapsulate(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.usable(ctx, req["KeyId"], "ENCAPSULATE_DECAPSULATE")
    algorithm = rules.algorithm_of(found.key, req["EncapsulationAlgorithm"])
    shared = asymmetric.decapsulated(keys.secret(found), req["SharedSecretCiphertextBlob"])
    rules.end_dry_run(req)
    return {"KeyId": found.arn, "SharedSecret": shared, "EncapsulationAlgorithm": algorithm}


def _message(algorithm: str, req: dict[str, Any]) -> Message:
    message = Message(req["Message"], req.get("MessageType", "RAW"))
    signatures.check_message(algorithm, message)
    return message
