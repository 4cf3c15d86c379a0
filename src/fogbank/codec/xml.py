"""XML bodies: results to text by string building, and documents to parameters by ElementTree."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree as ET

from fogbank.codec import timestamps
from fogbank.codec.json import special_float
from fogbank.codec.timestamps import Moment
from fogbank.model.operation import Model, Traits

Put = Callable[[str], None]
Write = Callable[[Any, Put], None]
Read = Callable[[ET.Element], Any]

# Beyond the five of XML: a bare carriage return would come back as a line feed, and control characters are not XML at
# all (XML 1.0, section 2.2, "Char"), not as references either.
_SPECIAL = re.compile('[&<>"\r\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]')
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#xD;"}
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_TAGS_UNBOUND_MAX = 20_000
"""A document with no more tags than this is harmless however they are nested."""
_DEPTH_MAX = 200
_PIECE = 64 * 1024
_ATTRIBUTES_MAX = 100_000
"""AWS knows two or three; each of a stranger's costs some 200 bytes while it is looked at."""

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def _entity(found: re.Match[str]) -> str:
    return _ENTITIES.get(found.group(), _REPLACEMENT)


def _reference(found: re.Match[str]) -> str:
    character = found.group()
    return _ENTITIES.get(character) or f"&#x{ord(character):X};"


def escaped(text: str) -> str:
    """Text as it stands in an element or an attribute; what XML cannot carry is a replacement character there."""
    return _SPECIAL.sub(_entity, text) if _SPECIAL.search(text) else text


def referenced(text: str) -> str:
    """Text as S3 tells it, whose keys may hold anything: what XML cannot carry is a reference, which no parser takes.

    API page of ListObjectsV2, "encoding-type", is the way out; https://github.com/boto/botocore/issues/3496 shows it.
    """
    return _SPECIAL.sub(_reference, text) if _SPECIAL.search(text) else text


class Unreadable(ValueError):
    """A body that is not the XML (or the form) that was asked for; each protocol has its own word for it."""


def float_text(value: float) -> str:
    """A number as AWS's XML and headers write it."""
    return repr(float(value)) if math.isfinite(value) else special_float(value)


def integer_text(value: int) -> str:
    """A whole number's digits."""
    return str(int(value))


def boolean_text(value: bool) -> str:
    """`true` or `false`."""
    return "true" if value else "false"


def blob_text(value: bytes | str) -> str:
    """Base64."""
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def scalar_text(traits: Traits, time: Callable[[Moment], str]) -> Callable[[Any], str]:
    """From a scalar to its text, unescaped; `time` is the format of the place."""
    kind = traits["type"]
    if kind == "timestamp":
        return timestamps.text_format(traits.get("timestampFormat"), time)
    texts: dict[str, Callable[[Any], str]] = {
        "boolean": boolean_text,
        "integer": integer_text,
        "long": integer_text,
        "float": float_text,
        "double": float_text,
        "blob": blob_text,
    }
    return texts.get(kind, str)


def scalar_value(traits: Traits) -> Callable[[str], Any]:
    """From the text of a scalar to its value; the closure raises Unreadable."""
    kind = traits["type"]
    if kind in ("string", "character"):
        return str
    converts: dict[str, Callable[[str], Any]] = {
        "boolean": _boolean,
        "integer": _bounded(2**31),
        "long": _bounded(2**63),
        "float": _float,
        "double": _float,
        "blob": _blob,
        "timestamp": timestamps.parsed,
    }
    convert = converts[kind]

    def read(text: str) -> Any:
        try:
            return convert(text)
        except (ValueError, OverflowError):
            raise Unreadable(f"{text[:100]!r} is not a valid {kind}") from None

    return read


