"""Who may use functions: statements added to the policy of a function, a version or an alias, and taken from it."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from fogbank.control.context import Context
from fogbank.services.lambda_ import functions, policies, rules
from fogbank.services.lambda_.functions import Found
from fogbank.services.lambda_.resources import Policy


def add_permission(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _qualified(ctx, req)
    policy = policies.of(found)
    functions.check_revision(req.get("RevisionId"), policy.revision if policy is not None else "")
    before = policy.statements if policy is not None else ()
    if any(one["Sid"] == req["StatementId"] for one in before):
        raise rules.conflict(
            f"The statement id ({req['StatementId']}) provided already exists. Please provide a new statement id, or "
            "remove the existing statement."
        )
    statement = policies.statement(found, req)
    statements = (*before, statement)
    if len(policies.document(statements)) > rules.POLICY_BYTES_MAX:
        raise rules.too_long(len(policies.document(statements)))
    ctx.put(Policy(function=found.name, qualifier=found.qualifier, statements=statements, revision=ctx.uuid()))
    return {"Statement": orjson.dumps(statement).decode()}


def get_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    policy = policies.of(_qualified(ctx, req))
    if policy is None:
        raise rules.missing()
    return {"Policy": policies.document(policy.statements), "RevisionId": policy.revision}


def remove_permission(ctx: Context, req: dict[str, Any]) -> None:
    found = _qualified(ctx, req)
    policy = policies.of(found)
    sid = req["StatementId"]
    if policy is None:
        raise rules.missing("No policy is associated with the given resource.")
    functions.check_revision(req.get("RevisionId"), policy.revision)
    left = tuple(one for one in policy.statements if one["Sid"] != sid)
    if len(left) == len(policy.statements):
        raise rules.missing(f"Statement {sid} is not found in resource policy.")
    if left:
        ctx.put(msgspec.structs.replace(policy, statements=left, revision=ctx.uuid()))
    else:
        ctx.delete(Policy, found.name, found.qualifier)


def _qualified(ctx: Context, req: dict[str, Any]) -> Found:
    """The function, with a qualifier that is there. Raises ResourceNotFoundException."""
    found = functions.own(ctx, req)
    if found.qualifier == "$LATEST":
        raise rules.invalid("We currently do not support adding policies for $LATEST.")
    functions.version_of(found)
    return found
