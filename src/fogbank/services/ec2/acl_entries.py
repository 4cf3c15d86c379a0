"""The entries of network ACLs: read from requests, kept in order, and shown with the last ones, which deny."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.services.ec2 import rules
from fogbank.services.ec2.resources import AclEntry

_PROTOCOL = re.compile(r"[0-9]{1,3}")
NUMBERS = range(1, 32767)
LAST, LAST_IPV6 = 32767, 32768
_NAMES = {"all": "-1", "icmp": "1", "tcp": "6", "udp": "17", "icmpv6": "58"}
_TCP, _UDP, _ICMP, _ICMPV6 = "6", "17", "1", "58"
_PROTOCOL_MAX, _PORT_MAX, _TYPE_MAX = 255, 65535, 255


def entry(req: Mapping[str, Any]) -> AclEntry:
    """The entry that CreateNetworkAclEntry or ReplaceNetworkAclEntry asks for (EC2 API Reference).

    Raises InvalidParameterValue, InvalidParameterCombination and MissingParameter.
    """
    protocol = _protocol(req["Protocol"])
    cidr = _cidr(req)
    first, last = _ports(req.get("PortRange")) if protocol in (_TCP, _UDP) else (-1, -1)
    type_, code = -1, -1
    if protocol == _ICMP or (protocol == _ICMPV6 and ":" in cidr):
        type_, code = _type_and_code(req.get("IcmpTypeCode"))
    return AclEntry(
        number=number_of(req["RuleNumber"]),
        is_egress=req["Egress"],
        protocol=protocol,
        allows=req["RuleAction"] == "allow",
        cidr=cidr,
        from_port=first,
        to_port=last,
        icmp_type=type_,
        icmp_code=code,
    )


def number_of(number: int) -> int:
    """Raises InvalidParameterValue for a number that people may not give."""
    if number not in NUMBERS:
        text = f"Invalid value '{number}' for ruleNumber. Must be between {NUMBERS[0]} and {NUMBERS[-1]}"
        raise AwsError("InvalidParameterValue", text)
    return number


def at(entries: Iterable[AclEntry], number: int, is_egress: bool) -> AclEntry | None:
    return next((one for one in entries if (one.number, one.is_egress) == (number, is_egress)), None)


def without(entries: Iterable[AclEntry], number: int, is_egress: bool) -> tuple[AclEntry, ...]:
    return tuple(one for one in entries if (one.number, one.is_egress) != (number, is_egress))


def ordered(entries: Iterable[AclEntry]) -> tuple[AclEntry, ...]:
    return tuple(sorted(entries, key=lambda one: (one.number, one.is_egress)))


def check_quota(entries: Iterable[AclEntry], is_egress: bool) -> None:
    """Raises NetworkAclEntryLimitExceeded where a direction has as many as it may have."""
    count = sum(one.is_egress == is_egress for one in entries)
    text = "The maximum number of network ACL entries has been reached."
    rules.check_quota("acl-entries", count, "NetworkAclEntryLimitExceeded", text)


def shown(entries: Iterable[AclEntry], has_ipv6: bool) -> list[dict[str, Any]]:
    """Entries as DescribeNetworkAcls shows them: those out first, each direction by number, the last one denying."""
    found = list(entries)
    out: list[dict[str, Any]] = []
    for is_egress in (True, False):
        out.extend(_shown(one) for one in found if one.is_egress == is_egress)
        out.append(_shown(AclEntry(LAST, is_egress, "-1", False, "0.0.0.0/0")))
        if has_ipv6:
            out.append(_shown(AclEntry(LAST_IPV6, is_egress, "-1", False, "::/0")))
    return out


def _shown(one: AclEntry) -> dict[str, Any]:
    found: dict[str, Any] = {
        "Ipv6CidrBlock" if ":" in one.cidr else "CidrBlock": one.cidr,
        "Egress": one.is_egress,
        "Protocol": one.protocol,
        "RuleAction": "allow" if one.allows else "deny",
        "RuleNumber": one.number,
    }
    if one.protocol in (_TCP, _UDP):
        found["PortRange"] = {"From": one.from_port, "To": one.to_port}
    if one.protocol in (_ICMP, _ICMPV6):
        found["IcmpTypeCode"] = {"Type": one.icmp_type, "Code": one.icmp_code}
    return found


def _protocol(text: str) -> str:
    name = _NAMES.get(text.lower(), text)
    if name == "-1" or (_PROTOCOL.fullmatch(name) and int(name) <= _PROTOCOL_MAX):
        return name if name == "-1" else str(int(name))
    raise AwsError("InvalidParameterValue", f"Invalid value '{text}' for IP protocol. Unknown protocol.")


def _cidr(req: Mapping[str, Any]) -> str:
    v4, v6 = req.get("CidrBlock"), req.get("Ipv6CidrBlock")
    if v4 and v6:
        text = "The parameter cidrBlock cannot be used with the parameter ipv6CidrBlock"
        raise AwsError("InvalidParameterCombination", text)
    if not v4 and not v6:
        raise AwsError("MissingParameter", "The request must contain the parameter cidrBlock or ipv6CidrBlock")
    member, given, version = ("cidrBlock", v4, 4) if v4 else ("ipv6CidrBlock", str(v6), 6)
    found = rules.network(given, member)
    if found.version != version:
        text = f"Value ({given}) for parameter {member} is invalid. This is not a valid CIDR block."
        raise AwsError("InvalidParameterValue", text)
    return str(found)


def _ports(given: Mapping[str, int] | None) -> tuple[int, int]:
    if not given or given.get("From") is None or given.get("To") is None:
        raise AwsError("MissingParameter", "The request must contain the parameter portRange")
    first, last = given["From"], given["To"]
    for port in (first, last):
        if not 0 <= port <= _PORT_MAX:
            raise AwsError("InvalidParameterValue", f"TCP/UDP port ({port}) out of range")
    if first > last:
        raise AwsError("InvalidParameterValue", f"Invalid TCP/UDP port range ({first}:{last})")
    return first, last


def _type_and_code(given: Mapping[str, int] | None) -> tuple[int, int]:
    if not given or given.get("Type") is None or given.get("Code") is None:
        raise AwsError("MissingParameter", "The request must contain the parameter icmpTypeCode")
    for word in ("Type", "Code"):
        if not -1 <= given[word] <= _TYPE_MAX:
            raise AwsError("InvalidParameterValue", f"ICMP {word.lower()} ({given[word]}) out of range")
    return given["Type"], given["Code"]
