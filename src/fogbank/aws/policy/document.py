"""Policies compiled: what a statement is about, answered without looking at its text again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fogbank.aws.policy.checks import require_elements
from fogbank.aws.policy.conditions import Condition, NullCondition, compile_condition
from fogbank.aws.policy.grammar import VERSION_NOW, Clause, Kind, parse
from fogbank.aws.policy.patterns import Context, Patterns
from fogbank.aws.policy.principals import Principals
from fogbank.aws.policy.terms import Effect, Matched

_ACTIONS_REMEMBERED_MAX = 4096
_NO_CONTEXT: Mapping[str, Sequence[str]] = {}


class Notes:
    """What an evaluation learns on the way: may its answer be remembered, and which keys were asked for in vain."""

    __slots__ = ("cacheable", "missing")

    def __init__(self) -> None:
        self.cacheable = True
        self.missing: dict[str, str] = {}

    def asked(self, keys: Sequence[tuple[str, str]], context: Context) -> None:
        """Note that an answer depends on these keys (each in lower case, and as the policy writes it)."""
        self.cacheable = False
        for key, written in keys:
            if not context.get(key):
                self.missing.setdefault(key, written)


class Statement:
    """One compiled statement. `matched` is what a decision says of it; `principals` is None where it has no such."""

    __slots__ = (
        "_actions",
        "_conditions",
        "_keys",
        "_not_action",
        "_not_resource",
        "_resources",
        "effect",
        "matched",
        "principals",
    )

    def __init__(self, clause: Clause, matched: Matched, *, variables: bool) -> None:
        actions, resources, principals = clause.actions, clause.resources, clause.principals
        self.effect: Effect = clause.effect
        self.matched = matched
        self.principals = Principals(principals.names, negated=principals.negated) if principals else None
        self._not_action = actions is not None and actions.negated
        self._actions = Patterns((text.lower() for text in actions.texts) if actions else (), variables=False)
        self._not_resource = resources is not None and resources.negated
        # A statement without the element (a trust policy's) is about the resource that it is attached to.
        self._resources = Patterns(resources.texts if resources else ("*",), variables=variables)
        self._conditions: tuple[Condition | NullCondition, ...] = tuple(
            compile_condition(test.how, test.key, test.values, variables=variables) for test in clause.tests
        )
        asked = [(condition.key, condition.written) for condition in self._conditions]
        used = [*self._resources.variables]
        for condition in self._conditions:
            used += condition.variables
        asked += [(variable.key, variable.written) for variable in used if variable.default is None]
        self._keys = tuple(dict(asked).items())

    def is_about_action(self, action: str) -> bool:
        """Whether Action (or NotAction) covers an action in lower case."""
        return self._actions.matches(action, _NO_CONTEXT) is not self._not_action

    def applies(self, resource: str, context: Context, notes: Notes) -> bool:
        """Whether the statement, whose action covers the question's, covers the resource under this context."""
        resources = self._resources
        if resources.variables:
            notes.asked(self._keys, context)
            # "not present means that … any attempt to match it fails and causes the statement to be invalid"
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable
            if self._not_resource and any(variable.value(context) is None for variable in resources.variables):
                return False
        if resources.matches(resource, context) is self._not_resource:
            return False
        if not self._conditions:
            return True
        notes.asked(self._keys, context)
        return all(condition.holds(context) for condition in self._conditions)


class Policy:
    """A compiled policy: make one per version and keep it, for it remembers which statements are about an action."""

    __slots__ = ("_by_action", "arn", "kind", "statements")

    def __init__(self, statements: tuple[Statement, ...], arn: str, kind: Kind) -> None:
        self.statements = statements
        self.arn = arn
        self.kind: Kind = kind
        self._by_action: dict[str, tuple[Statement, ...]] = {}

    @classmethod
    def compile(cls, document: str | Mapping[str, Any], *, arn: str = "", kind: Kind) -> Policy:
        """The policy that a document says; `arn` (or a name) is what decisions call it.

        Raises MalformedPolicy if the document is not of the grammar or lacks an element that its kind needs. What else
        IAM refuses when a policy is put is the business of `check`.
        """
        parsed = parse(document)
        require_elements(parsed, kind)
        # Before 2012-10-17 there were no variables: `${aws:username}` is plain text there.
        variables = parsed.version == VERSION_NOW
        statements = tuple(
            Statement(clause, Matched(arn, clause.sid, index, clause.effect), variables=variables)
            for index, clause in enumerate(parsed.clauses)
        )
        return cls(statements, arn, kind)

    def about(self, action: str) -> tuple[Statement, ...]:
        """The statements whose Action or NotAction covers the action, whatever its case."""
        found = self._by_action.get(action)
        if found is None:
            lower = action.lower()
            found = tuple(statement for statement in self.statements if statement.is_about_action(lower))
            if len(self._by_action) >= _ACTIONS_REMEMBERED_MAX:
                self._by_action.clear()
            self._by_action[action] = found
        return found
