"""A key, found by any of its names, checked for what is asked of it, and used."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.kms import ciphertext, managed, material, rules
from fogbank.services.kms.ciphertext import Ciphertext
from fogbank.services.kms.material import Made
from fogbank.services.kms.resources import Alias, Grant, Key, Material


class Place(NamedTuple):
    """Where a KeyId points: a context in the owner's scope, and a key id or `alias/…`."""

    home: Context
    name: str


class Found(NamedTuple):
    """A key with a context in its owner's scope, and the alias that the request named it by."""

    home: Context
    key: Key
    alias: str = ""

    @property
    def arn(self) -> str:
        return arn_of(self.home, self.key.id)


def arn_of(ctx: Context, key_id: str) -> str:
    return ctx.arn(f"key/{key_id}")


def place(ctx: Context, text: str) -> Place:
    """Raises InvalidArnException, and NotFoundException for an ARN of another region."""
    if not text.startswith("arn:"):
        return Place(ctx, text)
    arn = Arn.parse(text)
    if arn is None or arn.service != "kms" or not arn.resource.startswith(("key/", "alias/")):
        raise AwsError("InvalidArnException", f"Invalid arn {text}")
    if (arn.partition, arn.region) != (ctx.partition, ctx.region):
        raise AwsError("NotFoundException", f"Invalid arn {arn.region}")
    home = ctx if arn.account == ctx.account else ctx.at(account=arn.account)
    return Place(home, arn.resource.removeprefix("key/"))


def find(ctx: Context, text: str, *, by_alias: bool = False) -> Found:
    """The key of a KeyId; `by_alias`: whether the operation takes aliases.

    Raises NotFoundException, InvalidArnException.
    """
    home, name = place(ctx, text)
    alias = ""
    if name.startswith("alias/") and by_alias:
        pointer = home.get(Alias, name)
        if pointer is None and name.startswith(managed.PREFIX) and home.account == ctx.account:
            pointer = managed.made(ctx, name)
        if pointer is None:
            raise AwsError("NotFoundException", f"Alias {home.arn(name)} is not found.")
        alias, name = name, pointer.target
    key = home.get(Key, name)
    if key is None:
        is_name = rules.is_key_id(name) or text.startswith("arn:")
        reason = f"Key '{arn_of(home, name)}' does not exist" if is_name else f"Invalid keyId '{name}'"
        raise AwsError("NotFoundException", reason)
    return Found(home, key, alias)


def of_ciphertext(ctx: Context, blob: Ciphertext) -> Found:
    """The key that a ciphertext says it was made with. Raises AccessDeniedException where there is none here."""
    home = ctx if blob.account == ctx.account else ctx.at(account=blob.account)
    key = home.get(Key, blob.key_id)
    if key is None:
        text = (
            "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or "
            "you are not allowed to access."
        )
        raise AwsError("AccessDeniedException", text)
    return Found(home, key)


def existing(ctx: Context, text: str) -> Found:
    """The key of an id or ARN, in a state in which this operation may be."""
    found = find(ctx, text)
    rules.check_state(found.key, found.arn, ctx.operation)
    return found


def own(ctx: Context, text: str) -> Found:
    """`existing`, if it is a customer's and so may be changed. Raises AccessDeniedException for AWS managed keys."""
    found = find(ctx, text)
    if found.key.managed_by == "AWS":
        action = f"kms:{ctx.operation}"
        text = (
            f"User: {ctx.caller.arn} is not authorized to perform: {action} on resource: {found.arn} because no "
            f"resource-based policy allows the {action} action"
        )
        raise AwsError("AccessDeniedException", text)
    rules.check_state(found.key, found.arn, ctx.operation)
    return found


def importing(ctx: Context, text: str) -> Found:
    """`own`, if its material comes from its owner. Raises UnsupportedOperationException."""
    found = find(ctx, text)
    if found.key.origin != "EXTERNAL":
        reason = f"{found.arn} origin is {found.key.origin} which is not valid for this operation."
        raise AwsError("UnsupportedOperationException", reason)
    return own(ctx, text)


def usable(ctx: Context, text: str, usage: str) -> Found:
    """The key of any KeyId, if it is there for this usage and enabled."""
    found = find(ctx, text, by_alias=True)
    check_usable(ctx, found, usage)
    return found


def check_usable(ctx: Context, found: Found, usage: str) -> None:
    rules.check_state(found.key, found.arn, ctx.operation)
    rules.check_usage(found.key, found.arn, usage, ctx.operation)


def symmetric(ctx: Context, text: str) -> Found:
    """`usable` for encryption, and symmetric: what data keys are made under. Raises InvalidKeyUsageException."""
    found = usable(ctx, text, "ENCRYPT_DECRYPT")
    if found.key.spec != rules.SYMMETRIC:
        reason = f"{found.arn} key spec is {found.key.spec} which is not valid for {ctx.operation}."
        raise AwsError("InvalidKeyUsageException", reason)
    return found


