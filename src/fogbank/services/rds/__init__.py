"""Amazon RDS: databases on real PostgreSQL."""

from fogbank.control.service import Service

SERVICE = Service(
    name="rds",
    metrics="AWS/RDS",
    engines=True,
    names=r"[a-z0-9.-]+\.rds\.amazonaws\.com(\.cn)?",
    reconcilers={
        "rds/cluster": "cluster",
        "rds/cluster-endpoint": "cluster_endpoint",
        "rds/instance": "instance",
        "rds/measuring": "measuring",
        "rds/snapshot": "snapshot",
    },
)
