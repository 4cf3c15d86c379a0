"""Which global keys a request has, by the availability notes of AWS's page."""

from __future__ import annotations

from fogbank.aws.policy.context import PrincipalFacts, RequestFacts, global_keys
from fogbank.aws.policy.terms import Principal

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
USER = Principal("arn:aws:iam::1:user/path/alice", "1", "user", user_id="AIDA")
SESSION = Principal(
    "arn:aws:sts::1:assumed-role/r/s", "1", "role", role_arn="arn:aws:iam::1:role/p/r", user_id="AROA:s"
)
NOW = RequestFacts(at=1577836801.9)


def test_a_user_with_long_term_keys() -> None:
    assert global_keys(PrincipalFacts(USER), NOW) == {
        "aws:principaltype": ("User",),
        "aws:principalisawsservice": ("false",),
        "aws:userid": ("AIDA",),
        "aws:username": ("alice",),
        "aws:principalarn": (USER.arn,),
        "aws:principalaccount": ("1",),
        "aws:currenttime": ("2020-01-01T00:00:01Z",),
        "aws:epochtime": ("1577836801",),
        "aws:securetransport": ("false",),
        "aws:viaawsservice": ("false",),
    }


def test_a_role_session() -> None:
    facts = PrincipalFacts(
        SESSION, {"Team": "red", "empty": ""}, "o-1", "o-1/r-1/", token_issued_at=0, has_mfa=True, mfa_age_seconds=7
    )
    keys = global_keys(facts, NOW)
    assert keys["aws:principalarn"] == (SESSION.role_arn,)
    assert keys["aws:userid"] == ("AROA:s",)
    assert keys["aws:principaltag/team"] == ("red",)
    assert keys["aws:principaltag/empty"] == ("",)
    assert keys["aws:principalorgid"] == ("o-1",)
    assert keys["aws:principalorgpaths"] == ("o-1/r-1/",)
    assert keys["aws:tokenissuetime"] == ("1970-01-01T00:00:00Z",)
    assert keys["aws:multifactorauthpresent"] == ("true",)
    assert keys["aws:multifactorauthage"] == ("7",)
    assert "aws:username" not in keys


def test_the_request() -> None:
    keys = global_keys(
        PrincipalFacts(USER),
        RequestFacts(
            at=0,
            region="eu-west-1",
            source_ip="10.0.0.1",
            is_tls=True,
            user_agent="Boto3/1",
            referer="http://x",
            called_via=("cloudformation.amazonaws.com", "dynamodb.amazonaws.com"),
            source_arn="arn:aws:sns:eu-west-1:1:t",
            source_account="1",
            request_tags={"A": "1", "b": "2"},
            resource_tags={"C": "3"},
            resource_account="2",
        ),
    )
    assert keys["aws:requestedregion"] == ("eu-west-1",)
    assert keys["aws:sourceip"] == ("10.0.0.1",)
    assert keys["aws:securetransport"] == ("true",)
    assert keys["aws:calledvia"] == ("cloudformation.amazonaws.com", "dynamodb.amazonaws.com")
    assert keys["aws:calledviafirst"] == ("cloudformation.amazonaws.com",)
    assert keys["aws:calledvialast"] == ("dynamodb.amazonaws.com",)
    assert keys["aws:viaawsservice"] == ("true",)
    assert keys["aws:tagkeys"] == ("A", "b")
    assert keys["aws:requesttag/a"] == ("1",)
    assert keys["aws:resourcetag/c"] == ("3",)
    assert keys["aws:resourceaccount"] == ("2",)
    assert (keys["aws:sourcearn"], keys["aws:sourceaccount"]) == (("arn:aws:sns:eu-west-1:1:t",), ("1",))


def test_through_an_endpoint_there_is_no_source_ip() -> None:
    facts = RequestFacts(at=0, source_ip="10.0.0.1", source_vpc="vpc-1", source_vpc_endpoint="vpce-1")
    keys = global_keys(PrincipalFacts(USER), facts)
    assert "aws:sourceip" not in keys
    assert keys["aws:vpcsourceip"] == ("10.0.0.1",)
    assert keys["aws:sourcevpce"] == ("vpce-1",)


def test_other_principals() -> None:
    root = global_keys(PrincipalFacts(Principal("arn:aws:iam::1:root", "1", "root")), NOW)
    assert (root["aws:userid"], root["aws:principaltype"]) == (("1",), ("Account",))
    federated = Principal("arn:aws:sts::1:federated-user/bob", "1", "federated")
    assert global_keys(PrincipalFacts(federated), NOW)["aws:userid"] == ("1:bob",)
    service = global_keys(PrincipalFacts(Principal("", "", "service", service="sns.amazonaws.com")), NOW)
    assert service["aws:principalisawsservice"] == ("true",)
    assert service["aws:principalservicename"] == ("sns.amazonaws.com",)
    anonymous = global_keys(PrincipalFacts(Principal("", "", "anonymous")), NOW)
    assert anonymous["aws:principaltype"] == ("Anonymous",)
    assert "aws:principalarn" not in anonymous
