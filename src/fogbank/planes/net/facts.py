"""Facts: what is to be true of namespaces, links, addresses, routes and rules, as values that can be compared.

A *part* is a named set of facts that stands or falls together: an interface, a security group, a subnet. Different
parts may state the same fact; it holds as long as one of them does. The order of the classes in `ORDER` is the order in
which facts are made, and against which they are unmade.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

LO = "lo"
TABLE_MAIN = 254
DELAY_DEVICE = "delay"
"""The device of a namespace behind which packets wait."""
DELAY_MARK = 0x7F5B0000
DELAYS_MAX = 1024
"""Different times that packets wait in one namespace."""


class Fact(msgspec.Struct, frozen=True, gc=False, array_like=True, tag_field="fact", tag=True):
    """Something that is to be true. `ns` names the namespace, without the instance's prefix."""

    ns: str


class Namespace(Fact, frozen=True, gc=False, tag=True):
    """A network namespace, its loopback up. `router` ones forward both families, and answer ARP for what they route."""

    router: bool = False


class Setting(Fact, frozen=True, gc=False, tag=True):
    """A sysctl of the namespace: `net/netfilter/nf_conntrack_acct`. Nobody unmakes it: it goes with its namespace."""

    name: str
    value: str


class Pair(Fact, frozen=True, gc=False, tag=True):
    """A veth pair, up at both ends. The first end is in `ns`; `group` is its link group. Names have ≤ 15 letters."""

    name: str
    mac: str
    peer_ns: str
    peer_name: str
    peer_mac: str
    group: int = 0
    peer_group: int = 0
    mtu: int = 9001


class Line(Fact, frozen=True, gc=False, tag=True):
    """A line with delay between two namespaces: packets without a link layer, like a leased line."""

    name: str
    peer_ns: str
    peer_name: str
    delay_seconds: float
    """One way."""
    group: int = 0
    peer_group: int = 0
    loss: float = 0.0
    mtu: int = 1500


class Delay(Fact, frozen=True, gc=False, tag=True):
    """Packets that leave by some devices with the mark DELAY_MARK + n wait for the n-th of some times before they do.

    Whatever rules, counters and connections they go through they have gone through before, once. Only IPv4 and IPv6,
    and only devices with a link layer.
    """

    seconds: tuple[float, ...]
    """At most DELAYS_MAX."""
    devices: tuple[str, ...]


class Uplink(Fact, frozen=True, gc=False, tag=True):
    """A device that leads to the machine's own network, as if through an ordinary program of its own."""

    name: str
    network: str
    """What is on the device, as a CIDR. Its second address leads on, and answers for no other."""


class Rate(Fact, frozen=True, gc=False, tag=True):
    """The most that a device sends."""

    device: str
    bytes_per_second: int


class Address(Fact, frozen=True, gc=False, tag=True):
    """An address of a device, with its prefix length; no route comes with it."""

    device: str
    address: str


class Neighbour(Fact, frozen=True, gc=False, tag=True):
    """The permanent link-layer address of a neighbour, so that nobody asks."""

    device: str
    address: str
    mac: str


class Route(Fact, frozen=True, gc=False, tag=True):
    """A route. `kind`: unicast, blackhole, throw (look on in the next rule's table), local."""

    destination: str
    """A CIDR of either family."""
    table: int = TABLE_MAIN
    kind: str = "unicast"
    device: str = ""
    via: str = ""
    """The next hop, taken to be on the link."""
    metric: int = 0


class RoutingRule(Fact, frozen=True, gc=False, tag=True):
    """Packets with a mark (both families) look into a table before the main one."""

    mark: int
    table: int


class Set(Fact, frozen=True, gc=False, tag=True):
    """A named set or map of the namespace's nftables table."""

    name: str
    type: str
    """The whole statement: `type ifname . ipv4_addr`, of a map `type ifname : verdict`."""
    is_map: bool = False
    flags: str = ""
    """`interval`"""


class Chain(Fact, frozen=True, gc=False, tag=True):
    """A chain, which may be jumped to; what it does is stated by one `Rules`."""

    name: str
    hook: str = ""
    """`type filter hook forward priority 0; policy drop;` for one that the kernel calls."""


class Rules(Fact, frozen=True, gc=False, tag=True):
    """The whole content of a chain, in order, replaced at once."""

    chain: str
    rules: tuple[str, ...]
    """One rule each. A counter is read by the rule's comment, which nft wants last: `counter drop comment "acl/9"`."""


class Element(Fact, frozen=True, gc=False, tag=True):
    """An element of a set, or of a map with its value. The key decides: two values of one key are a contradiction."""

    set: str
    key: str
    """As nft reads it: `"e-1" . 10.0.0.4`."""
    value: str = ""


def mac(name: str, end: int) -> str:
    """The link-layer address of an end of a link, locally administered, from the link's name."""
    digits = hashlib.blake2s(f"{name}/{end}".encode(), digest_size=5).hexdigest()
    return "02:" + ":".join(digits[at : at + 2] for at in range(0, 10, 2))


ORDER: tuple[type[Fact], ...] = (
    Namespace,
    Setting,
    Pair,
    Line,
    Delay,
    Uplink,
    Rate,
    Address,
    Neighbour,
    RoutingRule,
    Route,
    Set,
    Chain,
    Rules,
    Element,
)
AnyFact = (
    Namespace
    | Setting
    | Pair
    | Line
    | Delay
    | Uplink
    | Rate
    | Address
    | Neighbour
    | Route
    | RoutingRule
    | Set
    | Chain
    | Rules
    | Element
)
Parts = Mapping[str, frozenset[Fact]]
