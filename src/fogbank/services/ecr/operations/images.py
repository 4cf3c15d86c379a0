"""Images, of which no repository has any: no registry is behind them that one could be pushed to."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.aws.paging import after
from fogbank.control.context import Context
from fogbank.services.ecr import repositories


def describe_images(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = repositories.named(ctx, req)
    _check_token(req)
    for one in req.get("imageIds", ()):
        digest, tag = one.get("imageDigest", "null"), one.get("imageTag", "null")
        raise AwsError(
            "ImageNotFoundException",
            f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist within the repository "
            f"with name '{found.repository.name}' in the registry with id '{found.home.account}'",
        )
    return {"imageDetails": []}


def list_images(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    repositories.named(ctx, req)
    _check_token(req)
    return {"imageIds": []}


def _check_token(req: dict[str, Any]) -> None:
    """Raises InvalidParameterException for a token, since no page has had one."""
    if after(req.get("nextToken"), "InvalidParameterException", "Invalid parameter at 'nextToken'"):
        raise AwsError("InvalidParameterException", "Invalid parameter at 'nextToken'")
