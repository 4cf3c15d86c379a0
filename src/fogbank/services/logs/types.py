"""CloudWatch Logs' resource types."""

from __future__ import annotations

from fogbank.control.resource_type import Call, Change, Properties, Table, of_calls, tags

_GONE = ("ResourceNotFoundException",)


def _retention(name: str, before: Properties, after: Properties) -> list[Call]:
    days = after.get("RetentionInDays")
    if before.get("RetentionInDays") == days:
        return []
    if days is None:
        return [("DeleteRetentionPolicy", {"logGroupName": name})]
    return [("PutRetentionPolicy", {"logGroupName": name, "retentionInDays": int(days)})]


def _update(change: Change) -> list[Call]:
    return _retention(change.id, change.before, change.after)


TYPES = (
    of_calls(
        Table(
            "AWS::Logs::LogGroup",
            "logs",
            create=lambda wanted: (
                "CreateLogGroup",
                {
                    "logGroupName": wanted.properties.get("LogGroupName", wanted.name),
                    **({"tags": found} if (found := tags(wanted.tags, wanted.properties.get("Tags"))) else {}),
                    **({"kmsKeyId": wanted.properties["KmsKeyId"]} if "KmsKeyId" in wanted.properties else {}),
                },
            ),
            identity=lambda answer, wanted: str(wanted.properties.get("LogGroupName", wanted.name)),
            afterwards=lambda name, wanted: _retention(name, {}, wanted.properties),
            update=_update,
            retag=lambda change, new, gone: [
                *([("TagLogGroup", {"logGroupName": change.id, "tags": new})] if new else ()),
                *([("UntagLogGroup", {"logGroupName": change.id, "tags": gone})] if gone else ()),
            ],
            delete=lambda name, properties: [("DeleteLogGroup", {"logGroupName": name})],
            look=lambda name: ("DescribeLogGroups", {"logGroupNamePrefix": name}),
            attributes=lambda name, properties, answer: {
                "Arn": next(one["arn"] for one in answer["logGroups"] if one["logGroupName"] == name)
            },
            present=("ResourceAlreadyExistsException",),
            absent=_GONE,
            known=frozenset(("LogGroupName", "RetentionInDays", "KmsKeyId", "Tags")),
            replaces=frozenset(("LogGroupName", "KmsKeyId")),
        )
    ),
    of_calls(
        Table(
            "AWS::Logs::LogStream",
            "logs",
            create=lambda wanted: (
                "CreateLogStream",
                {
                    "logGroupName": wanted.properties["LogGroupName"],
                    "logStreamName": wanted.properties.get("LogStreamName", wanted.name),
                },
            ),
            identity=lambda answer, wanted: str(wanted.properties.get("LogStreamName", wanted.name)),
            delete=lambda name, properties: [
                ("DeleteLogStream", {"logGroupName": properties["LogGroupName"], "logStreamName": name})
            ],
            present=("ResourceAlreadyExistsException",),
            absent=_GONE,
            required=("LogGroupName",),
            known=frozenset(("LogGroupName", "LogStreamName")),
        )
    ),
)
