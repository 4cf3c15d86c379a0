"""Lambda over a socket with boto3: its paginators and waiters, blobs, streams, and links to code."""

from __future__ import annotations

import base64
import io
import json
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fogbank.planes.sandbox.sandbox import Outcome
from fogbank.services.lambda_.test_lambda import TRUST, allowed, zipped
from fogbank.testing import Served
from fogbank.testing.plugin import MakeClient

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def make(boto: MakeClient, account: str) -> Make:
    iam, functions = boto("iam"), boto("lambda")
    role = iam.create_role(RoleName="runs", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.put_role_policy(RoleName="runs", PolicyName="p", PolicyDocument=allowed("logs:*"))

    def made(name: str, **more: Any) -> dict[str, Any]:
        given = {"Runtime": "python3.11", "Role": role, "Handler": "main.run", "Code": {"ZipFile": zipped()}}
        answer: dict[str, Any] = functions.create_function(FunctionName=name, **{**given, **more})
        return answer

    return made


def test_a_function_is_called(boto: MakeClient, make: Make, account: str) -> None:
    functions = boto("lambda")
    made = make("f", Tags={"team": "sea"})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    for waiter in ("function_active_v2", "function_updated_v2", "function_exists", "function_active"):
        functions.get_waiter(waiter).wait(FunctionName="f", WaiterConfig={"Delay": 1, "MaxAttempts": 2})
    answer = functions.invoke(FunctionName="f", Payload=b'{"a": 1}', LogType="Tail")
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST") and "FunctionError" not in answer
    assert json.loads(answer["Payload"].read()) == {"a": 1}
    assert base64.b64decode(answer["LogResult"]).startswith(b"START RequestId")
    assert functions.invoke(FunctionName="f", InvocationType="Event")["StatusCode"] == 202
    assert functions.invoke(FunctionName="f", InvocationType="DryRun")["StatusCode"] == 204
    arn = made["FunctionArn"]
    assert functions.list_tags(Resource=arn)["Tags"] == {"team": "sea"}
    functions.tag_resource(Resource=arn, Tags={"a": "b"})
    functions.untag_resource(Resource=arn, TagKeys=["team"])
    assert functions.list_tags(Resource=arn)["Tags"] == {"a": "b"}
    functions.delete_function(FunctionName="f")
    with pytest.raises(ClientError) as caught:
        functions.get_function(FunctionName="f")
    error = caught.value.response
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == ("ResourceNotFoundException", 404)
    assert error["Error"]["Message"] == f"Function not found: arn:aws:lambda:us-east-1:{account}:function:f"


def test_an_error_of_the_function_is_no_error_of_the_call(served: Served, boto: MakeClient, make: Make) -> None:
    make("raises")
    sandboxes: Any = served.cloud.planes.sandboxes
    before = sandboxes.answers
    sandboxes.answers = lambda function, invocation: Outcome(b'{"errorMessage": "no"}', "Unhandled")
    try:
        answer = boto("lambda").invoke(FunctionName="raises")
    finally:
        sandboxes.answers = before
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.loads(answer["Payload"].read()) == {"errorMessage": "no"}


def test_listings_go_through_pages(boto: MakeClient, make: Make) -> None:
    functions = boto("lambda")
    for name in ("a", "b", "c"):
        make(name, Publish=True)
    pages = functions.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2})
    assert [one["FunctionName"] for page in pages for one in page["Functions"]] == ["a", "b", "c"]
    for name in ("x", "y", "z"):
        functions.create_alias(FunctionName="a", Name=name, FunctionVersion="1")
    pages = functions.get_paginator("list_aliases").paginate(FunctionName="a", PaginationConfig={"PageSize": 2})
    assert [one["Name"] for page in pages for one in page["Aliases"]] == ["x", "y", "z"]
    pages = functions.get_paginator("list_versions_by_function").paginate(FunctionName="a")
    assert [one["Version"] for page in pages for one in page["Versions"]] == ["$LATEST", "1"]


def test_the_code_can_be_fetched(boto: MakeClient, make: Make) -> None:
    make("f", Code={"ZipFile": zipped(main="x = 1")})
    where = boto("lambda").get_function(FunctionName="f")["Code"]["Location"]
    with urllib.request.urlopen(where) as found:
        archive = zipfile.ZipFile(io.BytesIO(found.read()))
    assert archive.read("main.py") == b"x = 1"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(where[:-4] + "AAAA")
    caught.value.close()
    assert caught.value.code == 403


def test_code_comes_from_a_bucket(boto: MakeClient, make: Make, account: str) -> None:
    s3, bucket = boto("s3"), f"code-{account}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="f.zip", Body=zipped(main="x = 2"))
    made = make("f", Code={"S3Bucket": bucket, "S3Key": "f.zip"})
    assert made["CodeSize"] == len(zipped(main="x = 2"))
    with pytest.raises(ClientError, match="S3 Error Code: NoSuchKey"):
        make("g", Code={"S3Bucket": bucket, "S3Key": "none.zip"})
    changed = boto("lambda").update_function_code(FunctionName="f", ZipFile=zipped(main="x = 3"))
    assert changed["CodeSha256"] != made["CodeSha256"] and changed["RevisionId"] != made["RevisionId"]


def test_an_answer_comes_in_parts(boto: MakeClient, make: Make) -> None:
    make("f")
    answer = boto("lambda").invoke_with_response_stream(FunctionName="f", Payload=b'{"a": 1}', LogType="Tail")
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    events = list(answer["EventStream"])
    assert b"".join(one["PayloadChunk"]["Payload"] for one in events if "PayloadChunk" in one) == b'{"a": 1}'
    assert b"REPORT" in base64.b64decode(events[-1]["InvokeComplete"]["LogResult"])
