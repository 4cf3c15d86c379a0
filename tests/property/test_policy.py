"""Laws that every permission decision obeys, and a naive second evaluator as oracle."""

from __future__ import annotations

import fnmatch
import re
from typing import Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.aws.policy import Kind, Policy, PolicySet, Principal, Question, evaluate
from fogbank.aws.policy.patterns import Patterns, is_glob_match, tokens_of

Document = dict[str, Any]
Rule = Literal["optional", "required"]

A, B = "111111111111", "222222222222"
ROLE = f"arn:aws:iam::{A}:role/r"
USER = Principal(f"arn:aws:iam::{A}:user/u", A, "user", user_id="AIDAU")
SESSION = Principal(f"arn:aws:sts::{A}:assumed-role/r/s", A, "role", role_arn=ROLE, user_id="AROAR:s")
FEDERATED = Principal(f"arn:aws:sts::{A}:federated-user/u", A, "federated", role_arn=USER.arn)
ROOT = Principal(f"arn:aws:iam::{A}:root", A, "root")
SERVICE = Principal("", "", "service", service="sns.amazonaws.com")
ANONYMOUS = Principal("", "", "anonymous")

ACTIONS = ["s3:GetObject", "s3:PutObject", "sqs:SendMessage"]
RESOURCES = ["arn:aws:s3:::b/x", "arn:aws:s3:::b/y", "*"]
CONTEXTS: list[dict[str, list[str]]] = [{}, {"aws:username": ["x"]}, {"aws:username": ["y"], "aws:tagkeys": ["p", "q"]}]

actions = st.lists(
    st.sampled_from(["*", "s3:*", "s3:get*", "S3:PutObject", "s?s:*", "sqs:SendMessage"]), min_size=1, max_size=2
)
resources = st.lists(
    st.sampled_from(
        ["*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/x", "arn:aws:s3:::?/y", "arn:aws:s3:::b/${aws:username}"]
    ),
    min_size=1,
    max_size=2,
)
conditions = st.sampled_from(
    [
        None,
        None,
        {"StringEquals": {"aws:username": "x"}},
        {"StringNotLike": {"aws:username": ["x*"]}},
        {"Null": {"aws:username": "true"}},
        {"StringEqualsIfExists": {"aws:username": "y"}},
        {"ForAllValues:StringEquals": {"aws:TagKeys": ["p", "q"]}},
        {"ForAnyValue:StringNotEquals": {"aws:TagKeys": "p"}},
    ]
)
names = ["*", A, B, USER.arn, SESSION.arn, FEDERATED.arn, "AIDAU", "AROAR", [ROLE, B]]
principals = st.sampled_from(["*", {"Service": "sns.amazonaws.com"}, *({"AWS": name} for name in names)])


@st.composite
def statements(draw: st.DrawFn, effect: str | None = None, named: bool = False) -> Document:
    body: Document = {"Effect": effect or draw(st.sampled_from(["Allow", "Allow", "Deny"]))}
    body[draw(st.sampled_from(["Action", "Action", "NotAction"]))] = draw(actions)
    body[draw(st.sampled_from(["Resource", "Resource", "NotResource"]))] = draw(resources)
    if condition := draw(conditions):
        body["Condition"] = condition
    if named:
        body[draw(st.sampled_from(["Principal", "Principal", "NotPrincipal"]))] = draw(principals)
    return body


def documents(named: bool = False, size: int = 3) -> st.SearchStrategy[list[Document]]:
    return st.lists(statements(named=named), min_size=1, max_size=size)


def compiled(body: list[Document], kind: Kind = "identity") -> Policy:
    return Policy.compile({"Version": "2012-10-17", "Statement": body}, kind=kind)


