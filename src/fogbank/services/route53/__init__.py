"""Amazon Route 53: hosted zones, and record sets that are answered by routing policies."""

from fogbank.control.service import Service

SERVICE = Service(
    name="route53",
    names=r"ns-\d{1,4}\.fogdns-\d\d\.(com|net|org|co\.uk)",
    reconcilers={
        "route53/latency-target": "latency_target",
    },
)
