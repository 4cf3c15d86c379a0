"""Checks parameters against the model's constraints, and says what is wrong in AWS's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.codec.patterns import compiled
from fogbank.model.load import load
from fogbank.model.operation import Model, Operation, Traits


class Problem(NamedTuple):
    """A constraint that a value does not meet; `path` is where, `shown` the value as text, or None if it is secret."""

    path: str
    shown: str | None
    constraint: str
    wire_path: str


Check = Callable[[Any, str, list[Problem]], None]
Rule = tuple[str, Callable[[Any], bool]]
Show = Callable[[Any], str | None]
Validate = Callable[[Mapping[str, Any]], None]

_NOT_NULL = "Member must not be null"
# s3control's pattern of ARNs has no general purpose bucket (`arn:aws:s3:::name`), which AWS takes all the same.
_NOT_ENFORCED = frozenset((r"arn:[^:]+:s3(express)?:[^:].*",))

# Services whose own code stands where others say ValidationException; each API page's list of errors.
_CODES = {
    "cloudfront": "InvalidArgument",
    "cognito-identity": "InvalidParameterException",
    "cognito-idp": "InvalidParameterException",
    "ecs": "InvalidParameterException",
    "eks": "InvalidParameterException",
    "logs": "InvalidParameterException",
    "route53": "InvalidInput",
    "s3control": "InvalidRequest",
}


# Services that look at the values of enums themselves, with errors of their own (InvalidAttributeName).
_CHECKS_ENUMS = frozenset({"sqs"})

_TOLD_MAX = 100
"""How many problems are spelled out: a small request must not be answered with a huge one."""


@cache
def validator(service: str, operation: str) -> Validate:
    """The check of an operation's parameters. It raises AwsError with AWS's message for all that is wrong.

    The code is ValidationError in query services, MissingParameter or InvalidParameterValue in ec2 (and for sqs what is
    missing), the service's own where it has one, else ValidationException. S3 only misses what is required. Raises
    KeyError for an unknown service or operation.
    """
    model = _without_enums(load(service)) if service in _CHECKS_ENUMS else load(service)
    made = model.operation(operation)
    check = Checks(model).members(made.input, only_required=service == "s3") if made.input else None
    if check is None:
        return _nothing
    raise_error = {"s3": _s3_error, "ec2": _ec2_error, "ecr": _ecr_error, "sqs": _sqs_error}.get(
        service, _listed(model)
    )
    top = check

    def validate(parameters: Mapping[str, Any]) -> None:
        problems: list[Problem] = []
        top(parameters, "", problems)
        if problems:
            raise raise_error(problems, made)

    return validate


def _without_enums(model: Model) -> Model:
    shapes = {
        name: {key: trait for key, trait in shape.items() if key != "enum"} for name, shape in model.shapes.items()
    }
    http = {"method": "POST", "requestUri": "/"}
    raw = {one.name: {"http": http, "input": one.input_ref} for one in model.operations() if one.input_ref}
    return Model(model.service, model.metadata, raw, shapes)


def _nothing(parameters: Mapping[str, Any]) -> None:
    return None


def message(problems: list[Problem]) -> str:
    """`2 validation errors detected: Value 'x' at 'name' failed to satisfy constraint: …; Value null at …`"""
    errors = "error" if len(problems) == 1 else "errors"
    return f"{len(problems)} validation {errors} detected: {'; '.join(_sentence(one) for one in problems[:_TOLD_MAX])}"


def _sentence(problem: Problem) -> str:
    # What is secret is not shown at all, as in Cognito's `Value at 'password' failed to satisfy constraint`.
    value = "null " if problem.constraint == _NOT_NULL else "" if problem.shown is None else f"'{problem.shown}' "
    return f"Value {value}at '{problem.path}' failed to satisfy constraint: {problem.constraint}"


def _listed(model: Model) -> Callable[[list[Problem], Operation], AwsError]:
    default = "ValidationError" if model.metadata["protocol"] == "query" else "ValidationException"
    code = _CODES.get(model.service, default)
    return lambda problems, operation: AwsError(code, message(problems))


def _sqs_error(problems: list[Problem], operation: Operation) -> AwsError:
    missing = [one for one in problems if one.constraint == _NOT_NULL]
    if missing:
        return AwsError("MissingParameter", f"The request must contain the parameter {missing[0].wire_path}.")
    return AwsError("InvalidParameterValue", message(problems))


def _ec2_error(problems: list[Problem], operation: Operation) -> AwsError:
    first = problems[0]
    if first.constraint == _NOT_NULL:
        return AwsError("MissingParameter", f"The request must contain the parameter {first.wire_path}")
    reason = first.constraint.replace("Member must have value", "Expecting a value").replace("Member must", "It must")
    return AwsError("InvalidParameterValue", f"Value ({first.shown}) for parameter {first.path} is invalid. {reason}")


def _ecr_error(problems: list[Problem], operation: Operation) -> AwsError:
    first = problems[0]
    reason, colon, pattern = first.constraint.removeprefix("Member ").partition(" pattern: ")
    reason += f" '{pattern}'" if colon else ""
    text = f"Invalid parameter at '{first.path}' failed to satisfy constraint: '{reason}'"
    return AwsError("InvalidParameterException", text)


def _s3_error(problems: list[Problem], operation: Operation) -> AwsError:
    first = problems[0]
    ref = load(operation.service).members(operation.input).get(first.wire_path, {})
    if "location" in ref:
        return AwsError("InvalidRequest", f"Missing required {ref['location']}: {ref.get('locationName')}")
    return AwsError(
        "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema"
    )


def lower_camel(name: str) -> str:
    """A member's name as messages give it: only the first letter is lowered, so `DBName` is `dBName`."""
    return name[:1].lower() + name[1:]


