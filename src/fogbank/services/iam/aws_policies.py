"""AWS managed policies that people name most: data, the same in every account; equivalents where AWS's text is longer."""

from __future__ import annotations

import hashlib
import json
from base64 import b32encode
from functools import lru_cache
from typing import Any

from fogbank.aws.arns import Arn
from fogbank.services.iam.resources import ManagedPolicy, PolicyVersion

CREATED_AT = 1423247986.0
"""2015-02-06, when most of them were made."""

Statements = tuple[dict[str, Any], ...]


def _allow(*actions: str, on: str | list[str] = "*", **conditions: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"Effect": "Allow", "Action": actions[0] if len(actions) == 1 else list(actions)}
    found["Resource"] = on
    if conditions:
        found["Condition"] = {how: dict(test) for how, test in conditions.items()}
    return found


def _pass_role_to(*services: str) -> dict[str, Any]:
    return _allow("iam:PassRole", StringEquals={"iam:PassedToService": list(services)})


def _service_roles(*services: str) -> dict[str, Any]:
    names = [f"{service}.amazonaws.com" for service in services]
    return _allow("iam:CreateServiceLinkedRole", StringLike={"iam:AWSServiceName": names})


_READ_SERVICES = (
    "acm apigateway application-autoscaling autoscaling backup cloudformation cloudfront cloudtrail cloudwatch config "
    "directconnect dynamodb ec2 ecr ecs eks elasticache elasticfilesystem elasticloadbalancing es events fis glacier "
    "globalaccelerator guardduty iam kafka kinesis kms lambda logs mq network-firewall organizations pipes ram rds "
    "redshift resource-groups route53 route53domains route53resolver s3 scheduler secretsmanager servicediscovery ses "
    "shield sns sqs ssm states sts synthetics tag trustedadvisor waf wafv2 xray"
).split()
_READS = [
    *(f"{service}:{verb}*" for service in _READ_SERVICES for verb in ("Describe", "List")),
    *(
        f"{service}:Get*"
        for service in _READ_SERVICES
        if service not in ("secretsmanager", "sts", "lambda", "kms", "apigateway")
    ),
    "apigateway:GET",
    "cloudformation:Detect*",
    "cloudformation:EstimateTemplateCost",
    "dynamodb:BatchGet*",
    "dynamodb:PartiQLSelect",
    "dynamodb:Query",
    "dynamodb:Scan",
    "ec2:Search*",
    "ecr:BatchCheck*",
    "ecr:BatchGet*",
    "iam:Generate*",
    "iam:Simulate*",
    "kms:GetKey*",
    "kms:GetPublicKey",
    "kms:GetParametersForImport",
    "lambda:Get*",
    "logs:FilterLogEvents",
    "logs:StartQuery",
    "logs:StopQuery",
    "logs:TestMetricFilter",
    "route53:Test*",
    "secretsmanager:GetResourcePolicy",
    "sqs:Receive*",
    "sts:GetAccessKeyInfo",
    "sts:GetCallerIdentity",
    "sts:GetSessionToken",
    "xray:BatchGet*",
]
_LOOKS = [
    *(f"{service}:{verb}*" for service in _READ_SERVICES for verb in ("Describe", "List")),
    "autoscaling:Get*",
    "ec2:GetConsoleOutput",
    "iam:GetAccountSummary",
    "iam:GetLoginProfile",
    "route53:Get*",
    "s3:ListAllMyBuckets",
    "s3:ListBucket",
]
_AUDITS = [
    *(f"{service}:{verb}*" for service in _READ_SERVICES for verb in ("Describe", "List")),
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetTrailStatus",
    "ec2:GetEbsEncryptionByDefault",
    "ecr:GetRepositoryPolicy",
    "iam:GenerateCredentialReport",
    "iam:GenerateServiceLastAccessedDetails",
    "iam:Get*",
    "iam:SimulateCustomPolicy",
    "iam:SimulatePrincipalPolicy",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "lambda:GetAccountSettings",
    "lambda:GetFunctionConfiguration",
    "lambda:GetLayerVersionPolicy",
    "lambda:GetPolicy",
    "logs:GetLogDelivery",
    "route53:Get*",
    "s3:GetAccelerateConfiguration",
    "s3:GetAccountPublicAccessBlock",
    "s3:GetBucket*",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:GetObjectAcl",
    "s3:GetObjectVersionAcl",
    "s3:GetReplicationConfiguration",
    "secretsmanager:GetResourcePolicy",
    "sns:GetTopicAttributes",
    "sqs:GetQueueAttributes",
]
_INTERFACES = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)
_LOG_WRITES = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
_PULLS = (
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchGetImage",
)
_NETWORK_READS = (
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcs",
)
_CORE = (
    "ssm:DescribeAssociation",
    "ssm:GetDeployablePatchSnapshotForInstance",
    "ssm:GetDocument",
    "ssm:DescribeDocument",
    "ssm:GetManifest",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:ListAssociations",
    "ssm:ListInstanceAssociations",
    "ssm:PutInventory",
    "ssm:PutComplianceItems",
    "ssm:PutConfigurePackageResult",
    "ssm:UpdateAssociationStatus",
    "ssm:UpdateInstanceAssociationStatus",
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
    "ec2messages:*",
)
_VPC = (
    "ec2:*Vpc*",
    "ec2:*Subnet*",
    "ec2:*Gateway*",
    "ec2:*RouteTable*",
    "ec2:*Route",
    "ec2:*NetworkAcl*",
    "ec2:*SecurityGroup*",
    "ec2:*Address*",
    "ec2:*DhcpOptions*",
    "ec2:*NetworkInterface*",
    "ec2:*FlowLogs*",
    "ec2:*PrefixList*",
    "ec2:*CarrierGateway*",
    "ec2:*VpnConnection*",
    "ec2:CreateTags",
    "ec2:DeleteTags",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInstances",
    "ec2:DescribeKeyPairs",
    "ec2:DescribeTags",
)
_S3_READS = ("s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*")

