"""`python -m fogbank.planes.engines.proxy PLAN`: serves the fronts of a plan, and reads it again on SIGHUP."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from pathlib import Path

import msgspec

from fogbank.planes.engines.proxy import counts
from fogbank.planes.engines.proxy import plan as plans
from fogbank.planes.engines.proxy.plan import REPORT_FILE, Report
from fogbank.planes.engines.proxy.serving import Serving

_LOG = logging.getLogger("fogbank.proxy")


async def serve(path: Path) -> None:
    """Serve a plan, and each that replaces it."""
    loop = asyncio.get_running_loop()
    changed, ended = asyncio.Event(), asyncio.Event()
    loop.add_signal_handler(signal.SIGHUP, changed.set)

    def end() -> None:
        ended.set()
        changed.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    serving = Serving()
    telling: asyncio.Task[None] | None = None
    while not ended.is_set():
        changed.clear()
        try:
            plan, digest = plans.read(path)
        except (OSError, msgspec.MsgspecError) as error:
            _LOG.error("%s: %s", path, error)
        else:
            errors = await serving.apply(plan)
            said = Report(pid=os.getpid(), digest=digest, errors=errors)
            plans.replace(path.with_name(REPORT_FILE), msgspec.json.encode(said))
            if telling is None and serving.forwards:
                telling = asyncio.ensure_future(counts.tell(path.with_name(counts.COUNTS_FILE), serving.counted))
            # Nothing of it is ever let go of: the collector need not look at it.
            gc.freeze()
        await changed.wait()
    if telling is not None:
        telling.cancel()
    serving.close()


def main(argv: list[str]) -> None:
    """Runs until it is told to end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    try:
        import uvloop
    except ImportError:
        runner = asyncio.Runner()
    else:
        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    with runner:
        runner.run(serve(Path(argv[0])))


if __name__ == "__main__":
    main(sys.argv[1:])
