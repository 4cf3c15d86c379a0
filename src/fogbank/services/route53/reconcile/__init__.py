"""What follows from Route 53's records: what is measured for them, and what the world shows of them."""

from fogbank.services.route53.reconcile.checking import health_check, health_measuring
from fogbank.services.route53.reconcile.edges import edges, networks
from fogbank.services.route53.reconcile.latencies import latency_target
from fogbank.services.route53.reconcile.query_logs import query_logging
from fogbank.services.route53.reconcile.signing import signing

__all__ = ["edges", "health_check", "health_measuring", "latency_target", "networks", "query_logging", "signing"]
