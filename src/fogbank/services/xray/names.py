"""What a node of the service map is called: one name and type for a service, whoever tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from fogbank.model.index import index

CLIENT = "client"
REMOTE = "remote"
SQL = "Database::SQL"
_OWN_LABELS = {"states": "StepFunctions", "dynamodbstreams": "DynamoDB"}


class Node(NamedTuple):
    """A node of the service map; the type is empty for an application that tells no origin."""

    name: str
    type: str
    account: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What is one and the same node: services of AWS are called `ssm` by one SDK and `SSM` by another."""
        if self.type.startswith("AWS::"):
            return self.name.casefold(), self.type.casefold(), self.account
        return self.name, self.type, self.account

    def described(self) -> dict[str, Any]:
        """As a ServiceId of the API."""
        told = {"Name": self.name, "Names": [self.name], "AccountId": self.account, "Type": self.type}
        return {name: value for name, value in told.items() if value}


@lru_cache(maxsize=1024)
def service_label(name: str) -> str:
    """What AWS calls a service that an SDK names (`ssm`, `SSM`, `monitoring`): its id without spaces."""
    low = name.lower().replace(" ", "")
    if low in _OWN_LABELS:
        return _OWN_LABELS[low]
    found = index()
    for service in (low, *found.by_endpoint_prefix.get(low, ())):
        if service in found.entries:
            return found.entries[service].service_id.replace(" ", "")
    return _labels().get(low, name)


@lru_cache(maxsize=1)
def _labels() -> Mapping[str, str]:
    labels = (entry.service_id.replace(" ", "") for entry in index().entries.values())
    return {label.lower(): label for label in labels}


def of_segment(document: Mapping[str, Any], account: str) -> Node:
    """The node of a segment that somebody sent."""
    aws = _aws(document)
    account = _text(aws.get("account_id")) or account
    origin, name = _text(document.get("origin")), _text(document.get("name"))
    if origin.startswith("AWS::") and origin.count("::") == 1 and origin != "AWS::Lambda":
        return _resource(service_label(origin[5:]), aws, account)
    return Node(name, origin, account)


def of_call(document: Mapping[str, Any], account: str) -> Node:
    """The node of what a subsegment calls, where that tells nothing itself."""
    name = _text(document.get("name"))
    if isinstance(document.get("sql"), dict):
        return Node(name, SQL, "")
    if document.get("namespace") == "aws":
        aws = _aws(document)
        return _resource(service_label(name), aws, _text(aws.get("account_id")) or account)
    return Node(name, REMOTE, "")


def _resource(label: str, aws: Mapping[str, Any], account: str) -> Node:
    """A service, or the resource of it that a call names."""
    found = {
        "DynamoDB": ("Table", _text(aws.get("table_name"))),
        "SQS": ("Queue", _text(aws.get("queue_url"))),
        "S3": ("Bucket", _text(aws.get("bucket_name"))),
        "Lambda": ("", _text(aws.get("function_name")).rpartition(":function:")[2]),
    }.get(label, ("", ""))
    noun, name = found
    kind = f"AWS::{label}::{noun}" if noun and name else f"AWS::{label}"
    return Node(_queue(name) if noun == "Queue" else name or label, kind, account)


def _queue(url: str) -> str:
    """A queue's URL without what differs between clients: the host of a cloud on one's own machine."""
    parts = urlsplit(url)
    return url if (parts.hostname or "").endswith(".amazonaws.com") else parts.path.rpartition("/")[2] or url


def _aws(document: Mapping[str, Any]) -> Mapping[str, Any]:
    found = document.get("aws")
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
