"""Inline policies of users, groups and roles: one idea for three nouns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from fogbank.control.context import Context
from fogbank.services.iam import entities, rules
from fogbank.services.iam.entities import GROUP, ROLE, USER, Noun

Run = Callable[[Context, dict[str, Any]], dict[str, Any]]


def _put(noun: Noun[Any]) -> Run:
    def run(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        holder = entities.changeable(ctx, noun, req[noun.member])
        rules.check_document(req["PolicyDocument"], "identity", ctx.partition)
        inline = {**holder.inline, req["PolicyName"]: req["PolicyDocument"]}
        rules.check_inline(noun.word, holder.name, inline.values())
        ctx.put(msgspec.structs.replace(holder, inline=inline))
        return {}

    return run


def _get(noun: Noun[Any]) -> Run:
    def run(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        holder = entities.existing(ctx, noun, req[noun.member])
        name = _known(noun, holder, req)
        document = rules.encoded(holder.inline[name])
        return {noun.member: holder.name, "PolicyName": name, "PolicyDocument": document}

    return run


def _list(noun: Noun[Any]) -> Run:
    def run(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        holder = entities.existing(ctx, noun, req[noun.member])
        return entities.listing(req, "PolicyNames", sorted(holder.inline), entities.same, entities.same)

    return run


def _delete(noun: Noun[Any]) -> Run:
    def run(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        holder = entities.changeable(ctx, noun, req[noun.member])
        name = _known(noun, holder, req)
        inline = {kept: document for kept, document in holder.inline.items() if kept != name}
        ctx.put(msgspec.structs.replace(holder, inline=inline))
        return {}

    return run


def _known(noun: Noun[Any], holder: entities.Holder, req: dict[str, Any]) -> str:
    name: str = req["PolicyName"]
    if name not in holder.inline:
        raise entities.missing(f"The {noun.word} policy with name {name} cannot be found.")
    return name


put_user_policy, put_group_policy, put_role_policy = (_put(noun) for noun in (USER, GROUP, ROLE))
get_user_policy, get_group_policy, get_role_policy = (_get(noun) for noun in (USER, GROUP, ROLE))
list_user_policies, list_group_policies, list_role_policies = (_list(noun) for noun in (USER, GROUP, ROLE))
delete_user_policy, delete_group_policy, delete_role_policy = (_delete(noun) for noun in (USER, GROUP, ROLE))
