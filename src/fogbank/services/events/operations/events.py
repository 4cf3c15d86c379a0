"""Events put onto buses."""

from __future__ import annotations

from typing import Any

import orjson

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.events import buses, routing, rules


def put_events(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if "EndpointId" in req:
        raise AwsError("ResourceNotFoundException", f"Endpoint {req['EndpointId']} does not exist.")
    if sum(map(rules.entry_bytes, req["Entries"])) > rules.ENTRY_BYTES_MAX:
        text = "Total size of the entries in the request is over the limit."
        raise AwsError("ValidationException", text)
    results = [_put(ctx, entry) for entry in req["Entries"]]
    return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}


def _put(ctx: Context, entry: dict[str, Any]) -> dict[str, Any]:
    problem = rules.entry_problem(entry, is_service=ctx.caller.principal.kind == "service")
    if problem is not None:
        return {"ErrorCode": problem[0], "ErrorMessage": problem[1]}
    home, name = buses.at(ctx, entry.get("EventBusName"))
    if buses.find(home, name) is None:
        return {"ErrorCode": "InvalidArgument", "ErrorMessage": f"Event bus {name} does not exist."}
    event = {
        "version": "0",
        "id": ctx.uuid(),
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": ctx.account,
        "time": rules.time_text(entry.get("Time", ctx.now)),
        "region": ctx.region,
        "resources": entry.get("Resources", []),
        "detail": orjson.loads(entry["Detail"]),
    }
    home.measure("MatchedEvents", float(routing.route(home, name, event)))
    return {"EventId": event["id"]}
