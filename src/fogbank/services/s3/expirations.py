"""When an object will expire, as answers tell it."""

from __future__ import annotations

from urllib.parse import quote

from fogbank.control.context import Context
from fogbank.services.s3 import buckets, lifecycle
from fogbank.services.s3.entries import Entry
from fogbank.services.s3.resources import Bucket


def told(ctx: Context, bucket: Bucket, key: str, entry: Entry) -> dict[str, str]:
    """The member `Expiration` (`x-amz-expiration`) of an answer about a current version; empty where no rule takes it.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-set-lifecycle-configuration-intro.html
    """
    if "lifecycle" not in bucket.configured:
        return {}
    configuration = buckets.configuration(ctx, bucket, "lifecycle")
    found = lifecycle.expiry(configuration["Rules"], key, entry) if configuration is not None else None
    if found is None:
        return {}
    from fogbank.codec.timestamps import rfc1123

    return {"Expiration": f'expiry-date="{rfc1123(found[0])}", rule-id="{quote(found[1], safe="")}"'}
