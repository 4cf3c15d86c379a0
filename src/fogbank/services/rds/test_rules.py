"""What RDS allows of names, passwords, ports, windows and zones."""

from __future__ import annotations

from datetime import datetime

import pytest

from fogbank.aws.errors import AwsError
from fogbank.services.rds import engines, naming, rules
from fogbank.testing.refused import refused


@pytest.mark.parametrize("name", ["a", "my-db", "A1-b2"])
def test_identifiers(name: str) -> None:
    assert naming.identifier(name, "DBInstanceIdentifier") == name.lower()


@pytest.mark.parametrize("name", ["", "1a", "a-", "a--b", "a_b", "ä", "a" * 64])
def test_what_is_no_identifier(name: str) -> None:
    with refused("InvalidParameterValue", "not a valid identifier"):
        naming.identifier(name, "DBInstanceIdentifier")


@pytest.mark.parametrize(
    "password", ["short12", "x" * 129, "with/slash", 'with"quote', "with@sign", "with space", "ünique-12"]
)
def test_what_is_no_master_password(password: str) -> None:
    with refused("InvalidParameterValue", "MasterUserPassword is not a valid password"):
        rules.checked_password(password)


@pytest.mark.parametrize("user", ["1ann", "rdsadmin", "admin", "an-n", ""])
def test_who_cannot_be_the_master(user: str) -> None:
    with refused("InvalidParameterValue", "MasterUsername"):
        rules.checked_user(user)


@pytest.mark.parametrize(
    ("backup", "maintenance", "words"),
    [
        ("04:00", "", "Invalid backup window"),
        ("04:00-04:20", "", "backup window must be at least 30 minutes"),
        ("", "noday:04:00-sun:05:00", "Invalid maintenance window"),
        ("", "sun:04:00-sun:04:10", "maintenance window must be at least 30 minutes"),
        ("04:00-05:00", "sun:04:30-sun:05:30", "must not overlap"),
        ("04:30-05:30", "sun:04:00-sun:05:00", "must not overlap"),
        ("23:45-00:30", "mon:00:00-mon:01:00", "must not overlap"),
    ],
)
def test_windows_that_cannot_be(backup: str, maintenance: str, words: str) -> None:
    with refused("InvalidParameterValue", words):
        rules.checked_windows(backup, maintenance)


@pytest.mark.parametrize(
    ("backup", "maintenance"),
    [("04:00-05:00", "sun:05:00-sun:06:00"), ("23:30-00:30", "sun:01:00-sun:02:00"), ("", "sun:23:30-mon:00:30")],
)
def test_windows_that_can_be(backup: str, maintenance: str) -> None:
    rules.checked_windows(backup, maintenance)


@pytest.mark.parametrize(
    ("window", "now", "begins"),
    [
        ("sun:05:00-sun:06:00", "2026-11-21T13:00", "2026-11-22T05:00"),
        ("sun:05:00-sun:06:00", "2026-11-22T05:30", "2026-11-22T05:00"),
        ("sun:05:00-sun:06:00", "2026-11-22T06:00", "2026-11-29T05:00"),
        ("sun:23:30-mon:00:30", "2026-11-23T00:10", "2026-11-22T23:30"),
        ("mon:00:00-mon:00:30", "2026-11-23T00:00", "2026-11-23T00:00"),
        ("fri:00:00-fri:00:30", "2026-11-21T00:00", "2026-11-27T00:00"),
    ],
)
def test_when_a_maintenance_window_begins(window: str, now: str, begins: str) -> None:
    def at(text: str) -> float:
        return datetime.fromisoformat(f"{text}+00:00").timestamp()

    assert rules.maintenance_begins(window, at(now)) == at(begins)


def test_zones_of_an_instance_are_different_ones() -> None:
    assert rules.chosen_zones("", ["b", "a", "a"], 2) == ["a", "b"]
    assert rules.chosen_zones("b", ["b", "a"], 2) == ["b", "a"]
    with refused("DBSubnetGroupDoesNotCoverEnoughAZs", "coverage"):
        rules.chosen_zones("", ["a", "a"], 2)
    with refused("InvalidVPCNetworkStateFault", "zone c"):
        rules.chosen_zones("c", ["a", "b"], 1)


def test_a_version_is_one_that_the_machine_has() -> None:
    found = ["18.6", "15.18"]
    assert [engines.chosen_version("postgres", wanted, found) for wanted in ("", "15", "15.18")] == [
        "18.6",
        "15.18",
        "15.18",
    ]
    with refused("InvalidParameterCombination", "Cannot find version 9.6 for postgres .this machine has 18.6, 15.18"):
        engines.chosen_version("postgres", "9.6", found)
    with refused("InvalidParameterCombination", "This machine has no PostgreSQL: apt-get install postgresql"):
        engines.chosen_version("postgres", "", [])


def test_engines_that_fogbank_does_not_run_say_so() -> None:
    with pytest.raises(AwsError, match="fogbank runs no mysql") as raised:
        engines.checked_engine("mysql")
    assert (raised.value.code, raised.value.status) == ("NotImplemented", 501)
    with refused("InvalidParameterValue", "Invalid DB engine: dbase"):
        engines.checked_engine("dbase")


def test_endpoints_are_named_as_rds_names_them() -> None:
    name = naming.endpoint("mine", "111111111111", "eu-west-1")
    label, letters, rest = name.split(".", 2)
    assert (label, len(letters), letters[0], rest) == ("mine", 12, "c", "eu-west-1.rds.amazonaws.com")
    assert naming.endpoint("mine", "222222222222", "eu-west-1") != name
    assert naming.cluster_endpoint("mine", "111111111111", "eu-west-1", "ro") == f"mine.cluster-ro-{letters}.{rest}"


def test_storage_grows_by_a_tenth() -> None:
    assert rules.checked_growth(20, 22) == 22
    assert rules.checked_growth(20, 20) == 20
    with refused("InvalidParameterValue", "at least 22"):
        rules.checked_growth(20, 21)
    with refused("InvalidParameterCombination", "less than 20"):
        rules.checked_growth(20, 10)
