"""Delays within a namespace: what they do to packets, what changes in place, and who makes them anew."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank.planes import process
from fogbank.planes.net import probe
from fogbank.planes.net.delays import DELAYS_FOLDER
from fogbank.planes.net.facts import DELAY_MARK, Chain, Delay, Fact, Rules
from fogbank.planes.net.net import Listen
from fogbank.planes.net.test_net import NETWORK, Ground, address_of, ground_of, interface, processes_of

WAY_SECONDS = 0.03
TRIALS_MAX = 6
EARLY_SECONDS = 0.001
"""By which a packet may be early, and more."""
DEVICES = ("e-1", "e-2")


def delayed(*seconds: float, devices: tuple[str, ...] = DEVICES, number: int = 0) -> dict[str, frozenset[Fact]]:
    """What goes to the second interface waits for one of some times."""
    rule = f'oifname "e-2" meta mark set {DELAY_MARK + number:#x}'
    hook = "type filter hook postrouting priority 360; policy accept;"
    return {"delays": frozenset({Delay("r", seconds, devices), Chain("r", "wait", hook), Rules("r", "wait", (rule,))})}


@pytest.fixture(params=["full", "rootless"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    found = ground_of(request.param, tmp_path)
    try:
        found.run(found.net.delays())
    except OSError as error:
        found.close()
        pytest.skip(f"delays: {error}")
    found.run(found.net.set(NETWORK))
    yield found
    found.close()


def seconds_between(ground: Ground, form: str = "") -> float:
    """Seconds that a connection takes from the first to the second interface: there and back."""
    here, there = (form.format(4 + at) if form else address_of(at) for at in (1, 2))

    async def connected() -> float:
        with (
            await ground.net.open(Listen("i2", there, 80)) as listening,
            await ground.net.open(Listen("i1", here, 0)) as asking,
        ):
            listening.listen()
            began = time.monotonic()
            await ground.loop.sock_connect(asking, (there, 80))
            return time.monotonic() - began

    return ground.run(connected())


def is_quick(ground: Ground) -> bool:
    """Whether a connection does not wait, as far as the machine has time for it."""
    return any(seconds_between(ground) < WAY_SECONDS for _ in range(TRIALS_MAX))


def waiting(ground: Ground) -> set[int]:
    """The processes in which packets of this instance wait, or could."""
    pids = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        words = []
        with contextlib.suppress(OSError):
            words = path.read_bytes().split(b"\0")
        if b"fogbank.planes.net.delay" in words and ground.prefix.encode() in words:
            pids.add(int(path.parent.name))
    return pids


def test_marked_packets_wait_and_others_do_not(ground: Ground) -> None:
    assert is_quick(ground)
    ground.run(ground.net.set(delayed(0.0, WAY_SECONDS, number=1)))
    for form in ("", "fd00::{:x}"):
        assert seconds_between(ground, form) >= WAY_SECONDS - EARLY_SECONDS
    ground.run(ground.net.set(delayed(0.0, WAY_SECONDS, number=0)))
    assert is_quick(ground)
    # A mark that stands for no time, and a device that is not among those where packets wait.
    ground.run(ground.net.set(delayed(WAY_SECONDS, number=7)))
    assert is_quick(ground)
    ground.run(ground.net.set(delayed(WAY_SECONDS, devices=("e-1",))))
    assert is_quick(ground)


def test_time_changes_in_place_and_ends(ground: Ground) -> None:
    before = waiting(ground)
    for seconds in (WAY_SECONDS, 2 * WAY_SECONDS):
        ground.run(ground.net.set(delayed(seconds)))
        assert seconds_between(ground) >= seconds - EARLY_SECONDS
    ground.run(ground.net.set({"delays": frozenset()}))
    assert is_quick(ground)
    ground.run(ground.net.set(delayed(WAY_SECONDS)))
    assert seconds_between(ground) >= WAY_SECONDS - EARLY_SECONDS
    assert waiting(ground) == before
    assert len(before) == 1


def test_what_waits_arrives_in_order_also_when_nothing_waits_any_more(ground: Ground) -> None:
    ground.run(ground.net.set(delayed(20.0)))
    asking = ground.run(ground.net.open(Listen("i1", address_of(1), 9, is_stream=False)))
    hearing = ground.run(ground.net.open(Listen("i2", address_of(2), 80, is_stream=False)))
    allowing = Rules("r", "enter", ("accept",))
    router = (NETWORK["router"] - {fact for fact in NETWORK["router"] if isinstance(fact, Rules)}) | {
        allowing,
        Rules("r", "forward_", ("accept",)),
    }
    ground.run(ground.net.set({"router": router}))
    for word in (b"one", b"two"):
        asking.sendto(word, (address_of(2), 80))
    # Longer than it takes to get there, and much shorter than to wait.
    with pytest.raises(TimeoutError):
        ground.run(_within(ground, hearing, 0.1))
    ground.run(ground.net.set({"delays": frozenset()}))
    assert [ground.run(_within(ground, hearing, 5.0)) for _ in range(2)] == [b"one", b"two"]
    asking.close()
    hearing.close()


async def _within(ground: Ground, hearing: object, seconds: float) -> bytes:
    import asyncio

    async with asyncio.timeout(seconds):
        return await ground.loop.sock_recv(hearing, 100)  # type: ignore[arg-type]


def test_an_interface_that_comes_and_one_that_goes(ground: Ground) -> None:
    ground.run(ground.net.set(delayed(WAY_SECONDS)))
    ground.run(ground.net.set({"eni-3": interface(3), **delayed(WAY_SECONDS, devices=(*DEVICES, "e-3"))}))
    assert seconds_between(ground) >= WAY_SECONDS - EARLY_SECONDS
    ground.run(ground.net.set({"eni-3": frozenset()}))
    assert seconds_between(ground) >= WAY_SECONDS - EARLY_SECONDS
    ground.run(ground.net.set({"eni-2": frozenset(), **delayed(WAY_SECONDS, devices=("e-1",))}))
    ground.run(ground.net.set({"eni-2": interface(2), **delayed(WAY_SECONDS)}))
    assert seconds_between(ground) >= WAY_SECONDS - EARLY_SECONDS


def test_it_outlives_the_worker_and_is_adopted(ground: Ground) -> None:
    ground.run(ground.net.set(delayed(WAY_SECONDS)))
    (before,) = waiting(ground)
    os.kill(ground.worker().pid, signal.SIGKILL)
    ground.run(ground.net.set({"eni-3": interface(3)}))
    assert seconds_between(ground) >= WAY_SECONDS - EARLY_SECONDS
    ground.run(ground.net.close())
    ground.net = ground.another()
    ground.run(ground.net.whole({**NETWORK, **delayed(2 * WAY_SECONDS)}))
    assert seconds_between(ground) >= 2 * WAY_SECONDS - EARLY_SECONDS
    assert before in waiting(ground)


def test_a_process_that_dies_is_replaced(ground: Ground) -> None:
    ground.run(ground.net.set(delayed(WAY_SECONDS)))
    before = waiting(ground)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    while not waiting(ground) - before:
        ground.run(ground.net.run("r", ["true"]))
    ground.run(ground.net.set({"eni-3": interface(3)}))
    assert seconds_between(ground) >= WAY_SECONDS - EARLY_SECONDS


def test_one_that_dies_unused_is_replaced_when_it_is_wanted(ground: Ground) -> None:
    killed = waiting(ground)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    while any(process.found(pid) for pid in killed):
        # Until then it is given what dies with it, and the next one is made only when that is seen.
        pass
    ground.run(ground.net.set(delayed(WAY_SECONDS)))
    assert seconds_between(ground) >= WAY_SECONDS - EARLY_SECONDS


def test_a_device_that_somebody_removes_is_made_anew(ground: Ground) -> None:
    ground.run(ground.net.set(delayed(WAY_SECONDS)))
    assert ground.run(ground.net.run("r", ["ip", "link", "del", "delay"])).code == 0
    ground.run(ground.net.close())
    ground.net = ground.another()
    ground.run(ground.net.whole({**NETWORK, **delayed(WAY_SECONDS)}))
    assert seconds_between(ground) >= WAY_SECONDS - EARLY_SECONDS


def test_nothing_is_left_of_it(ground: Ground) -> None:
    ground.run(ground.net.set(delayed(WAY_SECONDS)))
    ground.run(ground.net.set({"delays": frozenset()}))
    ground.run(ground.net.set(dict.fromkeys(NETWORK, frozenset())))
    ground.run(ground.net.set({**NETWORK, **delayed(WAY_SECONDS)}))
    ground.run(ground.net.set({"delays": frozenset(), **dict.fromkeys(NETWORK, frozenset())}))
    assert not any((ground.folder / DELAYS_FOLDER).glob("*"))
    ground.run(ground.net.set({**NETWORK, **delayed(WAY_SECONDS)}))
    ground.run(ground.net.close())
    ground.net = ground.another()
    ground.run(ground.net.whole(NETWORK))
    assert is_quick(ground)
    # Links are swept away when the worker has nothing else to do.
    shown = ground.run(ground.net.run("r", ["timeout", "10", "sh", "-c", "while grep delay /proc/net/dev; do :; done"]))
    assert shown.code == 0
    ground.run(ground.net.set(delayed(WAY_SECONDS)))
    ground.run(ground.net.clear())
    deadline = time.monotonic() + 5.0
    while processes_of(ground.prefix) and time.monotonic() < deadline:
        os.sched_yield()
    assert not processes_of(ground.prefix)
    assert not (ground.folder / DELAYS_FOLDER).exists()


def test_more_devices_than_one_chain_takes(ground: Ground) -> None:
    count = 230
    more = {f"eni-{number}": interface(number) for number in range(3, count)}
    devices = tuple(f"e-{number}" for number in range(1, count))
    ground.run(ground.net.set({**more, **delayed(WAY_SECONDS, devices=devices)}))
    assert seconds_between(ground) >= WAY_SECONDS - EARLY_SECONDS


def test_the_machine_says_why_not() -> None:
    found = {one.name: one for one in probe.features()}["egress hook"]
    assert found.works or found.words
