"""The kernel's netlink: what we write it understands, what it shows we read back as the same facts."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence

import pytest

from fogbank.aws.errors import WorldError
from fogbank.planes.net import rtnetlink
from fogbank.planes.net.facts import Address, Fact, Namespace, Neighbour, Pair, Route, RoutingRule
from fogbank.planes.net.namespaces import in_thread, leave, loopback_up
from fogbank.planes.net.netlink import BATCH, Channel, attribute, by_kind, number, text
from fogbank.planes.net.observe import Seen, compared, seen
from fogbank.planes.net.probe import full

PAIR = Pair("n", "e-1", "06:00:00:00:00:01", "n", "far", "02:00:00:00:00:01", group=7, peer_group=8, mtu=9001)
FACTS: tuple[Fact, ...] = (
    Address("n", "e-1", "10.0.1.1/24"),
    Address("n", "lo", "169.254.169.254/32"),
    Address("n", "e-1", "fd00::1/64"),
    Address("n", "e-1", "fe80::1/64"),
    Neighbour("n", "e-1", "10.0.1.4", "02:00:00:00:00:01"),
    Neighbour("n", "e-1", "fd00::4", "02:00:00:00:00:01"),
    Route("n", "10.0.1.4/32", device="e-1"),
    Route("n", "0.0.0.0/0", table=70000, device="e-1", via="169.254.0.1", metric=5),
    Route("n", "0.0.0.0/0", table=101, kind="blackhole", metric=9999),
    Route("n", "10.0.0.0/16", table=101, kind="throw"),
    Route("n", "192.0.2.0/24", table=101, kind="local", device="lo"),
    Route("n", "fd00::4/128", device="e-1"),
    Route("n", "::/0", table=101, device="e-1", via="fe80::9"),
    Route("n", "::/0", kind="blackhole", metric=9999),
    Route("n", "fd00::/56", table=101, kind="throw"),
    RoutingRule("n", 101, 101),
    RoutingRule("n", 70000, 70000),
)


def test_attributes_are_read_as_they_are_written() -> None:
    payload = number(6, 9999) + text(3, "e-1") + attribute(18, text(1, "veth"))
    assert by_kind(payload) == {6: (9999).to_bytes(4, "little"), 3: b"e-1\0", 18: text(1, "veth")}


def test_a_message_as_the_kernel_has_it() -> None:
    (message,) = rtnetlink.made(Route("n", "10.0.0.4/32", device="e-1"), {"e-1": 3})
    assert message.kind == rtnetlink.NEW_ROUTE
    # rtmsg: AF_INET, /32, table main, our protocol, scope link, unicast; then RTA_DST, RTA_TABLE, RTA_OIF.
    assert message.payload.hex(" ", 4) == (
        "02200000 fefbfd01 00000000 08000100 0a000004 08000f00 fe000000 08000400 03000000"
    )


@pytest.fixture
def inside() -> Callable[[Callable[[Channel], object]], object]:
    """Calls a function with a channel into a namespace that nobody knows."""
    if reason := full():
        pytest.skip(f"networks: {reason}")

    def call(function: Callable[[Channel], object]) -> object:
        def trial() -> object:
            leave()
            loopback_up()
            channel = Channel()
            try:
                return function(channel)
            finally:
                channel.close()

        return in_thread(trial)

    return call


Inside = Callable[[Callable[[Channel], object]], object]


def _pair(channel: Channel, *pairs: Pair) -> dict[str, int]:
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    answers = channel.tell([rtnetlink.pair(one, here) for one in pairs])
    names = [name for one in pairs for name in (one.name, one.peer_name)]
    answers += channel.tell([say(name) for name in names for say in (rtnetlink.quiet, rtnetlink.up)])
    os.close(here)
    assert not any(answers), answers
    return {link.name: link.number for link in _links(channel)}


def _links(channel: Channel) -> list[rtnetlink.Link]:
    return [rtnetlink.link_of(payload) for _, payload in channel.ask(rtnetlink.LINKS)]


def _told(channel: Channel, make: Callable[..., Sequence[object]], facts: Sequence[Fact], indexes: object) -> None:
    answers = channel.tell([message for fact in facts for message in make(fact, indexes)])  # type: ignore[misc]
    assert not any(answers), answers


def test_what_is_made_is_read_back_and_what_is_unmade_is_gone(inside: Inside) -> None:
    def trial(channel: Channel) -> None:
        indexes = _pair(channel, PAIR)
        _told(channel, rtnetlink.made, FACTS, indexes)
        assert seen("n", channel, False, False).facts == set(FACTS)
        _told(channel, rtnetlink.made, [fact for fact in FACTS if not isinstance(fact, RoutingRule)], indexes)
        assert seen("n", channel, False, False).facts == set(FACTS), "said twice, they hold once"
        _told(channel, rtnetlink.unmade, FACTS[::-1], indexes)
        assert seen("n", channel, False, False).facts == set()

    inside(trial)


@pytest.mark.parametrize("destination", ["10.9.0.0/24", "fd99::/64"])
def test_a_route_changes_its_kind_in_place(inside: Inside, destination: str) -> None:
    via = "10.0.1.9" if "." in destination else "fe80::9"

    def trial(channel: Channel) -> None:
        indexes = _pair(channel, PAIR)
        kinds = (
            Route("n", destination, kind="blackhole"),
            Route("n", destination, device="e-1", via=via),
            Route("n", destination, device="far", via=via),
            Route("n", destination, kind="throw"),
            Route("n", destination, device="e-1"),
        )
        for route in (*kinds, *reversed(kinds)):
            _told(channel, rtnetlink.made, [route], indexes)
            assert seen("n", channel, False, False).facts == {route}

    inside(trial)


def test_a_pair_is_observed_and_a_stray_end_is_seen(inside: Inside) -> None:
    other = Pair("n", "e-2", "06:00:00:00:00:02", "n", "far2", "02:00:00:00:00:02")

    def trial(channel: Channel) -> None:
        _pair(channel, PAIR, other)
        view: Seen = seen("n", channel, False, False)
        assert not any(compared({Namespace("n"), PAIR, other}, {"n": view}))
        found = compared({Namespace("n"), PAIR}, {"n": view})
        assert not found.made
        assert {fact.name for fact in found.gone} == {"e-2", "far2"}  # type: ignore[attr-defined]
        changed = Pair("n", "e-2", "06:00:00:00:00:02", "n", "far2", "02:00:00:00:00:02", mtu=1500)
        assert compared({Namespace("n"), PAIR, changed}, {"n": view}).made == {changed}

    inside(trial)


def test_links_are_deleted_in_bulk_and_no_other(inside: Inside) -> None:
    pairs = [
        Pair("n", f"x-{i}", f"06:00:00:00:01:{i:02x}", "n", f"f-{i}", f"02:00:00:00:01:{i:02x}") for i in range(30)
    ]

    def trial(channel: Channel) -> None:
        _pair(channel, PAIR, *pairs)
        assert not any(channel.tell([rtnetlink.trashed(pair.name) for pair in pairs]))
        assert channel.tell([rtnetlink.trash_deleted()]) == [None]
        assert {link.name for link in _links(channel)} == {"lo", "e-1", "far"}

    inside(trial)


def test_more_than_a_batch_is_answered_one_by_one(inside: Inside) -> None:
    def trial(channel: Channel) -> None:
        routes = [Route("n", f"10.{i >> 8}.{i & 255}.0/24", kind="blackhole") for i in range(3 * BATCH + 7)]
        messages = [message for route in routes for message in rtnetlink.made(route, {})]
        messages[BATCH + 3] = rtnetlink.up("nobody")
        answers = channel.tell(messages)
        assert [position for position, refusal in enumerate(answers) if refusal] == [BATCH + 3]
        assert answers[BATCH + 3].number == errno.ENODEV  # type: ignore[union-attr]
        assert len(seen("n", channel, False, False).facts) == len(routes) - 1

    inside(trial)


def test_the_kernels_own_words_come_back(inside: Inside) -> None:
    def trial(channel: Channel) -> None:
        indexes = _pair(channel, PAIR)
        (refusal,) = channel.tell(rtnetlink.made(Route("n", "::/0", device="lo", via="ff02::1"), indexes))
        assert refusal is not None
        assert "gateway" in str(refusal)
        with pytest.raises(WorldError, match="ENODEV"):
            channel.ask(rtnetlink.link_asked("nobody"))

    inside(trial)
