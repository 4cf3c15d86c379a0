"""What tells X-Ray: segment documents, and the daemon's word of itself."""

from __future__ import annotations

from typing import Any

from fogbank.control.context import Context
from fogbank.services.xray import documents, shelf
from fogbank.services.xray.documents import Refused


def put_trace_segments(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    taken, refused = [], []
    for text in req["TraceSegmentDocuments"]:
        for found in documents.checked(text, ctx.now):
            if isinstance(found, Refused):
                refused.append(_refused(found))
            else:
                taken.append(found)
    shelf.put(ctx, taken)
    return {"UnprocessedTraceSegments": refused}


def _refused(found: Refused) -> dict[str, Any]:
    told = {"ErrorCode": found.code, "Message": f"Invalid segment. ErrorCode: {found.code}"}
    return {"Id": found.segment_id, **told} if found.segment_id else told


def put_telemetry_records(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    # What daemons count of themselves shows nowhere in AWS either.
    return {}
