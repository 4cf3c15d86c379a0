"""Grants: made, listed, retired by those whom they name, and revoked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.kms import grants, keys, pages, rules
from fogbank.services.kms.keys import Found
from fogbank.services.kms.resources import Grant


def create_grant(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.existing(ctx, req["KeyId"])
    _check_principals(req)
    grants.check_operations(found.key, req["Operations"])
    rules.end_dry_run(req)
    wanted = _grant(ctx, found, req)
    grant = _same(found, wanted) if wanted.name else None
    if grant is None:
        held = sum(1 for _ in found.home.scan(Grant, found.key.id))
        if held >= rules.GRANTS_MAX:
            raise AwsError("LimitExceededException", f"A KMS key can have at most {rules.GRANTS_MAX} grants.")
        grant = wanted
        found.home.put(grant)
    return {"GrantToken": grants.token_of(found.home, found.key.id, grant.id), "GrantId": grant.id}


def list_grants(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.find(ctx, req["KeyId"])
    rows: Iterable[Grant] = found.home.scan(Grant, found.key.id)
    if "GrantId" in req and found.home.get(Grant, found.key.id, req["GrantId"]) is None:
        raise AwsError("InvalidGrantIdException", f"The grant {req['GrantId']} is not one of {found.arn}.")
    wanted = {
        field: req[member]
        for field, member in (
            ("id", "GrantId"),
            ("grantee", "GranteePrincipal"),
            ("grantee_service", "GranteeServicePrincipal"),
        )
        if member in req
    }
    return _page(found.home, req, (row for row in rows if _has(row, wanted)))


def list_retirable_grants(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if ("RetiringPrincipal" in req) == ("RetiringServicePrincipal" in req):
        text = "Specify either RetiringPrincipal or RetiringServicePrincipal."
        raise AwsError("ValidationException", text)
    if "RetiringPrincipal" in req:
        return _page(ctx, req, ctx.find(Grant, "by_retiring", req["RetiringPrincipal"]))
    service = req["RetiringServicePrincipal"]
    return _page(ctx, req, (grant for grant in ctx.scan(Grant) if grant.retiring_service == service))


def revoke_grant(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.find(ctx, req["KeyId"])
    _end(found, req["GrantId"], req)
    return {}


def retire_grant(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    by_token = "GrantToken" in req
    if by_token == ("KeyId" in req or "GrantId" in req) or ("KeyId" in req) != ("GrantId" in req):
        raise AwsError("ValidationException", "Specify a grant token, or both a grant id and a key ARN.")
    if not by_token:
        _end(keys.find(ctx, req["KeyId"]), req["GrantId"], req)
        return {}
    account, key_id, grant_id = grants.of_token(ctx, req["GrantToken"])
    _end(keys.find(ctx.at(account=account), key_id), grant_id, req)
    return {}


def _end(found: Found, grant_id: str, req: Mapping[str, Any]) -> None:
    if found.home.get(Grant, found.key.id, grant_id) is None:
        raise AwsError("NotFoundException", f"Grant ID {grant_id} not found")
    rules.end_dry_run(req)
    found.home.delete(Grant, found.key.id, grant_id)


def _check_principals(req: Mapping[str, Any]) -> None:
    """Raises ValidationException."""
    if ("GranteePrincipal" in req) == ("GranteeServicePrincipal" in req):
        raise AwsError("ValidationException", "Specify either GranteePrincipal or GranteeServicePrincipal.")
    if "RetiringPrincipal" in req and "RetiringServicePrincipal" in req:
        raise AwsError("ValidationException", "Specify either RetiringPrincipal or RetiringServicePrincipal.")
    constraints = req.get("Constraints") or {}
    if "EncryptionContextEquals" in constraints and "EncryptionContextSubset" in constraints:
        text = "Specify either EncryptionContextEquals or EncryptionContextSubset."
        raise AwsError("ValidationException", text)
    if "GranteeServicePrincipal" in req and "SourceArn" not in constraints:
        raise AwsError("ValidationException", "A GranteeServicePrincipal needs a SourceArn constraint.")
    for member in ("GranteePrincipal", "RetiringPrincipal"):
        if not str(req.get(member, "arn:")).startswith("arn:"):
            raise AwsError("InvalidArnException", f"{req[member]} is not a valid ARN of a principal.")


def _grant(ctx: Context, found: Found, req: Mapping[str, Any]) -> Grant:
    constraints = req.get("Constraints") or {}
    return Grant(
        key_id=found.key.id,
        id=f"{ctx.random.getrandbits(256):064x}",
        created_at=ctx.now,
        operations=tuple(req["Operations"]),
        issued_by=ctx.caller.account,
        name=req.get("Name", ""),
        grantee=req.get("GranteePrincipal", ""),
        retiring=req.get("RetiringPrincipal", ""),
        grantee_service=req.get("GranteeServicePrincipal", ""),
        retiring_service=req.get("RetiringServicePrincipal", ""),
        context_equals=constraints.get("EncryptionContextEquals"),
        context_subset=constraints.get("EncryptionContextSubset"),
        source_arn=constraints.get("SourceArn", ""),
    )


def _same(found: Found, wanted: Grant) -> Grant | None:
    """A grant that says the same under the same name: a CreateGrant that is tried again makes no second one."""
    for grant in found.home.scan(Grant, found.key.id):
        if msgspec.structs.replace(wanted, id=grant.id, created_at=grant.created_at) == grant:
            return grant
    return None


def _has(grant: Grant, wanted: Mapping[str, str]) -> bool:
    return all(getattr(grant, field) == value for field, value in wanted.items())


def _page(home: Context, req: Mapping[str, Any], rows: Iterable[Grant]) -> dict[str, Any]:
    after = pages.after(req)
    listed = (grant for grant in rows if _place(grant) > after)
    size = pages.limit(req, 50, 100)
    return pages.page("Grants", listed, size, _place, lambda grant: _described(home, grant))


def _place(grant: Grant) -> str:
    return f"{grant.key_id}/{grant.id}"


def _described(home: Context, grant: Grant) -> dict[str, Any]:
    constraints = {
        "EncryptionContextEquals": grant.context_equals,
        "EncryptionContextSubset": grant.context_subset,
        "SourceArn": grant.source_arn,
    }
    row = {
        "KeyId": keys.arn_of(home, grant.key_id),
        "GrantId": grant.id,
        "Name": grant.name,
        "CreationDate": grant.created_at,
        "GranteePrincipal": grant.grantee,
        "RetiringPrincipal": grant.retiring,
        "GranteeServicePrincipal": grant.grantee_service,
        "RetiringServicePrincipal": grant.retiring_service,
        "IssuingAccount": f"arn:{home.partition}:iam::{grant.issued_by}:root",
        "Operations": list(grant.operations),
        "Constraints": {name: value for name, value in constraints.items() if value},
    }
    return {name: value for name, value in row.items() if value}
