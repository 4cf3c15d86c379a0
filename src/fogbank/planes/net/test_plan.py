"""Plans: what comes before what, what is counted, what contradicts; and that every plan arrives."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.aws.errors import WorldError
from fogbank.planes.net.facts import (
    Address,
    Chain,
    Delay,
    Element,
    Fact,
    Namespace,
    Neighbour,
    Pair,
    Route,
    RoutingRule,
    Rules,
    Set,
    Setting,
)
from fogbank.planes.net.plan import (
    NFT,
    Changes,
    Contradiction,
    Cut,
    Difference,
    Holding,
    Ledger,
    Make,
    Step,
    Table,
    Turn,
    Unmake,
    places,
    plan,
    slots,
    steps,
)

ROUTER = Namespace("r", router=True)
HOST = Namespace("h")
PAIR = Pair("r", "e-1", "06:00:00:00:00:01", "h", "eth0", "02:00:00:00:00:01", group=7)
ADDRESS = Address("h", "eth0", "10.0.0.4/24")
ROUTE = Route("r", "10.0.0.4/32", device="e-1")
DEFAULT = Route("h", "0.0.0.0/0", device="eth0", via="10.0.0.1")
NEIGHBOUR = Neighbour("r", "e-1", "10.0.0.4", "02:00:00:00:00:01")
RULE = RoutingRule("r", 7, 7)
SET = Set("r", "enis", "type ifname")
MAP = Set("r", "out", "type ifname : verdict", is_map=True)
CHAIN = Chain("r", "sg")
RULES = Rules("r", "sg", ("accept",))
MEMBER = Element("r", "enis", '"e-1"')
WAY = Element("r", "out", '"e-1"', "goto sg")
ALL = frozenset({ROUTER, HOST, PAIR, ADDRESS, ROUTE, DEFAULT, NEIGHBOUR, RULE, SET, MAP, CHAIN, RULES, MEMBER, WAY})


def test_what_carries_comes_before_what_it_carries() -> None:
    made = [step.fact for step in plan(ALL, frozenset()) if isinstance(step, Make)]
    assert [type(fact) for fact in made] == [
        Namespace,
        Namespace,
        Pair,
        Address,
        Neighbour,
        RoutingRule,
        Route,
        Route,
    ]
    *_, last = plan(ALL, frozenset())
    assert last == Turn("r", (SET, MAP, CHAIN, RULES, MEMBER, WAY), ())


def test_what_waits_changes_in_place_comes_again_with_a_device_and_goes_also_with_its_namespace() -> None:
    slow, slower = Delay("r", (0.1,), ("e-1",)), Delay("r", (0.2,), ("e-1",))
    assert plan(ALL | {slower}, ALL | {slow}) == (Make(slower),)
    again = [step.fact for step in plan(ALL | {slow}, ALL - {PAIR} | {slow}) if isinstance(step, Make)]
    assert again.index(PAIR) < again.index(slow)
    last = [step.fact for step in plan(frozenset(), ALL | {slow}) if isinstance(step, Unmake)]
    # Its process would hold the namespace.
    assert last.index(slow) < last.index(ROUTER)


def test_an_interface_goes_from_its_packets_to_its_namespace() -> None:
    interface = {HOST, PAIR, ADDRESS, DEFAULT, ROUTE, NEIGHBOUR, MEMBER, WAY}
    cut, *rest = plan(ALL - interface, ALL)
    assert isinstance(cut, Cut)
    assert set(cut.gone) == {MEMBER, WAY}
    assert rest == [Unmake(ROUTE), Unmake(NEIGHBOUR), Unmake(PAIR), Unmake(HOST)], "what dies with `h` needs no step"


def test_nothing_to_do_is_no_step() -> None:
    assert plan(ALL, ALL) == ()


def test_a_value_is_replaced_in_one_transaction() -> None:
    other = Element("r", "out", '"e-1"', "goto else")
    assert plan(ALL - {WAY} | {other}, ALL) == (Turn("r", (other,), (WAY,)),)


def test_a_route_and_a_neighbour_are_replaced_in_place() -> None:
    route = Route("r", "10.0.0.4/32", kind="blackhole")
    neighbour = Neighbour("r", "e-1", "10.0.0.4", "02:00:00:00:00:09")
    found = plan(ALL - {ROUTE, NEIGHBOUR} | {route, neighbour}, ALL)
    assert found == (Make(neighbour), Make(route))


def test_a_pair_that_changes_takes_what_is_on_it_with_it() -> None:
    other = Pair("r", "e-1", "06:00:00:00:00:02", "h", "eth0", "02:00:00:00:00:01", group=7)
    found = plan(ALL - {PAIR} | {other}, ALL)
    assert found[:2] == (Unmake(PAIR), Make(other))
    assert {step.fact for step in found[2:]} == {ADDRESS, DEFAULT, ROUTE, NEIGHBOUR}  # type: ignore[union-attr]
    assert all(isinstance(step, Make) for step in found[2:])


def test_a_namespace_that_becomes_a_router_stays() -> None:
    assert plan({Namespace("h", router=True)}, {HOST}) == (Make(Namespace("h", router=True)),)


def test_a_setting_goes_with_its_namespace_only() -> None:
    setting = Setting("r", "net/netfilter/nf_conntrack_acct", "1")
    assert plan({ROUTER}, {ROUTER, setting}) == ()


def test_a_chain_that_is_defined_anew_turns_the_whole_table() -> None:
    other = Chain("r", "sg", "type filter hook forward priority 0;")
    (table,) = plan(ALL - {CHAIN} | {other}, ALL)
    assert isinstance(table, Table)
    assert set(table.facts) == {fact for fact in ALL - {CHAIN} | {other} if isinstance(fact, NFT)}


def test_the_table_goes_with_its_last_fact() -> None:
    assert plan({ROUTER}, {ROUTER, SET, MEMBER}) == (Table("r", ()),)


def test_a_doubtful_table_is_made_anew_whole() -> None:
    (table,) = steps(Difference(set(), set()), Holding(ALL), anew={"r"})
    assert isinstance(table, Table)
    assert len(table.facts) == 6


def test_a_fact_holds_as_long_as_one_part_states_it() -> None:
    ledger = Ledger()
    assert ledger.set({"a": frozenset({ROUTER, SET}), "b": frozenset({ROUTER})}).made == {ROUTER, SET}
    assert ledger.set({"a": frozenset()}) == Difference(set(), {SET})
    assert ledger.set({"b": frozenset()}) == Difference(set(), {ROUTER})
    assert not ledger.holding.namespaces


def test_parts_within_a_prefix_go_when_they_are_not_named() -> None:
    ledger = Ledger()
    ledger.set({"vpc/a": frozenset({ROUTER}), "vpc/b": frozenset({SET}), "other": frozenset({HOST})})
    assert ledger.set({"vpc/a": frozenset({ROUTER})}, within=["vpc/"]).gone == {SET}
    assert ledger.parts.keys() == {"vpc/a", "other"}


def test_two_values_of_one_thing_name_both_parts_and_change_nothing() -> None:
    ledger = Ledger()
    ledger.set({"one": frozenset({MAP, WAY})})
    other = Element("r", "out", '"e-1"', "goto else")
    with pytest.raises(Contradiction) as caught:
        ledger.set({"two": frozenset({other, SET})})
    assert "part two says" in str(caught.value)
    assert "part one says" in str(caught.value)
    assert isinstance(caught.value, WorldError)
    assert isinstance(caught.value, ValueError)
    assert ledger.parts.keys() == {"one"}
    assert SET not in ledger.holding.facts("r")
    assert ledger.set({"one": frozenset({MAP}), "two": frozenset({other})}).made == {other}, "it moves in one call"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (RULES, Rules("r", "sg", ("drop",))),
        (PAIR, Pair("x", "e-9", "06:00:00:00:00:09", "h", "eth0", "02:00:00:00:00:09")),
        (ROUTE, Route("r", "10.0.0.4/32", kind="blackhole")),
        (ROUTER, Namespace("r")),
        (RULE, RoutingRule("r", 7, 8)),
    ],
)
def test_contradictions(one: Fact, other: Fact) -> None:
    with pytest.raises(Contradiction):
        Ledger().set({"one": frozenset({one}), "two": frozenset({other})})


def test_what_is_taken_back_is_neither_made_nor_gone() -> None:
    changes = Changes()
    changes.add(Difference({SET, MAP}, {HOST}))
    changes.add(Difference({HOST}, {SET}))
    assert changes.taken() == Difference({MAP}, set())
    assert changes.taken() == Difference(set(), set())


POOL: tuple[Fact, ...] = (
    *ALL,
    Pair("r", "e-1", "06:00:00:00:00:02", "h", "eth0", "02:00:00:00:00:01"),
    Route("r", "10.0.0.4/32", kind="blackhole"),
    Neighbour("r", "e-1", "10.0.0.4", "02:00:00:00:00:09"),
    Namespace("r"),
    Chain("r", "sg", "type filter hook forward priority 0;"),
    Rules("r", "sg", ("drop",)),
    Element("r", "out", '"e-1"', "drop"),
    Element("r", "enis", '"e-2"'),
    RoutingRule("r", 7, 8),
)


def _possible(facts: frozenset[Fact]) -> frozenset[Fact]:
    """Facts that can hold together: without contradiction, and each with what carries it."""
    kept: dict[object, Fact] = {}
    for fact in sorted(facts, key=repr):
        if not any(slot in kept for slot in slots(fact)):
            kept.update(dict.fromkeys(slots(fact), fact))
    found = set(kept.values())
    while True:
        namespaces = {fact.ns for fact in found if isinstance(fact, Namespace)}
        devices = {
            end
            for fact in found
            if isinstance(fact, Pair)
            for end in ((fact.ns, fact.name), (fact.peer_ns, fact.peer_name))
        }
        sets = {fact.name for fact in found if isinstance(fact, Set)}
        chains = {fact.name for fact in found if isinstance(fact, Chain)}
        lost = {
            fact
            for fact in found
            if not namespaces.issuperset(places(fact))
            or (getattr(fact, "device", "") and (fact.ns, fact.device) not in devices)  # type: ignore[attr-defined]
            or (isinstance(fact, Element) and fact.set not in sets)
            or (isinstance(fact, Rules) and fact.chain not in chains)
        }
        if not lost:
            return frozenset(found)
        found -= lost


class Kernel:
    """As much of a kernel as plans rely on: what is made needs what carries it, and goes with it."""

    def __init__(self, facts: frozenset[Fact]) -> None:
        self.facts = set(facts)

    def do(self, step: Step) -> None:
        match step:
            case Cut():
                assert self.facts.issuperset(step.gone)
                self.facts -= set(step.gone)
            case Unmake():
                assert step.fact in self.facts
                self.facts.discard(step.fact)
                self._forget(step.fact)
            case Make():
                taken = {slot: fact for fact in self.facts for slot in slots(fact)}
                for slot in slots(step.fact):
                    if (old := taken.get(slot)) is not None:
                        assert isinstance(old, Namespace | Route | Neighbour) or old == step.fact, "in use"
                        self.facts.discard(old)
                self.facts.add(step.fact)
            case Turn():
                assert self.facts.issuperset(step.gone)
                self.facts = self.facts - set(step.gone) | set(step.made)
            case Table():
                self.facts = {fact for fact in self.facts if fact.ns != step.ns or not isinstance(fact, NFT)}
                self.facts |= set(step.facts)
        assert _possible(frozenset(self.facts)) == self.facts, step

    def _forget(self, gone: Fact) -> None:
        if isinstance(gone, Namespace):
            lost = {fact for fact in self.facts if gone.ns in places(fact)}
            self.facts -= lost
            for fact in lost:
                self._forget(fact)
        if isinstance(gone, Pair):
            ends = ((gone.ns, gone.name), (gone.peer_ns, gone.peer_name))
            self.facts = {fact for fact in self.facts if (fact.ns, getattr(fact, "device", "")) not in ends}


@settings(max_examples=300, deadline=None)
@given(st.frozensets(st.sampled_from(POOL)), st.frozensets(st.sampled_from(POOL)))
def test_every_plan_arrives_and_no_step_breaks_what_is_there(wanted: frozenset[Fact], held: frozenset[Fact]) -> None:
    desired, kernel = _possible(wanted), Kernel(_possible(held))
    for step in plan(desired, frozenset(kernel.facts)):
        kernel.do(step)
    assert kernel.facts == desired
