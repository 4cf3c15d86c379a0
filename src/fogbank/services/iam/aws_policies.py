"""AWS managed policies that people name most, the same in every account: data, equivalent where AWS's text is long."""

from __future__ import annotations

import hashlib
import json
from base64 import b32encode
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from fogbank.aws.arns import Arn
from fogbank.services.iam.resources import ManagedPolicy, PolicyVersion

CREATED_AT = 1423247986.0
"""2015-02-06, when most of them were made."""

_READABLE = (
    "acm apigateway application-autoscaling autoscaling backup cloudformation cloudfront cloudtrail "
    "cloudwatch config directconnect dynamodb ec2 ecr ecs eks elasticache elasticfilesystem "
    "elasticloadbalancing es events fis glacier globalaccelerator guardduty iam kafka kinesis kms lambda logs "
    "mq network-firewall organizations pipes ram rds redshift resource-groups route53 route53domains "
    "route53resolver s3 scheduler secretsmanager servicediscovery ses shield sns sqs ssm states sts "
    "synthetics tag trustedadvisor waf wafv2 xray"
)
_NOT_ALL_GETS = {"secretsmanager", "sts", "kms", "apigateway"}

_SETS = {
    "$describes-and-lists": " ".join(
        f"{service}:{verb}*" for service in _READABLE.split() for verb in ("Describe", "List")
    ),
    "$gets": " ".join(f"{service}:Get*" for service in _READABLE.split() if service not in _NOT_ALL_GETS),
    "$reads": (
        "$describes-and-lists $gets apigateway:GET cloudformation:Detect* cloudformation:EstimateTemplateCost "
        "dynamodb:BatchGet* dynamodb:PartiQLSelect dynamodb:Query dynamodb:Scan ec2:Search* ecr:BatchCheck* "
        "ecr:BatchGet* iam:Generate* iam:Simulate* kms:GetKey* kms:GetPublicKey kms:GetParametersForImport "
        "logs:FilterLogEvents logs:StartQuery logs:StopQuery logs:TestMetricFilter route53:Test* "
        "secretsmanager:GetResourcePolicy sqs:Receive* sts:GetAccessKeyInfo sts:GetCallerIdentity "
        "sts:GetSessionToken xray:BatchGet* lambda:Get*"
    ),
    "$looks": (
        "$describes-and-lists autoscaling:Get* ec2:GetConsoleOutput iam:GetAccountSummary iam:GetLoginProfile "
        "route53:Get* s3:ListAllMyBuckets s3:ListBucket"
    ),
    "$audits": (
        "$describes-and-lists cloudtrail:GetEventSelectors cloudtrail:GetTrailStatus "
        "ec2:GetEbsEncryptionByDefault ecr:GetRepositoryPolicy iam:GenerateCredentialReport "
        "iam:GenerateServiceLastAccessedDetails iam:Get* iam:SimulateCustomPolicy iam:SimulatePrincipalPolicy "
        "kms:GetKeyPolicy kms:GetKeyRotationStatus lambda:GetAccountSettings lambda:GetFunctionConfiguration "
        "lambda:GetLayerVersionPolicy lambda:GetPolicy logs:GetLogDelivery route53:Get* "
        "s3:GetAccelerateConfiguration s3:GetAccountPublicAccessBlock s3:GetBucket* s3:GetEncryptionConfiguration "
        "s3:GetLifecycleConfiguration s3:GetObjectAcl s3:GetObjectVersionAcl s3:GetReplicationConfiguration "
        "secretsmanager:GetResourcePolicy sns:GetTopicAttributes sqs:GetQueueAttributes"
    ),
    "$network-reads": (
        "ec2:DescribeAccountAttributes ec2:DescribeAvailabilityZones ec2:DescribeInternetGateways "
        "ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcAttribute ec2:DescribeVpcs"
    ),
    "$core": (
        "ssm:DescribeAssociation ssm:GetDeployablePatchSnapshotForInstance ssm:GetDocument ssm:DescribeDocument "
        "ssm:GetManifest ssm:GetParameter ssm:GetParameters ssm:ListAssociations ssm:ListInstanceAssociations "
        "ssm:PutInventory ssm:PutComplianceItems ssm:PutConfigurePackageResult ssm:UpdateAssociationStatus "
        "ssm:UpdateInstanceAssociationStatus ssm:UpdateInstanceInformation ssmmessages:CreateControlChannel "
        "ssmmessages:CreateDataChannel ssmmessages:OpenControlChannel ssmmessages:OpenDataChannel ec2messages:*"
    ),
    "$vpc": (
        "ec2:*Vpc* ec2:*Subnet* ec2:*Gateway* ec2:*RouteTable* ec2:*Route ec2:*NetworkAcl* ec2:*SecurityGroup* "
        "ec2:*Address* ec2:*DhcpOptions* ec2:*NetworkInterface* ec2:*FlowLogs* ec2:*PrefixList* "
        "ec2:*CarrierGateway* ec2:*VpnConnection* ec2:CreateTags ec2:DeleteTags ec2:DescribeAvailabilityZones "
        "ec2:DescribeInstances ec2:DescribeKeyPairs ec2:DescribeTags"
    ),
}
"""What stands for several words, in the table and here."""