def _boolean(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered not in ("true", "false", "1", "0"):
        raise ValueError(text)
    return lowered in ("true", "1")


def _float(text: str) -> float:
    # Python's own float() takes digits of every script, and underscores between them.
    if "_" in text or not text.isascii():
        raise ValueError(text)
    return float(text)


def _bounded(bound: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        # Longer than any number of 64 bits: int() of megabytes of digits takes minutes.
        if len(text) > 40 or "_" in text or not text.isascii():
            raise ValueError(text)
        value = int(text)
        if not -bound <= value < bound:
            raise ValueError(text)
        return value

    return read


def _blob(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except binascii.Error:
        raise ValueError(text) from None


def namespace_of(traits: Traits) -> str:
    """The attribute that declares an element's namespace, with a leading space; empty where there is none."""
    declared = traits.get("xmlNamespace")
    if not declared:
        return ""
    if isinstance(declared, str):
        return f' xmlns="{declared}"'
    prefix = f":{declared['prefix']}" if declared.get("prefix") else ""
    return f' xmlns{prefix}="{declared["uri"]}"'


class XmlWriter:
    """Closures from results to XML, compiled once for each shape and element name of a model."""

    __slots__ = ("_escaped", "_made", "_model", "_time")

    def __init__(self, model: Model, time: Callable[[Moment], str]) -> None:
        self._escaped = referenced if model.service == "s3" else escaped
        self._model = model
        self._time = time
        self._made: dict[tuple[Any, ...], Write] = {}

    def of(self, ref: Traits, name: str) -> Write:
        """The closure for a reference to a shape, as an element of this name."""
        traits = self._model.traits(ref)
        flat = bool(traits.get("flattened"))
        key = (ref["shape"], name, flat, traits.get("timestampFormat"), namespace_of(traits))
        made = self._made.get(key)
        if made is None:
            self._made[key] = lambda value, put: self._made[key](value, put)
            compound = {"structure": self._structure, "list": self._list, "map": self._map}.get(traits["type"])
            made = self._made[key] = compound(traits, name) if compound else self._scalar(traits, name)
        return made

    def members(self, refs: Mapping[str, Traits]) -> Write:
        """The closure for the children of a structure, without an element around them."""
        plan = {name: self.of(ref, self._wire_name(name, ref)) for name, ref in refs.items()}
        look = plan.get

        def children(value: Mapping[str, Any], put: Put) -> None:
            for key, item in value.items():
                if item is not None:
                    write = look(key)
                    if write is not None:
                        write(item, put)

        return children

    def _wire_name(self, name: str, ref: Traits) -> str:
        traits = self._model.traits(ref)
        own: str = traits.get("locationName", name)
        if traits["type"] == "list" and traits.get("flattened"):
            inner: str = self._model.traits(traits["member"]).get("locationName", own)
            return inner
        return own

    def _scalar(self, traits: Traits, name: str) -> Write:
        start, end = f"<{name}{namespace_of(traits)}>", f"</{name}>"
        if traits["type"] in ("string", "character"):
            safe = self._escaped
            return lambda value, put: put(start + safe(value) + end)
        text = scalar_text(traits, self._time)
        return lambda value, put: put(start + text(value) + end)

    def _structure(self, traits: Traits, name: str) -> Write:
        refs = traits["members"]
        attributes = {key: ref for key, ref in refs.items() if ref.get("xmlAttribute")}
        children = self.members({key: ref for key, ref in refs.items() if key not in attributes})
        start, end = f"<{name}{namespace_of(traits)}>", f"</{name}>"
        if attributes:
            return _with_attributes(start, end, children, attributes)

        def write(value: Any, put: Put) -> None:
            put(start)
            children(value, put)
            put(end)

        return write

    def _list(self, traits: Traits, name: str) -> Write:
        member = traits["member"]
        if traits.get("flattened"):
            item = self.of(member, name)
            start = end = ""
        else:
            item = self.of(member, self._model.traits(member).get("locationName", "member"))
            start, end = f"<{name}{namespace_of(traits)}>", f"</{name}>"

        def write(value: Any, put: Put) -> None:
            put(start)
            for one in value:
                if one is not None:
                    item(one, put)
            put(end)

        return write

    def _map(self, traits: Traits, name: str) -> Write:
        key_ref, value_ref = traits["key"], traits["value"]
        write_key = self.of(key_ref, self._model.traits(key_ref).get("locationName", "key"))
        write_value = self.of(value_ref, self._model.traits(value_ref).get("locationName", "value"))
        flat = bool(traits.get("flattened"))
        entry_start, entry_end = (f"<{name}>", f"</{name}>") if flat else ("<entry>", "</entry>")
        start, end = ("", "") if flat else (f"<{name}{namespace_of(traits)}>", f"</{name}>")

        def write(value: Any, put: Put) -> None:
            put(start)
            for key, item in value.items():
                if item is not None:
                    put(entry_start)
                    write_key(key, put)
                    write_value(item, put)
                    put(entry_end)
            put(end)

        return write


def _with_attributes(start: str, end: str, children: Write, attributes: Mapping[str, Traits]) -> Write:
    names = [(member, ref["locationName"]) for member, ref in attributes.items()]

    def write(value: Any, put: Put) -> None:
        given = "".join(
            f' {wire}="{escaped(value[member])}"' for member, wire in names if value.get(member) is not None
        )
        put(f"{start[:-1]}{given}>")
        children(value, put)
        put(end)

    return write


class _Bounded(ET.TreeBuilder):
    """Builds a tree that is not deeper than any that AWS knows: each level of nonsense would cost memory."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> ET.Element:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise ValueError("the document is nested too deeply")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ET.Element:
        self._depth -= 1
        return super().end(tag)


def _in_pieces(text: str) -> ET.Element:
    """A document read a little at a time: expat goes on to the end of what it was given, also when it is to stop."""
    parser: ET.XMLParser[Any] = ET.XMLParser(target=_Bounded())  # noqa: S314
    for start in range(0, len(text), _PIECE):
        parser.feed(text[start : start + _PIECE])
    found: ET.Element = parser.close()
    return found


def document(body: bytes) -> ET.Element:
    """The root of a document in UTF-8. Raises Unreadable for what is not XML, and for any document type declaration."""
    try:
        # Decoded here so that a declared encoding cannot hide a declaration from the check.
        text = body.decode("utf-8-sig")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise Unreadable("a document type declaration is not allowed")
        if text.count('="') > _ATTRIBUTES_MAX:
            raise Unreadable("the document has too many attributes")
        # Entities need a declaration, which is refused above.
        if text.count("<") <= _TAGS_UNBOUND_MAX:
            return ET.fromstring(text)  # noqa: S314
        return _in_pieces(text)
    except (UnicodeDecodeError, ET.ParseError, ValueError) as error:
        raise Unreadable(str(error)) from None


def local_name(tag: str) -> str:
    """An element's name without its namespace: clients send both forms."""
    return tag.rpartition("}")[2]


class XmlReader:
    """Closures from elements to parameters, compiled once for each shape of a model. They raise Unreadable."""

    __slots__ = ("_made", "_model")

    def __init__(self, model: Model) -> None:
        self._model = model
        self._made: dict[tuple[Any, ...], Read] = {}

    def of(self, ref: Traits) -> Read:
        """The closure for a reference to a shape; a flattened list's or map's is given one of its elements' parents."""
        traits = self._model.traits(ref)
        key = (ref["shape"], traits.get("timestampFormat"))
        made = self._made.get(key)
        if made is None:
            self._made[key] = lambda element: self._made[key](element)
            compound = {"structure": self._structure, "list": self._list, "map": self._map}.get(traits["type"])
            made = self._made[key] = compound(traits) if compound else _scalar_element(traits)
        return made

    def members(self, refs: Mapping[str, Traits]) -> Read:
        """The closure for an element with these children."""
        plan: dict[str, tuple[str, Read, str]] = {}
        attributes: dict[str, str] = {}
        for name, ref in refs.items():
            traits = self._model.traits(ref)
            wire = traits.get("locationName", name)
            if traits.get("xmlAttribute"):
                attributes[wire.rpartition(":")[2]] = name
            elif traits.get("flattened"):
                self._flattened(plan, name, wire, traits)
            else:
                plan[wire] = (name, self.of(ref), "")

        def structure(element: ET.Element) -> dict[str, Any]:
            result: dict[str, Any] = {}
            for child in element:
                known = plan.get(local_name(child.tag))
                if known is not None:
                    _keep(result, known, child)
            for key, text in element.attrib.items() if attributes else ():
                if local_name(key) in attributes:
                    result[attributes[local_name(key)]] = text
            return result

        return structure

    def _flattened(self, plan: dict[str, tuple[str, Read, str]], name: str, wire: str, traits: Traits) -> None:
        if traits["type"] == "list":
            plan[wire] = (name, self.of(traits["member"]), "list")
            inner = self._model.traits(traits["member"]).get("locationName")
            if inner:
                plan[inner] = plan[wire]
        else:
            plan[wire] = (name, self._entry(traits), "map")

    def _structure(self, traits: Traits) -> Read:
        return self.members(traits["members"])

    def _list(self, traits: Traits) -> Read:
        convert = self.of(traits["member"])
        return lambda element: [convert(child) for child in element]

    def _map(self, traits: Traits) -> Read:
        entry = self._entry(traits)
        return lambda element: dict(entry(child) for child in element)

    def _entry(self, traits: Traits) -> Read:
        key_name = self._model.traits(traits["key"]).get("locationName", "key")
        value_name = self._model.traits(traits["value"]).get("locationName", "value")
        read_key, read_value = self.of(traits["key"]), self.of(traits["value"])

        def entry(element: ET.Element) -> tuple[Any, Any]:
            parts = {local_name(child.tag): child for child in element}
            if key_name not in parts or value_name not in parts:
                raise Unreadable("an entry of a map lacks its key or its value")
            return read_key(parts[key_name]), read_value(parts[value_name])

        return entry


def _keep(result: dict[str, Any], known: tuple[str, Read, str], child: ET.Element) -> None:
    name, read, kind = known
    if kind == "list":
        result.setdefault(name, []).append(read(child))
    elif kind == "map":
        key, value = read(child)
        result.setdefault(name, {})[key] = value
    else:
        result[name] = read(child)


def _scalar_element(traits: Traits) -> Read:
    convert = scalar_value(traits)
    return lambda element: convert(element.text or "")
