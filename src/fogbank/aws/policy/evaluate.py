"""The order in which AWS asks policies, and what it makes of their answers.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from fogbank.aws.policy.document import Notes, Policy
from fogbank.aws.policy.principals import Naming
from fogbank.aws.policy.terms import Matched, Principal, Question

PolicyType = Literal["identity", "resource", "trust", "boundary", "session", "scp", "rcp", "endpoint"]
"""The types that AWS's messages tell apart."""

Rule = Literal["optional", "required"]
Levels = tuple[tuple[Policy, ...], ...]


class PolicySet(msgspec.Struct, frozen=True):
    """What is gathered for a request besides the resource's own policy.

    `session` is None where the session was made without policies, which for a role means no limit and for a session of
    GetFederationToken no permission. `scps` (of the principal's account) and `rcps` (of the resource's account) have
    one tuple per level of the organisation: root, each unit, account; each level must allow. `endpoint` is the policy
    of the VPC endpoint that the request came through.
    """

    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None
    scps: Levels = ()
    rcps: Levels = ()
    endpoint: Policy | None = None


class Decision(msgspec.Struct, frozen=True):
    """The answer, and why.

    `reason` reads "explicit deny in an identity-based policy", "no identity-based policy allows", "an identity-based
    policy allows". `decided_by` is the type of policy, empty for the root user's own right and for grants. `statements`
    are those that determine the result: of an explicit deny the Deny statements only, as the simulator has it.
    `missing_context` are keys, as policies write them, that statements about this action (and, but for variables, this
    resource) asked for and the request lacked. `cacheable`: no such statement has a condition or a variable, so the
    same principal, policies, action and resource have the same answer.
    """

    allowed: bool
    explicit: bool
    decided_by: PolicyType | Literal[""]
    reason: str
    statements: tuple[Matched, ...]
    missing_context: tuple[str, ...]
    cacheable: bool


PHRASES: dict[PolicyType, tuple[str, str]] = {
    "identity": ("an ", "identity-based policy"),
    "resource": ("a ", "resource-based policy"),
    "trust": ("the ", "role trust policy"),
    "boundary": ("a ", "permissions boundary"),
    "session": ("a ", "session policy"),
    "scp": ("a ", "service control policy"),
    "rcp": ("a ", "resource control policy"),
    "endpoint": ("a ", "VPC endpoint policy"),
}
_ALLOWED = {name: f"{article}{noun} allows" for name, (article, noun) in PHRASES.items()}
_REFUSED = {name: f"no {noun} allows" for name, (_, noun) in PHRASES.items()}
_DENIED = {name: f"explicit deny in {article}{noun}" for name, (article, noun) in PHRASES.items()}


class _Hearing:
    """One question put to the policies of every type, in AWS's order, and the statements that applied."""

    __slots__ = ("allows", "denied_by", "denies", "notes", "principal", "question")

    def __init__(self, principal: Principal, question: Question) -> None:
        self.principal = principal
        self.question = question
        self.notes = Notes()
        self.allows: list[Matched] = []
        self.denies: list[Matched] = []
        self.denied_by: PolicyType | None = None

    def ask(self, by: PolicyType, policies: Sequence[Policy]) -> Naming:
        """How closely the statements that allow name the principal: NONE if none allows.

        A statement without a Principal element is attached to the principal itself.
        """
        question, naming = self.question, Naming.NONE
        for policy in policies:
            for statement in policy.about(question.action):
                named = Naming.DIRECT
                if statement.principals is not None:
                    named = statement.principals.naming(self.principal, statement.effect)
                if not named or not statement.applies(question.resource, question.context, self.notes):
                    continue
                if statement.effect == "Allow":
                    self.allows.append(statement.matched)
                    naming = max(naming, named) if naming else named
                else:
                    self._deny(by, statement.matched)
        return naming

    def ask_limit(self, by: PolicyType, levels: Levels) -> bool:
        """Whether each level of policies that can only take away allows. All are asked, for one may deny."""
        answers = [self.ask(by, level) for level in levels]
        return all(answers)

    def _deny(self, by: PolicyType, matched: Matched) -> None:
        """Of several types that deny, the message names one: here the first in AWS's order."""
        if self.denied_by is None:
            self.denied_by = by
        if self.denied_by == by:
            self.denies.append(matched)

    def decision(self, by: PolicyType | Literal[""], reason: str, *, allowed: bool = False) -> Decision:
        explicit = self.denied_by is not None
        statements = self.denies if explicit else self.allows if allowed else ()
        notes = self.notes
        return Decision(
            allowed, explicit, by, reason, tuple(statements), tuple(notes.missing.values()), notes.cacheable
        )


