"""What the comments of the kernel's rules mean, whose counters say how many packets a rule has decided about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fogbank.services.ec2.network.walk import Walk

ELSEWHERE: Mapping[str, str] = {
    "fault": "a fault that is in force (fogbank fault list)",
    "no public address": "the internet gateway: the sender has no public address",
    "egress only": "the egress-only internet gateway: it lets nothing in",
    "source": "the check of the source: the sender has not got this address",
    "invalid": "connection tracking: it belongs to no connection",
}
"""Counters of what drops packets without telling of each, and what they stand for."""
_COUNTED_BY = {
    "ENI_SG_RULES_MISMATCH": "c-",
    "SG_HAS_NO_RULES": "c-",
    "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS": "no public",
}
"""How the counters begin that count what the model says of with a reason; else they begin with what it died at."""


def name_of(comment: str) -> str:
    """The name under which a rule's counter is told: of a group's rules their places among the kernel's go."""
    return comment.rpartition(" ")[0] if comment.startswith("sg-") else comment


def drop(comment: str) -> str:
    """What a rule that drops stands for; empty for one that lets through, or may."""
    if comment in ELSEWHERE:
        return ELSEWHERE[comment]
    if comment.endswith(" *"):
        return f"network ACL {comment.split('-in')[0].split('-out')[0]}: no entry allows it"
    if comment.startswith("c-"):
        return f"security groups, {'inbound' if comment.endswith('-in') else 'outbound'}: no rule lets it through"
    return ""


def death(counted: Iterable[str], dead: Walk | None) -> str:
    """What a lost packet died of: a rule that counted it and that the model, too, says so of; empty where none did.

    Others' packets move the same counters, so that the counters alone may name a rule which had nothing to do with it.
    """
    wanted = _COUNTED_BY.get(dead.reason, dead.at) if dead is not None else ""
    return next((told for one in counted if one.startswith(wanted) and (told := drop(one))), "")
