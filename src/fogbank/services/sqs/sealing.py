"""How bodies lie at rest: under SQS's own key, or under data keys of `kms`, each used for a while."""

from __future__ import annotations

from typing import NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.sqs.queues import in_words_of_sqs
from fogbank.services.sqs.resources import PLAIN, SEALED, WRAPPED, Message, Queue

_KEYS_MAX = 1000
_NONCE_BYTES = 12


class DataKey(NamedTuple):
    plain: bytes
    wrapped: bytes
    until: float


class DataKeys:
    """The data keys that principals may use for now: each asks `kms` again when the reuse period is over."""

    def __init__(self, *key: str) -> None:
        self._keys: dict[tuple[str, ...], DataKey] = {}

    def get(self, name: tuple[str, ...], now: float) -> DataKey | None:
        found = self._keys.get(name)
        return found if found is not None and now < found.until else None

    def put(self, name: tuple[str, ...], key: DataKey) -> None:
        if len(self._keys) >= _KEYS_MAX:
            self._keys.clear()
        self._keys[name] = key


def close(ctx: Context, queue: Queue, message: Message, arn: str) -> None:
    """Encrypt the body of a message that is sent to a queue, as the sender. Raises the KMS errors of SQS."""
    if queue.key_id:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = _to_encrypt(ctx, queue, arn)
        nonce = ctx.random.getrandbits(8 * _NONCE_BYTES).to_bytes(_NONCE_BYTES, "big")
        message.body = nonce + AESGCM(key.plain).encrypt(nonce, message.body, None)
        message.form, message.wrapped_key, message.home_arn = WRAPPED, key.wrapped, arn
    elif queue.sse:
        message.body = ctx.seal(message.body, arn)
        message.form, message.home_arn = SEALED, arn


def opened(ctx: Context, queue: Queue, message: Message) -> bytes:
    """The body of a message, as the receiver. Raises the KMS errors of SQS."""
    if message.form == PLAIN:
        return message.body
    if message.form == SEALED:
        return ctx.unseal(message.body, message.home_arn)
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key = _to_decrypt(ctx, queue, message)
    plain: bytes = AESGCM(key.plain).decrypt(message.body[:_NONCE_BYTES], message.body[_NONCE_BYTES:], None)
    return plain


def _to_encrypt(ctx: Context, queue: Queue, arn: str) -> DataKey:
    # Who sends needs kms:GenerateDataKey, and kms:Decrypt as well, since what is given for reuse is checked by it.
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    keys = ctx.held(DataKeys, *ctx.scope, queue.uid)
    name = ("encrypt", ctx.caller.arn, queue.key_id)
    found = keys.get(name, ctx.now)
    if found is None:
        context = {"aws:sqs:arn": arn}
        try:
            made = ctx.call("kms", "GenerateDataKey", KeyId=queue.key_id, KeySpec="AES_256", EncryptionContext=context)
            ctx.call("kms", "Decrypt", CiphertextBlob=made["CiphertextBlob"], EncryptionContext=context)
        except AwsError as error:
            raise in_words_of_sqs(error) from error
        found = DataKey(made["Plaintext"], made["CiphertextBlob"], ctx.now + queue.key_reuse_seconds)
        ctx.after_commit(lambda: keys.put(name, found))
    return found


def _to_decrypt(ctx: Context, queue: Queue, message: Message) -> DataKey:
    keys = ctx.held(DataKeys, *ctx.scope, queue.uid)
    name = ("decrypt", ctx.caller.arn, message.wrapped_key.hex())
    found = keys.get(name, ctx.now)
    if found is None:
        try:
            made = ctx.call(
                "kms",
                "Decrypt",
                CiphertextBlob=message.wrapped_key,
                EncryptionContext={"aws:sqs:arn": message.home_arn},
            )
        except AwsError as error:
            raise in_words_of_sqs(error) from error
        found = DataKey(made["Plaintext"], message.wrapped_key, ctx.now + queue.key_reuse_seconds)
        ctx.after_commit(lambda: keys.put(name, found))
    return found
