"""Networks: interfaces against bare devices, a group's rule in a small VPC and a large one, throughput, repair."""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import boto3

from bench import load, peers
from bench.load import Call, Target
from bench.peers import Peer
from fogbank.planes.net.facts import Fact, Namespace, Pair
from fogbank.services.ec2.network import interfaces, names, skeleton, tables
from fogbank.services.ec2.resources import Block, NetworkInterface, PrivateAddress, RouteTable, Subnet, Vpc
from fogbank.testing.network import Network

FEW, MANY, TOGETHER = 10, 1_000, 50
REGION = "us-east-1"
_SINK = """
import socket, time
s = socket.create_server(("0.0.0.0", 5001)); c, _ = s.accept(); b = bytearray(1 << 20); n = 0; t = time.perf_counter()
while k := c.recv_into(b): n += k
print(n * 8 / (time.perf_counter() - t) / 1e9)
"""
_SOURCE = """
import socket, sys, time
for _ in range(400):
    try: c = socket.create_connection((sys.argv[1], 5001), 1); break
    except OSError: time.sleep(0.01)
end = time.perf_counter() + float(sys.argv[2]); b = bytes(1 << 20)
while time.perf_counter() < end: c.sendall(b)
"""


def run(make: dict[str, Callable[[], Peer]], chosen: argparse.Namespace) -> None:
    """As root, with every core; nothing of it is compared with other emulators, which have no packets."""
    net = Network()
    try:
        against_floor(net, chosen.rounds)
        rules(net)
    finally:
        net.close()
    net = Network()
    try:
        throughput(net, chosen.rounds, chosen.seconds)
    finally:
        net.close()
    if "fogbank" in make:
        busy(make["fogbank"]())


def _row(name: str, text: str) -> None:
    print(f"{name:34} {'fogbank':10} {text}", flush=True)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


# An interface against its floor


def against_floor(net: Network, rounds: int) -> None:
    """Interleaved: namespaces with a pair of devices each, and whole interfaces; one by one, and many together."""
    fabric = dict(_fabric())
    net.run(net.net.set(fabric))
    for together in (1, TOGETHER):
        bare, whole, number = [], [], 0
        for _ in range(10 * rounds if together > 1 else 50 * rounds):
            batch = range(number, number + together)
            number += together
            bare.append(_timed(lambda batch=batch: net.run(net.net.set({f"bare/{one}": _bare(one) for one in batch}))))
            eni = {f"whole/{one}": _interface(one) for one in batch}
            whole.append(_timed(lambda eni=eni: net.run(net.net.set(eni))))
            if number % 500 == 0:
                net.run(net.net.set({}, within=("bare/", "whole/")))
        floor, made = (statistics.median(times) / together for times in (bare, whole))
        name = "an interface" + (f", {together} together" if together > 1 else ", one by one")
        _row(name, f"{made:6.2f} ms each  bare veth and namespace {floor:5.2f} ms  {made / floor:.2f} ×")
        net.run(net.net.set({}, within=("bare/", "whole/")))
    net.run(net.net.set({}, within=("",)))


def _bare(number: int) -> frozenset[Fact]:
    macs = [f"02:00:{end:02x}:00:{number >> 8:02x}:{number & 255:02x}" for end in (0, 1)]
    pair = Pair("bare", f"b{number}", macs[0], f"bare-{number}", "eth0", macs[1])
    return frozenset({Namespace("bare", True), Namespace(f"bare-{number}"), pair})


_VPC = Vpc(id="vpc-0000000000000bench", blocks=(Block("a", "10.0.0.0/16"),))
_SUBNET = Subnet(
    vpc_id=_VPC.id, id="subnet-bench", number=101, cidr="10.0.0.0/16", zone="us-east-1a", zone_id="a", acl_id="acl-x"
)


def _fabric() -> Iterator[tuple[str, frozenset[Fact]]]:
    table = RouteTable(vpc_id=_VPC.id, id="rtb-x", number=102)
    yield "fabric/vpc", skeleton.router(_VPC)
    yield "fabric/table", tables.route_table(_VPC, table, [], [0])
    yield "fabric/subnet", tables.subnet(_SUBNET, _VPC, table, 0)


def _interface(number: int) -> frozenset[Fact]:
    eni = NetworkInterface(
        vpc_id=_VPC.id,
        id=f"eni-{number:017x}",
        subnet_id=_SUBNET.id,
        mac=names.mac(f"eni-{number}", 1),
        addresses=(PrivateAddress(f"10.0.{number // 200 + 1}.{number % 200 + 4}"),),
        groups=("sg-x",),
    )
    return interfaces.interface(_VPC, _SUBNET, eni, REGION)


# One rule of one group


def rules(net: Network) -> None:
    """The same change to a group in VPCs of 10 and of 1,000 interfaces, in turn: from the call to the kernel."""
    groups: dict[int, str] = {}
    before = _available_mib()
    for count in (FEW, MANY):
        account = f"{count:012d}"
        began = time.perf_counter()
        groups[count] = _fill(net, account, count)
        net.settle()
        took = time.perf_counter() - began
    used = before - _available_mib()
    _row(f"{MANY:,} interfaces", f"{took:6.1f} s from the first call until the kernel has them all  {used:5.0f} MiB")
    times: dict[int, list[float]] = {FEW: [], MANY: []}
    for port in range(1000, 1060):
        for count, group in groups.items():
            change = {"GroupId": group, "IpPermissions": [_tcp(port)]}
            account = f"{count:012d}"
            times[count].append(_timed(partial(net.ec2, "AuthorizeSecurityGroupIngress", account=account, **change)))
            net.ec2("RevokeSecurityGroupIngress", account=account, **change)
    few, many = (statistics.median(times[count]) for count in (FEW, MANY))
    _row("a rule of a group, at 10 and 1,000", f"{few:6.2f} ms  {many:6.2f} ms  {many / few:.2f} ×")


