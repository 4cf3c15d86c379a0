"""The network across crashes: at every step of its making, and of the whole cloud at any moment; and it cleans up."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from fogbank import running
from fogbank.control import caller as callers
from fogbank.planes.net import probe
from fogbank.planes.net.apply import Hands
from fogbank.planes.net.delays import DELAYS_FOLDER, Delays
from fogbank.planes.net.facts import (
    Address,
    Chain,
    Delay,
    Fact,
    Namespace,
    Neighbour,
    Pair,
    Rate,
    Route,
    RoutingRule,
    Rules,
)
from fogbank.planes.net.lines import LINES_FOLDER, Lines
from fogbank.planes.net.messages import Request
from fogbank.planes.net.namespaces import FOLDER, Traveller, enter, in_thread, prefix_of
from fogbank.planes.net.world import World
from fogbank.planes.process import child
from fogbank.services.ec2 import faults
from fogbank.testing import TestCloud
from fogbank.testing.machine import processes, traces
from fogbank.testing.network import Network
from fogbank.testing.process import CloudProcess

from .ground import Connection, Kernel, here, wanted, wanted_by, wrong
from .site import APP, REGION, Probe, Site

STRIDE = 41
"""Of the some 500 steps in the life of the three-zone VPC every 41st is a crash; of the small VPC's, every one is."""
KILLS = 5
WRITERS = 4
LEFT = (BotoCoreError, OSError)

pytestmark = pytest.mark.skipif(bool(probe.full()), reason=f"networks (full): {probe.full()}")


# A crash at every step


class Broken(BaseException):
    """The process ends here."""


class Mortal(Hands):
    """Hands that are gone before a step, as after `kill -9`."""

    def __init__(self, prefix: str, state: Path) -> None:
        traveller = Traveller(prefix)
        lines = Lines(traveller, state / LINES_FOLDER, is_kernels=False)
        super().__init__(traveller, lines, Delays(traveller, state / DELAYS_FOLDER))
        self.channels.is_careful = True
        self.steps_left = -1

    def _point(self) -> None:
        self.steps_left -= 1
        if not self.steps_left:
            raise Broken


Parts = dict[str, frozenset[Fact]]


def small_site() -> tuple[Parts, Parts]:
    """What the network is told of a VPC in one zone with a peer, slow on purpose: once it is made, and once changed."""
    cloud = TestCloud()

    def ec2(operation: str, *, region: str = REGION, **params: Any) -> dict[str, Any]:
        result = cloud.call("ec2", operation, params, region=region)
        cloud.run(cloud.cloud.settled())
        return result

    site = Site(ec2, "a", is_wide=False).build()
    slow(cloud, site.subnets["public-a"], 0.04)
    made = dict(cloud.cloud.net.parts)  # type: ignore[attr-defined]
    site.change()
    slow(cloud, site.hosts["new"].id, 0.02)
    changed = dict(cloud.cloud.net.parts)  # type: ignore[attr-defined]
    for parts in (made, changed):
        kinds = {type(fact) for facts in parts.values() for fact in facts}
        assert kinds >= {Delay, Rate}
    site.remove()
    assert not cloud.cloud.net.parts  # type: ignore[attr-defined]
    cloud.close()
    return made, changed


def slow(cloud: TestCloud, target: str, seconds: float) -> None:
    """Have packets wait there."""
    ctx = cloud.cloud.context("ec2", "page", callers.anonymous(), REGION)
    with ctx.begin():
        faults.add(ctx, {"target": target, "delay_seconds": seconds})
    cloud.run(cloud.cloud.settled())


@pytest.mark.parametrize("way", ["made", "changed", "removed"])
def test_a_crash_at_every_step_of_a_small_vpc_is_repaired(way: str, tmp_path: Path) -> None:
    """Each step is a message to the kernel, a namespace, or a transaction of nftables."""
    if reason := probe.undelayable():
        pytest.skip(f"delays: {reason}")
    made, changed = small_site()
    held, to_be = {"made": ({}, made), "changed": (made, changed), "removed": (changed, {})}[way]
    prefix = f"fbs{os.getpid()}"
    kernel = Kernel(prefix, tmp_path)

    def crashed_at_every_step() -> int:
        for step in range(1, 2000):
            is_done = crashed_at(Mortal(prefix, tmp_path), held, to_be, step)
            assert afresh(Mortal(prefix, tmp_path), to_be)
            assert kernel.differences(to_be) == [], f"after a crash before step {step}"
            if is_done:
                return step
        raise AssertionError("it never ends")

    try:
        assert in_thread(lambda: afresh(Mortal(prefix, tmp_path), held))
        assert kernel.differences(held) == []
        assert kernel.differences(to_be) != [], "the look at the kernel sees what differs"
        assert in_thread(crashed_at_every_step) > 5
    finally:
        in_thread(lambda: afresh(Mortal(prefix, tmp_path), {}))
        assert not list(FOLDER.glob(f"{prefix}*"))


