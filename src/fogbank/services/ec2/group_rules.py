"""The rules of security groups: read from requests, compared, counted against quotas, and shown as AWS groups them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.services.ec2.resources import Rule
from fogbank.services.ec2.rules import QUOTAS, parsed

ALL = "-1"
_NUMBERS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "all": ALL, ALL: ALL}
_WITH_PORTS = ("tcp", "udp")
_WITH_TYPES = ("icmp", "icmpv6")
_PROTOCOL_MAX, _PORT_MAX, _TYPE_MAX = 255, 65535, 255
_PROTOCOL = re.compile(r"[0-9]{1,3}")
_DESCRIPTION = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}")
_DESCRIPTION_TEXT = (
    "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  "
    "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
)
_NAME = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}")
_PEERS = (
    ("IpRanges", "CidrIp"),
    ("Ipv6Ranges", "CidrIpv6"),
    ("UserIdGroupPairs", "GroupId"),
    ("PrefixListIds", "PrefixListId"),
)


class Wanted(NamedTuple):
    """A rule as a request names it, before its group or prefix list has been looked up."""

    protocol: str
    from_port: int
    to_port: int
    peer: str
    """A CIDR, sg-… or pl-…; empty for a group that is named by `pair` alone."""
    pair: Mapping[str, Any]
    """The member of UserIdGroupPairs that it came from."""
    description: str | None


def wanted(permissions: Iterable[Mapping[str, Any]]) -> list[Wanted]:
    """The rules that `IpPermissions` name, one for each peer; CIDRs in canonical form, as AWS makes them.

    Raises InvalidParameterValue and MissingParameter (EC2 API Reference, "IpPermission").
    """
    found: list[Wanted] = []
    for permission in permissions:
        name = protocol_of(permission.get("IpProtocol"))
        ports = ports_of(name, permission.get("FromPort"), permission.get("ToPort"))
        before = len(found)
        found.extend(_one(name, ports, member, peer) for member, peer in _named(permission))
        if len(found) == before:
            raise AwsError("MissingParameter", "Missing source specification: include source security group or CIDR")
    keys = [(one.protocol, one.from_port, one.to_port, one.peer, tuple(sorted(_names(one.pair)))) for one in found]
    if len(set(keys)) < len(keys):
        raise AwsError("InvalidParameterValue", "The same permission must not appear multiple times")
    return found


def protocol_of(text: str | None) -> str:
    """A protocol as rules have it: by name where it has one. Raises InvalidParameterValue, MissingParameter."""
    if not text:
        raise AwsError("MissingParameter", "The request must contain the parameter ipProtocol")
    name = text.lower()
    if name in _NUMBERS:
        return _NUMBERS[name]
    if name in _NUMBERS.values():
        return name
    if _PROTOCOL.fullmatch(name) and int(name) <= _PROTOCOL_MAX:
        return _NUMBERS.get(str(int(name)), str(int(name)))
    raise AwsError("InvalidParameterValue", f"Invalid value '{text}' for IP protocol. Unknown protocol.")


def ports_of(protocol: str, first: int | None, last: int | None) -> tuple[int, int]:
    """The ports (of icmp the type and the code) of a rule; (-1, -1) for all. Raises InvalidParameterValue."""
    if protocol in _WITH_PORTS:
        return _port_range(first, last)
    if protocol in _WITH_TYPES:
        return _type_and_code(protocol, first, last)
    return -1, -1


def cidr_of(text: str, version: int) -> str:
    """A block in canonical form. Raises InvalidParameterValue."""
    found = parsed(text)
    if found is None or found.version != version:
        raise AwsError("InvalidParameterValue", f"CIDR block {text} is malformed")
    return str(found)


def description_of(text: str | None) -> str | None:
    """A rule's description. Raises InvalidParameterValue."""
    if text is not None and not _DESCRIPTION.fullmatch(text):
        raise AwsError("InvalidParameterValue", _DESCRIPTION_TEXT)
    return text


