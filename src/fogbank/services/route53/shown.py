"""Zones and their parts as the API shows them."""

from __future__ import annotations

from typing import Any

from fogbank.services.route53.resources import DelegationSet, HostedZone


def zone(found: HostedZone) -> dict[str, Any]:
    config: dict[str, Any] = {"PrivateZone": found.is_private}
    if found.comment:
        config["Comment"] = found.comment
    return {
        "Id": f"/hostedzone/{found.id}",
        "Name": found.name,
        "CallerReference": found.reference,
        "Config": config,
        "ResourceRecordSetCount": found.records,
    }


def servers_of(found: HostedZone) -> dict[str, Any]:
    shown: dict[str, Any] = {"NameServers": list(found.servers)}
    return {"Id": f"/delegationset/{found.delegation_id}", **shown} if found.delegation_id else shown


def delegation_set(found: DelegationSet) -> dict[str, Any]:
    return {
        "Id": f"/delegationset/{found.id}",
        "CallerReference": found.reference,
        "NameServers": list(found.servers),
    }


def vpc(text: str) -> dict[str, str]:
    """`eu-west-1 vpc-1` as the API has it."""
    region, _, vpc_id = text.partition(" ")
    return {"VPCRegion": region, "VPCId": vpc_id}
