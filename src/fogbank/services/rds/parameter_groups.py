"""Parameter groups of instances and of clusters: made, shown, changed, and what a change means for who is in one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import clusters, engines, events, groups, instances, listing, naming, parameters, quotas
from fogbank.services.rds.events import Happening
from fogbank.services.rds.parameters import AT_REBOOT, STATIC, Catalog, Setting
from fogbank.services.rds.resources import Cluster, Instance, ParameterGroup

_CHANGES_MAX = 20
_LETTERS_MAX = 255
_UNTOLD = ("creating", "starting", "stopped", "rebooting")
"""States in which an instance has yet to be told, and is told everything."""
_SOURCES = ("user", "system", "engine-default")


class Kind(NamedTuple):
    """A kind of parameter group, in the words of the API."""

    name: str
    """As in its ARN."""
    noun: str
    quota: str

    @property
    def member(self) -> str:
        return f"{self.noun}Name"


OF_INSTANCES = Kind(groups.OF_INSTANCES, "DBParameterGroup", "DBParameterGroups")
OF_CLUSTERS = Kind(groups.OF_CLUSTERS, "DBClusterParameterGroup", "DBClusterParameterGroups")


def one(ctx: Context, kind: Kind, name: str) -> ParameterGroup:
    """A parameter group by name in any case or by ARN. Raises DBParameterGroupNotFound."""
    parts = name.split(":", 6)
    there, identifier = ctx, name
    if len(parts) == 7 and parts[5] == kind.name:
        there, identifier = ctx.at(parts[3], parts[4]), parts[6]
    try:
        return groups.parameter_group(there, identifier, kind.name)
    except AwsError as error:
        raise AwsError(error.code, f"{kind.noun} not found: {name}") from None


def described(ctx: Context, kind: Kind, group: ParameterGroup) -> dict[str, Any]:
    """A group as `Describe…ParameterGroups` shows it."""
    return {
        kind.member: group.name,
        "DBParameterGroupFamily": group.family,
        "Description": group.description,
        f"{kind.noun}Arn": ctx.arn(f"{kind.name}:{group.name}"),
    }


def listed(ctx: Context, kind: Kind) -> Iterator[ParameterGroup]:
    """Every group of a kind, those that nobody made too, in order of name."""
    found = {group.name: group for group in ctx.scan(ParameterGroup, kind.name)}
    for family in groups.families(ctx):
        if kind is OF_INSTANCES or parameters.is_aurora(family):
            name = f"default.{family}"
            found[name] = groups.parameter_group(ctx, name, kind.name)
    return iter(found[name] for name in sorted(found))


def checked_family(ctx: Context, family: str) -> str:
    """The version of a family's server. Raises InvalidParameterValue, saying what this machine has."""
    found = groups.families(ctx)
    if family not in found:
        text = f"ParameterGroupFamily {family} is not valid parameter group family: this machine has"
        raise AwsError("InvalidParameterValue", f"{text} {', '.join(sorted(found)) or 'none'} ({engines.REMEDY}).")
    return found[family]


def settings(ctx: Context, kind: Kind, family: str) -> dict[str, Setting]:
    """The parameters that a group of a family may have. Raises InvalidParameterValue."""
    version, databases = checked_family(ctx, family), ctx.planes.databases
    known, libraries = databases.parameters(version), databases.libraries(version)
    preloaded = tuple(name for name in parameters.LIBRARIES if name in libraries)
    has_tls, major = databases.abilities(version).has_tls, int(version.partition(".")[0])
    return Catalog(known, preloaded, parameters.is_aurora(family), kind is OF_CLUSTERS, has_tls, major).settings()


# Made


def made(ctx: Context, kind: Kind, group: ParameterGroup) -> dict[str, Any]:
    """A group that was not there. Raises DBParameterGroupAlreadyExists, DBParameterGroupQuotaExceeded."""
    if ctx.get(ParameterGroup, group.kind, group.name) is not None:
        raise AwsError("DBParameterGroupAlreadyExists", f"Parameter group {group.name} already exists")
    quotas.check(ctx, kind.quota, "DBParameterGroupQuotaExceeded")
    ctx.put(group)
    return {kind.noun: described(ctx, kind, group)}


def create(ctx: Context, kind: Kind, req: Mapping[str, Any]) -> dict[str, Any]:
    """Create…ParameterGroup. Raises InvalidParameterValue and what `made` raises."""
    family = req["DBParameterGroupFamily"].lower()
    checked_family(ctx, family)
    if kind is OF_CLUSTERS and not parameters.is_aurora(family):
        text = f"Invalid DB cluster parameter group family: {family}, as fogbank's clusters are Aurora's"
        raise AwsError("InvalidParameterValue", text)
    group = ParameterGroup(
        kind=kind.name,
        name=naming.identifier(req[kind.member], kind.member, _LETTERS_MAX),
        family=family,
        description=req["Description"],
        tags=tags.read(req.get("Tags")),
    )
    return made(ctx, kind, group)


