"""`fogbank dns`: how this machine asks the cloud for names, how far askers are from regions, and edge locations."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from fogbank.cli import remote
from fogbank.cli.words import seconds
from fogbank.running import RunError, Running

OPTIONS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (
        ("action",),
        {"nargs": "?", "default": "show", "choices": ["show", "latency", "edges"], "help": "what to do (show)"},
    ),
    (
        ("words",),
        {
            "nargs": argparse.REMAINDER,
            "help": "latency [NETWORK REGION TIME|measured], edges [COUNT [everywhere]|break NAME FAULT|mend NAME]",
        },
    ),
]
_EDGES = "write `fogbank dns edges 8`, `edges 8 everywhere`, `edges break IAD blackholed`, `edges mend IAD`, `edges 0`"


def run(cloud: Running, arguments: argparse.Namespace) -> tuple[Any, str]:
    """Carry out an action; returns what it found, for programs and for people. Raises RunError."""
    if arguments.action == "latency":
        return _latency(cloud, arguments.words)
    if arguments.action == "edges":
        return _edges(cloud, arguments.words)
    where = remote.ask(cloud, "GET", "info")["dns"]
    return {"dns": where}, "\n".join(_shown(where))


def _shown(where: str) -> Iterator[str]:
    """How programs of this machine ask."""
    if not where:
        yield "this cloud answers no names on this machine: see the setting dns_port, and the log"
        return
    host, _, port = where.rpartition(":")
    yield f"names are answered at {where}, UDP and TCP"
    yield ""
    yield "one question:         fogbank dig NAME [TYPE]"
    yield f"                      dig @{host} -p {port} NAME"
    yield f"systemd-resolved:     DNS={where} and Domains=~ZONE in a file of /etc/systemd/resolved.conf.d"
    yield f"dnsmasq:              server=/ZONE/{host}#{port}"
    yield f"unbound:              do-not-query-localhost: no, and a stub-zone with stub-addr: {host}@{port}"


def _latency(cloud: Running, words: list[str]) -> tuple[Any, str]:
    if not words:
        found = remote.ask(cloud, "GET", "dns/latency")
        return found, "\n".join(_rows(found)) or "nothing is told, and no latency record has been made"
    if len(words) != 3:
        raise RunError(
            "how far is which network from which region? fogbank dns latency 203.0.113.0/24 eu-west-1 30ms", 2
        )
    body: dict[str, Any] = {"network": words[0], "region": words[1]}
    if words[2] != "measured":
        body["seconds"] = seconds(words[2])
    found = remote.ask(cloud, "POST", "dns/latency", body)
    way = "is measured" if found["seconds"] is None else f"takes {found['seconds'] * 1000:g} ms"
    return found, f"from {found['network']} to {found['region']} and back {way}"


def _rows(found: Mapping[str, Any]) -> Iterator[str]:
    for one in found["told"]:
        yield f"{one['network']} to {one['region']}: {one['seconds'] * 1000:g} ms, told"
    for here, there in sorted(found["measured"].items()):
        for region, taken in sorted(there.items()):
            yield f"{here} to {region}: {'no way' if taken > 1e5 else f'{taken * 1000:.1f} ms'}"


def _edges(cloud: Running, words: list[str]) -> tuple[Any, str]:
    if words:
        _change(cloud, words)
    found = remote.ask(cloud, "GET", "dns/edges")
    return found, "\n".join(map(_edge, found["edges"])) or "no edges: name servers answer at every internet"


def _change(cloud: Running, words: list[str]) -> None:
    """Raises RunError."""
    match words:
        case [count] if count.isdigit():
            remote.ask(cloud, "POST", "dns/edges", {"count": int(count)})
        case [count, "everywhere"] if count.isdigit():
            remote.ask(cloud, "POST", "dns/edges", {"count": int(count), "is_striped": False})
        case ["break", name, fault]:
            remote.ask(cloud, "POST", "dns/edges/fault", {"name": name, "fault": fault})
        case ["mend", name]:
            remote.ask(cloud, "POST", "dns/edges/fault", {"name": name})
        case _:
            raise RunError(_EDGES, 2)


def _edge(one: Mapping[str, Any]) -> str:
    return (
        f"{one['name']}  {one['session'] or 'no session':12} {one['fault'] or 'whole':11} {' '.join(one['announces'])}"
    )
