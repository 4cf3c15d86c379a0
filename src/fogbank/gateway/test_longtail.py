"""What is borrowed from moto: answered, marked, kept apart, and named where it is not there."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.codec.message import Request, Response
from fogbank.gateway import longtail
from fogbank.gateway.sigv4 import Credentials
from fogbank.gateway.test_identify import issued
from fogbank.gateway.test_route import ACCOUNT, STRANGER, Door, code_of, id_of, rest, rpc, text_of

HAS_MOTO = all(importlib.util.find_spec(name) is not None for name in ("moto", "flask"))
needs_moto = pytest.mark.skipif(not HAS_MOTO, reason="the extra fogbank[longtail] (moto with its server) is missing")
# moto and what it imports may warn as they like.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def door() -> Iterator[Door]:
    found = Door(longtail=True)
    yield found
    found.ask(Request("POST", "/_fogbank/reset", "", {"host": "localhost"}))
    found.test.close()


def glue(operation: str, params: dict[str, Any] | None = None) -> Request:
    return rpc(f"AWSGlue.{operation}", json.dumps(params or {}).encode())


def databases(door: Door, keys: Credentials = STRANGER, region: str = "eu-west-1") -> list[str]:
    response = door.asked(glue("GetDatabases"), "glue", keys, region=region)
    assert is_borrowed(response), text_of(response)
    return [one["Name"] for one in json.loads(text_of(response))["DatabaseList"]]


def is_borrowed(response: Response) -> bool:
    return dict(response.headers).get("x-fogbank-borrowed") == "moto"


@needs_moto
def test_a_service_without_a_folder_is_borrowed_per_account_and_region(door: Door) -> None:
    made = door.asked(glue("CreateDatabase", {"DatabaseInput": {"Name": "tides"}}), "glue")
    assert made.status == 200 and is_borrowed(made) and id_of(made)
    assert databases(door) == ["tides"]
    assert databases(door, issued(door.test.cloud)) == ["tides"], "a session's account, not its key, says where"
    assert databases(door, Credentials("444455556666", "x")) == []
    assert databases(door, Credentials("test", "x")) == []
    assert databases(door, region="eu-west-2") == []
    assert not any(name.lower().startswith("access-control-") for name, _ in made.headers)
    refused = door.asked(glue("GetDatabase", {"Name": "none"}), "glue")
    assert (refused.status, code_of(refused)) == (400, "EntityNotFoundException") and is_borrowed(refused)


@needs_moto
def test_other_protocols_are_borrowed_too(door: Door) -> None:
    query = Request(
        "POST",
        "/",
        "",
        {"host": "localhost", "content-type": "application/x-www-form-urlencoded"},
        b"Action=ListIdentities&Version=2010-12-01",
    )
    ses = door.asked(query, "ses")
    assert ses.status == 200 and is_borrowed(ses) and "<ListIdentitiesResponse" in text_of(ses)
    rest_json = door.asked(rest("GET", "/v1/apis"), "appsync")
    assert rest_json.status == 200 and is_borrowed(rest_json)


@needs_moto
def test_reset_forgets_what_is_borrowed(door: Door) -> None:
    door.asked(glue("CreateDatabase", {"DatabaseInput": {"Name": "gone"}}), "glue")
    assert databases(door) == ["gone"]
    assert door.ask(Request("POST", "/_fogbank/reset", "", {"host": "localhost"})).status == 200
    assert databases(door) == []


@needs_moto
def test_what_is_borrowed_is_listed_apart(door: Door) -> None:
    def page(path: str) -> Any:
        return json.loads(text_of(door.ask(Request("GET", path, "", {"host": "localhost"}))))

    coverage = page("/_fogbank/coverage")
    assert coverage["glue"] == {"operations": 0, "implemented": [], "not_implemented": [], "borrowed": "moto"}
    assert "borrowed" not in coverage["ssm"]
    services = page("/_localstack/health")["services"]
    assert services["glue"] == "borrowed" and services["ssm"] == "running"
    assert {"cognito-idp", "glue", "iot-data"} <= {name for name, state in services.items() if state == "borrowed"}


@needs_moto
def test_what_fogbank_has_is_never_borrowed(door: Door) -> None:
    # moto knows this operation of ssm; fogbank has ssm, but not this: mixing them would be a lie.
    response = door.asked(rpc("AmazonSSM.DescribeInstanceInformation"), "ssm")
    assert (response.status, code_of(response)) == (501, "NotImplemented") and not is_borrowed(response)


@needs_moto
def test_strangers_to_the_signature_and_the_policies_do_not_reach_moto(door: Door) -> None:
    keys = issued(door.test.cloud)
    forged = door.asked(glue("GetDatabases"), "glue", keys._replace(secret="x"))
    assert code_of(forged) == "InvalidSignatureException" and not is_borrowed(forged)
    unsigned = door.ask(glue("GetDatabases"))
    assert code_of(unsigned) == "MissingAuthenticationTokenException"
    call = door.test.client("iam")
    call("CreateUser", UserName="ann")
    key = call("CreateAccessKey", UserName="ann")["AccessKey"]
    ann = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    denied = door.asked(glue("GetDatabases"), "glue", ann)
    assert code_of(denied) == "AccessDeniedException" and not is_borrowed(denied)
    allowed = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"glue:GetDatabases","Resource":"*"}}'
    call("PutUserPolicy", UserName="ann", PolicyName="p", PolicyDocument=allowed)
    assert databases(door, ann) == []


@needs_moto
def test_what_moto_has_not_either_is_not_implemented(door: Door) -> None:
    nor = door.asked(glue("GetDataflowGraph"), "glue")
    assert (nor.status, code_of(nor)) == (501, "NotImplemented") and "Nor does moto" in text_of(nor)
    nobody = door.asked(rest("GET", "/devices"), "braket")
    assert code_of(nobody) in ("NotImplemented", "UnknownOperationException")
    assert not is_borrowed(nobody)


@needs_moto
def test_a_header_may_not_choose_the_account(door: Door) -> None:
    door.asked(glue("CreateDatabase", {"DatabaseInput": {"Name": "mine"}}), "glue")
    for name in ("x-moto-account-id", "x_moto_account_id"):
        request = glue("GetDatabases")
        request.headers[name] = ACCOUNT
        response = door.asked(request, "glue", Credentials("444455556666", "x"))
        assert json.loads(text_of(response))["DatabaseList"] == []


@needs_moto
def test_a_bug_of_motos_is_an_internal_failure(
    door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("secret detail")

    with monkeypatch.context() as patch:
        patch.setattr(longtail.Longtail, "_call", broken)
        response = door.asked(glue("GetDatabases"), "glue")
    assert (response.status, code_of(response)) == (500, "InternalFailure")
    assert "secret" not in text_of(response) and "secret detail" in caplog.text


def test_without_moto_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(longtail, "_lent", frozenset)
    door = Door(longtail=True)
    response = door.asked(glue("GetDatabases"), "glue")
    assert (response.status, code_of(response)) == (501, "NotImplemented")
    assert "fogbank[longtail]" in text_of(response) and "glue:GetDatabases" in text_of(response)
    door.test.close()


@needs_moto
def test_moto_without_its_server_is_named_too(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "moto.server", None)
    response = door.asked(glue("GetDatabases"), "glue")
    assert (response.status, code_of(response)) == (501, "NotImplemented")
    assert "fogbank[longtail]" in text_of(response)


def test_switched_off_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door(longtail=False)
    response = door.asked(glue("GetDatabases"), "glue")
    assert (response.status, code_of(response)) == (501, "NotImplemented")
    assert "setting longtail is off" in text_of(response)
    services = json.loads(text_of(door.ask(Request("GET", "/_localstack/health", "", {"host": "localhost"}))))[
        "services"
    ]
    assert "borrowed" not in services.values()
    door.test.close()
