"""Traffic policy documents: read, and checked, as pure functions.

API reference, "Traffic Policy Document Format".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import NoReturn

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.planes.dns import rdata
from fogbank.services.route53 import geography, places

FORMATS = ("2015-10-01", "2023-05-09")
DEPTH_MAX = 8
"""How many rules may lead to each other."""
VALUE, WEBSITE = "value", "s3-website"
ENDPOINTS = (
    VALUE,
    WEBSITE,
    "cloudfront",
    "elastic-load-balancer",
    "application-load-balancer",
    "network-load-balancer",
    "elastic-beanstalk",
)
_UNSUPPORTED_TYPES = ("NS", "SOA", "DS")
_REGION_START = "aws:route53:"
_BIAS_MAX, _WEIGHT_MAX = 99, 255


class Endpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="pascal"):
    """Where traffic ends. `region` is that of an S3 website."""

    type: str
    value: str
    region: str = ""


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="pascal"):
    """A member of a rule: an endpoint or another rule, and what the rule's kind says about when it is chosen."""

    endpoint_reference: str = ""
    rule_reference: str = ""
    evaluate_target_health: bool = False
    health_check: str = ""
    is_default: bool = False
    continent: str = ""
    country: str = ""
    subdivision: str = ""
    region: str = ""
    latitude: float | None = None
    longitude: float | None = None
    bias: int = 0
    weight: int = 0

    @property
    def location(self) -> dict[str, str]:
        """A geolocation as record sets have it."""
        if self.is_default:
            return {"CountryCode": geography.DEFAULT}
        found = {"ContinentCode": self.continent, "CountryCode": self.country, "SubdivisionCode": self.subdivision}
        return {name: value for name, value in found.items() if value}

    @property
    def aws_region(self) -> str:
        """The region of a geoproximity location."""
        return self.region.removeprefix(_REGION_START)


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="pascal"):
    """A way to choose among members; which of the fields has them follows from the kind."""

    rule_type: str
    primary: Target | None = None
    secondary: Target | None = None
    locations: tuple[Target, ...] = ()
    geoproximity_locations: tuple[Target, ...] = ()
    regions: tuple[Target, ...] = ()
    items: tuple[Target, ...] = ()

    @property
    def members(self) -> tuple[Target, ...]:
        pair = tuple(one for one in (self.primary, self.secondary) if one is not None)
        return (*pair, *self.locations, *self.geoproximity_locations, *self.regions, *self.items)


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="pascal"):
    """A traffic policy's document."""

    version: str = msgspec.field(name="AWSPolicyFormatVersion")
    record_type: str
    start_endpoint: str = ""
    start_rule: str = ""
    endpoints: dict[str, Endpoint] = {}
    rules: dict[str, Rule] = {}

    @property
    def health_checks(self) -> set[str]:
        """The ids of all health checks that are named."""
        return {one.health_check for rule in self.rules.values() for one in rule.members if one.health_check}


MEMBERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "failover": ("primary", "secondary"),
        "geo": ("locations",),
        "geoproximity": ("geoproximity_locations",),
        "latency": ("regions",),
        "multivalue": ("items",),
        "weighted": ("items",),
    }
)
"""The fields of a rule that members are in, by its kind."""


def read(text: str) -> Document:
    """A document, checked by itself. Raises InvalidTrafficPolicyDocument."""
    try:
        found = msgspec.json.decode(text, type=Document, strict=False)
    except msgspec.MsgspecError as error:
        _refuse(f"The JSON document is not a traffic policy document: {error}")
    if found.version not in FORMATS:
        _refuse(f"AWSPolicyFormatVersion {found.version} is not supported")
    if found.record_type not in rdata.TYPES or found.record_type in _UNSUPPORTED_TYPES:
        _refuse(f"RecordType {found.record_type} is not supported")
    if bool(found.start_endpoint) == bool(found.start_rule):
        _refuse("Exactly one of StartEndpoint and StartRule must be given")
    _check_there(found, found.start_endpoint, found.start_rule, "the start")
    for name, endpoint in found.endpoints.items():
        _check_endpoint(found, name, endpoint)
    for name, rule in found.rules.items():
        for fault in _faults(found, name, rule):
            _refuse(fault)
    for name in found.rules:
        _check_depth(found, name, ())
    return found


def _refuse(text: str) -> NoReturn:
    raise AwsError("InvalidTrafficPolicyDocument", f"{text}.")


def _check_there(found: Document, endpoint: str, rule: str, where: str) -> None:
    if endpoint and endpoint not in found.endpoints:
        _refuse(f"The endpoint {endpoint} of {where} is not defined")
    if rule and rule not in found.rules:
        _refuse(f"The rule {rule} of {where} is not defined")


