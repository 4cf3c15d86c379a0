"""Node functions: modules of both kinds, ways to answer, errors, streams."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.sandboxes.world import World

from fogbank.planes.sandbox.sandbox import Function


@pytest.fixture(scope="module")
def node(world: World) -> Iterator[World]:
    if reason := world.plane.runtimes()["nodejs20.x"]:
        pytest.skip(f"nodejs20.x: {reason}")
    yield world


def script(world: World, handler: str = "main.handler", **files: str) -> Function:
    return world.function(code=world.code(**files), handler=handler, runtime="nodejs20.x")


KINDS = {
    "module": {"main_mjs": "export const handler = async (event) => ({ got: event.a });"},
    "commonjs": {"main_js": "exports.handler = async (event) => ({ got: event.a });"},
    "package of modules": {
        "main_js": "export const handler = async (event) => ({ got: event.a });",
        "package_json": '{"type": "module"}',
    },
    "callback": {"main_js": "exports.handler = (event, context, callback) => callback(null, { got: event.a });"},
    "late callback": {
        "main_js": "exports.handler = (event, c, done) => { setTimeout(() => done(null, { got: event.a }), 5); };"
    },
    "succeed": {"main_js": "exports.handler = (event, context) => { context.succeed({ got: event.a }); };"},
    "dependency": {
        "main_mjs": "import { twice } from 'twice';\nexport const handler = async (e) => ({ got: twice(e.a) / 2 });",
        "node_modules__twice__index_js": "exports.twice = (x) => 2 * x;",
    },
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_function_answers(node: World, kind: str) -> None:
    one = node.start(script(node, **KINDS[kind]))
    assert [one({"a": number}) for number in (1, 2)] == [{"got": 1}, {"got": 2}]
    one.stop()


def test_what_is_returned_without_a_promise_counts_as_nothing_or_as_itself(node: World) -> None:
    one = node.start(script(node, main_js="exports.handler = async () => {};"))
    assert one.ask().payload == b"null"
    one.stop()


def test_a_callback_waits_for_what_is_left_to_do_unless_told_otherwise(node: World) -> None:
    text = """
    let done = false;
    exports.handler = (event, context, callback) => {
      context.callbackWaitsForEmptyEventLoop = event.waits;
      const before = done;
      done = false;
      setTimeout(() => { done = true; console.log('done'); }, 100);
      callback(null, before);
    };
    """
    one = node.start(script(node, main_js=text))
    outcome = one.ask({"waits": True})
    assert outcome.payload == b"false" and b"done" in outcome.log
    assert b"done" not in one.ask({"waits": False}).log
    one.stop()


def test_the_context_says_what_aws_says(node: World) -> None:
    text = """export const handler = async (event, context) => {
      console.log('one', { two: 2 }); console.error('lines\\nof it');
      return { ...context, left: context.getRemainingTimeInMillis(), trace: process.env._X_AMZN_TRACE_ID };
    };"""
    one = node.start(script(node, main_mjs=text))
    outcome = one.ask(seconds=5.0, trace="Root=1", client_context='{"custom": 1}')
    told: dict[str, Any] = json.loads(outcome.payload)
    assert told["functionName"] == "one" and told["memoryLimitInMB"] == "128" and told["trace"] == "Root=1"
    assert 3000 < told["left"] <= 5000 and told["clientContext"] == {"custom": 1}
    first, second = outcome.log.decode().strip("\n").split("\n")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z\t" + told["awsRequestId"] + r"\tINFO\tone \{ two: 2 \}", first)
    assert second.endswith("\tERROR\tlines\rof it")
    one.stop()


ERRORS = {
    "thrown": ("export const handler = async () => { throw new TypeError('no') };", "TypeError", "no"),
    "called back": (
        "export const handler = (event, context, callback) => callback(new RangeError('far'));",
        "RangeError",
        "far",
    ),
    "no error": ("export const handler = async () => { throw 'words' };", "string", "words"),
    "circular": (
        "export const handler = async () => { const a = {}; a.a = a; return a };",
        "TypeError",
        "Converting circular",
    ),
}


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_is_told_as_aws_does(node: World, kind: str) -> None:
    text, name, message = ERRORS[kind]
    one = node.node(text)
    outcome = one.ask()
    told = json.loads(outcome.payload)
    assert outcome.error == "Unhandled" and told["errorType"] == name and message in told["errorMessage"]
    assert isinstance(told["trace"], list) and b"Invoke Error" in outcome.log
    assert json.loads(one.ask().payload)["errorType"] == name, "and the environment lives"
    one.stop()


def test_a_rejection_that_nobody_looks_at_ends_the_environment(node: World) -> None:
    one = node.node(
        """export const handler = async () => {
          Promise.reject(new Error('lost'));
          await new Promise(() => setTimeout(() => {}, 9e5));
        };"""
    )
    outcome = one.ask()
    told = json.loads(outcome.payload)
    assert told["errorType"] == "Runtime.UnhandledPromiseRejection" and "lost" in told["errorMessage"]
    assert outcome.is_dead, "nobody gives it another event"


def test_process_exit_is_an_error(node: World) -> None:
    one = node.node("export const handler = async () => process.exit(7);")
    told = json.loads(one.ask().payload)
    assert told["errorType"] == "Runtime.ExitError" and "exit status 7" in told["errorMessage"]


BEGINNINGS = {
    "no module": ({"other_js": ""}, "Runtime.ImportModuleError", "Cannot find module 'main'"),
    "no dependency": ({"main_mjs": "import 'nothing-such';"}, "Runtime.ImportModuleError", "nothing-such"),
    "no export": ({"main_mjs": "export const other = 1;"}, "Runtime.HandlerNotFound", "main.handler is undefined"),
    "no syntax": ({"main_js": "exports.handler = ("}, "Runtime.UserCodeSyntaxError", "SyntaxError"),
    "thrown": ({"main_js": "throw new RangeError('early')"}, "RangeError", "early"),
}


@pytest.mark.parametrize("kind", BEGINNINGS)
def test_a_function_that_cannot_begin_says_why(node: World, kind: str) -> None:
    files, name, message = BEGINNINGS[kind]
    outcome = node.failed(script(node, **files))
    told = json.loads(outcome.payload)
    assert told["errorType"] == name and message in told["errorMessage"]


STREAM = """
export const handler = awslambda.streamifyResponse(async (event, stream, context) => {
  for (let i = 0; i < event.parts; i++) {
    stream.write(`part ${i};`);
    await new Promise((go) => setTimeout(go, 20));
  }
  if (event.fails) throw new Error('in the middle');
  stream.end();
});
"""


def test_an_answer_comes_in_parts(node: World) -> None:
    one = node.node(STREAM)
    for _ in range(2):
        parts: list[bytes] = []
        outcome = one.ask({"parts": 3}, write=parts.append)
        assert not outcome.error and outcome.payload == b"" and not outcome.is_dead
        assert b"".join(parts) == b"part 0;part 1;part 2;" and len(parts) >= 3
    assert one.ask({"parts": 2}).payload == b"part 0;part 1;", "as a whole, where nobody wants the parts"
    one.stop()


def test_a_stream_that_breaks_off_says_so_at_its_end(node: World) -> None:
    one = node.node(STREAM)
    parts: list[bytes] = []
    outcome = one.ask({"parts": 2, "fails": True}, write=parts.append)
    told = json.loads(outcome.payload)
    assert b"".join(parts) == b"part 0;part 1;"
    assert outcome.error == "Unhandled" and told["errorMessage"] == "in the middle"
    before = json.loads(one.ask({"parts": 0, "fails": True}, write=parts.append).payload)
    assert before["errorMessage"] == "in the middle"
    one.stop()


def test_a_stream_has_a_prelude_for_http(node: World) -> None:
    text = """
    export const handler = awslambda.streamifyResponse(async (event, stream) => {
      const http = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { a: 'b' } });
      http.write('body'); http.end();
    });
    """
    one = node.node(text)
    parts: list[bytes] = []
    one.ask(write=parts.append)
    prelude, _, body = b"".join(parts).partition(bytes(8))
    assert json.loads(prelude) == {"statusCode": 201, "headers": {"a": "b"}} and body == b"body"
    one.stop()


def test_a_node_function_is_kept_apart_too(node: World) -> None:
    if not node.is_isolated:
        pytest.skip(node.plane.isolation)
    text = """
    import fs from 'node:fs'; import os from 'node:os';
    export const handler = async (path) => (
      path ? fs.readFileSync(path, 'utf8') : { user: os.userInfo().username, pid: process.pid });
    """
    one = node.node(text)
    assert one() == {"user": "sbx_user1051", "pid": 2}
    assert "ENOENT" in json.loads(one.ask("/etc/shadow").payload)["errorMessage"]
    one.stop()
