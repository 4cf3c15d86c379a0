"""Amazon RDS: databases on real PostgreSQL."""

from fogbank.control.service import Service

SERVICE = Service(
    name="rds",
    metrics="AWS/RDS",
    engines=True,
    pages=("/_fogbank/databases",),
    names=r"[a-z0-9.-]+\.rds\.amazonaws\.com(\.cn)?",
    reconcilers={
        "rds/cluster": "cluster",
        "rds/cluster-endpoint": "cluster_endpoint",
        "rds/global-cluster": "global_cluster",
        "rds/instance": "instance",
        "rds/measuring": "measuring",
        "rds/snapshot": "snapshot",
    },
)
