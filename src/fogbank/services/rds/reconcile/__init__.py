"""Makes PostgreSQL be what RDS's records say, and writes down what came of it."""

from fogbank.services.rds.reconcile.clusters import cluster, cluster_endpoint
from fogbank.services.rds.reconcile.instances import engines, instance
from fogbank.services.rds.reconcile.measuring import measuring
from fogbank.services.rds.reconcile.snapshots import snapshot
from fogbank.services.rds.reconcile.turning import global_cluster

__all__ = ["cluster", "cluster_endpoint", "engines", "global_cluster", "instance", "measuring", "snapshot"]
