"""What Parameter Store decides: names, tiers, values, labels and filters."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.services.ssm.resources import Parameter, Version

HISTORY_MAX = 100
HISTORY_SLACK = 16
"""How many versions past the oldest may lie about before they are swept together."""
LABELS_MAX = 10
LEVELS_MAX = 15
STANDARD_BYTES_MAX = 4096
ADVANCED_BYTES_MAX = 8192
STANDARD_PARAMETERS_MAX = 10_000
ADVANCED_PARAMETERS_MAX = 100_000
NAME_AND_ARN_MAX = 1011
KEY_DEFAULT = "alias/aws/ssm"
TYPE_NAME_HINT = (
    "If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix "
    "of letters, numbers and the following 3 symbols .-_"
)

_NAME = re.compile(r"[a-zA-Z0-9_.\-/]+\Z")
_LABEL = re.compile(r"[a-zA-Z0-9_.\-]{1,100}\Z")
_RESERVED = re.compile(r"/?(aws|ssm)", re.IGNORECASE)


class Selected(NamedTuple):
    """A name as a caller gave it, taken apart: whose it is, what it is called, and which version is meant."""

    name: str
    selector: str = ""
    """Empty, or `:3`, or `:label`."""
    account: str = ""
    region: str = ""


def selected(text: str) -> Selected:
    """Takes `/a/b:3`, `/a/b:label` and ARNs of these apart (GetParameter API page, `Name`).

    An ARN loses the first slash of the name: `parameter/a/b` is `/a/b`, and `parameter/a` is `a`.
    """
    arn = Arn.parse(text) if text.startswith("arn:") else None
    if arn is None:
        name, _, selector = text.partition(":")
        return Selected(name, f":{selector}" if selector else "")
    path, _, selector = arn.resource.removeprefix("parameter").partition(":")
    name = path if path.count("/") > 1 else path.lstrip("/")
    return Selected(name, f":{selector}" if selector else "", arn.account, arn.region)


def version_of(parameter: Parameter, selector: str) -> int:
    """The version that a selector means. Raises ParameterVersionNotFound."""
    if not selector:
        return parameter.latest.version
    wanted = selector[1:]
    if wanted.isdigit():
        version = int(wanted)
        if parameter.oldest <= version <= parameter.latest.version:
            return version
        text = f"Systems Manager could not find version {wanted} of {parameter.name}. Verify the version and try again."
        raise AwsError("ParameterVersionNotFound", text)
    if wanted not in parameter.labels:
        text = f"Systems Manager could not find label {wanted} for parameter {parameter.name}."
        raise AwsError("ParameterVersionNotFound", f"{text} Verify the label and try again.")
    return parameter.labels[wanted]


def resource_of(name: str) -> str:
    """The part of a parameter's ARN that names it: `parameter/a/b` for `/a/b` and for `a/b`."""
    return f"parameter{name}" if name.startswith("/") else f"parameter/{name}"


def checked_name(name: str, arn: str) -> str:
    """The name of a parameter to be made (Systems Manager User Guide, "Requirements and constraints for parameter
    names"). Raises AWS's refusals."""
    name = name.strip()
    if re.match(r"/?aws(/|$)", name, re.IGNORECASE) and name.startswith("/"):
        raise AwsError("AccessDeniedException", f"No access to reserved parameter name: {name}.")
    if found := _RESERVED.match(name):
        word = found.group(1).lower()
        raise _invalid(f'Parameter name: can\'t be prefixed with "{word}" (case-insensitive). {TYPE_NAME_HINT}')
    if ":" in name:
        raise _invalid(
            "Invalid parameter name. Please use correct syntax for referencing a version/label <name>:<version/label>"
        )
    if not _NAME.match(name) or "//" in name or name.endswith("/"):
        raise _invalid(f'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). {TYPE_NAME_HINT}')
    if "/" in name and not name.startswith("/"):
        raise _invalid("Parameter name must be a fully qualified name.")
    if len([level for level in name.split("/") if level]) > LEVELS_MAX:
        raise AwsError(
            "HierarchyLevelLimitExceededException",
            f"A hierarchy can have a maximum of {LEVELS_MAX} levels. "
            "For more information, see Requirements and constraints for parameter names in the "
            "AWS Systems Manager User Guide.",
        )
    if len(arn) > NAME_AND_ARN_MAX:
        raise _invalid(
            f"The parameter name, with the ARN in front of it, has a maximum length of {NAME_AND_ARN_MAX} characters."
        )
    return name


