"""The loop of a Python function: it asks the runtime API for events, calls the function, and says what came of it.

Lambda Developer Guide, "Using the Lambda runtime API". It runs under the function's own interpreter (from Python 3.9).
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import site
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import SimpleNamespace, TracebackType
from typing import Any

_API = "/2018-06-01/runtime/"
_ENDS = b"\r\n\r\n"
_HERE = __file__
_LEVELS = {"TRACE": "DEBUG", "WARN": "WARNING", "FATAL": "CRITICAL"}
_SDK = {"boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"}
"""They go together."""
_KEPT = {"__main__", "abc", "builtins", "codecs", "encodings", "io", "os", "site", "sys"}
_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "aws_request_id"}


def become(plan: Mapping[str, Any], wish: Mapping[str, Any]) -> int:
    """Be the function; what is returned is the exit code."""
    os.environ.clear()
    os.environ.update(wish["environ"])
    time.tzset()
    if not plan["python"]:
        return _replaced(plan, wish)
    task, layers = ("/var/task", ["/opt"]) if plan["isolated"] else (wish["code"], wish["layers"])
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    added = [f"{layer}/{part}" for layer in layers for part in (f"python/lib/{version}/site-packages", "python")]
    wanted = [path for path in os.environ.get("PYTHONPATH", "").split(":") if path]
    _forget([task, *wanted, *added])
    sys.path[:] = [task, *wanted, *added, *sys.path]
    sys.argv = ["bootstrap"]
    site.setquit()
    site.sethelper()
    sys.stdout = sys.__stdout__ = open(1, "w", buffering=1, encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(2, "w", buffering=1, encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    try:
        run(Api(os.environ["AWS_LAMBDA_RUNTIME_API"]), os.environ.get("_HANDLER", ""))
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
    return 0


def _forget(paths: list[str]) -> None:
    """Let go of modules that this process has imported while it was warm, and of which the function brings its own."""
    brought = {"fogbank"}
    for path in paths:
        with contextlib.suppress(OSError):
            brought.update(name.partition(".")[0] for name in os.listdir(path))  # noqa: PTH208
    if brought & _SDK:
        brought |= _SDK
    for name in list(sys.modules):
        if name.partition(".")[0] in brought - _KEPT:
            del sys.modules[name]
    sys.path_importer_cache.clear()


def _replaced(plan: Mapping[str, Any], wish: Mapping[str, Any]) -> int:
    """Become another program: the runtime's, or the function's own `bootstrap`."""
    argv = list(plan["argv"])
    if not argv:
        places = ["/var/task", "/opt"] if plan["isolated"] else [wish["code"], *wish["layers"]]
        entries = [f"{place}/bootstrap" for place in places]
        argv = [path for path in entries if os.access(path, os.X_OK)][:1]
        if not argv:
            # "Troubleshoot Lambda": Runtime.InvalidEntrypoint
            sys.stderr.write(f"Couldn't find valid bootstrap(s): [{' '.join(entries)}]\n")
            sys.stderr.flush()
            return 127
    try:
        os.execv(argv[0], argv)  # noqa: S606 - it is what the environment is for
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
    return 126


class Api:
    """A connection to the runtime API: one request at a time."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._address = (host, int(port))
        self._host = address
        self._socket: socket.socket | None = None
        self._left = b""

    def next(self) -> tuple[dict[str, str], bytes]:
        """The next event's headers, in lower case, and its body; waits for it."""
        _, headers, body = self._asked("GET", "invocation/next", b"", "")
        return headers, body

    def tell(self, path: str, body: bytes, more: str = "") -> int:
        """Say something; gives the status."""
        return self._asked("POST", path, body, f"Content-Type: application/json\r\n{more}")[0]

    def _asked(self, method: str, path: str, body: bytes, more: str) -> tuple[int, dict[str, str], bytes]:
        if self._socket is None:
            self._socket = socket.create_connection(self._address)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = f"{method} {_API}{path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
        self._socket.sendall(head.encode("latin-1") + body)
        return self._answer(self._socket)

    def _answer(self, connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
        data = self._left
        while _ENDS not in data:
            data += self._more(connection)
        head, _, rest = data.partition(_ENDS)
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        size = int(headers.get("content-length", "0"))
        parts, have = [rest], len(rest)
        while have < size:
            parts.append(self._more(connection))
            have += len(parts[-1])
        whole = b"".join(parts)
        self._left = whole[size:]
        return int(first.split()[1]), headers, whole[:size]

    def _more(self, connection: socket.socket) -> bytes:
        part = connection.recv(1 << 18)
        if not part:
            # Whoever gave the events is gone.
            os._exit(1)
        return part


class LambdaContext:
    """What a function is told beside the event ("Using the Lambda context object to retrieve Python function info")."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        environ = os.environ
        self.aws_request_id = headers.get("lambda-runtime-aws-request-id", "")
        self.log_group_name = environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.client_context = _client(headers.get("lambda-runtime-client-context", ""))
        self.identity = _identity(headers.get("lambda-runtime-cognito-identity", ""))
        self._epoch_deadline_time_in_ms = int(headers.get("lambda-runtime-deadline-ms", "0"))

    def get_remaining_time_in_millis(self) -> int:
        """How long the function still has."""
        return max(0, self._epoch_deadline_time_in_ms - int(time.time() * 1000))

    def log(self, message: Any) -> None:
        """Write a line to the function's log."""
        sys.stdout.write(str(message))

    def __repr__(self) -> str:
        shown = ",".join(f"{name}={value!r}" for name, value in vars(self).items() if name[0] != "_")
        return f"LambdaContext([{shown}])"


def _client(text: str) -> Any:
    if not text:
        return None
    given = json.loads(text)
    names = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")
    client = given.get("client") or {}
    told = SimpleNamespace(**{name: client.get(name) for name in names}) if client else None
    return SimpleNamespace(custom=given.get("custom"), env=given.get("env"), client=told)


def _identity(text: str) -> Any:
    given = json.loads(text) if text else {}
    names = {"cognito_identity_id": "cognitoIdentityId", "cognito_identity_pool_id": "cognitoIdentityPoolId"}
    return SimpleNamespace(**{ours: given.get(theirs) for ours, theirs in names.items()})


class Fault(Exception):
    """What AWS's own runtime finds wrong with a function: a type of error of its own."""

    def __init__(self, kind: str, message: str, trace: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.kind = kind
        self.trace = trace


class _Now(logging.Filter):
    """Puts the request's id on records."""

    request_id = ""

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = self.request_id
        return True


class _Json(logging.Formatter):
    """A record as an object: "Using Lambda advanced logging controls with Python"."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[0] is not None:
            told["stackTrace"] = traceback.format_tb(record.exc_info[2])
            told["errorType"] = record.exc_info[0].__name__
            told["errorMessage"] = str(record.exc_info[1])
            told["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
        told.update({name: value for name, value in vars(record).items() if name not in _RECORD})
        told["requestId"] = getattr(record, "aws_request_id", "")
        return json.dumps(told, default=str, ensure_ascii=False) + "\n"


def _logging() -> _Now:
    """Have what is logged go to the function's log, as AWS's runtime sets it up."""
    writer = logging.StreamHandler(sys.stdout)
    now = _Now()
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT", "Text").upper() == "JSON":
        writer.setFormatter(_Json())
    else:
        layout = logging.Formatter(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n", "%Y-%m-%dT%H:%M:%S"
        )
        layout.converter = time.gmtime
        writer.setFormatter(layout)
    writer.terminator = ""
    writer.addFilter(now)
    root = logging.getLogger()
    root.addHandler(writer)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    if level:
        root.setLevel(_LEVELS.get(level, level))
    return now


def run(api: Api, name: str) -> None:
    """Answer events for ever."""
    now = _logging()
    try:
        function = found(name)
    except Fault as error:
        _refused(api, error)
    except Exception as error:
        _refused(api, error)
    while True:
        headers, event = api.next()
        _answered(api, function, headers, event, now)


def _refused(api: Api, error: Exception) -> None:
    told = described(error, "")
    _printed(told)
    api.tell("init/error", json.dumps(told).encode(), f"Lambda-Runtime-Function-Error-Type: {told['errorType']}\r\n")
    raise SystemExit(1)


def found(name: str) -> Callable[[Any, Any], Any]:
    """The function that a name such as `folder/module.function` means. Raises Fault, and whatever its module raises."""
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        text = f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)"
        raise Fault("Runtime.MalformedHandlerName", text)
    wanted = module_name.replace("/", ".")
    if wanted.split(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module")
    try:
        module = importlib.import_module(wanted)
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from None
    except SyntaxError as error:
        where = f'  File "{error.filename}" Line {error.lineno}\n    {(error.text or "").strip()}\n'
        text = f"Syntax error in module '{module_name}': {error}"
        raise Fault("Runtime.UserCodeSyntaxError", text, (where,)) from None
    try:
        function: Callable[[Any, Any], Any] = getattr(module, function_name)
    except AttributeError:
        text = f"Handler '{function_name}' missing on module '{module_name}'"
        raise Fault("Runtime.HandlerNotFound", text) from None
    return function


def _answered(
    api: Api, function: Callable[[Any, Any], Any], headers: Mapping[str, str], event: bytes, now: _Now
) -> None:
    request_id = now.request_id = headers["lambda-runtime-aws-request-id"]
    trace = headers.get("lambda-runtime-trace-id")
    if trace:
        os.environ["_X_AMZN_TRACE_ID"] = trace
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    try:
        result = encoded(function(decoded(event), LambdaContext(headers)))
    except Exception as error:
        told = described(error, request_id)
        _printed(told)
        more = f"Lambda-Runtime-Function-Error-Type: {told['errorType']}\r\n"
        sys.stdout.flush()
        api.tell(f"invocation/{request_id}/error", json.dumps(told).encode(), more)
        return
    sys.stdout.flush()
    if api.tell(f"invocation/{request_id}/response", result) == 413:
        size = f"Response payload size exceeded maximum allowed payload size (6291556 bytes). It has {len(result)}."
        told = {"errorMessage": size, "errorType": "Function.ResponseSizeTooLarge"}
        more = "Lambda-Runtime-Function-Error-Type: Function.ResponseSizeTooLarge\r\n"
        api.tell(f"invocation/{request_id}/error", json.dumps(told).encode(), more)


def decoded(event: bytes) -> Any:
    """An event as the function gets it. Raises Fault."""
    try:
        return json.loads(event)
    except ValueError as error:
        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from None


def encoded(result: Any) -> bytes:
    """What a function has returned, as JSON. Raises Fault."""
    try:
        # From Python 3.12 on AWS leaves Unicode as it is.
        return json.dumps(result, default=_plain, ensure_ascii=sys.version_info < (3, 12)).encode()
    except (TypeError, ValueError) as error:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def described(error: BaseException, request_id: str) -> dict[str, Any]:
    """An error as AWS's JSON says it."""
    if isinstance(error, Fault):
        kind, trace = error.kind, list(error.trace)
    else:
        kind, trace = type(error).__name__, traceback.format_tb(_own(error.__traceback__))
    return {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": trace}


def _own(found_at: TracebackType | None) -> TracebackType | None:
    """A traceback from where it leaves this module, and what imports modules."""
    while found_at is not None:
        name = found_at.tb_frame.f_code.co_filename
        if name != _HERE and not name.startswith("<frozen importlib") and "/importlib/" not in name:
            return found_at
        found_at = found_at.tb_next
    return None


def _printed(told: Mapping[str, Any]) -> None:
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT", "Text").upper() == "JSON":
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        line = {"timestamp": stamp, "log_level": "ERROR", **told}
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        return
    trace = "".join(told["stackTrace"])
    after = f"Traceback (most recent call last):\n{trace}" if trace else "Traceback (most recent call last):\n"
    sys.stdout.write(f"[ERROR] {told['errorType']}: {told['errorMessage']}\n{after}")
