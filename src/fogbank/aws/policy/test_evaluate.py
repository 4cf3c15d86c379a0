"""Who may do what, by the flow charts, tables and examples of AWS's pages."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from fogbank.aws.policy import Decision, Kind, Policy, PolicySet, Principal, Question, denial_message, evaluate

HOME, AWAY = "111122223333", "444455556666"
USER = Principal(f"arn:aws:iam::{HOME}:user/exampleuser", HOME, "user", user_id="AIDAEXAMPLE")
ROLE_ARN = f"arn:aws:iam::{HOME}:role/examplerole"
SESSION_ARN = f"arn:aws:sts::{HOME}:assumed-role/examplerole/examplerolesessionname"
SESSION = Principal(SESSION_ARN, HOME, "role", role_arn=ROLE_ARN, user_id="AROAEXAMPLE:examplerolesessionname")
FEDERATED = Principal(f"arn:aws:sts::{HOME}:federated-user/exampleuser", HOME, "federated", role_arn=USER.arn)
ROOT = Principal(f"arn:aws:iam::{HOME}:root", HOME, "root")
SERVICE = Principal("", "", "service", service="sns.amazonaws.com")
ANONYMOUS = Principal("", "", "anonymous")
BUCKET = "arn:aws:s3:::carlossalazar"


def policy(*statements: dict[str, Any], kind: Kind = "identity", arn: str = "") -> Policy:
    full = [{"Effect": "Allow", "Action": "*"} | ({} if kind == "trust" else {"Resource": "*"}) | s for s in statements]
    return Policy.compile({"Version": "2012-10-17", "Statement": full}, arn=arn, kind=kind)


def names(*who: str, **more: Any) -> Policy:
    return policy({"Principal": {"AWS": list(who)}} | more, kind="resource")


ALL = policy({})
NOTHING = policy({"Action": "none:None"})
DENY = policy({"Effect": "Deny"})
EVERYONE = policy({"Principal": "*"}, kind="resource")


def ask(
    principal: Principal,
    policies: PolicySet = PolicySet(),  # noqa: B008  (frozen)
    resource_policy: Policy | None = None,
    *,
    action: str = "s3:GetObject",
    resource: str = BUCKET,
    account: str = HOME,
    rule: Literal["optional", "required"] = "optional",
    grant: bool = False,
    **context: list[str],
) -> Decision:
    found = {key.replace("_", ":"): values for key, values in context.items()}
    question = Question(action, resource, account, found)
    return evaluate(principal, policies, resource_policy, question, resource_policy_rule=rule, grants_allow=grant)


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
# "Resource-based policies and implicit denies in other policy types (same account)": each row is a principal, what the
# resource's policy names, and whether an implicit deny of the identity-based policies, of the permissions boundary and
# of the session policy is passed over.
IMPLICIT_DENIES = [
    (USER, USER.arn, True, True, None),
    (USER, "AIDAEXAMPLE", True, True, None),
    (USER, "*", True, True, None),
    (USER, HOME, False, False, None),
    (USER, ROOT.arn, False, False, None),
    (SESSION, ROLE_ARN, True, False, False),
    (SESSION, "AROAEXAMPLE", True, False, False),
    (SESSION, SESSION_ARN, True, True, True),
    (SESSION, "AROAEXAMPLE:examplerolesessionname", True, True, True),
    (SESSION, "*", True, True, True),
    (SESSION, HOME, False, False, False),
    (FEDERATED, FEDERATED.arn, True, True, True),
    (FEDERATED, USER.arn, True, False, False),
]


def test_the_closest_naming_counts() -> None:
    role, session = {"Principal": {"AWS": ROLE_ARN}}, {"Principal": {"AWS": SESSION_ARN}}
    for pair in ((role, session), (session, role)):
        assert ask(SESSION, PolicySet((), NOTHING), policy(*pair, kind="resource")).allowed


def test_a_role_without_a_session_is_limited_as_its_sessions_are() -> None:
    role = Principal(ROLE_ARN, HOME, "role")
    assert ask(role, PolicySet((), ALL), names(ROLE_ARN)).allowed
    assert not ask(role, PolicySet((), NOTHING), names(ROLE_ARN)).allowed


@pytest.mark.parametrize(("principal", "named", "identity", "boundary", "session"), IMPLICIT_DENIES)
def test_resource_policy_and_implicit_denies(
    principal: Principal, named: str, identity: bool, boundary: bool, session: bool | None
) -> None:
    granting = names(named)
    limits = None if session is None else (ALL,)
    assert ask(principal, PolicySet((), ALL, limits), granting).allowed is identity
    assert ask(principal, PolicySet((ALL,), NOTHING, limits), granting).allowed is boundary
    if session is not None:
        assert ask(principal, PolicySet((ALL,), ALL, (NOTHING,)), granting).allowed is session


EITHER_SIDE = [
    ("neither", PolicySet(), None, False, "no identity-based policy allows"),
    ("identity", PolicySet((ALL,)), None, True, "an identity-based policy allows"),
    ("resource", PolicySet(), names(USER.arn), True, "a resource-based policy allows"),
    ("identity denies", PolicySet((ALL, DENY)), names(USER.arn), False, "explicit deny in an identity-based policy"),
    ("boundary allows", PolicySet((ALL,), ALL), None, True, "an identity-based policy allows"),
    ("boundary alone", PolicySet((), ALL), None, False, "no identity-based policy allows"),
    ("boundary silent", PolicySet((ALL,), NOTHING), None, False, "no permissions boundary allows"),
    ("boundary denies", PolicySet((ALL,), DENY), names(USER.arn), False, "explicit deny in a permissions boundary"),
    ("scp allows", PolicySet((ALL,), scps=((ALL,), (ALL, NOTHING))), None, True, "an identity-based policy allows"),
    (
        "a level of scps silent",
        PolicySet((ALL,), scps=((ALL,), (NOTHING,))),
        EVERYONE,
        False,
        "no service control policy allows",
    ),
    (
        "scp denies",
        PolicySet((ALL,), scps=((ALL, DENY),)),
        EVERYONE,
        False,
        "explicit deny in a service control policy",
    ),
    ("rcp silent", PolicySet((ALL,), rcps=((NOTHING,),)), EVERYONE, False, "no resource control policy allows"),
    ("endpoint silent", PolicySet((ALL,), endpoint=NOTHING), EVERYONE, False, "no VPC endpoint policy allows"),
]


@pytest.mark.parametrize(("name", "policies", "resource", "allowed", "reason"), EITHER_SIDE)
def test_same_account(name: str, policies: PolicySet, resource: Policy | None, allowed: bool, reason: str) -> None:
    decision = ask(USER, policies, resource)
    assert (decision.allowed, decision.reason) == (allowed, reason)
    assert decision.explicit is reason.startswith("explicit")


def test_of_several_types_one_is_named() -> None:
    """ "If multiple policy types deny an authorization request, AWS includes only one" (troubleshooting page)."""
    denies = ask(USER, PolicySet((policy({"Effect": "Deny"}, arn="own"),)), names("*", Effect="Deny"))
    assert denies.decided_by == "resource"
    assert [found.policy for found in denies.statements] == [""]
    limits = PolicySet((ALL,), scps=((NOTHING,),), rcps=((NOTHING,),), endpoint=NOTHING)
    assert ask(USER, limits).decided_by == "rcp"


def test_before_2012_there_are_no_variables() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html"""
    body = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::${aws:username}"}
    for version, allowed in (({}, False), ({"Version": "2008-10-17"}, False), ({"Version": "2012-10-17"}, True)):
        own = Policy.compile(version | {"Statement": body}, kind="identity")
        assert ask(USER, PolicySet((own,)), resource="arn:aws:s3:::alice", aws_username=["alice"]).allowed is allowed


