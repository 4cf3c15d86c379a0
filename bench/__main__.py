"""`make bench`: one table; `make bench BENCH="--seconds 1 --rounds 1"` for a glance."""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import signal
import statistics
import sys
from collections.abc import Callable
from urllib.parse import urlencode

import boto3
import uvloop

from bench import (
    checks,
    databases,
    failovers,
    functions,
    load,
    names,
    network,
    objects,
    peers,
    queues,
    stacks,
    telemetry,
)
from bench.load import Call, Figures, Target
from bench.peers import CLIENT_CORE, Peer

NAMES = 200
BODIES = 4000
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["ssm:*Parameter*"], "Resource": "arn:aws:ssm:*:*:parameter/bench/*"},
        {"Effect": "Allow", "Action": "kms:*", "Resource": "*"},
    ],
}
Row = tuple[str, str, dict[str, list[Figures]], dict[str, list[float]]]


def parameter(operation: str, **params: object) -> Call:
    return Call("ssm", json.dumps(params).encode(), f"AmazonSSM.{operation}")


def gets(peer: str, key: str) -> list[Call]:
    return [parameter("GetParameter", Name=f"/bench/{number}") for number in range(NAMES)]


def puts(peer: str, key: str) -> list[Call]:
    return [
        parameter(
            "PutParameter", Name=f"/bench/{number % NAMES}", Value=f"{number:0300d}", Type="String", Overwrite=True
        )
        for number in range(BODIES)
    ]


def identities(peer: str, key: str) -> list[Call]:
    body = urlencode({"Action": "GetCallerIdentity", "Version": "2011-06-15"}).encode()
    return [Call("sts", body, content_type="application/x-www-form-urlencoded; charset=utf-8")]


def encrypts(peer: str, key: str) -> list[Call]:
    plain = base64.b64encode(b"x" * 64).decode()
    body = json.dumps({"KeyId": key, "Plaintext": plain, "EncryptionContext": {"a": "b"}}).encode()
    return [Call("kms", body, "TrentService.Encrypt")]


WORKLOADS: list[tuple[str, Callable[[str, str], list[Call]], tuple[int, ...]]] = [
    ("GetParameter", gets, (1, 16, 64)),
    ("PutParameter", puts, (1, 16, 64)),
    ("GetCallerIdentity", identities, (16,)),
    ("kms Encrypt", encrypts, (16,)),
]


def prepared(peer: Peer) -> tuple[Target, str]:
    """A peer with its parameters and a key. fogbank's caller is a user bound by a policy, its signature verified."""
    clients = peers.with_clients(peer)
    access_key_id, secret = clients["aws_access_key_id"], clients["aws_secret_access_key"]
    if peer.name == "fogbank":
        iam = boto3.client("iam", **clients)
        iam.create_user(UserName="bench")
        iam.put_user_policy(UserName="bench", PolicyName="bench", PolicyDocument=json.dumps(POLICY))
        made = iam.create_access_key(UserName="bench")["AccessKey"]
        access_key_id, secret = made["AccessKeyId"], made["SecretAccessKey"]
        clients |= {"aws_access_key_id": "000000000000"}
    ssm = boto3.client("ssm", **clients)
    for number in range(NAMES):
        ssm.put_parameter(Name=f"/bench/{number}", Value="0" * 300, Type="String")
    key = boto3.client("kms", **clients).create_key()["KeyMetadata"]["KeyId"]
    return Target(peer.port, access_key_id, secret), key


def throughput(found: list[Peer], rounds: int, seconds: float) -> None:
    """Every workload on every peer in turn, `rounds` times; medians, and ratios to fogbank."""
    ready = {peer.name: prepared(peer) for peer in found}
    idle = {peer.name: peer.memory_mib() for peer in found}
    for name, calls, connections in WORKLOADS:
        for count in connections:
            figures: dict[str, list[Figures]] = {peer.name: [] for peer in found}
            cpu: dict[str, list[float]] = {peer.name: [] for peer in found}
            for _ in range(rounds):
                for peer in found:
                    target, key = ready[peer.name]
                    requests = [load.signed(call, target) for call in calls(peer.name, key)]
                    before = peer.cpu_seconds()
                    figures[peer.name].append(asyncio.run(load.run(peer.port, requests, count, seconds)))
                    spent = peer.cpu_seconds() - before
                    cpu[peer.name].append(spent / max(1, figures[peer.name][-1].requests) * 1e6)
            report(f"{name}, {count} connection{'s' if count > 1 else ''}", figures, cpu)
    for peer in found:
        print(f"{'memory after a few calls (MiB)':34} {peer.name:10} {idle[peer.name]:8.1f}")