def tier_of(wanted: str, current: str | None, value: str, policies: str, standard_count: int) -> str:
    """The tier that a parameter gets (User Guide, "Managing parameter tiers"). Raises ValidationException."""
    needs_advanced = len(value.encode()) > STANDARD_BYTES_MAX or policies not in ("", "[]")
    if wanted == "Intelligent-Tiering":
        full = current is None and standard_count >= STANDARD_PARAMETERS_MAX
        return "Advanced" if needs_advanced or full or current == "Advanced" else "Standard"
    if wanted == "Standard":
        if current == "Advanced":
            raise _invalid(
                "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the "
                "advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced "
                "parameter and recreate it as a standard parameter."
            )
        if len(value.encode()) > STANDARD_BYTES_MAX:
            raise _invalid(
                f"Standard tier parameters support a maximum parameter value of {STANDARD_BYTES_MAX} characters. To "
                "create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more "
                "information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/"
                "parameter-store-advanced-parameters.html"
            )
        if needs_advanced:
            raise _invalid("Parameter policies are only supported for parameters that use the advanced-parameter tier.")
    return wanted


def check_count(tier: str, standard_count: int, advanced_count: int) -> None:
    """Raises ParameterLimitExceeded where one more parameter of the tier is one too many."""
    if tier == "Standard" and standard_count >= STANDARD_PARAMETERS_MAX:
        text = (
            f"You have reached the maximum number of standard parameters ({STANDARD_PARAMETERS_MAX}) for this account "
            "and Region. Delete standard parameters, or use the advanced-parameter tier."
        )
        raise AwsError("ParameterLimitExceeded", text)
    if tier == "Advanced" and advanced_count >= ADVANCED_PARAMETERS_MAX:
        text = (
            f"You have reached the maximum number of advanced parameters ({ADVANCED_PARAMETERS_MAX}) for this account "
            "and Region."
        )
        raise AwsError("ParameterLimitExceeded", text)


def check_value(value: str, kind: str, allowed_pattern: str, data_type: str) -> None:
    """Raises what PutParameter says of a value that its tier, pattern or data type does not allow."""
    if not value:
        text = "Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1."
        raise _invalid(f"1 validation error detected: {text}")
    if len(value.encode()) > ADVANCED_BYTES_MAX:
        raise _invalid(
            f"Advanced tier parameters support a maximum parameter value of {ADVANCED_BYTES_MAX} characters."
        )
    if "{{" in value and re.search(r"\{\{\s*ssm:", value):
        raise _invalid('Parameter value can\'t nest another parameter. Do not use "{{}}" in the value.')
    if kind == "StringList" and any(not part.strip() for part in value.split(",")):
        raise _invalid("Parameter StringList must not contain empty items.")
    if allowed_pattern:
        try:
            allowed = re.fullmatch(allowed_pattern, value)
        except re.error:
            text = f"The allowed pattern {allowed_pattern} is not a valid regular expression."
            raise AwsError("InvalidAllowedPatternException", text) from None
        if not allowed:
            text = f"Parameter value, cannot be validated against allowedPattern: {allowed_pattern}"
            raise AwsError("ParameterPatternMismatchException", text)
    _check_data_type(value, kind, data_type)