def test_session_policies() -> None:
    assert ask(SESSION, PolicySet((ALL,))).allowed
    assert ask(SESSION, PolicySet((ALL,), session=(NOTHING, ALL))).allowed
    assert ask(SESSION, PolicySet((ALL,), session=(NOTHING,))).reason == "no session policy allows"
    assert ask(SESSION, PolicySet((ALL,), session=(ALL, DENY))).reason == "explicit deny in a session policy"
    # "If there is no session policy, the code checks whether the principal is a role session. If [so], the request is
    # Allowed. Otherwise, the request is implicitly denied"
    assert ask(FEDERATED, PolicySet((ALL,))).reason == "no session policy allows"
    assert ask(FEDERATED, PolicySet((ALL,), session=(ALL,))).allowed


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
CROSS_ACCOUNT = [
    (PolicySet((ALL,)), None, False, "no resource-based policy allows"),
    (PolicySet(), EVERYONE, False, "no identity-based policy allows"),
    (PolicySet(), names(USER.arn), False, "no identity-based policy allows"),
    (PolicySet((ALL,)), names(USER.arn), True, "a resource-based policy allows"),
    (PolicySet((ALL,)), names(HOME), True, "a resource-based policy allows"),
    (PolicySet((ALL,)), names(AWAY), False, "no resource-based policy allows"),
    (PolicySet((ALL,)), EVERYONE, True, "a resource-based policy allows"),
    (PolicySet((ALL,), NOTHING), names(USER.arn), False, "no permissions boundary allows"),
]


