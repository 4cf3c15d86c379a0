"""What else can be set of a function: recursion, and when its runtime is brought up to date."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.control.context import Context
from fogbank.services.lambda_ import functions, rules, shown


def get_function_recursion_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"RecursiveLoop": functions.own(ctx, req, plain=True).function.recursive_loop}


def put_function_recursion_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = functions.own(ctx, req, plain=True)
    ctx.put(msgspec.structs.replace(found.function, recursive_loop=req["RecursiveLoop"]))
    return {"RecursiveLoop": req["RecursiveLoop"]}


def get_runtime_management_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = functions.own(ctx, req)
    functions.version_of(found)
    return {"UpdateRuntimeOn": found.function.runtime_update, "FunctionArn": found.arn}


def put_runtime_management_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = functions.own(ctx, req)
    version = functions.version_of(found)
    update, arn = req["UpdateRuntimeOn"], shown.runtime_arn(ctx, version.configuration.runtime)
    if update == "Manual" and req.get("RuntimeVersionArn") != arn:
        raise rules.invalid(f"Runtime Version {req.get('RuntimeVersionArn', '')} does not exist. There is {arn}.")
    ctx.put(msgspec.structs.replace(found.function, runtime_update=update))
    answer = {"UpdateRuntimeOn": update, "FunctionArn": found.arn}
    return {**answer, "RuntimeVersionArn": arn} if update == "Manual" else answer


def get_function_code_signing_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Code is not signed here: no function has a configuration for it."""
    return {"CodeSigningConfigArn": "", "FunctionName": functions.own(ctx, req, plain=True).name}
