"""What would have gone to people, kept where it can be read: mails, text messages, pushes to devices."""

from __future__ import annotations

import json
from typing import Any

from fogbank.control.context import Context
from fogbank.services.sns.resources import Mailbox

_SPACE = "mail"


def keep(ctx: Context, entry: dict[str, Any]) -> None:
    """Keep one piece of mail in the scope of the context."""
    if ctx.get(Mailbox, "mailbox") is None:
        ctx.put(Mailbox())
    key = f"{int(ctx.now * 1000):013d}{ctx.uuid()}"
    ctx.put_item(ctx.space(_SPACE), key, json.dumps({"at": ctx.now, **entry}, ensure_ascii=False).encode())


def read(ctx: Context, after: str = "", limit: int = 1000) -> list[tuple[str, dict[str, Any]]]:
    """(key, mail) in the scope of the context, oldest first."""
    return [(key, json.loads(item)) for key, item in ctx.items(ctx.space(_SPACE), after=after, limit=limit)]
