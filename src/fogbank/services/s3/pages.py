"""What S3 answers beside its API: websites, uploads by HTML forms, and what browsers ask before they send."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlencode

from fogbank.aws.errors import AwsError
from fogbank.codec.compiled import codec_for
from fogbank.codec.message import Request, Response
from fogbank.codec.rest import one_line
from fogbank.codec.xml import referenced
from fogbank.control.context import Context
from fogbank.services.s3 import access_logs, buckets, cors, errors, forms, websites

_SITE = re.compile(r"(?P<bucket>.+?)\.s3-website[.-]?.*")
_FORM = "multipart/form-data"
_CONDITIONS = {
    "if-match": "IfMatch",
    "if-none-match": "IfNoneMatch",
    "range": "Range",
}
_READ = ("GET", "HEAD")


def takes(request: Request) -> bool:
    """Whether a request that is no operation is a preflight, or a form."""
    is_form = request.method == "POST" and request.headers.get("content-type", "").startswith(_FORM)
    return request.method == "OPTIONS" or is_form


def serves(ctx: Context, name: str) -> bool:
    """Whether there is a website of the bucket that has a host's name, as aliases of Route 53 lead to it.

    S3 User Guide, "Configuring a static website using a custom domain": the bucket has the name of the record.
    """
    with ctx.begin():
        bucket = buckets.find(ctx, name)
        return bucket is not None and buckets.configuration(ctx, bucket, "website") is not None


def rules_origins(ctx: Context, request: Request) -> bool:
    """Whether the rules of a bucket are for this request: a preflight does not say which service it is for."""
    if request.method != "OPTIONS":
        return True
    with ctx.begin():
        return buckets.find(ctx, _bucket_name(request)) is not None


def cross_origin(ctx: Context, request: Request) -> list[tuple[str, str]] | None:
    """The headers that let a page of another origin read an answer, as the bucket's rules have it; None for none."""
    with ctx.begin():
        found = _rules(ctx, _bucket_name(request))
    if found is None:
        return None
    return cors.answered(found, cors.Asked(request.headers["origin"], request.method))


def observe(ctx: Context, request: Request, response: Response, error: str) -> None:
    """Told of every request to an operation once it is answered, refused ones too: buckets may log it."""
    access_logs.note(ctx, access_logs.Served(request, response, ctx.operation, error))


async def answer(ctx: Context, request: Request) -> Response:
    """Answer a preflight, a form, or for a website."""
    if ".s3-website" in request.headers.get("host", "") or request.method in _READ:
        response = await _site(ctx, request)
        told = Request(request.method, f"/{_site_name(request)}{request.path}", request.query, request.headers)
        told.signed_path, told.peer = request.raw_path, request.peer
        code = next((value for name, value in response.headers if name == "x-amz-error-code"), "")
        access_logs.note(ctx, access_logs.Served(told, response, f"WEBSITE.{request.method}.OBJECT", code))
        return response
    if request.method == "OPTIONS":
        response = _preflight(ctx, request)
        access_logs.note(ctx, access_logs.Served(request, response, "REST.OPTIONS.PREFLIGHT"))
        return response
    response = await _form(ctx, request)
    access_logs.note(ctx, access_logs.Served(request, response, "REST.POST.OBJECT"))
    return response


def _bucket_name(request: Request) -> str:
    return unquote(request.path.split("/", 2)[1]) if request.path.startswith("/") else ""


def _rules(ctx: Context, name: str) -> list[Mapping[str, Any]] | None:
    bucket = buckets.find(ctx, name)
    found = buckets.configuration(ctx, bucket, "cors") if bucket is not None else None
    return None if found is None else list(found["CORSRules"])


def _preflight(ctx: Context, request: Request) -> Response:
    asked = cors.asked(request.method, request.headers)
    with ctx.begin():
        found = _rules(ctx, _bucket_name(request))
    headers = cors.answered(found or (), asked)
    if headers is None:
        raise cors.refused(found is not None, asked)
    return Response(200, headers)


# Websites


async def _site(ctx: Context, request: Request) -> Response:
    name = _site_name(request)
    try:
        if request.method not in _READ:
            text = "The specified method is not allowed against this resource."
            raise AwsError("MethodNotAllowed", text, status=405, Method=request.method.upper(), ResourceType="OBJECT")
        with ctx.begin():
            site = _site_of(ctx, name)
        return await _served(ctx, request, name, site)
    except AwsError as error:
        return _error(error, ctx.request_id)


