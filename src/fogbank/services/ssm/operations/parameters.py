"""Parameters: put, get, list and delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fogbank.aws import paging, tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ssm import parameters, policies, public, rules, secrets
from fogbank.services.ssm.resources import Deadline, Parameter, Setting, Version

_SECRET = "/aws/reference/secretsmanager/"
DEFAULT_TIER = "/ssm/parameter-store/default-parameter-tier"


def put_parameter(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name = rules.checked_name(req["Name"], ctx.arn(rules.resource_of(req["Name"])))
    current = ctx.get(Parameter, name)
    if current is not None and not req.get("Overwrite"):
        raise AwsError(
            "ParameterAlreadyExists",
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
        )
    if req.get("Tags") and req.get("Overwrite"):
        raise AwsError(
            "ValidationException",
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please "
            "remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or "
            "RemoveTagsFromResource.",
        )
    version = _version(ctx, name, req, current)
    if current is None:
        ctx.put(Parameter(name=name, latest=version, tags=_new_tags(req)))
    else:
        parameters.keep(ctx, current)
        ctx.put(rules.revised(current, version, rules.oldest_after(current)))
    _set_deadline(ctx, name, version, current)
    parameters.tell(ctx, "Create" if current is None else "Update", name, version)
    return {"Version": version.version, "Tier": version.tier}


def get_parameter(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"Parameter": _read(ctx, req["Name"], req.get("WithDecryption", False))}


def get_parameters(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    names = req["Names"]
    if len(set(names)) != len(names):
        raise AwsError("ValidationException", "Duplicated names are not allowed in the request.")
    found, missing = [], []
    for name in sorted(names):
        try:
            found.append(_read(ctx, name, req.get("WithDecryption", False)))
        except AwsError as error:
            if error.code not in ("ParameterNotFound", "ParameterVersionNotFound"):
                raise
            missing.append(name)
    return {"Parameters": found, "InvalidParameters": missing}


def get_parameters_by_path(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    path = rules.checked_path(req["Path"])
    limit, decrypt = req.get("MaxResults", 10), req.get("WithDecryption", False)
    after = paging.after(req.get("NextToken"))
    if path.startswith("/aws/"):
        facts = (fact for fact in public.below(path.rstrip("/") + "/", ctx.region) if fact.name > after)
        page, token = paging.page(facts, limit, lambda fact: fact.name)
        return _page([_public(ctx, fact) for fact in page], token)
    filters = rules.checked_filters(req.get("ParameterFilters", ()), by_path=True)
    labels = [label for wanted in filters if wanted["Key"] == "Label" for label in wanted["Values"]]
    start = "" if path == "/" else path.rstrip("/") + "/"
    rows = (
        parameter
        for parameter in ctx.scan(Parameter, start=start, after=after)
        if rules.is_below(parameter.name, path, req.get("Recursive", False)) and rules.matches(parameter, filters)
    )
    found, token = paging.page(rows, limit, lambda parameter: parameter.name)
    selectors = [
        f":{next(label for label in labels if label in parameter.labels)}" if labels else "" for parameter in found
    ]
    return _page(
        [
            _described(ctx, parameter, parameters.of_version(ctx, parameter, selector), selector, decrypt)
            for parameter, selector in zip(found, selectors, strict=True)
        ],
        token,
    )


def get_parameter_history(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    wanted = rules.selected(req["Name"])
    home = parameters.home_of(ctx, wanted)
    parameter = parameters.existing(home, req["Name"])
    after = paging.after(req.get("NextToken"))
    versions = (version for version in parameters.history(home, parameter) if f"{version.version:012d}" > after)
    page, token = paging.page(versions, req.get("MaxResults", 50), lambda version: f"{version.version:012d}")
    labels: dict[int, list[str]] = {}
    for label, at in parameter.labels.items():
        labels.setdefault(at, []).append(label)
    rows = [
        {
            **_metadata(parameter.name, version),
            "Value": secrets.value_of(home, parameter.name, version, req.get("WithDecryption", False)),
            "Labels": sorted(labels.get(version.version, [])),
        }
        for version in page
    ]
    return _page(rows, token)


def describe_parameters(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if req.get("Filters") and req.get("ParameterFilters"):
        text = "You can use either Filters or ParameterFilters in a single request."
        raise AwsError("ValidationException", text)
    old = [
        {"Key": wanted["Key"], "Option": "BeginsWith", "Values": wanted["Values"]} for wanted in req.get("Filters", ())
    ]
    filters = old or rules.checked_filters(req.get("ParameterFilters", ()), by_path=False)
    if req.get("Shared"):
        return _page([], None)
    rows = (
        parameter
        for parameter in ctx.scan(Parameter, after=paging.after(req.get("NextToken")))
        if rules.matches(parameter, filters)
    )
    page, token = paging.page(rows, req.get("MaxResults", 50), lambda parameter: parameter.name)
    return _page(
        [
            {**_metadata(parameter.name, parameter.latest), "ARN": ctx.arn(rules.resource_of(parameter.name))}
            for parameter in page
        ],
        token,
    )


def delete_parameter(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    parameters.remove(ctx, parameters.existing(ctx, req["Name"]), "Delete")
    return {}


def delete_parameters(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    deleted, missing = [], []
    for name in dict.fromkeys(req["Names"]):
        parameter = ctx.get(Parameter, name)
        if parameter is None:
            missing.append(name)
        else:
            parameters.remove(ctx, parameter, "Delete")
            deleted.append(name)
    return {"DeletedParameters": deleted, "InvalidParameters": missing}


def label_parameter_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    parameter = parameters.existing(ctx, req["Name"])
    number = req.get("ParameterVersion") or parameter.latest.version
    version = rules.version_of(parameter, f":{number}")
    labels, invalid = rules.labelled(parameter, version, req["Labels"])
    ctx.put(msgspec.structs.replace(parameter, labels=labels))
    parameters.tell(ctx, "LabelParameterVersion", parameter.name, parameter.latest)
    return {"InvalidLabels": invalid, "ParameterVersion": version}


def unlabel_parameter_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    parameter = parameters.existing(ctx, req["Name"])
    version = rules.version_of(parameter, f":{req['ParameterVersion']}")
    removed = [label for label in req["Labels"] if parameter.labels.get(label) == version]
    labels = {label: at for label, at in parameter.labels.items() if label not in removed}
    ctx.put(msgspec.structs.replace(parameter, labels=labels))
    return {"RemovedLabels": removed, "InvalidLabels": [label for label in req["Labels"] if label not in removed]}


def _version(ctx: Context, name: str, req: Mapping[str, Any], current: Parameter | None) -> Version:
    before = current.latest if current else None
    kind = req.get("Type") or (before.type if before else "")
    if not kind:
        raise AwsError("ValidationException", "A parameter type is required when you create a parameter.")
    if before is not None and kind != before.type and "SecureString" in (kind, before.type):
        text = f"The parameter type can't be changed from {before.type} to {kind}. Create a new, unique parameter."
        raise AwsError("HierarchyTypeMismatchException", text)
    if "KeyId" in req and kind != "SecureString":
        raise AwsError("ValidationException", "KeyId is required for SecureString type parameter only.")
    value = req["Value"]
    pattern = req.get("AllowedPattern", before.allowed_pattern if before else "")
    data_type = req.get("DataType") or (before.data_type if before else "text")
    rules.check_value(value, kind, pattern, data_type)
    kept = before.policies if before else ""
    given = req.get("Policies", kept)
    tier = _tier(ctx, req, before, value, given)
    policies.parsed(given, ctx.now)
    key_id = (
        req.get("KeyId") or (before.key_id if before else "") or rules.KEY_DEFAULT if kind == "SecureString" else ""
    )
    sealed, enveloped = secrets.sealed(ctx, name, value, key_id, tier) if kind == "SecureString" else (b"", False)
    return Version(
        version=before.version + 1 if before else 1,
        type=kind,
        value="" if kind == "SecureString" else value,
        sealed=sealed,
        enveloped=enveloped,
        key_id=key_id,
        modified_at=ctx.now,
        modified_by=ctx.caller.arn,
        description=req.get("Description", before.description if before else ""),
        allowed_pattern=pattern,
        tier=tier,
        data_type=data_type,
        policies="" if given == "[]" else given,
    )


def _tier(ctx: Context, req: Mapping[str, Any], before: Version | None, value: str, given: str) -> str:
    wanted = req.get("Tier") or (before.tier if before else _default_tier(ctx))
    current = before.tier if before else None
    tier = rules.tier_of(wanted, current, value, given, parameters.count(ctx, "Standard") if current is None else 0)
    if tier != current:
        if current is None:
            rules.check_count(tier, parameters.count(ctx, "Standard"), parameters.count(ctx, "Advanced"))
        else:
            parameters.tally(ctx, current, -1)
        parameters.tally(ctx, tier, 1)
    return tier


def _default_tier(ctx: Context) -> str:
    setting = ctx.get(Setting, DEFAULT_TIER)
    return setting.value if setting else "Standard"


def _new_tags(req: Mapping[str, Any]) -> dict[str, str]:
    if twice := tags.duplicates(req.get("Tags")):
        raise AwsError("ValidationException", f"Duplicate tag keys are not allowed: {', '.join(twice)}")
    found = tags.read(req.get("Tags"))
    if len(found) > tags.TAGS_MAX:
        raise AwsError("TooManyTagsError", f"The number of tags exceeds the limit of {tags.TAGS_MAX}.")
    return found


def _read(ctx: Context, name: str, decrypt: bool) -> dict[str, Any]:
    if name.startswith("/aws/"):
        return _referenced(ctx, name, decrypt)
    wanted = rules.selected(name)
    home = parameters.home_of(ctx, wanted)
    parameter = parameters.find(home, wanted)
    if parameter is None:
        raise AwsError("ParameterNotFound", "")
    version = parameters.of_version(home, parameter, wanted.selector)
    return _described(home, parameter, version, wanted.selector, decrypt)


def _referenced(ctx: Context, name: str, decrypt: bool) -> dict[str, Any]:
    """What stands behind a reserved name: a public parameter, or a secret of `secretsmanager`."""
    if name.startswith(_SECRET) and not decrypt:
        text = "WithDecryption flag must be True for retrieving a Secret Manager secret."
        raise AwsError("ValidationException", text)
    if name.startswith(_SECRET) and ctx.has_service("secretsmanager"):
        try:
            secret = ctx.call("secretsmanager", "GetSecretValue", SecretId=name.removeprefix(_SECRET))
        except AwsError as error:
            if error.code == "ResourceNotFoundException":
                raise AwsError("ParameterNotFound", f"An error occurred (ParameterNotFound): {error.message}") from None
            raise
        return {
            "Name": name,
            "Type": "SecureString",
            "Value": secret.get("SecretString", ""),
            "Version": 0,
            "SourceResult": msgspec.json.encode(_source(secret)).decode(),
            "LastModifiedDate": secret["CreatedDate"],
            "ARN": secret["ARN"],
            "DataType": "text",
        }
    fact = public.found(name, ctx.region)
    if fact is None:
        raise AwsError("ParameterNotFound", "")
    return _public(ctx, fact)


def _source(secret: Mapping[str, Any]) -> dict[str, Any]:
    return {key: secret[key] for key in ("ARN", "Name", "VersionId", "SecretString", "VersionStages") if key in secret}


def _public(ctx: Context, fact: public.Public) -> dict[str, Any]:
    return {
        "Name": fact.name,
        "Type": "String",
        "Value": fact.value,
        "Version": 1,
        "LastModifiedDate": 0.0,
        "ARN": f"arn:{ctx.partition}:ssm:{ctx.region}::parameter{fact.name}",
        "DataType": fact.data_type,
    }


def _described(ctx: Context, parameter: Parameter, version: Version, selector: str, decrypt: bool) -> dict[str, Any]:
    found = {
        "Name": parameter.name,
        "Type": version.type,
        "Value": secrets.value_of(ctx, parameter.name, version, decrypt),
        "Version": version.version,
        "LastModifiedDate": version.modified_at,
        "ARN": ctx.arn(rules.resource_of(parameter.name)),
        "DataType": version.data_type,
    }
    if selector:
        found["Selector"] = selector
    return found


def _metadata(name: str, version: Version) -> dict[str, Any]:
    found = {
        "Name": name,
        "Type": version.type,
        "LastModifiedDate": version.modified_at,
        "LastModifiedUser": version.modified_by,
        "Version": version.version,
        "Tier": version.tier,
        "Policies": policies.listed(version.policies),
        "DataType": version.data_type,
    }
    if version.key_id:
        found["KeyId"] = version.key_id
    if version.description:
        found["Description"] = version.description
    if version.allowed_pattern:
        found["AllowedPattern"] = version.allowed_pattern
    return found


def _page(rows: list[dict[str, Any]], token: str | None) -> dict[str, Any]:
    return {"Parameters": rows, "NextToken": token} if token else {"Parameters": rows}


def _set_deadline(ctx: Context, name: str, version: Version, current: Parameter | None) -> None:
    if version.policies:
        ctx.put(Deadline(name=name, version=version.version))
    elif current is not None and current.latest.policies:
        ctx.delete(Deadline, name)
