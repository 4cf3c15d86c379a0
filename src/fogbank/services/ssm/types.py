"""Parameter Store's resource types."""

from __future__ import annotations

from fogbank.control.resource_type import Change, Table, listed, of_calls, some, tags

_GIVEN = ("Type", "Value", "Description", "AllowedPattern", "Tier", "Policies", "DataType")


def _changed(change: Change) -> list[tuple[str, dict[str, object]]]:
    return [("PutParameter", {"Name": change.id, **some(change.after, *_GIVEN), "Overwrite": True})]


def _resource(name: str) -> dict[str, str]:
    return {"ResourceType": "Parameter", "ResourceId": name}


TYPES = (
    of_calls(
        Table(
            "AWS::SSM::Parameter",
            "ssm",
            create=lambda wanted: (
                "PutParameter",
                {
                    "Name": wanted.properties.get("Name", wanted.name),
                    **some(wanted.properties, *_GIVEN),
                    "Tags": listed(tags(wanted.tags, wanted.properties.get("Tags"))),
                },
            ),
            identity=lambda answer, wanted: str(wanted.properties.get("Name", wanted.name)),
            update=_changed,
            retag=lambda change, new, gone: [
                *([("AddTagsToResource", {**_resource(change.id), "Tags": listed(new)})] if new else ()),
                *([("RemoveTagsFromResource", {**_resource(change.id), "TagKeys": gone})] if gone else ()),
            ],
            delete=lambda name, properties: [("DeleteParameter", {"Name": name})],
            attributes=lambda name, properties, answer: some(properties, "Type", "Value"),
            present=("ParameterAlreadyExists",),
            absent=("ParameterNotFound",),
            required=("Type", "Value"),
            known=frozenset((*_GIVEN, "Name", "Tags")),
            replaces=frozenset(("Name", "DataType")),
        )
    ),
)
