"""Shuffle sharding: what zones share, and what they lose when name servers, stripes and edges are gone."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import arithmetic
import botocore.session

HERE = Path(__file__).parent
FAULTS = ("killed", "blackholed", "silent")
_UNBOUND = """
server:
  interface: 127.0.0.1
  port: {port}
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: "{folder}/unbound.pid"
  use-syslog: no
  module-config: "iterator"
  do-ip6: no
  cache-max-ttl: 0
  cache-max-negative-ttl: 0
  infra-host-ttl: 60
{stubs}
"""
_STUB = 'stub-zone:\n  name: "{zone}"\n{addresses}'
_ASK = """
import json, socket, sys, time
from fogbank.planes.dns.read import question, reading
found = []
for name in json.loads(sys.argv[2]):
    began = time.perf_counter()
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        sock.connect(("127.0.0.1", int(sys.argv[1])))
        sock.send(question(1, name, 1))
        try:
            said = reading(sock.recv(4096))
        except OSError:
            said = None
    found.append([bool(said and said.answer), time.perf_counter() - began])
print(json.dumps(found))
"""
_PORT = 5353


class Place(NamedTuple):
    """A host that gets out, and zones with the addresses of their name servers."""

    host: str
    zones: dict[str, list[str]]


class Cloud:
    """The cloud that runs: its API, its own commands, and programs inside its network."""

    def __init__(self) -> None:
        session = botocore.session.get_session()
        self.ec2, self.route53 = session.create_client("ec2"), session.create_client("route53")

    def fogbank(self, *words: str) -> Any:
        ran = subprocess.run([sys.executable, "-m", "fogbank", *words], capture_output=True, text=True, timeout=60)
        if ran.returncode:
            raise SystemExit(ran.stderr)
        return json.loads(ran.stdout)

    def inside(self, host: str, *argv: str) -> list[str]:
        """The command that runs another inside a host."""
        return [sys.executable, "-m", "fogbank", "net", "exec", host, "--", *argv]

    def run(self, host: str, *argv: str) -> Any:
        """What a Python program inside a host prints, as JSON."""
        command = self.inside(host, sys.executable, *argv)
        ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if ran.returncode:
            raise SystemExit(ran.stderr)
        return json.loads(ran.stdout)

    def edges(self, *words: str) -> list[dict[str, Any]]:
        """The edges, after what is asked of them."""
        found: list[dict[str, Any]] = self.fogbank("dns", "--json", "edges", *words)["edges"]
        return found

    def up(self, *words: str) -> list[str]:
        """The names of so many edges, all of whose sessions are up. Raises SystemExit where they never are."""
        self.edges(*words)
        ends_at = time.monotonic() + 30
        found: list[dict[str, Any]] = []
        while {one["session"] for one in found} != {"Established"}:
            found = self.edges()
            if time.monotonic() > ends_at:
                raise SystemExit(f"no sessions: {found}")
        return [one["name"] for one in found]


@contextlib.contextmanager
def place(cloud: Cloud, zones: int) -> Iterator[Place]:
    """A VPC with a host that has a public address, and some zones; all is taken away in the end."""
    ec2 = cloud.ec2
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    host = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    address = ec2.allocate_address()["AllocationId"]
    association = ec2.associate_address(AllocationId=address, NetworkInterfaceId=host)["AssociationId"]
    made = {}
    try:
        for number in range(zones):
            name = f"shard{number}.example"
            made[name] = cloud.route53.create_hosted_zone(Name=name, CallerReference=f"{name} {time.time_ns()}")
            _record(cloud, made[name]["HostedZone"]["Id"], name, "CREATE")
        servers = {name: one["DelegationSet"]["NameServers"] for name, one in made.items()}
        yield Place(host, {name: [_address(one) for one in four] for name, four in servers.items()})
    finally:
        cloud.edges("0")
        for name, one in made.items():
            _record(cloud, one["HostedZone"]["Id"], name, "DELETE")
            cloud.route53.delete_hosted_zone(Id=one["HostedZone"]["Id"])
        ec2.disassociate_address(AssociationId=association)
        ec2.release_address(AllocationId=address)
        ec2.delete_network_interface(NetworkInterfaceId=host)
        ec2.delete_subnet(SubnetId=subnet)
        ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        ec2.delete_internet_gateway(InternetGatewayId=gateway)
        ec2.delete_vpc(VpcId=vpc)


def _record(cloud: Cloud, zone: str, name: str, action: str) -> None:
    record = {"Name": f"www.{name}", "Type": "A", "TTL": 0, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    changes = [{"Action": action, "ResourceRecordSet": record}]
    cloud.route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})


def _address(server: str) -> str:
    from fogbank.aws import internet

    return internet.name_server(int(server.partition(".")[0].removeprefix("ns-")))


@contextlib.contextmanager
def unbound(cloud: Cloud, there: Place) -> Iterator[None]:
    """Debian's unbound inside the host, told nothing but where each zone's four name servers are."""
    program = shutil.which("unbound") or "/usr/sbin/unbound"
    with tempfile.TemporaryDirectory(prefix="fogbank-unbound-") as folder:
        stubs = [
            _STUB.format(zone=zone, addresses="".join(f"  stub-addr: {one}\n" for one in servers))
            for zone, servers in there.zones.items()
        ]
        conf = Path(folder) / "unbound.conf"
        conf.write_text(_UNBOUND.format(port=_PORT, folder=folder, stubs="".join(stubs)))
        command = cloud.inside(there.host, program, "-d", "-c", str(conf))
        server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            server.terminate()
            server.wait()


def asked(cloud: Cloud, there: Place) -> tuple[float, int]:
    """What a fresh unbound needs at most for any of the zones' names, in seconds, and how many names it fails at."""
    with unbound(cloud, there):
        names = [f"www.{zone}" for zone in there.zones]
        ends_at = time.monotonic() + 20
        while not cloud.run(there.host, "-c", _ASK, str(_PORT), json.dumps(names[:1]))[0][0]:
            if time.monotonic() > ends_at:
                break
        found = cloud.run(there.host, "-c", _ASK, str(_PORT), json.dumps(names))
    return max(took for _, took in found), sum(not said for said, _ in found)


