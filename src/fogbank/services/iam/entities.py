"""The nouns of IAM: found by the names that requests give, made once, paged, and named by ARN."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from fogbank.aws import ids, paging
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.iam import rules
from fogbank.services.iam.resources import Group, InstanceProfile, ManagedPolicy, Role, ServerCertificate, User
from fogbank.store.records import Record

T = TypeVar("T", bound=Record)
Row = TypeVar("Row")
Named = User | Group | Role | InstanceProfile | ManagedPolicy | ServerCertificate
Holder = User | Group | Role
"""What has policies."""

_ITEMS = 100
SERVICE_PATH = "/aws-service-role/"
"""Where service-linked roles are."""

_ID_PREFIXES: Mapping[type[Record], str] = {
    User: "AIDA",
    Group: "AGPA",
    Role: "AROA",
    InstanceProfile: "AIPA",
    ManagedPolicy: "ANPA",
    ServerCertificate: "ASCA",
}


class Noun(NamedTuple, Generic[T]):
    """A kind of record with a name: what requests call the name, and AWS's texts about it."""

    kind: type[T]
    word: str
    """What ARNs call it."""
    member: str
    missing: str
    exists: str
    quota: str
    most: int


USER = Noun(
    User,
    "user",
    "UserName",
    "The user with name {} cannot be found.",
    "User with name {} already exists.",
    "UsersPerAccount",
    5000,
)
GROUP = Noun(
    Group,
    "group",
    "GroupName",
    "The group with name {} cannot be found.",
    "Group with name {} already exists.",
    "GroupsPerAccount",
    300,
)
ROLE = Noun(
    Role,
    "role",
    "RoleName",
    "The role with name {} cannot be found.",
    "Role with name {} already exists.",
    "RolesPerAccount",
    1000,
)
PROFILE = Noun(
    InstanceProfile,
    "instance-profile",
    "InstanceProfileName",
    "Instance Profile {} cannot be found.",
    "Instance Profile {} already exists.",
    "InstanceProfilesPerAccount",
    1000,
)
POLICY = Noun(
    ManagedPolicy,
    "policy",
    "PolicyName",
    "Policy {} was not found.",
    "A policy called {} already exists. Duplicate names are not allowed.",
    "PoliciesPerAccount",
    1500,
)
CERTIFICATE = Noun(
    ServerCertificate,
    "server-certificate",
    "ServerCertificateName",
    "The Server Certificate with name {} cannot be found.",
    "The Server Certificate with name {} already exists.",
    "ServerCertificatesPerAccount",
    20,
)
HOLDERS: Mapping[type[Record], Noun[Any]] = {User: USER, Group: GROUP, Role: ROLE}


def existing(ctx: Context, noun: Noun[T], name: str) -> T:
    """The record of a name, whatever its case. Raises NoSuchEntity."""
    found = ctx.get(noun.kind, name.lower())
    if found is None:
        raise missing(noun.missing.format(name))
    return found


def changeable(ctx: Context, noun: Noun[T], name: str) -> T:
    """What `existing` finds, to be changed. Raises UnmodifiableEntity for a role that only its service changes."""
    found = existing(ctx, noun, name)
    if isinstance(found, Role) and found.path.startswith(SERVICE_PATH):
        text = (
            f"Cannot perform the operation on the protected role '{found.name}' - this role is only modifiable by AWS"
        )
        raise AwsError("UnmodifiableEntity", text)
    return found


def missing(text: str) -> AwsError:
    return AwsError("NoSuchEntity", text)


def check_new(ctx: Context, noun: Noun[Any], name: str) -> None:
    """Raises EntityAlreadyExists and LimitExceeded."""
    if ctx.get(noun.kind, name.lower()) is not None:
        raise AwsError("EntityAlreadyExists", noun.exists.format(name))
    if ctx.count(noun.kind) >= noun.most:
        raise rules.limit_exceeded(noun.quota, noun.most)


def new_id(ctx: Context, kind: type[Record]) -> str:
    return ids.unique_id(ctx.random, _ID_PREFIXES[kind])


def arn(ctx: Context, resource: str) -> str:
    """An ARN of IAM, which has no region."""
    return ctx.scope.everywhere().arn("iam", resource)


def arn_of(ctx: Context, record: Named) -> str:
    return arn(ctx, f"{_WORDS[type(record)]}{record.path}{record.name}")


def by_id(ctx: Context, kind: type[T], unique_id: str) -> T | None:
    """The user, group or role of a unique id."""
    return next(iter(ctx.find(kind, "by_id", unique_id)), None)


def of_arn(ctx: Context, arn: str) -> User | Role | None:
    """The user or role that has an ARN, in whatever account of the partition."""
    _, _, _, _, account, resource = arn.split(":", 5)
    home = ctx.at(account=account)
    kind: type[User] | type[Role] = User if resource.startswith("user/") else Role
    found = home.get(kind, resource.rpartition("/")[2].lower())
    return found if found is not None and arn_of(home, found) == arn else None


def renamed(ctx: Context, noun: Noun[Any], before: Any, after: Any) -> None:
    """Put a record that may have another name now. Raises EntityAlreadyExists for a name that is taken."""
    if before.key != after.key:
        check_new(ctx, noun._replace(most=noun.most + 1), after.name)
        ctx.delete(noun.kind, before.key)
    ctx.put(after)


def calling_user(ctx: Context, req: Mapping[str, Any]) -> User | None:
    """The user that a request names, or that calls; None for the account's root.

    Raises NoSuchEntity, and ValidationError where a role or a federated user calls without naming one.
    """
    if "UserName" in req:
        return existing(ctx, USER, req["UserName"])
    principal = ctx.caller.principal
    if principal.kind == "root":
        return None
    user = by_id(ctx, User, principal.user_id) if principal.kind == "user" else None
    if user is None:
        raise AwsError("ValidationError", "Must specify userName when calling with non-User credentials")
    return user


def owner_of(ctx: Context, user: User | None) -> str:
    """Whose a credential is: a user's unique id, or the account's number for its root."""
    return ctx.account if user is None else user.id


def below(rows: Iterable[Row], req: Mapping[str, Any]) -> Iterable[Row]:
    """The rows whose path begins with the request's PathPrefix."""
    prefix = req.get("PathPrefix", "/")
    return (row for row in rows if row.path.startswith(prefix))  # type: ignore[attr-defined]


def listing(
    req: Mapping[str, Any],
    member: str,
    rows: Iterable[Row],
    key: Callable[[Row], str],
    show: Callable[[Row], Any],
) -> dict[str, Any]:
    """A page of rows, which come in order of key, under a member of the answer, with IsTruncated and Marker."""
    page, answer = paged(req, rows, key)
    return {member: [show(row) for row in page], **answer}


def paged(req: Mapping[str, Any], rows: Iterable[Row], key: Callable[[Row], str]) -> tuple[list[Row], dict[str, Any]]:
    """The rows of a page, and the members of the answer that say whether there are more."""
    after = paging.after(req.get("Marker"), "ValidationError", "Invalid Marker.")
    page, token = paging.page((row for row in rows if key(row) > after), req.get("MaxItems", _ITEMS), key)
    return page, {"IsTruncated": True, "Marker": token} if token else {"IsTruncated": False}


def same(row: Row) -> Row:
    return row


def key_of(row: Named) -> str:
    return row.key


_WORDS: Mapping[type[Record], str] = {
    noun.kind: noun.word for noun in (USER, GROUP, ROLE, PROFILE, POLICY, CERTIFICATE)
}
