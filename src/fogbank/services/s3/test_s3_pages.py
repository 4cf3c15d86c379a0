"""What S3 answers beside its API, over HTTP: websites, cross-origin rules, uploads by forms."""

from __future__ import annotations

import base64
import hmac
import http.client
import json
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from fogbank.aws.signing import derived_key
from fogbank.testing import Served

MakeClient = Callable[..., Any]


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


@pytest.fixture
def bucket(boto: MakeClient, request: pytest.FixtureRequest) -> str:
    """A bucket that anyone may read."""
    name = f"pages-{zlib.crc32(request.node.nodeid.encode()):08x}"
    s3 = boto("s3")
    s3.create_bucket(Bucket=name)
    s3.delete_public_access_block(Bucket=name)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    return name


def ask(served: Served, method: str, path: str, host: str = "", body: bytes = b"", **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, {**({"host": host} if host else {}), **sent})
    found = connection.getresponse()
    answer = Answer(found.status, {name.lower(): value for name, value in found.getheaders()}, found.read())
    connection.close()
    return answer


def site(bucket: str, served: Served) -> str:
    return f"{bucket}.s3-website.localhost:{served.port}"


# Websites


def test_a_website_serves_its_index_and_its_error_page(boto: MakeClient, served: Served, bucket: str) -> None:
    s3, host = boto("s3"), site(bucket, served)
    nothing = ask(served, "GET", "/", host)
    assert nothing.status == 404 and b"NoSuchWebsiteConfiguration" in nothing.body
    s3.put_bucket_website(
        Bucket=bucket,
        WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "oops.html"}},
    )
    for key, text in (("index.html", "<h1>home</h1>"), ("docs/index.html", "docs"), ("a b/ü.html", "umlaut")):
        s3.put_object(Bucket=bucket, Key=key, Body=text.encode(), ContentType="text/html")
    home = ask(served, "GET", "/", host)
    assert (home.status, home.body, home.headers["content-type"]) == (200, b"<h1>home</h1>", "text/html")
    assert ask(served, "GET", "/docs/", host).body == b"docs"
    assert ask(served, "GET", "/a%20b/%C3%BC.html", host).body == b"umlaut"
    to_folder = ask(served, "GET", "/docs", host)
    assert (to_folder.status, to_folder.headers["location"]) == (302, "/docs/")
    missing = ask(served, "GET", "/nowhere", host)
    assert missing.status == 403 and b"AccessDenied" in missing.body, "who may not list is not told what there is"
    s3.put_object(Bucket=bucket, Key="oops.html", Body=b"oops", ContentType="text/html")
    assert ask(served, "GET", "/nowhere", host).body == b"oops"
    head = ask(served, "HEAD", "/", host)
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", "13")
    assert ask(served, "GET", "/", host, if_none_match=home.headers["etag"]).status == 304
    assert ask(served, "PUT", "/x", host, b"no").status == 405
    assert ask(served, "GET", "/", f"no-such-bucket.s3-website-eu-west-1.localhost:{served.port}").status == 404


def test_what_is_not_public_is_not_served(boto: MakeClient, served: Served, bucket: str) -> None:
    s3 = boto("s3")
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    s3.put_object(Bucket=bucket, Key="index.html", Body=b"secret")
    assert ask(served, "GET", "/", site(bucket, served)).status == 200
    s3.delete_bucket_policy(Bucket=bucket)
    refused = ask(served, "GET", "/", site(bucket, served))
    assert refused.status == 403 and b"AccessDenied" in refused.body and b"secret" not in refused.body


def test_redirects_by_rules_by_objects_and_of_all(boto: MakeClient, served: Served, bucket: str) -> None:
    s3, host = boto("s3"), site(bucket, served)
    rules = [
        {"Condition": {"KeyPrefixEquals": "old/"}, "Redirect": {"ReplaceKeyPrefixWith": "new/"}},
        {
            "Condition": {"HttpErrorCodeReturnedEquals": "403"},
            "Redirect": {"HostName": "elsewhere.example", "Protocol": "https", "HttpRedirectCode": "302"},
        },
    ]
    s3.put_bucket_website(
        Bucket=bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}, "RoutingRules": rules}
    )
    s3.put_object(Bucket=bucket, Key="moved", Body=b"", WebsiteRedirectLocation="/there")
    assert ask(served, "GET", "/old/a%20b", host).headers["location"] == f"http://{host}/new/a%20b"
    moved = ask(served, "GET", "/moved", host)
    assert (moved.status, moved.headers["location"]) == (301, "/there")
    gone = ask(served, "GET", "/gone", host)
    assert (gone.status, gone.headers["location"]) == (302, "https://elsewhere.example/gone")
    everything = {"RedirectAllRequestsTo": {"HostName": "example.com", "Protocol": "https"}}
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=everything)
    assert ask(served, "GET", "/any/path", host).headers["location"] == "https://example.com/any/path"
    assert s3.get_bucket_website(Bucket=bucket)["RedirectAllRequestsTo"]["HostName"] == "example.com"
    s3.delete_bucket_website(Bucket=bucket)
    with pytest.raises(ClientError, match="NoSuchWebsiteConfiguration"):
        s3.get_bucket_website(Bucket=bucket)


