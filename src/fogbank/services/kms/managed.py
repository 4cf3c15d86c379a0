"""AWS managed keys: `alias/aws/SERVICE`, made when the service first needs its key."""

from __future__ import annotations

from fogbank.aws.scope import dns_suffix_of
from fogbank.control.context import Context
from fogbank.services.kms import material, policies
from fogbank.services.kms.resources import Alias, Key, Material
from fogbank.services.kms.rules import DAY_SECONDS, ROTATION_DAYS_DEFAULT, SYMMETRIC

PREFIX = "alias/aws/"
# Alias -> the name of its service in kms:ViaService, and what its key says of itself.
_SERVICES = {
    "acm": ("acm", "Default key that protects my ACM private keys when no other key is defined"),
    "backup": ("backup", "Default key that protects my Backup data when no other key is defined"),
    "codeartifact": ("codeartifact", "Default key that protects my CodeArtifact data when no other key is defined"),
    "codecommit": ("codecommit", "Default key that protects my CodeCommit repositories when no other key is defined"),
    "dms": ("dms", "Default key that protects my DMS replication data when no other key is defined"),
    "dynamodb": ("dynamodb", "Default key that protects my DynamoDB data when no other key is defined"),
    "ebs": ("ec2", "Default key that protects my EBS volumes when no other key is defined"),
    "ecr": ("ecr", "Default key that protects my ECR data when no other key is defined"),
    "elasticache": ("elasticache", "Default key that protects my ElastiCache data when no other key is defined"),
    "elasticfilesystem": (
        "elasticfilesystem",
        "Default key that protects my EFS filesystems when no other key is defined",
    ),
    "es": ("es", "Default key that protects my Elasticsearch data when no other key is defined"),
    "fsx": ("fsx", "Default key that protects my FSx resources when no other key is defined"),
    "glue": ("glue", "Default key that protects my Glue data when no other key is defined"),
    "kafka": ("kafka", "Default key that protects my Kafka data when no other key is defined"),
    "kinesis": ("kinesis", "Default key that protects my Kinesis data when no other key is defined"),
    "lambda": ("lambda", "Default key that protects my Lambda functions when no other key is defined"),
    "mq": ("mq", "Default key that protects my MQ data when no other key is defined"),
    "rds": ("rds", "Default key that protects my RDS database volumes when no other key is defined"),
    "redshift": ("redshift", "Default key that protects my Redshift clusters when no other key is defined"),
    "s3": ("s3", "Default key that protects my S3 objects when no other key is defined"),
    "secretsmanager": (
        "secretsmanager",
        "Default key that protects my Secrets Manager data when no other key is defined",
    ),
    "sns": ("sns", "Default key that protects my SNS data when no other key is defined"),
    "sqs": ("sqs", "Default key that protects my SQS messages when no other key is defined"),
    "ssm": ("ssm", "Default key that protects my SSM parameters when no other key is defined"),
    "xray": ("xray", "Default key that protects my X-Ray data when no other key is defined"),
}
# botocore's name of a service -> its name in kms:ViaService, where that is another.
_VIA = {"efs": "elasticfilesystem", "opensearch": "es", "stepfunctions": "states"}


def via_service(ctx: Context) -> str:
    """The service that called for somebody, as kms:ViaService has it; empty if nobody did."""
    if not ctx.via:
        return ""
    name = ctx.via[-1].partition(".")[0]
    return f"{_VIA.get(name, name)}.{ctx.region}.{dns_suffix_of(ctx.partition)}"


def made(ctx: Context, alias: str) -> Alias | None:
    """The alias of an AWS managed key, made with its key now; None where AWS has no such key or nobody may make it."""
    noun = alias.removeprefix(PREFIX)
    known = _SERVICES.get(noun)
    if known is None or not (ctx.via or ctx.operation == "DescribeKey"):
        return None
    service, description = known
    via = f"{service}.{ctx.region}.{dns_suffix_of(ctx.partition)}"
    key_id, now = ctx.uuid(), ctx.now
    secret = material.make(SYMMETRIC).secret
    first = Material(id=material.material_id(key_id, secret), sealed=ctx.seal(secret, f"kms key {key_id}"))
    key = Key(
        id=key_id,
        created_at=now,
        policy=policies.managed_policy(ctx.partition, ctx.account, noun, via),
        managed_by="AWS",
        description=description,
        materials=(first,),
        rotation_days=ROTATION_DAYS_DEFAULT,
        rotation_at=now + ROTATION_DAYS_DEFAULT * DAY_SECONDS,
    )
    ctx.put(key)
    found = Alias(name=alias, target=key_id, created_at=now, updated_at=now)
    ctx.put(found)
    return found
