"""Signed zones: the keys that sign, who vouches for them through `kms`, and the answers that they sign."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context, Source
from fogbank.planes.dns import dnssec, message, rdata
from fogbank.planes.dns.dnssec import Keys, Signatures, Window
from fogbank.planes.dns.message import Answer, Query, Resource
from fogbank.services.route53 import zones
from fogbank.services.route53.resources import HostedZone, KeySigningKey, Signing

KMS_REGION = "us-east-1"
"""Where the keys that sign keys must be (Developer Guide, "Working with customer managed keys for DNSSEC")."""
KEYS_MAX = 2
ACTIVE, INACTIVE, ACTION_NEEDED = "ACTIVE", "INACTIVE", "ACTION_NEEDED"
COMING, GOING = "COMING", "GOING"
RETRY_SECONDS = 3600.0
MEASURE_SECONDS = 4 * 3600.0
"""How often each signed zone is measured (Developer Guide, "Monitoring hosted zones using Amazon CloudWatch")."""
_PRINCIPAL = "dnssec-route53"
_PURPOSE = "route53 zone-signing key"
_ALGORITHM = "ECDSA_SHA_256"
_DAY_SECONDS = 86_400
_EARLY_SECONDS = 3600
_VOUCHED_SECONDS = 14 * _DAY_SECONDS
_REFRESH_SECONDS = _DAY_SECONDS
"""How often keys are signed anew (Developer Guide, "KMS key and ZSK management in Route 53")."""
_TURN_DAYS: Mapping[str, int] = MappingProxyType({"": 30, COMING: 2, GOING: 8})
"""Days until the next step, as a zone's own key is replaced: resolvers keep what they know for a week at most."""


class Ready:
    """The keys of signed zones that somebody has asked for, and the signatures that were made."""

    def __init__(self) -> None:
        self.by_id: dict[str, Keys] = {}
        self.signatures = Signatures()
        self.measured: dict[str, float] = {}
        """When each zone was last measured."""


class Vouched(NamedTuple):
    """What became of having a zone's keys signed: RRSIGs, and why others are missing, by the name of the key."""

    signatures: Mapping[str, bytes]
    refusals: Mapping[str, AwsError]


def answer(owner: Context, zone: HostedZone, query: Query, said: Answer) -> Answer:
    """What a signed zone says, with its keys and signatures where they are asked for."""
    keys = _ready(owner, zone)
    return dnssec.signed(said, query, keys, zones.compiled(owner, zone), owner.now) if keys is not None else said


def public_key(ctx: Context, zone: HostedZone, arn: str) -> bytes:
    """The public key of a customer managed key, asked for by Route 53 itself. Raises InvalidKMSArn."""
    try:
        found = _service(ctx, zone).call("kms", "GetPublicKey", KeyId=arn)
    except AwsError as error:
        raise _unusable(arn, error) from error
    if found["KeySpec"] != "ECC_NIST_P256" or found["KeyUsage"] != "SIGN_VERIFY":
        text = f"The customer managed key {arn} must have the key spec ECC_NIST_P256 and the usage SIGN_VERIFY."
        raise AwsError("InvalidKMSArn", text)
    return dnssec.public_in(found["PublicKey"])


def new(ctx: Context, zone: HostedZone) -> Signing:
    """A zone's own key, which Route 53 keeps; nothing is signed yet."""
    return Signing(zone_id=zone.id, sealed=ctx.seal(dnssec.new_secret(), _PURPOSE))


def start(ctx: Context, zone: HostedZone, found: Signing) -> None:
    """Sign a zone, or sign it with the keys that it has now. Raises InvalidKMSArn for a key that cannot be used."""
    done = _vouch(ctx, zone, found)
    for key in keys_of(ctx, zone):
        # A key that needs somebody's action must not be in the way of the one that takes its place.
        if key.status == ACTIVE and (error := done.refusals.get(key.name)) is not None:
            raise _unusable(key.kms_arn, error) from error
    turned_at = found.turned_at if found.is_on else ctx.now
    _put(ctx, msgspec.structs.replace(found, turned_at=turned_at), zone, tuple(done.signatures.values()))


def stop(ctx: Context, zone: HostedZone, found: Signing) -> None:
    ctx.put(msgspec.structs.replace(found, is_on=False, published=(), vouched=(), turn="", other=b""))
    ctx.put(msgspec.structs.replace(zone, is_signed=False))
    zones.forget(ctx, zone.id)
    _forget(ctx, zone.id)
    measured = ctx.held(Ready).measured
    ctx.after_commit(lambda: measured.pop(zone.id, None))