def crashed_at(hands: Mortal, held: Parts, to_be: Parts, step: int) -> bool:
    """Whether there are fewer steps from what is held to what is to be than that."""
    world = World(hands)
    try:
        assert applied(world, held)
        hands.steps_left = step
        return applied(world, to_be)
    finally:
        hands.close()


def afresh(hands: Mortal, parts: Parts) -> bool:
    try:
        return applied(World(hands), parts)
    finally:
        hands.close()


def applied(world: World, parts: Parts) -> bool:
    """Whether it lives through it."""
    try:
        request = msgspec.convert(Request(parts, is_whole=True), Request)  # type: ignore[arg-type]
        (verdict,) = world.apply([request])
        world.hands.sweep()
    except Broken:
        return False
    assert not verdict.error, verdict
    return True


def test_a_worker_killed_while_three_zones_are_made_changed_and_removed_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The life of the VPC is lived again for each crash, until one lives it to its end."""
    crashes = 0
    for step in range(1, 100_000, STRIDE):
        monkeypatch.setenv("FOGBANK_FAULT_POINT", f"net:{step}")
        if not has_crashed():
            break
        crashes += 1
    assert crashes > 8


def has_crashed() -> bool:
    """Live the life of a VPC, and look at it after the time in which the worker died; whether it did."""
    net = Network()
    kernel = Kernel(net.net._prefix, net.cloud.cloud.folder)
    first = net.net._worker

    def is_dead() -> bool:
        return bool(first.has_ended) or net.net._worker is not first

    def ec2(operation: str, *, region: str = REGION, **params: Any) -> dict[str, Any]:
        return net.ec2(operation, region=region, **params)

    try:
        site = Site(ec2)
        if not probe.undelayable():
            slow(net.cloud, f"{REGION}b", 0.02)
        for live, probes in ((site.build, site.probes), (site.change, site.probes_of_change), (site.remove, None)):
            live()
            to_be = wanted(net.cloud).parts
            assert bool(to_be) == (probes is not None)
            if is_dead():
                # Whoever says something next has the worker replaced; links that are to go wait until it has time.
                for facts in ({Namespace("more")}, set[Fact]()):
                    net.run(net.net.set({"more": frozenset(facts)}))
                until = time.monotonic() + 5
                while (found := kernel.differences(to_be)) and time.monotonic() < until:
                    continue
                assert found == []
                assert probes is None or wrong(kernel.prefix, probes()) == []
                return True
        return False
    finally:
        net.close()


# A kill of all at any moment


class Stack:
    """A cloud with real packets that is killed and started again, and clients that follow it to its new port."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.state, self.passing = folder / "state", folder / "tmp"
        self.passing.mkdir()
        self.mark = f"FOGBANK_TEST_MARK={uuid.uuid4()}"
        self.prefix = prefix_of(self.state)
        self.process = CloudProcess(self.state, network="full", **settings)
        self.start()

    def start(self) -> None:
        name, _, value = self.mark.partition("=")
        self.process.start({name: value, "TMPDIR": str(self.passing)})

    def again(self) -> None:
        self.process.kill()
        self.start()

    def client(self, region: str = REGION) -> Any:
        config = Config(retries={"total_max_attempts": 1}, read_timeout=20, connect_timeout=5)
        return boto3.client(
            "ec2",
            endpoint_url=self.process.card.url,
            region_name=region,
            aws_access_key_id="000000000000",
            aws_secret_access_key="x",
            config=config,
        )

    def ec2(self, operation: str, *, region: str = REGION, **params: Any) -> dict[str, Any]:
        """A call of a client's, made with the names of the API."""
        client = self.client(region)
        try:
            answer: dict[str, Any] = client._make_api_call(operation, params)
            return answer
        finally:
            client.close()

    def settle(self) -> None:
        """Wait until the network is what the records say: moving the clock by nothing does."""
        self.ask("clock", {"advance_seconds": 0})

    def ask(self, page: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(
            f"{self.process.card.url}/_fogbank/{page}", json.dumps(body).encode(), method="POST"
        )
        urllib.request.urlopen(request, timeout=60).close()

    def left(self) -> list[str]:
        """What is on the machine of this instance; of its files, those outside the state folder."""
        return [*traces(self.prefix, self.mark), *(f"file {path}" for path in self.passing.iterdir())]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    found = Stack(tmp_path)
    yield found
    found.process.kill()
    found.process.stop()
    assert found.left() == []


@pytest.fixture
def stranger(stack: Stack) -> Iterator[Callable[[], object]]:
    """Networks, tables and a process of somebody else's, with a name that begins as ours do; and how they are now."""
    traveller = Traveller(f"{stack.prefix}0")
    facts: frozenset[Fact] = frozenset(
        {
            *(Namespace(ns, router=ns == "one") for ns in ("one", "two")),
            Pair("one", "e-1", "02:00:00:00:00:01", "two", "eth0", "02:00:00:00:00:02", group=10),
            Address("one", "e-1", "10.0.0.1/24"),
            Address("two", "eth0", "10.0.0.2/24"),
            Neighbour("two", "eth0", "10.0.0.1", "02:00:00:00:00:01"),
            Route("two", "0.0.0.0/0", device="eth0", via="10.0.0.1"),
            Route("one", "10.0.9.0/24", table=100, device="e-1"),
            RoutingRule("one", 100, 100),
            Chain("one", "forward_", "type filter hook forward priority 0; policy drop;"),
            Rules("one", "forward_", ('ip saddr 10.0.0.0/8 counter accept comment "theirs"',)),
        }
    )
    nowhere = Path("/nonexistent")
    assert in_thread(lambda: afresh(Mortal(traveller.prefix, nowhere), {"theirs": facts}))

    def sleeper() -> Any:
        enter(traveller.path("two"))
        return child(["sleep", "1000"])

    process = in_thread(sleeper)

    def now() -> object:
        shown = in_thread(lambda: [Traveller(traveller.prefix).at(ns, here) for ns in ("one", "two")])
        return shown, in_thread(here), process.poll(), sorted(traveller.names())

    yield now
    process.kill()
    process.communicate()
    assert in_thread(lambda: afresh(Mortal(traveller.prefix, nowhere), {}))
    assert not traveller.names()
    traveller.close()


class Writer:
    """A client that changes the VPC until it is cut off, and what came of it."""

    def __init__(self, stack: Stack, site: Site, number: int) -> None:
        self._client = stack.client()
        self._site = site
        self._dice = random.Random(number)
        self._next = 20_000 + number * 1_000
        self.failure: Exception | None = None
        """What no client should ever be told."""
        self.open: set[int] = set()
        self.shut: set[int] = set()
        """Ports that were closed again, or whose opening was refused."""
        self.interfaces: set[str] = set()
        self.deleted: set[str] = set()
        self.unknown: set[object] = set()
        """What was asked last, and never answered."""

    def work(self) -> None:
        actions = (self._open, self._open, self._shut, self._refused, self._interface, self._delete)
        try:
            while True:
                self._dice.choice(actions)()
        except LEFT:
            return
        except (AssertionError, ClientError) as error:
            self.failure = error
        finally:
            self._client.close()

    def _rules(self, *ports: int) -> dict[str, Any]:
        one = {"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
        return {
            "GroupId": self._site.app,
            "IpPermissions": [{**one, "FromPort": port, "ToPort": port} for port in ports],
        }

    def _open(self) -> None:
        self._next += 1
        self.unknown = {self._next}
        try:
            self._client.authorize_security_group_ingress(**self._rules(self._next))
            self.open.add(self._next)
        except ClientError as error:
            # Sixty rules are all that a group may have.
            assert error.response["Error"]["Code"] == "RulesPerSecurityGroupLimitExceeded"
            self.shut.add(self._next)
        self.unknown = set()

    def _shut(self) -> None:
        if not self.open:
            return
        port = self._dice.choice(sorted(self.open))
        self.unknown = {port}
        self._client.revoke_security_group_ingress(**self._rules(port))
        self.open.discard(port)
        self.shut.add(port)
        self.unknown = set()

    def _refused(self) -> None:
        """A call that is refused as a whole, for a part of it."""
        if not self.open:
            return
        self._next += 1
        try:
            self._client.authorize_security_group_ingress(**self._rules(self._next, min(self.open)))
        except ClientError as error:
            assert error.response["Error"]["Code"] == "InvalidPermission.Duplicate"
            self.shut.add(self._next)
        else:
            raise AssertionError("nothing was refused")

    def _interface(self) -> None:
        token = str(uuid.UUID(int=self._dice.getrandbits(128)))
        subnet = self._site.subnets[self._dice.choice(sorted(self._site.subnets))]
        made = self._client.create_network_interface(SubnetId=subnet, Groups=[self._site.web], ClientToken=token)
        self.interfaces.add(made["NetworkInterface"]["NetworkInterfaceId"])

    def _delete(self) -> None:
        if not self.interfaces:
            return
        eni = self._dice.choice(sorted(self.interfaces))
        self.unknown = {eni}
        self.interfaces.discard(eni)
        self._client.delete_network_interface(NetworkInterfaceId=eni)
        self.deleted.add(eni)
        self.unknown = set()


def test_a_cloud_killed_at_any_moment_goes_on_where_it_was(
    stack: Stack, stranger: Callable[[], object], request: pytest.FixtureRequest
) -> None:
    before = stranger()
    site = Site(stack.ec2).build()
    if not probe.undelayable():
        stack.ask("net/faults", {"target": f"{REGION}b", "delay_seconds": 0.02})
    stack.settle()
    web, app = site.hosts["web-a"], site.hosts["app-b"]
    kept = Connection(stack.prefix, web.id, (app.id, app.ip, APP))
    request.addfinalizer(kept.close)
    dice = random.Random(7)
    writers: list[Writer] = []
    for number in range(KILLS):
        writers += (now := [Writer(stack, site, number * WRITERS + one) for one in range(WRITERS)])
        threads = [threading.Thread(target=writer.work) for writer in now]
        for thread in threads:
            thread.start()
        threading.Event().wait(dice.uniform(0.1, 0.8))
        stack.process.kill()
        for thread in threads:
            thread.join()
        assert [writer.failure for writer in now if writer.failure is not None] == []
        assert kept.lives(), "packets need nobody"
        stack.start()
        assert kept.lives()
        assert stranger() == before
        assert_in_force(stack, writers, Probe(web.id, app.ip, 0, passes=True))
    assert wrong(stack.prefix, site.probes()) == []
    assert sum(len(writer.open) for writer in writers) > WRITERS
    assert all(any(getattr(one, done) for one in writers) for done in ("shut", "interfaces", "deleted"))
    # Nobody writes any more: the records are those that the cloud began with, and the kernel's facts theirs.
    stack.process.kill()
    assert Kernel(stack.prefix, stack.state).differences(wanted_by(stack.state).parts) == []
    assert kept.lives()
    stack.process.stop()
    assert stack.left() == []
    assert stranger() == before


def assert_in_force(stack: Stack, writers: list[Writer], way: Probe) -> None:
    """As soon as the cloud answers again: all that was acknowledged, and nothing that was refused or taken back."""
    opened_, shut = ({port for one in writers for port in getattr(one, name)} for name in ("open", "shut"))
    unknown = {one for writer in writers for one in writer.unknown}
    probes = [way._replace(port=port) for port in opened_ - unknown]
    probes += [way._replace(port=port, passes=False) for port in shut - unknown]
    assert wrong(stack.prefix, probes) == []
    there = {path.name.partition("-")[2] for path in FOLDER.glob(f"{stack.prefix}-eni-*")}
    made, deleted = ({eni for one in writers for eni in getattr(one, name)} for name in ("interfaces", "deleted"))
    assert made - unknown <= there
    assert not deleted & there


# Nothing is left


@pytest.mark.parametrize("way", ["down", "killed", "killed and up", "reset", "worker killed"])
def test_nothing_is_left_on_the_machine(way: str, stack: Stack, stranger: Callable[[], object]) -> None:
    before = stranger()
    Site(stack.ec2).build()
    if not probe.undelayable():
        stack.ask("net/faults", {"target": f"{REGION}b", "delay_seconds": 0.02})
    stack.settle()
    there = stack.left()
    for word in ("process", "namespace", "mount", "fogbank.planes.net.wan", "inet-us-east-1"):
        assert any(word in line for line in there), "what is to go is there, and is seen"
    if way == "reset":
        stack.ask("reset", {})
        assert [line for line in stack.left() if not line.startswith("process")] == []
        assert not any("wan" in line for line in stack.left())
    elif way == "worker killed":
        (worker,) = (pid for pid, line in processes(stack.mark).items() if "net.worker" in line)
        os.kill(worker, signal.SIGKILL)
    elif way != "down":
        stack.process.kill()
        if way == "killed and up":
            stack.start()
        else:
            assert any("namespace" in line for line in stack.left())
    assert running.stop(stack.process._settings) == (way != "killed")
    assert stack.left() == []
    assert stranger() == before


def test_what_an_ephemeral_cloud_left_is_taken_away_too(tmp_path: Path) -> None:
    """Its state goes with the process; its network goes by the name of the state folder all the same."""
    found = Stack(tmp_path, ephemeral=True)
    try:
        for _ in range(2):
            Site(found.ec2, "a", is_wide=False).build()
            found.settle()
            found.process.kill()
            assert any("namespace" in line for line in found.left())
            found.start()
            assert not any("namespace" in line for line in found.left()), "the next one begins with nothing"
    finally:
        found.process.kill()
        found.process.stop()
    assert found.left() == []
