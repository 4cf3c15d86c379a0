"""The certificates of servers, as files beside their data: kept while they are good, and then made anew."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from fogbank.planes.authority import Authority
from fogbank.planes.engines.postgresql.files import Certificate

FOLDER = "tls"
_CERTIFICATE, _KEY, _AUTHORITY, _CARD = "server.pem", "server.key", "ca.pem", "card.json"
_LEFT_SECONDS_MIN = 60 * 86_400


class Card(msgspec.Struct, frozen=True):
    """What a certificate is of, without reading it."""

    names: tuple[str, ...]
    thumbprint: str
    """Of the authority that signed it."""
    valid_till: float
    """Seconds since 1970, by the machine's clock."""


def card(home: Path) -> Card | None:
    """What the certificate of an engine with this folder is of; None where it has none."""
    try:
        return msgspec.json.decode((home / FOLDER / _CARD).read_bytes(), type=Card)
    except (OSError, msgspec.MsgspecError):
        return None


def files(home: Path) -> Certificate:
    """Where the certificate of an engine lies, outside of its data."""
    folder = home / FOLDER
    return Certificate(folder / _CERTIFICATE, folder / _KEY, folder / _AUTHORITY)


def renewed(home: Path, names: Sequence[str], authority: Authority) -> Mapping[Path, str]:
    """The files of a certificate of these names, in the order to write them in; none while those that are there do."""
    known, wanted = card(home), tuple(dict.fromkeys(names))
    is_good = known is not None and (known.names, known.thumbprint) == (wanted, authority.thumbprint)
    if known is not None and is_good and known.valid_till - time.time() > _LEFT_SECONDS_MIN:
        return {}
    issued, where = authority.issue(wanted), files(home)
    said = Card(wanted, authority.thumbprint, issued.valid_till)
    return {
        where.key: issued.key.decode(),
        where.certificate: issued.certificate.decode(),
        where.authority: authority.bundle.read_text(),
        # Last, since whoever dies before has to begin again.
        home / FOLDER / _CARD: msgspec.json.encode(said).decode(),
    }