def check_name(name: str, description: str) -> None:
    """The name and the description of a group (EC2 API Reference, "CreateSecurityGroup").

    Raises InvalidParameterValue, and InvalidGroup.Reserved for `default`.
    """
    if name.lower() == "default":
        raise AwsError("InvalidGroup.Reserved", f"The security group '{name}' is reserved")
    if name.lower().startswith("sg-"):
        raise AwsError("InvalidParameterValue", "Invalid group name. Group names may not be in the format sg-*.")
    for member, text in (("GroupName", name), ("GroupDescription", description)):
        if not text:
            raise AwsError("MissingParameter", f"The request must contain the parameter {member}")
        if not _NAME.fullmatch(text):
            problem = "Character sets beyond ASCII are not supported." if not text.isascii() else "Invalid format."
            raise AwsError("InvalidParameterValue", f"Value ({text}) for parameter {member} is invalid. {problem}")


def key_of(rule: Rule) -> tuple[Any, ...]:
    """What makes two rules of a group the same rule."""
    return (rule.is_egress, rule.protocol, rule.from_port, rule.to_port, rule.peer)


def duplicate(rule: Rule) -> AwsError:
    """The refusal of a rule that is there already."""
    return AwsError("InvalidPermission.Duplicate", f'the specified rule "{_text(rule)}" already exists')


def check_quota(found: Sequence[Rule], sizes: Mapping[str, int]) -> None:
    """Raises RulesPerSecurityGroupLimitExceeded (VPC User Guide, "Amazon VPC quotas").

    Each direction and family counts by itself. A group counts in both, a prefix list in its own with its maximum of
    entries: `sizes` has `pl-… -> entries`, and `pl-…/IPv6` for a list of that family.
    """
    for is_egress in (False, True):
        for version in (4, 6):
            count = sum(_weight(rule.peer, version, sizes) for rule in found if rule.is_egress == is_egress)
            if count > QUOTAS["group-rules"]:
                text = "The maximum number of rules per security group has been reached."
                raise AwsError("RulesPerSecurityGroupLimitExceeded", text)


