"""Lambda's metrics, with the dimensions that AWS gives them.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from __future__ import annotations

from collections.abc import Iterator

from fogbank.control.context import Context


def dimensions(name: str, qualifier: str, version: str, is_alias: bool) -> Iterator[dict[str, str]]:
    """Of a function, of what was called of it, and of the version behind an alias."""
    yield {}
    yield {"FunctionName": name}
    resource = f"{name}:{qualifier}" if qualifier else name
    yield {"FunctionName": name, "Resource": resource}
    if is_alias and version:
        yield {"FunctionName": name, "Resource": resource, "ExecutedVersion": version}


def executed(ctx: Context, sets: list[dict[str, str]], *, is_error: bool, seconds: float) -> None:
    """An execution has ended."""
    for one in sets:
        ctx.measure("Invocations", 1, "Count", **one)
        ctx.measure("Errors", 1 if is_error else 0, "Count", **one)
        ctx.measure("Throttles", 0, "Count", **one)
        ctx.measure("Duration", round(seconds * 1000, 2), "Milliseconds", **one)


def throttled(ctx: Context, sets: list[dict[str, str]]) -> None:
    for one in sets:
        ctx.measure("Throttles", 1, "Count", **one)


def running(ctx: Context, name: str, in_all: int, of_function: int) -> None:
    """How many executions there are at this moment."""
    ctx.measure("ConcurrentExecutions", in_all, "Count")
    ctx.measure("ConcurrentExecutions", of_function, "Count", FunctionName=name)
