"""The errors of DNSSEC and of query logging, for the table of `test_errors`: provoked, or excused with the reason."""
# ruff: noqa: E501 (a table: a case to a line, with AWS's whole sentence)

from __future__ import annotations

import json
from typing import Any

from fogbank.testing import TestCloud
from fogbank.testing.parity import Case

GROUP = "/aws/route53/errors"
GROUP_ARN = f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}"
CLOSED_ARN = "arn:aws:logs:us-east-1:000000000000:log-group:closed"
NO_GROUP_ARN = "arn:aws:logs:us-east-1:000000000000:log-group:none"
UUID = "00000000-0000-0000-0000-000000000000"
_USES = ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"]


def _policy(*actions: str) -> str:
    own: dict[str, Any] = {"Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "kms:*"}
    theirs = {"Principal": {"Service": "dnssec-route53.amazonaws.com"}, "Action": actions}
    statements = [{"Effect": "Allow", "Resource": "*", **one} for one in (own, theirs)[: 2 if actions else 1]]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _key(cloud: TestCloud) -> str:
    request = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "Policy": _policy(*_USES)}
    return str(cloud.call("kms", "CreateKey", request, region="us-east-1")["KeyMetadata"]["Arn"])


def _zone(cloud: TestCloud, name: str) -> str:
    made = cloud.call("route53", "CreateHostedZone", {"Name": name, "CallerReference": f"signing {name}"})
    return str(made["HostedZone"]["Id"]).rpartition("/")[2]


def _vouch(cloud: TestCloud, zone: str, name: str, arn: str, status: str = "ACTIVE") -> str:
    request = {"HostedZoneId": zone, "Name": name, "KeyManagementServiceArn": arn, "Status": status}
    return str(
        cloud.call("route53", "CreateKeySigningKey", {**request, "CallerReference": name})["KeySigningKey"]["DSRecord"]
    )


def _records(cloud: TestCloud, zone: str, name: str, **types: list[str]) -> None:
    sets = [
        {"Name": name, "Type": type_, "TTL": 60, "ResourceRecords": [{"Value": one} for one in values]}
        for type_, values in types.items()
    ]
    changes = [{"Action": "CREATE", "ResourceRecordSet": one} for one in sets]
    cloud.call("route53", "ChangeResourceRecordSets", {"HostedZoneId": zone, "ChangeBatch": {"Changes": changes}})


def _servers(cloud: TestCloud, zone: str) -> list[str]:
    return list(cloud.call("route53", "GetHostedZone", {"Id": zone})["DelegationSet"]["NameServers"])


def made(cloud: TestCloud) -> dict[str, str]:
    """Zones that are signed, that nobody vouches for, and whose keys have gone; a zone that is logged."""
    zones = {
        name: _zone(cloud, f"{name.lower()}.errors") for name in ("SIGNED", "SAFE", "BARE", "IDLE", "BROKEN", "PARTLY")
    }
    above = _zone(cloud, "errors")
    key = _key(cloud)
    _vouch(cloud, zones["SIGNED"], "first", key)
    cloud.call("route53", "EnableHostedZoneDNSSEC", {"HostedZoneId": zones["SIGNED"]})
    ds = _vouch(cloud, zones["SAFE"], "first", _key(cloud))
    _vouch(cloud, zones["SAFE"], "second", _key(cloud))
    _records(cloud, above, "safe.errors", NS=_servers(cloud, zones["SAFE"]), DS=[ds])
    _vouch(cloud, zones["IDLE"], "first", _key(cloud), "INACTIVE")
    lost = _key(cloud)
    _vouch(cloud, zones["BROKEN"], "first", lost)
    idle = _key(cloud)
    _vouch(cloud, zones["BROKEN"], "second", idle, "INACTIVE")
    for arn in (lost, idle):
        cloud.call("kms", "PutKeyPolicy", {"KeyId": arn, "Policy": _policy()}, region="us-east-1")
    _vouch(cloud, zones["PARTLY"], "first", _key(cloud))
    _records(cloud, above, "partly.errors", NS=["ns.example.net."])
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "route53.amazonaws.com"},
        "Action": "logs:*",
        "Resource": f"{GROUP_ARN}*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    logs = cloud.client("logs", region="us-east-1")
    logs("PutResourcePolicy", policyName="errors", policyDocument=document)
    for group in (GROUP, "closed"):
        logs("CreateLogGroup", logGroupName=group)
    cloud.call(
        "route53", "CreateQueryLoggingConfig", {"HostedZoneId": zones["SIGNED"], "CloudWatchLogsLogGroupArn": GROUP_ARN}
    )
    return {**zones, "KEY": key, "LOST": lost, "UNUSED": idle, "NEW": _key(cloud)}


