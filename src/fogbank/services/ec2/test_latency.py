import pytest

from fogbank.services.ec2.latency import round_trip_seconds


@pytest.mark.parametrize(
    ("here", "there", "at_least", "at_most"),
    [
        ("us-east-1", "us-east-1", 0, 0),
        ("us-east-1", "eu-west-1", 0.068, 0.068),
        ("eu-west-1", "us-east-1", 0.068, 0.068),
        ("eu-north-1", "eu-south-1", 0.015, 0.04),
        ("af-south-1", "us-east-1", 0.15, 0.25),
        ("ap-southeast-4", "ap-southeast-2", 0.005, 0.02),
    ],
)
def test_round_trips(here: str, there: str, at_least: float, at_most: float) -> None:
    assert at_least <= round_trip_seconds(here, there) <= at_most
