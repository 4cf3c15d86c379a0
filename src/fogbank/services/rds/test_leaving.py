"""What members of clusters refuse, how instances and clusters leave, and the names of their last snapshots."""

from __future__ import annotations

import pytest

from fogbank.services.rds.test_rds import Client, cluster, databases, instance, rds
from fogbank.testing import TestCloud
from fogbank.testing.refused import refused

__all__ = ["databases", "rds"]


@pytest.mark.parametrize("operation", ["StopDBInstance", "StartDBInstance"])
def test_members_are_stopped_with_their_cluster(rds: Client, operation: str) -> None:
    cluster(rds)
    with refused("InvalidParameterCombination", "not eligible for stopping"):
        rds(operation, DBInstanceIdentifier="c-1")


def test_snapshots_are_the_clusters(rds: Client) -> None:
    cluster(rds)
    with refused("InvalidParameterCombination", "CreateDBClusterSnapshot"):
        rds("CreateDBSnapshot", DBInstanceIdentifier="c-1", DBSnapshotIdentifier="s")
    with refused("InvalidParameterCombination", "the cluster's"):
        rds("DeleteDBInstance", DBInstanceIdentifier="c-1", FinalDBSnapshotIdentifier="s")


def test_a_final_snapshot_has_its_name_in_lower_case(rds: Client) -> None:
    instance(rds)
    rds("DeleteDBInstance", DBInstanceIdentifier="shop", FinalDBSnapshotIdentifier="Last-One")
    found = rds("DescribeDBSnapshots", DBSnapshotIdentifier="Last-One")["DBSnapshots"]
    assert [one["DBSnapshotIdentifier"] for one in found] == ["last-one"]


def test_a_final_snapshot_of_a_cluster_takes_nobodys_place(rds: Client) -> None:
    cluster(rds)
    rds("CreateDBClusterSnapshot", DBClusterIdentifier="c", DBClusterSnapshotIdentifier="kept")
    for member in ("c-1", "c-2"):
        rds("DeleteDBInstance", DBInstanceIdentifier=member, SkipFinalSnapshot=True)
    with refused("DBClusterSnapshotAlreadyExistsFault"):
        rds("DeleteDBCluster", DBClusterIdentifier="c", FinalDBSnapshotIdentifier="Kept")
    rds("DeleteDBCluster", DBClusterIdentifier="c", FinalDBSnapshotIdentifier="Other")
    found = rds("DescribeDBClusterSnapshots", SnapshotType="manual")["DBClusterSnapshots"]
    assert [one["DBClusterSnapshotIdentifier"] for one in found] == ["kept", "other"]


def test_a_member_that_goes_is_gone_when_its_cluster_has_stopped(cloud: TestCloud, rds: Client) -> None:
    cluster(rds)
    cloud.call("rds", "DeleteDBInstance", {"DBInstanceIdentifier": "c-2", "SkipFinalSnapshot": True})
    rds("StopDBCluster", DBClusterIdentifier="c")
    assert [one["DBInstanceIdentifier"] for one in rds("DescribeDBInstances")["DBInstances"]] == ["c-1"]
    with refused("InvalidDBClusterStateFault"):
        rds("DeleteDBInstance", DBInstanceIdentifier="c-1", SkipFinalSnapshot=True)
    rds("StartDBCluster", DBClusterIdentifier="c")
    rds("DeleteDBInstance", DBInstanceIdentifier="c-1", SkipFinalSnapshot=True)
    assert rds("DescribeDBInstances")["DBInstances"] == []


@pytest.mark.parametrize("operation", ["DescribeDBInstances", "DescribeDBClusters", "DescribeDBSnapshots"])
def test_pages_have_twenty_rows_at_least(rds: Client, operation: str) -> None:
    with refused("InvalidParameterValue", "MaxRecords"):
        rds(operation, MaxRecords=19)
