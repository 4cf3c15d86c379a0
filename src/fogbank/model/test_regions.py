from __future__ import annotations

import pytest

from fogbank.aws.scope import dns_suffix_of, partition_of
from fogbank.model.regions import dns_suffix, implicit_region, is_region, partitions, regions, regions_of


def test_partitions_have_regions() -> None:
    assert partitions()[0] == "aws"
    assert "us-east-1" in regions()
    assert regions("aws-cn") == ("cn-north-1", "cn-northwest-1")
    assert is_region("eu-west-1")
    assert not is_region("aws-global")
    assert not is_region("mars-east-1")


def test_an_unknown_partition_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        regions("aws-moon")


def test_they_agree_with_what_scopes_say() -> None:
    for partition in partitions():
        assert dns_suffix(partition) == dns_suffix_of(partition)
        for region in (*regions(partition), implicit_region(partition)):
            assert partition_of(region) == partition


def test_where_a_service_is() -> None:
    assert "us-east-1" in regions_of("ssm")
    assert regions_of("iam") == regions()
    assert regions_of("no-such-service", "aws-cn") == regions("aws-cn")
