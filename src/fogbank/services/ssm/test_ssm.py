"""Parameter Store through the in-process cloud; expected values from the API pages and the User Guide."""

from __future__ import annotations

import json

import pytest

from fogbank.aws.errors import AwsError
from fogbank.services.ssm import rules
from fogbank.testing import START, TestCloud

DAY = 86_400.0


def put(cloud: TestCloud, name: str, value: str = "v", **more: object) -> dict[str, object]:
    return cloud.call("ssm", "PutParameter", {"Name": name, "Value": value, "Type": "String", **more})


def names(answer: dict[str, object]) -> list[str]:
    return [parameter["Name"] for parameter in answer["Parameters"]]  # type: ignore[attr-defined]


def refused(cloud: TestCloud, operation: str, code: str, **params: object) -> AwsError:
    with pytest.raises(AwsError) as caught:
        cloud.call("ssm", operation, params)
    assert caught.value.code == code, str(caught.value)
    return caught.value


def test_a_parameter_has_versions_and_selectors(cloud: TestCloud) -> None:
    ssm = cloud.client("ssm")
    assert put(cloud, "/a/b", "one") == {"Version": 1, "Tier": "Standard"}
    assert put(cloud, "/a/b", "two", Overwrite=True) == {"Version": 2, "Tier": "Standard"}
    assert ssm("GetParameter", Name="/a/b")["Parameter"] == {
        "Name": "/a/b",
        "Type": "String",
        "Value": "two",
        "Version": 2,
        "LastModifiedDate": START,
        "ARN": "arn:aws:ssm:us-east-1:000000000000:parameter/a/b",
        "DataType": "text",
    }
    older = ssm("GetParameter", Name="/a/b:1")["Parameter"]
    assert (older["Value"], older["Selector"]) == ("one", ":1")
    by_arn = ssm("GetParameter", Name="arn:aws:ssm:us-east-1:000000000000:parameter/a/b:1")["Parameter"]
    assert by_arn["Value"] == "one"
    assert "version 3 of /a/b" in refused(cloud, "GetParameter", "ParameterVersionNotFound", Name="/a/b:3").message
    refused(cloud, "GetParameter", "ParameterVersionNotFound", Name="/a/b:prod")


def test_a_parameter_is_not_written_over_by_accident(cloud: TestCloud) -> None:
    put(cloud, "a")
    text = "The parameter already exists. To overwrite this value, set the overwrite option in the request to true."
    error = refused(cloud, "PutParameter", "ParameterAlreadyExists", Name="a", Value="w", Type="String")
    assert error.message == text
    assert cloud.call("ssm", "GetParameter", {"Name": "a"})["Parameter"]["Value"] == "v"


def test_tags_and_overwrite_do_not_go_together(cloud: TestCloud) -> None:
    put(cloud, "a")
    tags = [{"Key": "k", "Value": "v"}]
    refused(cloud, "PutParameter", "ValidationException", Name="a", Value="w", Type="String", Overwrite=True, Tags=tags)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("awsome", "ValidationException"),
        ("ssm-x", "ValidationException"),
        ("/AWS/x", "AccessDeniedException"),
        ("a b", "ValidationException"),
        ("a/b", "ValidationException"),
        ("/a//b", "ValidationException"),
        ("/a/", "ValidationException"),
        ("a:1", "ValidationException"),
        ("/" + "/".join("abcdefghijklmnop"), "HierarchyLevelLimitExceededException"),
        ("/" + "x" * 1000, "ValidationException"),
    ],
)
def test_names_that_parameters_cannot_have(cloud: TestCloud, name: str, code: str) -> None:
    refused(cloud, "PutParameter", code, Name=name, Value="v", Type="String")
    assert cloud.call("ssm", "DescribeParameters")["Parameters"] == []


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"Value": ""}, "ValidationException"),
        ({"Value": "x" * 4097}, "ValidationException"),
        ({"Value": "x" * 8193, "Tier": "Advanced"}, "ValidationException"),
        ({"Value": "abc", "AllowedPattern": r"^\d+$"}, "ParameterPatternMismatchException"),
        ({"Value": "abc", "AllowedPattern": "("}, "InvalidAllowedPatternException"),
        ({"Value": "abc", "DataType": "integer"}, "ValidationException"),
        ({"Value": "abc", "DataType": "aws:ec2:image"}, "ValidationException"),
        ({"Value": "abc", "DataType": "colour"}, "ValidationException"),
        ({"Value": "abc", "KeyId": "alias/x"}, "ValidationException"),
        ({"Value": "a,,b", "Type": "StringList"}, "ValidationException"),
        ({"Value": "abc", "Policies": "[]]"}, "ValidationException"),
    ],
)
def test_values_that_parameters_cannot_have(cloud: TestCloud, params: dict[str, str], code: str) -> None:
    refused(cloud, "PutParameter", code, **{"Name": "a", "Type": "String", **params})
    refused(cloud, "GetParameter", "ParameterNotFound", Name="a")


