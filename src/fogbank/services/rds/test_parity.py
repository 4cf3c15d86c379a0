"""boto3's paginators and waiters on RDS."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.testing.plugin import MakeClient

LOGIN = {"MasterUsername": "ann", "MasterUserPassword": "correct-horse-9"}
FAST = {"Delay": 1, "MaxAttempts": 30}


@pytest.fixture
def rds(boto: MakeClient) -> Any:
    """An account with more of everything that is listed than fits a page."""
    rds = boto("rds")
    topic = boto("sns").create_topic(Name="t")["TopicArn"]
    subnets = [one["SubnetId"] for one in boto("ec2").describe_subnets()["Subnets"]]
    family = rds.describe_db_engine_versions(Engine="postgres", DefaultOnly=True)["DBEngineVersions"][0]
    major = family["MajorEngineVersion"]
    made = {"DBParameterGroupFamily": family["DBParameterGroupFamily"], "Description": "x"}
    aurora = {"DBParameterGroupFamily": f"aurora-postgresql{major}", "Description": "x"}
    for number in range(20):
        rds.create_db_parameter_group(DBParameterGroupName=f"g{number}", **made)
        rds.create_db_cluster_parameter_group(DBClusterParameterGroupName=f"g{number}", **aurora)
        rds.create_db_subnet_group(DBSubnetGroupName=f"g{number}", DBSubnetGroupDescription="x", SubnetIds=subnets)
        rds.create_event_subscription(SubscriptionName=f"s{number}", SnsTopicArn=topic)
        rds.create_option_group(
            OptionGroupName=f"g{number}", EngineName="postgres", MajorEngineVersion=major, OptionGroupDescription="x"
        )
        parameter = {"ParameterName": "work_mem", "ParameterValue": f"{100 + number}", "ApplyMethod": "immediate"}
        rds.modify_db_parameter_group(DBParameterGroupName="g0", Parameters=[parameter])
        rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName="g0", Parameters=[parameter])
    return rds


def test_lists_come_in_pages(rds: Any) -> None:
    for name, key, params in (
        ("describe_db_parameter_groups", "DBParameterGroups", {}),
        ("describe_db_cluster_parameter_groups", "DBClusterParameterGroups", {}),
        ("describe_db_parameters", "Parameters", {"DBParameterGroupName": "g0"}),
        ("describe_db_cluster_parameters", "Parameters", {"DBClusterParameterGroupName": "g0"}),
        ("describe_events", "Events", {"SourceType": "db-parameter-group"}),
        ("describe_option_groups", "OptionGroupsList", {}),
        ("describe_orderable_db_instance_options", "OrderableDBInstanceOptions", {"Engine": "postgres"}),
        ("describe_source_regions", "SourceRegions", {}),
    ):
        pages = list(rds.get_paginator(name).paginate(**params, PaginationConfig={"PageSize": 20}))
        whole = list(rds.get_paginator(name).paginate(**params, PaginationConfig={"PageSize": 100}))
        rows = [[row for page in found for row in page[key]] for found in (pages, whole)]
        assert rows[0] == rows[1], name
        assert len(pages) > len(whole) or len(rows[0]) <= 20, name


def test_short_lists_come_in_pages_too(rds: Any) -> None:
    for name, key in (
        ("describe_db_subnet_groups", "DBSubnetGroups"),
        ("describe_event_subscriptions", "EventSubscriptionsList"),
        ("describe_db_engine_versions", "DBEngineVersions"),
        ("describe_certificates", "Certificates"),
        ("describe_pending_maintenance_actions", "PendingMaintenanceActions"),
        ("describe_reserved_db_instances", "ReservedDBInstances"),
        ("describe_db_security_groups", "DBSecurityGroups"),
    ):
        pages = rds.get_paginator(name).paginate(PaginationConfig={"PageSize": 20})
        assert len([row for page in pages for row in page[key]]) == len(getattr(rds, name)()[key]), name
    found = rds.get_paginator("describe_engine_default_parameters").paginate(
        DBParameterGroupFamily=rds.describe_db_parameter_groups()["DBParameterGroups"][0]["DBParameterGroupFamily"],
        PaginationConfig={"PageSize": 20},
    )
    assert all(page["EngineDefaults"]["Parameters"] for page in found)


def test_waiters_see_an_instance_come_and_go(boto: MakeClient) -> None:
    from botocore.exceptions import WaiterError

    rds = boto("rds")
    small = {"Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20}
    rds.create_db_instance(DBInstanceIdentifier="shop", **small, **LOGIN)
    rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier="shop", WaiterConfig=FAST)
    files = rds.get_paginator("describe_db_log_files").paginate(DBInstanceIdentifier="shop")
    assert [page["DescribeDBLogFiles"] for page in files]
    with pytest.raises(WaiterError):
        rds.get_waiter("db_instance_deleted").wait(
            DBInstanceIdentifier="shop", WaiterConfig={"Delay": 0, "MaxAttempts": 1}
        )
    rds.delete_db_instance(DBInstanceIdentifier="shop", SkipFinalSnapshot=True)
    rds.get_waiter("db_instance_deleted").wait(DBInstanceIdentifier="shop", WaiterConfig=FAST)


def test_errors_are_the_models(boto: MakeClient) -> None:
    rds = boto("rds")
    for error, call in (
        (rds.exceptions.DBParameterGroupNotFoundFault, lambda: rds.describe_db_parameters(DBParameterGroupName="x")),
        (rds.exceptions.DBSubnetGroupNotFoundFault, lambda: rds.delete_db_subnet_group(DBSubnetGroupName="x")),
        (rds.exceptions.OptionGroupNotFoundFault, lambda: rds.delete_option_group(OptionGroupName="x")),
        (rds.exceptions.SubscriptionNotFoundFault, lambda: rds.delete_event_subscription(SubscriptionName="x")),
        (rds.exceptions.CertificateNotFoundFault, lambda: rds.describe_certificates(CertificateIdentifier="x")),
    ):
        with pytest.raises(error) as caught:
            call()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