def evaluate(
    principal: Principal,
    policies: PolicySet,
    resource_policy: Policy | None,
    question: Question,
    *,
    resource_policy_rule: Rule = "optional",
    grants_allow: bool = False,
) -> Decision:
    """Whether AWS would allow what is asked.

    `resource_policy_rule` is "required" for KMS key policies and role trust policies: even in the own account, and for
    the root user, such a policy must allow the principal or delegate to its account. `grants_allow` says that a KMS
    grant covers the request, which counts as the key policy naming the principal. SCPs, identity-based policies,
    boundary and session policies are not asked about services, anonymous callers and subjects of tokens.
    """
    hearing = _Hearing(principal, question)
    own = principal.has_policies
    outer = _outer_limit(hearing, policies)
    resource_type: PolicyType = "resource"
    naming = Naming.NONE
    if resource_policy is not None:
        resource_type = "trust" if resource_policy.kind == "trust" else "resource"
        naming = hearing.ask(resource_type, (resource_policy,))
    identity = own and (bool(hearing.ask("identity", policies.identity)) or principal.kind == "root")
    inner = _inner_limit(hearing, policies) if own else None
    if hearing.denied_by is not None:
        return hearing.decision(hearing.denied_by, _DENIED[hearing.denied_by])
    if outer is not None:
        return hearing.decision(outer, _REFUSED[outer])
    case = _Case(
        naming=Naming.DIRECT if grants_allow else naming,
        identity=identity,
        limit=inner,
        own=own,
        cross=question.account not in ("", principal.account),
        required=resource_policy_rule == "required",
        resource_type=resource_type,
    )
    allowed, by = _verdict(case)
    if not allowed:
        return hearing.decision(by, _REFUSED[by])
    if by == resource_type and naming is not case.naming:
        return hearing.decision("", "a grant allows", allowed=True)
    if by == "identity" and principal.kind == "root":
        return hearing.decision("", "the root user may do all in its account", allowed=True)
    return hearing.decision(by, _ALLOWED[by], allowed=True)


def _outer_limit(hearing: _Hearing, policies: PolicySet) -> PolicyType | None:
    """The first limit without an allow among those that hold for whole accounts and endpoints."""
    limit: PolicyType | None = None
    if policies.rcps and not hearing.ask_limit("rcp", policies.rcps):
        limit = "rcp"
    if policies.scps and hearing.principal.has_policies and not hearing.ask_limit("scp", policies.scps):
        limit = limit or "scp"
    if policies.endpoint is not None and not hearing.ask_limit("endpoint", ((policies.endpoint,),)):
        limit = limit or "endpoint"
    return limit


def _inner_limit(hearing: _Hearing, policies: PolicySet) -> PolicyType | None:
    """The permissions boundary or the session policies if they do not allow."""
    limit: PolicyType | None = None
    if policies.boundary is not None and not hearing.ask_limit("boundary", ((policies.boundary,),)):
        limit = "boundary"
    if policies.session is not None:
        allows = hearing.ask_limit("session", (policies.session,))
    else:
        # "If there is no session policy, the code checks whether the principal is a role session. … Otherwise, the
        # request is implicitly denied" (evaluation logic, session policies).
        allows = hearing.principal.kind != "federated"
    return limit or (None if allows else "session")


class _Case(NamedTuple):
    """What the policies said, when none denied: `limit` is the boundary or session policy that does not allow."""

    naming: Naming
    identity: bool
    limit: PolicyType | None
    own: bool
    cross: bool
    required: bool
    resource_type: PolicyType


def _verdict(case: _Case) -> tuple[bool, PolicyType]:
    """Whether the case is allowed, and the type of policy that decides it."""
    named = case.naming is not Naming.NONE
    if not case.own:
        return named, case.resource_type
    if case.cross:
        if not case.identity:
            return False, "identity"
        return (False, case.limit) if case.limit else (named, case.resource_type)
    if case.naming is Naming.DIRECT:
        return True, case.resource_type
    if case.naming is Naming.ROLE:
        return (False, case.limit) if case.limit else (True, case.resource_type)
    if case.required and not named:
        return False, case.resource_type
    if not case.identity:
        return False, "identity"
    return (False, case.limit) if case.limit else (True, "identity")
