"""What a statement gave, as an answer of the API. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from fogbank.planes.engines.postgresql.session import Answer
from fogbank.services.rds_data import columns, rules, values
from fogbank.services.rds_data.columns import Type
from fogbank.services.rds_data.values import Options


class Result(NamedTuple):
    """A statement's answer, and what its server said of its types and of where its columns come from."""

    answer: Answer
    types: Answer
    origins: Answer


def written(result: Result, req: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of ExecuteStatement. Raises UnsupportedResultException."""
    answer = result.answer
    if answer.columns is None:
        return {"numberOfRecordsUpdated": answer.changed, "generatedFields": []}
    types = columns.types(answer.columns, result.types)
    options = Options.of(req)
    records = [[values.field(text, of, options) for text, of in zip(row, types, strict=True)] for row in answer.rows]
    return {"numberOfRecordsUpdated": 0, "records": records} | _metadata(result, types, req)


def formatted(result: Result, req: Mapping[str, Any]) -> dict[str, Any]:
    """The same with `formatRecordsAs=JSON`: rows as text. Raises UnsupportedResultException."""
    answer = result.answer
    if answer.columns is None:
        return written(result, req)
    types = columns.types(answer.columns, result.types)
    rows = [
        {column.name: values.plain(text, of) for column, text, of in zip(answer.columns, row, types, strict=True)}
        for row in answer.rows
    ]
    data = msgspec.json.encode(rows)
    if len(data) > rules.FORMATTED_BYTES_MAX:
        raise rules.too_large(10)
    return {"numberOfRecordsUpdated": 0, "formattedRecords": data.decode()} | _metadata(result, types, req)


def _metadata(result: Result, types: list[Type], req: Mapping[str, Any]) -> dict[str, Any]:
    if not req.get("includeResultMetadata"):
        return {}
    found = columns.origins(result.origins)
    shown = zip(result.answer.columns or (), types, strict=True)
    return {"columnMetadata": [columns.described(one, of, found.get((one.table, one.number))) for one, of in shown]}
