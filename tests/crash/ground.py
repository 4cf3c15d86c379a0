"""What the kernel shows of an instance, beside what is wanted of it; and packets, sent from inside its interfaces."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import re
import select
import socket
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from fogbank.cloud import Cloud
from fogbank.planes.net import delay, nft, rtnetlink
from fogbank.planes.net.apply import Hands
from fogbank.planes.net.delays import DELAYS_FOLDER, Delays
from fogbank.planes.net.facts import (
    DELAY_DEVICE,
    Address,
    Delay,
    Fact,
    Line,
    Namespace,
    Neighbour,
    Pair,
    Rate,
    Route,
    RoutingRule,
    Setting,
)
from fogbank.planes.net.fake import FakeNet
from fogbank.planes.net.firewall import library
from fogbank.planes.net.lines import LINES_FOLDER, Lines
from fogbank.planes.net.namespaces import FOLDER, Traveller, in_thread, inside, opened, read_setting
from fogbank.planes.net.netlink import Channel
from fogbank.planes.net.observe import Seen, seen
from fogbank.planes.net.plan import NFT, Holding, table_of
from fogbank.settings import Settings
from fogbank.testing import TestCloud

from .site import Probe

Parts = Mapping[str, frozenset[Fact]]
Words = Counter[str]
SILENCE_SECONDS = 0.4
"""How long an answer is waited for that shall not come; one that comes takes at most the way to Europe and back."""
_STATELESS = 1 << 2
_CONNECTIONS = re.compile(r"(flags dynamic[^{}]*)elements = {[^{}]*}")


def wanted(found: TestCloud) -> FakeNet:
    """A network that remembers what a cloud would tell the kernel's if it began now."""
    twin, real = FakeNet(), found.cloud.net
    found.cloud.net = twin
    try:
        found.run(found.cloud._adopt())
    finally:
        found.cloud.net = real
    return twin


def wanted_by(state: Path) -> FakeNet:
    """What the records in a state folder, which no cloud is at, want of the network."""

    async def adopted() -> FakeNet:
        cloud = Cloud(Settings(state=str(state)), net=lambda _: FakeNet())
        await cloud._adopt()
        cloud.close()
        assert isinstance(cloud.net, FakeNet)
        return cloud.net

    return asyncio.run(adopted())


# What the kernel shows


class Kernel:
    """The namespaces of a prefix, looked at with the plane's own eyes, but compared with what is wanted here."""

    def __init__(self, prefix: str, state: Path | None = None) -> None:
        self.prefix = prefix
        self._state = state or Path("/nonexistent")
        self._tables: dict[int, dict[str, Words]] = {}

    def differences(self, parts: Parts) -> list[str]:
        """What is wanted and not there, and what is there and not wanted, in words."""
        return in_thread(lambda: self._differences(parts))

    def _differences(self, parts: Parts) -> list[str]:
        holding = Holding(fact for facts in parts.values() for fact in facts)
        traveller = Traveller(self.prefix)
        carriers = Lines(traveller, self._state / LINES_FOLDER, is_kernels=False)
        hands = Hands(traveller, carriers, Delays(traveller, Path("/nonexistent")))
        try:
            if (names := traveller.names()) != holding.namespaces:
                return [f"namespaces: {sorted(names ^ holding.namespaces)}"]
            found = [one for ns, view in hands.observed(sorted(names)).items() for one in _unlike(ns, view, holding)]
            lines = {fact for ns in names for fact in holding.facts(ns) if isinstance(fact, Line)}
            found += [f"line: {line}" for line in hands.lines.held() ^ lines]
            for ns in names:
                found += self._waiting(ns, holding)
                for fact in holding.facts(ns):
                    if isinstance(fact, Setting) and _value(traveller, fact) != fact.value:
                        found.append(f"setting: {fact}")
                shown, asked = traveller.at(ns, ruleset), self._table(traveller, ns, holding)
                if shown != asked:
                    found.append(f"table of {ns}: {(shown - asked) + (asked - shown)}")
            return found
        finally:
            hands.close()

    def _waiting(self, ns: str, holding: Holding) -> list[str]:
        """The times for which packets wait, where they are not those that are wanted."""
        wanted_seconds = [fact.seconds for fact in holding.facts(ns) if isinstance(fact, Delay)]
        path = self._state / DELAYS_FOLDER / ns
        if not wanted_seconds:
            return [f"{ns}: {path.name} is left"] if path.exists() else []
        (seconds,) = wanted_seconds
        said = [delay.SECONDS.unpack_from(path.read_bytes(), at * delay.SECONDS.size)[0] for at in range(len(seconds))]
        return [f"{ns}: waits {said}, not {seconds}"] if tuple(said) != seconds else []

    def _table(self, traveller: Traveller, ns: str, holding: Holding) -> Words:
        """What nft shows of a namespace's tables if they are made in one go, where nothing has ever been."""
        facts, delays = table_of(ns, holding).facts, [one for one in holding.facts(ns) if isinstance(one, Delay)]
        if not facts and not delays:
            return Counter()
        known = self._tables.setdefault(hash((facts, *delays)), {})
        if ns not in known:
            trial = Traveller(f"{self.prefix}trial")
            trial.create("nft")
            try:
                text = nft.text([*nft.whole(facts), *(line for one in delays for line in nft.waiting(one))])
                trial.at("nft", lambda: _devices([name for one in delays for name in (DELAY_DEVICE, *one.devices)]))
                known[ns] = trial.at("nft", lambda: _ran(text) or ruleset())
            finally:
                trial.remove("nft")
                trial.close()
        return known[ns]


def _value(traveller: Traveller, setting: Setting) -> str:
    return traveller.at(setting.ns, lambda: read_setting(setting.name))