def _site_name(request: Request) -> str:
    """The bucket: what comes before the endpoint, or the whole of a name that is people's own."""
    host = request.headers["host"].partition(":")[0]
    matched = _SITE.fullmatch(host)
    return matched["bucket"] if matched else host.lower().removesuffix(".")


def _site_of(ctx: Context, name: str) -> websites.Site:
    bucket = buckets.find(ctx, name)
    if bucket is None:
        raise errors.no_such_bucket(name)
    site = buckets.configuration(ctx, bucket, "website")
    if site is None:
        raise websites.no_site(name)
    return site


async def _served(ctx: Context, request: Request, name: str, site: websites.Site) -> Response:
    path = unquote(request.path[1:])
    base = f"{'https' if request.tls else 'http'}://{request.headers['host']}"
    found = websites.redirected(site, path, base)
    if found is not None:
        return _moved(found)
    key = websites.key_of(site, path)
    try:
        return await _object(ctx, name, key, request)
    except AwsError as error:
        status = error.status or 400
        if status == 304:
            return Response(304, list(error.headers.items()))
        if key == path and status in (403, 404) and await _has(ctx, name, websites.key_of(site, f"{path}/")):
            return _moved(websites.Redirect(302, f"/{quote(path)}/"))
        found = websites.redirected(site, path, base, status)
        if found is not None:
            return _moved(found)
        return await _error_document(ctx, name, site, error)


async def _object(ctx: Context, name: str, key: str, request: Request | None) -> Response:
    """An object as anyone may read it."""
    headers = request.headers if request is not None else {}
    conditions = {member: headers[header] for header, member in _CONDITIONS.items() if header in headers}
    result = await ctx.invoke("s3", "GetObject", Bucket=name, Key=key, **conditions)
    if "WebsiteRedirectLocation" in result:
        return _moved(websites.Redirect(301, result["WebsiteRedirectLocation"]))
    return codec_for("s3", "rest-xml", "GetObject").write(result, ctx.request_id)


async def _has(ctx: Context, name: str, key: str) -> bool:
    try:
        await ctx.invoke("s3", "HeadObject", Bucket=name, Key=key)
    except AwsError:
        return False
    return True


async def _error_document(ctx: Context, name: str, site: websites.Site, error: AwsError) -> Response:
    key = site.get("ErrorDocument", {}).get("Key")
    if not key or not 400 <= (error.status or 400) < 500:
        return _error(error, ctx.request_id)
    try:
        response = await _object(ctx, name, key, None)
    except AwsError:
        return _error(error, ctx.request_id)
    response.status = error.status or 400
    return response


def _moved(found: websites.Redirect) -> Response:
    return Response(found.status, [("location", one_line(found.location))])


def _error(error: AwsError, request_id: str) -> Response:
    status = error.status or 400
    headers = [("content-type", "text/html; charset=utf-8"), ("x-amz-error-code", error.code)]
    return Response(status, headers, websites.error_page(status, error, request_id))


# Forms


class _Part(NamedTuple):
    """The beginning of a part of a form."""

    name: str
    filename: str | None
    content_type: str


class _Opened(NamedTuple):
    """A form up to its file, and the file's bytes."""

    fields: dict[str, str]
    filename: str
    content_type: str
    body: AsyncIterator[bytes]


async def _form(ctx: Context, request: Request) -> Response:
    name = _bucket_name(request)
    opened = await _opened(request)
    fields = opened.fields
    with ctx.begin():
        if buckets.find(ctx, name) is None:
            raise errors.no_such_bucket(name)
    asked = forms.asked(fields, name, opened.filename, opened.content_type)
    scope, sizes, caller = forms.scope_of(fields), forms.Sizes(), ctx.caller
    if scope is not None:
        secret, caller = ctx.secret_of(scope.access_key_id, fields.get("x-amz-security-token"))
        if secret:
            forms.check_signature(fields, scope, secret)
        sizes = forms.check_policy(fields, name, ctx.now)
    put = await ctx.authorized_as(caller).invoke("s3", "PutObject", **asked, Body=_bounded(opened.body, sizes))
    return _stored(ctx, request, asked, put, fields)


async def _bounded(body: AsyncIterator[bytes], sizes: forms.Sizes) -> AsyncIterator[bytes]:
    size = 0
    async for piece in body:
        size += len(piece)
        forms.check_size(size, sizes, is_whole=False)
        yield piece
    forms.check_size(size, sizes, is_whole=True)


