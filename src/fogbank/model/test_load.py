from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fogbank.model import load as module
from fogbank.model.load import cached, load, merge


def test_a_model_speaks_of_operations_and_shapes() -> None:
    model = load("ssm")
    operation = model.operation("GetParameter")
    assert (operation.method, operation.input, operation.output) == (
        "POST",
        "GetParameterRequest",
        "GetParameterResult",
    )
    assert "ParameterNotFound" in operation.errors
    assert "documentation" not in model.shapes["GetParameterRequest"]


@pytest.mark.parametrize("name", ["nothing", "../s3", "s3/2006-03-01", "", "S3"])
def test_an_unknown_service_is_a_key_error(name: str) -> None:
    with pytest.raises(KeyError):
        load(name)


def test_traits_that_are_easy_to_miss() -> None:
    assert load("cloudwatch").operation("PutMetricData").compressions == ("gzip",)
    assert load("s3").operation("PutObject").input_stream == "Body"
    assert load("s3").operation("GetObject").output_stream == "Body"
    assert load("s3").operation("SelectObjectContent").output_events == "Payload"
    assert load("s3control").operation("GetPublicAccessBlock").host_prefix == "{AccountId}."
    assert load("sts").operation("AssumeRoleWithWebIdentity").unsigned
    assert load("ec2").operation("RunInstances").idempotency_tokens == ("ClientToken",)
    assert load("s3").operation("DeleteObjects").checksum_required


def test_a_member_may_be_called_documentation(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = {"type": "structure", "documentation": "prose", "members": {"documentation": {"shape": "S"}}}
    assert module._shape(shape) == {"type": "structure", "members": {"documentation": {"shape": "S"}}}


def test_extras_are_laid_over_the_model() -> None:
    into = {"operations": {"A": {"x": 1}}}
    merge(into, {"operations": {"A": {"y": 2}}, "more": 3})
    assert into == {"operations": {"A": {"x": 1, "y": 2}}, "more": 3}


def test_the_cache_survives_anything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cached("a", 1, lambda: {"v": 1}) == {"v": 1}
    assert cached("a", 1, lambda: {"v": 2}) == {"v": 1}
    assert cached("a", 2, lambda: {"v": 2}) == {"v": 2}
    file = module.cache_folder() / "a.marshal"
    for damage in (b"", b"nonsense", file.read_bytes()[:5]):
        file.write_bytes(damage)
        assert cached("a", 2, lambda: {"v": 3}) == {"v": 3}
    assert [path.name for path in file.parent.iterdir()] == ["a.marshal"]


def test_a_cache_that_cannot_be_written_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert cached("a", 1, lambda: 7) == 7


def test_botocore_is_read_and_never_imported() -> None:
    code = """if True:
        import sys
        from fogbank.codec.compiled import codec_for
        from fogbank.codec.detect import detect
        from fogbank.codec.message import Request
        detect(Request("GET", "/b/k", "", {}))
        codec_for("s3", "rest-xml", "GetObject").parse(Request("GET", "/b/k", "", {}))
        print([name for name in sys.modules if name.startswith(("botocore", "boto3"))])
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