def _tcp(port: int) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}


def _fill(net: Network, account: str, count: int) -> str:
    """A VPC with interfaces; returns the group that all of them are in. Calls do not wait for the kernel."""
    from fogbank.control import caller as callers

    def ec2(operation: str, **params: Any) -> dict[str, Any]:
        return net.cloud.call("ec2", operation, params, caller=callers.root(account), region=REGION)

    vpc = ec2("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2("CreateSecurityGroup", GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    subnet = ec2("CreateSubnet", VpcId=vpc, CidrBlock="10.0.0.0/20")["Subnet"]["SubnetId"]
    for _ in range(count):
        ec2("CreateNetworkInterface", SubnetId=subnet, Groups=[group])
    return str(group)


def _available_mib() -> float:
    line = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable"))
    return int(line.split()[1]) / 1024


# Throughput


def throughput(net: Network, rounds: int, seconds: float) -> None:
    """One TCP stream within a subnet, across subnets, and over a bare bridge, in turn; the best of each."""
    places = {"bridge": _bridge(net), **_subnets(net)}
    best = dict.fromkeys(places, 0.0)
    for _ in range(2 * rounds):
        for name, (here, there, address) in places.items():
            best[name] = max(best[name], _stream(net, here, there, address, seconds / 2))
    bridge = best.pop("bridge")
    words = "  ".join(f"{name} {rate:.1f} Gbit/s {rate / bridge:.2f} ×" for name, rate in best.items())
    _row("one TCP stream", f"{words}  bare bridge {bridge:.1f} Gbit/s")


def _stream(net: Network, here: str, there: str, address: str, seconds: float) -> float:
    sink = [*net.net.entry(there), sys.executable, "-c", _SINK]
    source = [*net.net.entry(here), sys.executable, "-c", _SOURCE, address, str(seconds)]
    with subprocess.Popen(sink, stdout=subprocess.PIPE, text=True) as receiver:
        subprocess.run(source, check=True)
        return float(receiver.communicate()[0])


def _subnets(net: Network) -> dict[str, tuple[str, str, str]]:
    vpc = net.ec2("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    found = []
    for block in ("10.0.1.0/24", "10.0.1.0/24", "10.0.2.0/24"):
        if block not in [one[0] for one in found]:
            subnet = net.ec2("CreateSubnet", VpcId=vpc, CidrBlock=block)["Subnet"]["SubnetId"]
        eni = net.ec2("CreateNetworkInterface", SubnetId=subnet)["NetworkInterface"]
        found.append((block, eni["NetworkInterfaceId"], eni["PrivateIpAddress"]))
    (_, one, _), (_, two, near), (_, three, far) = found
    return {"in a subnet": (one, two, near), "across": (one, three, far)}


def _bridge(net: Network) -> tuple[str, str, str]:
    """Two namespaces on a bridge in a third one."""
    net.run(net.net.set({f"bridge/{number}": _bare(number) for number in (1, 2)}))
    net.command("bare", "ip", "link", "add", "br0", "mtu", "9001", "type", "bridge")
    net.command("bare", "ip", "link", "set", "br0", "up")
    for number in (1, 2):
        net.command("bare", "ip", "link", "set", f"b{number}", "master", "br0")
        net.command(f"bare-{number}", "ip", "address", "add", f"192.168.7.{number}/24", "dev", "eth0")
    return "bare-1", "bare-2", "192.168.7.2"


# A busy cloud


def busy(peer: Peer) -> None:
    """The API's latency while interfaces are made, and how long a cloud that was killed takes to have 1,000 again."""
    try:
        peer.start()
        peer.unpin()
        target = Target(peer.port, "000000000000", "test")
        load_ = [load.signed(Call("sts", b"Action=GetCallerIdentity&Version=2011-06-15", content_type=_FORM), target)]
        idle = asyncio.run(load.run(peer.port, load_, 1, 2.0))
        done = threading.Event()
        making = threading.Thread(target=_make, args=(peer, done))
        making.start()
        while_busy = asyncio.run(load.run(peer.port, load_, 1, 6.0))
        done.set()
        making.join()
        ratio = while_busy.median_ms / idle.median_ms
        words = (
            f"{idle.median_ms:6.3f} ms idle  {while_busy.median_ms:6.3f} ms while interfaces are made  {ratio:.2f} ×"
        )
        _row("a call's latency, median", words)
        _row(
            "a call's latency, 99 of 100",
            f"{idle.p99_ms:6.3f} ms idle  {while_busy.p99_ms:6.3f} ms while interfaces are made",
        )
        peer.kill()
        began = time.perf_counter()
        peer.start()
        _ask(peer, "POST", "/_fogbank/clock", {"advance_seconds": 0})
        took = time.perf_counter() - began
        count = len(_ask(peer, "GET", "/_fogbank/net", None)["interfaces"])
        _row("killed, until all is repaired", f"{took:6.1f} s  with {count:,} interfaces")
    finally:
        peer.close()


_FORM = "application/x-www-form-urlencoded; charset=utf-8"


def _make(peer: Peer, done: threading.Event) -> None:
    ec2 = boto3.client("ec2", **{**peers.with_clients(peer), "aws_access_key_id": "000000000000"})
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/20")["Subnet"]["SubnetId"]
    count = 0
    while not done.is_set() or count < MANY:
        ec2.create_network_interface(SubnetId=subnet)
        count += 1


def _ask(peer: Peer, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=60)
    connection.request(method, path, json.dumps(body) if body is not None else None)
    found: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return found