# A line is a statement: actions that are allowed, then `on` and resources where that is not all of them; or a first
# word of its own: `all-but` (NotAction), `deny`, `pass-role-to`, `linked-roles-of`.
_TABLE = {
    "/AdministratorAccess": "*",
    "/PowerUserAccess": (
        "all-but iam:* organizations:* account:*\n"
        "account:GetAccountInformation account:GetPrimaryEmail account:ListRegions "
        "iam:CreateServiceLinkedRole iam:DeleteServiceLinkedRole iam:ListRoles "
        "organizations:DescribeOrganization"
    ),
    "/ReadOnlyAccess": "$reads",
    "/SecurityAudit": "$audits",
    "/job-function/ViewOnlyAccess": "$looks",
    "/job-function/SystemAdministrator": (
        "autoscaling:* cloudtrail:Describe* cloudwatch:* config:* ec2:* elasticloadbalancing:* logs:* rds:* "
        "route53:* s3:* sns:* sqs:* ssm:* iam:Get* iam:List*"
    ),
    "/job-function/NetworkAdministrator": (
        "$vpc elasticloadbalancing:* route53:* directconnect:* cloudfront:ListDistributions"
    ),
    "/job-function/DatabaseAdministrator": (
        "dynamodb:* elasticache:* rds:* redshift:* cloudwatch:* logs:* kms:ListKeys"
    ),
    "/job-function/Billing": "aws-portal:* budgets:* ce:* cur:* pricing:*",
    "/IAMFullAccess": (
        "iam:* organizations:DescribeAccount organizations:DescribeOrganization "
        "organizations:DescribeOrganizationalUnit organizations:DescribePolicy organizations:ListChildren "
        "organizations:ListParents organizations:ListPoliciesForTarget organizations:ListRoots "
        "organizations:ListPolicies organizations:ListTargetsForPolicy"
    ),
    "/IAMReadOnlyAccess": (
        "iam:GenerateCredentialReport iam:GenerateServiceLastAccessedDetails iam:Get* iam:List* "
        "iam:SimulateCustomPolicy iam:SimulatePrincipalPolicy"
    ),
    "/IAMUserChangePassword": (
        "iam:ChangePassword on arn:aws:iam::*:user/${aws:username}\niam:GetAccountPasswordPolicy"
    ),
    "/AmazonSSMFullAccess": (
        "cloudwatch:PutMetricData ds:CreateComputer ds:DescribeDirectories logs:* ssm:* ec2messages:*\n"
        "linked-roles-of ssm\n"
        "ec2:DescribeInstanceStatus ssmmessages:*"
    ),
    "/AmazonSSMReadOnlyAccess": "ssm:Describe* ssm:Get* ssm:List*",
    "/AmazonSSMManagedInstanceCore": "$core",
    "/AmazonSSMAutomationRole": "ssm:* ec2:* lambda:InvokeFunction",
    "/SecretsManagerReadWrite": (
        "secretsmanager:* cloudformation:CreateChangeSet cloudformation:DescribeChangeSet "
        "cloudformation:DescribeStackResource cloudformation:DescribeStacks cloudformation:ExecuteChangeSet "
        "$network-reads kms:DescribeKey kms:ListAliases kms:ListKeys lambda:ListFunctions "
        "rds:DescribeDBClusters rds:DescribeDBInstances tag:GetResources\n"
        "lambda:AddPermission lambda:CreateFunction lambda:GetFunction lambda:InvokeFunction "
        "lambda:UpdateFunctionConfiguration on arn:aws:lambda:*:*:function:SecretsManager*"
    ),
    "/AWSKeyManagementServicePowerUser": (
        "kms:CreateAlias kms:CreateKey kms:DeleteAlias kms:Describe* kms:GenerateRandom kms:Get* kms:List* "
        "kms:TagResource kms:UntagResource iam:ListGroups iam:ListRoles iam:ListUsers"
    ),
    "/AmazonS3FullAccess": "s3:* s3-object-lambda:*",
    "/AmazonS3ReadOnlyAccess": "s3:Get* s3:List* s3:Describe* s3-object-lambda:Get* s3-object-lambda:List*",
    "/AmazonSQSFullAccess": "sqs:*",
    "/AmazonSQSReadOnlyAccess": (
        "sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ListDeadLetterSourceQueues sqs:ListQueues "
        "sqs:ListMessageMoveTasks sqs:ListQueueTags"
    ),
    "/AmazonSNSFullAccess": "sns:*",
    "/AmazonSNSReadOnlyAccess": "sns:GetTopicAttributes sns:List* sns:Get*",
    "/AmazonDynamoDBFullAccess": (
        "dynamodb:* dax:* application-autoscaling:* cloudwatch:DeleteAlarms cloudwatch:Describe* "
        "cloudwatch:Get* cloudwatch:PutMetricAlarm $network-reads iam:GetRole iam:ListRoles kms:DescribeKey "
        "kms:ListAliases sns:ListTopics lambda:List* kinesis:ListStreams tag:GetResources\n"
        "pass-role-to application-autoscaling.amazonaws.com dax.amazonaws.com\n"
        "linked-roles-of replication.dynamodb dax dynamodb.application-autoscaling"
    ),
    "/AmazonDynamoDBReadOnlyAccess": (
        "dynamodb:BatchGetItem dynamodb:Describe* dynamodb:GetItem dynamodb:List* dynamodb:PartiQLSelect "
        "dynamodb:Query dynamodb:Scan"
    ),
    "/AmazonEC2FullAccess": (
        "ec2:* elasticloadbalancing:* cloudwatch:* autoscaling:*\n"
        "linked-roles-of autoscaling ec2scheduled elasticloadbalancing spot spotfleet transitgateway"
    ),
    "/AmazonEC2ReadOnlyAccess": (
        "ec2:Describe* ec2:GetSecurityGroupsForVpc elasticloadbalancing:Describe* cloudwatch:ListMetrics "
        "cloudwatch:GetMetricStatistics cloudwatch:Describe* autoscaling:Describe*"
    ),
    "/AmazonEC2ContainerRegistryReadOnly": (
        "ecr:GetAuthorizationToken ecr:BatchCheckLayerAvailability ecr:GetDownloadUrlForLayer "
        "ecr:BatchGetImage ecr:Describe* ecr:List* ecr:GetRepositoryPolicy"
    ),
    "/AmazonEC2ContainerRegistryFullAccess": ("ecr:* cloudtrail:LookupEvents\nlinked-roles-of replication.ecr"),
    "/AmazonEC2ContainerRegistryPowerUser": (
        "ecr:GetAuthorizationToken ecr:BatchCheckLayerAvailability ecr:GetDownloadUrlForLayer "
        "ecr:BatchGetImage ecr:Describe* ecr:List* ecr:InitiateLayerUpload ecr:UploadLayerPart "
        "ecr:CompleteLayerUpload ecr:PutImage"
    ),
    "/AmazonVPCFullAccess": "$vpc",
    "/AmazonVPCReadOnlyAccess": "ec2:Describe* ec2:Get*PrefixList* ec2:SearchTransitGatewayRoutes",
    "/AmazonRDSFullAccess": (
        "rds:* application-autoscaling:* cloudwatch:* $network-reads ec2:DescribeCoipPools "
        "logs:DescribeLogStreams logs:GetLogEvents sns:ListSubscriptions sns:ListTopics sns:Publish\n"
        "linked-roles-of rds rds.application-autoscaling"
    ),
    "/AmazonRDSReadOnlyAccess": (
        "rds:Describe* rds:ListTagsForResource $network-reads cloudwatch:Get* logs:GetLogEvents"
    ),
    "/AmazonRDSDataFullAccess": "rds-data:* secretsmanager:GetSecretValue tag:GetResources",
    "/AmazonElastiCacheFullAccess": ("elasticache:*\nlinked-roles-of elasticache"),
    "/AmazonElastiCacheReadOnlyAccess": "elasticache:Describe* elasticache:List*",
    "/AmazonRoute53FullAccess": (
        "route53:* route53domains:* cloudfront:ListDistributions elasticloadbalancing:DescribeLoadBalancers "
        "s3:ListBucket s3:GetBucketLocation s3:GetBucketWebsite ec2:DescribeVpcs ec2:DescribeVpcEndpoints "
        "ec2:DescribeRegions sns:ListTopics cloudwatch:DescribeAlarms cloudwatch:GetMetricStatistics\n"
        "apigateway:GET on arn:aws:apigateway:*::/domainnames"
    ),
    "/AmazonRoute53ReadOnlyAccess": "route53:Get* route53:List* route53:TestDNSAnswer",
    "/AmazonRoute53ResolverFullAccess": "route53resolver:* ec2:Describe*",
    "/AWSCloudMapFullAccess": "servicediscovery:* route53:* ec2:DescribeVpcs ec2:DescribeRegions",
    "/CloudWatchFullAccess": (
        "autoscaling:Describe* cloudwatch:* logs:* sns:* iam:GetPolicy iam:GetRole oam:ListSinks\n"
        "linked-roles-of events"
    ),
    "/CloudWatchFullAccessV2": "autoscaling:Describe* cloudwatch:* logs:* sns:* xray:*",
    "/CloudWatchReadOnlyAccess": (
        "autoscaling:Describe* cloudwatch:Describe* cloudwatch:Get* cloudwatch:List* logs:Get* logs:Describe*"
    ),
    "/CloudWatchLogsFullAccess": "logs:* cloudwatch:GenerateQuery",
    "/CloudWatchLogsReadOnlyAccess": (
        "logs:Describe* logs:Get* logs:List* logs:StartQuery logs:StopQuery logs:FilterLogEvents"
    ),
    "/CloudWatchAgentServerPolicy": (
        "cloudwatch:PutMetricData ec2:DescribeVolumes ec2:DescribeTags logs:CreateLogGroup "
        "logs:CreateLogStream logs:PutLogEvents logs:DescribeLogStreams logs:DescribeLogGroups "
        "logs:PutRetentionPolicy\n"
        "ssm:GetParameter on arn:aws:ssm:*:*:parameter/AmazonCloudWatch-*"
    ),
    "/CloudWatchEventsFullAccess": ("events:*\npass-role-to events.amazonaws.com"),
    "/AmazonEventBridgeFullAccess": (
        "events:* schemas:* scheduler:* pipes:*\n"
        "linked-roles-of schemas apidestinations.events\n"
        "pass-role-to events.amazonaws.com scheduler.amazonaws.com pipes.amazonaws.com"
    ),
    "/AWSStepFunctionsFullAccess": "states:*",
    "/AmazonKinesisFullAccess": "kinesis:*",
    "/AmazonAPIGatewayAdministrator": "apigateway:* on arn:aws:apigateway:*::/*",
    "/AmazonAPIGatewayInvokeFullAccess": (
        "execute-api:Invoke execute-api:ManageConnections on arn:aws:execute-api:*:*:*"
    ),
    "/AmazonElasticFileSystemFullAccess": (
        "elasticfilesystem:* ec2:CreateNetworkInterface ec2:DescribeNetworkInterfaces ec2:DescribeSubnets "
        "ec2:DeleteNetworkInterface\n"
        "linked-roles-of elasticfilesystem"
    ),
    "/AmazonMQFullAccess": (
        "mq:* ec2:CreateNetworkInterface ec2:DescribeNetworkInterfaces ec2:DescribeSubnets "
        "ec2:DeleteNetworkInterface $network-reads\n"
        "linked-roles-of mq"
    ),
    "/ElasticLoadBalancingFullAccess": (
        "elasticloadbalancing:* $network-reads ec2:DescribeInstances\nlinked-roles-of elasticloadbalancing"
    ),
    "/ElasticLoadBalancingReadOnly": "elasticloadbalancing:Describe* $network-reads",
    "/AutoScalingFullAccess": (
        "autoscaling:* cloudwatch:PutMetricAlarm ec2:Describe* elasticloadbalancing:Describe*\n"
        "linked-roles-of autoscaling"
    ),
    "/AmazonECS_FullAccess": (
        "application-autoscaling:* autoscaling:* cloudformation:*Stack* cloudwatch:* ec2:Describe* ecs:* "
        "elasticloadbalancing:* events:* iam:ListRoles logs:CreateLogGroup servicediscovery:*\n"
        "pass-role-to ecs-tasks.amazonaws.com ec2.amazonaws.com application-autoscaling.amazonaws.com\n"
        "linked-roles-of ecs autoscaling ecs.application-autoscaling elasticloadbalancing"
    ),
    "/AmazonEKSClusterPolicy": "autoscaling:* ec2:* elasticloadbalancing:* kms:DescribeKey",
    "/AmazonEKSWorkerNodePolicy": "ec2:Describe* eks:DescribeCluster eks-auth:AssumeRoleForPodIdentity",
    "/AmazonEKS_CNI_Policy": (
        "ec2:CreateNetworkInterface ec2:DescribeNetworkInterfaces ec2:DescribeSubnets "
        "ec2:DeleteNetworkInterface ec2:AssignPrivateIpAddresses ec2:UnassignPrivateIpAddresses "
        "ec2:DescribeInstances ec2:DescribeTags ec2:CreateTags"
    ),
    "/AWSLambda_FullAccess": (
        "cloudformation:DescribeStacks cloudformation:ListStackResources cloudwatch:ListMetrics "
        "cloudwatch:GetMetricData ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcs "
        "kms:ListAliases iam:GetPolicy iam:GetPolicyVersion iam:GetRole iam:GetRolePolicy "
        "iam:ListAttachedRolePolicies iam:ListRolePolicies iam:ListRoles lambda:* logs:DescribeLogGroups "
        "states:DescribeStateMachine states:ListStateMachines tag:GetResources xray:GetTraceSummaries "
        "xray:BatchGetTraces\n"
        "pass-role-to lambda.amazonaws.com\n"
        "logs:DescribeLogStreams logs:GetLogEvents logs:FilterLogEvents on "
        "arn:aws:logs:*:*:log-group:/aws/lambda/*"
    ),
    "/AWSLambda_ReadOnlyAccess": "lambda:Get* lambda:List* logs:DescribeLogGroups tag:GetResources",
    "/AWSLambdaExecute": ("logs:* on arn:aws:logs:*:*:*\ns3:GetObject s3:PutObject on arn:aws:s3:::*"),
    "/AWSLambdaInvocation-DynamoDB": (
        "lambda:InvokeFunction\n"
        "dynamodb:DescribeStream dynamodb:GetRecords dynamodb:GetShardIterator dynamodb:ListStreams"
    ),
    "/service-role/AWSLambdaBasicExecutionRole": "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents",
    "/service-role/AWSLambdaVPCAccessExecutionRole": (
        "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents ec2:CreateNetworkInterface "
        "ec2:DescribeNetworkInterfaces ec2:DescribeSubnets ec2:DeleteNetworkInterface "
        "ec2:AssignPrivateIpAddresses ec2:UnassignPrivateIpAddresses"
    ),
    "/service-role/AWSLambdaSQSQueueExecutionRole": (
        "sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes logs:CreateLogGroup logs:CreateLogStream "
        "logs:PutLogEvents"
    ),
    "/service-role/AWSLambdaDynamoDBExecutionRole": (
        "dynamodb:DescribeStream dynamodb:GetRecords dynamodb:GetShardIterator dynamodb:ListStreams "
        "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents"
    ),
    "/service-role/AWSLambdaKinesisExecutionRole": (
        "kinesis:Describe* kinesis:Get* kinesis:List* kinesis:SubscribeToShard logs:CreateLogGroup "
        "logs:CreateLogStream logs:PutLogEvents"
    ),
    "/service-role/AWSLambdaRole": "lambda:InvokeFunction",
    "/service-role/AmazonECSTaskExecutionRolePolicy": (
        "ecr:GetAuthorizationToken ecr:BatchCheckLayerAvailability ecr:GetDownloadUrlForLayer "
        "ecr:BatchGetImage logs:CreateLogStream logs:PutLogEvents"
    ),
    "/service-role/AmazonEC2ContainerServiceforEC2Role": (
        "ec2:DescribeTags ecs:*Container* ecs:Poll ecs:StartTelemetrySession ecr:GetAuthorizationToken "
        "ecr:BatchCheckLayerAvailability ecr:GetDownloadUrlForLayer ecr:BatchGetImage logs:CreateLogStream "
        "logs:PutLogEvents"
    ),
    "/service-role/AmazonSSMMaintenanceWindowRole": "ssm:*Command* lambda:InvokeFunction states:StartExecution",
    "/service-role/AmazonRDSEnhancedMonitoringRole": (
        "logs:CreateLogGroup logs:PutRetentionPolicy on arn:aws:logs:*:*:log-group:RDS*\n"
        "logs:CreateLogStream logs:PutLogEvents logs:DescribeLogStreams logs:GetLogEvents on "
        "arn:aws:logs:*:*:log-group:RDS*:log-stream:*"
    ),
    "/service-role/AmazonAPIGatewayPushToCloudWatchLogs": (
        "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents logs:Describe* logs:GetLogEvents "
        "logs:FilterLogEvents"
    ),
    "/service-role/AWSConfigRole": "config:Put* $reads",
    "/service-role/AWS_ConfigRole": "config:Put* $reads",
    "/service-role/AmazonEBSCSIDriverPolicy": "ec2:*Volume* ec2:*Snapshot* ec2:Describe* ec2:CreateTags",
    "/service-role/AWSBackupServiceRolePolicyForBackup": "backup:* ec2:*Snapshot* rds:*Snapshot* tag:GetResources",
    "/service-role/AmazonElasticMapReduceRole": "ec2:* elasticmapreduce:* s3:* sqs:*",
    "/AWSXRayDaemonWriteAccess": (
        "xray:PutTraceSegments xray:PutTelemetryRecords xray:GetSamplingRules xray:GetSamplingTargets "
        "xray:GetSamplingStatisticSummaries"
    ),
    "/AWSXrayFullAccess": "xray:*",
    "/AWSXrayWriteOnlyAccess": (
        "xray:PutTraceSegments xray:PutTelemetryRecords xray:GetSamplingRules xray:GetSamplingTargets "
        "xray:GetSamplingStatisticSummaries"
    ),
    "/AWSCloudFormationFullAccess": "cloudformation:*",
    "/AWSCloudFormationReadOnlyAccess": "cloudformation:Describe* cloudformation:Get* cloudformation:List*",
    "/AWSCloudTrail_FullAccess": "cloudtrail:* s3:* logs:CreateLogGroup sns:ListTopics",
    "/AWSCertificateManagerFullAccess": ("acm:*\nlinked-roles-of acm"),
    "/AWSCertificateManagerReadOnly": "acm:Describe* acm:List* acm:GetCertificate",
    "/AWSOrganizationsFullAccess": ("organizations:*\nlinked-roles-of organizations"),
    "/AWSOrganizationsReadOnlyAccess": "organizations:Describe* organizations:List*",
    "/AWSSupportAccess": "support:*",
    "/ResourceGroupsandTagEditorFullAccess": "resource-groups:* tag:* cloudformation:DescribeStacks",
    "/service-role/AWSFaultInjectionSimulatorEC2Access": "ec2:RebootInstances ec2:StopInstances ec2:StartInstances",
    "/AmazonCognitoPowerUser": "cognito-identity:* cognito-idp:* cognito-sync:*",
    "/AmazonSESFullAccess": "ses:*",
    "/AmazonMSKFullAccess": ("kafka:* $network-reads\nlinked-roles-of kafka"),
    "/CloudFrontFullAccess": "cloudfront:* s3:ListAllMyBuckets acm:ListCertificates",
    "/AWSDenyAll": "deny *",
}


