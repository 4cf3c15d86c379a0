"""Public parameters (`/aws/service/…`): what AWS publishes about regions, services and machine images."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from fogbank.aws.scope import dns_suffix_of, partition_of
from fogbank.model import regions

_INFRASTRUCTURE = "/aws/service/global-infrastructure/"
PREFIX = "/aws/service/"
IMAGE_ALIASES = (
    "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
    "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
    "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64",
    "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-arm64",
    "/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-default-x86_64",
    "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2",
    "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-arm64-gp2",
    "/aws/service/ami-amazon-linux-latest/amzn2-ami-kernel-5.10-hvm-x86_64-gp2",
    "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id",
    "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
    "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id",
    "/aws/service/debian/release/12/latest/amd64",
    "/aws/service/debian/release/12/latest/arm64",
    "/aws/service/ami-windows-latest/Windows_Server-2022-English-Full-Base",
    "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id",
    "/aws/service/eks/optimized-ami/1.33/amazon-linux-2023/x86_64/standard/recommended/image_id",
)


class Public(NamedTuple):
    """A public parameter's name, value and data type."""

    name: str
    value: str
    data_type: str = "text"


def found(name: str, region: str) -> Public | None:
    """The public parameter of a name as a region has it, or None."""
    if name in IMAGE_ALIASES:
        return Public(name, image_id(name, region), "aws:ec2:image")
    if not name.startswith(_INFRASTRUCTURE):
        return None
    noun, _, rest = name[len(_INFRASTRUCTURE) :].partition("/")
    if noun == "regions" and regions.is_region(rest):
        return Public(name, rest)
    if noun == "regions" and rest.endswith(("/domain", "/partition")):
        return _region_fact(name, *rest.split("/", 1))
    return None


def below(path: str, region: str) -> Iterator[Public]:
    """Public parameters whose names begin with a path, in order of name."""
    names = [f"{_INFRASTRUCTURE}regions/{name}" for name in regions.regions(partition_of(region))]
    for name in sorted((*names, *IMAGE_ALIASES)):
        if name.startswith(path) and (parameter := found(name, region)) is not None:
            yield parameter


def image_id(alias: str, region: str) -> str:
    """An image id of a machine image alias: always the same for an alias and a region, and not one of AWS's own."""
    return "ami-" + hashlib.sha256(f"{region}{alias}".encode()).hexdigest()[:17]


def _region_fact(name: str, region: str, fact: str) -> Public | None:
    if not regions.is_region(region):
        return None
    partition = partition_of(region)
    return Public(name, partition if fact == "partition" else dns_suffix_of(partition))
