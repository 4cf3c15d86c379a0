"""What rest-json and rest-xml share: labels, queries, headers and payloads around a body."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote, unquote_plus

from fogbank.aws.errors import AwsError
from fogbank.codec import timestamps
from fogbank.codec.errors import identity_headers
from fogbank.codec.eventstream import event_writer
from fogbank.codec.json import decoded, dumped
from fogbank.codec.message import Request, Response
from fogbank.codec.xml import Unreadable, scalar_text, scalar_value
from fogbank.model.operation import Model, Operation, Traits

ReadBody = Callable[[bytes], Any]
WriteBody = Callable[[Any], bytes]
FromText = Callable[[str], Any]
ToText = Callable[[Any], str]

# "A recipient MUST ignore the If-Modified-Since header field if the received field value is not a valid HTTP-date"
# (RFC 9110, section 13.1.3, and 13.1.4 of the other one)
_CONDITIONS = frozenset(("if-modified-since", "if-unmodified-since"))
_LABEL = re.compile(r"\{([^}+]+)(\+?)\}")


class Bodies(NamedTuple):
    """How a REST protocol speaks its bodies; closures are made for the members (or one payload) that they carry."""

    protocol: str
    content_type: str
    reader: Callable[[Model, Operation, Mapping[str, Traits], Traits | None], ReadBody]
    writer: Callable[[Model, Operation, Mapping[str, Traits], Traits | None], WriteBody]
    refuse: Callable[[Model, str], AwsError]


def label_pattern(uri: str) -> re.Pattern[str]:
    """The expression for raw paths of a `requestUri`, one group for each label; a last slash is free to be there."""
    path = uri.partition("?")[0].rstrip("/")
    parts = []
    at = 0
    for found in _LABEL.finditer(path):
        parts.append(re.escape(path[at : found.start()]))
        parts.append("(.+)" if found.group(2) else "([^/]+)")
        at = found.end()
    parts.append(re.escape(path[at:]))
    # The slash after a greedy label belongs to it: `/bucket/folder/` is the key `folder/`.
    end = "" if path.endswith("+}") else "/?"
    return re.compile("".join(parts) + end, re.DOTALL)


def label_names(uri: str) -> list[str]:
    """The names of a URI's labels, in order."""
    return [found.group(1) for found in _LABEL.finditer(uri.partition("?")[0])]


def query_pairs(query: str) -> list[tuple[str, str]]:
    """The decoded pairs of a raw query; a key alone has the empty value."""
    pairs = []
    for pair in query.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            pairs.append((unquote_plus(name), unquote_plus(value)))
    return pairs


class _Places:
    """Where the members of a structure travel, with the closures between text and value for each."""

    def __init__(self, model: Model, shape: str | None) -> None:
        self.labels: dict[str, tuple[str, Traits]] = {}
        self.query: dict[str, tuple[str, Traits]] = {}
        self.query_map: tuple[str, Traits] | None = None
        self.headers: dict[str, tuple[str, Traits]] = {}
        self.header_maps: list[tuple[str, str, Traits]] = []
        self.status: str | None = None
        self.body: dict[str, Traits] = {}
        self.payload: str | None = model.shapes[shape].get("payload") if shape else None
        for name, ref in model.members(shape).items():
            self._place(name, ref, model.traits(ref))

    def _place(self, name: str, ref: Traits, traits: Traits) -> None:
        wire = traits.get("locationName", name)
        location = traits.get("location")
        if location == "uri":
            self.labels[wire] = (name, traits)
        elif location == "querystring" and traits["type"] == "map":
            self.query_map = (name, traits)
        elif location == "querystring":
            self.query[wire] = (name, traits)
        elif location == "header":
            self.headers[wire] = (name, traits)
        elif location == "headers":
            self.header_maps.append((wire, name, traits))
        elif location == "statusCode":
            self.status = name
        else:
            self.body[name] = ref


def request_parser(model: Model, operation: Operation, bodies: Bodies) -> Callable[[Request], dict[str, Any]]:
    """From a request to its parameters; the closure raises the AwsError that the protocol refuses with."""
    places = _Places(model, operation.input)
    pattern = label_pattern(operation.uri)
    labels = [(places.labels[name][0], scalar_value(places.labels[name][1])) for name in label_names(operation.uri)]
    read_query = _query_reader(model, operation, places) if places.query or places.query_map else None
    read_headers = _header_reader(model, places) if places.headers or places.header_maps else None
    read_payload = _payload_reader(model, operation, places, bodies)
    decode = _strictly_unquoted if model.service == "s3" else unquote

    def read(request: Request) -> dict[str, Any]:
        result: dict[str, Any] = {}
        found = pattern.fullmatch(request.path) if labels else None
        if found is not None:
            for (name, convert), text in zip(labels, found.groups(), strict=True):
                result[name] = convert(decode(text) if "%" in text else text)
        if read_query is not None and request.query:
            read_query(request.query, result)
        if read_headers is not None:
            read_headers(request.headers, result)
        if read_payload is not None:
            read_payload(request, result)
        return result

    def parse(request: Request) -> dict[str, Any]:
        try:
            return read(request)
        except (Unreadable, UnicodeDecodeError, RecursionError) as error:
            raise bodies.refuse(model, str(error)) from None

    return parse


