"""TLS contexts that mint a certificate for each name asked for."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable

from fogbank.planes.authority import Authority

_NAME = re.compile(r"(?=.{1,253}$)(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_LOCAL_NAMES = ("localhost", "*.localhost", "localhost.localdomain", "127.0.0.1", "::1")


def ssl_context(authority: Authority, addresses: Iterable[str] = ()) -> ssl.SSLContext:
    """A context for `Server.listen`: each name that a client asks for by SNI gets its own certificate.

    Clients that name none (they connect to an address) get one for localhost and `addresses`. ALPN offers http/1.1.
    """
    default = authority.context((*_LOCAL_NAMES, *addresses))

    def choose(socket: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
        lower = (name or "").lower().rstrip(".")
        if lower == "localhost" or not _NAME.fullmatch(lower):
            return None
        try:
            socket.context = authority.context((lower,))
        except (OSError, ValueError):
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        return None

    default.sni_callback = choose
    return default
