"""DB instances inside a VPC: reached by their name, through their security group and no other way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.planes.engines.postgresql import servers
from fogbank.planes.net import probe
from fogbank.services.rds import naming
from fogbank.testing.databases import PASSWORD, REGION, Rds, real, real_proxies, soon
from fogbank.testing.network import Network

PSQL = servers.found()[0].program("psql")


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    mode, reason = probe.found(os.environ.get("FOGBANK_NETWORK", "auto"))
    if mode == "plain":
        pytest.skip(f"no network namespaces here: {reason}")
    found = Network(mode, databases=real, proxies=real_proxies)
    yield found
    found.close()


@pytest.fixture
def inside(network: Network) -> Iterator[Rds]:
    yield Rds(network.cloud, network)
    network.forget()


def ec2(rds: Rds, operation: str, **params: Any) -> dict[str, Any]:
    assert rds.network is not None
    return rds.network.ec2(operation, account=rds.account, **params)


def test_a_name_leads_to_the_instance_and_only_its_group_lets_in(inside: Rds) -> None:
    shown = inside.instance("first")
    assert inside.network is not None
    assert inside.sql(shown["Endpoint"], "SELECT 41") == [(41,)], "programs of the host come in by a proxy"
    vpc = shown["DBSubnetGroup"]["VpcId"]
    subnet = shown["DBSubnetGroup"]["Subnets"][0]["SubnetIdentifier"]
    group = ec2(inside, "CreateSecurityGroup", GroupName="clients", Description="x", VpcId=vpc)["GroupId"]
    client = ec2(inside, "CreateNetworkInterface", SubnetId=subnet, Groups=[group])["NetworkInterface"]
    (owned,) = ec2(
        inside, "DescribeNetworkInterfaces", Filters=[{"Name": "description", "Values": ["RDSNetworkInterface"]}]
    )["NetworkInterfaces"]
    name = naming.endpoint("first", inside.account, REGION)

    def asked() -> str:
        environ = ["env", f"PGPASSWORD={PASSWORD}", "PGCONNECT_TIMEOUT=2"]
        argv = [*environ, PSQL, "-h", owned["PrivateIpAddress"], "-U", "ann", "-d", "postgres", "-Atc", "SELECT 42"]
        found = inside.network.command(client["NetworkInterfaceId"], *argv)  # type: ignore[union-attr]
        return (found.output or found.errors).decode().strip()

    assert "timeout expired" in asked()
    rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": group}]}
    ec2(inside, "AuthorizeSecurityGroupIngress", GroupId=owned["Groups"][0]["GroupId"], IpPermissions=[rule])
    assert asked() == "42"
    dug = inside.network.command(client["NetworkInterfaceId"], "dig", "+short", "@169.254.169.253", name)
    assert dug.output.decode().strip() == owned["PrivateIpAddress"]
    inside("DeleteDBInstance", DBInstanceIdentifier="first", SkipFinalSnapshot=True)
    assert ec2(inside, "DescribeNetworkInterfaces", NetworkInterfaceIds=[client["NetworkInterfaceId"]])
    gone = inside.network.command(client["NetworkInterfaceId"], "dig", "+short", "@169.254.169.253", name)
    assert gone.output.decode().strip() == ""


def test_a_reader_forwards_writes_of_its_vpc(inside: Rds) -> None:
    shown = inside.cluster("c", members=2, EnableLocalWriteForwarding=True)
    assert inside.network is not None
    inside.sql({"Address": shown["Endpoint"], "Port": shown["Port"]}, "CREATE TABLE t (a int)")
    group = inside.shown("c-1")["DBSubnetGroup"]
    own = shown["VpcSecurityGroups"][0]["VpcSecurityGroupId"]
    subnet = group["Subnets"][0]["SubnetIdentifier"]
    client = ec2(inside, "CreateNetworkInterface", SubnetId=subnet, Groups=[own])["NetworkInterface"]
    name = naming.cluster_endpoint("c", inside.account, REGION, "ro")
    dug = inside.network.command(client["NetworkInterfaceId"], "dig", "+short", "@169.254.169.253", name)
    address = dug.output.decode().strip()
    assert address == inside.record("c-2").seats[0].address

    def asked(statement: str, mode: str = "session") -> str:
        environ = [f"PGPASSWORD={PASSWORD}", f"PGOPTIONS=-c apg_write_forward.consistency_mode={mode}"]
        argv = ["env", *environ, PSQL, "-h", address, "-U", "ann", "-d", "postgres", "-Atc", statement]
        found = inside.network.command(client["NetworkInterfaceId"], *argv)  # type: ignore[union-attr]
        return (found.output or found.errors).decode().strip()

    soon(lambda: asked("SELECT count(*) FROM t"), "0")
    assert asked("INSERT INTO t VALUES (1)") == "INSERT 0 1"
    assert asked("SELECT count(*) FROM t", mode="global") == "1"
    assert "read-only transaction" in asked("INSERT INTO t VALUES (2)", mode="off")
    inside("FailoverDBCluster", DBClusterIdentifier="c")
    assert asked("INSERT INTO t VALUES (3)") == "INSERT 0 1", "it is the writer now"
