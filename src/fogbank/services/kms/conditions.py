"""KMS's condition keys, in lower case (Developer Guide, "AWS KMS condition keys")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.services.kms import managed
from fogbank.services.kms.keys import Found
from fogbank.services.kms.resources import Alias

# Condition key -> the member of a request that it tells.
_MEMBERS = {
    "kms:bypasspolicylockoutsafetycheck": "BypassPolicyLockoutSafetyCheck",
    "kms:datakeypairspec": "KeyPairSpec",
    "kms:expirationmodel": "ExpirationModel",
    "kms:granteeprincipal": "GranteePrincipal",
    "kms:grantoperations": "Operations",
    "kms:keyagreementalgorithm": "KeyAgreementAlgorithm",
    "kms:macalgorithm": "MacAlgorithm",
    "kms:messagetype": "MessageType",
    "kms:primaryregion": "PrimaryRegion",
    "kms:replicaregion": "ReplicaRegion",
    "kms:retiringprincipal": "RetiringPrincipal",
    "kms:rotationperiodindays": "RotationPeriodInDays",
    "kms:schedulekeydeletionpendingwindowindays": "PendingWindowInDays",
    "kms:signingalgorithm": "SigningAlgorithm",
    "kms:validto": "ValidTo",
    "kms:wrappingalgorithm": "WrappingAlgorithm",
    "kms:wrappingkeyspec": "WrappingKeySpec",
}


def of_request(ctx: Context, req: Mapping[str, Any]) -> dict[str, list[str]]:
    """What a request says by itself."""
    keys = {key: _texts(req[member]) for key, member in _MEMBERS.items() if member in req}
    keys["kms:calleraccount"] = [ctx.caller.account]
    if via := managed.via_service(ctx):
        keys["kms:viaservice"] = [via]
    if ctx.operation in ("CreateGrant", "RevokeGrant", "ListGrants"):
        keys["kms:grantisforawsresource"] = [str(bool(ctx.via)).lower()]
    constraints = [name for name in req.get("Constraints") or () if name != "SourceArn"]
    if constraints:
        keys["kms:grantconstrainttype"] = constraints
    return keys


def of_new_key(ctx: Context, req: Mapping[str, Any]) -> dict[str, list[str]]:
    """What CreateKey says of the key that it wants."""
    spec = req.get("KeySpec") or req.get("CustomerMasterKeySpec") or "SYMMETRIC_DEFAULT"
    return {
        **of_request(ctx, req),
        **_of_kind(spec, req.get("KeyUsage", "ENCRYPT_DECRYPT"), req.get("Origin", "AWS_KMS")),
        "kms:multiregion": [str(req.get("MultiRegion", False)).lower()],
        **of_tags(req),
    }


def of_key(found: Found) -> dict[str, list[str]]:
    """What is known of a key."""
    key = found.key
    keys = _of_kind(key.spec, key.usage, key.origin)
    keys["kms:multiregion"] = [str(bool(key.primary_region)).lower()]
    if key.primary_region:
        keys["kms:multiregionkeytype"] = ["PRIMARY" if key.primary_region == found.home.region else "REPLICA"]
    aliases = [alias.name for alias in found.home.find(Alias, "by_target", key.id)]
    if aliases:
        keys["kms:resourcealiases"] = aliases
    if found.alias:
        keys["kms:requestalias"] = [found.alias]
    keys.update(tags.condition_keys({}, key.tags))
    return keys


def of_encryption(context: Mapping[str, str] | None, algorithm: str) -> dict[str, list[str]]:
    """What a cryptographic operation says of its encryption context and algorithm."""
    keys = {f"kms:encryptioncontext:{name.lower()}": [value] for name, value in (context or {}).items()}
    if context:
        keys["kms:encryptioncontextkeys"] = list(context)
    keys["kms:encryptionalgorithm"] = [algorithm]
    return keys


def of_tags(req: Mapping[str, Any]) -> dict[str, list[str]]:
    """What a request says of tags that it sets or takes away."""
    keys = tags.condition_keys(tags.read(req.get("Tags"), "TagKey", "TagValue"))
    if "TagKeys" in req:
        keys["aws:tagkeys"] = list(req["TagKeys"])
    return keys


def _of_kind(spec: str, usage: str, origin: str) -> dict[str, list[str]]:
    return {
        "kms:keyspec": [spec],
        "kms:customermasterkeyspec": [spec],
        "kms:keyusage": [usage],
        "kms:customermasterkeyusage": [usage],
        "kms:keyorigin": [origin],
    }


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    return [str(value).lower() if isinstance(value, bool) else str(value)]
