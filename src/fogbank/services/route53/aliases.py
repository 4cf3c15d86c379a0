"""Aliases to services: which names they may have as targets, and which addresses these are told with.

A service has a zone of its own in each region, with a fixed id that people write into an alias. One that comes later
adds its names to `found` and says in `addresses` what they are told with; nothing else here knows of services.
AWS General Reference, "Amazon S3 endpoints and quotas", for the zones of website endpoints.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from types import MappingProxyType
from typing import NamedTuple

from fogbank.aws import internet
from fogbank.planes.dns import message
from fogbank.planes.dns.message import Answer, Resource

TTL_SECONDS = 60
_HOST = "127.0.0.1"
_WEBSITE = re.compile(r"s3-website[.-]([a-z0-9-]+)\.amazonaws\.com(\.cn)?\.?", re.IGNORECASE)
_DASHED = frozenset(
    "ap-northeast-1 ap-southeast-1 ap-southeast-2 eu-west-1 sa-east-1 us-east-1 us-gov-west-1 us-west-1"
    " us-west-2".split()
)
"""The regions whose endpoints have a dash before the region's name rather than a dot."""
WEBSITES: Mapping[str, str] = MappingProxyType(
    {
        "af-south-1": "Z83WF9RJE8B12",
        "ap-east-1": "ZNB98KWMFR0R6",
        "ap-east-2": "Z064739330DAH7WJVOO93",
        "ap-northeast-1": "Z2M4EHUR26P7ZW",
        "ap-northeast-2": "Z3W03O7B5YMIYP",
        "ap-northeast-3": "Z2YQB5RD63NC85",
        "ap-south-1": "Z11RGJOFQNVJUP",
        "ap-south-2": "Z02976202B4EZMXIPMXF7",
        "ap-southeast-1": "Z3O0J2DXBE1FTB",
        "ap-southeast-2": "Z1WCIGYICN2BYD",
        "ap-southeast-3": "Z01846753K324LI26A3VV",
        "ap-southeast-4": "Z0312387243XT5FE14WFO",
        "ap-southeast-5": "Z08660063OXLMA7F1FJHU",
        "ap-southeast-6": "Z05686083R66JX5C163TC",
        "ap-southeast-7": "Z0031014GXUMRZG6I14G",
        "ca-central-1": "Z1QDHH18159H29",
        "ca-west-1": "Z03565811Z33SLEZTHOUL",
        "cn-north-1": "Z5CN8UMXT92WN",
        "cn-northwest-1": "Z282HJ1KT0DH03",
        "eu-central-1": "Z21DNDUVLTQW6Q",
        "eu-central-2": "Z030506016YDQGETNASS",
        "eu-north-1": "Z3BAZG2TWCNX0D",
        "eu-south-1": "Z30OZKI7KPW7MI",
        "eu-south-2": "Z0081959F7139GRJC19J",
        "eu-west-1": "Z1BKCTXD74EZPE",
        "eu-west-2": "Z3GKZC51ZF0DB4",
        "eu-west-3": "Z3R1K369G5AVDG",
        "il-central-1": "Z09640613K4A3MN55U7GU",
        "me-central-1": "Z06143092I8HRXZRUZROF",
        "me-south-1": "Z1MPMWCPA7YB62",
        "mx-central-1": "Z057606446ZNVQJJ8WOP",
        "sa-east-1": "Z7KQH4QJS55SO",
        "us-east-1": "Z3AQBSTGFYJSTF",
        "us-east-2": "Z2O1EMRO9K5GLX",
        "us-gov-east-1": "Z2NIFVYYW2VKV1",
        "us-gov-west-1": "Z31GFT0UA1I2HV",
        "us-west-1": "Z2F56UZL2M1ACD",
        "us-west-2": "Z3BJ6K6RIION7M",
    }
)


class Service(NamedTuple):
    """A name of a service that aliases may have as their target."""

    zone_id: str
    name: str
    region: str


def website(region: str) -> Service | None:
    """A region's endpoint for websites of S3; None for a region that has none."""
    zone_id = WEBSITES.get(region)
    if zone_id is None:
        return None
    end = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return Service(zone_id, f"s3-website{'-' if region in _DASHED else '.'}{region}.{end}.", region)


def found(zone_id: str, name: str) -> Service | None:
    """The service that an alias has as its target; None where zone and name are not of one."""
    matched = _WEBSITE.fullmatch(name)
    one = website(matched[1]) if matched is not None else None
    return one if one is not None and one.zone_id == zone_id else None


def resolved(answer: Answer, address: str) -> Answer:
    """An answer with addresses in the place of names of services, as whoever asks from an address reaches them.

    Records that stand for a service's name have that as their text, and no data.
    """
    if all(one.wire or one.type not in (message.A, message.AAAA) for one in answer.records):
        return answer
    records = tuple(told for one in answer.records for told in _told(one, address))
    return answer._replace(records=records)


def _told(record: Resource, address: str) -> tuple[Resource, ...]:
    if record.wire or record.type not in (message.A, message.AAAA):
        return (record,)
    told = addresses(record.data, address)
    return tuple(record._replace(data=one) for one in told) if record.type == message.A else ()


def addresses(name: str, address: str) -> tuple[str, ...]:
    """The addresses of a service's name: programs of this machine reach no other than its own."""
    matched = _WEBSITE.fullmatch(name)
    if matched is None:
        return ()
    return (_HOST,) if ip_address(address).is_loopback else (internet.api_address(matched[1]),)
