"""Delays as rules: how long from where to where, and what is told of it to the kernel."""

from __future__ import annotations

from fogbank.planes.net.facts import DELAY_MARK, DELAYS_MAX, Chain, Delay, Rules
from fogbank.services.ec2.network.delays import End, Ways, delays

SUBNETS = {101: End("a"), 102: End("b"), 103: End("b", 0.01)}
PEERS = {"pcx": {"10.9.1.0/24": "b", "2001:db8::/64": "b", "10.9.2.0/24": "a"}}


def rules(ways: Ways) -> dict[str, tuple[str, ...]]:
    return {fact.chain: fact.rules for fact in delays(ways) if isinstance(fact, Rules)}


def mark(number: int) -> str:
    return f"{DELAY_MARK + number:#x}"


def test_where_nothing_is_slow_there_is_nothing() -> None:
    assert not delays(Ways("vpc", {}, {101: End("a"), 102: End("b")}, {}, ["e1"], ["igw"], PEERS))


def test_two_zones_wait_for_one_another_and_not_for_themselves() -> None:
    ways = Ways("vpc", {("a", "b"): 0.001}, {101: End("a"), 102: End("b")}, {}, ["e2", "e1"], ["igw"], PEERS)
    assert rules(ways) == {
        "wait": ("oifgroup vmap { 101 : goto wait-0, 102 : goto wait-1 }",),
        "wait-0": (
            f"meta mark set iifgroup map {{ 102 : {mark(0)} }} accept",
            f'iifname "pcx" meta mark set ip saddr map {{ 10.9.1.0/24 : {mark(0)} }} accept',
            f'iifname "pcx" meta mark set ip6 saddr map {{ 2001:db8::/64 : {mark(0)} }} accept',
        ),
        "wait-1": (
            f"meta mark set iifgroup map {{ 101 : {mark(0)} }} accept",
            f'iifname "pcx" meta mark set ip saddr map {{ 10.9.2.0/24 : {mark(0)} }} accept',
        ),
    }
    assert {fact for fact in delays(ways) if isinstance(fact, Delay)} == {Delay("vpc", (0.001,), ("e1", "e2", "igw"))}


def test_each_end_adds_its_own() -> None:
    ways = Ways("vpc", {("a", "b"): 0.001}, SUBNETS, {"e9": End("b", 0.03)}, ["e9"], ["igw"])
    assert ways.seconds(End("b", 0.03), SUBNETS[103]) == 0.04
    assert ways.seconds(SUBNETS[101], SUBNETS[103]) == 0.011
    (times,) = {fact.seconds for fact in delays(ways) if isinstance(fact, Delay)}
    found = rules(ways)
    # Out of the VPC half a round trip; from the router itself a whole one, since nothing waits on its way there.
    slow = found[next(line for line in found["wait"] if line.startswith("oifname")).split("goto ")[1].split()[0]]
    assert slow[-2:] == (
        f'meta mark set iifname map {{ "igw" : {mark(times.index(0.03))} }} accept',
        f"meta mark set {mark(times.index(0.06))}",
    )
    # What leaves the VPC waits for where it came from, and what stays within a quick subnet for nothing.
    *_, quick, rest = found["wait"]
    assert quick == "oifgroup { 101, 102, 103 } accept"
    assert found[rest.removeprefix("goto ")] == (
        f'meta mark set iifname map {{ "e9" : {mark(times.index(0.03))} }} accept',
        f"meta mark set iifgroup map {{ 103 : {mark(times.index(0.01))} }} accept",
    )


def test_every_chain_that_is_gone_to_is_there() -> None:
    facts = delays(Ways("vpc", {("a", "b"): 0.001}, SUBNETS, {"e9": End("b", 0.03)}, ["e9"], ["igw"], PEERS))
    chains = {fact.name for fact in facts if isinstance(fact, Chain)}
    named = {word for fact in facts if isinstance(fact, Rules) for line in fact.rules for word in line.split()}
    assert {word.rstrip(",") for word in named if word.startswith("wait-")} == chains - {"wait"}


def test_more_times_than_there_is_room_for_are_rounded_down() -> None:
    slow = {f"e{at}": End("a", at / 1000) for at in range(1, 1500)}
    facts = delays(Ways("vpc", {}, {101: End("a")}, slow, sorted(slow), []))
    (times,) = {fact.seconds for fact in facts if isinstance(fact, Delay)}
    assert len(times) <= DELAYS_MAX
