"""IAM database authentication: a token lets in whom policies let in, to where it says, for 15 minutes and by TLS."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest

from fogbank.aws.errors import AwsError
from fogbank.codec.message import Request
from fogbank.gateway.sigv4 import Credentials, Signing, presign
from fogbank.planes.engines.postgresql import servers
from fogbank.planes.net import probe
from fogbank.services.rds import naming
from fogbank.testing.databases import PASSWORD, REGION, Rds, real, real_proxies, soon
from fogbank.testing.network import Network
from fogbank.testing.process import CloudProcess

SERVER = next((one for one in servers.found() if one.has_tls and one.has_ldap), None)
NEEDED = "no PostgreSQL with TLS and LDAP on this machine: apt-get install postgresql"
needs_ldap = pytest.mark.skipif(SERVER is None, reason=NEEDED)
WHO = "SELECT current_user"
PRIVATE = {"sslmode": "require"}
FAILED = r'LDAP authentication failed for user "app"'


def version() -> str:
    assert SERVER is not None
    return str(SERVER.major)


class Signer:
    """A user of the account with a key of its own, and what its policy allows."""

    def __init__(self, rds: Rds, name: str = "app") -> None:
        self.rds = rds
        self.name = name
        self._iam("CreateUser", UserName=name)
        key = self._iam("CreateAccessKey", UserName=name)["AccessKey"]
        self.login = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}

    def _iam(self, operation: str, **params: Any) -> dict[str, Any]:
        return self.rds.cloud.call("iam", operation, params, caller=self.rds.caller)

    def may(self, effect: str = "Allow", resource: str = "*") -> None:
        """Have a policy say so of `rds-db:connect`."""
        said = {"Effect": effect, "Action": "rds-db:connect", "Resource": resource}
        document = json.dumps({"Version": "2012-10-17", "Statement": [said]})
        self._iam("PutUserPolicy", UserName=self.name, PolicyName="connect", PolicyDocument=document)

    def token(self, endpoint: dict[str, Any], user: str = "app", region: str = REGION) -> str:
        """A token as an SDK makes it."""
        client = boto3.client("rds", region_name=region, **self.login)
        where = {"DBHostname": endpoint["Address"], "Port": endpoint["Port"]}
        found: str = client.generate_db_auth_token(DBUsername=user, **where)
        return found


def instance(rds: Rds, **more: Any) -> dict[str, Any]:
    """An instance that takes tokens, with a user `app` who logs in by them; what DescribeDBInstances shows of it."""
    shown = rds.instance("first", EngineVersion=version(), EnableIAMDatabaseAuthentication=True, **more)
    rds.sql(shown["Endpoint"], "CREATE ROLE app LOGIN PASSWORD 'also-a-password'")
    rds.sql(shown["Endpoint"], "GRANT rds_iam TO app")
    return shown


def entered(rds: Rds, endpoint: dict[str, Any], password: str, **more: Any) -> Any:
    """Who somebody is who comes with this password."""
    return rds.sql(endpoint, WHO, **{**PRIVATE, "user": "app", "password": password, **more})[0][0]


def refused(rds: Rds, endpoint: dict[str, Any], password: str, match: str = FAILED, **more: Any) -> None:
    with pytest.raises(psycopg.OperationalError, match=match):
        entered(rds, endpoint, password, **more)


@needs_ldap
def test_a_token_lets_in_whom_a_policy_lets_in(rds: Rds, caplog: pytest.LogCaptureFixture) -> None:
    shown = instance(rds)
    signer, endpoint = Signer(rds), shown["Endpoint"]
    assert shown["IAMDatabaseAuthenticationEnabled"]
    refused(rds, endpoint, signer.token(endpoint))
    assert "is not authorized to perform: rds-db:connect" in caplog.text, "the log says why"
    assert signer.token(endpoint) not in caplog.text
    arn = f"arn:aws:rds-db:{REGION}:{rds.account}:dbuser:{shown['DbiResourceId']}"
    signer.may(resource=f"{arn}/app")
    assert entered(rds, endpoint, signer.token(endpoint)) == "app"
    trusted = {"sslmode": "verify-full", "sslrootcert": str(rds.cloud.cloud.authority().bundle)}
    assert entered(rds, endpoint, signer.token(endpoint), **trusted) == "app"
    signer.may(resource=f"{arn}/somebody")
    refused(rds, endpoint, signer.token(endpoint))
    signer.may("Deny")
    refused(rds, endpoint, signer.token(endpoint))


@needs_ldap
def test_a_token_is_good_for_what_it_says_and_nothing_else(rds: Rds) -> None:
    endpoint = instance(rds)["Endpoint"]
    signer = Signer(rds)
    signer.may()
    good = signer.token(endpoint)
    rds.sql(endpoint, "CREATE ROLE other LOGIN IN ROLE rds_iam")
    refused(rds, endpoint, good, r'LDAP authentication failed for user "other"', user="other")
    refused(rds, endpoint, signer.token({**endpoint, "Address": "127.9.9.9"}))
    refused(rds, endpoint, signer.token({**endpoint, "Port": 5433}))
    refused(rds, endpoint, signer.token(endpoint, region="eu-west-1"))
    refused(rds, endpoint, good.replace("DBUser=app", "DBUser=app&DBUser=app"))
    refused(rds, endpoint, good[:-1] + ("0" if good[-1] != "0" else "1"))
    refused(rds, endpoint, good.replace("X-Amz-Expires=900", "X-Amz-Expires=9000"))
    for nonsense in ("x", "also-a-password", good.partition("?")[0], "é" * 2000, "/?" + "&" * 4000):
        refused(rds, endpoint, nonsense)
    assert entered(rds, endpoint, good) == "app"


@needs_ldap
def test_a_token_is_old_after_15_minutes_of_the_machines_time(rds: Rds) -> None:
    endpoint = instance(rds)["Endpoint"]
    signer = Signer(rds)
    signer.may()
    key = Credentials(*signer.login.values())
    request = Request("GET", "/", "Action=connect&DBUser=app", {"host": f"{endpoint['Address']}:{endpoint['Port']}"})

    def signed(seconds_ago: float, expires: int = 900) -> str:
        query = presign(request, key, Signing(REGION, "rds-db", time.time() - seconds_ago), expires)
        return f"{request.headers['host']}/?{query}"

    assert entered(rds, endpoint, signed(840)) == "app"
    refused(rds, endpoint, signed(901))
    refused(rds, endpoint, signed(11, 10))
    refused(rds, endpoint, signed(-1000))
    refused(rds, endpoint, signed(0, 901))


@needs_ldap
def test_a_user_who_has_the_role_comes_by_token_and_tls_alone(rds: Rds) -> None:
    endpoint = instance(rds)["Endpoint"]
    signer = Signer(rds)
    signer.may()
    refused(rds, endpoint, "also-a-password")
    refused(
        rds, endpoint, signer.token(endpoint), r"pg_hba.conf rejects connection .* no encryption", sslmode="disable"
    )
    assert rds.sql(endpoint, WHO) == [("ann",)], "others go on with passwords"
    rds.sql(endpoint, "REVOKE rds_iam FROM app")
    assert entered(rds, endpoint, "also-a-password") == "app"
    refused(rds, endpoint, signer.token(endpoint), r"password authentication failed")


@needs_ldap
def test_it_is_turned_on_and_off_without_a_restart(rds: Rds) -> None:
    endpoint = rds.instance("first", EngineVersion=version())["Endpoint"]
    rds.sql(endpoint, "CREATE ROLE app LOGIN IN ROLE rds_iam PASSWORD 'also-a-password'")
    signer, before = Signer(rds), rds.process_of("first")
    signer.may()
    refused(rds, endpoint, signer.token(endpoint), "password authentication failed")
    assert entered(rds, endpoint, "also-a-password") == "app"
    rds("ModifyDBInstance", DBInstanceIdentifier="first", EnableIAMDatabaseAuthentication=True)
    assert entered(rds, endpoint, signer.token(endpoint)) == "app"
    rds("ModifyDBInstance", DBInstanceIdentifier="first", EnableIAMDatabaseAuthentication=False)
    refused(rds, endpoint, signer.token(endpoint), "password authentication failed")
    assert rds.process_of("first") == before


@needs_ldap
@pytest.mark.parametrize("forwards", [False, True], ids=["plain", "forwarding"])
def test_a_clusters_endpoints_take_tokens_for_the_cluster(rds: Rds, forwards: bool) -> None:
    wanted = {"EnableIAMDatabaseAuthentication": True, "EnableLocalWriteForwarding": forwards}
    shown = rds.cluster("c", members=2, EngineVersion=version(), **wanted)
    assert rds.shown("c-2")["IAMDatabaseAuthenticationEnabled"]
    writer, reader = ({"Address": shown[name], "Port": 5432} for name in ("Endpoint", "ReaderEndpoint"))
    rds.sql(writer, "CREATE ROLE app LOGIN IN ROLE rds_iam PASSWORD 'also-a-password'")
    rds.sql(writer, "CREATE TABLE t (a int)")
    rds.sql(writer, "GRANT ALL ON t TO app")
    signer = Signer(rds)
    signer.may(resource=f"arn:aws:rds-db:{REGION}:{rds.account}:dbuser:{shown['DbClusterResourceId']}/app")
    for endpoint in (writer, reader):
        soon(lambda to=endpoint: entered(rds, to, signer.token(to)), "app")  # type: ignore[misc]
        refused(rds, endpoint, "also-a-password")
        refused(rds, endpoint, signer.token(endpoint), "no encryption", sslmode="disable")
        # Of each endpoint, at all: a failover must not make tokens worthless.
        assert entered(rds, endpoint, signer.token(writer)) == "app"
    if forwards:
        login = {**PRIVATE, "user": "app", "password": signer.token(reader)}
        rds.sql(reader, "INSERT INTO t VALUES (7)", **login)
        assert rds.sql(writer, "SELECT a FROM t") == [(7,)], "the writer has asked about the token too"
    rds("FailoverDBCluster", DBClusterIdentifier="c", TargetDBInstanceIdentifier="c-2")
    assert entered(rds, writer, signer.token(writer)) == "app"


@needs_ldap
def test_a_key_that_nobody_issued_is_the_accounts_root_as_everywhere(rds: Rds) -> None:
    endpoint = instance(rds)["Endpoint"]
    signer = Signer(rds)
    signer.login = {"aws_access_key_id": rds.account, "aws_secret_access_key": "any"}
    assert entered(rds, endpoint, signer.token(endpoint)) == "app"
    refused(rds, endpoint, signer.token({**endpoint, "Port": 5433}))
    signer.login["aws_access_key_id"] = "222222222222"
    refused(rds, endpoint, signer.token(endpoint))


@needs_ldap
def test_who_assumes_a_role_comes_with_its_session(rds: Rds) -> None:
    shown = instance(rds)
    trust = {"Effect": "Allow", "Principal": {"AWS": rds.account}, "Action": "sts:AssumeRole"}
    allow = {"Effect": "Allow", "Action": "rds-db:connect", "Resource": "*"}
    documents = [json.dumps({"Version": "2012-10-17", "Statement": [one]}) for one in (trust, allow)]
    call = rds.cloud.call
    role = {"RoleName": "job", "AssumeRolePolicyDocument": documents[0]}
    arn = call("iam", "CreateRole", role, caller=rds.caller)["Role"]["Arn"]
    policy = {"RoleName": "job", "PolicyName": "p", "PolicyDocument": documents[1]}
    call("iam", "PutRolePolicy", policy, caller=rds.caller)
    assumed = call("sts", "AssumeRole", {"RoleArn": arn, "RoleSessionName": "session"}, caller=rds.caller)[
        "Credentials"
    ]
    signer = Signer(rds)
    signer.login = {
        "aws_access_key_id": assumed["AccessKeyId"],
        "aws_secret_access_key": assumed["SecretAccessKey"],
        "aws_session_token": assumed["SessionToken"],
    }
    assert entered(rds, shown["Endpoint"], signer.token(shown["Endpoint"])) == "app"


def test_it_cannot_be_had_of_a_server_that_cannot_ask(rds: Rds) -> None:
    without = next((one for one in servers.found() if not (one.has_tls and one.has_ldap)), None)
    if without is None:
        pytest.skip("every PostgreSQL of this machine has TLS and LDAP")
    with pytest.raises(AwsError, match=r"InvalidParameterCombination.*without TLS and LDAP.*apt-get install"):
        rds.instance("first", EngineVersion=str(without.major), EnableIAMDatabaseAuthentication=True)
    endpoint = rds.instance("first", EngineVersion=str(without.major))["Endpoint"]
    rds.sql(endpoint, "CREATE ROLE app LOGIN PASSWORD 'also-a-password'")
    rds.sql(endpoint, "GRANT rds_iam TO app")
    assert rds.sql(endpoint, WHO, user="app", password="also-a-password") == [("app",)], "nobody asks for tokens"
    with pytest.raises(AwsError, match="InvalidParameterCombination"):
        rds("ModifyDBInstance", DBInstanceIdentifier="first", EnableIAMDatabaseAuthentication=True)


@needs_ldap
def test_logins_go_on_when_fogbank_comes_back_from_a_kill(tmp_path: Path) -> None:
    cloud = CloudProcess(tmp_path / "state", network="plain")
    try:
        cloud.start()
        rds, iam = (client(cloud, name) for name in ("rds", "iam"))
        made = {"Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20}
        login = {"MasterUsername": "ann", "MasterUserPassword": PASSWORD}
        rds.create_db_instance(
            DBInstanceIdentifier="first", EngineVersion=version(), EnableIAMDatabaseAuthentication=True, **made, **login
        )
        waiter = rds.get_waiter("db_instance_available")
        waiter.config.delay = 1
        waiter.wait(DBInstanceIdentifier="first")
        endpoint = rds.describe_db_instances()["DBInstances"][0]["Endpoint"]
        where = {"host": endpoint["Address"], "port": endpoint["Port"], "dbname": "postgres", **PRIVATE}
        with psycopg.connect(**where, user="ann", password=PASSWORD, autocommit=True) as connection:
            connection.execute("CREATE ROLE app LOGIN IN ROLE rds_iam")
        iam.create_user(UserName="app")
        iam.attach_user_policy(UserName="app", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        key = iam.create_access_key(UserName="app")["AccessKey"]
        signer = client(cloud, "rds", key["AccessKeyId"], key["SecretAccessKey"])
        token = signer.generate_db_auth_token(endpoint["Address"], endpoint["Port"], "app")

        def who() -> str:
            with psycopg.connect(**where, user="app", password=token) as connection:
                return str(connection.execute(WHO).fetchone()[0])  # type: ignore[index]

        assert who() == "app"
        cloud.kill()
        with pytest.raises(psycopg.OperationalError, match=FAILED):
            who()
        cloud.start()
        soon(who, "app")
        assert who() == "app"
    finally:
        cloud.close()


def client(cloud: CloudProcess, service: str, key: str = "test", secret: str = "test") -> Any:
    login = {"aws_access_key_id": key, "aws_secret_access_key": secret, "region_name": REGION}
    return boto3.client(service, endpoint_url=cloud.card.url, **login)


# In a network


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    mode, reason = probe.found(os.environ.get("FOGBANK_NETWORK", "auto"))
    if mode == "plain":
        pytest.skip(f"no network namespaces here: {reason}")
    found = Network(mode, databases=real, proxies=real_proxies)
    yield found
    found.close()


@needs_ldap
def test_a_server_in_a_network_asks_at_a_door_of_its_own(network: Network) -> None:
    rds = Rds(network.cloud, network)
    try:
        shown = instance(rds)
        signer, endpoint = Signer(rds), shown["Endpoint"]
        signer.may()
        trusted = {"sslmode": "verify-full", "sslrootcert": str(network.cloud.cloud.authority().bundle)}
        assert entered(rds, endpoint, signer.token(endpoint), **trusted) == "app"
        refused(rds, endpoint, "also-a-password")
        inside = {"Address": naming.endpoint("first", rds.account, REGION), "Port": 5432}
        seat = rds.record("first").seats[0]
        argv = ["env", f"PGPASSWORD={signer.token(inside)}", "PGCONNECT_TIMEOUT=5", "psql", "-Atc", WHO]
        said = f"host={inside['Address']} hostaddr={seat.address} user=app dbname=postgres"
        trust = " ".join(f"{name}={value}" for name, value in trusted.items())
        found = network.command(seat.interface_id, *argv, f"{said} {trust}")
        assert (found.output.decode().strip(), found.errors.decode()) == ("app", "")
    finally:
        network.forget()