def test_an_advanced_parameter_stays_advanced(cloud: TestCloud) -> None:
    assert put(cloud, "a", "x" * 5000, Tier="Intelligent-Tiering")["Tier"] == "Advanced"
    error = refused(
        cloud,
        "PutParameter",
        "ValidationException",
        Name="a",
        Value="v",
        Type="String",
        Tier="Standard",
        Overwrite=True,
    )
    assert "can't downgrade" in error.message


def test_paths_are_read_by_level_or_whole_and_in_pages(cloud: TestCloud) -> None:
    ssm = cloud.client("ssm")
    for name in ("/app/a", "/app/b", "/app/db/user", "/app/db/password", "/apple", "plain"):
        put(cloud, name)
    assert names(ssm("GetParametersByPath", Path="/app")) == ["/app/a", "/app/b"]
    assert names(ssm("GetParametersByPath", Path="/app/", Recursive=True))[-1] == "/app/db/user"
    first = ssm("GetParametersByPath", Path="/app", Recursive=True, MaxResults=3)
    second = ssm("GetParametersByPath", Path="/app", Recursive=True, MaxResults=3, NextToken=first["NextToken"])
    assert names(first) + names(second) == ["/app/a", "/app/b", "/app/db/password", "/app/db/user"]
    assert "NextToken" not in second
    assert "plain" in names(ssm("GetParametersByPath", Path="/"))
    refused(cloud, "GetParametersByPath", "ValidationException", Path="app")
    refused(cloud, "GetParametersByPath", "InvalidNextToken", Path="/app", NextToken="nonsense")


def test_several_names_at_once(cloud: TestCloud) -> None:
    put(cloud, "b")
    put(cloud, "a")
    found = cloud.call("ssm", "GetParameters", {"Names": ["b", "missing", "a:1", "a:7"]})
    assert names(found) == ["a", "b"]
    assert found["InvalidParameters"] == ["a:7", "missing"]


def test_labels_move_between_versions(cloud: TestCloud) -> None:
    ssm = cloud.client("ssm")
    put(cloud, "a", "one")
    put(cloud, "a", "two", Overwrite=True)
    assert ssm("LabelParameterVersion", Name="a", Labels=["prod", "1st", "aws-x"], ParameterVersion=1) == {
        "InvalidLabels": ["1st", "aws-x"],
        "ParameterVersion": 1,
    }
    assert ssm("GetParameter", Name="a:prod")["Parameter"]["Value"] == "one"
    ssm("LabelParameterVersion", Name="a", Labels=["prod"])
    assert ssm("GetParameter", Name="a:prod")["Parameter"]["Value"] == "two"
    history = ssm("GetParameterHistory", Name="a")["Parameters"]
    assert [(one["Version"], one["Value"], one["Labels"]) for one in history] == [(1, "one", []), (2, "two", ["prod"])]
    many = [f"l{number}" for number in range(10)]
    refused(cloud, "LabelParameterVersion", "ParameterVersionLabelLimitExceeded", Name="a", Labels=many)
    assert ssm("UnlabelParameterVersion", Name="a", ParameterVersion=2, Labels=["prod", "x"]) == {
        "RemovedLabels": ["prod"],
        "InvalidLabels": ["x"],
    }
    refused(cloud, "GetParameter", "ParameterVersionNotFound", Name="a:prod")


