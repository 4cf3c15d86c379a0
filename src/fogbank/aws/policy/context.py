"""The global condition keys of a request, assembled from plain facts.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from fogbank.aws.policy.terms import Principal

NO_TAGS: Mapping[str, str] = {}


class PrincipalFacts(msgspec.Struct, frozen=True):
    """What is known of who asks, besides the principal: tags (its own and its session's), organisation, session.

    `token_issued_at` is in epoch seconds and None for long-term credentials. `has_mfa` counts for temporary credentials
    only; `mfa_age_seconds` is None if there was none. `organization_path` is `o-…/r-…/ou-…/`.
    """

    principal: Principal
    tags: Mapping[str, str] = NO_TAGS
    organization: str = ""
    organization_path: str = ""
    token_issued_at: float | None = None
    has_mfa: bool = False
    mfa_age_seconds: int | None = None
    source_identity: str = ""


class RequestFacts(msgspec.Struct, frozen=True):
    """What is known of a request.

    `at` is in epoch seconds. `called_via` are the services that passed the caller's credentials on, first to last
    (`cloudformation.amazonaws.com`). `source_arn` and `source_account` are for whom a service acts. `request_tags` and
    `resource_tags` are None where the operation has no such. `resource_account` is empty where there is no resource.
    """

    at: float
    region: str = ""
    source_ip: str = ""
    is_tls: bool = False
    user_agent: str = ""
    referer: str = ""
    called_via: tuple[str, ...] = ()
    is_via_service: bool = False
    source_arn: str = ""
    source_account: str = ""
    source_vpc: str = ""
    source_vpc_endpoint: str = ""
    request_tags: Mapping[str, str] | None = None
    resource_tags: Mapping[str, str] | None = None
    resource_account: str = ""


def global_keys(who: PrincipalFacts, what: RequestFacts) -> dict[str, Sequence[str]]:
    """The `aws:` keys that AWS includes in such a request, in lower case; what it does not include is absent.

    `aws:SourceIp` is absent for what comes through a VPC endpoint, as AWS documents it.
    """
    keys: dict[str, Sequence[str]] = {key: (value,) for key, value in _single(who, what) if value}
    for prefix, tags in (
        ("aws:principaltag", who.tags),
        ("aws:requesttag", what.request_tags),
        ("aws:resourcetag", what.resource_tags),
    ):
        keys |= {f"{prefix}/{key.lower()}": (value,) for key, value in (tags or NO_TAGS).items()}
    if what.called_via:
        keys["aws:calledvia"] = what.called_via
    if what.request_tags is not None:
        keys["aws:tagkeys"] = tuple(what.request_tags)
    if who.organization_path:
        keys["aws:principalorgpaths"] = (who.organization_path,)
    return keys


def _single(who: PrincipalFacts, what: RequestFacts) -> Iterator[tuple[str, str]]:
    """Keys with at most one value, empty where the request lacks them."""
    yield from _of_principal(who)
    yield from _of_session(who)
    yield from _of_request(what)


def _of_principal(who: PrincipalFacts) -> Iterator[tuple[str, str]]:
    principal = who.principal
    yield "aws:principaltype", _type(principal)
    yield "aws:userid", _user_id(principal)
    if principal.kind == "anonymous":
        return
    if principal.kind == "service":
        yield "aws:principalservicename", principal.service
        yield "aws:principalisawsservice", "true"
        return
    yield "aws:principalisawsservice", "false"
    # "For IAM roles, the request context returns the ARN of the role, not the ARN of the user that assumed the role."
    yield "aws:principalarn", principal.role_arn if principal.kind == "role" else principal.arn
    yield "aws:principalaccount", principal.account
    yield "aws:principalorgid", who.organization
    if principal.kind == "user":
        yield "aws:username", principal.arn.rpartition("/")[2]


def _of_session(who: PrincipalFacts) -> Iterator[tuple[str, str]]:
    yield "aws:sourceidentity", who.source_identity
    if who.token_issued_at is None:
        return
    yield "aws:tokenissuetime", _time(who.token_issued_at)
    yield "aws:multifactorauthpresent", _boolean(who.has_mfa)
    if who.has_mfa and who.mfa_age_seconds is not None:
        yield "aws:multifactorauthage", str(who.mfa_age_seconds)


def _of_request(what: RequestFacts) -> Iterator[tuple[str, str]]:
    yield "aws:currenttime", _time(what.at)
    yield "aws:epochtime", str(int(what.at))
    yield "aws:securetransport", _boolean(what.is_tls)
    yield "aws:viaawsservice", _boolean(what.is_via_service or bool(what.called_via))
    yield "aws:requestedregion", what.region
    yield "aws:useragent", what.user_agent
    yield "aws:referer", what.referer
    yield "aws:calledviafirst", what.called_via[0] if what.called_via else ""
    yield "aws:calledvialast", what.called_via[-1] if what.called_via else ""
    yield "aws:sourcearn", what.source_arn
    yield "aws:sourceaccount", what.source_account
    yield "aws:sourcevpc", what.source_vpc
    yield "aws:sourcevpce", what.source_vpc_endpoint
    # Through an endpoint the address is a private one, and has a key of its own.
    yield ("aws:vpcsourceip" if what.source_vpc_endpoint else "aws:sourceip"), what.source_ip
    yield "aws:resourceaccount", what.resource_account


def _type(principal: Principal) -> str:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable"""
    names = {"root": "Account", "user": "User", "role": "AssumedRole", "federated": "FederatedUser"}
    return names.get(principal.kind, "Anonymous" if principal.kind == "anonymous" else "")


def _user_id(principal: Principal) -> str:
    """The unique id; the account's number for its root, and `account:name` for a session of GetFederationToken."""
    if principal.user_id:
        return principal.user_id
    if principal.kind == "root":
        return principal.account
    if principal.kind == "federated" and principal.account:
        return f"{principal.account}:{principal.arn.rpartition('/')[2]}"
    return ""


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _boolean(value: bool) -> str:
    return "true" if value else "false"
