"""Which endpoints of a cluster forward writes."""

from __future__ import annotations

from fogbank.planes.engines.proxies import Front, Target
from fogbank.services.rds import topology
from fogbank.services.rds.resources import Instance
from fogbank.services.rds.test_failover import READERS


def front(*behind: Instance) -> Front:
    targets = tuple(topology.target(one, one.seats[0], has_packets=True) for one in behind)
    return Front(address="127.64.0.1", port=5432, targets=targets)


def test_endpoints_of_readers_forward_and_those_with_the_writer_do_not() -> None:
    writer, one, other = READERS
    fronts = [front(writer), front(one, other), front(one), front(writer, one), front()]
    found = topology.forwarding(fronts, writer, lambda name: f"/run/{name}")
    assert [each.forwarding is not None for each in found] == [False, True, True, False, False]
    reads = found[1]
    assert reads.targets == tuple(
        Target(name=each.seats[0].name, address=f"/run/{each.seats[0].name}", port=each.port) for each in (one, other)
    )
    assert reads.forwarding is not None
    name = writer.seats[0].name
    assert reads.forwarding.writer == Target(name=name, address=f"/run/{name}", port=writer.port)
    assert (found[0], found[3]) == (fronts[0], fronts[3])
