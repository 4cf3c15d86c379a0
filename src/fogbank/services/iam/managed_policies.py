"""Managed policies, AWS's own and the account's: found by ARN, with the document that is in force."""

from __future__ import annotations

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.iam import aws_policies, entities
from fogbank.services.iam.resources import Group, ManagedPolicy, Role, User


def find(ctx: Context, arn: str) -> ManagedPolicy | None:
    """The policy of an ARN, None if there is none."""
    parsed = Arn.parse(arn)
    if parsed is None or parsed.service != "iam" or not parsed.resource.startswith("policy/"):
        return None
    if parsed.account == "aws":
        return aws_policies.find(arn) if parsed.partition == ctx.partition else None
    found = ctx.get(ManagedPolicy, parsed.resource.rpartition("/")[2].lower())
    return found if found is not None and entities.arn_of(ctx, found) == arn else None


def existing(ctx: Context, arn: str) -> ManagedPolicy:
    """Raises NoSuchEntity, and InvalidInput for what is no ARN of a policy."""
    found = find(ctx, arn)
    if found is None:
        check_arn(arn)
        raise entities.missing(entities.POLICY.missing.format(arn))
    return found


def attachable(ctx: Context, arn: str) -> ManagedPolicy:
    """A policy that is to be attached. Raises NoSuchEntity with the text that Attach…Policy has."""
    found = find(ctx, arn)
    if found is None:
        check_arn(arn)
        raise entities.missing(f"Policy {arn} does not exist or is not attachable.")
    return found


def own(ctx: Context, arn: str) -> ManagedPolicy:
    """A policy that is to be changed. Raises AccessDenied for one of AWS's own, NoSuchEntity for none."""
    if is_of_aws(arn):
        text = f"User: {ctx.caller.arn} is not authorized to perform: iam:{ctx.operation} on resource: policy {arn}"
        raise AwsError("AccessDenied", text, status=403)
    return existing(ctx, arn)


def is_of_aws(arn: str) -> bool:
    return arn.split(":")[4:5] == ["aws"]


def check_arn(arn: str) -> None:
    """Raises ValidationError and InvalidInput."""
    parsed = Arn.parse(arn)
    if parsed is None:
        raise AwsError("InvalidInput", f"ARN {arn} is not valid.")
    if parsed.service != "iam" or not parsed.resource.startswith("policy/"):
        raise AwsError("InvalidInput", f"ARN {arn} is not valid.")


def arn_of(ctx: Context, policy: ManagedPolicy) -> str:
    """The ARN of a policy, of AWS's own too."""
    if aws_policies.is_one(policy):
        return f"arn:{ctx.partition}:iam::aws:policy{policy.path}{policy.name}"
    return entities.arn_of(ctx, policy)


def document_of(ctx: Context, arn: str) -> str | None:
    """The document of a policy's default version, None for a policy that does not exist."""
    policy = find(ctx, arn)
    return None if policy is None else default_document(policy)


def default_document(policy: ManagedPolicy) -> str:
    return next(version.document for version in policy.versions if version.number == policy.default)


def attachments(ctx: Context, arn: str) -> list[User | Group | Role]:
    """Whom a policy is attached to."""
    return [*_attached(ctx, Group, arn), *_attached(ctx, User, arn), *_attached(ctx, Role, arn)]


def bounded(ctx: Context, arn: str) -> list[User | Role]:
    """Whose permissions boundary a policy is."""
    return [*ctx.find(User, "by_boundary", arn), *ctx.find(Role, "by_boundary", arn)]


def _attached(ctx: Context, kind: type[User] | type[Group] | type[Role], arn: str) -> list[User | Group | Role]:
    return list(ctx.find(kind, "by_policy", arn))
