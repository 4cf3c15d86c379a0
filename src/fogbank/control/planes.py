"""The hands on the world that a cloud has, as the composition root gives them."""

from __future__ import annotations

from typing import NamedTuple

from fogbank.planes.doors import Doors, NoDoors
from fogbank.planes.net.net import Net


class Planes(NamedTuple):
    """One of each kind."""

    net: Net
    doors: Doors = NoDoors()
