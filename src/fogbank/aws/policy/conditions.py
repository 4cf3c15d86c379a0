"""The Condition element: every operator, its set qualifiers and what a missing key means.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from fogbank.aws.policy.patterns import ArnPatterns, Context, Patterns, Variable, text_of, tokens_of, variables_of

Test = Callable[[str, Context], bool]
"""Whether one value of the request matches one of the policy's values."""

Qualifier = Literal["", "ForAllValues", "ForAnyValue"]


class _Compiled(NamedTuple):
    test: Test
    variables: tuple[Variable, ...] = ()


class Operator(NamedTuple):
    """`ForAnyValue:StringNotLikeIfExists` taken apart; `negated` operators are the opposite of their `family`."""

    family: str
    negated: bool
    if_exists: bool
    qualifier: Qualifier


def parse_operator(text: str) -> Operator | None:
    """The parts of an operator's name, whose case does not matter; None if there is no such operator."""
    qualifier, colon, name = text.rpartition(":")
    qualifiers: dict[str, Qualifier] = {"forallvalues": "ForAllValues", "foranyvalue": "ForAnyValue"}
    if colon and qualifier.lower() not in qualifiers:
        return None
    name = name.lower()
    if_exists = name.endswith("ifexists")
    family = _FAMILIES.get(name.removesuffix("ifexists"))
    if family is None or (if_exists and family[0] == "null"):
        return None
    return Operator(*family, if_exists, qualifiers[qualifier.lower()] if colon else "")


class Condition:
    """One operator on one key: `{"StringLike": {"s3:prefix": ["home/*"]}}`."""

    __slots__ = ("_count", "_if_missing", "_negated", "_qualifier", "_test", "key", "variables", "written")

    def __init__(self, how: Operator, key: str, values: Sequence[str], *, variables: bool) -> None:
        compiled = _COMPILERS[how.family](values, variables)
        self.written = key
        self.key = key.lower()
        self.variables = compiled.variables
        self._test = compiled.test
        self._negated = how.negated
        self._qualifier = how.qualifier
        self._if_missing = _if_missing(how)
        # A negated operator asks the opposite of each value, so by De Morgan "all" and "any" change places for it.
        needs_all = how.qualifier == ("ForAnyValue" if how.negated else "ForAllValues")
        self._count: Callable[[Iterable[bool]], bool] = all if needs_all else any

    def holds(self, context: Context) -> bool:
        """Whether the request meets the condition.

        Without a qualifier a key with several values meets a positive operator if one value does, and its negation if
        none does. A variable without a value matches nothing; in a negated operator it makes the statement invalid.
        """
        values = context.get(self.key)
        if not values:
            return self._if_missing
        if self._qualifier and not any(values):
            # "an empty data set (for example, an empty string)": true for all of none, false for any of none.
            return self._qualifier == "ForAllValues"
        if self._negated and any(variable.value(context) is None for variable in self.variables):
            return False
        if len(values) == 1:
            return self._test(values[0], context) != self._negated
        return self._count(self._test(value, context) for value in values) != self._negated


class NullCondition:
    """`Null`: whether the key is absent."""

    __slots__ = ("_absent", "key", "variables", "written")

    def __init__(self, key: str, values: Sequence[str]) -> None:
        self.written = key
        self.key = key.lower()
        self.variables: tuple[Variable, ...] = ()
        self._absent = frozenset(value.lower() == "true" for value in values)

    def holds(self, context: Context) -> bool:
        """Whether the key is absent as the policy asks ("true"), or there with a value ("false")."""
        return (not context.get(self.key)) in self._absent


def compile_condition(how: Operator, key: str, values: Sequence[str], *, variables: bool) -> Condition | NullCondition:
    """The condition that a policy writes as `{operator: {key: values}}`.

    Values that are no numbers, dates or addresses where the operator needs such are left out: they match nothing.
    """
    return NullCondition(key, values) if how.family == "null" else Condition(how, key, values, variables=variables)


def _if_missing(how: Operator) -> bool:
    if how.if_exists or how.qualifier == "ForAllValues":
        return True
    return how.negated and not how.qualifier


def _string_equals(values: Sequence[str], variables: bool) -> _Compiled:
    return _equals(values, variables, str)


def _string_equals_ignore_case(values: Sequence[str], variables: bool) -> _Compiled:
    return _equals(values, variables, str.lower)


