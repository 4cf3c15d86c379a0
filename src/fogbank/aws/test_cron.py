"""Schedules; examples from the EventBridge Scheduler User Guide, "Schedule types"."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from fogbank.aws.cron import BadSchedule, parsed


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("expression", "since", "expected"),
    [
        ("rate(5 minutes)", "2026-01-01T00:00:30", "2026-01-01T00:05:30"),
        ("rate(1 day)", "2026-02-28T12:00:00", "2026-03-01T12:00:00"),
        ("cron(0 10 * * ? *)", "2026-01-01T10:00:00", "2026-01-02T10:00:00"),
        ("cron(15 12 * * ? *)", "2026-01-01T10:00:00", "2026-01-01T12:15:00"),
        ("cron(0 18 ? * MON-FRI *)", "2026-11-20T18:00:00", "2026-11-23T18:00:00"),
        ("cron(0 8 1 * ? *)", "2026-12-31T00:00:00", "2027-01-01T08:00:00"),
        ("cron(0/15 * * * ? *)", "2026-01-01T00:16:00", "2026-01-01T00:30:00"),
        ("cron(0/5 8-17 ? * MON-FRI *)", "2026-11-20T17:55:00", "2026-11-23T08:00:00"),
        ("cron(0 0 L * ? *)", "2026-02-01T00:00:00", "2026-02-28T00:00:00"),
        ("cron(0 9 ? * 2#1 *)", "2026-11-03T00:00:00", "2026-12-07T09:00:00"),
        ("cron(15 10 ? * 6L 2022-2027)", "2026-11-01T00:00:00", "2026-11-27T10:15:00"),
        ("cron(0 0 15W * ? *)", "2026-08-01T00:00:00", "2026-08-14T00:00:00"),
        ("cron(0 0 29 2 ? *)", "2026-03-01T00:00:00", "2028-02-29T00:00:00"),
    ],
)
def test_the_next_time(expression: str, since: str, expected: str) -> None:
    assert parsed(expression).after(at(since)) == at(expected)


def test_a_schedule_whose_years_are_over_has_no_next_time() -> None:
    assert parsed("cron(0 0 1 1 ? 2020)").after(at("2026-01-01T00:00:00")) is None


@pytest.mark.parametrize(
    "expression",
    ["", "rate(0 days)", "rate(1 week)", "cron(* * * * *)", "cron(0 0 1 * 1 *)", "cron(0 0 ? * ? *)",
     "cron(61 0 1 * ? *)", "cron(0/0 0 1 * ? *)", "cron(0 0 32 * ? *)", "cron(0 0 ? * 9 *)"],
)  # fmt: skip
def test_what_is_no_schedule(expression: str) -> None:
    with pytest.raises(BadSchedule):
        parsed(expression)


def test_hours_are_read_where_the_clock_hangs() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    plan = parsed("cron(30 2 * * ? *)")

    def times(start: str, count: int) -> list[str]:
        at = datetime.fromisoformat(start).timestamp()
        found = []
        for _ in range(count):
            at = plan.after(at, berlin) or 0.0
            found.append(datetime.fromtimestamp(at, UTC).strftime("%m-%dT%H:%M"))
        return found

    assert times("2025-06-01T00:00:00+00:00", 1) == ["06-01T00:30"]
    # On 30 March 2025 there is no 02:30, on 26 October there are two.
    assert times("2025-03-28T12:00:00+00:00", 3) == ["03-29T01:30", "03-31T00:30", "04-01T00:30"]
    assert times("2025-10-25T12:00:00+00:00", 2) == ["10-26T00:30", "10-27T01:30"]
