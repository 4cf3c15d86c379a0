"""Custom resources: what is asked of whoever makes them, and what their answers mean. Pure.

CloudFormation User Guide, "Custom resource request objects" and "Custom resource response objects".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError

TYPE = "AWS::CloudFormation::CustomResource"
_OWN = "Custom::"
ANSWER_BYTES_MAX = 4096
_ID_BYTES_MAX = 1024
SECONDS_DEFAULT = 3600
_ECHOED = ("StackId", "RequestId", "LogicalResourceId")


class Place(NamedTuple):
    """Where a resource stands: in which stack, under which name, in which job."""

    stack_id: str = ""
    stack_arn: str = ""
    logical: str = ""
    type: str = TYPE
    job: str = ""
    """Names what is being done with the stack: another each time that something is."""
    is_signalled: bool = False
    """Whether signals for the resource are waited for, by a CreationPolicy."""


class Unmade(AwsError):
    """A custom resource's failure, told in AWS's words alone; what it has begun has an id, which its deletion names."""

    def __init__(self, message: str, physical_id: str = "") -> None:
        super().__init__("", message)
        self.physical_id = physical_id


class Moved(Exception):
    """Raised by an update that has made another resource in the place of the one that it was asked to change."""

    def __init__(self, physical_id: str) -> None:
        super().__init__(physical_id)
        self.physical_id = physical_id


class Answered(dict[str, Any]):
    """The attributes that a resource's maker has told, in answer to which request; some are not to be shown."""

    def __init__(self, found: Mapping[str, Any], request_id: str, is_secret: bool) -> None:
        super().__init__(found)
        self.request_id = request_id
        self.is_secret = is_secret


class Said(dict[str, Any]):
    """The attributes of a custom resource: what it has not said of itself is named in AWS's words."""

    def __init__(self, found: Mapping[str, Any], where: str) -> None:
        super().__init__(found)
        self._where = where

    def __missing__(self, name: str) -> Any:
        raise AwsError("ValidationError", f"Vendor response doesn't contain {name} key in object {self._where}")


def is_custom(type_name: str) -> bool:
    return type_name == TYPE or (type_name.startswith(_OWN) and len(type_name) > len(_OWN))


def listed(type_name: str) -> str:
    """The name under which a type is known: all that people name themselves are one."""
    return TYPE if is_custom(type_name) else type_name


def text(value: Any) -> Any:
    """Properties as they are told: every number and switch is text."""
    if isinstance(value, Mapping):
        return {name: text(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [text(one) for one in value]
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else str(value)


def seconds(properties: Mapping[str, Any]) -> float:
    """How long an answer is waited for. Raises AwsError."""
    try:
        found = int(properties.get("ServiceTimeout", SECONDS_DEFAULT))
    except (TypeError, ValueError):
        found = 0
    if not 1 <= found <= SECONDS_DEFAULT:
        raise Unmade(f"ServiceTimeout must be an integer from 1 to {SECONDS_DEFAULT}.")
    return float(found)


def request(place: Place, verb: str, identity: str, told: Mapping[str, Any], more: Mapping[str, Any]) -> str:
    """What a function or a topic is told. `told`: RequestId, ResponseURL."""
    return json.dumps(
        {
            "RequestType": verb,
            "ServiceToken": more["ResourceProperties"].get("ServiceToken", ""),
            **told,
            "StackId": place.stack_arn,
            "LogicalResourceId": place.logical,
            **({"PhysicalResourceId": identity} if identity else {}),
            "ResourceType": place.type,
            **{name: text(value) for name, value in more.items()},
        }
    )


def answer(body: bytes) -> tuple[dict[str, Any], str]:
    """A response as it came in -> what it says, and what is wrong with it, if anything."""
    if len(body) > ANSWER_BYTES_MAX:
        return {}, "Response object is too long."
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return {}, "Invalid Response object: it must be a JSON object"
    if found.get("Status") not in ("SUCCESS", "FAILED"):
        return {}, "Invalid Response object: Value of property Status must be SUCCESS or FAILED"
    if not isinstance(found.get("Data") or {}, dict):
        return {}, "Invalid Response object: Value of property Data must be an object"
    return found, ""


def fault(found: Mapping[str, Any], wanted: Mapping[str, str]) -> str:
    """What is wrong with a response to a request, whose ids `wanted` has; nothing if it is right."""
    strange = [name for name in _ECHOED if name in wanted and found.get(name) != wanted[name]]
    if strange:
        return f"Invalid Response object: Value of property {strange[0]} must be that of the request"
    identity = found.get("PhysicalResourceId")
    is_needed = found["Status"] == "SUCCESS"
    if identity is None and not is_needed:
        return ""
    if not isinstance(identity, str) or not identity or len(identity.encode()) > _ID_BYTES_MAX:
        return "Invalid PhysicalResourceId"
    return ""


def refusal(found: Mapping[str, Any], request_id: str) -> str:
    """What a response that says FAILED comes to."""
    why = str(found.get("Reason") or "")
    return f"Received response status [FAILED] from custom resource. Message returned: {why} (RequestId: {request_id})"


def silence(request_id: str) -> str:
    """What it comes to that nobody answered in time."""
    return (
        "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId "
        f"[{request_id}]. If you are using the Python cfn-response module, you may need to update your Lambda function "
        "code so that CloudFormation can attach the updated version."
    )


def place_of(stack_arn: str, logical: str, request_id: str, region: str) -> str:
    """Where an answer lies on AWS, as errors name it."""
    bucket = f"cloudformation-custom-resource-storage-{region.replace('-', '')}"
    return f"{stack_arn}|{logical}|{request_id} in S3 bucket {bucket}"


def is_hidden(found: Mapping[str, Any]) -> bool:
    """Whether a response says that its data is not to be shown."""
    return str(found.get("NoEcho", "")).lower() == "true"
