"""What stays of databases that a stack takes away: `DeletionPolicy: Snapshot`, which is what happens by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.testing import TestCloud

from .test_forty import Story

DATABASES = """
Resources:
  Shop:
    Type: AWS::RDS::DBInstance
    Properties:
      Engine: postgres
      DBInstanceClass: db.t3.micro
      AllocatedStorage: '20'
      MasterUsername: a
      MasterUserPassword: secret-secret
  Cluster:
    Type: AWS::RDS::DBCluster
    Properties: {Engine: aurora-postgresql, MasterUsername: clerk, MasterUserPassword: secret-secret}
  Member:
    Type: AWS::RDS::DBInstance
    Properties: {Engine: aurora-postgresql, DBClusterIdentifier: !Ref Cluster, DBInstanceClass: db.r6g.large}
"""
MEMBER = "  Member:\n    Type: AWS::RDS::DBInstance\n"


@pytest.fixture
def story(cloud: TestCloud) -> Iterator[Story]:
    yield Story(cloud)


def kept(story: Story) -> dict[str, list[dict[str, Any]]]:
    """The snapshots that people would have made."""
    asked = {"SnapshotType": "manual"}
    return {
        "instances": story.ask("rds", "DescribeDBSnapshots", asked)["DBSnapshots"],
        "clusters": story.ask("rds", "DescribeDBClusterSnapshots", asked)["DBClusterSnapshots"],
    }


def test_a_database_leaves_a_snapshot_unless_somebody_says_otherwise(story: Story) -> None:
    assert story.does("CreateStack", TemplateBody=DATABASES) == "CREATE_COMPLETE", story.why()
    ids = story.ids()
    assert story.does("DeleteStack") == "DELETE_COMPLETE", story.why()
    (instance,), (cluster,) = kept(story)["instances"], kept(story)["clusters"]
    assert instance["DBSnapshotIdentifier"].startswith("shop-snapshot-shop-")
    assert (instance["DBInstanceIdentifier"], instance["Status"]) == (ids["Shop"], "available")
    assert cluster["DBClusterSnapshotIdentifier"].startswith("shop-snapshot-cluster-")
    assert cluster["DBClusterIdentifier"] == ids["Cluster"], "of its member there is none"


def test_nothing_is_left_where_that_is_said(story: Story) -> None:
    body = DATABASES.replace("    Properties:", "    DeletionPolicy: Delete\n    Properties:")
    assert story.does("CreateStack", TemplateBody=body) == "CREATE_COMPLETE", story.why()
    assert story.does("DeleteStack") == "DELETE_COMPLETE", story.why()
    assert kept(story) == {"instances": [], "clusters": []}


def test_what_is_replaced_leaves_one_too_if_it_is_asked_for(story: Story) -> None:
    body = DATABASES[: DATABASES.index("  Cluster:")].replace(
        "    Properties:", "    DeletionPolicy: Delete\n    UpdateReplacePolicy: Snapshot\n    Properties:"
    )
    assert story.does("CreateStack", TemplateBody=body) == "CREATE_COMPLETE", story.why()
    before = story.ids()["Shop"]
    other = body.replace("MasterUsername: a", "MasterUsername: b")
    assert story.does("UpdateStack", TemplateBody=other) == "UPDATE_COMPLETE", story.why()
    (found,) = kept(story)["instances"]
    assert (found["DBInstanceIdentifier"], found["MasterUsername"]) == (before, "a")
    assert story.ids()["Shop"] != before
    assert story.does("DeleteStack") == "DELETE_COMPLETE", story.why()
    assert len(kept(story)["instances"]) == 1


def test_a_member_of_a_cluster_has_no_snapshot_of_its_own(story: Story) -> None:
    body = DATABASES.replace(MEMBER, f"{MEMBER}    DeletionPolicy: Snapshot\n")
    assert story.does("CreateStack", TemplateBody=body) == "ROLLBACK_COMPLETE"
    text = "DeletionPolicy:Snapshot cannot be specified for a cluster instance, use deletion policy on the cluster"
    assert ("Member", f"{text} instead. (ValidationError)") in story.why()


def test_what_has_no_snapshots_is_not_promised_one(story: Story) -> None:
    body = "Resources: {Q: {Type: 'AWS::SQS::Queue', DeletionPolicy: Snapshot}}"
    with pytest.raises(AwsError, match="resource type AWS::SQS::Queue does not support deletion policy Snapshot"):
        story.does("CreateStack", TemplateBody=body)
