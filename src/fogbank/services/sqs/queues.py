"""Queues found by URL or ARN, and what they are called by those who look at them."""

from __future__ import annotations

from typing import Any, NamedTuple

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.sqs import rules, settings
from fogbank.services.sqs.resources import Queue

_URL_DEFAULT = "http://127.0.0.1:4566"


class Found(NamedTuple):
    """A queue, and the context of the account that has it."""

    home: Context
    queue: Queue

    @property
    def arn(self) -> str:
        return self.home.arn(self.queue.name)


def home_of(ctx: Context, url: str) -> Context:
    """The context of the account in a queue's URL, in the region of the call."""
    account = rules.address_of(url).account
    return ctx if account == ctx.account else ctx.at(account=account)


def by_url(ctx: Context, url: str) -> Found:
    """Raises InvalidAddress and QueueDoesNotExist."""
    account, name = rules.address_of(url)
    home = ctx if account == ctx.account else ctx.at(account=account)
    queue = home.get(Queue, name)
    if queue is None:
        raise rules.no_queue()
    return Found(home, queue)


def by_arn(ctx: Context, arn: str) -> Found | None:
    """The queue of an ARN, in any account and region."""
    parsed = Arn.parse(arn)
    if parsed is None or parsed.service != "sqs":
        return None
    home = ctx.at(parsed.region, parsed.account)
    queue = home.get(Queue, parsed.resource)
    return Found(home, queue) if queue is not None else None


def url_of(ctx: Context, name: str, account: str = "") -> str:
    """A queue's URL, at the host that the client used; for whoever came by no host, where this cloud is reached."""
    origin = ctx.origin
    path = f"/{account or ctx.account}/{name}"
    if not origin.host:
        return f"{ctx.planes.api_url() or _URL_DEFAULT}{path}"
    return f"{'https' if origin.secure else 'http'}://{origin.host}{path}"


def check_dead_letters(ctx: Context, queue: Queue, text: str) -> None:
    """Whether a queue's dead-letter queue will have it. Raises InvalidParameterValue."""
    arn = Arn.parse(queue.dead_letter_arn)
    if arn is None:
        return
    target = by_arn(ctx, queue.dead_letter_arn) if (arn.region, arn.account) == (ctx.region, ctx.account) else None
    if target is None:
        raise rules.invalid_value(text, "RedrivePolicy", "Dead letter target does not exist.")
    if target.queue.fifo is not queue.fifo:
        reason = "Dead-letter queue must be same type of queue as the source."
        raise rules.invalid_value(text, "RedrivePolicy", reason)
    if not settings.allows_source(target.queue, ctx.arn(queue.name)):
        reason = "The dead-letter queue's redrive allow policy does not allow this queue as a source."
        raise rules.invalid_value(text, "RedrivePolicy", reason)


def in_words_of_sqs(error: AwsError) -> AwsError:
    """An error of `kms` under the name that SQS has for it; others unchanged."""
    name = _KMS.get(error.code)
    return AwsError(name, error.message, status=400) if name else error


_KMS: dict[str, Any] = {
    "AccessDeniedException": "KmsAccessDenied",
    "DisabledException": "KmsDisabled",
    "InvalidKeyUsageException": "KmsInvalidKeyUsage",
    "KMSInvalidStateException": "KmsInvalidState",
    "NotFoundException": "KmsNotFound",
    "ThrottlingException": "KmsThrottled",
}
