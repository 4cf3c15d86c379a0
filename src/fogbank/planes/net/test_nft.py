"""The text that nftables is told, and what is made of its answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fogbank.planes.net import nft
from fogbank.planes.net.facts import DELAY_MARK, Chain, Delay, Element, Rules, Set
from fogbank.planes.net.firewall import Firewall, RefusedTransaction, has_table
from fogbank.planes.net.namespaces import in_thread, leave
from fogbank.planes.net.probe import full

ENIS = Set("r", "enis", "type ifname")
RANGES = Set("r", "ranges", "type ipv4_addr . inet_service", flags="interval")
WAYS = Set("r", "ways", "type ifname : verdict", is_map=True)
HOOK = Chain("r", "forward_", "type filter hook forward priority 0; policy drop;")
GROUP = Chain("r", "sg-1")
HOOK_RULES = Rules("r", "forward_", ("iifname vmap @ways", 'counter drop comment "end"'))
GROUP_RULES = Rules("r", "sg-1", ("ip saddr . tcp dport @ranges accept",))
FIRST = Element("r", "enis", '"e-1"')
SECOND = Element("r", "enis", '"e-2"')
WAY = Element("r", "ways", '"e-1"', "goto sg-1")
RANGE = Element("r", "ranges", "10.0.0.0/8 . 80-443")
TABLE = (ENIS, RANGES, WAYS, HOOK, GROUP, HOOK_RULES, GROUP_RULES, FIRST, SECOND, RANGE, WAY)

WHOLE = """\
add table inet fb
delete table inet fb
add table inet fb
add set inet fb enis { type ifname; }
add set inet fb ranges { type ipv4_addr . inet_service; flags interval; }
add map inet fb ways { type ifname : verdict; }
add chain inet fb forward_ { type filter hook forward priority 0; policy drop; }
add chain inet fb sg-1
add rule inet fb forward_ iifname vmap @ways
add rule inet fb forward_ counter drop comment "end"
add rule inet fb sg-1 ip saddr . tcp dport @ranges accept
add element inet fb enis { "e-1", "e-2" }
add element inet fb ranges { 10.0.0.0/8 . 80-443 }
add element inet fb ways { "e-1" : goto sg-1 }
"""


def test_a_table_as_a_whole() -> None:
    assert nft.text(nft.whole(TABLE)) == WHOLE


WAITING = f"""\
add table netdev fb-delay
delete table netdev fb-delay
add table netdev fb-delay
add chain netdev fb-delay e0 {{ type filter hook egress devices = {{ "e-1", "igw" }} priority 0; policy accept; }}
add rule netdev fb-delay e0 ether type set meta mark map {{ {DELAY_MARK:#x} : 0xfb00, {DELAY_MARK + 1:#x} : 0xfb01 }}\
 fwd to "delay"
"""


def test_what_waits_is_led_away_anew() -> None:
    fact = Delay("r", (0.001, 0.04), ("e-1", "igw"))
    assert nft.text(nft.waiting(fact)) == WAITING
    nothing = "add table netdev fb-delay\ndelete table netdev fb-delay\n"
    assert nft.text(nft.unwaiting(fact)) == nothing
    chains = [one.line for one in nft.waiting(Delay("r", (0.1,), tuple(f"e{at}" for at in range(401))))]
    assert sum(line.startswith("add chain") for line in chains) == 3


def test_no_table() -> None:
    assert nft.text(nft.whole(())) == "add table inet fb\ndelete table inet fb\n"


def test_a_group_changes_and_another_goes() -> None:
    new = Rules("r", "forward_", ("drop",))
    made = (Set("r", "m", "type ipv4_addr"), new, Element("r", "m", "10.0.0.4"), Element("r", "ways", '"e-1"', "drop"))
    gone = (RANGES, GROUP, GROUP_RULES, HOOK_RULES, RANGE, WAY, SECOND)
    assert nft.text(nft.turned(made, gone)) == (
        "add table inet fb\n"
        "add set inet fb m { type ipv4_addr; }\n"
        'delete element inet fb ways { "e-1" }\n'
        'delete element inet fb enis { "e-2" }\n'
        "flush chain inet fb forward_\n"
        "add rule inet fb forward_ drop\n"
        "flush chain inet fb sg-1\n"
        "add element inet fb m { 10.0.0.4 }\n"
        'add element inet fb ways { "e-1" : drop }\n'
        "delete chain inet fb sg-1\n"
        "delete set inet fb ranges\n"
    )


@pytest.fixture
def inside() -> Callable[[Callable[[Firewall], object]], object]:
    """Calls a function with the firewall of a namespace that nobody knows."""
    if reason := full():
        pytest.skip(f"networks: {reason}")

    def call(function: Callable[[Firewall], object]) -> object:
        def trial() -> object:
            leave()
            firewall = Firewall()
            try:
                return function(firewall)
            finally:
                firewall.close()

        return in_thread(trial)

    return call


Inside = Callable[[Callable[[Firewall], object]], object]


def test_the_kernel_takes_what_is_written(inside: Inside) -> None:
    def trial(firewall: Firewall) -> None:
        firewall.run(nft.turned(TABLE, ()))
        new = Rules("r", "forward_", ('counter drop comment "new"',))
        firewall.run(nft.turned((new, Element("r", "ways", '"e-1"', "drop")), (WAY, GROUP, GROUP_RULES, HOOK_RULES)))
        assert firewall.counters() == {"new": (0, 0)}
        assert has_table()
        firewall.run(nft.whole(TABLE))
        assert firewall.counters() == {"end": (0, 0)}
        firewall.run(nft.whole(()))
        assert firewall.counters() == {}
        assert not has_table()

    inside(trial)


def test_a_refusal_names_the_fact_and_changes_nothing(inside: Inside) -> None:
    bad = Element("r", "ways", '"e-9"', "goto nowhere")
    wrong = Rules("r", "sg-1", ("ip saddr nonsense nonsense",))

    def trial(firewall: Firewall) -> None:
        firewall.run(nft.turned(TABLE, ()))
        for made, reason in (((FIRST, bad), "No such file or directory"), ((GROUP, wrong), "syntax error")):
            with pytest.raises(RefusedTransaction, match=reason) as caught:
                firewall.run(nft.turned(made, (HOOK_RULES,)))
            assert set(caught.value.facts) & {bad, wrong}
        assert firewall.counters() == {"end": (0, 0)}, "the rules that were to go are there"

    inside(trial)


def test_somebody_elses_change_is_seen(inside: Inside) -> None:
    def trial(firewall: Firewall) -> None:
        assert not firewall.is_ours, "nobody knows what is there before the first transaction"
        firewall.run(nft.turned(TABLE, ()))
        assert firewall.is_ours
        firewall.run(nft.turned((), (SECOND,)))
        assert firewall.is_ours
        other = Firewall()
        other.run([nft.Command("add table ip somebody")])
        other.close()
        assert not firewall.is_ours

    inside(trial)
