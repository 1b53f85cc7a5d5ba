"""Read the rows of a file of comments (CSV, JSON lines or Parquet), and check each row."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from moderation.comment import Comment, CommentError, validate
from moderation.moderator import BATCH

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

    import pyarrow as pa

COLUMNS = ("text", "id", "author", "article", "parent")

_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # how 'surrogateescape' decodes invalid bytes
_MAX_LINE = 16 * 2**20  # bytes; longer lines are skipped


class SourceError(ValueError):
    """A file that cannot be read at all."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its line, the caller's id, and either a comment or an error.

    `line` counts from 1: lines in a CSV or JSON lines file, rows in a Parquet file.
    """

    line: int
    id: str | float | None = None
    comment: Comment | None = None
    error: str | None = None


@dataclass(frozen=True)
class Source:
    """An open file of rows.

    `position()` of `total` bytes or rows have been read. `total` is None if it is not known.
    """

    rows: Iterator[Row]
    position: Callable[[], int]
    total: int | None


def read_csv(stream: IO[bytes], max_bytes: int) -> Iterator[Row]:
    """Yield the rows of a CSV file. Its first line names the columns; empty lines are skipped."""
    lines = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
    reader = csv.reader(lines)
    header = [name.strip().lower() for name in next(reader, [])]
    _require_text(header)
    return _csv(reader, header, max_bytes)


def _csv(reader: CsvReader, header: list[str], max_bytes: int) -> Iterator[Row]:
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader, None)
        except csv.Error as error:
            yield Row(line, error=f"is no row of CSV: {error}")
            continue
        if fields is None:
            return
        if len(header) == 1:  # commas in a single column need no quotes
            fields = [",".join(fields)] if fields else []
        if len(fields) > len(header):
            message = f"has {len(fields)} fields, the header {len(header)}; quote commas in texts"
            yield Row(line, error=message)
        elif fields:
            yield _row(line, dict(zip(header, fields, strict=False)), max_bytes)


def read_jsonl(stream: IO[bytes], max_bytes: int) -> Iterator[Row]:
    """Yield the rows of a JSON lines file. Empty lines are skipped."""
    for line, content in enumerate(_lines(stream), 1):
        if len(content) > _MAX_LINE:
            yield Row(line, error=f"is longer than {_MAX_LINE:,} bytes")
            continue
        try:
            fields = json.loads(content.decode("utf-8-sig")) if content.strip() else None
        except UnicodeDecodeError as error:
            yield Row(line, error=f"is not UTF-8 at byte {error.start + 1}")
        except json.JSONDecodeError as error:
            yield Row(line, error=f"is no JSON: {error.msg} at character {error.colno}")
        except (RecursionError, ValueError):
            yield Row(line, error="is no JSON we read: nested too deeply, or a huge number")
        else:
            if isinstance(fields, dict):
                yield _row(line, fields, max_bytes)
            elif content.strip():
                yield Row(line, error='is JSON but no object; write {"text": …}')


def read_parquet(file: IO[bytes], max_bytes: int) -> Source:
    """Return the rows of a Parquet file. Raises `SourceError` if it is none."""
    try:
        from pyarrow import ArrowException, parquet
    except ModuleNotFoundError:
        raise SourceError("Parquet needs pyarrow: pip install -e '.[parquet]'") from None
    try:
        table = parquet.ParquetFile(file, pre_buffer=False)
    except (ArrowException, OSError) as error:
        raise SourceError(f"is no Parquet file: {error}") from None
    _require_text(table.schema_arrow.names)
    columns = [name for name in COLUMNS if name in table.schema_arrow.names]
    done = 0

    def rows() -> Iterator[Row]:
        nonlocal done
        for batch in table.iter_batches(BATCH, columns=columns):
            cells = [_cells(batch.column(name)) for name in columns]
            for values in zip(*cells, strict=True):
                done += 1
                yield _row(done, dict(zip(columns, values, strict=True)), max_bytes)

    return Source(rows(), lambda: done, table.metadata.num_rows)


def _cells(column: pa.Array[Any]) -> list[Any]:
    """Return a column's values. Strings in a Parquet file may not be valid UTF-8."""
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        encoded = column.cast("binary").to_pylist()
        return [value and value.decode("utf-8", "surrogateescape") for value in encoded]


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines. A longer line is cut one byte over the limit."""
    while line := stream.readline(_MAX_LINE + 1):
        rest = line
        while len(rest) > _MAX_LINE and not rest.endswith(b"\n"):
            rest = stream.readline(_MAX_LINE + 1)
        yield line


def _require_text(names: Iterable[str]) -> None:
    known = [name for name in names if name]
    if "text" not in known:
        content = f"its columns are {', '.join(known[:20])}" if known else "it is empty"
        raise SourceError(f"has no column 'text'; {content}")


def _row(line: int, fields: Mapping[str, Any], max_bytes: int) -> Row:
    """Return the row of these fields, checked."""
    row_id = None
    try:
        row_id = _field("id", fields.get("id"))
        values = {name: _field(name, fields.get(name)) for name in COLUMNS if name in fields}
        if values.get("text") is None:
            return Row(line, row_id, error="text: is missing")
        validate(values["text"], max_bytes)
    except CommentError as error:
        return Row(line, row_id, error=str(error))
    return Row(line, row_id, Comment(**{**values, "id": None if row_id is None else str(row_id)}))


def _field(name: str, value: Any) -> Any:
    """Return a field's value, checked. `id` and `author` may be numbers. NaN is an empty cell."""
    if isinstance(value, str):
        if _NOT_UTF8.search(value):
            raise CommentError(name, "is not UTF-8")
        return value if value or name == "text" else None
    if value is None or value != value:
        return None
    if name == "id":
        return value if isinstance(value, int | float) else str(value)
    if name == "author":
        return str(value)
    raise CommentError(name, f"must be a string, not {type(value).__name__}")