def drop(ctx: Context, zone: HostedZone) -> None:
    """Forget a zone's own key, when the zone goes. Raises HostedZoneNotEmpty while it has key-signing keys."""
    if next(keys_of(ctx, zone), None) is not None:
        text = "The specified hosted zone contains DNSSEC Key Signing Keys and so cannot be deleted."
        raise AwsError("HostedZoneNotEmpty", text)
    if ctx.get(Signing, zone.id) is not None:
        ctx.delete(Signing, zone.id)


def renewed(ctx: Context, zone_id: str) -> float | None:
    """Have a zone's keys signed anew, and replaced, if it is time; seconds until it is to be looked at again.

    A key that cannot be used needs somebody's action, and is tried again every hour.
    """
    found, zone = ctx.get(Signing, zone_id), ctx.get(HostedZone, zone_id)
    if found is None or zone is None or not found.is_on:
        return None
    left = _due_at(ctx, zone, found) - ctx.now
    if left > 0:
        return left
    turned = _turned(ctx, found)
    done = _vouch(ctx, zone, turned)
    if turned is not found and done.refusals:
        # Keys that not everybody vouches for are not published.
        turned, done = found, _vouch(ctx, zone, found)
    for key in list(keys_of(ctx, zone)):
        _note(ctx, key, done)
    # What an unusable key has signed before stays, until it ends: it may be the one that the zone above names.
    lost = {key.tag for key in keys_of(ctx, zone) if key.name in done.refusals}
    kept = tuple(one for one in found.vouched if dnssec.tag_of(one) in lost)
    _put(ctx, turned, zone, (*done.signatures.values(), *kept))
    return RETRY_SECONDS if done.refusals else float(_REFRESH_SECONDS)


def _due_at(ctx: Context, zone: HostedZone, found: Signing) -> float:
    is_well = all(one.status != ACTION_NEEDED for one in keys_of(ctx, zone))
    return found.tried_at + (_REFRESH_SECONDS if is_well else RETRY_SECONDS)


def _turned(ctx: Context, found: Signing) -> Signing:
    """The zone's own keys as they should be now.

    One is published before it signs, and another for as long as what it has signed may be kept: the pre-publish key
    rollover of RFC 6781, section 4.1.1.1, as Route 53 has it.
    """
    if ctx.now < found.turned_at + _TURN_DAYS[found.turn] * _DAY_SECONDS:
        return found
    now = msgspec.structs.replace(found, turned_at=ctx.now)
    if found.turn == COMING:
        return msgspec.structs.replace(now, turn=GOING, sealed=found.other, other=found.sealed)
    if found.turn == GOING:
        return msgspec.structs.replace(now, turn="", other=b"")
    return msgspec.structs.replace(now, turn=COMING, other=ctx.seal(dnssec.new_secret(), _PURPOSE))


def measure(ctx: Context, zone_id: str) -> None:
    """Tell CloudWatch of a signed zone's keys, if that has not been done for a while."""
    zone, last = ctx.get(HostedZone, zone_id), ctx.held(Ready).measured
    if zone is None or ctx.now < last.get(zone_id, 0.0) + MEASURE_SECONDS:
        return
    keys = list(keys_of(ctx, zone))
    lost = [one for one in keys if one.status == ACTION_NEEDED]
    there, now = ctx.at(KMS_REGION), ctx.now
    there.measure("DNSSECInternalFailure", 0.0, "None", HostedZoneId=zone_id)
    there.measure("DNSSECKeySigningKeysNeedingAction", float(len(lost)), "None", HostedZoneId=zone_id)
    oldest = max((now - one.modified_at for one in lost), default=0.0)
    there.measure("DNSSECKeySigningKeyMaxNeedingActionAge", oldest, "Seconds", HostedZoneId=zone_id)
    age = max((now - one.created_at for one in keys), default=0.0)
    there.measure("DNSSECKeySigningKeyAge", age, "Seconds", HostedZoneId=zone_id)
    ctx.after_commit(lambda: last.update({zone_id: now}))


def keys_of(ctx: Context, zone: HostedZone) -> Iterator[KeySigningKey]:
    return ctx.scan(KeySigningKey, zone.id)


def is_vouched_above(ctx: Context, zone: HostedZone, key: KeySigningKey) -> bool:
    """Whether a zone above has a DS record of a key."""
    name, want = rdata.plain(zone.name), ds(zone, key)
    above = parent(ctx, name)
    records = zones.compiled(*above).found(name, message.DS) if above is not None else ()
    return any(_data(one) == want for one in records)


def is_partly_delegated(ctx: Context, zone: HostedZone) -> bool:
    """Whether the zone above refers to other servers than those that answer for a zone."""
    name = rdata.plain(zone.name)
    above = parent(ctx, name)
    given = {one.data.rstrip(".").lower() for one in zones.compiled(*above).found(name, message.NS)} if above else set()
    return bool(given) and given != set(zone.servers)


def parent(ctx: Context, name: str) -> tuple[Context, HostedZone] | None:
    """The public zone that hands a name over to others, of a name as a query has it; None where none does."""
    above = zones.public(ctx, name.partition(".")[2])
    return above if above is not None and zones.compiled(*above).found(name, message.NS) else None


