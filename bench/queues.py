"""Queues: round trips of send, receive and delete; how soon a waiting receiver wakes; a queue that is full."""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import boto3

from bench import load, peers
from bench.load import Call, Target
from bench.objects import compare
from bench.peers import Peer

CONNECTIONS = 16
MESSAGES_OF_PEERS_MAX = 1_000


class Line:
    """One connection that asks and waits for the answer."""

    def __init__(self, target: Target, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._target = target
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, target: Target) -> Line:
        return cls(target, *await asyncio.open_connection("127.0.0.1", target.port))

    async def ask(self, operation: str, **params: Any) -> dict[str, Any]:
        body = json.dumps(params).encode()
        call = Call("sqs", body, f"AmazonSQS.{operation}", "application/x-amz-json-1.0")
        self._writer.write(load.signed(call, self._target))
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        answer = await self._reader.readexactly(length)
        if head[9:12] != b"200":
            raise RuntimeError(f"{operation}: {head[:40]!r} {answer[:300]!r}")
        if b"connection: close" in head.lower():
            self._writer.close()
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._target.port)
        found: dict[str, Any] = json.loads(answer or b"{}")
        return found

    def close(self) -> None:
        self._writer.close()


def run(make: dict[str, Callable[[], Peer]], chosen: argparse.Namespace) -> None:
    found = [new() for new in make.values()]
    try:
        urls = {}
        for peer in found:
            peer.start()
            made = boto3.client("sqs", **peers.with_clients(peer)).create_queue(QueueName="bench")
            urls[peer.name] = made["QueueUrl"]
        rates: dict[str, list[float]] = {peer.name: [] for peer in found}
        cpu: dict[str, list[float]] = {peer.name: [] for peer in found}
        for _ in range(chosen.rounds):
            for peer in found:
                before = peer.cpu_seconds()
                trips, seconds = asyncio.run(round_trips(peer, urls[peer.name], chosen.seconds))
                cpu[peer.name].append((peer.cpu_seconds() - before) / max(1, trips) * 1e6)
                rates[peer.name].append(trips / seconds)
        compare("send + receive + delete, 16 conn.", rates, "/s", cpu)
        for peer in found:
            print(
                f"{'a waiting receiver wakes':34} {peer.name:10} {asyncio.run(wake_ms(peer, urls[peer.name])):9.2f} ms"
            )
        for peer in found:
            count = chosen.many if peer.name == "fogbank" else min(chosen.many, MESSAGES_OF_PEERS_MAX)
            full(peer, urls[peer.name], count, chosen.seconds)
    finally:
        for peer in found:
            peer.close()


def target_of(peer: Peer) -> Target:
    return Target(peer.port, "test", "test")


async def round_trips(peer: Peer, url: str, seconds: float) -> tuple[int, float]:
    began = time.perf_counter()
    until = began + seconds

    async def work() -> int:
        line, done = await Line.open(target_of(peer)), 0
        while time.perf_counter() < until:
            await line.ask("SendMessage", QueueUrl=url, MessageBody="x" * 256)
            answer = await line.ask("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=1)
            for message in answer.get("Messages", ()):
                await line.ask("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                done += 1
        line.close()
        return done

    trips = sum(await asyncio.gather(*(work() for _ in range(CONNECTIONS))))
    return trips, time.perf_counter() - began


async def wake_ms(peer: Peer, url: str) -> float:
    """The median time from the answer to SendMessage until a long poll that waited has its message."""
    waiting, sending = await Line.open(target_of(peer)), await Line.open(target_of(peer))
    while (await waiting.ask("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10)).get("Messages"):
        pass
    times = []
    for _ in range(20):
        poll = asyncio.create_task(waiting.ask("ReceiveMessage", QueueUrl=url, WaitTimeSeconds=10))
        await asyncio.sleep(0.05)
        began = time.perf_counter()
        sent = asyncio.create_task(sending.ask("SendMessage", QueueUrl=url, MessageBody="x"))
        found = await poll
        times.append((time.perf_counter() - began) * 1000)
        await sent
        await sending.ask("DeleteMessage", QueueUrl=url, ReceiptHandle=found["Messages"][0]["ReceiptHandle"])
    waiting.close()
    sending.close()
    return statistics.median(times)


def full(peer: Peer, url: str, count: int, seconds: float) -> None:
    target = target_of(peer)
    entries = [{"Id": str(number), "MessageBody": "x" * 256} for number in range(10)]
    body = json.dumps({"QueueUrl": url, "Entries": entries}).encode()
    call = Call("sqs", body, "AmazonSQS.SendMessageBatch", "application/x-amz-json-1.0")
    began = time.perf_counter()
    for start in range(0, count // 10, 5_000):
        request = load.signed(call, target)
        asyncio.run(load.once(peer.port, [request] * min(5_000, count // 10 - start), CONNECTIONS))
    rate = count / (time.perf_counter() - began)
    trips, spent = asyncio.run(round_trips(peer, url, seconds))
    print(
        f"{f'with {count} messages waiting':34} {peer.name:10} {trips / spent:9.0f}/s round trips"
        f"  filled at {rate:6.0f}/s  {peer.memory_mib():7.1f} MiB",
        flush=True,
    )
