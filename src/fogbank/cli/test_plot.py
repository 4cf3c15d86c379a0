"""The plot: what is high is drawn high, what is missing is left empty."""

from __future__ import annotations

import pytest

from fogbank.cli.plot import Frame, drawn, period_of

FRAME = Frame(0.0, 60.0 * 8, width=8, height=2)


def test_values_are_bars_between_the_least_and_the_most() -> None:
    points = [(60.0 * number, float(number)) for number in range(8)]
    assert drawn(points, FRAME) == [
        "        7 │    ▁▃▆█",
        "        0 │▁▂▅▇████",
        "          └────────",
        "           01-01 00:0001-01 00:08",
    ]


def test_a_gap_stays_empty_and_points_of_a_cell_are_averaged() -> None:
    lines = drawn([(0.0, 2.0), (1.0, 4.0), (420.0, 6.0)], FRAME)
    assert lines[0] == "        6 │       █" and lines[1] == "        0 │█      █"


def test_nothing_is_no_data() -> None:
    assert drawn([], FRAME) == ["no data"]
    assert drawn([(1e9, 1.0)], FRAME) == ["no data"]


def test_what_never_changes_is_still_drawn() -> None:
    assert drawn([(0.0, 0.0)], FRAME)[1] == "        0 │▁"
    assert drawn([(0.0, 5e6)], FRAME)[0] == "       5M │█"


@pytest.mark.parametrize(("lasting", "period"), [(600, 60), (10_800, 180), (604_800, 10_080)])
def test_a_period_fits_the_width(lasting: float, period: int) -> None:
    assert period_of(lasting, 60) == period
