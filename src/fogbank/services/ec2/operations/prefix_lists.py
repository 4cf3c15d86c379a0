"""Managed prefix lists and their versions (EC2 API Reference, "CreateManagedPrefixList" and the pages around it)."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import group_rules, prefix_lists, rules, tagging
from fogbank.services.ec2.listing import Listing, limit_of, listed, paged
from fogbank.services.ec2.resources import PrefixEntry, PrefixList, SecurityGroup
from fogbank.services.ec2.vpcs import new_id

_LISTING = Listing(
    PrefixList,
    "PrefixLists",
    "",
    "PrefixListId",
    {"owner-id": "OwnerId", "prefix-list-id": "PrefixListId", "prefix-list-name": "PrefixListName"},
    results_min=1,
    results_max=100,
)
_NAME_MAX = 255
_BOTH = "You cannot modify the entries and the maximum entries for the prefix list in the same request."


def create_managed_prefix_list(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    text = "The maximum number of prefix lists has been reached."
    rules.check_quota("prefix-lists", ctx.count(PrefixList), "PrefixListLimitExceeded", text)
    family = req["AddressFamily"]
    if family not in ("IPv4", "IPv6"):
        text = f"Value ({family}) for parameter AddressFamily is invalid. Valid values are IPv4 and IPv6."
        raise AwsError("InvalidParameterValue", text)
    found = PrefixList(
        id=new_id(ctx, "pl"),
        name=_name(req["PrefixListName"]),
        family=family,
        entries_max=_entries_max(req["MaxEntries"]),
        versions=(),
        tags=tagging.specified(req, "prefix-list"),
    )
    found = prefix_lists.with_version(found, prefix_lists.entries(req.get("Entries") or (), family), "create-complete")
    ctx.put(found)
    return {"PrefixList": {**prefix_lists.described(ctx, found), "State": "create-in-progress"}}


def delete_managed_prefix_list(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A list that something names stays, as AWS's does, in the state `delete-failed` with the reason."""
    found = prefix_lists.own(ctx, req["PrefixListId"])
    if used := prefix_lists.users(ctx, found.id):
        message = f"The prefix list is referenced by: {', '.join(used)}. Remove all references before deleting it."
        ctx.put(msgspec.structs.replace(found, state="delete-failed", state_message=message))
    else:
        ctx.delete(PrefixList, found.id)
    return {"PrefixList": {**prefix_lists.described(ctx, found), "State": "delete-in-progress"}}


