"""Names as Route 53 keeps them, and the order that they are listed in."""

from __future__ import annotations

from fogbank.aws.errors import AwsError
from fogbank.planes.dns import rdata

_KEPT = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")


def shown_name(name: str) -> str:
    r"""A name as Route 53 keeps it: in lower case, with a last dot, other characters than letters as `\052`.

    Route 53 Developer Guide, "DNS domain name format". Raises rdata.Illegal.
    """
    return "".join(f"{_shown(label)}." for label in rdata.labels(name)) or "."


def kept(name: str) -> str:
    """A name of the wire (as `message.Query` has it) as Route 53 keeps names."""
    return "".join(f"{_shown(label.encode('latin-1'))}." for label in name.split(".") if label)


def _shown(label: bytes) -> str:
    return "".join(chr(one) if one in _KEPT else f"\\{one:03o}" for one in label.lower())


def domain_name(name: str) -> str:
    """A zone's name as it is kept. Raises InvalidDomainName."""
    try:
        found = shown_name(name)
    except rdata.Illegal:
        found = "."
    if found == ".":
        raise AwsError("InvalidDomainName", f"{name} is not a valid domain name.")
    return found


def order(name: str) -> str:
    """What names are listed by: their labels reversed, with the last dot (API reference, ListResourceRecordSets)."""
    return ".".join(reversed(name.rstrip(".").split("."))) + "."
