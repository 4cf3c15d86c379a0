"""A region fails: how long until a client that polls by name is answered by the other one, and the way back."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import botocore.session
from drawing import svg

from fogbank.testing.stack import Stack

HERE = Path(__file__).parent
NEAR, FAR, CLIENT = "eu-west-1", "us-east-1", "eu-central-1"
"""Where the service runs, and where its client sits: nearer to the first."""
NEAR_CLIENT = "198.51.100.1"
"""An address that is taken to be in the client's region."""
ZONE = "rehearsal.example"
NAME = f"api.{ZONE}"
_BLOCKS = {NEAR: "10.1.0.0/16", FAR: "10.2.0.0/16", CLIENT: "10.3.0.0/16"}
_PATIENCE_SECONDS = 90.0


class Site(NamedTuple):
    """A host of a region with a public address, and what it has to be taken away with."""

    region: str
    host: str
    address: str


class Cloud:
    """The cloud that runs: its API, and programs inside its network."""

    def __init__(self) -> None:
        self._session = botocore.session.get_session()
        self.route53 = self._session.create_client("route53")
        self._stacks = {region: self._session.create_client("cloudformation", region_name=region) for region in _BLOCKS}

    def inside(self, host: str, *argv: str) -> subprocess.Popen[str]:
        """A program that runs inside a host."""
        command = [sys.executable, "-m", "fogbank", "net", "exec", host, "--", sys.executable, *argv]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    @contextlib.contextmanager
    def site(self, region: str) -> Iterator[Site]:
        """A VPC with an internet gateway and one host, until the story is over."""
        with Stack(self._stacks[region], "site", HERE / "site.yaml") as stack:
            made = stack.apply(Block=_BLOCKS[region])
            yield Site(region, made["host"], made["address"])

    @contextlib.contextmanager
    def names(self, sites: Mapping[str, Site], ttl: int) -> Iterator[tuple[str, dict[str, str]]]:
        """Latency records of the sites with health checks: the zone, and the checks' ids by region."""
        addresses = {"NearAddress": sites[NEAR].address, "FarAddress": sites[FAR].address}
        with Stack(self._stacks[NEAR], "names", HERE / "names.yaml") as stack:
            made = stack.apply(Zone=ZONE, Near=NEAR, Far=FAR, Seconds=ttl, **addresses)
            yield made["zone"], {NEAR: made["near"], FAR: made["far"]}

    def well(self, checks: Mapping[str, str]) -> bool:
        """Whether every checker in a region with an internet of its own has seen every target well."""
        found = [one["StatusReport"]["Status"] for check in checks.values() for one in self._seen(check)]
        return sum(status.startswith("Success") for status in found) == len(checks) * len(checks)

    def probed_at(self, check: str) -> float:
        """When the last of the checkers has looked."""
        return max(one["StatusReport"]["CheckedTime"].timestamp() for one in self._seen(check))

    def _seen(self, check: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.route53.get_health_check_status(HealthCheckId=check)[
            "HealthCheckObservations"
        ]
        return found

    def answer(self, zone: str) -> str:
        """What name servers say to somebody near the client."""
        asked = {"HostedZoneId": zone, "RecordName": NAME, "RecordType": "A", "ResolverIP": NEAR_CLIENT}
        return str(self.route53.test_dns_answer(**asked)["RecordData"][0])


class Service:
    """The service of a region, whose status is a word in a file."""

    def __init__(self, cloud: Cloud, site: Site, folder: Path) -> None:
        self._status = folder / "status"
        self.say("ok")
        self._process = cloud.inside(site.host, str(HERE / "service.py"), str(folder), site.region)
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != "serving":
            raise SystemExit(f"no service in {site.region}")

    def say(self, status: str) -> float:
        """Set the status; when that was."""
        new = self._status.with_suffix(".new")
        new.write_text(status)
        new.replace(self._status)
        return time.time()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


@contextlib.contextmanager
def services(cloud: Cloud, sites: Mapping[str, Site]) -> Iterator[dict[str, Service]]:
    with tempfile.TemporaryDirectory(prefix="fogbank-rehearsal-") as root:
        found: dict[str, Service] = {}
        try:
            for region, site in sites.items():
                folder = Path(root) / region
                folder.mkdir()
                _certificate(folder)
                found[region] = Service(cloud, site, folder)
            yield found
        finally:
            for one in found.values():
                one.close()


def _certificate(folder: Path) -> None:
    """A certificate that nobody has signed: health checks of Route 53 do not look at it."""
    from fogbank.planes.authority import Authority

    issued = Authority.load_or_create(folder / "authority").issue([NAME])
    (folder / "cert.pem").write_bytes(issued.certificate)
    (folder / "key.pem").write_bytes(issued.key)


def rehearsed(cloud: Cloud, ttl: int) -> dict[str, Any]:
    """One failover and the way back with a time to live: moments, polls, and what follows from them."""
    with contextlib.ExitStack() as stack:
        sites = {region: stack.enter_context(cloud.site(region)) for region in (NEAR, FAR)}
        client = stack.enter_context(cloud.site(CLIENT))
        running = stack.enter_context(services(cloud, sites))
        zone, checks = stack.enter_context(cloud.names(sites, ttl))
        _until(lambda: cloud.well(checks))
        polling = cloud.inside(client.host, str(HERE / "client.py"), "169.254.169.253", NAME, "3600")
        try:
            polls = Polls(polling, {site.address: region for region, site in sites.items()})
            polls.until(lambda one: one["region"] == NEAR and one["well"])
            marks = [(running[NEAR].say("fail"), f"{NEAR} fails")]
            marks += _moved(cloud, zone, checks[NEAR], sites[FAR])
            marks.append((polls.until(lambda one: one["region"] == FAR), f"{FAR} answers the client"))
            marks.append((running[NEAR].say("ok"), f"{NEAR} is well"))
            marks += _moved(cloud, zone, checks[NEAR], sites[NEAR])
            marks.append((polls.until(lambda one: one["region"] == NEAR), f"{NEAR} answers the client"))
        finally:
            polling.terminate()
            polling.wait()
    return {"ttl": ttl, "marks": marks, "polls": polls.seen, **figures(ttl, marks, polls.seen)}


def _moved(cloud: Cloud, zone: str, check: str, site: Site) -> list[tuple[float, str]]:
    """The moments of the probe that decided, and of the first answer of name servers that names a site."""
    at = _until(lambda: cloud.answer(zone) == site.address)
    return [(cloud.probed_at(check), "the probe that decides"), (at, f"name servers answer {site.region}")]


class Polls:
    """The lines that the client prints, read as they come."""

    def __init__(self, process: subprocess.Popen[str], regions: Mapping[str, str]) -> None:
        assert process.stdout is not None
        self._lines, self._regions = process.stdout, regions
        self.seen: list[dict[str, Any]] = []

    def until(self, wanted: Any) -> float:
        """The time of the next poll that is as wanted. Raises SystemExit where none comes."""
        ends_at = time.monotonic() + _PATIENCE_SECONDS
        for line in self._lines:
            poll = json.loads(line)
            self.seen.append({**poll, "region": self._regions.get(poll["address"], "")})
            if wanted(self.seen[-1]) and poll["at"] > time.time() - 5:
                return float(poll["at"])
            if time.monotonic() > ends_at:
                break
        raise SystemExit(f"the client is never answered as it should be: {self.seen[-3:]}")


def _until(ask: Any) -> float:
    """When something has become so. Raises SystemExit where it never does."""
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while not ask():
        if time.monotonic() > ends_at:
            raise SystemExit("the health checks never say what they should")
        time.sleep(0.1)
    return time.time()


def figures(ttl: int, marks: Sequence[tuple[float, str]], polls: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Seconds from one moment to the next, and polls that failed."""
    failed_at, probed_at, answered_at, moved_at, well_at, again_at, back_at, returned_at = (at for at, _ in marks)
    missed = [one for one in polls if not one["well"]]
    return {
        "decision": probed_at - failed_at,
        "answers after the probe": answered_at - probed_at,
        "client after the answers": moved_at - answered_at,
        "failed polls": len(missed),
        "failed after the answers": sum(one["at"] > answered_at for one in missed),
        "failed after the time to live": sum(one["at"] > answered_at + ttl for one in missed),
        "decision back": again_at - well_at,
        "answers after the probe back": back_at - again_at,
        "client back": returned_at - well_at,
    }


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """The timeline of one run, and its figures."""
    begins = found["marks"][0][0]
    yield f"time to live {found['ttl']} s"
    for at, words in found["marks"]:
        yield f"  {at - begins:7.1f} s  {words}"
    yield (
        f"  decided after {found['decision']:.1f} s, answered anew {found['answers after the probe']:.2f} s later; "
        f"{found['failed polls']} polls failed, {found['failed after the answers']} of them after the new answers, "
        f"{found['failed after the time to live']} when their time to live had passed as well"
    )


def main(argv: Sequence[str]) -> int:
    """Tell the story to the cloud that AWS_ENDPOINT_URL names."""
    parser = argparse.ArgumentParser(prog="region-failover", description=__doc__)
    parser.add_argument("--ttl", type=int, action="append", help="in seconds, several times for several runs (60, 5)")
    parser.add_argument("--picture", default="region-failover", help="how the pictures' names begin; empty for none")
    parser.add_argument("--json", action="store_true", help="for programs")
    chosen = parser.parse_args(argv)
    os.environ.setdefault("AWS_DEFAULT_REGION", NEAR)
    cloud = Cloud()
    runs = [rehearsed(cloud, ttl) for ttl in chosen.ttl or (60, 5)]
    for run in runs:
        if chosen.picture:
            title = f"{NEAR} fails, and comes back: time to live {run['ttl']} s"
            picture = Path(f"{chosen.picture}-ttl{run['ttl']}.svg")
            picture.write_text(svg(title, (NEAR, FAR), run["polls"], run["marks"]))
            run["picture"] = str(picture)
    print(json.dumps(runs) if chosen.json else "\n".join(line for run in runs for line in told(run)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