def test_the_history_keeps_a_hundred_versions_and_what_is_labelled(cloud: TestCloud) -> None:
    ssm = cloud.client("ssm")
    put(cloud, "a", "1")
    for number in range(2, 103):
        put(cloud, "a", str(number), Overwrite=True)
    pages, token = [], None
    while True:
        page = ssm("GetParameterHistory", Name="a", **({"NextToken": token} if token else {}))
        pages += [one["Version"] for one in page["Parameters"]]
        if (token := page.get("NextToken")) is None:
            break
    assert pages == list(range(3, 103))
    refused(cloud, "GetParameter", "ParameterVersionNotFound", Name="a:2")
    ssm("LabelParameterVersion", Name="a", Labels=["keep"], ParameterVersion=3)
    error = refused(
        cloud, "PutParameter", "ParameterMaxVersionLimitExceeded", Name="a", Value="x", Type="String", Overwrite=True
    )
    assert "Version 3, the oldest version, can't be deleted" in error.message


def test_descriptions_are_found_by_filters(cloud: TestCloud) -> None:
    put(cloud, "/a/one", Tags=[{"Key": "team", "Value": "red"}])
    put(cloud, "/a/b/two", Tier="Advanced")
    put(cloud, "three", "a,b", Type="StringList")

    def found(*filters: dict[str, object]) -> list[str]:
        return names(cloud.call("ssm", "DescribeParameters", {"ParameterFilters": list(filters)}))

    assert found({"Key": "Path", "Values": ["/a"]}) == ["/a/one"]
    assert found({"Key": "Path", "Option": "Recursive", "Values": ["/a"]}) == ["/a/b/two", "/a/one"]
    assert found({"Key": "Name", "Option": "Contains", "Values": ["w", "hr"]}) == ["/a/b/two", "three"]
    assert found({"Key": "Type", "Values": ["StringList"]}) == ["three"]
    assert found({"Key": "Tier", "Values": ["Advanced"]}) == ["/a/b/two"]
    assert found({"Key": "tag:team", "Values": ["red"]}) == ["/a/one"]
    assert found({"Key": "tag:team", "Values": ["blue"]}) == []
    assert found(
        {"Key": "Name", "Option": "BeginsWith", "Values": ["/a"]}, {"Key": "Tier", "Values": ["Standard"]}
    ) == ["/a/one"]
    for code, wanted in (
        ("InvalidFilterKey", {"Key": "Label", "Values": ["x"]}),
        ("InvalidFilterOption", {"Key": "Type", "Option": "Contains", "Values": ["x"]}),
        ("InvalidFilterValue", {"Key": "Type"}),
    ):
        refused(cloud, "DescribeParameters", code, ParameterFilters=[wanted])


def test_deleting_takes_the_history_along(cloud: TestCloud) -> None:
    put(cloud, "a", "one")
    put(cloud, "a", "two", Overwrite=True)
    assert cloud.call("ssm", "DeleteParameters", {"Names": ["a", "b"]}) == {
        "DeletedParameters": ["a"],
        "InvalidParameters": ["b"],
    }
    refused(cloud, "DeleteParameter", "ParameterNotFound", Name="a")
    assert put(cloud, "a", "new")["Version"] == 1
    assert len(cloud.call("ssm", "GetParameterHistory", {"Name": "a"})["Parameters"]) == 1


def test_accounts_and_regions_do_not_see_each_other(cloud: TestCloud) -> None:
    put(cloud, "a")
    with pytest.raises(AwsError, match="ParameterNotFound"):
        cloud.call("ssm", "GetParameter", {"Name": "a"}, region="eu-west-1")
    with pytest.raises(AwsError, match="ParameterNotFound"):
        cloud.call("ssm", "GetParameter", {"Name": "a"}, region="cn-north-1")
    china = cloud.client("ssm", region="cn-north-1")
    china("PutParameter", Name="a", Value="v", Type="String")
    assert china("GetParameter", Name="a")["Parameter"]["ARN"].startswith("arn:aws-cn:ssm:cn-north-1:")


