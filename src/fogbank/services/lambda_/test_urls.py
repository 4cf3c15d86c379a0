"""Functions behind URLs: what they are told of a request, what their answers mean, and who is let in."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from fogbank.planes.sandbox.sandbox import Outcome
from fogbank.services.lambda_.test_lambda import allowed
from fogbank.services.lambda_.test_wire import Make, make
from fogbank.testing import Served
from fogbank.testing.plugin import MakeClient

__all__ = ["make"]
Ask = Callable[..., tuple[int, dict[str, str], bytes]]


@pytest.fixture
def ask(served: Served, boto: MakeClient, make: Make) -> Ask:
    make("web")
    url = boto("lambda").create_function_url_config(FunctionName="web", AuthType="NONE", Cors={"AllowOrigins": ["*"]})
    host = urlsplit(url["FunctionUrl"]).netloc

    def asked(method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", served.port)
        connection.request(method, path, body or None, {"Host": host, **headers})
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, content

    return asked


def permit(boto: MakeClient) -> None:
    given = {"FunctionName": "web", "Principal": "*"}
    add = boto("lambda").add_permission
    add(StatementId="a", Action="lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE", **given)
    add(StatementId="b", Action="lambda:InvokeFunction", InvokedViaFunctionUrl=True, **given)


def test_nobody_is_let_in_without_a_word_of_the_policy(boto: MakeClient, ask: Ask) -> None:
    status, _, body = ask("GET", "/")
    assert status == 403 and b"Forbidden" in body
    permit(boto)
    assert ask("GET", "/")[0] == 200


def test_a_function_is_told_of_the_request(boto: MakeClient, ask: Ask) -> None:
    permit(boto)
    status, headers, body = ask("POST", "/a/b?x=1&x=2", b'{"n": 1}', **{"Content-Type": "application/json"})
    told: dict[str, Any] = json.loads(body)
    assert (status, headers["content-type"]) == (200, "application/json")
    assert (told["version"], told["rawPath"], told["rawQueryString"]) == ("2.0", "/a/b", "x=1&x=2")
    assert told["queryStringParameters"] == {"x": "1,2"} and told["requestContext"]["http"]["method"] == "POST"
    assert (told["body"], told["isBase64Encoded"]) == ('{"n": 1}', False)
    told = json.loads(ask("PUT", "/", b"\xff\x00", **{"Content-Type": "image/png"})[2])
    assert (told["body"], told["isBase64Encoded"]) == ("/wA=", True)


def test_an_answer_says_what_the_response_is(served: Served, boto: MakeClient, ask: Ask) -> None:
    permit(boto)
    sandboxes: Any = served.cloud.planes.sandboxes
    before = sandboxes.answers
    said = {
        "statusCode": 418,
        "headers": {"X-Tide": "high"},
        "cookies": ["a=b"],
        "body": "aGk=",
        "isBase64Encoded": True,
    }
    sandboxes.answers = lambda function, invocation: Outcome(json.dumps(said).encode())
    try:
        status, headers, body = ask("GET", "/", Origin="https://example.com")
        sandboxes.answers = lambda function, invocation: Outcome(b"{}", "Unhandled")
        failed = ask("GET", "/")
    finally:
        sandboxes.answers = before
    assert (status, headers["x-tide"], headers["set-cookie"], body) == (418, "high", "a=b", b"hi")
    assert headers["access-control-allow-origin"] == "*"
    assert failed[0] == 502


def test_a_url_goes_with_its_function(boto: MakeClient, ask: Ask) -> None:
    functions = boto("lambda")
    assert functions.get_function_url_config(FunctionName="web")["AuthType"] == "NONE"
    assert len(functions.list_function_url_configs(FunctionName="web")["FunctionUrlConfigs"]) == 1
    functions.delete_function(FunctionName="web")
    assert ask("GET", "/")[0] == 404


class Signs:
    """A user whose requests to a URL are signed."""

    def __init__(self, boto: MakeClient, name: str, *actions: str) -> None:
        iam = boto("iam")
        iam.create_user(UserName=name)
        if actions:
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=allowed(*actions))
        self.arn = iam.get_user(UserName=name)["User"]["Arn"]
        key = iam.create_access_key(UserName=name)["AccessKey"]
        self._credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    def headers(self, host: str, path: str) -> dict[str, str]:
        request = AWSRequest("GET", f"http://{host}{path}", headers={"host": host})
        SigV4Auth(self._credentials, "lambda", "us-east-1").add_auth(request)
        return {name: value for name, value in request.headers.items() if name.lower() != "host"}


def test_whoever_signs_is_let_in_as_policies_say(served: Served, boto: MakeClient, make: Make, ask: Ask) -> None:
    functions = boto("lambda")
    url = functions.update_function_url_config(FunctionName="web", AuthType="AWS_IAM")
    assert url["AuthType"] == "AWS_IAM"
    host = urlsplit(url["FunctionUrl"]).netloc
    both = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")
    ann, bob, cat = Signs(boto, "ann", *both), Signs(boto, "bob"), Signs(boto, "cat", both[0])
    assert ask("GET", "/")[0] == 403, "whoever does not sign is nobody"
    assert ask("GET", "/x", **bob.headers(host, "/x"))[0] == 403
    assert ask("GET", "/x", **cat.headers(host, "/x"))[0] == 403, "one of the two actions is not enough"
    status, _, body = ask("GET", "/x", **ann.headers(host, "/x"))
    told = json.loads(body)["requestContext"]
    assert status == 200 and told["authorizer"]["iam"]["userArn"] == ann.arn
    assert told["accountId"] == ann.arn.split(":")[4]
    status, headers, body = ask("GET", "/y", **ann.headers(host, "/x"))
    assert (status, headers["x-amzn-errortype"]) == (403, "SignatureDoesNotMatch"), body


def test_an_answer_that_streams_says_its_head_first(served: Served, boto: MakeClient, ask: Ask) -> None:
    permit(boto)
    boto("lambda").update_function_url_config(FunctionName="web", InvokeMode="RESPONSE_STREAM")
    sandboxes: Any = served.cloud.planes.sandboxes
    before = sandboxes.answers
    head = json.dumps({"statusCode": 203, "headers": {"x-tide": "low"}, "cookies": ["a=b"]}).encode()
    try:
        sandboxes.answers = lambda function, invocation: Outcome(head + bytes(8) + b"the body")
        status, headers, body = ask("GET", "/")
        assert (status, headers["x-tide"], headers["set-cookie"], body) == (203, "low", "a=b", b"the body")
        sandboxes.answers = lambda function, invocation: Outcome(b'{"no": "head"}')
        status, headers, body = ask("GET", "/")
        assert (status, headers["content-type"], body) == (200, "application/octet-stream", b'{"no": "head"}')
        sandboxes.answers = lambda function, invocation: Outcome(b"{}", "Unhandled")
        assert ask("GET", "/")[0] == 502
    finally:
        sandboxes.answers = before
