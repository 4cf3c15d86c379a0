"""The house rules: what goes where, how long it may be, and which words it may use."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank.control.service import Services, snake_case
from fogbank.model.load import load

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "fogbank"
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 60
ARGUMENTS_MAX = 5
NESTING_MAX = 3
SERVICE_FILES = {"__init__", "resources", "rules", "permissions", "operations", "data", "reconcile", "types", "pages"}
BANNED_WORDS = {"manager", "helper", "util", "utils", "handler", "processor", "provider", "base", "common", "misc"}
WORLD_MODULES = {"subprocess", "socket", "pyroute2"}
CLOCK_CALLS = {("time", "time"), ("datetime", "now"), ("datetime", "utcnow"), ("random", "random"), ("time", "sleep")}

SOURCES = sorted(path for path in SOURCE.rglob("*.py") if not path.name.startswith("test_"))
SERVICE_FOLDERS = sorted(path.parent for path in (SOURCE / "services").glob("*/__init__.py"))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def nesting(node: ast.AST, depth: int = 0) -> int:
    deepest = depth
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        is_else_if = isinstance(node, ast.If) and isinstance(child, ast.If) and [child] == node.orelse
        blocks = ast.If | ast.For | ast.AsyncFor | ast.While | ast.With | ast.AsyncWith | ast.Try | ast.Match
        deeper = depth + (isinstance(child, blocks) and not is_else_if)
        deepest = max(deepest, nesting(child, deeper))
    return deepest


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_size_and_shape(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert len(text.splitlines()) <= FILE_LINES_MAX, "split the file by noun"
    for function in functions(tree):
        where = f"{named(path)}:{function.lineno} {function.name}"
        assert (function.end_lineno or 0) - function.lineno + 1 <= FUNCTION_LINES_MAX, f"{where} is too long"
        positional = [
            one.arg for one in (*function.args.posonlyargs, *function.args.args) if one.arg not in ("self", "cls")
        ]
        assert len(positional) <= ARGUMENTS_MAX, f"{where} takes too many arguments: make a Struct of them"
        assert nesting(function) <= NESTING_MAX, f"{where} is nested too deeply"


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring, "a module's docstring is one sentence: what it is for"


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_no_banned_words_in_names(path: Path) -> None:
    words = set(re.split(r"[_\W]+", path.stem))
    in_operations = "operations" in path.relative_to(SOURCE).parts
    for node in ast.walk(ast.parse(path.read_text())):
        # A public function there has AWS's name (`create_saml_provider`), whatever words AWS likes.
        is_aws = in_operations and isinstance(node, ast.FunctionDef) and node.name[0] != "_"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not is_aws:
            words |= set(snake_case(node.name).split("_"))
    assert not words & BANNED_WORDS


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_only_planes_and_the_gateway_touch_the_world(path: Path) -> None:
    part = path.relative_to(SOURCE).parts[0]
    if part in {"planes", "gateway", "cloud.py", "running.py", "testing"}:
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert not {alias.name.partition(".")[0] for alias in node.names} & WORLD_MODULES
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").partition(".")[0] not in WORLD_MODULES


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_nobody_sleeps_reads_the_clock_or_rolls_dice(path: Path) -> None:
    part = path.relative_to(SOURCE).parts[0]
    if part in {"clock.py", "gateway", "planes"}:
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            call = (node.func.value.id, node.func.attr)
            assert call not in CLOCK_CALLS, f"line {node.lineno}: ask the context"


@pytest.mark.parametrize("folder", SERVICE_FOLDERS, ids=lambda path: path.name)
def test_a_service_is_a_folder_that_looks_like_the_others(folder: Path) -> None:
    assert (folder / "README.md").exists(), "a service has a README that is run"
    assert list(folder.glob("test_*.py")), "a service has its tests beside it"
    for path in folder.glob("*.py"):
        if path.stem in SERVICE_FILES or path.stem.startswith("test_"):
            continue
        tree = ast.parse(path.read_text())
        assert not any(isinstance(node, ast.AsyncFunctionDef) for node in ast.walk(tree)), (
            f"{path.name} is a noun: pure"
        )
    operations = [*folder.glob("operations.py"), *folder.glob("operations/*.py")]
    for path in operations:
        assert not any(isinstance(node, ast.AsyncFunctionDef) for node in ast.walk(ast.parse(path.read_text()))), (
            f"{path.name}: an operation cannot wait; one that does lives in data.py"
        )
    if (rules := folder / "rules.py").exists():
        imports = {
            node.module or "" for node in ast.walk(ast.parse(rules.read_text())) if isinstance(node, ast.ImportFrom)
        }
        pure = ("fogbank.store", "fogbank.control", "fogbank.planes", "fogbank.clock")
        assert not any(name.startswith(pure) for name in imports), "rules.py decides: plain values only"


@pytest.mark.parametrize("name", Services("fogbank.services").names)
def test_every_operation_is_one_of_the_api(name: str) -> None:
    installed = Services("fogbank.services").get(name)
    assert installed is not None
    known = {snake_case(operation) for operation in load(name).operation_names}
    assert set(installed.operations) <= known, "a public function of operations is an operation of the API"


def test_record_kinds_are_named_for_their_service_and_unique() -> None:
    seen: dict[str, str] = {}
    for installed in Services("fogbank.services"):
        for kind in installed.record_kinds():
            assert re.fullmatch(rf"{installed.service.name}/[a-z][a-z-]*", kind.KIND)  # type: ignore[attr-defined]
            assert kind.KIND not in seen  # type: ignore[attr-defined]
            seen[kind.KIND] = kind.__name__  # type: ignore[attr-defined]
        for kind, _ in installed.reconcilers():
            assert kind in seen, "a reconciler is told the keys of a record kind of its service"


def test_names_in_snake_case_are_the_sdks() -> None:
    from botocore import xform_name

    for service in ("ssm", "iam", "kms", "sts", "secretsmanager", "ec2", "s3", "lambda", "rds", "elbv2"):
        for operation in load(service).operation_names:
            assert snake_case(operation) == xform_name(operation), f"{service}:{operation}"
