"""Finds out what a request is meant for: the service, the wire protocol and the operation."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_plus

from fogbank.codec.message import Request
from fogbank.codec.query import parameters
from fogbank.codec.router import router_for
from fogbank.model.index import Entry, Index, index
from fogbank.model.load import load

_SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/[^/,\s]*/([^/,\s]+)/aws4_request")
_QUERY_SCOPE = re.compile(r"(?:^|&)X-Amz-Credential=([^&]+)")
_V2_HEADER = re.compile(r"AWS [^:]+:")
_CBOR_PATH = re.compile(r"/service/([^/]+)/operation/([^/]+)/?$")
_QUEUE_PATH = re.compile(r"/(?:queue/[a-z0-9-]+/)?\d{12}/[A-Za-z0-9_.-]+/?$")
_LOCAL_SUFFIXES = ("localhost.localstack.cloud", "localhost")

# Which of the services that share a signing name is meant where their routes do not tell, most used first.
_PREFERRED = ("rds", "elbv2", "ses", "apigateway", "lambda", "iot", "bedrock", "connect")


class Target(NamedTuple):
    """What a request is meant for; `operation` is None when the service has none that fits, `protocol` is botocore's
    name of it. The service is empty when a json or cbor request names one that AWS does not have."""

    service: str
    protocol: str
    operation: str | None


def detect(request: Request) -> Target:
    """The target of a request, by the cheapest sign that it carries; what carries none is a request to s3.

    In this order: the cbor protocol's path, the json protocol's header, the signature's scope, the query protocol's
    `Version`, the host, the path of a queue's URL.
    """
    known = index()
    headers = request.headers
    if headers.get("smithy-protocol") == "rpc-v2-cbor":
        found = _CBOR_PATH.search(request.path)
        if found:
            return _rpc(known, found[1], found[2], "smithy-rpc-v2-cbor", signing_name(request))
    target = headers.get("x-amz-target")
    if target:
        prefix, _, operation = target.rpartition(".")
        return _rpc(known, prefix, operation, "json", signing_name(request))
    name = signing_name(request)
    candidates = known.by_signing_name.get(name or "") or _by_host(known, headers.get("host", ""))
    if candidates:
        return _among(known, candidates, request)
    return _unsigned(known, request)


def signing_name(request: Request) -> str | None:
    """The service in the scope of a request's signature (header or presigned URL), or None without one."""
    authorization = request.headers.get("authorization", "")
    if authorization:
        found = _SCOPE.search(authorization)
        if found:
            return found[1]
        return "s3" if _V2_HEADER.match(authorization) else None
    found = _QUERY_SCOPE.search(request.query)
    if found:
        parts = unquote_plus(found[1]).split("/")
        return parts[-2] if len(parts) >= 5 else None
    return None


def _rpc(known: Index, prefix: str, operation: str, protocol: str, name: str | None) -> Target:
    services = known.by_target_prefix.get(prefix, ())
    if not services:
        # An unknown prefix is best answered in the words of the service that the client signed for.
        signed = known.by_signing_name.get(name or "", ())
        return Target(signed[0], protocol, None) if signed else Target("", protocol, None)
    for service in services:
        if len(services) == 1 or operation in load(service):
            return Target(service, protocol, operation if operation in load(service) else None)
    return Target(services[0], protocol, None)


def _among(known: Index, candidates: tuple[str, ...], request: Request) -> Target:
    entries, queries, rests = _ordered(candidates, request.headers.get("host", ""))
    is_form = "x-www-form-urlencoded" in request.headers.get("content-type", "")
    if queries and (is_form or not rests or "Action=" in request.query):
        return _query(queries, request)
    for entry in rests:
        operation = router_for(entry.service).match(request) if _may_be(entry, request) else None
        if operation is not None:
            return Target(entry.service, _rest_protocol(entry), operation)
    if rests:
        return Target(rests[0].service, _rest_protocol(rests[0]), None)
    entry = entries[0]
    return Target(entry.service, entry.protocols[0], None)


@lru_cache(maxsize=1024)
def _ordered(candidates: tuple[str, ...], host: str) -> tuple[list[Entry], list[Entry], list[Entry]]:
    """Candidates with the likeliest first: all, those that speak a query protocol, and those that are routed."""
    entries = [index().entries[name] for name in sorted(candidates, key=_preference)]
    if len(entries) > 1:
        entries.sort(key=lambda entry: f".{entry.endpoint_prefix}." not in f".{host}")
    queries = [entry for entry in entries if {"query", "ec2"}.intersection(entry.protocols)]
    rests = [entry for entry in entries if {"rest-json", "rest-xml"}.intersection(entry.protocols)]
    return entries, queries, rests


def _preference(service: str) -> tuple[int, str]:
    return (_PREFERRED.index(service) if service in _PREFERRED else len(_PREFERRED), service)


def _may_be(entry: Entry, request: Request) -> bool:
    """S3 takes any path, so what is s3control's must be told before its router is asked."""
    if entry.signing_name == "s3":
        is_control = request.path.startswith("/v20180820/") and "x-amz-account-id" in request.headers
        return is_control is (entry.service == "s3control")
    return True


def _rest_protocol(entry: Entry) -> str:
    return next(protocol for protocol in entry.protocols if protocol.startswith("rest-"))


def _query(entries: list[Entry], request: Request) -> Target:
    pairs = parameters(request)
    action, version = pairs.get("Action"), pairs.get("Version")
    dated = [entry for entry in entries if entry.api_version == version] or entries
    named = [entry for entry in dated if action and action in load(entry.service)] if len(dated) > 1 else dated
    entry = (named or dated)[0]
    protocol = "ec2" if "ec2" in entry.protocols else "query"
    return Target(entry.service, protocol, action if action and action in load(entry.service) else None)


def _by_host(known: Index, host: str) -> tuple[str, ...]:
    """The services whose endpoint a host is: `sqs.eu-west-1.amazonaws.com`, `data.iot.localhost:4566`."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    labels: list[str] = []
    for suffix in _LOCAL_SUFFIXES:
        if name.endswith("." + suffix):
            labels = name[: -len(suffix) - 1].split(".")
            break
    else:
        before, found, _ = name.partition(".amazonaws.")
        labels = before.split(".") if found else []
    # A prefix stands before the service, the region after it: the last label that names a service counts.
    for count in range(len(labels), 0, -1):
        for start in range(count):
            services = known.by_endpoint_prefix.get(".".join(labels[start:count]))
            if services:
                return services
    return ("s3",) if "s3" in labels else ()


def _unsigned(known: Index, request: Request) -> Target:
    if "Action=" in request.query or "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        pairs = parameters(request)
        services = known.by_query_version.get(pairs.get("Version", ""), ())
        if services:
            return _query([known.entries[name] for name in sorted(services, key=_preference)], request)
        if "Action" in pairs and _QUEUE_PATH.match(request.path):
            return _query([known.entries["sqs"]], request)
    return Target("s3", "rest-xml", router_for("s3").match(request))