_TABLE: dict[str, Statements] = {
    "/AdministratorAccess": (_allow("*"),),
    "/PowerUserAccess": (
        {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"},
        _allow(
            "account:GetAccountInformation",
            "account:GetPrimaryEmail",
            "account:ListRegions",
            "iam:CreateServiceLinkedRole",
            "iam:DeleteServiceLinkedRole",
            "iam:ListRoles",
            "organizations:DescribeOrganization",
        ),
    ),
    "/ReadOnlyAccess": (_allow(*_READS),),
    "/SecurityAudit": (_allow(*_AUDITS),),
    "/job-function/ViewOnlyAccess": (_allow(*_LOOKS),),
    "/job-function/SystemAdministrator": (
        _allow(
            "autoscaling:*",
            "cloudtrail:Describe*",
            "cloudwatch:*",
            "config:*",
            "ec2:*",
            "elasticloadbalancing:*",
            "logs:*",
            "rds:*",
            "route53:*",
            "s3:*",
            "sns:*",
            "sqs:*",
            "ssm:*",
            "iam:Get*",
            "iam:List*",
        ),
    ),
    "/job-function/NetworkAdministrator": (
        _allow(*_VPC, "elasticloadbalancing:*", "route53:*", "directconnect:*", "cloudfront:ListDistributions"),
    ),
    "/job-function/DatabaseAdministrator": (
        _allow("dynamodb:*", "elasticache:*", "rds:*", "redshift:*", "cloudwatch:*", "logs:*", "kms:ListKeys"),
    ),
    "/job-function/Billing": (_allow("aws-portal:*", "budgets:*", "ce:*", "cur:*", "pricing:*"),),
    "/IAMFullAccess": (
        _allow(
            "iam:*",
            "organizations:DescribeAccount",
            "organizations:DescribeOrganization",
            "organizations:DescribeOrganizationalUnit",
            "organizations:DescribePolicy",
            "organizations:ListChildren",
            "organizations:ListParents",
            "organizations:ListPoliciesForTarget",
            "organizations:ListRoots",
            "organizations:ListPolicies",
            "organizations:ListTargetsForPolicy",
        ),
    ),
    "/IAMReadOnlyAccess": (
        _allow(
            "iam:GenerateCredentialReport",
            "iam:GenerateServiceLastAccessedDetails",
            "iam:Get*",
            "iam:List*",
            "iam:SimulateCustomPolicy",
            "iam:SimulatePrincipalPolicy",
        ),
    ),
    "/IAMUserChangePassword": (
        _allow("iam:ChangePassword", on=["arn:aws:iam::*:user/${aws:username}"]),
        _allow("iam:GetAccountPasswordPolicy"),
    ),
    "/AmazonSSMFullAccess": (
        _allow("cloudwatch:PutMetricData", "ds:CreateComputer", "ds:DescribeDirectories", "logs:*", "ssm:*", "ec2messages:*"),
        _service_roles("ssm"),
        _allow("ec2:DescribeInstanceStatus", "ssmmessages:*"),
    ),
    "/AmazonSSMReadOnlyAccess": (_allow("ssm:Describe*", "ssm:Get*", "ssm:List*"),),
    "/AmazonSSMManagedInstanceCore": (_allow(*_CORE),),
    "/AmazonSSMAutomationRole": (_allow("ssm:*", "ec2:*", "lambda:InvokeFunction"),),
    "/SecretsManagerReadWrite": (
        _allow(
            "secretsmanager:*",
            "cloudformation:CreateChangeSet",
            "cloudformation:DescribeChangeSet",
            "cloudformation:DescribeStackResource",
            "cloudformation:DescribeStacks",
            "cloudformation:ExecuteChangeSet",
            *_NETWORK_READS,
            "kms:DescribeKey",
            "kms:ListAliases",
            "kms:ListKeys",
            "lambda:ListFunctions",
            "rds:DescribeDBClusters",
            "rds:DescribeDBInstances",
            "tag:GetResources",
        ),
        _allow(
            "lambda:AddPermission",
            "lambda:CreateFunction",
            "lambda:GetFunction",
            "lambda:InvokeFunction",
            "lambda:UpdateFunctionConfiguration",
            on="arn:aws:lambda:*:*:function:SecretsManager*",
        ),
    ),
    "/AWSKeyManagementServicePowerUser": (
        _allow(
            "kms:CreateAlias",
            "kms:CreateKey",
            "kms:DeleteAlias",
            "kms:Describe*",
            "kms:GenerateRandom",
            "kms:Get*",
            "kms:List*",
            "kms:TagResource",
            "kms:UntagResource",
            "iam:ListGroups",
            "iam:ListRoles",
            "iam:ListUsers",
        ),
    ),
    "/AmazonS3FullAccess": (_allow("s3:*", "s3-object-lambda:*"),),
    "/AmazonS3ReadOnlyAccess": (_allow(*_S3_READS),),
    "/AmazonSQSFullAccess": (_allow("sqs:*"),),
    "/AmazonSQSReadOnlyAccess": (
        _allow(
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ListDeadLetterSourceQueues",
            "sqs:ListQueues",
            "sqs:ListMessageMoveTasks",
            "sqs:ListQueueTags",
        ),
    ),
    "/AmazonSNSFullAccess": (_allow("sns:*"),),
    "/AmazonSNSReadOnlyAccess": (_allow("sns:GetTopicAttributes", "sns:List*", "sns:Get*"),),
    "/AmazonDynamoDBFullAccess": (
        _allow(
            "dynamodb:*",
            "dax:*",
            "application-autoscaling:*",
            "cloudwatch:DeleteAlarms",
            "cloudwatch:Describe*",
            "cloudwatch:Get*",
            "cloudwatch:PutMetricAlarm",
            *_NETWORK_READS,
            "iam:GetRole",
            "iam:ListRoles",
            "kms:DescribeKey",
            "kms:ListAliases",
            "sns:ListTopics",
            "lambda:List*",
            "kinesis:ListStreams",
            "tag:GetResources",
        ),
        _pass_role_to("application-autoscaling.amazonaws.com", "dax.amazonaws.com"),
        _service_roles("replication.dynamodb", "dax", "dynamodb.application-autoscaling"),
    ),
    "/AmazonDynamoDBReadOnlyAccess": (
        _allow(
            "dynamodb:BatchGetItem",
            "dynamodb:Describe*",
            "dynamodb:GetItem",
            "dynamodb:List*",
            "dynamodb:PartiQLSelect",
            "dynamodb:Query",
            "dynamodb:Scan",
        ),
    ),
    "/AmazonEC2FullAccess": (
        _allow("ec2:*", "elasticloadbalancing:*", "cloudwatch:*", "autoscaling:*"),
        _service_roles("autoscaling", "ec2scheduled", "elasticloadbalancing", "spot", "spotfleet", "transitgateway"),
    ),
    "/AmazonEC2ReadOnlyAccess": (
        _allow(
            "ec2:Describe*",
            "ec2:GetSecurityGroupsForVpc",
            "elasticloadbalancing:Describe*",
            "cloudwatch:ListMetrics",
            "cloudwatch:GetMetricStatistics",
            "cloudwatch:Describe*",
            "autoscaling:Describe*",
        ),
    ),
    "/AmazonEC2ContainerRegistryReadOnly": (_allow(*_PULLS, "ecr:Describe*", "ecr:List*", "ecr:GetRepositoryPolicy"),),
    "/AmazonEC2ContainerRegistryFullAccess": (_allow("ecr:*", "cloudtrail:LookupEvents"), _service_roles("replication.ecr")),
    "/AmazonEC2ContainerRegistryPowerUser": (
        _allow(
            *_PULLS,
            "ecr:Describe*",
            "ecr:List*",
            "ecr:InitiateLayerUpload",
            "ecr:UploadLayerPart",
            "ecr:CompleteLayerUpload",
            "ecr:PutImage",
        ),
    ),
    "/AmazonVPCFullAccess": (_allow(*_VPC),),
    "/AmazonVPCReadOnlyAccess": (_allow("ec2:Describe*", "ec2:Get*PrefixList*", "ec2:SearchTransitGatewayRoutes"),),
    "/AmazonRDSFullAccess": (
        _allow(
            "rds:*",
            "application-autoscaling:*",
            "cloudwatch:*",
            *_NETWORK_READS,
            "ec2:DescribeCoipPools",
            "logs:DescribeLogStreams",
            "logs:GetLogEvents",
            "sns:ListSubscriptions",
            "sns:ListTopics",
            "sns:Publish",
        ),
        _service_roles("rds", "rds.application-autoscaling"),
    ),
    "/AmazonRDSReadOnlyAccess": (
        _allow("rds:Describe*", "rds:ListTagsForResource", *_NETWORK_READS, "cloudwatch:Get*", "logs:GetLogEvents"),
    ),
    "/AmazonRDSDataFullAccess": (_allow("rds-data:*", "secretsmanager:GetSecretValue", "tag:GetResources"),),
    "/AmazonElastiCacheFullAccess": (_allow("elasticache:*"), _service_roles("elasticache")),
    "/AmazonElastiCacheReadOnlyAccess": (_allow("elasticache:Describe*", "elasticache:List*"),),
    "/AmazonRoute53FullAccess": (
        _allow(
            "route53:*",
            "route53domains:*",
            "cloudfront:ListDistributions",
            "elasticloadbalancing:DescribeLoadBalancers",
            "s3:ListBucket",
            "s3:GetBucketLocation",
            "s3:GetBucketWebsite",
            "ec2:DescribeVpcs",
            "ec2:DescribeVpcEndpoints",
            "ec2:DescribeRegions",
            "sns:ListTopics",
            "cloudwatch:DescribeAlarms",
            "cloudwatch:GetMetricStatistics",
        ),
        _allow("apigateway:GET", on="arn:aws:apigateway:*::/domainnames"),
    ),
    "/AmazonRoute53ReadOnlyAccess": (_allow("route53:Get*", "route53:List*", "route53:TestDNSAnswer"),),
    "/AmazonRoute53ResolverFullAccess": (_allow("route53resolver:*", "ec2:Describe*"),),
    "/AWSCloudMapFullAccess": (_allow("servicediscovery:*", "route53:*", "ec2:DescribeVpcs", "ec2:DescribeRegions"),),
    "/CloudWatchFullAccess": (
        _allow("autoscaling:Describe*", "cloudwatch:*", "logs:*", "sns:*", "iam:GetPolicy", "iam:GetRole", "oam:ListSinks"),
        _service_roles("events"),
    ),
    "/CloudWatchFullAccessV2": (_allow("autoscaling:Describe*", "cloudwatch:*", "logs:*", "sns:*", "xray:*"),),
    "/CloudWatchReadOnlyAccess": (
        _allow("autoscaling:Describe*", "cloudwatch:Describe*", "cloudwatch:Get*", "cloudwatch:List*", "logs:Get*", "logs:Describe*"),
    ),
    "/CloudWatchLogsFullAccess": (_allow("logs:*", "cloudwatch:GenerateQuery"),),
    "/CloudWatchLogsReadOnlyAccess": (
        _allow("logs:Describe*", "logs:Get*", "logs:List*", "logs:StartQuery", "logs:StopQuery", "logs:FilterLogEvents"),
    ),
    "/CloudWatchAgentServerPolicy": (
        _allow(
            "cloudwatch:PutMetricData",
            "ec2:DescribeVolumes",
            "ec2:DescribeTags",
            *_LOG_WRITES,
            "logs:DescribeLogStreams",
            "logs:DescribeLogGroups",
            "logs:PutRetentionPolicy",
        ),
        _allow("ssm:GetParameter", on="arn:aws:ssm:*:*:parameter/AmazonCloudWatch-*"),
    ),
    "/CloudWatchEventsFullAccess": (_allow("events:*"), _pass_role_to("events.amazonaws.com")),
    "/AmazonEventBridgeFullAccess": (
        _allow("events:*", "schemas:*", "scheduler:*", "pipes:*"),
        _service_roles("schemas", "apidestinations.events"),
        _pass_role_to("events.amazonaws.com", "scheduler.amazonaws.com", "pipes.amazonaws.com"),
    ),
    "/AWSStepFunctionsFullAccess": (_allow("states:*"),),
    "/AmazonKinesisFullAccess": (_allow("kinesis:*"),),
    "/AmazonAPIGatewayAdministrator": (_allow("apigateway:*", on="arn:aws:apigateway:*::/*"),),
    "/AmazonAPIGatewayInvokeFullAccess": (
        _allow("execute-api:Invoke", "execute-api:ManageConnections", on="arn:aws:execute-api:*:*:*"),
    ),
    "/AmazonElasticFileSystemFullAccess": (_allow("elasticfilesystem:*", *_INTERFACES[:4]), _service_roles("elasticfilesystem")),
    "/AmazonMQFullAccess": (_allow("mq:*", *_INTERFACES[:4], *_NETWORK_READS), _service_roles("mq")),
    "/ElasticLoadBalancingFullAccess": (
        _allow("elasticloadbalancing:*", *_NETWORK_READS, "ec2:DescribeInstances"),
        _service_roles("elasticloadbalancing"),
    ),
    "/ElasticLoadBalancingReadOnly": (_allow("elasticloadbalancing:Describe*", *_NETWORK_READS),),
    "/AutoScalingFullAccess": (
        _allow("autoscaling:*", "cloudwatch:PutMetricAlarm", "ec2:Describe*", "elasticloadbalancing:Describe*"),
        _service_roles("autoscaling"),
    ),
    "/AmazonECS_FullAccess": (
        _allow(
            "application-autoscaling:*",
            "autoscaling:*",
            "cloudformation:*Stack*",
            "cloudwatch:*",
            "ec2:Describe*",
            "ecs:*",
            "elasticloadbalancing:*",
            "events:*",
            "iam:ListRoles",
            "logs:CreateLogGroup",
            "servicediscovery:*",
        ),
        _pass_role_to("ecs-tasks.amazonaws.com", "ec2.amazonaws.com", "application-autoscaling.amazonaws.com"),
        _service_roles("ecs", "autoscaling", "ecs.application-autoscaling", "elasticloadbalancing"),
    ),
    "/AmazonEKSClusterPolicy": (_allow("autoscaling:*", "ec2:*", "elasticloadbalancing:*", "kms:DescribeKey"),),
    "/AmazonEKSWorkerNodePolicy": (_allow("ec2:Describe*", "eks:DescribeCluster", "eks-auth:AssumeRoleForPodIdentity"),),
    "/AmazonEKS_CNI_Policy": (_allow(*_INTERFACES, "ec2:DescribeInstances", "ec2:DescribeTags", "ec2:CreateTags"),),
    "/AWSLambda_FullAccess": (
        _allow(
            "cloudformation:DescribeStacks",
            "cloudformation:ListStackResources",
            "cloudwatch:ListMetrics",
            "cloudwatch:GetMetricData",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            "kms:ListAliases",
            "iam:GetPolicy",
            "iam:GetPolicyVersion",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            "iam:ListRoles",
            "lambda:*",
            "logs:DescribeLogGroups",
            "states:DescribeStateMachine",
            "states:ListStateMachines",
            "tag:GetResources",
            "xray:GetTraceSummaries",
            "xray:BatchGetTraces",
        ),
        _pass_role_to("lambda.amazonaws.com"),
        _allow("logs:DescribeLogStreams", "logs:GetLogEvents", "logs:FilterLogEvents", on="arn:aws:logs:*:*:log-group:/aws/lambda/*"),
    ),
    "/AWSLambda_ReadOnlyAccess": (_allow("lambda:Get*", "lambda:List*", "logs:DescribeLogGroups", "tag:GetResources"),),
    "/AWSLambdaExecute": (
        _allow("logs:*", on="arn:aws:logs:*:*:*"),
        _allow("s3:GetObject", "s3:PutObject", on="arn:aws:s3:::*"),
    ),
    "/AWSLambdaInvocation-DynamoDB": (
        _allow("lambda:InvokeFunction"),
        _allow("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"),
    ),
    "/service-role/AWSLambdaBasicExecutionRole": (_allow(*_LOG_WRITES),),
    "/service-role/AWSLambdaVPCAccessExecutionRole": (_allow(*_LOG_WRITES, *_INTERFACES),),
    "/service-role/AWSLambdaSQSQueueExecutionRole": (
        _allow("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", *_LOG_WRITES),
    ),
    "/service-role/AWSLambdaDynamoDBExecutionRole": (
        _allow("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams", *_LOG_WRITES),
    ),
    "/service-role/AWSLambdaKinesisExecutionRole": (
        _allow("kinesis:Describe*", "kinesis:Get*", "kinesis:List*", "kinesis:SubscribeToShard", *_LOG_WRITES),
    ),
    "/service-role/AWSLambdaRole": (_allow("lambda:InvokeFunction"),),
    "/service-role/AmazonECSTaskExecutionRolePolicy": (_allow(*_PULLS, *_LOG_WRITES[1:]),),
    "/service-role/AmazonEC2ContainerServiceforEC2Role": (
        _allow("ec2:DescribeTags", "ecs:*Container*", "ecs:Poll", "ecs:StartTelemetrySession", *_PULLS, *_LOG_WRITES[1:]),
    ),
    "/service-role/AmazonSSMMaintenanceWindowRole": (_allow("ssm:*Command*", "lambda:InvokeFunction", "states:StartExecution"),),
    "/service-role/AmazonRDSEnhancedMonitoringRole": (
        _allow("logs:CreateLogGroup", "logs:PutRetentionPolicy", on="arn:aws:logs:*:*:log-group:RDS*"),
        _allow(*_LOG_WRITES[1:], "logs:DescribeLogStreams", "logs:GetLogEvents", on="arn:aws:logs:*:*:log-group:RDS*:log-stream:*"),
    ),
    "/service-role/AmazonAPIGatewayPushToCloudWatchLogs": (
        _allow(*_LOG_WRITES, "logs:Describe*", "logs:GetLogEvents", "logs:FilterLogEvents"),
    ),
    "/service-role/AWSConfigRole": (_allow("config:Put*", *_READS),),
    "/service-role/AWS_ConfigRole": (_allow("config:Put*", *_READS),),
    "/service-role/AmazonEBSCSIDriverPolicy": (_allow("ec2:*Volume*", "ec2:*Snapshot*", "ec2:Describe*", "ec2:CreateTags"),),
    "/service-role/AWSBackupServiceRolePolicyForBackup": (_allow("backup:*", "ec2:*Snapshot*", "rds:*Snapshot*", "tag:GetResources"),),
    "/service-role/AmazonElasticMapReduceRole": (_allow("ec2:*", "elasticmapreduce:*", "s3:*", "sqs:*"),),
    "/service-role/VPCFlowLogsRole": (_allow(*_LOG_WRITES, "logs:Describe*"),),
    "/AWSXRayDaemonWriteAccess": (
        _allow(
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:GetSamplingStatisticSummaries",
        ),
    ),
    "/AWSXrayFullAccess": (_allow("xray:*"),),
    "/AWSCloudFormationFullAccess": (_allow("cloudformation:*"),),
    "/AWSCloudFormationReadOnlyAccess": (_allow("cloudformation:Describe*", "cloudformation:Get*", "cloudformation:List*"),),
    "/AWSCloudTrail_FullAccess": (_allow("cloudtrail:*", "s3:*", "logs:CreateLogGroup", "sns:ListTopics"),),
    "/AWSCertificateManagerFullAccess": (_allow("acm:*"), _service_roles("acm")),
    "/AWSCertificateManagerReadOnly": (_allow("acm:Describe*", "acm:List*", "acm:GetCertificate"),),
    "/AWSOrganizationsFullAccess": (_allow("organizations:*"), _service_roles("organizations")),
    "/AWSOrganizationsReadOnlyAccess": (_allow("organizations:Describe*", "organizations:List*"),),
    "/AWSSupportAccess": (_allow("support:*"),),
    "/ResourceGroupsandTagEditorFullAccess": (_allow("resource-groups:*", "tag:*", "cloudformation:DescribeStacks"),),
    "/AWSFaultInjectionSimulatorEC2Access": (_allow("ec2:RebootInstances", "ec2:StopInstances", "ec2:StartInstances"),),
    "/AmazonCognitoPowerUser": (_allow("cognito-identity:*", "cognito-idp:*", "cognito-sync:*"),),
    "/AmazonSESFullAccess": (_allow("ses:*"),),
    "/AmazonMSKFullAccess": (_allow("kafka:*", *_NETWORK_READS), _service_roles("kafka")),
    "/CloudFrontFullAccess": (_allow("cloudfront:*", "s3:ListAllMyBuckets", "acm:ListCertificates"),),
    "/AWSDenyAll": ({"Sid": "DenyAll", "Effect": "Deny", "Action": ["*"], "Resource": "*"},),
}  # fmt: skip


@lru_cache(maxsize=2048)
def find(arn: str) -> ManagedPolicy | None:
    """The AWS managed policy of an ARN of any partition, None if it is not in the table."""
    parsed = Arn.parse(arn)
    place = parsed.resource.removeprefix("policy") if parsed else ""
    if parsed is None or place not in _TABLE:
        return None
    document = json.dumps({"Version": "2012-10-17", "Statement": list(_TABLE[place])}, indent=4)
    path, _, name = place.rpartition("/")
    return ManagedPolicy(
        name=name,
        path=f"{path}/",
        id=_id(place),
        created_at=CREATED_AT,
        updated_at=CREATED_AT,
        versions=(
            PolicyVersion(
                number=1,
                document=document.replace('"arn:aws:', f'"arn:{parsed.partition}:'),
                created_at=CREATED_AT,
            ),
        ),
    )


def all_in(partition: str) -> list[ManagedPolicy]:
    """Every one, in order of name."""
    found = (find(f"arn:{partition}:iam::aws:policy{place}") for place in _TABLE)
    return sorted((policy for policy in found if policy is not None), key=lambda policy: policy.key)


def is_one(policy: ManagedPolicy) -> bool:
    place = f"{policy.path}{policy.name}"
    return place in _TABLE and policy.id == _id(place)


@lru_cache(maxsize=2048)
def _id(place: str) -> str:
    return "ANPA" + b32encode(hashlib.sha256(place.encode()).digest()).decode()[:17]
