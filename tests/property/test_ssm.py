"""Parameter Store against a model of a dozen lines, under random calls."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fogbank.aws.errors import AwsError
from fogbank.testing import TestCloud

NAMES = st.sampled_from(["/a", "/a/b", "/a/b/c", "/a/c", "/ab", "plain"])
VALUES = st.text("xyz", min_size=1, max_size=3)
LABELS = st.sampled_from(["blue", "green"])


class Parameters(RuleBasedStateMachine):
    """`model` maps a name to its values, oldest first, and to its labels."""

    @initialize()
    def begin(self) -> None:
        self.cloud = TestCloud()
        self.values: dict[str, list[str]] = {}
        self.labels: dict[str, dict[str, int]] = {}

    def call(self, operation: str, **params: Any) -> dict[str, Any] | str:
        try:
            return self.cloud.call("ssm", operation, params)
        except AwsError as error:
            return error.code

    @rule(name=NAMES, value=VALUES, overwrite=st.booleans())
    def put(self, name: str, value: str, overwrite: bool) -> None:
        answer = self.call("PutParameter", Name=name, Value=value, Type="String", Overwrite=overwrite)
        if name in self.values and not overwrite:
            assert answer == "ParameterAlreadyExists"
            return
        self.values.setdefault(name, []).append(value)
        assert answer == {"Version": len(self.values[name]), "Tier": "Standard"}

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        answer = self.call("DeleteParameter", Name=name)
        assert answer == ({} if name in self.values else "ParameterNotFound")
        self.values.pop(name, None)
        self.labels.pop(name, None)

    @rule(name=NAMES, label=LABELS, version=st.integers(1, 4))
    def label(self, name: str, label: str, version: int) -> None:
        answer = self.call("LabelParameterVersion", Name=name, Labels=[label], ParameterVersion=version)
        if name not in self.values:
            assert answer == "ParameterNotFound"
        elif version > len(self.values[name]):
            assert answer == "ParameterVersionNotFound"
        else:
            assert answer == {"InvalidLabels": [], "ParameterVersion": version}
            self.labels.setdefault(name, {})[label] = version

    @rule(name=NAMES, version=st.integers(1, 4))
    def read_version(self, name: str, version: int) -> None:
        answer = self.call("GetParameter", Name=f"{name}:{version}")
        if name not in self.values:
            assert answer == "ParameterNotFound"
        elif version > len(self.values[name]):
            assert answer == "ParameterVersionNotFound"
        else:
            assert isinstance(answer, dict) and answer["Parameter"]["Value"] == self.values[name][version - 1]

    @rule(name=NAMES, label=LABELS)
    def read_label(self, name: str, label: str) -> None:
        answer = self.call("GetParameter", Name=f"{name}:{label}")
        version = self.labels.get(name, {}).get(label)
        if version is None:
            assert answer in ("ParameterNotFound", "ParameterVersionNotFound")
        else:
            assert isinstance(answer, dict) and answer["Parameter"]["Value"] == self.values[name][version - 1]

    @rule(path=st.sampled_from(["/", "/a", "/a/b"]), recursive=st.booleans(), size=st.integers(1, 3))
    def read_path(self, path: str, recursive: bool, size: int) -> None:
        found: list[str] = []
        more: dict[str, str] = {}
        while True:
            page = self.call("GetParametersByPath", Path=path, Recursive=recursive, MaxResults=size, **more)
            assert isinstance(page, dict)
            found += [parameter["Name"] for parameter in page["Parameters"]]
            if "NextToken" not in page:
                break
            more = {"NextToken": page["NextToken"]}
        prefix = path.rstrip("/") + "/"
        below = [name for name in self.values if f"/{name.lstrip('/')}".startswith(prefix)]
        wanted = [name for name in below if recursive or "/" not in f"/{name.lstrip('/')}"[len(prefix) :]]
        assert found == sorted(wanted)

    @invariant()
    def the_latest_values_are_listed(self) -> None:
        page = self.call("DescribeParameters", MaxResults=50)
        assert isinstance(page, dict)
        assert {found["Name"]: found["Version"] for found in page["Parameters"]} == {
            name: len(values) for name, values in self.values.items()
        }

    def teardown(self) -> None:
        if hasattr(self, "cloud"):
            self.cloud.close()


TestParameters = Parameters.TestCase
TestParameters.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