def _strictly_unquoted(text: str) -> str:
    """A label as S3 reads it: two keys that are not UTF-8 must not become one. Raises AwsError InvalidURI."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise AwsError("InvalidURI", "Couldn't parse the specified URI.", status=400, URI=text[:1024]) from None


def _query_reader(model: Model, operation: Operation, places: _Places) -> Callable[[str, dict[str, Any]], None]:
    plan: dict[str, tuple[str, FromText, bool]] = {}
    for wire, (name, traits) in places.query.items():
        is_list = traits["type"] == "list"
        inner = model.traits(traits["member"]) if is_list else traits
        plan[wire] = (name, scalar_value(inner), is_list)
    # What the URI itself asks for is no parameter.
    fixed = frozenset(key for key, _ in query_pairs(operation.uri.partition("?")[2]))
    rest = places.query_map
    takes_lists = rest is not None and model.traits(rest[1]["value"])["type"] == "list"

    def read(query: str, result: dict[str, Any]) -> None:
        others: dict[str, Any] = {}
        for wire, text in query_pairs(query):
            known = plan.get(wire)
            if known is None:
                if wire in fixed:
                    continue
                others[wire] = [*others.get(wire, ()), text] if takes_lists else text
            elif known[2]:
                result.setdefault(known[0], []).append(known[1](text))
            else:
                result[known[0]] = known[1](text)
        if rest is not None and others:
            result[rest[0]] = others

    return read


def _header_reader(model: Model, places: _Places) -> Callable[[Mapping[str, str], dict[str, Any]], None]:
    plan = [
        (wire.lower(), name, _header_value(model, traits), traits["type"] == "string")
        for wire, (name, traits) in places.headers.items()
    ]
    maps = [(prefix.lower(), name) for prefix, name, _ in places.header_maps]

    def read(headers: Mapping[str, str], result: dict[str, Any]) -> None:
        for wire, name, convert, takes_empty in plan:
            text = headers.get(wire)
            if text is not None and (text or takes_empty):
                value = convert(text)
                if value is not None:
                    result[name] = value
        for prefix, name in maps:
            found = {wire[len(prefix) :]: text for wire, text in headers.items() if wire.startswith(prefix)}
            if found:
                result[name] = found

    return read


def _header_value(model: Model, traits: Traits) -> FromText:
    if traits.get("jsonvalue"):
        return _json_of_header
    if traits["type"] == "list":
        member = model.traits(traits["member"])
        convert = scalar_value(member)
        split = _split_dates if member["type"] == "timestamp" else split_header
        return lambda text: [convert(item) for item in split(text)]
    if traits["type"] == "string":
        return str
    convert = scalar_value(traits)
    if traits.get("locationName", "").lower() in _CONDITIONS:
        return _if_date(convert)
    return lambda text: convert(text.strip())


def _if_date(convert: FromText) -> FromText:
    def read(text: str) -> Any:
        try:
            return convert(text.strip())
        except Unreadable:
            return None

    return read


def _json_of_header(text: str) -> Any:
    try:
        return decoded(base64.b64decode(text, validate=True))
    except (binascii.Error, AwsError):
        raise Unreadable("a header is not JSON in base64") from None


def split_header(text: str) -> list[str]:
    """The items of a list in a header; those with commas or quotes in them are quoted."""
    if '"' not in text:
        return [item.strip() for item in text.split(",")]
    found = re.findall(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*))\s*(?:,|$)', text)
    items = [re.sub(r"\\(.)", r"\1", quoted) if quoted else plain.strip() for quoted, plain in found]
    return items[:-1] if text and not text.rstrip().endswith(",") and items[-1:] == [""] else items


def _split_dates(text: str) -> list[str]:
    # The HTTP form of a date has a comma of its own, after the day of the week.
    return [item.strip() for item in re.split(r",(?!\s*\d{1,2} [A-Z])", text)]


def _payload_reader(
    model: Model, operation: Operation, places: _Places, bodies: Bodies
) -> Callable[[Request, dict[str, Any]], None] | None:
    payload = places.payload
    if payload is None:
        return _members_reader(model, operation, places, bodies) if places.body else None
    traits = model.traits(places.body[payload])
    kind = traits["type"]
    if traits.get("eventstream"):
        return lambda request, result: result.update({payload: request.stream}) if request.stream else None
    if kind in ("blob", "string"):
        # An empty body is an empty value where there has to be one.
        is_required = payload in model.shapes[operation.input or ""].get("required", ())
        return _raw_reader(payload, is_required, is_text=kind == "string")
    read_body = bodies.reader(model, operation, places.body, places.body[payload])

    def read(request: Request, result: dict[str, Any]) -> None:
        if request.body:
            result[payload] = read_body(request.body)

    return read


def _raw_reader(payload: str, is_required: bool, *, is_text: bool) -> Callable[[Request, dict[str, Any]], None]:
    def read(request: Request, result: dict[str, Any]) -> None:
        if request.stream is not None:
            result[payload] = request.stream
        elif request.body or is_required:
            result[payload] = request.body.decode() if is_text else request.body

    return read


def _members_reader(
    model: Model, operation: Operation, places: _Places, bodies: Bodies
) -> Callable[[Request, dict[str, Any]], None]:
    read_body = bodies.reader(model, operation, places.body, None)

    def read(request: Request, result: dict[str, Any]) -> None:
        if request.body:
            result.update(read_body(request.body))

    return read


def response_writer(model: Model, operation: Operation, bodies: Bodies) -> Callable[[Mapping[str, Any], str], Response]:
    """From a result to a response."""
    places = _Places(model, operation.output)
    write_headers = header_writer(model, operation.output)
    write_payload = _payload_writer(model, operation, places, bodies)
    status_member = places.status
    service = model.service

    def write(result: Mapping[str, Any], request_id: str) -> Response:
        status = operation.status
        if status_member is not None and result.get(status_member) is not None:
            status = int(result[status_member])
        headers = identity_headers(request_id, service)
        has_type = write_headers(result, headers)
        body, content_type = write_payload(result)
        if content_type and not has_type and (body or status not in (204, 304)):
            headers.append(("content-type", content_type))
        return Response(status, headers, b"" if operation.method == "HEAD" else body)

    return write


def header_writer(model: Model, shape: str | None) -> Callable[[Mapping[str, Any], list[tuple[str, str]]], bool]:
    """Appends the members that travel as headers; says whether a content type was among them."""
    places = _Places(model, shape)
    plan = {name: (wire, _header_text(model, traits)) for wire, (name, traits) in places.headers.items()}
    maps = {name: prefix for prefix, name, _ in places.header_maps}
    if not plan and not maps:
        return lambda result, headers: False

    def write(result: Mapping[str, Any], headers: list[tuple[str, str]]) -> bool:
        has_type = False
        for name, value in result.items():
            if value is None:
                continue
            if name in plan:
                wire, text = plan[name]
                headers.append((wire, text(value)))
                has_type = has_type or wire.lower() == "content-type"
            elif name in maps:
                headers += [(maps[name] + key, one_line(item)) for key, item in value.items() if item is not None]
        return has_type

    return write


def _header_text(model: Model, traits: Traits) -> ToText:
    if traits.get("jsonvalue"):
        return lambda value: base64.b64encode(dumped(value)).decode()
    if traits["type"] == "list":
        text = scalar_text(model.traits(traits["member"]), timestamps.rfc1123)
        return lambda value: one_line(",".join(_quoted(text(item)) for item in value))
    text = scalar_text(traits, timestamps.rfc1123)
    return one_line if text is str else text


def one_line(text: str) -> str:
    """Text that can be a header's value: a line end in what a client sent must not start a header of its own."""
    return re.sub(r"[\r\n\0]+", " ", str(text))


