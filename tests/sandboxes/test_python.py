"""Python functions: answers, what they are told, errors of each kind, and what they print."""

from __future__ import annotations

import json
import re

import pytest
from tests.sandboxes.world import ARN, World

from fogbank.aws.errors import WorldError

PYTHONS = [f"python3.{minor}" for minor in range(9, 15)]


def test_a_function_answers(world: World) -> None:
    one = world.python("def handler(event, context): return {'got': event, 'umlaut': 'ü'}")
    assert one({"a": [1, 2.5, None]}) == {"got": {"a": [1, 2.5, None]}, "umlaut": "ü"}
    one.stop()


@pytest.mark.parametrize("runtime", PYTHONS)
def test_every_python_of_this_machine_is_the_one_that_is_named(world: World, runtime: str) -> None:
    if reason := world.plane.runtimes()[runtime]:
        pytest.skip(f"{runtime}: {reason}")
    one = world.python("import sys\ndef handler(event, context): return sys.version_info[:2]", runtime=runtime)
    assert one() == [3, int(runtime.partition(".")[2])]
    one.stop()


def test_an_absent_runtime_says_how_it_is_installed(world: World) -> None:
    absent = [name for name, reason in world.plane.runtimes().items() if reason]
    if not absent:
        pytest.skip("every runtime is installed")
    with pytest.raises(WorldError, match="install"):
        world.python("", runtime=absent[0])


def test_a_warm_environment_keeps_what_the_module_remembers(world: World) -> None:
    one = world.python("count = 0\ndef handler(event, context):\n  global count\n  count += 1\n  return count")
    assert [one(), one(), one()] == [1, 2, 3]
    other = world.python("count = 0\ndef handler(event, context):\n  global count\n  count += 1\n  return count")
    assert other() == 1
    one.stop()
    other.stop()


def test_the_context_says_what_aws_says(world: World) -> None:
    text = """
    import os
    def handler(event, c):
        return {
            "id": c.aws_request_id, "name": c.function_name, "version": c.function_version,
            "arn": c.invoked_function_arn, "memory": c.memory_limit_in_mb, "group": c.log_group_name,
            "stream": c.log_stream_name, "left": c.get_remaining_time_in_millis(),
            "trace": os.environ["_X_AMZN_TRACE_ID"],
            "identity": c.identity.cognito_identity_id, "title": c.client_context.client.app_title,
            "custom": c.client_context.custom,
        }
    """
    one = world.python(text)
    client = json.dumps({"client": {"app_title": "x"}, "custom": {"k": "v"}})
    outcome = one.ask(
        seconds=5.0, trace="Root=1-2-3", client_context=client, identity=json.dumps({"cognitoIdentityId": "c"})
    )
    told = json.loads(outcome.payload)
    assert re.fullmatch(r"[0-9a-f-]{36}", told.pop("id"))
    assert 3000 < told.pop("left") <= 5000
    assert told == {
        "name": "one", "version": "$LATEST", "arn": ARN, "memory": "128", "group": "/aws/lambda/one",
        "stream": "2026/01/01/[$LATEST]abc", "trace": "Root=1-2-3", "identity": "c", "title": "x", "custom": {"k": "v"},
    }  # fmt: skip
    one.stop()


def test_a_function_finds_its_environment_and_no_other(world: World) -> None:
    one = world.python("import os\ndef handler(event, context): return dict(os.environ)", environ={"STAGE": "test"})
    found = one()
    assert found["STAGE"] == "test" and found["_HANDLER"] == "main.handler" and found["TZ"] == ":UTC"
    assert not {name for name in found if name.startswith(("FOGBANK", "PYTEST", "VIRTUAL_ENV", "HOME"))}
    one.stop()


def test_a_handler_may_lie_in_folders(world: World) -> None:
    code = world.code(a__b__c_py="def go(event, context): return 'here'")
    for name in ("a/b/c.go", "a.b.c.go"):
        one = world.start(world.function(code=code, handler=name))
        assert one() == "here"
        one.stop()