def dnskey(key: KeySigningKey) -> bytes:
    return dnssec.dnskey(dnssec.KEY_SIGNING_KEY, key.public)


def ds(zone: HostedZone, key: KeySigningKey) -> bytes:
    """The data of the DS record that the zone above is to have."""
    head = key.tag.to_bytes(2, "big") + bytes([dnssec.ALGORITHM, dnssec.DIGEST])
    return head + dnssec.digest(rdata.plain(zone.name), dnskey(key))


def _ready(owner: Context, zone: HostedZone) -> Keys | None:
    held = owner.held(Ready)
    keys = held.by_id.get(zone.id)
    if keys is None:
        found = owner.get(Signing, zone.id)
        if found is None or not found.is_on:
            return None
        secret = owner.unseal(found.sealed, _PURPOSE)
        keys = Keys(rdata.plain(zone.name), secret, found.published, found.vouched, held.signatures)
        held.by_id[zone.id] = keys
    return keys


def _forget(ctx: Context, zone_id: str) -> None:
    held = ctx.held(Ready)
    ctx.after_commit(lambda: held.by_id.pop(zone_id, None))


def _put(ctx: Context, found: Signing, zone: HostedZone, vouched: tuple[bytes, ...]) -> None:
    published = _published(ctx, zone, found)
    ctx.put(msgspec.structs.replace(found, is_on=True, published=published, vouched=vouched, tried_at=ctx.now))
    if not zone.is_signed:
        ctx.put(msgspec.structs.replace(zone, is_signed=True))
        zones.forget(ctx, zone.id)
    _forget(ctx, zone.id)


def _published(ctx: Context, zone: HostedZone, found: Signing) -> tuple[bytes, ...]:
    """The data of a zone's DNSKEY records: its own key, and those that sign keys."""
    own = (dnssec.public_of(ctx.unseal(one, _PURPOSE)) for one in (found.sealed, found.other) if one)
    theirs = (dnskey(key) for key in keys_of(ctx, zone) if key.status != INACTIVE)
    return (*(dnssec.dnskey(dnssec.ZONE_KEY, one) for one in own), *theirs)


def _vouch(ctx: Context, zone: HostedZone, found: Signing) -> Vouched:
    """Have a zone's DNSKEY records signed by each of its keys that is in use."""
    name = rdata.plain(zone.name)
    published = _published(ctx, zone, found)
    records = tuple(Resource(name, dnssec.DNSKEY, dnssec.KEY_SECONDS, "", one) for one in published)
    now = int(ctx.now)
    window = Window(now - _EARLY_SECONDS, now + _VOUCHED_SECONDS)
    signatures, refusals = {}, {}
    for key in keys_of(ctx, zone):
        if key.status == INACTIVE:
            continue
        head = dnssec.statement(records, name, key.tag, window)
        text = head + dnssec.canonical(records)
        try:
            made = _service(ctx, zone).call(
                "kms", "Sign", KeyId=key.kms_arn, Message=text, MessageType="RAW", SigningAlgorithm=_ALGORITHM
            )
        except AwsError as error:
            refusals[key.name] = error
            continue
        signatures[key.name] = head + dnssec.raw_signature(made["Signature"])
    return Vouched(signatures, refusals)


def _note(ctx: Context, key: KeySigningKey, done: Vouched) -> None:
    """Write down that a key cannot be used, or can be used again."""
    error = done.refusals.get(key.name)
    if error is not None:
        noted = msgspec.structs.replace(key, status=ACTION_NEEDED, trouble=_unusable(key.kms_arn, error).message)
    elif key.name in done.signatures:
        noted = msgspec.structs.replace(key, status=ACTIVE, trouble="")
    else:
        return
    if noted != key:
        ctx.put(msgspec.structs.replace(noted, modified_at=ctx.now))


def _service(ctx: Context, zone: HostedZone) -> Context:
    """The same call made by Route 53's DNSSEC, which key policies name, for a zone."""
    source = Source(f"arn:{ctx.partition}:route53:::hostedzone/{zone.id}", ctx.account)
    return ctx.at(KMS_REGION).as_service(source, _PRINCIPAL)


def _unusable(arn: str, error: AwsError) -> AwsError:
    if error.code == "AccessDeniedException":
        text = (
            f"The key policy of the customer managed key {arn} must allow {_PRINCIPAL}.amazonaws.com the actions "
            "kms:DescribeKey, kms:GetPublicKey and kms:Sign."
        )
    else:
        text = f"The customer managed key {arn} can't be used: {error.message or error.code}"
    return AwsError("InvalidKMSArn", text)


def _data(record: Resource) -> bytes:
    return record.wire or rdata.wire("DS", record.data)
