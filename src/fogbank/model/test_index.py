from __future__ import annotations

from pathlib import Path

import pytest

from fogbank.model.index import _closing_brace, entry, index


def test_the_index_says_of_every_service_what_its_model_says() -> None:
    for name, one in index().entries.items():
        assert one == entry(name)


def test_it_is_built_without_a_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    before = index().entries
    index.cache_clear()
    assert index().entries == before


def test_the_ways_to_find_a_service() -> None:
    known = index()
    assert known.by_target_prefix["AmazonSSM"] == ("ssm",)
    assert known.by_target_prefix["Timestream_20181101"] == ("timestream-query", "timestream-write")
    assert known.by_signing_name["elasticloadbalancing"] == ("elb", "elbv2")
    assert known.by_endpoint_prefix["monitoring"] == ("cloudwatch",)
    assert known.by_query_version["2012-11-05"] == ("sqs",)
    assert known.entries["sqs"].protocols == ("json", "query")


def test_an_unknown_service_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        entry("nothing")


def test_braces_in_text_do_not_close() -> None:
    text = rb'{"a":"}\"}","b":{"c":1}}, more'
    assert _closing_brace(text, 1) == text.index(b", more")
    assert _closing_brace(b'{"a":{', 1) is None
