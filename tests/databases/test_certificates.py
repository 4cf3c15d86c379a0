"""TLS of DB instances: certificates of fogbank's own authority, under every name, and what cannot be had without."""

from __future__ import annotations

import datetime
import stat
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from fogbank.planes.engines.postgresql import servers
from fogbank.planes.engines.postgresql.node import Postgres
from fogbank.services.rds import naming
from fogbank.testing.databases import REGION, Rds, soon

SERVER = next((one for one in servers.found() if one.has_tls), None)
pytestmark = pytest.mark.skipif(SERVER is None, reason="no PostgreSQL with TLS on this machine: its package has it")
IS_PRIVATE = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
PLAIN = {"sslmode": "disable"}


def version() -> str:
    assert SERVER is not None
    return str(SERVER.major)


def bundle(rds: Rds) -> str:
    return str(rds.cloud.cloud.authority().bundle)


def trusting(rds: Rds) -> dict[str, str]:
    """How a client connects that believes nothing but a certificate of fogbank's with the right name."""
    return {"sslmode": "verify-full", "sslrootcert": bundle(rds)}


def group(rds: Rds, kind: str = "DBParameterGroup", engine: str = "postgres", **values: str) -> str:
    wanted = {"DBParameterGroupFamily": f"{engine}{version()}", "Description": "x"}
    rds(f"Create{kind}", **{f"{kind}Name": "tuned", **wanted})
    if values:
        change(rds, kind, **values)
    return "tuned"


def change(rds: Rds, kind: str = "DBParameterGroup", **values: str) -> None:
    rows = [
        {"ParameterName": name.replace("__", "."), "ParameterValue": value, "ApplyMethod": "immediate"}
        for name, value in values.items()
    ]
    rds(f"Modify{kind}", Parameters=rows, **{f"{kind}Name": "tuned"})


def force(rds: Rds, name: str) -> dict[str, Any]:
    """The parameter that asks for TLS, as a group has it."""
    filters = [{"Name": "parameter-name", "Values": ["rds.force_ssl"]}]
    (found,) = rds("DescribeDBParameters", DBParameterGroupName=name, Filters=filters)["Parameters"]
    return dict(found)


def names(path: str) -> tuple[set[str], set[str]]:
    """The names and the addresses of a certificate."""
    found = x509.load_pem_x509_certificate(Path(path).read_bytes())
    said = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(said.get_values_for_type(x509.DNSName)), {str(one) for one in said.get_values_for_type(x509.IPAddress)}


def test_an_instance_shows_a_certificate_that_its_endpoint_is_verified_by(rds: Rds, tmp_path: Path) -> None:
    shown = rds.instance("first", EngineVersion=version())
    assert rds.sql(shown["Endpoint"], IS_PRIVATE, **trusting(rds)) == [(True,)]
    databases = rds.cloud.cloud.databases
    assert isinstance(databases, Postgres)
    node = rds.record("first").node
    found = databases.certificate(node)
    assert found is not None
    seat = rds.record("first").seats[0]
    called, at = names(found.certificate)
    assert naming.endpoint("first", rds.account, REGION) in called
    assert at >= {shown["Endpoint"]["Address"], seat.address}
    key = Path(found.key)
    assert (stat.S_IMODE(key.stat().st_mode), "data" in key.parts) == (0o600, False)
    assert key.owner() == (databases.engines.folder / node / "data").owner()
    other = tmp_path / "other.pem"
    other.write_text("")
    with pytest.raises(psycopg.OperationalError, match=r"certificate|SSL error"):
        rds.sql(shown["Endpoint"], "SELECT 1", sslmode="verify-full", sslrootcert=str(other))


def test_what_is_described_is_what_a_client_is_shown(rds: Rds) -> None:
    shown = rds.instance("first", EngineVersion=version(), CACertificateIdentifier="rds-ca-ecc384-g1")
    found = rds.cloud.cloud.databases.certificate(rds.record("first").node)
    assert found is not None
    leaf = x509.load_pem_x509_certificate(Path(found.certificate).read_bytes())
    root = x509.load_pem_x509_certificate(Path(bundle(rds)).read_bytes())
    assert shown["CACertificateIdentifier"] == shown["CertificateDetails"]["CAIdentifier"] == "rds-ca-ecc384-g1"
    assert moment(shown["CertificateDetails"]["ValidTill"]) == leaf.not_valid_after_utc
    (listed,) = rds("DescribeCertificates", CertificateIdentifier="rds-ca-ecc384-g1")["Certificates"]
    assert (moment(listed["ValidFrom"]), moment(listed["ValidTill"])) == (
        root.not_valid_before_utc,
        root.not_valid_after_utc,
    )
    assert listed["Thumbprint"] == root.fingerprint(hashes.SHA1()).hex()


def moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def test_connections_without_tls_are_refused_unless_the_group_lets_them_in(rds: Rds) -> None:
    endpoint = rds.instance("first", EngineVersion=version(), DBParameterGroupName=group(rds))["Endpoint"]
    assert force(rds, "tuned")["ParameterValue"] == "1", "RDS's default since version 15"
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba.conf entry for host .*, no encryption"):
        rds.sql(endpoint, "SELECT 1", **PLAIN)
    before = rds.process_of("first")
    change(rds, rds__force_ssl="0")
    assert rds.sql(endpoint, IS_PRIVATE, **PLAIN) == [(False,)]
    assert rds.sql(endpoint, IS_PRIVATE, **trusting(rds)) == [(True,)]
    change(rds, rds__force_ssl="1")
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        rds.sql(endpoint, "SELECT 1", **PLAIN)
    assert rds.process_of("first") == before, "without a restart"


def test_versions_of_tls_are_what_the_group_says(rds: Rds) -> None:
    wanted = group(rds, ssl_min_protocol_version="TLSv1.3")
    endpoint = rds.instance("first", EngineVersion=version(), DBParameterGroupName=wanted)["Endpoint"]
    assert rds.sql(endpoint, IS_PRIVATE, **trusting(rds)) == [(True,)]
    old = {**trusting(rds), "ssl_max_protocol_version": "TLSv1.2"}
    with pytest.raises(psycopg.OperationalError, match="protocol version"):
        rds.sql(endpoint, "SELECT 1", **old)
    change(rds, ssl_min_protocol_version="TLSv1.2", ssl_max_protocol_version="TLSv1.2")
    assert rds.sql(endpoint, IS_PRIVATE, **old) == [(True,)]
    with pytest.raises(psycopg.OperationalError, match="protocol version"):
        rds.sql(endpoint, "SELECT 1", **trusting(rds), ssl_min_protocol_version="TLSv1.3")


def test_every_endpoint_of_a_cluster_is_verified_also_after_a_failover(rds: Rds) -> None:
    rds.cluster("c", members=2, EngineVersion=version())
    where = {"DBClusterEndpointIdentifier": "reports", "DBClusterIdentifier": "c", "StaticMembers": ["c-2"]}
    custom = rds("CreateDBClusterEndpoint", EndpointType="ANY", **where)["Endpoint"]

    def addresses() -> list[str]:
        shown = rds.shown_cluster("c")
        return [shown["Endpoint"], shown["ReaderEndpoint"], custom, rds.shown("c-1")["Endpoint"]["Address"]]

    def all_private() -> list[Any]:
        return [rds.sql({"Address": one, "Port": 5432}, IS_PRIVATE, **trusting(rds)) for one in addresses()]

    assert all_private() == [[(True,)]] * 4
    rds("FailoverDBCluster", DBClusterIdentifier="c", TargetDBInstanceIdentifier="c-2")
    assert all_private() == [[(True,)]] * 4
    assert rds.sql({"Address": custom, "Port": 5432}, IS_PRIVATE, **PLAIN) == [(False,)], "Aurora asks for it since 17"


def test_forwarding_ends_tls_and_refuses_what_has_none_in_the_servers_own_words(rds: Rds) -> None:
    wanted = group(rds, "DBClusterParameterGroup", "aurora-postgresql", rds__force_ssl="1")
    more = {"DBClusterParameterGroupName": wanted, "EnableLocalWriteForwarding": True}
    shown = rds.cluster("c", members=2, EngineVersion=version(), **more)
    writer, reader = ({"Address": shown[name], "Port": 5432} for name in ("Endpoint", "ReaderEndpoint"))
    rds.sql(writer, "CREATE TABLE t (a int)", **trusting(rds))
    soon(lambda: rds.sql(reader, "SELECT count(*) FROM t", **trusting(rds)), [(0,)])
    rds.sql(reader, "INSERT INTO t VALUES (1)", **trusting(rds))
    assert rds.sql(reader, "SELECT pg_is_in_recovery()", **trusting(rds)) == [(True,)]
    with pytest.raises(
        psycopg.OperationalError, match=r'no pg_hba.conf entry for host "127.*user "ann".*no encryption'
    ):
        rds.sql(reader, "SELECT 1", **PLAIN)
    change(rds, "DBClusterParameterGroup", rds__force_ssl="0")
    soon(lambda: rds.sql(reader, "SELECT a FROM t", **PLAIN), [(1,)])


def test_a_server_without_tls_says_so(rds: Rds) -> None:
    without = next((one for one in servers.found() if not one.has_tls), None)
    if without is None:
        pytest.skip("every PostgreSQL of this machine has TLS: the extra `postgresql` brings one that has not")
    shown = rds.instance("first", EngineVersion=str(without.major))
    assert "CertificateDetails" not in shown
    found = force(rds, f"default.postgres{without.major}")
    assert (found["ParameterValue"], found["AllowedValues"]) == ("0", "0")
    assert rds.sql(shown["Endpoint"], "SELECT 1") == [(1,)]
