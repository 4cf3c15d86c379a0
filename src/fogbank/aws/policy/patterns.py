"""Wildcards and `${…}` variables of policies, taken apart once so that matching compiles nothing.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

Context = Mapping[str, Sequence[str]]
"""Lower-case condition keys and the values that the request has for each."""

_SPECIAL = frozenset("*?$")
_WILD = re.compile(r"[*?]")
_WILD_OR_VARIABLE = re.compile(r"[*?]|\$\{([^{}]*)\}")
_VARIABLE = re.compile(r"\s*([^\s,']+)\s*(?:,\s*'(.*)'\s*)?", re.DOTALL)
_ARN_COLONS = 5


class Wild(Enum):
    """The two wildcards: any characters, or exactly one."""

    MANY = "*"
    ONE = "?"


class Variable(NamedTuple):
    """`${key, 'default'}`: the key in lower case; `written` as the policy spells it."""

    key: str
    default: str | None
    written: str

    def value(self, context: Context) -> str | None:
        """The one value that the request has for the key, else the default, else None.

        A key with several values is no variable ("you cannot use a multivalued context key as a policy variable").
        """
        values = context.get(self.key)
        return values[0] if values and len(values) == 1 else self.default


Token = str | Wild | Variable
Tokens = tuple[Token, ...]


def tokens_of(text: str, *, variables: bool, wildcards: bool = True) -> Tokens:
    """`text` split at its wildcards and variables; `${*}`, `${?}` and `${$}` are the characters themselves.

    `variables` is False for policies of a version before 2012-10-17, where `${aws:username}` is plain text.
    `wildcards` is False for operators that compare exactly.
    """
    tokens: list[Token] = []
    end = 0
    for found in (_WILD_OR_VARIABLE if variables else _WILD).finditer(text):
        token = _token(found.group(), found.group(1) if variables else None, wildcards)
        tokens += (text[end : found.start()], token)
        end = found.end()
    tokens.append(text[end:])
    return _joined(tokens)


def _token(whole: str, body: str | None, wildcards: bool) -> Token:
    if body is None:
        return Wild(whole) if wildcards else whole
    if body in _SPECIAL:
        return body
    found = _VARIABLE.fullmatch(body)
    return Variable(found[1].lower(), found[2], found[1]) if found else whole


def _joined(tokens: Iterable[Token]) -> Tokens:
    """The same tokens with neighbouring plain texts made one, repeated `*` made one and empty texts left out."""
    out: list[Token] = []
    for token in tokens:
        if token == "" or (token is Wild.MANY and out and out[-1] is Wild.MANY):
            continue
        if isinstance(token, str) and out and isinstance(out[-1], str):
            out[-1] += token
        else:
            out.append(token)
    return tuple(out)


def variables_of(tokens: Tokens) -> tuple[Variable, ...]:
    """The variables among the tokens."""
    return tuple(token for token in tokens if isinstance(token, Variable))


def rendered(tokens: Tokens, context: Context) -> Tokens | None:
    """The tokens with each variable replaced by its value, in which `*` and `?` are plain; None without a value."""
    out: list[Token] = []
    for token in tokens:
        value: Token | None = token.value(context) if isinstance(token, Variable) else token
        if value is None:
            return None
        out.append(value)
    return _joined(out)


def text_of(tokens: Tokens, context: Context) -> str | None:
    """The text that tokens without wildcards stand for, None if a variable has no value."""
    out = rendered(tokens, context)
    return None if out is None else "".join(str(token) for token in out)


def regex_of(tokens: Tokens, character: str = ".") -> str:
    """A regular expression for tokens without variables, whose wildcards stand for `character`.

    The text between two `*` is matched once, at its first place (an atomic group), so that matching is not exponential.
    """
    parts = [""]
    for token in tokens:
        if token is Wild.MANY:
            parts.append("")
        else:
            parts[-1] += character if token is Wild.ONE else re.escape(str(token))
    if len(parts) == 1:
        return parts[0]
    first, *middle, last = parts
    return first + "".join(f"(?>{character}*?{part})" for part in middle) + f"{character}*{last}"


def is_glob_match(tokens: Tokens, value: str) -> bool:
    """Whether tokens without variables match the whole of `value`; for patterns that are known only per request."""
    first, *rest = _segments(tokens)
    at = _end_of(first, value, 0)
    if at < 0 or not rest:
        return at == len(value)
    *middle, last = rest
    for segment in middle:
        at = _after(segment, value, at)
        if at < 0:
            return False
    start = len(value) - sum(1 if token is Wild.ONE else len(str(token)) for token in last)
    return start >= at and _end_of(last, value, start) == len(value)


def _segments(tokens: Tokens) -> list[list[Token]]:
    segments: list[list[Token]] = [[]]
    for token in tokens:
        if token is Wild.MANY:
            segments.append([])
        else:
            segments[-1].append(token)
    return segments


def _end_of(segment: list[Token], value: str, at: int) -> int:
    """Where `segment` ends in `value` if it stands at `at`, else -1; past the end if only `?` is left to match."""
    for token in segment:
        if isinstance(token, str):
            if not value.startswith(token, at):
                return -1
            at += len(token)
        else:
            at += 1
    return at


def _after(segment: list[Token], value: str, at: int) -> int:
    """Where the first `segment` at or behind `at` ends, else -1."""
    if len(segment) == 1 and isinstance(segment[0], str):
        found = value.find(segment[0], at)
        return -1 if found < 0 else found + len(segment[0])
    for start in range(at, len(value) + 1):
        end = _end_of(segment, value, start)
        if end >= 0:
            return end
    return -1


def _any_of(regexes: Sequence[str]) -> Callable[[str], object] | None:
    """A function that says whether the whole of a text matches one of the expressions; None if there are none."""
    return re.compile("|".join(f"(?:{regex})" for regex in regexes), re.DOTALL).fullmatch if regexes else None


class Patterns:
    """A list of patterns, one of which must match: of actions, of resources, of `StringLike` values.

    Plain texts, prefixes and `*` are told apart when compiled, so that most answers take one look-up.
    """

    __slots__ = ("_literals", "_prefixes", "_regex", "_templates", "everything", "variables")

    def __init__(self, texts: Iterable[str], *, variables: bool) -> None:
        literals: set[str] = set()
        prefixes: list[str] = []
        regexes: list[str] = []
        templates: list[Tokens] = []
        self.everything = False
        for text in texts:
            tokens = tokens_of(text, variables=variables)
            if variables_of(tokens):
                templates.append(tokens)
            elif not any(isinstance(token, Wild) for token in tokens):
                literals.add("".join(map(str, tokens)))
            elif tokens == (Wild.MANY,):
                self.everything = True
            elif len(tokens) == 2 and isinstance(tokens[0], str) and tokens[1] is Wild.MANY:
                prefixes.append(tokens[0])
            else:
                regexes.append(regex_of(tokens))
        self._literals = frozenset(literals)
        self._prefixes = tuple(prefixes)
        self._regex = _any_of(regexes)
        self._templates = tuple(templates)
        self.variables = tuple(variable for tokens in templates for variable in variables_of(tokens))

    def matches(self, value: str, context: Context) -> bool:
        """Whether one of the patterns matches the whole value, wildcards reaching over any character."""
        if self.everything or value in self._literals or value.startswith(self._prefixes):
            return True
        if self._regex is not None and self._regex(value):
            return True
        for template in self._templates:
            tokens = rendered(template, context)
            if tokens is not None and is_glob_match(tokens, value):
                return True
        return False


class ArnPatterns:
    """Patterns for ARNs whose wildcards stay within one of the six parts, as `ArnLike` has it."""

    __slots__ = ("_regex", "_templates", "everything", "variables")

    def __init__(self, texts: Iterable[str], *, variables: bool) -> None:
        regexes: list[str] = []
        templates: list[tuple[Tokens, ...]] = []
        self.everything = False
        for text in texts:
            tokens = tokens_of(text, variables=variables)
            parts = _arn_parts(tokens)
            if tokens == (Wild.MANY,):
                self.everything = True
            elif variables_of(tokens):
                templates.append(parts)
            else:
                front = [regex_of(part, "[^:]") for part in parts[:_ARN_COLONS]]
                back = [regex_of(part) for part in parts[_ARN_COLONS:]]
                regexes.append(":".join(front + back))
        self._regex = _any_of(regexes)
        self._templates = tuple(templates)
        self.variables = tuple(found for parts in templates for part in parts for found in variables_of(part))

    def matches(self, value: str, context: Context) -> bool:
        """Whether one of the patterns matches the value, part by part."""
        if self.everything or (self._regex is not None and self._regex(value)):
            return True
        return any(_is_arn_match(parts, value, context) for parts in self._templates)


def _arn_parts(tokens: Tokens) -> tuple[Tokens, ...]:
    """The tokens split at the first five colons that stand in plain text, not in a variable."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if not isinstance(token, str):
            parts[-1].append(token)
            continue
        first, *more = token.split(":", _ARN_COLONS + 1 - len(parts)) if len(parts) <= _ARN_COLONS else [token]
        parts[-1].append(first)
        parts += [[text] for text in more]
    return tuple(_joined(part) for part in parts)


def _is_arn_match(parts: tuple[Tokens, ...], value: str, context: Context) -> bool:
    values = value.split(":", _ARN_COLONS)
    if len(values) != len(parts):
        return False
    for part, text in zip(parts, values, strict=True):
        tokens = rendered(part, context)
        if tokens is None or not is_glob_match(tokens, text):
            return False
    return True
