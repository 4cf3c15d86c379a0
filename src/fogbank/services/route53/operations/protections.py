"""Protections: names and types of a zone whose record sets nobody changes until the protection is taken away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fogbank.aws import paging
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.planes.dns import rdata
from fogbank.services.route53 import names, record_sets, rules, zones
from fogbank.services.route53.resources import HostedZone, Protection

_ENTRIES_MAX = 100
_BATCH = "InvalidResourceRecordSetProtectionBatch"
_Failed = list[dict[str, str]]
_Check = Callable[[str, str], tuple[str, str] | None]
"""Told a kept name and a type: the code and the text of what is wrong, or nothing."""


def create_resource_record_set_protections(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone, given = zones.one(ctx, req["HostedZoneId"]), _entries(req)

    def invalid(name: str, type_: str) -> tuple[str, str] | None:
        if record_sets.is_within(name, zone.name):
            return None
        return "InvalidInput", f"The name {name} is not within the hosted zone {zone.name}"

    def known(name: str, type_: str) -> tuple[str, str] | None:
        if ctx.get(Protection, zone.id, names.order(name), type_) is None:
            return None
        return "ProtectionAlreadyExists", f"A protection already exists for {type_} {name}"

    _refuse(_failed(given, invalid), _BATCH)
    there = _failed(given, known)
    _refuse(there, "ProtectionAlreadyExists" if len(there) == len(given) else _BATCH)
    for one in given:
        name, type_ = one["RecordName"], one["RecordType"]
        comment = one.get("Comment")
        ctx.put(Protection(zone_id=zone.id, order=names.order(name), type=type_, name=name, comment=comment))
    return {}


def delete_resource_record_set_protections(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone, given = zones.one(ctx, req["HostedZoneId"]), _entries(req)

    def missing(name: str, type_: str) -> tuple[str, str] | None:
        if ctx.get(Protection, zone.id, names.order(name), type_) is not None:
            return None
        return "NoSuchProtection", f"No protection exists for {type_} {name}"

    _refuse(_failed(given, missing), _BATCH)
    for one in given:
        ctx.delete(Protection, zone.id, names.order(one["RecordName"]), one["RecordType"])
    return {}


def list_resource_record_set_protections(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone: HostedZone = zones.one(ctx, req["HostedZoneId"])
    text = "The specified pagination token isn't valid."
    after = paging.after(req.get("NextToken"), "InvalidPaginationToken", text)
    if "StartRecordType" in req and "StartRecordName" not in req:
        raise AwsError("InvalidInput", "If you specify StartRecordType, you must also specify StartRecordName.")
    start = (names.order(_name(req["StartRecordName"])), req.get("StartRecordType", "")) if _starts(req) else ("", "")
    rows = (one for one in ctx.scan(Protection, zone.id) if (one.order, one.type) >= start and _key(one) > after)
    found, token = paging.page(rows, rules.limit(req, "MaxResults"), _key)
    return {
        "ResourceRecordSetProtections": [_shown(one) for one in found],
        **({"NextToken": token} if token else {}),
    }


def _starts(req: Mapping[str, Any]) -> bool:
    return "StartRecordName" in req


def _key(one: Protection) -> str:
    return f"{one.order} {one.type}"


def _entries(req: dict[str, Any]) -> list[dict[str, Any]]:
    """What a request names, with names as they are kept. Raises InvalidInput."""
    given = [{**one, "RecordName": _name(one["RecordName"])} for one in req["Protections"]]
    if len(given) > _ENTRIES_MAX:
        raise AwsError("InvalidInput", f"You can specify up to {_ENTRIES_MAX} protections in one request.")
    counted = Counter((one["RecordName"], one["RecordType"]) for one in given)
    if any(count > 1 for count in counted.values()):
        raise AwsError("InvalidInput", "Each name and type can appear only once in the list of protections.")
    return given


def _name(given: str) -> str:
    """Raises InvalidInput."""
    try:
        return names.shown_name(given)
    except rdata.Illegal as error:
        raise AwsError("InvalidInput", f"The name {given} is not valid: {error}") from None


def _failed(given: Iterable[Mapping[str, Any]], check: _Check) -> _Failed:
    found: _Failed = []
    for one in given:
        name, type_ = one["RecordName"], one["RecordType"]
        if (wrong := check(name, type_)) is not None:
            found.append({"RecordName": name, "RecordType": type_, "Code": wrong[0], "Message": wrong[1]})
    return found


def _refuse(failed: _Failed, code: str) -> None:
    """Raises an error that lists the entries that failed, if there are any."""
    if failed:
        raise AwsError(code, "; ".join(one["Message"] for one in failed), Errors=failed)


def _shown(one: Protection) -> dict[str, Any]:
    shown = {"RecordName": one.name, "RecordType": one.type}
    return shown if one.comment is None else {**shown, "Comment": one.comment}
