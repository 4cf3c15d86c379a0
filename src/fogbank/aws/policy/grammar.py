"""The grammar of policy documents: JSON to statements in which every "one or a list" is a list.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from fogbank.aws.policy.conditions import Operator, parse_operator
from fogbank.aws.policy.terms import Effect

Kind = Literal["identity", "managed", "trust", "resource", "scp", "rcp", "session"]
"""What a policy is: `identity` an inline policy or a boundary, `managed` what CreatePolicy makes, and so on."""

VERSION_OLD = "2008-10-17"
VERSION_NOW = "2012-10-17"
SYNTAX = "Syntax errors in policy."

_LEGACY = "The policy failed legacy parsing"
_POLICY_KEYS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_KEYS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
_PRINCIPAL_TYPES = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})


class MalformedPolicy(ValueError):
    """A document that is no policy; the text is the message of AWS's MalformedPolicyDocument."""


class Test(NamedTuple):
    """One operator on one key of a Condition element."""

    how: Operator
    key: str
    values: tuple[str, ...]


class Element(NamedTuple):
    """A list of patterns, and whether the element's name begins with Not."""

    texts: tuple[str, ...]
    negated: bool


class PrincipalElement(NamedTuple):
    """Names by type (`AWS`, `Service`, …), and whether the element is NotPrincipal; `"*"` is `{"AWS": ("*",)}`."""

    names: Mapping[str, tuple[str, ...]]
    negated: bool


class Clause(NamedTuple):
    """One statement; None where an element is absent."""

    sid: str
    effect: Effect
    actions: Element | None
    resources: Element | None
    principals: PrincipalElement | None
    tests: tuple[Test, ...]


class Document(NamedTuple):
    """A policy document; `version` is empty where it has none, which means 2008-10-17."""

    version: str
    clauses: tuple[Clause, ...]


def parse(document: str | Mapping[str, Any]) -> Document:
    """The document's statements. Raises MalformedPolicy for what is no JSON or not of the grammar."""
    if isinstance(document, str):
        try:
            document = json.loads(document, object_pairs_hook=_without_twins)
        except (ValueError, RecursionError) as error:
            raise MalformedPolicy(SYNTAX) from error
    body = _mapping(document, _POLICY_KEYS)
    version = body.get("Version", "")
    statements = body.get("Statement")
    if isinstance(statements, Mapping):
        statements = [statements]
    if version not in ("", VERSION_OLD, VERSION_NOW) or not isinstance(statements, list) or not statements:
        raise MalformedPolicy(SYNTAX)
    return Document(version, tuple(_clause(_mapping(statement, _STATEMENT_KEYS)) for statement in statements))


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """ "Individual elements must not contain multiple instances of the same key" (grammar, notes)."""
    out = dict(pairs)
    if len(out) != len(pairs):
        raise MalformedPolicy(SYNTAX)
    return out


def _mapping(value: object, keys: frozenset[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not keys.issuperset(value):
        raise MalformedPolicy(SYNTAX)
    return value


def _clause(body: Mapping[str, Any]) -> Clause:
    sid, effect = body.get("Sid", ""), body.get("Effect")
    if not isinstance(sid, str):
        raise MalformedPolicy(SYNTAX)
    if effect not in ("Allow", "Deny"):
        # https://github.com/hashicorp/terraform/issues/10057: what CreatePolicy says of "Effect": "allow".
        raise MalformedPolicy(_LEGACY if isinstance(effect, str) else SYNTAX)
    return Clause(sid, effect, _element(body, "Action"), _element(body, "Resource"), _principals(body), _tests(body))


def _either(body: Mapping[str, Any], name: str) -> tuple[Any, bool]:
    """The value of an element or of its Not form, never both."""
    if name in body and f"Not{name}" in body:
        raise MalformedPolicy(SYNTAX)
    negated = f"Not{name}" in body
    return body.get(f"Not{name}" if negated else name), negated


def _element(body: Mapping[str, Any], name: str) -> Element | None:
    value, negated = _either(body, name)
    return None if value is None else Element(_texts(value), negated)


def _texts(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(each, str) for each in values):
        raise MalformedPolicy(SYNTAX)
    return tuple(values)


def _principals(body: Mapping[str, Any]) -> PrincipalElement | None:
    value, negated = _either(body, "Principal")
    if value is None:
        return None
    if value == "*":
        return PrincipalElement({"AWS": ("*",)}, negated)
    names = {name: _texts(texts) for name, texts in _mapping(value, _PRINCIPAL_TYPES).items()}
    if not names:
        raise MalformedPolicy(SYNTAX)
    return PrincipalElement(names, negated)


def _tests(body: Mapping[str, Any]) -> tuple[Test, ...]:
    tests: list[Test] = []
    for name, keys in _any_mapping(body.get("Condition", {})).items():
        how = parse_operator(name)
        if how is None:
            raise MalformedPolicy(SYNTAX)
        tests += (Test(how, key, _values(value)) for key, value in _any_mapping(keys).items())
    return tuple(tests)


def _any_mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise MalformedPolicy(SYNTAX)
    return value


def _values(value: object) -> tuple[str, ...]:
    """Condition values as texts: the grammar lets numbers and Booleans stand without quotation marks."""
    return tuple(_value(each) for each in (value if isinstance(value, list | tuple) else [value]))


def _value(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise MalformedPolicy(SYNTAX)
