"""The errors of traffic policies and places, for the table of `test_errors`: provoked, or excused with the reason."""
# ruff: noqa: E501 (a table: a case to a line, with AWS's whole sentence)

from __future__ import annotations

import json
from typing import Any

from fogbank.testing import TestCloud
from fogbank.testing.parity import Case

LONG = "Z" * 37
UUID = "00000000-0000-0000-0000-000000000000"
SILENT = {"GetTrafficPolicyInstanceCount"}
"""The operations that refuse nothing."""


def document(type_: str = "A", value: str = "192.0.2.1") -> str:
    """A document with nothing but an endpoint."""
    one = {"Type": "value", "Value": value}
    return json.dumps(
        {"AWSPolicyFormatVersion": "2015-10-01", "RecordType": type_, "StartEndpoint": "one", "Endpoints": {"one": one}}
    )


def made(cloud: TestCloud) -> dict[str, str]:
    """A policy that is used, one of another type, and a zone with as many instances as there may be."""

    def policy(name: str, text: str) -> str:
        return str(
            cloud.call("route53", "CreateTrafficPolicy", {"Name": name, "Document": text})["TrafficPolicy"]["Id"]
        )

    used, text = policy("used", document()), policy("text", document("TXT", '"x"'))
    zone = cloud.call("route53", "CreateHostedZone", {"Name": "traffic.errors", "CallerReference": "traffic"})
    for number in range(5):
        request = {"Name": f"{number}.traffic.errors", "TTL": 60, "TrafficPolicyId": used, "TrafficPolicyVersion": 1}
        instance = cloud.call(
            "route53", "CreateTrafficPolicyInstance", {"HostedZoneId": zone["HostedZone"]["Id"], **request}
        )
    for _ in range(999):
        cloud.call("route53", "CreateTrafficPolicyVersion", {"Id": text, "Document": document("TXT", '"x"')})
    for number in range(48):
        policy(f"more{number}", document())
    zone_id = zone["HostedZone"]["Id"]
    cloud.call("route53", "CreateResourceRecordSetProtections", {"HostedZoneId": zone_id, "Protections": [_ENTRY]})
    return {
        "POLICY": used,
        "TEXT": text,
        "TRAFFIC": zone["HostedZone"]["Id"].rpartition("/")[2],
        "INSTANCE": instance["TrafficPolicyInstance"]["Id"],
    }


_INSTANCE = {
    "HostedZoneId": "$TRAFFIC",
    "Name": "x.traffic.errors",
    "TTL": 60,
    "TrafficPolicyId": "$POLICY",
    "TrafficPolicyVersion": 1,
}
_UPDATE = {"Id": "$INSTANCE", "TTL": 60, "TrafficPolicyId": "$POLICY", "TrafficPolicyVersion": 1}
_ENTRY = {"RecordName": "kept.traffic.errors", "RecordType": "A"}
_NO_POLICY = f"No traffic policy exists with Id {UUID} and the specified version."
_NO_INSTANCE = f"No traffic policy instance exists with Id {UUID}."
_NO_ZONE = "No hosted zone found with ID: ZNONE"
_NO_NUMBER = "The value for MaxItems must be a number greater than 0."
_NO_START = "Exactly one of StartEndpoint and StartRule must be given."
_EMPTY = json.dumps({"AWSPolicyFormatVersion": "2015-10-01", "RecordType": "A"})
_MARKER = "If you specify TrafficPolicyInstanceTypeMarker, you must also specify TrafficPolicyInstanceNameMarker."


def _case(operation: str, req: dict[str, Any], code: str, message: str, status: int = 400) -> Case:
    return Case(operation, code, message, req, status)


def _long(operation: str, **more: Any) -> Case:
    text = f"1 validation error detected: Value '{LONG}' at 'id' failed to satisfy constraint: Member must have length less than or equal to 36"
    return _case(operation, {"Id": LONG, **more}, "InvalidInput", text)


