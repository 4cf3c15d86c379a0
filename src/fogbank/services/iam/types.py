"""IAM's resource types."""

from __future__ import annotations

import json
from typing import Any

from fogbank.control.resource_type import Call, Change, Properties, Table, Wanted, listed, of_calls, some, tags

_ROLE = ("Description", "MaxSessionDuration", "Path", "PermissionsBoundary")
_GONE = ("NoSuchEntity",)


def _document(found: Any) -> str:
    return found if isinstance(found, str) else json.dumps(found)


def _create_role(wanted: Wanted) -> Call:
    properties = wanted.properties
    given = {
        "RoleName": properties.get("RoleName", wanted.name),
        "AssumeRolePolicyDocument": _document(properties["AssumeRolePolicyDocument"]),
        **some(properties, *_ROLE),
        "Tags": listed(tags(wanted.tags, properties.get("Tags"))),
    }
    return "CreateRole", given


def _policies_of_role(name: str, before: Properties, after: Properties) -> list[Call]:
    """What makes a role's policies those of its properties."""
    calls: list[Call] = []
    old = {one["PolicyName"]: one["PolicyDocument"] for one in before.get("Policies", ())}
    new = {one["PolicyName"]: one["PolicyDocument"] for one in after.get("Policies", ())}
    calls += [("DeleteRolePolicy", {"RoleName": name, "PolicyName": one}) for one in old.keys() - new.keys()]
    for one, document in new.items():
        if old.get(one) != document:
            calls.append(
                ("PutRolePolicy", {"RoleName": name, "PolicyName": one, "PolicyDocument": _document(document)})
            )
    attached, wanted = set(before.get("ManagedPolicyArns", ())), set(after.get("ManagedPolicyArns", ()))
    calls += [("DetachRolePolicy", {"RoleName": name, "PolicyArn": arn}) for arn in sorted(attached - wanted)]
    calls += [("AttachRolePolicy", {"RoleName": name, "PolicyArn": arn}) for arn in sorted(wanted - attached)]
    return calls


def _update_role(change: Change) -> list[Call]:
    name, after = change.id, change.after
    document = _document(after["AssumeRolePolicyDocument"])
    session: dict[str, Any] = {"MaxSessionDuration": after.get("MaxSessionDuration", 3600)}
    if "Description" in {**change.before, **after}:
        session["Description"] = after.get("Description", "")
    calls: list[Call] = [
        ("UpdateAssumeRolePolicy", {"RoleName": name, "PolicyDocument": document}),
        ("UpdateRole", {"RoleName": name, **session}),
    ]
    boundary = after.get("PermissionsBoundary")
    if boundary:
        calls.append(("PutRolePermissionsBoundary", {"RoleName": name, "PermissionsBoundary": boundary}))
    elif change.before.get("PermissionsBoundary"):
        calls.append(("DeleteRolePermissionsBoundary", {"RoleName": name}))
    return calls + _policies_of_role(name, change.before, after)


def _delete_role(name: str, properties: Properties) -> list[Call]:
    return [*_policies_of_role(name, properties, {}), ("DeleteRole", {"RoleName": name})]


_KINDS = (("Roles", "Role"), ("Users", "User"), ("Groups", "Group"))


def _inline(name: str, properties: Properties, verb: str) -> list[Call]:
    """An inline policy put to (or deleted from) everybody that a policy's properties name."""
    calls: list[Call] = []
    for plural, kind in _KINDS:
        for holder in properties.get(plural, ()):
            given = {f"{kind}Name": holder, "PolicyName": name}
            if verb == "Put":
                given["PolicyDocument"] = _document(properties["PolicyDocument"])
            calls.append((f"{verb}{kind}Policy", given))
    return calls


def _update_policy(change: Change) -> list[Call]:
    gone = {
        plural: [one for one in change.before.get(plural, ()) if one not in change.after.get(plural, ())]
        for plural, _ in _KINDS
    }
    return [*_inline(change.id, gone, "Delete"), *_inline(change.id, change.after, "Put")]


def _attach(arn: str, properties: Properties, verb: str) -> list[Call]:
    return [
        (f"{verb}{kind}Policy", {f"{kind}Name": holder, "PolicyArn": arn})
        for plural, kind in _KINDS
        for holder in properties.get(plural, ())
    ]


