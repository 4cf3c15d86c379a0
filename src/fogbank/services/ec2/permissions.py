"""What each call must be allowed (Service Authorization Reference, "Amazon EC2")."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.ec2.catalog import NOUNS, maybe, prefix_of
from fogbank.services.ec2.resources import ElasticIp, Peering, RouteTable, SecurityGroup, Side, Subnet, Vpc
from fogbank.store.records import Record

_MADE = {
    "AllocateAddress": "elastic-ip",
    "CreateDefaultSubnet": "subnet",
    "CreateDefaultVpc": "vpc",
    "CreateDhcpOptions": "dhcp-options",
    "CreateEgressOnlyInternetGateway": "egress-only-internet-gateway",
    "CreateFlowLogs": "vpc-flow-log",
    "CreateInternetGateway": "internet-gateway",
    "CreateManagedPrefixList": "prefix-list",
    "CreateNatGateway": "natgateway",
    "CreateNetworkAcl": "network-acl",
    "CreateNetworkInsightsPath": "network-insights-path",
    "CreateNetworkInterface": "network-interface",
    "CreatePlacementGroup": "placement-group",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
    "CreateSubnetCidrReservation": "subnet-cidr-reservation",
    "CreateTransitGateway": "transit-gateway",
    "CreateTransitGatewayPeeringAttachment": "transit-gateway-attachment",
    "CreateTransitGatewayRouteTable": "transit-gateway-route-table",
    "CreateTransitGatewayVpcAttachment": "transit-gateway-attachment",
    "CreateVpc": "vpc",
    "CreateVpcEndpoint": "vpc-endpoint",
    "CreateVpcPeeringConnection": "vpc-peering-connection",
    "StartNetworkInsightsAnalysis": "network-insights-analysis",
}
"""Operation -> the type of what it makes, whose ARN ends in `*` since it has no id yet."""
_ONLY = {
    "CreateRoute": ("RouteTableId",),
    "ReplaceRoute": ("RouteTableId",),
    "DeleteRoute": ("RouteTableId",),
    "CreateVpcPeeringConnection": ("VpcId",),
    "CreateNetworkInsightsPath": (),
}
"""Operations of which not every id is a resource that must be allowed."""
_BY_ASSOCIATION: Mapping[str, tuple[type[Record], ...]] = {
    "eipassoc": (ElasticIp,),
    "rtbassoc": (Subnet, RouteTable),
    "aclassoc": (Subnet,),
}
_TYPES: Mapping[type[Record], str] = {noun.record: noun.type for noun in NOUNS.values()}
_ID_KEYS = {
    "vpc": "ec2:vpcid",
    "subnet": "ec2:subnetid",
    "route-table": "ec2:routetableid",
    "internet-gateway": "ec2:internetgatewayid",
    "network-interface": "ec2:networkinterfaceid",
    "elastic-ip": "ec2:allocationid",
    "security-group": "ec2:securitygroupid",
    "network-acl": "ec2:networkaclid",
    "vpc-peering-connection": "ec2:vpcpeeringconnectionid",
    "dhcp-options": "ec2:dhcpoptionsid",
    "vpc-flow-log": "ec2:vpcflowlogid",
    "placement-group": "ec2:placementgroupname",
    "transit-gateway": "ec2:transitgatewayid",
    "transit-gateway-attachment": "ec2:transitgatewayattachmentid",
    "transit-gateway-route-table": "ec2:transitgatewayroutetableid",
}


def needs(ctx: Context, operation: str, req: dict[str, Any]) -> Iterable[Need]:
    action = f"ec2:{operation}"
    if operation.startswith("Describe"):
        return (Need(action, context={"ec2:region": [ctx.region]}),)
    given = tags.read(_tags(operation, req))
    set_ = _attributes(operation, req)
    found = [
        Need(action, arn, context=lambda row=row, type_=type_: _facts(ctx, type_, row, given) | set_)  # type: ignore[misc]
        for arn, type_, row in _resources(ctx, operation, req)
    ]
    if (made := _MADE.get(operation)) is not None:
        facts_of = lambda: _facts(ctx, made, None, given) | _asked(ctx, req)  # noqa: E731 - only asked by conditions
        found.append(Need(action, ctx.arn(f"{made}/*"), context=facts_of))
    for one in req.get("TagSpecifications") or ():
        if one.get("Tags") and one.get("ResourceType"):
            keys = tags.condition_keys(tags.read(tag for tag in one["Tags"] if tag.get("Key")))
            facts = {**keys, "ec2:createaction": [operation], "ec2:region": [ctx.region]}
            found.append(Need("ec2:CreateTags", ctx.arn(f"{one['ResourceType']}/*"), context=facts))
    return found or (Need(action, context={"ec2:region": [ctx.region]}),)


def _tags(operation: str, req: Mapping[str, Any]) -> list[Mapping[str, str]]:
    if operation in ("CreateTags", "DeleteTags"):
        return [tag for tag in req.get("Tags") or () if tag.get("Key")]
    specified = req.get("TagSpecifications") or ()
    return [tag for one in specified for tag in one.get("Tags") or () if tag.get("Key")]


def _attributes(operation: str, req: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of what a `Modify…Attribute` sets: `ec2:Attribute`, and `ec2:Attribute/<name>` with the value."""
    if not (operation.startswith("Modify") and operation.endswith("Attribute")):
        return {}
    values = {name: value.get("Value") if isinstance(value, dict) else value for name, value in req.items()}
    values = {name: value for name, value in values.items() if not name.endswith(("Id", "DryRun"))}
    return {"ec2:attribute": list(values)} | {
        f"ec2:attribute/{name.lower()}": [str(value).lower() if isinstance(value, bool) else str(value)]
        for name, value in values.items()
    }