@lru_cache(maxsize=2048)
def find(arn: str) -> ManagedPolicy | None:
    """The AWS managed policy of an ARN of any partition, None if it is not in the table."""
    parsed = Arn.parse(arn)
    place = parsed.resource.removeprefix("policy") if parsed else ""
    if parsed is None or place not in _TABLE:
        return None
    path, _, name = place.rpartition("/")
    version = PolicyVersion(number=1, document=_document(_TABLE[place], parsed.partition), created_at=CREATED_AT)
    return ManagedPolicy(
        name=name,
        path=f"{path}/",
        id=_id(place),
        created_at=CREATED_AT,
        updated_at=CREATED_AT,
        versions=(version,),
    )


def all_in(partition: str) -> list[ManagedPolicy]:
    """Every one, in order of name."""
    found = (find(f"arn:{partition}:iam::aws:policy{place}") for place in _TABLE)
    return sorted((policy for policy in found if policy is not None), key=lambda policy: policy.key)


def is_one(policy: ManagedPolicy) -> bool:
    place = f"{policy.path}{policy.name}"
    return place in _TABLE and policy.id == _id(place)


def _document(text: str, partition: str) -> str:
    statements = [_statement(list(_words(line))) for line in text.splitlines()]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=4)
    return document.replace('"arn:aws:', f'"arn:{partition}:')


def _statement(words: list[str]) -> dict[str, Any]:
    first, rest = words[0], words[1:]
    if first == "all-but":
        return {"Effect": "Allow", "NotAction": rest, "Resource": "*"}
    if first == "deny":
        return {"Sid": "DenyAll", "Effect": "Deny", "Action": rest, "Resource": "*"}
    if first == "pass-role-to":
        test = {"StringEquals": {"iam:PassedToService": rest}}
        return {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*", "Condition": test}
    if first == "linked-roles-of":
        test = {"StringLike": {"iam:AWSServiceName": [f"{service}.amazonaws.com" for service in rest]}}
        return {"Effect": "Allow", "Action": "iam:CreateServiceLinkedRole", "Resource": "*", "Condition": test}
    at = words.index("on") if "on" in words else len(words)
    return {"Effect": "Allow", "Action": words[:at], "Resource": words[at + 1 :] or "*"}


def _words(line: str) -> Iterator[str]:
    for word in line.split():
        if word.startswith("$"):
            yield from _words(_SETS[word])
        else:
            yield word


@lru_cache(maxsize=2048)
def _id(place: str) -> str:
    return "ANPA" + b32encode(hashlib.sha256(place.encode()).digest()).decode()[:17]
