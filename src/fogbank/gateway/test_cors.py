"""Browsers: who may call, and what they may read."""

from __future__ import annotations

import pytest

from fogbank.codec.message import Request
from fogbank.gateway.cors import Origins, is_allowed, is_preflight, preflight, response_headers

LOCAL = Origins(("http://localhost:*", "https://app.example"))


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost:3000", True),
        ("http://localhost", True),
        ("https://app.example", True),
        ("https://localhost:3000", False),
        ("http://localhost.evil.example", False),
        ("http://localhost:3000.evil.example", False),
        ("https://app.example.evil", False),
        ("null", False),
        ("", False),
    ],
)
def test_origins(origin: str, allowed: bool) -> None:
    assert is_allowed(origin, LOCAL) is allowed
    assert is_allowed(origin, Origins())


def asked(**headers: str) -> Request:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request("OPTIONS", "/", "", {"origin": "http://localhost:1", **given})


def test_preflights() -> None:
    request = asked(access_control_request_method="PUT", access_control_request_headers="authorization,x-amz-date")
    assert is_preflight(request) and not is_preflight(asked())
    response = preflight(request, LOCAL)
    headers = dict(response.headers)
    assert response.status == 200 and headers["access-control-allow-origin"] == "http://localhost:1"
    assert headers["access-control-allow-headers"] == "authorization,x-amz-date"
    assert "PUT" in headers["access-control-allow-methods"] and "access-control-allow-private-network" not in headers
    request.headers["access-control-request-private-network"] = "true"
    assert dict(preflight(request, LOCAL).headers)["access-control-allow-private-network"] == "true"
    request.headers["access-control-request-headers"] = "a\r\nb: c"
    assert dict(preflight(request, LOCAL).headers)["access-control-allow-headers"] == "*"
    request.headers["origin"] = "https://evil.example"
    refused = preflight(request, LOCAL)
    assert refused.status == 403 and [name for name, _ in refused.headers] == ["vary"]


def test_answers() -> None:
    headers = dict(response_headers(asked(), LOCAL))
    assert "x-amzn-requestid" in headers["access-control-expose-headers"] and headers["vary"] == "Origin"
    assert response_headers(Request("GET", "/", "", {}), LOCAL) == []
    assert response_headers(Request("GET", "/", "", {"origin": "https://evil"}), LOCAL) == [("vary", "Origin")]
