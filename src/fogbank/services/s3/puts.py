"""PutObject's steps: a draft of what is asked for, its bytes taken in, the version placed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.control.context import Context
from fogbank.services.s3 import buckets, expirations, writes
from fogbank.services.s3.data.bodies import Intake, Keeping, Stored
from fogbank.services.s3.writes import Draft, Filled


def drafted(ctx: Context, req: Mapping[str, Any]) -> Draft:
    """What a request says of a new object, checked."""
    bucket = buckets.of(ctx, req)
    writes.check_lock_digest(ctx, req)
    return writes.drafted(ctx, bucket, req)


def placed(ctx: Context, req: Mapping[str, Any], draft: Draft, stored: Stored) -> dict[str, Any]:
    """A draft with its bytes becomes the newest version; what PutObject answers."""
    bucket = buckets.of(ctx, req)
    Keeping(ctx, stored).keep(bucket)
    etag = writes.etag_of(ctx, draft.entry.encryption, stored.md5)
    entry = writes.filled(draft.entry, Filled(stored.part, etag, stored.algorithm, stored.checksum))
    entry = writes.placed(ctx, bucket, req, entry, "ObjectCreated:Put")
    return writes.answer(bucket, entry) | expirations.told(ctx, bucket, req["Key"], entry)


def whole(ctx: Context, req: Mapping[str, Any]) -> dict[str, Any]:
    """All steps for a small body that is all there, in one transaction."""
    draft = drafted(ctx, req)
    intake = Intake(ctx, draft.key)
    intake.expect(req)
    return placed(ctx, req, draft, intake.whole(req.get("Body")))