@pytest.mark.parametrize(("policies", "resource", "allowed", "reason"), CROSS_ACCOUNT)
@pytest.mark.parametrize("rule", ["optional", "required"])
def test_cross_account(
    policies: PolicySet, resource: Policy | None, allowed: bool, reason: str, rule: Literal["optional", "required"]
) -> None:
    decision = ask(USER, policies, resource, account=AWAY, rule=rule)
    assert (decision.allowed, decision.reason) == (allowed, reason)


# https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
# https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
KEY_POLICIES = [
    ("IAM policies alone are ineffective", USER, PolicySet((ALL,)), names("AIDAOTHER"), False, False),
    ("no key policy", USER, PolicySet((ALL,)), None, False, False),
    ("the key policy names the user", USER, PolicySet(), names(USER.arn), False, True),
    ("delegated, and IAM allows", USER, PolicySet((ALL,)), names(ROOT.arn), False, True),
    ("delegated, but IAM does not", USER, PolicySet(), names(ROOT.arn), False, False),
    ("delegated, but IAM denies", USER, PolicySet((ALL, DENY)), names(ROOT.arn), False, False),
    ("named, but IAM denies", USER, PolicySet((DENY,)), names(USER.arn), False, False),
    ("the role is named, its boundary is silent", SESSION, PolicySet((), NOTHING), names(ROLE_ARN), False, False),
    ("the role is named", SESSION, PolicySet((), ALL), names(ROLE_ARN), False, True),
    ("root is locked out", ROOT, PolicySet(), names(USER.arn), False, False),
    ("root is named", ROOT, PolicySet(), names(ROOT.arn), False, True),
    ("a grant", USER, PolicySet(), names("AIDAOTHER"), True, True),
    ("a grant, but the key policy denies", USER, PolicySet((ALL,)), names(USER.arn, Effect="Deny"), True, False),
    ("a grant, but IAM denies", USER, PolicySet((DENY,)), names(ROOT.arn), True, False),
]


@pytest.mark.parametrize(("name", "who", "policies", "key", "grant", "allowed"), KEY_POLICIES)
def test_key_policies(
    name: str, who: Principal, policies: PolicySet, key: Policy | None, grant: bool, allowed: bool
) -> None:
    assert ask(who, policies, key, action="kms:Decrypt", rule="required", grant=grant).allowed is allowed


def test_who_is_refused_a_key() -> None:
    assert ask(USER, PolicySet((ALL,)), names("AIDAOTHER"), rule="required").decided_by == "resource"
    assert ask(USER, PolicySet(), names(HOME), rule="required").decided_by == "identity"
    assert ask(USER, PolicySet(), names("AIDAOTHER"), rule="required", grant=True).reason == "a grant allows"