def _asked(ctx: Context, req: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of something that is to be made: where, as the request says."""
    facts: dict[str, Any] = {}
    subnet = maybe(ctx, Subnet, req["SubnetId"]) if isinstance(req.get("SubnetId"), str) else None
    vpc_id = subnet.vpc_id if subnet else req.get("VpcId")
    if subnet is not None:
        facts |= {"ec2:subnet": [ctx.arn(f"subnet/{subnet.id}")], "ec2:availabilityzone": [subnet.zone]}
    if vpc_id:
        facts["ec2:vpc"] = [ctx.arn(f"vpc/{vpc_id}")]
    if req.get("AvailabilityZone"):
        facts["ec2:availabilityzone"] = [req["AvailabilityZone"]]
    if req.get("PeerVpcId"):
        peer = Side(req.get("PeerOwnerId") or ctx.account, req.get("PeerRegion") or ctx.region, req["PeerVpcId"])
        facts |= {"ec2:requestervpc": facts.get("ec2:vpc", []), "ec2:acceptervpc": [_vpc_arn(ctx, peer)]}
    return facts


def _vpc_arn(ctx: Context, side: Side) -> str:
    return f"arn:{ctx.partition}:ec2:{side.region}:{side.account}:vpc/{side.vpc_id}"


def _resources(ctx: Context, operation: str, req: Mapping[str, Any]) -> Iterator[tuple[str, str, Record | None]]:
    """(ARN, type, record) of what the ids of a request name; each once."""
    members = _ONLY.get(operation, tuple(req))
    seen = set()
    for member in members:
        value = req.get(member)
        for text in value if isinstance(value, list) else (value,):
            if isinstance(text, str) and text not in seen:
                seen.add(text)
                yield from _named(ctx, text)
    if operation == "AcceptVpcPeeringConnection":
        peering = maybe(ctx, Peering, req.get("VpcPeeringConnectionId", ""))
        if peering is not None:
            yield from _named(ctx, peering.accepter.vpc_id)


def _named(ctx: Context, text: str) -> Iterator[tuple[str, str, Record | None]]:
    prefix = prefix_of(text)
    if prefix == "sgr":
        yield ctx.arn(f"security-group-rule/{text}"), "security-group-rule", _first(ctx, SecurityGroup, "by_rule", text)
    elif prefix in NOUNS:
        noun = NOUNS[prefix]
        yield ctx.arn(f"{noun.type}/{text}"), noun.type, maybe(ctx, noun.record, text)
    for kind in _BY_ASSOCIATION.get(text.partition("-")[0], ()):
        row = _first(ctx, kind, "by_association", text)
        if row is not None:
            yield ctx.arn(f"{_TYPES[kind]}/{_id(row)}"), _TYPES[kind], row


def _first(ctx: Context, kind: type[Record], index: str, value: str) -> Record | None:
    rows = ctx.find(kind, index, value)
    return rows[0] if rows else None


def _id(row: Record) -> str:
    return str(getattr(row, "id", ""))


def _facts(ctx: Context, type_: str, row: Record | None, given: Mapping[str, str]) -> dict[str, Any]:
    own: Mapping[str, str] = getattr(row, "tags", {})
    facts: dict[str, Any] = dict(tags.condition_keys(given, own))
    facts |= {f"ec2:{key[4:]}": value for key, value in facts.items() if key.startswith("aws:resourcetag/")}
    facts["ec2:region"] = [ctx.region]
    if row is None:
        return facts
    if type_ in _ID_KEYS:
        facts[_ID_KEYS[type_]] = [_id(row)]
    if vpc_id := getattr(row, "vpc_id", ""):
        facts["ec2:vpc"] = [ctx.arn(f"vpc/{vpc_id}")]
    if subnet_id := getattr(row, "subnet_id", ""):
        facts["ec2:subnet"] = [ctx.arn(f"subnet/{subnet_id}")]
    if zone := getattr(row, "zone", ""):
        facts["ec2:availabilityzone"] = [zone]
    if isinstance(row, Vpc):
        facts["ec2:tenancy"] = [row.tenancy]
    if isinstance(row, Peering):
        facts["ec2:requestervpc"] = [_vpc_arn(ctx, row.requester)]
        facts["ec2:acceptervpc"] = [_vpc_arn(ctx, row.accepter)]
    if isinstance(row, ElasticIp):
        facts["ec2:publicipaddress"] = [row.public_ip]
    return facts
