"""Draws a metric in the terminal: asked from CloudWatch as any client would, drawn with blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

_BLOCKS = " ▁▂▃▄▅▆▇█"
_LABEL_WIDTH = 9
Points = Sequence[tuple[float, float]]


class Frame(NamedTuple):
    """What part of time is drawn, in seconds since 1970, and on how many cells."""

    start: float
    end: float
    width: int = 60
    height: int = 8


def drawn(points: Points, frame: Frame) -> list[str]:
    """The lines of a plot: a bar for each moment that has data, the least and the most on the left, times below.

    Several points of one cell are averaged. A gap stays empty, so that missing data looks like what it is.
    """
    cells = _cells(points, frame)
    known = [value for value in cells if value is not None]
    if not known:
        return ["no data"]
    low, high = min(0.0, *known), max(0.0, *known)
    span = (high - low) or 1.0
    steps = [None if value is None else max(1, round((value - low) / span * frame.height * 8)) for value in cells]
    lines = []
    for row in range(frame.height - 1, -1, -1):
        bar = "".join(" " if step is None else _BLOCKS[min(8, max(0, step - row * 8))] for step in steps)
        label = _number(high) if row == frame.height - 1 else _number(low) if row == 0 else ""
        lines.append(f"{label:>{_LABEL_WIDTH}} │{bar}".rstrip())
    begin, finish = _clock(frame.start), _clock(frame.end)
    lines.append(f"{'':{_LABEL_WIDTH}} └{'─' * frame.width}")
    lines.append(f"{'':{_LABEL_WIDTH}}  {begin}{finish.rjust(frame.width - len(begin))}")
    return lines


def _cells(points: Points, frame: Frame) -> list[float | None]:
    sums = [0.0] * frame.width
    counts = [0] * frame.width
    for at, value in points:
        place = int((at - frame.start) / (frame.end - frame.start) * frame.width)
        if 0 <= place < frame.width:
            sums[place] += value
            counts[place] += 1
    return [total / count if count else None for total, count in zip(sums, counts, strict=True)]


def _number(value: float) -> str:
    for bound, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= bound:
            return f"{value / bound:.4g}{unit}"
    return f"{value:.4g}"


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%m-%d %H:%M")


def signed_headers(body: bytes, target: str, environ: Mapping[str, str], at: float) -> dict[str, str]:
    """The headers of a request to CloudWatch in its json protocol, signed at a moment as what `fogbank env` exports."""
    from fogbank.codec.message import Request
    from fogbank.gateway import sigv4

    headers = {
        "host": environ["AWS_ENDPOINT_URL"].partition("://")[2],
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": f"GraniteServiceVersion20100801.{target}",
    }
    request = Request("POST", "/", "", headers, body)
    key = sigv4.Credentials(environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"])
    return headers | sigv4.sign(request, key, sigv4.Signing(environ["AWS_DEFAULT_REGION"], "monitoring", at))


def query(arguments: Any, frame: Frame, period_seconds: int) -> dict[str, Any]:
    """GetMetricStatistics for what the command line names."""
    dimensions = [
        {"Name": name, "Value": value} for name, _, value in (pair.partition("=") for pair in arguments.dimension)
    ]
    asked: dict[str, Any] = {
        "Namespace": arguments.namespace,
        "MetricName": arguments.metric,
        "Dimensions": dimensions,
        "StartTime": frame.start,
        "EndTime": frame.end,
        "Period": period_seconds,
    }
    if arguments.stat in ("Average", "Sum", "Minimum", "Maximum", "SampleCount"):
        return {**asked, "Statistics": [arguments.stat]}
    return {**asked, "ExtendedStatistics": [arguments.stat]}


def points(answer: Mapping[str, Any], stat: str) -> list[tuple[float, float]]:
    """(time, value) of what GetMetricStatistics answered, in order of time."""
    return sorted(
        (float(one["Timestamp"]), float(one.get(stat, one.get("ExtendedStatistics", {}).get(stat, 0.0))))
        for one in answer["Datapoints"]
    )


def period_of(lasting: float, width: int) -> int:
    """A period that CloudWatch keeps, in seconds, for which a span fits on so many cells."""
    return max(60, round(lasting / width / 60) * 60)