def silence(cloud: Cloud, there: Place, edge: str, fault: str, seconds: float) -> float:
    """The longest that a name server of the edge's stripe was silent around a fault, in seconds."""
    zone, servers = next(iter(there.zones.items()))
    stripe = next(number for number, one in enumerate(cloud.edges()) if one["name"] == edge) % len(servers)
    command = cloud.inside(
        there.host, sys.executable, str(HERE / "listener.py"), servers[stripe], f"www.{zone}", str(seconds)
    )
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as listener:
        assert listener.stdout is not None
        if listener.stdout.readline().strip() != "ready":
            return seconds
        cloud.edges("break", edge, fault)
        found = float(listener.stdout.read())
    cloud.edges("mend", edge)
    cloud.up()
    return found


def counted(zones: int) -> dict[str, Any]:
    """What follows for so many zones without any packet."""
    shards = arithmetic.shards(zones)
    return {
        "overlaps": arithmetic.overlaps(shards),
        "losses": {scene: arithmetic.losses(shards, gone) for scene, gone in arithmetic.scenes().items()},
    }


def striped(cloud: Cloud, there: Place, count: int, broken: int, listening_seconds: float) -> list[dict[str, Any]]:
    """Each edge broken in each way: the silence of its stripe, and what resolvers make of it meanwhile."""
    found = []
    for edge in cloud.up(str(count))[:broken]:
        for fault in FAULTS:
            quiet = silence(cloud, there, edge, fault, listening_seconds)
            cloud.edges("break", edge, fault)
            slowest, failed = asked(cloud, there)
            learned = _learned(cloud, there)
            cloud.edges("mend", edge)
            cloud.up()
            row = {"edge": edge, "fault": fault, "silence": quiet, "slowest": slowest, "failed": failed}
            found.append({**row, "own_slowest": learned["slowest"], "own_failed": learned["failed"]})
    return found


