"""Web identities: a token checked against the OpenID Connect provider that `iam` has for its issuer.

fogbank fetches nothing. The signature is checked against the key set (JWKS) that somebody has put into Parameter Store
as `/fogbank/oidc/<issuer>`; without one, issuer, audience and times are all that is checked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.sts import tokens

KEYS_PREFIX = "/fogbank/oidc/"
_TAGS = "https://aws.amazon.com/tags"
_SOURCE = "https://aws.amazon.com/source_identity"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a token speaks of, and what it says."""

    issuer_arn: str
    host: str
    subject: str
    audience: str
    keys: Mapping[str, Any]
    """Condition keys: the provider's name and a claim."""
    tags: Mapping[str, str] = {}
    transitive_tags: tuple[str, ...] = ()
    source_identity: str = ""


def verified(ctx: Context, account: str, text: str) -> Identity:
    """Raises InvalidIdentityToken, ExpiredTokenException and IDPRejectedClaim."""
    try:
        token = tokens.parse(text)
    except tokens.BadToken as error:
        raise AwsError("InvalidIdentityToken", str(error)) from None
    claims = token.claims
    for name in ("iss", "sub", "aud", "exp", "iat"):
        if name not in claims:
            raise AwsError("InvalidIdentityToken", f"Missing a required claim: {name}")
    host = str(claims["iss"]).removeprefix("https://").rstrip("/")
    arn = f"arn:{ctx.partition}:iam::{account}:oidc-provider/{host}"
    home = ctx.at(account=account).as_service()
    known = _known(home, arn, str(claims["iss"]))
    _check_times(ctx, claims)
    audience = _audience(claims, known)
    _check_signature(home, token, host)
    principal_tags = claims.get(_TAGS, {})
    return Identity(
        issuer_arn=arn,
        host=host,
        subject=str(claims["sub"]),
        audience=audience,
        keys=_keys(host, claims, audience),
        tags={key: value[0] if isinstance(value, list) else value for key, value in _part(principal_tags, {}).items()},
        transitive_tags=tuple(principal_tags.get("transitive_tag_keys", ())),
        source_identity=str(claims.get(_SOURCE, "")),
    )


def _known(home: Context, arn: str, issuer: str) -> dict[str, Any]:
    try:
        return home.call("iam", "GetOpenIDConnectProvider", OpenIDConnectProviderArn=arn)
    except AwsError:
        text = f"No OpenIDConnect provider found in your account for {issuer}"
        raise AwsError("InvalidIdentityToken", text) from None


def _check_times(ctx: Context, claims: Mapping[str, Any]) -> None:
    if not all(isinstance(claims.get(name, 0), int | float) for name in ("exp", "iat", "nbf")):
        raise AwsError("InvalidIdentityToken", "The times of the ID Token are not numbers.")
    if claims["exp"] <= ctx.now:
        text = f"Token expired: current date/time {_time(ctx.now)} must be before the expiration date/time "
        raise AwsError("ExpiredTokenException", text + _time(claims["exp"]))
    if claims.get("nbf", 0) > ctx.now:
        raise AwsError("InvalidIdentityToken", "The ID Token is not valid yet.")


def _audience(claims: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    """The audience of a token that is a client of the provider; `azp` counts where a token has it."""
    given = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    wanted = [claims["azp"]] if "azp" in claims and len(given) > 1 else given
    for audience in wanted:
        if audience in known.get("ClientIDList", ()):
            return str(audience)
    raise AwsError("InvalidIdentityToken", "Incorrect token audience")


def _check_signature(home: Context, token: tokens.Token, host: str) -> None:
    if not home.has_service("ssm"):
        return
    try:
        text = home.call("ssm", "GetParameter", Name=f"{KEYS_PREFIX}{host}")["Parameter"]["Value"]
    except AwsError:
        return
    try:
        tokens.check_signature(token, json.loads(text))
    except ValueError as error:
        raise AwsError("InvalidIdentityToken", str(error)) from None


def _keys(host: str, claims: Mapping[str, Any], audience: str) -> dict[str, Any]:
    found: dict[str, Any] = {f"{host}:aud": [audience], f"{host}:sub": [str(claims["sub"])]}
    for name in ("amr", "email", "oaud", "azp"):
        if name in claims:
            value = claims[name]
            found[f"{host}:{name}"] = [str(each) for each in value] if isinstance(value, list) else [str(value)]
    return {key.lower(): value for key, value in found.items()} | {"aws:federatedprovider": [host]}


def _part(principal_tags: Any, default: dict[str, Any]) -> dict[str, Any]:
    part = principal_tags.get("principal_tags", default) if isinstance(principal_tags, dict) else default
    return part if isinstance(part, dict) else default


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
