"""Traffic policies as record sets: each rule becomes the record sets of one name, as a pure function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.services.route53 import aliases
from fogbank.services.route53.record_sets import Shown
from fogbank.services.route53.traffic_documents import VALUE, WEBSITE, Document, Endpoint, Rule, Target

START = ""
"""Stands for the name of the instance among the rules."""


class Branch(NamedTuple):
    """A record set of a rule; `rule` is what it is an alias of, empty where it has values or a service's name."""

    shown: Shown
    rule: str = ""
    evaluates: bool = False


Tree = Mapping[str, tuple[Branch, ...]]
"""The record sets of each rule by its id; those of the first rule, or of the only endpoint, are at `START`."""


def tree(document: Document, ttl: int) -> Tree:
    """What a document that has been checked stands for. Raises InvalidInput for endpoints that there are not here."""
    if document.start_endpoint:
        return {START: (Branch(_reached(document, document.start_endpoint, ttl, evaluates=False)),)}
    found: dict[str, tuple[Branch, ...]] = {}
    left = [(START, document.start_rule)]
    while left:
        at, name = left.pop()
        rule = document.rules[name]
        found[at] = tuple(_branch(document, rule, number, ttl) for number in range(len(rule.members)))
        left += [(one.rule, one.rule) for one in found[at] if one.rule and one.rule not in found]
    return found


def hidden(instance_id: str, rule: str, zone_name: str) -> str:
    """The name in a zone that the record sets of a rule are kept at: questions are in lower case and never reach it."""
    return f"T{instance_id}-{rule.encode().hex()}.{zone_name}"


def _branch(document: Document, rule: Rule, number: int, ttl: int) -> Branch:
    member = rule.members[number]
    shown = {**_policy(rule, member), "SetIdentifier": str(number)}
    if member.health_check:
        shown["HealthCheckId"] = member.health_check
    if member.rule_reference:
        return Branch({"Type": document.record_type, **shown}, member.rule_reference, member.evaluate_target_health)
    return Branch(
        {**_reached(document, member.endpoint_reference, ttl, evaluates=member.evaluate_target_health), **shown}
    )


def _reached(document: Document, name: str, ttl: int, *, evaluates: bool) -> dict[str, Any]:
    endpoint = document.endpoints[name]
    if endpoint.type == VALUE:
        return {"Type": document.record_type, "TTL": ttl, "ResourceRecords": [{"Value": endpoint.value}]}
    target = _service(endpoint)
    return {"Type": document.record_type, "AliasTarget": {**target, "EvaluateTargetHealth": evaluates}}


def _service(endpoint: Endpoint) -> dict[str, str]:
    found = aliases.website(endpoint.region) if endpoint.type == WEBSITE else None
    if found is None:
        text = f"The endpoint {endpoint.value} of type {endpoint.type} was not found."
        raise AwsError("InvalidInput", text)
    return {"HostedZoneId": found.zone_id, "DNSName": found.name}


def _policy(rule: Rule, member: Target) -> dict[str, Any]:
    """The member that a record set tells its routing policy by."""
    if rule.rule_type == "failover":
        return {"Failover": "PRIMARY" if member is rule.primary else "SECONDARY"}
    if rule.rule_type == "geo":
        return {"GeoLocation": member.location}
    if rule.rule_type == "latency":
        return {"Region": member.region}
    if rule.rule_type == "weighted":
        return {"Weight": member.weight}
    if rule.rule_type == "multivalue":
        return {"MultiValueAnswer": True}
    if member.region:
        return {"GeoProximityLocation": {"AWSRegion": member.aws_region, "Bias": member.bias}}
    where = {"Latitude": str(member.latitude), "Longitude": str(member.longitude)}
    return {"GeoProximityLocation": {"Coordinates": where, "Bias": member.bias}}
