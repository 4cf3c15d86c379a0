"""Messages sent, deleted, and hidden for longer or shorter, one at a time or up to ten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.sqs import messages, queues, rules


def send_message(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = queues.by_url(ctx, req["QueueUrl"])
    return messages.send(ctx, found, req, messages.parcel(req))


def send_message_batch(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = queues.by_url(ctx, req["QueueUrl"])
    entries = req["Entries"]
    rules.check_batch(entries, "SendMessageBatchRequestEntry")
    parcels: dict[str, messages.Parcel | AwsError] = {entry["Id"]: _parcel(entry) for entry in entries}
    rules.check_batch_bytes(sum(one.size for one in parcels.values() if isinstance(one, messages.Parcel)))

    def send(entry: Mapping[str, Any]) -> dict[str, Any]:
        parcel = parcels[entry["Id"]]
        if isinstance(parcel, AwsError):
            raise parcel
        return messages.send(ctx, found, entry, parcel)

    return messages.each(entries, send)


def _parcel(entry: Mapping[str, Any]) -> messages.Parcel | AwsError:
    try:
        return messages.parcel(entry)
    except AwsError as error:
        return error


def delete_message(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    messages.delete(queues.by_url(ctx, req["QueueUrl"]), req["ReceiptHandle"])
    return {}


def delete_message_batch(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = queues.by_url(ctx, req["QueueUrl"])
    rules.check_batch(req["Entries"], "DeleteMessageBatchRequestEntry")
    return messages.each(req["Entries"], lambda entry: messages.delete(found, entry["ReceiptHandle"]))


def change_message_visibility(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = queues.by_url(ctx, req["QueueUrl"])
    messages.change_visibility(found, req["ReceiptHandle"], req["VisibilityTimeout"])
    return {}


def change_message_visibility_batch(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = queues.by_url(ctx, req["QueueUrl"])
    rules.check_batch(req["Entries"], "ChangeMessageVisibilityBatchRequestEntry")

    def change(entry: Mapping[str, Any]) -> None:
        if "VisibilityTimeout" not in entry:
            raise rules.missing("VisibilityTimeout")
        messages.change_visibility(found, entry["ReceiptHandle"], entry["VisibilityTimeout"])

    return messages.each(req["Entries"], change)
