"""What all Describe operations have in common: ids, filters, pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, Generic, NamedTuple

from fogbank.aws import paging
from fogbank.aws.errors import AwsError
from fogbank.aws.filters import matching
from fogbank.control.context import Context
from fogbank.services.ec2.catalog import found
from fogbank.store.records import R

RESULTS_MIN, RESULTS_MAX = 5, 1000


class Listing(NamedTuple, Generic[R]):
    """A Describe operation: the members of its request and of its answer, and where its filters look."""

    kind: type[R]
    result: str
    """`Vpcs`, the member of the answer."""
    ids: str
    """`VpcIds`, the member of the request; empty for none."""
    id: str
    """`VpcId`, what identifies each of the answer's rows."""
    filters: Mapping[str, str]
    """Filter -> where it looks in what is described (`aws.filters`)."""
    results_min: int = RESULTS_MIN
    results_max: int = RESULTS_MAX


def listed(
    ctx: Context,
    req: Mapping[str, Any],
    listing: Listing[R],
    describe: Callable[[Context, R], dict[str, Any]],
    records: Iterable[R] | None = None,
) -> dict[str, Any]:
    """The answer of a Describe operation. `records` are those to choose from, all of the kind unless given.

    Raises the kind's `….NotFound`, InvalidParameterValue for filters, tokens and limits, InvalidParameterCombination
    for ids with MaxResults.
    """
    ids = req.get(listing.ids) if listing.ids else None
    limit = limit_of(req, listing.results_min, listing.results_max)
    if ids and limit is not None:
        text = f"The parameter {listing.ids} cannot be used with the parameter maxResults"
        raise AwsError("InvalidParameterCombination", text)
    if ids:
        chosen: Iterable[R] = found(ctx, listing.kind, list(dict.fromkeys(ids)))
    else:
        chosen = ctx.scan(listing.kind) if records is None else records
    after = _after(req)
    if limit is not None or after:
        # In order of id, so that a page begins past the last one whether or not what that ended with is still there.
        chosen = sorted((record for record in chosen if _id(record) > after), key=_id)
    rows = (describe(ctx, record) for record in chosen)
    return _page(listing.result, matching(rows, req.get("Filters"), listing.filters), listing.id, limit)


def paged(
    req: Mapping[str, Any], result: str, rows: Iterable[dict[str, Any]], row_id: str, limit: int | None
) -> dict[str, Any]:
    """One page of described rows, in order of what identifies them; a token names the one that the last ended with."""
    after = _after(req)
    if limit is not None or after:
        rows = sorted((row for row in rows if row[row_id] > after), key=lambda row: str(row[row_id]))
    return _page(result, rows, row_id, limit)


def limit_of(req: Mapping[str, Any], least: int = RESULTS_MIN, most: int = RESULTS_MAX) -> int | None:
    """How many rows a page may have. Raises InvalidParameterValue."""
    limit: int | None = req.get("MaxResults")
    if limit is not None and not least <= limit <= most:
        text = f"Value ( {limit} ) for parameter maxResults is invalid. Expecting a value between {least} and {most}."
        raise AwsError("InvalidParameterValue", text)
    return limit


def bounded(req: dict[str, Any]) -> dict[str, Any]:
    """A request of an operation that takes a MaxResults past the largest page for that ("we return only 1,000")."""
    return {**req, "MaxResults": min(req["MaxResults"], RESULTS_MAX)} if "MaxResults" in req else req


def _after(req: Mapping[str, Any]) -> str:
    return paging.after(req.get("NextToken"), "InvalidNextToken", "The token is not valid.")


def _id(record: Any) -> str:
    return str(record.id)


def _page(result: str, rows: Iterable[dict[str, Any]], row_id: str, limit: int | None) -> dict[str, Any]:
    if limit is None:
        return {result: list(rows)}
    page = list(islice(rows, limit + 1))
    if len(page) <= limit:
        return {result: page}
    return {result: page[:limit], "NextToken": paging.token_after(page[limit - 1][row_id])}