def test_an_expired_parameter_goes_and_notices_come_before(cloud: TestCloud) -> None:
    policies = [
        {"Type": "Expiration", "Version": "1.0", "Attributes": {"Timestamp": "2025-06-25T15:06:40Z"}},
        {"Type": "ExpirationNotification", "Version": "1.0", "Attributes": {"Before": "2", "Unit": "Days"}},
        {"Type": "NoChangeNotification", "Version": "1.0", "Attributes": {"After": "20", "Unit": "Days"}},
    ]
    put(cloud, "/a", Tier="Advanced", Policies=json.dumps(policies))
    listed = cloud.call("ssm", "DescribeParameters")["Parameters"][0]["Policies"]
    assert [policy["PolicyType"] for policy in listed] == [policy["Type"] for policy in policies]
    cloud.advance(7 * DAY)
    assert told(cloud) == []
    cloud.advance(1.5 * DAY)
    assert told(cloud) == ["ExpirationNotification"]
    cloud.advance(1 * DAY)
    assert cloud.call("ssm", "GetParameter", {"Name": "/a"})["Parameter"]["Value"] == "v"
    cloud.advance(1 * DAY)
    assert told(cloud) == ["ExpirationNotification", "Expiration"]
    refused(cloud, "GetParameter", "ParameterNotFound", Name="/a")


def test_a_parameter_that_nobody_changes_is_told_of_once(cloud: TestCloud) -> None:
    policy = [{"Type": "NoChangeNotification", "Version": "1.0", "Attributes": {"After": "3", "Unit": "Hours"}}]
    put(cloud, "/a", Tier="Advanced", Policies=json.dumps(policy))
    cloud.advance(7200)
    put(cloud, "/a", "w", Overwrite=True)
    cloud.advance(7200)
    assert told(cloud) == [], "the change began the time anew"
    cloud.advance(7200)
    cloud.advance(DAY)
    assert told(cloud) == ["NoChangeNotification"]


def told(cloud: TestCloud) -> list[str]:
    return [
        event["detail"]["policy-type"]
        for event in cloud.events()
        if event["detail-type"] == "Parameter Store Policy Action"
    ]


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ({"Type": "Sunset"}, "InvalidPolicyTypeException"),
        ({"Type": "Expiration", "Attributes": {"Timestamp": "soon"}}, "InvalidPolicyAttributeException"),
        (
            {"Type": "ExpirationNotification", "Attributes": {"Before": "2", "Unit": "Days"}},
            "IncompatiblePolicyException",
        ),
        (
            {"Type": "NoChangeNotification", "Attributes": {"After": "x", "Unit": "Days"}},
            "InvalidPolicyAttributeException",
        ),
    ],
)
def test_policies_that_are_refused(cloud: TestCloud, policy: dict[str, object], code: str) -> None:
    text = json.dumps([{"Version": "1.0", **policy}])
    refused(cloud, "PutParameter", code, Name="a", Value="v", Type="String", Tier="Advanced", Policies=text)


def test_changes_are_told_with_what_was_done(cloud: TestCloud) -> None:
    put(cloud, "/a")
    put(cloud, "/a", "w", Overwrite=True)
    cloud.call("ssm", "DeleteParameter", {"Name": "/a"})
    refused(cloud, "DeleteParameter", "ParameterNotFound", Name="/a")
    assert [(event["source"], event["detail"]["operation"]) for event in cloud.events()] == [
        ("aws.ssm", "Create"),
        ("aws.ssm", "Update"),
        ("aws.ssm", "Delete"),
    ]


def test_public_parameters(cloud: TestCloud) -> None:
    ssm = cloud.client("ssm", region="eu-west-1")
    image = ssm("GetParameter", Name="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64")
    assert image["Parameter"]["Value"].startswith("ami-")
    assert image["Parameter"]["ARN"].startswith("arn:aws:ssm:eu-west-1::parameter/aws/service/")
    path = "/aws/service/global-infrastructure/regions"
    assert f"{path}/af-south-1" in names(ssm("GetParametersByPath", Path=path))
    refused(cloud, "GetParameter", "ParameterNotFound", Name="/aws/service/nothing")


def test_the_default_tier_is_a_setting(cloud: TestCloud) -> None:
    name = "/ssm/parameter-store/default-parameter-tier"
    assert cloud.call("ssm", "GetServiceSetting", {"SettingId": name})["ServiceSetting"]["Status"] == "Default"
    cloud.call("ssm", "UpdateServiceSetting", {"SettingId": name, "SettingValue": "Advanced"})
    assert put(cloud, "a")["Tier"] == "Advanced"
    cloud.call("ssm", "ResetServiceSetting", {"SettingId": name})
    assert put(cloud, "b")["Tier"] == "Standard"