def _check_data_type(value: str, kind: str, data_type: str) -> None:
    if data_type not in _DATA_TYPES:
        names = ", ".join(sorted(_DATA_TYPES))
        raise _invalid(f"The following data type is not supported: {data_type}. Supported data types: {names}.")
    if data_type != "text" and kind == "SecureString" and data_type == "aws:ec2:image":
        raise _invalid("The data type aws:ec2:image is supported for parameters of the type String only.")
    pattern = _DATA_TYPES[data_type]
    fits = bool(re.fullmatch(pattern, value)) if isinstance(pattern, str) else pattern(value)
    if not fits:
        raise _invalid(f"Parameter value does not match the data type {data_type}.")


def _is_json(value: str) -> bool:
    try:
        json.loads(value)
    except ValueError:
        return False
    return True


def _is_address(version: int, value: str) -> bool:
    try:
        return ipaddress.ip_address(value).version == version
    except ValueError:
        return False


_HOST_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DATA_TYPES: Mapping[str, Any] = {
    "text": lambda value: True,
    "aws:ec2:image": r"ami-([0-9a-f]{8}|[0-9a-f]{17})",
    "aws:ssm:integration": lambda value: _is_json(value),
    "aws:region": r"[a-z]{2,4}(-[a-z]+)+-\d",
    "aws:account:id": r"\d{12}",
    "boolean": r"(?i)true|false",
    "integer": r"[+-]?\d+",
    "float": r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?",
    "binary": r"[A-Za-z0-9+/]*={0,2}",
    "hostname": rf"(?=.{{1,253}}\Z){_HOST_LABEL}(\.{_HOST_LABEL})*",
    "email": r"[^@\s]+@[^@\s]+\.[^@\s]+",
    "ipv4-address": lambda value: _is_address(4, value),
    "ipv6-address": lambda value: _is_address(6, value),
    "url": r"[A-Za-z][A-Za-z0-9+.-]*://\S+",
    "json": lambda value: _is_json(value),
    "jsonc": lambda value: _is_json(re.sub(r"//[^\n]*|/\*.*?\*/", "", value, flags=re.DOTALL)),
}


class Labelled(NamedTuple):
    """What LabelParameterVersion comes to: the labels afterwards, and those that are no labels."""

    labels: dict[str, int]
    invalid: list[str]


def labelled(parameter: Parameter, version: int, labels: Sequence[str]) -> Labelled:
    """Labels put on a version, taken from the versions that had them (User Guide, "Working with parameter versions").

    Raises ParameterVersionLabelLimitExceeded.
    """
    invalid = [label for label in labels if not is_label(label)]
    found = dict(parameter.labels)
    found.update({label: version for label in labels if label not in invalid})
    if sum(1 for at in found.values() if at == version) > LABELS_MAX:
        raise AwsError(
            "ParameterVersionLabelLimitExceeded",
            f"A parameter version can have a maximum of {LABELS_MAX} labels. Move one or more labels to another "
            "version and try again.",
        )
    return Labelled(found, invalid)


def is_label(text: str) -> bool:
    """Labels begin with neither a number, `aws` nor `ssm`."""
    return bool(_LABEL.match(text)) and not text[0].isdigit() and not text.lower().startswith(("aws", "ssm"))


def oldest_after(parameter: Parameter) -> int:
    """The oldest version that stays when one more is made.

    Raises ParameterMaxVersionLimitExceeded where the one to go has a label.
    """
    version = parameter.latest.version + 1
    oldest = max(parameter.oldest, version - HISTORY_MAX + 1)
    if any(at < oldest for at in parameter.labels.values()):
        raise AwsError(
            "ParameterMaxVersionLimitExceeded",
            f"You attempted to create a new version of {parameter.name} by calling the PutParameter API with the "
            f"overwrite flag. Version {parameter.oldest}, the oldest version, can't be deleted because it has a label "
            "associated with it. Move the label to another version of the parameter, and try again.",
        )
    return oldest


_DESCRIBE_KEYS = {"Name", "Type", "KeyId", "Path", "Tier", "DataType"}
_BY_PATH_KEYS = {"Type", "KeyId", "Label"}


