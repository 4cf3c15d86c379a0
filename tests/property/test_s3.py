"""Versions and listings against a small model: any calls in any order leave what S3 says they leave."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fogbank.aws.errors import AwsError
from fogbank.testing import TestCloud

BUCKET = "harbour"
KEYS = st.sampled_from(["a", "a/1", "a/b/1", "ab", "b/"])
BODIES = st.sampled_from([b"", b"x", b"tide", b"y" * 20_000])


class Versions(RuleBasedStateMachine):
    """The model: for each key its versions, newest last, as (id, body); a delete marker's body is None."""

    def __init__(self) -> None:
        super().__init__()
        self.cloud = TestCloud()
        self.s3 = self.cloud.client("s3")
        self.s3("CreateBucket", Bucket=BUCKET)
        self.status = ""
        self.model: dict[str, list[tuple[str, bytes | None]]] = {}

    def teardown(self) -> None:
        self.cloud.close()

    @initialize(status=st.sampled_from(["Enabled", "Suspended", ""]), keys=st.lists(KEYS, min_size=2, max_size=6))
    def begin(self, status: str, keys: list[str]) -> None:
        if status:
            self.versioning(status)
        for key in keys:
            self.put(key, b"first")

    @rule(key=KEYS, body=BODIES)
    def put(self, key: str, body: bytes) -> None:
        answer = self.s3("PutObject", Bucket=BUCKET, Key=key, Body=body)
        self._add(key, answer.get("VersionId", "null"), body)

    @rule(source=KEYS, key=KEYS)
    def copy(self, source: str, key: str) -> None:
        found = self.model.get(source)
        if source == key or not found or found[-1][1] is None:
            return
        answer = self.s3("CopyObject", Bucket=BUCKET, Key=key, CopySource=f"{BUCKET}/{source}")
        self._add(key, answer.get("VersionId", "null"), found[-1][1])

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        answer = self.s3("DeleteObject", Bucket=BUCKET, Key=key)
        if self.status:
            self._add(key, answer["VersionId"], None)
        else:
            assert answer == {}
            self.model.pop(key, None)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), is_newest=st.booleans())
    def delete_a_version(self, data: Any, is_newest: bool) -> None:
        key = max(self.model, key=lambda key: len(self.model[key]))
        version = self.model[key][-1] if is_newest else data.draw(st.sampled_from(self.model[key]))
        self.s3("DeleteObject", Bucket=BUCKET, Key=key, VersionId=version[0])
        self.model[key].remove(version)
        if not self.model[key]:
            del self.model[key]

    @rule(status=st.sampled_from(["Enabled", "Suspended"]))
    def versioning(self, status: str) -> None:
        self.s3("PutBucketVersioning", Bucket=BUCKET, VersioningConfiguration={"Status": status})
        self.status = status

    @invariant()
    def every_version_can_be_read(self) -> None:
        for key, versions in self.model.items():
            self._check(key, versions)

    def _check(self, key: str, versions: list[tuple[str, bytes | None]]) -> None:
        if not versions or versions[-1][1] is None:
            with pytest.raises(AwsError, match="NoSuchKey"):
                self.s3("GetObject", Bucket=BUCKET, Key=key)
        else:
            assert self._read(key) == versions[-1][1]
        for version, body in versions:
            if body is None:
                with pytest.raises(AwsError, match="MethodNotAllowed"):
                    self.s3("GetObject", Bucket=BUCKET, Key=key, VersionId=version)
            else:
                assert self._read(key, VersionId=version) == body

    @rule(
        prefix=st.sampled_from(["", "a", "a/", "b", "z"]), delimiter=st.sampled_from(["", "/"]), size=st.integers(1, 4)
    )
    def pages(self, prefix: str, delimiter: str, size: int) -> None:
        current = [key for key, versions in self.model.items() if versions[-1][1] is not None]
        expected = set()
        for key in current:
            if key.startswith(prefix):
                head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
                expected.add(prefix + head + delimiter if found else key)
        asked: dict[str, Any] = {"Prefix": prefix, "MaxKeys": size, **({"Delimiter": delimiter} if delimiter else {})}
        listed: list[str] = []
        while True:
            page = self.s3("ListObjectsV2", Bucket=BUCKET, **asked)
            rows = [row["Key"] for row in page.get("Contents", ())]
            rows += [row["Prefix"] for row in page.get("CommonPrefixes", ())]
            listed += sorted(rows, key=str.encode)
            if not page["IsTruncated"]:
                break
            asked["ContinuationToken"] = page["NextContinuationToken"]
        assert listed == sorted(expected, key=str.encode)

    @invariant()
    def every_version_is_listed_newest_first(self) -> None:
        page: dict[str, Any] = {"IsTruncated": True}
        listed: dict[str, list[tuple[str, bool, bool]]] = {}
        asked: dict[str, Any] = {}
        while page["IsTruncated"]:
            page = self.s3("ListObjectVersions", Bucket=BUCKET, MaxKeys=3, **asked)
            for noun, is_marker in (("Versions", False), ("DeleteMarkers", True)):
                for row in page.get(noun, ()):
                    listed.setdefault(row["Key"], []).append((row["VersionId"], is_marker, row["IsLatest"]))
            asked = {"KeyMarker": page.get("NextKeyMarker"), "VersionIdMarker": page.get("NextVersionIdMarker")}
        assert listed.keys() == self.model.keys()
        for key, versions in self.model.items():
            expected = {(version, body is None, at == 0) for at, (version, body) in enumerate(reversed(versions))}
            assert set(listed[key]) == expected and len(listed[key]) == len(expected)

    @invariant()
    def no_file_is_left_over(self) -> None:
        self.cloud.cloud.store.flush()
        large = sum(len(body or b"") > 16_384 for versions in self.model.values() for _, body in versions)
        assert len(self.cloud.cloud.store.blobs.names()) == large

    def _add(self, key: str, version: str, body: bytes | None) -> None:
        versions = self.model.setdefault(key, [])
        if version == "null":
            versions[:] = [one for one in versions if one[0] != "null"]
        versions.append((version, body))

    def _read(self, key: str, **more: str) -> bytes:
        body = self.s3("GetObject", Bucket=BUCKET, Key=key, **more)["Body"]
        if isinstance(body, bytes):
            return body

        async def whole() -> bytes:
            return b"".join([piece async for piece in body])

        found: bytes = self.cloud.run(whole())
        return found


TestVersions = Versions.TestCase
TestVersions.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
