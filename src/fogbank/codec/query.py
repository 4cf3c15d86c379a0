"""The query protocol: form parameters in, XML out; also what ec2's variant shares with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote_plus

from fogbank.aws.errors import AwsError
from fogbank.codec import timestamps
from fogbank.codec.errors import Refusal, error_members, identity_headers, refusal
from fogbank.codec.message import Request, Response
from fogbank.codec.sqs_query import with_query_names
from fogbank.codec.xml import Put, Unreadable, XmlWriter, escaped, scalar_value
from fogbank.model.load import load
from fogbank.model.operation import Model, Operation, Traits

#: A tree of parameters; the text of a node that also has children is under the empty key.
Tree = dict[str, Any]
Read = Callable[[Any], Any]

_DEPTH_MAX = 100
_XMLNS = {"sqs": "http://queue.amazonaws.com/doc/2012-11-05/"}


@cache
def query_model(service: str) -> Model:
    """A service's model with the names that its query form has."""
    model = load(service)
    return with_query_names(model) if service == "sqs" else model


def form(text: str) -> dict[str, str]:
    """The pairs of a form or of a URL's query; of repeated names the last one counts."""
    pairs = {}
    for pair in text.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            if "%" in value or "+" in value:
                value = unquote_plus(value)
            pairs[unquote_plus(name) if "%" in name or "+" in name else name] = value
    return pairs


def parameters(request: Request) -> dict[str, str]:
    """All parameters of a query request: those of its URL, and those of its body."""
    pairs = form(request.query) if request.query else {}
    if request.body and not request.headers.get("content-type", "").startswith("application/json"):
        pairs |= form(request.body.decode("utf-8", "replace"))
    return pairs


def tree(pairs: Mapping[str, str]) -> Tree:
    """`{"a.b.1": "x"}` as `{"a": {"b": {"1": "x"}}}`. Raises Unreadable beyond a depth of 100."""
    root: Tree = {}
    for name, value in pairs.items():
        if "." not in name:
            _put(root, name, value)
            continue
        parts = name.split(".")
        if len(parts) > _DEPTH_MAX:
            raise Unreadable("parameters are nested too deeply")
        node = root
        for part in parts[:-1]:
            inner = node.get(part)
            if type(inner) is not dict:
                inner = node[part] = {} if inner is None else {"": inner}
            node = inner
        _put(node, parts[-1], value)
    return root


def _put(node: Tree, name: str, value: str) -> None:
    inner = node.get(name)
    if type(inner) is dict:
        inner[""] = value
    else:
        node[name] = value


class FormReader:
    """Closures from trees of parameters to values, compiled once for each shape. They raise Unreadable."""

    __slots__ = ("_made", "_model", "is_ec2")

    def __init__(self, model: Model, *, is_ec2: bool) -> None:
        self._model = model
        self.is_ec2 = is_ec2
        self._made: dict[tuple[Any, ...], Read] = {}

    def of(self, ref: Traits) -> Read:
        """The closure for a reference to a shape."""
        traits = self._model.traits(ref)
        key = (ref["shape"], bool(traits.get("flattened")), traits.get("timestampFormat"))
        made = self._made.get(key)
        if made is None:
            self._made[key] = lambda node: self._made[key](node)
            compound = {"structure": self._structure, "list": self._list, "map": self._map}.get(traits["type"])
            made = self._made[key] = compound(traits) if compound else _scalar(traits)
        return made

    def members(self, refs: Mapping[str, Traits]) -> Read:
        """The closure for a structure of these members."""
        plan = {wire: (name, self.of(ref)) for name, ref in refs.items() for wire in self._wire_names(name, ref)}
        look = plan.get

        def structure(node: Any) -> dict[str, Any]:
            result: dict[str, Any] = {}
            if type(node) is not dict:
                return result
            for key, item in node.items():
                known = look(key)
                value = known[1](item) if known is not None else None
                if known is not None and value is not None:
                    result[known[0]] = value
            return result

        return structure

    def _wire_names(self, name: str, ref: Traits) -> Iterable[str]:
        traits = self._model.traits(ref)
        if self.is_ec2:
            own = traits.get("queryName") or traits.get("locationName") or name
            return (own[0].upper() + own[1:],) if "queryName" not in traits else (own,)
        own = traits.get("locationName", name)
        if traits["type"] == "list" and traits.get("flattened"):
            inner = self._model.traits(traits["member"]).get("locationName")
            return (own, inner) if inner else (own,)
        return (own,)

    def _structure(self, traits: Traits) -> Read:
        return self.members(traits["members"])

    def _list(self, traits: Traits) -> Read:
        convert = self.of(traits["member"])
        name = self._model.traits(traits["member"]).get("locationName", "member")
        is_flat = self.is_ec2 or bool(traits.get("flattened"))

        def read(node: Any) -> list[Any] | None:
            if type(node) is not dict:
                return [] if node == "" else None
            if not is_flat:
                inner = node.get(name) if name in node else node.get("member", node)
                node = inner if type(inner) is dict else {}
            return [convert(item) for item in _numbered(node)]

        return read

    def _map(self, traits: Traits) -> Read:
        read_key, read_value = self.of(traits["key"]), self.of(traits["value"])
        key_name = self._model.traits(traits["key"]).get("locationName", "key")
        value_name = self._model.traits(traits["value"]).get("locationName", "value")
        is_flat = bool(traits.get("flattened"))

        def read(node: Any) -> dict[str, Any] | None:
            if type(node) is not dict:
                return {} if node == "" else None
            if not is_flat:
                inner = node.get("entry", {})
                node = inner if type(inner) is dict else {}
            entries = [one for one in _numbered(node) if type(one) is dict and key_name in one]
            return {read_key(one[key_name]): read_value(one.get(value_name, "")) for one in entries}

        return read


