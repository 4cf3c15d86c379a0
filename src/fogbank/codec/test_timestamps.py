from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from fogbank.codec.timestamps import epoch_text, iso, iso_milliseconds, parsed, rfc1123, seconds_of

MOMENT = 1772600767


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-03-04T05:06:07Z", MOMENT),
        ("2026-03-04T05:06:07z", MOMENT),
        ("2026-03-04t05:06:07.25Z", MOMENT + 0.25),
        ("2026-03-04T05:06:07.250000000Z", MOMENT + 0.25),
        ("2026-03-04T05:06:07", MOMENT),
        ("20260304T050607Z", MOMENT),
        ("2026-03-04T07:06:07+02:00", MOMENT),
        ("2026-03-04T00:06:07-0500", MOMENT),
        ("2026-03-04", MOMENT - 5 * 3600 - 6 * 60 - 7),
        ("2026-03-04T05:06Z", MOMENT - 7),
        ("1772600767", MOMENT),
        ("1772600767.25", MOMENT + 0.25),
        ("1.772600767E9", MOMENT),
        ("-1", -1),
        ("Wed, 04 Mar 2026 05:06:07 GMT", MOMENT),
        ("Wed, 04 Mar 2026 05:06:07 +0000", MOMENT),
        ("2016-12-31T23:59:60Z", 1483228800),
        ("0001-01-01T00:00:00Z", -62135596800),
        ("9999-12-31T23:59:59.999Z", 253402300799.999),
        ("20260304", 20260304),
    ],
)
def test_all_forms_are_read(text: str, seconds: float) -> None:
    assert parsed(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "x", "2026-13-04T05:06:07Z", "2026-03-04T25:06:07Z", "2026-03-04T05:06:61Z", "nan", "inf", "1e999", "0x10"],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parsed(text)


def test_forms_are_written() -> None:
    assert iso(MOMENT) == "2026-03-04T05:06:07Z"
    assert iso(MOMENT + 0.001) == "2026-03-04T05:06:07.001Z"
    assert iso_milliseconds(MOMENT) == "2026-03-04T05:06:07.000Z"
    assert rfc1123(MOMENT + 0.9) == "Wed, 04 Mar 2026 05:06:07 GMT"
    assert epoch_text(MOMENT) == "1772600767"
    assert epoch_text(MOMENT + 0.25) == "1772600767.25"
    assert iso(-62135596800) == "0001-01-01T00:00:00Z"


def test_moments_are_seconds() -> None:
    east = timezone(timedelta(hours=2))
    assert seconds_of(datetime(2026, 3, 4, 7, 6, 7, tzinfo=east)) == MOMENT
    assert seconds_of(datetime(2026, 3, 4, 5, 6, 7)) == MOMENT
    assert seconds_of(datetime(1970, 1, 1, 0, 0, 1, 3691, tzinfo=UTC)) == 1.003691
    with pytest.raises(TypeError):
        seconds_of(True)
