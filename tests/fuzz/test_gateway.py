"""The whole product as a process under hostile input: it answers the next good request, stays small, tells nothing."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import random
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank.gateway.sigv4 import Credentials, Signing, sign
from fogbank.gateway.test_route import Request, cbor, form, rest, rpc
from fogbank.testing.process import CloudProcess

MIB = 1 << 20
GROWTH_BYTES_MAX = 150 * MIB
PEAK_BYTES_MAX = 300 * MIB
ANSWER_SECONDS_MAX = 20.0
BODY_BYTES_MAX = 16 * MIB
KEYS = Credentials("111122223333", "x")
HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
LEAKS = (b"Traceback", b'File "', b"site-packages", b".py")


class Target:
    """A running cloud as an enemy sees it, and what its owner knows of it."""

    def __init__(self, state: Path) -> None:
        self.process = CloudProcess(state, ephemeral=True, longtail=False, body_bytes_max=BODY_BYTES_MAX)
        card = self.process.start()
        self.port, self.pid = card.port, card.process.pid
        self._log = state / "fogbank.log"
        for _ in range(20):
            self.good()
        self.baseline_bytes = self.memory("VmRSS")

    def client(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), ANSWER_SECONDS_MAX)

    def heard(self, sent: bytes, *, shut: bool = True) -> bytes:
        """All that is answered to these bytes; nothing in it tells what the cloud is made of."""
        with self.client() as client:
            with contextlib.suppress(OSError):  # it may hang up while it is still being talked to
                client.sendall(sent)
                if shut:
                    client.shutdown(socket.SHUT_WR)
            answer = until_closed(client)
        assert not any(leak in answer for leak in LEAKS), answer[:2000]
        return answer

    def asked(self, request: Request, service: str) -> tuple[int, bytes]:
        """Status and body of the answer to a request, once signed."""
        request.headers.update(sign(request, KEYS, Signing("us-east-1", service, time.time())))
        target = f"{request.path}?{request.query}" if request.query else request.path
        lines = [f"{name}: {value}\r\n" for name, value in request.headers.items()]
        head = f"{request.method} {target} HTTP/1.1\r\n{''.join(lines)}content-length: {len(request.body)}\r\n"
        answer = self.heard(head.encode("latin-1") + b"connection: close\r\n\r\n" + request.body, shut=False)
        return status_of(answer), answer.partition(b"\r\n\r\n")[2]

    def good(self) -> None:
        """A good request is answered well."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS_MAX)
        request = rpc("AmazonSSM.DescribeParameters")
        headers = request.headers | sign(request, KEYS, Signing("us-east-1", "ssm", time.time()))
        connection.request("POST", "/", request.body, headers)
        response = connection.getresponse()
        assert response.status == 200 and b"Parameters" in response.read()
        connection.close()

    def memory(self, name: str) -> int:
        text = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith(name + ":"))

    def forget_peak(self) -> None:
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""


def until_closed(client: socket.socket) -> bytes:
    parts = []
    with contextlib.suppress(ConnectionError):
        while part := client.recv(65536):
            parts.append(part)
    return b"".join(parts)


def status_of(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), answer[:200]
    return int(answer[9:12])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    target = Target(tmp_path_factory.mktemp("fuzz"))
    yield target
    target.process.stop()
    assert not target.process.is_running()


@pytest.fixture
def target(running: Target) -> Iterator[Target]:
    """The cloud; when the test is done it must be as good as it was."""
    logged = len(running.log())
    running.forget_peak()
    began = time.monotonic()
    yield running
    running.good()
    assert time.monotonic() - began < 120
    assert running.process.is_running()
    assert running.memory("VmRSS") < running.baseline_bytes + GROWTH_BYTES_MAX
    assert running.memory("VmHWM") < running.baseline_bytes + PEAK_BYTES_MAX
    assert "Traceback" not in running.log()[logged:]


def good_bytes() -> bytes:
    request = rpc("AmazonSSM.DescribeParameters")
    headers = request.headers | sign(request, KEYS, Signing("us-east-1", "ssm", time.time()))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST / HTTP/1.1\r\n{lines}content-length: 2\r\n\r\n{{}}".encode()


# HTTP


