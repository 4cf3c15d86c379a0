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
    limit = req.get("MaxResults")
    if limit is not None and not listing.results_min <= limit <= listing.results_max:
        text = f"Value ( {limit} ) for parameter maxResults is invalid. Expecting a value between "
        raise AwsError("InvalidParameterValue", f"{text}{listing.results_min} and {listing.results_max}.")
    if ids and limit is not None:
        text = f"The parameter {listing.ids} cannot be used with the parameter maxResults"
        raise AwsError("InvalidParameterCombination", text)
    if ids:
        chosen: Iterable[R] = found(ctx, listing.kind, ids)
    else:
        chosen = ctx.scan(listing.kind) if records is None else records
    rows = (describe(ctx, record) for record in chosen)
    return paged(req, listing.result, matching(rows, req.get("Filters"), listing.filters), listing.id, limit)


def paged(
    req: Mapping[str, Any], result: str, rows: Iterable[dict[str, Any]], row_id: str, limit: int | None
) -> dict[str, Any]:
    """One page of described rows, in order; a token names the row that the last page ended with."""
    after = paging.after(req.get("NextToken"), "InvalidNextToken", "The token is not valid.")
    if after:
        rows = iter(rows)
        for row in rows:
            if row[row_id] == after:
                break
        else:
            raise AwsError("InvalidNextToken", "The token is not valid.")
    if limit is None:
        return {result: list(rows)}
    page = list(islice(rows, limit + 1))
    if len(page) <= limit:
        return {result: page}
    return {result: page[:limit], "NextToken": paging.token_after(page[limit - 1][row_id])}
