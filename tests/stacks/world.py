"""What every service lists of an account: a stack leaves it as it was, or it has left something."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

Ask = Callable[[str, str, dict[str, Any]], dict[str, Any]]
"""Calls an operation: service, name, parameters."""
MOMENTS = frozenset(
    (
        "AlarmConfigurationUpdatedTimestamp",
        "HealthCheckVersion",
        "LastAccessedDate",
        "LastChangedDate",
        "LastModificationDate",
        "LastModified",
        "LastModifiedDate",
        "LastModifiedTimestamp",
        "LastUpdated",
        "ResponseMetadata",
        "RevisionId",
        "SecretVersionsToStages",
        "SecurityGroupRuleArn",
        "SecurityGroupRuleId",
        "StateTransitionedTimestamp",
        "StateUpdatedTimestamp",
        "VersionId",
        "VersionIdsToStages",
    )
)
"""What tells when, or how often, something was changed: taking a change back is a change, a rule put back a new one."""
LISTS = (
    ("cloudwatch", "DescribeAlarms", {}, "MetricAlarms"),
    ("cloudwatch", "ListDashboards", {}, "DashboardEntries"),
    ("ec2", "DescribeAddresses", {}, "Addresses"),
    ("ec2", "DescribeInternetGateways", {}, "InternetGateways"),
    ("ec2", "DescribeEgressOnlyInternetGateways", {}, "EgressOnlyInternetGateways"),
    ("ec2", "DescribeNatGateways", {}, "NatGateways"),
    ("ec2", "DescribeNetworkAcls", {}, "NetworkAcls"),
    ("ec2", "DescribeNetworkInterfaces", {}, "NetworkInterfaces"),
    ("ec2", "DescribeRouteTables", {}, "RouteTables"),
    ("ec2", "DescribeSecurityGroups", {}, "SecurityGroups"),
    ("ec2", "DescribeSecurityGroupRules", {}, "SecurityGroupRules"),
    ("ec2", "DescribeSubnets", {}, "Subnets"),
    ("ec2", "DescribeTags", {}, "Tags"),
    ("ec2", "DescribeVpcEndpoints", {}, "VpcEndpoints"),
    ("ec2", "DescribeVpcPeeringConnections", {}, "VpcPeeringConnections"),
    ("ec2", "DescribeVpcs", {}, "Vpcs"),
    ("ecr", "DescribeRepositories", {}, "repositories"),
    ("events", "ListEventBuses", {}, "EventBuses"),
    ("iam", "ListPolicies", {"Scope": "Local"}, "Policies"),
    ("iam", "ListUsers", {}, "Users"),
    ("kms", "ListAliases", {}, "Aliases"),
    ("lambda", "ListEventSourceMappings", {}, "EventSourceMappings"),
    ("logs", "DescribeLogGroups", {}, "logGroups"),
    ("rds", "DescribeDBClusters", {}, "DBClusters"),
    ("rds", "DescribeDBInstances", {}, "DBInstances"),
    ("rds", "DescribeDBSnapshots", {}, "DBSnapshots"),
    ("rds", "DescribeDBClusterSnapshots", {}, "DBClusterSnapshots"),
    ("rds", "DescribeDBSubnetGroups", {}, "DBSubnetGroups"),
    ("rds", "DescribeDBClusterParameterGroups", {}, "DBClusterParameterGroups"),
    ("route53", "ListHealthChecks", {}, "HealthChecks"),
    ("scheduler", "ListScheduleGroups", {}, "ScheduleGroups"),
    ("sns", "ListSubscriptions", {}, "Subscriptions"),
)
"""Lists that say all: service, operation, parameters, member."""
DETAILS = (
    ("events", "ListRules", "Rules", "Name", "ListTargetsByRule", "Rule"),
    ("iam", "ListRoles", "Roles", "RoleName", "GetRole", "RoleName"),
    ("iam", "ListRoles", "Roles", "RoleName", "ListRolePolicies", "RoleName"),
    ("iam", "ListRoles", "Roles", "RoleName", "ListAttachedRolePolicies", "RoleName"),
    ("kms", "ListKeys", "Keys", "KeyId", "DescribeKey", "KeyId"),
    ("lambda", "ListFunctions", "Functions", "FunctionName", "GetFunctionConfiguration", "FunctionName"),
    ("lambda", "ListFunctions", "Functions", "FunctionName", "ListAliases", "FunctionName"),
    ("rds", "DescribeDBParameterGroups", "DBParameterGroups", *2 * ("DBParameterGroupName",), ""),
    ("route53", "ListHostedZones", "HostedZones", "Id", "ListResourceRecordSets", "HostedZoneId"),
    ("scheduler", "ListSchedules", "Schedules", "Name", "GetSchedule", "Name"),
    ("secretsmanager", "ListSecrets", "SecretList", "ARN", "GetSecretValue", "SecretId"),
    ("secretsmanager", "ListSecrets", "SecretList", "ARN", "DescribeSecret", "SecretId"),
    ("sns", "ListTopics", "Topics", "TopicArn", "GetTopicAttributes", "TopicArn"),
    ("ssm", "DescribeParameters", "Parameters", "Name", "GetParameter", "Name"),
)
"""Lists of names, and the operation that tells of each: service, list, member, name, operation, parameter."""
BUCKET = (
    "GetBucketVersioning",
    "GetBucketTagging",
    "GetBucketPolicy",
    "GetBucketEncryption",
    "GetBucketLifecycleConfiguration",
    "GetBucketNotificationConfiguration",
    "GetBucketWebsite",
    "GetPublicAccessBlock",
)


def shown(ask: Ask) -> dict[str, list[str]]:
    """Everything that there is, by what lists it, each row as text: two worlds are the same if these are equal."""
    found: dict[str, list[str]] = {}
    for service, operation, params, member in LISTS:
        found[f"{service} {operation}"] = _rows(ask(service, operation, params).get(member, []))
    for service, listing, member, name, operation, parameter in DETAILS:
        if not parameter:
            found[f"{service} {listing}"] = _rows(ask(service, listing, {}).get(member, []))
            continue
        rows = [ask(service, operation, {parameter: one[name]}) for one in ask(service, listing, {}).get(member, [])]
        found[f"{service} {operation}"] = _rows(rows)
    found["sqs"] = _rows([*_queues(ask)])
    found["s3"] = _rows([*_buckets(ask)])
    return found


def _queues(ask: Ask) -> Iterator[Any]:
    for url in ask("sqs", "ListQueues", {}).get("QueueUrls", []):
        attributes = ask("sqs", "GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["All"]})["Attributes"]
        yield {"name": url.rpartition("/")[2], **attributes}


def _buckets(ask: Ask) -> Iterator[Any]:
    for bucket in ask("s3", "ListBuckets", {})["Buckets"]:
        told: dict[str, Any] = {"name": bucket["Name"]}
        for operation in BUCKET:
            try:
                told[operation] = ask("s3", operation, {"Bucket": bucket["Name"]})
            except Exception as error:
                told[operation] = type(error).__name__
        yield told


def _rows(found: list[Any]) -> list[str]:
    return sorted(json.dumps(_without(one), sort_keys=True, default=str) for one in found if not _is_ended(one))


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        parameter = "DataType" in value and "Version" in value
        return {
            name: _without(one)
            for name, one in value.items()
            if name not in MOMENTS and not (parameter and name == "Version")
        }
    if isinstance(value, list | tuple):
        return sorted((_without(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True, default=str))
    return value


def _is_ended(one: Any) -> bool:
    """Whether nobody has made it, or it only says that it has been: what is deleted is listed for a while."""
    if not isinstance(one, dict):
        return False
    if one.get("KeyMetadata", {}).get("KeyManager") == "AWS" or one.get("AliasName", "").startswith("alias/aws/"):
        # What a service makes for itself when it is first used stays.
        return True
    state = one.get("State") or one.get("KeyMetadata", {}).get("KeyState") or one.get("Status", {})
    code = state.get("Code") if isinstance(state, dict) else state
    return code in ("deleted", "PendingDeletion")
