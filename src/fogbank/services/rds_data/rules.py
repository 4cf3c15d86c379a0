"""What the Data API allows: limits, and the errors that it answers with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws.errors import AwsError

STATEMENT_SECONDS = 45.0
IDLE_SECONDS = 180.0
"""How long a transaction may be left alone."""
TRANSACTION_SECONDS = 24 * 3600.0
KEPT_SECONDS = 60.0
"""How long a connection that nobody uses is kept for the next statement."""
SESSIONS_MAX = 100
"""Of a cluster, at the same time: its server takes 200 in all."""
RESULT_BYTES_MAX = 1 << 20
FORMATTED_BYTES_MAX = 10 << 20
_UNREADY = ("creating", "deleting", "starting", "stopped", "stopping")
_GONE = ("57P01", "57P02", "57P03", "08006")
"""The server is being stopped, or is not there yet."""


def invalid(text: str) -> AwsError:
    return AwsError("ValidationException", text, status=400)


def check_schema(req: Mapping[str, Any]) -> None:
    """Raises ValidationException for the member that AWS has deprecated (Aurora User Guide, `data-api.differences`)."""
    if req.get("schema"):
        raise invalid("The schema parameter isn't supported")


def not_enabled(resource: str) -> AwsError:
    """Also of ARNs that no cluster has: AWS tells no difference (`data-api.troubleshooting`)."""
    return AwsError("HttpEndpointNotEnabledException", f"HttpEndpoint is not enabled for resource {resource}")


def check_ready(cluster: Mapping[str, Any]) -> None:
    """Raises what a cluster that cannot be spoken to answers."""
    if not cluster["HttpEndpointEnabled"]:
        raise not_enabled(cluster["DBClusterArn"])
    if cluster["Status"] in _UNREADY:
        text = f"The DB cluster {cluster['DBClusterIdentifier']} is in {cluster['Status']} state."
        raise AwsError("InvalidResourceStateException", text)
    if not cluster["DBClusterMembers"]:
        text = f"The DB cluster {cluster['DBClusterIdentifier']} doesn't have a DB instance."
        raise AwsError("DatabaseNotFoundException", text)


def no_transaction(transaction_id: str, reason: str = "") -> AwsError:
    text = f"Transaction {transaction_id} is not found"
    return AwsError("TransactionNotFoundException", f"{text}. {reason}" if reason else text)


def unavailable() -> AwsError:
    return AwsError("DatabaseUnavailableException", "The writer instance in the DB cluster isn't available.")


def refusal(text: str, sqlstate: str, **parts: str) -> AwsError:
    """The server's own words as the Data API passes them on: `ERROR: …; Hint: …; Position: 15; SQLState: 42P01`."""
    if sqlstate in _GONE:
        return unavailable()
    said = [text]
    said += [f"{name.title()}: {parts[name]}" for name in ("detail", "hint", "position") if parts.get(name)]
    return AwsError("DatabaseErrorException", "; ".join([*said, f"SQLState: {sqlstate}"]))


def unsupported(type_name: str) -> AwsError:
    return AwsError("UnsupportedResultException", f"The result contains the unsupported data type {type_name}.")


def too_large(megabytes: int) -> AwsError:
    return AwsError("UnsupportedResultException", f"The result exceeds the size limit {megabytes} MB.")
