"""fogbank's own pages: what they answer, to whom, and what they refuse."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import boto3
import botocore
import pytest

from fogbank.codec.message import Request, Response
from fogbank.gateway.hosts import is_own, name_of
from fogbank.gateway.test_route import UUID, Door, code_of, id_of, rpc
from fogbank.testing import START, Served

PUT = b'{"Name":"/x","Value":"v","Type":"String"}'


@pytest.fixture
def door() -> Iterator[Door]:
    found = Door()
    yield found
    found.test.close()


def page(door: Door, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    response = answered(door, Request(method, path, "", {"host": "localhost:4566", **headers}, raw))
    return response.status, json.loads(bytes(response.body))  # type: ignore[arg-type]


def answered(door: Door, request: Request) -> Response:
    response = door.ask(request)
    assert dict(response.headers)["content-type"] == "application/json" and UUID.match(id_of(response))
    return response


def test_health_and_info(door: Door) -> None:
    assert page(door, "GET", "/_fogbank/health")[1]["status"] == "ok"
    status, health = page(door, "GET", "/_localstack/health")
    assert status == 200 and health["services"]["ssm"] == "running" and health["edition"] == "fogbank"
    status, info = page(door, "GET", "/_fogbank/info/")
    assert status == 200 and info["account"] == "000000000000" and "ssm" in info["services"]
    assert info["state"] == "(ephemeral)" and info["durability"] == "none"


def test_coverage_is_read_off_the_code(door: Door) -> None:
    ssm = page(door, "GET", "/_fogbank/coverage")[1]["ssm"]
    assert "PutParameter" in ssm["implemented"] and "CreateActivation" in ssm["not_implemented"]
    assert len(ssm["implemented"]) + len(ssm["not_implemented"]) == ssm["operations"]


def test_events(door: Door) -> None:
    door.asked(rpc("AmazonSSM.PutParameter", PUT), "ssm")
    door.test.run(door.test.cloud.settled())
    event = page(door, "GET", "/_fogbank/events")[1]["events"][-1]
    assert event["source"] == "aws.ssm" and event["detail"]["name"] == "/x"


def test_reset_forgets_everything(door: Door) -> None:
    assert door.asked(rpc("AmazonSSM.PutParameter", PUT), "ssm").status == 200
    assert page(door, "POST", "/_fogbank/faults", {"error": "ThrottlingException", "service": "kms"})[0] == 200
    assert page(door, "POST", "/_fogbank/reset")[1]["reset"] is True
    assert page(door, "GET", "/_fogbank/faults") == (200, {"faults": []})
    gone = door.asked(rpc("AmazonSSM.GetParameter", b'{"Name":"/x"}'), "ssm")
    assert code_of(gone) == "ParameterNotFound"
    assert page(door, "GET", "/_fogbank/events") == (200, {"events": []})


def test_the_clock_is_moved_frozen_and_let_go(door: Door) -> None:
    assert page(door, "GET", "/_fogbank/clock")[1]["now"] == START
    assert page(door, "POST", "/_fogbank/clock", {"advance_seconds": 1.5})[1]["now"] == START + 1.5
    assert page(door, "POST", "/_fogbank/clock", {"freeze": True})[1]["frozen"] is True
    resumed = page(door, "POST", "/_fogbank/clock", {"resume": True})[1]
    assert resumed["frozen"] is False and START <= resumed["now"] < START + 60
    restarted = page(door, "POST", "/_fogbank/clock", {"restart": True})[1]
    assert restarted["frozen"] is False and restarted["offset_seconds"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"advance_seconds": -1},
        {"advance_seconds": "1"},
        {"advance_seconds": "nan"},
        {"advance_seconds": None},
        {"advance_seconds": True},
        {"advance_seconds": [1]},
        {"advance_seconds": 1e300},
        {"advance_seconds": 1, "freeze": True},
        {"freeze": False},
        {"freeze": 1},
        {"forward": 1},
    ],
)
def test_moves_of_the_clock_that_make_no_sense(door: Door, body: dict[str, Any]) -> None:
    status, said = page(door, "POST", "/_fogbank/clock", body)
    assert (status, said["error"]) == (400, "ValidationException")
    assert page(door, "GET", "/_fogbank/clock")[1] == {"now": START, "offset_seconds": 0.0, "frozen": True}


def test_faults_come_and_go(door: Door) -> None:
    fault = {"error": "ThrottlingException", "service": "ssm", "operation": "GetParameter", "status": 429}
    status, made = page(door, "POST", "/_fogbank/faults", {**fault, "seconds": 60})
    assert status == 200 and made["ends_at"] == START + 60
    hit = door.asked(rpc("AmazonSSM.GetParameter", b'{"Name":"/x"}'), "ssm")
    assert (hit.status, code_of(hit)) == (429, "ThrottlingException")
    assert [one["id"] for one in page(door, "GET", "/_fogbank/faults")[1]["faults"]] == [made["id"]]
    door.test.advance(61)
    assert page(door, "GET", "/_fogbank/faults")[1] == {"faults": []}
    again = page(door, "POST", "/_fogbank/faults", fault)[1]["id"]
    assert page(door, "DELETE", f"/_fogbank/faults/{again}") == (200, {"removed": 1})
    status, said = page(door, "DELETE", f"/_fogbank/faults/{again}")
    assert (status, said["error"]) == (404, "NotFound")
    page(door, "POST", "/_fogbank/faults", fault)
    assert page(door, "DELETE", "/_fogbank/faults")[1]["removed"] >= 1
    assert page(door, "GET", "/_fogbank/faults")[1] == {"faults": []}


@pytest.mark.parametrize(
    "body",
    [{}, {"service": "ssm"}, {"error": 3}, {"error": "X", "rate": 0}, {"error": "X", "rate": 2}, {"error": "X", "a": 1},
     {"error": "X", "seconds": "soon"}, {"error": "X", "seconds": [1]}, {"delay_seconds": "1"}],
)  # fmt: skip
def test_faults_that_make_no_sense(door: Door, body: dict[str, Any]) -> None:
    status, said = page(door, "POST", "/_fogbank/faults", body)
    assert (status, said["error"]) == (400, "ValidationException")
    assert page(door, "GET", "/_fogbank/faults")[1] == {"faults": []}


@pytest.mark.parametrize("body", [b"{", b"[]", b"3", b"\xff\xfe", b"null", b'{"a":1', b"[" * 100_000, b"{}{}"])
@pytest.mark.parametrize("path", ["clock", "faults", "reset"])
def test_bodies_that_are_no_object(door: Door, path: str, body: bytes) -> None:
    status, said = page(door, "POST", f"/_fogbank/{path}", body)
    assert (status, said["error"]) == (400, "SerializationException")


def test_wrong_methods_and_unknown_pages(door: Door) -> None:
    for method, path, allow in (
        ("POST", "/_fogbank/health", "GET"),
        ("GET", "/_fogbank/reset", "POST"),
        ("PUT", "/_fogbank/clock", "GET, POST"),
        ("GET", "/_fogbank/faults/abc", "DELETE"),
        ("OPTIONS", "/_fogbank/health", "GET"),
    ):
        response = answered(door, Request(method, path, "", {"host": "localhost"}))
        assert response.status == 405 and dict(response.headers)["allow"] == allow
    for path in ("/_fogbank", "/_fogbank/", "/_fogbank/nothing", "/_localstack/info", "/_fogbank/../health"):
        status, said = page(door, "GET", path)
        assert (status, said["error"]) == (404, "NotFound") and "/_fogbank/health" in said["message"]
    # A bucket may be called nearly so.
    assert code_of(door.asked(Request("GET", "/_fogbankk/health", "", {"host": "localhost"}), "s3")) == "NoSuchBucket"


def test_a_bug_behind_a_page_is_told_without_its_details(
    door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise RuntimeError("secret detail")

    with monkeypatch.context() as patch:
        patch.setattr(door.test.cloud, "reset", broken)
        status, said = page(door, "POST", "/_fogbank/reset")
    assert (status, said["error"]) == (500, "InternalFailure")
    assert "secret" not in said["message"] and "secret detail" in caplog.text


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "", "http://localhost:3000", "http://localhost", "https://127.0.0.1:4566"]
)
def test_pages_of_other_origins_may_do_nothing(door: Door, origin: str) -> None:
    door.asked(rpc("AmazonSSM.PutParameter", PUT), "ssm")
    for method, path in (("POST", "/_fogbank/reset"), ("GET", "/_fogbank/events"), ("OPTIONS", "/_fogbank/reset")):
        status, said = page(door, method, path, origin=origin)
        assert (status, said["error"]) == (403, "Forbidden")
    assert door.asked(rpc("AmazonSSM.GetParameter", b'{"Name":"/x"}'), "ssm").status == 200


def test_pages_of_fogbanks_own_origin_may(door: Door) -> None:
    assert page(door, "POST", "/_fogbank/reset", origin="http://localhost:4566")[0] == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:4566", "localhost.evil.example", "127.0.0.1.evil.example", "evillocalhost", "",
     "amazonaws.com.evil.example", "fogbank", "0x7f.1", "localhost@evil.example", "127.0.0.1:80:80", "[::1].evil"],
)  # fmt: skip
def test_a_name_that_a_stranger_can_own_is_refused(door: Door, host: str) -> None:
    status, said = page(door, "GET", "/_fogbank/events", host=host, origin=f"http://{host}")
    assert (status, said["error"]) == (403, "Forbidden")
    assert page(door, "POST", "/_fogbank/reset", host=host)[0] == 403


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:4566", "localhost.", "127.0.0.1:4566", "10.0.0.7", "[::1]:4566", "[fe80::1]",
     "a.localhost", "localhost.localstack.cloud:4566", "s3.localhost.localstack.cloud", "ssm.eu-west-1.amazonaws.com"],
)  # fmt: skip
def test_addresses_and_names_of_this_machine_pass(door: Door, host: str) -> None:
    assert page(door, "GET", "/_fogbank/health", host=host)[0] == 200


def test_the_setting_host_is_a_name_of_this_machine() -> None:
    door = Door(host="Fogbank.internal")
    assert page(door, "GET", "/_fogbank/health", host="fogbank.internal:4566")[0] == 200
    assert page(door, "GET", "/_fogbank/health", host="fogbank.other:4566")[0] == 403
    door.test.close()


def test_who_sends_no_host_is_no_browser(door: Door) -> None:
    assert door.ask(Request("GET", "/_fogbank/health", "", {})).status == 200
    assert door.ask(Request("POST", "/_fogbank/reset", "", {"origin": "null"})).status == 403


def test_names_in_host_headers() -> None:
    assert name_of("LocalHost.:80") == "localhost" and name_of("[::1]:80") == "::1" and name_of("[::1]") == "::1"
    assert not is_own("") and not is_own("a", "") and is_own("a:1", "A")


def test_head_is_get_without_a_body(served: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    connection.request("HEAD", "/_fogbank/health")
    response = connection.getresponse()
    assert response.status == 200 and response.read() == b"" and UUID.match(response.headers["x-amzn-requestid"])
    assert response.headers["cache-control"] == "no-store"
    connection.close()


def test_a_log_that_cannot_be_written_is_unhealthy_until_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    served = Served()
    ssm = boto3.client(
        "ssm",
        endpoint_url=served.url,
        region_name="us-east-1",
        aws_access_key_id="0" * 12,
        aws_secret_access_key="x",
        config=botocore.config.Config(retries={"total_max_attempts": 1}),
    )

    def refuse(batch: object) -> None:
        raise OSError("disk full")

    def health() -> int:
        connection = http.client.HTTPConnection("127.0.0.1", served.port)
        connection.request("GET", "/_fogbank/health")
        status = connection.getresponse().status
        connection.close()
        return status

    with monkeypatch.context() as patch:
        patch.setattr(served.cloud.store._log, "commit", refuse)
        with pytest.raises(botocore.exceptions.ClientError, match="InternalFailure"):
            ssm.put_parameter(Name="a", Value="v", Type="String")
        assert health() == 503
    assert health() == 200
    ssm.close()
    served.close()
