"""Permission: gathers the policies that bind a caller and asks the evaluator."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from msgspec import structs

from fogbank.aws.errors import AwsError
from fogbank.aws.policy import Decision, Policy, PolicySet, Question, denial_message, evaluate
from fogbank.aws.policy.context import PrincipalFacts, RequestFacts, global_keys
from fogbank.aws.scope import REGION_GLOBAL, Scope
from fogbank.control.service import Need

if TYPE_CHECKING:
    from fogbank.control.context import Context

_LOG = logging.getLogger("fogbank.permission")
_LOOPBACK = frozenset(("127.0.0.1", "::1"))
_DECISIONS_MAX = 65_536
_DENIAL_CODES = {"query": "AccessDenied", "rest-xml": "AccessDenied", "ec2": "UnauthorizedOperation"}
# Services that do not say it as the others of their protocol do.
_OWN_DENIAL_CODES = {"sns": "AuthorizationError"}

PoliciesOf = Callable[["Context"], PolicySet]
"""Gathers what binds a context's caller; asked again when a record of `iam` has changed in the caller's account."""


class Permission:
    """Decides whether a call may go ahead, and remembers what it decided while no policy changes."""

    def __init__(self, mode: Literal["on", "audit", "off"], policies_of: PoliciesOf, protocol_of: Callable[[str], str]):
        self._mode = mode
        self._policies_of = policies_of
        self._protocol_of = protocol_of
        self._policies: dict[str, tuple[int, PolicySet]] = {}
        self._allowed: set[tuple[int, str, str, tuple[Any, ...], bool]] = set()

    def authorize(self, ctx: Context, needs: Iterable[Need]) -> None:
        """Raises the access-denied error of the service that was called, with AWS's text."""
        for need in needs:
            if not self._binds(ctx, need):
                continue
            decision = self.decide(ctx, need)
            if decision is None or decision.allowed:
                continue
            question = self._question(ctx, need)
            message = denial_message(ctx.caller.principal, question, decision)
            if ctx.service == "s3" and ctx.caller.account != question.account:
                # S3 explains itself within an account only (S3 User Guide, "Troubleshoot access denied errors").
                message = "Access Denied"
            if self._mode == "audit":
                _LOG.warning("%s would be denied: %s", ctx.caller.arn, message)
                continue
            raise self._denial(ctx, message)

    def decide(self, ctx: Context, need: Need) -> Decision | None:
        """The evaluator's decision, None where it is known from an earlier call to be an allow."""
        changes, policies = self.policies(ctx)
        if ctx.origin.endpoint_policy and not ctx.via:
            changes, policies = 0, structs.replace(policies, endpoint=compiled(ctx.origin.endpoint_policy))
        memo = (changes, self._identity(ctx), ctx.account, need[:5], need.grants_allow)
        if changes and memo in self._allowed:
            return None
        resource_policy = compiled(need.policy) if need.policy else None
        decision = evaluate(
            ctx.caller.principal,
            policies,
            resource_policy,
            self._question(ctx, need),
            resource_policy_rule="required" if need.rule == "required" else "optional",
            grants_allow=need.grants_allow,
        )
        if decision.allowed and decision.cacheable and changes:
            if len(self._allowed) >= _DECISIONS_MAX:
                self._allowed.clear()
            self._allowed.add(memo)
        return decision

    def policies(self, ctx: Context) -> tuple[int, PolicySet]:
        """What binds the caller, and the number of the change to `iam` that it was gathered after.

        The number is 0, and nothing may be remembered under it, where this transaction has changed `iam` itself.
        """
        account = ctx.caller.account or ctx.account
        home = Scope(ctx.partition, account, REGION_GLOBAL)
        if ctx.transaction.has_written("iam"):
            return 0, self._policies_of(ctx.at(region=REGION_GLOBAL, account=account))
        changes = ctx.changes("iam", home) + 1
        identity = self._identity(ctx)
        found = self._policies.get(identity)
        if found is None or found[0] != changes:
            if len(self._policies) >= _DECISIONS_MAX:
                self._policies.clear()
            found = (changes, self._policies_of(ctx.at(region=REGION_GLOBAL, account=account)))
            self._policies[identity] = found
        return found

    def _identity(self, ctx: Context) -> str:
        caller = ctx.caller
        who = caller.access_key_id if caller.session is not None else caller.principal.arn
        # The number of changes counts within a partition, and so do the policies that were gathered.
        return f"{ctx.partition} {who}"

    def _binds(self, ctx: Context, need: Need) -> bool:
        if ctx.origin.endpoint_policy and not ctx.via and self._mode != "off":
            # An endpoint's policy holds for whoever comes through it, roots as well.
            return True
        if self._mode == "off" and need.rule != "required":
            return False
        if ctx.caller.principal.kind == "service" and not need.policy and need.rule != "required":
            return False
        return ctx.caller.enforced or need.account not in ("", ctx.caller.account)

    def _question(self, ctx: Context, need: Need) -> Question:
        account = need.account or ctx.account
        return Question(need.action, need.resource, account, _Keys(ctx, need, account))

    def _denial(self, ctx: Context, message: str) -> AwsError:
        code = _OWN_DENIAL_CODES.get(ctx.service) or _DENIAL_CODES.get(
            self._protocol_of(ctx.service), "AccessDeniedException"
        )
        if code == "UnauthorizedOperation":
            # EC2 begins with a sentence of its own (EC2 User Guide, "Error codes").
            message = f"You are not authorized to perform this operation. {message}."
        return AwsError(code, message, status=400 if code == "AccessDeniedException" else 403)


class _Keys(Mapping[str, Any]):
    """The condition keys of a question, put together only when a policy asks for one."""

    def __init__(self, ctx: Context, need: Need, account: str) -> None:
        self._ctx = ctx
        self._need = need
        self._account = account
        self._keys: Mapping[str, Any] | None = None

    def __getitem__(self, key: str) -> Any:
        return self._all()[key]

    def __iter__(self) -> Any:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> Mapping[str, Any]:
        if self._keys is None:
            own = self._need.context
            self._keys = {**_global_keys(self._ctx, self._account), **(own() if callable(own) else own)}
        return self._keys


def _is_secure(ctx: Context) -> bool:
    """Whether a call came by TLS, or by what is as good: services call each other so, whatever the first call came by.

    What never leaves this machine nobody can listen to; browsers say the same (W3C, Secure Contexts, section 3.1).
    """
    if ctx.origin.secure or ctx.via or ctx.caller.principal.kind == "service":
        return True
    return ctx.origin.source_ip in _LOOPBACK and not ctx.origin.endpoint


def _global_keys(ctx: Context, account: str) -> Mapping[str, Any]:
    caller, session, origin = ctx.caller, ctx.caller.session, ctx.origin
    who = PrincipalFacts(
        principal=caller.principal,
        tags=caller.tags,
        token_issued_at=session.issued_at if session else None,
        source_identity=session.source_identity if session else "",
    )
    what = RequestFacts(
        at=ctx.now,
        region=ctx.region,
        source_ip=origin.source_ip,
        is_tls=_is_secure(ctx),
        user_agent=origin.user_agent,
        called_via=ctx.via,
        source_arn=ctx.source.arn,
        source_account=ctx.source.account,
        source_vpc=origin.vpc,
        source_vpc_endpoint=origin.endpoint,
        resource_account=account,
    )
    return global_keys(who, what)


@lru_cache(maxsize=4096)
def compiled(document: str) -> Policy:
    """A resource's policy, compiled once."""
    return Policy.compile(document, kind="resource")
