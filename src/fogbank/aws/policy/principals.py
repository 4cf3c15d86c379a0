"""The Principal and NotPrincipal elements: whom a statement of a resource-based policy is about.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import IntEnum

from fogbank.aws.policy.terms import Effect, Principal

_ACCOUNT = re.compile(r"(?:arn:[^:]+:iam::)?(\d{12})(?::root)?")


class Naming(IntEnum):
    """How closely an element names a principal; what it grants depends on that.

    ACCOUNT only delegates to the account's identity-based policies; ROLE is limited by the role's permissions boundary
    and session policy; DIRECT (a user, a session, a service, everyone) is limited by neither.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
    """

    NONE = 0
    ACCOUNT = 1
    ROLE = 2
    DIRECT = 3


class Principals:
    """One Principal or NotPrincipal element. Account ids and root ARNs are the same thing; nothing has wildcards."""

    __slots__ = ("_accounts", "_everyone", "_federated", "_names", "_negated", "_services")

    def __init__(self, names: Mapping[str, Iterable[str]], *, negated: bool = False) -> None:
        """`names` maps `AWS`, `Service`, `Federated` and `CanonicalUser` to lists; a bare `"*"` is `{"AWS": ["*"]}`."""
        aws = [*names.get("AWS", ()), *names.get("CanonicalUser", ())]
        accounts = {found[1] for name in aws if (found := _ACCOUNT.fullmatch(name))}
        self._everyone = "*" in aws
        self._accounts = frozenset(accounts)
        self._names = frozenset(name for name in aws if not _ACCOUNT.fullmatch(name))
        self._services = frozenset(names.get("Service", ()))
        self._federated = frozenset(names.get("Federated", ()))
        self._negated = negated

    def naming(self, principal: Principal, effect: Effect) -> Naming:
        """How the element names the principal, NONE if the statement is not about it.

        NotPrincipal: a Deny spares only whom it names itself (AWS: name the session, its role and its account); an
        Allow reaches only those whom it names in no way.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
        """
        listed = Naming.DIRECT if self._everyone else self._listed(principal)
        if not self._negated:
            return listed
        spared = listed is Naming.DIRECT if effect == "Deny" else listed is not Naming.NONE
        return Naming.NONE if spared else Naming.DIRECT

    def _listed(self, principal: Principal) -> Naming:
        if principal.kind == "anonymous":
            return Naming.NONE
        if principal.kind == "service":
            return Naming.DIRECT if principal.service in self._services or "*" in self._services else Naming.NONE
        if principal.kind == "federated" and self._federated and not self._federated.isdisjoint(_providers(principal)):
            return Naming.DIRECT
        names = self._names
        # The ARN of a role itself stands for all its sessions, so it is as far from a session as `role_arn` is.
        is_bare_role = principal.kind == "role" and ":assumed-role/" not in principal.arn
        if (principal.arn in names and not is_bare_role) or (principal.user_id and principal.user_id in names):
            return Naming.DIRECT
        if principal.arn in names or (principal.role_arn and principal.role_arn in names):
            return Naming.ROLE
        if principal.kind == "role" and principal.user_id.partition(":")[0] in names:
            return Naming.ROLE
        if principal.account in self._accounts:
            return Naming.DIRECT if principal.kind == "root" else Naming.ACCOUNT
        return Naming.NONE


def _providers(principal: Principal) -> tuple[str, ...]:
    return tuple(name for name in (principal.arn, principal.service) if name)