def test_random_bytes(target: Target) -> None:
    dice = random.Random(1)
    for _ in range(300):
        target.heard(dice.randbytes(dice.choice((1, 10, 100, 4000))))
    for _ in range(300):
        line = dice.choice((b"GET", b"POST", b"\r\n", b"PRI *", b"")) + b" " + dice.randbytes(40) + b" HTTP/1.1\r\n"
        target.heard(line + dice.randbytes(60) + b"\r\n\r\n")


def test_a_good_request_with_bytes_flipped_cut_and_repeated(target: Target) -> None:
    dice, good = random.Random(2), good_bytes()
    for _ in range(500):
        raw = bytearray(good)
        for _ in range(dice.randint(1, 4)):
            at, size = dice.randrange(len(raw)), dice.randint(1, 30)
            how = dice.randrange(3)
            if how == 0:
                raw[at] = dice.randrange(256)
            elif how == 1:
                del raw[at : at + size]
            else:
                raw[at:at] = raw[at : at + size] * dice.randint(1, 5)
            raw = raw or bytearray(b" ")
        target.heard(bytes(raw))


def test_truncated_heads(target: Target) -> None:
    good = good_bytes()
    for size in range(0, len(good) - 1, 5):
        answer = target.heard(good[:size])
        assert not answer or status_of(answer) == 400


def test_bad_chunking(target: Target) -> None:
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    for body in (
        b"zz\r\n",
        b"-1\r\nabc",
        b"ffffffffffffffff\r\nabc",
        b"ffffffffffffffffffff\r\n",
        b"5\r\nabc",
        b"3\r\nabcdef\r\n",
        b"3;" + b"x" * MIB + b"\r\nabc\r\n0\r\n\r\n",
        b"0\r\n" + b"X: " + b"y" * MIB + b"\r\n\r\n",
        b"1\r\na\r\n" * 100_000 + b"z",
    ):
        assert status_of(target.heard(chunked + body)) in (400, 403, 413, 431)


def test_a_gigabyte_of_headers_is_not_read(target: Target) -> None:
    for line in (b"X: " + b"a" * 8000 + b"\r\n", b"X:a\r\n" * 2000, b"X" * 8000):
        sent = 0
        with target.client() as client, contextlib.suppress(ConnectionError, socket.timeout):
            client.settimeout(ANSWER_SECONDS_MAX)
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
            while sent < 1 << 30:
                client.sendall(line)
                sent += len(line)
        assert sent < 64 * MIB


def test_bodies_that_are_only_claimed(target: Target) -> None:
    assert status_of(target.heard(HEAD + b"Content-Length: 1000000000000\r\n\r\n", shut=False)) == 413
    assert status_of(target.heard(HEAD + b"Content-Length: %d\r\n\r\n" % (BODY_BYTES_MAX + 1), shut=False)) == 413
    with contextlib.ExitStack() as clients:
        for _ in range(300):
            client = clients.enter_context(target.client())
            client.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % BODY_BYTES_MAX + b"x" * 1000)
        target.good()


def test_a_body_that_grows_beyond_the_bound_is_cut_off(target: Target) -> None:
    chunk = b"%x\r\n" % MIB + bytes(MIB) + b"\r\n"
    sent = 0
    with target.client() as client, contextlib.suppress(ConnectionError):
        client.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        while sent < 1 << 30:
            client.sendall(chunk)
            sent += MIB
    assert sent < 128 * MIB


def test_half_open_heads_hold_nobody_up(target: Target) -> None:
    with contextlib.ExitStack() as clients:
        slow = [clients.enter_context(target.client()) for _ in range(700)]
        for client in slow:
            client.sendall(b"GET / HTTP/1.1\r\nHost: loc")
        target.good()
        for client in slow:
            client.sendall(b"a")
        began = time.monotonic()
        target.good()
        assert time.monotonic() - began < ANSWER_SECONDS_MAX


def test_thousands_of_pipelined_requests_are_answered_in_order(target: Target) -> None:
    count = 5000
    one = b"GET /_fogbank/%s HTTP/1.1\r\nHost: localhost\r\n\r\n"
    sent = b"".join(one % (b"clock" if number % 2 else b"nothing") for number in range(count))
    last = b"GET /_fogbank/nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with target.client() as client:
        client.setblocking(False)
        answer, rest_of = bytearray(), memoryview(sent + last)
        began = time.monotonic()
        while time.monotonic() - began < 60:
            with contextlib.suppress(BlockingIOError):
                rest_of = rest_of[client.send(rest_of) :] if rest_of else rest_of
            with contextlib.suppress(BlockingIOError):
                part = client.recv(MIB)
                if not part:
                    break
                answer += part
    statuses = [int(part[:3]) for part in bytes(answer).split(b"HTTP/1.1 ")[1:]]
    assert statuses == [200 if number % 2 else 404 for number in range(count)] + [404]


