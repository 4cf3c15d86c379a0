"""The load and the counters of DB instances that have Performance Insights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fogbank.aws import paging
from fogbank.control import insight
from fogbank.control.context import Context
from fogbank.services.pi import catalog, loads, rules
from fogbank.services.pi.loads import Loads, Series
from fogbank.services.pi.rules import Span, bad

_BAD_TOKEN = ("InvalidArgumentException", "The specified pagination token is not valid.")
_PAGE = 25
_TYPES = ("os", "db", "db.sql.stats", "db.sql_tokenized.stats")
_DETAILS = {"db.sql": "db.sql.statement", "db.sql_tokenized": "db.sql_tokenized.statement"}


def get_resource_metrics(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _check_instance(ctx, req)
    over = rules.span(req["StartTime"], req["EndTime"], req.get("PeriodInSeconds"))
    minutes = _minutes(ctx, req, over)
    is_start = req.get("PeriodAlignment") == "START_TIME"
    found: list[dict[str, Any]] = []
    for query in req["MetricQueries"]:
        for dimensions, values in _answers(ctx, req, query, over, minutes):
            key = {"Metric": query["Metric"], **({"Dimensions": dimensions} if dimensions else {})}
            found.append({"Key": key, "DataPoints": rules.data_points(values, over, is_start=is_start)})
    page, token = _page(req, found, len(found) or 1)
    answer = {
        "AlignedStartTime": float(over.start),
        "AlignedEndTime": float(over.end),
        "Identifier": req["Identifier"],
        "MetricList": page,
    }
    return answer | ({"NextToken": token} if token else {})


def _answers(
    ctx: Context, req: Mapping[str, Any], query: Mapping[str, Any], over: Span, minutes: Series
) -> list[tuple[dict[str, str], dict[int, float]]]:
    """(dimensions, value by period) of what a query asks for: all of it first, then each group."""
    asked = rules.metric(query["Metric"])
    group, wanted = query.get("GroupBy"), rules.filtered(query.get("Filter", {}))
    if not asked.is_load:
        if group or wanted:
            raise bad(f"The metric {query['Metric']} has no dimensions.")
        return [({}, loads.counted(minutes, over, asked))]
    names = rules.grouping(group) if group else ()
    load = Loads(minutes, over, _facts(ctx, req, (*names, *wanted)), wanted)
    found: list[tuple[dict[str, str], dict[int, float]]] = [({}, load.total())]
    return found + (load.groups(names, group.get("Limit", rules.GROUP_LIMIT)) if group else [])


def describe_dimension_keys(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _check_instance(ctx, req)
    if not rules.metric(req["Metric"]).is_load:
        raise bad(f"The metric {req['Metric']} has no dimensions.")
    if req.get("AdditionalMetrics"):
        raise bad(f"The specified metric {req['AdditionalMetrics'][0]} is not a known metric.")
    over = rules.span(req["StartTime"], req["EndTime"], req.get("PeriodInSeconds"))
    wanted, names = rules.filtered(req.get("Filter", {})), rules.grouping(req["GroupBy"])
    parts = rules.grouping(req["PartitionBy"]) if "PartitionBy" in req else ()
    minutes, facts = _minutes(ctx, req, over), _facts(ctx, req, (*names, *parts, *wanted))
    load = Loads(minutes, over, facts, wanted)
    partitions = load.shares(parts, req["PartitionBy"].get("Limit", rules.GROUP_LIMIT)) if parts else []
    rows = []
    for dimensions, total in load.shares(names, req["GroupBy"].get("Limit", rules.GROUP_LIMIT)):
        row: dict[str, Any] = {"Dimensions": dimensions, "Total": total}
        if parts:
            within = Loads(minutes, over, facts, {**wanted, **dimensions}).shares(parts, len(minutes) * 1000)
            values = {tuple(one.values()): value for one, value in within}
            row["Partitions"] = [values.get(tuple(one.values()), 0.0) for one, _ in partitions]
        rows.append(row)
    page, token = _page(req, rows, _PAGE)
    answer: dict[str, Any] = {
        "AlignedStartTime": float(over.start),
        "AlignedEndTime": float(over.end),
        "Keys": page,
    }
    if parts:
        answer["PartitionKeys"] = [{"Dimensions": one} for one, _ in partitions]
    return answer | ({"NextToken": token} if token else {})


def get_dimension_key_details(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _check_instance(ctx, req)
    dimension = _DETAILS.get(req["Group"])
    if dimension is None:
        raise bad(f"The dimension group {req['Group']} is not valid.")
    for name in req.get("RequestedDimensions", ()):
        if name not in ("statement", dimension):
            raise bad(f"The dimension {name} is not valid for the dimension group {req['Group']}.")
    text = _text(ctx, req)
    if text is None:
        return {"Dimensions": [{"Dimension": dimension, "Status": "UNAVAILABLE"}]}
    return {"Dimensions": [{"Value": text, "Dimension": dimension, "Status": "AVAILABLE"}]}


def _text(ctx: Context, req: Mapping[str, Any]) -> str | None:
    """The whole text that an id of a group stands for."""
    if req["Group"] == "db.sql":
        return insight.statement(ctx, req["Identifier"], req["GroupIdentifier"])
    known = (rules.tokenized(text) for _, text in insight.statements(ctx, req["Identifier"]))
    return next((text for text in known if insight.statement_id(text) == req["GroupIdentifier"]), None)


def list_available_resource_dimensions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _check_instance(ctx, req)
    actions = req.get("AuthorizedActions")
    groups = _DETAILS if actions == ["GetDimensionKeyDetails"] else catalog.GROUPS
    found = []
    for name in req["Metrics"]:
        if name not in catalog.LOADS:
            raise bad(f"The specified metric {name} is not a known metric.")
        shown = [
            {"Group": group, "Dimensions": [{"Identifier": one} for one in catalog.GROUPS[group]]} for group in groups
        ]
        found.append({"Metric": name, "Groups": shown})
    page, token = _page(req, found, _PAGE)
    return {"MetricDimensions": page} | ({"NextToken": token} if token else {})


def list_available_resource_metrics(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _check_instance(ctx, req)
    for kind in req["MetricTypes"]:
        if kind not in _TYPES:
            raise bad(f"The metric type {kind} is not valid. Valid values are: {', '.join(_TYPES)}.")
    found = [
        {"Metric": name, "Description": one.description, "Unit": one.unit}
        for name, one in catalog.COUNTERS.items()
        if name.partition(".")[0] in req["MetricTypes"]
    ]
    page, token = _page(req, found, _PAGE)
    return {"Metrics": page} | ({"NextToken": token} if token else {})


def get_resource_metadata(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _check_instance(ctx, req)
    return {"Identifier": req["Identifier"], "Features": {"SQL_DIGEST_STATISTICS": {"Status": "UNSUPPORTED"}}}


def _check_instance(ctx: Context, req: Mapping[str, Any]) -> None:
    """Raises InvalidArgumentException unless the identifier is that of an instance with Performance Insights."""
    identifier = req["Identifier"]
    if req["ServiceType"] != "RDS":
        raise bad(f"The service type {req['ServiceType']} is not valid for {identifier}.")
    filters = [{"Name": "dbi-resource-id", "Values": [identifier]}]
    found = ctx.as_service().call("rds", "DescribeDBInstances", Filters=filters)["DBInstances"]
    if not found:
        raise bad(f"The specified identifier {identifier} is not valid.")
    if not found[0]["PerformanceInsightsEnabled"]:
        raise bad(f"Performance Insights is not enabled for {identifier}.")


def _minutes(ctx: Context, req: Mapping[str, Any], over: Span) -> Series:
    return list(insight.read(ctx, req["Identifier"], over.start, over.end))


def _facts(ctx: Context, req: Mapping[str, Any], names: Sequence[str]) -> Callable[[insight.Load], Mapping[str, str]]:
    """What gives the dimensions of a load, each kind of it once."""
    texts = dict(insight.statements(ctx, req["Identifier"])) if rules.needs_texts(names) else {}
    known: dict[tuple[str, ...], Mapping[str, str]] = {}

    def facts(load: insight.Load) -> Mapping[str, str]:
        which = (load.wait, load.statement_id, load.user, load.host, load.application, load.database)
        if which not in known:
            known[which] = loads.facts(load, texts.get(load.statement_id, ""))
        return known[which]

    return facts


def _page(req: Mapping[str, Any], rows: Sequence[dict[str, Any]], limit: int) -> tuple[list[dict[str, Any]], str]:
    after = paging.after(req.get("NextToken"), *_BAD_TOKEN)
    if after and not after.isdecimal():
        raise bad(_BAD_TOKEN[1])
    start = int(after or 0)
    size = req.get("MaxResults") or limit
    page = list(rows[start : start + size])
    return page, paging.token_after(str(start + size)) if start + size < len(rows) else ""
