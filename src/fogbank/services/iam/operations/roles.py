"""Roles, service-linked ones too."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.iam import entities, managed_policies, rules, shown
from fogbank.services.iam.entities import ROLE, SERVICE_PATH
from fogbank.services.iam.resources import DeletionTask, InstanceProfile, Role


def create_role(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    entities.check_new(ctx, ROLE, req["RoleName"])
    if req.get("Path", "/").startswith(SERVICE_PATH):
        raise AwsError("ValidationError", f"Roles with the path {SERVICE_PATH} are made by CreateServiceLinkedRole.")
    boundary = req.get("PermissionsBoundary")
    if boundary is not None:
        managed_policies.attachable(ctx, boundary)
    trust = req["AssumeRolePolicyDocument"]
    role = Role(
        name=req["RoleName"],
        path=req.get("Path", "/"),
        id=entities.new_id(ctx, Role),
        created_at=ctx.now,
        trust=trust,
        trusted=_checked_trust(ctx, trust),
        description=req.get("Description"),
        session_seconds_max=rules.check_session_seconds(req.get("MaxSessionDuration", 3600)),
        boundary=boundary,
        tags=rules.tagged({}, req.get("Tags")),
    )
    ctx.put(role)
    return {"Role": shown.role(ctx, role, whole=True)}


def get_role(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"Role": shown.role(ctx, entities.existing(ctx, ROLE, req["RoleName"]), whole=True)}


def list_roles(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    rows = entities.below(ctx.scan(Role), req)
    return entities.listing(req, "Roles", rows, entities.key_of, lambda role: shown.role(ctx, role))


def update_role(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    role = entities.changeable(ctx, ROLE, req["RoleName"])
    seconds = rules.check_session_seconds(req.get("MaxSessionDuration", role.session_seconds_max))
    description = req.get("Description", role.description)
    ctx.put(msgspec.structs.replace(role, description=description, session_seconds_max=seconds))
    return {}


def update_role_description(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    role = msgspec.structs.replace(entities.changeable(ctx, ROLE, req["RoleName"]), description=req["Description"])
    ctx.put(role)
    return {"Role": shown.role(ctx, role)}


def update_assume_role_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    role = entities.changeable(ctx, ROLE, req["RoleName"])
    trust = req["PolicyDocument"]
    ctx.put(msgspec.structs.replace(role, trust=trust, trusted=_checked_trust(ctx, trust)))
    return {}


def delete_role(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    role = entities.changeable(ctx, ROLE, req["RoleName"])
    conflicts = (
        (ctx.find(InstanceProfile, "by_role", role.key), "must remove roles from instance profile first."),
        (role.attached, "must detach all policies first."),
        (role.inline, "must delete policies first."),
    )
    for found, text in conflicts:
        if found:
            raise AwsError("DeleteConflict", f"Cannot delete entity, {text}")
    ctx.delete(Role, role.key)
    return {}


def create_service_linked_role(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    service = req["AWSServiceName"]
    name = rules.service_role_name(service, req.get("CustomSuffix"))
    if ctx.get(Role, name.lower()) is not None:
        text = f"Service role name {name} has been taken in this account, please try a different suffix."
        raise AwsError("InvalidInput", text)
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    role = Role(
        name=name,
        path=f"{SERVICE_PATH}{service}/",
        id=entities.new_id(ctx, Role),
        created_at=ctx.now,
        trust=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        description=req.get("Description"),
    )
    ctx.put(role)
    return {"Role": shown.role(ctx, role)}


def delete_service_linked_role(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    role = entities.existing(ctx, ROLE, req["RoleName"])
    if not role.path.startswith(SERVICE_PATH):
        text = f"The role with name {role.name} is not a service-linked role."
        raise AwsError("InvalidInput", text)
    ctx.delete(Role, role.key)
    task = DeletionTask(id=f"task{role.path}{role.name}/{ctx.uuid()}", status="SUCCEEDED")
    ctx.put(task)
    return {"DeletionTaskId": task.id}


def get_service_linked_role_deletion_status(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    task = ctx.get(DeletionTask, req["DeletionTaskId"])
    if task is None:
        raise entities.missing(f"Deletion task {req['DeletionTaskId']} cannot be found.")
    return {"Status": task.status}


def _checked_trust(ctx: Context, document: str) -> dict[str, str]:
    """The unique ids of the users and roles that a trust policy names, which must exist.

    IAM keeps the ids: who is made later under the name of somebody that was trusted and is gone is not trusted
    (User Guide, "AWS JSON policy elements: Principal").
    """
    ids: dict[str, str] = {}
    rules.check_document(document, "trust", ctx.partition)
    for name in rules.principals_of(document):
        arn = Arn.parse(name)
        if arn is None or arn.service != "iam" or arn.resource.partition("/")[0] not in _KINDS:
            continue
        found = entities.of_arn(ctx, name)
        if found is None:
            raise AwsError("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{name}"')
        ids[name] = found.id
    return ids


_KINDS = ("user", "role")
