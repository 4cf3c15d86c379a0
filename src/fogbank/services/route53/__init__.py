"""Amazon Route 53: hosted zones, and record sets that are answered by routing policies."""

from fogbank.control.service import Service

SERVICE = Service(
    name="route53",
    names=r"ns-\d{1,4}\.fogdns-\d\d\.(com|net|org|co\.uk)",
    pages=("/_fogbank/dns",),
    network="networks",
    metrics="AWS/Route53",
    reconcilers={
        "route53/health-check": "health_check",
        "route53/health-measuring": "health_measuring",
        "route53/edges": "edges",
        "route53/latency-target": "latency_target",
        "route53/query-logging": "query_logging",
        "route53/signing": "signing",
    },
)