def _unlike(ns: str, view: Seen | None, holding: Holding) -> list[str]:
    assert view is not None, ns
    facts = holding.facts(ns)
    kinds = Rate | Address | Neighbour | Route | RoutingRule
    found = [f"{ns}: {one}" for one in view.facts ^ {fact for fact in facts if isinstance(fact, kinds)}]
    pairs = [fact for fact in facts if isinstance(fact, Pair)]
    ends = {
        (name, mac, group)
        for fact in pairs
        for at, name, mac, group in (
            (fact.ns, fact.name, fact.mac, fact.group),
            (fact.peer_ns, fact.peer_name, fact.peer_mac, fact.peer_group),
        )
        if at == ns
    }
    veths = {name: link for name, link in view.links.items() if link.kind == "veth"}
    shown = {(name, link.mac, link.group) for name, link in veths.items() if link.is_up}
    found += [f"{ns}: link {one}" for one in ends ^ shown] + [
        f"{ns}: {name} is down" for name in veths if not veths[name].is_up
    ]
    if view.halves:
        found.append(f"{ns}: {view.halves}")
    if Namespace(ns, view.is_router) not in facts and not any(isinstance(fact, Setting) for fact in facts):
        found.append(f"{ns}: router {view.is_router}")
    if (DELAY_DEVICE in view.links) != any(isinstance(fact, Delay) for fact in facts):
        found.append(f"{ns}: {DELAY_DEVICE} {DELAY_DEVICE in view.links}")
    if view.has_table != any(isinstance(fact, NFT) for fact in facts):
        found.append(f"{ns}: table {view.has_table}")
    return found


def _devices(names: Sequence[str]) -> None:
    """Have this thread's namespace have devices of these names."""
    channel, descriptor = Channel(), os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        for number, name in enumerate(names):
            macs = [f"02:00:00:00:{end:02x}:{number:02x}" for end in (1, 2)]
            pair = Pair("", name, macs[0], "", f"x{number}", macs[1])
            assert channel.tell([rtnetlink.pair(pair, descriptor)]) == [None]
    finally:
        channel.close()
        os.close(descriptor)


def ruleset() -> Words:
    """The words of all tables of this thread's namespace; the order of a set's elements is nft's.

    Without what packets have written there: counters, and the connections in sets that limit them.
    """
    shown = _CONNECTIONS.sub(r"\1", _ran("list ruleset"))
    return Counter(shown.replace(",", " ").split())


def _ran(commands: str) -> str:
    nftables = library()
    nftables.nft_ctx_get_output_buffer.restype = ctypes.c_char_p
    nftables.nft_ctx_get_output_buffer.argtypes = [ctypes.c_void_p]
    nftables.nft_ctx_output_set_flags.argtypes = [ctypes.c_void_p, ctypes.c_uint]
    context = nftables.nft_ctx_new(0)
    try:
        nftables.nft_ctx_output_set_flags(context, _STATELESS)
        nftables.nft_ctx_buffer_output(context)
        nftables.nft_ctx_buffer_error(context)
        assert nftables.nft_run_cmd_from_buffer(context, commands.encode()) == 0, (
            nftables.nft_ctx_get_error_buffer(context),
            commands,
        )
        return (nftables.nft_ctx_get_output_buffer(context) or b"").decode()
    finally:
        nftables.nft_ctx_free(context)


def here() -> tuple[object, ...]:
    """What the namespace of this thread shows: links, addresses, neighbours, routes, routing rules, all tables."""
    channel = Channel()
    try:
        view = seen("", channel, False, False)
    finally:
        channel.close()
    return dict(view.links), view.facts, view.halves, ruleset()


# What packets do


def wrong(prefix: str, probes: Iterable[Probe]) -> list[Probe]:
    """The probes, all sent at once, that do not end as they should. A host that refuses has been reached."""
    waiting: dict[int, tuple[Probe, socket.socket]] = {}
    passed: set[Probe] = set()
    asked = list(probes)
    poll = select.poll()
    for probe in asked:
        sock = inside(FOLDER / f"{prefix}-{probe.source}", lambda: opened("0.0.0.0", 0, True))
        sock.setblocking(False)
        waiting[sock.fileno()] = probe, sock
        sock.connect_ex((probe.address, probe.port))
        poll.register(sock, select.POLLOUT)
    while waiting and (ready := poll.poll(SILENCE_SECONDS * 1000)):
        for descriptor, _ in ready:
            probe, sock = waiting.pop(descriptor)
            poll.unregister(descriptor)
            with sock:
                if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) in (0, errno.ECONNREFUSED):
                    passed.add(probe)
    for _, sock in waiting.values():
        sock.close()
    return [probe for probe in asked if (probe in passed) != probe.passes]


class Connection:
    """A TCP connection between two interfaces that stays."""

    def __init__(self, prefix: str, source: str, target: tuple[str, str, int]) -> None:
        ns, address, port = target
        with inside(FOLDER / f"{prefix}-{ns}", lambda: opened(address, port, True)) as listening:
            listening.listen()
            self._asking = inside(FOLDER / f"{prefix}-{source}", lambda: opened("0.0.0.0", 0, True))
            for sock in (listening, self._asking):
                sock.settimeout(5)
            self._asking.connect((address, port))
            self._answering, _ = listening.accept()
        self._answering.settimeout(5)

    def lives(self) -> bool:
        """Whether what is said on either side is heard on the other."""
        for one, other in ((self._asking, self._answering), (self._answering, self._asking)):
            said = os.urandom(8)
            one.sendall(said)
            try:
                if other.recv(8) != said:
                    return False
            except TimeoutError:
                return False
        return True

    def close(self) -> None:
        self._asking.close()
        self._answering.close()
