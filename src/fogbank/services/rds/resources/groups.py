"""Groups that instances and clusters are members of: of parameters, of subnets, of options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from fogbank.store.records import Record


class ParameterGroup(Record, frozen=True, kw_only=True):
    """A DB parameter group or (with `is_cluster`) a DB cluster parameter group."""

    KIND: ClassVar[str] = "rds/parameter-group"
    KEY: ClassVar[tuple[str, ...]] = ("kind", "name")
    kind: str
    """`pg` or `cluster-pg`, as in its ARN."""
    name: str
    family: str
    """`postgres15`, `aurora-postgresql15`"""
    description: str
    values: Mapping[str, str] = {}
    """What differs from the family's defaults."""
    deferred: tuple[str, ...] = ()
    """Those that were set with the apply method `pending-reboot`."""
    tags: Mapping[str, str] = {}


class GroupSubnet(msgspec.Struct, frozen=True, kw_only=True):
    """A subnet of a subnet group."""

    id: str
    zone: str


class SubnetGroup(Record, frozen=True, kw_only=True):
    """A DB subnet group: where in a VPC instances are put."""

    KIND: ClassVar[str] = "rds/subnet-group"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    description: str
    vpc_id: str
    subnets: tuple[GroupSubnet, ...]
    tags: Mapping[str, str] = {}


class OptionGroup(Record, frozen=True, kw_only=True):
    """An option group; PostgreSQL has no options."""

    KIND: ClassVar[str] = "rds/option-group"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    engine: str
    major: str
    description: str
    vpc_id: str = ""
    tags: Mapping[str, str] = {}
