"""botocore as the other side of the wire: it makes requests and reads responses."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import HeadersDict, create_request_object, prepare_request_dict
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from fogbank.codec.message import Request, Response
from fogbank.codec.sqs_query import with_query_names
from fogbank.model.load import load


def service_model(service: str, protocol: str) -> ServiceModel:
    """botocore's model of a service; for SQS's query form, of the names that it had."""
    model = load(service)
    if service == "sqs" and protocol == "query":
        model = with_query_names(model)
    raw = {"metadata": dict(model.metadata), "operations": dict(model._raw), "shapes": dict(model.shapes)}
    return ServiceModel(raw, service)


class Client:
    """Requests and responses of one service in one protocol."""

    def __init__(self, service: str, protocol: str, signing_name: str) -> None:
        self.model = service_model(service, protocol)
        self.protocol = protocol
        self._serializer = create_serializer(protocol, include_validation=False)
        self.parser = create_parser(protocol)
        self._scope = (
            f"AWS4-HMAC-SHA256 Credential=AK/20260304/us-east-1/{signing_name}/aws4_request, SignedHeaders=host"
        )

    def request(self, parameters: dict[str, Any], operation: Any) -> Request:
        """The request that botocore sends, signed for the service (with a signature that is none)."""
        made = self._serializer.serialize_to_request(parameters, operation)
        made.setdefault("context", {})
        made.pop("host_prefix", None)
        prepare_request_dict(made, endpoint_url="http://localhost:4566", user_agent="test", context={})
        prepared = create_request_object(made).prepare()
        url = urlsplit(prepared.url)
        body = prepared.body or b""
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else value
            for name, value in prepared.headers.items()
        }
        headers |= {"host": "localhost:4566", "authorization": self._scope}
        return Request(
            method=prepared.method,
            path=url.path,
            query=url.query,
            headers=headers,
            body=body.encode() if isinstance(body, str) else bytes(body),
        )

    def parsed(self, response: Response, shape: Any, operation: str, *, is_raw: bool = False) -> dict[str, Any]:
        """What botocore makes of a response; a raw body is handed on as it is."""
        body: Any = Raw(response.body) if is_raw else response.body
        said = {
            "status_code": response.status,
            "headers": HeadersDict(dict(response.headers)),
            "body": body,
            "context": {"operation_name": operation},
        }
        made: dict[str, Any] = self.parser.parse(said, shape)
        return made


class Raw:
    """A body that botocore leaves alone, or reads as a stream of events."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def stream(self) -> Any:
        # One byte more and one less than a frame: what comes must not depend on where it is cut.
        yield from (self.data[at : at + 37] for at in range(0, len(self.data), 37))

    def close(self) -> None:
        return None
