"""Reachability Analyzer's paths and analyses (EC2 API Reference, "CreateNetworkInsightsPath" and its kin)."""

from __future__ import annotations

from typing import Any

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import catalog, rules, tagging
from fogbank.services.ec2.listing import Listing, listed
from fogbank.services.ec2.resources import InsightsAnalysis, InsightsPath
from fogbank.services.ec2.vpcs import new_id

_FILTER = {"source-address": "SourceAddress", "destination-address": "DestinationAddress"}
_PATHS = Listing(
    InsightsPath,
    "NetworkInsightsPaths",
    "NetworkInsightsPathIds",
    "NetworkInsightsPathId",
    {
        "destination": "Destination",
        "source": "Source",
        "protocol": "Protocol",
        **{f"filter-at-source.{name}": f"FilterAtSource.{path}" for name, path in _FILTER.items()},
        **{f"filter-at-destination.{name}": f"FilterAtDestination.{path}" for name, path in _FILTER.items()},
    },
    results_min=1,
    results_max=100,
)
_ANALYSES = Listing(
    InsightsAnalysis,
    "NetworkInsightsAnalyses",
    "NetworkInsightsAnalysisIds",
    "NetworkInsightsAnalysisId",
    {"path-found": "NetworkPathFound", "status": "Status"},
    results_min=1,
    results_max=100,
)
_PATHS_MAX, _ANALYSES_MAX = 100, 1_000
_PORTS = range(65536)
_ENDS = ("eni", "igw", "tgw", "tgw-attach", "vpce", "pcx")
_INSTANCE = "i"