def _create(code: str, text: str, status: int = 400, **more: str) -> Case:
    request = {
        "HostedZoneId": "$BARE",
        "Name": "first",
        "KeyManagementServiceArn": "$NEW",
        "Status": "ACTIVE",
        "CallerReference": "new",
    }
    return Case("CreateKeySigningKey", code, text, {**request, **more}, status)


def _log(code: str, text: str, status: int = 400, zone: str = "$BARE", arn: str = GROUP_ARN) -> Case:
    return Case(
        "CreateQueryLoggingConfig", code, text, {"HostedZoneId": zone, "CloudWatchLogsLogGroupArn": arn}, status
    )


def _unusable(arn: str) -> str:
    return f"The key policy of the customer managed key {arn} must allow dnssec-route53.amazonaws.com the actions kms:DescribeKey, kms:GetPublicKey and kms:Sign."


def _long(member: str, most: int) -> str:
    return f"1 validation error detected: Value '{'Z' * (most + 1)}' at '{member}' failed to satisfy constraint: Member must have length less than or equal to {most}"


NO_ZONE, NO_KEY = "No hosted zone found with ID: ZNONE", "The specified key-signing key (KSK) doesn't exist."
PRIVATE = "DNSSEC signing is not supported for private hosted zones."
ABOVE = "The key-signing key (KSK) first is specified in a parent DS record. Remove that record first."
LONG = "Z" * 33
NEVER = "a zone and its keys are never between two states"

