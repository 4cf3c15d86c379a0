"""Tags of everything in IAM that takes them: one idea for eight nouns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.services.iam import entities, federation, managed_policies, mfa, rules
from fogbank.services.iam.entities import CERTIFICATE, PROFILE, ROLE, USER, Noun

Run = Callable[[Context, dict[str, Any]], dict[str, Any]]
Find = Callable[[Context, dict[str, Any]], Any]


def _named(noun: Noun[Any]) -> Find:
    return lambda ctx, req: entities.existing(ctx, noun, req[noun.member])


def _tag(find: Find) -> Run:
    def run(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        found = find(ctx, req)
        ctx.put(msgspec.structs.replace(found, tags=rules.tagged(found.tags, req["Tags"])))
        return {}

    return run


def _untag(find: Find) -> Run:
    def run(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        found = find(ctx, req)
        ctx.put(msgspec.structs.replace(found, tags=rules.untagged(found.tags, req["TagKeys"])))
        return {}

    return run


def _list(find: Find) -> Run:
    def run(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        rows = tags.written(find(ctx, req).tags)
        return entities.listing(req, "Tags", rows, lambda tag: tag["Key"], entities.same)

    return run


def _changed_policy(ctx: Context, req: dict[str, Any]) -> Any:
    return managed_policies.own(ctx, req["PolicyArn"])


def _policy(ctx: Context, req: dict[str, Any]) -> Any:
    return managed_policies.existing(ctx, req["PolicyArn"])


_NAMED = (_named(USER), _named(ROLE), _named(PROFILE), _named(CERTIFICATE))
_OTHERS = (federation.existing_oidc, federation.existing_saml, mfa.existing)

tag_user, tag_role, tag_instance_profile, tag_server_certificate = map(_tag, _NAMED)
tag_open_id_connect_provider, tag_saml_provider, tag_mfa_device = map(_tag, _OTHERS)
tag_policy = _tag(_changed_policy)

untag_user, untag_role, untag_instance_profile, untag_server_certificate = map(_untag, _NAMED)
untag_open_id_connect_provider, untag_saml_provider, untag_mfa_device = map(_untag, _OTHERS)
untag_policy = _untag(_changed_policy)

list_user_tags, list_role_tags, list_instance_profile_tags, list_server_certificate_tags = map(_list, _NAMED)
list_open_id_connect_provider_tags, list_saml_provider_tags, list_mfa_device_tags = map(_list, _OTHERS)
list_policy_tags = _list(_policy)
