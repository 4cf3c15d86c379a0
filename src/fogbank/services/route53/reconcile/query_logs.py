"""Query logs, handed to CloudWatch Logs at a fixed pace."""

from __future__ import annotations

import logging

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.services.route53 import query_logs

_LOG = logging.getLogger("fogbank.route53")


async def query_logging(ctx: Context, key: str) -> After | None:
    """Told the id of a configuration. What cannot be written is lost, as it is with AWS ("best effort")."""
    with ctx.begin():
        if not query_logs.is_there(ctx, key):
            return None
    try:
        with ctx.begin():
            query_logs.deliver(ctx, key)
    except AwsError as error:
        _LOG.warning("%s query log not written: %s: %s", key, error.code, error.message)
    return After(query_logs.PACE_SECONDS)
