"""DNSSEC signing of zones: key-signing keys, and whether a zone is signed."""

from __future__ import annotations

import base64
import re
from typing import Any

import msgspec

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.planes.dns import dnssec
from fogbank.services.route53 import rules, signing, zones
from fogbank.services.route53.resources import HostedZone, KeySigningKey, Signing
from fogbank.services.route53.signing import ACTION_NEEDED, ACTIVE, INACTIVE

_NAME = re.compile(r"[A-Za-z0-9_]{3,128}")


def create_key_signing_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone = _zone(ctx, req["HostedZoneId"])
    if not _NAME.fullmatch(req["Name"]):
        text = "The key-signing key (KSK) name can have letters, digits and underscores, and 3 to 128 of them."
        raise AwsError("InvalidKeySigningKeyName", text)
    if req["Status"] not in (ACTIVE, INACTIVE):
        raise AwsError("InvalidKeySigningKeyStatus", "The status of a new key-signing key is ACTIVE or INACTIVE.")
    arn = _arn(ctx, req["KeyManagementServiceArn"])
    before = list(signing.keys_of(ctx, zone))
    if any(req["Name"] == one.name or arn == one.kms_arn for one in before):
        text = "A key-signing key (KSK) with this name, or with the same customer managed key ARN, already exists."
        raise AwsError("KeySigningKeyAlreadyExists", text)
    if len(before) >= signing.KEYS_MAX:
        text = "You've reached the limit for the number of key-signing keys (KSKs). Remove at least one, and try again."
        raise AwsError("TooManyKeySigningKeys", text)
    public = signing.public_key(ctx, zone, arn)
    key = KeySigningKey(
        zone_id=zone.id,
        name=req["Name"],
        kms_arn=arn,
        public=public,
        tag=dnssec.key_tag(dnssec.dnskey(dnssec.KEY_SIGNING_KEY, public)),
        status=req["Status"],
        created_at=ctx.now,
        modified_at=ctx.now,
    )
    ctx.put(key)
    found = ctx.get(Signing, zone.id)
    if found is None:
        ctx.put(signing.new(ctx, zone))
    elif found.is_on and key.status == ACTIVE:
        signing.start(ctx, zone, found)
    location = f"https://route53.amazonaws.com/2013-04-01/keysigningkey/{zone.id}/{key.name}"
    return {"ChangeInfo": zones.noted(ctx), "KeySigningKey": _shown(zone, key), "Location": location}


def activate_key_signing_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone, key = _key(ctx, req)
    if key.status != ACTIVE:
        signing.public_key(ctx, zone, key.kms_arn)
        ctx.put(msgspec.structs.replace(key, status=ACTIVE, trouble="", modified_at=ctx.now))
        _sign_again(ctx, zone)
    return {"ChangeInfo": zones.noted(ctx)}


def deactivate_key_signing_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone, key = _key(ctx, req)
    if key.status == INACTIVE:
        return {"ChangeInfo": zones.noted(ctx)}
    others = [one for one in signing.keys_of(ctx, zone) if one.name != key.name and one.status == ACTIVE]
    if zone.is_signed and not others:
        text = (
            "The key-signing key (KSK) that you specified can't be deactivated because it's the only KSK for a "
            "currently-enabled DNSSEC. Disable DNSSEC signing, or add or enable another KSK."
        )
        raise AwsError("KeySigningKeyInUse", text)
    _check_above(ctx, zone, key)
    ctx.put(msgspec.structs.replace(key, status=INACTIVE, trouble="", modified_at=ctx.now))
    _sign_again(ctx, zone)
    return {"ChangeInfo": zones.noted(ctx)}


def delete_key_signing_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone, key = _key(ctx, req)
    if key.status != INACTIVE:
        text = f"The key-signing key (KSK) {key.name} has the status {key.status}: deactivate it before you delete it."
        raise AwsError("InvalidKeySigningKeyStatus", text)
    ctx.delete(KeySigningKey, zone.id, key.name)
    if next(signing.keys_of(ctx, zone), None) is None:
        ctx.delete(Signing, zone.id)
    return {"ChangeInfo": zones.noted(ctx)}


