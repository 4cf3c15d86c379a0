"""Latency records follow what round trips take on the lines, not the map."""

from __future__ import annotations

from typing import Any

from fogbank.control import caller as callers
from fogbank.services.route53.latency import Table

from .tenant import NOTHING, REGION, Host, Tenant
from .test_regions import page

EUROPE, ASIA = "eu-west-1", "ap-northeast-1"


def _connected(tenant: Tenant, region: str, cidr: str) -> Host:
    """A host in a region that has an internet."""
    vpc = tenant.vpc(cidr, region=region)
    gateway = tenant.ec2("CreateInternetGateway", region=region)["InternetGateway"]["InternetGatewayId"]
    tenant.ec2("AttachInternetGateway", region=region, InternetGatewayId=gateway, VpcId=vpc)
    return tenant.host(tenant.subnet(vpc, cidr, region=region), region=region)


def _line(tenant: Tenant, there: str, **more: Any) -> None:
    page(tenant, "POST", "/line", {"here": REGION, "there": there, **more})


def test_the_region_that_is_measured_nearest_is_told_and_answers_flip_with_the_lines(tenant: Tenant) -> None:
    tenant.needs("dig")
    host = _connected(tenant, REGION, "10.0.0.0/16")
    _connected(tenant, EUROPE, "10.1.0.0/16")
    _connected(tenant, ASIA, "10.2.0.0/16")
    _line(tenant, EUROPE, round_trip_seconds=0.02)
    _line(tenant, ASIA, round_trip_seconds=0.09)
    name = f"z{tenant.account}.example"

    def route53(operation: str, **params: Any) -> dict[str, Any]:
        return tenant.net.cloud.call("route53", operation, params, caller=callers.root(tenant.account), region=REGION)

    zone = route53("CreateHostedZone", Name=name, CallerReference="1")["HostedZone"]["Id"]
    sets = [
        {
            "Name": name,
            "Type": "A",
            "TTL": 5,
            "Region": region,
            "SetIdentifier": region,
            "ResourceRecords": [{"Value": address}],
        }
        for region, address in ((EUROPE, "192.0.2.1"), (ASIA, "192.0.2.2"))
    ]
    changes = [{"Action": "CREATE", "ResourceRecordSet": one} for one in sets]
    route53("ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch={"Changes": changes})

    def told() -> str:
        tenant.net.cloud.advance(31)
        ran = tenant.heard(host, "dig", "+short", "+time=1", "+tries=1", "@10.0.0.2", name)
        return NOTHING if ran.code else ran.output.decode().strip()

    assert told() == "192.0.2.1"
    ctx = tenant.net.cloud.cloud.context("route53", "test", callers.root(tenant.account), REGION)
    seconds = ctx.held(Table).of(ctx, "10.0.0.5", REGION)
    assert 0.0195 < seconds[EUROPE] != 0.02, "a sample, not what was said"
    _line(tenant, EUROPE, round_trip_seconds=0.2)
    assert told() == "192.0.2.2", "the order of what is measured has changed"
    _line(tenant, ASIA, loss=1.0)
    assert told() == "192.0.2.1", "nothing passes to the nearer one"
