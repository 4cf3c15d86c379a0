"""What is refused of requests as they come over a socket: bodies, digests, framings, addresses, documents."""

from __future__ import annotations

import base64
import hashlib
import http.client
import socket
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from fogbank.testing import Served
from fogbank.testing.plugin import MakeClient
from fogbank.testing.process import CloudProcess

MEBIBYTE = 1024 * 1024
Headers = dict[str, str]


class _Unsigned(S3SigV4Auth):
    """Signs headers, and lets the word for the body stand."""

    def payload(self, request: AWSRequest) -> str:
        return str(request.headers["X-Amz-Content-SHA256"])

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        word = request.headers.get("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD")
        super()._modify_request_before_signing(request)
        del request.headers["X-Amz-Content-SHA256"]
        request.headers["X-Amz-Content-SHA256"] = word


class Wire:
    """Requests as they are written here, signed, to one bucket."""

    def __init__(self, url: str, account: str) -> None:
        self.url = url
        self._account = account
        self.bucket = f"wire-{account}"

    def send(
        self, method: str, target: str, headers: Headers | None = None, body: bytes = b"", *, sized: bool = True
    ) -> tuple[int, str, bytes, http.client.HTTPMessage]:
        """(status, code, body, headers) of the answer to `/bucket` and a target that is sent as it stands."""
        path = f"/{self.bucket}{target}"
        request = AWSRequest(method=method, url=self.url + path, headers={"Host": urlsplit(self.url).netloc})
        for name, value in (headers or {}).items():
            request.headers[name] = value
        if not (headers or {}).get("Authorization"):
            _Unsigned(Credentials(self._account, "x"), "s3", "us-east-1").add_auth(request)
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers.items():
            connection.putheader(name, value)
        if sized:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        connection.send(body)
        response = connection.getresponse()
        data = response.read()
        connection.close()
        code = ET.fromstring(data).findtext("Code") or "" if response.status >= 400 and data else ""
        return response.status, code, data, response.headers


@pytest.fixture
def wire(served: Served, account: str, boto: MakeClient) -> Wire:
    found = Wire(served.url, account)
    boto("s3").create_bucket(Bucket=found.bucket)
    found.send("PUT", "/k", body=b"tide")
    return found


def md5(body: bytes) -> Headers:
    return {"Content-MD5": base64.b64encode(hashlib.md5(body).digest()).decode()}


