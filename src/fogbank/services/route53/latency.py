"""How long it takes from those who ask to each region: measured where there are lines, told by people, or guessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.route53 import places
from fogbank.services.route53.resources import LatencyTarget, ToldLatency

HOME = "fogbank"
TOLD_MAX = 256
_UNREACHABLE_SECONDS = 1e6


class Table:
    """The seconds of a round trip from each place to each region, as they were last measured or told."""

    def __init__(self) -> None:
        self.version = 0
        """Counts the changes, for those who keep what follows from the table."""
        self._measured: dict[str, dict[str, float]] = {}
        self._told: dict[IPv4Network | IPv6Network, dict[str, float]] | None = None

    def measured(self, here: str, there: str, seconds: float | None) -> None:
        """A round trip between two regions that was measured; None for one that nothing passes."""
        known = self._measured.setdefault(here, {})
        found = _UNREACHABLE_SECONDS if seconds is None else seconds
        if known.get(there) != found:
            known[there] = found
            self.version += 1

    def listed(self) -> dict[str, dict[str, float]]:
        """What was measured: from a region to others, in seconds."""
        return {here: dict(there) for here, there in self._measured.items()}

    def forget_told(self) -> None:
        """Read what people have told anew, when it is next asked for."""
        self._told = None
        self.version += 1

    def of(self, ctx: Context, address: str, region: str) -> Mapping[str, float]:
        """From an address in (or near) a region: what is told of its network counts before what was measured."""
        told = self._told_of(ctx, address)
        measured = self._measured.get(region)
        usual = places.latencies(region)
        return {**usual, **(measured or {}), **told} if told or measured else usual

    def _told_of(self, ctx: Context, address: str) -> Mapping[str, float]:
        if self._told is None:
            self._told = {}
            for one in told(ctx):
                self._told.setdefault(ip_network(one.network), {})[one.region] = one.seconds
        if not self._told:
            return {}
        where = ip_address(address)
        found: dict[str, float] = {}
        for block in sorted((block for block in self._told if where in block), key=lambda block: block.prefixlen):
            found |= self._told[block]
        return found


def _home(ctx: Context) -> Context:
    # Ways belong to no account.
    return ctx.at(region="", account=HOME)


def wanted(ctx: Context, regions: Iterable[str]) -> None:
    """Have regions be measured from now on: a latency record names them."""
    home = _home(ctx)
    for region in sorted(set(regions)):
        if home.get(LatencyTarget, region) is None:
            home.put(LatencyTarget(region=region))


def told(ctx: Context) -> list[ToldLatency]:
    """All that people have told, in order."""
    return list(_home(ctx).scan(ToldLatency))


def tell(ctx: Context, network: str, region: str, seconds: float | None) -> None:
    """Have a network be so far from a region; None has it measured again. Raises InvalidInput."""
    try:
        block = str(ip_network(network))
    except ValueError:
        raise AwsError("InvalidInput", f"{network} is no network: 192.0.2.0/24 is one.") from None
    if region not in places.REGIONS:
        raise AwsError("InvalidInput", f"{region} is no region.")
    home = _home(ctx)
    if seconds is None:
        home.delete(ToldLatency, block, region)
    elif len(told(ctx)) >= TOLD_MAX:
        raise AwsError("InvalidInput", f"No more than {TOLD_MAX} latencies can be told.")
    else:
        home.put(ToldLatency(network=block, region=region, seconds=seconds))
    ctx.after_commit(ctx.held(Table).forget_told)
