"""Lists over HTTP: as JSON or as CSV, a part at a time, with a link to the next one (RFC 8288)."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import HTTPException, Query, Request, Response
from pydantic import BaseModel, TypeAdapter

Row = TypeVar("Row", bound=BaseModel)

#: Rows of one answer, unless more or fewer are asked for, and at most (our choice).
USUAL, MOST = 1_000, 10_000
#: Cells that a spreadsheet would run as a formula (CWE-1236); numbers below zero are none.
_FORMULA = re.compile(r"^[=+\-@\t\r](?!\d+(\.\d+)?$)")

CSV: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/csv": {"schema": {"type": "string"}}},
        "headers": {
            "Link": {"description": "address of the next part, where there is one", "schema": {"type": "string"}}
        },
    }
}


class Format(StrEnum):
    """How a list is written."""

    JSON = "json"
    CSV = "csv"


class Listing:
    """What part of a list is wanted, and how it is written; a dependency of the routes that answer with one."""

    def __init__(
        self,
        request: Request,
        limit: Annotated[int, Query(ge=1, le=MOST, description="rows at most", examples=[100])] = USUAL,
        after: Annotated[
            str | None, Query(max_length=400, description="go on after this row; take it from the Link of an answer")
        ] = None,
        format: Annotated[  # noqa: A002 - the name of the parameter
            Format | None, Query(description="json or csv; goes before Accept", examples=["json"])
        ] = None,
    ) -> None:
        self.limit = limit
        self.after = after
        self._request = request
        wished = "text/csv" in request.headers.get("accept", "")
        self._csv = format is Format.CSV or (format is None and wished)

    @property
    def number_after(self) -> int | None:
        """`after` where rows go by number.

        Raises:
            HTTPException: 404, it is no number.
        """
        if self.after is None:
            return None
        if not re.fullmatch(r"[0-9]{1,18}", self.after):
            raise self._gone()
        return int(self.after)

    def part(self, model: type[Row], rows: Sequence[Row], key: Callable[[Row], str]) -> Response:
        """The part that is wanted of all `rows`; `key` tells one from every other."""
        if self.after is not None:
            keys = [key(row) for row in rows]
            if self.after not in keys:
                raise self._gone()
            rows = rows[keys.index(self.after) + 1 :]
        return self.begun(model, rows, key)

    def begun(self, model: type[Row], rows: Sequence[Row], key: Callable[[Row], str]) -> Response:
        """The answer from `rows` that begin after `after` already; one more than `limit` says that there are more."""
        shown = rows[: self.limit]
        if self._csv:
            answer = Response(table(model, shown), media_type="text/csv; header=present")
        else:
            answer = Response(TypeAdapter(list[model]).dump_json(list(shown)), media_type="application/json")  # type: ignore[valid-type]
        if len(rows) > self.limit:
            following = self._request.url.include_query_params(after=key(shown[-1]))
            answer.headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
        return answer

    def _gone(self) -> HTTPException:
        return HTTPException(404, f"after: expected a row of this list, as a Link names it, got {self.after!r}")


def table(model: type[BaseModel], rows: Sequence[BaseModel]) -> str:
    """Rows as CSV (RFC 4180): a column per field, those of an inner object as ``window.start``, lists as JSON."""
    cells = [dict(_cells(row.model_dump(mode="json"))) for row in rows]
    columns = list(dict.fromkeys(name for row in cells for name in row)) or list(model.model_fields)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(column)) for column in columns] for row in cells)
    return out.getvalue()


def _cells(body: Mapping[str, object], prefix: str = "") -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for name, value in body.items():
        if isinstance(value, dict):
            found += _cells(value, f"{prefix}{name}.")
        else:
            found.append((prefix + name, value))
    return found


def _cell(value: object) -> str:
    """A value as a cell.

    >>> _cell(None), _cell(True), _cell(-1.5), _cell("-1.5"), _cell("=1+1"), _cell(["a"])
    ('', 'true', '-1.5', '-1.5', "'=1+1", '["a"]')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if _FORMULA.match(value) else value
    return orjson.dumps(value).decode()
