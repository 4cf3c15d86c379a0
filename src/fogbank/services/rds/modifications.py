"""What a modification asks for: what holds at once, what waits for a window, and what holds once that has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fogbank.control.context import Context
from fogbank.services.rds import groups, instances, renames, rules
from fogbank.services.rds.resources import Instance

AT_ONCE = {
    "AutoMinorVersionUpgrade": "upgrades_minor",
    "CACertificateIdentifier": "certificate",
    "CopyTagsToSnapshot": "copies_tags",
    "DeletionProtection": "is_protected",
    "EnableIAMDatabaseAuthentication": "checks_tokens",
    "MaxAllocatedStorage": "storage_max_gib",
    "OptionGroupName": "option_group",
}
"""Members of ModifyDBInstance that hold at once, and their fields (RDS User Guide, "Settings for DB instances")."""
LATER = {
    "AllocatedStorage": "AllocatedStorage",
    "DBInstanceClass": "DBInstanceClass",
    "DBPortNumber": "Port",
    "NewDBInstanceIdentifier": "DBInstanceIdentifier",
    "EngineVersion": "EngineVersion",
    "Iops": "Iops",
    "MultiAZ": "MultiAZ",
    "StorageType": "StorageType",
}
"""Those that wait for the maintenance window unless applied immediately, as PendingModifiedValues names them."""
_FIELDS = {
    "AllocatedStorage": "storage_gib",
    "DBInstanceClass": "instance_class",
    "DBInstanceIdentifier": "id",
    "EngineVersion": "version",
    "Iops": "iops",
    "MultiAZ": "is_multi_az",
    "Port": "port",
    "StorageType": "storage_type",
}


_IDENTIFIER = "DBInstanceIdentifier"


def pending(instance: Instance, req: Mapping[str, Any]) -> dict[str, str]:
    """What is pending after a request: what it asks for and is not so yet, beside what was pending before."""
    found = dict(instance.pending)
    for member, name in LATER.items():
        if member not in req:
            continue
        found.pop(name, None)
        if req[member] != getattr(instance, _FIELDS[name]):
            found[name] = msgspec.json.encode(req[member]).decode()
    return found


def check(instance: Instance, req: Mapping[str, Any]) -> None:
    """Raises InvalidParameterValue and InvalidParameterCombination for what an instance cannot become."""
    if "DBInstanceClass" in req:
        rules.checked_class(req["DBInstanceClass"])
    if "DBPortNumber" in req:
        rules.checked_port(req["DBPortNumber"])
    if "AllocatedStorage" in req:
        rules.checked_growth(instance.storage_gib, req["AllocatedStorage"])


def applied(ctx: Context, instance: Instance) -> Instance:
    """An instance in which what is pending holds; one that becomes Multi-AZ has a seat more, with an interface.

    One that gets another identifier has that, and the rest is pending still.
    """
    if name := instance.pending.get(_IDENTIFIER):
        rest = {one: value for one, value in instance.pending.items() if one != _IDENTIFIER}
        return renames.instance(ctx, instances.changed(instance, pending=rest), msgspec.json.decode(name))
    fields: dict[str, Any] = {_FIELDS[name]: msgspec.json.decode(value) for name, value in instance.pending.items()}
    found = instances.changed(instance, **fields, pending={})
    if found.is_multi_az and len(found.seats) == 1:
        zones = [one.zone for one in groups.subnet_group(ctx, found.subnet_group).subnets]
        other = rules.chosen_zones(found.seats[0].zone, zones, 2)[1]
        # The endpoint's address stays, and so is none of a node's any longer: what is behind it may change from now on.
        first = msgspec.structs.replace(found.seats[0], loopback=instances.loopback(ctx))
        found = instances.changed(found, seats=(first, instances.seated(ctx, found, other)))
    elif not found.is_multi_az and len(found.seats) > 1:
        found = instances.changed(found, seats=found.seats[:1])
    return found
