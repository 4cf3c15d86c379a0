"""Uplinks: found again by another worker, made again when they die, and gone with whoever wanted them."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank.aws.errors import WorldError
from fogbank.planes import process
from fogbank.planes.net.facts import Address, Fact, Namespace, Route, Uplink
from fogbank.planes.net.plan import Make, Unmake, plan
from fogbank.planes.net.test_net import Ground, ground_of
from fogbank.planes.net.uplinks import PROGRAM

LINK = Uplink("a", "uplink", "10.0.2.0/24")
ROUTE = Route("a", "10.0.2.0/24", device="uplink")
PARTS: dict[str, frozenset[Fact]] = {
    "a": frozenset({Namespace("a")}),
    "link": frozenset({LINK, Address("a", "uplink", "10.0.2.100/24"), ROUTE}),
}


@pytest.fixture(params=["full", "rootless"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    found = ground_of(request.param, tmp_path)
    if shutil.which(PROGRAM) is None:
        pytest.skip(f"{PROGRAM} is not installed")
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        pytest.skip("/dev/net/tun cannot be opened")
    yield found
    found.close()
    assert not processes(found)


def processes(ground: Ground) -> list[int]:
    """The processes of an instance's uplinks."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if Path(words[0]).name == PROGRAM and f"{ground.prefix}-a" in words[-3]:
            found.append(int(path.parent.name))
    return found


def devices(ground: Ground) -> str:
    return ground.run(ground.net.run("a", ["cat", "/proc/net/dev", "/proc/net/route"])).output.decode()


def test_it_is_found_again_by_another_worker_or_ended(ground: Ground) -> None:
    ground.run(ground.net.set(PARTS))
    (pid,) = processes(ground)
    assert devices(ground).count("uplink") == 2, "the device, and its route"
    for parts in (PARTS, PARTS, {"a": PARTS["a"]}):
        ground.run(ground.net.close())
        ground.net = ground.another()
        ground.run(ground.net.whole(parts))
        assert processes(ground) == ([pid] if "link" in parts else [])
    assert "uplink" not in devices(ground)


def test_it_dies_and_comes_again_with_what_is_on_it(ground: Ground) -> None:
    ground.run(ground.net.set(PARTS))
    (pid,) = processes(ground)
    watch = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    assert process.ended(watch, 5)
    os.close(watch)
    # The worker sees to it before it takes the next call.
    ground.run(ground.net.set({"b": frozenset({Namespace("b")})}))
    assert devices(ground).count("uplink") == 2
    (other,) = processes(ground)
    assert other != pid
    ground.run(ground.net.set({"link": frozenset()}))
    assert processes(ground) == []


def test_a_program_that_is_not_there_is_named(ground: Ground, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WorldError, match=f"{PROGRAM} is not installed: apt-get install {PROGRAM}"):
        ground.run(ground.net.set(PARTS))
    assert not ground.net.has("link")


def test_its_steps() -> None:
    assert plan({LINK, ROUTE}, {ROUTE}) == (Make(LINK), Make(ROUTE)), "the kernel has forgotten the route"
    gone = plan(frozenset(), {Namespace("a"), LINK})
    assert gone == (Unmake(LINK), Unmake(Namespace("a"))), "its process would hold the namespace"
