"""Insights queries: started, stopped, read, saved."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import paging
from fogbank.aws.errors import AwsError, NotImplementedByFogbank
from fogbank.control.context import Context
from fogbank.services.logs import groups, insights, queries, rules
from fogbank.services.logs.resources import Definition, Query

_LIVE = ("Scheduled", "Running")
_BAD_TOKEN = ("InvalidParameterException", "The specified nextToken is invalid.")


def start_query(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _check_language(req)
    named = [req[key] for key in ("logGroupName", "logGroupNames", "logGroupIdentifiers") if key in req]
    if len(named) != 1:
        raise rules.invalid("Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be specified.")
    identifiers = [named[0]] if isinstance(named[0], str) else named[0]
    if not identifiers:
        raise rules.invalid("At least one log group must be specified.")
    if len(identifiers) > 50:
        raise rules.invalid("A query can look into at most 50 log groups.")
    if req["endTime"] < req["startTime"]:
        raise rules.invalid("End time should not be before start time.")
    found = [groups.existing(ctx, identifier) for identifier in identifiers]
    _check_query(req["queryString"])
    if sum(query.status in _LIVE for query in ctx.scan(Query)) >= rules.QUERIES_RUNNING_MAX:
        raise rules.limit_exceeded("Account maximum query concurrency limit reached.")
    query = Query(
        id=ctx.uuid(),
        text=req["queryString"],
        groups=tuple(home.arn(group.resource) for home, group in found),
        start=req["startTime"],
        end=req["endTime"],
        limit=req.get("limit", 0),
        created_at=ctx.now,
        by=ctx.caller.arn,
    )
    ctx.put(query)
    return {"queryId": query.id}


def get_query_results(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    query = _existing(ctx, req["queryId"])
    answer: dict[str, Any] = {
        "queryLanguage": "CWLI",
        "results": [],
        "statistics": {
            "recordsMatched": query.matched,
            "recordsScanned": query.scanned,
            "bytesScanned": query.scanned_bytes,
            "logGroupsScanned": float(len(query.groups)),
            "estimatedRecordsSkipped": 0.0,
            "estimatedBytesSkipped": 0.0,
        },
        "status": query.status,
    }
    after = paging.after(req.get("nextToken"), *_BAD_TOKEN)
    rows = queries.rows(ctx, query, after, req.get("maxItems", rules.RESULTS_PAGE) + 1)
    if len(rows) > req.get("maxItems", rules.RESULTS_PAGE):
        rows.pop()
        answer["nextToken"] = paging.token_after(rows[-1][0])
    answer["results"] = [[{"field": name, "value": value} for name, value in row] for _, row in rows]
    return answer


def stop_query(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    query = _existing(ctx, req["queryId"])
    if query.status not in _LIVE:
        raise rules.invalid("Query provided is not currently running.")
    ctx.put(msgspec.structs.replace(query, status="Cancelled", ended_at=ctx.now))
    return {"success": True}


def describe_queries(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    after = paging.after(req.get("nextToken"), *_BAD_TOKEN)
    wanted = ctx.arn(f"log-group:{req['logGroupName']}") if "logGroupName" in req else ""
    found = [
        query
        for query in ctx.scan(Query)
        if (not wanted or wanted in query.groups) and req.get("status", query.status) == query.status
    ]
    found.sort(key=lambda query: (-query.created_at, query.id))
    start = next((at + 1 for at, query in enumerate(found) if query.id == after), 0)
    page, token = paging.page(found[start:], req.get("maxResults", 1000), lambda query: query.id)
    answer: dict[str, Any] = {"queries": [_described(query) for query in page]}
    return {**answer, "nextToken": token} if token else answer


def list_log_groups_for_query(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"logGroupIdentifiers": list(_existing(ctx, req["queryId"]).groups)}


def put_query_definition(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _check_language(req)
    if req.get("parameters"):
        raise NotImplementedByFogbank("logs", "PutQueryDefinition with parameters")
    named = req.get("queryDefinitionId", "")
    if named and ctx.get(Definition, named) is None:
        raise rules.missing("query definition")
    for group in req.get("logGroupNames", ()):
        groups.existing(ctx, group)
    saved = Definition(
        id=named or ctx.uuid(),
        name=req["name"],
        text=req["queryString"],
        groups=tuple(req.get("logGroupNames", ())),
        modified_at=ctx.now,
    )
    ctx.put(saved)
    return {"queryDefinitionId": saved.id}


def describe_query_definitions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    after = paging.after(req.get("nextToken"), *_BAD_TOKEN)
    prefix = req.get("queryDefinitionNamePrefix", "")
    rows = (saved for saved in ctx.scan(Definition, after=after) if saved.name.startswith(prefix))
    page, token = paging.page(rows, req.get("maxResults", 1000), lambda saved: saved.id)
    told = [
        {
            "queryLanguage": "CWLI",
            "queryDefinitionId": saved.id,
            "name": saved.name,
            "queryString": saved.text,
            "lastModified": int(saved.modified_at * 1000),
            "logGroupNames": list(saved.groups),
        }
        for saved in page
    ]
    return {"queryDefinitions": told, "nextToken": token} if token else {"queryDefinitions": told}


def delete_query_definition(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if ctx.get(Definition, req["queryDefinitionId"]) is None:
        raise rules.missing("query definition")
    ctx.delete(Definition, req["queryDefinitionId"])
    return {"success": True}


def get_log_record(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    row = queries.record(ctx, req["logRecordPointer"])
    if row is None:
        raise rules.missing("log record")
    return {"logRecord": {name: insights.shown(value) for name, value in queries.fields(row) if value is not None}}


def get_log_group_fields(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    home, group = groups.existing(ctx, rules.identifier_of(req))
    counts = queries.field_counts(home, group, req.get("time"))
    total = counts.get("@message", 0)
    told = [
        {"name": name, "percent": round(100 * count / total)}
        for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    return {"logGroupFields": told}


def _check_language(req: dict[str, Any]) -> None:
    if req.get("queryLanguage", "CWLI") != "CWLI":
        raise NotImplementedByFogbank("logs", f"queries in {req['queryLanguage']}")


def _check_query(text: str) -> None:
    try:
        insights.Run(insights.parsed(text), 1)
    except insights.Malformed as error:
        place = {"startCharOffset": error.start, "endCharOffset": error.end}
        raise AwsError(
            "MalformedQueryException",
            error.message,
            queryCompileError={"location": place, "message": error.message},
        ) from None


def _existing(ctx: Context, query_id: str) -> Query:
    found = ctx.get(Query, query_id)
    if found is None:
        raise AwsError("ResourceNotFoundException", "Query ID does not exist.")
    return found


def _described(query: Query) -> dict[str, Any]:
    told = {
        "queryLanguage": "CWLI",
        "queryId": query.id,
        "queryString": query.text,
        "status": query.status,
        "createTime": int(query.created_at * 1000),
        "logGroupName": query.groups[0].rpartition(":log-group:")[2],
        "bytesScanned": query.scanned_bytes,
        "userIdentity": query.by,
    }
    return {**told, "queryDuration": int((query.ended_at - query.created_at) * 1000)} if query.ended_at else told
