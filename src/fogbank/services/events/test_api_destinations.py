"""API destinations: real requests to a real endpoint, authorized by what a connection keeps secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.testing import TestCloud
from fogbank.testing.endpoint import Endpoint

ROLE_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def api_key(value: str = "tide") -> dict[str, Any]:
    return {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": value}}


def destination(cloud: TestCloud, url: str, given: dict[str, Any], kind: str = "API_KEY", **target: Any) -> str:
    """A rule that tells an endpoint of everything from `shop`; returns the connection's ARN."""
    events = cloud.client("events")
    iam = cloud.client("iam")
    role = iam("CreateRole", RoleName="caller", AssumeRolePolicyDocument=ROLE_TRUST)["Role"]["Arn"]
    connection = events("CreateConnection", Name="c", AuthorizationType=kind, AuthParameters=given)["ConnectionArn"]
    cloud.events()
    made = events(
        "CreateApiDestination", Name="d", ConnectionArn=connection, InvocationEndpoint=url, HttpMethod="POST"
    )["ApiDestinationArn"]
    events("PutRule", Name="r", EventPattern='{"source": ["shop"]}')
    events("PutTargets", Rule="r", Targets=[{"Id": "1", "Arn": made, "RoleArn": role, **target}])
    return str(connection)


def put(cloud: TestCloud, detail: Any) -> None:
    entry = {"Source": "shop", "DetailType": "Order", "Detail": json.dumps(detail)}
    assert cloud.call("events", "PutEvents", {"Entries": [entry]})["FailedEntryCount"] == 0
    cloud.events()


def test_an_endpoint_is_told_with_the_key_paths_and_headers(cloud: TestCloud, endpoint: Endpoint) -> None:
    http = {
        "PathParameterValues": ["$.detail.shop", "x y"],
        "HeaderParameters": {"X-Order": "$.detail.id"},
        "QueryStringParameters": {"shop": "$.detail.shop"},
    }
    fixed = {
        "QueryStringParameters": [{"Key": "q", "Value": "1"}],
        "BodyParameters": [{"Key": "added", "Value": "yes", "IsValueSecret": True}],
    }
    given = {**api_key(), "InvocationHttpParameters": fixed}
    destination(cloud, f"{endpoint.url}/*/in/*", given, HttpParameters=http, InputPath="$.detail")
    put(cloud, {"shop": "north", "id": 7})
    (got,) = endpoint.got
    assert got.path == "/north/in/x%20y?shop=north&q=1"
    assert json.loads(got.body) == {"shop": "north", "id": 7, "added": "yes"}
    assert got.headers["x-key"] == "tide" and got.headers["x-order"] == "7"
    shown = cloud.call("events", "DescribeConnection", {"Name": "c"})
    assert shown["AuthParameters"]["ApiKeyAuthParameters"] == {"ApiKeyName": "X-Key"}
    assert "yes" not in json.dumps(shown["AuthParameters"]) and shown["ConnectionState"] == "AUTHORIZED"
    secret = cloud.call("secretsmanager", "GetSecretValue", {"SecretId": shown["SecretArn"]})
    assert json.loads(secret["SecretString"])["ApiKeyAuthParameters"]["ApiKeyValue"] == "tide"


def test_a_password_goes_as_basic_authorization(cloud: TestCloud, endpoint: Endpoint) -> None:
    destination(cloud, endpoint.url, {"BasicAuthParameters": {"Username": "u", "Password": "p"}}, "BASIC")
    put(cloud, {})
    assert endpoint.got[0].headers["authorization"] == "Basic dTpw"


def test_a_token_is_fetched_for_oauth(cloud: TestCloud, endpoint: Endpoint) -> None:
    client = {"ClientID": "id", "ClientSecret": "hush"}
    oauth = {"ClientParameters": client, "AuthorizationEndpoint": f"{endpoint.url}/token", "HttpMethod": "POST"}
    token = (200, b'{"access_token": "abc"}')
    endpoint.answers = [token, token]
    destination(cloud, f"{endpoint.url}/in", {"OAuthParameters": oauth}, "OAUTH_CLIENT_CREDENTIALS")
    put(cloud, {})
    assert "client_secret=hush" in endpoint.got[0].body
    assert endpoint.got[-1].path == "/in" and endpoint.got[-1].headers["authorization"] == "Bearer abc"


