"""What checkers saw, in Route 53's words: pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from fogbank.aws import internet
from fogbank.planes.checks.plane import Reports
from fogbank.planes.checks.targets import Code, Seen

_FIREWALL = (
    "The endpoint or the internet connection is down, or requests are being blocked by your firewall. "
    "See Configuring router and firewall rules for Amazon Route 53 health checks."
)
_FAILURES: Mapping[Code, str] = {
    Code.CONNECT_LATE: f"Connection timed out. {_FIREWALL}",
    Code.REFUSED: f"Connection refused. {_FIREWALL}",
    Code.UNREACHABLE: f"No route to host. {_FIREWALL}",
    Code.ANSWER_LATE: "The endpoint did not answer within the timeout limit.",
    Code.BODY_LATE: "The body of the answer did not arrive within the timeout limit.",
    Code.NO_HTTP: "The endpoint closed the connection, or did not answer with HTTP.",
    Code.NOT_FOUND: "The search string was not found within the first 5120 bytes of the body of the answer.",
    Code.TLS: "SSL handshake_failure.",
    Code.NOWHERE: "This region has no internet here: no VPC of it is connected. This checker does not count.",
    Code.NO_NAME: "DNS resolution failed.",
}


def observations(reports: Mapping[str, Reports], chosen: Callable[[Reports], tuple[Seen, ...]]) -> list[dict[str, Any]]:
    """The observations of a health check by region, of those rows of reports that are chosen."""
    found = []
    for region, said in sorted(reports.items()):
        for seen in chosen(said):
            if seen.code is not Code.NONE:
                status = {"Status": text(seen), "CheckedTime": seen.checked_at}
                found.append({"Region": region, "IPAddress": internet.checker_address(region), "StatusReport": status})
    return found


def text(seen: Seen) -> str:
    """`Success: HTTP Status Code 200, OK` and so on."""
    where = f"Resolved IP: {seen.address}. " if seen.address else ""
    if seen.code is Code.OK:
        return f"Success: {where}{_http(seen.status) if seen.status else 'TCP connection established'}"
    said = _http(seen.status) if seen.code is Code.STATUS else _FAILURES[seen.code]
    return f"Failure: {where}{said}"


def _http(status: int) -> str:
    known = {one.value: one.phrase for one in HTTPStatus}
    return f"HTTP Status Code {status}, {known[status]}" if status in known else f"HTTP Status Code {status}"