def copy(ctx: Context, kind: Kind, req: Mapping[str, Any]) -> dict[str, Any]:
    """Copy…ParameterGroup. Raises InvalidParameterValue and what `one` and `made` raise."""
    source = one(ctx, kind, req[f"Source{kind.noun}Identifier"])
    if source.name.startswith("default."):
        raise AwsError("InvalidParameterValue", f"The default parameter group {source.name} cannot be copied.")
    group = msgspec.structs.replace(
        source,
        name=naming.identifier(req[f"Target{kind.noun}Identifier"], f"Target{kind.noun}Identifier", _LETTERS_MAX),
        description=req[f"Target{kind.noun}Description"],
        tags=tags.read(req.get("Tags")) or source.tags,
    )
    return made(ctx, kind, group)


def show(ctx: Context, kind: Kind, req: Mapping[str, Any]) -> dict[str, Any]:
    """Describe…ParameterGroups. Raises DBParameterGroupNotFound, InvalidParameterValue."""
    listing.check_filters(req)
    if name := req.get(kind.member):
        return {f"{kind.noun}s": [described(ctx, kind, one(ctx, kind, name))]}
    rows = ((group.name, described(ctx, kind, group)) for group in listed(ctx, kind))
    return listing.page(req, f"{kind.noun}s", rows)


def delete(ctx: Context, kind: Kind, req: Mapping[str, Any]) -> None:
    """Delete…ParameterGroup. Raises DBParameterGroupNotFound, InvalidDBParameterGroupState."""
    group = own(ctx, kind, req, "deleted")
    if is_used(ctx, group):
        text = "One or more database instances are still members of this parameter group"
        if kind is OF_CLUSTERS:
            text = "One or more database clusters are still members of this parameter group"
        text = f"{text} {group.name}, so the group cannot be deleted"
        raise AwsError("InvalidDBParameterGroupState", text)
    ctx.delete(ParameterGroup, group.kind, group.name)


def own(ctx: Context, kind: Kind, req: Mapping[str, Any], what: str) -> ParameterGroup:
    """A group that somebody made. Raises DBParameterGroupNotFound, InvalidDBParameterGroupState for a default one."""
    group = one(ctx, kind, req[kind.member])
    if group.name.startswith("default."):
        text = f"Default {kind.noun} cannot be {what}: {group.name}"
        raise AwsError("InvalidDBParameterGroupState", text)
    return group


def is_used(ctx: Context, group: ParameterGroup) -> bool:
    """Whether anything is a member."""
    kind = Cluster if group.kind == groups.OF_CLUSTERS else Instance
    return bool(ctx.find(kind, "by_parameter_group", group.name))


# Shown


def shown(group: ParameterGroup, setting: Setting) -> dict[str, Any]:
    """A parameter as Describe…Parameters shows it."""
    is_set = setting.name in group.values
    source = "user" if is_set else "system" if setting.value else "engine-default"
    waits = setting.apply_type == STATIC or setting.name in group.deferred
    found: dict[str, Any] = {
        "ParameterName": setting.name,
        "Description": setting.description,
        "Source": source,
        "ApplyType": setting.apply_type,
        "DataType": setting.data_type,
        "IsModifiable": setting.is_modifiable,
        "ApplyMethod": AT_REBOOT if waits else parameters.IMMEDIATE,
    }
    if value := group.values.get(setting.name, setting.value):
        found["ParameterValue"] = value
    if setting.allowed:
        found["AllowedValues"] = setting.allowed
    if group.kind == groups.OF_CLUSTERS:
        found["SupportedEngineModes"] = ["provisioned"]
    return found


def show_parameters(ctx: Context, kind: Kind, req: Mapping[str, Any]) -> dict[str, Any]:
    """Describe…Parameters. Raises DBParameterGroupNotFound, InvalidParameterValue."""
    group = one(ctx, kind, req[kind.member])
    source = req.get("Source", "")
    if source and source not in _SOURCES:
        raise AwsError("InvalidParameterValue", f"Invalid source: {source}. Valid sources: {', '.join(_SOURCES)}")
    rows = (shown(group, setting) for setting in settings(ctx, kind, group.family).values())
    rows = (row for row in rows if not source or row["Source"] == source)
    named = listing.filtered(req, rows, {"parameter-name": lambda row: row["ParameterName"]})
    return listing.page(req, "Parameters", ((row["ParameterName"], row) for row in named))


