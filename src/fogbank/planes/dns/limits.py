"""How often the same answer goes to the same network: what keeps a server from being made to flood somebody."""

from __future__ import annotations

import enum
from collections.abc import Callable
from ipaddress import ip_address, ip_network

_V4_BITS, _V6_BITS = 24, 56
_WINDOW_SECONDS = 5.0
"""For so long whoever went on asking stays silenced; it is all that anybody can owe."""
_SLIP = 2
"""Every other answer over the limit is a short one that says to ask by TCP, which nobody can forge the address of."""
_ACCOUNTS_MAX = 50_000
_FREE = "-"


class Verdict(enum.Enum):
    """What becomes of an answer."""

    SENT = "sent"
    CUT = "cut"
    DROPPED = "dropped"


class Limiter:
    """Answers per second of one identity to one network (a /24, or a /56 of IPv6); networks of this machine are free.

    As "DNS Response Rate Limiting" (Vixie and Schryver, 2012) has it: each pair has an account that fills at the rate,
    holds a second's worth, and can be overdrawn by a few seconds' worth. `clock` tells seconds that only go up.
    """

    def __init__(self, per_second: float, clock: Callable[[], float]) -> None:
        self._rate = per_second
        self._most = max(1.0, per_second)
        self._clock = clock
        self._young: dict[tuple[str, str], tuple[float, float, int]] = {}
        self._old: dict[tuple[str, str], tuple[float, float, int]] = {}
        self._networks: dict[str, str] = {}

    @property
    def size(self) -> int:
        """How much is remembered."""
        return len(self._young) + len(self._old) + len(self._networks)

    def verdict(self, address: str, identity: str) -> Verdict:
        """Count an answer that is about to go to an address."""
        key = (self._networks.get(address) or self._network(address), identity)
        if key[0] == _FREE:
            return Verdict.SENT
        now = self._clock()
        balance, at, over = self._young.get(key) or self._old.get(key) or (self._most, now, 0)
        balance = min(self._most, balance + (now - at) * self._rate)
        is_over = balance < 1.0
        over = over + 1 if is_over else 0
        self._note(key, (max(balance - 1.0, -_WINDOW_SECONDS * self._rate), now, over))
        if not is_over:
            return Verdict.SENT
        return Verdict.DROPPED if over % _SLIP else Verdict.CUT

    def _note(self, key: tuple[str, str], account: tuple[float, float, int]) -> None:
        if len(self._young) >= _ACCOUNTS_MAX:
            self._old, self._young = self._young, {}
        self._young[key] = account

    def _network(self, address: str) -> str:
        """The network that an address is counted with; `_FREE` for one of this machine."""
        where = ip_address(address.partition("%")[0])
        bits = _V4_BITS if where.version == 4 else _V6_BITS
        found = _FREE if where.is_loopback else str(ip_network((where, bits), strict=False))
        if len(self._networks) >= _ACCOUNTS_MAX:
            self._networks.clear()
        self._networks[address] = found
        return found