def grouped(found: Iterable[Rule], pairs: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rules as `IpPermissions`: one for each protocol and range of ports. `pairs` is what is shown of groups, by id."""
    permissions: dict[tuple[str, int, int], dict[str, Any]] = {}
    for rule in found:
        key = (rule.protocol, rule.from_port, rule.to_port)
        if key not in permissions:
            permissions[key] = {**_range(*key), **{member: [] for member, _ in _PEERS}}
        member, name = _place(rule.peer)
        shown = {name: rule.peer, **pairs.get(rule.id, {})}
        permissions[key][member].append({**shown, **({"Description": rule.description} if rule.description else {})})
    return list(permissions.values())


def _range(protocol: str, first: int, last: int) -> dict[str, Any]:
    shown: dict[str, Any] = {"IpProtocol": protocol}
    if protocol in _WITH_PORTS or protocol in _WITH_TYPES:
        shown |= {"FromPort": first, "ToPort": last}
    return shown


def flat(req: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`IpPermissions` of the parameters of old: one protocol, one range of ports, one CIDR or group.

    Raises InvalidParameterCombination for both forms in one request, MissingParameter for neither.
    """
    old = ("IpProtocol", "FromPort", "ToPort", "CidrIp", "SourceSecurityGroupName", "SourceSecurityGroupOwnerId")
    given = [name for name in old if req.get(name) is not None]
    permissions = req.get("IpPermissions")
    if permissions and given:
        text = (
            f"The parameter '{given[0][0].lower()}{given[0][1:]}' may not be used in combination with 'ipPermissions'"
        )
        raise AwsError("InvalidParameterCombination", text)
    if permissions:
        return list(permissions)
    if not given:
        raise AwsError("MissingParameter", "The request must contain the parameter ipPermissions")
    if name := req.get("SourceSecurityGroupName"):
        if "CidrIp" in req:
            text = "The parameter 'cidrIp' may not be used in combination with 'sourceSecurityGroupName'"
            raise AwsError("InvalidParameterCombination", text)
        owner = req.get("SourceSecurityGroupOwnerId", "")
        pair = {"GroupName": name, **({"UserId": owner} if owner else {})}
        # Of old a group was let in as a whole: without a protocol, all of them are.
        return [{"IpProtocol": req.get("IpProtocol", ALL), **_ports(req), "UserIdGroupPairs": [pair]}]
    ranges = [{"CidrIp": req["CidrIp"]}] if "CidrIp" in req else []
    return [{"IpProtocol": req.get("IpProtocol"), **_ports(req), "IpRanges": ranges}]


def _ports(req: Mapping[str, Any]) -> dict[str, Any]:
    return {name: req[name] for name in ("FromPort", "ToPort") if req.get(name) is not None}


def as_permission(one: Wanted) -> dict[str, Any]:
    """A rule that a request named, as it is shown when there is none."""
    rule = Rule("", False, one.protocol, one.from_port, one.to_port, one.peer, description=one.description or "")
    return grouped([rule], {})[0]


def _named(permission: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for member, _ in _PEERS:
        for peer in permission.get(member) or ():
            yield member, peer


def _names(pair: Mapping[str, Any]) -> list[str]:
    return [f"{name}={pair[name]}" for name in ("GroupId", "GroupName", "UserId") if name in pair]


def _one(protocol: str, ports: tuple[int, int], member: str, peer: Mapping[str, Any]) -> Wanted:
    name = dict(_PEERS)[member]
    text = peer.get(name, "")
    if member == "UserIdGroupPairs":
        # `account/sg-…` is how terraform writes a group of another account.
        account, _, text = text.rpartition("/")
        peer = {**peer, **({"GroupId": text} if text else {}), **({"UserId": account} if account else {})}
        if not text and not peer.get("GroupName"):
            raise AwsError("MissingParameter", "Source group ID missing.")
    elif not text:
        raise AwsError("MissingParameter", f"The request must contain the parameter {name[0].lower()}{name[1:]}")
    elif member != "PrefixListIds":
        text = cidr_of(text, 4 if member == "IpRanges" else 6)
    pair = peer if member == "UserIdGroupPairs" else {}
    return Wanted(protocol, *ports, text, pair, description_of(peer.get("Description")))


def _port_range(first: int | None, last: int | None) -> tuple[int, int]:
    if first is None or last is None:
        text = "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange."
        raise AwsError("InvalidParameterValue", text)
    for port in (first, last):
        if not 0 <= port <= _PORT_MAX:
            raise AwsError("InvalidParameterValue", f"TCP/UDP port ({port}) out of range")
    if first > last:
        raise AwsError("InvalidParameterValue", f"Invalid TCP/UDP port range ({first}:{last})")
    return first, last


def _type_and_code(protocol: str, type_: int | None, code: int | None) -> tuple[int, int]:
    if protocol == "icmp" and (type_ is None or code is None):
        text = "Invalid value 'Must specify both type and code with ICMP.' for icmpTypeCode."
        raise AwsError("InvalidParameterValue", text)
    type_, code = -1 if type_ is None else type_, -1 if code is None else code
    for word, number in (("type", type_), ("code", code)):
        if not -1 <= number <= _TYPE_MAX:
            raise AwsError("InvalidParameterValue", f"ICMP {word} ({number}) out of range")
    if type_ == -1 and code != -1:
        raise AwsError("InvalidParameterValue", f"ICMP code ({code}) must be -1 for all types")
    return type_, code


def _place(peer: str) -> tuple[str, str]:
    if peer.startswith("sg-"):
        return _PEERS[2]
    if peer.startswith("pl-"):
        return _PEERS[3]
    return _PEERS[1] if ":" in peer else _PEERS[0]


def _weight(peer: str, version: int, sizes: Mapping[str, int]) -> int:
    member, _ = _place(peer)
    if member == "UserIdGroupPairs":
        return 1
    if member == "PrefixListIds":
        return sizes.get(peer if version == 4 else f"{peer}/IPv6", 0)
    return int(member == ("IpRanges" if version == 4 else "Ipv6Ranges"))


def _text(rule: Rule) -> str:
    shown = [f"peer: {rule.peer}", "ALL" if rule.protocol == ALL else rule.protocol.upper()]
    if rule.protocol in _WITH_PORTS:
        shown += [f"from port: {rule.from_port}", f"to port: {rule.to_port}"]
    if rule.protocol in _WITH_TYPES:
        type_, code = ("ALL" if number == -1 else str(number) for number in (rule.from_port, rule.to_port))
        shown += [f"type: {type_}", f"code: {code}"]
    return ", ".join([*shown, "ALLOW"])