BEGINNINGS = [
    ("import nothing_of_the_sort", "main.handler", "Runtime.ImportModuleError",
     "Unable to import module 'main': No module named 'nothing_of_the_sort'"),
    ("", "other.handler", "Runtime.ImportModuleError", "Unable to import module 'other': No module named 'other'"),
    ("", "main.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'main'"),
    ("def handler(:", "main.handler", "Runtime.UserCodeSyntaxError",
     "Syntax error in module 'main': invalid syntax (main.py, line 1)"),
    ("", "main", "Runtime.MalformedHandlerName", "Bad handler 'main': not enough values to unpack (expected 2, got 1)"),
    ("raise KeyError('x')", "main.handler", "KeyError", "'x'"),
    ("import sys; sys.exit(3)", "main.handler", "Runtime.ExitError", "Runtime exited with error: exit status 3"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "name", "kind", "message"), BEGINNINGS, ids=[row[2] + row[1] for row in BEGINNINGS])
def test_a_function_that_cannot_begin_says_why(world: World, text: str, name: str, kind: str, message: str) -> None:
    outcome = world.failed(world.function(text, handler=name))
    told = json.loads(outcome.payload)
    assert (told["errorType"], told["errorMessage"]) == (kind, message)
    assert outcome.error == "Unhandled" and outcome.is_dead
    assert kind.encode() in outcome.log


def test_a_beginning_that_takes_too_long_is_ended(world: World) -> None:
    outcome = world.failed(world.function("import time; time.sleep(60)", init_seconds=0.5))
    assert json.loads(outcome.payload)["errorType"] == "Sandbox.Timedout"


def test_an_error_has_its_type_its_message_and_where_it_was_raised(world: World) -> None:
    text = "class Odd(Exception): pass\ndef inner():\n    raise Odd('no')\ndef handler(event, context):\n    inner()"
    one = world.python(text)
    outcome = one.ask()
    told = json.loads(outcome.payload)
    assert outcome.error == "Unhandled" and not outcome.is_dead
    assert (told["errorType"], told["errorMessage"]) == ("Odd", "no")
    assert [line.split("\n")[1].strip() for line in told["stackTrace"]] == ["inner()", "raise Odd('no')"]
    assert told["requestId"]
    assert outcome.log.startswith(b"[ERROR] Odd: no\nTraceback (most recent call last):\n")
    one.stop()


def test_what_cannot_be_json_is_an_error_and_the_environment_lives(world: World) -> None:
    one = world.python("def handler(event, context): return {1, 2} if event else 'fine'")
    told = json.loads(one.ask(True).payload)
    assert told["errorType"] == "Runtime.MarshalError"
    assert told["errorMessage"] == "Unable to marshal response: Object of type set is not JSON serializable"
    assert one(False) == "fine"
    one.stop()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sys.exit(4)", "exit status 4"),
        ("os._exit(0)", "without providing a reason"),
        ("os.kill(os.getpid(), 9)", "signal: killed"),
        ("os.kill(os.getpid(), 11)", "signal: segmentation fault"),
    ],
)
def test_a_function_that_ends_itself(world: World, text: str, message: str) -> None:
    one = world.python(f"import os, sys\ndef handler(event, context):\n    print('last'); {text}")
    outcome = one.ask()
    told = json.loads(outcome.payload)
    assert told["errorType"] == "Runtime.ExitError" and message in told["errorMessage"]
    assert told["errorMessage"].startswith("RequestId: 0000")
    assert outcome.is_dead and outcome.log.startswith(b"last\n") and b"Runtime.ExitError" in outcome.log
    assert one.ask().is_dead, "and so it stays"


def test_an_answer_past_six_megabytes_is_refused(world: World) -> None:
    one = world.python("def handler(event, context): return 'x' * event")
    assert len(one(6_000_000)) == 6_000_000
    assert json.loads(one.ask(6_300_000).payload)["errorType"] == "Function.ResponseSizeTooLarge"
    assert one(3) == "xxx"
    one.stop()