def checked_filters(filters: Iterable[Mapping[str, Any]], by_path: bool) -> list[Mapping[str, Any]]:
    """Parameter filters that may be used together. Raises InvalidFilterKey, InvalidFilterOption, InvalidFilterValue."""
    found: list[Mapping[str, Any]] = []
    seen = set[str]()
    for wanted in filters:
        key, option, values = wanted["Key"], wanted.get("Option"), wanted.get("Values", [])
        allowed = _BY_PATH_KEYS if by_path else _DESCRIBE_KEYS
        if key not in allowed and (by_path or not key.startswith("tag:")):
            valid = ", ".join(sorted(allowed))
            text = f"The following filter key is not valid: {key}. Valid filter keys include: [{valid}]."
            raise AwsError("InvalidFilterKey", text)
        if key in seen:
            raise AwsError(
                "InvalidFilterKey", "The following filter is duplicated in the request: Parameter filter " + key
            )
        seen.add(key)
        options = _options_of(key)
        if option is not None and option not in options:
            text = f"The following filter option is not valid: {option}. Valid options include: [{', '.join(options)}]."
            raise AwsError("InvalidFilterOption", text)
        if not values and not key.startswith("tag:"):
            raise AwsError("InvalidFilterValue", f"The following filter values are missing : null for filter key {key}")
        found.append({"Key": key, "Option": option or options[0], "Values": values})
    return found


def _options_of(key: str) -> list[str]:
    if key == "Path":
        return ["OneLevel", "Recursive"]
    if key == "Name":
        return ["Equals", "BeginsWith", "Contains"]
    return ["Equals"] if key == "Label" else ["Equals", "BeginsWith"]


def matches(parameter: Parameter, filters: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a parameter passes every filter; the values of one filter are alternatives."""
    return all(_matches(parameter, wanted["Key"], wanted["Option"], wanted["Values"]) for wanted in filters)


def _matches(parameter: Parameter, key: str, option: str, values: Sequence[str]) -> bool:
    if key == "Path":
        return any(is_below(parameter.name, path, recursive=option == "Recursive") for path in values)
    if key.startswith("tag:"):
        value = parameter.tags.get(key[4:])
        return value is not None and (not values or _any_equal([value], option, values))
    if key == "Label":
        return any(label in parameter.labels for label in values)
    latest = parameter.latest
    found = {
        "Name": [parameter.name, parameter.name.lstrip("/")],
        "Type": [latest.type],
        "KeyId": [latest.key_id] if latest.key_id else [],
        "Tier": [latest.tier],
        "DataType": [latest.data_type],
    }[key]
    return _any_equal(found, option, values)


def _any_equal(found: Sequence[str], option: str, values: Sequence[str]) -> bool:
    if option == "BeginsWith":
        return any(text.startswith(value) for text in found for value in values)
    if option == "Contains":
        return any(value in text for text in found for value in values)
    return any(text == value for text in found for value in values)


def is_below(name: str, path: str, recursive: bool) -> bool:
    """Whether a parameter is in a path, on its first level or anywhere below."""
    prefix = path if path.endswith("/") else f"{path}/"
    if prefix == "/" and not name.startswith("/"):
        name = f"/{name}"
    return name.startswith(prefix) and (recursive or "/" not in name[len(prefix) :])


def checked_path(path: str) -> str:
    """The path of GetParametersByPath. Raises ValidationException."""
    if not path.startswith("/"):
        raise _invalid("The parameter path must begin with a forward slash (/).")
    if not _NAME.match(path) or "//" in path:
        raise _invalid(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward "
            'slash "/". It can\'t be prefixed with "aws" or "ssm" (case-insensitive) except for global parameters. It '
            "must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special "
            'characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid '
            "example: /get/parameters2-/by1./path0_."
        )
    return path


def revised(parameter: Parameter, version: Version, oldest: int) -> Parameter:
    """A parameter with a new latest version."""
    return Parameter(name=parameter.name, latest=version, oldest=oldest, labels=parameter.labels, tags=parameter.tags)


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