def test_who_asks_and_never_reads_is_not_answered_forever(target: Target) -> None:
    many = b"GET /_fogbank/coverage HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20_000
    with contextlib.ExitStack() as clients:
        for _ in range(10):
            client = clients.enter_context(target.client())
            client.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                client.send(many)
        target.good()


def test_connections_that_come_and_go(target: Target) -> None:
    for number in range(3000):
        with target.client() as client:
            if number % 3 == 1:
                client.sendall(good_bytes()[: number % 200])
            if number % 2:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    began = time.monotonic()
    while sockets_of(target.pid) > 50 and time.monotonic() - began < ANSWER_SECONDS_MAX:
        target.good()
    assert sockets_of(target.pid) <= 50


def sockets_of(pid: int) -> int:
    folder = Path(f"/proc/{pid}/fd")
    count = 0
    for name in folder.iterdir():
        with contextlib.suppress(OSError):
            count += str(name.readlink()).startswith("socket:")
    return count


# Bodies

BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + level, b"&%c;" % (97 + level) * 10) for level in range(9)
)
XML = {
    "a billion laughs": BOMB + b"]><a>&j;</a>",
    "a quadratic blow-up": b'<!DOCTYPE a [<!ENTITY a "' + b"a" * MIB + b'">]><a>' + b"&a;" * 100_000 + b"</a>",
    "a file": b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><a>&a;</a>',
    "another host": b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>',
    "a depth of a million": b"<a>" * 1_000_000,
    "a depth that closes": b"<a>" * 100_000 + b"</a>" * 100_000,
    "a million attributes": b"<a " + b" ".join(b'a%d=""' % number for number in range(500_000)) + b"/>",
    "half a tag": b"<CreateHostedZoneRequest",
    "another encoding": '<?xml version="1.0" encoding="utf-16"?><a/>'.encode("utf-16"),
    "an unknown encoding": b'<?xml version="1.0" encoding="x-none"?><a/>',
    "a NUL": b"<a>\0</a>",
}


@pytest.mark.parametrize("name", XML)
def test_xml(target: Target, name: str) -> None:
    for path, method, service in (("/2013-04-01/hostedzone", "POST", "route53"), ("/b?tagging", "PUT", "s3")):
        request = rest(method, *path.split("?"))
        request.headers["content-type"] = "application/xml"
        request.body = XML[name]
        status, body = target.asked(request, service)
        assert status in (400, 403, 413, 501) and b"root:" not in body
    request = form("")
    request.body = b"Action=ListUsers&Version=2010-05-08&X=" + XML[name]
    assert target.asked(request, "iam")[0] in (200, 400)


JSON = {
    "a depth of 100,000": b'{"Name":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "an endless depth": b"[" * 5_000_000,
    "a depth of objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a huge number": b'{"MaxResults":1' + b"0" * 1_000_000 + b"}",
    "a huge exponent": b'{"MaxResults":1e999999999}',
    "a huge fraction": b'{"MaxResults":0.' + b"1" * 1_000_000 + b"}",
    "no number": b'{"MaxResults":NaN,"a":Infinity}',
    "invalid UTF-8": b'{"Name":"\xff\xfe\xc0\x80"}',
    "a lone surrogate": b'{"Name":"\\ud800"}',
    "a NUL": b'{"Name":"\\u0000\0"}',
    "another type": b'{"ParameterFilters":{"a":{}},"MaxResults":[[]],"NextToken":{}}',
    "no object": b"3",
    "a byte order mark": b'\xef\xbb\xbf{"MaxResults":1}',
    "the same key often": b'{"MaxResults":1' + b',"MaxResults":2' * 500_000 + b"}",
    "a long string": b'{"NextToken":"' + b"x" * (8 * MIB) + b'"}',
    "a wide list": b'{"ParameterFilters":[' + b"{}," * 50_000 + b"{}]}",
    "half an object": b'{"MaxResults":',
}


@pytest.mark.parametrize("name", JSON)
def test_json(target: Target, name: str) -> None:
    began = time.monotonic()
    for operation in ("DescribeParameters", "PutParameter"):
        assert target.asked(rpc(f"AmazonSSM.{operation}", JSON[name]), "ssm")[0] in (200, 400, 413)
    assert time.monotonic() - began < ANSWER_SECONDS_MAX


