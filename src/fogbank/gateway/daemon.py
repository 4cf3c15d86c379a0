"""X-Ray's daemon for programs of this machine: segments by UDP, and what SDKs ask about sampling by HTTP, at one port.

Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-daemon.html
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from fogbank.aws import ids, trace_datagram
from fogbank.aws.errors import AwsError
from fogbank.codec.compiled import codec_for
from fogbank.codec.message import Request, Response
from fogbank.control import caller as callers
from fogbank.control.context import Context, Origin
from fogbank.gateway.head import plain
from fogbank.gateway.names import bound
from fogbank.gateway.server import BodyPlan, Limits, Server

if TYPE_CHECKING:
    from fogbank.cloud import Cloud

_ASKED = {"/GetSamplingRules": "GetSamplingRules", "/SamplingTargets": "GetSamplingTargets"}
_BODY_BYTES_MAX = 1 << 20


class HostDaemon:
    """The two sockets, which speak for the root of the default account: whoever sends segments signs nothing."""

    def __init__(self, cloud: Cloud) -> None:
        self.at = ""
        """`address:port`; empty while nothing listens."""
        self._cloud = cloud
        self._closes: list[Callable[[], None]] = []
        self._server: Server | None = None

    async def open(self, port: int) -> None:
        """Listen; port 0 takes a free one. Raises OSError where the port is taken."""
        stream, datagrams = bound(port)
        stream.listen(64)
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Heard(self), sock=datagrams)
        self._closes.append(transport.close)
        await self._listen(stream)
        self.at = "{}:{}".format(*stream.getsockname()[:2])

    async def close(self) -> None:
        for close in self._closes:
            close()
        self._closes.clear()
        if self._server is not None:
            await self._server.stop(0.0)
        self.at = ""

    def hear(self, datagram: bytes) -> None:
        documents = trace_datagram.segments(datagram)
        if documents:
            # Nobody is told what was wrong with them, as nobody is by AWS's daemon.
            self._cloud.dispatch.answer(self._context("PutTraceSegments"), {"TraceSegmentDocuments": documents})

    def head(self, request: Request) -> BodyPlan:
        return BodyPlan(stream=False, bytes_max=_BODY_BYTES_MAX)

    def __call__(self, request: Request) -> Response:
        operation = _ASKED.get(request.path)
        if operation is None:
            return self._nothing()
        codec, ctx = codec_for("xray", "rest-json", operation), self._context(operation)
        try:
            answer = self._cloud.dispatch.answer(ctx, codec.parse(request))
        except AwsError as error:
            return codec.write_error(error, ctx.request_id)
        if answer.error is not None:
            return codec.write_error(answer.error, ctx.request_id)
        return codec.write(answer.result, ctx.request_id)

    def _nothing(self) -> Response:
        return plain(404, "X-Ray's daemon answers about sampling, and nothing else.", request_id=self._id())

    def _id(self) -> str:
        return ids.uuid(self._cloud.dispatch.ids)

    def _context(self, operation: str) -> Context:
        settings = self._cloud.settings
        caller = callers.root(settings.account, settings.region)
        ctx = self._cloud.context("xray", operation, caller, settings.region)
        ctx.origin = Origin(self._id())
        return ctx

    async def _listen(self, stream: socket.socket) -> None:
        self._server = Server(self, Limits(body_bytes_max=_BODY_BYTES_MAX), new_id=self._id)
        await self._server.listen(stream)


class _Heard(asyncio.DatagramProtocol):
    def __init__(self, daemon: HostDaemon) -> None:
        self._daemon = daemon

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._daemon.hear(data)
