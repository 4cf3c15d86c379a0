"""Names of hosted zones, asked for from inside of VPCs: whose they are, and whose not."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

from fogbank.aws.internet import NAME_SERVERS
from fogbank.control import caller as callers

from .tenant import NOTHING, REGION, Host, Tenant


def _dig(tenant: Tenant, host: Host, name: str, server: str = "10.0.0.2", *more: str) -> str:
    ran = tenant.heard(host, "dig", "+short", "+time=1", "+tries=1", f"@{server}", *more, name)
    return NOTHING if ran.code else ran.output.decode().strip()


def _zone(tenant: Tenant, name: str, *vpcs: str, **records: str) -> str:
    """The id of a zone with addresses of names; private to VPCs, if any are given."""

    def call(operation: str, **params: Any) -> dict[str, Any]:
        return tenant.net.cloud.call("route53", operation, params, caller=callers.root(tenant.account), region=REGION)

    places = [{"VPCRegion": REGION, "VPCId": vpc} for vpc in vpcs]
    more = {"VPC": places[0]} if places else {}
    zone = str(call("CreateHostedZone", Name=name, CallerReference=f"{name} {vpcs}", **more)["HostedZone"]["Id"])
    for place in places[1:]:
        call("AssociateVPCWithHostedZone", HostedZoneId=zone, VPC=place)
    changes = [
        {
            "Action": "CREATE",
            "ResourceRecordSet": {
                "Name": f"{label}.{name}",
                "Type": "A",
                "TTL": 60,
                "ResourceRecords": [{"Value": address}],
            },
        }
        for label, address in records.items()
    ]
    call("ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch={"Changes": changes})
    return zone


def test_a_private_zone_answers_in_its_vpcs_and_in_no_others(tenant: Tenant) -> None:
    tenant.needs("dig")
    vpc, other = tenant.vpc(), tenant.vpc("10.9.0.0/16")
    host, far = tenant.host(tenant.subnet(vpc)), tenant.host(tenant.subnet(other, "10.9.1.0/24"))
    _zone(tenant, "corp", vpc, db="10.0.1.5")
    assert _dig(tenant, host, "db.corp") == "10.0.1.5"
    assert _dig(tenant, host, "db.corp", "10.0.0.2", "+tcp") == "10.0.1.5"
    assert _dig(tenant, host, "DB.Corp", "169.254.169.253") == "10.0.1.5"
    assert _dig(tenant, far, "db.corp", "10.9.0.2") == ""


def test_the_private_view_of_a_name_hides_the_public_one(tenant: Tenant) -> None:
    tenant.needs("dig")
    vpc, other = tenant.vpc(), tenant.vpc("10.9.0.0/16")
    host, far = tenant.host(tenant.subnet(vpc)), tenant.host(tenant.subnet(other, "10.9.1.0/24"))
    name = f"z{tenant.account}.example"
    _zone(tenant, name, www="192.0.2.1", public="192.0.2.2")
    _zone(tenant, name, vpc, www="10.0.1.5")
    assert (_dig(tenant, host, f"www.{name}"), _dig(tenant, far, f"www.{name}", "10.9.0.2")) == (
        "10.0.1.5",
        "192.0.2.1",
    )
    assert (_dig(tenant, host, f"public.{name}"), _dig(tenant, far, f"public.{name}", "10.9.0.2")) == ("", "192.0.2.2")


def test_what_the_network_itself_knows_is_still_told(tenant: Tenant) -> None:
    tenant.needs("dig")
    vpc = tenant.vpc()
    host = tenant.host(tenant.subnet(vpc))
    _zone(tenant, "corp", vpc, db="10.0.1.5")
    assert _dig(tenant, host, f"ip-{host.ip.replace('.', '-')}.ec2.internal") == host.ip
    assert _dig(tenant, host, "nobody.example") == ""


def test_name_servers_answer_at_their_public_addresses_and_only_to_those_who_get_out(tenant: Tenant) -> None:
    tenant.needs("dig")
    vpc = tenant.vpc()
    public, private = tenant.subnet(vpc), tenant.subnet(vpc, "10.0.2.0/24")
    tenant.table(public, {"0.0.0.0/0": tenant.gateway(vpc)})
    host, within = tenant.host(public), tenant.host(private)
    tenant.address(host)
    name = f"z{tenant.account}.example"
    zone = _zone(tenant, name, www="192.0.2.1")
    asked = tenant.net.cloud.call("route53", "GetHostedZone", {"Id": zone}, caller=callers.root(tenant.account))
    for server in asked["DelegationSet"]["NameServers"]:
        address = _dig(tenant, host, server)
        assert ip_address(address) in ip_network(NAME_SERVERS)
        assert (_dig(tenant, host, f"www.{name}", address), _dig(tenant, within, f"www.{name}", address)) == (
            "192.0.2.1",
            NOTHING,
        )
    assert _dig(tenant, host, f"www.{name}", address, "+tcp") == "192.0.2.1"
    refused = tenant.heard(host, "dig", "+time=1", "+tries=1", f"@{address}", "nobody.example")
    assert b"status: REFUSED" in refused.output, "a name server is no resolver"
