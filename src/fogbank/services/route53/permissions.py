"""What each call must be allowed (Service Authorization Reference, "Amazon Route 53")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.route53 import rules

_KINDS = (
    ("HealthCheck", "healthcheck"),
    ("CidrCollection", "cidrcollection"),
    ("Cidr", "cidrcollection"),
    ("DelegationSet", "delegationset"),
    ("GetChange", "change"),
    ("GetQueryLogging", "queryloggingconfig"),
    ("DeleteQueryLogging", "queryloggingconfig"),
    ("GetTrafficPolicyInstance", "trafficpolicyinstance"),
    ("UpdateTrafficPolicyInstance", "trafficpolicyinstance"),
    ("DeleteTrafficPolicyInstance", "trafficpolicyinstance"),
    ("CreateTrafficPolicyInstance", "hostedzone"),
    ("ListTrafficPolicyInstancesByHostedZone", "hostedzone"),
    ("TrafficPolicy", "trafficpolicy"),
)
"""What is in an operation's name -> the kind of what its `Id` names; else a zone."""
_NAMING = ("HostedZoneId", "DelegationSetId", "CollectionId", "HealthCheckId", "Id", "TrafficPolicyId")
_UNNAMED = ("CreateHostedZone", "CreateReusableDelegationSet", "CreateCidrCollection", "ListHostedZones")


def needs(ctx: Context, operation: str, req: dict[str, Any]) -> Iterable[Need]:
    action = f"route53:{operation}"
    given = next((req[key] for key in _NAMING if key in req), "")
    if "ResourceType" in req:
        ids = req.get("ResourceIds") or [req["ResourceId"]]
        return tuple(Need(action, _arn(ctx, req["ResourceType"], one)) for one in ids)
    if not given or operation in _UNNAMED or operation.startswith("ListHostedZones"):
        return (Need(action),)
    kind = next((kind for word, kind in _KINDS if word in operation), "hostedzone")
    context = _facts(req) if operation == "ChangeResourceRecordSets" else {}
    found = Need(action, _arn(ctx, kind, given), context=context)
    if operation == "CreateTrafficPolicyInstance":
        return (found, Need(action, _arn(ctx, "trafficpolicy", req["TrafficPolicyId"])))
    return (found,)


def _arn(ctx: Context, kind: str, given: str) -> str:
    return f"arn:{ctx.partition}:route53:::{kind}/{rules.id_of(given)}"


def _facts(req: dict[str, Any]) -> dict[str, Any]:
    """Developer Guide, "Using IAM policy conditions for fine-grained access control"."""
    changes = req["ChangeBatch"]["Changes"]
    sets = [one["ResourceRecordSet"] for one in changes]
    return {
        "route53:changeresourcerecordsetsactions": [one["Action"] for one in changes],
        "route53:changeresourcerecordsetsrecordtypes": [one["Type"] for one in sets],
        "route53:changeresourcerecordsetsnormalizedrecordnames": [one["Name"].lower().rstrip(".") for one in sets],
    }
