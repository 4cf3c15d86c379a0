"""What PostgreSQL is to be, for an instance: its nodes as the plane takes them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from fogbank.planes.engines.postgresql.files import ADMIN, Following, Node, Recovery, room
from fogbank.planes.engines.postgresql.plane import Certified
from fogbank.planes.engines.proxies import Forwarding, Front, Target
from fogbank.services.rds import parameters
from fogbank.services.rds.resources import Cluster, ClusterEndpoint, Instance, Seat


def node(instance: Instance, seat: Seat, values: Mapping[str, str], *, has_packets: bool) -> Node:
    """A node of an instance: on its interface where there is a network, else on its loopback address."""
    inside = "127.0.0.1" if seat.is_fronted else "*"
    return Node(
        name=seat.name,
        version=instance.version,
        ns=seat.interface_id if has_packets else "",
        addresses=(inside if has_packets else seat.loopback,),
        port=instance.port,
        parameters=parameters.told(values, instance.instance_class),
        archive=archive(instance) if instance.retention_days and not instance.cluster_id else "",
    )


def archive(found: Instance | Cluster) -> str:
    """The name under which an instance or a cluster keeps its log, for restores to a moment."""
    return archive_of(found.resource_id)


def archive_of(resource_id: str) -> str:
    """The name of the archive of whatever has this resource id."""
    return f"wal-{resource_id.lower()}"


def volume(cluster: Cluster) -> str:
    """The name under which a cluster's data lies while it has no instance."""
    return f"vol-{cluster.resource_id.lower()}"


def recovering(cluster: Cluster, recovery: Recovery) -> Node:
    """A node that nobody sees, which brings a cluster's data to a moment before it has instances."""
    return Node(f"new-{cluster.resource_id.lower()}", cluster.version, addresses=(), recovery=recovery)


def slot(seat: Seat) -> str:
    """The replication slot of a standby: slots have no hyphens."""
    return seat.name.replace("-", "_")


def following(node: Node, seat: Seat, socket: str, port: int = 0) -> Node:
    """A node as a standby of the primary with this socket folder, whose port is its own unless it says otherwise."""
    return node._replace(following=Following(socket, port or node.port, slot(seat), seat.name))


def level(standby: Node, primary: Mapping[str, str]) -> Node:
    """A standby that has room for all that its primary can do, which runs with these settings.

    One with less stops applying the log (PostgreSQL documentation, "Hot Standby", "Administrator's Overview").
    """
    raised = {
        name: primary[name]
        for name, least in room().items()
        if int(primary.get(name, "0")) > int(standby.parameters.get(name, least))
    }
    return standby._replace(parameters={**standby.parameters, **raised}) if raised else standby


def quorum(standbys: Sequence[str]) -> str:
    """`synchronous_standby_names` of a primary: what it acknowledges, one of its standbys has. Empty without any.

    So a failover to whoever has most loses nothing that was acknowledged.
    """
    names = ", ".join(f'"{name}"' for name in sorted(standbys))
    return f"ANY 1 ({names})" if names else ""


def target(instance: Instance, seat: Seat, *, has_packets: bool) -> Target:
    """Where a proxy finds a node."""
    if has_packets:
        return Target(name=seat.name, ns=seat.interface_id, port=instance.port)
    return Target(name=seat.name, address=seat.loopback, port=instance.port)


def fronts(instance: Instance, *, has_packets: bool) -> list[Front]:
    """How programs reach an instance: a node listens at its addresses itself where it can."""
    seat = instance.seats[0]
    if not has_packets and seat.loopback == instance.loopback:
        return []
    behind = target(instance, seat, has_packets=has_packets)
    found = [Front(address=instance.loopback, port=instance.port, targets=(behind,))]
    if has_packets and seat.is_fronted:
        found.append(Front(ns=seat.interface_id, address=seat.address, port=instance.port, targets=(behind,)))
    return found


def cluster_fronts(
    cluster: Cluster, writer: Instance | None, readers: Sequence[Instance], *, has_packets: bool
) -> list[Front]:
    """A cluster's endpoints for programs of the host: the writer's, and the readers' or, without any, the writer's."""
    if writer is None:
        # Of a secondary cluster of a global one: nobody writes there.
        alone = tuple(target(one, one.seats[0], has_packets=has_packets) for one in readers)
        return [Front(address=cluster.reader_loopback, port=cluster.port, targets=alone)] if alone else []
    writes = (target(writer, writer.seats[0], has_packets=has_packets),)
    reads = tuple(target(one, one.seats[0], has_packets=has_packets) for one in readers) or writes
    return [
        Front(address=cluster.loopback, port=cluster.port, targets=writes),
        Front(address=cluster.reader_loopback, port=cluster.port, targets=reads),
    ]


def forwarding(
    fronts: Sequence[Front],
    writer: Instance,
    socket: Callable[[str], str],
    certificate: Callable[[str], Certified | None] = lambda name: None,
    *,
    is_private: bool = False,
) -> list[Front]:
    """Fronts with local write forwarding: those that lead to readers alone forward what writes to the writer.

    Both are reached by the folders of their socket files, which `socket` gives by the name of a node; clients see the
    certificate of a node that is behind a front, which has the names of its cluster's endpoints too.
    """

    def at(name: str, port: int) -> Target:
        return Target(name=name, address=socket(name), port=port)

    primary = at(writer.seats[0].name, writer.port)
    found = []
    for front in fronts:
        targets = tuple(at(one.name, one.port) for one in front.targets)
        if primary in targets or not targets:
            found.append(front)
        else:
            shown = certificate(targets[0].name)
            files = (shown.certificate, shown.key) if shown is not None else None
            how = Forwarding(writer=primary, user=ADMIN, certificate=files, is_private=is_private)
            found.append(msgspec.structs.replace(front, targets=targets, forwarding=how))
    return found


def custom_front(
    endpoint: ClusterEndpoint, cluster: Cluster, behind: Sequence[Instance], *, has_packets: bool
) -> Front:
    """A custom endpoint, with the members that are behind it now."""
    targets = tuple(target(one, one.seats[0], has_packets=has_packets) for one in behind)
    return Front(address=endpoint.loopback, port=cluster.port, targets=targets)