class Checks:
    """Closures that check values, compiled once for each shape of a model; None for a shape without constraints."""

    __slots__ = ("_made", "_model")

    def __init__(self, model: Model) -> None:
        self._model = model
        self._made: dict[tuple[str, bool, bool], Check | None] = {}

    def members(self, shape: str, *, only_required: bool = False, is_secret: bool = False) -> Check | None:
        """The check of a structure's members."""
        traits = self._model.shapes[shape]
        required = [(name, lower_camel(name)) for name in traits.get("required", ())]
        inner = []
        for name, ref in traits["members"].items():
            check = self._of(ref, only_required, is_secret)
            if check is not None:
                inner.append((name, lower_camel(name), check))
        if not required and not inner:
            return None

        def structure(value: Any, path: str, problems: list[Problem]) -> None:
            prefix = f"{path}." if path else ""
            for name, shown in required:
                if value.get(name) is None:
                    problems.append(Problem(prefix + shown, None, _NOT_NULL, name))
            for name, shown, check in inner:
                item = value.get(name)
                if item is not None:
                    check(item, prefix + shown, problems)

        return structure

    def _of(self, ref: Traits, only_required: bool, is_secret: bool) -> Check | None:
        traits = self._model.traits(ref)
        is_secret = is_secret or bool(traits.get("sensitive"))
        key = (ref["shape"], only_required, is_secret)
        if key in self._made:
            return self._made[key]
        if traits.get("document") or traits.get("eventstream") or traits.get("streaming"):
            check: Check | None = None
        elif traits["type"] in ("structure", "list", "map"):
            # While a recursive shape is being compiled it is taken to have constraints.
            self._made[key] = lambda value, path, problems: _later(self._made[key], value, path, problems)
            check = self._compound(ref["shape"], traits, only_required, is_secret)
        else:
            rules = [] if only_required else scalar_rules(traits)
            check = _scalar(rules, is_secret) if rules else None
        self._made[key] = check
        return check

    def _compound(self, shape: str, traits: Traits, only_required: bool, is_secret: bool) -> Check | None:
        if traits["type"] == "structure":
            return self.members(shape, only_required=only_required, is_secret=is_secret)
        own = [] if only_required else _length_rules(traits)
        if traits["type"] == "list":
            return self._list(traits, own, only_required, is_secret)
        return self._map(traits, own, only_required, is_secret)

    def _list(self, traits: Traits, own: list[Rule], only_required: bool, is_secret: bool) -> Check | None:
        model, member = self._model, self._model.traits(traits["member"])
        is_scalar = member["type"] not in ("structure", "list", "map")
        rules = scalar_rules(member) if is_scalar and not only_required else []
        said = _said("Member must satisfy constraint", rules)
        is_sparse = bool(traits.get("sparse"))
        check = None if is_scalar else self._of(traits["member"], only_required, is_secret)
        show = _shower(model, traits, is_secret=is_secret or bool(member.get("sensitive")))

        def look(value: Any, path: str, problems: list[Problem]) -> None:
            _own(own, value, path, problems, show)
            if None in value and not is_sparse:
                place = f"{path}.{value.index(None) + 1}.member"
                problems.append(Problem(place, None, _NOT_NULL, place))
            if rules and any(item is not None and not fits(item) for item in value for _, fits in rules):
                problems.append(Problem(path, show(value), said, path))
            if check is not None:
                for number, item in enumerate(value, 1):
                    if item is not None:
                        check(item, f"{path}.{number}.member", problems)

        return look

    def _map(self, traits: Traits, own: list[Rule], only_required: bool, is_secret: bool) -> Check | None:
        model, item = self._model, self._model.traits(traits["value"])
        is_scalar = item["type"] not in ("structure", "list", "map")
        key_rules = [] if only_required else scalar_rules(model.traits(traits["key"]))
        value_rules = scalar_rules(item) if is_scalar and not only_required else []
        check = None if is_scalar else self._of(traits["value"], only_required, is_secret)
        is_sparse = bool(traits.get("sparse"))
        show = _shower(model, traits, is_secret=is_secret or bool(item.get("sensitive")))
        parts = (
            (key_rules, _said("Map keys must satisfy constraint", key_rules), dict.keys),
            (value_rules, _said("Map value must satisfy constraint", value_rules), dict.values),
        )

        def look(value: Any, path: str, problems: list[Problem]) -> None:
            _own(own, value, path, problems, show)
            for rules, said, part in parts:
                if rules and any(one is not None and not fits(one) for one in part(value) for _, fits in rules):
                    problems.append(Problem(path, show(value), said, path))
            for key, one in value.items():
                if one is None and not is_sparse:
                    problems.append(Problem(f"{path}.{key}.member", None, _NOT_NULL, path))
                elif one is not None and check is not None:
                    check(one, f"{path}.{key}.member", problems)

        return look


