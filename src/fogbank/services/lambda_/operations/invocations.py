"""Events accepted, which nobody waits for."""

from __future__ import annotations

from typing import Any

from fogbank.control.context import Context
from fogbank.services.lambda_ import functions, queue, rules


def invoke_async(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    payload: bytes = req["InvokeArgs"]
    rules.check_payload(payload, "Event")
    queue.accept(ctx, functions.find(ctx, req["FunctionName"]), payload)
    return {"Status": 202}