# fmt: off
CASES = [
    _create("NoSuchHostedZone", NO_ZONE, 404, HostedZoneId="ZNONE"),
    _create("InvalidInput", _long("hostedZoneId", 32), HostedZoneId=LONG),
    _create("InvalidArgument", PRIVATE, HostedZoneId="$PRIVATE"),
    _create("InvalidKeySigningKeyName", "The key-signing key (KSK) name can have letters, digits and underscores, and 3 to 128 of them.", Name="no-dash"),
    _create("InvalidKeySigningKeyStatus", "The status of a new key-signing key is ACTIVE or INACTIVE.", Status="DELETING"),
    _create("InvalidKMSArn", "The KeyManagementServiceArn must be that of a customer managed key in us-east-1.", KeyManagementServiceArn="arn:aws:kms:eu-west-1:000000000000:key/a"),
    _create("InvalidKMSArn", _unusable("$LOST"), KeyManagementServiceArn="$LOST"),
    _create("KeySigningKeyAlreadyExists", "A key-signing key (KSK) with this name, or with the same customer managed key ARN, already exists.", 409, HostedZoneId="$SIGNED"),
    _create("TooManyKeySigningKeys", "You've reached the limit for the number of key-signing keys (KSKs). Remove at least one, and try again.", HostedZoneId="$SAFE", Name="third"),
    Case("ActivateKeySigningKey", "NoSuchKeySigningKey", NO_KEY, {"HostedZoneId": "ZNONE", "Name": "first"}, 404),
    Case("ActivateKeySigningKey", "InvalidKMSArn", _unusable("$UNUSED"), {"HostedZoneId": "$BROKEN", "Name": "second"}),
    Case("ActivateKeySigningKey", "InvalidInput", _long("hostedZoneId", 32), {"HostedZoneId": LONG, "Name": "first"}),
    Case("DeactivateKeySigningKey", "NoSuchKeySigningKey", NO_KEY, {"HostedZoneId": "$BARE", "Name": "first"}, 404),
    Case("DeactivateKeySigningKey", "KeySigningKeyInUse", "The key-signing key (KSK) that you specified can't be deactivated because it's the only KSK for a currently-enabled DNSSEC. Disable DNSSEC signing, or add or enable another KSK.", {"HostedZoneId": "$SIGNED", "Name": "first"}),
    Case("DeactivateKeySigningKey", "KeySigningKeyInParentDSRecord", ABOVE, {"HostedZoneId": "$SAFE", "Name": "first"}),
    Case("DeactivateKeySigningKey", "InvalidInput", _long("hostedZoneId", 32), {"HostedZoneId": LONG, "Name": "first"}),
    Case("DeleteKeySigningKey", "NoSuchKeySigningKey", NO_KEY, {"HostedZoneId": "$BARE", "Name": "first"}, 404),
    Case("DeleteKeySigningKey", "InvalidKeySigningKeyStatus", "The key-signing key (KSK) first has the status ACTIVE: deactivate it before you delete it.", {"HostedZoneId": "$SIGNED", "Name": "first"}),
    Case("DeleteKeySigningKey", "InvalidInput", _long("hostedZoneId", 32), {"HostedZoneId": LONG, "Name": "first"}),
    Case("EnableHostedZoneDNSSEC", "NoSuchHostedZone", NO_ZONE, {"HostedZoneId": "ZNONE"}, 404),
    Case("EnableHostedZoneDNSSEC", "InvalidArgument", PRIVATE, {"HostedZoneId": "$PRIVATE"}),
    Case("EnableHostedZoneDNSSEC", "DNSSECNotFound", "The hosted zone doesn't have any DNSSEC resources.", {"HostedZoneId": "$BARE"}),
    Case("EnableHostedZoneDNSSEC", "KeySigningKeyWithActiveStatusNotFound", "A key-signing key (KSK) with ACTIVE status wasn't found.", {"HostedZoneId": "$IDLE"}),
    Case("EnableHostedZoneDNSSEC", "InvalidKMSArn", _unusable("$LOST"), {"HostedZoneId": "$BROKEN"}),
    Case("EnableHostedZoneDNSSEC", "HostedZonePartiallyDelegated", "The hosted zone nameservers don't match the parent nameservers: both must have the same ones.", {"HostedZoneId": "$PARTLY"}),
    Case("EnableHostedZoneDNSSEC", "InvalidInput", _long("hostedZoneId", 32), {"HostedZoneId": LONG}),
    Case("DisableHostedZoneDNSSEC", "NoSuchHostedZone", NO_ZONE, {"HostedZoneId": "ZNONE"}, 404),
    Case("DisableHostedZoneDNSSEC", "InvalidArgument", PRIVATE, {"HostedZoneId": "$PRIVATE"}),
    Case("DisableHostedZoneDNSSEC", "DNSSECNotFound", "The hosted zone doesn't have any DNSSEC resources.", {"HostedZoneId": "$BARE"}),
    Case("DisableHostedZoneDNSSEC", "KeySigningKeyInParentDSRecord", ABOVE, {"HostedZoneId": "$SAFE"}),
    Case("DisableHostedZoneDNSSEC", "InvalidInput", _long("hostedZoneId", 32), {"HostedZoneId": LONG}),
    Case("GetDNSSEC", "NoSuchHostedZone", NO_ZONE, {"HostedZoneId": "ZNONE"}, 404),
    Case("GetDNSSEC", "InvalidArgument", PRIVATE, {"HostedZoneId": "$PRIVATE"}),
    Case("GetDNSSEC", "InvalidInput", _long("hostedZoneId", 32), {"HostedZoneId": LONG}),
    Case("DeleteHostedZone", "HostedZoneNotEmpty", "The specified hosted zone contains DNSSEC Key Signing Keys and so cannot be deleted.", {"Id": "$IDLE"}),
    _log("NoSuchHostedZone", NO_ZONE, 404, zone="ZNONE"),
    _log("NoSuchCloudWatchLogsLogGroup", "There is no CloudWatch Logs log group with the specified ARN.", 404, arn=NO_GROUP_ARN),
    _log("InvalidInput", "The ARN of the CloudWatch Logs log group is not valid.", arn="none"),
    _log("InvalidInput", "Query logging is supported only for public hosted zones.", zone="$PRIVATE"),
    _log("QueryLoggingConfigAlreadyExists", "A query logging configuration already exists for this hosted zone.", 409, zone="$SIGNED"),
    _log("InsufficientCloudWatchLogsResourcePolicy", f"Route 53 doesn't have the permissions to create log streams and to send query logs to {CLOSED_ARN}: a resource policy of CloudWatch Logs must allow route53.amazonaws.com logs:CreateLogStream and logs:PutLogEvents.", arn=CLOSED_ARN),
    *(
        case
        for operation in ("GetQueryLoggingConfig", "DeleteQueryLoggingConfig")
        for case in (
            Case(operation, "NoSuchQueryLoggingConfig", "There is no DNS query logging configuration with the specified ID.", {"Id": UUID}, 404),
            Case(operation, "InvalidInput", _long("id", 36), {"Id": "Z" * 37}),
        )
    ),
    Case("ListQueryLoggingConfigs", "NoSuchHostedZone", NO_ZONE, {"HostedZoneId": "ZNONE"}, 404),
    Case("ListQueryLoggingConfigs", "InvalidPaginationToken", "The specified pagination token isn't valid.", {"NextToken": "x"}),
    Case("ListQueryLoggingConfigs", "InvalidInput", "The value for MaxResults must be a number greater than 0.", {"MaxResults": "0"}),
]
# fmt: on

EXCUSED = {
    "InvalidSigningStatus": NEVER,
    "ActivateKeySigningKey:InvalidKeySigningKeyStatus": NEVER,
    "DeactivateKeySigningKey:InvalidKeySigningKeyStatus": NEVER,
    "EnableHostedZoneDNSSEC:InvalidKeySigningKeyStatus": NEVER,
    "DisableHostedZoneDNSSEC:InvalidKeySigningKeyStatus": NEVER,
    "DeleteKeySigningKey:InvalidKMSArn": "nothing is asked of a key that goes",
    "DisableHostedZoneDNSSEC:InvalidKMSArn": "nothing is asked of the keys of a zone that is signed no longer",
}
