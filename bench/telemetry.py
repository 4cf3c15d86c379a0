"""Metrics and logs: a thousand points in a call, and a search through many events."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from bench import peers
from bench.peers import Peer

POINTS = 1_000
EVENTS_OF_PEERS_MAX = 100_000
RARE_EVERY = 100_000


def run(make: dict[str, Callable[[], Peer]], chosen: argparse.Namespace) -> None:
    for name, new in make.items():
        peer = new()
        try:
            peer.start()
            metrics(peer, chosen.rounds)
            logs(peer, chosen.many if name == "fogbank" else min(chosen.many, EVENTS_OF_PEERS_MAX))
        finally:
            peer.close()


def metrics(peer: Peer, rounds: int) -> None:
    """Told with the client's share, botocore's writing and signing of each call, and the server's CPU without it."""
    client = boto3.client("cloudwatch", **peers.with_clients(peer))
    data = [
        {
            "MetricName": f"m{number % 100}",
            "Dimensions": [{"Name": "Host", "Value": f"h{number % 10}"}],
            "Value": float(number),
            "Unit": "Count",
        }
        for number in range(POINTS)
    ]
    times, cpu = [], []
    for _ in range(5 * rounds):
        before, began = peer.cpu_seconds(), time.perf_counter()
        client.put_metric_data(Namespace="bench", MetricData=data)
        times.append((time.perf_counter() - began) * 1000)
        cpu.append((peer.cpu_seconds() - before) * 1000)
    print(
        f"{'PutMetricData of 1,000 points':34} {peer.name:10} {statistics.median(times):9.2f} ms with the client's"
        f"  {statistics.mean(cpu):6.1f} ms CPU of the server",
        flush=True,
    )


def logs(peer: Peer, count: int) -> None:
    client = boto3.client("logs", **peers.with_clients(peer))
    client.create_log_group(logGroupName="bench")
    client.create_log_stream(logGroupName="bench", logStreamName="s")
    now = int(time.time() * 1000) - count
    began = time.perf_counter()
    for start in range(0, count, 5_000):
        events = [{"timestamp": now + number, "message": _message(number)} for number in range(start, start + 5_000)]
        client.put_log_events(logGroupName="bench", logStreamName="s", logEvents=events)
    filled = time.perf_counter() - began
    began = time.perf_counter()
    matched = 0
    try:
        for page in client.get_paginator("filter_log_events").paginate(logGroupName="bench", filterPattern="Exception"):
            matched += len(page["events"])
    except (BotoCoreError, ClientError) as error:
        print(f"{'FilterLogEvents':34} {peer.name:10} {error}")
        return
    found = time.perf_counter() - began
    print(
        f"{f'FilterLogEvents over {count}':34} {peer.name:10} {found:9.2f} s, {matched} found"
        f"  filled at {count / filled:7.0f}/s  {peer.memory_mib():7.1f} MiB",
        flush=True,
    )


def _message(number: int) -> str:
    if number % RARE_EVERY == 0:
        return f"Exception in request {number}: connection reset by peer"
    return f"INFO request {number} took {number % 97} ms for customer {number % 1013} on host h{number % 10}"
