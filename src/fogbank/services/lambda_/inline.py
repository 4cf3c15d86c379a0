"""Code that a template writes out itself: an archive of one file, with the module that answers CloudFormation.

CloudFormation User Guide, "cfn-response module": it is there for code that asks for it.
"""

from __future__ import annotations

import io
import zipfile

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_PYTHON = '''\
"""Answers CloudFormation for a custom resource."""

import json
import os
import ssl
import urllib.request

SUCCESS = "SUCCESS"
FAILED = "FAILED"


def send(event, context, responseStatus, responseData, physicalResourceId=None, noEcho=False, reason=None):
    answer = {
        "Status": responseStatus,
        "Reason": reason or "See the details in CloudWatch Log Stream: " + context.log_stream_name,
        "PhysicalResourceId": physicalResourceId or context.log_stream_name,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "NoEcho": noEcho,
        "Data": responseData,
    }
    body = json.dumps(answer).encode()
    request = urllib.request.Request(event["ResponseURL"], body, {"Content-Type": ""}, method="PUT")
    try:
        trusted = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE"))
        with urllib.request.urlopen(request, context=trusted) as response:
            print("Status code:", response.status)
    except Exception as error:
        print("The answer could not be sent:", error)
'''
_NODE = """\
exports.SUCCESS = "SUCCESS";
exports.FAILED = "FAILED";

exports.send = function (event, context, responseStatus, responseData, physicalResourceId, noEcho) {
  const body = JSON.stringify({
    Status: responseStatus,
    Reason: "See the details in CloudWatch Log Stream: " + context.logStreamName,
    PhysicalResourceId: physicalResourceId || context.logStreamName,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    NoEcho: noEcho || false,
    Data: responseData,
  });
  const url = new URL(event.ResponseURL);
  const headers = { "content-type": "", "content-length": Buffer.byteLength(body) };
  const client = require(url.protocol === "https:" ? "https" : "http");
  const request = client.request(url, { method: "PUT", headers }, (response) => {
    console.log("Status code: " + response.statusCode);
    response.resume();
    response.on("end", () => context.done());
  });
  request.on("error", (error) => {
    console.log("The answer could not be sent: " + error);
    context.done();
  });
  request.end(body);
};
"""


def archive(code: str, runtime: str) -> bytes:
    """The archive of a function whose code is text; the same for the same text."""
    files = {"index.js" if runtime.startswith("nodejs") else "index.py": code}
    if "cfn-response" in code and runtime.startswith("nodejs"):
        files["node_modules/cfn-response/index.js"] = _NODE
    if "cfnresponse" in code and runtime.startswith("python"):
        files["cfnresponse.py"] = _PYTHON
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as found:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.external_attr = 0o644 << 16
            found.writestr(entry, text)
    return content.getvalue()
