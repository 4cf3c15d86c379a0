"""RDS's API around instances, through the in-process cloud: groups, tags, catalogs, events and who hears of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fogbank.aws.policy import Principal
from fogbank.control.caller import Caller
from fogbank.planes.engines.postgresql.fake import FakeDatabases
from fogbank.testing import START, TestCloud
from fogbank.testing.refused import refused

ACCOUNT = "000000000000"
AT = f"arn:aws:rds:us-east-1:{ACCOUNT}"
PASSWORD = "correct-horse-9"
Client = Callable[..., dict[str, Any]]


@pytest.fixture
def rds(cloud: TestCloud) -> Client:
    """RDS, in an account with a default VPC; each call has all that follows from it done."""

    def called(operation: str, **params: Any) -> dict[str, Any]:
        found = cloud.call("rds", operation, params)
        cloud.run(cloud.cloud.settled())
        return found

    return called


@pytest.fixture
def databases(cloud: TestCloud) -> FakeDatabases:
    found = cloud.cloud.databases
    assert isinstance(found, FakeDatabases)
    return found


def instance(rds: Client, identifier: str = "shop", **more: Any) -> dict[str, Any]:
    wanted = {"Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20}
    login = {"MasterUsername": "ann", "MasterUserPassword": PASSWORD}
    rds("CreateDBInstance", DBInstanceIdentifier=identifier, **{**wanted, **login, **more})
    found: dict[str, Any] = rds("DescribeDBInstances", DBInstanceIdentifier=identifier)["DBInstances"][0]
    return found


def cluster(rds: Client, **more: Any) -> None:
    login = {"MasterUsername": "ann", "MasterUserPassword": PASSWORD}
    rds("CreateDBCluster", DBClusterIdentifier="c", Engine="aurora-postgresql", **login, **more)
    for number in (1, 2):
        rds(
            "CreateDBInstance",
            DBInstanceIdentifier=f"c-{number}",
            DBClusterIdentifier="c",
            Engine="aurora-postgresql",
            DBInstanceClass="db.r6g.large",
        )


def group(rds: Client, **more: Any) -> None:
    wanted = {"DBParameterGroupName": "Tuned", "DBParameterGroupFamily": "postgres16", "Description": "mine"}
    rds("CreateDBParameterGroup", **{**wanted, **more})


def change(rds: Client, name: str, value: str, method: str = "immediate") -> None:
    parameter = {"ParameterName": name, "ParameterValue": value, "ApplyMethod": method}
    rds("ModifyDBParameterGroup", DBParameterGroupName="tuned", Parameters=[parameter])


# Parameter groups


def test_default_groups_are_there_and_ones_own_beside_them(rds: Client) -> None:
    group(rds)
    found = {one["DBParameterGroupName"]: one for one in rds("DescribeDBParameterGroups")["DBParameterGroups"]}
    families = [f"{engine}{major}" for engine in ("aurora-postgresql", "postgres") for major in (15, 16)]
    assert list(found) == [*(f"default.{family}" for family in families), "tuned"]
    assert found["tuned"]["DBParameterGroupArn"] == f"{AT}:pg:tuned"
    shown = rds("DescribeDBClusterParameterGroups")["DBClusterParameterGroups"]
    assert [one["DBClusterParameterGroupName"] for one in shown] == [f"default.{family}" for family in families[:2]]


def test_parameters_say_whose_they_are_and_what_they_may_be(rds: Client) -> None:
    group(rds)
    change(rds, "work_mem", "8192")

    def named(**more: Any) -> dict[str, dict[str, Any]]:
        page = rds("DescribeDBParameters", DBParameterGroupName="tuned", **more)
        return {one["ParameterName"]: one for one in page["Parameters"]}

    assert list(named(Source="user")) == ["work_mem"]
    assert "work_mem" not in named(Source="engine-default")
    shown = named()
    assert shown["work_mem"] == {
        "ParameterName": "work_mem",
        "ParameterValue": "8192",
        "Description": "Sets the memory for query workspaces.",
        "Source": "user",
        "ApplyType": "dynamic",
        "DataType": "integer",
        "AllowedValues": "64-2147483647",
        "IsModifiable": True,
        "ApplyMethod": "immediate",
    }
    assert (shown["max_connections"]["ApplyType"], shown["max_connections"]["Source"]) == ("static", "system")
    assert shown["data_directory"]["IsModifiable"] is False
    assert shown["rds.force_ssl"]["ParameterValue"] == "0"


def test_pages_of_parameters_are_whole(rds: Client) -> None:
    name = {"DBParameterGroupName": "default.postgres16"}
    first = rds("DescribeDBParameters", MaxRecords=20, **name)
    second = rds("DescribeDBParameters", MaxRecords=20, Marker=first["Marker"], **name)
    together = [one["ParameterName"] for page in (first, second) for one in page["Parameters"]]
    whole = [one["ParameterName"] for one in rds("DescribeDBParameters", **name)["Parameters"]]
    assert (len(first["Parameters"]), together, "Marker" in second) == (20, whole, False)


def test_a_change_reaches_the_server_or_waits(rds: Client, databases: FakeDatabases) -> None:
    group(rds)
    instance(rds, DBParameterGroupName="tuned")

    def told() -> dict[str, str]:
        (node,) = databases.nodes.values()
        return dict(node.parameters)

    def state() -> str:
        found = rds("DescribeDBInstances")["DBInstances"][0]["DBParameterGroups"][0]
        return str(found["ParameterApplyStatus"])

    change(rds, "work_mem", "8192")
    assert (told(), state()) == ({"work_mem": "8192"}, "in-sync")
    change(rds, "max_connections", "50", "pending-reboot")
    assert (told(), state()) == ({"work_mem": "8192"}, "pending-reboot")
    rds("ResetDBParameterGroup", DBParameterGroupName="tuned", ResetAllParameters=True)
    assert (told(), state()) == ({}, "in-sync"), "what was never told has not to be taken back"
    change(rds, "max_connections", "50", "pending-reboot")
    rds("StopDBInstance", DBInstanceIdentifier="shop")
    rds("StartDBInstance", DBInstanceIdentifier="shop")
    assert (told(), state()) == ({"max_connections": "50"}, "in-sync")


def test_a_copy_has_the_same_values(rds: Client) -> None:
    group(rds, Tags=[{"Key": "a", "Value": "b"}])
    change(rds, "work_mem", "8192")
    target = {"TargetDBParameterGroupIdentifier": "copy", "TargetDBParameterGroupDescription": "other"}
    rds("CopyDBParameterGroup", SourceDBParameterGroupIdentifier=f"{AT}:pg:tuned", **target)
    found = rds("DescribeDBParameters", DBParameterGroupName="copy", Source="user")["Parameters"]
    assert [one["ParameterValue"] for one in found] == ["8192"]
    rds("DeleteDBParameterGroup", DBParameterGroupName="copy")
    with refused("DBParameterGroupNotFound"):
        rds("DescribeDBParameterGroups", DBParameterGroupName="copy")


def test_an_aurora_cluster_has_parameters_that_its_instances_have_not(rds: Client) -> None:
    def names(operation: str) -> set[str]:
        defaults = rds(operation, DBParameterGroupFamily="aurora-postgresql16")["EngineDefaults"]
        return {one["ParameterName"] for one in defaults["Parameters"]}

    clusters, instances = names("DescribeEngineDefaultClusterParameters"), names("DescribeEngineDefaultParameters")
    assert "apg_write_forward.consistency_mode" in clusters - instances
    assert "work_mem" in clusters & instances


# Subnet groups


def subnets(cloud: TestCloud, *zones: str, vpc: str = "") -> list[str]:
    ec2 = cloud.client("ec2")
    vpc = vpc or ec2("CreateVpc", CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    return [
        ec2("CreateSubnet", VpcId=vpc, CidrBlock=f"10.1.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate(zones)
    ]


def test_a_subnet_group_says_where_instances_are(cloud: TestCloud, rds: Client) -> None:
    a, b, c = subnets(cloud, "a", "b", "c")
    made = {"DBSubnetGroupName": "Private", "DBSubnetGroupDescription": "x"}
    shown = rds("CreateDBSubnetGroup", SubnetIds=[a, b], **made)["DBSubnetGroup"]
    assert (shown["DBSubnetGroupName"], shown["DBSubnetGroupArn"]) == ("private", f"{AT}:subgrp:private")
    found = instance(rds, DBSubnetGroupName="private", AvailabilityZone="us-east-1b")
    assert (found["AvailabilityZone"], found["DBSubnetGroup"]["VpcId"]) == ("us-east-1b", shown["VpcId"])
    with refused("SubnetAlreadyInUse", b):
        rds("ModifyDBSubnetGroup", DBSubnetGroupName="private", SubnetIds=[a, c])
    with refused("InvalidDBSubnetGroupStateFault", "shop"):
        rds("DeleteDBSubnetGroup", DBSubnetGroupName="private")
    changed = rds("ModifyDBSubnetGroup", DBSubnetGroupName="private", SubnetIds=[b, c])["DBSubnetGroup"]
    assert [one["SubnetIdentifier"] for one in changed["Subnets"]] == [b, c]
    rds("DeleteDBInstance", DBInstanceIdentifier="shop", SkipFinalSnapshot=True)
    rds("DeleteDBSubnetGroup", DBSubnetGroupName="private")
    assert [one["DBSubnetGroupName"] for one in rds("DescribeDBSubnetGroups")["DBSubnetGroups"]] == []


# Option groups


def test_an_option_group_is_a_name_that_instances_are_in(rds: Client) -> None:
    wanted = {"EngineName": "postgres", "MajorEngineVersion": "16", "OptionGroupDescription": "x"}
    made = rds("CreateOptionGroup", OptionGroupName="mine", **wanted)["OptionGroup"]
    assert (made["OptionGroupArn"], made["Options"]) == (f"{AT}:og:mine", [])
    instance(rds, OptionGroupName="mine")
    with refused("InvalidOptionGroupStateFault", "shop"):
        rds("DeleteOptionGroup", OptionGroupName="mine")
    found = rds("DescribeOptionGroups", EngineName="postgres", MajorEngineVersion="16")["OptionGroupsList"]
    assert [one["OptionGroupName"] for one in found] == ["default:postgres-16", "mine"]
    assert rds("DescribeOptionGroupOptions", EngineName="postgres")["OptionGroupOptions"] == []


# Tags


def test_everything_has_tags(cloud: TestCloud, rds: Client) -> None:
    instance(rds)
    cluster(rds)
    group(rds)
    pair = subnets(cloud, "a", "b")
    rds("CreateDBSubnetGroup", DBSubnetGroupName="private", DBSubnetGroupDescription="x", SubnetIds=pair)
    topic = cloud.call("sns", "CreateTopic", {"Name": "t"})["TopicArn"]
    rds("CreateEventSubscription", SubscriptionName="s", SnsTopicArn=topic)
    rds("CreateDBSnapshot", DBInstanceIdentifier="shop", DBSnapshotIdentifier="before")
    made = {"EngineName": "postgres", "MajorEngineVersion": "16", "OptionGroupDescription": "x"}
    rds("CreateOptionGroup", OptionGroupName="mine", **made)
    names = ["db:shop", "cluster:c", "pg:tuned", "subgrp:private", "es:s", "snapshot:before", "og:mine"]
    for arn in (f"{AT}:{name}" for name in names):
        rds("AddTagsToResource", ResourceName=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b"}])
        rds("RemoveTagsFromResource", ResourceName=arn, TagKeys=["b", "no"])
        assert rds("ListTagsForResource", ResourceName=arn)["TagList"] == [{"Key": "a", "Value": "1"}], arn
    assert rds("DescribeDBInstances", DBInstanceIdentifier="shop")["DBInstances"][0]["TagList"]


def test_a_tag_makes_readers_late(rds: Client, databases: FakeDatabases) -> None:
    cluster(rds)
    assert list(databases.lags.values()) == [(8, 26)]
    arn = f"{AT}:cluster:c"
    rds("AddTagsToResource", ResourceName=arn, Tags=[{"Key": "fogbank:replica-lag", "Value": "20ms"}])
    assert list(databases.lags.values()) == [(20, 20)]
    with refused("InvalidParameterValue", "replica-lag"):
        rds("AddTagsToResource", ResourceName=arn, Tags=[{"Key": "fogbank:replica-lag", "Value": "soon"}])
    rds("RemoveTagsFromResource", ResourceName=arn, TagKeys=["fogbank:replica-lag"])
    assert list(databases.lags.values()) == [(8, 26)]


# Catalogs


def test_versions_are_those_of_the_machine(rds: Client) -> None:
    found = rds("DescribeDBEngineVersions", Engine="postgres")["DBEngineVersions"]
    assert [(one["EngineVersion"], one["DBParameterGroupFamily"]) for one in found] == [
        ("15.8", "postgres15"),
        ("16.4", "postgres16"),
    ]
    only = rds("DescribeDBEngineVersions", Engine="aurora-postgresql", DefaultOnly=True)["DBEngineVersions"]
    assert [one["EngineVersion"] for one in only] == ["16.4"]
    assert rds("DescribeDBEngineVersions", Engine="postgres", EngineVersion="9.6")["DBEngineVersions"] == []
    assert rds("DescribeDBEngineVersions", Engine="mysql")["DBEngineVersions"] == []
    majors = rds("DescribeDBMajorEngineVersions", Engine="postgres")["DBMajorEngineVersions"]
    assert [one["MajorEngineVersion"] for one in majors] == ["15", "16"]


def test_classes_can_be_ordered(rds: Client) -> None:
    asked = {"Engine": "postgres", "EngineVersion": "16.4", "DBInstanceClass": "db.t4g.micro"}
    found = rds("DescribeOrderableDBInstanceOptions", **asked)["OrderableDBInstanceOptions"]
    assert [one["StorageType"] for one in found] == ["gp2", "gp3", "io1", "io2"]
    assert {"Name": "us-east-1a"} in found[0]["AvailabilityZones"]
    micro = rds("DescribeOrderableDBInstanceOptions", **{**asked, "Engine": "aurora-postgresql"})
    assert micro["OrderableDBInstanceOptions"] == [], "Aurora has no micro"


def test_quotas_say_what_is_used(rds: Client) -> None:
    instance(rds)
    group(rds)
    found = {
        one["AccountQuotaName"]: (one["Used"], one["Max"]) for one in rds("DescribeAccountAttributes")["AccountQuotas"]
    }
    assert (found["DBInstances"], found["DBParameterGroups"]) == ((1, 40), (1, 50))
    for number in range(49):
        group(rds, DBParameterGroupName=f"g{number}")
    with refused("DBParameterGroupQuotaExceeded"):
        group(rds, DBParameterGroupName="more")


def test_what_nobody_has_is_empty(rds: Client) -> None:
    instance(rds)
    assert rds("DescribeReservedDBInstances")["ReservedDBInstances"] == []
    assert rds("DescribeDBSecurityGroups")["DBSecurityGroups"] == []
    arn = f"{AT}:db:shop"
    assert rds("DescribePendingMaintenanceActions", ResourceIdentifier=arn)["PendingMaintenanceActions"] == []
    regions = [one["RegionName"] for one in rds("DescribeSourceRegions")["SourceRegions"]]
    assert "eu-west-1" in regions
    assert "us-east-1" not in regions
    assert len(rds("DescribeCertificates")["Certificates"]) == 3
    valid = rds("DescribeValidDBInstanceModifications", DBInstanceIdentifier="shop")
    assert valid["ValidDBInstanceModificationsMessage"]["Storage"]


# Events


def messages(rds: Client, **more: Any) -> list[str]:
    return [one["Message"] for one in rds("DescribeEvents", **more)["Events"]]


def test_events_are_kept_for_two_weeks(cloud: TestCloud, rds: Client) -> None:
    instance(rds)
    instance(rds, "other")
    group(rds)
    change(rds, "work_mem", "8192")
    about = {"SourceType": "db-instance", "SourceIdentifier": "shop"}
    (made,) = rds("DescribeEvents", EventCategories=["creation"], **about)["Events"]
    assert made == {
        "SourceIdentifier": "shop",
        "SourceType": "db-instance",
        "SourceArn": f"{AT}:db:shop",
        "EventCategories": ["creation"],
        "Message": "DB instance created",
        "Date": START,
    }
    assert messages(rds, EventCategories=["configuration change"]) == [
        "Updated parameter work_mem to 8192 with apply method immediate"
    ]
    cloud.advance(2 * 3600)
    assert messages(rds, SourceType="db-instance", EventCategories=["creation"]) == [], (
        "without a time, those of the last hour"
    )
    assert len(messages(rds, SourceType="db-instance", EventCategories=["creation"], Duration=3 * 60)) == 2
    assert (
        len(
            messages(
                rds, SourceType="db-instance", EventCategories=["creation"], StartTime=START - 1, EndTime=START + 1
            )
        )
        == 2
    )
    cloud.advance(14 * 24 * 3600)
    assert messages(rds, SourceType="db-parameter-group", Duration=20_160) == []


def test_events_come_in_pages(rds: Client) -> None:
    group(rds)
    for number in range(30):
        change(rds, "work_mem", str(100 + number))
    first = rds("DescribeEvents", MaxRecords=20)
    second = rds("DescribeEvents", MaxRecords=20, Marker=first["Marker"])
    found = [one["Message"] for page in (first, second) for one in page["Events"]]
    assert found == [f"Updated parameter work_mem to {100 + n} with apply method immediate" for n in range(30)]


def test_eventbridge_hears_of_them_as_of_rdss(cloud: TestCloud, rds: Client) -> None:
    instance(rds)
    (event,) = [one for one in cloud.events() if one["detail-type"] == "RDS DB Instance Event"]
    assert (event["source"], event["resources"]) == ("aws.rds", [f"{AT}:db:shop"])
    detail = event["detail"]
    assert (detail["EventID"], detail["SourceType"]) == ("RDS-EVENT-0005", "DB_INSTANCE")
    assert (detail["SourceArn"], detail["EventCategories"]) == (f"{AT}:db:shop", ["creation"])


class Inbox:
    """A queue that is subscribed to a topic."""

    def __init__(self, cloud: TestCloud) -> None:
        self.cloud = cloud
        self.topic = cloud.call("sns", "CreateTopic", {"Name": "alarms"})["TopicArn"]
        self.url = cloud.call("sqs", "CreateQueue", {"QueueName": "inbox"})["QueueUrl"]
        arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:inbox"
        allowed = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        cloud.call("sqs", "SetQueueAttributes", {"QueueUrl": self.url, "Attributes": {"Policy": policy}})
        cloud.call("sns", "Subscribe", {"TopicArn": self.topic, "Protocol": "sqs", "Endpoint": arn})

    def messages(self) -> Iterator[dict[str, Any]]:
        self.cloud.run(self.cloud.cloud.settled())
        asked = {"QueueUrl": self.url, "MaxNumberOfMessages": 10}
        while found := self.cloud.call("sqs", "ReceiveMessage", asked).get("Messages"):
            for one in found:
                params = {"QueueUrl": self.url, "ReceiptHandle": one["ReceiptHandle"]}
                self.cloud.call("sqs", "DeleteMessage", params)
                yield json.loads(one["Body"])


def test_a_subscription_hears_of_what_it_asked_for(cloud: TestCloud, rds: Client) -> None:
    inbox = Inbox(cloud)
    instance(rds, Tags=[{"Key": "team", "Value": "sea"}])
    made = {"SubscriptionName": "Alarms", "SnsTopicArn": inbox.topic, "SourceType": "db-instance"}
    rds("CreateEventSubscription", SourceIds=["shop"], EventCategories=["availability"], **made)
    instance(rds, "other")
    rds("RebootDBInstance", DBInstanceIdentifier="other")
    assert list(inbox.messages()) == [], "another instance is not meant"
    rds("RebootDBInstance", DBInstanceIdentifier="shop")
    (envelope,) = inbox.messages()
    assert envelope["Subject"] == "RDS Notification Message"
    assert json.loads(envelope["Message"]) == {
        "Event Source": "db-instance",
        "Event Time": "2025-06-15 15:06:40.000",
        "Identifier Link": "https://console.aws.amazon.com/rds/home?region=us-east-1#dbinstance:id=shop",
        "Source ID": "shop",
        "Source ARN": f"{AT}:db:shop",
        "Event ID": "http://docs.amazonwebservices.com/AmazonRDS/latest/UserGuide/USER_Events.html#RDS-EVENT-0006",
        "Event Message": "DB instance restarted",
        "Tags": [{"Key": "team", "Value": "sea"}],
    }
    rds("AddSourceIdentifierToSubscription", SubscriptionName="alarms", SourceIdentifier="other")
    rds("RemoveSourceIdentifierFromSubscription", SubscriptionName="alarms", SourceIdentifier="shop")
    for name in ("shop", "other"):
        rds("RebootDBInstance", DBInstanceIdentifier=name)
    assert [json.loads(one["Message"])["Source ID"] for one in inbox.messages()] == ["other"]
    rds("ModifyEventSubscription", SubscriptionName="alarms", Enabled=False)
    rds("RebootDBInstance", DBInstanceIdentifier="other")
    assert list(inbox.messages()) == []
    rds("DeleteEventSubscription", SubscriptionName="alarms")
    assert rds("DescribeEventSubscriptions")["EventSubscriptionsList"] == []


def test_a_subscription_whose_topic_is_gone_says_so(cloud: TestCloud, rds: Client) -> None:
    inbox = Inbox(cloud)
    rds("CreateEventSubscription", SubscriptionName="s", SnsTopicArn=inbox.topic)

    def status() -> str:
        return str(rds("DescribeEventSubscriptions", SubscriptionName="s")["EventSubscriptionsList"][0]["Status"])

    statement = {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": inbox.topic}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    attribute = {"TopicArn": inbox.topic, "AttributeName": "Policy", "AttributeValue": policy}
    cloud.call("sns", "SetTopicAttributes", attribute)
    instance(rds)
    assert (status(), list(inbox.messages())) == ("no-permission", [])
    cloud.call("sns", "DeleteTopic", {"TopicArn": inbox.topic})
    rds("RebootDBInstance", DBInstanceIdentifier="shop")
    assert status() == "topic-not-exist"


# Log files


def test_a_log_is_read_from_its_beginning_or_its_end(rds: Client, databases: FakeDatabases) -> None:
    instance(rds)
    (node,) = databases.nodes
    lines = [f"line {number}\n" for number in range(5)]
    databases.written[node] = {"postgresql.log.2025-06-15-15": "".join(lines).encode()}
    (file,) = rds("DescribeDBLogFiles", DBInstanceIdentifier="shop", FilenameContains="log.2025")["DescribeDBLogFiles"]
    assert (file["LogFileName"], file["Size"]) == ("error/postgresql.log.2025-06-15-15", 35)
    name = {"DBInstanceIdentifier": "shop", "LogFileName": file["LogFileName"]}
    last = rds("DownloadDBLogFilePortion", NumberOfLines=2, **name)
    assert (last["LogFileData"], last["AdditionalDataPending"]) == ("".join(lines[3:]), False)
    first = rds("DownloadDBLogFilePortion", NumberOfLines=2, Marker="0", **name)
    assert (first["LogFileData"], first["AdditionalDataPending"]) == ("".join(lines[:2]), True)
    rest = rds("DownloadDBLogFilePortion", Marker=first["Marker"], **name)
    assert (rest["LogFileData"], rest["AdditionalDataPending"]) == ("".join(lines[2:]), False)
    assert rds("DescribeDBLogFiles", DBInstanceIdentifier="shop", FileSize=36)["DescribeDBLogFiles"] == []


# Permissions


def allowed(cloud: TestCloud, *statements: dict[str, Any]) -> Caller:
    """A user whose policy has these statements."""
    user = cloud.call("iam", "CreateUser", {"UserName": "ann"})["User"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    cloud.call("iam", "PutUserPolicy", {"UserName": "ann", "PolicyName": "p", "PolicyDocument": policy})
    principal = Principal(arn=user["Arn"], account=ACCOUNT, kind="user", user_id=user["UserId"])
    return Caller(principal=principal, enforced=True)


def test_a_policy_names_instances_by_arn_and_tag(cloud: TestCloud, rds: Client) -> None:
    instance(rds, Tags=[{"Key": "team", "Value": "sea"}])
    instance(rds, "other")
    by_arn = {"Effect": "Allow", "Action": "rds:DescribeDBLogFiles", "Resource": f"{AT}:db:shop"}
    condition = {"StringEquals": {"rds:db-tag/team": "sea"}}
    by_tag = {"Effect": "Allow", "Action": "rds:StopDBInstance", "Resource": "*", "Condition": condition}
    client = cloud.client("rds", caller=allowed(cloud, by_arn, by_tag))
    client("DescribeDBLogFiles", DBInstanceIdentifier="shop")
    with refused("AccessDenied"):
        client("DescribeDBLogFiles", DBInstanceIdentifier="other")
    with refused("AccessDenied"):
        client("DescribeDBInstances")
    client("StopDBInstance", DBInstanceIdentifier="shop")
    with refused("AccessDenied"):
        client("StopDBInstance", DBInstanceIdentifier="other")


def test_a_policy_names_classes_and_what_is_tagged(cloud: TestCloud) -> None:
    condition = {"StringEquals": {"rds:DatabaseClass": "db.t3.micro", "aws:RequestTag/team": "sea"}}
    allow = {"Effect": "Allow", "Action": ["rds:Create*", "rds:AddTags*"], "Resource": "*", "Condition": condition}
    client = cloud.client("rds", caller=allowed(cloud, allow))
    wanted = {"Engine": "postgres", "AllocatedStorage": 20, "MasterUsername": "ann", "MasterUserPassword": PASSWORD}
    wanted |= {"Tags": [{"Key": "team", "Value": "sea"}]}
    with refused("AccessDenied"):
        client("CreateDBInstance", DBInstanceIdentifier="shop", DBInstanceClass="db.r5.large", **wanted)
    client("CreateDBInstance", DBInstanceIdentifier="shop", DBInstanceClass="db.t3.micro", **wanted)