def _check_endpoint(found: Document, name: str, endpoint: Endpoint) -> None:
    if endpoint.type not in ENDPOINTS:
        _refuse(f"The endpoint {name} has the unknown type {endpoint.type}")
    if endpoint.type == WEBSITE and endpoint.region not in places.REGIONS:
        _refuse(f"The endpoint {name} of type {WEBSITE} must have a Region")
    if endpoint.type != VALUE:
        if found.record_type not in ("A", "AAAA"):
            _refuse(f"The endpoint {name} cannot be reached by records of type {found.record_type}")
        return
    try:
        rdata.wire(found.record_type, endpoint.value)
    except rdata.Illegal as error:
        _refuse(f"The value {endpoint.value} of the endpoint {name} is not valid: {error}")


def _faults(found: Document, name: str, rule: Rule) -> Iterator[str]:
    """What is wrong with a rule."""
    wanted = MEMBERS.get(rule.rule_type)
    if wanted is None:
        yield f"The rule {name} has the unknown type {rule.rule_type}"
        return
    given = [field for fields in MEMBERS.values() for field in fields if getattr(rule, field)]
    if not set(given) <= set(wanted) or not given or (rule.rule_type == "failover" and len(given) < len(wanted)):
        yield f"The rule {name} of type {rule.rule_type} must have exactly: {', '.join(wanted)}"
        return
    for one in rule.members:
        if bool(one.endpoint_reference) == bool(one.rule_reference):
            yield f"Each member of the rule {name} must have one of EndpointReference and RuleReference"
        _check_there(found, one.endpoint_reference, one.rule_reference, f"the rule {name}")
    yield from _KINDS[rule.rule_type](found, name, rule)


def _failover(found: Document, name: str, rule: Rule) -> Iterator[str]:
    yield from ()


def _geo(found: Document, name: str, rule: Rule) -> Iterator[str]:
    for one in rule.locations:
        if fault := geography.fault(one.location):
            yield f"A location of the rule {name} is not valid: {fault}"
    if len({tuple(one.location.items()) for one in rule.locations}) < len(rule.locations):
        yield f"The rule {name} has a location twice"


def _geoproximity(found: Document, name: str, rule: Rule) -> Iterator[str]:
    for one in rule.geoproximity_locations:
        latitude, longitude = one.latitude, one.longitude
        has_place = latitude is not None and longitude is not None
        if bool(one.region) == has_place:
            yield f"A location of the rule {name} must have either a Region or both Latitude and Longitude"
        elif one.region and (not one.region.startswith(_REGION_START) or one.aws_region not in places.REGIONS):
            yield f"The rule {name} has the unknown region {one.region}"
        elif latitude is not None and longitude is not None and (abs(latitude) > 90 or abs(longitude) > 180):
            yield f"A location of the rule {name} is not on earth"
        if abs(one.bias) > _BIAS_MAX:
            yield f"A bias of the rule {name} is not from -{_BIAS_MAX} to {_BIAS_MAX}"


def _latency(found: Document, name: str, rule: Rule) -> Iterator[str]:
    for one in rule.regions:
        if one.region not in places.REGIONS:
            yield f"The rule {name} has the unknown region {one.region}"
    if len({one.region for one in rule.regions}) < len(rule.regions):
        yield f"The rule {name} has a region twice"


def _multivalue(found: Document, name: str, rule: Rule) -> Iterator[str]:
    for one in rule.items:
        endpoint = found.endpoints.get(one.endpoint_reference)
        if endpoint is None or endpoint.type != VALUE:
            yield f"The items of the multivalue rule {name} must be endpoints of type {VALUE}"


def _weighted(found: Document, name: str, rule: Rule) -> Iterator[str]:
    if any(not 0 <= one.weight <= _WEIGHT_MAX for one in rule.items):
        yield f"A weight of the rule {name} is not from 0 to {_WEIGHT_MAX}"


_KINDS: Mapping[str, Callable[[Document, str, Rule], Iterator[str]]] = MappingProxyType(
    {
        "failover": _failover,
        "geo": _geo,
        "geoproximity": _geoproximity,
        "latency": _latency,
        "multivalue": _multivalue,
        "weighted": _weighted,
    }
)


def _check_depth(found: Document, name: str, above: tuple[str, ...]) -> None:
    """Refuse rules that lead back to themselves, or too deep."""
    if name in above:
        _refuse(f"The rule {name} leads back to itself")
    if len(above) >= DEPTH_MAX:
        _refuse(f"Rules may lead to each other {DEPTH_MAX} times at most")
    for below in {one.rule_reference for one in found.rules[name].members if one.rule_reference}:
        _check_depth(found, below, (*above, name))