def _later(check: Check | None, value: Any, path: str, problems: list[Problem]) -> None:
    if check is not None:
        check(value, path, problems)


def _said(start: str, rules: list[Rule]) -> str:
    return f"{start}: [{', '.join(text for text, _ in rules)}]"


def _own(rules: list[Rule], value: Any, path: str, problems: list[Problem], show: Show) -> None:
    for text, fits in rules:
        if not fits(value):
            problems.append(Problem(path, show(value), text, path))


def _shower(model: Model, traits: Traits, *, is_secret: bool) -> Show:
    """From a value to what a message says of it."""
    return (lambda value: None) if is_secret else lambda value: shown(model, traits, value)


def _scalar(rules: list[Rule], is_secret: bool) -> Check:
    if len(rules) == 1:
        [(text, fits)] = rules

        def one(value: Any, path: str, problems: list[Problem]) -> None:
            if not fits(value):
                problems.append(Problem(path, None if is_secret else scalar_shown(value), text, path))

        return one

    def several(value: Any, path: str, problems: list[Problem]) -> None:
        for text, fits in rules:
            if not fits(value):
                problems.append(Problem(path, None if is_secret else scalar_shown(value), text, path))

    return several


def _length_rules(traits: Traits) -> list[Rule]:
    least, most = traits.get("min"), traits.get("max")
    rules: list[Rule] = []
    if most is not None:
        rules.append((f"Member must have length less than or equal to {most}", lambda value: len(value) <= most))
    if least:
        rules.append((f"Member must have length greater than or equal to {least}", lambda value: len(value) >= least))
    return rules


def _number(bound: float) -> str:
    return str(int(bound)) if float(bound).is_integer() else str(bound)


def scalar_rules(traits: Traits) -> list[Rule]:
    """What a scalar's traits ask of it: the words, and whether a value fits."""
    kind = traits["type"]
    if kind in ("integer", "long", "float", "double"):
        least, most = traits.get("min"), traits.get("max")
        rules: list[Rule] = []
        if most is not None:
            rules.append((f"Member must have value less than or equal to {_number(most)}", lambda value: value <= most))
        if least is not None:
            said = f"Member must have value greater than or equal to {_number(least)}"
            rules.append((said, lambda value: value >= least))
        return rules
    if kind not in ("string", "blob") or traits.get("jsonvalue"):
        return []
    rules = _length_rules(traits)
    if traits.get("pattern") and traits["pattern"] not in _NOT_ENFORCED:
        rules += _pattern_rule(traits["pattern"], traits.get("max"))
    if traits.get("enum"):
        allowed = frozenset(traits["enum"])
        said = f"Member must satisfy enum value set: [{', '.join(traits['enum'])}]"
        rules.append((said, lambda value: value in allowed))
    return rules


def _pattern_rule(pattern: str, length_max: int | None) -> list[Rule]:
    longest = length_max or 1 << 20

    def fits(value: str) -> bool:
        # Compiled when first used, for a class of Unicode letters costs milliseconds. What is too long is refused
        # already, and must not be given to a pattern that backtracks.
        expression = compiled(pattern)
        return expression is None or len(value) > longest or expression.fullmatch(value) is not None

    return [(f"Member must satisfy regular expression pattern: {pattern}", fits)]


def scalar_shown(value: Any) -> str:
    """A scalar as Java shows it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    return str(value)


def shown(model: Model, traits: Traits, value: Any) -> str:
    """A value as Java shows it: `[a, b]`, `{k=v}`, `Tag(key=a, value=b)`; what is secret is left out."""
    if value is None:
        return "null"
    if traits.get("sensitive"):
        return "***"
    kind = traits["type"]
    if kind == "list":
        return f"[{', '.join(shown(model, model.traits(traits['member']), item) for item in value)}]"
    if kind == "map":
        pairs = (f"{key}={shown(model, model.traits(traits['value']), item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if kind == "structure" and not traits.get("document"):
        known = [(name, item) for name, item in value.items() if name in traits["members"]]
        pairs = (
            f"{lower_camel(name)}={shown(model, model.traits(traits['members'][name]), item)}" for name, item in known
        )
        return f"{traits['shape']}({', '.join(pairs)})"
    return scalar_shown(value)
