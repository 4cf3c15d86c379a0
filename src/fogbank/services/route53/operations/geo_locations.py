"""The places that geolocation routing knows."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.route53 import geography, rules

_NOUNS = ("Continent", "Country", "Subdivision")


def get_geo_location(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if "ContinentCode" in req and len(req) > 1:
        text = "You can't specify ContinentCode together with CountryCode or SubdivisionCode."
        raise AwsError("InvalidInput", text)
    if "SubdivisionCode" in req and "CountryCode" not in req:
        raise AwsError("InvalidInput", "If you specify SubdivisionCode, you must also specify CountryCode.")
    found = geography.details(req)
    if found is None:
        raise AwsError("NoSuchGeoLocation", "The specified geographic location doesn't exist.")
    return {"GeoLocationDetails": found}


def list_geo_locations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    most = rules.limit(req)
    start = {f"{noun}Code": req[f"Start{noun}Code"] for noun in _NOUNS if f"Start{noun}Code" in req}
    if "ContinentCode" in start and len(start) > 1:
        raise AwsError("InvalidInput", "You can't specify StartContinentCode together with a country or a subdivision.")
    if "SubdivisionCode" in start and "CountryCode" not in start:
        raise AwsError("InvalidInput", "If you specify StartSubdivisionCode, you must also specify StartCountryCode.")
    rows = geography.listed()
    if start:
        rows = [one for one in rows if geography.order(one) >= geography.order(start)]
    page: dict[str, Any] = {"GeoLocationDetailsList": rows[:most], "IsTruncated": len(rows) > most}
    following = rows[most] if len(rows) > most else {}
    page |= {f"Next{noun}Code": following[f"{noun}Code"] for noun in _NOUNS if f"{noun}Code" in following}
    return {**page, "MaxItems": str(most)}
