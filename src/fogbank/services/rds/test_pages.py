"""Names inside VPCs: what an endpoint stands for, to whom, and when."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.planes.dns.message import NXDOMAIN, A, Query
from fogbank.services.rds import naming
from fogbank.testing import TestCloud

ACCOUNT, REGION = "000000000000", "us-east-1"
LOGIN = {"MasterUsername": "ann", "MasterUserPassword": "correct-horse-9"}


class Names:
    """RDS in a cloud without packets, and the resolver of its default VPC."""

    def __init__(self, cloud: TestCloud) -> None:
        self.cloud = cloud
        self.vpc = cloud.call("ec2", "DescribeVpcs")["Vpcs"][0]["VpcId"]

    def __call__(self, operation: str, **params: Any) -> dict[str, Any]:
        found = self.cloud.call("rds", operation, params)
        self.cloud.run(self.cloud.cloud.settled())
        return found

    def asked(self, name: str, vpc: str = "") -> list[str] | int:
        """The addresses that a resolver gives, or how it refuses."""
        door = f"aws/{ACCOUNT}/{REGION}/{vpc or self.vpc}"
        answer = self.cloud.cloud.inside.resolve(door, Query(1, name, A, 1, name.encode()), "10.0.0.4")
        return sorted(one.data for one in answer.records) or answer.code

    def address(self, identifier: str) -> str:
        """The private address of an instance, as its interface has it."""
        from fogbank.control import caller as callers
        from fogbank.services.rds.resources import Instance

        ctx = self.cloud.cloud.context("rds", "look", callers.root(ACCOUNT), REGION)
        with ctx.begin():
            found: Instance | None = ctx.get(Instance, identifier)
        assert found is not None
        return found.seats[0].address


@pytest.fixture
def names(cloud: TestCloud) -> Names:
    return Names(cloud)


def test_an_instances_name_is_its_interface(names: Names) -> None:
    name = naming.endpoint("first", ACCOUNT, REGION)
    assert names.asked(name) == NXDOMAIN
    made = {"Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20, **LOGIN}
    names("CreateDBInstance", DBInstanceIdentifier="first", **made)
    assert names.asked(name) == [names.address("first")]
    assert names.asked(naming.endpoint("first", "999999999999", REGION)) == NXDOMAIN
    names("DeleteDBInstance", DBInstanceIdentifier="first", SkipFinalSnapshot=True)
    assert names.asked(name) == NXDOMAIN


def test_a_clusters_names_move_with_its_roles(names: Names) -> None:
    names("CreateDBCluster", DBClusterIdentifier="c", Engine="aurora-postgresql", **LOGIN)
    member = {"DBClusterIdentifier": "c", "Engine": "aurora-postgresql", "DBInstanceClass": "db.r6g.large"}
    for number in (1, 2, 3):
        names("CreateDBInstance", DBInstanceIdentifier=f"c-{number}", **member)
    at = {number: names.address(f"c-{number}") for number in (1, 2, 3)}
    writer, reader = (naming.cluster_endpoint("c", ACCOUNT, REGION, kind) for kind in ("", "ro"))
    assert names.asked(writer) == [at[1]]
    assert names.asked(reader) == sorted([at[2], at[3]])
    chosen = {"DBClusterEndpointIdentifier": "reports", "DBClusterIdentifier": "c", "StaticMembers": ["c-3"]}
    names("CreateDBClusterEndpoint", EndpointType="READER", **chosen)
    assert names.asked(naming.cluster_endpoint("reports", ACCOUNT, REGION, "custom")) == [at[3]]
    names("FailoverDBCluster", DBClusterIdentifier="c", TargetDBInstanceIdentifier="c-3")
    assert names.asked(writer) == [at[3]]
    assert names.asked(reader) == sorted([at[1], at[2]])
    assert names.asked(naming.cluster_endpoint("reports", ACCOUNT, REGION, "custom")) == NXDOMAIN


def test_a_public_instance_has_another_address_elsewhere(names: Names) -> None:
    made = {"Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20, **LOGIN}
    names("CreateDBInstance", DBInstanceIdentifier="first", PubliclyAccessible=True, **made)
    other = names.cloud.call("ec2", "CreateVpc", {"CidrBlock": "10.9.0.0/16"})["Vpc"]["VpcId"]
    name = naming.endpoint("first", ACCOUNT, REGION)
    (public,) = [one["PublicIp"] for one in names.cloud.call("ec2", "DescribeAddresses")["Addresses"]]
    assert (names.asked(name), names.asked(name, other)) == ([names.address("first")], [public])
    names("ModifyDBInstance", DBInstanceIdentifier="first", PubliclyAccessible=False)
    assert names.asked(name, other) == [names.address("first")]
    assert names.cloud.call("ec2", "DescribeAddresses")["Addresses"] == []