@pytest.mark.parametrize(
    ("configuration", "code"),
    [
        ({}, "InvalidArgument"),
        ({"IndexDocument": {"Suffix": "a/b"}}, "InvalidArgument"),
        ({"IndexDocument": {"Suffix": "i"}, "RedirectAllRequestsTo": {"HostName": "x"}}, "InvalidRequest"),
        (
            {
                "IndexDocument": {"Suffix": "i"},
                "RoutingRules": [{"Redirect": {"ReplaceKeyWith": "a", "ReplaceKeyPrefixWith": "b"}}],
            },
            "InvalidRequest",
        ),
        (
            {"IndexDocument": {"Suffix": "i"}, "RoutingRules": [{"Redirect": {"HttpRedirectCode": "200"}}]},
            "InvalidRequest",
        ),
        (
            {"IndexDocument": {"Suffix": "i"}, "RoutingRules": [{"Redirect": {"ReplaceKeyWith": "a"}}] * 51},
            "InvalidRequest",
        ),
    ],
)
def test_a_website_that_makes_no_sense(boto: MakeClient, bucket: str, configuration: Any, code: str) -> None:
    with pytest.raises(ClientError, match=code):
        boto("s3").put_bucket_website(Bucket=bucket, WebsiteConfiguration=configuration)


# Cross-origin rules


def test_a_browser_may_do_what_the_buckets_rules_say(boto: MakeClient, served: Served, bucket: str) -> None:
    s3, path, page = boto("s3"), f"/{bucket}/k", "https://app.example.com"
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    asked = {"origin": page, "access_control_request_method": "PUT", "access_control_request_headers": "X-A, x-b"}
    refused = ask(served, "OPTIONS", path, **asked)
    assert refused.status == 403 and b"CORS is not enabled for this bucket" in refused.body
    rule = {
        "AllowedMethods": ["PUT", "GET"],
        "AllowedOrigins": ["https://*.example.com"],
        "AllowedHeaders": ["x-*"],
        "ExposeHeaders": ["etag"],
        "MaxAgeSeconds": 60,
    }
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == [rule]
    allowed = ask(served, "OPTIONS", path, **asked)
    assert allowed.status == 200
    assert allowed.headers["access-control-allow-origin"] == page
    assert allowed.headers["access-control-allow-headers"] == "x-a, x-b"
    assert allowed.headers["access-control-max-age"] == "60"
    for wrong in (
        {"origin": "https://example.org"},
        {"access_control_request_method": "DELETE"},
        {"access_control_request_headers": "authorization"},
    ):
        assert ask(served, "OPTIONS", path, **{**asked, **wrong}).status == 403
    assert ask(served, "OPTIONS", path).status == 400
    read = ask(served, "GET", path, origin=page)
    assert read.body == b"x" and read.headers["access-control-expose-headers"] == "etag"
    other = ask(served, "GET", path, origin="https://example.org")
    assert other.status == 200 and "access-control-allow-origin" not in other.headers
    s3.delete_bucket_cors(Bucket=bucket)
    with pytest.raises(ClientError, match="NoSuchCORSConfiguration"):
        s3.get_bucket_cors(Bucket=bucket)


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"AllowedMethods": ["PATCH"], "AllowedOrigins": ["*"]}, "InvalidRequest"),
        ({"AllowedMethods": ["GET"], "AllowedOrigins": ["*a*"]}, "InvalidRequest"),
        ({"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "ExposeHeaders": ["x-*"]}, "InvalidRequest"),
    ],
)
def test_a_cross_origin_rule_that_makes_no_sense(boto: MakeClient, bucket: str, rule: Any, code: str) -> None:
    with pytest.raises(ClientError, match=code):
        boto("s3").put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    with pytest.raises(ClientError, match="MalformedXML"):
        boto("s3").put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule] * 101})


# Forms