def create_network_insights_path(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if ctx.count(InsightsPath) >= _PATHS_MAX:
        text = "The maximum number of network insights paths has been reached."
        raise AwsError("NetworkInsightsPathLimitExceeded", text)
    filters = {name: req[name] for name in ("FilterAtSource", "FilterAtDestination") if req.get(name)}
    destination = _end(ctx, req["Destination"], "destination") if req.get("Destination") else ""
    if filters and any(name in req for name in ("SourceIp", "DestinationIp", "DestinationPort")):
        text = "The parameters sourceIp, destinationIp and destinationPort cannot be used with packet header filters"
        raise AwsError("InvalidParameterCombination", text)
    aims = req.get("DestinationIp") or filters.get("FilterAtSource", {}).get("DestinationAddress")
    if not destination and not aims:
        raise AwsError(
            "MissingParameter", "The request must contain the parameter destination or a destination address"
        )
    path = InsightsPath(
        id=new_id(ctx, "nip"),
        source=_end(ctx, req["Source"], "source"),
        destination=destination,
        source_ip=_address(req, "SourceIp"),
        destination_ip=_address(req, "DestinationIp"),
        protocol=req["Protocol"],
        destination_port=_port(req),
        filters=filters,
        created_at=ctx.now,
        tags=tagging.specified(req, "network-insights-path"),
    )
    ctx.put(path)
    return {"NetworkInsightsPath": _described_path(ctx, path)}


def delete_network_insights_path(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    path = catalog.one(ctx, InsightsPath, req["NetworkInsightsPathId"])
    if ctx.find(InsightsAnalysis, "by_path", path.id):
        text = f"Network insights path {path.id} has analyses and cannot be deleted."
        raise AwsError("AnalysisExistsForNetworkInsightsPath", text)
    ctx.delete(InsightsPath, path.id)
    return {"NetworkInsightsPathId": path.id}


def describe_network_insights_paths(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return listed(ctx, req, _PATHS, _described_path)


def start_network_insights_analysis(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    # Reachability is large and few need it: it is imported when the first analysis starts.
    from fogbank.services.ec2.reach import analyse

    path = catalog.one(ctx, InsightsPath, req["NetworkInsightsPathId"])
    if ctx.count(InsightsAnalysis) >= _ANALYSES_MAX:
        text = "The maximum number of network insights analyses has been reached."
        raise AwsError("NetworkInsightsAnalysisLimitExceeded", text)
    found, answer = analyse(ctx, path)
    asked = {name: req[name] for name in ("AdditionalAccounts", "FilterInArns", "FilterOutArns") if req.get(name)}
    analysis = InsightsAnalysis(
        id=new_id(ctx, "nia"),
        path_id=path.id,
        started_at=ctx.now,
        found=found,
        answer={**asked, **answer},
        tags=tagging.specified(req, "network-insights-analysis"),
    )
    ctx.put(analysis)
    shown = {**_described_analysis(ctx, analysis), "Status": "running"}
    hidden = ("NetworkPathFound", *answer)
    return {"NetworkInsightsAnalysis": {name: value for name, value in shown.items() if name not in hidden}}


def delete_network_insights_analysis(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    analysis = catalog.one(ctx, InsightsAnalysis, req["NetworkInsightsAnalysisId"])
    ctx.delete(InsightsAnalysis, analysis.id)
    return {"NetworkInsightsAnalysisId": analysis.id}


def describe_network_insights_analyses(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    records = list(ctx.scan(InsightsAnalysis))
    if path_id := req.get("NetworkInsightsPathId"):
        catalog.one(ctx, InsightsPath, path_id)
        records = [one for one in records if one.path_id == path_id]
    first, last = req.get("AnalysisStartTime", 0.0), req.get("AnalysisEndTime", float("inf"))
    records = [one for one in records if first <= one.started_at <= last]
    return listed(ctx, req, _ANALYSES, _described_analysis, records)


def _end(ctx: Context, name: str, member: str) -> str:
    """An end of a path by its id or its ARN, as its id. Raises InvalidParameterValue and the kinds' `….NotFound`."""
    resource_id = name.rpartition("/")[2]
    prefix = catalog.prefix_of(resource_id)
    if prefix == _INSTANCE:
        raise AwsError("InvalidInstanceID.NotFound", f"The instance ID '{resource_id}' does not exist")
    if prefix not in _ENDS:
        text = f"Value ({name}) for parameter {member} is invalid. The resource type is not supported."
        raise AwsError("InvalidParameterValue", text)
    catalog.one(ctx, catalog.NOUNS[prefix].record, resource_id)
    return resource_id


def _address(req: dict[str, Any], member: str) -> str:
    text: str = req.get(member, "")
    found = rules.address(text)
    if text and found is None:
        name = member[0].lower() + member[1:]
        problem = f"Value ({text}) for parameter {name} is invalid. This is not a valid IP address."
        raise AwsError("InvalidParameterValue", problem)
    return str(found) if text else ""


def _port(req: dict[str, Any]) -> int:
    port: int = req.get("DestinationPort", 0)
    if port not in _PORTS:
        text = f"Value ({port}) for parameter destinationPort is invalid. It must be between 0 and {_PORTS[-1]}."
        raise AwsError("InvalidParameterValue", text)
    return port


def _described_path(ctx: Context, path: InsightsPath) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "NetworkInsightsPathId": path.id,
        "NetworkInsightsPathArn": ctx.arn(f"network-insights-path/{path.id}"),
        "CreatedDate": path.created_at,
        "Source": path.source,
        "SourceArn": _arn(ctx, path.source),
        "Protocol": path.protocol,
        "Tags": tags.written(path.tags),
        **path.filters,
    }
    optional = {
        "Destination": path.destination,
        "DestinationArn": _arn(ctx, path.destination) if path.destination else "",
        "SourceIp": path.source_ip,
        "DestinationIp": path.destination_ip,
        "DestinationPort": path.destination_port,
    }
    return shown | {name: value for name, value in optional.items() if value}


def _arn(ctx: Context, resource_id: str) -> str:
    return ctx.arn(f"{catalog.NOUNS[catalog.prefix_of(resource_id)].type}/{resource_id}")


def _described_analysis(ctx: Context, analysis: InsightsAnalysis) -> dict[str, Any]:
    return {
        "NetworkInsightsAnalysisId": analysis.id,
        "NetworkInsightsAnalysisArn": ctx.arn(f"network-insights-analysis/{analysis.id}"),
        "NetworkInsightsPathId": analysis.path_id,
        "StartDate": analysis.started_at,
        "Status": "running" if analysis.found is None else "succeeded",
        **({} if analysis.found is None else {"NetworkPathFound": analysis.found}),
        **analysis.answer,
        "Tags": tags.written(analysis.tags),
    }
