"""Login tokens: read, verified, and refused where they are none."""

from __future__ import annotations

import pytest

from fogbank.aws.errors import AwsError
from fogbank.codec.message import Request
from fogbank.control import caller as callers
from fogbank.control.caller import Caller
from fogbank.gateway import tokens
from fogbank.gateway.sigv4 import Credentials, Signing, Verifier, presign

NOW = 1_750_000_000.0
HOST = "First.c1.eu-west-1.rds.amazonaws.com:5432"
KEYS = {"AKIAOURS": "secret", "stranger": ""}


def token(key: str = "AKIAOURS", secret: str = "secret", at: float = NOW, session: str | None = None) -> str:
    request = Request("GET", "/", "Action=connect&DBUser=a%40b", {"host": HOST})
    signing = Signing("eu-west-1", "rds-db", at)
    return f"{HOST}/?{presign(request, Credentials(key, secret, session), signing, 900)}"


def secret_of(key: str, session: str | None) -> tuple[str, Caller]:
    if key not in KEYS:
        raise AwsError("InvalidClientTokenId", f"{key} {session}")
    return KEYS[key], callers.root("111111111111", access_key_id=key)


def verified(text: str, now: float = NOW) -> tokens.Presigned:
    return tokens.verified(text, secret_of, Verifier(), now)[0]


def test_a_token_says_what_was_signed() -> None:
    found = verified(token(), NOW + 30)
    assert (found.service, found.region, found.host, found.age_seconds) == ("rds-db", "eu-west-1", HOST.lower(), 30)
    assert (found.fields["Action"], found.fields["DBUser"], found.fields["X-Amz-Expires"]) == ("connect", "a@b", "900")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "IncompleteSignature"),
        ("password", "IncompleteSignature"),
        (f"{HOST}/?Action=connect", "IncompleteSignature"),
        (f"/?{token().partition('?')[2]}", "IncompleteSignature"),
        (token().replace("/?", "?"), "IncompleteSignature"),
        (token() + "\n", "IncompleteSignature"),
        (token() + "é", "IncompleteSignature"),
        (token().replace("X-Amz-Date=", "X-Amz-Dat="), "IncompleteSignature"),
        (f"{HOST}/?AWSAccessKeyId=AKIAOURS&Signature=x&Expires=1", "IncompleteSignature"),
        (token(secret="other"), "SignatureDoesNotMatch"),
        (token().replace("a%40b", "root"), "SignatureDoesNotMatch"),
        (token().replace("First", "Second"), "SignatureDoesNotMatch"),
        (token().replace("eu-west-1%2Frds-db", "us-east-1%2Frds-db"), "SignatureDoesNotMatch"),
        (token(at=NOW - 901), "SignatureDoesNotMatch"),
        (token(at=NOW + 1000), "SignatureDoesNotMatch"),
        (token(key="nobody", session="s"), "InvalidClientTokenId"),
    ],
)  # fmt: skip
def test_what_is_no_good_token_is_refused(text: str, code: str) -> None:
    with pytest.raises(AwsError) as refused:
        verified(text)
    assert refused.value.code == code


def test_of_a_key_that_is_not_ours_nothing_is_verified_but_its_age_is_known() -> None:
    found = verified(token(key="stranger", secret="any"), NOW + 1000)
    assert found.age_seconds == 1000
    assert verified(token(key="stranger").replace("20250615T", "20251315T"), NOW).age_seconds == float("inf")
