"""OpenID Connect identity providers. AWS's names of the operations hold a word that no code of ours has."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.iam import federation, rules
from fogbank.services.iam.resources import OpenIdConnect

_IDS_MAX = 100
_THUMBPRINTS_MAX = 5
_QUOTA = 100
_URL = re.compile(r"https://[^\s?#]+\Z")


def create_open_id_connect_provider(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if not _URL.match(req["Url"]):
        raise AwsError("ValidationError", "Invalid Open ID Connect Provider URL")
    found = OpenIdConnect(
        url=federation.host_of(req["Url"]),
        client_ids=_client_ids(req.get("ClientIDList", ())),
        thumbprints=_thumbprints(req.get("ThumbprintList", ())),
        created_at=ctx.now,
        tags=rules.tagged({}, req.get("Tags")),
    )
    if ctx.get(OpenIdConnect, found.url) is not None:
        raise AwsError("EntityAlreadyExists", f"Provider with url {req['Url']} already exists.")
    if ctx.count(OpenIdConnect) >= _QUOTA:
        raise rules.limit_exceeded("OpenIdConnectProvidersPerAccount", _QUOTA)
    ctx.put(found)
    return {"OpenIDConnectProviderArn": federation.oidc_arn(ctx, found), "Tags": tags.written(found.tags)}


def get_open_id_connect_provider(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = federation.existing_oidc(ctx, req)
    return {
        "Url": found.url,
        "ClientIDList": list(found.client_ids),
        "ThumbprintList": list(found.thumbprints),
        "CreateDate": found.created_at,
        "Tags": tags.written(found.tags),
    }


def list_open_id_connect_providers(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"OpenIDConnectProviderList": [{"Arn": federation.oidc_arn(ctx, each)} for each in ctx.scan(OpenIdConnect)]}


def delete_open_id_connect_provider(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    ctx.delete(OpenIdConnect, federation.existing_oidc(ctx, req).url)
    return {}


def add_client_id_to_open_id_connect_provider(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = federation.existing_oidc(ctx, req)
    ctx.put(msgspec.structs.replace(found, client_ids=_client_ids((*found.client_ids, req["ClientID"]))))
    return {}


def remove_client_id_from_open_id_connect_provider(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = federation.existing_oidc(ctx, req)
    kept = tuple(each for each in found.client_ids if each != req["ClientID"])
    ctx.put(msgspec.structs.replace(found, client_ids=kept))
    return {}


def update_open_id_connect_provider_thumbprint(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = federation.existing_oidc(ctx, req)
    ctx.put(msgspec.structs.replace(found, thumbprints=_thumbprints(req["ThumbprintList"])))
    return {}


def _client_ids(given: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(given))
    if len(found) > _IDS_MAX:
        raise rules.limit_exceeded("ClientIdsPerOpenIdConnectProvider", _IDS_MAX)
    return found


def _thumbprints(given: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    if len(given) > _THUMBPRINTS_MAX:
        raise AwsError("InvalidInput", f"Thumbprint list must contain fewer than {_THUMBPRINTS_MAX} entries.")
    return tuple(given)
