"""Who may ask what of which cluster, with databases that only remember what they were told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.control.caller import Caller
from fogbank.planes.engines.postgresql.fake import FakeDatabases
from fogbank.services.rds_data import rules
from fogbank.testing import TestCloud
from fogbank.testing.refused import refused

PASSWORD = "correct-horse-9"


class Account:
    """An account with a cluster `c` and its secret."""

    def __init__(self, cloud: TestCloud, members: int = 1, **more: Any) -> None:
        self.cloud = cloud
        self.rds = cloud.client("rds")
        login = {"MasterUsername": "ann", "MasterUserPassword": PASSWORD}
        wanted = {"Engine": "aurora-postgresql", "EnableHttpEndpoint": True, **login, **more}
        self.arn = self.rds("CreateDBCluster", DBClusterIdentifier="c", **wanted)["DBCluster"]["DBClusterArn"]
        for number in range(1, members + 1):
            member = {"DBClusterIdentifier": "c", "Engine": "aurora-postgresql", "DBInstanceClass": "db.r6g.large"}
            self.rds("CreateDBInstance", DBInstanceIdentifier=f"c-{number}", **member)
        cloud.run(cloud.cloud.settled())
        self.secret = self.keep("master", json.dumps({"username": "ann", "password": PASSWORD}))

    @property
    def databases(self) -> FakeDatabases:
        found = self.cloud.cloud.databases
        assert isinstance(found, FakeDatabases)
        return found

    def keep(self, name: str, text: str) -> str:
        return str(self.cloud.call("secretsmanager", "CreateSecret", {"Name": name, "SecretString": text})["ARN"])

    def __call__(
        self, operation: str = "ExecuteStatement", caller: Caller | None = None, **more: Any
    ) -> dict[str, Any]:
        params = {"resourceArn": self.arn, "secretArn": self.secret, **more}
        if operation == "ExecuteStatement":
            params = {"sql": "SELECT 1", "database": "shop", **params}
        return self.cloud.call("rds-data", operation, params, caller=caller)


@pytest.fixture
def account(cloud: TestCloud) -> Account:
    return Account(cloud)


def test_a_statement_is_run_as_the_secrets_user_at_the_clusters_endpoint(account: Account) -> None:
    assert account() == {"numberOfRecordsUpdated": 0, "generatedFields": []}
    (session,) = account.databases.sessions
    shown = account.rds("DescribeDBClusters")["DBClusters"][0]
    assert session.login == (shown["Endpoint"], shown["Port"], "ann", PASSWORD, "shop")
    assert session.asked == [("SELECT 1", ())]


def test_a_cluster_whose_endpoint_is_off_is_not_spoken_to(cloud: TestCloud) -> None:
    account = Account(cloud, EnableHttpEndpoint=False)
    with refused("HttpEndpointNotEnabledException", f"HttpEndpoint is not enabled for resource {account.arn}"):
        account()
    turned = account.rds("EnableHttpEndpoint", ResourceArn=account.arn)
    assert turned == {"ResourceArn": account.arn, "HttpEndpointEnabled": True}
    assert account.rds("DescribeDBClusters")["DBClusters"][0]["HttpEndpointEnabled"] is True
    account()
    account.rds("DisableHttpEndpoint", ResourceArn=account.arn)
    with refused("HttpEndpointNotEnabledException"):
        account()
    with refused("ResourceNotFoundFault"):
        account.rds("EnableHttpEndpoint", ResourceArn=account.arn + "x")


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("arn:aws:rds:us-east-1:000000000000:cluster:other", "HttpEndpointNotEnabledException"),
        ("arn:aws:rds:us-east-1:000000000000:cluster:C", "HttpEndpointNotEnabledException"),
        ("arn:aws:rds:us-east-1:000000000000:db:c-1", "HttpEndpointNotEnabledException"),
        ("arn:aws:rds:eu-west-1:000000000000:cluster:c", "HttpEndpointNotEnabledException"),
        ("arn:aws:rds:us-east-1:999999999999:cluster:c", "HttpEndpointNotEnabledException"),
        ("the-cluster-c", "BadRequestException"),
    ],
)
def test_an_arn_has_to_be_the_clusters_own(account: Account, arn: str, code: str) -> None:
    with refused(code):
        account(resourceArn=arn)


def test_a_cluster_that_cannot_answer_says_why(cloud: TestCloud) -> None:
    account = Account(cloud, members=0)
    account.rds("DescribeDBClusters")
    with refused("(DatabaseNotFoundException|InvalidResourceStateException)"):
        account()
    member = {"DBClusterIdentifier": "c", "Engine": "aurora-postgresql", "DBInstanceClass": "db.r6g.large"}
    account.rds("CreateDBInstance", DBInstanceIdentifier="c-1", **member)
    cloud.run(cloud.cloud.settled())
    account()
    account.rds("StopDBCluster", DBClusterIdentifier="c")
    with refused("InvalidResourceStateException", "is in stopp"):
        account()


def test_a_secret_has_to_be_a_login(account: Account) -> None:
    for text in ("no json", "[]", '{"username": "ann"}', '{"username": 1, "password": "x"}'):
        with refused("InvalidSecretException"):
            account(secretArn=account.keep(f"bad-{len(text)}", text))
    with refused("SecretsErrorException"):
        account(secretArn="nothing-of-that-name")
    wrong = account.keep("wrong", '{"username": "ann", "password": "wrong"}')
    with refused("DatabaseErrorException", 'password authentication failed for user "ann"; SQLState: 28P01'):
        account(secretArn=wrong)


def test_what_aws_no_longer_takes_is_refused(account: Account) -> None:
    with refused("ValidationException", "The schema parameter isn't supported"):
        account(schema="public")
    with refused("ValidationException", "Multistatements aren't supported"):
        account(sql="SELECT 1; SELECT 2")
    with refused("NotImplemented"):
        old = {"dbClusterOrInstanceArn": account.arn, "awsSecretStoreArn": account.secret, "sqlStatements": "SELECT 1"}
        account.cloud.call("rds-data", "ExecuteSql", old)


def test_sessions_are_kept_for_the_next_call_and_closed_after_a_while(account: Account) -> None:
    account()
    account()
    assert [one.asked[-2:] for one in account.databases.sessions] == [[("DISCARD ALL", ()), ("SELECT 1", ())]]
    account(database="other")
    assert len(account.databases.sessions) == 2, "another database is another session"
    account.cloud.advance(rules.KEPT_SECONDS)
    assert {one.state for one in account.databases.sessions} == {"closed"}


def test_a_session_whose_server_went_is_made_anew(account: Account) -> None:
    account()
    account.databases.sessions[0].close()
    account()
    assert [one.state for one in account.databases.sessions] == ["closed", "idle"]


def test_a_transaction_ends_with_its_cluster_of_calls(account: Account) -> None:
    transaction = account("BeginTransaction", database="shop")["transactionId"]
    (session,) = account.databases.sessions
    account(transactionId=transaction)
    with refused("BadRequestException", "Database name"):
        account(transactionId=transaction, database="other")
    account.cloud.advance(rules.IDLE_SECONDS - 1)
    assert session.state == "open"
    account.cloud.advance(1)
    assert session.state == "closed"
    with refused("TransactionNotFoundException", "Transaction .* is not found. Transaction may be expired."):
        account("CommitTransaction", transactionId=transaction)
    with refused("TransactionNotFoundException", "is not found$"):
        account("RollbackTransaction", transactionId="made-up")


def test_a_cluster_has_so_many_sessions_and_no_more(account: Account) -> None:
    account()
    for _ in range(rules.SESSIONS_MAX):
        account("BeginTransaction", database="shop")
    assert account.databases.sessions[0].state == "open", "the one that was kept became a transaction's"
    with refused("ServiceUnavailableError"):
        account()
    account.cloud.advance(rules.IDLE_SECONDS)
    account()


def test_a_reset_closes_every_session(account: Account) -> None:
    account()
    account("BeginTransaction")
    account.cloud.cloud.reset()
    assert {one.state for one in account.databases.sessions} == {"closed"}


def test_the_caller_needs_the_api_and_the_secret(cloud: TestCloud, account: Account) -> None:
    iam = cloud.client("iam")
    iam("CreateUser", UserName="eve")
    found = cloud.cloud.credential(iam("CreateAccessKey", UserName="eve")["AccessKey"]["AccessKeyId"], None)
    assert found is not None
    eve = found.caller
    with refused("AccessDeniedException", f"rds-data:ExecuteStatement on resource: {account.arn}"):
        account(caller=eve)
    allowed = [{"Effect": "Allow", "Action": "rds-data:ExecuteStatement", "Resource": account.arn}]
    policy = {"Version": "2012-10-17", "Statement": allowed}
    iam("PutUserPolicy", UserName="eve", PolicyName="p", PolicyDocument=json.dumps(policy))
    with refused("AccessDeniedException", "secretsmanager:GetSecretValue"):
        account(caller=eve)
    allowed.append({"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": account.secret})
    iam("PutUserPolicy", UserName="eve", PolicyName="p", PolicyDocument=json.dumps(policy))
    account(caller=eve)
    with refused("AccessDeniedException", "rds-data:BeginTransaction"):
        account("BeginTransaction", caller=eve)
