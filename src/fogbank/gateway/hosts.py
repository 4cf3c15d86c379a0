"""Which Host headers mean this machine: a page of a stranger's name must not reach it by rebinding that name."""

from __future__ import annotations

import ipaddress
import re

_NAMES = frozenset({"localhost", "localhost.localstack.cloud"})
_SUFFIXES = (".localhost", ".localhost.localstack.cloud", ".amazonaws.com")
_PORT = re.compile(r":\d{0,5}\Z")


def name_of(host: str) -> str:
    """The name or address in a Host header: without port, brackets and the root's dot, in lower case."""
    name = _PORT.sub("", host) if not host.endswith("]") else host
    if name[:1] == "[" and name[-1:] == "]":
        return name[1:-1].lower()
    return name.lower().removesuffix(".")


def is_own(host: str, also: str = "") -> bool:
    """Whether nobody else can own the name in a Host header; `also` is one more name that is this machine's.

    A browser that was rebound sends the name it believes in: an address, or a name that no stranger can register, is
    none. https://en.wikipedia.org/wiki/DNS_rebinding
    """
    name = name_of(host)
    if name in _NAMES or name.endswith(_SUFFIXES) or (also and name == also.lower()):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
