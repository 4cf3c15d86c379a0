"""Identity providers, found by their ARNs."""

from __future__ import annotations

from typing import Any

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.iam import entities
from fogbank.services.iam.resources import OpenIdConnect, Saml


def existing_oidc(ctx: Context, req: dict[str, Any]) -> OpenIdConnect:
    """Raises NoSuchEntity, and ValidationError for what is no ARN of an OpenID Connect provider."""
    arn = req["OpenIDConnectProviderArn"]
    found = ctx.get(OpenIdConnect, _name(arn, "oidc-provider/"))
    if found is None or oidc_arn(ctx, found) != arn:
        raise entities.missing(f"OpenIDConnect Provider not found for arn {arn}")
    return found


def existing_saml(ctx: Context, req: dict[str, Any]) -> Saml:
    """Raises NoSuchEntity, and ValidationError for what is no ARN of a SAML provider."""
    arn = req["SAMLProviderArn"]
    found = ctx.get(Saml, _name(arn, "saml-provider/"))
    if found is None or saml_arn(ctx, found) != arn:
        raise entities.missing(f"Manifest not found for arn {arn}")
    return found


def oidc_arn(ctx: Context, found: OpenIdConnect) -> str:
    return entities.arn(ctx, f"oidc-provider/{found.url}")


def saml_arn(ctx: Context, found: Saml) -> str:
    return entities.arn(ctx, f"saml-provider/{found.name}")


def _name(arn: str, prefix: str) -> str:
    parsed = Arn.parse(arn)
    if parsed is None or parsed.service != "iam" or not parsed.resource.startswith(prefix):
        raise AwsError("ValidationError", f"Invalid ARN: {arn}")
    return parsed.resource.removeprefix(prefix)


def host_of(url: str) -> str:
    """A provider's URL as its ARN has it: without scheme, and without a slash at the end."""
    return url.removeprefix("https://").rstrip("/")
