"""IAM database authentication: whether a token lets a user into an instance, and where its servers ask about that."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.presigned import Presigned
from fogbank.control.service import Need
from fogbank.planes.doors import Door, login_port
from fogbank.planes.engines.postgresql.files import Logins
from fogbank.planes.engines.postgresql.plane import Abilities
from fogbank.services.rds.resources import Cluster, Instance, Seat

SERVICE = "rds-db"
SECONDS_MAX = 900
"""How long a token is good (RDS User Guide, "IAM database authentication")."""
_HTTPS = 443
"""The port that signers leave out."""
_ROLES_ARE_STRICT = 16
"""Since this version a master has to be in `rds_iam` to put others there."""
_REMEDY = "Debian's packages have both: apt-get install postgresql"


class Place(NamedTuple):
    """What is logged in to: its names and addresses, its port, and its region."""

    names: Collection[str]
    port: int
    region: str


def refusal(token: Presigned, place: Place, user: str) -> str:
    """Why a token does not let a user in; empty where it does, as far as the token goes. Pure."""
    host, _, port = token.host.rpartition(":")
    if not host:
        host, port = token.host, str(_HTTPS)
    seconds = token.fields.get("X-Amz-Expires", "")
    if (token.service, token.region) != (SERVICE, place.region):
        return f"the token was signed for {token.service} in {token.region}"
    if token.fields.get("Action") != "connect":
        return "the token is for another action than connect"
    if token.fields.get("DBUser") != user:
        return f"the token is {token.fields.get('DBUser', 'nobody')}'s"
    if host not in {name.lower() for name in place.names} or port != str(place.port):
        return f"the token is for {token.host}"
    if not seconds.isdecimal() or int(seconds) > SECONDS_MAX:
        return f"a token is good for {SECONDS_MAX} seconds at most"
    if token.age_seconds > int(seconds):
        return f"the token is {token.age_seconds:.0f} seconds old"
    return ""


def admit(ctx: Context, owner: Instance | Cluster, user: str, token: Presigned, place: Place) -> None:
    """Return if a token and its signer's policies let a user in. Raises AccessDenied with the reason."""
    if reason := refusal(token, place, user):
        raise AwsError("AccessDenied", reason, status=403)
    resource = f"arn:{ctx.partition}:{SERVICE}:{ctx.region}:{ctx.account}:dbuser:{owner.resource_id}/{user}"
    ctx.authorize(Need(f"{SERVICE}:connect", resource, account=ctx.account))


def check(ctx: Context, engine: str, version: str) -> None:
    """Raises InvalidParameterCombination where a version's server cannot ask about tokens."""
    lacks = lacking(ctx.planes.databases.abilities(version))
    if lacks:
        text = "IAM database authentication is not supported for this configuration"
        raise AwsError(
            "InvalidParameterCombination",
            f"{text}: the {engine} {version} of this machine was built without {lacks}. {_REMEDY}.",
        )


def wanted(ctx: Context, found: Instance | Cluster, req: Mapping[str, Any]) -> bool:
    """Whether something is to take tokens: as a request says, or else as it did. Raises what `check` does."""
    if req.get("EnableIAMDatabaseAuthentication"):
        check(ctx, found.engine, found.version)
    return bool(req.get("EnableIAMDatabaseAuthentication", found.checks_tokens))


def lacking(abilities: Abilities) -> str:
    """What a server was built without that tokens need; empty for nothing. Pure."""
    needed = {"TLS": abilities.has_tls, "LDAP": abilities.has_ldap}
    return " and ".join(name for name, is_there in needed.items() if not is_there)


# Where servers ask


def asked(instance: Instance, seat: Seat, *, has_packets: bool) -> Logins:
    """Where a node asks about tokens: at a door of its own. Pure."""
    host, port = _where(instance, seat, has_packets=has_packets)
    is_strict = int(instance.version.partition(".")[0]) >= _ROLES_ARE_STRICT
    return Logins(host, port, "uid=", _suffix(instance), instance.master_user if is_strict else "")


def door(ctx: Context, instance: Instance, seat: Seat) -> Door:
    """The door that a node asks at."""
    has_packets = ctx.planes.net.has_packets
    host, port = _where(instance, seat, has_packets=has_packets)
    name = "/".join((*ctx.scope, "rds", instance.resource_id))
    return Door(seat.interface_id if has_packets else "", host, "logins", name, port)


def user_of(instance: Instance, who: str) -> str:
    """The user in the name that a node binds; empty for another's. Pure."""
    suffix = _suffix(instance)
    is_ours = who.startswith("uid=") and who.endswith(suffix)
    return who.removeprefix("uid=").removesuffix(suffix) if is_ours else ""


def _suffix(instance: Instance) -> str:
    return f",ou={instance.resource_id}"


def _where(instance: Instance, seat: Seat, *, has_packets: bool) -> tuple[str, int]:
    # A node is alone in its namespace, and at its loopback address: but it has a port of its own.
    return "127.0.0.1" if has_packets else seat.loopback, login_port(instance.port)