def _stored(
    ctx: Context, request: Request, asked: Mapping[str, Any], put: Mapping[str, Any], fields: Mapping[str, str]
) -> Response:
    etag = put["ETag"]
    location = f"http://{request.headers.get('host', '')}/{asked['Bucket']}/{quote(asked['Key'])}"
    headers = [("etag", etag), ("location", location)]
    if "VersionId" in put:
        headers.append(("x-amz-version-id", put["VersionId"]))
    target = fields.get("success_action_redirect") or fields.get("redirect")
    if target:
        more = urlencode({"bucket": asked["Bucket"], "key": asked["Key"], "etag": etag})
        found = one_line(f"{target}{'&' if '?' in target else '?'}{more}")
        return Response(303, [("etag", etag), ("location", found)])
    status = fields.get("success_action_status", "204")
    if status != "201":
        return Response(200 if status == "200" else 204, headers)
    rows = {"Location": location, "Bucket": asked["Bucket"], "Key": asked["Key"], "ETag": etag}
    listed = "".join(f"<{name}>{referenced(value)}</{name}>" for name, value in rows.items())
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>{listed}</PostResponse>'
    return Response(201, [*headers, ("content-type", "application/xml")], text.encode())


async def _opened(request: Request) -> _Opened:
    """Read a form's fields up to its file.

    Raises MalformedPOSTRequest, InvalidArgument and MaxPostPreDataLengthExceededError.
    """
    parts = _parts(request)
    fields: dict[str, str] = {}
    name, size = "", 0
    async for found in parts:
        if isinstance(found, _Part):
            name = found.name.lower()
            if name == "file":
                filename = (found.filename or "").replace("\\", "/").rpartition("/")[2]
                return _Opened(fields, filename, found.content_type, _file(parts))
            fields[name] = ""
            continue
        size += len(found)
        if size > forms.FIELDS_BYTES_MAX:
            text = "Your POST request fields preceding the upload file were too large."
            raise AwsError("MaxPostPreDataLengthExceededError", text, status=400)
        fields[name] += found.decode("utf-8", "replace")
    text = "POST requires exactly one file upload per request."
    raise errors.invalid_argument(text, "file", "0")


async def _file(parts: AsyncIterator[_Part | bytes]) -> AsyncIterator[bytes]:
    """The bytes of the file; what comes after it is not looked at."""
    is_over = False
    async for found in parts:
        if isinstance(found, _Part):
            is_over = True
        elif not is_over:
            yield found


async def _parts(request: Request) -> AsyncIterator[_Part | bytes]:
    """The parts of a form as they arrive: the beginning of each, then its bytes."""
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import MultipartParser, parse_options_header

    _, options = parse_options_header(request.headers["content-type"])
    if b"boundary" not in options:
        raise _malformed()
    waiting: list[_Part | bytes] = []
    header: dict[str, bytes] = {}
    named = [b"", b""]

    def on_header_end() -> None:
        header[named[0].decode("latin-1").lower()] = named[1]
        named[:] = [b"", b""]

    def on_headers_finished() -> None:
        _, found = parse_options_header(header.get("content-disposition", b""))
        filename = found.get(b"filename")
        waiting.append(
            _Part(
                found.get(b"name", b"").decode("utf-8", "replace"),
                filename.decode("utf-8", "replace") if filename is not None else None,
                header.get("content-type", b"").decode("latin-1"),
            )
        )
        header.clear()

    def on_header_field(data: bytes, start: int, end: int) -> None:
        named[0] += data[start:end]

    def on_header_value(data: bytes, start: int, end: int) -> None:
        named[1] += data[start:end]

    parser = MultipartParser(
        options[b"boundary"],
        {
            "on_header_field": on_header_field,
            "on_header_value": on_header_value,
            "on_header_end": on_header_end,
            "on_headers_finished": on_headers_finished,
            "on_part_data": lambda data, start, end: waiting.append(data[start:end]),
        },
    )
    async for chunk in _chunks(request):
        try:
            parser.write(chunk)
        except FormParserError:
            raise _malformed() from None
        for found in waiting:
            yield found
        waiting.clear()


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    if request.stream is None:
        yield request.body
        return
    async for chunk in request.stream:
        yield chunk


def _malformed() -> AwsError:
    text = "The body of your POST request is not well-formed multipart/form-data."
    return AwsError("MalformedPOSTRequest", text, status=400)