def describe_managed_prefix_lists(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return listed(ctx, req, _LISTING, prefix_lists.described, _chosen(ctx, req))


def describe_prefix_lists(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """AWS's lists alone, with their blocks, for gateway endpoints."""
    own = {found.id for found in prefix_lists.aws_lists(ctx.region)}
    records = [found for found in _chosen(ctx, req) if found.id in own]
    return listed(ctx, req, _LISTING._replace(results_max=1_000, results_min=5), _with_cidrs, records)


def modify_managed_prefix_list(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = prefix_lists.own(ctx, req["PrefixListId"])
    added, removed = req.get("AddEntries") or (), req.get("RemoveEntries") or ()
    if (added or removed) and "MaxEntries" in req:
        raise AwsError("InvalidParameterCombination", _BOTH)
    if not (added or removed or "MaxEntries" in req or "PrefixListName" in req):
        raise AwsError("MissingParameter", "The request must contain a change of the prefix list.")
    if "CurrentVersion" in req:
        _check_version(found, req["CurrentVersion"])
    if "PrefixListName" in req:
        found = msgspec.structs.replace(found, name=_name(req["PrefixListName"]), state="modify-complete")
    if "MaxEntries" in req:
        found = _resized(ctx, found, _entries_max(req["MaxEntries"]))
    if added or removed:
        if "CurrentVersion" not in req:
            raise AwsError("MissingParameter", "The request must contain the parameter CurrentVersion")
        found = prefix_lists.with_version(found, _changed(found, added, removed), "modify-complete")
    ctx.put(found)
    return {"PrefixList": {**prefix_lists.described(ctx, found), "State": "modify-in-progress"}}


def restore_managed_prefix_list_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = prefix_lists.own(ctx, req["PrefixListId"])
    _check_version(found, req["CurrentVersion"])
    entries = _version(found, req["PreviousVersion"])
    restored = prefix_lists.with_version(found, entries, "restore-complete")
    ctx.put(restored)
    return {"PrefixList": {**prefix_lists.described(ctx, restored), "State": "restore-in-progress"}}


def get_managed_prefix_list_entries(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = prefix_lists.one(ctx, req["PrefixListId"])
    entries = _version(found, req["TargetVersion"]) if "TargetVersion" in req else found.entries
    rows = [
        {"Cidr": entry.cidr, **({"Description": entry.description} if entry.description else {})} for entry in entries
    ]
    return paged(req, "Entries", rows, "Cidr", limit_of(req, 1, 100))


def get_managed_prefix_list_associations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = prefix_lists.own(ctx, req["PrefixListId"])
    rows = [{"ResourceId": one, "ResourceOwner": ctx.account} for one in prefix_lists.users(ctx, found.id)]
    return paged(req, "PrefixListAssociations", rows, "ResourceId", limit_of(req, most=255))


def _chosen(ctx: Context, req: dict[str, Any]) -> list[PrefixList]:
    if ids := req.get("PrefixListIds"):
        return [prefix_lists.one(ctx, one) for one in ids]
    return list(prefix_lists.everything(ctx))


def _with_cidrs(ctx: Context, found: PrefixList) -> dict[str, Any]:
    return {
        "PrefixListId": found.id,
        "PrefixListName": found.name,
        "Cidrs": [entry.cidr for entry in found.entries],
    }


def _name(name: str) -> str:
    if not name or len(name) > _NAME_MAX:
        text = (
            f"Value ({name}) for parameter PrefixListName is invalid. A name has between 1 and {_NAME_MAX} characters."
        )
        raise AwsError("InvalidParameterValue", text)
    if prefix_lists.is_aws(name):
        text = f"Value ({name}) for parameter PrefixListName is invalid. A name cannot start with com.amazonaws."
        raise AwsError("InvalidParameterValue", text)
    return name


def _entries_max(count: int) -> int:
    most = rules.QUOTAS["prefix-list-entries"]
    if not 1 <= count <= most:
        text = f"Value ({count}) for parameter MaxEntries is invalid. It must be between 1 and {most}."
        raise AwsError("InvalidParameterValue", text)
    return count


def _check_version(found: PrefixList, version: int) -> None:
    if version != len(found.versions):
        raise AwsError("PrefixListVersionMismatch", "The prefix list has the incorrect version number.")


def _version(found: PrefixList, version: int) -> tuple[PrefixEntry, ...]:
    oldest = max(1, len(found.versions) + 1 - prefix_lists.VERSIONS_MAX)
    if not oldest <= version <= len(found.versions):
        text = f"The prefix list version ({version}) does not exist for the prefix list {found.id}."
        raise AwsError("InvalidPrefixListVersion.NotFound", text)
    return found.versions[version - 1]


def _changed(found: PrefixList, added: Any, removed: Any) -> list[PrefixEntry]:
    """The entries without those that go and with those that come."""
    new = {entry.cidr: entry for entry in prefix_lists.entries(added, found.family)}
    old = {entry.cidr: entry for entry in found.entries}
    gone = {prefix_lists.cidr_of(entry["Cidr"], found.family) for entry in removed}
    for cidr in new:
        if cidr in gone:
            raise AwsError("InvalidParameterValue", f"The CIDR ({cidr}) cannot be both added and removed.")
        if cidr in old:
            raise AwsError("InvalidParameterValue", f"The CIDR ({cidr}) already exists in the prefix list {found.id}.")
    for cidr in gone:
        if cidr not in old:
            raise AwsError("InvalidParameterValue", f"The CIDR ({cidr}) does not exist in the prefix list {found.id}.")
    return [*(entry for cidr, entry in old.items() if cidr not in gone), *new.values()]


def _resized(ctx: Context, found: PrefixList, most: int) -> PrefixList:
    """A list with another maximum; `modify-failed` where a group that names it would have too many rules then."""
    if len(found.entries) > most:
        text = f"The prefix list has {len(found.entries)} entries, which is more than the maximum of {most}."
        raise AwsError("PrefixListMaxEntriesExceeded", text)
    sizes = {**prefix_lists.sizes(ctx), (found.id if found.family == "IPv4" else f"{found.id}/IPv6"): most}
    for group in ctx.find(SecurityGroup, "by_peer", found.id):
        try:
            group_rules.check_quota(group.rules, sizes)
        except AwsError as error:
            message = f"Failed to resize the prefix list: {group.id}: {error.message}"
            return msgspec.structs.replace(found, state="modify-failed", state_message=message)
    return msgspec.structs.replace(found, entries_max=most, state="modify-complete", state_message="")
