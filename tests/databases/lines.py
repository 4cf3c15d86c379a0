"""For tests: lines between regions, as `fogbank net latency` and `fogbank fault` say them."""

from __future__ import annotations

from typing import Any

import orjson

from fogbank.codec.message import Request
from fogbank.control import caller as callers
from fogbank.services.ec2 import pages
from fogbank.testing.databases import Rds

HERE, THERE = "us-east-1", "eu-west-1"


def _said(rds: Rds, method: str, path: str, body: dict[str, Any]) -> None:
    ctx = rds.cloud.cloud.context("ec2", "page", callers.anonymous(), HERE)
    response = rds.cloud.run(pages.answer(ctx, Request(method, f"/_fogbank/net{path}", "", {}, orjson.dumps(body))))
    assert response.status == 200, response.body


def takes(rds: Rds, one_way_seconds: float, here: str = HERE, there: str = THERE) -> None:
    """A line is so slow from now on."""
    _said(rds, "POST", "/line", {"here": here, "there": there, "round_trip_seconds": 2 * one_way_seconds})


def breaks(rds: Rds, here: str = HERE, there: str = THERE) -> None:
    """Nothing passes a line."""
    _said(rds, "POST", "/faults", {"target": "--".join(sorted((here, there)))})


def mended(rds: Rds) -> None:
    """Everything passes again."""
    _said(rds, "DELETE", "/faults", {})