def test_tags(cloud: TestCloud) -> None:
    ssm = cloud.client("ssm")
    put(cloud, "a", Tags=[{"Key": "x", "Value": "1"}])
    ssm("AddTagsToResource", ResourceType="Parameter", ResourceId="a", Tags=[{"Key": "y", "Value": "2"}])
    ssm("RemoveTagsFromResource", ResourceType="Parameter", ResourceId="a", TagKeys=["x"])
    assert ssm("ListTagsForResource", ResourceType="Parameter", ResourceId="a")["TagList"] == [
        {"Key": "y", "Value": "2"}
    ]
    refused(cloud, "ListTagsForResource", "InvalidResourceId", ResourceType="Parameter", ResourceId="b")
    refused(cloud, "ListTagsForResource", "NotImplemented", ResourceType="Document", ResourceId="b")


@pytest.mark.parametrize(
    ("name", "path", "recursive", "below"),
    [
        ("/a/b", "/a", False, True),
        ("/a/b/c", "/a", False, False),
        ("/a/b/c", "/a/", True, True),
        ("/ab", "/a", True, False),
        ("plain", "/", False, True),
    ],
)
def test_is_below(name: str, path: str, recursive: bool, below: bool) -> None:
    assert rules.is_below(name, path, recursive) is below


def test_each_tier_has_its_limit(cloud: TestCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "STANDARD_PARAMETERS_MAX", 2)
    monkeypatch.setattr(rules, "ADVANCED_PARAMETERS_MAX", 2)
    put(cloud, "a")
    put(cloud, "b")
    refused(cloud, "PutParameter", "ParameterLimitExceeded", Name="c", Value="v", Type="String")
    assert put(cloud, "c", Tier="Intelligent-Tiering")["Tier"] == "Advanced"
    put(cloud, "a", Overwrite=True, Tier="Advanced")
    assert put(cloud, "d")["Tier"] == "Standard"
    refused(cloud, "PutParameter", "ParameterLimitExceeded", Name="e", Value="v", Type="String", Tier="Advanced")
    cloud.call("ssm", "DeleteParameter", {"Name": "a"})
    assert put(cloud, "e", Tier="Advanced")["Tier"] == "Advanced"


@pytest.mark.parametrize("operation", ["DeleteParameter", "LabelParameterVersion", "UnlabelParameterVersion"])
def test_an_arn_of_another_place_does_not_touch_this_one(cloud: TestCloud, operation: str) -> None:
    put(cloud, "/a/b", "here")
    cloud.call("ssm", "PutParameter", {"Name": "/a/b", "Value": "there", "Type": "String"}, region="eu-west-1")
    more = {} if operation == "DeleteParameter" else {"Labels": ["l"], "ParameterVersion": 1}
    there = "arn:aws:ssm:eu-west-1:000000000000:parameter/a/b"
    refused(cloud, operation, "ParameterNotFound", Name=there, **more)
    assert cloud.call("ssm", "GetParameter", {"Name": "/a/b"})["Parameter"]["Value"] == "here"
    history = cloud.call("ssm", "GetParameterHistory", {"Name": there})["Parameters"]
    assert [version["Value"] for version in history] == ["there"]


def test_a_parameter_made_anew_is_shared_with_nobody(cloud: TestCloud) -> None:
    from fogbank.control import caller

    arn = "arn:aws:ssm:us-east-1:000000000000:parameter/a/b"
    statement = {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "ssm:GetParameter", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    put(cloud, "/a/b", "shared", Tier="Advanced")
    cloud.call("ssm", "PutResourcePolicy", {"ResourceArn": arn, "Policy": policy})
    other = cloud.client("ssm", caller=caller.root("111111111111"))
    assert other("GetParameter", Name=arn)["Parameter"]["Value"] == "shared"
    cloud.call("ssm", "DeleteParameter", {"Name": "/a/b"})
    put(cloud, "/a/b", "private")
    with pytest.raises(AwsError, match="not authorized"):
        other("GetParameter", Name=arn)