def test_what_is_printed_and_logged_comes_with_the_event(world: World) -> None:
    text = """
    import logging, os, sys
    print("while it begins")
    def handler(event, context):
        print("to stdout")
        print("to stderr", file=sys.stderr)
        logging.warning("a %s", "warning")
        logging.info("not shown")
        os.system("echo a child")
    """
    one = world.python(text)
    outcome = one.ask()
    lines = outcome.log.decode().splitlines()
    assert lines[:3] == ["while it begins", "to stdout", "to stderr"] and lines[4:] == ["a child"]
    assert re.fullmatch(
        r"\[WARNING\]\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t00000000-0000-4000-8000-\d{12}\ta warning", lines[3]
    )
    assert b"while it begins" not in one.ask().log
    one.stop()


def test_log_lines_may_be_json(world: World) -> None:
    text = "import logging\ndef handler(event, context): logging.getLogger('x').info('said %d', 1, extra={'who': 'me'})"
    one = world.python(text, environ={"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"})
    told = json.loads(one.ask().log)
    assert told.pop("timestamp") and told.pop("requestId")
    assert told == {"level": "INFO", "message": "said 1", "logger": "x", "who": "me"}
    one.stop()


def test_a_flood_of_lines_is_cut_and_says_so(world: World) -> None:
    one = world.python("def handler(event, context):\n    for _ in range(6000): print('x' * 1000)")
    outcome = one.ask()
    assert len(outcome.log) < 5 << 20 and b"dropped" in outcome.log[-100:]
    one.stop()


def test_layers_lie_over_each_other(apart: World) -> None:
    first = apart.code(python__one_py="NAME = 'first'", python__two_py="NAME = 'first'")
    second = apart.code(python__two_py="NAME = 'second'")
    text = (
        "import one, two, os\ndef handler(event, context): return one.NAME, two.NAME, sorted(os.listdir('/opt/python'))"
    )
    both = apart.python(text, layers=(first, second))
    one_name, two_name, names = both()
    assert (one_name, two_name) == ("first", "second") and {"one.py", "two.py"} <= set(names)
    both.stop()
    single = apart.python("import one\ndef handler(event, context): return one.NAME", layers=(first,))
    assert single() == "first"
    single.stop()


def test_a_module_of_the_functions_own_comes_before_the_warm_one(world: World) -> None:
    files = {"main_py": "import urllib3, csv\ndef handler(event, context): return urllib3.MINE, csv.MINE"}
    one = world.start(world.function(code=world.code(**files, urllib3_py="MINE = 1", csv_py="MINE = 2")))
    assert one() == [1, 2]
    one.stop()


def test_the_sdk_is_there_and_fogbank_is_not(world: World) -> None:
    pytest.importorskip("boto3")
    text = """
    import boto3
    def handler(event, context):
        try:
            import fogbank
        except ImportError:
            client = boto3.client("sts", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
            return client.meta.region_name
    """
    one = world.python(text)
    assert one() == "eu-west-1"
    one.stop()


def test_dice_are_others_in_each_environment(world: World) -> None:
    text = "import random, uuid\ndef handler(event, context): return random.random(), str(uuid.uuid4())"
    ones = [world.python(text) for _ in range(3)]
    said = [one() for one in ones]
    assert len({number for number, _ in said}) == 3 and len({name for _, name in said}) == 3
    for one in ones:
        one.stop()


def test_the_interpreter_is_whole(world: World) -> None:
    text = """
    import asyncio, subprocess, sys, threading
    async def soon(): return 1
    def handler(event, context):
        seen = []
        thread = threading.Thread(target=seen.append, args=(2,)); thread.start(); thread.join()
        three = subprocess.run([sys.executable, "-c", "print(3)"], capture_output=True, text=True).stdout
        return [asyncio.run(soon()), *seen, int(three), callable(exit)]
    """
    one = world.python(text)
    assert one() == [1, 2, 3, True]
    one.stop()
