"""What follows from Route 53's records: what is measured for them, and what the world shows of them."""

from fogbank.services.route53.reconcile.latencies import latency_target

__all__ = ["latency_target"]
