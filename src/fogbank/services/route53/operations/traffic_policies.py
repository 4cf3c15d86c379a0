"""Traffic policies and their versions."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.route53 import rules, traffic_documents, traffic_policies
from fogbank.services.route53.resources import TrafficPolicy, TrafficPolicyInstance

_VERSIONS_MAX = 1000


def create_traffic_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    document = traffic_documents.read(req["Document"])
    if ctx.find(TrafficPolicy, "by_name", req["Name"]):
        text = f"Traffic policy with name {req['Name']} already exists."
        raise AwsError("TrafficPolicyAlreadyExists", text)
    most = rules.ACCOUNT_LIMITS["MAX_TRAFFIC_POLICIES_BY_OWNER"]
    if len(traffic_policies.newest(ctx)) >= most:
        text = f"Limits Exceeded: MAX_TRAFFIC_POLICIES_BY_OWNER - Cannot create more than {most} traffic policies."
        raise AwsError("TooManyTrafficPolicies", text)
    found = TrafficPolicy(
        id=ctx.uuid(),
        order=traffic_policies.order(1),
        version=1,
        name=req["Name"],
        type=document.record_type,
        document=req["Document"],
        comment=req.get("Comment"),
        created_at=ctx.now,
    )
    ctx.put(found)
    return _made(found)


def create_traffic_policy_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    document = traffic_documents.read(req["Document"])
    versions = _versions(ctx, req["Id"])
    if len(versions) >= _VERSIONS_MAX or versions[-1].version >= _VERSIONS_MAX:
        text = f"Limits Exceeded: Cannot create more than {_VERSIONS_MAX} versions of a traffic policy."
        raise AwsError("TooManyTrafficPolicyVersionsForCurrentPolicy", text)
    number = versions[-1].version + 1
    found = msgspec.structs.replace(
        versions[-1],
        order=traffic_policies.order(number),
        version=number,
        type=document.record_type,
        document=req["Document"],
        comment=req.get("Comment"),
    )
    ctx.put(found)
    return _made(found)


def get_traffic_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"TrafficPolicy": _shown(traffic_policies.one(ctx, req["Id"], req["Version"]))}


def update_traffic_policy_comment(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = msgspec.structs.replace(traffic_policies.one(ctx, req["Id"], req["Version"]), comment=req["Comment"])
    ctx.put(found)
    return {"TrafficPolicy": _shown(found)}


def delete_traffic_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = traffic_policies.one(ctx, req["Id"], req["Version"])
    if ctx.find(TrafficPolicyInstance, "by_policy", f"{found.id} {found.version}"):
        raise AwsError("TrafficPolicyInUse", "Policy is in use for at least one instance")
    ctx.delete(TrafficPolicy, found.id, found.order)
    return {}


def list_traffic_policies(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    most, marker = rules.limit(req), req.get("TrafficPolicyIdMarker", "")
    rows = traffic_policies.newest(ctx)
    start = next((number for number, one in enumerate(rows) if one.id == marker), len(rows)) if marker else 0
    found, following = rows[start : start + most], rows[start + most : start + most + 1]
    summaries = [
        {
            "Id": one.id,
            "Name": one.name,
            "Type": one.type,
            "LatestVersion": one.version,
            "TrafficPolicyCount": len(list(ctx.scan(TrafficPolicy, one.id))),
        }
        for one in found
    ]
    more = following[0].id if following else ""
    page = {"TrafficPolicySummaries": summaries, "IsTruncated": bool(more), "TrafficPolicyIdMarker": more}
    return {**page, "MaxItems": str(most)}


def list_traffic_policy_versions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    most, marker = rules.limit(req), req.get("TrafficPolicyVersionMarker", "0")
    if not marker.isdigit():
        raise AwsError("InvalidInput", "TrafficPolicyVersionMarker must be a number.")
    rows = [one for one in _versions(ctx, req["Id"]) if one.version >= int(marker)]
    more = str(rows[most].version) if len(rows) > most else ""
    page = {"TrafficPolicies": [_shown(one) for one in rows[:most]], "IsTruncated": bool(more)}
    return {**page, "TrafficPolicyVersionMarker": more, "MaxItems": str(most)}


def _versions(ctx: Context, policy_id: str) -> list[TrafficPolicy]:
    """Raises NoSuchTrafficPolicy."""
    found = list(ctx.scan(TrafficPolicy, policy_id))
    if not found:
        raise traffic_policies.missing(policy_id)
    return found


def _made(found: TrafficPolicy) -> dict[str, Any]:
    location = f"https://route53.amazonaws.com/2013-04-01/trafficpolicy/{found.id}/{found.version}"
    return {"TrafficPolicy": _shown(found), "Location": location}


def _shown(found: TrafficPolicy) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Id": found.id,
        "Version": found.version,
        "Name": found.name,
        "Type": found.type,
        "Document": found.document,
    }
    return shown if found.comment is None else {**shown, "Comment": found.comment}
