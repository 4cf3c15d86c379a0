"""Sampling rules, reservoirs that clients share, encryption, tags and policies."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.aws.policy import Principal
from fogbank.control.caller import Caller
from fogbank.services.xray import rules
from fogbank.services.xray.test_xray import documents, put, segment, summaries, trace_id
from fogbank.testing import START, TestCloud
from fogbank.testing.refused import refused

Call = Callable[..., dict[str, Any]]
ACCOUNT = "000000000000"
RULE = {
    "RuleName": "buys", "ResourceARN": "*", "Priority": 100, "FixedRate": 0.5, "ReservoirSize": 5,
    "ServiceName": "shop", "ServiceType": "*", "Host": "*", "HTTPMethod": "POST", "URLPath": "/buy/*", "Version": 1,
}  # fmt: skip


@pytest.fixture
def xray(cloud: TestCloud) -> Call:
    return cloud.client("xray")


def report(client: str, requests: int = 10, rule: str = "buys", at: float = START) -> dict[str, Any]:
    counts = {"RequestCount": requests, "SampledCount": requests // 2, "BorrowCount": 1}
    return {"RuleName": rule, "ClientID": client.ljust(24, "0"), "Timestamp": at, **counts}


def quotas(xray: Call, *clients: str) -> list[int]:
    """What each client is given, one after the other."""
    found = []
    for client in clients:
        answer = xray("GetSamplingTargets", SamplingStatisticsDocuments=[report(client)])
        found.append(answer["SamplingTargetDocuments"][0]["ReservoirQuota"])
    return found


def test_the_default_rule_is_always_there_and_comes_last(xray: Call) -> None:
    (default,) = xray("GetSamplingRules")["SamplingRuleRecords"]
    assert default["SamplingRule"] == {
        "RuleName": "Default", "RuleARN": f"arn:aws:xray:us-east-1:{ACCOUNT}:sampling-rule/Default",
        "ResourceARN": "*", "Priority": 10_000, "FixedRate": 0.05, "ReservoirSize": 1, "ServiceName": "*",
        "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*", "Version": 1, "Attributes": {},
    }  # fmt: skip
    assert (default["CreatedAt"], default["ModifiedAt"]) == (0.0, 0.0)
    xray("CreateSamplingRule", SamplingRule={**RULE, "Priority": 9_999})
    xray("UpdateSamplingRule", SamplingRuleUpdate={"RuleName": "Default", "FixedRate": 0.1, "ReservoirSize": 0})
    found = [one["SamplingRule"] for one in xray("GetSamplingRules")["SamplingRuleRecords"]]
    assert [(one["RuleName"], one["FixedRate"]) for one in found] == [("buys", 0.5), ("Default", 0.1)]


def test_a_rule_is_made_changed_and_deleted(cloud: TestCloud, xray: Call) -> None:
    made = xray("CreateSamplingRule", SamplingRule={**RULE, "Attributes": {"a": "b"}})["SamplingRuleRecord"]
    arn = f"arn:aws:xray:us-east-1:{ACCOUNT}:sampling-rule/buys"
    assert made["SamplingRule"] == {**RULE, "RuleARN": arn, "Attributes": {"a": "b"}}
    cloud.advance(10)
    given = {"RuleARN": arn, "Priority": 1, "Host": "x"}
    changed = xray("UpdateSamplingRule", SamplingRuleUpdate=given)["SamplingRuleRecord"]
    assert changed["SamplingRule"] == {**made["SamplingRule"], "Priority": 1, "Host": "x"}
    assert (changed["CreatedAt"], changed["ModifiedAt"]) == (START, START + 10)
    answer = xray("GetSamplingTargets", SamplingStatisticsDocuments=[report("a")])
    assert answer["LastRuleModification"] == START + 10
    cloud.advance(5)
    assert xray("DeleteSamplingRule", RuleName="buys")["SamplingRuleRecord"] == changed
    answer = xray("GetSamplingTargets", SamplingStatisticsDocuments=[report("a")])
    assert answer["LastRuleModification"] == START + 15
    assert [one["RuleName"] for one in answer["UnprocessedStatistics"]] == ["buys"]
    assert answer["UnprocessedStatistics"][0]["ErrorCode"].startswith("4")


def test_a_reservoir_is_shared_among_those_that_report(cloud: TestCloud, xray: Call) -> None:
    xray("CreateSamplingRule", SamplingRule=RULE)
    assert quotas(xray, "a") == [5]
    assert quotas(xray, "b") == [2], "a still has its five until it asks again"
    assert quotas(xray, "a", "b", "a") == [3, 2, 3]
    cloud.advance(10)
    assert quotas(xray, "a", "b") == [3, 2]
    cloud.advance(12)
    assert quotas(xray, "a") == [5], "b has not been heard of"


def test_targets_say_until_when(xray: Call) -> None:
    xray("CreateSamplingRule", SamplingRule=RULE)
    answer = xray("GetSamplingTargets", SamplingStatisticsDocuments=[report("a"), report("a", rule="Default")])
    assert answer["SamplingTargetDocuments"] == [
        {
            "RuleName": name, "FixedRate": rate, "ReservoirQuota": quota, "Interval": 10,
            "ReservoirQuotaTTL": START + rules.QUOTA_SECONDS,
        }
        for name, rate, quota in (("buys", 0.5, 5), ("Default", 0.05, 1))
    ]  # fmt: skip


@given(st.integers(0, 50), st.sets(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=9))
def test_shares_make_up_the_reservoir(reservoir: int, clients: set[str]) -> None:
    shares = [rules.quota(reservoir, clients, one) for one in clients]
    assert sum(shares) == reservoir
    assert max(shares) - min(shares) <= 1


def test_what_was_reported_is_summed_by_ten_seconds_for_an_hour(cloud: TestCloud, xray: Call) -> None:
    xray("CreateSamplingRule", SamplingRule=RULE)
    start = START - START % 10
    for client, at in (("a", 1), ("b", 2), ("a", 11)):
        xray("GetSamplingTargets", SamplingStatisticsDocuments=[report(client, at=start + at)])
    first, second = xray("GetSamplingStatisticSummaries")["SamplingStatisticSummaries"]
    counts = {"RequestCount": 20, "SampledCount": 10, "BorrowCount": 2}
    assert first == {"RuleName": "buys", "Timestamp": start, **counts}
    assert (second["Timestamp"], second["RequestCount"]) == (start + 10, 10)
    cloud.advance(3_700)
    assert xray("GetSamplingStatisticSummaries")["SamplingStatisticSummaries"] == []


def test_the_sdks_sampler_obeys(xray: Call) -> None:
    """The rules as the SDK for Python takes them: what it borrows, and what it is given."""
    from aws_xray_sdk.core.sampling.sampling_rule import SamplingRule

    xray("CreateSamplingRule", SamplingRule=RULE)
    found = xray("GetSamplingRules")["SamplingRuleRecords"][0]["SamplingRule"]
    rule = SamplingRule(
        found["RuleName"], found["Priority"], found["FixedRate"], found["ReservoirSize"], found["Host"],
        found["HTTPMethod"], found["URLPath"], found["ServiceName"], found["ServiceType"],
    )  # fmt: skip
    assert rule.match({"method": "POST", "path": "/buy/1", "service": "shop", "host": "h"})
    assert not rule.match({"method": "GET", "path": "/buy/1", "service": "shop", "host": "h"})


def test_documents_are_encrypted_under_a_key_and_cannot_be_read_without_it(cloud: TestCloud, xray: Call) -> None:
    kms = cloud.client("kms")
    assert xray("GetEncryptionConfig")["EncryptionConfig"] == {"Status": "ACTIVE", "Type": "NONE"}
    put(xray, segment(1, "plain", START, START + 1))
    key = kms("CreateKey")["KeyMetadata"]
    config = xray("PutEncryptionConfig", Type="KMS", KeyId=key["KeyId"])["EncryptionConfig"]
    assert config == {"KeyId": key["Arn"], "Status": "ACTIVE", "Type": "KMS"}
    assert xray("GetEncryptionConfig")["EncryptionConfig"] == config
    put(xray, segment(2, "secret-name", START, START + 1))
    rows = [item for _, item in _items(cloud)]
    assert any(b"plain" in row for row in rows)
    assert not any(b"secret-name" in row for row in rows)
    assert [one["name"] for one in documents(xray, trace_id(START))] == ["plain", "secret-name"]
    kms("DisableKey", KeyId=key["KeyId"])
    cloud.advance(400)
    with refused("InvalidRequestException", "cannot be used"):
        documents(xray, trace_id(START))
    with refused("InvalidRequestException", "cannot be used"):
        put(xray, segment(3, "more", START, START + 1))
    kms("EnableKey", KeyId=key["KeyId"])
    other = kms("CreateKey")["KeyMetadata"]["Arn"]
    xray("PutEncryptionConfig", Type="KMS", KeyId=other)
    put(xray, segment(3, "third", START, START + 1))
    xray("PutEncryptionConfig", Type="NONE")
    put(xray, segment(4, "fourth", START, START + 1))
    names = [one["name"] for one in documents(xray, trace_id(START))]
    assert names == ["plain", "secret-name", "third", "fourth"]
    assert len(summaries(xray, START, START + 1)) == 1


def test_whoever_tells_of_a_trace_needs_nothing_of_the_key(cloud: TestCloud, xray: Call) -> None:
    from fogbank.control import caller as callers

    key = cloud.call("kms", "CreateKey")["KeyMetadata"]["KeyId"]
    xray("PutEncryptionConfig", Type="KMS", KeyId=key)
    service = cloud.client("xray", caller=callers.service("ssm.amazonaws.com", ACCOUNT))
    assert put(service, segment(1, "a", START, START + 1)) == []
    assert len(documents(xray, trace_id(START))) == 1
    grants = cloud.call("kms", "ListGrants", {"KeyId": key})["Grants"]
    assert [one["Operations"] for one in grants] == [["Decrypt", "GenerateDataKeyWithoutPlaintext"]]


def _items(cloud: TestCloud) -> list[tuple[str, bytes]]:
    from fogbank.aws.scope import Scope
    from fogbank.store.items import Range

    scope = Scope("aws", ACCOUNT, "us-east-1")
    found, _ = cloud.cloud.dispatch.store.items(Range("\x00".join(("xray/segment", *scope))))
    return found


def test_tags(xray: Call) -> None:
    tags = [{"Key": "team", "Value": "red"}]
    group = xray("CreateGroup", GroupName="g", Tags=tags)["Group"]["GroupARN"]
    rule = xray("CreateSamplingRule", SamplingRule=RULE, Tags=tags)["SamplingRuleRecord"]["SamplingRule"]["RuleARN"]
    for arn in (group, rule):
        xray("TagResource", ResourceARN=arn, Tags=[{"Key": "a", "Value": "1"}])
        assert xray("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}, *tags]
        xray("UntagResource", ResourceARN=arn, TagKeys=["team"])
        assert xray("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}]


def policy(effect: str, action: str, principal: Any = "*") -> str:
    statement = {"Effect": effect, "Principal": principal, "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_resource_policies_have_revisions(xray: Call) -> None:
    allow = policy("Allow", "xray:PutTraceSegments", {"Service": "sns.amazonaws.com"})
    made = xray("PutResourcePolicy", PolicyName="p", PolicyDocument=allow, PolicyRevisionId="0")["ResourcePolicy"]
    assert made == {
        "PolicyName": "p", "PolicyDocument": allow, "PolicyRevisionId": "1", "LastUpdatedTime": START,
    }  # fmt: skip
    again = xray("PutResourcePolicy", PolicyName="p", PolicyDocument=allow)["ResourcePolicy"]
    assert again["PolicyRevisionId"] == "2"
    with refused("InvalidPolicyRevisionIdException"):
        xray("PutResourcePolicy", PolicyName="p", PolicyDocument=allow, PolicyRevisionId="1")
    assert xray("ListResourcePolicies")["ResourcePolicies"] == [again]
    xray("DeleteResourcePolicy", PolicyName="p", PolicyRevisionId="2")
    assert xray("ListResourcePolicies")["ResourcePolicies"] == []


def test_a_policy_that_denies_does(cloud: TestCloud, xray: Call) -> None:
    from fogbank.control import caller as callers

    service = cloud.client("xray", caller=callers.service("sns.amazonaws.com", ACCOUNT))
    assert put(service, segment(1, "a", START, START + 1)) == []
    deny = policy("Deny", "xray:PutTraceSegments", {"Service": "sns.amazonaws.com"})
    xray("PutResourcePolicy", PolicyName="p", PolicyDocument=deny)
    with refused("AccessDeniedException"):
        put(service, segment(1, "a", START, START + 1))
    assert put(xray, segment(1, "a", START, START + 1)) == []


def test_what_a_user_may(cloud: TestCloud, xray: Call) -> None:
    iam = cloud.client("iam")
    made = iam("CreateUser", UserName="ann")["User"]
    arn = f"arn:aws:xray:us-east-1:{ACCOUNT}:"
    statements = [
        {"Effect": "Allow", "Action": "xray:PutTraceSegments", "Resource": "*"},
        {"Effect": "Allow", "Action": "xray:CreateGroup", "Resource": f"{arn}group/mine*"},
        {"Effect": "Allow", "Action": ["xray:*SamplingRule", "xray:TagResource"], "Resource": f"{arn}sampling-rule/b*"},
        {
            "Effect": "Allow", "Action": "xray:DeleteGroup", "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/team": "red"}},
        },
    ]  # fmt: skip
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam("PutUserPolicy", UserName="ann", PolicyName="p", PolicyDocument=document)
    principal = Principal(arn=made["Arn"], account=ACCOUNT, kind="user", user_id=made["UserId"])
    ann = cloud.client("xray", caller=Caller(principal=principal, enforced=True))
    assert put(ann, segment(1, "a", START, START + 1)) == []
    ann("CreateGroup", GroupName="mine")
    ann("CreateSamplingRule", SamplingRule=RULE, Tags=[{"Key": "a", "Value": "b"}])
    xray("CreateGroup", GroupName="red", Tags=[{"Key": "team", "Value": "red"}])
    ann("DeleteGroup", GroupName="red")
    for operation, params in (
        ("BatchGetTraces", {"TraceIds": [trace_id(START)]}),
        ("CreateGroup", {"GroupName": "yours"}),
        ("DeleteGroup", {"GroupName": "mine"}),
        ("CreateSamplingRule", {"SamplingRule": {**RULE, "RuleName": "other"}}),
        ("UpdateSamplingRule", {"SamplingRuleUpdate": {"RuleName": "Default"}}),
        ("GetServiceGraph", {"StartTime": START, "EndTime": START}),
    ):
        with refused("AccessDeniedException"):
            ann(operation, **params)
