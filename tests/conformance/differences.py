"""Where fogbank and botocore differ knowingly, by service and operation, with the reason; anything else fails."""

from __future__ import annotations

Known = dict[tuple[str, str], str]

REQUESTS: Known = {}
RESPONSES: Known = {}
ROUTES: Known = {}
DETECTION: Known = {}
ERRORS: Known = {}