def show_defaults(ctx: Context, kind: Kind, req: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeEngineDefault…Parameters. Raises InvalidParameterValue."""
    family = req["DBParameterGroupFamily"]
    group = ParameterGroup(kind=kind.name, name=f"default.{family}", family=family, description="")
    rows = ((name, shown(group, setting)) for name, setting in settings(ctx, kind, family).items())
    found = listing.page(req, "Parameters", rows)
    return {"EngineDefaults": {"DBParameterGroupFamily": family, **found}}


# Changed


def modify(ctx: Context, kind: Kind, req: Mapping[str, Any]) -> dict[str, Any]:
    """Modify…ParameterGroup. Raises InvalidParameterValue, InvalidParameterCombination and what `own` raises."""
    group = own(ctx, kind, req, "modified")
    known, changes = settings(ctx, kind, group.family), req["Parameters"]
    check_count(changes)
    values, deferred = dict(group.values), set(group.deferred)
    for change in changes:
        name, value, method = _named(change), change.get("ParameterValue"), change.get("ApplyMethod")
        if value is None:
            raise AwsError("InvalidParameterValue", f"The parameter ParameterValue must be provided for {name}.")
        parameters.checked(known, name, value, method)
        values[name] = value
        deferred = deferred | {name} if method == AT_REBOOT else deferred - {name}
        text = f"Updated parameter {name} to {value} with apply method {method}"
        events.tell(ctx, Happening(f"{kind.name}:{group.name}", "configuration change", text))
    after = msgspec.structs.replace(group, values=values, deferred=tuple(sorted(deferred)))
    _put(ctx, group, after, _waiting(known, changes))
    return {kind.member: group.name}


def reset(ctx: Context, kind: Kind, req: Mapping[str, Any]) -> dict[str, Any]:
    """Reset…ParameterGroup. Raises InvalidParameterValue, InvalidParameterCombination and what `own` raises."""
    group = own(ctx, kind, req, "reset")
    known, changes = settings(ctx, kind, group.family), req.get("Parameters") or []
    if req.get("ResetAllParameters", not changes):
        changes = [
            {"ParameterName": name, "ApplyMethod": AT_REBOOT if known[name].apply_type == STATIC else "immediate"}
            for name in group.values
            if name in known
        ]
        values: dict[str, str] = {}
    else:
        check_count(changes)
        for change in changes:
            parameters.checked(known, _named(change), None, change.get("ApplyMethod"))
        values = {name: value for name, value in group.values.items() if name not in map(_named, changes)}
    deferred = tuple(name for name in group.deferred if name in values)
    after = msgspec.structs.replace(group, values=values, deferred=deferred)
    _put(ctx, group, after, _waiting(known, changes))
    text = f"Reset parameter group {group.name}"
    events.tell(ctx, Happening(f"{kind.name}:{group.name}", "configuration change", text))
    return {kind.member: group.name}


def check_count(changes: Iterable[Any]) -> None:
    """Raises InvalidParameterValue for none, or more than one call may change."""
    count = len(list(changes))
    if not 1 <= count <= _CHANGES_MAX:
        text = f"The number of parameters must be between 1 and {_CHANGES_MAX}: {count}"
        raise AwsError("InvalidParameterValue", text)


def _named(change: Mapping[str, Any]) -> str:
    return str(change.get("ParameterName", "")).lower()


def _waiting(known: Mapping[str, Setting], changes: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The changes that only a restart brings about."""
    static = {name for name, setting in known.items() if setting.apply_type == STATIC}
    return frozenset(static | {_named(one) for one in changes if one.get("ApplyMethod") == AT_REBOOT})


def _put(ctx: Context, before: ParameterGroup, after: ParameterGroup, waits: frozenset[str]) -> None:
    """Write a group, and have those that are in it told what they can be told without a restart."""
    members = _members(ctx, before)
    wanted = {member.id: groups.wanted(ctx, member) for member in members}
    ctx.put(after)
    for member in members:
        ctx.put(turned(ctx, member, wanted[member.id], waits))


def _members(ctx: Context, group: ParameterGroup) -> list[Instance]:
    if group.kind == groups.OF_INSTANCES:
        return ctx.find(Instance, "by_parameter_group", group.name)
    found = ctx.find(Cluster, "by_parameter_group", group.name)
    return [member for cluster in found for member in clusters.members(ctx, cluster.id)]


def turned(ctx: Context, instance: Instance, before: Mapping[str, str], waits: Iterable[str]) -> Instance:
    """An instance whose groups gave it other parameters `before`: told of what needs no restart, kept from the rest."""
    after = groups.wanted(ctx, instance)
    if instance.status in _UNTOLD:
        return instances.changed(instance, held={})
    was = parameters.in_force(before, instance.held)
    held = parameters.held(instance.held, before, after, waits)
    is_told = parameters.in_force(after, held) != was
    state = AT_REBOOT if held else "in-sync"
    return instances.changed(instance, held=held, parameters_state="applying" if is_told else state)


def regrouped(ctx: Context, instance: Instance, name: str) -> Instance:
    """An instance in another parameter group: nothing of it holds until a restart. Raises DBParameterGroupNotFound.

    RDS User Guide, "Associating a DB parameter group with a DB instance".
    """
    group, before = one(ctx, OF_INSTANCES, name), groups.wanted(ctx, instance)
    if group.name == instance.parameter_group:
        return instance
    return moved(ctx, instances.changed(instance, parameter_group=group.name), before)


def moved(ctx: Context, instance: Instance, before: Mapping[str, str]) -> Instance:
    """An instance that other groups give parameters than `before`: it keeps what it has until a restart."""
    if instance.status in _UNTOLD:
        return instances.changed(instance, parameters_state=AT_REBOOT)
    after = groups.wanted(ctx, instance)
    held = parameters.held(instance.held, before, after, {*before, *after})
    return instances.changed(instance, held=held, parameters_state=AT_REBOOT)
