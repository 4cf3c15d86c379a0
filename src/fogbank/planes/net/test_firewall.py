"""Transactions of several threads at once, each in a namespace of its own."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator

import pytest

from fogbank.planes.net import probe
from fogbank.planes.net.facts import DELAY_DEVICE, Delay, Pair
from fogbank.planes.net.firewall import Firewall
from fogbank.planes.net.namespaces import Traveller, in_thread
from fogbank.planes.net.netlink import DUMP, NETFILTER, Channel, Message, attributes, by_kind, text
from fogbank.planes.net.nft import DELAY_TABLE, waiting
from fogbank.planes.net.rtnetlink import pair

TURNS = 40
_GET_RULE, _HEAD = 10 << 8 | 7, b"\5\0\0\0"
"""NFT_MSG_GETRULE, of the family netdev."""


@pytest.fixture
def traveller() -> Iterator[Traveller]:
    if reason := probe.full():
        pytest.skip(f"networks (full): {reason}")
    if reason := probe.undelayable():
        pytest.skip(f"delays: {reason}")
    found = Traveller(f"fbw{os.getpid()}")
    yield found

    def gone() -> None:
        for ns in found.names():
            found.remove(ns)

    in_thread(gone)
    found.close()


def devices(*names: str) -> None:
    """Have this thread's namespace have devices of these names, numbered in their order."""
    channel, descriptor = Channel(), os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    for number, name in enumerate(names):
        macs = [f"02:00:00:00:{end:02x}:{number:02x}" for end in (1, 2)]
        assert channel.tell([pair(Pair("", name, macs[0], "", f"x{number}", macs[1]), descriptor)]) == [None]
    os.close(descriptor)
    channel.close()


def led_to() -> int:
    """The number of the device that this thread's namespace leads what waits into (NFTA_RULE_EXPRESSIONS)."""
    channel = Channel(NETFILTER)
    ((_, rule),) = channel.ask(Message(_GET_RULE, DUMP, _HEAD + text(1, DELAY_TABLE.split()[1])))
    channel.close()
    for _, expression in attributes(by_kind(rule, len(_HEAD))[4]):
        found = by_kind(expression)
        if found[1] == b"immediate\0":
            return int.from_bytes(by_kind(by_kind(found[2])[2])[1], sys.byteorder)
    raise AssertionError("it leads nowhere")


def test_each_means_the_device_of_its_own_namespace(traveller: Traveller) -> None:
    """One name, two numbers: libnftables remembers numbers for all of a process."""
    order = {"one": ("e-1", DELAY_DEVICE), "two": (DELAY_DEVICE, "e-1")}
    wrong: list[str] = []

    def work(ns: str) -> None:
        mine = Traveller(traveller.prefix)
        mine.create(ns)
        mine.at(ns, lambda: turned(ns))
        mine.close()

    def turned(ns: str) -> None:
        devices(*order[ns])
        firewall, channel = Firewall(), Channel()
        for _ in range(TURNS):
            firewall.run(waiting(Delay("", (0.1,), ("e-1",))))
            if (found := led_to()) != channel.index(DELAY_DEVICE):
                wrong.append(f"{ns}: {found}")
        channel.close()
        firewall.close()

    threads = [threading.Thread(target=work, args=(ns,)) for ns in order]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
