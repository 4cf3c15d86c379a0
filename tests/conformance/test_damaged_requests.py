"""Requests that were changed on the way are refused or read, but nothing other than an AwsError ever comes of them."""

from __future__ import annotations

import random

import msgspec
import pytest

from fogbank.aws.errors import AwsError
from fogbank.codec.compiled import codec_for
from fogbank.codec.detect import detect
from fogbank.codec.message import Request
from fogbank.codec.validate import validator
from fogbank.model.index import index

from .oracle import Client
from .samples import Samples

OPERATIONS = [
    ("dynamodb", "json", "PutItem"),
    ("ecs", "json", "RegisterTaskDefinition"),
    ("cloudwatch", "json", "PutMetricData"),
    ("cloudwatch", "smithy-rpc-v2-cbor", "PutMetricData"),
    ("cloudwatch", "query", "PutMetricData"),
    ("sqs", "query", "SendMessageBatch"),
    ("rds", "query", "CreateDBInstance"),
    ("ec2", "ec2", "RunInstances"),
    ("lambda", "rest-json", "CreateFunction"),
    ("backup", "rest-json", "ListBackupJobs"),
    ("s3", "rest-xml", "PutObject"),
    ("s3", "rest-xml", "PutBucketLifecycleConfiguration"),
    ("route53", "rest-xml", "ChangeResourceRecordSets"),
]


def damaged(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(changed) + 1)
        what = dice.randrange(4)
        if what == 0:
            changed[at : at + dice.randint(1, 9)] = b""
        elif what == 1:
            changed[at:at] = dice.randbytes(dice.randint(1, 4))
        elif what == 2:
            changed[at:at] = dice.choice(
                (b"null", b"{", b"[", b'"', b"<a>", b"%", b"&", b"=", b".", b"1", b"NaN", b"\\u")
            )
        elif changed:
            changed[at % len(changed)] ^= 1 << dice.randrange(8)
    return bytes(changed)


def changed_request(request: Request, dice: random.Random) -> Request:
    if request.body and dice.random() < 0.7:
        return msgspec.structs.replace(request, body=damaged(request.body, dice))
    name = dice.choice([*request.headers, "path", "query"])
    if name in ("path", "query"):
        text = damaged(getattr(request, name).encode(), dice).decode("latin-1")
        return msgspec.structs.replace(request, **{name: text})
    return msgspec.structs.replace(
        request, headers={**request.headers, name: damaged(request.headers[name].encode(), dice).decode("latin-1")}
    )


@pytest.mark.parametrize(("service", "protocol", "name"), OPERATIONS)
def test_nothing_but_aws_errors(service: str, protocol: str, name: str) -> None:
    client = Client(service, protocol, index().entries[service].signing_name)
    operation = client.model.operation_model(name)
    request = client.request(Samples(is_full=True, is_input=True).of(operation.input_shape), operation)
    codec, validate = codec_for(service, protocol, name), validator(service, name)
    dice = random.Random(f"{service} {protocol} {name}")
    for _ in range(400):
        changed = changed_request(request, dice)
        detect(changed)
        try:
            validate(codec.parse(changed))
        except AwsError as error:
            codec.write_error(error, "rid")
