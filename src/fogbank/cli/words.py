"""What people write on the command line, as values."""

from __future__ import annotations

from fogbank.running import RunError


def seconds(text: str) -> float:
    """`90`, `200ms`, `90s`, `15m`, `2h` and `7d` in seconds. Raises RunError."""
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
    unit = next((unit for unit in units if text.endswith(unit)), "")
    try:
        return float(text.removesuffix(unit)) * units.get(unit, 1.0)
    except ValueError:
        raise RunError(f"{text} is no time; write 200ms, 90s, 15m, 2h or 7d", 2) from None
