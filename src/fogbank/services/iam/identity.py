"""Who an access key stands for, which policies bind a principal, and when either was last used."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from fogbank.aws.errors import AwsError
from fogbank.aws.policy import Kind, Policy, PolicySet, Principal
from fogbank.control.caller import Caller, Credential
from fogbank.control.context import Context
from fogbank.model.regions import partitions, regions
from fogbank.services.iam import entities, managed_policies
from fogbank.services.iam.resources import AccessKey, Group, Role, Use, User

USE_SECONDS = 60.0
"""Uses within this time of the last one that was written down are not written."""

_ALL = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
_NOTHING = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "NotAction": "*", "Resource": "*"}}'


def credential_of(ctx: Context, access_key_id: str) -> Credential | None:
    """The credential of an access key of this account, None if it never had one of that id.

    Raises InvalidClientTokenId for a key that is inactive or deleted.
    """
    found = _key(ctx, access_key_id)
    if found is None:
        return None
    home, key = found
    caller = _caller(home, key)
    if caller is None or key.status != "Active":
        text = "The security token included in the request is invalid."
        raise AwsError("InvalidClientTokenId", text, status=403)
    return Credential(ctx.unseal(key.sealed, seal_purpose(key.id)).decode(), caller)


def root_key(ctx: Context) -> tuple[str, str]:
    """An access key of the account's root and its secret, made if there is none: where a strict cloud begins.

    The context is of the root, in a transaction.
    """
    for key in ctx.find(AccessKey, "by_owner", ctx.account):
        if key.status == "Active":
            return key.id, ctx.unseal(key.sealed, seal_purpose(key.id)).decode()
    made = ctx.call("iam", "CreateAccessKey")["AccessKey"]
    return made["AccessKeyId"], made["SecretAccessKey"]


def policies_of(ctx: Context) -> PolicySet:
    """Everything that binds the caller of a context, whose account the context is in."""
    principal = ctx.caller.principal
    session = _session_policies(ctx)
    if principal.kind == "root":
        return PolicySet(session=session)
    holder = _holder(ctx, principal)
    if isinstance(holder, str):
        return PolicySet(identity=(compiled(holder, "", "identity"),), session=session)
    if holder is None:
        return PolicySet(session=session)
    boundary = holder.boundary
    return PolicySet(
        identity=tuple(compiled(document, name, "identity") for name, document in documents_of(ctx, holder)),
        boundary=_boundary(ctx, boundary) if boundary else None,
        session=session,
    )


def note_use(ctx: Context) -> None:
    """Remember that the context's caller used its key or its role for this call: at most one write a minute for each.

    The context is of the call as it arrived, in a transaction. What is kept is what GetAccessKeyLastUsed and
    RoleLastUsed show.
    """
    caller = ctx.caller
    if caller.principal.kind == "role":
        used = caller.principal.user_id.partition(":")[0]
    elif caller.session is None and caller.enforced and caller.access_key_id:
        used = caller.access_key_id
    else:
        return
    home = ctx.at(account=caller.account)
    before = home.get(Use, used)
    if before is None or ctx.now - before.at >= USE_SECONDS:
        home.put(Use(id=used, at=ctx.now, region=ctx.region, service=ctx.service))


def documents_of(ctx: Context, holder: User | Role | Group) -> Iterator[tuple[str, str]]:
    """(name, document) of every policy that gives a user, a role or a group permissions; a user's groups' too.

    The name of a managed policy is its ARN, of an inline one `user/alice/policy`.
    """
    word = entities.HOLDERS[type(holder)].word
    for name, document in holder.inline.items():
        yield f"{word}/{holder.name}/{name}", document
    for arn in holder.attached:
        attached = managed_policies.document_of(ctx, arn)
        if attached is not None:
            yield arn, attached
    if isinstance(holder, User):
        for group_id in holder.groups:
            group = entities.by_id(ctx, Group, group_id)
            if group is not None:
                yield from documents_of(ctx, group)


@lru_cache(maxsize=4096)
def compiled(document: str, name: str, kind: Kind) -> Policy:
    """A document compiled once, under the name that decisions call it."""
    return Policy.compile(document, arn=name, kind=kind)


def seal_purpose(access_key_id: str) -> str:
    return f"iam access key {access_key_id}"


def _key(ctx: Context, access_key_id: str) -> tuple[Context, AccessKey] | None:
    """A key and its home. A key id names an account and no partition, so they are all looked at, `aws` first."""
    key = ctx.get(AccessKey, access_key_id)
    if key is not None:
        return ctx, key
    for region in _elsewhere():
        home = ctx.at(region=region)
        key = home.get(AccessKey, access_key_id)
        if key is not None:
            return home, key
    return None


@lru_cache(maxsize=1)
def _elsewhere() -> tuple[str, ...]:
    """A region of each partition but the first."""
    return tuple(found[0] for partition in partitions()[1:] if (found := regions(partition)))


def _caller(ctx: Context, key: AccessKey) -> Caller | None:
    if key.owner is None:
        return None
    if key.owner == ctx.account:
        principal = Principal(entities.arn(ctx, "root"), ctx.account, "root", user_id=ctx.account)
        return Caller(principal=principal, enforced=True, access_key_id=key.id)
    user = entities.by_id(ctx, User, key.owner)
    if user is None:
        return None
    principal = Principal(entities.arn_of(ctx, user), ctx.account, "user", user_id=user.id)
    return Caller(principal=principal, enforced=True, access_key_id=key.id, tags=user.tags)


def _holder(ctx: Context, principal: Principal) -> User | Role | str | None:
    """Whose policies the caller has: the user or role if it is still the same one, or a document of its own."""
    if principal.kind == "user":
        return entities.by_id(ctx, User, principal.user_id)
    if principal.kind == "role":
        return entities.by_id(ctx, Role, principal.user_id.partition(":")[0])
    if principal.kind == "federated" and principal.role_arn.endswith(":root"):
        return _ALL
    if principal.kind == "federated":
        user = ctx.get(User, principal.role_arn.rpartition("/")[2].lower())
        return user if user is not None and entities.arn_of(ctx, user) == principal.role_arn else None
    return None


def _boundary(ctx: Context, arn: str) -> Policy:
    """A permissions boundary. One whose policy is gone allows nothing."""
    return compiled(managed_policies.document_of(ctx, arn) or _NOTHING, arn, "identity")


def _session_policies(ctx: Context) -> tuple[Policy, ...] | None:
    session = ctx.caller.session
    if session is None or not (session.policy or session.policy_arns):
        return None
    found = [compiled(session.policy, "session", "session")] if session.policy else []
    for arn in session.policy_arns:
        document = managed_policies.document_of(ctx, arn)
        if document is not None:
            found.append(compiled(document, arn, "session"))
    return tuple(found)
