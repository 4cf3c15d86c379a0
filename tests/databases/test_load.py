"""Whoever writes while writers are killed and moved: all that was acknowledged is there."""

from __future__ import annotations

from tests.databases.load import Load

from fogbank.testing.databases import PASSWORD, Rds

LOGIN = {"user": "ann", "password": PASSWORD, "dbname": "postgres", "autocommit": True, "connect_timeout": 2}


def test_no_acknowledged_row_is_lost_in_kills_and_failovers(rds: Rds) -> None:
    shown = rds.cluster("c", members=3)
    with Load(shown["Endpoint"], shown["Port"], LOGIN).running() as load:
        for _ in range(3):
            assert load.goes_on()
            rds.kill(writer(rds))
            assert load.goes_on()
            rds("FailoverDBCluster", DBClusterIdentifier="c")
            assert load.lost() == 0
    assert load.lost() == 0


def test_a_row_that_is_not_there_is_missed(rds: Rds) -> None:
    shown = rds.cluster("c")
    with Load(shown["Endpoint"], shown["Port"], LOGIN).running() as load:
        assert load.goes_on()
    rds.sql({"Address": shown["Endpoint"], "Port": shown["Port"]}, "DELETE FROM written WHERE id = 3")
    assert load.lost() == 1


def test_no_acknowledged_row_is_lost_when_a_standby_takes_over(rds: Rds) -> None:
    endpoint = rds.instance("m", MultiAZ=True)["Endpoint"]
    with Load(endpoint["Address"], endpoint["Port"], LOGIN).running() as load:
        for _ in range(2):
            assert load.goes_on()
            rds.kill("m")
            assert load.goes_on()
            rds("RebootDBInstance", DBInstanceIdentifier="m", ForceFailover=True)
    assert load.lost() == 0


def writer(rds: Rds) -> str:
    (found,) = [one for one in rds.shown_cluster("c")["DBClusterMembers"] if one["IsClusterWriter"]]
    return str(found["DBInstanceIdentifier"])
