"""Operations that make or check key pairs, which may take seconds: done on a thread, recorded in one step."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.kms import creation, imports, keys, material, rules, wrapping
from fogbank.services.kms.material import Made


async def create_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A key whose making takes a while; the quick form makes the others."""
    spec, _ = rules.spec_of(req)
    made = await _made(spec) if creation.is_slow(req) else None
    with ctx.begin():
        return creation.created(ctx, req, made)


async def generate_data_key_pair(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    rules.check_recipient(req)
    return await _pair(ctx, req)


async def generate_data_key_pair_without_plaintext(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    made = await _pair(ctx, req)
    del made["PrivateKeyPlaintext"]
    return made


async def get_parameters_for_import(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    spec, algorithm = req["WrappingKeySpec"], req["WrappingAlgorithm"]
    if algorithm not in wrapping.ALGORITHMS or rules.SPECS.get(spec) is None:
        raise AwsError("UnsupportedOperationException", f"fogbank does not wrap with {algorithm} and {spec}.")
    with ctx.begin():
        found = keys.importing(ctx, req["KeyId"])
    wrapping.check_fits(algorithm, found.key.spec)
    made = await _made(spec)
    expires_at = ctx.now + wrapping.TOKEN_SECONDS
    token = wrapping.ImportToken(ctx.account, found.key.id, algorithm, made.secret, expires_at)
    return {
        "KeyId": found.arn,
        "ImportToken": ctx.seal(msgspec.msgpack.encode(token), wrapping.TOKEN_PURPOSE),
        "PublicKey": made.public,
        "ParametersValidTo": expires_at,
    }


async def import_key_material(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    with ctx.begin():
        found = keys.importing(ctx, req["KeyId"])
    token = imports.token(ctx, found, req["ImportToken"])
    imports.expiry(ctx, req)
    plain = wrapping.unwrapped(token.secret, token.algorithm, req["EncryptedKeyMaterial"])
    made = await asyncio.to_thread(material.checked, found.key.spec, plain)
    with ctx.begin():
        return imports.record(ctx, keys.importing(ctx, req["KeyId"]), req, made)


async def _pair(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    spec = req["KeyPairSpec"]
    if spec not in rules.SPECS:
        raise AwsError("UnsupportedOperationException", f"fogbank has no key pairs of the spec {spec}.")
    with ctx.begin():
        found = keys.symmetric(ctx, req["KeyId"])
    rules.end_dry_run(req)
    made = await _made(spec)
    return {
        "PrivateKeyCiphertextBlob": keys.encrypted(found, made.secret, req.get("EncryptionContext") or {}),
        "PrivateKeyPlaintext": made.secret,
        "PublicKey": made.public,
        "KeyId": found.arn,
        "KeyPairSpec": spec,
        "KeyMaterialId": rules.current(found.key).id,
    }


async def _made(spec: str) -> Made:
    if rules.SPECS[spec].family in material.SLOW_FAMILIES:
        return await asyncio.to_thread(material.make, spec)
    return material.make(spec)