def test_a_connection_without_a_token_is_not_authorized_and_tells_nobody(cloud: TestCloud, endpoint: Endpoint) -> None:
    client = {"ClientID": "id", "ClientSecret": "hush"}
    oauth = {"ClientParameters": client, "AuthorizationEndpoint": f"{endpoint.url}/token", "HttpMethod": "POST"}
    endpoint.answers = [(401, b"no")]
    destination(cloud, f"{endpoint.url}/in", {"OAuthParameters": oauth}, "OAUTH_CLIENT_CREDENTIALS")
    shown = cloud.call("events", "DescribeConnection", {"Name": "c"})
    assert shown["ConnectionState"] == "DEAUTHORIZED" and "401" in shown["StateReason"]
    put(cloud, {})
    assert [got.path for got in endpoint.got] == ["/token"]


def test_an_endpoint_that_fails_is_tried_again_and_one_that_refuses_is_not(
    cloud: TestCloud, endpoint: Endpoint
) -> None:
    queue = "arn:aws:sqs:us-east-1:000000000000:dead"
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": queue}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    url = cloud.call("sqs", "CreateQueue", {"QueueName": "dead", "Attributes": {"Policy": policy}})["QueueUrl"]
    destination(cloud, endpoint.url, api_key(), DeadLetterConfig={"Arn": queue})
    endpoint.answers = [(503, b""), (429, b""), (200, b"")]
    put(cloud, {"id": 1})
    assert len(endpoint.got) == 1
    cloud.advance(60)
    assert len(endpoint.got) == 3
    assert "Messages" not in cloud.call("sqs", "ReceiveMessage", {"QueueUrl": url})
    endpoint.answers = [(400, b"bad order")]
    put(cloud, {"id": 2})
    cloud.advance(600)
    assert len(endpoint.got) == 4
    (letter,) = cloud.call("sqs", "ReceiveMessage", {"QueueUrl": url, "MessageAttributeNames": ["All"]})["Messages"]
    assert "bad order" in letter["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]


def test_nobody_there_is_a_reason_to_try_later(cloud: TestCloud, endpoint: Endpoint) -> None:
    destination(cloud, endpoint.url, api_key())
    closed = Endpoint()
    closed.close()
    cloud.call("events", "UpdateApiDestination", {"Name": "d", "InvocationEndpoint": closed.url})
    put(cloud, {"id": 1})
    assert endpoint.got == []
    cloud.call("events", "UpdateApiDestination", {"Name": "d", "InvocationEndpoint": endpoint.url})
    cloud.advance(30)
    assert len(endpoint.got) == 1


def test_a_rate_is_kept(cloud: TestCloud, endpoint: Endpoint) -> None:
    destination(cloud, endpoint.url, api_key())
    cloud.call("events", "UpdateApiDestination", {"Name": "d", "InvocationRateLimitPerSecond": 1})
    for number in range(3):
        put(cloud, {"id": number})
    assert len(endpoint.got) == 1
    cloud.advance(30)
    assert len(endpoint.got) == 3


def test_connections_and_destinations_are_checked(cloud: TestCloud, endpoint: Endpoint) -> None:
    events = cloud.client("events")
    with pytest.raises(AwsError, match=r"ValidationException.*ApiKeyAuthParameters must be specified"):
        events(
            "CreateConnection",
            Name="c",
            AuthorizationType="API_KEY",
            AuthParameters={"BasicAuthParameters": {"Username": "u", "Password": "p"}},
        )
    connection = destination(cloud, endpoint.url, api_key())
    with pytest.raises(AwsError, match=r"ResourceAlreadyExistsException.*Connection c already exists"):
        events("CreateConnection", Name="c", AuthorizationType="API_KEY", AuthParameters=api_key())
    with pytest.raises(AwsError, match="used by API destinations"):
        events("DeleteConnection", Name="c")
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        events(
            "CreateApiDestination",
            Name="e",
            ConnectionArn=connection + "x",
            InvocationEndpoint=endpoint.url,
            HttpMethod="POST",
        )
    assert [one["Name"] for one in events("ListApiDestinations")["ApiDestinations"]] == ["d"]
    assert events("ListConnections")["Connections"][0]["AuthorizationType"] == "API_KEY"
    assert events("DeauthorizeConnection", Name="c")["ConnectionState"] == "DEAUTHORIZED"
    assert events("DescribeApiDestination", Name="d")["ApiDestinationState"] == "INACTIVE"
    events("UpdateConnection", Name="c", AuthorizationType="API_KEY", AuthParameters=api_key("new"))
    cloud.events()
    assert events("DescribeConnection", Name="c")["ConnectionState"] == "AUTHORIZED"
    put(cloud, {})
    assert endpoint.got[0].headers["x-key"] == "new"
    events("DeleteApiDestination", Name="d")
    assert events("DeleteConnection", Name="c")["ConnectionState"] == "DELETING"
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        events("DescribeConnection", Name="c")