def test_trust_policies() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html"""
    action = "sts:AssumeRole"
    trust = policy({"Principal": {"AWS": USER.arn}, "Action": action}, kind="trust")
    assert ask(USER, PolicySet(), trust, action=action, resource=ROLE_ARN, rule="required").allowed
    assert not ask(SESSION, PolicySet((ALL,)), trust, action=action, resource=ROLE_ARN, rule="required").allowed
    # "IAM role trust policies … must explicitly allow access", even to the role itself.
    refused = ask(SESSION, PolicySet((ALL,)), trust, action=action, resource=ROLE_ARN, rule="required")
    assert refused.reason == "no role trust policy allows"
    service = policy({"Principal": {"Service": "sns.amazonaws.com"}, "Action": action}, kind="trust")
    assert ask(SERVICE, PolicySet(), service, action=action, rule="required").allowed
    assert not ask(USER, PolicySet((ALL,)), service, action=action, rule="required").allowed
    oidc = policy(
        {"Principal": {"Federated": "accounts.google.com"}, "Action": "sts:AssumeRoleWithWebIdentity"}, kind="trust"
    )
    subject = Principal("accounts.google.com", "", "federated")
    assert ask(subject, PolicySet(), oidc, action="sts:AssumeRoleWithWebIdentity", rule="required").allowed
    other = Principal("graph.facebook.com", "", "federated")
    assert not ask(other, PolicySet(), oidc, action="sts:AssumeRoleWithWebIdentity", rule="required").allowed


def test_root() -> None:
    assert ask(ROOT).reason == "the root user may do all in its account"
    assert not ask(ROOT, account=AWAY).allowed
    assert ask(ROOT, PolicySet(), names(HOME), account=AWAY).allowed
    # "The SCP maximum applies to principals in member accounts, including each AWS account root user."
    assert not ask(ROOT, PolicySet(scps=((NOTHING,),))).allowed
    assert not ask(ROOT, PolicySet(scps=((ALL, DENY),))).allowed
    assert not ask(ROOT, PolicySet(), names("*", Effect="Deny")).allowed


def test_services_and_the_anonymous_count_by_resource_policies_only() -> None:
    everything = PolicySet((ALL,), ALL, (ALL,), scps=((NOTHING,),))
    to_service = policy({"Principal": {"Service": ["sqs.amazonaws.com", "sns.amazonaws.com"]}}, kind="resource")
    for who in (SERVICE, ANONYMOUS):
        assert ask(who, everything).reason == "no resource-based policy allows"
        assert ask(who, everything, names(HOME)).reason == "no resource-based policy allows"
        assert ask(who, everything, EVERYONE).allowed
        assert ask(who, everything, names("*")).allowed
        assert not ask(who, PolicySet(rcps=((ALL, DENY),)), EVERYONE).allowed
    assert ask(SERVICE, everything, to_service).allowed
    assert not ask(ANONYMOUS, everything, to_service).allowed


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
BOB = Principal("arn:aws:iam::444455556666:user/Bob", AWAY, "user")
ANN = Principal("arn:aws:iam::444455556666:user/Ann", AWAY, "user")
AUDIT_ROLE = "arn:aws:iam::444455556666:role/cross-account-read-only-role"
AUDIT = Principal(
    "arn:aws:sts::444455556666:assumed-role/cross-account-read-only-role/cross-account-audit-app",
    AWAY,
    "role",
    role_arn=AUDIT_ROLE,
)
OTHER_SESSION = Principal(AUDIT.arn.replace("audit-app", "other"), AWAY, "role", role_arn=AUDIT_ROLE)
BUT_BOB = [BOB.arn, "arn:aws:iam::444455556666:root"]
BUT_AUDIT = [AUDIT.arn, AUDIT_ROLE, "arn:aws:iam::444455556666:root"]


@pytest.mark.parametrize(
    ("who", "spared", "is_denied"),
    [
        (BOB, BUT_BOB, False),
        (ANN, BUT_BOB, True),
        (AUDIT, BUT_BOB, True),
        (AUDIT, BUT_AUDIT, False),
        (OTHER_SESSION, BUT_AUDIT, True),
        (USER, BUT_AUDIT, True),
        (Principal(f"arn:aws:iam::{AWAY}:root", AWAY, "root"), BUT_BOB, False),
        (ROOT, BUT_BOB, True),
    ],
)
def test_not_principal_with_deny(who: Principal, spared: list[str], is_denied: bool) -> None:
    denying = policy({"Principal": "*"}, {"Effect": "Deny", "NotPrincipal": {"AWS": spared}}, kind="resource")
    assert ask(who, PolicySet((ALL,)), denying).explicit is is_denied


def test_not_principal_with_allow() -> None:
    granting = policy({"NotPrincipal": {"AWS": AWAY}}, kind="resource")
    assert ask(USER, PolicySet(), granting).allowed
    assert ask(ANONYMOUS, PolicySet(), granting).allowed
    assert not ask(BOB, PolicySet(), granting, account=AWAY).allowed


def test_the_example_of_carlos() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html"""
    carlos = Principal("arn:aws:iam::123456789012:user/carlossalazar", "123456789012", "user")
    own = policy(
        {
            "Sid": "AllowS3ListRead",
            "Action": ["s3:GetBucketLocation", "s3:ListAllMyBuckets"],
            "Resource": "arn:aws:s3:::*",
        },
        {"Sid": "AllowS3Self", "Action": "s3:*", "Resource": [f"{BUCKET}/*", BUCKET]},
        {"Sid": "DenyS3Logs", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::*log*"},
        arn="carlos",
    )
    bucket = policy(
        {"Principal": {"AWS": carlos.arn}, "Action": "s3:*", "Resource": [f"{BUCKET}/*", BUCKET]}, kind="resource"
    )
    logs = ask(
        carlos, PolicySet((own,)), None, action="s3:PutObject", resource=f"{BUCKET}-logs/f", account="123456789012"
    )
    assert logs.explicit
    assert [(found.policy, found.sid, found.index) for found in logs.statements] == [("carlos", "DenyS3Logs", 2)]
    saved = ask(
        carlos, PolicySet((own,)), bucket, action="s3:PutObject", resource=f"{BUCKET}/f", account="123456789012"
    )
    assert saved.allowed
    assert {found.sid for found in saved.statements} == {"AllowS3Self", ""}


@pytest.mark.parametrize(
    ("statement", "action", "resource", "allowed"),
    [
        # "Prefix and action name are case-insensitive" (Action element)
        ({"Action": "S3:getobject"}, "s3:GetObject", BUCKET, True),
        ({"Action": "iam:*AccessKey*"}, "iam:ListAccessKeys", "*", True),
        ({"Action": "s3:Get?bject"}, "s3:GetObject", BUCKET, True),
        ({"Action": "s3:*"}, "s3express:GetObject", BUCKET, False),
        ({"Action": []}, "s3:GetObject", BUCKET, None),
        ({"NotAction": "iam:*"}, "s3:GetObject", BUCKET, True),
        ({"NotAction": ["iam:*", "s3:Get*"]}, "s3:GetObject", BUCKET, False),
        ({"Resource": BUCKET}, "s3:GetObject", BUCKET.upper(), False),
        ({"Resource": BUCKET}, "s3:ListAllMyBuckets", "*", False),
        ({"NotResource": f"{BUCKET}/*"}, "s3:GetObject", BUCKET, True),
        ({"NotResource": f"{BUCKET}*"}, "s3:GetObject", BUCKET, False),
        # A variable without a value makes the statement invalid, rather than the opposite of a match.
        ({"NotResource": f"{BUCKET}/${{aws:username}}"}, "s3:GetObject", BUCKET, False),
    ],
)
def test_action_and_resource(statement: dict[str, Any], action: str, resource: str, allowed: bool | None) -> None:
    body: dict[str, Any] = {"Effect": "Allow"} | statement
    body |= {} if "NotAction" in body else {"Action": body.get("Action", "*")}
    body |= {} if "NotResource" in body else {"Resource": body.get("Resource", "*")}
    document = {"Version": "2012-10-17", "Statement": body}
    if allowed is None:
        with pytest.raises(ValueError, match="must contain actions"):
            Policy.compile(document, kind="identity")
        return
    compiled = Policy.compile(document, kind="identity")
    assert ask(USER, PolicySet((compiled,)), action=action, resource=resource).allowed is allowed


def test_missing_context() -> None:
    conditional = policy(
        {"Action": "s3:*", "Condition": {"StringEquals": {"aws:PrincipalTag/Team": "${aws:username}"}}},
        {"Action": "s3:*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
        {"Action": "ec2:*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
    )
    decision = ask(USER, PolicySet((conditional,)), aws_username=["alice"])
    assert decision.missing_context == ("aws:PrincipalTag/Team", "aws:SourceIp")
    assert ask(USER, PolicySet((conditional,)), action="sqs:X").missing_context == ()
    defaulted = policy({"Resource": "arn:aws:s3:::${aws:userid, 'x'}/${aws:username}"})
    assert ask(USER, PolicySet((defaulted,)), aws_username=[]).missing_context == ("aws:username",)


def test_cacheable() -> None:
    conditional = policy({"Action": "s3:*", "Resource": BUCKET, "Condition": {"Bool": {"aws:SecureTransport": "true"}}})
    variable = policy({"Action": "s3:*", "Resource": "arn:aws:s3:::${aws:username}"})
    assert ask(USER, PolicySet((ALL,))).cacheable
    assert ask(USER, PolicySet()).cacheable
    assert not ask(USER, PolicySet((ALL, conditional))).cacheable
    assert ask(USER, PolicySet((ALL, conditional)), action="sqs:X").cacheable
    assert ask(USER, PolicySet((ALL, conditional)), resource=f"{BUCKET}2").cacheable
    assert not ask(USER, PolicySet((ALL, variable)), resource=f"{BUCKET}2").cacheable
    assert not ask(USER, PolicySet((ALL,), policy({"Condition": {"Null": {"a": "true"}}}))).cacheable


JOHN = Principal("arn:aws:iam::777788889999:user/JohnDoe", "777788889999", "user")
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:*"
HEAD = f"User: {JOHN.arn} is not authorized to perform: "

# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
MESSAGES = [
    (PolicySet(), None, "because no identity-based policy allows the {0} action"),
    (PolicySet((DENY,)), None, "with an explicit deny in an identity-based policy"),
    (PolicySet((ALL,), NOTHING), None, "because no permissions boundary allows the {0} action"),
    (PolicySet((ALL,), DENY), None, "with an explicit deny in a permissions boundary"),
    (PolicySet((ALL,), session=()), None, "because no session policy allows the {0} action"),
    (PolicySet((ALL,), session=(DENY,)), None, "with an explicit deny in a session policy"),
    (PolicySet((ALL,), scps=((),)), None, "because no service control policy allows the {0} action"),
    (PolicySet((ALL,), scps=((DENY,),)), None, "with an explicit deny in a service control policy"),
    (PolicySet((ALL,), rcps=((DENY,),)), None, "with an explicit deny in a resource control policy"),
    (PolicySet((ALL,), endpoint=NOTHING), None, "because no VPC endpoint policy allows the {0} action"),
    (PolicySet((ALL,), endpoint=DENY), None, "with an explicit deny in a VPC endpoint policy"),
    (PolicySet((ALL,)), names(HOME), "because no resource-based policy allows the {0} action"),
    (PolicySet((ALL,)), names("*", Effect="Deny"), "with an explicit deny in a resource-based policy"),
    (
        PolicySet((ALL,)),
        policy({"Effect": "Deny", "Principal": "*"}, kind="trust"),
        "with an explicit deny in the role trust policy",
    ),
]


@pytest.mark.parametrize(("policies", "resource_policy", "tail"), MESSAGES)
def test_messages(policies: PolicySet, resource_policy: Policy | None, tail: str) -> None:
    action = "secretsmanager:GetSecretValue"
    question = Question(action, SECRET, "777788889999", {})
    rule: Literal["optional", "required"] = "required" if resource_policy else "optional"
    decision = evaluate(JOHN, policies, resource_policy, question, resource_policy_rule=rule)
    assert denial_message(JOHN, question, decision) == f"{HEAD}{action} on resource: {SECRET} {tail.format(action)}"


def test_messages_of_s3_quote_the_resource_and_name_the_anonymous() -> None:
    """https://github.com/aws-samples/resource-control-policy-examples/issues/18 for the anonymous."""
    question = Question("s3:GetObject", "arn:aws:s3:::b/k", HOME, {})
    assert denial_message(ANONYMOUS, question, evaluate(ANONYMOUS, PolicySet(), None, question)) == (
        'User: anonymous is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/k" '
        "because no resource-based policy allows the s3:GetObject action"
    )


def test_actions_remembered_are_bounded() -> None:
    compiled = policy({"Action": "s3:*"})
    for number in range(5000):
        assert len(compiled.about(f"s3:Get{number}")) == 1
        assert compiled.about(f"ec2:Get{number}") == ()
    assert len(compiled._by_action) <= 4096
