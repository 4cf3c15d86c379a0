"""Listings: order, folders, markers, pages, encodings."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.services.s3.test_s3_buckets import Client, refused
from fogbank.testing import TestCloud

BUCKET = "harbour"
KEYS = ["a", "a/1", "a/2", "a/b/3", "b", "c/", "c/x", "é", "ﬀ", "😀"]


@pytest.fixture
def at(cloud: TestCloud) -> Client:
    s3 = cloud.client("s3")
    s3("CreateBucket", Bucket=BUCKET)
    for key in reversed(KEYS):
        s3("PutObject", Bucket=BUCKET, Key=key, Body=b"x")
    return lambda operation, **params: s3(operation, Bucket=BUCKET, **params)


def keys(answer: dict[str, Any]) -> list[str]:
    return [row["Key"] for row in answer.get("Contents", ())]


def folders(answer: dict[str, Any]) -> list[str]:
    return [row["Prefix"] for row in answer.get("CommonPrefixes", ())]


def test_keys_come_in_the_order_of_their_bytes(at: Client) -> None:
    answer = at("ListObjectsV2")
    assert keys(answer) == KEYS == sorted(KEYS, key=str.encode)
    assert answer["KeyCount"] == 10 and answer["MaxKeys"] == 1000 and answer["IsTruncated"] is False
    assert keys(at("ListObjects")) == KEYS and "Owner" in at("ListObjects")["Contents"][0]
    assert "Owner" not in answer["Contents"][0] and "Owner" in at("ListObjectsV2", FetchOwner=True)["Contents"][0]


def test_folders(at: Client) -> None:
    answer = at("ListObjectsV2", Delimiter="/")
    assert (keys(answer), folders(answer)) == (["a", "b", "é", "ﬀ", "😀"], ["a/", "c/"])
    assert answer["KeyCount"] == 7 and answer["Delimiter"] == "/"
    answer = at("ListObjectsV2", Delimiter="/", Prefix="a/")
    assert (keys(answer), folders(answer)) == (["a/1", "a/2"], ["a/b/"])
    answer = at("ListObjectsV2", Delimiter="/", Prefix="c/")
    assert (keys(answer), folders(answer)) == (["c/", "c/x"], [])
    assert keys(at("ListObjectsV2", Prefix="a/b")) == ["a/b/3"]
    assert keys(at("ListObjectsV2", Prefix="zz")) == []
    assert keys(at("ListObjectsV2", Prefix="😀")) == ["😀"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10])
@pytest.mark.parametrize("delimiter", ["", "/"])
def test_pages_by_token_and_by_marker_are_the_whole(at: Client, size: int, delimiter: str) -> None:
    asked = {"Delimiter": delimiter} if delimiter else {}
    whole = at("ListObjectsV2", **asked)
    expected = sorted([*keys(whole), *folders(whole)], key=str.encode)
    found: list[str] = []
    more: dict[str, Any] = {}
    while True:
        page = at("ListObjectsV2", MaxKeys=size, **asked, **more)
        assert page["KeyCount"] <= size
        found += sorted([*keys(page), *folders(page)], key=str.encode)
        if not page["IsTruncated"]:
            break
        more = {"ContinuationToken": page["NextContinuationToken"]}
    assert found == expected
    found, marker = [], ""
    while True:
        page = at("ListObjects", MaxKeys=size, Marker=marker, **asked)
        rows = sorted([*keys(page), *folders(page)], key=str.encode)
        found += rows
        assert ("NextMarker" in page) is (bool(delimiter) and page["IsTruncated"])
        if not page["IsTruncated"]:
            break
        marker = page.get("NextMarker", rows[-1])
    assert found == expected


def test_starts_and_limits(at: Client) -> None:
    answer = at("ListObjectsV2", StartAfter="a/2")
    assert keys(answer) == KEYS[3:] and answer["StartAfter"] == "a/2"
    assert folders(at("ListObjectsV2", StartAfter="a/1", Delimiter="/")) == ["a/", "c/"]
    assert at("ListObjectsV2", MaxKeys=0)["IsTruncated"] is False
    assert at("ListObjectsV2", MaxKeys=5000)["MaxKeys"] == 1000
    for bad in ({"MaxKeys": -1}, {"ContinuationToken": ""}, {"ContinuationToken": "?"}, {"EncodingType": "rot13"}):
        refused(lambda bad=bad: at("ListObjectsV2", **bad), "InvalidArgument")  # type: ignore[misc]


def test_keys_can_be_url_encoded(at: Client) -> None:
    at("PutObject", Key="x y+z\x01", Body=b"")
    answer = at("ListObjectsV2", EncodingType="url", Prefix="x y", Delimiter="+")
    assert answer["CommonPrefixes"] == [{"Prefix": "x%20y%2B"}] and answer["EncodingType"] == "url"
    assert answer["Prefix"] == "x%20y" and answer["Delimiter"] == "%2B"
    assert keys(at("ListObjectsV2", EncodingType="url", Prefix="x")) == ["x%20y%2Bz%01"]


def test_a_folder_is_skipped_whatever_it_holds(cloud: TestCloud, at: Client) -> None:
    async def fill() -> None:
        for number in range(1500):
            await cloud.cloud.call("s3", "PutObject", {"Bucket": BUCKET, "Key": f"b/{number:05}/x"})

    cloud.run(fill())
    read = 0
    log = cloud.cloud.store._log  # type: ignore[attr-defined]
    items = log.items

    def counted(*asked: Any) -> Any:
        nonlocal read
        rows = items(*asked)
        read += len(rows)
        return rows

    cloud.cloud.store.flush()
    log.items = counted
    assert folders(at("ListObjectsV2", Delimiter="/")) == ["a/", "b/", "c/"]
    assert read < 200, "1,500 keys lie in the folder, and hardly any is read"
    log.items = items
    assert len(folders(at("ListObjectsV2", Delimiter="/", Prefix="b/"))) == 1000
    assert keys(at("ListObjectsV2", Prefix="b/0149", MaxKeys=3)) == ["b/01490/x", "b/01491/x", "b/01492/x"]
