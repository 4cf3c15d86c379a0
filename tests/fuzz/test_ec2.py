"""Every operation of EC2 with random parameters: each answer is a success or a refusal, and the network stays whole."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any

import botocore.session
import pytest

from fogbank.aws.errors import AwsError
from fogbank.services.ec2.interface_addresses import IPV4_PREFIX
from fogbank.services.ec2.rules import size_of
from fogbank.testing import START, TestCloud

CALLS = 6_000
MESSAGE_MAX = 20_000
CALL_SECONDS_MAX = 5.0
"""How long one call may take: an answer to nonsense is quick, or it can be asked for too much."""
ID = re.compile(r"[a-z]+(?:-[a-z]+)*-[0-9a-f]{17}")
TEXTS = (
    "",
    " ",
    "a",
    "x" * 300,
    "naïve ☁ \U0001f600",
    "tab\there\x00\x1b\u200b\ud7ff",
    "*?\\",
    "default",
    "aws:x",
    "arn:aws:s3:::bucket",
    "local",
    "-1",
    "tcp",
    "us-east-1a",
    "us-west-2",
    "vpc-1",
    "sg-",
    "vpc-00000000000000000",
    "999999999999",
    "99999999999999999999",
)
BLOCKS = (
    "0.0.0.0/0",
    "::/0",
    "10.0.0.0/16",
    "10.0.1.0/24",
    "10.0.2.0/28",
    "10.0.0.0/255.255.0.0",
    "10.1.0.0/16",
    "10.0.1.7",
    "10.0.1.9",
    "10.0.1.0",
    "1.2.3.4/33",
    "2001:db8::/56",
    "2001:db8:a00::/64",
    "2001:db8::1%eth0",
    "fe80::%1/64",
    "203.0.113.0/24",
    "169.254.169.254/32",
)
NUMBERS = (-(2**31), -1, 0, 1, 2, 5, 22, 50, 100, 1000, 65535, 65536, 2**31 - 1)
SANE_BLOCKS = ("10.0.1.0/24", "10.0.7.0/28", "10.9.0.0/16", "203.0.113.0/24", "0.0.0.0/0", "10.0.1.64/28", "10.0.1.77")
SANE_TEXTS = ("a", "tcp", "us-east-1a", "us-west-2", "-1", "local", "555555555555")
SANE_NUMBERS = (1, 2, 5, 100, 443)
PREFIXES = {
    "Vpc": "vpc", "Subnet": "subnet", "RouteTable": "rtb", "InternetGateway": "igw", "EgressOnly": "eigw",
    "NatGateway": "nat", "Group": "sg", "Rule": "sgr", "NetworkAcl": "acl", "NetworkInterface": "eni",
    "Allocation": "eipalloc", "DhcpOptions": "dopt", "Peering": "pcx", "PrefixList": "pl", "Endpoint": "vpce",
    "FlowLog": "fl", "TransitGateway": "tgw", "TransitGatewayAttachment": "tgw-attach",
    "TransitGatewayRouteTable": "tgw-rtb", "Path": "nip", "Analys": "nia", "Source": "eni", "Destination": "eni",
    "Reservation": "scr", "GatewayId": "igw", "Permission": "eni-perm", "InternetGatewayId": "igw",
    "NatGatewayId": "nat", "EgressOnlyInternetGatewayId": "eigw", "TransitGatewayId": "tgw",
}  # fmt: skip
"""Words in the names of members -> the ids that they take; the last that fits decides."""
ASSOCIATIONS = ("rtbassoc", "eipassoc", "aclassoc", "subnet-cidr-assoc", "vpc-cidr-assoc")
LATEST = 8
OPTIONAL, DEEPER = 0.15, 0.7
"""How often an optional member is sent, and one of a structure within."""


class Fuzz:
    """Random requests from the model; some that might do, some that are nonsense."""

    def __init__(self, cloud: TestCloud, seed: int) -> None:
        self.cloud = cloud
        self.random = random.Random(seed)
        self.known: dict[str, list[str]] = {}
        self.model = botocore.session.Session().get_service_model("ec2")
        self.is_sane = True

    def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """The answer, {} for a refusal; what it names is asked about later."""
        began = time.perf_counter()
        try:
            answer = self.cloud.call("ec2", operation, params)
        except AwsError as error:
            assert (error.status or 400) < 500, f"{operation}({params!r}): {error}"
            assert error.code
            assert len(error.message) < MESSAGE_MAX, f"{operation}({params!r}): {error}"
            answer = {}
        assert time.perf_counter() - began < CALL_SECONDS_MAX, f"{operation}({params!r})"
        self.learn(answer)
        return answer

    def params(self, operation: str) -> dict[str, Any]:
        self.is_sane = self.random.random() < 0.7
        shape = self.model.operation_model(operation).input_shape
        made: dict[str, Any] = self._structure(shape, "", 0) if shape is not None else {}
        made.pop("DryRun", None)
        return made

    def learn(self, answer: Any) -> None:
        for text in _texts(answer):
            if ID.fullmatch(text):
                kept = self.known.setdefault(text.rpartition("-")[0], [])
                if text not in kept:
                    kept.append(text)
                del kept[:-LATEST]

    def _value(self, shape: Any, name: str, depth: int) -> Any:
        make = getattr(self, f"_{shape.type_name}", None)
        return make(shape, name, depth) if make else self._long(shape, name, depth)

    def _structure(self, shape: Any, name: str, depth: int) -> dict[str, Any]:
        made = {}
        for member_name, member in shape.members.items():
            often = 0.95 if member_name in shape.required_members else DEEPER if depth else OPTIONAL
            if self.is_sane and member_name in ("TagSpecifications", "NextToken", "DryRun"):
                continue
            if depth < 6 and self.random.random() < often:
                made[member_name] = self._value(member, member_name, depth + 1)
        return made

    def _list(self, shape: Any, name: str, depth: int) -> list[Any]:
        count = 1 if self.is_sane else self.random.choice((0, 1, 1, 1, 2, 3, 300))
        if shape.member.type_name == "structure":
            count = min(count, 3)
        return [self._value(shape.member, name, depth) for _ in range(count)]

    def _string(self, shape: Any, name: str, depth: int) -> str:
        enum = shape.metadata.get("enum")
        if enum and self.random.random() < 0.97:
            return str(self.random.choice(enum))
        fits = self.is_sane or self.random.random() < 0.6
        if fits and name.endswith(("Id", "Ids", "Groups", "Resources", "Source", "Destination", "Name")):
            return self._id(name)
        if fits and any(word in name for word in ("Cidr", "Ip", "Address", "Prefix")):
            return self.random.choice(SANE_BLOCKS if self.is_sane else BLOCKS)
        return self.random.choice(SANE_TEXTS if self.is_sane else (*TEXTS, *BLOCKS))

    def _id(self, name: str) -> str:
        """An id that fits the member's name, most times."""
        if name.endswith("Name"):
            return self.random.choice(("a", "tag:a", "vpc-id", "state", "com.amazonaws.us-east-1.s3", "default"))
        fitting = [prefix for word, prefix in PREFIXES.items() if word in name]
        prefix = fitting[-1] if fitting and self.random.random() < 0.95 else ""
        if name.startswith("Association"):
            prefix = self.random.choice(ASSOCIATIONS)
        there = self.known.get(prefix) or [one for ids in self.known.values() for one in ids]
        return self.random.choice(there) if there and self.random.random() < 0.95 else "vpc-00000000000000000"

    def _integer(self, shape: Any, name: str, depth: int) -> int:
        return self.random.choice(SANE_NUMBERS if self.is_sane else NUMBERS)

    def _long(self, shape: Any, name: str, depth: int) -> int:
        return self.random.choice((*NUMBERS, 2**63 - 1))

    def _boolean(self, shape: Any, name: str, depth: int) -> bool:
        return self.random.random() < 0.5

    def _timestamp(self, shape: Any, name: str, depth: int) -> float:
        return self.random.choice((0.0, START, 4e9))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value
