"""IAM database authentication decided: what a token must say, who may have it, and where servers ask."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control.presigned import Presigned
from fogbank.planes.doors import Door, login_port
from fogbank.planes.engines.postgresql.fake import FakeDatabases
from fogbank.planes.engines.postgresql.plane import Abilities
from fogbank.services.rds import logins, naming, parameters
from fogbank.services.rds.logins import Place
from fogbank.services.rds.resources import Instance, Seat
from fogbank.testing import TestCloud

PLACE = Place(("first.c1.eu-west-1.rds.amazonaws.com", "127.70.1.2"), 5432, "eu-west-1")
FIELDS = {"Action": "connect", "DBUser": "ann", "X-Amz-Expires": "900"}
GOOD = Presigned("rds-db", "eu-west-1", "127.70.1.2:5432", FIELDS, 10.0)
LOGIN = {"MasterUsername": "ann", "MasterUserPassword": "correct-horse-9"}
SEAT = Seat(name="pg-a", zone="z", loopback="127.70.1.2", interface_id="eni-1")


def instance(**more: Any) -> Instance:
    wanted = {"id": "first", "resource_id": "db-A", "created_at": 0.0, "status": "available", "version": "15.18"}
    return Instance(engine="postgres", instance_class="db.t3.micro", master_user="ann", **{**wanted, **more})


def test_a_good_token_lets_its_user_in() -> None:
    assert logins.refusal(GOOD, PLACE, "ann") == ""
    assert logins.refusal(GOOD._replace(host=PLACE.names[0] + ":5432"), PLACE, "ann") == ""  # type: ignore[index]
    assert logins.refusal(GOOD._replace(host="127.70.1.2"), PLACE._replace(port=443), "ann") == ""


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"service": "rds"}, "signed for rds in eu-west-1"),
        ({"region": "eu-west-2"}, "signed for rds-db in eu-west-2"),
        ({"host": "127.70.1.3:5432"}, "the token is for 127.70.1.3:5432"),
        ({"host": "127.70.1.2:5433"}, "the token is for 127.70.1.2:5433"),
        ({"host": "127.70.1.2"}, "the token is for 127.70.1.2"),
        ({"age_seconds": 901.0}, "901 seconds old"),
        ({"fields": {**FIELDS, "Action": "other"}}, "another action"),
        ({"fields": {**FIELDS, "DBUser": "bob"}}, "the token is bob's"),
        ({"fields": {"Action": "connect"}}, "the token is nobody's"),
        ({"fields": {**FIELDS, "X-Amz-Expires": "901"}}, "900 seconds at most"),
        ({"fields": {**FIELDS, "X-Amz-Expires": "9", "X-Amz-Date": "x"}}, "10 seconds old"),
        ({"fields": {**FIELDS, "X-Amz-Expires": "-9"}}, "900 seconds at most"),
    ],
)
def test_a_token_for_anything_else_does_not(changed: dict[str, Any], why: str) -> None:
    assert why in logins.refusal(GOOD._replace(**changed), PLACE, "ann")


def test_a_name_that_is_bound_carries_the_instance_and_the_user() -> None:
    asked = logins.asked(instance(), SEAT, has_packets=False)
    assert (asked.host, asked.port, asked.exempt) == ("127.70.1.2", login_port(5432), "")
    for user in ("ann", "a,ou=db-A", "uid=x"):
        assert logins.user_of(instance(), f"{asked.prefix}{user}{asked.suffix}") == user
    assert logins.user_of(instance(resource_id="db-B"), "uid=ann,ou=db-A") == ""
    assert logins.asked(instance(version="16.4"), SEAT, has_packets=True)[:2] == ("127.0.0.1", login_port(5432))
    assert logins.asked(instance(version="16.4"), SEAT, has_packets=True).exempt == "ann"
    other = logins.asked(instance(port=login_port(5432)), SEAT, has_packets=False)
    assert other.port != login_port(5432)


@pytest.mark.parametrize(
    ("major", "is_aurora", "has_tls", "value"),
    [
        (14, False, True, "0"), (15, False, True, "1"), (16, True, True, "0"), (17, True, True, "1"),
        (17, False, False, "0"),
    ],
)  # fmt: skip
def test_tls_is_asked_for_since_the_versions_that_aws_says(
    major: int, is_aurora: bool, has_tls: bool, value: str
) -> None:
    assert parameters.forces_tls(major, is_aurora=is_aurora, has_tls=has_tls) == value


def test_versions_of_tls_that_leave_none_are_brought_together() -> None:
    least, most = "ssl_min_protocol_version", "ssl_max_protocol_version"
    told = parameters.told({least: "TLSv1.3", most: "TLSv1.2"}, "db.t3.micro")
    assert told == {least: "TLSv1.2", most: "TLSv1.2"}
    assert parameters.told({most: "TLSv1.1"}, "db.t3.micro") == {least: "TLSv1.1", most: "TLSv1.1"}
    assert parameters.told({least: "TLSv1.3"}, "db.t3.micro") == {least: "TLSv1.3"}


class Rds:
    """RDS with servers that were built with this and that."""

    def __init__(self, abilities: Abilities) -> None:
        self.databases = FakeDatabases(abilities=abilities)
        self.cloud = TestCloud(databases=lambda _: self.databases)

    def __call__(self, operation: str, **params: Any) -> dict[str, Any]:
        found = self.cloud.call("rds", operation, params)
        self.cloud.run(self.cloud.cloud.settled())
        return found

    def instance(self, **more: Any) -> dict[str, Any]:
        wanted = {"Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20, **LOGIN}
        self("CreateDBInstance", DBInstanceIdentifier="first", **{**wanted, **more})
        return dict(self("DescribeDBInstances")["DBInstances"][0])

    def doors(self) -> dict[str, Any]:
        """Those that are open."""
        return {owner: sorted(doors) for owner, doors in self.cloud.cloud.doors._open.items()}


def test_servers_ask_as_long_as_it_is_on() -> None:
    rds = Rds(Abilities(True, True))
    shown = rds.instance(EnableIAMDatabaseAuthentication=True)
    ((name, node),) = rds.databases.nodes.items()
    account, region = "000000000000", "us-east-1"
    address, resource = shown["Endpoint"]["Address"], shown["DbiResourceId"]
    door = Door("", address, "logins", f"aws/{account}/{region}/rds/{resource}", login_port(5432))
    assert rds.doors() == {f"rds/{resource}": [door]}
    assert (node.logins is not None, node.is_private) == (True, True)
    assert (node.names[0], node.names[1]) == (naming.endpoint("first", account, region), address)
    assert shown["CertificateDetails"] == {"CAIdentifier": "rds-ca-rsa2048-g1", "ValidTill": 2e9}
    rds("ModifyDBInstance", DBInstanceIdentifier="first", EnableIAMDatabaseAuthentication=False)
    assert (rds.doors(), rds.databases.nodes[name].logins) == ({}, None)
    rds("ModifyDBInstance", DBInstanceIdentifier="first", EnableIAMDatabaseAuthentication=True)
    assert len(rds.doors()) == 1
    rds("DeleteDBInstance", DBInstanceIdentifier="first", SkipFinalSnapshot=True)
    assert rds.doors() == {}
    rds.cloud.close()


@pytest.mark.parametrize(
    ("abilities", "lacks"),
    [(Abilities(), "without TLS and LDAP"), (Abilities(has_tls=True), "without LDAP")],
)
def test_a_server_that_cannot_ask_is_not_asked_to(abilities: Abilities, lacks: str) -> None:
    rds, on = Rds(abilities), {"EnableIAMDatabaseAuthentication": True}
    with pytest.raises(AwsError, match=f"InvalidParameterCombination.*{lacks}.*apt-get install postgresql"):
        rds.instance(**on)
    rds.instance()
    cluster = {"DBClusterIdentifier": "c", "Engine": "aurora-postgresql"}
    rds("CreateDBCluster", **cluster, **LOGIN)
    rds("CreateDBSnapshot", DBInstanceIdentifier="first", DBSnapshotIdentifier="s")
    for operation, params in (
        ("ModifyDBInstance", {"DBInstanceIdentifier": "first", "ApplyImmediately": True}),
        ("CreateDBInstanceReadReplica", {"DBInstanceIdentifier": "r", "SourceDBInstanceIdentifier": "first"}),
        ("RestoreDBInstanceFromDBSnapshot", {"DBInstanceIdentifier": "r", "DBSnapshotIdentifier": "s"}),
        ("ModifyDBCluster", {"DBClusterIdentifier": "c"}),
        ("CreateDBCluster", {**cluster, "DBClusterIdentifier": "d", **LOGIN}),
    ):
        with pytest.raises(AwsError, match=lacks):
            rds(operation, **params, **on)
    options = rds("DescribeOrderableDBInstanceOptions", Engine="postgres")["OrderableDBInstanceOptions"]
    assert not any(one["SupportsIAMDatabaseAuthentication"] for one in options)
    rds.cloud.close()


def test_a_member_takes_tokens_as_its_cluster_does() -> None:
    rds = Rds(Abilities(True, True))
    cluster = {"DBClusterIdentifier": "c", "Engine": "aurora-postgresql"}
    rds("CreateDBCluster", EnableIAMDatabaseAuthentication=True, **cluster, **LOGIN)
    member = {"DBInstanceIdentifier": "c-1", "DBInstanceClass": "db.r6g.large", **cluster}
    with pytest.raises(AwsError, match="Set EnableIAMDatabaseAuthentication for the DB Cluster"):
        rds("CreateDBInstance", EnableIAMDatabaseAuthentication=True, **member)
    rds("CreateDBInstance", **member)
    assert rds("DescribeDBInstances")["DBInstances"][0]["IAMDatabaseAuthenticationEnabled"]
    assert len(rds.doors()) == 1
    rds("ModifyDBCluster", DBClusterIdentifier="c", EnableIAMDatabaseAuthentication=False)
    assert not rds("DescribeDBInstances")["DBInstances"][0]["IAMDatabaseAuthenticationEnabled"]
    assert rds.doors() == {}
    rds.cloud.close()


def test_certificate_authorities_are_fogbanks_own() -> None:
    rds = Rds(Abilities())
    rows = rds("DescribeCertificates")["Certificates"]
    authority = rds.cloud.cloud.authority()
    assert {one["Thumbprint"] for one in rows} == {authority.thumbprint}
    assert {(one["ValidFrom"], one["ValidTill"]) for one in rows} == {(authority.valid_from, authority.valid_till)}
    for operation, params in (
        ("DescribeCertificates", {"CertificateIdentifier": "mine"}),
        ("CreateDBInstance", {"DBInstanceIdentifier": "a", "Engine": "postgres", "DBInstanceClass": "db.t3.micro",
                              "CACertificateIdentifier": "mine", **LOGIN}),
    ):  # fmt: skip
        with pytest.raises(AwsError, match="CertificateNotFound"):
            rds(operation, **params)
    assert "CertificateDetails" not in rds.instance(CACertificateIdentifier="rds-ca-ecc384-g1")
    rds.cloud.close()
