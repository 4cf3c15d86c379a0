"""Every error that the model has for operations of Route 53: provoked, with its message, or excused, with the reason."""
# ruff: noqa: E501 (a table: a case to a line, with AWS's whole sentence)

from __future__ import annotations

from typing import Any

from fogbank.control import caller as callers
from fogbank.services.route53 import test_errors_health as health
from fogbank.services.route53 import test_errors_signing as signing
from fogbank.services.route53 import test_errors_traffic as traffic
from fogbank.testing import TestCloud, parity
from fogbank.testing.parity import Case

SERVICE = "route53"
OTHER = "111111111111"
NONE = "ZNONE"
UUID = "00000000-0000-0000-0000-000000000000"


def _zone(cloud: TestCloud, name: str, **more: Any) -> str:
    made = cloud.call(SERVICE, "CreateHostedZone", {"Name": name, "CallerReference": f"{name} {more}", **more})
    return str(made["HostedZone"]["Id"]).rpartition("/")[2]


def _made(cloud: TestCloud) -> dict[str, str]:
    vpc, second, third = (
        cloud.call("ec2", "CreateVpc", {"CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"] for _ in range(3)
    )
    there = cloud.client("ec2", caller=callers.root(OTHER))
    theirs = there("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    public = _zone(cloud, "example.com")
    private = _zone(cloud, "corp", VPC={"VPCRegion": "us-east-1", "VPCId": vpc})
    double = _zone(cloud, "corp", VPC={"VPCRegion": "us-east-1", "VPCId": second})
    full = _zone(cloud, "full.org")
    foreign = cloud.client(SERVICE, caller=callers.root(OTHER))(
        "CreateHostedZone", Name="their.corp", CallerReference="x", VPC={"VPCRegion": "us-east-1", "VPCId": theirs}
    )["HostedZone"]["Id"].rpartition("/")[2]
    _changed(cloud, public, _set("www.example.com", "A", "192.0.2.1"))
    _changed(cloud, public, _set("c.example.com", "CNAME", "www.example.com"))
    _changed(cloud, public, _set("w.example.com", "A", "192.0.2.1", SetIdentifier="one", Weight=1))
    _changed(cloud, public, _set("l.example.com", "A", "192.0.2.1", SetIdentifier="one", Region="eu-west-1"))
    marked = cloud.call(SERVICE, "CreateReusableDelegationSet", {"CallerReference": "known"})["DelegationSet"]["Id"]
    cloud.call(SERVICE, "CreateReusableDelegationSet", {"CallerReference": "shared", "HostedZoneId": full})
    blocks = cloud.call(SERVICE, "CreateCidrCollection", {"Name": "blocks", "CallerReference": "blocks"})["Collection"][
        "Id"
    ]
    put = {"LocationName": "here", "Action": "PUT", "CidrList": ["10.0.0.0/8"]}
    cloud.call(SERVICE, "ChangeCidrCollection", {"Id": blocks, "Changes": [put]})
    config = {"CollectionId": blocks, "LocationName": "here"}
    _changed(cloud, public, _set("ip.example.com", "A", "192.0.2.1", SetIdentifier="one", CidrRoutingConfig=config))
    sets = cloud.call(SERVICE, "ListResourceRecordSets", {"HostedZoneId": public, "MaxItems": "2"})[
        "ResourceRecordSets"
    ]
    used = cloud.call(SERVICE, "ListReusableDelegationSets", {})["DelegationSets"]
    shared = next(one["Id"] for one in used if one["CallerReference"] == "shared")
    return {
        "VPC": vpc, "THIRD": third, "THEIRS": theirs, "PUBLIC": public, "PRIVATE": private, "SHARING": full,
        "FOREIGN": foreign, "BLOCKS": blocks, "MARKED": marked.rpartition("/")[2], "USED": shared.rpartition("/")[2],
        "DOUBLE": double, "SOA": sets[1]["ResourceRecords"][0]["Value"], **signing.made(cloud), **health.made(cloud),
        **traffic.made(cloud),
    }  # fmt: skip


def _changed(cloud: TestCloud, zone: str, *changes: dict[str, Any]) -> None:
    cloud.call(SERVICE, "ChangeResourceRecordSets", {"HostedZoneId": zone, "ChangeBatch": {"Changes": list(changes)}})


def _set(name: str, type_: str, *values: str, action: str = "CREATE", ttl: int = 60, **more: Any) -> dict[str, Any]:
    records = [{"Value": one} for one in values]
    return {
        "Action": action,
        "ResourceRecordSet": {"Name": name, "Type": type_, "TTL": ttl, "ResourceRecords": records, **more},
    }


def _alias(name: str, target: str, zone: str = "$PUBLIC", type_: str = "A", **more: Any) -> dict[str, Any]:
    alias = {"HostedZoneId": zone, "DNSName": target, "EvaluateTargetHealth": False}
    return {"Action": "CREATE", "ResourceRecordSet": {"Name": name, "Type": type_, "AliasTarget": alias, **more}}


def _bare(name: str, **more: Any) -> dict[str, Any]:
    return {"Action": "CREATE", "ResourceRecordSet": {"Name": name, "Type": "A", **more}}


def _refused(message: str, *changes: dict[str, Any], code: str = "InvalidChangeBatch") -> Case:
    text = f"[{message}]" if code == "InvalidChangeBatch" else message
    return Case(BATCH, code, text, {"HostedZoneId": "$PUBLIC", "ChangeBatch": {"Changes": list(changes)}})


BATCH = "ChangeResourceRecordSets"
HERE = {"VPCRegion": "us-east-1", "VPCId": "$VPC"}
THIRD = {"VPCRegion": "us-east-1", "VPCId": "$THIRD"}
BAD_VPC = {"VPCRegion": "us-east-1", "VPCId": "vpc-00000000000000000"}
NO_VPC = {"VPCRegion": "us-east-1", "VPCId": ""}
VPC_TEXT = (
    "The VPC ID that you specified either isn't a valid ID or the current account is not authorized to access it: "
)
BOTH = "Both VPCRegion and VPCId must be specified for a VPC."
PUBLIC = "You're trying to associate a VPC with a public hosted zone. Amazon Route 53 doesn't support associating a VPC with a public hosted zone."
ZERO = "The value for MaxItems must be a number greater than 0."
LONG = "Z" * 33
LAST = "The VPC that you're trying to disassociate from the private hosted zone is the last VPC that is associated with the hosted zone. Amazon Route 53 doesn't support disassociating the last VPC from a hosted zone."


def _long(member: str) -> str:
    return f"1 validation error detected: Value '{LONG}' at '{member}' failed to satisfy constraint: Member must have length less than or equal to 32"


def _no_zone(operation: str, key: str = "HostedZoneId", **more: Any) -> list[Case]:
    """That a zone is not there, and that an id is too long to be one."""
    member = key[0].lower() + key[1:]
    return [
        Case(operation, "NoSuchHostedZone", "No hosted zone found with ID: ZNONE", {key: NONE, **more}, 404),
        Case(operation, "InvalidInput", _long(member), {key: LONG, **more}),
    ]


EXCUSED: dict[str, str] = {
    "PriorRequestNotComplete": "a request has been carried out by the time that it is answered",
    "ConcurrentModification": "calls are carried out one after the other",
    "DelegationSetNotAvailable": "there are 134 million delegation sets",
    "DelegationSetNotReusable": "a delegation set that is not reusable has no id to be named by",
    "TooManyHostedZones": "five hundred zones: seen in test_route53",
    "CreateReusableDelegationSet:LimitsExceeded": "a hundred delegation sets: seen in test_route53",
    "AssociateVPCWithHostedZone:LimitsExceeded": "the quota is three hundred VPCs",
    "CreateCidrCollection:LimitsExceeded": "five collections: seen in test_route53",
    "ChangeCidrCollection:LimitsExceeded": "a thousand blocks",
    "CreateVPCAssociationAuthorization:TooManyVPCAssociationAuthorizations": "the quota is a thousand",
    "DeleteHostedZone:InvalidDomainName": "a zone is deleted by its id, and no name is given",
    "GetHostedZoneCount:InvalidInput": "the request has no member",
    "ChangeTagsForResource:ThrottlingException": "fogbank does not throttle; faults can be set to",
    "ListTagsForResource:ThrottlingException": "fogbank does not throttle; faults can be set to",
    "ListTagsForResources:ThrottlingException": "fogbank does not throttle; faults can be set to",
    **signing.EXCUSED,
    **health.EXCUSED,
    **traffic.EXCUSED,
}
"""Errors that no client can provoke here, with the reason; `Operation:Error` for one operation alone."""

# fmt: off
CASES = [
    Case("CreateHostedZone", "InvalidDomainName", "a..b is not a valid domain name.", {"Name": "a..b", "CallerReference": "new"}),
    Case("CreateHostedZone", "HostedZoneAlreadyExists", "A hosted zone has already been created with the specified caller reference.", {"Name": "other.org", "CallerReference": "example.com {}"}, 409),
    Case("CreateHostedZone", "InvalidVPCId", f"{VPC_TEXT}vpc-00000000000000000", {"Name": "other.org", "CallerReference": "new", "VPC": BAD_VPC}),
    Case("CreateHostedZone", "InvalidInput", BOTH, {"Name": "other.org", "CallerReference": "new", "VPC": NO_VPC}),
    Case("CreateHostedZone", "InvalidInput", "When you're creating a private hosted zone, you must specify a VPC.", {"Name": "other.org", "CallerReference": "new", "HostedZoneConfig": {"PrivateZone": True}}),
    Case("CreateHostedZone", "ConflictingDomainExists", "The VPC $VPC in region us-east-1 has already been associated with the hosted zone $PRIVATE with the same domain name.", {"Name": "corp", "CallerReference": "new", "VPC": HERE}),
    Case("CreateHostedZone", "NoSuchDelegationSet", "No delegation set found with ID: NNONE", {"Name": "other.org", "CallerReference": "new", "DelegationSetId": "NNONE"}),
    *_no_zone("GetHostedZone", "Id"),
    *_no_zone("DeleteHostedZone", "Id"),
    Case("DeleteHostedZone", "HostedZoneNotEmpty", "The specified hosted zone contains non-required resource record sets  and so cannot be deleted.", {"Id": "$PUBLIC"}),
    *_no_zone("UpdateHostedZoneComment", "Id"),
    Case("ListHostedZones", "InvalidInput", ZERO, {"MaxItems": "0"}),
    Case("ListHostedZones", "NoSuchDelegationSet", "No delegation set found with ID: NNONE", {"DelegationSetId": "NNONE"}),
    Case("ListHostedZonesByName", "InvalidInput", "If you specify a value for HostedZoneId, you must also specify a DNSName.", {"HostedZoneId": "$PUBLIC"}),
    Case("ListHostedZonesByName", "InvalidDomainName", "a..b is not a valid domain name.", {"DNSName": "a..b"}),
    Case("ListHostedZonesByVPC", "InvalidInput", ZERO, {**HERE, "MaxItems": "0"}),
    Case("ListHostedZonesByVPC", "InvalidPaginationToken", "The value that you specified to get the second or subsequent page is invalid.", {**HERE, "NextToken": "x"}),
    *_no_zone("AssociateVPCWithHostedZone", VPC=HERE),
    Case("AssociateVPCWithHostedZone", "NotAuthorizedException", "The VPC: $VPC is not authorized to be associated with the hosted zone: $FOREIGN", {"HostedZoneId": "$FOREIGN", "VPC": HERE}, 401),
    Case("AssociateVPCWithHostedZone", "InvalidVPCId", f"{VPC_TEXT}vpc-00000000000000000", {"HostedZoneId": "$PRIVATE", "VPC": BAD_VPC}),
    Case("AssociateVPCWithHostedZone", "PublicZoneVPCAssociation", PUBLIC, {"HostedZoneId": "$PUBLIC", "VPC": THIRD}),
    Case("AssociateVPCWithHostedZone", "ConflictingDomainExists", "The VPC $VPC in region us-east-1 has already been associated with the hosted zone $PRIVATE with the same domain name.", {"HostedZoneId": "$DOUBLE", "VPC": HERE}),
    *_no_zone("DisassociateVPCFromHostedZone", VPC=HERE),
    Case("DisassociateVPCFromHostedZone", "InvalidVPCId", f"{VPC_TEXT}net-1", {"HostedZoneId": "$PRIVATE", "VPC": {"VPCRegion": "us-east-1", "VPCId": "net-1"}}),
    Case("DisassociateVPCFromHostedZone", "VPCAssociationNotFound", "The specified VPC and hosted zone are not currently associated.", {"HostedZoneId": "$PRIVATE", "VPC": THIRD}, 404),
    Case("DisassociateVPCFromHostedZone", "LastVPCAssociation", LAST, {"HostedZoneId": "$PRIVATE", "VPC": HERE}),
    *_no_zone("CreateVPCAssociationAuthorization", VPC=HERE),
    Case("CreateVPCAssociationAuthorization", "InvalidVPCId", f"{VPC_TEXT}net-1", {"HostedZoneId": "$PRIVATE", "VPC": {"VPCRegion": "us-east-1", "VPCId": "net-1"}}),
    *_no_zone("DeleteVPCAssociationAuthorization", VPC=HERE),
    Case("DeleteVPCAssociationAuthorization", "InvalidVPCId", f"{VPC_TEXT}net-1", {"HostedZoneId": "$PRIVATE", "VPC": {"VPCRegion": "us-east-1", "VPCId": "net-1"}}),
    Case("DeleteVPCAssociationAuthorization", "VPCAssociationAuthorizationNotFound", "The VPC that you specified is not authorized to be associated with the hosted zone.", {"HostedZoneId": "$PRIVATE", "VPC": THIRD}, 404),
    *_no_zone("ListVPCAssociationAuthorizations"),
    Case("ListVPCAssociationAuthorizations", "InvalidInput", PUBLIC, {"HostedZoneId": "$PUBLIC"}),
    Case("ListVPCAssociationAuthorizations", "InvalidPaginationToken", "The value that you specified to get the second or subsequent page is invalid.", {"HostedZoneId": "$PRIVATE", "NextToken": "x"}),
    Case(BATCH, "NoSuchHostedZone", "No hosted zone found with ID: ZNONE", {"HostedZoneId": NONE, "ChangeBatch": {"Changes": [_set("a.example.com", "A", "192.0.2.1")]}}, 404),
    Case(BATCH, "NoSuchHealthCheck", "No health check exists with the ID none", {"HostedZoneId": "$PUBLIC", "ChangeBatch": {"Changes": [_set("a.example.com", "A", "192.0.2.1", HealthCheckId="none")]}}, 404),
    _refused("Invalid request: Missing field 'SetIdentifier' in Change with [Action=CREATE, Name=a.example.com, Type=A, SetIdentifier=null]", _set("a.example.com", "A", "192.0.2.1", Weight=1), code="InvalidInput"),
    _refused("Invalid request: Expected exactly one of [Weight, Region, Failover, GeoLocation, MultiValueAnswer, GeoProximityLocation, or CidrRoutingConfig], but found none in Change with [Action=CREATE, Name=a.example.com, Type=A, SetIdentifier=x]", _set("a.example.com", "A", "192.0.2.1", SetIdentifier="x"), code="InvalidInput"),
    _refused("Invalid request: Expected exactly one of [Weight, Region, Failover, GeoLocation, MultiValueAnswer, GeoProximityLocation, or CidrRoutingConfig], but found more than one in Change with [Action=CREATE, Name=a.example.com, Type=A, SetIdentifier=x]", _set("a.example.com", "A", "192.0.2.1", SetIdentifier="x", Weight=1, Region="eu-west-1"), code="InvalidInput"),
    _refused("Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none in Change with [Action=CREATE, Name=a.example.com, Type=A, SetIdentifier=null]", _bare("a.example.com", TTL=5), code="InvalidInput"),
    _refused("Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found more than one in Change with [Action=CREATE, Name=a.example.com, Type=A, SetIdentifier=null]", _alias("a.example.com", "www.example.com", TTL=5), code="InvalidInput"),
    _refused("Tried to create resource record set [name='www.example.com.', type='A'] but it already exists", _set("WWW.example.com", "A", "192.0.2.2")),
    _refused("Tried to create resource record set [name='w.example.com.', type='A', set-identifier='one'] but it already exists", _set("w.example.com", "A", "192.0.2.2", SetIdentifier="one", Weight=1)),
    _refused("Tried to delete resource record set [name='no.example.com.', type='A'] but it was not found", _set("no.example.com", "A", "192.0.2.2", action="DELETE")),
    _refused("Tried to delete resource record set [name='www.example.com.', type='A'] but the values provided do not match the current values", _set("www.example.com", "A", "192.0.2.2", action="DELETE")),
    _refused("The request contains an invalid set of changes for a resource record set 'A a.example.com.'", _set("a.example.com", "A", "192.0.2.1"), _set("a.example.com", "A", "192.0.2.2")),
    _refused("RRSet with DNS name www.example.org. is not permitted in zone example.com.", _set("www.example.org", "A", "192.0.2.1")),
    _refused("RRSet of type CNAME with DNS name example.com. is not permitted at apex in zone example.com.", _set("example.com", "CNAME", "a.b")),
    _refused("RRSet of type CNAME with DNS name www.example.com. is not permitted as it conflicts with other records with the same DNS name in zone example.com.", _set("www.example.com", "CNAME", "a.b")),
    _refused("RRSet of type A with DNS name c.example.com. is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone example.com.", _set("c.example.com", "A", "192.0.2.1")),
    _refused("RRSet with DNS name www.example.com., type A, SetIdentifier x cannot be created as a non-weighted set exists with the same name and type.", _set("www.example.com", "A", "192.0.2.1", SetIdentifier="x", Weight=1)),
    _refused("RRSet with DNS name w.example.com., type A cannot be created as other RRSets exist with the same name and type.", _set("w.example.com", "A", "192.0.2.1")),
    _refused("RRSet with DNS name w.example.com., type A, SetIdentifier x cannot be created as a non-latency set exists with the same name and type.", _set("w.example.com", "A", "192.0.2.1", SetIdentifier="x", Region="eu-west-1")),
    _refused("RRSet with DNS name w.example.com. and type A, SetIdentifier x cannot be created as weighted sets must contain the same TTL.", _set("w.example.com", "A", "192.0.2.1", ttl=5, SetIdentifier="x", Weight=1)),
    _refused("RRSet with DNS name l.example.com., type A, SetIdentifier x, and Region Name=eu-west-1 cannot be created because a latency RRSet with the same name, type and region already exists.", _set("l.example.com", "A", "192.0.2.1", SetIdentifier="x", Region="eu-west-1")),
    _refused("A HostedZone must contain exactly one SOA record.", _set("example.com", "SOA", "$SOA", action="DELETE", ttl=900)),
    _refused("Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '1.2.3''", _set("a.example.com", "A", "1.2.3")),
    _refused("Invalid Resource Record: 'FATAL problem: InvalidCharacterString (Value should be enclosed in quotation marks) encountered with 'bare''", _set("a.example.com", "TXT", "bare")),
    _refused("Duplicate Resource Record: '192.0.2.1'", _set("a.example.com", "A", "192.0.2.1", "192.0.2.1")),
    _refused("FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with 'a..example.com'", _set("a..example.com", "A", "192.0.2.1")),
    _refused("Tried to create an alias that targets no.example.com., type A in zone $PUBLIC, but that target was not found", _alias("a.example.com", "no.example.com")),
    _refused("Tried to create an alias that targets www.example.com., type AAAA in zone $PUBLIC, but that target was not found", _alias("a.example.com", "www.example.com", type_="AAAA")),
    _refused("Tried to create an alias that targets www.example.org., type A in zone $PUBLIC, but the alias target name does not lie within the target zone", _alias("a.example.com", "www.example.org")),
    _refused("Tried to create an alias that targets a.example.com., type A in zone $PUBLIC, but that would be a circle of aliases", _alias("a.example.com", "a.example.com")),
    _refused("Number of records limit of 1000 exceeded.", _set("a.example.com", "TXT", *(f'"{n}"' for n in range(501)), action="UPSERT")),
    _refused("Number of characters limit of 32000 exceeded.", _set("a.example.com", "TXT", *(f'"{n:0252d}"' for n in range(130)))),
    _refused(f"The CIDR collection {UUID} does not exist", _set("a.example.com", "A", "192.0.2.1", SetIdentifier="x", CidrRoutingConfig={"CollectionId": UUID, "LocationName": "*"})),
    *_no_zone("ListResourceRecordSets"),
    Case("ListResourceRecordSets", "InvalidInput", "If you specify StartRecordType, you must also specify StartRecordName.", {"HostedZoneId": "$PUBLIC", "StartRecordType": "A"}),
    Case("ListResourceRecordSets", "InvalidInput", "If you specify StartRecordIdentifier, you must also specify StartRecordName and StartRecordType.", {"HostedZoneId": "$PUBLIC", "StartRecordName": "a", "StartRecordIdentifier": "x"}),
    Case("GetChange", "NoSuchChange", "A change with the specified change ID does not exist: CNONE", {"Id": "CNONE"}, 404),
    Case("GetChange", "InvalidInput", "1 validation error detected: Value '' at 'id' failed to satisfy constraint: Member must have length greater than or equal to 1", {"Id": ""}),
    *_no_zone("TestDNSAnswer", RecordName="www.example.com", RecordType="A"),
    Case("TestDNSAnswer", "InvalidInput", "TestDNSAnswer supports only public hosted zones.", {"HostedZoneId": "$PRIVATE", "RecordName": "corp", "RecordType": "A"}),
    Case("TestDNSAnswer", "InvalidInput", "If you specify EDNS0ClientSubnetIP, you must also specify ResolverIP.", {"HostedZoneId": "$PUBLIC", "RecordName": "www.example.com", "RecordType": "A", "EDNS0ClientSubnetIP": "192.0.2.1"}),
    Case("TestDNSAnswer", "InvalidInput", "EDNS0ClientSubnetMask is not valid: 33", {"HostedZoneId": "$PUBLIC", "RecordName": "www.example.com", "RecordType": "A", "ResolverIP": "192.0.2.1", "EDNS0ClientSubnetIP": "192.0.2.1", "EDNS0ClientSubnetMask": "33"}),
    Case("ChangeTagsForResource", "NoSuchHostedZone", "No hosted zone found with ID: ZNONE", {"ResourceType": "hostedzone", "ResourceId": NONE, "RemoveTagKeys": ["a"]}, 404),
    Case("ChangeTagsForResource", "NoSuchHealthCheck", "No health check exists with the ID none", {"ResourceType": "healthcheck", "ResourceId": "none", "RemoveTagKeys": ["a"]}, 404),
    Case("ChangeTagsForResource", "InvalidInput", "You must specify tags to add, keys to remove, or both.", {"ResourceType": "hostedzone", "ResourceId": "$PUBLIC"}),
    Case("ListTagsForResource", "NoSuchHostedZone", "No hosted zone found with ID: ZNONE", {"ResourceType": "hostedzone", "ResourceId": NONE}, 404),
    Case("ListTagsForResource", "NoSuchHealthCheck", "No health check exists with the ID none", {"ResourceType": "healthcheck", "ResourceId": "none"}, 404),
    Case("ListTagsForResource", "InvalidInput", "1 validation error detected: Value 'x' at 'resourceType' failed to satisfy constraint: Member must satisfy enum value set: [healthcheck, hostedzone]", {"ResourceType": "x", "ResourceId": "none"}),
    Case("ListTagsForResources", "NoSuchHostedZone", "No hosted zone found with ID: ZNONE", {"ResourceType": "hostedzone", "ResourceIds": [NONE]}, 404),
    Case("ListTagsForResources", "NoSuchHealthCheck", "No health check exists with the ID none", {"ResourceType": "healthcheck", "ResourceIds": ["none"]}, 404),
    Case("ListTagsForResources", "InvalidInput", "1 validation error detected: Value '[]' at 'resourceIds' failed to satisfy constraint: Member must have length greater than or equal to 1", {"ResourceType": "hostedzone", "ResourceIds": []}),
    Case("GetAccountLimit", "InvalidInput", "1 validation error detected: Value 'x' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [MAX_HEALTH_CHECKS_BY_OWNER, MAX_HOSTED_ZONES_BY_OWNER, MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER, MAX_REUSABLE_DELEGATION_SETS_BY_OWNER, MAX_TRAFFIC_POLICIES_BY_OWNER]", {"Type": "x"}),
    *_no_zone("GetHostedZoneLimit", Type="MAX_RRSETS_BY_ZONE"),
    Case("GetHostedZoneLimit", "HostedZoneNotPrivate", "The specified hosted zone is a public hosted zone, not a private one.", {"HostedZoneId": "$PUBLIC", "Type": "MAX_VPCS_ASSOCIATED_BY_ZONE"}),
    Case("GetReusableDelegationSetLimit", "NoSuchDelegationSet", "No delegation set found with ID: NNONE", {"DelegationSetId": "NNONE", "Type": "MAX_ZONES_BY_REUSABLE_DELEGATION_SET"}),
    Case("GetReusableDelegationSetLimit", "InvalidInput", _long("delegationSetId"), {"DelegationSetId": LONG, "Type": "MAX_ZONES_BY_REUSABLE_DELEGATION_SET"}),
    Case("CreateReusableDelegationSet", "DelegationSetAlreadyCreated", "A delegation set with the same owner and caller reference combination has already been created.", {"CallerReference": "known"}),
    Case("CreateReusableDelegationSet", "HostedZoneNotFound", "The specified HostedZone cannot be found: ZNONE", {"CallerReference": "new", "HostedZoneId": NONE}),
    Case("CreateReusableDelegationSet", "InvalidArgument", "The specified hosted zone is a private one, which has no delegation set.", {"CallerReference": "new", "HostedZoneId": "$PRIVATE"}),
    Case("CreateReusableDelegationSet", "InvalidInput", _long("hostedZoneId"), {"CallerReference": "new", "HostedZoneId": LONG}),
    Case("CreateReusableDelegationSet", "DelegationSetAlreadyReusable", "The specified delegation set has been marked as reusable.", {"CallerReference": "new", "HostedZoneId": "$SHARING"}),
    Case("GetReusableDelegationSet", "NoSuchDelegationSet", "No delegation set found with ID: NNONE", {"Id": "NNONE"}),
    Case("GetReusableDelegationSet", "InvalidInput", _long("id"), {"Id": LONG}),
    Case("ListReusableDelegationSets", "InvalidInput", ZERO, {"MaxItems": "x"}),
    Case("DeleteReusableDelegationSet", "NoSuchDelegationSet", "No delegation set found with ID: NNONE", {"Id": "NNONE"}),
    Case("DeleteReusableDelegationSet", "InvalidInput", _long("id"), {"Id": LONG}),
    Case("DeleteReusableDelegationSet", "DelegationSetInUse", "The specified delegation set contains associated hosted zones which must be deleted before it.", {"Id": "$USED"}),
    Case("CreateCidrCollection", "CidrCollectionAlreadyExistsException", "A CIDR collection with this name and a different caller reference already exists in this account.", {"Name": "blocks", "CallerReference": "new"}),
    Case("CreateCidrCollection", "InvalidInput", "The caller reference was used for a CIDR collection of another name.", {"Name": "other", "CallerReference": "blocks"}),
    Case("ChangeCidrCollection", "NoSuchCidrCollectionException", f"The CIDR collection {UUID} doesn't exist.", {"Id": UUID, "Changes": [{"LocationName": "a", "Action": "PUT", "CidrList": ["10.0.0.0/8"]}]}, 404),
    Case("ChangeCidrCollection", "CidrCollectionVersionMismatchException", "The CIDR collection version you provided, doesn't match the one in the ListCidrCollections operation.", {"Id": "$BLOCKS", "CollectionVersion": 9, "Changes": [{"LocationName": "a", "Action": "PUT", "CidrList": ["10.0.0.0/8"]}]}, 409),
    Case("ChangeCidrCollection", "InvalidInput", "The CIDR block 10.0.0.1/8 is not valid.", {"Id": "$BLOCKS", "Changes": [{"LocationName": "a", "Action": "PUT", "CidrList": ["10.0.0.1/8"]}]}),
    Case("ChangeCidrCollection", "InvalidInput", "The CIDR block 10.0.0.0/25 is longer than 24 bits.", {"Id": "$BLOCKS", "Changes": [{"LocationName": "a", "Action": "PUT", "CidrList": ["10.0.0.0/25"]}]}),
    Case("ChangeCidrCollection", "CidrBlockInUseException", "This CIDR block is in use: records are routed by its location.", {"Id": "$BLOCKS", "Changes": [{"LocationName": "here", "Action": "DELETE_IF_EXISTS", "CidrList": ["10.0.0.0/8"]}]}),
    Case("ListCidrCollections", "InvalidInput", "The specified pagination token isn't valid.", {"NextToken": "x"}),
    Case("ListCidrLocations", "NoSuchCidrCollectionException", f"The CIDR collection {UUID} doesn't exist.", {"CollectionId": UUID}, 404),
    Case("ListCidrLocations", "InvalidInput", "The specified pagination token isn't valid.", {"CollectionId": "$BLOCKS", "NextToken": "x"}),
    Case("ListCidrBlocks", "NoSuchCidrCollectionException", f"The CIDR collection {UUID} doesn't exist.", {"CollectionId": UUID}, 404),
    Case("ListCidrBlocks", "NoSuchCidrLocationException", "The CIDR collection location doesn't match any: x", {"CollectionId": "$BLOCKS", "LocationName": "x"}, 404),
    Case("ListCidrBlocks", "InvalidInput", "The specified pagination token isn't valid.", {"CollectionId": "$BLOCKS", "NextToken": "x"}),
    Case("DeleteCidrCollection", "NoSuchCidrCollectionException", f"The CIDR collection {UUID} doesn't exist.", {"Id": UUID}, 404),
    Case("DeleteCidrCollection", "CidrCollectionInUseException", "This CIDR collection is in use, and isn't empty.", {"Id": "$BLOCKS"}),
    *signing.CASES,
    *health.CASES,
    *traffic.CASES,
    Case("DeleteCidrCollection", "InvalidInput", "1 validation error detected: Value 'x' at 'id' failed to satisfy constraint: Member must satisfy regular expression pattern: [0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", {"Id": "x"}),
]
# fmt: on


TABLE = parity.Parity(SERVICE, CASES, EXCUSED)


class TestErrors(parity.refusals(SERVICE, CASES, EXCUSED, _made)):  # type: ignore[misc]
    """The table, but for operations that take nothing, and so refuse nothing."""

    def test_every_operation_that_can_refuse_is_seen_to(self) -> None:
        assert TABLE.silent() == {"GetHostedZoneCount", *health.SILENT, *traffic.SILENT}
