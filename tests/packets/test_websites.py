"""A website of a bucket under a name of people's own, read from inside of a VPC."""

from __future__ import annotations

import json
from typing import Any

from fogbank.aws.internet import api_address
from fogbank.control import caller as callers
from fogbank.services.route53.aliases import WEBSITES

from .tenant import REGION, Host, Tenant


def _call(tenant: Tenant, service: str, operation: str, **params: Any) -> dict[str, Any]:
    return tenant.net.cloud.call(service, operation, params, caller=callers.root(tenant.account), region=REGION)


def _site(tenant: Tenant) -> str:
    """The name of a website, to which an alias leads."""
    name = f"www.z{tenant.account}.example"
    _call(tenant, "s3", "CreateBucket", Bucket=name)
    _call(tenant, "s3", "DeletePublicAccessBlock", Bucket=name)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    _call(tenant, "s3", "PutBucketPolicy", Bucket=name, Policy=json.dumps({"Statement": [statement]}))
    website = {"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "none"}}
    _call(tenant, "s3", "PutBucketWebsite", Bucket=name, WebsiteConfiguration=website)
    zone = _call(tenant, "route53", "CreateHostedZone", Name=name.partition(".")[2], CallerReference=name)
    target = {"HostedZoneId": WEBSITES[REGION], "DNSName": f"s3-website-{REGION}.amazonaws.com"}
    alias = {"Name": name, "Type": "A", "AliasTarget": {**target, "EvaluateTargetHealth": False}}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": alias}]}
    _call(tenant, "route53", "ChangeResourceRecordSets", HostedZoneId=zone["HostedZone"]["Id"], ChangeBatch=batch)
    return name


def _read(tenant: Tenant, host: Host, name: str, address: str) -> str:
    """What is said of a website that has no page yet; empty for silence."""
    argv = ("curl", "-s", "-m", "2", "--resolve", f"{name}:80:{address}", f"http://{name}/")
    return tenant.heard(host, *argv).output.decode()


def test_a_workload_with_a_way_out_reads_a_website_by_its_name(tenant: Tenant) -> None:
    tenant.needs("dig", "curl")
    vpc = tenant.vpc()
    public, private = tenant.subnet(vpc, "10.0.1.0/24"), tenant.subnet(vpc, "10.0.2.0/24", "b")
    inside, hidden = tenant.host(public), tenant.host(private)
    tenant.table(public, {"0.0.0.0/0": tenant.gateway(vpc)})
    tenant.address(inside)
    name = _site(tenant)
    (address,) = tenant.said(inside, "dig", "+short", "+time=1", "@10.0.0.2", name).split()
    assert address == api_address(REGION)
    assert "<h1>403 Forbidden</h1>" in _read(tenant, inside, name, address)
    assert _read(tenant, hidden, name, address) == ""
