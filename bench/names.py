"""Names: answers per second, CPU per answer, times at half load beside PowerDNS; many zones; how soon changes are told.

PowerDNS answers simple records from zone files (with its packet cache, as it comes) and the others with its geoip
backend: weighted ones by weight, and, in the place of latency, by the network that asks. It takes no database offline.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import boto3

from bench import peers
from bench.peers import CLIENT_CORE, Peer
from fogbank import cloud as clouds
from fogbank.aws.scope import Scope
from fogbank.control import caller as callers
from fogbank.control.context import Context
from fogbank.planes.dns import message, read
from fogbank.services.route53 import rules, zones
from fogbank.services.route53.resources import HostedZone
from fogbank.settings import Settings

ZONE = "bench.example"
NAMES = 100
KINDS = ("simple", "weighted", "latency")
REGIONS = ("us-east-1", "eu-west-1", "ap-northeast-1")
SHARE = 0.5
"""Of what it can do at most: the load at which times are taken."""
ZONES, ZONES_OF_ACCOUNT = 100_000, 500
CHANGES, BATCH = 20, 400
_WAIT_SECONDS = 2.0
_OUTSTANDING = 100


class NameServer(Peer):
    """A server of names, started once it says something."""

    def _answers(self) -> bool:
        return bool(asked(self.port, f"simple0.{ZONE}"))


def run(make: dict[str, Callable[[], Peer]], chosen: argparse.Namespace) -> None:
    """Both servers on one core, dnsperf on the other; rounds in turn."""
    missing = [one for one in ("dnsperf", "pdns_server") if not _program(one)]
    if missing:
        print(
            f"{'names':34} {'':10} needs {' and '.join(missing)}: apt-get install dnsperf pdns-server"
            " pdns-backend-bind pdns-backend-geoip",
            flush=True,
        )
    else:
        rates(chosen.rounds, chosen.seconds)
    with tempfile.TemporaryDirectory(prefix="fogbank-bench-") as folder:
        many(Path(folder))


def _program(name: str) -> str:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") or ""


def asked(port: int, name: str, seconds: float = 1.0) -> tuple[read.Line, ...]:
    """The records of an answer; none where none came."""
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.settimeout(seconds)
        sock.connect(("127.0.0.1", port))
        try:
            sock.send(read.question(7, name, message.A))
            return read.reading(sock.recv(4096)).answer
        except OSError:
            return ()


class Cloud(Peer):
    """fogbank, with any port of DNS that is free for both transports."""

    def __init__(self, state: str = "{folder}/state") -> None:
        argv = [sys.executable, "-m", "fogbank", "up", "--port", "{port}", "--state", state]
        super().__init__("fogbank", argv, {"FOGBANK_DNS_PORT": "0"}, path="/_fogbank/health")

    def dns_port(self) -> int:
        with urlopen(f"http://127.0.0.1:{self.port}/_fogbank/info", timeout=10) as answer:
            return int(json.load(answer)["dns"].rpartition(":")[2])


def powerdns() -> Peer:
    argv = [_program("pdns_server"), "--no-config", "--launch=bind,geoip", "--bind-config={folder}/named.conf"]
    argv += ["--geoip-zones-file={folder}/geo.yaml", "--local-address=127.0.0.1", "--local-port={port}"]
    argv += ["--socket-dir={folder}", "--daemon=no", "--guardian=no", "--disable-syslog", "--loglevel=3"]
    peer = NameServer("powerdns", argv)
    (peer.folder / "named.conf").write_text(f'zone "{ZONE}" {{ type master; file "{peer.folder}/zone"; }};\n')
    head = f"$TTL 60\n@ SOA ns.{ZONE}. h.{ZONE}. 1 7200 900 1209600 86400\n@ NS ns.{ZONE}.\n"
    (peer.folder / "zone").write_text(head + "".join(f"simple{n} A 192.0.2.1\n" for n in range(NAMES)))
    (peer.folder / "geo.yaml").write_text(_geo())
    return peer


def _geo() -> str:
    lines = ["domains:", f"- domain: geo.{ZONE}", "  ttl: 60", "  records:", f"    geo.{ZONE}:"]
    lines += [f"      - soa: ns.{ZONE}. h.{ZONE}. 1 7200 900 1209600 86400", f"      - ns: ns.{ZONE}."]
    for number in range(3):
        lines += [f"    at{number}.geo.{ZONE}:", f"      - a: 192.0.2.{number}"]
    for name in range(NAMES):
        lines += [f"    weighted{name}.geo.{ZONE}:"]
        lines += [f"      - a: {{content: 192.0.2.{n}, weight: {10 * n + 10}}}" for n in range(3)]
    lines += ["  services:"]
    for name in range(NAMES):
        lines += [f"    latency{name}.geo.{ZONE}:", f"      default: ['at0.geo.{ZONE}']"]
        lines += [f"      10.0.0.0/8: ['at1.geo.{ZONE}']", f"      127.0.0.0/8: ['at2.geo.{ZONE}']"]
    return "\n".join(lines) + "\n"


def _record(name: str, **more: Any) -> dict[str, Any]:
    value = more.pop("Value", "192.0.2.1")
    body = {"Name": f"{name}.{ZONE}", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": value}], **more}
    return {"Action": "UPSERT", "ResourceRecordSet": body}


def filled(peer: Peer) -> tuple[Any, str]:
    """A zone with all kinds of records: a client and the zone's id."""
    client = boto3.client("route53", **peers.with_clients(peer))
    zone = client.create_hosted_zone(Name=ZONE, CallerReference="bench")["HostedZone"]["Id"]
    changes = [_record(f"simple{name}") for name in range(NAMES)]
    for name in range(NAMES):
        for number, region in enumerate(REGIONS):
            more = {"SetIdentifier": region, "Value": f"192.0.2.{number}"}
            changes.append(_record(f"weighted{name}", Weight=10 * number + 10, **more))
            changes.append(_record(f"latency{name}", Region=region, **more))
    for first in range(0, len(changes), BATCH):
        batch = {"Changes": changes[first : first + BATCH]}
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    return client, zone