def _equals(values: Sequence[str], variables: bool, fold: Callable[[str], str]) -> _Compiled:
    tokens = [tokens_of(value, variables=variables, wildcards=False) for value in values]
    plain = frozenset(fold(text_of(each, {}) or "") for each in tokens if not variables_of(each))
    templates = [each for each in tokens if variables_of(each)]
    if not templates:
        return _Compiled(lambda value, _: fold(value) in plain)

    def test(value: str, context: Context) -> bool:
        value = fold(value)
        if value in plain:
            return True
        texts = (text_of(template, context) for template in templates)
        return any(text is not None and fold(text) == value for text in texts)

    return _Compiled(test, tuple(found for each in templates for found in variables_of(each)))


def _string_like(values: Sequence[str], variables: bool) -> _Compiled:
    patterns = Patterns(values, variables=variables)
    return _Compiled(patterns.matches, patterns.variables)


def _arn_like(values: Sequence[str], variables: bool) -> _Compiled:
    patterns = ArnPatterns(values, variables=variables)
    return _Compiled(patterns.matches, patterns.variables)


_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")


def number_of(text: str) -> Decimal | None:
    """An integer or decimal number, None if it is none."""
    text = text.strip()
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def instant_of(text: str) -> Decimal | None:
    """Seconds since 1970 of a W3C date (`2020`, `2020-01`, `2020-01-01`, `2020-01-01T00:00Z`) or of epoch seconds.

    Four digits are a year. None if it is no date. https://www.w3.org/TR/NOTE-datetime
    """
    text = text.strip()
    if len(text) != 4 and (seconds := number_of(text)) is not None:
        return seconds
    if re.fullmatch(r"\d{4}(-\d\d)?", text):
        text = f"{text}-01-01"[:10]
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return Decimal(str((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()))


def _ordered(parse: Callable[[str], Decimal | None], holds: Callable[[Decimal, Decimal], bool]) -> _Compiler:
    def compiler(values: Sequence[str], _: bool) -> _Compiled:
        bounds = [bound for value in values if (bound := parse(value)) is not None]

        def test(value: str, _: Context) -> bool:
            asked = parse(value)
            return asked is not None and any(holds(asked, bound) for bound in bounds)

        return _Compiled(test)

    return compiler


def _bytes_of(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _binary_equals(values: Sequence[str], _: bool) -> _Compiled:
    wanted = frozenset(found for value in values if (found := _bytes_of(value)) is not None)
    return _Compiled(lambda value, _: _bytes_of(value) in wanted)


def _ip_address(values: Sequence[str], _: bool) -> _Compiled:
    networks: list[tuple[int, int, int]] = []
    for value in values:
        try:
            network = ipaddress.ip_network(value.strip(), strict=False)
        except ValueError:
            continue
        networks.append((network.version, int(network.netmask), int(network.network_address)))

    def test(value: str, _: Context) -> bool:
        try:
            address = ipaddress.ip_address(value)
        except ValueError:
            return False
        version, number = address.version, int(address)
        return any(version == kind and number & mask == start for kind, mask, start in networks)

    return _Compiled(test)


_Compiler = Callable[[Sequence[str], bool], _Compiled]

_ORDERS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "equals": operator.eq,
    "lessthan": operator.lt,
    "lessthanequals": operator.le,
    "greaterthan": operator.gt,
    "greaterthanequals": operator.ge,
}

_COMPILERS: dict[str, _Compiler] = {
    "stringequals": _string_equals,
    "stringequalsignorecase": _string_equals_ignore_case,
    "stringlike": _string_like,
    "arnlike": _arn_like,
    "bool": _string_equals_ignore_case,
    "binaryequals": _binary_equals,
    "ipaddress": _ip_address,
    **{f"numeric{name}": _ordered(number_of, holds) for name, holds in _ORDERS.items()},
    **{f"date{name}": _ordered(instant_of, holds) for name, holds in _ORDERS.items()},
}

_FAMILIES: dict[str, tuple[str, bool]] = {
    **{name: (name, False) for name in _COMPILERS},
    "stringnotequals": ("stringequals", True),
    "stringnotequalsignorecase": ("stringequalsignorecase", True),
    "stringnotlike": ("stringlike", True),
    "numericnotequals": ("numericequals", True),
    "datenotequals": ("dateequals", True),
    "notipaddress": ("ipaddress", True),
    "arnequals": ("arnlike", False),
    "arnnotequals": ("arnlike", True),
    "arnnotlike": ("arnlike", True),
    "null": ("null", False),
}