CBOR = {
    "garbage": random.Random(3).randbytes(10_000),
    "a depth of a million": b"\x81" * 1_000_000,
    "endless lists": b"\x9f" * 1_000_000,
    "a huge claimed list": b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff",
    "a huge claimed string": b"\x5b\x00\x00\x00\xff\xff\xff\xff\xff",
    "a huge number": b"\xc2\x5a\x00\x0f\x42\x40" + b"\xff" * 1_000_000,
    "tags upon tags": b"\xc1" * 100_000 + b"\x00",
    "a shared loop": b"\xd8\x1c\x81\xd8\x1d\x00",
    "a date that is none": b"\xa1\x61a\xc1\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00",
}


@pytest.mark.parametrize("name", CBOR)
def test_cbor(target: Target, name: str) -> None:
    request = cbor("GraniteServiceVersion20100801", "PutMetricData")
    request.body = CBOR[name]
    assert target.asked(request, "monitoring")[0] in (400, 501)


def test_gzip_bombs(target: Target) -> None:
    bomb = gzip.compress(bytes(1 << 30), 9)
    for request, service in (
        (rpc("AmazonSSM.PutParameter", bomb), "ssm"),
        (rpc("GraniteServiceVersion20100801.PutMetricData", bomb), "monitoring"),
        (rpc("AmazonSSM.PutParameter", gzip.compress(bomb)), "ssm"),
    ):
        request.headers["content-encoding"] = "gzip"
        assert target.asked(request, service)[0] in (400, 413, 501)


FORMS = {
    "a hundred thousand keys": "&".join(f"k{number}=v" for number in range(100_000)),
    "a hundred thousand list items": "&".join(f"Tags.member.{number}.Key=k" for number in range(1, 100_000)),
    "a huge index": "Tags.member.999999999.Key=k&Tags.member.999999999.Value=v",
    "an index beyond all": f"Tags.member.{'9' * 5000}.Key=k",
    "a negative index": "Tags.member.-1.Key=k&Tags.member.0.Key=k",
    "no index": "Tags.member.x.Key=k&Tags.member.=k&Tags.member=k&Tags=k",
    "another alphabet's digits": "Tags.member.٣.Key=k&Tags.member.².Key=k",
    "a deep name": "Tags" + ".member.1" * 100_000 + "=v",
    "dots": "." * 1_000_000 + "=v",
    "ampersands": "&" * 5_000_000,
    "a leaf and a branch": "Tags=1&Tags.member=2&Tags.member.1=3&Tags.member.1.Key=4&Tags.member.1.Key.a=5",
    "broken escapes": "UserName=%zz%&%=%&=&==&UserName=%ff%fe",
    "the same name often": "UserName=a&" * 200_000,
}


@pytest.mark.parametrize("name", FORMS)
def test_forms(target: Target, name: str) -> None:
    began = time.monotonic()
    status, body = target.asked(form(f"Action=CreateUser&Version=2010-05-08&UserName=ann&{FORMS[name]}"), "iam")
    assert status in (200, 400, 409, 413), body[:500]
    assert time.monotonic() - began < ANSWER_SECONDS_MAX


def test_queries_and_signatures_that_are_huge(target: Target) -> None:
    for query in (
        "X-Amz-Signature=" * 3000,
        "&".join(["a=%41"] * 8000),
        "X-Amz-Credential=" + "/" * 40_000,
        "=" * 60_000,
    ):
        request = Request("GET", "/b/k", query, {"host": "localhost"})
        lines = f"GET /b/k?{query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        assert status_of(target.heard(lines.encode())) in (400, 403, 404, 501), request
    for value in (
        "AWS4-HMAC-SHA256 " + "a=b," * 20_000,
        "AWS " + ":" * 90_000,
        "AWS4-HMAC-SHA256 Credential=" + "/" * 90_000,
    ):
        lines = f"GET /b/k HTTP/1.1\r\nHost: localhost\r\nAuthorization: {value}\r\nConnection: close\r\n\r\n"
        assert status_of(target.heard(lines.encode())) in (400, 403, 404, 501)


def test_nothing_is_left_open_in_the_end(running: Target) -> None:
    assert running.process.is_running()
    assert sockets_of(running.pid) <= 50
    assert "Traceback" not in running.log()
