"""Who becomes the writer, who is behind an endpoint, how late readers are, and what PostgreSQL is told of it."""

from __future__ import annotations

import pytest

from fogbank.services.rds import failover, topology
from fogbank.services.rds.resources import Cluster, ClusterEndpoint, Instance, Seat


def member(identifier: str, tier: int = 1) -> Instance:
    seat = Seat(name=f"pg-{identifier}", zone="a", loopback="127.64.0.1", interface_id=f"eni-{identifier}")
    return Instance(
        id=identifier,
        resource_id=f"db-{identifier.upper()}",
        created_at=0.0,
        status="available",
        engine="aurora-postgresql",
        version="16.4",
        instance_class="db.r6g.large",
        promotion_tier=tier,
        seats=(seat,),
        loopback=seat.loopback,
        cluster_id="c",
    )


READERS = [member("b", 2), member("c", 0), member("d", 1)]


def test_whoever_has_most_is_the_heir_and_tiers_decide_among_equals() -> None:
    assert failover.heir(READERS, {"b": 7, "c": 7, "d": 7}) == READERS[1]
    assert failover.heir(READERS, {"b": 8, "c": 7, "d": 8}) == READERS[2]
    assert failover.heir(READERS, {"b": 7, "c": 7, "d": 7}, wanted="b") == READERS[0]
    assert failover.heir(READERS, {"b": 7, "c": 8}, wanted="b") == READERS[1], "what was acknowledged comes first"
    assert failover.heir(READERS, {"d": 1}) == READERS[2], "the others do not run"
    assert failover.heir(READERS, {}) is None


def endpoint(kind: str = "ANY", members: tuple[str, ...] = (), excluded: tuple[str, ...] = ()) -> ClusterEndpoint:
    return ClusterEndpoint(
        id="e", cluster_id="c", resource_id="r", kind=kind, loopback="127.64.0.9", members=members, excluded=excluded
    )


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        (endpoint(), ["b", "c", "d"]),
        (endpoint("READER"), ["b", "d"]),
        (endpoint(members=("b", "c")), ["b", "c"]),
        (endpoint("READER", members=("c",)), []),
        (endpoint(excluded=("b",)), ["c", "d"]),
    ],
)
def test_who_is_behind_a_custom_endpoint(wanted: ClusterEndpoint, there: list[str]) -> None:
    assert [one.id for one in failover.behind(wanted, "c", READERS)] == there


@pytest.mark.parametrize(
    ("text", "lag"), [("", (8, 26)), ("aurora", (8, 26)), ("0", (0, 0)), ("20ms", (20, 20)), ("5-15ms", (5, 15))]
)
def test_a_lag_as_people_write_it(text: str, lag: tuple[int, int]) -> None:
    assert failover.lag_of(text) == lag


@pytest.mark.parametrize("text", ["soon", "-5", "9-3ms", "5s", "99999999"])
def test_what_is_no_lag(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        failover.lag_of(text)


def test_a_commit_waits_for_one_of_those_that_follow() -> None:
    assert topology.quorum(["pg-b", "pg-a"]) == 'ANY 1 ("pg-a", "pg-b")'
    assert topology.quorum([]) == ""


def test_a_standby_follows_by_a_slot_of_its_own() -> None:
    node = topology.node(READERS[0], READERS[0].seats[0], {"work_mem": "8MB", "rds.x": "1"}, has_packets=True)
    assert (node.ns, node.addresses, node.archive) == ("eni-b", ("*",), "")
    assert "rds.x" not in node.parameters
    behind = topology.following(node, READERS[0].seats[0], "/run/a")
    assert behind.following is not None
    assert behind.following.slot == "pg_b"
    assert behind.following.conninfo.startswith("host=/run/a port=5432 user=rdsrepladmin application_name=pg-b ")


def test_endpoints_lead_to_the_writer_and_in_turn_to_readers() -> None:
    cluster = Cluster(
        id="c",
        resource_id="cluster-X",
        created_at=0.0,
        status="available",
        engine="aurora-postgresql",
        version="16.4",
        loopback="127.64.1.1",
        reader_loopback="127.64.1.2",
    )
    writes, reads = topology.cluster_fronts(cluster, READERS[1], [READERS[0], READERS[2]], has_packets=True)
    assert [target.name for target in writes.targets] == ["pg-c"]
    assert [target.ns for target in reads.targets] == ["eni-b", "eni-d"]
    _, alone = topology.cluster_fronts(cluster, READERS[1], [], has_packets=True)
    assert [target.name for target in alone.targets] == ["pg-c"], "without readers the writer answers reads"
    assert topology.cluster_fronts(cluster, None, [], has_packets=True) == []
    assert topology.fronts(READERS[0], has_packets=False) == [], "it listens there itself"
