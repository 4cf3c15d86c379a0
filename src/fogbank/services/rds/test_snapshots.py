"""Snapshots of clusters, and what is restored from them: shared, copied, refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control import caller as callers
from fogbank.testing import START, TestCloud

AURORA = "aurora-postgresql"
OTHER = "222222222222"
Client = Callable[..., dict[str, Any]]


@pytest.fixture
def client(cloud: TestCloud) -> Callable[[str], Client]:
    """RDS of an account, in any region; each call has all that follows from it done."""

    def of(account: str) -> Client:
        def called(operation: str, *, region: str = "us-east-1", **params: Any) -> dict[str, Any]:
            found = cloud.call("rds", operation, params, region=region, caller=callers.root(account))
            cloud.run(cloud.cloud.settled())
            return found

        return called

    return of


@pytest.fixture
def rds(client: Callable[[str], Client]) -> Iterator[Client]:
    """An account with a cluster `c` that has a writer."""
    found = client("111111111111")
    login = {"MasterUsername": "ann", "MasterUserPassword": "correct-horse-9"}
    found("CreateDBCluster", DBClusterIdentifier="c", Engine=AURORA, **login)
    member = {"DBClusterIdentifier": "c", "Engine": AURORA, "DBInstanceClass": "db.r6g.large"}
    found("CreateDBInstance", DBInstanceIdentifier="c-1", **member)
    yield found


def taken(rds: Client, **more: Any) -> dict[str, Any]:
    found = rds("CreateDBClusterSnapshot", DBClusterSnapshotIdentifier="s", DBClusterIdentifier="c", **more)
    made: dict[str, Any] = found["DBClusterSnapshot"]
    return made


def test_a_copy_says_what_it_is_a_copy_of_also_from_another_region(rds: Client) -> None:
    arn = taken(rds, Tags=[{"Key": "k", "Value": "v"}])["DBClusterSnapshotArn"]
    copy = {"SourceDBClusterSnapshotIdentifier": arn, "CopyTags": True}
    rds("CopyDBClusterSnapshot", TargetDBClusterSnapshotIdentifier="t", region="eu-west-1", **copy)
    (found,) = rds("DescribeDBClusterSnapshots", region="eu-west-1")["DBClusterSnapshots"]
    assert (found["DBClusterSnapshotIdentifier"], found["Status"]) == ("t", "available")
    assert found["SourceDBClusterSnapshotArn"] == arn
    assert found["TagList"] == [{"Key": "k", "Value": "v"}]
    with pytest.raises(AwsError, match="already exists") as caught:
        rds("CopyDBClusterSnapshot", TargetDBClusterSnapshotIdentifier="t", region="eu-west-1", **copy)
    assert caught.value.code == "DBClusterSnapshotAlreadyExistsFault"


def test_a_snapshot_is_shared_with_an_account_and_with_no_other(rds: Client, client: Callable[[str], Client]) -> None:
    arn, other = taken(rds)["DBClusterSnapshotArn"], client(OTHER)
    restore = {"DBClusterIdentifier": "theirs", "SnapshotIdentifier": arn, "Engine": AURORA}
    share = {"DBClusterSnapshotIdentifier": "s", "AttributeName": "restore"}
    with pytest.raises(AwsError, match="DBClusterSnapshot not found"):
        other("RestoreDBClusterFromSnapshot", **restore)
    found = rds("ModifyDBClusterSnapshotAttribute", ValuesToAdd=[OTHER], **share)["DBClusterSnapshotAttributesResult"]
    assert found["DBClusterSnapshotAttributes"] == [{"AttributeName": "restore", "AttributeValues": [OTHER]}]
    asked = rds("DescribeDBClusterSnapshotAttributes", DBClusterSnapshotIdentifier="s")
    assert asked["DBClusterSnapshotAttributesResult"] == found
    assert other("DescribeDBClusterSnapshots")["DBClusterSnapshots"] == []
    assert len(other("DescribeDBClusterSnapshots", IncludeShared=True)["DBClusterSnapshots"]) == 1
    assert other("RestoreDBClusterFromSnapshot", **restore)["DBCluster"]["Status"] == "creating"
    rds("ModifyDBClusterSnapshotAttribute", ValuesToRemove=[OTHER], **share)
    with pytest.raises(AwsError, match="DBClusterSnapshot not found"):
        other("RestoreDBClusterFromSnapshot", **{**restore, "DBClusterIdentifier": "again"})


def test_what_is_automated_is_neither_shared_nor_deleted(rds: Client) -> None:
    (found,) = rds("DescribeDBClusterSnapshots", SnapshotType="automated")["DBClusterSnapshots"]
    name = found["DBClusterSnapshotIdentifier"]
    share = {"AttributeName": "restore", "ValuesToAdd": [OTHER]}
    for operation, more in (("ModifyDBClusterSnapshotAttribute", share), ("DeleteDBClusterSnapshot", {})):
        with pytest.raises(AwsError) as caught:
            rds(operation, DBClusterSnapshotIdentifier=name, **more)
        assert caught.value.code == "InvalidDBClusterSnapshotStateFault"


def test_a_day_later_there_is_one_more_and_after_the_retention_the_first_is_gone(cloud: TestCloud, rds: Client) -> None:
    def there() -> list[str]:
        found = rds("DescribeDBClusterSnapshots", SnapshotType="automated")["DBClusterSnapshots"]
        return [one["DBClusterSnapshotIdentifier"] for one in found]

    (first,) = there()
    cloud.advance(86_400)
    assert len(there()) == 2
    cloud.advance(86_400)
    assert first not in there()
    rds("DeleteDBInstance", DBInstanceIdentifier="c-1")
    rds("DeleteDBCluster", DBClusterIdentifier="c", SkipFinalSnapshot=True)
    assert there() == []


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, "InvalidParameterCombination"),
        ({"UseLatestRestorableTime": True, "RestoreToTime": START}, "InvalidParameterCombination"),
        ({"RestoreType": "copy-on-write", "RestoreToTime": START}, "InvalidParameterCombination"),
        ({"RestoreType": "half", "UseLatestRestorableTime": True}, "InvalidParameterValue"),
        ({"RestoreToTime": START - 10}, "InvalidParameterValue"),
        ({"RestoreToTime": START + 10_000_000}, "InvalidParameterValue"),
        ({"UseLatestRestorableTime": True, "SourceDBClusterIdentifier": "no"}, "DBClusterNotFoundFault"),
        ({"UseLatestRestorableTime": True, "SourceDbClusterResourceId": "cluster-NO"}, "DBClusterNotFoundFault"),
        ({"UseLatestRestorableTime": True, "DBClusterIdentifier": "c"}, "DBClusterAlreadyExistsFault"),
    ],
)
def test_a_moment_that_cannot_be_restored_is_refused(rds: Client, params: dict[str, Any], code: str) -> None:
    wanted = {"DBClusterIdentifier": "d", "SourceDBClusterIdentifier": "c", **params}
    with pytest.raises(AwsError) as caught:
        rds("RestoreDBClusterToPointInTime", **wanted)
    assert caught.value.code == code


def test_a_cluster_says_from_when_to_when_it_can_be_restored(rds: Client) -> None:
    (found,) = rds("DescribeDBClusters")["DBClusters"]
    assert found["EarliestRestorableTime"] <= found["LatestRestorableTime"]


def test_what_can_be_restored_is_listed_of_instances_and_of_clusters(rds: Client) -> None:
    login = {"MasterUsername": "ann", "MasterUserPassword": "correct-horse-9"}
    for name, days in (("kept", 1), ("unkept", 0)):
        what = {"Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20, **login}
        rds("CreateDBInstance", DBInstanceIdentifier=name, BackupRetentionPeriod=days, **what)
    (found,) = rds("DescribeDBInstanceAutomatedBackups")["DBInstanceAutomatedBackups"]
    assert (found["DBInstanceIdentifier"], found["Status"]) == ("kept", "active")
    assert found["RestoreWindow"]["EarliestTime"] <= found["RestoreWindow"]["LatestTime"]
    (one,) = rds("DescribeDBClusterAutomatedBackups", DBClusterIdentifier="c")["DBClusterAutomatedBackups"]
    assert (one["DBClusterIdentifier"], one["Status"]) == ("c", "active")
    with pytest.raises(AwsError) as caught:
        rds("DescribeDBInstanceAutomatedBackups", DBInstanceIdentifier="unkept")
    assert caught.value.code == "DBInstanceAutomatedBackupNotFound"