def report(title: str, figures: dict[str, list[Figures]], cpu: dict[str, list[float]]) -> None:
    own = statistics.median(one.requests_per_second for one in figures["fogbank"])
    for name, ones in figures.items():
        rate = statistics.median(one.requests_per_second for one in ones)
        median_ms = statistics.median(one.median_ms for one in ones)
        ratio = "" if name == "fogbank" else f"  fogbank is {own / rate:6.1f} x"
        errors = sum(one.errors for one in ones)
        bad = f"  {errors} errors: {next(one.first_error for one in ones if one.first_error)}" if errors else ""
        print(
            f"{title:34} {name:10} {rate:9.0f}/s  {median_ms:8.2f} ms  {statistics.median(cpu[name]):8.0f} µs CPU"
            f"{ratio}{bad}",
            flush=True,
        )


def starts(make: dict[str, Callable[[], Peer]], rounds: int) -> None:
    """Time from exec to the first answer, and memory at rest, on fresh folders."""
    for name, new in make.items():
        times, memory = [], []
        for _ in range(rounds):
            peer = new()
            try:
                peer.start()
                times.append(peer.first_answer_ms)
                memory.append(peer.memory_mib())
            finally:
                peer.close()
        print(
            f"{'first answer after exec; at rest':34} {name:10} {statistics.median(times):6.0f} ms"
            f"  {statistics.median(memory):6.1f} MiB",
            flush=True,
        )


def growth(make: dict[str, Callable[[], Peer]], counts: tuple[int, ...], seconds: float) -> None:
    """Time of a call, memory, and the next start, as the number of parameters grows."""
    for name, new in make.items():
        peer = new()
        try:
            peer.start()
            target = Target(peer.port, "000000000000" if name == "fogbank" else "test", "test")
            filled = 0
            for count in counts:
                rate = fill(peer, target, filled, count)
                filled = count
                reads = [
                    load.signed(parameter("GetParameter", Name=f"/many/{number}"), target)
                    for number in range(0, count, max(1, count // 500))
                ]
                pages = [load.signed(parameter("GetParametersByPath", Path="/many", MaxResults=10), target)]
                get = asyncio.run(load.run(peer.port, reads, 1, seconds))
                page = asyncio.run(load.run(peer.port, pages, 1, seconds))
                times = f"get {get.median_ms:7.3f} ms  page {page.median_ms:7.3f} ms  put {rate:6.0f}/s"
                rest = f"{peer.memory_mib():7.1f} MiB  {get.errors + page.errors} errors"
                print(f"{f'with {count} parameters':34} {name:10} {times}  {rest}", flush=True)
            if name == "fogbank":
                peer.stop()
                peer.start()
                get = asyncio.run(load.run(peer.port, reads, 1, 0.2))
                print(f"{f'start again with {filled}':34} {name:10} {peer.first_answer_ms:6.0f} ms")
        finally:
            peer.close()


def fill(peer: Peer, target: Target, start: int, end: int) -> float:
    """Make parameters `start` to `end`; returns how many a second."""
    requests = [
        load.signed(
            parameter("PutParameter", Name=f"/many/{number}", Value=f"{number:0100d}", Type="String", Tier="Advanced"),
            target,
        )
        for number in range(start, end)
    ]
    return asyncio.run(load.once(peer.port, requests, 16))


PARTS = (
    "starts",
    "throughput",
    "growth",
    "objects",
    "queues",
    "telemetry",
    "network",
    "databases",
    "failovers",
    "names",
    "checks",
    "functions",
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=3.0, help="length of one run")
    options.add_argument("--rounds", type=int, default=3, help="runs of each")
    options.add_argument("--only", default="fogbank,ministack,moto", help="peers")
    options.add_argument("--parts", default=",".join(PARTS))
    options.add_argument(
        "--many", type=int, default=1_000_000, help="objects, messages and log events of the large runs"
    )
    options.add_argument("--parameters", default="1000,10000,100000")
    chosen = options.parse_args()
    make = {name: getattr(peers, name) for name in chosen.only.split(",")}
    os.sched_setaffinity(0, {CLIENT_CORE})
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    print(f"python {sys.version.split()[0]}, server on core {peers.SERVER_CORE}, client on core {CLIENT_CORE}\n")
    if "starts" in chosen.parts:
        starts(make, max(3, chosen.rounds))
    if "throughput" in chosen.parts:
        found = [new() for new in make.values()]
        try:
            for peer in found:
                peer.start()
            throughput(found, chosen.rounds, chosen.seconds)
        finally:
            for peer in found:
                peer.close()
    for name, part in (
        ("objects", objects.run),
        ("queues", queues.run),
        ("telemetry", telemetry.run),
        ("network", network.run),
        ("databases", databases.run),
        ("failovers", failovers.run),
        ("names", names.run),
        ("functions", functions.run),
        ("checks", checks.run),
        ("stacks", stacks.run),
    ):
        if name in chosen.parts:
            part(make, chosen)
    if "growth" in chosen.parts:
        growth(make, tuple(int(count) for count in chosen.parameters.split(",")), chosen.seconds / 3)


main()
