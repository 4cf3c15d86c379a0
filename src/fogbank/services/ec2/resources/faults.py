"""What people break on purpose."""

from __future__ import annotations

from typing import ClassVar

from fogbank.store.records import Record


class NetworkFault(Record, frozen=True, kw_only=True):
    """Something of the network that is broken on purpose: an interface, a subnet, a zone, a line between regions."""

    KIND: ClassVar[str] = "ec2/network-fault"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    target: str
    """eni-…, subnet-…, `us-east-1a`, or two regions in order: `eu-west-1--us-east-1`."""
    loss: float = 1.0
    """The share of packets that is lost, each way: 1 for a blackhole."""
    delay_seconds: float = 0.0
    """How much longer a round trip takes."""
    ends_at: float = 0.0
    """Cloud time at which it is over; 0 for never."""
