"""Facts as commands of nft(8): pure text, one table for each namespace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from fogbank.planes.net.facts import DELAY_DEVICE, DELAY_MARK, Chain, Delay, Element, Fact, Rules, Set

TABLE = "inet fb"
DELAY_TABLE = "netdev fb-delay"
DELAY_TYPE = 0xFB00
"""What says of a waiting frame, in the place of its EtherType, how long: plus n, for the n-th time."""
_DEVICES_MAX = 200
"""A chain has no room for more than 256."""


class Command(NamedTuple):
    """A command in one line, and the facts that it is for."""

    line: str
    facts: tuple[Fact, ...] = ()


def turned(made: Sequence[Fact], gone: Sequence[Fact]) -> tuple[Command, ...]:
    """The commands that bring a table from some facts to others; both in ORDER.

    An element whose value changes goes and comes, which nobody sees inside one transaction.
    """
    rewritten = {fact.chain for fact in made if isinstance(fact, Rules)}
    lost_sets = {fact.name for fact in gone if isinstance(fact, Set)}
    lost_chains = {fact.name for fact in gone if isinstance(fact, Chain)}
    flushed = [fact for fact in gone if isinstance(fact, Rules) and fact.chain not in rewritten]
    return (
        Command(f"add table {TABLE}"),
        *_definitions(made),
        *_elements("delete", (fact for fact in gone if isinstance(fact, Element) and fact.set not in lost_sets)),
        *_rules(made),
        *(Command(f"flush chain {TABLE} {fact.chain}", (fact,)) for fact in flushed),
        *_elements("add", (fact for fact in made if isinstance(fact, Element))),
        *(Command(f"delete chain {TABLE} {name}") for name in sorted(lost_chains)),
        *(Command(f"delete {_noun(fact)} {TABLE} {fact.name}", (fact,)) for fact in gone if isinstance(fact, Set)),
    )


def whole(facts: Sequence[Fact]) -> tuple[Command, ...]:
    """The commands that make a table anew, whatever it was; without facts it goes. `facts` are in ORDER."""
    gone = (Command(f"add table {TABLE}"), Command(f"delete table {TABLE}"))
    if not facts:
        return gone
    return (
        *gone,
        Command(f"add table {TABLE}"),
        *_definitions(facts),
        *_rules(facts, is_new=True),
        *_elements("add", (fact for fact in facts if isinstance(fact, Element))),
    )


def waiting(fact: Delay) -> tuple[Command, ...]:
    """The commands that lead marked packets into the device behind which they wait, anew whatever led them before."""
    facts = (fact,)
    commands = [*unwaiting(fact), Command(f"add table {DELAY_TABLE}", facts)]
    types = ", ".join(f"{DELAY_MARK + n:#x} : {DELAY_TYPE + n:#x}" for n in range(len(fact.seconds)))
    for start in range(0, len(fact.devices) if types else 0, _DEVICES_MAX):
        devices = ", ".join(f'"{device}"' for device in fact.devices[start : start + _DEVICES_MAX])
        chain = f"{DELAY_TABLE} e{start}"
        hook = f"type filter hook egress devices = {{ {devices} }} priority 0; policy accept;"
        rule = f'ether type set meta mark map {{ {types} }} fwd to "{DELAY_DEVICE}"'
        commands += [Command(f"add chain {chain} {{ {hook} }}", facts), Command(f"add rule {chain} {rule}", facts)]
    return tuple(commands)


def unwaiting(fact: Delay) -> tuple[Command, ...]:
    """The commands after which no packet waits any more."""
    return (Command(f"add table {DELAY_TABLE}", (fact,)), Command(f"delete table {DELAY_TABLE}", (fact,)))


def text(commands: Iterable[Command]) -> str:
    """One transaction."""
    return "".join(f"{command.line}\n" for command in commands)


def _noun(fact: Set) -> str:
    return "map" if fact.is_map else "set"


def _definitions(facts: Sequence[Fact]) -> Iterator[Command]:
    for fact in facts:
        if isinstance(fact, Set):
            flags = f" flags {fact.flags};" if fact.flags else ""
            yield Command(f"add {_noun(fact)} {TABLE} {fact.name} {{ {fact.type};{flags} }}", (fact,))
        elif isinstance(fact, Chain):
            hook = f" {{ {fact.hook} }}" if fact.hook else ""
            yield Command(f"add chain {TABLE} {fact.name}{hook}", (fact,))


def _rules(facts: Sequence[Fact], is_new: bool = False) -> Iterator[Command]:
    for fact in facts:
        if not isinstance(fact, Rules):
            continue
        if not is_new:
            yield Command(f"flush chain {TABLE} {fact.chain}", (fact,))
        for rule in fact.rules:
            yield Command(f"add rule {TABLE} {fact.chain} {rule}", (fact,))


def _elements(verb: str, facts: Iterable[Element]) -> Iterator[Command]:
    """One command for all elements of a set: each command costs libnftables a look at its cache."""
    by_set: dict[str, list[Element]] = {}
    for fact in facts:
        by_set.setdefault(fact.set, []).append(fact)
    for name, elements in by_set.items():
        listed = ", ".join(_element(fact, verb) for fact in elements)
        yield Command(f"{verb} element {TABLE} {name} {{ {listed} }}", tuple(elements))


def _element(fact: Element, verb: str) -> str:
    return f"{fact.key} : {fact.value}" if fact.value and verb == "add" else fact.key