class Case:
    """Everything that one decision is made of, as documents."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.principal: Principal = draw(st.sampled_from([USER, SESSION, FEDERATED, ROOT, SERVICE, ANONYMOUS]))
        self.identity: list[list[Document]] = draw(st.lists(documents(), max_size=2))
        self.boundary: list[Document] | None = draw(st.none() | documents())
        self.session: list[list[Document]] | None = draw(st.none() | st.lists(documents(), max_size=2))
        self.scps: list[list[Document]] = draw(st.lists(documents(), max_size=2))
        self.resource: list[Document] | None = draw(st.none() | documents(named=True))
        self.rule: Rule = draw(st.sampled_from(["optional", "required"]))
        self.grant: bool = draw(st.booleans()) and self.rule == "required"
        self.question = Question(
            draw(st.sampled_from(ACTIONS)),
            draw(st.sampled_from(RESOURCES)),
            draw(st.sampled_from([A, A, B])),
            draw(st.sampled_from(CONTEXTS)),
        )

    def policies(self) -> PolicySet:
        return PolicySet(
            tuple(compiled(body) for body in self.identity),
            None if self.boundary is None else compiled(self.boundary),
            None if self.session is None else tuple(compiled(body) for body in self.session),
            tuple((compiled(body, "scp"),) for body in self.scps),
        )

    def is_allowed(self) -> bool:
        resource = None if self.resource is None else compiled(self.resource, "resource")
        return evaluate(
            self.principal,
            self.policies(),
            resource,
            self.question,
            resource_policy_rule=self.rule,
            grants_allow=self.grant,
        ).allowed

    def __repr__(self) -> str:
        return f"Case({vars(self)})"


@st.composite
def cases(draw: st.DrawFn) -> Case:
    return Case(draw)


# The oracle: no compilation, no index, one statement after the other, as the flow charts are drawn.


def naive_glob(pattern: str, value: str) -> bool:
    return (
        re.fullmatch(".*".join(".".join(map(re.escape, part.split("?"))) for part in pattern.split("*")), value)
        is not None
    )


def naive_resource(statement: Document, question: Question) -> bool:
    values = question.context.get("aws:username")
    patterns = statement.get("Resource") or statement["NotResource"]
    if "NotResource" in statement and not values and any("${" in pattern for pattern in patterns):
        return False
    usable = [pattern for pattern in patterns if values or "${" not in pattern]
    filled = [pattern.replace("${aws:username}", values[0] if values else "") for pattern in usable]
    return any(naive_glob(pattern, question.resource) for pattern in filled) == ("Resource" in statement)


def naive_condition(operator: str, key: str, wanted: list[str], context: dict[str, list[str]]) -> bool:
    values = context.get(key.lower(), [])
    match operator:
        case "StringEquals":
            return bool(values) and values[0] in wanted
        case "StringNotLike":
            return not values or not any(naive_glob(pattern, values[0]) for pattern in wanted)
        case "Null":
            return (not values) == (wanted == ["true"])
        case "StringEqualsIfExists":
            return not values or values[0] in wanted
        case "ForAllValues:StringEquals":
            return set(values) <= set(wanted)
        case "ForAnyValue:StringNotEquals":
            return bool(set(values) - set(wanted))
    raise AssertionError(operator)


def naive_applies(statement: Document, question: Question) -> bool:
    patterns = statement.get("Action") or statement["NotAction"]
    is_named = any(naive_glob(pattern.lower(), question.action.lower()) for pattern in patterns)
    if is_named != ("Action" in statement) or not naive_resource(statement, question):
        return False
    for operator, keys in statement.get("Condition", {}).items():
        for key, wanted in keys.items():
            texts = wanted if isinstance(wanted, list) else [wanted]
            if not naive_condition(operator, key, texts, dict(question.context)):
                return False
    return True


def naive_listed(names: Any, who: Principal) -> str:
    """How the element names the principal: "direct", "role", "account" or "" (AWS's table of implicit denies)."""
    if names == "*":
        return "direct"
    found = names.get("AWS", [])
    aws = found if isinstance(found, list) else [found]
    if "*" in aws or (who.kind == "service" and names.get("Service") == who.service):
        return "direct"
    if who.kind in ("service", "anonymous"):
        return ""
    if who.arn in aws or who.user_id in aws or (who.kind == "root" and who.account in aws):
        return "direct"
    if who.role_arn in aws or (who.kind == "role" and "AROAR" in aws):
        return "role"
    return "account" if who.account in aws else ""


def naive_named(statement: Document, who: Principal) -> str:
    if "Principal" in statement:
        return naive_listed(statement["Principal"], who)
    spared = naive_listed(statement["NotPrincipal"], who)
    if statement["Effect"] == "Deny":
        return "" if spared == "direct" else "direct"
    return "" if spared else "direct"


def effects(bodies: list[list[Document]], question: Question) -> set[str]:
    return {statement["Effect"] for body in bodies for statement in body if naive_applies(statement, question)}


def naive_is_allowed(case: Case) -> bool:
    who, question = case.principal, case.question
    has_own = who.kind not in ("service", "anonymous")
    about = [s for s in case.resource or [] if naive_applies(s, question) and naive_named(s, who)]
    grants = {naive_named(statement, who) for statement in about if statement["Effect"] == "Allow"}
    attached = [*case.identity, *([case.boundary] if case.boundary else []), *(case.session or []), *case.scps]
    if any(statement["Effect"] == "Deny" for statement in about):
        return False
    if has_own and "Deny" in effects(attached, question):
        return False
    if case.grant:
        grants = {"direct"}
    if not has_own:
        return bool(grants)
    if not all("Allow" in effects([body], question) for body in case.scps):
        return False
    is_bounded = case.boundary is None or "Allow" in effects([case.boundary], question)
    is_in_session = who.kind != "federated" if case.session is None else "Allow" in effects(case.session, question)
    has_identity = who.kind == "root" or "Allow" in effects(case.identity, question)
    trusted = has_identity and is_bounded and is_in_session
    if who.account != question.account:
        return trusted and bool(grants)
    if "direct" in grants:
        return True
    if "role" in grants:
        return is_bounded and is_in_session
    return trusted and (case.rule == "optional" or "account" in grants)


many = settings(max_examples=150, deadline=None)


@settings(max_examples=800, deadline=None)
@given(cases())
def test_agrees_with_the_flow_chart(case: Case) -> None:
    assert case.is_allowed() == naive_is_allowed(case)


@many
@given(cases(), statements("Deny"))
def test_an_explicit_deny_wins(case: Case, denying: Document) -> None:
    denying = {"Effect": "Deny", "Action": case.question.action, "Resource": case.question.resource}
    if case.principal.kind not in ("service", "anonymous"):
        case.identity.append([denying])
        assert not case.is_allowed()
        case.identity.pop()
    case.resource = [*(case.resource or []), denying | {"Principal": "*"}]
    assert not case.is_allowed()


@many
@given(cases(), statements("Allow"), statements("Allow", named=True))
def test_an_allow_never_takes_away(case: Case, own: Document, named: Document) -> None:
    before = case.is_allowed()
    case.identity.append([own])
    case.resource = [*(case.resource or []), named]
    assert case.is_allowed() >= before


@many
@given(cases(), statements("Deny"), statements("Deny", named=True))
def test_a_deny_never_gives(case: Case, own: Document, named: Document) -> None:
    before = case.is_allowed()
    case.identity.append([own])
    case.resource = [*(case.resource or []), named]
    assert case.is_allowed() <= before


@many
@given(cases(), st.randoms(use_true_random=False))
def test_order_does_not_matter(case: Case, random: Any) -> None:
    before = case.is_allowed()
    for body in [case.identity, *case.identity, case.resource or [], case.boundary or [], case.scps]:
        random.shuffle(body)
    assert case.is_allowed() == before


@many
@given(cases())
def test_a_list_of_actions_is_as_many_statements(case: Case) -> None:
    before = case.is_allowed()
    for body in [*case.identity, case.boundary or [], *(case.session or []), *case.scps, case.resource or []]:
        split = [s | {"Action": [action]} for s in body if "Action" in s for action in s["Action"]]
        body[:] = [*split, *(s for s in body if "Action" not in s)] or body
    assert case.is_allowed() == before


@many
@given(cases(), documents())
def test_a_boundary_only_shrinks(case: Case, boundary: list[Document]) -> None:
    case.boundary = None
    before = case.is_allowed()
    case.boundary = boundary
    assert case.is_allowed() <= before


@many
@given(cases(), st.lists(documents(), max_size=2))
def test_session_policies_only_shrink(case: Case, session: list[list[Document]]) -> None:
    if case.principal.kind == "federated":
        case.principal = SESSION  # a session of GetFederationToken may do nothing without policies
    case.session = None
    before = case.is_allowed()
    case.session = session
    assert case.is_allowed() <= before


@many
@given(cases(), documents())
def test_an_scp_only_shrinks(case: Case, scp: list[Document]) -> None:
    before = case.is_allowed()
    case.scps.append(scp)
    assert case.is_allowed() <= before


@many
@given(cases(), st.sampled_from(CONTEXTS))
def test_what_is_cacheable_does_not_depend_on_the_context(case: Case, context: dict[str, list[str]]) -> None:
    policies = case.policies()
    resource = None if case.resource is None else compiled(case.resource, "resource")
    one = evaluate(case.principal, policies, resource, case.question)
    asked = Question(case.question.action, case.question.resource, case.question.account, context)
    two = evaluate(case.principal, policies, resource, asked)
    if one.cacheable:
        assert one == two


glob = st.text("ab*?", max_size=8)
value = st.text("ab", max_size=10)


@settings(max_examples=600, deadline=None)
@given(glob, value)
def test_three_ways_to_match_a_wildcard_agree(pattern: str, text: str) -> None:
    expected = fnmatch.fnmatchcase(text, pattern)
    assert naive_glob(pattern, text) == expected
    assert Patterns([pattern], variables=True).matches(text, {}) == expected
    assert is_glob_match(tokens_of(pattern, variables=True), text) == expected


@many
@given(glob, value, value)
def test_a_variable_is_its_value(pattern: str, middle: str, text: str) -> None:
    template = Patterns([f"{pattern}${{k:v}}{pattern}"], variables=True)
    plain = Patterns([f"{pattern}{middle}{pattern}"], variables=True)
    assert template.matches(text, {"k:v": [middle]}) == plain.matches(text, {})
    assert not template.matches(text, {})
