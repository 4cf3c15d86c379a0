"""What a health check may be told, what that comes to, and which target it is: pure.

API reference, HealthCheckConfig and UpdateHealthCheck.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network
from types import MappingProxyType
from typing import Any, Literal

from fogbank.aws.errors import AwsError
from fogbank.planes.checks.targets import Target
from fogbank.planes.dns import rdata
from fogbank.services.route53.resources import HealthCheck

Config = Mapping[str, Any]
REGIONS = ("us-east-1", "eu-west-1", "ap-northeast-1")
"""Where checkers look from, unless a health check names others."""
REGIONS_ALL = (*REGIONS, "us-west-1", "us-west-2", "ap-southeast-1", "ap-southeast-2", "sa-east-1")
_HTTP = ("HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH")
ENDPOINTS = (*_HTTP, "TCP")
_PORTS: Mapping[str, int] = MappingProxyType({"http": 80, "https": 443})
_OF_ENDPOINTS = ("IPAddress", "Port", "FullyQualifiedDomainName", "Regions")
_OF_KIND: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **dict.fromkeys(("HTTP", "HTTPS"), (*_OF_ENDPOINTS, "ResourcePath")),
        **dict.fromkeys(("HTTP_STR_MATCH", "HTTPS_STR_MATCH"), (*_OF_ENDPOINTS, "ResourcePath", "SearchString")),
        "TCP": _OF_ENDPOINTS,
        "CALCULATED": ("HealthThreshold", "ChildHealthChecks"),
        "CLOUDWATCH_METRIC": ("AlarmIdentifier", "InsufficientDataHealthStatus"),
    }
)
"""The members that a kind has for itself; the others take them as an error."""
_OWNED = tuple(dict.fromkeys(name for names in _OF_KIND.values() for name in names))
_DEFAULTS: Config = MappingProxyType({"Inverted": False, "Disabled": False})
_ENDPOINT_DEFAULTS: Config = MappingProxyType({"RequestInterval": 30, "FailureThreshold": 3, "MeasureLatency": False})
_INTERVALS = (10, 30)
_RESET = ("ChildHealthChecks", "FullyQualifiedDomainName", "Regions", "ResourcePath")
_UPDATED = (
    *(name for name in _OWNED if name != "SearchString"),
    "SearchString",
    "FailureThreshold",
    "Inverted",
    "Disabled",
    "EnableSNI",
)
_OURS = (ip_network("127.0.0.0/8"), ip_network("198.18.0.0/15"), ip_network("::1/128"), ip_network("2001:db8::/32"))
"""This machine, and the addresses that are public in this cloud."""
_AGENT = "Amazon-Route53-Health-Check-Service (ref {}; report http://amzn.to/1vsZADi)"


def settled(given: Config) -> dict[str, Any]:
    """A configuration with its defaults. Raises InvalidInput, and NotImplemented for routing controls."""
    kind = given["Type"]
    if kind == "RECOVERY_CONTROL":
        text = "Health checks of routing controls are not there: fogbank has no Application Recovery Controller."
        raise AwsError("NotImplemented", text, status=501)
    for name in _OWNED:
        if name in given and name not in _OF_KIND[kind] and given[name]:
            raise _invalid(f"{name} cannot be specified for health checks of type {kind}.")
    found = {**_DEFAULTS, **given}
    if kind in ENDPOINTS:
        found = {**_ENDPOINT_DEFAULTS, "EnableSNI": kind.startswith("HTTPS"), **found}
        _check_endpoint(kind, found)
    elif kind == "CALCULATED":
        if "HealthThreshold" not in found:
            raise _invalid("HealthThreshold must be specified for health checks of type CALCULATED.")
        found.setdefault("ChildHealthChecks", [])
    elif "AlarmIdentifier" not in found:
        raise _invalid("AlarmIdentifier must be specified for health checks of type CLOUDWATCH_METRIC.")
    else:
        found.setdefault("InsufficientDataHealthStatus", "LastKnownStatus")
    return found


def updated(config: Config, req: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration after an UpdateHealthCheck. Raises InvalidInput."""
    reset = set(req.get("ResetElements", ()))
    if both := sorted(reset & req.keys()):
        raise _invalid(f"{both[0]} cannot be both specified and reset.")
    if "IPAddress" in req and "IPAddress" not in config:
        raise _invalid("IPAddress cannot be added to a health check that was created without one.")
    kept = {name: value for name, value in config.items() if name not in reset}
    return settled({**kept, **{name: req[name] for name in _UPDATED if name in req}})


