"""Functions behind URLs: what they are told of a request, what their answers mean, and who is let in."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from fogbank.planes.sandbox.sandbox import Outcome
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
