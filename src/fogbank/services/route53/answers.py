"""What a zone says to a question: its records, who asks, and what is healthy, put together in one place."""

from __future__ import annotations

from fogbank.control.context import Context
from fogbank.planes.dns import rdata
from fogbank.planes.dns.message import Answer, Query
from fogbank.planes.dns.zone import Told
from fogbank.services.route53 import aliases, health_checks, places, query_logs, signing, zones
from fogbank.services.route53.latency import Table
from fogbank.services.route53.resources import HostedZone

_PROOFS = tuple(rdata.TYPES[name] for name in ("DS", "RRSIG", "NSEC", "DNSKEY"))


def said(owner: Context, zone: HostedZone, query: Query, address: str) -> Answer:
    """What a zone says to whoever asks from an address; `owner` is in the scope of the zone's account."""
    asker, health, random = told(owner, query, address)
    answer = aliases.resolved(zones.compiled(owner, zone).answer(query, asker, health, random), address)
    if zone.is_signed:
        answer = signing.answer(owner, zone, query, answer)
    if zone.logging_id and query.asked:
        # TestDNSAnswer asks with no question of the wire, and is not logged.
        query_logs.note(owner, zone, query, answer, address)
    return answer


def told(owner: Context, query: Query, address: str) -> Told:
    """What decides beside a zone's records: who asks, what is healthy, and chance.

    A client's subnet, where the query has one, counts in the address's place.
    """
    subnet = query.subnet
    bits = subnet.bits if subnet is not None else 0
    address = subnet.address if bits and subnet is not None else address
    region = places.region_of(address, owner.region)
    asker = places.asker(address, region, owner.held(Table).of(owner, address, region), bits)
    return Told(asker, health_checks.health(owner), owner.random.random)


def is_plain(owner: Context, zone: HostedZone, query: Query) -> bool:
    """Whether `said` is what the zone's records and `told` come to, so that it may be planned ahead.

    It is not where signatures are asked for and made, or what only a signed zone has; what is done with every query of
    a zone (such as logging it) has no place in a plan either, nor have aliases to services.
    """
    is_signed = zone.is_signed and query.wants_proof
    return not (is_signed or query.type in _PROOFS or zone.logging_id or zone.has_targets)