DELETION = b"<Delete><Object><Key>k</Key></Object></Delete>"
LIFECYCLE = (
    b"<LifecycleConfiguration><Rule><Status>Enabled</Status><Prefix/><Expiration><Days>1</Days></Expiration></Rule>"
    b"</LifecycleConfiguration>"
)
BOMB = b'<!DOCTYPE l [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><Delete><Object><Key>&b;</Key></Object></Delete>'
FAR = "99999999999999999999"
CHUNKED = b"4\r\ntide\r\n0\r\n\r\n"
AWS_CHUNKED = {"X-Amz-Content-SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "Content-Encoding": "aws-chunked"}
PROMISED = {**AWS_CHUNKED, "X-Amz-Decoded-Content-Length": "4", "X-Amz-Trailer": "x-amz-checksum-crc32"}
# (method, target, headers, body, code, status)
WIRE: list[tuple[str, str, Headers, bytes, str, int]] = [
    ("PUT", "/n", {"Content-MD5": "abc"}, b"x", "InvalidDigest", 400),
    ("PUT", "/n", md5(b"y"), b"x", "BadDigest", 400),
    ("PUT", "/n", {"x-amz-checksum-crc32": "abc"}, b"x", "InvalidRequest", 400),
    ("PUT", "/n", {"x-amz-checksum-crc32": "AAAAAA=="}, b"x", "BadDigest", 400),
    ("PUT", "/n", {"X-Amz-Content-SHA256": "0" * 64}, b"x", "XAmzContentSHA256Mismatch", 400),
    ("PUT", "/n", {"X-Amz-Content-SHA256": "zz"}, b"x", "InvalidArgument", 400),
    ("PUT", "/n", {**PROMISED}, b"4\r\ntide\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", "BadDigest", 400),
    ("PUT", "/n", {**PROMISED}, b"4\r\ntide\r\n0\r\n\r\n", "MalformedTrailerError", 400),
    ("PUT", "/n", {**PROMISED}, b"4\r\nti", "IncompleteBody", 400),
    ("PUT", "/n", {**PROMISED}, b"zz\r\ntide", "IncompleteBody", 400),
    ("PUT", "/n", AWS_CHUNKED, b"4\r\ntide\r\n0\r\n\r\n", "MissingContentLength", 411),
    ("PUT", "/a%ff", {}, b"x", "InvalidURI", 400),
    ("GET", "/a%ed%a0%80", {}, b"", "InvalidURI", 400),
    ("PUT", "/a%00b", {}, b"x", "InvalidArgument", 400),
    ("DELETE", "/a%00b", {}, b"", "InvalidArgument", 400),
    ("GET", "/k?versionId=", {}, b"", "InvalidArgument", 400),
    ("GET", f"/k?partNumber={FAR}", {}, b"", "InvalidArgument", 400),
    ("GET", f"?max-keys={'9' * 5000}", {}, b"", "InvalidArgument", 400),
    ("PUT", "/k?uploadId=none", {}, b"x", "InvalidArgument", 400),
    ("PUT", "/k?uploadId=none&partNumber=x", {}, b"x", "InvalidArgument", 400),
    ("GET", "/k", {"Range": f"bytes={'9' * 5000}-"}, b"", "InvalidRange", 416),
    ("POST", "?delete", {}, DELETION, "InvalidRequest", 400),
    ("PUT", "?lifecycle", {}, LIFECYCLE, "InvalidRequest", 400),
    *[("POST", "?delete", md5(body), body, "MalformedXML", 400)
      for body in (b"", b"<", BOMB, b"<a>" * 100_000, b"<Delete/>", b"<Remove><Object><Key>k</Key></Object></Remove>",
                   DELETION.replace(b"k", b"\x00"), DELETION.replace(b"k", b"\xff"), DELETION.replace(b"k", b"&#0;"),
                   DELETION.decode().encode("utf-16"))],
    *[("PUT", f"?{noun}", md5(b"<Foo/>"), b"<Foo/>", "MalformedXML", 400)
      for noun in ("acl", "cors", "lifecycle", "versioning", "tagging", "encryption", "notification", "website",
                   "object-lock", "ownershipControls", "publicAccessBlock", "requestPayment", "accelerate", "logging",
                   "replication")],
    ("POST", "", {}, b"x", "MethodNotAllowed", 405),
    ("PUT", "/n", {"Authorization": "AWS4-HMAC-SHA256 rubbish"}, b"x", "AuthorizationHeaderMalformed", 400),
    ("POST", "/k?select&select-type=2", {}, b"<SelectObjectContentRequest/>", "NotImplemented", 501),
]  # fmt: skip


@pytest.mark.parametrize(("method", "target", "headers", "body", "code", "status"), WIRE)
def test_what_the_wire_refuses(
    wire: Wire, method: str, target: str, headers: Headers, body: bytes, code: str, status: int
) -> None:
    found = wire.send(method, target, headers, body)
    assert (found[0], found[1]) == (status, code), found
    assert ET.fromstring(found[2]).findtext("RequestId") == found[3]["x-amz-request-id"]
    assert wire.send("GET", "/k")[2] == b"tide" and wire.send("GET", "/n")[0] == 404


def test_a_body_without_a_length_is_refused(wire: Wire) -> None:
    assert wire.send("PUT", "/n", {"Transfer-Encoding": "chunked"}, CHUNKED, sized=False)[:2] == (
        411, "MissingContentLength")  # fmt: skip
    assert wire.send("PUT", "/n", sized=False)[:2] == (411, "MissingContentLength")
    decoded = {**AWS_CHUNKED, "X-Amz-Decoded-Content-Length": "4", "Transfer-Encoding": "chunked"}
    body = b"4\r\ntide\r\n0\r\n\r\n"
    framed = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    assert wire.send("PUT", "/n", decoded, framed, sized=False)[0] == 200
    assert wire.send("GET", "/n")[2] == b"tide"


def test_dates_that_are_none_are_passed_over(wire: Wire) -> None:
    # RFC 9110, sections 13.1.3 and 13.1.4
    for name in ("If-Modified-Since", "If-Unmodified-Since"):
        assert wire.send("GET", "/k", {name: "yesterday"})[2] == b"tide"
    assert wire.send("GET", "/k", {"Range": f"bytes=1-{'9' * 5000}"})[2] == b"ide"
    assert wire.send("GET", "/k", {"Range": f"bytes=-{'9' * 5000}"})[2] == b"tide"


def test_an_answer_takes_no_lines_from_a_request(wire: Wire) -> None:
    found = wire.send("GET", "/k?response-content-type=a%0d%0aX-Evil:%201&response-cache-control=b%00c")
    assert found[0] == 200 and "x-evil" not in found[3]


def _named(process: CloudProcess) -> list[str]:
    return [path.name for path in (Path(process.state) / "blobs" / "arriving").iterdir()]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Any:
    found = CloudProcess(tmp_path_factory.mktemp("cloud"))
    found.url = found.start().url  # type: ignore[attr-defined]
    yield found
    found.kill()


def test_an_upload_that_breaks_off_leaves_nothing(process: Any) -> None:
    url = urlsplit(process.url)
    wire = Wire(process.url, "000000000000")
    assert wire.send("PUT", "")[0] == 200
    for sent in (10, 200_000, 3 * MEBIBYTE):
        with socket.create_connection((url.hostname or "", url.port or 0)) as client:
            head = f"PUT /{wire.bucket}/cut HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: {9 * MEBIBYTE}\r\n"
            signed = AWSRequest(method="PUT", url=f"{process.url}/{wire.bucket}/cut", headers={"Host": url.netloc})
            _Unsigned(Credentials("000000000000", "x"), "s3", "us-east-1").add_auth(signed)
            more = "".join(f"{name}: {value}\r\n" for name, value in signed.headers.items() if name != "Host")
            client.sendall((head + more + "\r\n").encode() + b"x" * sent)
            _until(lambda sent=sent: sent < 65_536 or bool(_named(process)))
        _until(lambda: not _named(process))
    assert wire.send("GET", "/cut")[0] == 404


def test_an_object_that_is_overwritten_while_it_is_read_is_read_to_its_end(process: Any) -> None:
    wire = Wire(process.url, "000000000000")
    wire.send("PUT", "")
    upload = ET.fromstring(wire.send("POST", "/many?uploads=")[2]).findtext("{*}UploadId")
    listed = ""
    for number in range(1, 9):
        body = bytes([number]) * (5 * MEBIBYTE)
        etag = wire.send("PUT", f"/many?partNumber={number}&uploadId={upload}", body=body)[3]["ETag"]
        listed += f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
    done = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
    assert wire.send("POST", f"/many?uploadId={upload}", body=done)[0] == 200
    blobs = Path(process.state) / "blobs"
    assert len(list(blobs.glob("??/*"))) == 8
    signed = AWSRequest(
        method="GET", url=f"{process.url}/{wire.bucket}/many", headers={"Host": urlsplit(wire.url).netloc}
    )
    _Unsigned(Credentials("000000000000", "x"), "s3", "us-east-1").add_auth(signed)
    connection = http.client.HTTPConnection(urlsplit(wire.url).netloc, timeout=10)
    connection.request("GET", f"/{wire.bucket}/many", headers=dict(signed.headers.items()))
    response = connection.getresponse()
    first = response.read(MEBIBYTE)
    assert wire.send("PUT", "/many", body=b"new")[0] == 200
    _until(lambda: len(list(blobs.glob("??/*"))) < 8)
    rest = first + response.read()
    connection.close()
    assert [rest[at * MEBIBYTE] for at in range(0, 40, 5)] == list(range(1, 9)) and len(rest) == 40 * MEBIBYTE
    _until(lambda: not list(blobs.glob("??/*")) and not _named(process))
    assert wire.send("GET", "/many")[2] == b"new"


def _until(holds: Any) -> None:
    """Wait for what another process does."""
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
