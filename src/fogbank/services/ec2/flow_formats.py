"""The fields of flow logs, and the formats that are made of them (VPC User Guide, "Flow log records")."""

from __future__ import annotations

import re

from fogbank.aws.errors import AwsError

DEFAULT = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} "
    "${bytes} ${start} ${end} ${action} ${log-status}"
)
FIELDS = frozenset(
    (
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action "
        "log-status vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id sublocation-type "
        "sublocation-id pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path ecs-cluster-arn "
        "ecs-cluster-name ecs-container-instance-arn ecs-container-instance-id ecs-container-id "
        "ecs-second-container-id ecs-service-name ecs-task-definition-arn ecs-task-arn ecs-task-id reject-reason "
        "resource-id encryption-status"
    ).split()
)
TRANSIT_FIELDS = frozenset(
    (
        "version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id "
        "tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id "
        "tgw-dst-az-id tgw-pair-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes start end "
        "log-status type packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded "
        "packets-lost-ttl-expired tcp-flags region flow-direction pkt-src-aws-service pkt-dst-aws-service"
    ).split()
)
TRANSIT_DEFAULT = (
    "${version} ${resource-type} ${account-id} ${tgw-id} ${tgw-attachment-id} ${tgw-src-vpc-account-id} "
    "${tgw-dst-vpc-account-id} ${tgw-src-vpc-id} ${tgw-dst-vpc-id} ${tgw-src-subnet-id} ${tgw-dst-subnet-id} "
    "${tgw-src-eni} ${tgw-dst-eni} ${tgw-src-az-id} ${tgw-dst-az-id} ${tgw-pair-attachment-id} ${srcaddr} ${dstaddr} "
    "${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${log-status} ${type} "
    "${packets-lost-no-route} ${packets-lost-blackhole} ${packets-lost-mtu-exceeded} ${packets-lost-ttl-expired} "
    "${tcp-flags} ${region} ${flow-direction} ${pkt-src-aws-service} ${pkt-dst-aws-service}"
)
_FORMAT = re.compile(r"\$\{([a-z-]+)\}(?: \$\{([a-z-]+)\})*")
_FIELD = re.compile(r"\$\{([a-z-]+)\}")


def checked(text: str, *, is_transit: bool = False) -> str:
    """A format: fields with one space between them. Raises InvalidParameterValue and InvalidParameter."""
    if not _FORMAT.fullmatch(text):
        problem = f"1 validation error detected: Value '{text}' at 'logFormat' has an invalid format"
        raise AwsError("InvalidParameterValue", problem)
    known = TRANSIT_FIELDS if is_transit else FIELDS
    if strange := [name for name in fields(text) if name not in known]:
        raise AwsError("InvalidParameter", f"Unknown fields provided: {', '.join(strange)}")
    return text


def fields(text: str) -> list[str]:
    """The names of the fields of a format, in order."""
    return _FIELD.findall(text)