def _learned(cloud: Cloud, there: Place) -> Any:
    """What our own resolver makes of one zone's name servers, of which all zones' names are asked in turn."""
    zone, servers = next(iter(there.zones.items()))
    words = {"servers": servers, "names": [f"www.{zone}"], "rounds": 40}
    return cloud.run(there.host, str(HERE / "resolver.py"), json.dumps(words))


def everywhere(cloud: Cloud, there: Place) -> list[dict[str, Any]]:
    """The other layout: edges of all stripes, one after the other answering nothing."""
    found = []
    for edge in cloud.up("4", "everywhere"):
        cloud.edges("break", edge, "silent")
        words = {"servers": next(iter(there.zones.values())), "names": [f"www.{next(iter(there.zones))}"], "rounds": 1}
        said = cloud.run(there.host, str(HERE / "resolver.py"), json.dumps(words))
        cloud.edges("mend", edge)
        found.append({"edge": edge, "own_failed": said["failed"], "own_slowest": said["slowest"]})
    return found


def told(found: dict[str, Any], zones: int) -> Iterator[str]:
    """The report."""
    pairs = sum(found["overlaps"])
    yield f"{zones:,} zones, {pairs:,} pairs: how many share 0, 1, 2, 3, 4 name servers"
    yield "  " + "  ".join(f"{count:,} ({count / pairs:.4%})" for count in found["overlaps"])
    yield ""
    yield f"{'share of zones that lose':26} {'0':>9} {'1':>9} {'2':>9} {'3':>9} {'4':>9}"
    for scene, shares in found["losses"].items():
        yield f"{scene:26} " + " ".join(f"{share:9.4%}" for share in shares)
    if "edges" in found:
        yield from _of_edges(found)


def _of_edges(found: dict[str, Any]) -> Iterator[str]:
    yield ""
    titles = ("edge", "fault", "longest silence", "unbound at most", "failed", "our own at most")
    yield "{:5} {:11} {:>16} {:>16} {:>7} {:>16}".format(*titles)
    for one in found["edges"]:
        yield (
            f"{one['edge']:5} {one['fault']:11} {one['silence'] * 1000:13.0f} ms {one['slowest'] * 1000:13.0f} ms "
            f"{one['failed']:7} {one['own_slowest'] * 1000:13.0f} ms"
        )
    yield ""
    yield "all stripes at every edge, one edge after the other answering nothing:"
    for one in found["everywhere"]:
        state = "the name is gone" if one["own_failed"] else "answered"
        yield f"  {one['edge']}: {state} ({one['own_slowest']:.1f} s)"


def main(argv: Sequence[str]) -> int:
    """Tell the story to the cloud that AWS_ENDPOINT_URL names."""
    parser = argparse.ArgumentParser(prog="shuffle-sharding", description=__doc__)
    parser.add_argument("--zones", type=int, default=100_000, help="for the arithmetic")
    parser.add_argument("--real-zones", type=int, default=40, help="that are made and asked for; 0: no packets")
    parser.add_argument("--edges", type=int, default=8)
    parser.add_argument("--broken", type=int, default=8, help="how many of them are broken, one after the other")
    parser.add_argument("--listen", type=float, default=2.5, help="seconds around each fault")
    parser.add_argument("--json", action="store_true", help="for programs")
    chosen = parser.parse_args(argv)
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    found = counted(chosen.zones)
    if chosen.real_zones:
        cloud = Cloud()
        with place(cloud, chosen.real_zones) as there:
            found["edges"] = striped(cloud, there, chosen.edges, chosen.broken, chosen.listen)
            found["everywhere"] = everywhere(cloud, there)
    print(json.dumps(found) if chosen.json else "\n".join(told(found, chosen.zones)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
