"""Where a resource lives: partition, account and region, and the ARNs that say so."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

ACCOUNT_DEFAULT = "000000000000"
REGION_DEFAULT = "us-east-1"
REGION_GLOBAL = ""

_PARTITION_PREFIXES = (
    ("us-gov-", "aws-us-gov"),
    ("cn-", "aws-cn"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
    ("eusc-", "aws-eusc"),
)
_DNS_SUFFIXES = {
    "aws-cn": "amazonaws.com.cn",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
    "aws-eusc": "amazonaws.eu",
}


@lru_cache(maxsize=1024)
def partition_of(region: str) -> str:
    """The partition that a region belongs to: `cn-north-1` is in `aws-cn`."""
    for prefix, partition in _PARTITION_PREFIXES:
        if region.startswith(prefix):
            return partition
    return "aws"


def dns_suffix_of(partition: str) -> str:
    """The domain below which a partition's endpoints are named."""
    return _DNS_SUFFIXES.get(partition, "amazonaws.com")


class Scope(NamedTuple):
    """Partition, account and region; the region is empty for what is global in its partition."""

    partition: str
    account: str
    region: str

    @classmethod
    def of(cls, account: str, region: str) -> Scope:
        return cls(partition_of(region), account, region)

    def everywhere(self) -> Scope:
        """The same account without a region: where IAM's resources live."""
        return self._replace(region=REGION_GLOBAL)

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource here: `arn:aws:ssm:us-east-1:000000000000:parameter/x`."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"
