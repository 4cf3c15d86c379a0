"""Messages published, one at a time or up to ten."""

from __future__ import annotations

from typing import Any

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.sns import publishing, rules


def publish(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    targets = [name for name in ("TopicArn", "TargetArn", "PhoneNumber") if req.get(name)]
    if len(targets) != 1:
        text = "TopicArn or TargetArn Reason: no value for required parameter"
        raise rules.invalid(text if not targets else "Only one of TopicArn, TargetArn and PhoneNumber can be given")
    if "PhoneNumber" in targets:
        return publishing.to_phone(ctx, req["PhoneNumber"], publishing.drafted(req)[0])
    arn = req[targets[0]]
    parsed = Arn.parse(arn)
    if parsed is not None and parsed.resource.startswith("endpoint/"):
        return publishing.to_device(ctx, arn, publishing.drafted(req)[0])
    message, size = publishing.drafted(req)
    return publishing.to_topic(ctx, publishing.topic_of(ctx, arn, targets[0]), message, size)


def publish_batch(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    entries = req["PublishBatchRequestEntries"]
    rules.check_batch(entries)
    found = publishing.topic_of(ctx, req["TopicArn"])
    drafts: list[tuple[Any, int] | AwsError] = []
    for entry in entries:
        try:
            drafts.append(publishing.drafted(entry))
        except AwsError as error:
            drafts.append(error)
    sizes = [len(entry["Message"].encode()) if isinstance(draft, AwsError) else draft[1]
             for entry, draft in zip(entries, drafts, strict=True)]  # fmt: skip
    if sum(sizes) > rules.MESSAGE_BYTES_MAX:
        text = "The length of all the batch messages put together is more than the limit."
        raise AwsError("BatchRequestTooLong", text)
    good, bad = [], []
    for entry, draft in zip(entries, drafts, strict=True):
        try:
            if isinstance(draft, AwsError):
                raise draft
            good.append({"Id": entry["Id"], **publishing.to_topic(ctx, found, *draft)})
        except AwsError as error:
            bad.append({"Id": entry["Id"], "Code": error.code, "Message": error.message, "SenderFault": True})
    return {"Successful": good, "Failed": bad}