TYPES = (
    of_calls(
        Table(
            "AWS::IAM::Role",
            "iam",
            create=_create_role,
            identity=lambda answer, wanted: str(wanted.properties.get("RoleName", wanted.name)),
            afterwards=lambda name, wanted: _policies_of_role(name, {}, wanted.properties),
            update=_update_role,
            retag=lambda change, new, gone: [
                *([("TagRole", {"RoleName": change.id, "Tags": listed(new)})] if new else ()),
                *([("UntagRole", {"RoleName": change.id, "TagKeys": gone})] if gone else ()),
            ],
            delete=_delete_role,
            look=lambda name: ("GetRole", {"RoleName": name}),
            attributes=lambda name, properties, answer: {
                "Arn": answer["Role"]["Arn"],
                "RoleId": answer["Role"]["RoleId"],
            },
            present=("EntityAlreadyExists",),
            absent=_GONE,
            required=("AssumeRolePolicyDocument",),
            known=frozenset((*_ROLE, "RoleName", "AssumeRolePolicyDocument", "Policies", "ManagedPolicyArns", "Tags")),
            replaces=frozenset(("RoleName", "Path")),
        )
    ),
    of_calls(
        Table(
            "AWS::IAM::Policy",
            "iam",
            create=lambda wanted: _inline(str(wanted.properties["PolicyName"]), wanted.properties, "Put")[0],
            identity=lambda answer, wanted: str(wanted.properties["PolicyName"]),
            afterwards=lambda name, wanted: _inline(name, wanted.properties, "Put")[1:],
            update=_update_policy,
            delete=lambda name, properties: _inline(name, properties, "Delete"),
            absent=_GONE,
            required=("PolicyName", "PolicyDocument"),
            known=frozenset(("PolicyName", "PolicyDocument", "Roles", "Users", "Groups")),
            replaces=frozenset(("PolicyName",)),
        )
    ),
    of_calls(
        Table(
            "AWS::IAM::ManagedPolicy",
            "iam",
            create=lambda wanted: (
                "CreatePolicy",
                {
                    "PolicyName": wanted.properties.get("ManagedPolicyName", wanted.name),
                    "PolicyDocument": _document(wanted.properties["PolicyDocument"]),
                    **some(wanted.properties, "Description", "Path"),
                },
            ),
            identity=lambda answer, wanted: str(answer["Policy"]["Arn"]),
            afterwards=lambda arn, wanted: _attach(arn, wanted.properties, "Attach"),
            delete=lambda arn, properties: [
                *_attach(arn, properties, "Detach"),
                ("DeletePolicy", {"PolicyArn": arn}),
            ],
            attributes=lambda arn, properties, answer: {"PolicyArn": arn},
            absent=_GONE,
            required=("PolicyDocument",),
            known=frozenset(("ManagedPolicyName", "PolicyDocument", "Description", "Path", "Roles", "Users", "Groups")),
        )
    ),
    of_calls(
        Table(
            "AWS::IAM::User",
            "iam",
            create=lambda wanted: (
                "CreateUser",
                {
                    "UserName": wanted.properties.get("UserName", wanted.name),
                    **some(wanted.properties, "Path", "PermissionsBoundary"),
                    "Tags": listed(tags(wanted.tags, wanted.properties.get("Tags"))),
                },
            ),
            identity=lambda answer, wanted: str(wanted.properties.get("UserName", wanted.name)),
            update=lambda change: (),
            retag=lambda change, new, gone: [
                *([("TagUser", {"UserName": change.id, "Tags": listed(new)})] if new else ()),
                *([("UntagUser", {"UserName": change.id, "TagKeys": gone})] if gone else ()),
            ],
            delete=lambda name, properties: [("DeleteUser", {"UserName": name})],
            look=lambda name: ("GetUser", {"UserName": name}),
            attributes=lambda name, properties, answer: {"Arn": answer["User"]["Arn"]},
            present=("EntityAlreadyExists",),
            absent=_GONE,
            known=frozenset(("UserName", "Path", "PermissionsBoundary", "Tags")),
            replaces=frozenset(("UserName", "Path", "PermissionsBoundary")),
        )
    ),
)