def target(check: HealthCheck) -> Target | None:
    """What is to be looked at for a health check; None if nothing is."""
    config = check.config
    if not check.place or config["Disabled"]:
        return None
    kind: Literal["http", "https", "tcp"] = "http"
    if config["Type"] == "TCP":
        kind = "tcp"
    elif config["Type"].startswith("HTTPS"):
        kind = "https"
    name, address = config.get("FullyQualifiedDomainName", ""), config.get("IPAddress", "")
    port = config.get("Port") or _PORTS[kind]
    host = name or (f"[{address}]" if ":" in address else address)
    return Target(
        slot=int(check.place),
        kind=kind,
        port=port,
        address=address,
        name="" if address else name,
        path=config.get("ResourcePath") or "/",
        host=host if port == _PORTS.get(kind) else f"{host}:{port}",
        search=config.get("SearchString", ""),
        sni=name if kind == "https" and config["EnableSNI"] else "",
        agent=_AGENT.format(check.id),
        interval=config["RequestInterval"],
        threshold=config["FailureThreshold"],
        regions=tuple(config.get("Regions") or REGIONS),
    )


def _check_endpoint(kind: str, found: Config) -> None:
    """Raises InvalidInput."""
    address, name = found.get("IPAddress", ""), found.get("FullyQualifiedDomainName", "")
    if not address and not name:
        raise _invalid("Either IPAddress or FullyQualifiedDomainName must be specified.")
    if kind == "TCP" and "Port" not in found:
        raise _invalid("Port must be specified for health checks of type TCP.")
    if kind.endswith("STR_MATCH") and not found.get("SearchString"):
        raise _invalid(f"SearchString must be specified for health checks of type {kind}.")
    if found["RequestInterval"] not in _INTERVALS:
        raise _invalid("RequestInterval must be 10 or 30.")
    if len(set(found.get("Regions", ()))) < len(found.get("Regions", ())):
        raise _invalid("Regions must be different from one another.")
    if address:
        _check_address(address)
    if name and not _is_name(name):
        raise _invalid(f"FullyQualifiedDomainName is not a valid domain name: {name}")
    # Nothing may be smuggled into a request.
    if any(ord(letter) <= 0x20 or ord(letter) == 0x7F for letter in found.get("ResourcePath", "")):
        raise _invalid("ResourcePath contains characters that are not valid in a path.")


def _check_address(text: str) -> None:
    try:
        address = ip_address(text)
    except ValueError:
        raise _invalid(f"IPAddress is not valid: {text}") from None
    is_public = address.is_global and not address.is_multicast
    if not is_public and not any(address in block for block in _OURS):
        raise _invalid(f"IPAddress {text} is in a range that is local, private, non-routable, or multicast.")


def _is_name(text: str) -> bool:
    try:
        found = rdata.labels(text)
    except rdata.Illegal:
        return False
    return bool(found) and all(0x21 <= one < 0x7F for label in found for one in label)


def is_circle(check_id: str, children: Iterable[str], known: Mapping[str, Config]) -> bool:
    """Whether a health check would be a child of itself, however far down; `known` has all configurations by id."""
    seen: set[str] = set()
    left = list(children)
    while left:
        one = left.pop()
        if one == check_id:
            return True
        if one not in seen and one in known:
            seen.add(one)
            left.extend(known[one].get("ChildHealthChecks", ()))
    return False


def _invalid(text: str) -> AwsError:
    return AwsError("InvalidInput", f"Invalid parameter : {text}")
