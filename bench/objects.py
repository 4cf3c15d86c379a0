"""Objects: small ones at 16 connections, a large one up and down, and a listing in a bucket that is full."""

from __future__ import annotations

import argparse
import asyncio
import socket
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path

import boto3

from bench import load, peers
from bench.load import Call, Target
from bench.peers import Peer

KIBIBYTE = b"x" * 1024
LARGE_BYTES = 64 * 1024 * 1024
NAMES = 1000
KEYS_OF_PEERS_MAX = 10_000


def run(make: dict[str, Callable[[], Peer]], chosen: argparse.Namespace) -> None:
    found = [new() for new in make.values()]
    try:
        for peer in found:
            peer.start()
            boto3.client("s3", **peers.with_clients(peer)).create_bucket(Bucket="bench")
        small(found, chosen.rounds, chosen.seconds)
        for peer in found:
            large(peer, chosen.rounds, "64 MiB, server on one core")
        for peer in found:
            peer.unpin()
            large(peer, chosen.rounds, "64 MiB, server on all cores")
            peer.pin()
        for peer in found:
            listing(peer, chosen.many if peer.name == "fogbank" else min(chosen.many, KEYS_OF_PEERS_MAX))
    finally:
        for peer in found:
            peer.close()


def target_of(peer: Peer) -> Target:
    return Target(peer.port, "test", "test")


def put(key: str, body: bytes = b"") -> Call:
    return Call("s3", body, content_type="binary/octet-stream", method="PUT", path=f"/bench/{key}")


def get(path: str, query: str = "") -> Call:
    return Call("s3", content_type="binary/octet-stream", method="GET", path=path, query=query)


def small(found: list[Peer], rounds: int, seconds: float) -> None:
    work = {
        "PutObject 1 KiB": [put(f"small/{number}", KIBIBYTE) for number in range(NAMES)],
        "GetObject 1 KiB": [get(f"/bench/small/{number}") for number in range(NAMES)],
    }
    for title, calls in work.items():
        rates: dict[str, list[float]] = {peer.name: [] for peer in found}
        cpu: dict[str, list[float]] = {peer.name: [] for peer in found}
        for _ in range(rounds):
            for peer in found:
                requests = [load.signed(call, target_of(peer)) for call in calls]
                before = peer.cpu_seconds()
                figures = asyncio.run(load.run(peer.port, requests, 16, seconds))
                cpu[peer.name].append((peer.cpu_seconds() - before) / max(1, figures.requests) * 1e6)
                rates[peer.name].append(figures.requests_per_second if not figures.errors else 0.0)
        compare(f"{title}, 16 connections", rates, "/s", cpu)


def compare(title: str, rates: dict[str, list[float]], unit: str, cpu: dict[str, list[float]] | None = None) -> None:
    """A line for each peer: the median, and how many times it fogbank's is."""
    own = statistics.median(rates["fogbank"]) if "fogbank" in rates else 0.0
    for name, ones in rates.items():
        rate = statistics.median(ones)
        ratio = "" if name == "fogbank" or not own or not rate else f"  fogbank is {own / rate:6.1f} x"
        spent = f"  {statistics.median(cpu[name]):8.0f} µs CPU" if cpu else ""
        print(f"{title:34} {name:10} {rate:9.0f}{unit}{spent}{ratio}", flush=True)


class Watch:
    """The largest resident set of a process while something happens, beyond what it was before, in MiB."""

    def __init__(self, peer: Peer) -> None:
        self._status = Path(f"/proc/{peer.pid}/statm")
        self._over = threading.Event()
        self.grown_mib = 0.0

    def _resident_mib(self) -> float:
        return int(self._status.read_text().split()[1]) * 4096 / 1024 / 1024

    def __enter__(self) -> Watch:
        self._before = self._resident_mib()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.002):
            self.grown_mib = max(self.grown_mib, self._resident_mib() - self._before)


def large(peer: Peer, rounds: int, title: str) -> None:
    body = b"0123456789abcdef" * (LARGE_BYTES // 16)
    up, down = [], []
    with Watch(peer) as watch:
        for number in range(max(3, rounds)):
            up.append(_timed(peer, load.head(put(f"large/{number}"), target_of(peer), LARGE_BYTES), body))
            down.append(_timed(peer, load.signed(get(f"/bench/large/{number}"), target_of(peer)), b""))
    rate = LARGE_BYTES / 1e6
    print(
        f"{title:34} {peer.name:10} up {rate / statistics.median(up):6.0f} MB/s"
        f"  down {rate / statistics.median(down):6.0f} MB/s  {watch.grown_mib:6.1f} MiB more",
        flush=True,
    )


def _timed(peer: Peer, head: bytes, body: bytes) -> float:
    """Seconds from the first byte of a request to the last of its answer."""
    room = bytearray(1024 * 1024)
    with socket.create_connection(("127.0.0.1", peer.port)) as connection:
        began = time.perf_counter()
        connection.sendall(head)
        if body:
            connection.sendall(body)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(65536)
        told, _, rest = answer.partition(b"\r\n\r\n")
        if told[9:12] != b"200":
            raise RuntimeError(f"{peer.name}: {answer[:300]!r}")
        length = int(told.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        left = length - len(rest)
        while left > 0:
            left -= connection.recv_into(room)
        return time.perf_counter() - began


def listing(peer: Peer, count: int) -> None:
    target = target_of(peer)
    began = time.perf_counter()
    for start in range(0, count, 20_000):
        batch = [load.signed(put(f"many/{number:07d}"), target) for number in range(start, min(count, start + 20_000))]
        asyncio.run(load.once(peer.port, batch, 16))
    rate = count / (time.perf_counter() - began)
    middle = f"many%2F{count // 2:07d}"
    pages = [load.signed(get("/bench", f"list-type=2&max-keys=1000&prefix=many%2F&start-after={middle}"), target)]
    figures = asyncio.run(load.run(peer.port, pages, 1, 2.0))
    prefixes = [load.signed(get("/bench", "delimiter=%2F&list-type=2"), target)]
    folded = asyncio.run(load.run(peer.port, prefixes, 1, 1.0))
    print(
        f"{f'ListObjectsV2 of 1,000 in {count}':34} {peer.name:10} {figures.median_ms:7.2f} ms"
        f"  with delimiter {folded.median_ms:7.2f} ms  filled at {rate:6.0f}/s  {peer.memory_mib():7.1f} MiB"
        f"{'  errors: ' + figures.first_error if figures.errors else ''}",
        flush=True,
    )
