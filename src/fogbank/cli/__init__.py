"""`fogbank`, the command: starts, stops and asks a cloud."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 done, 1 it could not be, 2 it was asked for wrongly, 3 no cloud runs."""
    from fogbank.cli.commands import parser
    from fogbank.running import RunError

    arguments = parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments) or 0
    except RunError as error:
        print(f"fogbank: {error}", file=sys.stderr)
        return error.code
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        return 130
    return code
