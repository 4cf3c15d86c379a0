"""What RDS remembers."""

from fogbank.services.rds.resources.clusters import Cluster, ClusterEndpoint
from fogbank.services.rds.resources.events import EventSubscription
from fogbank.services.rds.resources.global_clusters import GlobalCluster
from fogbank.services.rds.resources.groups import GroupSubnet, OptionGroup, ParameterGroup, SubnetGroup
from fogbank.services.rds.resources.instances import Instance, Seat, Source
from fogbank.services.rds.resources.measuring import Measuring
from fogbank.services.rds.resources.snapshots import Snapshot

__all__ = [
    "Cluster",
    "ClusterEndpoint",
    "EventSubscription",
    "GlobalCluster",
    "GroupSubnet",
    "Instance",
    "Measuring",
    "OptionGroup",
    "ParameterGroup",
    "Seat",
    "Snapshot",
    "Source",
    "SubnetGroup",
]