class Form:
    """A form with its policy, signed as a key of the cloud's."""

    def __init__(self, boto: MakeClient, bucket: str, conditions: list[Any], expires_minutes: int = 5) -> None:
        iam = boto("iam")
        iam.create_user(UserName="poster")
        statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/in/*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName="poster", PolicyName="p", PolicyDocument=policy)
        made = iam.create_access_key(UserName="poster")["AccessKey"]
        now = datetime.now(UTC)
        day = now.strftime("%Y%m%d")
        self.fields = {
            "x-amz-algorithm": "AWS4-HMAC-SHA256",
            "x-amz-credential": f"{made['AccessKeyId']}/{day}/us-east-1/s3/aws4_request",
            "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
        }
        conditions = [{"bucket": bucket}, *({name: value} for name, value in self.fields.items()), *conditions]
        until = (now + timedelta(minutes=expires_minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
        document = json.dumps({"expiration": until, "conditions": conditions})
        self.fields["policy"] = base64.b64encode(document.encode()).decode()
        self.secret, self.day = made["SecretAccessKey"], day
        key = derived_key(self.secret, (day, "us-east-1", "s3"))
        self.fields["x-amz-signature"] = hmac.digest(key, self.fields["policy"].encode(), "sha256").hex()


def post(served: Served, bucket: str, fields: dict[str, str], data: bytes, filename: str = "up.txt") -> Answer:
    edge = "----fogbankformboundary"
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
    head += "Content-Type: text/plain\r\n\r\n"
    body = "".join(parts).encode() + head.encode() + data + f"\r\n--{edge}--\r\n".encode()
    return ask(served, "POST", f"/{bucket}", body=body, content_type=f"multipart/form-data; boundary={edge}")


@pytest.mark.parametrize("size", [11, 300_000])
def test_a_signed_form_uploads_what_its_policy_allows(boto: MakeClient, served: Served, bucket: str, size: int) -> None:
    conditions = [["starts-with", "$key", "in/"], ["content-length-range", 10, 1_000_000],
                  ["eq", "$success_action_status", "201"], ["starts-with", "$x-amz-meta-kind", ""]]  # fmt: skip
    form = Form(boto, bucket, conditions)
    fields = {"key": "in/${filename}", "success_action_status": "201", "x-amz-meta-kind": "form", **form.fields}
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    answer = post(served, bucket, fields, data)
    assert answer.status == 201, answer.body
    assert b"<Key>in/up.txt</Key>" in answer.body
    found = boto("s3").get_object(Bucket=bucket, Key="in/up.txt")
    assert found["Body"].read() == data and found["Metadata"] == {"kind": "form"}
    assert found["ContentType"] == "text/plain"


def test_a_form_outside_its_policy_uploads_nothing(boto: MakeClient, served: Served, bucket: str) -> None:
    form = Form(boto, bucket, [["starts-with", "$key", "in/"], ["content-length-range", 3, 10]])
    good = {"key": "in/a", **form.fields}

    def refused(fields: dict[str, str], data: bytes, status: int, text: bytes) -> None:
        answer = post(served, bucket, fields, data)
        assert (answer.status, text in answer.body) == (status, True), answer.body

    refused({**good, "key": "out/a"}, b"12345", 403, b"Policy Condition failed")
    refused({**good, "acl": "private"}, b"12345", 403, b"Extra input fields: acl")
    refused(good, b"12", 400, b"EntityTooSmall")
    refused(good, b"x" * 11, 400, b"EntityTooLarge")
    refused(good, b"x" * 200_000, 400, b"EntityTooLarge")
    refused({**good, "x-amz-signature": "0" * 64}, b"12345", 403, b"SignatureDoesNotMatch")
    refused({name: value for name, value in good.items() if name != "key"}, b"12345", 400, b"named 'key'")
    refused({"key": "in/a"}, b"12345", 403, b"AccessDenied")
    refused({**good, "pad": "x" * 21_000}, b"12345", 400, b"MaxPostPreDataLengthExceeded")
    key = derived_key(form.secret, (form.day, "us-east-1", "s3"))
    signed = {"policy": "x", "x-amz-signature": hmac.digest(key, b"x", "sha256").hex()}
    refused({**good, **signed}, b"12345", 400, b"InvalidPolicyDocument")
    assert "Contents" not in boto("s3").list_objects_v2(Bucket=bucket)
    assert post(served, bucket, good, b"12345").status == 204


def test_an_expired_form_and_one_whose_signer_may_not(boto: MakeClient, served: Served, bucket: str) -> None:
    form = Form(boto, bucket, [["starts-with", "$key", ""]])
    denied = post(served, bucket, {"key": "out/a", **form.fields}, b"x")
    assert denied.status == 403 and b"s3:PutObject" in denied.body
    boto("iam").delete_user_policy(UserName="poster", PolicyName="p")
    assert post(served, bucket, {"key": "in/a", **form.fields}, b"x").status == 403


def test_a_form_that_leads_on(boto: MakeClient, served: Served, bucket: str) -> None:
    form = Form(boto, bucket, [["starts-with", "$key", ""], ["starts-with", "$success_action_redirect", "http"]])
    fields = {"key": "in/a", "success_action_redirect": "http://example.com/done?x=1", **form.fields}
    answer = post(served, bucket, fields, b"x")
    assert answer.status == 303
    assert answer.headers["location"].startswith(f"http://example.com/done?x=1&bucket={bucket}&key=in%2Fa&etag=")


def test_a_body_that_is_no_form(served: Served, bucket: str) -> None:
    answer = ask(served, "POST", f"/{bucket}", body=b"nonsense", content_type="multipart/form-data; boundary=a")
    assert answer.status == 400
    answer = ask(served, "POST", f"/{bucket}", body=b"nonsense", content_type="multipart/form-data")
    assert answer.status == 400 and b"MalformedPOSTRequest" in answer.body


def test_forms_as_boto3_makes_them(boto: MakeClient, served: Served, bucket: str) -> None:
    iam = boto("iam")
    iam.create_user(UserName="former")
    statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/in/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="former", PolicyName="p", PolicyDocument=document)
    made = iam.create_access_key(UserName="former")["AccessKey"]
    s3 = boto("s3", aws_access_key_id=made["AccessKeyId"], aws_secret_access_key=made["SecretAccessKey"])
    form = s3.generate_presigned_post(bucket, "in/${filename}", Conditions=[["content-length-range", 1, 5]])
    fields = form["fields"]
    assert "signature" in fields, "version 2, unless s3v4 is asked for"
    assert post(served, bucket, fields, b"12345").status == 204
    assert boto("s3").get_object(Bucket=bucket, Key="in/up.txt")["Body"].read() == b"12345"
    for changed, data, text in (
        ({}, b"123456", b"EntityTooLarge"),
        ({"signature": "AAAA"}, b"1", b"SignatureDoesNotMatch"),
        ({"key": "out/${filename}"}, b"1", b"Policy Condition failed"),
    ):
        answer = post(served, bucket, {**fields, **changed}, data)
        assert answer.status >= 400 and text in answer.body, answer.body
    unsigned = {name: value for name, value in fields.items() if name != "signature"}
    assert b"named 'signature'" in post(served, bucket, unsigned, b"1").body


def test_a_form_puts_no_lines_into_answers(boto: MakeClient, served: Served, bucket: str) -> None:
    evil = "http://x/\r\nX-Evil: 1"
    form = Form(boto, bucket, [["starts-with", "$key", ""], ["starts-with", "$success_action_redirect", ""],
                               ["starts-with", "$x-amz-meta-a", ""], ["starts-with", "$content-type", ""]])  # fmt: skip
    more = {"x-amz-meta-a": "b\r\nX-Evil: 1", "Content-Type": "text/x\r\nX-Evil: 1"}
    answer = post(served, bucket, {"key": "in/a", "success_action_redirect": evil, **more, **form.fields}, b"1")
    assert answer.status == 303 and "x-evil" not in {name.lower() for name in answer.headers}
    head = boto("s3").head_object(Bucket=bucket, Key="in/a")["ResponseMetadata"]["HTTPHeaders"]
    assert "x-evil" not in head


# Websites of people's own names


def test_a_bucket_named_as_a_host_is_that_hosts_website(boto: MakeClient, served: Served, account: str) -> None:
    s3, name = boto("s3"), f"www.z{account}.example"
    host = f"WWW.z{account}.example:80"
    s3.create_bucket(Bucket=name)
    s3.delete_public_access_block(Bucket=name)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    s3.put_object(Bucket=name, Key="index.html", Body=b"hello", ContentType="text/html")
    before = ask(served, "GET", "/", host)
    assert before.body != b"hello"
    s3.put_bucket_website(Bucket=name, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    shown = ask(served, "GET", "/", host)
    assert (shown.status, shown.body, shown.headers["content-type"]) == (200, b"hello", "text/html")
    assert ask(served, "HEAD", "/", host).status == 200
    # What is not there is refused to those who may not list, and fogbank's own pages have no foreign names.
    assert [ask(served, "GET", path, host).status for path in ("/none", "/_fogbank/info")] == [403, 403]
    # The API is there under any name for whoever signs.
    signed = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    assert ask(served, "GET", "/", host, authorization=signed).body != b"hello"
    assert ask(served, "PUT", "/x", host, b"x").status != 200
    s3.delete_bucket_website(Bucket=name)
    assert ask(served, "GET", "/", host).body != b"hello"
