"""Every error that the model has for RDS's operations around instances: provoked with its message, or excused."""
# ruff: noqa: E501 (a table: a case to a line, with the whole sentence)

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from fogbank.control import caller as callers
from fogbank.services.rds.resources import Instance
from fogbank.testing import TestCloud, parity
from fogbank.testing.parity import Case, Parity, World

AT = "arn:aws:rds:us-east-1:000000000000"
TOPIC = "arn:aws:sns:us-east-1:000000000000"
VALUE, MIX = "InvalidParameterValue", "InvalidParameterCombination"
OPERATIONS = (
    "AddSourceIdentifierToSubscription", "AddTagsToResource", "CopyDBClusterParameterGroup", "CopyDBParameterGroup",
    "CopyOptionGroup", "CreateDBClusterParameterGroup", "CreateDBParameterGroup", "CreateDBSubnetGroup",
    "CreateEventSubscription", "CreateOptionGroup", "DeleteDBClusterParameterGroup", "DeleteDBParameterGroup",
    "DeleteDBSubnetGroup", "DeleteEventSubscription", "DeleteOptionGroup", "DescribeAccountAttributes",
    "DescribeCertificates", "DescribeDBClusterParameterGroups", "DescribeDBClusterParameters",
    "DescribeDBEngineVersions", "DescribeDBLogFiles", "DescribeDBMajorEngineVersions", "DescribeDBParameterGroups",
    "DescribeDBParameters", "DescribeDBSecurityGroups", "DescribeDBSubnetGroups",
    "DescribeEngineDefaultClusterParameters", "DescribeEngineDefaultParameters", "DescribeEventCategories",
    "DescribeEventSubscriptions", "DescribeEvents", "DescribeOptionGroupOptions", "DescribeOptionGroups",
    "DescribeOrderableDBInstanceOptions", "DescribePendingMaintenanceActions", "DescribeReservedDBInstances",
    "DescribeSourceRegions", "DescribeValidDBInstanceModifications", "DownloadDBLogFilePortion",
    "ListTagsForResource", "ModifyDBClusterParameterGroup", "ModifyDBParameterGroup", "ModifyDBSubnetGroup",
    "ModifyEventSubscription", "ModifyOptionGroup", "RemoveSourceIdentifierFromSubscription",
    "RemoveTagsFromResource", "ResetDBClusterParameterGroup", "ResetDBParameterGroup",
)  # fmt: skip


