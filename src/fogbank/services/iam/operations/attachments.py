"""Managed policies attached to users, groups and roles, and boundaries of users and roles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from fogbank.control.context import Context
from fogbank.services.iam import entities, managed_policies, rules, shown
from fogbank.services.iam.entities import GROUP, ROLE, USER, Noun

Run = Callable[[Context, dict[str, Any]], dict[str, Any]]


def _attach(noun: Noun[Any]) -> Run:
    def run(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        holder, arn = entities.changeable(ctx, noun, req[noun.member]), req["PolicyArn"]
        managed_policies.attachable(ctx, arn)
        if arn in holder.attached:
            return {}
        if len(holder.attached) >= rules.ATTACHED_MAX:
            raise rules.limit_exceeded(f"PoliciesPer{noun.word.capitalize()}", rules.ATTACHED_MAX)
        ctx.put(msgspec.structs.replace(holder, attached=(*holder.attached, arn)))
        return {}

    return run


def _detach(noun: Noun[Any]) -> Run:
    def run(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        holder, arn = entities.changeable(ctx, noun, req[noun.member]), req["PolicyArn"]
        if arn not in holder.attached:
            managed_policies.check_arn(arn)
            raise entities.missing(entities.POLICY.missing.format(arn))
        ctx.put(msgspec.structs.replace(holder, attached=tuple(each for each in holder.attached if each != arn)))
        return {}

    return run


def _list(noun: Noun[Any]) -> Run:
    def run(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        holder = entities.existing(ctx, noun, req[noun.member])
        prefix = req.get("PathPrefix", "/")
        rows = sorted((arn for arn in holder.attached if _path(arn).startswith(prefix)), key=_place)
        return entities.listing(req, "AttachedPolicies", rows, _place, shown.attached)

    return run


def _put_boundary(noun: Noun[Any]) -> Run:
    def run(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        holder = entities.changeable(ctx, noun, req[noun.member])
        managed_policies.attachable(ctx, req["PermissionsBoundary"])
        ctx.put(msgspec.structs.replace(holder, boundary=req["PermissionsBoundary"]))
        return {}

    return run


def _delete_boundary(noun: Noun[Any]) -> Run:
    def run(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        holder = entities.changeable(ctx, noun, req[noun.member])
        if holder.boundary is None:
            text = f"The {noun.word} with name {holder.name} does not have a permissions boundary."
            raise entities.missing(text)
        ctx.put(msgspec.structs.replace(holder, boundary=None))
        return {}

    return run


def _path(arn: str) -> str:
    return arn.rpartition(":policy")[2].rpartition("/")[0] + "/"


def _place(arn: str) -> str:
    """What attached policies are listed by: short enough for a marker, and unlike for equal names of AWS's."""
    return f"{arn.rpartition('/')[2]}/{arn.split(':')[4]}"


attach_user_policy, attach_group_policy, attach_role_policy = (_attach(noun) for noun in (USER, GROUP, ROLE))
detach_user_policy, detach_group_policy, detach_role_policy = (_detach(noun) for noun in (USER, GROUP, ROLE))
list_attached_user_policies, list_attached_group_policies, list_attached_role_policies = (
    _list(noun) for noun in (USER, GROUP, ROLE)
)
put_user_permissions_boundary, put_role_permissions_boundary = (_put_boundary(noun) for noun in (USER, ROLE))
delete_user_permissions_boundary, delete_role_permissions_boundary = (_delete_boundary(noun) for noun in (USER, ROLE))