def rates(rounds: int, seconds: float) -> None:
    own, other = Cloud(), powerdns()
    try:
        for peer in (own, other):
            peer.start()
        port = own.dns_port()
        client, zone = filled(own)
        for kind in KINDS:
            where = {"fogbank": (own, port, ZONE), "powerdns": (other, other.port, f"geo.{ZONE}")}
            if kind == "simple":
                where["powerdns"] = (other, other.port, ZONE)
            figures = compare(kind, where, rounds, seconds)
            report(kind, figures)
        changed(client, zone, port)
    finally:
        own.close()
        other.close()


def compare(
    kind: str, where: dict[str, tuple[Peer, int, str]], rounds: int, seconds: float
) -> dict[str, list[tuple[float, float, float]]]:
    """(answers per second, CPU µs per answer, ms of the slowest hundredth at half that rate), each round."""
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in where}
    for _ in range(rounds):
        for name, (peer, port, zone) in where.items():
            before = peer.cpu_seconds()
            count, rate = loaded(port, kind, zone, seconds)
            cpu = (peer.cpu_seconds() - before) / max(1, count) * 1e6
            found[name].append((rate, cpu, slowest(port, kind, zone, (seconds, rate * SHARE))))
    return found


def report(kind: str, figures: dict[str, list[tuple[float, float, float]]]) -> None:
    """A row for each server; ratios are taken within rounds."""
    for name, rows in figures.items():
        rate, cpu, p99 = (statistics.median(column) for column in zip(*rows, strict=True))
        pairs = zip(figures["fogbank"], rows, strict=True)
        share = statistics.median(own[0] / other[0] for own, other in pairs)
        ratio = "" if name == "fogbank" else f"  fogbank answers {share * 100:5.0f} % of that"
        title = f"{kind} records"
        print(
            f"{title:34} {name:10} {rate:9.0f}/s  {cpu:6.1f} µs CPU  p99 {p99:6.3f} ms at half load{ratio}", flush=True
        )


def _dnsperf(port: int, kind: str, zone: str, *more: str) -> str:
    with tempfile.NamedTemporaryFile("w", suffix=".names") as names:
        names.write("".join(f"{kind}{name}.{zone} A\n" for name in range(NAMES)))
        names.flush()
        argv = ["taskset", "-c", str(CLIENT_CORE), _program("dnsperf"), "-s", "127.0.0.1", "-p", str(port)]
        argv += ["-d", names.name, "-e", "-q", str(_OUTSTANDING), "-c", "8", *more]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def loaded(port: int, kind: str, zone: str, seconds: float) -> tuple[int, float]:
    """How many questions were answered, and how many a second. Raises RuntimeError where one was not, or not well."""
    said = _dnsperf(port, kind, zone, "-l", str(max(1, round(seconds))))
    count = int(re.findall(r"Queries completed:\s+(\d+)", said)[0])
    if not re.search(rf"Response codes:\s+NOERROR {count} \(100.00%\)", said):
        raise RuntimeError(said)
    return count, float(re.findall(r"Queries per second:\s+([\d.]+)", said)[0])


