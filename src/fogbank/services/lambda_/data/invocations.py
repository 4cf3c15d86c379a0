"""Functions called."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.lambda_ import functions, queue, rules
from fogbank.services.lambda_.running import invocation
from fogbank.services.lambda_.running.invocation import Asked, Ended

_TYPE = "application/octet-stream"


async def invoke(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    kind = req.get("InvocationType", "RequestResponse")
    payload: bytes = req.get("Payload") or b""
    rules.check_payload(payload, kind)
    with ctx.begin():
        found = functions.find(ctx, req["FunctionName"], req.get("Qualifier"))
        if kind == "Event":
            queue.accept(ctx, found, payload, req.get("ClientContext", ""))
            return {"StatusCode": 202, "Payload": b""}
        if kind == "DryRun":
            functions.version_of(found)
            return {"StatusCode": 204, "Payload": b""}
    ended = await invocation.run(ctx, found, _asked(ctx, req, payload))
    outcome = ended.outcome
    answer: dict[str, Any] = {"StatusCode": 200, "ExecutedVersion": ended.version, "Payload": outcome.payload}
    if outcome.error:
        answer["FunctionError"] = outcome.error
    elif len(outcome.payload) > rules.PAYLOAD_BYTES_MAX:
        answer |= {"FunctionError": "Unhandled", "Payload": _too_large(outcome.payload)}
    if req.get("LogType") == "Tail":
        answer["LogResult"] = base64.b64encode(ended.tail).decode()
    return answer


async def invoke_with_response_stream(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    payload: bytes = req.get("Payload") or b""
    rules.check_payload(payload, "RequestResponse")
    with ctx.begin():
        found = functions.find(ctx, req["FunctionName"], req.get("Qualifier"))
        version = functions.version_of(found)
    number = "$LATEST" if not version.number else str(version.number)
    pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
    task = asyncio.ensure_future(invocation.run(ctx, found, _asked(ctx, req, payload), pieces.put_nowait))
    task.add_done_callback(lambda _: pieces.put_nowait(None))
    first = await pieces.get()
    if first is None and task.exception() is not None:
        # Refused before it began: the answer is that error.
        task.result()
    answer = {"StatusCode": 200, "ExecutedVersion": number, "ResponseStreamContentType": _TYPE}
    return {**answer, "EventStream": _streamed(task, first, pieces, req.get("LogType") == "Tail")}


async def _streamed(
    task: asyncio.Future[Ended], first: bytes | None, pieces: asyncio.Queue[bytes | None], wants_log: bool
) -> AsyncIterator[dict[str, Any]]:
    piece = first
    while piece is not None:
        yield {"PayloadChunk": {"Payload": piece}}
        piece = await pieces.get()
    done: dict[str, Any] = {}
    try:
        ended = await task
    except AwsError as error:
        yield {"InvokeComplete": {"ErrorCode": error.code, "ErrorDetails": error.message}}
        return
    if ended.outcome.error:
        done = {"ErrorCode": ended.outcome.error, "ErrorDetails": ended.outcome.payload.decode("utf-8", "replace")}
    elif ended.outcome.payload:
        yield {"PayloadChunk": {"Payload": ended.outcome.payload}}
    if wants_log:
        done["LogResult"] = base64.b64encode(ended.tail).decode()
    yield {"InvokeComplete": done}


def _asked(ctx: Context, req: dict[str, Any], payload: bytes) -> Asked:
    # Whoever calls for somebody else may call several functions: each has an id of its own.
    key = ctx.uuid() if ctx.via or not ctx.request_id else ctx.request_id
    return Asked(key, payload, req.get("ClientContext", ""), ctx.origin.trace)


def _too_large(payload: bytes) -> bytes:
    text = f"Response payload size exceeded maximum allowed payload size ({rules.PAYLOAD_BYTES_MAX} bytes)."
    return b'{"errorMessage":"%s","errorType":"Function.ResponseSizeTooLarge"}' % text.encode()