def secret(found: Found, one: Material | None = None) -> bytes:
    """The material of a key in the clear: the current one, or the one given."""
    one = one or rules.current(found.key)
    return found.home.unseal(one.sealed, _purpose(found.key.id))


def encrypted(found: Found, plain: bytes, context: Mapping[str, str]) -> bytes:
    """A ciphertext under the current material of a symmetric key."""
    key = found.key
    owner = (found.home.account, key.id, rules.current(key).id)
    return ciphertext.encrypted(owner, secret(found), plain, context)


def sealed(ctx: Context, key_id: str, plain: bytes, **facts: Any) -> Material:
    """A material of a key, as its record holds it."""
    return Material(id=material.material_id(key_id, plain), sealed=ctx.seal(plain, _purpose(key_id)), **facts)


def put(found: Found, **changes: Any) -> Key:
    """Write a key anew with changes."""
    key = msgspec.structs.replace(found.key, **changes)
    found.home.put(key)
    return key


def put_shared(found: Found, **changes: Any) -> Key:
    """Write what all the regions of a multi-Region key have in common: materials, rotation, and who is primary."""
    for region in found.key.regions or (found.home.region,):
        there = found.home if region == found.home.region else found.home.at(region)
        related = there.get(Key, found.key.id)
        if related is not None:
            there.put(msgspec.structs.replace(related, **changes))
    return msgspec.structs.replace(found.key, **changes)


def remove(home: Context, key: Key) -> None:
    """Take a key away with its aliases and grants, and out of the set of its related keys."""
    for alias in home.find(Alias, "by_target", key.id):
        home.delete(Alias, alias.name)
    for grant in list(home.scan(Grant, key.id)):
        home.delete(Grant, key.id, grant.id)
    home.delete(Key, key.id)
    if len(key.regions) > 1:
        left = tuple(region for region in key.regions if region != home.region)
        put_shared(Found(home.at(left[0]), msgspec.structs.replace(key, regions=left)), regions=left)


def new_id(ctx: Context, tags: Mapping[str, str], *, multi_region: bool) -> str:
    """A key id: the one that the tags choose, or a new one. Raises AlreadyExistsException, TagException."""
    wanted = rules.custom_id(tags)
    if not wanted:
        return f"mrk-{ctx.uuid().replace('-', '')}" if multi_region else ctx.uuid()
    if multi_region and not wanted.startswith("mrk-"):
        wanted = f"mrk-{wanted}"
    if ctx.get(Key, wanted) is not None:
        raise AwsError("AlreadyExistsException", f"Key {arn_of(ctx, wanted)} already exists")
    return wanted


def chosen_material(spec: str, tags: Mapping[str, str]) -> Made | None:
    """The material that a tag chooses, for tests that need the same one each time. Raises TagException."""
    if rules.MATERIAL_TAG not in tags:
        return None
    try:
        plain = base64.b64decode(tags[rules.MATERIAL_TAG], validate=True)
    except binascii.Error:
        raise AwsError("TagException", f"The tag {rules.MATERIAL_TAG} is not in base64.") from None
    return material.checked(spec, plain)


def described(found: Found) -> dict[str, Any]:
    """KeyMetadata."""
    home, key = found.home, found.key
    state = rules.state_of(key)
    metadata = {
        "AWSAccountId": home.account,
        "KeyId": key.id,
        "Arn": found.arn,
        "CreationDate": key.created_at,
        "Enabled": state == "Enabled",
        "Description": key.description,
        "KeyUsage": key.usage,
        "KeyState": state,
        "Origin": key.origin,
        "KeyManager": key.managed_by,
        "CustomerMasterKeySpec": key.spec,
        "KeySpec": key.spec,
        rules.ALGORITHM_LISTS[key.usage]: list(rules.SPECS[key.spec].algorithms[key.usage]),
        "MultiRegion": bool(key.primary_region),
    }
    if key.spec == rules.SYMMETRIC and state != "PendingImport" and key.materials:
        metadata["CurrentKeyMaterialId"] = rules.current(key).id
    if state == "PendingDeletion":
        metadata["DeletionDate"] = key.deletion_at
    if state == "PendingReplicaDeletion":
        metadata["PendingDeletionWindowInDays"] = key.deletion_days
    if key.primary_region:
        metadata["MultiRegionConfiguration"] = _regions(home, key)
    if key.origin == "EXTERNAL" and any(one.sealed for one in key.materials):
        metadata |= _expiration(key)
    return metadata


def _expiration(key: Key) -> dict[str, Any]:
    ends = [one.expires_at for one in key.materials if one.expires_at]
    if not ends:
        return {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
    return {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": min(ends)}


def _regions(home: Context, key: Key) -> dict[str, Any]:
    def row(region: str) -> dict[str, str]:
        return {"Arn": arn_of(home.at(region), key.id), "Region": region}

    return {
        "MultiRegionKeyType": "PRIMARY" if key.primary_region == home.region else "REPLICA",
        "PrimaryKey": row(key.primary_region),
        "ReplicaKeys": [row(region) for region in key.regions if region != key.primary_region],
    }


def _purpose(key_id: str) -> str:
    return f"kms key {key_id}"
