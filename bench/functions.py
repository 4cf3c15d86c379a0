"""Functions: the first answer of a new environment, the next ones of a warm one, and both through the API."""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import statistics
import tempfile
import time
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import boto3

from bench import load, peers
from bench.load import Call, Target
from bench.peers import Peer
from fogbank.planes.net.fake import FakeNet
from fogbank.planes.sandbox.processes import ProcessSandboxes
from fogbank.planes.sandbox.sandbox import Function, Invocation

COLD, WARM = 30, 1_000
ORIENTATION = "(AWS, published: first call 1,100 ms, later ones 8 ms)"
ROLE = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}  # fmt: skip
CODE = {
    "main.py": "def handler(event, context): return event",
    "main.mjs": "export const handler = async (event) => event;",
}
KINDS = (("python3.11", "Python"), ("nodejs20.x", "Node"))


def invocation() -> Invocation:
    return Invocation("0", b'{"a":1}', "arn", int(time.time() * 1000) + 30_000)


async def timed(work: Callable[[], Awaitable[object]], count: int) -> list[float]:
    """Milliseconds of each of so many."""
    times = []
    for _ in range(count):
        began = time.perf_counter()
        await work()
        times.append((time.perf_counter() - began) * 1000)
    return sorted(times)


def told(title: str, times: list[float], rest: str = "") -> None:
    p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
    print(f"{title:34} {'fogbank':10} {statistics.median(times):8.2f} ms  p99 {p99:8.2f} ms  {rest}", flush=True)


async def plane(folder: Path) -> None:
    """The plane alone: from nothing to the first answer, and warm."""
    code = folder / "code"
    code.mkdir()
    for name, text in CODE.items():
        (code / name).write_text(text)
    ends: list[asyncio.Future[None]] = []
    sandboxes = ProcessSandboxes(folder / "state", f"fbbench{time.time_ns() % 10**6}", FakeNet("plain"))
    try:
        for runtime, name in KINDS:
            if reason := sandboxes.runtimes()[runtime]:
                print(f"{f'{name}: {reason}':34}")
                continue
            function = Function(name="bench", runtime=runtime, handler="main.handler", code=code)
            warm = await sandboxes.start(function)

            async def first(function: Function = function) -> None:
                environment = await sandboxes.start(function)
                await environment.invoke(invocation())
                ends.append(asyncio.ensure_future(environment.stop()))

            told(f"{name}, first answer (plane)", await timed(first, COLD))
            await asyncio.gather(*ends)
            ends.clear()
            told(f"{name}, warm (plane)", await timed(lambda warm=warm: warm.invoke(invocation()), WARM))  # type: ignore[misc]
            await warm.stop()
    finally:
        await sandboxes.close()


def archive() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as opened:
        for name, text in CODE.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o644 << 16
            opened.writestr(info, text)
    return made.getvalue()


def through(peer: Peer, seconds: float) -> None:
    """The same through the API, over HTTP, signed."""
    clients = peers.with_clients(peer)
    role = boto3.client("iam", **clients).create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(ROLE))
    functions = boto3.client("lambda", **clients)
    target = Target(peer.port, clients["aws_access_key_id"], clients["aws_secret_access_key"])
    for runtime, name in KINDS:
        made = functions.create_function(
            FunctionName=name, Runtime=runtime, Handler="main.handler", Role=role["Role"]["Arn"],
            Code={"ZipFile": archive()}, Publish=False,
        )  # fmt: skip
        functions.get_waiter("function_active_v2").wait(FunctionName=made["FunctionName"])
        times = []
        for number in range(COLD):
            # What is changed begins anew.
            functions.update_function_configuration(FunctionName=name, Description=str(number))
            functions.get_waiter("function_updated_v2").wait(FunctionName=name)
            began = time.perf_counter()
            functions.invoke(FunctionName=name, Payload=b"{}")
            times.append((time.perf_counter() - began) * 1000)
        told(f"{name}, first answer", sorted(times), ORIENTATION)
        path = f"/2015-03-31/functions/{name}/invocations"
        requests = [load.signed(Call("lambda", b'{"a":1}', content_type="application/json", path=path), target)]
        for connections in (1, 8):
            asyncio.run(load.run(peer.port, requests, connections, 0.5))
            found = asyncio.run(load.run(peer.port, requests, connections, seconds))
            title = f"{name}, warm, {connections} connection{'s' if connections > 1 else ''}"
            rest = f"p99 {found.p99_ms:8.2f} ms  {found.requests_per_second:6.0f}/s  {found.errors} errors"
            print(f"{title:34} {'fogbank':10} {found.median_ms:8.2f} ms  {rest} {found.first_error}", flush=True)


def run(make: dict[str, Callable[[], Peer]], chosen: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="fogbank-bench-") as folder:
        asyncio.run(plane(Path(folder)))
    if "fogbank" not in make:
        return
    peer = make["fogbank"]()
    try:
        peer.start()
        through(peer, chosen.seconds)
    finally:
        peer.close()
