"""What a zone says to a question: its records, who asks, and what is healthy, put together in one place."""

from __future__ import annotations

from fogbank.control.context import Context
from fogbank.planes.dns.message import Answer, Query
from fogbank.services.route53 import places, zones
from fogbank.services.route53.latency import Table
from fogbank.services.route53.resources import HostedZone


def said(owner: Context, zone: HostedZone, query: Query, address: str) -> Answer:
    """What a zone says to whoever asks from an address; `owner` is in the scope of the zone's account.

    A client's subnet, where the query has one, counts in the address's place.
    """
    subnet = query.subnet
    bits = subnet.bits if subnet is not None else 0
    address = subnet.address if bits and subnet is not None else address
    region = places.region_of(address, owner.region)
    asker = places.asker(address, region, owner.held(Table).of(owner, address, region), bits)
    return zones.compiled(owner, zone).answer(query, asker, {}, owner.random.random)