def slowest(port: int, kind: str, zone: str, load: tuple[float, float]) -> float:
    """Milliseconds that 99 of 100 answers take at most, at (seconds, questions per second)."""
    seconds, rate = load
    said = _dnsperf(port, kind, zone, "-v", "-l", str(max(1, round(seconds))), "-Q", str(int(rate)))
    times = sorted(float(one) for one in re.findall(r"^> NOERROR \S+ A ([\d.]+)$", said, re.M))
    return times[len(times) * 99 // 100] * 1000


def changed(client: Any, zone: str, port: int) -> None:
    """From the answer of the API to the first new answer on the wire, while the old one is being asked for."""
    times = []
    for number in range(CHANGES):
        value = f"198.51.100.{number}"
        batch = {"Changes": [_record("simple0", Value=value)]}
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
        began = time.perf_counter()
        while [one.data for one in asked(port, f"simple0.{ZONE}")] != [value]:
            if time.perf_counter() - began > _WAIT_SECONDS:
                raise RuntimeError(f"{value} is not told")
        times.append((time.perf_counter() - began) * 1000)
    text = f"{statistics.median(times):6.2f} ms  worst {max(times):6.2f} ms (aim: 100 ms)"
    print(f"{'a change is told after':34} {'fogbank':10} {text}", flush=True)


def many(folder: Path) -> None:
    """100,000 zones: from exec until any of them answers, and the memory of that and of a walk through all."""
    state = folder / "state"
    names = fill(state)
    peer = Cloud(str(state))
    try:
        began = time.perf_counter()
        peer.start()
        port = peer.dns_port()
        if not asked(port, names[-1], 30):
            raise RuntimeError(f"{names[-1]} is not told")
        taken, memory = time.perf_counter() - began, peer.memory_mib()
        dice = random.Random(1)
        first = []
        for name in dice.sample(names, 1000):
            at = time.perf_counter()
            asked(port, name, 30)
            first.append((time.perf_counter() - at) * 1000)
        walk(port, names)
        text = f"{taken:6.2f} s  {memory:6.1f} MiB, after all were asked for {peer.memory_mib():6.1f} MiB"
        more = f"first answer of a zone {statistics.median(first):5.2f} ms, worst {max(first):6.1f} ms"
        print(f"{f'start with {len(names)} zones':34} {'fogbank':10} {text}; {more} (aims: 5 s, 400 MiB)", flush=True)
    finally:
        peer.close()


def walk(port: int, names: list[str]) -> None:
    """Ask for every name once."""
    for name in names:
        asked(port, name, 30)


def fill(state: Path) -> list[str]:
    """Write a state of many zones, each with a record of its own; returns a name of each zone."""
    # What is written is brought to the log below; there is no loop that would.
    cloud = clouds.Cloud(Settings(state=str(state)), schedule=lambda call: None)
    names = []
    for first in range(0, ZONES, ZONES_OF_ACCOUNT):
        account = f"{first // ZONES_OF_ACCOUNT + 1:012d}"
        ctx = Context(cloud.dispatch, "route53", "bench", Scope("aws", account, "us-east-1"), callers.root(account))
        with ctx.begin():
            for number in range(first, first + ZONES_OF_ACCOUNT):
                names.append(f"www.z{number}.example")
                _zone(ctx, number)
        cloud.store.flush()
    cloud.close()
    return names


def _zone(ctx: Context, number: int) -> None:
    name, servers = f"z{number}.example.", rules.servers(number)
    zone = HostedZone(
        id=f"Z{number:018d}", name=name, reference=name, servers=servers, shard=" ".join(servers), records=3
    )
    ctx.put(zone)
    own = {"Name": f"www.{name}", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    for shown in (*zones.first_records(zone), own):
        ctx.put(zones.record_of(zone.id, shown))
