"""A function behind a URL that answers in parts: each goes out when it is written."""

from __future__ import annotations

import asyncio
import http.client
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.functions.conftest import Town

from fogbank.services.lambda_.test_lambda import archive

PARTS = """
export const run = awslambda.streamifyResponse(async (event, stream) => {
  const out = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { 'x-tide': 'rising' } });
  out.write('one');
  await new Promise((done) => setTimeout(done, 400));
  out.write('two');
  if (event.rawPath === '/fails') throw new Error('no such tide');
  out.end();
});
"""


@pytest.fixture(scope="module")
def streaming(town: Town) -> str:
    """The host of its URL."""
    if not town.has("nodejs20.x"):
        pytest.skip("no Node.js 20")
    town.make("parts", Runtime="nodejs20.x", Code={"ZipFile": archive({"main.mjs": PARTS})})
    made = town.call("CreateFunctionUrlConfig", FunctionName="parts", AuthType="NONE", InvokeMode="RESPONSE_STREAM")
    for number, action in enumerate(("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")):
        given = {"FunctionUrlAuthType": "NONE"} if action.endswith("Url") else {"InvokedViaFunctionUrl": True}
        town.call(
            "AddPermission", FunctionName="parts", StatementId=f"s{number}", Action=action, Principal="*", **given
        )
    return urlsplit(made["FunctionUrl"]).netloc


def asked(town: Town, host: str, path: str) -> tuple[http.client.HTTPResponse, list[tuple[bytes, float]]]:
    """The response, and its parts with the moments when they came."""
    address = urlsplit(town.cloud.cloud.planes.api_url())
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    connection.request("GET", path, headers={"Host": host})
    response = connection.getresponse()
    parts = []
    try:
        while part := response.read1():
            parts.append((part, time.monotonic()))
    finally:
        connection.close()
    return response, parts


def run(town: Town, *given: Any) -> Any:
    return town.cloud.run(asyncio.to_thread(asked, town, *given))


def test_parts_come_when_they_are_written(town: Town, streaming: str) -> None:
    response, parts = run(town, streaming, "/")
    assert (response.status, response.headers["x-tide"]) == (201, "rising")
    assert [part for part, _ in parts] == [b"one", b"two"]
    assert parts[1][1] - parts[0][1] > 0.2, "the first part does not wait for the second"


def test_an_answer_that_breaks_off_is_no_whole_one(town: Town, streaming: str) -> None:
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        run(town, streaming, "/fails")
