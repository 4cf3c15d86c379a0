"""`python -m fogbank.planes.checks SOCKET REGION [NAMESPACE ADDRESS]`: a checker, until it is told to end."""

from __future__ import annotations

import logging
import signal
import sys
from pathlib import Path

from fogbank.planes.checks.checker import Checker


def main(argv: list[str]) -> None:
    """Runs until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    Checker(Path(argv[0]), argv[1], *argv[2:4]).run()


if __name__ == "__main__":
    main(sys.argv[1:])
