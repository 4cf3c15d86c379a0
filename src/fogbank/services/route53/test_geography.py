"""The places that geolocation routing knows: listed, looked up, and asked of record sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.services.route53 import geography, places
from fogbank.testing import TestCloud

Client = Callable[..., dict[str, Any]]


@pytest.fixture
def route53(cloud: TestCloud) -> Client:
    return cloud.client("route53")


def test_all_places_are_listed_in_pages(route53: Client) -> None:
    found, start = list[dict[str, str]](), dict[str, str]()
    while True:
        page = route53("ListGeoLocations", MaxItems="40", **start)
        found += page["GeoLocationDetailsList"]
        start = {f"Start{name.removeprefix('Next')}": page[name] for name in page if name.startswith("Next")}
        if not page["IsTruncated"]:
            break
    assert found == geography.listed() and not start
    assert [one["ContinentCode"] for one in found[:7]] == ["AF", "AN", "AS", "EU", "NA", "OC", "SA"]
    assert found[7] == {"CountryCode": "*", "CountryName": "Default"}
    parts = [one for one in found if "SubdivisionCode" in one]
    assert sum(one["CountryCode"] == "US" for one in parts) == 51
    assert sum(one["CountryCode"] == "UA" for one in parts) == 27
    assert len(found) == len({geography.order(one) for one in found})
    # The countries that the Developer Guide says there are no records for.
    assert not {"BV", "CX", "EH", "HM"} & {one.get("CountryCode") for one in found}


def test_every_region_is_in_a_country_of_its_continent() -> None:
    for spot in places.REGIONS.values():
        assert geography.CONTINENT_OF[spot.country] == spot.continent
        assert not spot.subdivision or spot.subdivision in geography.SUBDIVISIONS[spot.country]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"ContinentCode": "OC"}, {"ContinentCode": "OC", "ContinentName": "Oceania"}),
        ({"CountryCode": "LI"}, {"CountryCode": "LI", "CountryName": "Liechtenstein"}),
        ({"CountryCode": "*"}, {"CountryCode": "*", "CountryName": "Default"}),
        (
            {"CountryCode": "US", "SubdivisionCode": "WA"},
            {
                "CountryCode": "US",
                "CountryName": "United States",
                "SubdivisionCode": "WA",
                "SubdivisionName": "Washington",
            },
        ),
    ],
)
def test_a_place_is_looked_up(route53: Client, asked: dict[str, str], found: dict[str, str]) -> None:
    assert route53("GetGeoLocation", **asked)["GeoLocationDetails"] == found


@pytest.mark.parametrize("location", [{"CountryCode": "ZZ"}, {"CountryCode": "US", "SubdivisionCode": "ZZ"}])
def test_a_record_set_has_a_place_that_there_is(route53: Client, location: dict[str, str]) -> None:
    zone = route53("CreateHostedZone", Name="example.com", CallerReference="a")["HostedZone"]["Id"]
    with pytest.raises(AwsError, match="NoSuchGeoLocation"):
        route53("GetGeoLocation", **location)
    record = {"Name": "example.com", "Type": "A", "TTL": 1, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    record |= {"SetIdentifier": "a", "GeoLocation": location}
    with pytest.raises(AwsError, match="there is no location"):
        batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
        route53("ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch=batch)