def _numbered(node: Tree) -> list[Any]:
    """The children of a list in the order of their numbers; there may be gaps."""
    if len(node) == 1 and "1" in node:
        return [node["1"]]
    numbers = sorted((int(key), key) for key in node if key.isascii() and key.isdigit() and len(key) < 10)
    return [node[key] for _, key in numbers]


def _scalar(traits: Traits) -> Read:
    convert = scalar_value(traits)
    is_text = traits["type"] in ("string", "character")

    def read(node: Any) -> Any:
        text = node.get("") if type(node) is dict else node
        if text is None or (text == "" and not is_text):
            return b"" if text == "" and traits["type"] == "blob" else None
        return text if is_text else convert(text)

    return read


def form_parser(
    model: Model, operation: Operation, refuse: Callable[[str], AwsError], *, is_ec2: bool
) -> Callable[[Request], dict[str, Any]]:
    """From a request to its parameters; the closure raises the error that `refuse` makes of a reason."""
    read = FormReader(model, is_ec2=is_ec2).members(model.members(operation.input))

    def parse(request: Request) -> dict[str, Any]:
        try:
            result: dict[str, Any] = read(tree(parameters(request)))
        except (Unreadable, RecursionError) as error:
            raise refuse(str(error)) from None
        return result

    return parse


def _malformed(reason: str) -> AwsError:
    return AwsError("MalformedInput", reason)


def request_parser(model: Model, operation: Operation) -> Callable[[Request], dict[str, Any]]:
    """From a request of the query protocol to its parameters. Raises AwsError MalformedInput."""
    parse = form_parser(query_model(model.service), operation, _malformed, is_ec2=False)
    if model.service != "sqs" or "QueueUrl" not in model.members(operation.input):
        return parse

    def parse_with_url(request: Request) -> dict[str, Any]:
        result = parse(request)
        # Query clients post to the queue's URL, and some do not repeat it in the form.
        if "QueueUrl" not in result and request.path.strip("/"):
            scheme = "https" if request.tls else "http"
            result["QueueUrl"] = f"{scheme}://{request.headers.get('host', '')}{request.path}"
        return result

    return parse_with_url


def _namespace(model: Model) -> str:
    uri = _XMLNS.get(model.service) or model.metadata.get("xmlNamespace")
    return f' xmlns="{uri}"' if uri else ""


def response_writer(model: Model, operation: Operation) -> Callable[[Mapping[str, Any], str], Response]:
    """From a result to a response of the query protocol."""
    model = query_model(model.service)
    children = XmlWriter(model, timestamps.iso).members(model.members(operation.output))
    name = operation.name
    wrapper = (operation.output_ref or {}).get("resultWrapper", f"{name}Result") if operation.output else None
    start = f"<{name}Response{_namespace(model)}>" + (f"<{wrapper}>" if wrapper else "")
    middle = (f"</{wrapper}>" if wrapper else "") + "<ResponseMetadata><RequestId>"
    end = f"</RequestId></ResponseMetadata></{name}Response>"

    def write(result: Mapping[str, Any], request_id: str) -> Response:
        out = [start]
        children(result, out.append)
        out += (middle, request_id, end)
        return xml_response(200, request_id, "".join(out))

    return write


def xml_response(status: int, request_id: str, text: str, content_type: str = "text/xml") -> Response:
    """An XML document as a response of the query protocols."""
    headers = [("x-amzn-requestid", request_id), ("content-type", content_type)]
    return Response(status, headers, text.encode("utf-8", "replace"))


def write_error(error: AwsError, request_id: str, service: str | None) -> Response:
    """An error in the query protocol, which rest-xml services other than s3 use as well."""
    said = refusal(error, service, "query")
    model = query_model(service) if service else None
    return Response(
        said.status,
        [*identity_headers(request_id, service), ("content-type", "text/xml")],
        error_document(said, model, request_id).encode("utf-8", "replace"),
    )


def error_document(said: Refusal, model: Model | None, request_id: str) -> str:
    """`<ErrorResponse>` around type, code, message and the members of the error's shape."""
    out = [f"<ErrorResponse{_namespace(model) if model else ''}><Error>"]
    out.append(f"<Type>{'Sender' if said.sender else 'Receiver'}</Type><Code>{escaped(said.query_code)}</Code>")
    out.append(f"<Message>{escaped(said.message)}</Message>")
    write_members(said, model, out.append)
    out.append(f"</Error><RequestId>{escaped(request_id)}</RequestId></ErrorResponse>")
    return "".join(out)


def write_members(said: Refusal, model: Model | None, put: Put) -> None:
    """The further members of an error: as its shape says, else as text under their own names."""
    told = ("Type", "Code", "Message")
    members = {name: value for name, value in error_members(model, said).items() if name not in told}
    if model is not None and said.shape is not None:
        refs = {name: model.members(said.shape)[name] for name in members}
        XmlWriter(model, timestamps.iso).members(refs)(members, put)
        return
    for name, value in members.items():
        put(f"<{name}>{escaped(str(value))}</{name}>")