CASES = [
    _case(
        "CreateTrafficPolicy",
        {"Name": "N" * 513, "Document": "{}"},
        "InvalidInput",
        f"1 validation error detected: Value '{'N' * 513}' at 'name' failed to satisfy constraint: Member must have length less than or equal to 512",
    ),
    _long("CreateTrafficPolicyVersion", Document="{}"),
    _long("GetTrafficPolicy", Version=1),
    _long("UpdateTrafficPolicyComment", Version=1, Comment="x"),
    _long("DeleteTrafficPolicy", Version=1),
    _long("GetTrafficPolicyInstance"),
    _long("DeleteTrafficPolicyInstance"),
    _long("UpdateTrafficPolicyInstance", TTL=1, TrafficPolicyId="$POLICY", TrafficPolicyVersion=1),
    _case(
        "CreateTrafficPolicyVersion",
        {"Id": "$TEXT", "Document": document("TXT", '"x"')},
        "TooManyTrafficPolicyVersionsForCurrentPolicy",
        "Limits Exceeded: Cannot create more than 1000 versions of a traffic policy.",
    ),
    _case("CreateTrafficPolicy", {"Name": "x", "Document": _EMPTY}, "InvalidTrafficPolicyDocument", _NO_START),
    _case(
        "CreateTrafficPolicy",
        {"Name": "used", "Document": document()},
        "TrafficPolicyAlreadyExists",
        "Traffic policy with name used already exists.",
        409,
    ),
    _case(
        "CreateTrafficPolicy",
        {"Name": "x", "Document": document()},
        "TooManyTrafficPolicies",
        "Limits Exceeded: MAX_TRAFFIC_POLICIES_BY_OWNER - Cannot create more than 50 traffic policies.",
    ),
    _case(
        "CreateTrafficPolicyVersion", {"Id": "$POLICY", "Document": _EMPTY}, "InvalidTrafficPolicyDocument", _NO_START
    ),
    _case("CreateTrafficPolicyVersion", {"Id": UUID, "Document": document()}, "NoSuchTrafficPolicy", _NO_POLICY, 404),
    _case("GetTrafficPolicy", {"Id": UUID, "Version": 1}, "NoSuchTrafficPolicy", _NO_POLICY, 404),
    _case(
        "UpdateTrafficPolicyComment", {"Id": UUID, "Version": 1, "Comment": "x"}, "NoSuchTrafficPolicy", _NO_POLICY, 404
    ),
    _case("DeleteTrafficPolicy", {"Id": UUID, "Version": 1}, "NoSuchTrafficPolicy", _NO_POLICY, 404),
    _case(
        "DeleteTrafficPolicy",
        {"Id": "$POLICY", "Version": 1},
        "TrafficPolicyInUse",
        "Policy is in use for at least one instance",
    ),
    _case("ListTrafficPolicies", {"MaxItems": "x"}, "InvalidInput", _NO_NUMBER),
    _case("ListTrafficPolicyVersions", {"Id": UUID}, "NoSuchTrafficPolicy", _NO_POLICY, 404),
    _case(
        "ListTrafficPolicyVersions",
        {"Id": "$POLICY", "TrafficPolicyVersionMarker": "x"},
        "InvalidInput",
        "TrafficPolicyVersionMarker must be a number.",
    ),
    _case(
        "CreateTrafficPolicyInstance",
        {**_INSTANCE, "Name": "x.other"},
        "InvalidInput",
        "The name x.other. is not within the hosted zone traffic.errors.",
    ),
    _case("CreateTrafficPolicyInstance", {**_INSTANCE, "HostedZoneId": "ZNONE"}, "NoSuchHostedZone", _NO_ZONE, 404),
    _case(
        "CreateTrafficPolicyInstance", {**_INSTANCE, "TrafficPolicyId": UUID}, "NoSuchTrafficPolicy", _NO_POLICY, 404
    ),
    _case(
        "CreateTrafficPolicyInstance",
        {**_INSTANCE, "Name": "0.traffic.errors"},
        "TrafficPolicyInstanceAlreadyExists",
        "A traffic policy instance for A 0.traffic.errors. already exists.",
        409,
    ),
    _case(
        "CreateTrafficPolicyInstance",
        _INSTANCE,
        "TooManyTrafficPolicyInstances",
        "Limits Exceeded: MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER - Cannot create more than 5 traffic policy instances.",
    ),
    _case("UpdateTrafficPolicyInstance", {**_UPDATE, "Id": UUID}, "NoSuchTrafficPolicyInstance", _NO_INSTANCE, 404),
    _case("UpdateTrafficPolicyInstance", {**_UPDATE, "TrafficPolicyId": UUID}, "NoSuchTrafficPolicy", _NO_POLICY, 404),
    _case(
        "UpdateTrafficPolicyInstance",
        {**_UPDATE, "TrafficPolicyId": "$TEXT"},
        "ConflictingTypes",
        "The traffic policy has the type TXT, the instance has the type A.",
    ),
    _case("GetTrafficPolicyInstance", {"Id": UUID}, "NoSuchTrafficPolicyInstance", _NO_INSTANCE, 404),
    _case("DeleteTrafficPolicyInstance", {"Id": UUID}, "NoSuchTrafficPolicyInstance", _NO_INSTANCE, 404),
    _case("ListTrafficPolicyInstances", {"TrafficPolicyInstanceTypeMarker": "A"}, "InvalidInput", _MARKER),
    _case("ListTrafficPolicyInstancesByHostedZone", {"HostedZoneId": "ZNONE"}, "NoSuchHostedZone", _NO_ZONE, 404),
    _case(
        "ListTrafficPolicyInstancesByHostedZone",
        {"HostedZoneId": "$TRAFFIC", "TrafficPolicyInstanceTypeMarker": "A"},
        "InvalidInput",
        _MARKER,
    ),
    _case(
        "ListTrafficPolicyInstancesByPolicy",
        {"TrafficPolicyId": UUID, "TrafficPolicyVersion": 1},
        "NoSuchTrafficPolicy",
        _NO_POLICY,
        404,
    ),
    _case(
        "ListTrafficPolicyInstancesByPolicy",
        {"TrafficPolicyId": "$POLICY", "TrafficPolicyVersion": 1, "MaxItems": "0"},
        "InvalidInput",
        _NO_NUMBER,
    ),
    *(
        case
        for operation in ("CreateResourceRecordSetProtections", "DeleteResourceRecordSetProtections")
        for case in (
            _case(operation, {"HostedZoneId": "ZNONE", "Protections": [_ENTRY]}, "NoSuchHostedZone", _NO_ZONE, 404),
            _case(
                operation,
                {"HostedZoneId": "$TRAFFIC", "Protections": [_ENTRY, _ENTRY]},
                "InvalidInput",
                "Each name and type can appear only once in the list of protections.",
            ),
        )
    ),
    _case(
        "CreateResourceRecordSetProtections",
        {"HostedZoneId": "$TRAFFIC", "Protections": [{**_ENTRY, "RecordName": "x.other"}]},
        "InvalidResourceRecordSetProtectionBatch",
        "The name x.other. is not within the hosted zone traffic.errors.",
    ),
    _case(
        "CreateResourceRecordSetProtections",
        {"HostedZoneId": "$TRAFFIC", "Protections": [_ENTRY]},
        "ProtectionAlreadyExists",
        "A protection already exists for A kept.traffic.errors.",
        409,
    ),
    _case(
        "DeleteResourceRecordSetProtections",
        {"HostedZoneId": "$TRAFFIC", "Protections": [{**_ENTRY, "RecordType": "TXT"}]},
        "InvalidResourceRecordSetProtectionBatch",
        "No protection exists for TXT kept.traffic.errors.",
    ),
    _case("ListResourceRecordSetProtections", {"HostedZoneId": "ZNONE"}, "NoSuchHostedZone", _NO_ZONE, 404),
    _case(
        "ListResourceRecordSetProtections",
        {"HostedZoneId": "$TRAFFIC", "NextToken": "x"},
        "InvalidPaginationToken",
        "The specified pagination token isn't valid.",
    ),
    _case(
        "ListResourceRecordSetProtections",
        {"HostedZoneId": "$TRAFFIC", "StartRecordType": "A"},
        "InvalidInput",
        "If you specify StartRecordType, you must also specify StartRecordName.",
    ),
    _case(
        "GetGeoLocation",
        {"CountryCode": "ZZ"},
        "NoSuchGeoLocation",
        "The specified geographic location doesn't exist.",
        404,
    ),
    _case(
        "GetGeoLocation",
        {"ContinentCode": "EU", "CountryCode": "DE"},
        "InvalidInput",
        "You can't specify ContinentCode together with CountryCode or SubdivisionCode.",
    ),
    _case(
        "ListGeoLocations",
        {"StartSubdivisionCode": "CA"},
        "InvalidInput",
        "If you specify StartSubdivisionCode, you must also specify StartCountryCode.",
    ),
]
_NO_MARKER = "a marker says where a page begins, and need be nobody's"
EXCUSED = {
    "CreateResourceRecordSetProtections:LimitsExceeded": "AWS says no number of protections that is the most",
    "ListTrafficPolicyInstances:NoSuchTrafficPolicyInstance": _NO_MARKER,
    "ListTrafficPolicyInstancesByHostedZone:NoSuchTrafficPolicyInstance": _NO_MARKER,
    "ListTrafficPolicyInstancesByPolicy:NoSuchTrafficPolicyInstance": _NO_MARKER,
}
