"""The command line: what it prints, in words and in JSON, its exit codes, and what it says of mistakes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from fogbank.cli import main
from fogbank.cli.commands import COMMANDS, parser, seconds
from fogbank.cli.doctor import findings
from fogbank.running import RunError
from fogbank.settings import Settings
from fogbank.testing.process import CloudProcess

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str]:
        code = main([*words, "--state", str(tmp_path / "state")])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return run


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state folder of a running cloud."""
    folder = tmp_path_factory.mktemp("cli") / "state"
    cloud = CloudProcess(folder)
    cloud.start()
    yield folder
    cloud.stop()


def asked(state: Path, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main([*words, "--json", "--state", str(state)]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("command", ["status", "reset", "env", "coverage", "clock"])
def test_without_a_cloud_the_exit_code_is_three(run: Run, command: str) -> None:
    code, text = run(command)
    assert code == 3
    assert "no cloud runs on" in text


def test_down_without_a_cloud_is_no_mistake(run: Run) -> None:
    assert run("down") == (0, "no cloud was running\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("up", "--set", "port"), "write NAME=VALUE"),
        (("up", "--set", "colour=red"), "no setting is named colour"),
        (("up", "--port", "http"), "port"),
        (("settings", "--set", "durability=maybe"), "durability"),
    ],
)
def test_what_is_asked_for_wrongly(run: Run, words: tuple[str, ...], said: str) -> None:
    code, text = run(*words)
    assert code == 2
    assert said in text and "Traceback" not in text


def test_logs_without_a_log(run: Run) -> None:
    code, text = run("logs")
    assert code == 1 and "only a cloud in the background" in text


def test_a_port_that_is_taken_is_named(state: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    port = asked(state, capsys, "status")["port"]
    code, text = run("up", "--port", str(port))
    assert code == 1
    assert f"127.0.0.1:{port}: Address already in use" in text


def test_a_cloud_that_cannot_start_in_the_background_says_why(
    state: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    port = asked(state, capsys, "status")["port"]
    code, text = run("up", "-d", "--port", str(port))
    assert code == 1
    assert "the cloud did not start" in text and "Address already in use" in text


def test_status_env_and_coverage_for_programs(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = asked(state, capsys, "status")
    assert status["running"] and status["state"] == str(state) and "ssm" in status["services"]
    assert asked(state, capsys, "env")["AWS_ENDPOINT_URL"] == status["url"]
    coverage = asked(state, capsys, "coverage", "ssm")
    assert "PutParameter" in coverage["ssm"]["implemented"]
    assert asked(state, capsys, "reset")["reset"] is True


def test_coverage_lists_the_types_of_stacks(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "AWS::SQS::Queue" in asked(state, capsys, "coverage", "--cloudformation")["sqs"]
    assert asked(state, capsys, "coverage", "sts", "--cloudformation") == {"sts": []}


def test_coverage_of_a_service_that_is_not_there(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["coverage", "braket", "--state", str(state)]) == 1
    assert "no service here is named braket" in capsys.readouterr().err


def test_the_clock_is_moved_and_told(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = asked(state, capsys, "clock")["now"]
    assert asked(state, capsys, "clock", "advance", "2h")["now"] - before >= 7200
    assert asked(state, capsys, "clock", "freeze")["frozen"] is True
    assert asked(state, capsys, "clock", "restart") | {"now": 0} == {"now": 0, "offset_seconds": 0.0, "frozen": False}
    assert main(["clock", "advance", "--state", str(state)]) == 2
    assert main(["clock", "advance", "soon", "--state", str(state)]) == 2


def test_faults_are_added_listed_and_cleared(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    added = asked(state, capsys, "fault", "add", "ssm:GetParameter", "--delay", "5ms", "--for", "1m")
    assert (added["operation"], added["delay_seconds"]) == ("GetParameter", 0.005)
    assert [one["id"] for one in asked(state, capsys, "fault", "list")] == [added["id"]]
    assert asked(state, capsys, "fault", "clear", added["id"]) == {"removed": 1}
    assert main(["fault", "clear", "nothing", "--state", str(state)]) == 1
    assert main(["fault", "add", "ssm", "--state", str(state)]) == 1
    assert "needs `error` or `delay_seconds`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"), [("90", 90), ("200ms", 0.2), ("90s", 90), ("15m", 900), ("2h", 7200), ("7d", 604800)]
)
def test_lengths_of_time(text: str, expected: float) -> None:
    assert seconds(text) == pytest.approx(expected)


def test_what_is_no_length_of_time() -> None:
    with pytest.raises(RunError, match="soon is no time"):
        seconds("soon")


def test_every_command_explains_itself() -> None:
    for name, *_ in COMMANDS:
        done = subprocess.run([sys.executable, "-m", "fogbank", name, "--help"], capture_output=True, text=True)
        assert done.returncode == 0 and name in done.stdout
    assert "three commands to begin with" in parser().format_help()


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_scripts_are_scripts(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "fault" in script
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    assert subprocess.run([shell, "-n"], input=script, text=True, capture_output=True).returncode == 0


def test_the_doctor_names_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    found = {one.name: one for one in findings(Settings(state=str(tmp_path), port=0), runs=False)}
    assert found["python"].state == found["sqlite"].state == found["state"].state == found["port"].state == "ok"
    assert all(one.remedy for one in found.values() if one.state != "ok")


def test_the_doctor_looks_for_the_sdk_of_functions_in_node(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    settings = Settings(state=str(tmp_path), port=0, node_modules=str(tmp_path))

    def seen() -> tuple[str, bool]:
        found = next(one for one in findings(settings, runs=False) if one.name == "node sdk")
        return found.state, found.remedy.startswith("npm install --prefix ~/.local/share/fogbank/node ")

    assert seen() == ("off", True)
    (tmp_path / "@aws-sdk").mkdir()
    assert seen() == ("ok", False)


def test_a_strict_cloud_begins_with_a_key_of_its_root(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cloud = CloudProcess(tmp_path / "state", strict="true")
    cloud.start()
    try:
        given = asked(tmp_path / "state", capsys, "env")
        assert given == asked(tmp_path / "state", capsys, "env"), "the same key, however often it is asked for"
        keys = {"region_name": "us-east-1", "endpoint_url": given["AWS_ENDPOINT_URL"]}
        mine = {
            "aws_access_key_id": given["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": given["AWS_SECRET_ACCESS_KEY"],
        }
        assert boto3.client("sts", **keys, **mine).get_caller_identity()["Arn"].endswith(":root")
        made_up = {"aws_access_key_id": "000000000000", "aws_secret_access_key": "x"}
        with pytest.raises(ClientError, match="InvalidClientTokenId"):
            boto3.client("sts", **keys, **made_up).get_caller_identity()
    finally:
        cloud.stop()


def test_another_port_while_one_runs_is_a_mistake(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "-d", "--port", "1", "--state", str(state)]) == 1
    assert "already, on port" in capsys.readouterr().err


def test_a_metric_is_drawn(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = asked(state, capsys, "status")["url"]
    keys = {"aws_access_key_id": "000000000000", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    cloudwatch = boto3.client("cloudwatch", endpoint_url=url, **keys)
    point = {"MetricName": "Latency", "Value": 42.0, "Dimensions": [{"Name": "Host", "Value": "a"}]}
    cloudwatch.put_metric_data(Namespace="App", MetricData=[point])
    words = ["metrics", "plot", "App", "Latency", "--dimension", "Host=a", "--since", "1h", "--period", "60s"]
    assert [one["value"] for one in asked(state, capsys, *words, "--stat", "Sum")] == [42.0]
    assert main([*words, "--state", str(state)]) == 0
    drawn = capsys.readouterr().out.splitlines()
    assert drawn[0] == "App Latency Host=a, Average of 60 s"
    assert drawn[1].startswith("       42 │") and "█" in drawn[1]
    assert main([*words, "--stat", "p1000", "--state", str(state)]) == 1
    assert "p1000" in capsys.readouterr().err
    cloudwatch.close()