def enable_hosted_zone_dnssec(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone = _zone(ctx, req["HostedZoneId"])
    found = _signing(ctx, zone)
    if not any(one.status == ACTIVE for one in signing.keys_of(ctx, zone)):
        text = "A key-signing key (KSK) with ACTIVE status wasn't found."
        raise AwsError("KeySigningKeyWithActiveStatusNotFound", text)
    if signing.is_partly_delegated(ctx, zone):
        text = "The hosted zone nameservers don't match the parent nameservers: both must have the same ones."
        raise AwsError("HostedZonePartiallyDelegated", text)
    if not found.is_on:
        signing.start(ctx, zone, found)
    return {"ChangeInfo": zones.noted(ctx)}


def disable_hosted_zone_dnssec(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keys that are in use stay so (API reference, DisableHostedZoneDNSSEC)."""
    zone = _zone(ctx, req["HostedZoneId"])
    found = _signing(ctx, zone)
    for key in signing.keys_of(ctx, zone):
        _check_above(ctx, zone, key)
    if found.is_on:
        signing.stop(ctx, zone, found)
    return {"ChangeInfo": zones.noted(ctx)}


def get_dnssec(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone = _zone(ctx, req["HostedZoneId"])
    keys = list(signing.keys_of(ctx, zone))
    status: dict[str, Any] = {"ServeSignature": "SIGNING" if zone.is_signed else "NOT_SIGNING"}
    if zone.is_signed and (troubles := [one.trouble for one in keys if one.status == ACTION_NEEDED]):
        status = {"ServeSignature": ACTION_NEEDED, "StatusMessage": troubles[0]}
    return {"Status": status, "KeySigningKeys": [_shown(zone, one) for one in keys]}


def _zone(ctx: Context, given: str) -> HostedZone:
    """Raises NoSuchHostedZone, and InvalidArgument for a private one."""
    zone = zones.one(ctx, given)
    if zone.is_private:
        raise AwsError("InvalidArgument", "DNSSEC signing is not supported for private hosted zones.")
    return zone


def _key(ctx: Context, req: dict[str, Any]) -> tuple[HostedZone, KeySigningKey]:
    """A zone and a key of it. Raises NoSuchKeySigningKey, also for a zone that is not there."""
    zone_id = rules.id_of(req["HostedZoneId"])
    zone, found = ctx.get(HostedZone, zone_id), ctx.get(KeySigningKey, zone_id, req["Name"])
    if zone is None or found is None:
        raise AwsError("NoSuchKeySigningKey", "The specified key-signing key (KSK) doesn't exist.")
    return zone, found


def _signing(ctx: Context, zone: HostedZone) -> Signing:
    found = ctx.get(Signing, zone.id)
    if found is None:
        raise AwsError("DNSSECNotFound", "The hosted zone doesn't have any DNSSEC resources.")
    return found


def _sign_again(ctx: Context, zone: HostedZone) -> None:
    """Have a signed zone publish the keys that it has now. Raises InvalidKMSArn."""
    if zone.is_signed:
        signing.start(ctx, zone, _signing(ctx, zone))


def _check_above(ctx: Context, zone: HostedZone, key: KeySigningKey) -> None:
    if signing.is_vouched_above(ctx, zone, key):
        text = f"The key-signing key (KSK) {key.name} is specified in a parent DS record. Remove that record first."
        raise AwsError("KeySigningKeyInParentDSRecord", text)


def _arn(ctx: Context, text: str) -> str:
    """Raises InvalidKMSArn for what is no key of this account where keys of DNSSEC must be."""
    arn = Arn.parse(text)
    if arn is None or arn.service != "kms" or not arn.resource.startswith("key/") or arn.region != signing.KMS_REGION:
        text = f"The KeyManagementServiceArn must be that of a customer managed key in {signing.KMS_REGION}."
        raise AwsError("InvalidKMSArn", text)
    return text


def _shown(zone: HostedZone, key: KeySigningKey) -> dict[str, Any]:
    digest = signing.ds(zone, key)[4:].hex().upper()
    public = base64.b64encode(key.public).decode()
    shown: dict[str, Any] = {
        "Name": key.name,
        "KmsArn": key.kms_arn,
        "Flag": dnssec.KEY_SIGNING_KEY,
        "SigningAlgorithmMnemonic": "ECDSAP256SHA256",
        "SigningAlgorithmType": dnssec.ALGORITHM,
        "DigestAlgorithmMnemonic": "SHA-256",
        "DigestAlgorithmType": dnssec.DIGEST,
        "KeyTag": key.tag,
        "DigestValue": digest,
        "PublicKey": public,
        "DSRecord": f"{key.tag} {dnssec.ALGORITHM} {dnssec.DIGEST} {digest}",
        "DNSKEYRecord": f"{dnssec.KEY_SIGNING_KEY} 3 {dnssec.ALGORITHM} {public}",
        "Status": key.status,
        "CreatedDate": key.created_at,
        "LastModifiedDate": key.modified_at,
    }
    return {**shown, "StatusMessage": key.trouble} if key.trouble else shown
