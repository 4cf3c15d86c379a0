"""Amazon EC2: networks."""

from fogbank.control.service import Service

SERVICE = Service(
    name="ec2",
    defaults=True,
    dry_run=True,
    replays=True,
    network="networks",
    pages=("/_fogbank/net",),
    reconcilers={
        "ec2/vpc": "within_vpc",
        "ec2/subnet": "within_vpc",
        "ec2/route-table": "within_vpc",
        "ec2/network-acl": "within_vpc",
        "ec2/nat-gateway": "nat_gateway",
        "ec2/egress-only-gateway": "within_vpc",
        "ec2/endpoint": "within_vpc",
        "ec2/network-interface": "interface",
        "ec2/placement-group": "placement_group",
        "ec2/security-group": "group",
        "ec2/peering": "peering",
        "ec2/flow-log": "flow_log",
        "ec2/prefix-list": "prefix_list",
        "ec2/region-line": "region_line",
        "ec2/zone-line": "zone_line",
        "ec2/network-fault": "network_fault",
        "ec2/transit-gateway": "transit",
        "ec2/transit-attachment": "transit",
        "ec2/transit-route-table": "transit",
    },
)
