"""Functions in Node find AWS's SDK, as on AWS, and may do with it what their role may."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from tests.functions.conftest import Town

from fogbank.planes.sandbox import interpreters
from fogbank.services.lambda_.test_lambda import archive

NODES = ("nodejs22.x", "nodejs20.x", "nodejs24.x")
"""Those that have the SDK's third version."""
READS = """
const ssm = new SSMClient();
export const run = async (event) => {
  try {
    return (await ssm.send(new GetParameterCommand({ Name: event.name }))).Parameter.Value;
  } catch (error) {
    return error.name;
  }
};
"""
FILES = {
    "import": {"main.mjs": f'import {{ SSMClient, GetParameterCommand }} from "@aws-sdk/client-ssm";{READS}'},
    "require": {
        "main.js": f'const {{ SSMClient, GetParameterCommand }} = require("@aws-sdk/client-ssm");{READS}'.replace(
            "export const run", "exports.run"
        )
    },
}
STREAMS = """
import { S3Client, GetObjectCommand } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
const s3 = new S3Client({ forcePathStyle: true });
export const run = async (event) => {
  const params = { Bucket: event.bucket, Key: "tide" };
  await new Upload({ client: s3, params: { ...params, Body: "high" } }).done();
  return (await fetch(await getSignedUrl(s3, new GetObjectCommand(params)))).text();
};
"""


@pytest.fixture(scope="module", params=["apart", "plain"])
def coast(request: pytest.FixtureRequest) -> Iterator[Town]:
    """A cloud with functions in Node that find the SDK; also where the machine keeps nothing apart."""
    found = Town()
    try:
        if reason := _missing(found):
            pytest.skip(reason)
        if request.param == "plain":
            found.cloud.cloud.planes.sandboxes.forbid("the test wants it so")
        yield found
    finally:
        found.close()


def _missing(town: Town) -> str:
    if not any(town.has(one) for one in NODES):
        return "no Node.js that Lambda has with the SDK"
    return "" if interpreters.node_modules("") else "no SDK: `make build/node/ready` installs it where npm is there"


def _writes(town: Town, name: str, files: dict[str, str]) -> None:
    runtime = next(one for one in NODES if town.has(one))
    code = {"ZipFile": archive(files)}
    town.write(name, "", Runtime=runtime, Code=code, Handler="main.run", Timeout=30, MemorySize=512)


@pytest.mark.parametrize("kind", FILES)
def test_a_function_reads_what_its_role_may_read_and_no_more(coast: Town, kind: str) -> None:
    for name in ("/tides/high", "/other"):
        given = {"Name": name, "Value": f"value of {name}", "Type": "String", "Overwrite": True}
        coast.cloud.call("ssm", "PutParameter", given)
    _allow(coast, "ssm:GetParameter", "arn:aws:ssm:*:*:parameter/tides/*")
    _writes(coast, kind, FILES[kind])
    assert coast.said(kind, {"name": "/tides/high"}) == "value of /tides/high"
    assert coast.said(kind, {"name": "/other"}) == "AccessDeniedException"


def test_uploads_and_signed_addresses(coast: Town) -> None:
    coast.cloud.call("s3", "CreateBucket", {"Bucket": "tides"})
    _allow(coast, "s3:*Object", "arn:aws:s3:::tides/*")
    _writes(coast, "streams", {"main.mjs": STREAMS})
    assert coast.said("streams", {"bucket": "tides"}) == "high"


def _allow(town: Town, action: str, resource: str) -> None:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    given = {"RoleName": "runs", "PolicyName": action.partition(":")[0], "PolicyDocument": document}
    town.cloud.call("iam", "PutRolePolicy", given)