def _quoted(text: str) -> str:
    if ('"' not in text and "," not in text) or re.match(r"[A-Z][a-z]{2}, \d", text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _payload_writer(
    model: Model, operation: Operation, places: _Places, bodies: Bodies
) -> Callable[[Mapping[str, Any]], tuple[bytes | AsyncIterator[bytes], str]]:
    payload = places.payload
    if payload is None:
        if not places.body:
            return lambda result: (b"", "")
        write_body = bodies.writer(model, operation, places.body, None)
        return lambda result: (write_body(result), bodies.content_type)
    traits = model.traits(places.body[payload])
    if traits.get("eventstream"):
        write_events = event_writer(model, operation, places.body[payload], bodies.protocol)
        return lambda result: (write_events(result[payload]), "application/vnd.amazon.eventstream")
    if traits["type"] in ("blob", "string"):
        content_type = "binary/octet-stream" if model.service == "s3" else "application/octet-stream"
        return lambda result: (_raw(result.get(payload)), content_type if traits["type"] == "blob" else "text/plain")
    write_body = bodies.writer(model, operation, places.body, places.body[payload])

    def write(result: Mapping[str, Any]) -> tuple[bytes, str]:
        value = result.get(payload)
        return (b"", "") if value is None else (write_body(value), bodies.content_type)

    return write


def _raw(value: Any) -> bytes | AsyncIterator[bytes]:
    if value is None:
        return b""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    stream: AsyncIterator[bytes] = value
    return stream