def _made(cloud: TestCloud) -> dict[str, str]:
    rds, ec2 = cloud.client("rds"), cloud.client("ec2")
    login = {"MasterUsername": "ann", "MasterUserPassword": "correct-horse-9"}
    small = {"Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20, **login}
    vpc, other = (ec2("CreateVpc", CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"] for _ in range(2))

    def subnet(vpc_id: str, number: int, zone: str) -> str:
        wanted = {"CidrBlock": f"10.1.{number}.0/24", "AvailabilityZone": f"us-east-1{zone}"}
        return str(ec2("CreateSubnet", VpcId=vpc_id, **wanted)["Subnet"]["SubnetId"])

    a, b, c = subnet(vpc, 0, "a"), subnet(vpc, 1, "b"), subnet(vpc, 2, "a")
    far = subnet(other, 0, "b"), subnet(other, 1, "c")
    rds("CreateDBSubnetGroup", DBSubnetGroupName="private", DBSubnetGroupDescription="x", SubnetIds=[a, b])
    group = {"DBParameterGroupFamily": "postgres16", "Description": "x"}
    rds("CreateDBParameterGroup", DBParameterGroupName="used", **group)
    rds("CreateDBParameterGroup", DBParameterGroupName="free", **group)
    group = {"DBParameterGroupFamily": "aurora-postgresql16", "Description": "x"}
    rds("CreateDBClusterParameterGroup", DBClusterParameterGroupName="used", **group)
    rds("CreateDBClusterParameterGroup", DBClusterParameterGroupName="free", **group)
    option = {"EngineName": "postgres", "MajorEngineVersion": "16", "OptionGroupDescription": "x"}
    rds("CreateOptionGroup", OptionGroupName="used", **option)
    named = {"DBParameterGroupName": "used", "OptionGroupName": "used", "DBSubnetGroupName": "private"}
    rds("CreateDBInstance", DBInstanceIdentifier="shop", AvailabilityZone="us-east-1a", **named, **small)
    aurora = {"Engine": "aurora-postgresql", "DBClusterParameterGroupName": "used", **login}
    rds("CreateDBCluster", DBClusterIdentifier="c", **aurora)
    cloud.call("sns", "CreateTopic", {"Name": "t"})
    rds("CreateEventSubscription", SubscriptionName="s", SnsTopicArn=f"{TOPIC}:t", SourceType="db-instance")
    rds("CreateEventSubscription", SubscriptionName="all", SnsTopicArn=f"{TOPIC}:t")
    cloud.run(cloud.cloud.settled())
    rds("CreateDBInstance", DBInstanceIdentifier="new", **small)
    cloud.run(cloud.cloud.settled())
    ctx = cloud.cloud.context("rds", "break", callers.root("000000000000"), "us-east-1")
    with ctx.begin():
        found = ctx.get(Instance, "new")
        assert found is not None
        ctx.put(msgspec.structs.replace(found, status="failed"))
    return {"A": a, "B": b, "C": c, "FAR": far[0], "FARTHER": far[1], "VPC": vpc, "OTHER": other}


NO_SUCH_THING = "fogbank has none of these yet, so that no ARN names one"
EXCUSED: dict[str, str] = {
    **{
        f"{operation}:{code}": NO_SUCH_THING
        for operation in ("AddTagsToResource", "ListTagsForResource", "RemoveTagsFromResource")
        for code in (
            "BlueGreenDeploymentNotFoundFault",
            "DBCapacityReservationNotFoundFault",
            "DBProxyEndpointNotFoundFault",
            "DBProxyNotFoundFault",
            "DBProxyTargetGroupNotFoundFault",
            "DBShardGroupNotFoundFault",
            "DBSnapshotTenantDatabaseNotFoundFault",
            "IntegrationNotFoundFault",
            "TenantDatabaseNotFoundFault",
        )
    },
    **{
        f"{operation}:{code}": "tags are kept in every state"
        for operation in ("AddTagsToResource", "RemoveTagsFromResource")
        for code in ("InvalidDBClusterEndpointStateFault", "InvalidDBClusterStateFault", "InvalidDBInstanceStateFault")
    },
    **{
        f"{operation}:DBParameterGroupQuotaExceededFault": "test_rds has it"
        for operation in (
            "CopyDBParameterGroup",
            "CreateDBParameterGroup",
            "CopyDBClusterParameterGroup",
            "CreateDBClusterParameterGroup",
        )
    },
    "CreateDBSubnetGroup:DBSubnetGroupQuotaExceededFault": "quotas are checked in one place, as test_rds shows",
    "CreateOptionGroup:OptionGroupQuotaExceededFault": "quotas are checked in one place, as test_rds shows",
    "CopyOptionGroup:OptionGroupQuotaExceededFault": "quotas are checked in one place, as test_rds shows",
    "CreateEventSubscription:EventSubscriptionQuotaExceededFault": "quotas are checked in one place, as test_rds shows",
    "ModifyEventSubscription:EventSubscriptionQuotaExceededFault": "a change adds none",
    "DeleteDBSubnetGroup:InvalidDBSubnetStateFault": "subnets have no states",
    "ModifyDBSubnetGroup:InvalidDBSubnetGroupStateFault": "a subnet group has no states",
    "DeleteEventSubscription:InvalidEventSubscriptionStateFault": "a subscription is made and gone at once",
    "CreateEventSubscription:SNSNoAuthorizationFault": "whether a topic lets RDS publish shows when it does: `no-permission`",
    "ModifyEventSubscription:SNSNoAuthorizationFault": "whether a topic lets RDS publish shows when it does: `no-permission`",
}
"""Errors that no client can provoke here, with the reason."""


def changed(name: str, value: str | None = "64", method: str = "immediate") -> dict[str, Any]:
    found = {"ParameterName": name, "ApplyMethod": method}
    return {"Parameters": [found if value is None else {**found, "ParameterValue": value}]}


# fmt: off
SIZE = "Invalid value for MaxRecords: 5. Must be between 20 and 100."
WORDS = "must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
FAMILIES = "this machine has aurora-postgresql15, aurora-postgresql16, postgres15, postgres16 (apt-get install postgresql, or pip install 'fogbank[postgresql]')."
TYPES = "Valid source types: db-instance, db-parameter-group, db-security-group, db-snapshot, db-cluster, db-cluster-snapshot, custom-engine-version, db-proxy, blue-green-deployment"
COVERAGE = "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: us-east-1a. Add subnets to cover at least 2 AZs."


def groups(noun: str, told: str, users: str) -> list[Case]:
    """The cases of parameter groups, which are the same for both kinds."""
    name, source, target = f"{noun}Name", f"Source{noun}Identifier", f"Target{noun}Identifier"
    family = "aurora-postgresql16" if "Cluster" in noun else "postgres16"
    parameters = f"Describe{noun.removesuffix('Group')}s"
    made = {"DBParameterGroupFamily": family, "Description": "x"}
    there = f"default.{family}"
    copied = {source: "free", target: "copy", f"Target{noun}Description": "x"}
    gone = {f"Modify{noun}": changed("work_mem"), f"Reset{noun}": {}, f"Delete{noun}": {}, f"Describe{noun}s": {}, parameters: {}}
    state = "InvalidDBParameterGroupState"
    return [
        Case(f"Create{noun}", "DBParameterGroupAlreadyExists", "Parameter group free already exists", {name: "Free", **made}),
        Case(f"Create{noun}", VALUE, f"ParameterGroupFamily postgres9.6 is not valid parameter group family: {FAMILIES}", {name: "n", **made, "DBParameterGroupFamily": "postgres9.6"}),
        Case(f"Create{noun}", VALUE, f"The parameter {name} is not a valid identifier. Identifiers {WORDS}", {name: "a--b", **made}),
        Case(f"Copy{noun}", "DBParameterGroupNotFound", f"{noun} not found: none", {**copied, source: "none"}, 404),
        Case(f"Copy{noun}", "DBParameterGroupAlreadyExists", "Parameter group used already exists", {**copied, target: "used"}),
        Case(f"Copy{noun}", VALUE, f"The default parameter group {there} cannot be copied.", {**copied, source: there}),
        *[Case(operation, "DBParameterGroupNotFound", f"{noun} not found: none", {name: "none", **more}, 404) for operation, more in gone.items()],
        Case(f"Modify{noun}", state, f"Default {noun} cannot be modified: {there}", {name: there, **changed("work_mem")}),
        Case(f"Reset{noun}", state, f"Default {noun} cannot be reset: {there}", {name: there}),
        Case(f"Delete{noun}", state, f"Default {noun} cannot be deleted: {there}", {name: there}),
        Case(f"Delete{noun}", state, f"One or more database {users} are still members of this parameter group used, so the group cannot be deleted", {name: "used"}),
        Case(f"Modify{noun}", VALUE, "Could not find parameter with name: nothing", {name: "free", **changed("nothing")}),
        Case(f"Modify{noun}", VALUE, "Invalid parameter value: 1 for: work_mem allowed values are: 64-2147483647", {name: "free", **changed("work_mem", "1")}),
        Case(f"Modify{noun}", VALUE, "The parameter ParameterValue must be provided for work_mem.", {name: "free", **changed("work_mem", None)}),
        Case(f"Modify{noun}", VALUE, "The number of parameters must be between 1 and 20: 21", {name: "free", "Parameters": changed("work_mem")["Parameters"] * 21}),
        Case(f"Modify{noun}", MIX, "cannot use immediate apply method for static parameter", {name: "free", **changed("max_connections")}),
        Case(f"Reset{noun}", MIX, "cannot use immediate apply method for static parameter", {name: "free", **changed("max_connections", None)}),
        Case(f"Reset{noun}", VALUE, "Could not find parameter with name: nothing", {name: "free", **changed("nothing", None)}),
        Case(parameters, VALUE, "Invalid source: mine. Valid sources: user, system, engine-default", {name: "free", "Source": "mine"}),
        Case(parameters, VALUE, SIZE, {name: "free", "MaxRecords": 5}),
        Case(f"Describe{noun}s", VALUE, "Invalid or expired Marker.", {"Marker": "x"}),
        Case(f"DescribeEngineDefault{told}Parameters", VALUE, f"ParameterGroupFamily mysql8.0 is not valid parameter group family: {FAMILIES}", {"DBParameterGroupFamily": "mysql8.0"}),
    ]


SUBNETS = {"DBSubnetGroupName": "n", "DBSubnetGroupDescription": "x"}
OPTIONS = {"OptionGroupName": "n", "EngineName": "postgres", "MajorEngineVersion": "16", "OptionGroupDescription": "x"}
COPIED = {"SourceOptionGroupIdentifier": "used", "TargetOptionGroupIdentifier": "n", "TargetOptionGroupDescription": "x"}
HEARD = {"SubscriptionName": "n", "SnsTopicArn": f"{TOPIC}:t"}
TAGS = {"AddTagsToResource": {"Tags": [{"Key": "a"}]}, "RemoveTagsFromResource": {"TagKeys": ["a"]}, "ListTagsForResource": {}}
LOG = {"DBInstanceIdentifier": "shop", "LogFileName": "error/none"}
CASES = [
    *groups("DBParameterGroup", "", "instances"),
    *groups("DBClusterParameterGroup", "Cluster", "clusters"),
    Case("CreateDBClusterParameterGroup", VALUE, "Invalid DB cluster parameter group family: postgres16, as fogbank's clusters are Aurora's", {"DBClusterParameterGroupName": "n", "DBParameterGroupFamily": "postgres16", "Description": "x"}),
    Case("CreateDBSubnetGroup", "DBSubnetGroupAlreadyExists", "The DB subnet group 'private' already exists.", {**SUBNETS, "DBSubnetGroupName": "Private", "SubnetIds": ["$A", "$B"]}),
    Case("CreateDBSubnetGroup", "DBSubnetGroupDoesNotCoverEnoughAZs", COVERAGE, {**SUBNETS, "SubnetIds": ["$A", "$C"]}),
    Case("CreateDBSubnetGroup", "DBSubnetQuotaExceededFault", "A DB subnet group has at most 20 subnets.", {**SUBNETS, "SubnetIds": [f"subnet-{n}" for n in range(21)]}),
    Case("CreateDBSubnetGroup", "InvalidSubnet", "Some input subnets in :[subnet-1] are invalid.", {**SUBNETS, "SubnetIds": ["subnet-1"]}),
    Case("CreateDBSubnetGroup", VALUE, "The parameter DBSubnetGroupName must be provided and must not be blank, or 'default'; it takes letters, numbers, periods, underscores, spaces and hyphens.", {**SUBNETS, "DBSubnetGroupName": "default", "SubnetIds": ["$A", "$B"]}),
    Case("DescribeDBSubnetGroups", "DBSubnetGroupNotFoundFault", "DB subnet group 'none' does not exist.", {"DBSubnetGroupName": "none"}, 404),
    Case("DeleteDBSubnetGroup", "DBSubnetGroupNotFoundFault", "DB subnet group 'none' does not exist.", {"DBSubnetGroupName": "none"}, 404),
    Case("DeleteDBSubnetGroup", "InvalidDBSubnetGroupStateFault", "Cannot delete the subnet group 'private' because at least one database instance: shop is still using it.", {"DBSubnetGroupName": "private"}),
    Case("ModifyDBSubnetGroup", "DBSubnetGroupNotFoundFault", "DB subnet group 'none' does not exist.", {"DBSubnetGroupName": "none", "SubnetIds": ["$A", "$B"]}, 404),
    Case("ModifyDBSubnetGroup", "DBSubnetGroupDoesNotCoverEnoughAZs", COVERAGE, {"DBSubnetGroupName": "private", "SubnetIds": ["$A"]}),
    Case("ModifyDBSubnetGroup", "DBSubnetQuotaExceededFault", "A DB subnet group has at most 20 subnets.", {"DBSubnetGroupName": "private", "SubnetIds": [f"subnet-{n}" for n in range(21)]}),
    Case("ModifyDBSubnetGroup", "InvalidSubnet", "The new subnets are not in the same VPC as the DB subnet group: $VPC.", {"DBSubnetGroupName": "private", "SubnetIds": ["$FAR", "$FARTHER"]}),
    Case("ModifyDBSubnetGroup", "SubnetAlreadyInUse", "The subnet $A is in use by a DB instance, and cannot be taken from the group.", {"DBSubnetGroupName": "private", "SubnetIds": ["$B", "$C"]}),
    Case("CreateOptionGroup", "OptionGroupAlreadyExistsFault", "An option group named used already exists.", {**OPTIONS, "OptionGroupName": "used"}),
    Case("CreateOptionGroup", MIX, "Cannot find major version 9 for postgres (this machine has 16, 15)", {**OPTIONS, "MajorEngineVersion": "9"}),
    Case("CopyOptionGroup", "OptionGroupNotFoundFault", "Specified OptionGroupName: none not found.", {**COPIED, "SourceOptionGroupIdentifier": "none"}, 404),
    Case("CopyOptionGroup", "OptionGroupAlreadyExistsFault", "An option group named used already exists.", {**COPIED, "TargetOptionGroupIdentifier": "used"}),
    Case("DescribeOptionGroups", "OptionGroupNotFoundFault", "Specified OptionGroupName: none not found.", {"OptionGroupName": "none"}, 404),
    Case("DescribeOptionGroups", MIX, "The parameter EngineName must be provided with MajorEngineVersion.", {"MajorEngineVersion": "16"}),
    Case("DescribeOptionGroupOptions", VALUE, "Invalid DB engine: oracle", {"EngineName": "oracle"}),
    Case("ModifyOptionGroup", "OptionGroupNotFoundFault", "Specified OptionGroupName: none not found.", {"OptionGroupName": "none"}, 404),
    Case("ModifyOptionGroup", "InvalidOptionGroupStateFault", "The default option group default:postgres-16 cannot be modified.", {"OptionGroupName": "default:postgres-16"}),
    Case("ModifyOptionGroup", VALUE, "Invalid option name: TDE: postgres 16 has no options.", {"OptionGroupName": "used", "OptionsToInclude": [{"OptionName": "TDE"}]}),
    Case("DeleteOptionGroup", "OptionGroupNotFoundFault", "Specified OptionGroupName: none not found.", {"OptionGroupName": "none"}, 404),
    Case("DeleteOptionGroup", "InvalidOptionGroupStateFault", "The option group used cannot be deleted because it is in use by shop.", {"OptionGroupName": "used"}),
    Case("DeleteOptionGroup", "InvalidOptionGroupStateFault", "The default option group default:postgres-16 cannot be deleted.", {"OptionGroupName": "default:postgres-16"}),
    *[Case(operation, code, text, {"ResourceName": f"{AT}:{name}", **more}, 404) for operation, more in TAGS.items() for name, code, text in (
        ("db:none", "DBInstanceNotFound", "DBInstance none not found."), ("cluster:none", "DBClusterNotFoundFault", "DBCluster none not found."),
        ("snapshot:none", "DBSnapshotNotFound", "DBSnapshot not found: none"), ("pg:none", "DBParameterGroupNotFound", "DBParameterGroup not found: none"),
        ("subgrp:none", "DBSubnetGroupNotFoundFault", "DBSubnetGroup none not found."))],
    *[Case(operation, VALUE, "Invalid resource name: shop", {"ResourceName": "shop", **more}) for operation, more in TAGS.items()],
    Case("AddTagsToResource", VALUE, "Tag keys cannot begin with aws: or rds:: aws:x", {"ResourceName": f"{AT}:db:shop", "Tags": [{"Key": "aws:x"}]}),
    Case("AddTagsToResource", VALUE, "You can't assign more than 50 tags to a resource.", {"ResourceName": f"{AT}:db:shop", "Tags": [{"Key": str(n)} for n in range(51)]}),
    Case("DescribeDBEngineVersions", VALUE, "Unrecognized filter name: colour", {"Filters": [{"Name": "colour", "Values": ["red"]}]}),
    Case("DescribeDBMajorEngineVersions", VALUE, "Invalid or expired Marker.", {"Marker": "x"}),
    Case("DescribeOrderableDBInstanceOptions", VALUE, "Invalid DB engine: oracle", {"Engine": "oracle"}),
    Case("DescribeOrderableDBInstanceOptions", "NotImplemented", "fogbank runs no mysql: of RDS's engines it has PostgreSQL, as postgres and aurora-postgresql", {"Engine": "mysql"}, 501),
    Case("DescribeCertificates", "CertificateNotFound", "Certificate none not found.", {"CertificateIdentifier": "none"}, 404),
    Case("DescribeSourceRegions", VALUE, "Invalid source region: us-east-1", {"RegionName": "us-east-1"}),
    Case("DescribePendingMaintenanceActions", "ResourceNotFoundFault", f"The specified resource is not found: {AT}:db:none", {"ResourceIdentifier": f"{AT}:db:none"}, 404),
    Case("DescribeReservedDBInstances", "ReservedDBInstanceNotFound", "ReservedDBInstance not found: none", {"ReservedDBInstanceId": "none"}, 404),
    Case("DescribeDBSecurityGroups", "DBSecurityGroupNotFound", "DBSecurityGroup not found: none", {"DBSecurityGroupName": "none"}, 404),
    Case("DescribeValidDBInstanceModifications", "DBInstanceNotFound", "DBInstance none not found.", {"DBInstanceIdentifier": "none"}, 404),
    Case("DescribeValidDBInstanceModifications", "InvalidDBInstanceState", "Instance new is not in available or stopped or storage-optimization state.", {"DBInstanceIdentifier": "new"}),
    Case("DescribeEventCategories", VALUE, f"Invalid source type: weather. {TYPES}", {"SourceType": "weather"}),
    Case("DescribeEvents", MIX, "SourceType must be provided if SourceIdentifier is provided.", {"SourceIdentifier": "shop"}),
    Case("DescribeEvents", MIX, "EndTime must be later than StartTime.", {"StartTime": 2.0, "EndTime": 1.0}),
    Case("CreateEventSubscription", "SubscriptionAlreadyExist", "Event Subscription already exists: s", {**HEARD, "SubscriptionName": "S"}),
    Case("CreateEventSubscription", "SNSInvalidTopic", "Invalid SNS topic: t", {**HEARD, "SnsTopicArn": "t"}),
    Case("CreateEventSubscription", "SNSTopicArnNotFound", f"SNS topic ARN not found: {TOPIC}:none", {**HEARD, "SnsTopicArn": f"{TOPIC}:none"}, 404),
    Case("CreateEventSubscription", "SourceNotFound", "Source not found: none", {**HEARD, "SourceType": "db-instance", "SourceIds": ["none"]}, 404),
    Case("CreateEventSubscription", "SubscriptionCategoryNotFound", "Event category not found: weather", {**HEARD, "EventCategories": ["weather"]}, 404),
    Case("CreateEventSubscription", MIX, "SourceType must be provided if SourceIds are provided.", {**HEARD, "SourceIds": ["shop"]}),
    Case("CreateEventSubscription", VALUE, f"Invalid source type: weather. {TYPES}", {**HEARD, "SourceType": "weather"}),
    Case("ModifyEventSubscription", "SubscriptionNotFound", "Event Subscription not found: none", {"SubscriptionName": "none"}, 404),
    Case("ModifyEventSubscription", "SNSInvalidTopic", "Invalid SNS topic: t", {"SubscriptionName": "s", "SnsTopicArn": "t"}),
    Case("ModifyEventSubscription", "SNSTopicArnNotFound", f"SNS topic ARN not found: {TOPIC}:none", {"SubscriptionName": "s", "SnsTopicArn": f"{TOPIC}:none"}, 404),
    Case("ModifyEventSubscription", "SubscriptionCategoryNotFound", "Event category not found: weather", {"SubscriptionName": "s", "EventCategories": ["weather"]}, 404),
    Case("DescribeEventSubscriptions", "SubscriptionNotFound", "Event Subscription not found: none", {"SubscriptionName": "none"}, 404),
    Case("DeleteEventSubscription", "SubscriptionNotFound", "Event Subscription not found: none", {"SubscriptionName": "none"}, 404),
    Case("AddSourceIdentifierToSubscription", "SubscriptionNotFound", "Event Subscription not found: none", {"SubscriptionName": "none", "SourceIdentifier": "shop"}, 404),
    Case("AddSourceIdentifierToSubscription", "SourceNotFound", "Source not found: none", {"SubscriptionName": "s", "SourceIdentifier": "none"}, 404),
    Case("AddSourceIdentifierToSubscription", MIX, "The event subscription all is of all source types: it has no source identifiers.", {"SubscriptionName": "all", "SourceIdentifier": "shop"}),
    Case("RemoveSourceIdentifierFromSubscription", "SubscriptionNotFound", "Event Subscription not found: none", {"SubscriptionName": "none", "SourceIdentifier": "shop"}, 404),
    Case("RemoveSourceIdentifierFromSubscription", "SourceNotFound", "Source not found: shop", {"SubscriptionName": "s", "SourceIdentifier": "shop"}, 404),
    Case("DescribeDBLogFiles", "DBInstanceNotFound", "DBInstance none not found.", {"DBInstanceIdentifier": "none"}, 404),
    Case("DescribeDBLogFiles", "DBInstanceNotReady", "DB instance new is not in a state that has log files: failed.", {"DBInstanceIdentifier": "new"}),
    Case("DownloadDBLogFilePortion", "DBInstanceNotFound", "DBInstance none not found.", {**LOG, "DBInstanceIdentifier": "none"}, 404),
    Case("DownloadDBLogFilePortion", "DBInstanceNotReady", "DB instance new is not in a state that has log files: failed.", {**LOG, "DBInstanceIdentifier": "new"}),
    Case("DownloadDBLogFilePortion", "DBLogFileNotFoundFault", "DBLog File: error/none, is not found on the DB instance", LOG, 404),
]
# fmt: on
TABLE = Parity("rds", CASES, EXCUSED)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    yield from parity.world(_made)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.operation}-{case.code}")
def test_it_is_refused(world: World, case: Case) -> None:
    assert TABLE.refused(world, case) == (case.code, case.message, case.status)


def test_every_error_of_the_model_is_provoked_or_excused() -> None:
    assert [one for one in TABLE.missing() if one.partition(":")[0] in OPERATIONS] == []


def test_every_excuse_is_needed() -> None:
    assert TABLE.needless() == []


def test_every_operation_that_can_refuse_is_seen_to() -> None:
    assert TABLE.silent() & set(OPERATIONS) == {"DescribeAccountAttributes"}
