"""What the resolver of a VPC answers: the names of its interfaces, those of peers, and of AWS's own endpoints.

VPC User Guide, "DNS attributes for your VPC". What is asked for outside of fogbank is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import NamedTuple

from fogbank.aws.internet import api_address
from fogbank.planes.dns import message
from fogbank.planes.dns.message import Answer, Query, Resource
from fogbank.services.ec2.addressing import private_domain, private_name, public_name

TTL_SECONDS = 60
_TTL_NOTHING = 60


class Known(NamedTuple):
    """What a VPC's resolver goes by."""

    region: str
    private: Container[str]
    """The private addresses of the VPC's interfaces."""
    public: Callable[[str], str | None]
    """What an asker is told in the place of a public address: the private one, or itself; None for one not known."""
    services: Mapping[str, Sequence[str]]
    """`s3` -> the addresses of a service that has a prefix list."""
    has_hostnames: bool = True


def answer(known: Known, query: Query) -> Answer:
    """The answer to a question. Only addresses (A) and names of addresses (PTR) are known here."""
    if query.name.endswith(".in-addr.arpa"):
        found = _reverse(known, query.name)
        data = (Resource(query.name, message.PTR, TTL_SECONDS, found),) if found else ()
        return _said(query, data, exists=bool(found), wanted=message.PTR)
    address = _forward(known, query.name)
    data = (Resource(query.name, message.A, TTL_SECONDS, address),) if address else ()
    return _said(query, data, exists=bool(address), wanted=message.A)


def _said(query: Query, data: tuple[Resource, ...], *, exists: bool, wanted: int) -> Answer:
    if exists and query.type in (wanted, message.ANY):
        return Answer(records=data)
    soa = Resource(
        query.name, message.SOA, _TTL_NOTHING, "ns0.amazonaws.com hostmaster.amazonaws.com 1 7200 900 1209600 60"
    )
    return Answer(message.NOERROR if exists else message.NXDOMAIN, authority=(soa,))


def _reverse(known: Known, name: str) -> str | None:
    address = ".".join(reversed(name.removesuffix(".in-addr.arpa").split(".")))
    if address in known.private:
        return private_name(address, known.region)
    is_told = known.has_hostnames and known.public(address) is not None
    return public_name(address, known.region) if is_told else None


def _forward(known: Known, name: str) -> str | None:
    label, _, domain = name.partition(".")
    if name == f"instance-data.{private_domain(known.region)}":
        return "169.254.169.254"
    if domain == private_domain(known.region) and label.startswith("ip-"):
        address = label[3:].replace("-", ".")
        return address if address in known.private else None
    if label.startswith("ec2-"):
        address = label[4:].replace("-", ".")
        if name == public_name(address, known.region):
            return known.public(address)
    return _endpoint(known, name)


def _endpoint(known: Known, name: str) -> str | None:
    """The address of one of AWS's endpoints: `sqs.eu-west-1.amazonaws.com`, `bucket.s3.amazonaws.com`."""
    if not name.endswith(".amazonaws.com"):
        return None
    labels = name.removesuffix(".amazonaws.com").split(".")
    for service, addresses in known.services.items():
        if service in labels and (known.region in labels or labels[-1] == service):
            return addresses[0]
    for label in reversed(labels):
        if label.count("-") >= 2 and label[-1:].isdigit():
            return api_address(label)
    return api_address("us-east-1") if len(labels) == 1 else None
