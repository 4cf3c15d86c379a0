"""`fogbank dig`: asks the cloud's name server, and says what it answers."""

from __future__ import annotations

import secrets
from typing import Any

from fogbank.planes.dns import client, rdata, read
from fogbank.planes.dns.message import ANY, Malformed
from fogbank.planes.dns.read import Reading
from fogbank.running import RunError

OPTIONS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (("name",), {"metavar": "NAME", "help": "the name that is asked for"}),
    (("--dnssec",), {"action": "store_true", "help": "ask for signatures as well"}),
    (("type",), {"nargs": "?", "default": "A", "metavar": "TYPE", "help": "A, AAAA, CNAME, MX, TXT, … (A)"}),
]


def asked(where: str, name: str, type_name: str, *, wants_proof: bool = False) -> Reading:
    """What the server at `address:port` says; by TCP what is too long for UDP. Raises RunError."""
    wanted = rdata.TYPES.get(type_name.upper(), ANY if type_name.upper() == "ANY" else None)
    if wanted is None:
        raise RunError(f"there is no type {type_name}; there are {', '.join(sorted(rdata.TYPES))}", 2)
    if not where:
        raise RunError("this cloud answers no names on this machine: see the setting dns_port, and the log")
    host, _, port = where.rpartition(":")
    try:
        query = read.question(secrets.randbits(16), name, wanted, wants_proof=wants_proof)
        return client.asked((host, int(port)), query)
    except rdata.Illegal as error:
        raise RunError(f"{name} is no name: {error}", 2) from None
    except (OSError, Malformed) as error:
        raise RunError(f"the name server at {where} does not answer: {error}") from None


def told(found: Reading) -> str:
    """An answer in lines, a record in each."""
    lines = [f"; {found.code}{', authoritative' if found.is_authoritative else ''}"]
    for title, section in (("", found.answer), ("; authority", found.authority), ("; additional", found.additional)):
        lines += [title] if title and section else []
        lines += [f"{one.name}\t{one.ttl}\tIN\t{one.type}\t{one.data}" for one in section]
    return "\n".join(lines)


def listed(found: Reading) -> dict[str, Any]:
    """An answer for programs."""
    sections = {"answer": found.answer, "authority": found.authority, "additional": found.additional}
    shown = {name: [one._asdict() for one in lines] for name, lines in sections.items()}
    return {"code": found.code, "authoritative": found.is_authoritative, **shown}
